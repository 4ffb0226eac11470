//! Many targets in short: who has no CAA, which CAs issue, who pins what, whose browsers refuse, what ends soon, what is
//! not known and why, and which rules speak most often.
//!
//! Each target is counted as it comes and let go: what is kept does not grow with their number. Of each group the first few
//! are named; the targets' own reports have all.

mod cause;
mod entry;
mod facts;
mod line;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use self::entry::{CaaStanding, Entry, FoundRule, Issuing, PinFacts};
pub use self::facts::FleetFact;
pub use self::line::{EarlierLine, Open};
use crate::ct::log_list::Program;
use crate::ct::policy::PolicyOutcome;
use crate::rules::Severity;

/// How many targets of a group are named.
pub const MOST_NAMED: usize = 20;

/// How many CAs, and how many causes, are counted each by itself. Names come from certificates and servers.
const MOST_KINDS: usize = 200;

/// What stands for the CAs and causes beyond [`MOST_KINDS`].
const OTHERS: &str = "others";

/// How many targets need no summary for people: each can be seen.
const FEW: usize = 4;

/// How soon the end of a certificate is soon: by then, those of 90 days are usually renewed.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How soon it is very soon.
const VERY_SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Some of the targets: how many, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How many there are.
    pub targets: usize,
    /// The first of them, as they came.
    pub examples: Vec<String>,
}

impl Group {
    fn add(&mut self, target: &str) {
        self.targets = self.targets.saturating_add(1);
        if self.examples.len() < MOST_NAMED {
            self.examples.push(target.to_owned());
        }
    }
}

/// Many targets, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    at: Timestamp,
    targets: usize,
    caa: BTreeMap<CaaStanding, Group>,
    caa_denies: Group,
    cas: BTreeMap<Issuing, CaCount>,
    no_certificate: Group,
    advice: BTreeMap<String, Group>,
    issuer: BTreeMap<String, usize>,
    ct: BTreeMap<(Program, Refusal), Group>,
    pins: BTreeMap<String, Group>,
    pin_kinds: BTreeMap<PinKind, Group>,
    expiry: BTreeMap<Expiry, Group>,
    soonest: Vec<(Timestamp, String)>,
    open: BTreeMap<String, Group>,
    rules: BTreeMap<String, RuleCount>,
}

/// What one CA issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaCount {
    /// The targets with a certificate of it.
    pub targets: Group,
    /// How many of them expect it.
    pub expected: usize,
    /// Those where it was not expected.
    pub unexpected: usize,
}

/// What one rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// The gravest of its findings.
    pub severity: Severity,
    /// The rule's title.
    pub title: String,
    /// How many findings.
    pub findings: usize,
    /// How many of them a baseline accepts.
    pub accepted: usize,
    /// The targets with one.
    pub targets: Group,
}

/// What a browser's CT policy makes of a target, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It refuses the certificate.
    NotCompliant,
    /// It could not be judged.
    NotJudged,
    /// It takes it.
    Compliant,
}

impl From<PolicyOutcome> for Refusal {
    fn from(outcome: PolicyOutcome) -> Self {
        match outcome {
            PolicyOutcome::Compliant => Self::Compliant,
            PolicyOutcome::NotCompliant => Self::NotCompliant,
            PolicyOutcome::NotJudged => Self::NotJudged,
        }
    }
}

/// What is pinned where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PinKind {
    /// Enforced, and clients refuse the chain.
    LockedOut,
    /// Pins that have ended.
    Expired,
    /// A pin of the server's own key matches.
    Leaf,
    /// A pin of an intermediate matches.
    Intermediate,
    /// A pin of a root matches.
    Root,
    /// Pins whose mismatch is reported alone.
    ReportOnly,
}

impl PinKind {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 6] =
        [Self::LockedOut, Self::Expired, Self::Leaf, Self::Intermediate, Self::Root, Self::ReportOnly];
}

/// When a certificate ends. One that ends very soon ends soon, too, and is counted where it ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// It has.
    Expired,
    /// Within 7 days.
    #[serde(rename = "within_7_days")]
    VerySoon,
    /// Within 30 days, and not within 7.
    #[serde(rename = "within_30_days")]
    Soon,
}

impl Expiry {
    /// Each, the first to end first.
    pub const ALL: [Self; 3] = [Self::Expired, Self::VerySoon, Self::Soon];
}

impl Fleet {
    /// No target yet; certificates end soon or not as of this time.
    pub fn new(at: Timestamp) -> Self {
        Self {
            at,
            targets: 0,
            caa: BTreeMap::new(),
            caa_denies: Group::default(),
            cas: BTreeMap::new(),
            no_certificate: Group::default(),
            advice: BTreeMap::new(),
            issuer: BTreeMap::new(),
            ct: BTreeMap::new(),
            pins: BTreeMap::new(),
            pin_kinds: BTreeMap::new(),
            expiry: BTreeMap::new(),
            soonest: Vec::new(),
            open: BTreeMap::new(),
            rules: BTreeMap::new(),
        }
    }

