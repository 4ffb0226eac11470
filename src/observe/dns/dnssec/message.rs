//! Reading messages as far as validation needs it before and after the validator.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use domain::base::iana::{Class, ExtendedErrorCode, OptRcode, Rtype};
use domain::base::message_builder::{AnswerBuilder, PushError};
use domain::base::name::ToName;
use domain::base::opt::ExtendedError;
use domain::base::{Message, MessageBuilder, ParsedName, ParsedRecord, Serial, Ttl};
use domain::rdata::{AllRecordData, Cname, Rrsig, Soa};
use jiff::Timestamp;

use crate::caa::answer::{Unreadable, response_code};
use crate::dns_name::WireName;
use crate::evidence::dns::{DnsAttempt, DnsExchange, DnsOutcome};

/// The most names of a message that are looked at.
pub(super) const MOST_NAMES: usize = 64;

/// A signature's validity and what it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) owner: WireName,
    pub(super) covered: Rtype,
    pub(super) signer: WireName,
    /// Seconds since 1970, modulo 2³² (RFC 4034 section 3.1.5).
    pub(super) inception: u32,
    /// As above.
    pub(super) expiration: u32,
}

/// The message that the exchange ended with, if there is one; the reason, where there is none.
pub(super) fn last(attempts: &[DnsAttempt]) -> Result<&Message<[u8]>, String> {
    match attempts.last().map(|attempt| &attempt.outcome) {
        None => Err("not asked".to_owned()),
        Some(DnsOutcome::Failed(failure)) => Err(failure.to_string()),
        Some(DnsOutcome::Message(octets)) => {
            Message::from_slice(octets).map_err(|_| "malformed message".to_owned())
        }
    }
}

/// The messages that an exchange rests on.
pub(super) fn of_exchange(exchange: &DnsExchange) -> impl Iterator<Item = &Message<[u8]>> {
    let beyond = exchange.beyond.iter().map(|beyond| &beyond.attempts);
    std::iter::once(&exchange.attempts).chain(beyond).filter_map(|attempts| last(attempts).ok())
}

impl Signature {
    /// Why the signature does not hold at this time (seconds since 1970), if it does not.
    pub(super) fn outdated(&self, now: i64) -> Option<String> {
        // Serial number arithmetic: the times are those nearest to now (RFC 4034 section 3.1.5).
        let until = |time: u32| i64::from(time.wrapping_sub(low_bits(now)).cast_signed());
        let said = |what: &str, seconds: i64| {
            let at = Timestamp::from_second(now.saturating_add(seconds)).ok()?;
            let Self { covered, .. } = self;
            // Names come in the mixed case that they were asked in.
            let [owner, signer] =
                [&self.owner, &self.signer].map(|name| name.to_string().to_ascii_lowercase());
            Some(format!("the signature of {signer} over {covered} at {owner} {what} {at}"))
        };
        match (until(self.inception), until(self.expiration)) {
            (_, left) if left < 0 => said("expired at", left),
            (ahead, _) if ahead > 0 => said("is not valid before", ahead),
            _ => None,
        }
    }
}

