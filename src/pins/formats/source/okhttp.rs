//! OkHttp's `CertificatePinner` in Kotlin and Java.
//!
//! Source: square/okhttp, `CertificatePinner.kt`. `add(pattern, pins…)` takes a host, `*.` and a host (exactly one
//! label more), or `**.` and a host (any depth, the host itself included), and refuses any other pattern when the
//! pinner is built. A pin is `sha256/` or `sha1/` and the base64 of a hash over the SubjectPublicKeyInfo, as Okio reads
//! it: either alphabet, padding optional. The length is not checked: a hash of another length matches nothing. The pins
//! of all patterns of one pinner that match a host are taken together and compared with every certificate of the validated chain,
//! its root included. Nothing expires, and nothing is reported only.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::conditions::Conditions;
use super::gathered::Gathered;
use super::map_loops::{MapLoops, Turn};
use super::okhttp_pinners::Pinners;
use super::scan::{Scan, Span};
use super::values::Value;
use super::{
    Language, MOST_PINS, PinFormat, PinInput, about, code, host_name, looks_like_host, named, not_read,
    unread,
};
use crate::pins::base64_text;
use crate::pins::model::{
    Combination, Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource,
    PinValue, PositionRule, Problem, ProblemKind,
};
use crate::x509::SpkiSha256;

/// The format's id.
const ID: &str = "okhttp";
const LANGUAGES: [Language; 2] = [Language::Kotlin, Language::Java];

/// `CertificatePinner` of OkHttp.
pub(in crate::pins::formats) struct OkHttp;

impl PinFormat for OkHttp {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        // What a build script gives to an app has a reader of its own.
        let is_script = input.path.ends_with(".gradle.kts");
        code(input, &LANGUAGES)
            .is_some_and(|(text, _)| names_the_pinner(text) || (holds_a_pin(text) && !is_script))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let Some((text, language)) = code(input, &LANGUAGES) else { return Ok(PinSource::of(ID)) };
        let scan = Scan::of(text, language)?;
        let mut source = Gathered::of(ID);
        read_calls(&scan, &mut source)?;
        let is_open = source.entries.is_empty()
            || source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead);
        if is_open {
            read_maps(&scan, &mut source);
        }
        if source.entries.is_empty() && source.problems.is_empty() {
            read_loose(&scan, &mut source);
        }
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about(source, host)
    }

    fn combination(&self) -> Combination {
        Combination::Union
    }
}

fn names_the_pinner(text: &str) -> bool {
    text.contains("CertificatePinner.Builder") || text.contains("CertificatePinner(")
}

/// Whether a hash with the prefix of OkHttp stands in a text: there `sha256-` is an integrity of a web page instead.
fn holds_a_pin(text: &str) -> bool {
    text.match_indices("\"sha256/").any(|(at, prefix)| {
        let rest = text.get(at.saturating_add(prefix.len())..).unwrap_or_default();
        rest.find('"')
            .and_then(|end| rest.get(..end))
            .is_some_and(|hash| matches!(hash.len(), 43 | 44) && base64_text::okio(hash).is_ok())
    })
}

fn enforced() -> Enforcement {
    Enforcement {
        mode: EnforcementMode::Yes,
        why: "OkHttp refuses a chain in which no key is among the pins of the host".to_owned(),
    }
}

/// How sure it is that a pinner of this file is used: one in particular, or each.
fn confidence(scan: &Scan<'_>, pinners: &Pinners, pinner: Option<usize>) -> Confidence {
    let why = if !scan.has(&["certificatePinner"]) {
        "the file builds a CertificatePinner, and does not itself give it to a client"
    } else if pinner.is_some_and(|pinner| pinners.is_passed_over(scan, pinner)) {
        "the file builds a CertificatePinner, and gives its clients another one"
    } else if pinner.is_some_and(|pinner| pinners.is_dropped(scan, pinner)) {
        "the file begins a CertificatePinner, and takes another one before it is built"
    } else {
        return Confidence::Read;
    };
    Confidence::Guessed(why.to_owned())
}

