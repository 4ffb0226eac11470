//! Code in Kotlin and Java that accepts every certificate, or every name in one.
//!
//! Source: the JDK's `X509TrustManager` (`checkServerTrusted` refuses a chain by throwing, and by nothing else) and
//! `HostnameVerifier` (`verify` returns whether the name is accepted; libraries that are given one ask nobody else). Only
//! what does nothing else is told: a body that is empty or only returns, and a verifier that is only `true`. Whether the
//! code is used is not followed, and what other trust managers do is not judged.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::compared::{instead, no_validation};
use super::conditions::Conditions;
use super::scan::{Scan, Span};
use super::{Language, PinFormat, PinInput, code, finish, not_read};
use crate::pins::model::{PinEntry, PinSource, Problem};

/// Validation that is switched off in Kotlin and Java.
pub(in crate::pins::formats) struct JavaValidation;

/// The format's id.
const ID: &str = "java-validation";
const LANGUAGES: [Language; 2] = [Language::Kotlin, Language::Java];
/// Where verifiers of names are given, and their type.
const VERIFIERS: [&str; 4] =
    ["hostnameVerifier", "HostnameVerifier", "setHostnameVerifier", "setDefaultHostnameVerifier"];
/// How far behind its parameters the body of a method begins at most, in tokens: its type or what it throws.
const NEAR: usize = 20;

impl PinFormat for JavaValidation {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        let is_named = |text: &str| text.contains("checkServerTrusted") || text.contains("ostnameVerifier");
        code(input, &LANGUAGES).is_some_and(|(text, language)| {
            is_named(text) && Scan::of(text, language).is_ok_and(|scan| !problems(&scan).is_empty())
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let Some((text, language)) = code(input, &LANGUAGES) else { return Ok(PinSource::of(ID)) };
        let problems = problems(&Scan::of(text, language)?);
        finish(PinSource { problems, ..PinSource::of(ID) })
    }

    /// None: there are no pins in it.
    fn applicable<'a>(&self, _source: &'a PinSource, _host: &str) -> Vec<&'a PinEntry> {
        Vec::new()
    }
}

fn problems(scan: &Scan<'_>) -> Vec<Problem> {
    let trusting = scan.places(&["checkServerTrusted"]).into_iter().filter(|at| {
        body(scan, *at).is_some_and(|body| {
            (body.clone()).all(|at| scan.is(at, ";") || matches!(scan.word(at), Some("return" | "Unit")))
        })
    });
    let trusting = trusting.map(|at| {
        let what = "checkServerTrusted refuses nothing: every certificate passes";
        (at, no_validation(scan.line(at), what))
    });
    let verifying = scan.places(&["verify"]).into_iter().filter(|at| {
        let parameters = scan.inside(at.saturating_add(1)).unwrap_or_default();
        let has_session = parameters.into_iter().any(|at| scan.word(at) == Some("SSLSession"));
        has_session && body(scan, *at).is_some_and(|body| is_only_true(scan, body))
    });
    let given = scan.places(&VERIFIERS).into_iter().filter(|at| accepts(scan, at.saturating_add(1)));
    let verifying = verifying.chain(given).map(|at| {
        let what = "the verifier accepts every name: the certificate of any host passes whose CA is trusted, or pinned";
        (at, instead(scan.line(at), what))
    });
    let conditions = Conditions::of(scan);
    // What stands on a condition may be in no release.
    let doubted = |(at, problem): (usize, Problem)| match conditions.at(scan, at) {
        Some(condition) => not_read(problem.line, format!("{}; it is there {condition}", problem.what)),
        None => problem,
    };
    let mut problems: Vec<Problem> = trusting.chain(verifying).map(doubted).collect();
    problems.sort_by_key(|problem| problem.line);
    problems
}

/// The body of the method that is declared here: what stands in its braces, or behind `=` in Kotlin.
fn body(scan: &Scan<'_>, name: usize) -> Option<Span> {
    if !matches!(scan.word_before(name), Some("fun" | "void" | "boolean")) {
        return None;
    }
    let open = name.saturating_add(1);
    let behind = scan.is(open, "(").then(|| scan.after(open))?;
    for at in behind..behind.saturating_add(NEAR) {
        if scan.is(at, "{") {
            return scan.inside(at);
        }
        if scan.is(at, "=") {
            let start = at.saturating_add(1);
            return Some(start..scan.end_of_expression(start));
        }
        let is_type =
            scan.word(at).is_some() || [":", ".", ",", "?"].iter().any(|symbol| scan.is(at, symbol));
        if !is_type {
            return None;
        }
    }
    None
}

/// Whether a body is nothing but `true`.
fn is_only_true(scan: &Scan<'_>, body: Span) -> bool {
    let mut words = body.filter(|at| !scan.is(*at, ";") && scan.word(*at) != Some("return"));
    words.next().is_some_and(|at| scan.word(at) == Some("true")) && words.next().is_none()
}

/// Whether what stands behind the name of a verifier, in brackets or behind `=`, is a function that is only `true`.
fn accepts(scan: &Scan<'_>, behind: usize) -> bool {
    // `HostnameVerifier name = …`
    let named = behind.saturating_add(1);
    let is_declared = scan.word(behind).is_some() && scan.is(named, "=");
    let equals = if is_declared { named } else { behind };
    let given = if scan.is(behind, "(") || scan.is(behind, "{") {
        scan.inside(behind)
    } else if scan.is(equals, "=") {
        let start = equals.saturating_add(1);
        Some(start..scan.end_of_expression(start))
    } else {
        None
    };
    let Some(given) = given else { return false };
    let arrows: Vec<usize> = given.clone().filter(|at| scan.is(*at, "->")).collect();
    let [arrow] = arrows.as_slice() else { return false };
    let start = arrow.saturating_add(1);
    let value = if scan.is(start, "{") && scan.after(start) >= given.end {
        scan.inside(start).unwrap_or_default()
    } else {
        start..given.end
    };
    is_only_true(scan, value)
}
