//! What pins do for a host: pinned or not, enforced or not, and which certificate each pin matches.

mod parts;
mod union;

use std::collections::HashSet;

use jiff::Timestamp;

use super::diagnosis::{Context, Diagnosis, KnownCa, diagnose, diagnose_match};
use super::formats;
use super::matching::{PinMatch, is_off_path, match_pin};
use super::model::{
    AfterExpiry, Combination, ComparedWith, Confidence, EnforcementMode, Expiry, ExpiryState, HostPattern,
    Pin, PinEntry, PinFile, PinSource, PositionRule, Reading,
};
use super::paths::{PathMatches, PathsVerdict};
use super::verdict::{
    Backup, EntryVerdict, Outcome, PinVerdict, PinsStatus, PinsVerdict, Soon, SourceState, SourceVerdict,
    lists,
};
use crate::x509::paths::ClientPath;
use crate::x509::{Certificate, ChainPosition, PathCertificate, SpkiSha256};

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
    PinsVerdict {
        host,
        status,
        reason,
        sources,
        unseen: Vec::new(),
        at: question.at,
        soon: Soon::or_default(None),
    }
}

impl PinsVerdict {
    /// Judges by the files alone whether the host is pinned, where records that nobody asked for by name could not be had:
    /// what a table looks up for its own sake leaves nothing else open.
    pub fn set_unheard_records_aside(&mut self) {
        if self.sources.iter().any(SourceVerdict::is_unheard) {
            let files: Vec<SourceVerdict> =
                self.sources.iter().filter(|source| !source.is_unheard()).cloned().collect();
            (self.status, self.reason) = status(&files, self.host.as_deref());
        }
    }
}

fn status(sources: &[SourceVerdict], host: Option<&str>) -> (PinsStatus, String) {
    let mut pinning =
        sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.has_pins()).peekable();
    let whom = match host {
        Some(host) => host.to_owned(),
        None if pinning.peek().is_some() && pinning.all(|entry| entry.scope == HostPattern::Unstated) => {
            "whatever host they are used for".to_owned()
        }
        None => "the hosts that it names".to_owned(),
    };
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
                let whom = whom.replace("it names", "they name");
                format!("{first} and {more} more have pins that are enforced for {whom}")
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
        source.state != SourceState::Read || source.problems.iter().any(|problem| problem.leaves_open(host))
    });
    if let Some(source) = open {
        if source.is_looked_up() {
            let why = source.problems.iter().find(|problem| problem.leaves_open(host));
            let why = why.map_or("it was not read", |problem| problem.what.as_str());
            return (PinsStatus::Undetermined, format!("{}: {why}", source.file));
        }
        return (PinsStatus::Undetermined, left_open(source, host));
    }
    let applying = || sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let reason = match applying().find(|entry| entry.is_read()).or_else(|| applying().next()) {
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
        guessed: None,
        elsewhere: None,
        completed_by: None,
        place: None,
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
    let mut united = if is_union { union::unite(&mut entries) } else { Vec::new() };
    union::back_up_services(&mut entries, &mut united);
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
        guessed: source.guessed.clone(),
        elsewhere: source.elsewhere,
        completed_by: source.completed_by.as_deref().map(str::to_owned),
        place: None,
    }
}

/// What is said of a chain with a key that the list forbids.
const FORBIDDEN: &str = "the chain has a key that the list forbids, and is refused whatever else matches";

/// What is said where pins that do not match may be left aside.
const SET_ASIDE: &str = "; but the pins are left aside for CAs that the app or the device adds to the system's own, and \
    the chain leads to a root that no public table has: where it is one of those, clients connect";