/// Reads each `add(pattern, pins…)` of a builder.
fn read_calls(scan: &Scan<'_>, source: &mut Gathered) -> Result<(), String> {
    let conditions = Conditions::of(scan);
    let mut pinners = Pinners::of(scan, &conditions)?;
    let loops = MapLoops::of(scan);
    let (mut known, mut turns) = (BTreeMap::new(), 0_usize);
    for at in scan.places(&["CertificatePinner", "add", "build"]) {
        let open = at.saturating_add(1);
        match scan.word(at) {
            Some("CertificatePinner") => pinners.meet(scan, at),
            Some("build") if scan.is_before(at, ".") && scan.is(open, "(") => pinners.end(),
            Some("add") if scan.is(open, "(") => {
                if let Some(pinner) = pinners.of_call(scan, at) {
                    let taken_by = if pinner.is_none() { pinners.callers() } else { Vec::new() };
                    let condition = pinners.condition(scan, &conditions, at, pinner);
                    let built = match known.entry((pinner, taken_by)) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => {
                            let taken_by = new.key().1.clone();
                            new.insert(Built::of(scan, &conditions, &pinners, (pinner, taken_by)))
                        }
                    };
                    let built = &built.clone().only_if(condition);
                    let Some(all) = loops.turns(scan, at) else {
                        read_call(scan, at, open, built, source);
                        continue;
                    };
                    // Calls in loops over long maps are many times longer than the file.
                    turns = turns.saturating_add(all.len());
                    if turns > MOST_PINS {
                        return Err(format!("its loops give more than {MOST_PINS} hosts"));
                    }
                    for turn in all {
                        scan.take_turn(turn);
                        read_call(scan, at, open, built, source);
                    }
                    scan.take_turn(Turn::new());
                }
            }
            _ => {}
        }
    }
    source.share_unplaced();
    for Built { pinner, decided, .. } in known.into_values() {
        let has_pins = source.entries.iter().any(|entry| entry.pinner == pinner);
        if let Some((at, what)) = decided.filter(|_| has_pins) {
            source
                .problems
                .push(not_read(scan.line(at), format!("{what}: what holds in a release is not known")));
        }
    }
    if source.entries.iter().any(|entry| entry.confidence == Confidence::Read) {
        for at in pinners.unpinned_clients(scan) {
            let what = "a client is given CertificatePinner.DEFAULT here, which pins nothing, and the file has a pinner \
                        with pins for others: which connections are pinned depends on the client, or on the condition \
                        that is written here";
            let (kind, line, what) = (ProblemKind::ClientWithoutPins, scan.line(at), what.to_owned());
            source.problems.push(Problem::of(kind, line, what));
        }
    }
    Ok(())
}

/// What pins are added to.
#[derive(Clone)]
struct Built {
    /// Which pinner of the file, if one in particular.
    pinner: Option<usize>,
    /// The pinners that are seen to take it, if it is none in particular.
    taken_by: Vec<usize>,
    /// The first of the pinners of which a condition builds one, if it is one of them.
    alternative: Option<usize>,
    /// How sure it is that it is used.
    confidence: Confidence,
    /// Where a condition decides whether it is, and which.
    decided: Option<(usize, String)>,
    /// On what alone the call that is read adds to it.
    condition: Option<String>,
}

impl Built {
    fn of(
        scan: &Scan<'_>,
        conditions: &Conditions,
        pinners: &Pinners,
        (pinner, taken_by): (Option<usize>, Vec<usize>),
    ) -> Self {
        let alternative = pinner.and_then(|pinner| pinners.alternative(scan, pinner));
        let confidence = confidence(scan, pinners, pinner);
        let is_read = confidence == Confidence::Read;
        let decided = if is_read { pinners.condition_of_use(scan, conditions, pinner) } else { None };
        let confidence = match &decided {
            Some((_, what)) => Confidence::Guessed(what.clone()),
            None => confidence,
        };
        Self { pinner, taken_by, alternative, confidence, decided, condition: None }
    }

    /// The same for a call that is made on a condition.
    fn only_if(mut self, condition: Option<String>) -> Self {
        if let Some(condition) = condition.as_ref().filter(|_| self.confidence == Confidence::Read) {
            self.confidence = Confidence::Guessed(format!("its pins are added {condition}"));
        }
        Self { condition, ..self }
    }
}