    /// Counts one target in.
    pub fn add(&mut self, entry: &Entry) {
        let target = entry.target.as_str();
        self.targets = self.targets.saturating_add(1);
        self.caa.entry(entry.caa).or_default().add(target);
        if entry.caa_denies {
            self.caa_denies.add(target);
        }
        if let Some(issuing) = &entry.issuing {
            let issuing =
                bounded(&self.cas, issuing, || Issuing { owner: Some(OTHERS.to_owned()), proven: true });
            let count = self.cas.entry(issuing).or_default();
            count.targets.add(target);
            count.expected = count.expected.saturating_add(usize::from(entry.issuer == "expected"));
            count.unexpected = count.unexpected.saturating_add(usize::from(entry.issuer == "unexpected"));
        } else {
            self.no_certificate.add(target);
        }
        if let Some(advice) = &entry.advice {
            let advice = bounded(&self.advice, advice, || OTHERS.to_owned());
            self.advice.entry(advice).or_default().add(target);
        }
        // The names are this program's own, or those of a line that was read back.
        let status = bounded(&self.issuer, &entry.issuer, || OTHERS.to_owned());
        *self.issuer.entry(status).or_default() += 1;
        for (program, outcome) in &entry.ct {
            self.ct.entry((*program, Refusal::from(*outcome))).or_default().add(target);
        }
        let status = bounded(&self.pins, &entry.pins.status, || OTHERS.to_owned());
        self.pins.entry(status).or_default().add(target);
        for kind in &entry.pins.kinds {
            self.pin_kinds.entry(*kind).or_default().add(target);
        }
        if let Some(not_after) = entry.not_after {
            self.add_end(not_after, target);
        }
        for cause in &entry.open {
            let cause = bounded(&self.open, cause, || OTHERS.to_owned());
            self.open.entry(cause).or_default().add(target);
        }
        for found in &entry.rules {
            self.add_rule(found, target);
        }
    }

    fn add_end(&mut self, not_after: Timestamp, target: &str) {
        let left = not_after.duration_since(self.at);
        let expiry = match left {
            left if left.is_negative() => Expiry::Expired,
            left if left <= VERY_SOON => Expiry::VerySoon,
            left if left <= SOON => Expiry::Soon,
            _ => return,
        };
        self.expiry.entry(expiry).or_default().add(target);
        let place = self.soonest.partition_point(|(earlier, _)| *earlier <= not_after);
        if place < MOST_NAMED {
            self.soonest.insert(place, (not_after, target.to_owned()));
            self.soonest.truncate(MOST_NAMED);
        }
    }

    fn add_rule(&mut self, found: &FoundRule, target: &str) {
        let rule = bounded(&self.rules, &found.rule, || OTHERS.to_owned());
        let count = self.rules.entry(rule).or_insert_with(|| RuleCount {
            severity: found.severity,
            title: found.title.clone(),
            findings: 0,
            accepted: 0,
            targets: Group::default(),
        });
        count.severity = count.severity.max(found.severity);
        count.findings = count.findings.saturating_add(found.findings);
        count.accepted = count.accepted.saturating_add(found.accepted);
        count.targets.add(target);
    }

    /// Whether there are so many targets that people need them in short.
    pub fn is_large(&self) -> bool {
        self.targets > FEW
    }

    /// How many targets were counted.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The targets whose CAA stands so.
    pub fn caa(&self, standing: CaaStanding) -> Option<&Group> {
        self.caa.get(&standing)
    }

    /// The targets whose CAA does not permit the CA that they have: their next renewal fails.
    pub fn caa_denies(&self) -> &Group {
        &self.caa_denies
    }

    /// Each CA, the one with the most targets first.
    pub fn cas(&self) -> Vec<(&Issuing, &CaCount)> {
        let mut cas: Vec<_> = self.cas.iter().collect();
        cas.sort_by_key(|(_, count)| std::cmp::Reverse(count.targets.targets));
        cas
    }

    /// The targets without a certificate: which CA issues for them is not known.
    pub fn no_certificate(&self) -> &Group {
        &self.no_certificate
    }

    /// The targets of each advice on pins, by its name in JSON; none where nothing was compared.
    pub fn advice(&self) -> &BTreeMap<String, Group> {
        &self.advice
    }

    /// How many targets have an issuer of each status of the contract.
    pub fn issuer(&self) -> &BTreeMap<String, usize> {
        &self.issuer
    }

    /// The targets of which a programme's CT policy says this.
    pub fn ct(&self, program: Program, refusal: Refusal) -> Option<&Group> {
        self.ct.get(&(program, refusal))
    }

    /// The targets of each status of pins.
    pub fn pins(&self) -> &BTreeMap<String, Group> {
        &self.pins
    }

    /// The targets whose pins are of this kind.
    pub fn pin_kind(&self, kind: PinKind) -> Option<&Group> {
        self.pin_kinds.get(&kind)
    }

    /// The targets whose certificates end then.
    pub fn expiry(&self, expiry: Expiry) -> Option<&Group> {
        self.expiry.get(&expiry)
    }

    /// The certificates that end first, those of [`Fleet::expiry`] alone.
    pub fn soonest(&self) -> &[(Timestamp, String)] {
        &self.soonest
    }

    /// What stayed open, by cause, the commonest first.
    pub fn open(&self) -> Vec<(&str, &Group)> {
        let mut open: Vec<_> = self.open.iter().map(|(cause, group)| (cause.as_str(), group)).collect();
        open.sort_by_key(|(_, group)| std::cmp::Reverse(group.targets));
        open
    }

    /// The rules that found something, the gravest and then the commonest first.
    pub fn rules(&self) -> Vec<(&str, &RuleCount)> {
        let mut rules: Vec<_> = self.rules.iter().map(|(rule, count)| (rule.as_str(), count)).collect();
        rules.sort_by_key(|(_, count)| std::cmp::Reverse((count.severity, count.targets.targets)));
        rules
    }
}

/// The key under which something is counted: its own, or where there are too many, that of the others.
fn bounded<K: Ord + Clone, V>(known: &BTreeMap<K, V>, key: &K, others: impl FnOnce() -> K) -> K {
    if known.len() < MOST_KINDS || known.contains_key(key) { key.clone() } else { others() }
}

#[cfg(test)]
mod tests;
