//! The report of `pinstead pins` for people.

mod overview;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::style::{STRONG, paint};
use super::{findings as render_findings, safe, tally, wrap};
use crate::evidence::dns::DnssecState;
use crate::pins::{
    AppContext, Bootstrap, Confidence, EntryVerdict, ExpiryState, OtherChain, Outcome, PathMatches,
    PathsVerdict, PinMatch, PinValue, PinVerdict, PinsStatus, PinsVerdict, ProblemKind, SourceState,
    SourceVerdict,
};
use crate::rules::Finding;
use crate::x509::ChainPosition;

/// The most entries of one file, and pins of one entry, that are shown.
const MOST_SHOWN: usize = 50;

/// Renders the report: the verdict, each source, what differs with other chains, then what was found and what to do.
pub fn render(verdict: &PinsVerdict, others: &[OtherChain], findings: &[Finding]) -> String {
    let mut out = String::new();
    let subject = verdict.host.as_deref().unwrap_or("These files");
    let status = match verdict.status {
        PinsStatus::Pinned if verdict.host.is_some() => "pinned",
        PinsStatus::NotPinned if verdict.host.is_some() => "not pinned",
        PinsStatus::Pinned => "have pins that are enforced",
        PinsStatus::NotPinned => "enforce no pins",
        PinsStatus::NoPinSources | PinsStatus::Undetermined => "undetermined",
    };
    out.push_str(&paint(STRONG, safe(&format!("{subject}: {status}"))));
    out.push('\n');
    paragraph(&mut out, "  ", &format!("{}.", verdict.reason));
    if let Some(words) = open_beside(verdict) {
        paragraph(&mut out, "  ", &words);
    }
    if let Some(words) = super::target_pins::unseen(verdict) {
        paragraph(&mut out, "  ", &words);
    }
    let _ = writeln!(out, "  Findings: {}", tally(findings));
    out.push_str(&overview::table(verdict, findings));
    let mut package = None;
    for source in &verdict.sources {
        let (within, inner) = split(source);
        if within.is_some() && within != package {
            out.push('\n');
            paragraph(&mut out, "", within.unwrap_or_default());
            if let Some(app) = &source.app {
                paragraph(&mut out, "  ", &app_facts(app));
            }
        }
        package = within;
        let name = if within.is_some() { format!("!/{inner}") } else { inner.to_owned() };
        write_source(&mut out, source, &name);
    }
    for other in others {
        write_other(&mut out, verdict, other);
    }
    if !findings.is_empty() {
        out.push('\n');
        out.push_str(&render_findings(findings));
    }
    out.push('\n');
    paragraph(&mut out, "", &summary(findings));
    out
}

/// That something else stays open where the status itself is known: the exit code tells of it.
fn open_beside(verdict: &PinsVerdict) -> Option<String> {
    let files: BTreeSet<String> = verdict.not_read().into_iter().filter_map(|part| part.file).collect();
    let first = files.first().filter(|_| !verdict.is_status_open())?;
    let more = match files.len() {
        1 => String::new(),
        count => format!(" and {} more", count.saturating_sub(1)),
    };
    Some(format!("Open: what else {first}{more} may pin was not read."))
}

/// What differs with another chain of the same server.
fn write_other(out: &mut String, verdict: &PinsVerdict, other: &OtherChain) {
    out.push('\n');
    paragraph(out, "", &format!("Another chain is shown by {}", other.shown_by));
    let pairs = verdict.sources.iter().zip(&other.verdict.sources).flat_map(|(source, there)| {
        source.entries.iter().zip(&there.entries).map(|(entry, there)| (&source.file, entry, there))
    });
    let differing: Vec<_> = pairs
        .filter(|(_, entry, there)| entry.applies && entry.outcome != there.outcome)
        .map(|(file, entry, there)| {
            let (here, there) = (entry.outcome.words(), there.outcome.words());
            format!("{} ({file}): {there}; with the chain above: {here}", entry.scope.in_words())
        })
        .collect();
    for text in differing.iter().take(MOST_SHOWN) {
        paragraph(out, "  ", text);
    }
    match differing.len().saturating_sub(MOST_SHOWN) {
        0 if differing.is_empty() => paragraph(out, "  ", "every entry comes to the same with it"),
        0 => {}
        more => paragraph(out, "  ", &format!("and {more} more entries; --format json lists them all")),
    }
}

/// Appends a paragraph after a label.
fn paragraph(out: &mut String, label: &str, text: &str) {
    out.push_str(&wrap::labelled(label, &safe(text)));
}

/// The package that a source lies in, if it lies in one, and its name there.
fn split(source: &SourceVerdict) -> (Option<&str>, &str) {
    source
        .file
        .split_once("!/")
        .map_or((None, source.file.as_str()), |(package, inner)| (Some(package), inner))
}