fn read_call(scan: &Scan<'_>, at: usize, open: usize, built: &Built, source: &mut Gathered) {
    let arguments = scan.arguments(open);
    let Some((pattern, pins)) = arguments.split_first() else { return };
    let line = scan.line(at);
    let values: Vec<Value> = pins.iter().flat_map(|pin| scan.values(pin.clone())).collect();
    let is_chained = scan.is_before(at, ".");
    if values.is_empty() {
        // One argument is a list of something else, unless the call is one of the builder's own.
        if pins.is_empty() && !is_chained {
            source.problems.push(not_read(
                line,
                format!("“add({})” has no pins that are read here", scan.written(pattern.clone())),
            ));
        }
        return;
    }
    let patterns = scan.values(pattern.clone());
    // The call may be of something else that is built in between: a list, a header.
    let is_pin = |value: &Value| value.text().is_none_or(|text| text.starts_with("sha"));
    let is_host = |value: &Value| value.text().is_none_or(|text| text.contains('.'));
    if !values.iter().any(is_pin) && !patterns.iter().any(is_host) {
        return;
    }
    if let Some(condition) = &built.condition {
        let what = format!("pins are added {condition}: whether a release has them is not known");
        source.problems.push(not_read(line, what));
    }
    let (pins, open_values) = read_pins(&values, line, source);
    let unread = unread(&values);
    let scopes: Option<Vec<HostPattern>> = patterns.iter().map(|pattern| scope(pattern.text()?)).collect();
    let about = scopes.unwrap_or_default();
    for (written, line) in open_values {
        let what = format!("a pin is “{written}”, which this file does not define: what it is, is not known");
        source.problems.push(not_read(line, what).about(about.clone()));
    }
    for value in patterns {
        match value {
            Value::Text(pattern, _) => place(&pattern, line, (&pins, unread), built, source),
            Value::Open(written, _) => unplaced(&written, line, (&pins, unread), built, source),
        }
    }
}

/// An entry of one pattern, on the line of the call that adds it: its host may be a constant of many calls. With
/// its pins, and how many more are not known.
fn place(
    pattern: &str,
    line: Option<usize>,
    (pins, unread): (&[Pin], u32),
    built: &Built,
    source: &mut Gathered,
) {
    let Some(scope) = scope(pattern) else {
        let what = format!(
            "“{pattern}” is no pattern of OkHttp (a host, “*.” and a host, or “**.” and a host): the app crashes when \
             the pinner is built"
        );
        source.problems.push(Problem::of(ProblemKind::Refused, line, what));
        return;
    };
    if (pins.is_empty() && unread == 0) || source.is_full() {
        return;
    }
    let Built { pinner, taken_by, alternative, confidence, condition, .. } = built.clone();
    let is_possible = condition.is_some();
    let pins = pins.to_vec();
    source.add(PinEntry {
        pins,
        unread,
        pinner,
        taken_by,
        alternative,
        is_possible,
        line,
        confidence,
        ..PinEntry::of(scope, enforced())
    });
}

/// Pins whose host the file does not say.
fn unplaced(
    written: &str,
    line: Option<usize>,
    (pins, unread): (&[Pin], u32),
    built: &Built,
    source: &mut Gathered,
) {
    let what = format!(
        "{} {} for the host “{written}”, which this file does not define: which host that is, is not known",
        named(pins),
        if pins.len() > 1 { "are" } else { "is" }
    );
    let why = format!("its host is “{written}”, which this file does not define");
    source.problems.push(not_read(line, what));
    let count = u32::try_from(pins.len()).unwrap_or(u32::MAX).saturating_add(unread);
    source.unplaced(built.pinner, count);
    if !pins.is_empty() && !source.is_full() {
        let confidence = Confidence::Guessed(why);
        source.add(PinEntry {
            pins: pins.to_vec(),
            unread,
            pinner: built.pinner,
            is_possible: built.condition.is_some(),
            line,
            confidence,
            ..PinEntry::of(HostPattern::Unstated, enforced())
        });
    }
}

/// The hosts of a pattern, if OkHttp takes it for one.
fn scope(pattern: &str) -> Option<HostPattern> {
    if let Some(below) = pattern.strip_prefix("**.") {
        return host_name(below).map(HostPattern::WithSubdomains);
    }
    match pattern.strip_prefix("*.") {
        Some(below) => host_name(below).map(HostPattern::OneLabelBelow),
        None => host_name(pattern).map(HostPattern::Exactly),
    }
}

/// The pins among values, and what is not known of them.
fn read_pins(
    values: &[Value],
    call: Option<usize>,
    source: &mut Gathered,
) -> (Vec<Pin>, Vec<(String, Option<usize>)>) {
    let (mut pins, mut open) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::Text(text, line) => {
                let value = pin_value(text);
                if let Err(PinFault::NoPrefix(_) | PinFault::NotBase64 | PinFault::Empty) = value {
                    let what = format!(
                        "“{}” is no pin that OkHttp takes (“sha256/” or “sha1/” and base64): the app crashes when the \
                         pinner is built",
                        text.chars().take(80).collect::<String>()
                    );
                    source.problems.push(Problem::of(ProblemKind::Refused, line.or(call), what));
                }
                pins.push(Pin::new(text, value, PositionRule::Any, line.or(call)));
            }
            Value::Open(written, line) => open.push((written.clone(), line.or(call))),
        }
    }
    (pins, open)
}

