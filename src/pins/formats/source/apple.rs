//! Pinning in Swift and Objective-C: a session's delegate, Alamofire, AFNetworking.
//!
//! Sources: Apple's documentation of `SecTrust` and `SecKeyCopyExternalRepresentation` (a key's bits, without the
//! SubjectPublicKeyInfo around them); Alamofire, `ServerTrustEvaluation.swift` (evaluators by exact host; pinned are the
//! certificates of the app's bundle, or their keys); AFNetworking, `AFSecurityPolicy.m`.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::compared::{Comparison, Over, about_or_all, instead, no_validation, place};
use super::gathered::Gathered;
use super::hashes;
use super::lexer::Kind;
use super::scan::Scan;
use super::{Language, PinFormat, PinInput, code, host_name, looks_like_host, not_read};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, PinEntry, PinSource, PositionRule, Problem,
};

const LANGUAGES: [Language; 2] = [Language::Swift, Language::ObjectiveC];

/// The delegate of a session that compares keys by itself.
pub(in crate::pins::formats) struct UrlSession;

/// What takes a certificate or its key out of a trust object, to be compared.
const TAKEN_OUT: [&str; 6] = [
    "SecKeyCopyExternalRepresentation",
    "SecCertificateCopyData",
    "SecTrustGetCertificateAtIndex",
    "SecTrustCopyCertificateChain",
    "SecTrustCopyKey",
    "SecTrustCopyPublicKey",
];
const EVALUATED: [&str; 4] = [
    "SecTrustEvaluateWithError",
    "SecTrustEvaluate",
    "SecTrustEvaluateAsync",
    "SecTrustEvaluateAsyncWithError",
];
const ACCEPTED: [&str; 2] = ["URLCredential(trust:", "credentialForTrust:"];

impl PinFormat for UrlSession {
    fn id(&self) -> &'static str {
        "urlsession"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &LANGUAGES).is_some_and(|(text, _)| {
            let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
            has(&["challenge", "erverTrust"]) && has(&ACCEPTED) && (has(&TAKEN_OUT) || !has(&EVALUATED))
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &LANGUAGES) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        let accepted =
            scan.places(&["URLCredential", "credentialForTrust"]).first().and_then(|at| scan.line(*at));
        let is_evaluated = scan.has(&EVALUATED);
        if !scan.has(&TAKEN_OUT) {
            if let Some(helper) = evaluated_elsewhere(&scan).filter(|_| !is_evaluated) {
                source.problems.push(not_followed(accepted, helper));
            } else if !is_evaluated && scan.has(&["serverTrust"]) {
                let what =
                    "a server's trust is accepted, and nothing evaluates it: every certificate will do";
                source.problems.push(no_validation(accepted, what));
            }
            return source.finish();
        }
        if let Some(helper) = evaluated_elsewhere(&scan).filter(|_| !is_evaluated) {
            source.problems.push(not_followed(accepted, helper));
        } else if !is_evaluated {
            let what = "keys are compared and SecTrustEvaluateWithError is not called: expired certificates and those \
                        of other hosts are accepted if the key fits";
            source.problems.push(instead(accepted, what));
        }
        let found = hashes::in_file(&scan, false);
        if found.is_empty() {
            let line = scan.places(&TAKEN_OUT).first().and_then(|at| scan.line(*at));
            let what =
                "certificates or keys are compared with values that this file does not spell out".to_owned();
            source.problems.push(not_read(line, what));
        }
        let over = if !scan.has(&["SecKeyCopyExternalRepresentation"]) {
            Over::Certificate
        } else if has_header(&scan) {
            Over::Spki
        } else {
            Over::RawKey
        };
        let takes_chain = scan.has(&["SecTrustCopyCertificateChain", "SecTrustGetCertificateCount", "for"]);
        let enforcement = Enforcement {
            mode: EnforcementMode::Yes,
            why: "the delegate compares the server's certificate or key with these values".to_owned(),
        };
        let confidence = Confidence::Guessed("the comparison itself is not followed".to_owned());
        let position = if takes_chain { PositionRule::Any } else { PositionRule::Leaf };
        place(&scan, &found, &Comparison { over, position, enforcement, confidence }, &mut source);
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

/// A function of another file whose name says that it may evaluate a server's trust.
fn evaluated_elsewhere<'a>(scan: &Scan<'a>) -> Option<&'a str> {
    (0..scan.tokens.len()).find_map(|at| {
        let name = scan.word(at)?;
        let lower = name.to_lowercase();
        let is_named = ["evaluat", "valida", "verif"].iter().any(|word| lower.contains(word));
        let next = at.saturating_add(1);
        let is_called = scan.is(next, "(") || (scan.language == Language::ObjectiveC && scan.is(next, ":"));
        let is_defined = |at: usize| {
            scan.word_before(at) == Some("func")
                || (scan.language == Language::ObjectiveC && scan.is_before(at, ")"))
        };
        let is_here = || scan.places(&[name]).into_iter().any(is_defined);
        (is_named && is_called && !is_here()).then_some(name)
    })
}

