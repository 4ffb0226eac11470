//! Fingerprints of findings as they are raised by judging evidence: another party's certificate is another finding.

use std::collections::BTreeMap;

use crate::caa::testing::found;
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue};
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::revocation::{Crls, Reach};
use crate::evidence::tls::{TlsAttempt, TlsHandshake, TlsObservation, TlsOutcome, TlsStage};
use crate::evidence::{Bytes, CertificateSource, Inputs as InputFiles, Request, TargetEvidence};
use crate::judge::{Inputs, Judge, TargetVerdicts};
use crate::rules::{self, Finding};

const HOST: &str = "intern.example";
const AT: &str = "2026-11-01T00:00:00Z";

fn file(path: &str, text: &str) -> InputFile {
    InputFile {
        path: path.to_owned(),
        content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
        folder: None,
    }
}

fn ca() -> CaCertificate {
    CaCertificate::root("Intern CA", KeyAlgorithm::P256, AT.parse().unwrap()).unwrap()
}

/// A chain of a leaf for these names and the root; the leaf is as old as that.
fn chain(ca: &CaCertificate, names: &[&str], issued: &str) -> Vec<Vec<u8>> {
    let request = LeafRequest::new(names, issued.parse().unwrap()).unwrap();
    vec![issue(ca, &request, &SctPlan::default()).unwrap().der, ca.der.clone()]
}

fn shows(address: &str, chain: &[Vec<u8>], broken_off: bool) -> TlsAttempt {
    TlsAttempt {
        address: address.to_owned(),
        milliseconds: 1,
        outcome: TlsOutcome::Handshake(TlsHandshake {
            sni: Some(HOST.to_owned()),
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
            chain: chain.iter().cloned().map(Bytes).collect(),
            ocsp_response: None,
            sct_extension: None,
            broken_off: broken_off.then(|| "certificate required".to_owned()),
        }),
    }
}

fn fails(address: &str) -> TlsAttempt {
    let outcome = TlsOutcome::Failed { stage: TlsStage::Connect, error: "refused".to_owned() };
    TlsAttempt { address: address.to_owned(), milliseconds: 1, outcome }
}

/// Judges what a server showed, with a pin that no key matches and a CA that nobody is.
fn judged(attempts: Vec<TlsAttempt>, roots: &[&CaCertificate]) -> TargetVerdicts {
    judged_by("", attempts, roots)
}

/// The same by a policy.
fn judged_by(policy: &str, attempts: Vec<TlsAttempt>, roots: &[&CaCertificate]) -> TargetVerdicts {
    let pins = "version = 1\n[[pin]]\nhosts = [\"intern.example\"]\n\
                pins = [\"n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=\", \"VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM=\"]\n";
    let roots: String = roots.iter().map(|ca| ca.to_pem()).collect();
    let inputs = InputFiles {
        pins: vec![file("pins.toml", pins)],
        roots: (!roots.is_empty()).then(|| file("roots.pem", &roots)),
        policy: (!policy.is_empty()).then(|| file("pinstead.toml", policy)),
        ..InputFiles::default()
    };
    let request = Request { expect_ca: vec!["letsencrypt.org".to_owned()], ..Request::default() };
    let inputs = Inputs::read(&request, &inputs).unwrap();
    let observation = TlsObservation {
        host: HOST.to_owned(),
        port: 443,
        starttls: None,
        resolution_failure: None,
        attempts,
        not_tried: None,
    };
    let evidence = TargetEvidence {
        names_nothing: None,
        target: "intern.example:443".to_owned(),
        source: CertificateSource::Tls(observation),
        caa: vec![found(HOST, &[("issue", "letsencrypt.org")])],
        ct_logs: Vec::new(),
        tlsa: None,
        issuance: None,
        crl_reach: Reach::default(),
        crls: None,
    };
    Judge::new(&request, &inputs, AT.parse().unwrap()).judge(&evidence, &Crls::new())
}

/// The fingerprints of what is found, by rule.
fn prints(verdicts: &TargetVerdicts) -> BTreeMap<&'static str, Vec<String>> {
    let mut prints: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    let print = |finding: &Finding| finding.fingerprint.clone().unwrap();
    for finding in rules::findings(verdicts) {
        prints.entry(finding.rule).or_default().push(print(&finding));
    }
    prints
}

/// What two worlds both find, and whether it is the same by its fingerprint.
fn same(one: &TargetVerdicts, other: &TargetVerdicts) -> BTreeMap<&'static str, bool> {
    let (one, other) = (prints(one), prints(other));
    one.iter().filter_map(|(rule, print)| Some((*rule, print == other.get(rule)?))).collect()
}

