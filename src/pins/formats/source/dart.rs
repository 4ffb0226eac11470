//! Pinning in Dart and Flutter.
//!
//! Sources: the documentation of dart:io (`badCertificateCallback` is called for certificates that do not validate, and
//! for no others; `SecurityContext(withTrustedRoots: false)` trusts what it is given and nothing else), and of
//! http_certificate_pinning and ssl_pinning_plugin (hashes of the server's certificate, compared over a connection of
//! their own, or, as SecureHttpClient and CertificatePinningInterceptor do, for every request of one client). What is
//! sure is what a plugin is given: its list, and the host of the address that the same call names.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashSet;

use super::compared::{Comparison, Over, about_or_all, instead, no_validation, place};
use super::gathered::Gathered;
use super::hashes;
use super::react_native::host_of_address;
use super::scan::{Scan, Span};
use super::values::Value;
use super::{Language, PinFormat, PinInput, code, not_read, unread};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PositionRule,
    Problem, ProblemKind,
};

/// Pinning in Dart.
pub(in crate::pins::formats) struct Dart;

const PLUGINS: [&str; 4] =
    ["HttpCertificatePinning", "SslPinningPlugin", "CertificatePinningInterceptor", "SecureHttpClient"];

/// The argument with the fingerprints that are allowed.
const LIST: &str = "allowedSHAFingerprints";
/// How far before an argument the bracket of its call is looked for, in tokens.
const NEAR: usize = 200;

