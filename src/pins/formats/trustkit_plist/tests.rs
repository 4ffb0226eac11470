//! Configurations as they stand in property lists, and what TrustKit makes of them.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::pins::{Reading, formats};
use crate::x509::SpkiSha256;

fn key(word: &str) -> String {
    SpkiSha256::of(word.as_bytes()).to_string()
}

/// A configuration with these settings (inner XML) for each domain.
fn configured(domains: &[(&str, &str)]) -> String {
    let domains: Vec<String> =
        domains.iter().map(|(name, inside)| format!("<key>{name}</key>\n<dict>{inside}</dict>")).collect();
    let domains = domains.concat();
    format!(
        "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>TSKConfiguration</key><dict>\
         <key>TSKPinnedDomains</key><dict>{domains}</dict></dict></dict></plist>"
    )
}

fn hashes(words: &[&str]) -> String {
    let items: Vec<String> = words.iter().map(|word| format!("<string>{}</string>", key(word))).collect();
    format!("<key>TSKPublicKeyHashes</key><array>{}</array>", items.concat())
}

fn read(octets: &[u8]) -> PinSource {
    match formats::tests::only("Info.plist", octets) {
        Reading::Read(source) => source,
        other => panic!("{other:?}"),
    }
}

fn refusal(domains: &[(&str, &str)]) -> Option<String> {
    read(configured(domains).as_bytes()).refusal().map(|problem| problem.what.clone())
}

#[test]
fn a_policy_is_read_with_its_defaults() {
    let source = read(configured(&[("www.example.com", &hashes(&["a", "b"]))]).as_bytes());
    assert_eq!(source.format, "trustkit");
    let entry = &source.entries[0];
    assert_eq!(entry.scope, HostPattern::Exactly("www.example.com".into()));
    assert_eq!(entry.enforcement.mode, EnforcementMode::Yes);
    assert_eq!(entry.line, Some(1));
    assert_eq!(entry.pins.len(), 2);
    assert_eq!(entry.pins[0].position, PositionRule::Any);
    assert!(source.problems.is_empty(), "{:?}", source.problems);
}

#[test]
fn a_binary_list_says_the_same() {
    let xml = configured(&[("example.com", &hashes(&["a", "b"]))]);
    let value = ::plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
    let mut binary = Cursor::new(Vec::new());
    value.to_writer_binary(&mut binary).unwrap();
    let source = read(&binary.into_inner());
    let keys: Vec<_> = source.entries[0].pins.iter().filter_map(Pin::spki).collect();
    assert_eq!(keys, [&SpkiSha256::of(b"a"), &SpkiSha256::of(b"b")]);
}

#[test]
fn switches_and_dates() {
    let inside = hashes(&["a"])
        + "<key>TSKEnforcePinning</key><false/><key>TSKIncludeSubdomains</key><true/>\
           <key>TSKExpirationDate</key><string>2030-01-02</string>";
    let source = read(configured(&[("Example.com", &inside)]).as_bytes());
    let entry = &source.entries[0];
    assert_eq!(entry.enforcement.mode, EnforcementMode::Report);
    assert_eq!(entry.scope, HostPattern::WithSubdomains("example.com".into()));
    let expiry = entry.expiry.as_ref().unwrap();
    assert_eq!(expiry.at.to_string(), "2030-01-02T00:00:00Z");
    assert_eq!(expiry.afterwards, AfterExpiry::FailOpen);
    assert!(source.refusal().is_none());
    let odd = hashes(&["a", "b"]) + "<key>TSKExpirationDate</key><string>02.01.2030</string>";
    let source = read(configured(&[("example.com", &odd)]).as_bytes());
    assert_eq!(source.entries[0].expiry, None);
    assert_eq!(source.problems[0].kind, ProblemKind::NoEffect);
}

