//! Validation by this program: `domain`'s validator over the resolver's unchecked answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::base::iana::{Class, Rtype};
use domain::base::name::ToName as _;
use domain::base::{Message, MessageBuilder, Ttl};
use domain::dnssec::validator::context::{Config, ValidationContext, ValidationState};
use domain::rdata::{A, Ds};
use tokio::time::timeout;

use super::anchors::Anchors;
use super::chain::{self, VERIFIED_HERE};
use super::finding::Finding;
use super::message;
use super::supporting::Supporting;
use crate::caa::answer::{Answer, Content, Unreadable};
use crate::dns_name::{DnsName, WireName};
use crate::evidence::dns::{
    DnsAttempt, DnsExchange, DnsOutcome, DnssecState, SupportingExchange, Unfinished,
};
use crate::observe::clock;
use crate::observe::dns::{DnsClient, Manner};

/// How long the validation of one answer may take, its questions included.
const BUDGET: Duration = Duration::from_secs(20);

/// The most zones whose state is kept.
const MOST_ZONES: u64 = 4096;

/// How long a zone's state is kept: less than the messages it rests on, so that these are there as evidence.
const ZONE_KEPT: Duration = Duration::from_mins(10);

/// The most iterations of NSEC3; above them a zone counts as unsigned, as in Unbound (RFC 9276 section 3.2).
const MOST_ITERATIONS: u16 = 150;

/// The most aliases in a row, as for reading the answer.
const MOST_ALIASES: u8 = 32;

/// The validator of one run.
#[derive(Clone)]
pub(in crate::observe::dns) struct Own(Arc<Shared>);

struct Shared {
    anchors: Anchors,
    /// Whether no answer counts without validation, whatever the resolver has to offer.
    is_demanded: bool,
    supporting: Supporting,
    context: ValidationContext<Supporting>,
}

impl Own {
    /// A validator that begins at `anchors` and asks the servers of `client`, which itself validates nothing; where it
    /// `is_demanded`, no answer counts without, not even from a resolver that has no DNSSEC to offer.
    pub(super) fn new(client: DnsClient, anchors: Anchors, is_demanded: bool) -> Self {
        let supporting = Supporting::new(client, Manner::ResolveUnchecked);
        let mut config = Config::new();
        config.set_max_node_cache(MOST_ZONES);
        config.set_max_validity(ZONE_KEPT);
        config.set_nsec3_iter_insecure(MOST_ITERATIONS);
        config.set_max_cname_dname(MOST_ALIASES);
        let context = ValidationContext::with_config(anchors.for_validator(), supporting.clone(), config);
        Self(Arc::new(Shared { anchors, is_demanded, supporting, context }))
    }

    /// The supporting exchanges.
    pub(super) fn supporting(&self) -> &Supporting {
        &self.0.supporting
    }

    /// Asks for what every validation needs, so that it is there when the answer comes.
    pub(super) async fn prepare(&self) {
        let _ = self.anchor_keys().await;
    }

    /// The state of the answer; of its zone, where there is no answer.
    pub(super) async fn state(&self, exchange: &DnsExchange) -> Finding {
        if let Err((what, why)) = self.hands_out_dnssec().await {
            return Finding::unfinished(what, why);
        }
        let (this, exchange) = (self.clone(), exchange.clone());
        in_time(async move { this.validate(&exchange).await }).await
    }

    /// The state of an answer to any question.
    pub(super) async fn state_of(&self, attempts: &[DnsAttempt]) -> Finding {
        if let Err((what, why)) = self.hands_out_dnssec().await {
            return Finding::unfinished(what, why);
        }
        let (this, attempts) = (self.clone(), attempts.to_vec());
        in_time(async move { this.answer(&attempts).await }).await
    }

    async fn anchor_keys(&self) -> Arc<Vec<DnsAttempt>> {
        self.0.supporting.ask(&self.0.anchors.owner().to_vec(), Rtype::DNSKEY).await
    }

    /// Whether the resolver hands out DNSSEC records at all: without them nothing is bogus, only unknown. Where it only
    /// failed to, somebody may have seen to that.
    async fn hands_out_dnssec(&self) -> Result<(), (Unfinished, String)> {
        let attempts = self.anchor_keys().await;
        let why = match message::usable(&attempts) {
            Ok(keys) if message::signatures(keys).iter().any(|sig| sig.covered == Rtype::DNSKEY) => {
                return Ok(());
            }
            Ok(_) => "no signed DNSKEY records".to_owned(),
            Err(why) => why,
        };
        let what = if self.0.is_demanded || !message::has_no_dnssec(&attempts) {
            Unfinished::NoAnswer
        } else {
            Unfinished::ResolverWithoutDnssec
        };
        let owner = self.0.anchors.owner();
        Err((what, format!("the resolver hands out no DNSSEC records for the zone {owner}: {why}")))
    }

