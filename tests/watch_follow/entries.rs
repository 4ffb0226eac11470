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
use pinstead::watch::follow::{Judging, LogLabel, Prepared, Standing, prepare};
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
    prepare(&entry, &Standing { missing: Some("it is cut"), ..standing(&log, &[]) }, &judging())
}

fn standing<'a>(log: &'a LogLabel, issuers: &'a [Bytes]) -> Standing<'a> {
    let at = "2026-11-22T00:00:00Z".parse().unwrap();
    Standing { log, issuers, others: None, missing: None, is_proven: false, at }
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
    let told = |name: &str, first: &str| {
        let why = Why::Claims { watched: first.parse().unwrap(), claimed: name.to_owned(), is_odd: false };
        let (leaf, precertificate) = CERTIFICATES.precertificate(name);
        let chain = ChainBeside::Certificates(vec![CERTIFICATES.issuer()]);
        let beside = Beside { precertificate: Some(Bytes(precertificate)), chain };
        let entry = FoundEntry { index: 7, leaf: Bytes(leaf), beside, why };
        let log = LogLabel::new("Log", &[1; 32], "https://log.example/");
        prepare(&entry, &standing(&log, &[CERTIFICATES.issuer()]), &judging)
    };
    let wildcard = told("*.ours.example", "shop.ours.example");
    let claims: Vec<String> = wildcard.found.claims.iter().map(ToString::to_string).collect();
    assert_eq!(claims, ["shop.ours.example", "www.ours.example"]);
    assert_eq!((wildcard.summary.expectation, wildcard.summary.severity), ("unexpected", Severity::High));
    let one = told("shop.ours.example", "shop.ours.example");
    assert_eq!((one.summary.expectation, one.found.claims.len()), ("expected", 1));
}

/// By the judge of `issuance`: what the policy accepts until a day is expected until then.
#[test]
fn a_certificate_that_the_policy_accepts_is_expected_until_its_day() {
    let (leaf, precertificate) = CERTIFICATES.precertificate("www.ours.example");
    let key = STANDARD.encode(CERTIFICATES.issuer_key().0);
    let told = |accepted: &str| {
        let watched = WatchedName { name: "ours.example".parse().unwrap(), with_subdomains: true };
        let mut inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
        let policy = format!(
            "expect_ca = [\"letsencrypt.org\"]\n[[private_ca]]\nowner = \"Played\"\nspki_sha256 = \"{key}\"\n{accepted}"
        );
        inputs.policy = Policy::parse("policy", policy.as_bytes()).unwrap();
        let judging = Judging::new(inputs, Vec::new(), WatchedNames::new([watched]).into());
        let why = Why::Claims {
            watched: "ours.example".parse().unwrap(),
            claimed: "www.ours.example".to_owned(),
            is_odd: false,
        };
        let chain = ChainBeside::Certificates(vec![CERTIFICATES.issuer()]);
        let beside = Beside { precertificate: Some(Bytes(precertificate.clone())), chain };
        let entry = FoundEntry { index: 7, leaf: Bytes(leaf.clone()), beside, why };
        let log = LogLabel::new("Log", &[1; 32], "https://log.example/");
        prepare(&entry, &standing(&log, &[CERTIFICATES.issuer()]), &judging)
    };
    let verdict = |told: &Prepared| (told.summary.expectation, told.summary.severity);
    let before = told("");
    assert_eq!(verdict(&before), ("unexpected", Severity::High));
    let hash = pinstead::x509::hexadecimal(&before.found.tbs_sha256);
    let until = |day: &str| {
        told(&format!(
            "[[accepted_certificate]]\nsha256 = \"{hash}\"\nreason = \"ticket 4711\"\nuntil = {day}\n"
        ))
    };
    let accepted = until("2026-11-22");
    assert_eq!(verdict(&accepted), ("expected", Severity::Info), "{}", accepted.summary.text);
    assert!(accepted.summary.text.contains("ticket 4711"), "{}", accepted.summary.text);
    assert_eq!(verdict(&until("2026-11-21")), ("unexpected", Severity::High));
    let wishes = |told: &Prepared| told.found.judged.as_ref().unwrap().wishes;
    assert_ne!(wishes(&before), wishes(&accepted), "what was told before is judged again");
}

fn named(name: &str) -> rcgen::CertificateParams {
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 11, 1);
    parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
    parameters
}

