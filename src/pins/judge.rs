//! What pins do for a host: pinned or not, enforced or not, and which certificate each pin matches.

mod parts;

use std::collections::HashSet;

use jiff::Timestamp;

use super::diagnosis::{Context, Diagnosis, KnownCa, diagnose, diagnose_match};
use super::formats;
use super::matching::{PinMatch, is_off_path, match_pin};
use super::model::{
    AfterExpiry, Combination, ComparedWith, Confidence, EnforcementMode, HostPattern, Pin, PinEntry, PinFile,
    PinSource, PositionRule, ProblemKind, Reading,
};
use super::paths::{PathMatches, PathsVerdict};
use super::verdict::{
    Backup, EntryVerdict, Outcome, PinVerdict, PinsStatus, PinsVerdict, Soon, SourceState, SourceVerdict,
    lists,
};
use crate::x509::paths::ClientPath;
use crate::x509::{Certificate, PathCertificate, SpkiSha256};

/// What is asked about pin files.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The host asked about, lower case and without a trailing dot; `None` asks about every entry.
    pub host: Option<&'a str>,
    /// The path that a client builds for the host, leaf first; `None` leaves open what pins match.
    pub path: Option<&'a [PathCertificate]>,
    /// The keys of served certificates that are not on that path: other clients may build theirs over them.
    pub off_path: &'a [SpkiSha256],
    /// Every path that some client could build for the host.
    pub paths: &'a [ClientPath],
    /// The certificates that wrong values are compared with: those served and those of the path.
    pub certificates: &'a [Certificate],
    /// The service that was looked at, for pins of one service alone (TLSA).
    pub service: Option<ServedAt<'a>>,
    /// The time of judging.
    pub at: Timestamp,
    /// Names the CA that a key belongs to, where it is known.
    pub known_ca: &'a dyn Fn(&SpkiSha256) -> Option<KnownCa>,
}

/// The chain of one service as it was served.
#[derive(Clone, Copy, Debug)]
pub struct ServedAt<'a> {
    /// The port.
    pub port: u16,
    /// Its certificates, leaf first, each the issuer of the one before.
    pub chain: &'a [PathCertificate],
}

/// Judges pin files.
pub fn judge(files: &[PinFile], question: &Question<'_>) -> PinsVerdict {
    let sources: Vec<SourceVerdict> = files.iter().map(|file| source(file, question)).collect();
    let (status, reason) = status(&sources, question.host);
    let host = question.host.map(str::to_owned);
    PinsVerdict { host, status, reason, sources, at: question.at, soon: Soon::or_default(None) }
}

fn status(sources: &[SourceVerdict], host: Option<&str>) -> (PinsStatus, String) {
    let whom = host.map_or_else(|| "the hosts that it names".to_owned(), str::to_owned);
    if sources.is_empty() {
        return (
            PinsStatus::NoPinSources,
            "no pin file was given, so whether clients pin is not known".to_owned(),
        );
    }
    let enforced = |entry: &&EntryVerdict| entry.is_in_force();
    let guess = |entry: &EntryVerdict| match &entry.confidence {
        Confidence::Guessed(why) => Some(why.clone()),
        Confidence::Stated | Confidence::Read => None,
    };
    let is_sure = |entry: &EntryVerdict| enforced(&entry) && guess(entry).is_none();
    let sure = || sources.iter().filter(|source| source.entries.iter().any(is_sure));
    let unpinned = |source: &&SourceVerdict| parts::unpinned(source, sources);
    let mut pinning: Vec<&str> = sure()
        .filter(|source| !source.is_of_a_part() && unpinned(source).is_none())
        .map(|source| source.file.as_str())
        .collect();
    pinning.dedup();
    if let Some((first, more)) = pinning.split_first() {
        let reason = match (more.len(), host) {
            (0, _) => format!("{first} has pins that are enforced for {whom}"),
            (more, Some(_)) => format!("{first} and {more} more have pins that are enforced for {whom}"),
            (more, None) => {
                format!("{first} and {more} more have pins that are enforced for the hosts that they name")
            }
        };
        return (PinsStatus::Pinned, reason);
    }
    if let Some(source) = sure().next() {
        return (PinsStatus::Undetermined, parts::reason(source, unpinned(&source), &whom));
    }
    // What only looks like pins in force is neither “pinned” nor “not pinned”.
    let guessed = |source: &SourceVerdict| source.entries.iter().filter(enforced).find_map(guess);
    if let Some((source, why)) = sources.iter().find_map(|source| Some((source, guessed(source)?))) {
        let reason = format!("{} looks as if it had pins that are enforced for {whom}: {why}", source.file);
        return (PinsStatus::Undetermined, reason);
    }
    let unread = |entry: &&EntryVerdict| entry.applies && entry.is_open();
    let unread = |source: &SourceVerdict| {
        source.entries.iter().find(unread).map(|entry| open_entry(source, entry, &whom))
    };
    if let Some(reason) = sources.iter().find_map(unread) {
        return (PinsStatus::Undetermined, reason);
    }
    let open = sources.iter().find(|source| {
        source.state != SourceState::Read || source.problems.iter().any(|p| p.kind == ProblemKind::NotRead)
    });
    if let Some(source) = open {
        if source.is_looked_up() {
            let why = source.problems.iter().find(|problem| problem.kind == ProblemKind::NotRead);
            let why = why.map_or("it was not read", |problem| problem.what.as_str());
            return (PinsStatus::Undetermined, format!("{}: {why}", source.file));
        }
        return (PinsStatus::Undetermined, left_open(source));
    }
    let applying = || sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let reason = match applying().find(|entry| !entry.pins.is_empty()).or_else(|| applying().next()) {
        Some(entry) => format!("nothing is enforced for {whom}: {}", entry.why),
        None => match sources.iter().find_map(|source| Some((source, source.statement.as_deref()?))) {
            Some((source, statement)) if sources.iter().all(SourceVerdict::is_looked_up) => {
                format!("{}: {statement}", source.file)
            }
            Some((_, statement)) => format!("no entry of the given files is about {whom}: {statement}"),
            None => format!("no entry of the given files is about {whom}"),
        },
    };
    (PinsStatus::NotPinned, reason)
}

