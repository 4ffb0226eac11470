//! Pins that are asked together, and apart: lists that must each match, patterns of one union, platforms of one file.

use crate::pins::testing::{path, question};
use crate::pins::*;
use crate::rules::Severity;
use crate::rules::pins::findings;
use crate::x509::SpkiSha256;

fn key(word: &str) -> SpkiSha256 {
    SpkiSha256::of(word.as_bytes())
}

fn judged(file: &str, text: &str) -> PinsVerdict {
    let path = path();
    judge(&formats::read(file, text.as_bytes()), &question(Some("api.example.com"), Some(&path)))
}

fn raised(verdict: &PinsVerdict) -> Vec<(&'static str, Severity)> {
    findings(verdict).iter().map(|finding| (finding.rule, finding.severity)).collect()
}

fn applying(verdict: &PinsVerdict) -> Vec<&EntryVerdict> {
    verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies).collect()
}

/// An Info.plist with these keys in its lists.
fn ios(leaf: &[&str], ca: &[&str]) -> String {
    let list = |name: &str, words: &[&str]| {
        let item =
            |word: &&str| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{}</string></dict>", key(word));
        let items: Vec<String> = words.iter().map(item).collect();
        if words.is_empty() {
            String::new()
        } else {
            format!("<key>{name}</key><array>{}</array>", items.concat())
        }
    };
    format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
         <key>api.example.com</key><dict>{}{}</dict></dict></dict></dict></plist>",
        list("NSPinnedLeafIdentities", leaf),
        list("NSPinnedCAIdentities", ca)
    )
}

#[test]
fn each_list_that_must_match_needs_its_own_backup() {
    for (leaf, ca, backup, leaf_only) in [
        (&["leaf"][..], &["intermediate", "offline"][..], Backup::Absent, true),
        (&["leaf", "offline"], &["intermediate"], Backup::Absent, true),
        (&["leaf", "offline"], &["intermediate", "other"], Backup::Present, true),
        (&[], &["intermediate", "other"], Backup::Present, false),
        (&["leaf", "offline"], &["elsewhere", "other"], Backup::Unknown, true),
    ] {
        let verdict = judged("Info.plist", &ios(leaf, ca));
        let entry = applying(&verdict)[0];
        assert_eq!((entry.backup, entry.matches_leaf_only()), (backup, leaf_only), "{leaf:?} {ca:?}");
        let found = raised(&verdict);
        assert_eq!(found.contains(&("PIN004", Severity::High)), backup == Backup::Absent, "{found:?}");
        // With a key to fall back on, keeping the leaf's key is a habit to hold, and no fault.
        let severity = if backup == Backup::Present { Severity::Low } else { Severity::Medium };
        assert_eq!(found.contains(&("PIN015", severity)), leaf_only, "{found:?}");
    }
    // One key in a list is one key, also without a chain.
    let alone = judge(
        &formats::read("Info.plist", ios(&["leaf", "next"], &["intermediate"]).as_bytes()),
        &question(None, None),
    );
    let found = findings(&alone);
    let finding = found.iter().find(|finding| finding.rule == "PIN004").unwrap();
    assert!(finding.message.contains("in the list of CAs"), "{}", finding.message);
}

/// A pinner with a key for each pattern.
fn okhttp(pins: &[(&str, &str)]) -> String {
    let calls: Vec<String> =
        pins.iter().map(|(pattern, word)| format!(".add(\"{pattern}\", \"sha256/{}\")", key(word))).collect();
    format!(
        "val pinner = CertificatePinner.Builder(){}.build()\n\
         val client = OkHttpClient.Builder().certificatePinner(pinner).build()",
        calls.concat()
    )
}

#[test]
fn the_pins_of_all_patterns_of_a_union_are_one_set() {
    let verdict =
        judged("A.kt", &okhttp(&[("*.example.com", "offline"), ("**.example.com", "intermediate")]));
    for entry in applying(&verdict) {
        assert_eq!((entry.outcome, entry.backup), (Outcome::Connects, Backup::Present));
    }
    assert_eq!(raised(&verdict).iter().filter(|(rule, _)| *rule == "PIN004").count(), 0);
    // What is told is told once.
    let verdict =
        judged("A.kt", &okhttp(&[("*.example.com", "intermediate"), ("**.example.com", "intermediate")]));
    let found = raised(&verdict);
    for rule in ["PIN004", "PIN025"] {
        assert_eq!(found.iter().filter(|(found, _)| *found == rule).count(), 1, "{rule}: {found:?}");
    }
    // Without a host, each pattern is for hosts of its own.
    let files = formats::read("A.kt", okhttp(&[("*.example.com", "a"), ("**.example.com", "b")]).as_bytes());
    let all = judge(&files, &question(None, None));
    assert_eq!(raised(&all).iter().filter(|(rule, _)| *rule == "PIN004").count(), 2);
}

