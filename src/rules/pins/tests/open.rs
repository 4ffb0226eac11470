//! What a file leaves to a build or to other code: neither “yes” nor “no”.

use super::unread::{judged, key};
use crate::pins::*;
use crate::rules::pins::findings;

/// The status, what the entries that apply say of enforcement and come to, and the rules that find something.
fn found(file: &str, text: &str) -> (PinsStatus, Vec<(EnforcementMode, Outcome)>, Vec<&'static str>) {
    let verdict = judged(file, text);
    let applying = verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let of = |entry: &EntryVerdict| (entry.enforced, entry.outcome);
    let entries = applying.map(of).collect();
    (verdict.status, entries, findings(&verdict).iter().map(|one| one.rule).collect())
}

/// A configuration of TrustKit in a property list.
fn plist(host: &str, more: &str) -> String {
    let (one, two) = (key("root"), key("other"));
    format!(
        "<plist version=\"1.0\"><dict><key>TSKConfiguration</key><dict><key>TSKPinnedDomains</key><dict>\
         <key>{host}</key><dict>{more}<key>TSKPublicKeyHashes</key><array><string>{one}</string>\
         <string>{two}</string></array></dict></dict></dict></dict></plist>"
    )
}

/// A Network Security Config with pins for a host.
fn nsc(host: &str, attributes: &str, more: &str) -> String {
    let pin = |word| format!("<pin digest=\"SHA-256\">{}</pin>", key(word));
    format!(
        "<network-security-config><domain-config><domain {attributes}>{host}</domain>\
         <pin-set>{}{}</pin-set>{more}</domain-config></network-security-config>",
        pin("root"),
        pin("other")
    )
}

#[test]
fn an_open_switch_for_subdomains_is_not_no() {
    let (one, two) = (key("root"), key("other"));
    let swift = |host: &str, value: &str| {
        format!(
            "let c = [kTSKPinnedDomains: [\"{host}\": [kTSKIncludeSubdomains: {value}, \
             kTSKPublicKeyHashes: [\"{one}\", \"{two}\"]]]]\nTrustKit.initSharedInstance(withConfiguration: c)"
        )
    };
    let react = |host: &str, value: &str| {
        format!(
            "const SUBS = {value};\ninitializeSslPinning({{ '{host}': \
             {{ includeSubdomains: SUBS, publicKeyHashes: ['{one}', '{two}'] }} }});"
        )
    };
    let android = |host: &str, value: &str| nsc(host, &format!("includeSubdomains=\"{value}\""), "");
    let trustkit = |host: &str, value: &str| {
        let setting = format!("<key>TSKIncludeSubdomains</key><string>{value}</string>");
        plist(host, &setting)
    };
    let ios = |host: &str, value: &str| {
        format!(
            "<plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
             <key>{host}</key><dict><key>NSIncludesSubdomains</key><string>{value}</string>\
             <key>NSPinnedCAIdentities</key><array><dict><key>SPKI-SHA256-BASE64</key><string>{one}</string></dict>\
             </array></dict></dict></dict></dict></plist>"
        )
    };
    let of = |file: &str, host: &str, value: &str| match file {
        "A.swift" => swift(host, value),
        "a.ts" => react(host, value),
        "a.xml" => android(host, value),
        "ios.plist" => ios(host, value),
        _ => trustkit(host, value),
    };
    for (file, value) in [
        ("A.swift", "Config.subdomains"),
        ("a.ts", "Config.SUBS"),
        ("a.xml", "${subs}"),
        ("a.plist", "$(SUBS)"),
        ("ios.plist", "$(SUBS)"),
    ] {
        let (status, entries, rules) = found(file, &of(file, "example.com", value));
        let unknown = vec![(EnforcementMode::Unknown, Outcome::Unknown)];
        assert_eq!((status, entries), (PinsStatus::Undetermined, unknown), "{file}");
        assert!(rules.contains(&"PIN050"), "{file}: {rules:?}");
        // The name itself is pinned either way.
        let (status, entries, rules) = found(file, &of(file, "api.example.com", value));
        let connects = vec![(EnforcementMode::Yes, Outcome::Connects)];
        assert_eq!((status, entries), (PinsStatus::Pinned, connects), "{file}");
        assert!(!rules.contains(&"PIN009"), "{file}: {rules:?}");
    }
    for (file, value) in [("A.swift", "true"), ("a.ts", "true"), ("a.xml", "true"), ("a.plist", "YES")] {
        assert_eq!(found(file, &of(file, "example.com", value)).0, PinsStatus::Pinned, "{file}");
    }
    for (file, value) in [("A.swift", "false"), ("a.ts", "false"), ("a.xml", "false"), ("a.plist", "NO")] {
        assert_eq!(found(file, &of(file, "example.com", value)).0, PinsStatus::NotPinned, "{file}");
    }
}