/// Why an entry leaves open whether a host is pinned.
fn open_entry(source: &SourceVerdict, entry: &EntryVerdict, whom: &str) -> String {
    let file = &source.file;
    match entry.enforced {
        EnforcementMode::Unknown => {
            format!("whether what {file} has for {whom} is enforced is not known: {}", entry.why)
        }
        _ => format!("{file} has pins that are enforced for {whom}, and none of them could be read"),
    }
}

fn source(file: &PinFile, question: &Question<'_>) -> SourceVerdict {
    let without_entries = |state, format| SourceVerdict {
        file: file.file.clone(),
        state,
        format,
        problems: Vec::new(),
        entries: Vec::new(),
        united: Vec::new(),
        app: None,
        statement: None,
        is_absent: false,
        dnssec: None,
    };
    let source = match &file.reading {
        Reading::Read(source) => source,
        Reading::NotWellFormed { format, why } => {
            return without_entries(SourceState::NotWellFormed(why.clone()), Some(format));
        }
        Reading::NotRecognised => return without_entries(SourceState::NotRecognised, None),
        Reading::Unreadable(why) => return without_entries(SourceState::Unreadable(why.clone()), None),
    };
    let applicable: Option<HashSet<*const PinEntry>> = question
        .host
        .map(|host| formats::applicable(source, host).into_iter().map(std::ptr::from_ref).collect());
    let applies =
        |entry: &PinEntry| applicable.as_ref().is_none_or(|list| list.contains(&std::ptr::from_ref(entry)));
    let mut entries: Vec<EntryVerdict> =
        source.entries.iter().map(|entry| judge_entry(source, entry, applies(entry), question)).collect();
    let is_union = applicable.is_some() && formats::combination(source.format) == Combination::Union;
    let united = if is_union { unite(&mut entries) } else { Vec::new() };
    SourceVerdict {
        file: file.file.clone(),
        state: SourceState::Read,
        format: Some(source.format),
        problems: source.problems.clone(),
        entries,
        united,
        app: source.app.clone(),
        statement: source.statement.clone(),
        is_absent: source.is_absent,
        dnssec: source.dnssec,
    }
}