    async fn validate(&self, exchange: &DnsExchange) -> Finding {
        if Answer::read(exchange).content == Content::Failure {
            let mut finding = self.zone(&exchange.name.to_wire()).await;
            // What the resolver says of its own validation proves nothing here, and may tell what is wrong.
            let said = message::last(&exchange.attempts).ok().map(message::extended_errors);
            if let Some(said) = said.and_then(|errors| message::in_words(&errors)) {
                finding.detail = Some(match finding.detail {
                    Some(detail) => format!("{detail}; {said}"),
                    None => said,
                });
            }
            return finding;
        }
        let mut finding = match &exchange.beyond {
            None => self.answer(&exchange.attempts).await,
            // The answer proves nothing of its end, and each alias in it is proven by itself.
            Some(beyond) => {
                let mut finding = self.answer(&beyond.attempts).await;
                for name in aliases_of(exchange) {
                    let alias = self.0.supporting.ask(&name, Rtype::CNAME).await;
                    finding = finding.worse(self.answer(&alias).await);
                }
                finding
            }
        };
        if finding.state == DnssecState::Insecure && !aliases_of(exchange).is_empty() {
            finding.own_zone = Some(self.own_zone(&exchange.name.to_wire()).await);
        }
        finding
    }

    /// The state of the zone that an alias is in.
    async fn own_zone(&self, alias: &WireName) -> DnssecState {
        if self.is_proven_unsigned(alias).await {
            return DnssecState::Insecure;
        }
        self.answer(&self.0.supporting.ask(alias, Rtype::CNAME).await).await.state
    }

    /// The state of an answer that is no failure.
    async fn answer(&self, attempts: &[DnsAttempt]) -> Finding {
        let (usable, last) = (message::usable(attempts), message::last(attempts));
        match (usable, last) {
            (Ok(message), _) => self.message(message).await,
            // Without EDNS there are no signatures to be had; an unsigned zone has none anyway.
            (Err(why), Ok(message)) => match self.message(message).await {
                finding if finding.state == DnssecState::Insecure => finding,
                _ => Finding::unfinished(Unfinished::NoAnswer, why),
            },
            (Err(why), Err(_)) => Finding::unfinished(Unfinished::NoAnswer, why),
        }
    }

    /// The state of the zone that `name` is in, where its CAA question fails.
    async fn zone(&self, name: &WireName) -> Finding {
        let attempts = self.0.supporting.ask(name, Rtype::SOA).await;
        let mut finding = match message::usable(&attempts) {
            Ok(message) => self.message(message).await,
            Err(why) if self.is_proven_unsigned(name).await => Finding::of(DnssecState::Insecure, Some(why)),
            Err(why) => Finding::unfinished(Unfinished::NoAnswer, why),
        };
        // That may be the zone of an alias's target; the alias itself is in the zone asked about.
        if finding.state == DnssecState::Insecure && !self.is_proven_unsigned(name).await {
            let why = "an alias leads from it to one that is unsigned, and what failed may be in either";
            finding = Finding::unfinished(Unfinished::NoAnswer, why);
        }
        if finding.state == DnssecState::Indeterminate
            && let Some(zone) = self.signed_and_lost(name).await
        {
            let why = format!("its parent proves that the zone {zone} is signed, whose keys cannot be had");
            finding = Finding::of(DnssecState::Secure, Some(why));
        }
        if finding.state == DnssecState::Indeterminate {
            let why = finding.detail.unwrap_or_default();
            finding.detail =
                Some(format!("the zone of {name} is not proven to be signed or unsigned: {why}"));
        }
        finding
    }

    /// The zone that the chain down to `name` ends at because its keys cannot be had, though its parent proves that it
    /// has some.
    async fn signed_and_lost(&self, name: &WireName) -> Option<String> {
        let supporting = self.0.supporting.about([name.clone()]).await;
        let of_type = |rtype: Rtype| {
            let rtype = rtype.to_string();
            supporting.iter().filter(move |exchange| exchange.rtype == rtype)
        };
        let owner = self.0.anchors.owner().to_string();
        let lost = of_type(Rtype::DNSKEY)
            .filter(|keys| !keys.name.eq_ignore_ascii_case(&owner))
            .find(|keys| message::usable(&keys.attempts).is_err())?;
        let ds = of_type(Rtype::DS).find(|ds| ds.name == lost.name)?;
        let ds = message::usable(&ds.attempts).ok()?;
        let has_any = ds.answer().ok()?.limit_to::<Ds<&[u8]>>().flatten().next().is_some();
        let mut ds = message::for_validator(ds).ok()?;
        let state = self.0.context.validate_msg::<_, Vec<u8>>(&mut ds).await;
        (has_any && matches!(state, Ok((ValidationState::Secure, _)))).then(|| lost.name.clone())
    }

