//! The rules about what was seen, SCTs and issuers: each with a verdict that raises it and one that does not.

use jiff::Timestamp;

use super::{Finding, Severity, ct, issuer, tls};
use crate::ca::expectation::{self, IssuerVerdict};
use crate::ca::issuer::{Issuer, IssuingKey, Proof};
use crate::ct::inclusion::Inclusion;
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType};
use crate::ct::policy::{Exemption, Policies, PolicyOutcome, PolicyVerdict};
use crate::ct::sct::LeafIndex;
use crate::ct::verdict::{Audience, CtVerdict, Delivery, SctLog, SctOutcome, SctVerdict};
use crate::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{SctPlan, issue};
use crate::judge::{DifferingAddress, FurtherLeaf, HandshakeFacts, Observed, Part, TargetVerdicts};
use crate::x509::path::{self, Anchors, HostIdentity};
use crate::x509::{Certificate, CertificateSha256, OcspError, SpkiSha256};

pub(in crate::rules) fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.rule).collect()
}

fn sct(outcome: SctOutcome) -> SctVerdict {
    sct_of("Test", outcome)
}

pub(in crate::rules) fn sct_of(operator: &str, outcome: SctOutcome) -> SctVerdict {
    SctVerdict {
        delivery: Delivery::Embedded,
        log_id: Some(LogId([1; 32])),
        log: Some(SctLog {
            name: "Test log".to_owned(),
            operator: operator.to_owned(),
            log_type: LogType::Rfc6962,
        }),
        timestamp: Some(Timestamp::UNIX_EPOCH),
        leaf_index: LeafIndex::Absent,
        state_then: LogState::Usable,
        state_now: LogState::Usable,
        outcome,
        proves_issuer: None,
        promise: None,
        inclusion: Inclusion::NotChecked,
        reason: "For this test.".to_owned(),
    }
}

/// What every policy accepts.
pub(crate) fn two_operators() -> Vec<SctVerdict> {
    vec![sct(SctOutcome::Valid), sct_of("Other", SctOutcome::Valid)]
}

pub(crate) fn policy(outcome: PolicyOutcome) -> PolicyVerdict {
    PolicyVerdict {
        outcome,
        reasons: vec!["For this test.".to_owned()],
        note: None,
        list: None,
        unjudged: None,
        judged_at: Timestamp::UNIX_EPOCH,
        scts: Vec::new(),
        without_margin: Vec::new(),
    }
}

pub(crate) fn ct_verdict(scts: Vec<SctVerdict>, chrome: PolicyOutcome) -> CtVerdict {
    CtVerdict {
        scts,
        malformed_lists: Vec::new(),
        policies: Policies {
            exempt: None,
            chrome: policy(chrome),
            apple: policy(PolicyOutcome::Compliant),
            mozilla: policy(PolicyOutcome::Compliant),
            android: policy(PolicyOutcome::Compliant),
        },
        audience: Audience::Public,
        handshake: true,
        is_precertificate: false,
        precertificate_signer: None,
        is_merkle_tree: false,
        unusable_staple: None,
    }
}

#[test]
fn each_outcome_of_an_sct_has_its_rule() {
    for (outcome, rule) in [
        (SctOutcome::InvalidSignature, "CT002"),
        (SctOutcome::UnknownLog, "CT004"),
        (SctOutcome::NoAssurance, "CT005"),
        (SctOutcome::Malformed, "CT006"),
        (SctOutcome::IssuerUnknown, "CT008"),
        (SctOutcome::InFuture, "CT009"),
        (SctOutcome::OutsideInterval, "CT010"),
        (SctOutcome::UnsupportedVersion, "CT011"),
    ] {
        let scts = vec![sct(SctOutcome::Valid), sct_of("Other", SctOutcome::Valid), sct(outcome)];
        assert_eq!(ids(&ct::findings(&ct_verdict(scts, PolicyOutcome::Compliant))), [rule]);
    }
    let good = ct_verdict(two_operators(), PolicyOutcome::Compliant);
    assert_eq!(ids(&ct::findings(&good)), Vec::<&str>::new());
}

