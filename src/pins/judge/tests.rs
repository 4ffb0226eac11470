//! Verdicts for hosts, over files written here.

use super::*;
use crate::pins::testing::{path, question};
use crate::pins::{Enforcement, PinValue};
use crate::x509::ChainPosition;

fn pin(name: &str) -> String {
    SpkiSha256::of(name.as_bytes()).to_string()
}

pub(super) fn nsc(attributes: &str, names: &[&str]) -> String {
    let pins: String = names
        .iter()
        .map(|name| format!("<pin digest='SHA-256'>{}</pin>", pin(name)))
        .collect::<Vec<_>>()
        .concat();
    format!(
        "<network-security-config><domain-config><domain includeSubdomains='true'>example.com</domain>\
         <pin-set {attributes}>{pins}</pin-set></domain-config></network-security-config>"
    )
}

fn ios(leaf: &[&str], ca: &[&str]) -> String {
    let list = |name: &str, keys: &[&str]| {
        let items: String = keys
            .iter()
            .map(|key| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{}</string></dict>", pin(key)))
            .collect::<Vec<_>>()
            .concat();
        if keys.is_empty() { String::new() } else { format!("<key>{name}</key><array>{items}</array>") }
    };
    format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
         <key>example.com</key><dict>{}{}</dict></dict></dict></dict></plist>",
        list("NSPinnedLeafIdentities", leaf),
        list("NSPinnedCAIdentities", ca)
    )
}

/// What is said of files without a path.
pub(super) fn judged_files(files: &[PinFile], host: &str) -> PinsVerdict {
    let question = Question {
        host: Some(host),
        path: None,
        off_path: &[],
        paths: &[],
        certificates: &[],
        service: None,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    };
    judge(files, &question)
}

fn judged(texts: &[&str], host: &str, with_path: bool) -> PinsVerdict {
    let files: Vec<PinFile> = texts
        .iter()
        .map(|text| PinFile { file: "file".into(), reading: formats::tests::only("file", text.as_bytes()) })
        .collect();
    let path = path();
    judge(&files, &question(Some(host), with_path.then_some(path.as_slice())))
}

fn only(verdict: &PinsVerdict) -> &EntryVerdict {
    &verdict.sources[0].entries[0]
}

#[test]
fn a_host_is_pinned_where_something_is_enforced() {
    let text = nsc("", &["intermediate", "offline"]);
    let verdict = judged(&[&text], "www.example.com", true);
    assert_eq!(verdict.status, PinsStatus::Pinned);
    let entry = only(&verdict);
    assert_eq!(entry.outcome, Outcome::Connects);
    assert_eq!(entry.backup, Backup::Present);
    assert_eq!(entry.pins[0].matches, PinMatch::At(ChainPosition::Intermediate));
    assert_eq!(entry.pins[1].matches, PinMatch::None);
    assert!(!entry.matches_leaf_only());
}

#[test]
fn unknown_is_not_no() {
    let text = nsc("", &["a", "b"]);
    assert_eq!(judged(&[], "example.com", true).status, PinsStatus::NoPinSources);
    assert_eq!(judged(&[&text], "example.org", true).status, PinsStatus::NotPinned);
    assert_eq!(judged(&[&text, "?"], "example.org", true).status, PinsStatus::Undetermined);
    assert_eq!(judged(&[&text, "?"], "example.com", true).status, PinsStatus::Pinned);
    let verdict = judged(&[&text], "example.com", false);
    let entry = only(&verdict);
    assert_eq!((entry.outcome, entry.backup), (Outcome::Unknown, Backup::Unknown));
    assert_eq!(entry.pins[0].matches, PinMatch::NotChecked);
}

#[test]
fn no_match_locks_out() {
    let verdict = judged(&[&nsc("", &["a", "b"])], "example.com", true);
    assert_eq!(only(&verdict).outcome, Outcome::LockedOut);
    assert_eq!(only(&verdict).backup, Backup::Unknown);
}

