//! TLSA records as the DNS answered.

use domain::base::iana::{OptRcode, Rtype};
use domain::base::{Message, ParsedName, UnknownRecordData};
use domain::rdata::Cname;

use super::record::Record;
use super::{ID, MOST_RECORDS, SMTP, entries};
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::{DnsExchange, DnsOutcome, DnssecReading, DnssecState, TlsaLookup};
use crate::pins::model::{
    Enforcement, EnforcementMode, HostPattern, PinFile, PinSource, Problem, ProblemKind, Reading,
};

/// What the name of a look-up begins with.
const LOOKED_UP: &str = "TLSA of ";

/// The most aliases that are followed.
const MOST_ALIASES: usize = 32;

/// What an answer says.
enum Said {
    Records(Vec<Record>),
    None,
    Failure(String),
}

/// Reads a look-up as a source of pins.
pub fn of_lookup(lookup: &TlsaLookup) -> PinFile {
    let TlsaLookup { host, port, transport, exchange, .. } = lookup;
    let service = HostPattern::Service { host: host.to_string(), port: *port, transport: transport.clone() };
    let file = named(&service);
    let dnssec = exchange.dnssec.as_ref().map(|reading| reading.state);
    let mut source = PinSource { dnssec, ..PinSource::of(ID) };
    let problem = |kind, what| Problem::of(kind, None, what);
    match read(exchange) {
        Said::Failure(why) => {
            let what = format!("the look-up failed ({why}): DANE clients put off what they have to deliver");
            source.problems.push(problem(ProblemKind::NotRead, what));
        }
        Said::None => {
            let (statement, kind) = absence(exchange.dnssec.as_ref());
            source.problems.extend(kind.map(|kind| problem(kind, statement.clone())));
            source.statement = Some(statement);
        }
        Said::Records(records) if records.len() > MOST_RECORDS => {
            let what = format!("there are more than {MOST_RECORDS} records");
            source.problems.push(problem(ProblemKind::NotRead, what));
        }
        Said::Records(records) => {
            let (enforcement, kind) = enforcement(exchange.dnssec.as_ref(), *port);
            source.problems.extend(kind.map(|kind| problem(kind, enforcement.why.clone())));
            source.problems.extend(records.iter().filter_map(Record::fault));
            source.entries = entries(&service, &records, &enforcement, 0);
        }
    }
    PinFile { file, reading: Reading::Read(source) }
}

/// A source of pins for records that were asked for and not looked up.
pub fn not_looked_up(host: &DnsName, port: u16) -> PinFile {
    let service = HostPattern::Service { host: host.to_string(), port, transport: "tcp".to_owned() };
    let what = "its records were asked for, and not looked up".to_owned();
    let problem = Problem::of(ProblemKind::NotRead, None, what);
    let source = PinSource { problems: vec![problem], ..PinSource::of(ID) };
    PinFile { file: named(&service), reading: Reading::Read(source) }
}

/// The name of the source in reports.
fn named(service: &HostPattern) -> String {
    format!("{LOOKED_UP}{service}")
}

/// Whether a source of this format and name is a look-up, and no file.
pub fn is_looked_up(format: Option<&str>, name: &str) -> bool {
    format == Some(ID) && name.starts_with(LOOKED_UP)
}

/// The validator's words on an answer, in parentheses.
fn because(dnssec: Option<&DnssecReading>) -> String {
    let detail = dnssec.and_then(|reading| reading.detail.as_deref());
    detail.map(|detail| format!(" ({detail})")).unwrap_or_default()
}

/// What is said of an answer without records, by its state under DNSSEC; where it proves nothing, what is wrong.
fn absence(dnssec: Option<&DnssecReading>) -> (String, Option<ProblemKind>) {
    let because = because(dnssec);
    match dnssec.map(|reading| reading.state) {
        Some(DnssecState::Secure) => ("it has no TLSA records, which DNSSEC proves".to_owned(), None),
        Some(DnssecState::Insecure) => {
            let what = "it has no TLSA records, and its zone is not signed with DNSSEC, so that no client would use any";
            (what.to_owned(), None)
        }
        Some(DnssecState::Bogus) => (
            format!(
                "the answer that it has no TLSA records fails DNSSEC validation{because}: mail servers that do DANE \
                 put off delivery (RFC 7672 section 2.1)"
            ),
            Some(ProblemKind::NoDnssec),
        ),
        Some(DnssecState::Indeterminate) => (
            format!(
                "the answer says that it has no TLSA records, and whether DNSSEC proves that could not be \
                 determined{because}"
            ),
            Some(ProblemKind::NotRead),
        ),
        None => (
            "the answer says that it has no TLSA records, and whether DNSSEC proves that was not asked (--dnssec off)"
                .to_owned(),
            Some(ProblemKind::NotRead),
        ),
    }
}