/// Where the pins of all entries that apply are taken together, a match of one is a match of all, and a pin to fall back
/// on of one is that of all. Gives them as one.
fn unite(entries: &mut [EntryVerdict]) -> Vec<EntryVerdict> {
    let enforced = |entry: &EntryVerdict| entry.applies && entry.enforced == EnforcementMode::Yes;
    let mut united: Option<PathMatches> = None;
    for entry in entries.iter().filter(|entry| enforced(entry)) {
        match &mut united {
            Some(united) => united.unite(&entry.paths),
            None => united = Some(entry.paths.clone()),
        }
    }
    for entry in entries.iter_mut().filter(|entry| enforced(entry)) {
        entry.paths = united.clone().unwrap_or_default();
        // A pin of one entry may stand on the path where another's does not.
        if entry.is_compared() && entry.outcome == Outcome::Unknown && entry.has_match() {
            entry.outcome = now(Outcome::Connects, &entry.paths);
        }
    }
    let best = [Outcome::Connects, Outcome::Unknown]
        .into_iter()
        .find(|outcome| entries.iter().any(|entry| enforced(entry) && entry.outcome == *outcome));
    for entry in entries.iter_mut().filter(|entry| enforced(entry)) {
        entry.outcome = best.unwrap_or(entry.outcome);
    }
    let mut all: Vec<EntryVerdict> = Vec::new();
    for entry in entries.iter().filter(|entry| enforced(entry)) {
        match all.iter_mut().find(|one| one.confidence.name() == entry.confidence.name()) {
            Some(one) => take_with(one, entry),
            None => all.push(entry.clone()),
        }
    }
    for one in &mut all {
        one.backup = Backup::of(&one.pins, one.unread);
        let name = one.confidence.name();
        for entry in entries.iter_mut().filter(|entry| enforced(entry) && entry.confidence.name() == name) {
            entry.backup = one.backup;
        }
    }
    all
}

/// Adds the pins of an entry that is used together with another.
fn take_with(one: &mut EntryVerdict, other: &EntryVerdict) {
    let mut known: HashSet<(String, PositionRule)> =
        one.pins.iter().map(|pin| (pin.pin.written.clone(), pin.pin.position)).collect();
    let new = other.pins.iter().filter(|pin| known.insert((pin.pin.written.clone(), pin.pin.position)));
    one.pins.extend(new.cloned());
    one.forbidden.extend(other.forbidden.iter().cloned());
    one.unread = one.unread.saturating_add(other.unread);
}

fn judge_entry(source: &PinSource, entry: &PinEntry, applies: bool, question: &Question<'_>) -> EntryVerdict {
    // A path belongs to a host: pins of other hosts are not compared with it.
    let path = path_for(entry, question).filter(|_| applies && question.host.is_some());
    let paths = if path.is_some() && entry.compared_with == ComparedWith::ValidatedPath {
        question.paths
    } else {
        &[]
    };
    let context =
        Context { certificates: question.certificates, known_ca: question.known_ca, at: question.at };
    let judged = |pins: &[Pin]| -> Vec<PinVerdict> {
        pins.iter()
            .map(|pin| (pin, match_pin(pin, path)))
            .map(|(pin, matches)| PinVerdict {
                matches,
                paths: PathMatches::of_pin(pin, paths),
                off_path: matches == PinMatch::None && is_off_path(pin, question.off_path),
                diagnosis: match matches {
                    PinMatch::WrongPlace(position) => Diagnosis::OtherPosition(position),
                    PinMatch::At(_) => diagnose_match(pin, &context),
                    PinMatch::None | PinMatch::NotChecked => diagnose(pin, &context),
                },
                pin: pin.clone(),
            })
            .collect()
    };
    let (pins, forbidden) = (judged(&entry.pins), judged(&entry.forbidden));
    let ended = entry.expiry.as_ref().filter(|expiry| question.at > expiry.at);
    let (enforced, mut why) = enforcement(source, entry, question.at);
    let is_forbidden = forbidden.iter().any(|pin| pin.matches.matches());
    if is_forbidden && enforced == EnforcementMode::Yes {
        "the chain has a key that the list forbids, and is refused whatever else matches"
            .clone_into(&mut why);
    }
    let on_paths = PathMatches::of_entry(&pins, paths, |pins, matches| every_list(pins, matches));
    let is_nothing_read = pins.is_empty() && forbidden.is_empty();
    let outcome =
        match enforced {
            EnforcementMode::Report | EnforcementMode::No => Outcome::NotEnforced,
            EnforcementMode::Unknown => Outcome::Unknown,
            EnforcementMode::Yes
                if is_forbidden
                    || ended.is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed) =>
            {
                Outcome::LockedOut
            }
            EnforcementMode::Yes if path.is_none() || is_nothing_read => Outcome::Unknown,
            EnforcementMode::Yes if every_list(&pins, |pin| pin.matches.matches()) => {
                if may_lack_a_list(entry) { Outcome::Unknown } else { now(Outcome::Connects, &on_paths) }
            }
            EnforcementMode::Yes
                if entry.unread > 0 || every_list(&pins, |pin| pin.matches.matches() || pin.off_path) =>
            {
                Outcome::Unknown
            }
            EnforcementMode::Yes => now(Outcome::LockedOut, &on_paths),
        };
    EntryVerdict {
        scope: entry.scope.clone(),
        line: entry.line,
        pin_set: entry.pin_set,
        applies,
        enforced,
        why,
        overridden_for_user_anchors: entry.overridden_for_user_anchors,
        expires: entry.expiry.as_ref().map(|expiry| expiry.at),
        expired: ended.is_some(),
        expiry_note: entry.expiry.as_ref().map(|expiry| expiry.note),
        fails_closed: entry
            .expiry
            .as_ref()
            .is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed),
        is_excluded: entry.is_excluded,
        certificate_transparency: entry.certificate_transparency,
        backup: Backup::of(&pins, entry.unread),
        paths: on_paths,
        unread: entry.unread,
        pins,
        forbidden,
        confidence: entry.confidence.clone(),
        bootstrap: entry.bootstrap,
        platform: entry.platform.clone(),
        released: entry.released,
        outcome,
    }
}