#[test]
fn a_pin_of_a_served_certificate_beside_the_path_leaves_it_open() {
    let verdict = judged(&[&nsc("", &["cross", "offline"])], "example.com", true);
    let entry = only(&verdict);
    assert_eq!(entry.outcome, Outcome::Unknown);
    assert_eq!(entry.pins[0].matches, PinMatch::None);
    assert!(entry.pins[0].off_path && !entry.pins[1].off_path && verdict.is_uncompared());
    for (text, expected) in [
        (nsc("", &["cross", "leaf"]), Outcome::Connects),
        (ios(&["leaf"], &["cross"]), Outcome::Unknown),
        (ios(&["other"], &["cross"]), Outcome::LockedOut),
        (ios(&["cross"], &[]), Outcome::LockedOut),
        (format!("sha256//{}", pin("cross")), Outcome::LockedOut),
    ] {
        assert_eq!(only(&judged(&[&text], "example.com", true)).outcome, expected, "{text}");
    }
}

/// The path of the tests, and one that ends at its intermediate.
fn on_two_paths(text: &str, trusted: bool) -> EntryVerdict {
    let files = [PinFile { file: "file".into(), reading: formats::tests::only("file", text.as_bytes()) }];
    let path = path();
    let mut short = path.clone();
    short.pop();
    let paths = [
        ClientPath { certificates: path.clone(), trusted: true },
        ClientPath { certificates: short, trusted },
    ];
    let verdict = judge(
        &files,
        &Question {
            host: Some("example.com"),
            path: Some(&path),
            off_path: &[],
            paths: &paths,
            certificates: &[],
            service: None,
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            known_ca: &|_| None,
        },
    );
    only(&verdict).clone()
}

#[test]
fn a_pin_that_is_not_on_every_path_depends_on_the_client() {
    for (names, trusted, verdict, outcome) in [
        (["root", "offline"], true, PathsVerdict::Some, Outcome::Unknown),
        (["root", "offline"], false, PathsVerdict::Some, Outcome::Connects),
        (["root", "intermediate"], true, PathsVerdict::All, Outcome::Connects),
        (["leaf", "offline"], true, PathsVerdict::All, Outcome::Connects),
        (["other", "offline"], true, PathsVerdict::None, Outcome::LockedOut),
    ] {
        let entry = on_two_paths(&nsc("", &names), trusted);
        assert_eq!((entry.paths.verdict(), entry.outcome), (verdict, outcome), "{names:?} {trusted}");
    }
    let entry = on_two_paths(&nsc("", &["root", "intermediate"]), true);
    assert_eq!(entry.pins[0].paths.verdict(), PathsVerdict::Some);
    assert_eq!(entry.pins[0].paths.matching(), ["intermediate ← root"]);
    assert_eq!(entry.pins[0].paths.not_matching(), ["intermediate"]);
    assert_eq!(entry.pins[1].paths.verdict(), PathsVerdict::All);
    // Both lists must match, each on its own terms.
    let entry = on_two_paths(&ios(&["leaf"], &["root"]), true);
    assert_eq!(entry.paths.verdict(), PathsVerdict::Some);
    let unasked = judged(&[&nsc("", &["root"])], "example.com", true);
    assert_eq!(only(&unasked).paths.verdict(), PathsVerdict::Unknown);
}

#[test]
fn expiry_is_at_the_start_of_the_day_of_each_device_and_fails_open() {
    use ExpiryState::{Ahead, DependsOnDevice, Ended};
    let text = nsc("expiration='2026-11-22'", &["leaf", "x"]);
    let files = [PinFile { file: "file".into(), reading: formats::tests::only("file", text.as_bytes()) }];
    let path = path();
    // The first device comes to that day 14 hours before UTC does, the last 12 after it; Android asks whether now is
    // after that moment.
    for (at, state) in [
        ("2026-11-21T10:00:00Z", Ahead),
        ("2026-11-21T10:00:01Z", DependsOnDevice),
        ("2026-11-22T00:00:00Z", DependsOnDevice),
        ("2026-11-22T12:00:00Z", DependsOnDevice),
        ("2026-11-22T12:00:01Z", Ended),
    ] {
        let question = Question { at: at.parse().unwrap(), ..question(Some("example.com"), Some(&path)) };
        let verdict = judge(&files, &question);
        let entry = only(&verdict);
        assert_eq!((entry.expiry_state, entry.expired), (Some(state), state == Ended), "{at}");
        let expected = match state {
            Ahead => (EnforcementMode::Yes, Outcome::Connects, PinsStatus::Pinned),
            DependsOnDevice => (EnforcementMode::Unknown, Outcome::Unknown, PinsStatus::Undetermined),
            Ended => (EnforcementMode::No, Outcome::NotEnforced, PinsStatus::NotPinned),
        };
        assert_eq!((entry.enforced, entry.outcome, verdict.status), expected, "{at}");
        assert_eq!(entry.why.contains("depends on the device"), state == DependsOnDevice, "{}", entry.why);
    }
}

