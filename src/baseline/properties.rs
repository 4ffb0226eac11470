//! What a baseline accepts, whatever the findings: what it was written of, and nothing else.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ca::issuer::{Issuer, IssuingKey, Proof};
use crate::demo::authority::{CaCertificate, KeyAlgorithm};
use crate::rules::{Raised, Shown};
use crate::x509::{Certificate, SpkiSha256};

/// Rules, each with the fact that its findings are told apart by, and what of the certificate that is shown is part of them.
const RULES: [(&str, &str, Part); 9] = [
    ("TLS002", "sha256", Part::Certificate),
    ("CT001", "log_id", Part::Key),
    ("CT015", "operator", Part::Issuer),
    ("ISS001", "issuer_owner", Part::Issuer),
    ("CAA012", "record", Part::Nothing),
    ("CRT001", "certificates", Part::Nothing),
    ("REV001", "serial", Part::Nothing),
    ("PIN001", "value", Part::Key),
    ("PIN004", "value", Part::Nothing),
];

const COMMANDS: [&str; 2] = ["check", "compare"];
const TARGETS: [&str; 2] = ["a.example:443", "b.example:443"];
const SEVERITIES: [Severity; 2] = [Severity::Medium, Severity::High];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Nothing,
    Issuer,
    Key,
    Certificate,
}

/// A finding, by the numbers of what it is about.
#[derive(Clone, Debug)]
struct Drawn {
    command: usize,
    target: usize,
    rule: usize,
    subject: u8,
    fact: u8,
    known_by: u8,
    certificate: u8,
    key: u8,
    issuer: u8,
    severity: usize,
    /// What changes by itself.
    measured: u8,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let place = (0..COMMANDS.len(), 0..TARGETS.len(), 0..RULES.len(), 0..2_u8);
    let about = (0..2_u8, 0..2_u8, 0..2_u8, 0..2_u8, 0..2_u8);
    (place, about, 0..SEVERITIES.len(), any::<u8>()).prop_map(|(place, about, severity, measured)| {
        let (command, target, rule, subject) = place;
        let (fact, known_by, certificate, key, issuer) = about;
        Drawn { command, target, rule, subject, fact, known_by, certificate, key, issuer, severity, measured }
    })
}

impl Drawn {
    fn run(&self) -> Run<'static> {
        let at = "2027-03-01T12:00:00Z".parse().unwrap();
        Run { command: COMMANDS[self.command], target: TARGETS[self.target], at }
    }

    fn finding(&self, leaf: &Certificate) -> Finding {
        let (rule, key, _) = RULES[self.rule];
        let facts = json!({key: format!("fact {}", self.fact), "age_days": self.measured});
        let raised =
            Raised::new(format!("subject {}", self.subject), format!("{} days", self.measured), facts)
                .known_by("which", self.known_by.to_string());
        let mut findings = vec![Finding::again(rule, SEVERITIES[self.severity], raised).unwrap()];
        let mut leaf = leaf.clone();
        leaf.sha256.0 = [self.certificate; 32];
        leaf.spki_sha256 = SpkiSha256([self.key; 32]);
        let proven = IssuingKey { key: SpkiSha256([self.issuer; 32]), proof: Proof::Signature };
        let issuer = Issuer { key: Some(proven), ..Issuer::default() };
        rules::stamp(self.run().target, Some(&Shown::of(&leaf, &issuer)), &mut findings);
        findings.remove(0)
    }

    /// All that tells it from another finding, for whoever accepts it.
    fn identity(&self) -> (usize, usize, usize, u8, u8, u8, Option<u8>) {
        let shown = match RULES[self.rule].2 {
            Part::Nothing => None,
            Part::Issuer => Some(self.issuer),
            Part::Key => Some(self.key),
            Part::Certificate => Some(self.certificate),
        };
        (self.command, self.target, self.rule, self.subject, self.fact, self.known_by, shown)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_accepted_is_what_was_written_and_nothing_else(
        written in prop::collection::vec(drawn(), 0..8),
        met in prop::collection::vec(drawn(), 1..12),
    ) {
        let ca = CaCertificate::root("CA", KeyAlgorithm::P256, "2026-11-01T00:00:00Z".parse().unwrap()).unwrap();
        let leaf = Certificate::read(&ca.der).unwrap();
        // The gravest of what is written twice is not of interest here: each is written once.
        let mut seen = BTreeSet::new();
        let written: Vec<&Drawn> = written.iter().filter(|one| seen.insert(one.identity())).collect();
        let additions: Vec<Addition> =
            written.iter().map(|one| Addition::of(one.run(), &one.finding(&leaf))).collect();
        let until = "2027-12-31".parse().unwrap();
        let (text, new, _) = Baseline::default().with(&additions, ("known", until), false).unwrap();
        prop_assert_eq!(new, written.len());
        let baseline = Baseline::parse("known.toml", text.as_bytes()).unwrap();
        for one in &met {
            let mut findings = vec![one.finding(&leaf)];
            baseline.settle(one.run(), &mut findings, |_| false);
            let expected = written.iter().any(|known| {
                known.identity() == one.identity() && SEVERITIES[one.severity] <= SEVERITIES[known.severity]
            });
            prop_assert_eq!(findings[0].accepted.is_some(), expected, "{:?}\n{}", one, text);
        }
    }
}