#[test]
fn chromes_policy_and_no_sct_at_all_have_theirs() {
    let with = |chrome| ids(&ct::findings(&ct_verdict(two_operators(), chrome)));
    assert_eq!(with(PolicyOutcome::NotCompliant), ["CT003"]);
    assert_eq!(with(PolicyOutcome::NotJudged), ["CT007"]);
    // Without any SCT, that alone is said.
    assert_eq!(ids(&ct::findings(&ct_verdict(Vec::new(), PolicyOutcome::NotCompliant))), ["CT001"]);
    // A precertificate carries none by its nature.
    let mut precertificate =
        CtVerdict { is_precertificate: true, ..ct_verdict(Vec::new(), PolicyOutcome::NotJudged) };
    precertificate.policies.exempt = Some(Exemption::Precertificate);
    assert_eq!(ids(&ct::findings(&precertificate)), ["CT020"]);
    // A Merkle Tree Certificate needs none.
    let mut merkle = CtVerdict { is_merkle_tree: true, ..ct_verdict(Vec::new(), PolicyOutcome::NotJudged) };
    merkle.policies.exempt = Some(Exemption::MerkleTree);
    assert_eq!(ids(&ct::findings(&merkle)), ["CT021"]);
    // Of one with another purpose no other rule speaks.
    let mut mail = ct_verdict(two_operators(), PolicyOutcome::NotJudged);
    mail.policies.exempt = Some(Exemption::OtherPurpose);
    let found = ct::findings(&mail);
    assert_eq!((ids(&found).as_slice(), &*found[0].advice), (["CT007"].as_slice(), "Nothing to do."));
}

#[test]
fn a_staple_of_no_use_and_a_precertificate_that_is_served_are_told() {
    let good = || ct_verdict(two_operators(), PolicyOutcome::Compliant);
    let staple = CtVerdict { unusable_staple: Some(OcspError::AboutOthers(1)), ..good() };
    assert_eq!(ids(&ct::findings(&staple)), ["CT019"]);
    let served = CtVerdict { is_precertificate: true, handshake: true, ..good() };
    let [finding] = <[Finding; 1]>::try_from(ct::findings(&served)).unwrap();
    assert_eq!((finding.rule, finding.severity), ("CT020", Severity::Critical));
    let file = CtVerdict { is_precertificate: true, handshake: false, ..good() };
    assert_eq!(ct::findings(&file)[0].severity, Severity::Info);
}

fn issuer_verdict(proof: Option<Proof>, expected: &[&str]) -> IssuerVerdict {
    let issuer = Issuer {
        key: proof.map(|proof| IssuingKey { key: SpkiSha256([1; 32]), proof }),
        owner: Some("Example CA".to_owned()),
        caa_identifiers: vec!["ca.example".to_owned()],
        ..Issuer::default()
    };
    let expected: Vec<String> = expected.iter().map(|&name| name.to_owned()).collect();
    let expected = (!expected.is_empty()).then_some(expected.as_slice());
    expectation::judge(issuer, expected, &|name| name.ends_with(".example"))
}

#[test]
fn each_expectation_has_its_rule() {
    let raised = |proof, expected: &[&str]| ids(&issuer::findings(&issuer_verdict(proof, expected)));
    let signed = Some(Proof::Signature);
    assert_eq!(raised(signed, &["ca.example"]), Vec::<&str>::new());
    assert_eq!(raised(signed, &["other.example"]), ["ISS001"]);
    assert_eq!(raised(None, &["ca.example"]), ["ISS002"]);
    assert_eq!(raised(Some(Proof::Claim), &["ca.example"]), ["ISS002"]);
    assert_eq!(raised(signed, &[]), ["ISS003"]);
    assert_eq!(raised(signed, &["ca.example", "ca.exampel"]), ["ISS004"]);
}

/// A server with a good chain, which no rule has anything to say about.
pub(crate) fn target() -> TargetVerdicts {
    let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let root = CaCertificate::root("Test Root", KeyAlgorithm::P256, now).unwrap();
    let request = LeafRequest::new(&["www.test.example"], now).unwrap();
    let leaf = issue(&root, &request, &SctPlan::default()).unwrap();
    let chain = vec![Certificate::read(&leaf.der).unwrap()];
    let anchors = Anchors::given(vec![Certificate::read(&root.der).unwrap()], "roots.pem");
    judged("www.test.example", chain, &anchors, now)
}