#[test]
fn paths_that_were_not_looked_at_leave_it_open() {
    let path = path();
    let further = ClientPath { certificates: path[..1].to_vec(), trusted: true };
    let paths = [ClientPath { certificates: path.clone(), trusted: true }, further];
    for (names, verdict, outcome) in [
        (["leaf", "offline"], PathsVerdict::All, Outcome::Connects),
        (["root", "offline"], PathsVerdict::Unknown, Outcome::Unknown),
        (["other", "offline"], PathsVerdict::Unknown, Outcome::Unknown),
    ] {
        let reading = formats::tests::only("file", nsc("", &names).as_bytes());
        let files = [PinFile { file: "file".into(), reading }];
        let question = Question { paths: &paths, ..question(Some("example.com"), Some(&path)) };
        let judged = judge(&files, &question);
        let entry = only(&judged);
        assert_eq!((entry.paths.verdict(), entry.outcome), (verdict, outcome), "{names:?}");
    }
}

#[test]
fn a_private_root_may_be_an_anchor_that_overrides_the_pins() {
    let anchors = "<trust-anchors><certificates src='system'/><certificates src='@raw/company' overridePins='true'/>\
                   </trust-anchors>";
    let inside =
        |names: &[&str], anchors: &str| nsc("", names).replace("<pin-set", &format!("{anchors}<pin-set"));
    let public = |key: &SpkiSha256| {
        (*key == SpkiSha256::of(b"root")).then(|| KnownCa {
            name: "A public root".to_owned(),
            owner: None,
            not_after: None,
            retired: None,
        })
    };
    let path = path();
    for (text, is_public, expected) in [
        (inside(&["a", "b"], anchors), false, Outcome::Unknown),
        (inside(&["a", "b"], anchors), true, Outcome::LockedOut),
        (inside(&["a", "b"], ""), false, Outcome::LockedOut),
        (inside(&["root", "b"], anchors), false, Outcome::Connects),
    ] {
        let files = [PinFile { file: "file".into(), reading: formats::tests::only("file", text.as_bytes()) }];
        let mut question = question(Some("example.com"), Some(&path));
        if is_public {
            question.known_ca = &public;
        }
        let verdict = judge(&files, &question);
        assert_eq!(only(&verdict).outcome, expected, "{text}");
        assert_eq!(only(&verdict).why.contains("no public table"), expected == Outcome::Unknown, "{text}");
    }
}

#[test]
fn backups_are_usable_keys_outside_the_path() {
    for (names, expected) in [
        (&["leaf"][..], Backup::Absent),
        (&["leaf", "leaf"], Backup::Absent),
        (&["leaf", "root"], Backup::Absent),
        (&["leaf", "offline"], Backup::Present),
    ] {
        assert_eq!(only(&judged(&[&nsc("", names)], "example.com", true)).backup, expected, "{names:?}");
    }
    let placeholder = nsc("", &["leaf"]).replace(
        "</pin-set>",
        "<pin digest='SHA-256'>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</pin></pin-set>",
    );
    assert_eq!(only(&judged(&[&placeholder], "example.com", true)).backup, Backup::Absent);
}

#[test]
fn ios_wants_a_match_in_each_list() {
    for (leaf, ca, expected) in [
        (&["leaf"][..], &[][..], Outcome::Connects),
        (&[], &["intermediate"], Outcome::Connects),
        (&[], &["root"], Outcome::Connects),
        (&["leaf"], &["intermediate"], Outcome::Connects),
        (&["leaf"], &["other"], Outcome::LockedOut),
        (&["other"], &["root"], Outcome::LockedOut),
        (&[], &["leaf"], Outcome::LockedOut),
        (&["intermediate"], &[], Outcome::LockedOut),
    ] {
        let verdict = judged(&[&ios(leaf, ca)], "example.com", true);
        assert_eq!(only(&verdict).outcome, expected, "{leaf:?} {ca:?}");
    }
    // Without NSIncludesSubdomains, the host alone.
    assert_eq!(judged(&[&ios(&["leaf"], &[])], "www.example.com", true).status, PinsStatus::NotPinned);
}

