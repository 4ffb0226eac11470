//! The checks of pins beside the served certificate and CAA.

use super::checks::{M02, X1, X2, below, entry, source, verdict};
use super::*;
use crate::caa::CaaReading;
use crate::dns_name::CertificateName;
use crate::judge::Part;
use crate::pins::{HostPattern, PinEntry};
use crate::rules::caa::testing::{failed, set};

/// A target whose host is www.test.example, with these pins for it, these names in its certificate and this reading of
/// its CAA.
fn target(scope: HostPattern, keys: &[&str], names: &[&str], caa: &CaaReading) -> Vec<Finding> {
    let mut verdicts = crate::rules::tests::target();
    let base = |name: &str| name.trim_start_matches("*.").parse().unwrap();
    verdicts.chain[0].names.dns.extend(
        names.iter().map(|name| CertificateName { base: base(name), wildcard: name.starts_with('*') }),
    );
    let sources = [source("curl", vec![PinEntry { scope, ..entry(keys) }])];
    verdicts.pins = Part::Checked(verdict(&sources, Some("www.test.example")));
    verdicts.caa = Part::Checked(vec![CaaReading { name: "www.test.example".to_owned(), ..caa.clone() }]);
    target_findings(&verdicts)
}

fn severity(found: &[Finding], rule: &str) -> Option<Severity> {
    found.iter().find(|finding| finding.rule == rule).map(|finding| finding.severity)
}

fn exactly() -> HostPattern {
    HostPattern::Exactly("www.test.example".to_owned())
}

#[test]
fn names_of_the_certificate_outside_every_pattern_are_told() {
    let of = |scope, names: &[&str]| {
        let found = target(scope, &["own", "other"], names, &set(&[]));
        found.into_iter().find(|finding| finding.rule == "PIN037").map(|finding| finding.message)
    };
    let message = of(exactly(), &["api.test.example", "*.test.example", "cdn.stranger.example"]).unwrap();
    assert!(message.contains("for api.test.example and *.test.example,"), "{message}");
    assert_eq!(of(exactly(), &["cdn.stranger.example"]), None);
    assert_eq!(of(below("test.example"), &["api.test.example", "*.test.example", "test.example"]), None);
    let star = || HostPattern::OneLabelBelow("test.example".to_owned());
    assert_eq!(of(star(), &["api.test.example", "*.test.example"]), None);
    assert!(of(star(), &["test.example"]).is_some() && of(star(), &["*.api.test.example"]).is_some());
    assert_eq!(of(HostPattern::Unstated, &["anything.test.example"]), None);
}

#[test]
fn pins_and_caa_disagree_where_one_names_a_ca_that_the_other_does_not() {
    let of = |keys: &[&str], issuers: &[&str]| {
        let records: Vec<(u8, &str, &str)> = issuers.iter().map(|issuer| (0, "issue", *issuer)).collect();
        severity(&target(exactly(), keys, &[], &set(&records)), "PIN039")
    };
    let (le, amazon) = ("letsencrypt.org", "amazon.com");
    assert_eq!(of(&[X1, X2], &[le]), None);
    // Pinned, and not let to issue.
    assert_eq!(of(&[X1, M02], &[le]), Some(Severity::Medium));
    // Let to issue, and not pinned: what it issues locks out.
    assert_eq!(of(&[X1], &[le, amazon]), Some(Severity::Low));
    assert_eq!(of(&[X1], &[amazon]), Some(Severity::High));
    assert_eq!(of(&[X1, "own"], &[le, amazon]), None, "any CA can certify a key of one's own");
    assert_eq!(of(&[X1, "own"], &[amazon]), Some(Severity::Medium));
    // Nobody may issue.
    assert_eq!(of(&[X1, "own"], &[";"]), Some(Severity::Medium));
    // No keys of CAs, nothing to compare.
    assert_eq!(of(&["own", "other"], &[le]), None);
    // What could not be looked up says nothing.
    assert_eq!(severity(&target(exactly(), &[M02], &[], &failed()), "PIN039"), None);
}