    /// Validates a message that says “these records” or “none”.
    async fn message(&self, message: &Message<[u8]>) -> Finding {
        // Each name may take questions of its own; no honest answer has so many.
        if message::names(message).len() >= message::MOST_NAMES {
            return Finding::unfinished(Unfinished::UnreadableAnswer, "the answer is about too many names");
        }
        let Ok(mut cleaned) = message::for_validator(message) else {
            let mut names = message::names(message).into_iter();
            if let (Some(name), None) = (names.next(), names.next())
                && self.is_proven_unsigned(&name).await
            {
                return Finding::of(DnssecState::Insecure, None);
            }
            let why = "the validator cannot read a record of the answer";
            return Finding::unfinished(Unfinished::UnreadableAnswer, why);
        };
        let (state, detail) = match self.0.context.validate_msg::<_, Vec<u8>>(&mut cleaned).await {
            Ok((state, why)) => (state, why.and_then(|why| Some(why.text()?.ok()?.to_string()))),
            Err(error) => return Finding::unfinished(Unfinished::Other, format!("not validated: {error}")),
        };
        match state {
            ValidationState::Secure => Finding::of(DnssecState::Secure, detail),
            ValidationState::Indeterminate => Finding::of(DnssecState::Indeterminate, detail),
            ValidationState::Insecure => {
                self.complete(message::vouched_by(message)).await;
                self.insecure(message::names(message), detail).await
            }
            ValidationState::Bogus => {
                self.complete(message::vouched_by(message)).await;
                self.bogus(message, detail).await
            }
        }
    }

    /// Asks again for what the chain down to these names rests on and is no longer kept: the validator remembers its
    /// conclusions only.
    pub(super) async fn complete(&self, names: impl IntoIterator<Item = WireName>) {
        // Where there is nothing to be had, nothing was asked either.
        if self.hands_out_dnssec().await.is_ok() {
            chain::complete(&self.0.supporting, self.0.anchors.owner(), names).await;
        }
    }

    /// What “bogus” of the validator means: it says so too where it could not ask, and where a server of an unsigned
    /// zone leaves out the SOA record that a signed “none” must have.
    async fn bogus(&self, message: &Message<[u8]>, detail: Option<String>) -> Finding {
        let names = message::names(message);
        let mut supporting = self.0.supporting.about(names.iter().cloned()).await;
        supporting.retain(|exchange| exchange.rtype != Rtype::SOA.to_string());
        for exchange in &supporting {
            if let Err(why) = message::usable(&exchange.attempts) {
                let why = format!("the {} records of {} cannot be had: {why}", exchange.rtype, exchange.name);
                return Finding::unfinished(Unfinished::NoAnswer, why);
            }
        }
        if let Ok(mut without_proof) = message::with_unsigned_soa(message) {
            let state = self.0.context.validate_msg::<_, Vec<u8>>(&mut without_proof).await;
            if matches!(state, Ok((ValidationState::Insecure, _))) {
                return self.insecure(names, None).await;
            }
        }
        let owner = self.0.anchors.owner().to_string();
        let broken = self.broken_zone(&supporting).await;
        if let Some(zone) = broken.as_ref().filter(|zone| zone.eq_ignore_ascii_case(&owner)) {
            let why = format!(
                "the keys that the resolver gives for the zone {zone} are not those of the trust anchor: one of the \
                 two is wrong"
            );
            return Finding::of(DnssecState::Bogus, Some(why));
        }
        let now = clock::now().as_second();
        let supported = supporting.iter().filter_map(|exchange| message::last(&exchange.attempts).ok());
        let outdated = message::signatures(message)
            .into_iter()
            .chain(supported.flat_map(message::signatures))
            .find_map(|signature| signature.outdated(now));
        if outdated.is_some() {
            return Finding::of(DnssecState::Bogus, outdated);
        }
        let broken = broken.map(|zone| {
            format!("the zone {zone} has no key that both the DS records at its parent and its own signature vouch for")
        });
        Finding::of(DnssecState::Bogus, broken.or_else(|| detail.as_deref().map(message::in_one_case)))
    }

