//! Go, Rust and Python: comparisons in code of one's own.
//!
//! Sources: the documentation of Go's crypto/tls (`InsecureSkipVerify` switches the validation off;
//! `VerifyPeerCertificate` and `VerifyConnection` are called besides or, with it, instead). For Rust and Python there is
//! no one library: constants whose names say that they are pins are read as a guess.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::compared::{Comparison, Over, about_or_all, instead, no_validation, place};
use super::gathered::Gathered;
use super::hashes;
use super::scan::Scan;
use super::{Language, PinFormat, PinInput, code, not_read};
use crate::pins::model::{Confidence, Enforcement, EnforcementMode, PinEntry, PinSource, PositionRule};

/// Callbacks of Go's crypto/tls.
pub(in crate::pins::formats) struct Go;

const CALLBACKS: [&str; 2] = ["VerifyPeerCertificate", "VerifyConnection"];

impl PinFormat for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &[Language::Go]).is_some_and(|(text, _)| {
            text.contains("tls.")
                && (text.contains("InsecureSkipVerify")
                    || CALLBACKS.iter().any(|callback| text.contains(callback)))
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &[Language::Go]) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        let skips = scan.places(&["InsecureSkipVerify"]).into_iter().find(|at| {
            let next = at.saturating_add(1);
            (scan.is(next, ":") || scan.is(next, "=")) && scan.word(next.saturating_add(1)) == Some("true")
        });
        let callback = scan.places(&CALLBACKS).first().copied();
        let found = if callback.is_some() { hashes::in_file(&scan, false) } else { Vec::new() };
        let hashes_something = scan.has(&["sha256", "sha1"]);
        if let Some(at) = skips {
            let line = scan.line(at);
            let revalidates = scan.has(&["VerifyOptions"]);
            match callback {
                None => source
                    .problems
                    .push(no_validation(line, "InsecureSkipVerify switches the validation off")),
                Some(_) if revalidates => {}
                Some(_) => {
                    let what = "InsecureSkipVerify switches the validation off, and a callback compares instead of it";
                    source.problems.push(instead(line, what));
                }
            }
        }
        if let Some(at) = callback.filter(|_| found.is_empty() && hashes_something) {
            let what =
                "a callback compares certificates with values that this file does not spell out".to_owned();
            source.problems.push(not_read(scan.line(at), what));
        }
        let over = if scan.has(&["RawSubjectPublicKeyInfo", "MarshalPKIXPublicKey"]) {
            Over::Spki
        } else {
            Over::Certificate
        };
        let takes_all = scan.has(&["range"]);
        let enforcement = Enforcement {
            mode: EnforcementMode::Yes,
            why: "the callback compares the certificates of a connection with these values".to_owned(),
        };
        let position = if takes_all { PositionRule::Any } else { PositionRule::Leaf };
        let confidence = Confidence::Guessed("the comparison itself is not followed".to_owned());
        place(&scan, &found, &Comparison { over, position, enforcement, confidence }, &mut source);
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

/// Constants of Rust and Python that are named as pins.
pub(in crate::pins::formats) struct Constants;

const LANGUAGES: [Language; 2] = [Language::Rust, Language::Python];

impl PinFormat for Constants {
    fn id(&self) -> &'static str {
        "source-constants"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        let Some((text, language)) = code(input, &LANGUAGES) else { return false };
        let lower = text.to_lowercase();
        let is_about = ["spki", "pinned", "pins", "_pin", "pin_", "fingerprint", "thumbprint"]
            .iter()
            .any(|word| lower.contains(word));
        is_about && Scan::of(text, language).is_ok_and(|scan| !hashes::in_file(&scan, true).is_empty())
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &LANGUAGES) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        let found = hashes::in_file(&scan, true);
        let lower = text.to_lowercase();
        let is_certificate = lower.contains("fingerprint") || lower.contains("thumbprint");
        let over = if is_certificate && !lower.contains("spki") { Over::Certificate } else { Over::Spki };
        let enforcement = Enforcement {
            mode: EnforcementMode::Yes,
            why: "the names of these constants say that they are pins".to_owned(),
        };
        let confidence = Confidence::Guessed("only their names say what these constants are".to_owned());
        let line = found.first().and_then(|one| one.line);
        place(
            &scan,
            &found,
            &Comparison { over, position: PositionRule::Any, enforcement, confidence },
            &mut source,
        );
        let what = "constants are named as pins; how they are compared is not read".to_owned();
        source.problems.push(not_read(line, what));
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        super::about(source, host)
    }
}