#[test]
fn an_open_switch_for_enforcement_is_neither_on_nor_off() {
    let (one, two) = (key("root"), key("other"));
    let code = |value: &str| {
        format!(
            "NSDictionary *c = @{{ kTSKPinnedDomains : @{{ @\"api.example.com\" : @{{ {value}, \
             kTSKPublicKeyHashes : @[@\"{one}\", @\"{two}\"] }} }} }};"
        )
    };
    let setting = |name: &str| plist("api.example.com", &format!("<key>{name}</key><string>$(X)</string>"));
    let anchors = "<trust-anchors><certificates src=\"system\" overridePins=\"${x}\"/></trust-anchors>";
    let trustkit = "<trustkit-config enforcePinning=\"${x}\"/>";
    for (file, text, sources) in [
        ("A.m", code("kTSKEnforcePinning : @(ENFORCE)"), 1),
        ("A.m", code("kTSKExcludeSubdomainFromParentPolicy : @(OUT)"), 1),
        ("a.plist", setting("TSKEnforcePinning"), 1),
        ("a.plist", setting("TSKExcludeSubdomainFromParentPolicy"), 1),
        ("a.xml", nsc("api.example.com", "", anchors), 1),
        ("a.xml", nsc("api.example.com", "", trustkit), 2),
    ] {
        let (status, entries, rules) = found(file, &text);
        let unknown = (EnforcementMode::Unknown, Outcome::Unknown);
        assert!(entries.contains(&unknown) && entries.len() == sources, "{file}: {entries:?}");
        // Android itself enforces what stands beside TrustKit's part.
        let expected = if sources == 1 { PinsStatus::Undetermined } else { PinsStatus::Pinned };
        assert_eq!(status, expected, "{text}");
        assert!(rules.contains(&"PIN050") && !rules.contains(&"PIN027"), "{file}: {rules:?}");
    }
    let value = code("kTSKEnforcePinning : ENFORCE");
    for (value, mode) in [
        (format!("BOOL ENFORCE = NO;\n{value}"), EnforcementMode::Report),
        (format!("BOOL ENFORCE = YES;\n{value}"), EnforcementMode::Yes),
        (format!("BOOL ENFORCE = YES;\nvoid f() {{ ENFORCE = NO; }}\n{value}"), EnforcementMode::Unknown),
    ] {
        assert_eq!(found("A.m", &value).1[0].0, mode, "{value}");
    }
}

#[test]
fn what_a_build_puts_in_is_no_dead_pin() {
    let toml = |word: &str| {
        format!("[[pin]]\nhosts = [\"api.example.com\"]\npins = [\"sha256/{}\", \"${{NEXT}}\"]\n", key(word))
    };
    let json = |word: &str| {
        format!("[{{\"host\": \"api.example.com\", \"pins\": [\"sha256/{}\", \"${{NEXT}}\"]}}]", key(word))
    };
    for (word, outcome) in [("other", Outcome::Unknown), ("root", Outcome::Connects)] {
        for (file, text) in [("pins.toml", toml(word)), ("a.json", json(word))] {
            let verdict = judged(file, &text);
            let entry = &verdict.sources[0].entries[0];
            assert_eq!((entry.pins.len(), entry.unread), (1, 1), "{file}");
            assert_eq!((entry.outcome, entry.backup), (outcome, Backup::Unknown), "{file}");
            let rules: Vec<&str> = findings(&verdict).iter().map(|one| one.rule).collect();
            assert!(rules.contains(&"PIN050"), "{file}: {rules:?}");
            assert!(
                !rules.iter().any(|rule| ["PIN001", "PIN004", "PIN005"].contains(rule)),
                "{file}: {rules:?}"
            );
        }
    }
}

#[test]
fn a_mistyped_setting_of_our_own_format_is_not_its_default() {
    let toml = |more: &str| {
        format!(
            "[[pin]]\nhosts = [\"api.example.com\"]\n{more}\npins = [\"sha256/{}\", \"sha256/{}\"]\n",
            key("root"),
            key("other")
        )
    };
    for (more, mode, pins, unread) in [
        ("enforce = \"reports\"", EnforcementMode::Unknown, 2, 0),
        ("position = \"server\"", EnforcementMode::Yes, 0, 2),
        ("kind = \"key\"", EnforcementMode::Yes, 0, 2),
        ("expires = \"soon\"", EnforcementMode::Unknown, 2, 0),
        ("expires = 2020-01-01\nafterwards = \"opened\"", EnforcementMode::Unknown, 2, 0),
        ("forbidden = [\"${BAD}\"]", EnforcementMode::Unknown, 2, 0),
    ] {
        let verdict = judged("pins.toml", &toml(more));
        let entry = &verdict.sources[0].entries[0];
        assert_eq!((entry.enforced, entry.pins.len(), entry.unread), (mode, pins, unread), "{more}");
        assert_eq!(entry.outcome, Outcome::Unknown, "{more}");
    }
    // A pin that says its own is none of those that the setting leaves open.
    let own = format!(
        "[[pin]]\nhosts = \"api.example.com\"\nposition = \"server\"\npins = [{{ value = \"{}\", position = \"any\" }}, 3]\n",
        key("root")
    );
    let entry = &judged("pins.toml", &own).sources[0].entries[0];
    assert_eq!((entry.pins.len(), entry.unread, entry.outcome), (1, 1, Outcome::Connects));
    // Names below are pinned perhaps.
    for (file, text) in [
        ("pins.toml", toml("subdomains = \"al\"").replace("api.example", "example")),
        (
            "a.json",
            format!(
                "[{{\"host\": \"example.com\", \"includeSubdomains\": \"${{SUBS}}\", \"pins\": [\"sha256/{}\"]}}]",
                key("root")
            ),
        ),
    ] {
        let (status, entries, _) = found(file, &text);
        let unknown = vec![(EnforcementMode::Unknown, Outcome::Unknown)];
        assert_eq!((status, entries), (PinsStatus::Undetermined, unknown), "{file}");
    }
    let json = format!(
        "[{{\"host\": \"api.example.com\", \"enforcePinning\": \"${{ON}}\", \"pins\": [\"sha256/{}\"]}}]",
        key("root")
    );
    assert_eq!(found("a.json", &json).1, [(EnforcementMode::Unknown, Outcome::Unknown)]);
}