/// The certificates that an entry's pins are compared with.
fn path_for<'a>(entry: &PinEntry, question: &Question<'a>) -> Option<&'a [PathCertificate]> {
    let HostPattern::Service { port, .. } = &entry.scope else { return question.path };
    let service = question.service.filter(|service| service.port == *port)?;
    Some(match entry.compared_with {
        ComparedWith::ServedChain => service.chain,
        // Without a path, ordinary validation has failed, and with it every record that needs it.
        ComparedWith::ValidatedPath => question.path.unwrap_or_default(),
    })
}

/// What happens now, where the one path that was built says `outcome`: it depends on the client where another path to
/// the same anchors says otherwise, and where a client of other roots would connect that this path locks out.
fn now(outcome: Outcome, paths: &PathMatches) -> Outcome {
    let open = match outcome {
        Outcome::Connects => paths.among_trusted() == PathsVerdict::Some,
        _ => matches!(paths.verdict(), PathsVerdict::Some | PathsVerdict::All),
    };
    if open { Outcome::Unknown } else { outcome }
}

fn enforcement(source: &PinSource, entry: &PinEntry, at: Timestamp) -> (EnforcementMode, String) {
    if let Some(refusal) = source.refusal() {
        let why = format!("the platform refuses the whole file, and apps crash with it: {}", refusal.what);
        return (EnforcementMode::No, why);
    }
    match &entry.expiry {
        Some(expiry)
            if matches!(entry.enforcement.mode, EnforcementMode::Yes | EnforcementMode::Unknown)
                && at > expiry.at
                && expiry.afterwards == AfterExpiry::FailOpen =>
        {
            let why =
                format!("its pins ended {}: clients connect without them", expiry.at.strftime("%Y-%m-%d"));
            (EnforcementMode::No, why)
        }
        _ => (entry.enforcement.mode, entry.enforcement.why.clone()),
    }
}

/// Whether each list of pins that is there has one that `matches`: leaf and CA lists are asked apart.
fn every_list(pins: &[PinVerdict], matches: impl Fn(&PinVerdict) -> bool) -> bool {
    lists(pins).into_iter().all(|list| list.into_iter().any(&matches))
}

/// Whether a pin that could not be read may stand in a list of its own, whose match is asked for as well.
fn may_lack_a_list(entry: &PinEntry) -> bool {
    let has = |rule| entry.pins.iter().any(|pin| pin.position == rule);
    entry.unread > 0 && (has(PositionRule::Leaf) != has(PositionRule::Ca))
}

/// What of a source leaves open whether a host is pinned.
fn left_open(source: &SourceVerdict) -> String {
    let file = &source.file;
    match &source.state {
        SourceState::Unreadable(_) | SourceState::NotWellFormed(_) => format!("{file} could not be read"),
        SourceState::NotRecognised => format!("{file} is of no format that is read here"),
        SourceState::Read => {
            let part = source.problems.iter().find(|problem| problem.kind == ProblemKind::NotRead);
            let what = part.map_or_else(String::new, |part| format!(": {}", part.what.trim_end_matches('.')));
            format!("{file} was read in part{what}")
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_dead;
#[cfg(test)]
mod tests_lists;
#[cfg(test)]
mod tests_parts;
#[cfg(test)]
mod tests_unread;