/// What the package says of the app.
fn app_facts(app: &AppContext) -> String {
    let facts = [
        app.identifier.clone(),
        app.target_sdk.map(|level| format!("targets API {level}")),
        app.min_sdk.map(|level| format!("runs from API {level}")),
        app.debuggable.map(|debuggable| if debuggable { "debuggable" } else { "not debuggable" }.to_owned()),
    ];
    let known: Vec<String> = facts.into_iter().flatten().collect();
    if known.is_empty() { "says nothing of the app".to_owned() } else { known.join(", ") }
}

fn write_source(out: &mut String, source: &SourceVerdict, name: &str) {
    out.push('\n');
    let format = source.format.unwrap_or("format not recognised");
    let variant = source.app.as_ref().and_then(|app| app.from_sdk);
    let variant = variant.map(|level| format!(", from API {level}")).unwrap_or_default();
    paragraph(out, "", &format!("{name} ({format}{variant})"));
    if let (Some(app), false) = (&source.app, source.file.contains("!/")) {
        paragraph(out, "  app: ", &app_facts(app));
    }
    match &source.state {
        SourceState::Read => {}
        SourceState::NotWellFormed(why) | SourceState::Unreadable(why) => paragraph(out, "  ", why),
        SourceState::NotRecognised => paragraph(out, "  ", "What it pins is undetermined."),
    }
    if let Some(state) = source.dnssec {
        paragraph(out, "  DNSSEC: ", dnssec(state));
    }
    if let Some(statement) = &source.statement {
        paragraph(out, "  ", &format!("{statement}."));
    }
    if let Some(by) = &source.completed_by {
        paragraph(out, "  ", &format!("What could not be read in it is taken from {by}."));
    }
    if let Some(words) = without_entries(source) {
        paragraph(out, "  ", &words);
    }
    let applying: Vec<&EntryVerdict> = source.entries.iter().filter(|entry| entry.applies).collect();
    for entry in applying.iter().take(MOST_SHOWN) {
        write_entry(out, entry);
    }
    let hidden = applying.len().saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        paragraph(out, "  ", &format!("and {hidden} more entries; --format json lists them all"));
    }
    let (others, without_host) = source.unused();
    for (count, which) in [(others, "about other hosts"), (without_host, "that name no host")] {
        if count > 0 {
            paragraph(out, "  ", &format!("entries {which}: {count}"));
        }
    }
}

/// What stands below the heading of a file that has no entries: a bare heading says nothing.
fn without_entries(source: &SourceVerdict) -> Option<String> {
    let is_told = source.statement.is_some() || source.completed_by.is_some();
    if source.state != SourceState::Read || !source.entries.is_empty() || is_told {
        return None;
    }
    let open = source.problems.iter().find(|problem| problem.kind == ProblemKind::NotRead);
    Some(match (open, source.problems.first()) {
        (Some(open), _) => format!("What it pins is not known: {}.", open.what.trim_end_matches('.')),
        (None, Some(problem)) => {
            format!("No pins were read from it: {}.", problem.what.trim_end_matches('.'))
        }
        (None, None) => "It has no pins.".to_owned(),
    })
}

fn write_entry(out: &mut String, entry: &EntryVerdict) {
    let line = entry.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    paragraph(out, "  ", &format!("{}{line}", entry.scope.in_words()));
    if entry.platform.is_some() || entry.released.is_some() {
        let released = entry.released.map(|at| format!("released {}", at.strftime("%Y-%m-%d")));
        let facts: Vec<String> = entry.platform.clone().into_iter().chain(released).collect();
        paragraph(out, "    app:      ", &facts.join(", "));
    }
    paragraph(out, "    enforced: ", &format!("{}: {}", entry.enforced.name(), entry.why));
    if let Some(expires) = entry.expires {
        let state = match entry.expiry_state {
            Some(ExpiryState::Ended) => "ended",
            Some(ExpiryState::DependsOnDevice) => "ended or not, by the device:",
            Some(ExpiryState::Ahead) | None => "until",
        };
        let note = entry.expiry_note.unwrap_or_default();
        paragraph(out, "    expiry:   ", &format!("{state} {}, {note}", expires.strftime("%Y-%m-%d")));
    }
    match &entry.confidence {
        Confidence::Stated => {}
        Confidence::Read => {
            paragraph(out, "    read:     ", "in source code or a configuration that uses it");
        }
        Confidence::Guessed(why) => paragraph(out, "    guessed:  ", why),
    }
    if let Some(bootstrap) = entry.bootstrap {
        paragraph(out, "    first:    ", first_contact(bootstrap));
    }
    if entry.has_pins() {
        paragraph(out, "    backup:   ", entry.backup.name());
    }
    let now = match entry.outcome {
        Outcome::Connects => Some("the pins match this chain"),
        Outcome::LockedOut => Some("the pins do not match; clients are locked out"),
        Outcome::NotEnforced | Outcome::Unknown => None,
    };
    if let Some(now) = now {
        paragraph(out, "    now:      ", now);
    }
    if let Some(words) = on_paths(&entry.paths) {
        paragraph(out, "    paths:    ", &words);
    }
    for pin in entry.pins.iter().take(MOST_SHOWN) {
        write_pin(out, pin);
    }
    let hidden = entry.pins.len().saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        paragraph(out, "    ", &format!("and {hidden} more pins"));
    }
    if entry.unread > 0 {
        paragraph(out, "    ", &unread(entry.unread));
    }
    for pin in entry.forbidden.iter().take(MOST_SHOWN) {
        let met = if pin.matches.matches() { "; it is in the chain" } else { "" };
        paragraph(out, "    ", &pin.pin.to_string());
        paragraph(out, "      ", &format!("forbidden: a chain with this key is refused{met}"));
    }
    let hidden = entry.forbidden.len().saturating_sub(MOST_SHOWN);
    if hidden > 0 {
        paragraph(out, "    ", &format!("and {hidden} more forbidden keys"));
    }
}