#[test]
fn curl_compares_the_leaf_alone() {
    for (name, expected) in [("leaf", Outcome::Connects), ("intermediate", Outcome::LockedOut)] {
        let verdict = judged(&[&format!("sha256//{}", pin(name))], "any.example", true);
        assert_eq!(only(&verdict).outcome, expected, "{name}");
    }
}

#[test]
fn a_refused_file_pins_nothing() {
    let text = nsc("expiration='never'", &["leaf", "x"]);
    let verdict = judged(&[&text], "example.com", true);
    assert_eq!(verdict.status, PinsStatus::NotPinned);
    assert!(only(&verdict).why.contains("refuses the whole file"));
}

#[test]
fn a_forbidden_key_refuses_whatever_else_matches() {
    let list = |good: &str, bad: &str| {
        let (good, bad) = (pin(good), pin(bad));
        format!(
            "{{\"pinsets\": [{{\"name\": \"one\", \"static_spki_hashes\": [\"A\"], \"bad_static_spki_hashes\": [\"B\"]}}], \
             \"entries\": [{{\"name\": \"example.com\", \"include_subdomains\": true, \"pins\": \"one\"}}]}}\n\
             PinsListTimestamp\n1795000000\nA\nsha256/{good}\nB\nsha256/{bad}\n"
        )
    };
    let outcome = |good, bad| only(&judged(&[&list(good, bad)], "www.example.com", true)).outcome;
    assert_eq!(outcome("root", "other"), Outcome::Connects);
    assert_eq!(outcome("root", "intermediate"), Outcome::LockedOut);
    // The root is no public one: the device's owner may have added it, and Chrome leaves the pins aside then.
    assert_eq!(outcome("other", "other"), Outcome::Unknown);
    let verdict = judged(&[&list("root", "leaf")], "example.com", true);
    assert!(only(&verdict).why.contains("forbids"), "{}", only(&verdict).why);
}

/// A list that forbids keys and pins none refuses as one does that has pins beside.
#[test]
fn a_list_of_forbidden_keys_alone_is_in_force() {
    let toml = |pins: &str, bad: &str, more: &str| {
        let bad = pin(bad);
        format!(
            "version = 1\n[[pin]]\nhosts = [\"example.com\"]\npins = [{pins}]\nforbidden = [\"{bad}\"]\n{more}"
        )
    };
    let judged_of = |text: &str, with_path| {
        let verdict = judged(&[text], "example.com", with_path);
        let entry = only(&verdict);
        (verdict.status, entry.outcome, entry.is_compared())
    };
    for key in ["leaf", "intermediate", "root"] {
        let alone = judged_of(&toml("", key, ""), true);
        assert_eq!(alone, (PinsStatus::Pinned, Outcome::LockedOut, true), "{key}");
        assert_eq!(alone, judged_of(&toml(&format!("\"{}\"", pin("leaf")), key, ""), true), "{key}");
    }
    assert_eq!(judged_of(&toml("", "other", ""), true), (PinsStatus::Pinned, Outcome::Connects, true));
    assert_eq!(judged_of(&toml("", "leaf", ""), false), (PinsStatus::Pinned, Outcome::Unknown, false));
    // A pin that could not be read may be one that does not match.
    assert_eq!(judged_of(&toml("\"${PIN}\"", "other", ""), true).1, Outcome::Unknown);
    assert_eq!(judged_of(&toml("\"${PIN}\"", "leaf", ""), true).1, Outcome::LockedOut);
    for off in ["enforce = \"report\"\n", "expires = \"2020-01-01\"\nafterwards = \"open\"\n"] {
        let (status, outcome, _) = judged_of(&toml("", "leaf", off), true);
        assert_eq!((status, outcome), (PinsStatus::NotPinned, Outcome::NotEnforced), "{off}");
    }
    let run_time = judged_of(&toml("", "other", "bootstrap = \"signed\"\n"), true);
    assert_eq!(run_time.1, Outcome::Unknown, "what comes at run time is not known");
}

