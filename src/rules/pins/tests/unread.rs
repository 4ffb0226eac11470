//! Pins of the host that could not be read: they may be any keys.

use crate::pins::testing::{path, question};
use crate::pins::*;
use crate::rules::pins::findings;
use crate::x509::SpkiSha256;

/// The judgement over a file of this name for api.example.com.
pub(super) fn judged(file: &str, text: &str) -> PinsVerdict {
    let files: Vec<PinFile> = formats::read(file, text.as_bytes());
    let path = path();
    judge(&files, &question(Some("api.example.com"), Some(&path)))
}

/// The status, and of the entry that applies how many pins were read, how many were not, and what they come to.
fn said(file: &str, text: &str) -> (PinsStatus, Vec<(usize, u32, Outcome, Backup)>) {
    let verdict = judged(file, text);
    let applying = verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let of = |entry: &EntryVerdict| (entry.pins.len(), entry.unread, entry.outcome, entry.backup);
    (verdict.status, applying.map(of).collect())
}

pub(super) fn key(word: &str) -> SpkiSha256 {
    SpkiSha256::of(word.as_bytes())
}

#[test]
fn an_entry_of_which_nothing_was_read_pins_nobody() {
    let react = "import { PINS } from './pins';\n\
                 initializeSslPinning({ 'api.example.com': { publicKeyHashes: PINS } });";
    let chromium = r#"{"pinsets": [{"name": "one", "static_spki_hashes": ["A", "B"]}],
        "entries": [{"name": "api.example.com", "pins": "one"}]}"#;
    let okhttp = "val pinner = CertificatePinner.Builder().add(\"api.example.com\", BuildConfig.PIN).build()\n\
                  val client = OkHttpClient.Builder().certificatePinner(pinner).build()";
    for (file, text, unread) in [("a.ts", react, 1), ("a.json", chromium, 2), ("A.kt", okhttp, 1)] {
        let expected = (PinsStatus::Undetermined, vec![(0, unread, Outcome::Unknown, Backup::Unknown)]);
        assert_eq!(said(file, text), expected, "{file}");
        let verdict = judged(file, text);
        assert!(verdict.is_uncompared() && verdict.reason.contains("none of them could be read"), "{file}");
    }
}

#[test]
fn an_unknown_pin_beside_known_ones_may_match() {
    let okhttp = |word: &str| {
        format!(
            "val pinner = CertificatePinner.Builder()\n\
             .add(\"api.example.com\", \"sha256/{}\", BuildConfig.SECOND_PIN).build()\n\
             val client = OkHttpClient.Builder().certificatePinner(pinner).build()",
            key(word)
        )
    };
    let trustkit = |word: &str| {
        format!(
            "let c = [kTSKPinnedDomains: [\"api.example.com\": [kTSKPublicKeyHashes: [\"{}\", Config.second]]]]\n\
             TrustKit.initSharedInstance(withConfiguration: c)",
            key(word)
        )
    };
    let react = |word: &str| {
        format!(
            "initializeSslPinning({{ 'api.example.com': {{ publicKeyHashes: ['{}', SECOND] }} }});",
            key(word)
        )
    };
    for file in ["A.kt", "A.swift", "a.ts"] {
        let text = |word: &str| match file {
            "A.kt" => okhttp(word),
            "A.swift" => trustkit(word),
            _ => react(word),
        };
        let of = |word| said(file, &text(word));
        assert_eq!(
            of("other"),
            (PinsStatus::Pinned, vec![(1, 1, Outcome::Unknown, Backup::Unknown)]),
            "{file}"
        );
        assert_eq!(
            of("root"),
            (PinsStatus::Pinned, vec![(1, 1, Outcome::Connects, Backup::Unknown)]),
            "{file}"
        );
        let found: Vec<&str> = findings(&judged(file, &text("other"))).iter().map(|one| one.rule).collect();
        assert!(found.contains(&"PIN050"), "{file}: {found:?}");
        assert!(!found.iter().any(|rule| ["PIN001", "PIN004", "PIN014"].contains(rule)), "{file}: {found:?}");
    }
}