fn unread(count: u32) -> String {
    match count {
        1 => "and 1 pin that could not be read: it may be any key".to_owned(),
        count => format!("and {count} pins that could not be read: they may be any keys"),
    }
}

fn dnssec(state: DnssecState) -> &'static str {
    match state {
        DnssecState::Secure => "secure",
        DnssecState::Insecure => "insecure: the zone is not signed",
        DnssecState::Bogus => "bogus: validation fails",
        DnssecState::Indeterminate => "could not be determined",
    }
}

fn first_contact(bootstrap: Bootstrap) -> &'static str {
    match bootstrap {
        Bootstrap::Signed => "pins come at run time, signed with a key that the app ships",
        Bootstrap::Pinned => "pins come at run time, over a connection that is pinned itself",
        Bootstrap::ValidatedOnly => "pins come at run time, vouched for by an ordinary certificate alone",
        Bootstrap::FirstUse => "pins are learnt at run time: what is met first is believed",
        Bootstrap::Unstated => "pins come at run time; what authenticates them is not said",
    }
}

/// What a pin is the hash of, where it is not that of a key as pins mostly are.
fn kind(pin: &PinVerdict) -> Option<&'static str> {
    match pin.pin.value.as_ref().ok()? {
        PinValue::Spki(_) => None,
        PinValue::SpkiSha1(_) => Some("the SHA-1 hash of a key"),
        PinValue::SpkiSha512(_) => Some("the SHA-512 hash of a key"),
        PinValue::RawKey(_) => Some("the hash of a key's bits, without its header"),
        PinValue::Certificate(_) | PinValue::CertificateSha512(_) => Some("the hash of a whole certificate"),
        PinValue::CertificateSha1(_) => Some("the SHA-1 hash of a whole certificate"),
    }
}

/// On which paths the pins match, where there are several.
pub(super) fn on_paths(paths: &PathMatches) -> Option<String> {
    const NAMED: usize = 3;
    if paths.paths.len() < 2 {
        return None;
    }
    let named = |labels: Vec<&str>| {
        let more = labels.len().saturating_sub(NAMED);
        let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{}{rest}", labels.into_iter().take(NAMED).collect::<Vec<_>>().join("; "))
    };
    let count = paths.paths.len();
    match paths.verdict() {
        PathsVerdict::All => Some(format!("match on all {count} paths known here that clients could build")),
        PathsVerdict::None => {
            Some(format!("match on none of the {count} paths known here that clients could build"))
        }
        PathsVerdict::Some => Some(format!(
            "depends on the path that a client builds: match over {}; not over {}. {}",
            named(paths.matching()),
            named(paths.not_matching()),
            paths.clients().unwrap_or_default(),
        )),
        PathsVerdict::Unknown if paths.is_open_beyond() => Some(format!(
            "not known: {} paths were looked at, and there are further ones that clients could build",
            count.saturating_sub(1)
        )),
        PathsVerdict::Unknown => None,
    }
}

fn write_pin(out: &mut String, pin: &PinVerdict) {
    let matches = match pin.matches {
        PinMatch::At(ChainPosition::Leaf) => "matches the leaf".to_owned(),
        PinMatch::At(ChainPosition::Intermediate) => "matches an intermediate".to_owned(),
        PinMatch::At(ChainPosition::Root) => "matches the root".to_owned(),
        PinMatch::WrongPlace(_) => "in the chain, but not where this pin is compared".to_owned(),
        PinMatch::None if pin.off_path => {
            "matches a served certificate that is not on the path built here; another client may build its path over \
             it"
                .to_owned()
        }
        PinMatch::None => format!("matches nothing in the chain; {}", pin.diagnosis),
        PinMatch::NotChecked => format!("not compared with a chain; {}", pin.diagnosis),
    };
    paragraph(out, "    ", &pin.pin.shown());
    if let Some(label) = &pin.pin.label {
        paragraph(out, "      ", &format!("beside it stands “{label}”"));
    }
    if let Some(kind) = kind(pin) {
        paragraph(out, "      ", kind);
    }
    paragraph(out, "      ", &matches);
}

fn summary(findings: &[Finding]) -> String {
    match findings.len() {
        0 => "Nothing found.".to_owned(),
        1 => "1 finding. `pinstead explain RULE` tells more about its rule.".to_owned(),
        count => format!("{count} findings. `pinstead explain RULE` tells more about a rule."),
    }
}

#[cfg(test)]
mod tests;
