//! Pinning in Dart and Flutter.
//!
//! Sources: the documentation of dart:io (`badCertificateCallback` is called for certificates that do not validate, and
//! for no others; `SecurityContext(withTrustedRoots: false)` trusts what it is given and nothing else), and of
//! http_certificate_pinning and ssl_pinning_plugin (hashes of the server's certificate, compared over a connection of
//! their own).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::compared::{Comparison, Over, about_or_all, no_validation, place};
use super::gathered::Gathered;
use super::hashes;
use super::react_native::host_of_address;
use super::scan::Scan;
use super::{Language, PinFormat, PinInput, code, not_read};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, PinEntry, PinSource, PositionRule, Problem, ProblemKind,
};

/// Pinning in Dart.
pub(in crate::pins::formats) struct Dart;

const PLUGINS: [&str; 4] =
    ["HttpCertificatePinning", "SslPinningPlugin", "CertificatePinningInterceptor", "SecureHttpClient"];

impl PinFormat for Dart {
    fn id(&self) -> &'static str {
        "dart"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &[Language::Dart]).is_some_and(|(text, _)| {
            text.contains("badCertificateCallback")
                || text.contains("withTrustedRoots")
                || text.contains("allowedSHAFingerprints")
                || text.contains("HttpCertificatePinning.")
                || text.contains("SslPinningPlugin.")
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut source = Gathered::of(self.id());
        let Some((text, language)) = code(input, &[Language::Dart]) else { return source.finish() };
        let scan = Scan::of(text, language)?;
        let own_roots = scan.places(&["withTrustedRoots"]).into_iter().find(|at| {
            scan.is(at.saturating_add(1), ":") && scan.word(at.saturating_add(2)) == Some("false")
        });
        if let Some(at) = own_roots {
            let what = "the client trusts nothing but certificates that the app brings along, which are not read here";
            source.problems.push(not_read(scan.line(at), what.to_owned()));
        }
        let mut found = hashes::in_file(&scan, false);
        let callback = scan.places(&["badCertificateCallback"]).first().copied();
        let has_plugin = scan.has(&PLUGINS) || scan.has(&["allowedSHAFingerprints"]);
        let is_never_called = callback.is_some() && own_roots.is_none() && !has_plugin;
        if let Some(at) = callback {
            read_callback(&scan, at, is_never_called, !found.is_empty(), &mut source);
        }
        if has_plugin && found.is_empty() {
            let line = scan.places(&["allowedSHAFingerprints"]).first().and_then(|at| scan.line(*at));
            let what =
                "certificates are compared with fingerprints that this file does not spell out".to_owned();
            source.problems.push(not_read(line, what));
        }
        let address = address(&scan);
        for one in found.iter_mut().filter(|one| one.host.is_none()) {
            one.host.clone_from(&address);
        }
        let enforcement = if is_never_called {
            let why = "badCertificateCallback is not called for a certificate that validates, so that nothing is compared";
            Enforcement { mode: EnforcementMode::No, why: why.to_owned() }
        } else {
            let why = "the server's certificate is compared with these fingerprints";
            Enforcement { mode: EnforcementMode::Yes, why: why.to_owned() }
        };
        let over = if scan.has(&["subjectPublicKeyInfo", "spki"]) { Over::Spki } else { Over::Certificate };
        let confidence = if has_plugin {
            Confidence::Read
        } else {
            Confidence::Guessed("the comparison itself is not followed".to_owned())
        };
        place(
            &scan,
            &found,
            &Comparison { over, position: PositionRule::Leaf, enforcement, confidence },
            &mut source,
        );
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

fn read_callback(scan: &Scan<'_>, at: usize, is_never_called: bool, compares: bool, source: &mut Gathered) {
    let line = scan.line(at);
    let end = scan.end_of_expression(at.saturating_add(1));
    let ends_true = (at..end).any(|at| scan.is(at, "=>") && scan.word(at.saturating_add(1)) == Some("true"))
        || (at..end)
            .any(|at| scan.word(at) == Some("return") && scan.word(at.saturating_add(1)) == Some("true"))
            && !(at..end).any(|at| scan.word(at) == Some("if"));
    if ends_true {
        source.problems.push(no_validation(
            line,
            "badCertificateCallback accepts every certificate that does not validate",
        ));
    } else if is_never_called && (compares || scan.has(&["sha256", "sha1", "pem", "der"])) {
        let what = "badCertificateCallback compares a certificate, and is not called for one that validates: any CA's \
                    certificate is accepted";
        source.problems.push(Problem::of(ProblemKind::NeverCalled, line, what.to_owned()));
    }
}

/// The host of the one address in a file.
fn address(scan: &Scan<'_>) -> Option<String> {
    let mut hosts: Vec<String> =
        scan.tokens.iter().filter_map(super::lexer::Token::plain).filter_map(host_of_address).collect();
    hosts.sort();
    hosts.dedup();
    match hosts.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}