impl PinFormat for Dart {
    fn id(&self) -> &'static str {
        "dart"
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &[Language::Dart]).is_some_and(|(text, _)| {
            text.contains("badCertificateCallback")
                || text.contains("withTrustedRoots")
                || text.contains(LIST)
                || text.contains("SecureHttpClient.")
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
        let validates = validates_itself(&scan);
        let brings_none = !scan.has(&["setTrustedCertificates", "setTrustedCertificatesBytes"]);
        // Nothing is trusted beforehand: what the client is shown comes to validateCertificate.
        if let Some(at) = own_roots.filter(|_| !(validates && brings_none)) {
            let what = "the client trusts nothing but certificates that the app brings along, which are not read here";
            source.problems.push(not_read(scan.line(at), what.to_owned()));
        }
        let mut found = hashes::in_file(&scan, false);
        let callback = scan.places(&["badCertificateCallback"]).first().copied();
        let lists = lists(&scan);
        let has_plugin = !lists.is_empty() || scan.has(&PLUGINS);
        let is_never_called = callback.is_some() && own_roots.is_none() && !has_plugin;
        if let Some(at) = callback {
            read_callback(&scan, at, is_never_called, !found.is_empty(), &mut source);
        }
        let mut given = HashSet::new();
        for list in &lists {
            read_list(&scan, list, &mut given, &mut source);
        }
        found.retain(|one| !given.contains(&one.written));
        if has_plugin && lists.is_empty() && found.is_empty() {
            let line = scan.places(&PLUGINS).first().and_then(|at| scan.line(*at));
            let what =
                "certificates are compared with fingerprints that this file does not spell out".to_owned();
            source.problems.push(not_read(line, what));
        }
        let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
        let enforcement = if is_never_called {
            let why = "badCertificateCallback is not called for a certificate that validates, so that nothing is compared";
            of(EnforcementMode::No, why)
        } else if has_plugin {
            of(EnforcementMode::Unknown, "whether the plugin is given this one as well is not followed")
        } else {
            of(EnforcementMode::Yes, "the server's certificate is compared with these fingerprints")
        };
        let over = if scan.has(&["subjectPublicKeyInfo", "spki"]) { Over::Spki } else { Over::Certificate };
        let confidence = Confidence::Guessed("the comparison itself is not followed".to_owned());
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
    if ends_true && validates_itself(scan) {
        let what = "badCertificateCallback accepts every certificate, and validateCertificate compares it: nothing else \
                    of it is validated";
        source.problems.push(instead(line, what));
    } else if ends_true {
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

/// Whether dio's adapter is given a `validateCertificate` that may refuse (it is called for every response).
fn validates_itself(scan: &Scan<'_>) -> bool {
    scan.places(&["validateCertificate"]).into_iter().any(|at| {
        let start = at.saturating_add(1);
        let end = scan.end_of_expression(start.saturating_add(1));
        let is_given = scan.is(start, ":") || scan.is(start, "=");
        let says = |word: &str| (start..end).any(|at| scan.word(at) == Some(word));
        is_given && (says("false") || (start..end).any(|at| scan.is(at, "==")))
    })
}

/// What a plugin is given: fingerprints, and the address that it asks where it is given one.
struct List {
    at: usize,
    fingerprints: Span,
    /// The value of `serverURL` in the same call.
    address: Option<Span>,
}

/// The lists of fingerprints that plugins are given: `allowedSHAFingerprints:`, and the first argument of
/// `SecureHttpClient.build`.
fn lists(scan: &Scan<'_>) -> Vec<List> {
    let named = scan.places(&[LIST]).into_iter().filter_map(|at| {
        let start = at.saturating_add(1);
        let fingerprints = value_behind(scan, start)?;
        let call = call_around(scan, at);
        let address = call.into_iter().flat_map(|open| scan.arguments(open)).find_map(|argument| {
            let name = argument.start;
            (scan.word(name) == Some("serverURL")).then(|| value_behind(scan, name.saturating_add(1)))?
        });
        Some(List { at, fingerprints, address })
    });
    let clients = scan.places(&["SecureHttpClient"]).into_iter().filter_map(|at| {
        let (word, open) = (at.saturating_add(2), at.saturating_add(3));
        let is_build = scan.is(at.saturating_add(1), ".") && scan.word(word) == Some("build");
        let fingerprints =
            scan.arguments(open).into_iter().next().filter(|_| is_build && scan.is(open, "("))?;
        let is_named = scan.is(fingerprints.start.saturating_add(1), ":");
        (!is_named).then_some(List { at, fingerprints, address: None })
    });
    named.chain(clients).collect()
}

/// The value behind the colon at this place.
fn value_behind(scan: &Scan<'_>, colon: usize) -> Option<Span> {
    let start = colon.saturating_add(1);
    scan.is(colon, ":").then(|| start..scan.end_of_expression(start))
}

/// Where the call opens whose arguments a place is among.
fn call_around(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let mut place = at;
    for _ in 0..NEAR {
        place = place.checked_sub(1)?;
        if let Some(open) = scan.opening(place) {
            place = open;
        } else if scan.is(place, "(") {
            return Some(place);
        } else if [";", "{", "["].iter().any(|symbol| scan.is(place, symbol)) {
            return None;
        }
    }
    None
}

/// Reads one list; what is spelt out in it is added to `given`.
fn read_list(scan: &Scan<'_>, list: &List, given: &mut HashSet<String>, source: &mut Gathered) {
    let line = scan.line(list.at);
    let values = scan.values(list.fingerprints.clone());
    let mut pins = Vec::new();
    for value in &values {
        match value {
            Value::Text(text, own) => {
                let hash = hashes::of_text(text).and_then(|hash| Over::Certificate.value(hash));
                let fault =
                    || PinFault::NotOfThisPlatform("it is no fingerprint of a certificate".to_owned());
                pins.push(Pin::new(text, hash.ok_or_else(fault), PositionRule::Leaf, own.or(line)));
                given.insert(text.clone());
            }
            Value::Open(written, own) => {
                let what = format!("a fingerprint is “{written}”, which this file does not define");
                source.problems.push(not_read(own.or(line), what));
            }
        }
    }
    let host = list.address.clone().and_then(|address| host_of_address(&scan.text(address)?));
    let (scope, confidence) = match (host, &list.address) {
        (Some(host), _) => (HostPattern::Exactly(host), Confidence::Read),
        (None, Some(address)) => {
            let written = scan.written(address.clone());
            let what =
                format!("the plugin is given the address “{written}”, whose host this file does not define");
            source.problems.push(not_read(line, what));
            let why = "the host is not defined in this file";
            (HostPattern::Unstated, Confidence::Guessed(why.to_owned()))
        }
        (None, None) => {
            let why = "the code names no host: it pins whatever the client that it is given to connects to";
            (HostPattern::Unstated, Confidence::Guessed(why.to_owned()))
        }
    };
    let why = "the plugin compares the server's certificate with these fingerprints".to_owned();
    let enforcement = Enforcement { mode: EnforcementMode::Yes, why };
    let unread = unread(&values);
    source.add(PinEntry { pins, unread, line, confidence, ..PinEntry::of(scope, enforcement) });
}