fn toml(entries: &[(&str, &str, &[&str])]) -> String {
    let entry = |(host, platform, words): &(&str, &str, &[&str])| {
        let pins: Vec<String> = words.iter().map(|word| format!("\"sha256/{}\"", key(word))).collect();
        let platform =
            if platform.is_empty() { String::new() } else { format!("platform = \"{platform}\"\n") };
        format!("[[pin]]\nhosts = [\"{host}\"]\nsubdomains = true\n{platform}pins = [{}]\n", pins.join(", "))
    };
    entries.iter().map(entry).collect::<Vec<_>>().concat()
}

#[test]
fn every_platform_of_a_file_is_judged() {
    let both: [(&str, &str, &[&str]); 2] = [
        ("api.example.com", "android", &["intermediate", "offline"]),
        ("api.example.com", "ios", &["other", "offline"]),
    ];
    let verdict = judged("pins.toml", &toml(&both));
    let said: Vec<_> =
        applying(&verdict).iter().map(|entry| (entry.platform.clone(), entry.outcome)).collect();
    assert_eq!(said, [(Some("android".into()), Outcome::Connects), (Some("ios".into()), Outcome::LockedOut)]);
    let found = raised(&verdict);
    assert!(
        found.contains(&("PIN001", Severity::Critical)) && found.iter().any(|(rule, _)| *rule == "PIN038"),
        "{found:?}"
    );
    // On a platform that is named the more specific counts, and elsewhere what names none.
    let wide: [(&str, &str, &[&str]); 3] = [
        ("example.com", "", &["root", "a"]),
        ("api.example.com", "ios", &["root", "b"]),
        ("example.com", "ios", &["root", "c"]),
    ];
    let verdict = judged("pins.toml", &toml(&wide));
    let lines: Vec<_> = applying(&verdict).iter().map(|entry| entry.pins[1].pin.to_string()).collect();
    assert_eq!(lines, [format!("sha256/{}", key("a")), format!("sha256/{}", key("b"))]);
}

#[test]
fn entries_for_the_same_app_are_each_judged() {
    let twice: [(&str, &str, &[&str]); 2] =
        [("api.example.com", "ios", &["root", "a"]), ("api.example.com", "ios", &["other", "b"])];
    let verdict = judged("pins.toml", &toml(&twice));
    let outcomes: Vec<_> = applying(&verdict).iter().map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, [Outcome::Connects, Outcome::LockedOut]);
    let found = raised(&verdict);
    assert!(found.iter().any(|(rule, _)| *rule == "PIN038"), "{found:?}");
    assert!(found.contains(&("PIN001", Severity::Critical)), "{found:?}");
}

#[test]
fn a_chain_that_clients_refuse_leaves_open_what_they_do() {
    for word in ["root", "other"] {
        let mut verdict = judged("pins.toml", &toml(&[("api.example.com", "", &[word, "offline"])]));
        assert_ne!(applying(&verdict)[0].outcome, Outcome::Unknown);
        verdict.doubt_chain("the certificate ended");
        assert_eq!(applying(&verdict)[0].outcome, Outcome::Unknown);
        assert!(verdict.is_uncompared() && verdict.reason.ends_with("the certificate ended"));
        assert!(!raised(&verdict).iter().any(|(rule, _)| *rule == "PIN001"));
    }
}

#[test]
fn pins_that_come_at_run_time_un_pin_nothing() {
    let text = format!(
        "{}[[pin]]\nhosts = [\"api.example.com\"]\nbootstrap = \"signed\"\npins = []\n",
        toml(&[("example.com", "", &["root", "offline"])])
    );
    let verdict = judged("pins.toml", &text);
    let entry = applying(&verdict)[0];
    assert_eq!((entry.enforced, entry.outcome), (EnforcementMode::Unknown, Outcome::Unknown));
    assert_eq!(verdict.status, PinsStatus::Undetermined);
    assert!(
        !raised(&verdict).iter().any(|(rule, _)| ["PIN012", "PIN027"].contains(rule)),
        "{:?}",
        raised(&verdict)
    );
}
