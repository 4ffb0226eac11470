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
use super::{Language, PinFormat, PinInput, code, looks_like_host, not_read};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, PinEntry, PinSource, PositionRule, ProblemKind,
};

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
        let callback = scan.places(&CALLBACKS).into_iter().find(|at| !is_unset(&scan, *at));
        let mut found = if callback.is_some() { hashes::in_file(&scan, false) } else { Vec::new() };
        let hashes_something = scan.has(&["sha256", "sha1"]);
        let revalidates = scan.has(&["VerifyOptions"]) || calls_verify(&scan);
        // What a callback does that is all here, validates and hashes nothing, has no pins.
        let only_validates = |at: &usize| revalidates && !hashes_something && !is_elsewhere(&scan, *at);
        if let Some(at) = skips {
            let line = scan.line(at);
            match callback {
                None => source
                    .problems
                    .push(no_validation(line, "InsecureSkipVerify switches the validation off")),
                Some(_) if revalidates => {}
                Some(callback) if is_elsewhere(&scan, callback) => {
                    let what = "InsecureSkipVerify switches the validation off, and whether the callback validates instead \
                                stands in another file";
                    source.problems.push(not_read(line, what.to_owned()));
                }
                Some(_) => {
                    let what = "InsecureSkipVerify switches the validation off, and a callback compares instead of it";
                    source.problems.push(instead(line, what));
                }
            }
        }
        let is_told = source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead);
        if let Some(at) = callback.filter(|at| found.is_empty() && !is_told && !only_validates(at)) {
            let what =
                "a callback compares certificates with values that this file does not spell out".to_owned();
            source.problems.push(not_read(scan.line(at), what));
        }
        let over = if scan.has(&["RawSubjectPublicKeyInfo", "MarshalPKIXPublicKey"]) {
            Over::Spki
        } else {
            Over::Certificate
        };
        let server = callback.and_then(|at| server_name(&scan, at));
        for one in found.iter_mut().filter(|one| one.host.is_none()) {
            one.host.clone_from(&server);
        }
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

/// The `ServerName` of the same `tls.Config` as the callback at this place: for it the certificate is asked.
fn server_name(scan: &Scan<'_>, callback: usize) -> Option<String> {
    let around = |at: usize| {
        let mut place = at;
        std::iter::from_fn(|| {
            place = place.checked_sub(1)?;
            if let Some(open) = scan.opening(place) {
                place = open;
            }
            Some(place)
        })
        .find(|at| scan.is(*at, "{"))
    };
    // Where it is set on a variable (`config.ServerName = …`), the variable is the same.
    let owner =
        |at: usize| at.checked_sub(2).filter(|_| scan.is_before(at, ".")).and_then(|at| scan.word(at));
    let is_same = |at: &usize| match owner(callback) {
        Some(name) => owner(*at) == Some(name),
        None => owner(*at).is_none() && around(callback).is_some() && around(*at) == around(callback),
    };
    let at = scan.places(&["ServerName"]).into_iter().find(is_same)?;
    let next = at.saturating_add(1);
    let value = next.saturating_add(1);
    let is_set = scan.is(next, ":") || scan.is(next, "=");
    // A call or a sum that only begins with a name is not that name.
    let ends = scan.end_of_expression(value) == value.saturating_add(1);
    scan.text(value..value.saturating_add(1)).filter(|host| is_set && ends && looks_like_host(host))
}

/// Whether code calls the `Verify` of a certificate by itself.
fn calls_verify(scan: &Scan<'_>) -> bool {
    scan.places(&["Verify"])
        .into_iter()
        .any(|at| scan.is_before(at, ".") && scan.is(at.saturating_add(1), "("))
}

/// Whether a callback is set to nothing.
fn is_unset(scan: &Scan<'_>, callback: usize) -> bool {
    let next = callback.saturating_add(1);
    (scan.is(next, ":") || scan.is(next, "=")) && scan.word(next.saturating_add(1)) == Some("nil")
}

/// Whether a callback is a function of another file.
fn is_elsewhere(scan: &Scan<'_>, callback: usize) -> bool {
    let value = callback.saturating_add(2);
    let end = scan.end_of_expression(value);
    if (value..end).any(|at| scan.word(at) == Some("func")) {
        return false;
    }
    let names: Vec<&str> = (value..end).filter_map(|at| scan.word(at)).collect();
    let is_here = |name: &&str| {
        scan.definition(name, callback).is_some()
            || scan.places(&[name]).into_iter().any(|at| {
                // A function, or a method behind its receiver.
                scan.word_before(at) == Some("func")
                    || at
                        .checked_sub(1)
                        .and_then(|close| scan.opening(close))
                        .is_some_and(|open| scan.word_before(open) == Some("func"))
            })
    };
    !names.iter().any(is_here)
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
        for entry in source.entries.iter_mut().filter(|entry| entry.scope == HostPattern::Unstated) {
            entry.enforcement = Enforcement {
                mode: EnforcementMode::Unknown,
                why:
                    "the names of these constants say that they are pins, and the code names no host for them"
                        .to_owned(),
            };
        }
        let what = "constants are named as pins; how they are compared is not read".to_owned();
        // Where each stands with a host, no other is meant.
        let hosts = source.entries.iter().map(|entry| entry.scope.host().map(|_| entry.scope.clone()));
        let about: Option<Vec<HostPattern>> = hosts.collect();
        source.problems.push(not_read(line, what).about(about.unwrap_or_default()));
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}