    async fn insecure(&self, names: BTreeSet<WireName>, detail: Option<String>) -> Finding {
        match self.signed_beyond_us(names).await {
            Some(why) => Finding::unfinished(Unfinished::UnsupportedAlgorithm, why),
            None => Finding::of(DnssecState::Insecure, detail),
        }
    }

    /// The first zone from the anchor downwards whose keys do not validate.
    async fn broken_zone(&self, supporting: &[SupportingExchange]) -> Option<String> {
        for exchange in supporting.iter().filter(|exchange| exchange.rtype == Rtype::DNSKEY.to_string()) {
            let Ok(mut keys) =
                message::usable(&exchange.attempts).map_err(|_| Unreadable).and_then(message::for_validator)
            else {
                continue;
            };
            let state = self.0.context.validate_msg::<_, Vec<u8>>(&mut keys).await;
            if matches!(state, Ok((ValidationState::Bogus, _))) {
                return Some(exchange.name.clone());
            }
        }
        None
    }

    /// Whether the zone of `name` is proven to be unsigned: a record without signature would be accepted there.
    async fn is_proven_unsigned(&self, name: &WireName) -> bool {
        let Some(mut probe) = unsigned_record(name) else { return false };
        let state = self.0.context.validate_msg::<_, Vec<u8>>(&mut probe).await;
        if !matches!(state, Ok((ValidationState::Insecure, _))) {
            return false;
        }
        self.complete([name.clone()]).await;
        self.signed_beyond_us([name.clone()]).await.is_none()
    }

    /// A zone on the way to these names that is signed with nothing this validator can verify but other validators
    /// can: it takes that zone for unsigned, as the standard has it for unknown algorithms.
    async fn signed_beyond_us(&self, names: impl IntoIterator<Item = WireName>) -> Option<String> {
        for exchange in self.0.supporting.about(names).await {
            let Ok(message) = message::usable(&exchange.attempts) else { continue };
            let Ok(section) = message.answer() else { continue };
            let algorithms: Vec<_> =
                section.limit_to::<Ds<&[u8]>>().flatten().map(|ds| ds.data().algorithm()).collect();
            let verifiable = algorithms.iter().any(|algorithm| VERIFIED_HERE.contains(&algorithm.to_int()));
            let known = algorithms.iter().find(|algorithm| VERIFIED_ELSEWHERE.contains(&algorithm.to_int()));
            if let (false, Some(algorithm)) = (verifiable, known) {
                return Some(format!(
                    "the zone {} is signed with {algorithm} only, which this validator cannot verify; a validating \
                     resolver that you trust can (--dnssec resolver)",
                    exchange.name
                ));
            }
        }
        None
    }
}

/// What the validator comes to, or that it did not within its time.
async fn in_time(validation: impl Future<Output = Finding> + Send + 'static) -> Finding {
    // A task of its own: should the validator panic over a message, that is one answer not validated.
    let mut task = tokio::spawn(validation);
    match timeout(BUDGET, &mut task).await {
        Ok(Ok(finding)) => finding,
        Ok(Err(_)) => {
            Finding::unfinished(Unfinished::UnreadableAnswer, "the validator failed over this answer")
        }
        Err(_) => {
            task.abort();
            let why = format!("validation was not finished within {} s", BUDGET.as_secs());
            Finding::unfinished(Unfinished::OutOfTime, why)
        }
    }
}

/// The names of the answer that are aliases: the name asked for, and what it leads to but for the end.
fn aliases_of(exchange: &DnsExchange) -> Vec<WireName> {
    let Some(DnsOutcome::Message(octets)) = exchange.outcome() else { return Vec::new() };
    let targets = Answer::read_message(&exchange.name, octets).aliases;
    let count = targets.len();
    let names = targets.iter().filter_map(|target| target.parse::<DnsName>().ok()).map(|name| name.to_wire());
    std::iter::once(exchange.name.to_wire()).chain(names).take(count).collect()
}

/// The algorithms that validators have to know besides or are recommended to (RFC 8624 section 3.1): ECDSA P-384,
/// Ed25519 and Ed448.
const VERIFIED_ELSEWHERE: [u8; 3] = [14, 15, 16];

/// A message that answers with a record without signature at `name`.
fn unsigned_record(name: &WireName) -> Option<Message<Vec<u8>>> {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_qr(true);
    let mut question = builder.question();
    question.push((name, Rtype::A)).ok()?;
    let mut answer = question.answer();
    answer.push((name, Class::IN, Ttl::ZERO, A::from_octets(192, 0, 2, 1))).ok()?;
    Message::from_octets(answer.finish()).ok()
}
