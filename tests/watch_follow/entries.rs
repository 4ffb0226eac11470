//! What is made of an entry, whatever is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pinstead::evidence::Bytes;
use pinstead::evidence::{Inputs as InputFiles, Request};
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::judge::Inputs;
use pinstead::policy::Policy;
use pinstead::rules::Severity;
use pinstead::watch::batch::{Beside, ChainBeside, FoundEntry, Why};
use pinstead::watch::follow::{Judging, LogLabel, Prepared, prepare};
use pinstead::watch::state::EntryKind;
use proptest::prelude::{any, proptest};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::played::CERTIFICATES;

fn judging() -> Judging {
    let watched =
        WatchedNames::new([WatchedName { name: "ours.example".parse().unwrap(), with_subdomains: true }]);
    let inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
    Judging::new(inputs, vec!["letsencrypt.org".to_owned()], watched.into())
}

fn prepared(leaf: Vec<u8>, why: Why) -> Prepared {
    let beside = Beside { precertificate: None, chain: ChainBeside::Unreadable("it is cut".to_owned()) };
    let entry = FoundEntry { index: 7, leaf: Bytes(leaf), beside, why };
    let log = LogLabel::new("Log", &[1; 32], "https://log.example/");
    prepare(&entry, &[], Some("it is cut"), &log, &judging())
}

fn undetermined(mentions: Option<&str>) -> Why {
    Why::Undetermined {
        why: "a name ends early".to_owned(),
        mentions: mentions.map(|name| name.parse().unwrap()),
    }
}

#[test]
fn what_cannot_be_read_is_told_by_what_can() {
    let leaf = b"no leaf at all, ours.example".to_vec();
    let told = prepared(leaf.clone(), undetermined(Some("ours.example")));
    assert_eq!(told.found.tbs_sha256, <[u8; 32]>::from(Sha256::digest(&leaf)));
    assert_eq!(told.found.claims, ["ours.example".parse().unwrap()]);
    assert_eq!((told.summary.severity, told.summary.is_determined), (Severity::Medium, false));
    for part in ["a name ends early", "ours.example stands in its octets", "Entry 7 of Log", "it is cut"] {
        assert!(told.summary.text.contains(part), "{part}: {}", told.summary.text);
    }
    let nobodys = prepared(leaf, undetermined(None));
    assert_eq!(nobodys.summary.severity, Severity::Low);
    assert!(nobodys.summary.text.contains("No watched name"), "{}", nobodys.summary.text);
}

#[test]
fn a_broken_certificate_is_the_same_in_every_log() {
    let leaf =
        |time: u64| [&[0, 0][..], &time.to_be_bytes(), &[0, 0], &[0, 0, 4], b"0\x05xx", &[0, 0]].concat();
    let (one, other) = (prepared(leaf(1), undetermined(None)), prepared(leaf(2), undetermined(None)));
    assert_eq!(one.alert.subject, other.alert.subject);
    assert_eq!((one.found.kind, one.found.timestamp), (EntryKind::X509, 1));
    assert_eq!(one.found.certificate, Some(Bytes(b"0\x05xx".to_vec())));
}

#[test]
fn a_name_that_only_resembles_ours_is_no_less_told() {
    let why = Why::Claims {
        watched: "ours.example".parse().unwrap(),
        claimed: "ours.example:8443".to_owned(),
        is_odd: true,
    };
    let told = prepared(Vec::new(), why);
    assert!(told.summary.severity >= Severity::Low);
    assert!(told.summary.text.contains("lenient reader"), "{}", told.summary.text);
    assert_eq!(told.summary.details["odd"], true);
}

#[test]
fn a_wildcard_is_judged_for_all_it_covers() {
    let of = |name: &str| WatchedName { name: name.parse().unwrap(), with_subdomains: true };
    let watched = WatchedNames::new([of("shop.ours.example"), of("www.ours.example"), of("other.example")]);
    let mut inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
    let key = STANDARD.encode(CERTIFICATES.issuer_key().0);
    let policy = format!(
        "expect_ca = [\"Played\"]\n[[private_ca]]\nowner = \"Played\"\nspki_sha256 = \"{key}\"\n\
         [[domain]]\nname = \"www.ours.example\"\nexpect_ca = [\"letsencrypt.org\"]\n"
    );
    inputs.policy = Policy::parse("policy", policy.as_bytes()).unwrap();
    let judging = Judging::new(inputs, Vec::new(), watched.into());
    let beside = Beside { precertificate: None, chain: ChainBeside::Certificates(Vec::new()) };
    let told = |name: &str, first: &str| {
        let why = Why::Claims { watched: first.parse().unwrap(), claimed: name.to_owned(), is_odd: false };
        let leaf = Bytes(CERTIFICATES.precertificate_leaf(name));
        let entry = FoundEntry { index: 7, leaf, beside: beside.clone(), why };
        prepare(&entry, &[], None, &LogLabel::new("Log", &[1; 32], "https://log.example/"), &judging)
    };
    let wildcard = told("*.ours.example", "shop.ours.example");
    let claims: Vec<String> = wildcard.found.claims.iter().map(ToString::to_string).collect();
    assert_eq!(claims, ["shop.ours.example", "www.ours.example"]);
    assert_eq!((wildcard.summary.expectation, wildcard.summary.severity), ("unexpected", Severity::High));
    let one = told("shop.ours.example", "shop.ours.example");
    assert_eq!((one.summary.expectation, one.found.claims.len()), ("expected", 1));
}

proptest! {
    #[test]
    fn no_octets_make_an_alert_that_is_none(leaf in any::<Vec<u8>>(), claimed in ".{0,2000}", head in any::<bool>()) {
        let head: &[u8] = if head { &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] } else { &[] };
        let why = Why::Claims { watched: "ours.example".parse().unwrap(), claimed, is_odd: false };
        let told = prepared([head, &leaf].concat(), why);
        let payload: Value = serde_json::from_str(&told.alert.payload).unwrap();
        assert!(payload["title"].is_string() && payload["severity"].is_string());
        assert!(told.alert.payload.len() < 64 << 10);
        assert_eq!(told.alert.subject.len(), 64);
    }
}