#[test]
fn what_stops_the_app_is_refused() {
    let two = hashes(&["a", "b"]);
    for (domains, expected) in [
        (vec![("a.example", two.as_str())], Some("registry suffix")),
        (vec![("localhost", &two)], Some("registry suffix")),
        (vec![("example.com", &hashes(&["a"]))], Some("1 different pins")),
        (vec![("example.com", &hashes(&["a", "a"]))], Some("1 different pins")),
        (vec![("example.com", "<key>TSKEnforcePinning</key><false/>")], Some("0 different pins")),
        (
            vec![(
                "example.com",
                "<key>TSKPublicKeyHashes</key><array><string>AAAA</string><string>x</string></array>",
            )],
            Some("has 3 octets"),
        ),
        (vec![("co.uk", &format!("{two}<key>TSKIncludeSubdomains</key><true/>"))], Some("public suffix")),
        (
            vec![("a.example.com", "<key>TSKExcludeSubdomainFromParentPolicy</key><true/>")],
            Some("no name above"),
        ),
        (
            vec![("a.example.com", &format!("{two}<key>TSKExcludeSubdomainFromParentPolicy</key><true/>"))],
            Some("other keys beside"),
        ),
        (vec![], Some("is empty")),
        (vec![("example.com", &two)], None),
    ] {
        let domains: Vec<(&str, &str)> = domains;
        let said = refusal(&domains);
        match expected {
            None => assert_eq!(said, None),
            Some(word) => assert!(said.as_ref().is_some_and(|what| what.contains(word)), "{said:?}"),
        }
    }
}

#[test]
fn an_excluded_name_and_its_parent() {
    let parent = hashes(&["a", "b"]) + "<key>TSKIncludeSubdomains</key><true/>";
    let excluded = "<key>TSKExcludeSubdomainFromParentPolicy</key><true/>";
    let source = read(configured(&[("example.com", &parent), ("open.example.com", excluded)]).as_bytes());
    assert!(source.refusal().is_none(), "{:?}", source.problems);
    let mode = |host| TrustKitPlist.applicable(&source, host).first().map(|entry| entry.enforcement.mode);
    assert_eq!(mode("open.example.com"), Some(EnforcementMode::No));
    assert_eq!(mode("a.open.example.com"), Some(EnforcementMode::Yes));
    assert_eq!(mode("example.org"), None);
}

#[test]
fn names_under_another_public_suffix_are_not_below() {
    // “github.io” is a public suffix below “io”.
    let parent = hashes(&["a", "b"]) + "<key>TSKIncludeSubdomains</key><true/>";
    let source = read(configured(&[("example.com", &parent)]).as_bytes());
    assert_eq!(TrustKitPlist.applicable(&source, "a.b.example.com").len(), 1);
    assert_ne!(registry("x.github.io"), registry("github.com"));
}

#[test]
fn both_mechanisms_of_one_file_are_read() {
    let text = configured(&[("example.com", &hashes(&["a", "b"]))])
        .replace("<key>TSKConfiguration", "<key>NSPinnedDomains</key><dict/><key>TSKConfiguration");
    let formats: Vec<_> = formats::read("Info.plist", text.as_bytes())
        .into_iter()
        .map(|file| match file.reading {
            Reading::Read(source) => source.format,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(formats, ["ios-nspinneddomains", "trustkit"]);
}

#[test]
fn a_mac_leaves_pins_aside_for_anchors_of_its_user() {
    let text = configured(&[("example.com", &hashes(&["a", "b"]))]).replace(
        "<key>TSKConfiguration",
        "<key>LSMinimumSystemVersion</key><string>11</string><key>TSKConfiguration",
    );
    assert!(read(text.as_bytes()).entries[0].overridden_for_user_anchors);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(inside in "(<(/)?(dict|array|string|key|true/)>|TSKPublicKeyHashes|TSKExpirationDate|\\PC){0,40}") {
        let _ = formats::read("x", configured(&[("a.com", &inside)]).as_bytes());
        let _ = formats::read("x", configured(&[(&inside, "")]).as_bytes());
    }
}