/// Whether clients act on the records, by their state under DNSSEC; where not, what is wrong.
fn enforcement(dnssec: Option<&DnssecReading>, port: u16) -> (Enforcement, Option<ProblemKind>) {
    let because = because(dnssec);
    let (mode, why, problem) = match dnssec.map(|reading| reading.state) {
        Some(DnssecState::Secure) => match port {
            443 => (
                EnforcementMode::No,
                "the records are signed with DNSSEC, and no browser looks at TLSA records: only clients made for DANE \
                 do"
                .to_owned(),
                None,
            ),
            SMTP => (
                EnforcementMode::Yes,
                "the records are signed with DNSSEC: mail servers that do DANE deliver to no server that matches none \
                 of them (RFC 7672 section 2.2)"
                    .to_owned(),
                None,
            ),
            _ => (
                EnforcementMode::Yes,
                "the records are signed with DNSSEC: clients that do DANE refuse a server that matches none of them \
                 (RFC 6698 section 4)"
                    .to_owned(),
                None,
            ),
        },
        Some(DnssecState::Insecure) => (
            EnforcementMode::No,
            "the zone is not signed with DNSSEC, and without it no client uses TLSA records (RFC 6698 section 4)"
                .to_owned(),
            Some(ProblemKind::NoDnssec),
        ),
        Some(DnssecState::Bogus) => (
            EnforcementMode::No,
            format!(
                "the records fail DNSSEC validation{because}: no client uses them, and mail servers that do DANE put \
                 off delivery (RFC 7672 section 2.1)"
            ),
            Some(ProblemKind::NoDnssec),
        ),
        Some(DnssecState::Indeterminate) => (
            EnforcementMode::Unknown,
            format!("whether the records are signed with DNSSEC could not be determined{because}"),
            Some(ProblemKind::NotRead),
        ),
        None => (
            EnforcementMode::Unknown,
            "whether the records are signed with DNSSEC was not asked (--dnssec off)".to_owned(),
            Some(ProblemKind::NotRead),
        ),
    };
    (Enforcement { mode, why }, problem)
}

fn read(exchange: &DnsExchange) -> Said {
    let (start, outcome) = match &exchange.beyond {
        Some(beyond) => match beyond.name.parse::<DnsName>() {
            Ok(name) => (name.to_wire(), beyond.attempts.last().map(|attempt| &attempt.outcome)),
            Err(_) => return Said::Failure(format!("an alias leads to {}", beyond.name)),
        },
        None => (exchange.name.to_wire(), exchange.outcome()),
    };
    match outcome {
        None => Said::Failure("not asked".to_owned()),
        Some(DnsOutcome::Failed(failure)) => Said::Failure(failure.to_string()),
        Some(DnsOutcome::Message(message)) => {
            of_message(&start, message).unwrap_or_else(|| Said::Failure("malformed message".to_owned()))
        }
    }
}

/// `None`: the message is malformed.
fn of_message(start: &WireName, octets: &[u8]) -> Option<Said> {
    let message = Message::from_slice(octets).ok()?;
    if message.header().tc() {
        return Some(Said::Failure("truncated".to_owned()));
    }
    match OptRcode::from(message.header().rcode()) {
        OptRcode::NOERROR | OptRcode::NXDOMAIN => {}
        code => return Some(Said::Failure(code.to_string())),
    }
    let end = end_of_aliases(start, message)?;
    let mut records = Vec::new();
    for record in message.answer().ok()? {
        let record = record.ok()?;
        let owner: WireName = domain::base::ToName::to_vec(&record.owner());
        if record.rtype() == Rtype::TLSA && owner == end {
            let raw = record.to_record::<UnknownRecordData<&[u8]>>().ok().flatten()?;
            records.push(Record::read(raw.data().data())?);
        }
    }
    records.sort_by(|a, b| (a.usage, &a.data).cmp(&(b.usage, &b.data)));
    Some(if records.is_empty() { Said::None } else { Said::Records(records) })
}

/// Where the aliases of an answer lead to; `None` where that cannot be read.
fn end_of_aliases(start: &WireName, message: &Message<[u8]>) -> Option<WireName> {
    let mut aliases: Vec<(WireName, WireName)> = Vec::new();
    for record in message.answer().ok()?.limit_to::<Cname<ParsedName<&[u8]>>>() {
        let record = record.ok()?;
        let owner = domain::base::ToName::to_vec(record.owner());
        aliases.push((owner, domain::base::ToName::to_vec(record.data().cname())));
    }
    let mut at = start.clone();
    for _ in 0..MOST_ALIASES {
        match aliases.iter().find(|(owner, _)| *owner == at) {
            Some((_, target)) => at = target.clone(),
            None => return Some(at),
        }
    }
    None
}

/// The name at the end of the aliases of an answer, where the answer has nothing of it.
pub fn unanswered(exchange: &DnsExchange) -> Option<WireName> {
    let DnsOutcome::Message(octets) = exchange.outcome()? else { return None };
    let start = exchange.name.to_wire();
    let message = Message::from_slice(octets).ok()?;
    let end = end_of_aliases(&start, message)?;
    let has_none = matches!(of_message(&start, octets), Some(Said::None));
    let says_none = message.header_counts().nscount() > 0;
    (end != start && has_none && !says_none).then_some(end)
}
