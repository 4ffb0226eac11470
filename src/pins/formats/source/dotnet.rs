//! Certificate callbacks of .NET.
//!
//! Source: Microsoft's documentation: `ServicePointManager` is obsolete and not asked by `HttpClient`;
//! `GetPublicKeyString` is the key's bits in hexadecimal, without the SubjectPublicKeyInfo and not hashed;
//! `GetCertHashString` and `Thumbprint` are the SHA-1 hash of the certificate. A callback decides alone: what it does not
//! ask of `SslPolicyErrors` is not validated.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use sha2::{Digest as _, Sha256};

use super::compared::{Comparison, Over, about_or_all, instead, no_validation, place};
use super::gathered::Gathered;
use super::hashes::{self, Found, Hash};
use super::scan::Scan;
use super::{Language, PinFormat, PinInput, code, not_read};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, PinEntry, PinSource, PositionRule, Problem, ProblemKind,
};

/// Callbacks of .NET that compare certificates.
pub(in crate::pins::formats) struct DotNet;

const CALLBACKS: [&str; 4] = [
    "ServerCertificateCustomValidationCallback",
    "ServerCertificateValidationCallback",
    "RemoteCertificateValidationCallback",
    "DangerousAcceptAnyServerCertificateValidator",
];
/// What a callback compares.
const COMPARED: [&str; 8] = [
    "GetPublicKeyString",
    "GetPublicKey",
    "GetCertHashString",
    "GetCertHash",
    "Thumbprint",
    "ExportSubjectPublicKeyInfo",
    "GetRawCertData",
    "RawData",
];
/// The longest callback that may be nothing but an acceptance, in tokens.
const LONGEST_CALLBACK: usize = 500;
/// The shortest key that is taken for one, in octets: a P-256 point has 65.
const SHORTEST_KEY: usize = 60;

impl PinFormat for DotNet {
    fn id(&self) -> &'static str {
        "dotnet"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &[Language::CSharp]).is_some_and(|(text, _)| {
            let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
            has(&CALLBACKS)
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &[Language::CSharp]) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        let compares = scan.has(&COMPARED);
        let asks = scan.tokens.windows(3).any(|three| {
            matches!(three, [errors, dot, none]
                if errors.word() == Some("SslPolicyErrors") && dot.is(".") && none.word() == Some("None"))
        });
        for at in scan.places(&CALLBACKS) {
            let line = scan.line(at);
            let is_old = at.checked_sub(2).and_then(|at| scan.word(at)) == Some("ServicePointManager");
            if is_old {
                let what = "ServicePointManager is obsolete, and HttpClient does not ask it".to_owned();
                source.problems.push(Problem::of(ProblemKind::Obsolete, line, what));
            }
            let is_any = scan.word(at) == Some("DangerousAcceptAnyServerCertificateValidator");
            if is_any || (accepts_all(&scan, at) && !compares) {
                source.problems.push(no_validation(line, "the callback accepts every certificate"));
            } else if compares && !asks && !is_old && scan.is(at.saturating_add(1), "=") {
                let what =
                    "the callback compares a key or certificate and does not ask for SslPolicyErrors.None";
                source.problems.push(instead(line, what));
            }
        }
        if compares {
            read_pins(&scan, &mut source);
        }
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

/// Whether what is assigned to a callback is nothing but `=> true` or `return true`.
fn accepts_all(scan: &Scan<'_>, at: usize) -> bool {
    let equals = at.saturating_add(1);
    if !scan.is(equals, "=") && !scan.is(equals, "+=") {
        return false;
    }
    let start = equals.saturating_add(1);
    let value = start..scan.end_of_expression(start).min(start.saturating_add(LONGEST_CALLBACK));
    let words: Vec<&str> = value.clone().filter_map(|at| scan.word(at)).collect();
    words.last() == Some(&"true")
        && !words.contains(&"if")
        && !value.clone().any(|at| scan.is(at, "==") || scan.is(at, "||"))
        && value.clone().any(|at| scan.is(at, "=>") || scan.word(at) == Some("delegate"))
}

fn read_pins(scan: &Scan<'_>, source: &mut Gathered) {
    let over = if scan.has(&["ExportSubjectPublicKeyInfo"]) {
        Over::Spki
    } else if scan.has(&["GetPublicKeyString", "GetPublicKey"]) {
        Over::RawKey
    } else {
        Over::Certificate
    };
    let mut found = hashes::in_file(scan, false);
    if over == Over::RawKey {
        found.extend(whole_keys(scan));
    }
    if found.is_empty() {
        let line = scan.places(&COMPARED).first().and_then(|at| scan.line(*at));
        let what = "a callback compares a certificate or key with a value that this file does not spell out"
            .to_owned();
        source.problems.push(not_read(line, what));
    }
    let enforcement = Enforcement {
        mode: EnforcementMode::Yes,
        why: "the callback compares the server's certificate with these values".to_owned(),
    };
    let confidence = Confidence::Guessed("the comparison itself is not followed".to_owned());
    place(scan, &found, &Comparison { over, position: PositionRule::Leaf, enforcement, confidence }, source);
}

/// Whole keys in hexadecimal, as `GetPublicKeyString` writes them; they are known here by their hash.
fn whole_keys(scan: &Scan<'_>) -> Vec<Found> {
    let tokens = scan.tokens.iter();
    tokens
        .filter_map(|token| {
            let written = token.plain()?;
            let key = hashes::hexadecimal(written).filter(|key| key.len() >= SHORTEST_KEY)?;
            let hash = Hash::Sha256(Sha256::digest(&key).into());
            Some(Found { written: written.to_owned(), hash, line: Some(token.line), host: None })
        })
        .collect()
}