#[test]
fn a_guess_alone_is_neither_pinned_nor_not() {
    let enforcement = Enforcement { mode: EnforcementMode::Yes, why: "the client refuses".to_owned() };
    let status = |confidence: &[Confidence]| {
        let pin = Pin::new("x", Ok(PinValue::Spki(SpkiSha256::of(b"x"))), PositionRule::Any, None);
        let entries = confidence.iter().map(|confidence| PinEntry {
            confidence: confidence.clone(),
            pins: vec![pin.clone()],
            ..PinEntry::of(HostPattern::Exactly("example.com".to_owned()), enforcement.clone())
        });
        let source = PinSource { entries: entries.collect(), ..PinSource::of("okhttp") };
        let files = [PinFile { file: "Net.kt".to_owned(), reading: Reading::Read(source) }];
        let verdict = judge(&files, &question(None, None));
        (verdict.status, verdict.reason)
    };
    let guess = Confidence::Guessed("its use is not seen".to_owned());
    let (guessed, why) = status(std::slice::from_ref(&guess));
    assert_eq!(guessed, PinsStatus::Undetermined);
    assert!(why.contains("its use is not seen"), "{why}");
    assert_eq!(status(&[guess, Confidence::Read]).0, PinsStatus::Pinned);
}

/// The judgement over one entry for www.example.com that has these pins, and as many more that could not be read.
fn with_unread(keys: &[&str], unread: u32, mode: EnforcementMode) -> (PinsStatus, EntryVerdict, bool) {
    let enforcement = Enforcement { mode, why: "for this test".to_owned() };
    let pin = |key: &&str| {
        let value = PinValue::Spki(SpkiSha256::of(key.as_bytes()));
        Pin::new(&value.to_string(), Ok(value), PositionRule::Any, None)
    };
    let entry = PinEntry {
        pins: keys.iter().map(pin).collect(),
        unread,
        ..PinEntry::of(HostPattern::Exactly("www.example.com".to_owned()), enforcement)
    };
    let source = PinSource { entries: vec![entry], ..PinSource::of("react-native") };
    let files = [PinFile { file: "f".to_owned(), reading: Reading::Read(source) }];
    let path = path();
    let verdict = judge(&files, &question(Some("www.example.com"), Some(&path)));
    (verdict.status, only(&verdict).clone(), verdict.is_uncompared())
}

#[test]
fn pins_that_could_not_be_read_may_be_any_keys() {
    use EnforcementMode::Yes;
    let of = |keys: &[&str], unread| {
        let (status, entry, open) = with_unread(keys, unread, Yes);
        (status, entry.outcome, entry.backup, open)
    };
    // None was read: neither pinned nor locked out.
    assert_eq!(of(&[], 0), (PinsStatus::Undetermined, Outcome::Unknown, Backup::Unknown, true));
    assert_eq!(of(&[], 2), (PinsStatus::Undetermined, Outcome::Unknown, Backup::Unknown, true));
    // One that was read decides only where it matches.
    assert_eq!(of(&["other"], 0), (PinsStatus::Pinned, Outcome::LockedOut, Backup::Absent, false));
    assert_eq!(of(&["other"], 1), (PinsStatus::Pinned, Outcome::Unknown, Backup::Unknown, true));
    assert_eq!(of(&["root"], 1), (PinsStatus::Pinned, Outcome::Connects, Backup::Unknown, false));
    assert_eq!(of(&["root", "other"], 1), (PinsStatus::Pinned, Outcome::Connects, Backup::Present, false));
}

#[test]
fn whether_pins_are_enforced_may_be_unknown() {
    for keys in [&["root"][..], &["other"], &[]] {
        let (status, entry, open) = with_unread(keys, 0, EnforcementMode::Unknown);
        assert_eq!((status, entry.outcome, open), (PinsStatus::Undetermined, Outcome::Unknown, true));
        assert_eq!(entry.enforced.name(), "unknown");
    }
}
