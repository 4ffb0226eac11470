//! Readings for the tests of this family.

use crate::caa::nameservers::NameserverReading;
use crate::caa::record::CaaRecord;
use crate::caa::{CaVerdict, CaaReading, Dnssec, Relevant, RelevantSet, Step, StepOutcome, Usage, Verdict};
use crate::rules::Rule;

/// A reading whose relevant set holds these records: flags, tag, value.
pub(in crate::rules) fn set(records: &[(u8, &str, &str)]) -> CaaReading {
    let rdata = |(flags, tag, value): &(u8, &str, &str)| {
        [&[*flags, u8::try_from(tag.len()).unwrap()], tag.as_bytes(), value.as_bytes()].concat()
    };
    raw(&records.iter().map(rdata).collect::<Vec<_>>())
}

/// A reading whose relevant set holds these RDATA.
pub(super) fn raw(rdata: &[Vec<u8>]) -> CaaReading {
    let mut reading = none("NOERROR");
    reading.relevant = Relevant::Set(RelevantSet {
        name: "t.example".parse().unwrap(),
        records: rdata.iter().map(|rdata| CaaRecord::read(rdata)).collect(),
        ttl: 300,
        aliases: Vec::new(),
    });
    reading
}

/// A reading without any record, whose top-level domain answered with this code.
pub(super) fn none(detail: &str) -> CaaReading {
    CaaReading {
        name: "t.example".to_owned(),
        wildcard: false,
        usage: Usage::Tls,
        steps: vec![Step {
            name: "example".parse().unwrap(),
            outcome: StepOutcome::Empty,
            detail: detail.to_owned(),
            aliases: Vec::new(),
            dnssec: Dnssec::Unchecked,
            dnssec_detail: None,
            unfinished: None,
            own_zone: None,
            authentic_data: false,
        }],
        relevant: Relevant::NoneAnywhere,
        above: None,
        verdicts: Vec::new(),
        nameservers: NameserverReading::default(),
        asked_about: Vec::new(),
        is_unheard: false,
    }
}

/// A reading whose top-level domain does not exist.
pub(super) fn no_tld() -> CaaReading {
    let at = "example".parse().unwrap();
    CaaReading {
        relevant: Relevant::Undetermined { at, detail: "NXDOMAIN".to_owned(), dnssec: Dnssec::Unchecked },
        ..none("NXDOMAIN")
    }
}

/// A reading whose look-up failed.
pub(in crate::rules) fn failed() -> CaaReading {
    let at = "t.example".parse().unwrap();
    let relevant = Relevant::Undetermined { at, detail: "SERVFAIL".to_owned(), dnssec: Dnssec::Unchecked };
    CaaReading { relevant, ..none("NOERROR") }
}

/// The reading with a verdict for the issuer.
pub(super) fn with_verdict(mut reading: CaaReading, verdict: Verdict) -> CaaReading {
    let (ca, reason) = ("Example CA".to_owned(), "because".to_owned());
    reading.verdicts.push(CaVerdict { ca, usage: Usage::Tls, verdict, reason, software: Vec::new() });
    reading
}

/// Asserts that a rule is raised by one reading and not by another.
pub(super) fn assert_rule(
    rules: &'static [Rule<CaaReading>],
    id: &str,
    raised: &CaaReading,
    silent: &CaaReading,
) {
    let rule = rules.iter().find(|rule| rule.info.id == id).unwrap();
    let findings = rule.findings(raised);
    assert!(!findings.is_empty(), "{id} is not raised by {raised:?}");
    for finding in &findings {
        assert!(!finding.message.is_empty() && !finding.subject.is_empty(), "{id}");
    }
    assert!(rule.findings(silent).is_empty(), "{id} is raised by {silent:?}");
}