fn judge_entry(source: &PinSource, entry: &PinEntry, applies: bool, question: &Question<'_>) -> EntryVerdict {
    // A path belongs to a host: pins of other hosts are not compared with it.
    let path = path_for(entry, question).filter(|_| applies && question.host.is_some());
    let is_compared = path.is_some() && entry.compared_with == ComparedWith::ValidatedPath;
    let paths = if is_compared { question.paths } else { &[] };
    let context =
        Context { certificates: question.certificates, known_ca: question.known_ca, at: question.at };
    let judged = |pins: &[Pin]| -> Vec<PinVerdict> {
        pins.iter()
            .map(|pin| (pin, match_pin(pin, path)))
            .map(|(pin, matches)| PinVerdict {
                matches,
                paths: PathMatches::of_pin(pin, paths),
                off_path: matches == PinMatch::None && is_off_path(pin, question.off_path),
                diagnosis: diagnosis_of(pin, matches, &context),
                pin: pin.clone(),
            })
            .map(|pin| if pin.pin.has_ended(question.at) { ended_by_itself(pin) } else { pin })
            .collect()
    };
    let (pins, forbidden) = (judged(&entry.pins), judged(&entry.forbidden));
    let expiry = entry.expiry.as_ref();
    let expiry_state = expiry.map(|expiry| expiry.state(question.at));
    let ended = expiry.filter(|_| expiry_state == Some(ExpiryState::Ended));
    let (enforced, mut why) = enforcement(source, entry, question.at);
    let is_forbidden = forbidden.iter().any(|pin| pin.matches.matches());
    if is_forbidden && enforced == EnforcementMode::Yes {
        FORBIDDEN.clone_into(&mut why);
    }
    let is_nothing_read = pins.is_empty() && forbidden.is_empty();
    // Where no pin was read, but a key that is forbidden, whatever else is served matches; unless there are pins.
    let is_match_open = is_nothing_read || (pins.is_empty() && entry.unread > 0) || may_lack_a_list(entry);
    let on_paths = PathMatches::of_entry(&pins, paths, |pins, matches| every_list(pins, matches))
        .with_unread(is_match_open, entry.unread > 0)
        .without(forbidden.iter().map(|pin| &pin.paths));
    // Which CAs an app declares is not at hand; those that no public table has may be among them.
    let root = path.and_then(<[PathCertificate]>::last).filter(|last| last.position == ChainPosition::Root);
    let is_set_aside = entry.overridden_for_user_anchors
        && enforced == EnforcementMode::Yes
        && root.is_some_and(|root| (question.known_ca)(&root.spki_sha256).is_none());
    if is_set_aside && !every_list(&pins, |pin| pin.matches.matches()) {
        why.push_str(SET_ASIDE);
    }
    let doubt = path.and_then(|path| entry.anchors.as_ref()?.doubt(path));
    if let Some(doubt) = doubt.as_ref().filter(|_| enforced == EnforcementMode::Yes) {
        why = format!("{why}; but {doubt}");
    }
    let outcome = match enforced {
        EnforcementMode::Report | EnforcementMode::No => Outcome::NotEnforced,
        EnforcementMode::Unknown => Outcome::Unknown,
        EnforcementMode::Yes
            if is_forbidden || ended.is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed) =>
        {
            Outcome::LockedOut
        }
        EnforcementMode::Yes if path.is_none() || is_nothing_read => Outcome::Unknown,
        EnforcementMode::Yes if every_list(&pins, |pin| pin.matches.matches()) => {
            if is_match_open || doubt.is_some() {
                Outcome::Unknown
            } else {
                now(Outcome::Connects, &on_paths)
            }
        }
        EnforcementMode::Yes
            if entry.unread > 0 || every_list(&pins, |pin| pin.matches.matches() || pin.off_path) =>
        {
            Outcome::Unknown
        }
        EnforcementMode::Yes if is_set_aside => Outcome::Unknown,
        EnforcementMode::Yes => now(Outcome::LockedOut, &on_paths),
    };
    EntryVerdict {
        scope: entry.scope.clone(),
        line: entry.line,
        pinner: entry.pinner,
        taken_by: entry.taken_by.clone(),
        alternative: entry.alternative,
        is_possible: entry.is_possible,
        pin_set: entry.pin_set,
        applies,
        enforced,
        why,
        overridden_for_user_anchors: entry.overridden_for_user_anchors,
        expires: expiry.map(|expiry| expiry.at),
        expired: ended.is_some(),
        expiry_state,
        expiry_note: expiry.map(|expiry| expiry.note),
        fails_closed: expiry.is_some_and(Expiry::fails_closed),
        is_excluded: entry.is_excluded,
        certificate_transparency: entry.certificate_transparency,
        own_anchors_alone: entry.anchors.as_ref().is_some_and(|own| !own.beside_system),
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

fn diagnosis_of(pin: &Pin, matches: PinMatch, context: &Context<'_>) -> Diagnosis {
    match matches {
        PinMatch::WrongPlace(position) => Diagnosis::OtherPosition(position),
        PinMatch::At(_) => diagnose_match(pin, context),
        PinMatch::None | PinMatch::NotChecked => diagnose(pin, context),
    }
}

/// A pin past its own end: it is compared with nothing any more.
fn ended_by_itself(pin: PinVerdict) -> PinVerdict {
    let matches = match pin.matches {
        PinMatch::NotChecked => PinMatch::NotChecked,
        PinMatch::None | PinMatch::At(_) | PinMatch::WrongPlace(_) => PinMatch::None,
    };
    let on = pin.pin.ends.map(|end| end.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    PinVerdict {
        matches,
        off_path: false,
        paths: pin.paths.with_none(),
        diagnosis: Diagnosis::Ended { on },
        ..pin
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
/// the same anchors says otherwise, where a client of other roots would connect that this path locks out, and where not
/// all paths were looked at.
fn now(outcome: Outcome, paths: &PathMatches) -> Outcome {
    let open = paths.is_open_beyond()
        || match outcome {
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
    let stated = (entry.enforcement.mode, entry.enforcement.why.clone());
    let Some(expiry) = &entry.expiry else { return stated };
    let day = expiry.at.strftime("%Y-%m-%d");
    let may_refuse = matches!(entry.enforcement.mode, EnforcementMode::Yes | EnforcementMode::Unknown);
    match (expiry.state(at), expiry.afterwards) {
        (ExpiryState::Ended, AfterExpiry::FailOpen) if may_refuse => {
            (EnforcementMode::No, format!("its pins ended {day}: clients connect without them"))
        }
        (ExpiryState::DependsOnDevice, _) if may_refuse => {
            let why = format!(
                "it depends on the device: its pins end on {day} at midnight in the device's own time zone, which some \
                 have passed and others have not"
            );
            (EnforcementMode::Unknown, why)
        }
        _ => stated,
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
fn left_open(source: &SourceVerdict, host: Option<&str>) -> String {
    let file = &source.file;
    match &source.state {
        SourceState::Unreadable(_) | SourceState::NotWellFormed(_) => format!("{file} could not be read"),
        SourceState::NotRecognised => format!("{file} is of no format that is read here"),
        SourceState::Read => {
            let part = source.problems.iter().find(|problem| problem.leaves_open(host));
            let what = part.map_or_else(String::new, |part| format!(": {}", part.what.trim_end_matches('.')));
            format!("{file} was read in part{what}")
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_parts;