/// That what a function of another file does decides.
fn not_followed(line: Option<usize>, helper: &str) -> Problem {
    let helper: String = helper.chars().take(60).collect();
    not_read(
        line,
        format!(
            "a server's trust is accepted; whether “{helper}” evaluates it before, stands in another file"
        ),
    )
}

/// Whether the code has the header of a SubjectPublicKeyInfo to put before a key.
fn has_header(scan: &Scan<'_>) -> bool {
    scan.tokens.windows(3).any(|three| match three {
        [first, comma, second] => {
            let is = |token: &super::lexer::Token<'_>, values: &[&str]| {
                matches!(token.kind, Kind::Number(number) if values.iter().any(|value| number.eq_ignore_ascii_case(value)))
            };
            is(first, &["0x30", "48"]) && comma.is(",") && is(second, &["0x82", "0x81", "0x59", "0x76", "130", "89", "118"])
        }
        _ => false,
    }) || scan.tokens.iter().filter_map(super::lexer::Token::word).any(|word| {
        let word = word.to_lowercase();
        word.contains("asn1") || word.contains("spkiheader")
    })
}

/// Alamofire's evaluators and AFNetworking's policies.
pub(in crate::pins::formats) struct Alamofire;

const EVALUATORS: [&str; 8] = [
    "PinnedCertificatesTrustEvaluator",
    "PublicKeysTrustEvaluator",
    "DisabledTrustEvaluator",
    "DisabledEvaluator",
    "pinCertificates",
    "pinPublicKeys",
    "disableEvaluation",
    "AFSecurityPolicy",
];

impl PinFormat for Alamofire {
    fn id(&self) -> &'static str {
        "alamofire"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &LANGUAGES).is_some_and(|(text, _)| {
            text.contains("TrustEvaluator(")
                || text.contains("DisabledEvaluator(")
                || text.contains("ServerTrustPolicy")
                || text.contains("AFSSLPinningMode")
                || (text.contains("AFSecurityPolicy") && text.contains("allowInvalidCertificates"))
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &LANGUAGES) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        for at in scan.places(&EVALUATORS) {
            read_evaluator(&scan, at, &mut source);
        }
        read_policies(&scan, &mut source);
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

fn read_evaluator(scan: &Scan<'_>, at: usize, source: &mut Gathered) {
    let line = scan.line(at);
    let open = at.saturating_add(1);
    let is_called = scan.is(open, "(") || scan.is_before(at, ".");
    let key = at.checked_sub(2).filter(|_| scan.is_before(at, ":"));
    let named = key.and_then(|key| scan.text(key..key.saturating_add(1)));
    let about =
        named.as_deref().filter(|name| looks_like_host(name) && !name.contains('*')).and_then(host_name);
    let about = about.map(HostPattern::Exactly);
    let host = named.unwrap_or_else(|| "its hosts".to_owned());
    let pinned = match scan.word(at) {
        Some("DisabledTrustEvaluator" | "DisabledEvaluator" | "disableEvaluation") if is_called => {
            source
                .problems
                .push(no_validation(line, &format!("the evaluation of certificates is disabled for {host}")));
            return;
        }
        Some("PinnedCertificatesTrustEvaluator" | "pinCertificates") if is_called => "the certificates",
        Some("PublicKeysTrustEvaluator" | "pinPublicKeys") if is_called => "the keys of the certificates",
        _ => return,
    };
    let what = format!(
        "{host} is pinned to {pinned} that the app's bundle holds (each .cer, .crt and .der file in it); which those \
         are, is not read here"
    );
    source.problems.push(not_read(line, what).about(about));
    for argument in scan.arguments(open) {
        let label = scan.word(argument.start);
        let value = argument.end.checked_sub(1).and_then(|last| scan.word(last));
        if matches!(
            (label, value),
            (Some("performDefaultValidation" | "validateHost" | "validateCertificateChain"), Some("false"))
        ) {
            let what = format!(
                "{} is false for {host}: pins are compared instead of the ordinary validation",
                label.unwrap_or_default()
            );
            source.problems.push(instead(line, &what));
        }
    }
}

fn read_policies(scan: &Scan<'_>, source: &mut Gathered) {
    let pinned = scan.places(&["AFSSLPinningModePublicKey", "AFSSLPinningModeCertificate"]);
    for at in &pinned {
        let what = "AFNetworking pins certificates of the app's bundle or their keys; which those are, is not read here";
        source.problems.push(not_read(scan.line(*at), what.to_owned()));
    }
    for at in scan.places(&["allowInvalidCertificates", "validatesDomainName"]) {
        let value = scan.word(at.saturating_add(2)).filter(|_| scan.is(at.saturating_add(1), "="));
        let what = match (scan.word(at), value) {
            (Some("allowInvalidCertificates"), Some("YES" | "true")) => {
                "AFNetworking accepts invalid certificates"
            }
            (Some("validatesDomainName"), Some("NO" | "false")) => {
                "AFNetworking does not compare the host's name"
            }
            _ => continue,
        };
        let problem =
            if pinned.is_empty() { no_validation(scan.line(at), what) } else { instead(scan.line(at), what) };
        source.problems.push(problem);
    }
}