/// A pin as OkHttp reads it.
pub(super) fn pin_value(text: &str) -> Result<PinValue, PinFault> {
    if let Some(hash) = text.strip_prefix("sha1/") {
        let octets = base64_text::okio(hash)?;
        let length = octets.len();
        return octets.try_into().map(PinValue::SpkiSha1).map_err(|_| PinFault::WrongLength(length));
    }
    let octets = base64_text::okio(text.strip_prefix("sha256/").ok_or(PinFault::NoPrefix("sha256/"))?)?;
    let length = octets.len();
    octets.try_into().map(|hash| PinValue::Spki(SpkiSha256(hash))).map_err(|_| PinFault::WrongLength(length))
}

/// Reads maps of hosts and pins in a file whose calls name neither.
fn read_maps(scan: &Scan<'_>, source: &mut Gathered) {
    let why = "it stands in a map of hosts and pins, and how the pinner takes it from there is not followed";
    let built = Built {
        pinner: None,
        taken_by: Vec::new(),
        alternative: None,
        confidence: Confidence::Guessed(why.to_owned()),
        decided: None,
        condition: None,
    };
    for (host, pins) in pairs(scan) {
        let Some(host) = scan.text(host).filter(|host| looks_like_host(host)) else { continue };
        let line = scan.line(pins.start);
        let values: Vec<Value> = scan.values(pins);
        let texts: Vec<(String, Option<usize>)> = values
            .into_iter()
            .filter_map(|value| match value {
                Value::Text(text, line) => Some((prefixed(&text)?, line)),
                Value::Open(..) => None,
            })
            .collect();
        let pins: Vec<Pin> = texts
            .iter()
            .map(|(text, own)| Pin::new(text, pin_value(text), PositionRule::Any, own.or(line)))
            .collect();
        place(&host, line, (&pins, 0), &built, source);
    }
}

/// A pin of a map with its prefix; `None` for what is no hash.
fn prefixed(text: &str) -> Option<String> {
    if text.starts_with("sha256/") || text.starts_with("sha1/") {
        return Some(text.to_owned());
    }
    let is_hash = text.len() == 44 && text.ends_with('=') && base64_text::canonical(text).is_ok();
    is_hash.then(|| format!("sha256/{text}"))
}

/// Keys and values: `"host" to listOf(…)`, `put("host", …)`, `Map.of("host", …)`.
fn pairs(scan: &Scan<'_>) -> Vec<(Span, Span)> {
    let mut pairs = Vec::new();
    for at in scan.places(&["mapOf", "mutableMapOf", "hashMapOf", "linkedMapOf", "put", "of", "entry"]) {
        let Some(open) = (at.saturating_add(1)..at.saturating_add(20))
            .take_while(|at| !scan.is(*at, ";") && !scan.is(*at, "{"))
            .find(|at| scan.is(*at, "("))
        else {
            continue;
        };
        match (scan.word(at), scan.arguments(open).as_slice()) {
            (Some("put" | "entry"), [host, pins]) => pairs.push((host.clone(), pins.clone())),
            (Some("put" | "entry"), _) | (_, []) => {}
            _ => pairs
                .extend(scan.inside(open).and_then(|_| scan.pairs(at..scan.after(open))).unwrap_or_default()),
        }
    }
    // `pins["host"] = listOf(…)`.
    pairs
}

/// Pins that stand in a file without any use.
fn read_loose(scan: &Scan<'_>, source: &mut Gathered) {
    let pins: Vec<Pin> = scan
        .tokens
        .iter()
        .filter_map(|token| token.plain().map(|text| (text, token.line)))
        .filter(|(text, _)| text.starts_with("sha256/") && pin_value(text).is_ok())
        .map(|(text, line)| Pin::new(text, pin_value(text), PositionRule::Any, Some(line)))
        .collect();
    let Some(first) = pins.first() else {
        if let Some(at) = scan.places(&["CertificatePinner"]).first() {
            let what = "it names CertificatePinner, and no pins are read from it".to_owned();
            source.problems.push(not_read(scan.line(*at), what));
        }
        return;
    };
    let line = first.line;
    let what = format!(
        "{} has the form of OkHttp's, and the file does not say for which host or where it is used",
        named(&pins)
    );
    source.problems.push(not_read(line, what));
    let why = "it has the form of OkHttp's pins, and no use of it stands in this file".to_owned();
    let confidence = Confidence::Guessed(why);
    source.add(PinEntry { pins, line, confidence, ..PinEntry::of(HostPattern::Unstated, enforced()) });
}