fn of(rules: &BTreeMap<&'static str, bool>, wanted: bool) -> Vec<&'static str> {
    rules.iter().filter(|(_, same)| **same == wanted).map(|(rule, _)| *rule).collect()
}

/// The case of an internal host whose certificate no browser trusts: another's at its place is no known finding.
#[test]
fn another_partys_certificate_is_another_finding() {
    let (own, mallory) = (ca(), ca());
    let of_ca =
        |ca: &CaCertificate| judged(vec![shows("192.0.2.1:443", &chain(ca, &[HOST], AT), false)], &[]);
    let (before, after) = (of_ca(&own), of_ca(&mallory));
    let found = same(&before, &after);
    assert_eq!(of(&found, false), ["CAA023", "CT001", "CT007", "ISS002", "TLS002"], "{found:?}");
    // Not one that is left is about the certificate.
    assert!(of(&found, true).iter().all(|rule| !rules::is_about_certificates(rule)), "{found:?}");
    assert_eq!(of(&same(&before, &before), false), [""; 0]);
    // A self-signed one, as most are: nobody is proven to have issued it.
    let alone =
        |ca: &CaCertificate| judged(vec![shows("192.0.2.1:443", std::slice::from_ref(&ca.der), false)], &[]);
    let found = same(&alone(&own), &alone(&mallory));
    assert!(of(&found, false).contains(&"TLS002") && of(&found, false).contains(&"ISS002"), "{found:?}");
}

/// Which findings a renewal by the same CA with another key leaves as they are.
#[test]
fn a_renewal_keeps_what_the_ca_is_accepted_for() {
    let own = ca();
    let with = |names: &[&str], issued, roots: &[&CaCertificate], broken_off| {
        judged(vec![shows("192.0.2.1:443", &chain(&own, names, issued), broken_off)], roots)
    };
    let roots = [&own];
    let renewed = same(&with(&[HOST], AT, &roots, true), &with(&[HOST], AT, &roots, true));
    assert_eq!(of(&renewed, false), ["CT001", "PIN001"], "{renewed:?}");
    assert_eq!(of(&renewed, true), ["CAA011", "CAA023", "CAA044", "ISS002", "TLS008"], "{renewed:?}");
    let others = ["x.example"];
    let elsewhere = same(&with(&others, AT, &roots, false), &with(&others, AT, &roots, false));
    assert_eq!(elsewhere.get("TLS003"), Some(&true), "{elsewhere:?}");
    let past = "2026-01-01T00:00:00Z";
    let ended = same(&with(&[HOST], past, &roots, false), &with(&[HOST], past, &roots, false));
    assert_eq!(ended.get("TLS004"), Some(&false), "{ended:?}");
    let untrusted = same(&with(&[HOST], AT, &[], false), &with(&[HOST], AT, &[], false));
    assert_eq!(untrusted.get("TLS002"), Some(&false), "{untrusted:?}");
}

/// A CA that is known and not expected: what is accepted of it is accepted of its next certificate, and of no other CA's.
#[test]
fn a_renewal_keeps_that_a_known_ca_is_accepted() {
    let (own, other) = (ca(), ca());
    let known = |ca: &CaCertificate, owner: &str| {
        format!(
            "[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"{owner}.example\"]\n",
            ca.key.spki_sha256()
        )
    };
    let policy = known(&own, "own") + &known(&other, "other");
    let roots = [&own, &other];
    let shown = |ca: &CaCertificate| {
        judged_by(&policy, vec![shows("192.0.2.1:443", &chain(ca, &[HOST], AT), false)], &roots)
    };
    let renewed = same(&shown(&own), &shown(&own));
    for rule in ["CAA022", "ISS001"] {
        assert_eq!(renewed.get(rule), Some(&true), "{rule}: {renewed:?}");
    }
    let elsewhere = same(&shown(&own), &shown(&other));
    for rule in ["CAA022", "ISS001"] {
        assert_eq!(elsewhere.get(rule), Some(&false), "{rule}: {elsewhere:?}");
    }
}

/// At an address beside the first one, another certificate and another address are other findings.
#[test]
fn other_addresses_are_told_apart() {
    let (own, mallory) = (ca(), ca());
    let (first, second) = (chain(&own, &[HOST], AT), chain(&own, &[HOST], AT));
    let beside = |other: &[Vec<u8>]| {
        judged(vec![shows("192.0.2.1:443", &first, false), shows("192.0.2.2:443", other, false)], &[&own])
    };
    let found = same(&beside(&second), &beside(&chain(&mallory, &[HOST], AT)));
    assert_eq!(of(&found, false), ["TLS005"], "{found:?}");
    let without = |address| judged(vec![shows("192.0.2.1:443", &first, false), fails(address)], &[&own]);
    let found = same(&without("192.0.2.2:443"), &without("192.0.2.3:443"));
    assert_eq!(of(&found, false), ["TLS006"], "{found:?}");
    assert_eq!(of(&same(&without("192.0.2.2:443"), &without("192.0.2.2:443")), false), [""; 0]);
}
