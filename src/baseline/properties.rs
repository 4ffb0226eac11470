//! What a baseline accepts, whatever the findings: what it was written of, and nothing else.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ca::issuer::{Issuer, IssuingKey, Proof};
use crate::demo::authority::{CaCertificate, KeyAlgorithm};
use crate::rules::{Raised, Shown};
use crate::x509::{Certificate, SpkiSha256};

/// Every rule whose findings may be accepted, with what of the certificate that is shown is part of them: as docs/ci.md says,
/// by which whoever accepts goes.
static RULES: LazyLock<Vec<(&'static str, Part)>> = LazyLock::new(|| {
    let text = include_str!("../../docs/ci.md");
    let lines = [
        (Part::Certificate, "| the certificate |"),
        (Part::Key, "| its key |"),
        (Part::Issuer, "| the CA that is proven to have issued it |"),
    ];
    let lines = lines.map(|(part, begin)| {
        (part, text.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{begin}")))
    });
    let part = |rule: &str| {
        lines.iter().find(|(_, line)| line.contains(rule)).map_or(Part::Nothing, |(part, _)| *part)
    };
    let all = rules::all().filter(|rule| rules::can_be_accepted(rule.id));
    all.map(|rule| (rule.id, part(rule.id))).collect()
});

/// A fact that findings of this rule are told apart by.
fn fact(rule: &str) -> &'static str {
    match rule.trim_end_matches(|letter: char| letter.is_ascii_digit()) {
        "TLS" => "sha256",
        "CT" | "LOG" => "log_id",
        "CAA" => "record",
        "ISS" => "issuer_owner",
        "CRT" => "certificates",
        "REV" => "serial",
        "PIN" => "value",
        "CMP" => "title",
        family => panic!("{family}: a family with no fact of its own"),
    }
}

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

/// One of two rules: of any more, hardly two findings would be of the same.
fn drawn(rules: (usize, usize)) -> impl Strategy<Value = Drawn> {
    let rule = prop_oneof![Just(rules.0), Just(rules.1)];
    let place = (0..COMMANDS.len(), 0..TARGETS.len(), rule, 0..2_u8);
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
        let (rule, _) = RULES[self.rule];
        let facts = json!({fact(rule): format!("fact {}", self.fact), "age_days": self.measured});
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
        let shown = match RULES[self.rule].1 {
            Part::Nothing => None,
            Part::Issuer => Some(self.issuer),
            Part::Key => Some(self.key),
            Part::Certificate => Some(self.certificate),
        };
        (self.command, self.target, self.rule, self.subject, self.fact, self.known_by, shown)
    }
}

/// What some findings are accepted by, and whether each of others is met by it as it should be.
fn accepted_is_what_was_written(written: &[Drawn], met: &[Drawn]) -> Result<(), TestCaseError> {
    static LEAF: LazyLock<Certificate> = LazyLock::new(|| {
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        Certificate::read(&CaCertificate::root("CA", KeyAlgorithm::P256, at).unwrap().der).unwrap()
    });
    // The gravest of what is written twice is not of interest here: each is written once.
    let mut seen = BTreeSet::new();
    let written: Vec<&Drawn> = written.iter().filter(|one| seen.insert(one.identity())).collect();
    let additions: Vec<Addition> =
        written.iter().map(|one| Addition::of(one.run(), &one.finding(&LEAF))).collect();
    let until = "2027-12-31".parse().unwrap();
    let (text, new, _) = Baseline::default().with(&additions, ("known", until), false).unwrap();
    prop_assert_eq!(new, written.len());
    let baseline = Baseline::parse("known.toml", text.as_bytes()).unwrap();
    for one in met {
        let mut findings = vec![one.finding(&LEAF)];
        baseline.settle(one.run(), &mut findings, |_| false);
        let expected = written.iter().any(|known| {
            known.identity() == one.identity() && SEVERITIES[one.severity] <= SEVERITIES[known.severity]
        });
        prop_assert_eq!(
            findings[0].accepted.is_some(),
            expected,
            "{}: {:?}\n{}",
            RULES[one.rule].0,
            one,
            text
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_accepted_is_what_was_written_and_nothing_else(
        (written, met) in (0..RULES.len(), 0..RULES.len()).prop_flat_map(|rules| {
            (prop::collection::vec(drawn(rules), 0..8), prop::collection::vec(drawn(rules), 1..12))
        }),
    ) {
        accepted_is_what_was_written(&written, &met)?;
    }
}

/// Of every rule: another certificate, another key, another CA, each by itself and all together.
#[test]
fn each_rule_is_accepted_of_what_the_documentation_ties_it_to() {
    for rule in 0..RULES.len() {
        let known = Drawn {
            command: 0,
            target: 0,
            rule,
            subject: 0,
            fact: 0,
            known_by: 0,
            certificate: 0,
            key: 0,
            issuer: 0,
            severity: 1,
            measured: 0,
        };
        let met: Vec<Drawn> = (0..8_u8)
            .map(|bits| Drawn {
                certificate: bits & 1,
                key: bits >> 1 & 1,
                issuer: bits >> 2 & 1,
                measured: bits,
                ..known.clone()
            })
            .collect();
        accepted_is_what_was_written(&[known], &met).unwrap();
    }
    let of = |part| RULES.iter().filter(|(_, own)| *own == part).count();
    for part in [Part::Certificate, Part::Key, Part::Issuer, Part::Nothing] {
        assert!(of(part) > 1, "{part:?}");
    }
}
