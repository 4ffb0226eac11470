//! Reading a look-up: the climb step by step, the relevant set, and the verdicts.

use std::borrow::Borrow;
use std::sync::Arc;

use serde::Serialize;

use super::answer::{Answer, Content};
use super::climb::Climb;
use super::dnssec::{Dnssec, not_counted};
use super::nameservers::{self, NameserverReading};
use super::record::{CaaRecord, MalformedRecord};
use super::software;
use super::verdict::{CaIdentity, CaVerdict, CaaQuestion, Policy, Usage, Verdict, Who, of_set};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::dns::{CaaLookup, DnsExchange, DnssecState, Unfinished};

/// What a step says of a name that does not exist.
const NXDOMAIN: &str = "NXDOMAIN";

/// What CAA says of one name of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaReading {
    /// The name, with its `*.` if it is a wildcard.
    pub name: String,
    /// Whether it was judged as a wildcard name.
    pub wildcard: bool,
    /// What the certificate would be for.
    pub usage: Usage,
    /// The steps of the climb.
    pub steps: Vec<Step>,
    /// Where the climb ended.
    pub relevant: Relevant,
    /// Where it would end if the relevant set were not there; `None` where that was not asked for.
    pub above: Option<Relevant>,
    /// One verdict for each CA asked about.
    pub verdicts: Vec<CaVerdict>,
    /// What each authoritative server says, where that was asked for.
    pub nameservers: NameserverReading,
    /// The identifiers of the CAs that were asked about by name: whoever asked knows them.
    pub asked_about: Vec<String>,
    /// Whether resolvers were asked, and nothing at all came from them: that says nothing of the name.
    pub is_unheard: bool,
}

/// One question of the climb and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name asked for.
    pub name: DnsName,
    /// Records, none, or failure.
    pub outcome: StepOutcome,
    /// The response code, or what failed.
    pub detail: String,
    /// The aliases followed, in order.
    pub aliases: Vec<String>,
    /// What DNSSEC says of the answer; of a failure: of the zone.
    pub dnssec: Dnssec,
    /// Why, where the validator says.
    pub dnssec_detail: Option<String>,
    /// What validation lacked, where it could not be finished.
    pub unfinished: Option<Unfinished>,
    /// Where the answer is insecure and goes over an alias: what DNSSEC says of the zone that the alias is in.
    pub own_zone: Option<DnssecState>,
    /// Whether the server said that it validated the answer (its AD bit). Not proof of anything by itself.
    pub authentic_data: bool,
}

impl Step {
    /// Whether this is a top-level domain that does not exist. An alias there would be one that does.
    fn is_missing_tld(&self) -> bool {
        self.outcome == StepOutcome::Empty && is_missing_tld(&self.name, &self.detail, &self.aliases)
    }
}

/// Whether an answer without records says that a top-level domain does not exist.
pub(super) fn is_missing_tld(name: &DnsName, detail: &str, aliases: &[String]) -> bool {
    name.parent().is_none() && detail == NXDOMAIN && aliases.is_empty()
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepOutcome {
    /// The name has CAA records.
    Records,
    /// It has none.
    Empty,
    /// Nobody can say.
    Failure,
}

/// Where a climb ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relevant {
    /// At this set.
    Set(RelevantSet),
    /// Above the top-level domain: no name has any CAA record, so any CA may issue.
    NoneAnywhere,
    /// At a failure, a bogus answer, or a top-level domain that does not exist: what the set is, nobody can say.
    Undetermined {
        /// The name that could not be asked, or does not exist.
        at: DnsName,
        /// The response code, or what failed.
        detail: String,
        /// What DNSSEC says of the answer; of the zone, where there is none.
        dnssec: Dnssec,
    },
    /// CAA is not asked for this name.
    NotApplicable(NotApplicable),
}

impl Relevant {
    /// The top-level domain that the climb got to, where the DNS says that it does not exist.
    pub fn missing_tld(&self) -> Option<&DnsName> {
        match self {
            // No failure has this detail: NXDOMAIN is an answer.
            Self::Undetermined { at, detail, .. } if detail == NXDOMAIN && at.parent().is_none() => Some(at),
            _ => None,
        }
    }
}

/// The relevant resource record set (RFC 8659 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelevantSet {
    /// The name whose question brought it.
    pub name: DnsName,
    /// The records, malformed ones included.
    pub records: Vec<CaaRecord>,
    /// The time to live, in seconds, as the server gave it (a resolver counts it down).
    pub ttl: u32,
    /// The aliases between the name and the records, in order.
    pub aliases: Vec<String>,
}

/// Why CAA is not asked for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplicable {
    /// CAA is for domain names only.
    #[error("CAA does not apply to IP addresses: CAs look it up for DNS names only ({})", super::BR_CAA)]
    IpAddress,
    /// Onion names are not in the DNS.
    #[error(
        "CAA in the DNS does not apply to .onion names, which the DNS does not have (RFC 7686, RFC 9799)"
    )]
    Onion,
}