/// An entry for a certificate by a CA of this name, and the CA's certificate.
fn issued_by(name: &[(rcgen::DnType, &str)]) -> (Vec<u8>, Bytes) {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    for (part, value) in name {
        let value = rcgen::string::PrintableString::try_from(*value).unwrap();
        parameters.distinguished_name.push(part.clone(), rcgen::DnValue::PrintableString(value));
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = parameters.self_signed(&key).unwrap().der().to_vec();
    let subject = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::Issuer::new(parameters, key);
    let der = named("www.ours.example").signed_by(&subject, &authority).unwrap().der().to_vec();
    let length = u32::try_from(der.len()).unwrap().to_be_bytes();
    let leaf = [&[0; 10][..], &[0, 0], &length[1..], &der, &[0, 0]].concat();
    (leaf, Bytes(ca))
}

fn judged(leaf: &[u8], issuers: &[Bytes], policy: &str) -> Prepared {
    let why = Why::Claims {
        watched: "ours.example".parse().unwrap(),
        claimed: "www.ours.example".to_owned(),
        is_odd: false,
    };
    let beside = Beside { precertificate: None, chain: ChainBeside::Certificates(issuers.to_vec()) };
    let entry = FoundEntry { index: 7, leaf: Bytes(leaf.to_vec()), beside, why };
    let watched =
        WatchedNames::new([WatchedName { name: "ours.example".parse().unwrap(), with_subdomains: true }]);
    let mut inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
    inputs.policy = Policy::parse("policy", policy.as_bytes()).unwrap();
    let judging = Judging::new(inputs, Vec::new(), watched.into());
    prepare(&entry, &standing(&LogLabel::new("Log", &[1; 32], "https://log.example/"), issuers), &judging)
}

#[test]
fn a_forged_issuer_name_is_critical() {
    use rcgen::DnType::{CommonName, CountryName, OrganizationName};
    let expected = "expect_ca = [\"letsencrypt.org\"]\n";
    let (leaf, ca) = issued_by(&[
        (CountryName, "US"),
        (OrganizationName, "Internet Security Research Group"),
        (CommonName, "ISRG Root X1"),
    ]);
    let told = judged(&leaf, std::slice::from_ref(&ca), expected);
    assert_eq!(told.summary.severity, Severity::Critical, "{}", told.summary.text);
    assert!(told.summary.title.starts_with("Forged issuer name"), "{}", told.summary.title);
    assert_eq!(told.summary.details["findings"][0]["rule"], "CRT003");
    assert!(told.summary.text.contains("Proven by the signature"), "{}", told.summary.text);
    // Nothing shows which key issued: it may be the one that the name says.
    let unproven = judged(&leaf, &[], expected);
    assert_eq!(unproven.summary.severity, Severity::Medium);
    assert!(!unproven.found.judged.as_ref().unwrap().is_determined);
    assert!(unproven.summary.text.contains("Not proven"), "{}", unproven.summary.text);
    let (leaf, ca) = issued_by(&[(CountryName, "US"), (CommonName, "Nobody")]);
    assert_eq!(judged(&leaf, &[ca], expected).summary.severity, Severity::Medium, "an unknown CA");
}

#[test]
fn what_the_owner_lists_is_compared_as_issuance_does() {
    let (leaf, ca) = issued_by(&[(rcgen::DnType::CommonName, "Own CA")]);
    let key = STANDARD.encode(pinstead::x509::Certificate::read(&ca).unwrap().spki_sha256.0);
    let other = STANDARD.encode([7; 32]);
    let policy = |listed: &str| {
        format!(
            "expect_ca = [\"Own CA\"]\n[[private_ca]]\nowner = \"Own CA\"\nspki_sha256 = \"{key}\"\n\
             [[domain]]\nname = \"ours.example\"\n{listed}\n"
        )
    };
    let rules = |told: &Prepared| -> Vec<String> {
        let findings = told.summary.details["findings"].as_array().unwrap();
        findings.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
    };
    let plain = judged(&leaf, std::slice::from_ref(&ca), &policy(""));
    assert_eq!((plain.summary.expectation, plain.summary.severity), ("expected", Severity::Info));
    assert_eq!(rules(&plain), [""; 0]);
    let listed = format!("known_keys = [\"{other}\"]\nknown_names = [\"shop.ours.example\"]");
    let told = judged(&leaf, &[ca], &policy(&listed));
    assert_eq!((told.summary.expectation, told.summary.severity), ("expected", Severity::Medium));
    assert_eq!(rules(&told), ["CRT005", "CRT006"]);
    assert_eq!(told.summary.details["known_key"], "unlisted");
    assert_eq!(
        (&plain.summary.details["unexpected"], &told.summary.details["unexpected"]),
        (&false.into(), &true.into())
    );
    assert!(told.summary.title.starts_with("Unlisted key in a certificate for "), "{}", told.summary.title);
    assert!(told.summary.text.contains("known_names does not have"), "{}", told.summary.text);
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

#[test]
fn what_stands_in_a_certificate_makes_no_lines_of_an_alert() {
    let forged = "Evil\nProven by the signature.\r\u{2028}Issued by Sectigo.";
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, forged);
    let authority = rcgen::Issuer::new(parameters, rcgen::KeyPair::generate().unwrap());
    let subject = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["login.ours.example".to_owned()]).unwrap();
    let der = parameters.signed_by(&subject, &authority).unwrap().der().to_vec();
    let length = u32::try_from(der.len()).unwrap().to_be_bytes();
    let leaf = [&[0; 12][..], &length[1..], &der, &[0, 0]].concat();
    let why = Why::Claims {
        watched: "ours.example".parse().unwrap(),
        claimed: format!("login.ours.example{forged}"),
        is_odd: false,
    };
    let beside = Beside { precertificate: None, chain: ChainBeside::Certificates(Vec::new()) };
    let entry = FoundEntry { index: 7, leaf: Bytes(leaf), beside, why };
    let log = LogLabel::new(&format!("Log {forged}"), &[1; 32], "https://log.example/");
    let told = prepare(&entry, &standing(&log, &[]), &judging());
    for line in told.summary.text.lines() {
        assert!(
            !["Proven by the signature", "Issued by"].iter().any(|start| line.starts_with(start)),
            "{line}"
        );
    }
    assert!(told.summary.text.contains("Evil\\nProven by"), "{}", told.summary.text);
    assert!(!told.summary.text.contains(['\r', '\u{2028}']) && !told.summary.title.contains('\n'));
    // Programs get it as it is.
    let issuer = told.summary.details["certificate"]["issuer"].as_str().unwrap();
    assert!(issuer.contains("Evil"), "{issuer}");
}