/// A time modulo 2³², as signatures have it.
fn low_bits(seconds: i64) -> u32 {
    let [.., a, b, c, d] = seconds.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The last message, where it says “these records” or “none”, and was asked for with DO in a way the server
/// understood; else the reason why nothing can be validated by it.
pub(super) fn usable(attempts: &[DnsAttempt]) -> Result<&Message<[u8]>, String> {
    let message = last(attempts)?;
    if message.header().tc() {
        return Err("truncated".to_owned());
    }
    match response_code(message) {
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) if !has_edns(message) => {
            Err("an answer without EDNS, and so without DNSSEC records".to_owned())
        }
        Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) => Ok(message),
        Ok(other) => Err(other.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether these attempts at a question for DNSSEC records show a server that has none to offer: it answers without
/// them, or says that it does not answer such questions. One that failed at it, or is silent, shows nothing.
pub(super) fn has_no_dnssec(attempts: &[DnsAttempt]) -> bool {
    let Ok(message) = last(attempts) else { return false };
    !message.header().tc()
        && matches!(
            response_code(message),
            Ok(OptRcode::NOERROR
                | OptRcode::NXDOMAIN
                | OptRcode::REFUSED
                | OptRcode::NOTIMP
                | OptRcode::FORMERR)
        )
}

/// Whether the server took note of EDNS: without it, it does not see that DNSSEC records are wanted
/// (RFC 6891 section 6.1.1).
fn has_edns(message: &Message<[u8]>) -> bool {
    message.opt().is_some()
}

/// The extended errors (RFC 8914), with their texts.
pub(super) fn extended_errors(message: &Message<[u8]>) -> Vec<(ExtendedErrorCode, String)> {
    let Some(opt) = message.opt() else { return Vec::new() };
    let errors = opt.opt().iter::<ExtendedError<&[u8]>>().filter_map(Result::ok);
    errors
        .map(|error| {
            let text = match error.text() {
                Some(Ok(text)) => text.to_string(),
                Some(Err(octets)) => String::from_utf8_lossy(octets).into_owned(),
                None => String::new(),
            };
            (error.code(), text.trim_end_matches('\0').to_owned())
        })
        .collect()
}

/// Extended errors for people; `None` where there are none.
pub(super) fn in_words(errors: &[(ExtendedErrorCode, String)]) -> Option<String> {
    let word = |(code, text): &(ExtendedErrorCode, String)| match text.as_str() {
        "" => format!("extended error {code}"),
        text => format!("extended error {code}: {}", in_one_case(text)),
    };
    (!errors.is_empty()).then(|| errors.iter().map(word).collect::<Vec<_>>().join("; "))
}

/// A text with the names in it in lower case: they come in the mixed case that they were asked in.
pub(super) fn in_one_case(text: &str) -> String {
    let word = |word: &str| if word.contains('.') { word.to_ascii_lowercase() } else { word.to_owned() };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The message with nothing in its authority section but what proves something: SOA, NSEC, NSEC3, and their
/// signatures. Some resolvers leave NS records there that are not signed, which would spoil a good answer.
pub(super) fn for_validator(message: &Message<[u8]>) -> Result<Message<Vec<u8>>, Unreadable> {
    let mut authority = answered(message)?.authority();
    for record in message.authority().map_err(|_| Unreadable)? {
        let record = record.map_err(|_| Unreadable)?;
        let record = any(&record)?;
        let rtype = match record.data() {
            AllRecordData::Rrsig(signature) => signature.type_covered(),
            _ => record.rtype(),
        };
        if matches!(rtype, Rtype::SOA | Rtype::NSEC | Rtype::NSEC3) {
            authority.push(record).map_err(unwritable)?;
        }
    }
    Message::from_octets(authority.finish()).map_err(|_| Unreadable)
}

/// The message with an authority section as the server of an unsigned zone would send it.
pub(super) fn with_unsigned_soa(message: &Message<[u8]>) -> Result<Message<Vec<u8>>, Unreadable> {
    let mut authority = answered(message)?.authority();
    let end = end_of_aliases(message)?;
    let soa = Soa::new(end.clone(), end.clone(), Serial(0), Ttl::ZERO, Ttl::ZERO, Ttl::ZERO, Ttl::ZERO);
    authority.push((end, Class::IN, Ttl::ZERO, soa)).map_err(unwritable)?;
    Message::from_octets(authority.finish()).map_err(|_| Unreadable)
}

/// Question and answer section, as they are.
fn answered(message: &Message<[u8]>) -> Result<AnswerBuilder<Vec<u8>>, Unreadable> {
    let mut builder = MessageBuilder::new_vec();
    *builder.header_mut() = message.header();
    let mut question = builder.question();
    for asked in message.question() {
        question.push(asked.map_err(|_| Unreadable)?).map_err(unwritable)?;
    }
    let mut answer = question.answer();
    for record in message.answer().map_err(|_| Unreadable)? {
        let record = record.map_err(|_| Unreadable)?;
        answer.push(any(&record)?).map_err(unwritable)?;
    }
    Ok(answer)
}

/// The name that the aliases of the answer lead to.
fn end_of_aliases(message: &Message<[u8]>) -> Result<WireName, Unreadable> {
    let mut end = owned(message.sole_question().map_err(|_| Unreadable)?.qname());
    for _ in 0..MOST_NAMES {
        let aliases = message.answer().map_err(|_| Unreadable)?.limit_to::<Cname<_>>().flatten();
        let Some(alias) = aliases.into_iter().find(|alias| owned(alias.owner()) == end) else { break };
        end = owned(alias.data().cname());
    }
    Ok(end)
}

type AnyRecord<'a> =
    domain::base::Record<ParsedName<&'a [u8]>, AllRecordData<&'a [u8], ParsedName<&'a [u8]>>>;

fn any<'a>(record: &'a ParsedRecord<'a, [u8]>) -> Result<AnyRecord<'a>, Unreadable> {
    record.to_any_record().map_err(|_| Unreadable)
}

fn unwritable(_: PushError) -> Unreadable {
    Unreadable
}

/// The names of a message: its question, the owners and signers of its records and the targets of its aliases,
/// as far as they are needed to tell which zones it is about.
pub(super) fn names(message: &Message<[u8]>) -> BTreeSet<WireName> {
    let mut names: BTreeSet<WireName> =
        message.question().flatten().map(|asked| owned(asked.qname())).collect();
    let sections = [message.answer(), message.authority()];
    for record in sections.into_iter().flatten().flat_map(IntoIterator::into_iter).flatten() {
        if names.len() >= MOST_NAMES {
            break;
        }
        match any(&record).map(domain::base::Record::into_data) {
            // The owner of an NSEC3 record is a hash, and no name that is asked for.
            Ok(AllRecordData::Nsec3(_)) => continue,
            Ok(AllRecordData::Rrsig(signature)) => {
                names.insert(owned(signature.signer_name()));
                if signature.type_covered() == Rtype::NSEC3 {
                    continue;
                }
            }
            Ok(AllRecordData::Cname(alias)) => {
                names.insert(owned(alias.cname()));
            }
            Ok(AllRecordData::Dname(alias)) => {
                names.insert(owned(alias.dname()));
            }
            _ => {}
        }
        names.insert(owned(record.owner()));
    }
    names
}

/// The names whose zones the state of a message rests on: the signers, and the owners of what is not signed; the name
/// asked for, where there is nothing else.
pub(super) fn vouched_by(message: &Message<[u8]>) -> BTreeSet<WireName> {
    let signatures = signatures(message);
    let mut names: BTreeSet<WireName> = signatures.iter().map(|signature| signature.signer.clone()).collect();
    let sections = [message.answer(), message.authority()];
    let records = sections.into_iter().flatten().flat_map(IntoIterator::into_iter).flatten();
    for record in records.take(MOST_NAMES) {
        let owner = owned(record.owner());
        if record.rtype() != Rtype::RRSIG && !signatures.iter().any(|signature| signature.owner == owner) {
            names.insert(owner);
        }
    }
    if names.is_empty() {
        names.extend(message.question().flatten().map(|asked| owned(asked.qname())));
    }
    names
}

/// The signatures in the answer and authority sections.
pub(super) fn signatures(message: &Message<[u8]>) -> Vec<Signature> {
    let sections = [message.answer(), message.authority()];
    let records = sections.into_iter().flatten().flat_map(IntoIterator::into_iter).flatten();
    let signature = |record: ParsedRecord<'_, [u8]>| {
        let record = record.to_record::<Rrsig<&[u8], ParsedName<&[u8]>>>().ok().flatten()?;
        let data = record.data();
        Some(Signature {
            owner: owned(record.owner()),
            covered: data.type_covered(),
            signer: owned(data.signer_name()),
            inception: data.inception().into_int(),
            expiration: data.expiration().into_int(),
        })
    };
    records.take(MOST_NAMES).filter_map(signature).collect()
}

fn owned(name: impl ToName) -> WireName {
    name.to_vec()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use domain::base::opt::ExtendedError;

    use super::*;
    use crate::evidence::dns::{DnsFailure, DnsTransport};

    fn name(text: &str) -> WireName {
        WireName::from_str(text).unwrap()
    }

    #[test]
    fn signatures_are_outdated_before_and_after_their_time() {
        let signature = |inception, expiration| Signature {
            owner: name("t.eXAmple"),
            covered: Rtype::CAA,
            signer: name("EXample"),
            inception,
            expiration,
        };
        let now = 1_795_000_000;
        let at = |offset: i64| low_bits(now + offset);
        assert_eq!(signature(at(-10), at(10)).outdated(now), None);
        let expired = signature(at(-20), at(-10)).outdated(now).unwrap();
        assert_eq!(expired, "the signature of example over CAA at t.example expired at 2026-11-18T11:06:30Z");
        assert!(signature(at(10), at(20)).outdated(now).unwrap().contains("not valid before"));
        // Beyond 2106 the field begins again at zero (RFC 4034 section 3.1.5).
        let late = i64::from(u32::MAX) - 5;
        assert_eq!(signature(low_bits(late - 10), low_bits(late + 10)).outdated(late), None);
        assert!(signature(low_bits(late - 10), low_bits(late + 10)).outdated(late + 20).is_some());
    }

    /// An exchange that ended with a message made so.
    fn attempts(rcode: OptRcode, edns: bool) -> Vec<DnsAttempt> {
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_qr(true);
        builder.header_mut().set_rcode(rcode.rcode());
        let mut question = builder.question();
        question.push((name("t.example"), Rtype::CAA)).unwrap();
        let mut additional = question.additional();
        if edns {
            let error = ExtendedError::<Vec<u8>>::new_with_str(
                ExtendedErrorCode::SIGNATURE_EXPIRED,
                "Old at <T.Ex. CAA>",
            )
            .unwrap();
            additional.opt(|opt| opt.push(&error)).unwrap();
        }
        vec![of(DnsOutcome::Message(additional.finish().into()))]
    }

    fn of(outcome: DnsOutcome) -> DnsAttempt {
        DnsAttempt { server: String::new(), transport: DnsTransport::Udp, milliseconds: 0, outcome }
    }

    #[test]
    fn only_answers_with_edns_are_usable() {
        assert!(usable(&attempts(OptRcode::NOERROR, true)).is_ok());
        assert!(usable(&attempts(OptRcode::NXDOMAIN, true)).is_ok());
        assert_eq!(usable(&attempts(OptRcode::SERVFAIL, true)).unwrap_err(), "SERVFAIL");
        assert!(usable(&attempts(OptRcode::NOERROR, false)).unwrap_err().contains("without EDNS"));
        assert_eq!(usable(&[]).unwrap_err(), "not asked");
        let failed = of(DnsOutcome::Failed(DnsFailure::Io("closed".to_owned())));
        assert_eq!(usable(&[failed]).unwrap_err(), "closed");
        assert_eq!(usable(&[of(DnsOutcome::Message(Vec::new().into()))]).unwrap_err(), "malformed message");
    }

    #[test]
    fn extended_errors_are_read() {
        let attempts = attempts(OptRcode::SERVFAIL, true);
        let errors = extended_errors(last(&attempts).unwrap());
        assert_eq!(errors, [(ExtendedErrorCode::SIGNATURE_EXPIRED, "Old at <T.Ex. CAA>".to_owned())]);
        let words = in_words(&errors).unwrap();
        assert!(words.ends_with(": Old at <t.ex. CAA>"), "the letter case is that of the question: {words}");
    }

    #[test]
    fn only_an_answer_shows_a_server_without_dnssec() {
        for (rcode, edns, expected) in [
            (OptRcode::NOERROR, true, true),
            (OptRcode::NOERROR, false, true),
            (OptRcode::REFUSED, true, true),
            (OptRcode::NOTIMP, false, true),
            (OptRcode::SERVFAIL, true, false),
            (OptRcode::SERVFAIL, false, false),
        ] {
            assert_eq!(has_no_dnssec(&attempts(rcode, edns)), expected, "{rcode} {edns}");
        }
        let silence = DnsOutcome::Failed(DnsFailure::Timeout { milliseconds: 3000 });
        assert!(!has_no_dnssec(&[of(silence)]));
        assert!(!has_no_dnssec(&[]));
    }

    #[test]
    fn no_message_makes_it_panic() {
        for length in 0..64 {
            for octet in [0, 1, 0xc0, 0xff] {
                let octets = vec![octet; length];
                let Ok(message) = Message::from_slice(&octets) else { continue };
                let _ = (names(message), signatures(message), extended_errors(message));
                let _ = (for_validator(message), with_unsigned_soa(message));
            }
        }
    }
}