impl NotApplicable {
    /// Whether CAA in the DNS does not apply to `name`.
    pub fn to_name(name: &DnsName) -> Option<Self> {
        (name.labels().next_back() == Some("onion")).then_some(Self::Onion)
    }
}

impl CaaReading {
    /// The reading of a name to which CAA does not apply.
    pub fn not_applicable(name: impl Into<String>, wildcard: bool, why: NotApplicable) -> Self {
        Self {
            name: name.into(),
            wildcard,
            usage: Usage::Tls,
            steps: Vec::new(),
            relevant: Relevant::NotApplicable(why),
            above: None,
            verdicts: Vec::new(),
            nameservers: NameserverReading::default(),
            asked_about: Vec::new(),
            is_unheard: false,
        }
    }

    /// The relevant set, if there is one.
    pub fn set(&self) -> Option<&RelevantSet> {
        match &self.relevant {
            Relevant::Set(set) => Some(set),
            _ => None,
        }
    }

    /// Who may issue for the name, whoever asks.
    pub fn policy(&self) -> Policy {
        match &self.relevant {
            Relevant::Set(set) => set.policy(self.usage, self.wildcard),
            Relevant::NoneAnywhere | Relevant::NotApplicable(_) => Policy::Anyone,
            Relevant::Undetermined { at, detail, .. } => {
                Policy::Undetermined(match self.relevant.missing_tld() {
                    Some(tld) => format!("the top-level domain {tld} does not exist"),
                    None => format!("{at} gave {detail}"),
                })
            }
        }
    }

    /// Whether anything that was asked stayed open: the policy, a verdict, or what the nameservers say.
    pub fn is_open(&self) -> bool {
        self.is_undetermined() || self.nameservers.is_undetermined()
    }

    /// Whether the policy or any verdict stayed open.
    pub fn is_undetermined(&self) -> bool {
        matches!(self.policy(), Policy::Undetermined(_))
            || self.verdicts.iter().any(|verdict| verdict.verdict == Verdict::Undetermined)
    }
}

impl RelevantSet {
    /// The first record that cannot be read.
    pub(super) fn first_malformed(&self) -> Option<&MalformedRecord> {
        self.malformed().next()
    }

    /// About how many octets an answer with this set has: message header, question, aliases, records with the
    /// owner's name compressed, and the OPT record; signatures are not counted.
    pub fn answer_octets(&self) -> usize {
        // RFC 1035 section 4.1, RFC 6891 section 6.1.2.
        const HEADER: usize = 12;
        const POINTER: usize = 2;
        const FIXED: usize = 10;
        const OPT: usize = 11;
        let name = |name: &str| name.len().saturating_add(2);
        let aliases = self.aliases.iter().map(|alias| POINTER + FIXED + name(alias));
        let records = self.records.iter().map(|record| POINTER + FIXED + record.octets());
        (HEADER + OPT + 4 + name(self.name.as_str())).saturating_add(aliases.chain(records).sum())
    }

    /// The records that cannot be read.
    pub fn malformed(&self) -> impl Iterator<Item = &MalformedRecord> {
        self.records.iter().filter_map(|record| match record {
            CaaRecord::Malformed(malformed) => Some(malformed),
            CaaRecord::Property(_) => None,
        })
    }
}

/// Judges what was looked up for one name of a certificate.
pub fn judge(name: &CertificateName, lookup: &CaaLookup, question: &CaaQuestion) -> CaaReading {
    let answers: Vec<Answer> = read(&lookup.steps).collect();
    judge_answers(name, lookup, &answers, question)
}

/// The same where the answers of the steps have been read from the evidence already.
pub fn judge_answers(
    name: &CertificateName,
    lookup: &CaaLookup,
    answers: &[impl Borrow<Answer>],
    question: &CaaQuestion,
) -> CaaReading {
    if let Some(why) = NotApplicable::to_name(&name.base) {
        return CaaReading::not_applicable(name.to_string(), name.wildcard, why);
    }
    let (steps, relevant) = climb(&name.base, &lookup.steps, answers);
    let above = match (&relevant, lookup.above.first()) {
        (Relevant::Set(_), Some(first)) => {
            let answers: Vec<Answer> = read(&lookup.above).collect();
            Some(climb(&first.name, &lookup.above, &answers).1)
        }
        _ => None,
    };
    let verdicts = match (&question.who, &relevant) {
        (Who::Named(cas), _) => {
            cas.iter().map(|ca| verdict(&relevant, ca, name.wildcard, question)).collect()
        }
        (Who::EveryCaInTheSet, Relevant::Set(set)) => set
            .issuers(question.usage.governing(set, name.wildcard))
            .into_iter()
            .map(|issuer| verdict(&relevant, &CaIdentity::from_identifier(issuer), name.wildcard, question))
            .collect(),
        (Who::EveryCaInTheSet, _) => Vec::new(),
    };
    let usage = question.usage;
    let mut reading = CaaReading {
        name: name.to_string(),
        wildcard: name.wildcard,
        usage,
        steps,
        relevant,
        above,
        verdicts,
        asked_about: match &question.who {
            Who::Named(cas) => cas.iter().flat_map(|ca| ca.identifiers.iter().cloned()).collect(),
            Who::EveryCaInTheSet => Vec::new(),
        },
        nameservers: NameserverReading::default(),
        is_unheard: lookup.is_unheard(),
    };
    reading.nameservers = nameservers::judge(name, lookup, question, &reading);
    reading
}