fn judged(host: &str, chain: Vec<Certificate>, anchors: &Anchors, at: Timestamp) -> TargetVerdicts {
    let host = HostIdentity::Name(host.parse().unwrap());
    TargetVerdicts {
        accepted_open: Vec::new(),
        issuance: Part::NotChecked("not asked for"),
        target: "www.test.example:443".to_owned(),
        trust: path::judge(&chain, Some(&host), anchors, at),
        host: Some(host),
        observed: Observed {
            handshake: Some(HandshakeFacts {
                address: "192.0.2.1:443".to_owned(),
                version: "TLSv1.3".to_owned(),
                cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
                ocsp_stapled: false,
                broken_off: None,
            }),
            ..Observed::default()
        },
        chain,
        ct: Part::NotChecked("a test"),
        caa: Part::NotChecked("a test"),
        named_parts: Vec::new(),
        caa_left_out: 0,
        who_issued: Issuer::default(),
        issuer: Part::NotChecked("a test"),
        revocation: Part::NotChecked("a test"),
        pins: Part::NotChecked("a test"),
        comparison: Part::NotChecked("a test"),
        is_compared: false,
        tlsa_unasked: false,
        required: Vec::new(),
        log_lists: std::sync::Arc::default(),
    }
}

#[test]
fn a_good_handshake_raises_nothing() {
    assert_eq!(ids(&tls::findings(&target())), Vec::<&str>::new());
}

#[test]
fn what_was_not_seen_has_its_rules() {
    let failures = vec!["192.0.2.1:443: connecting failed: refused.".to_owned()];
    let nothing = TargetVerdicts {
        chain: Vec::new(),
        trust: None,
        observed: Observed { failures: failures.clone(), ..Observed::default() },
        ..target()
    };
    assert_eq!(ids(&tls::findings(&nothing)), ["TLS001"]);
    let mut file = nothing;
    file.observed.is_file = true;
    assert_eq!(ids(&tls::findings(&file)), ["TLS007"]);
    let mut partly = target();
    partly.observed.failures = failures;
    assert_eq!(ids(&tls::findings(&partly)), ["TLS006"]);
    let mut differing = target();
    differing.observed.differing.push(DifferingAddress {
        address: "192.0.2.2:443".to_owned(),
        sha256: CertificateSha256([1; 32]),
        issuer: "CN=Other".to_owned(),
    });
    assert_eq!(ids(&tls::findings(&differing)), ["TLS005"]);
    let mut file = target();
    file.observed
        .further_leaves
        .push(FurtherLeaf { sha256: CertificateSha256([1; 32]), subject: "CN=Other".to_owned() });
    assert_eq!(ids(&tls::findings(&file)), ["TLS009"]);
    let mut broken_off = target();
    if let Some(handshake) = &mut broken_off.observed.handshake {
        handshake.broken_off = Some("certificate required".to_owned());
    }
    assert_eq!(ids(&tls::findings(&broken_off)), ["TLS008"]);
}

#[test]
fn chain_name_and_dates_have_theirs() {
    let good = target();
    let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let untrusted = judged("www.test.example", good.chain.clone(), &Anchors::embedded(), now);
    assert_eq!(ids(&tls::findings(&untrusted)), ["TLS002"]);
    let root = CaCertificate::root("Test Root", KeyAlgorithm::P256, now).unwrap();
    let leaf =
        issue(&root, &LeafRequest::new(&["other.example"], now).unwrap(), &SctPlan::default()).unwrap();
    let anchors = Anchors::given(vec![Certificate::read(&root.der).unwrap()], "roots.pem");
    let chain = || vec![Certificate::read(&leaf.der).unwrap()];
    assert_eq!(ids(&tls::findings(&judged("www.test.example", chain(), &anchors, now))), ["TLS003"]);
    let later = now + jiff::SignedDuration::from_hours(24 * 365);
    assert_eq!(ids(&tls::findings(&judged("other.example", chain(), &anchors, later))), ["TLS004"]);
}