fn read(exchanges: &[Arc<DnsExchange>]) -> impl Iterator<Item = Answer> {
    exchanges.iter().map(|exchange| Answer::read(exchange))
}

/// Follows the climb through the recorded exchanges and their answers.
fn climb(
    base: &DnsName,
    exchanges: &[Arc<DnsExchange>],
    answers: &[impl Borrow<Answer>],
) -> (Vec<Step>, Relevant) {
    let mut climb = Climb::from(base);
    let mut steps = Vec::with_capacity(exchanges.len());
    let mut exchanges = exchanges.iter().zip(answers);
    let not_asked = Answer::of(Content::Failure, "not asked");
    while let Some(name) = climb.next_name().cloned() {
        // Evidence that stops short, or that is about other names, tells nothing from here on.
        let known = exchanges.next().filter(|(exchange, _)| exchange.name == name);
        let exchange = known.map(|(exchange, _)| exchange.as_ref());
        let answer: &Answer = known.map_or(&not_asked, |(_, answer)| answer.borrow());
        climb.answered(answer);
        let dnssec = exchange.map_or(Dnssec::Unchecked, Dnssec::of);
        let (outcome, mut end) = match &answer.content {
            Content::Empty => (StepOutcome::Empty, None),
            Content::Failure => {
                let detail = answer.detail.clone();
                (StepOutcome::Failure, Some(Relevant::Undetermined { at: name.clone(), detail, dnssec }))
            }
            Content::Records { records, ttl } => {
                let aliases = answer.aliases.clone();
                let set = RelevantSet { name: name.clone(), records: records.clone(), ttl: *ttl, aliases };
                (StepOutcome::Records, Some(Relevant::Set(set)))
            }
        };
        // Neither records nor “none” count where they are bogus, or may be and nobody can say. A failure stays one.
        let not_counted = exchange.and_then(not_counted);
        if let Some(detail) =
            not_counted.filter(|_| outcome != StepOutcome::Failure || dnssec == Dnssec::Bogus)
        {
            end = Some(Relevant::Undetermined { at: name.clone(), detail, dnssec });
        }
        steps.push(Step {
            name,
            outcome,
            detail: answer.detail.clone(),
            aliases: answer.aliases.clone(),
            dnssec,
            dnssec_detail: exchange.and_then(|exchange| exchange.dnssec.as_ref()?.detail.clone()),
            unfinished: exchange.and_then(|exchange| exchange.dnssec.as_ref()?.unfinished),
            own_zone: exchange.and_then(|exchange| exchange.dnssec.as_ref()?.own_zone),
            authentic_data: answer.authentic_data,
        });
        if let Some(end) = end {
            return (steps, end);
        }
    }
    // RFC 8659 section 3 reads a top-level domain that does not exist as one without records, and Boulder as a failure.
    match steps.last().filter(|step| step.is_missing_tld()) {
        Some(tld) => {
            let (at, detail, dnssec) = (tld.name.clone(), tld.detail.clone(), tld.dnssec);
            (steps, Relevant::Undetermined { at, detail, dnssec })
        }
        None => (steps, Relevant::NoneAnywhere),
    }
}

pub(super) fn verdict(
    relevant: &Relevant,
    ca: &CaIdentity,
    wildcard: bool,
    question: &CaaQuestion,
) -> CaVerdict {
    let (verdict, reason) = match (relevant, relevant.missing_tld()) {
        (Relevant::Set(set), _) => of_set(set, ca, wildcard, question),
        (Relevant::NoneAnywhere, _) => (
            Verdict::Permit,
            "no name up to the top-level domain has a CAA record, so any CA may issue (RFC 8659 section 3)"
                .to_owned(),
        ),
        // The standard's word for one CA; who may issue stays open all the same (`CaaReading::policy`).
        (Relevant::Undetermined { .. }, Some(tld)) => (
            Verdict::Permit,
            format!(
                "the DNS says that the top-level domain {tld} does not exist, which RFC 8659 section 3 reads as no CAA \
                 record; but no public CA may issue for such a name (TLS BR 4.2.2), and the name or the resolver is \
                 more likely wrong"
            ),
        ),
        (Relevant::Undetermined { at, detail, dnssec }, None) => {
            (Verdict::Undetermined, dnssec.of_failure(at, detail))
        }
        (Relevant::NotApplicable(why), _) => (Verdict::Undetermined, why.to_string()),
    };
    let software = software::differing(relevant, ca, wildcard, question, verdict);
    CaVerdict { ca: ca.label.clone(), usage: question.usage, verdict, reason, software }
}

#[cfg(test)]
mod tests;
