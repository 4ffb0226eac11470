//! What pins do for a host: pinned or not, enforced or not, and which certificate each pin matches.

use jiff::Timestamp;

use super::diagnosis::{Context, Diagnosis, KnownCa, diagnose};
use super::formats;
use super::matching::{PinMatch, is_off_path, match_pin};
use super::model::{
    AfterExpiry, Combination, EnforcementMode, HostPattern, Pin, PinEntry, PinFile, PinSource, PositionRule,
    Problem, ProblemKind, Reading,
};
use super::paths::{PathMatches, PathsVerdict};
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
    /// The time of judging.
    pub at: Timestamp,
    /// Names the CA that a key belongs to, where it is known.
    pub known_ca: &'a dyn Fn(&SpkiSha256) -> Option<KnownCa>,
}

/// Whether a host is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinsStatus {
    /// At least one source has pins that are enforced for it.
    Pinned,
    /// Every source was read, and none has pins that are enforced for it.
    NotPinned,
    /// No source was given: whether the host is pinned is not known.
    NoPinSources,
    /// A source could not be read or understood.
    Undetermined,
}

impl PinsStatus {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::NotPinned => "not_pinned",
            Self::NoPinSources => "no_pin_sources",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The judgement over all pin files.
#[derive(Clone, Debug)]
pub struct PinsVerdict {
    /// The host asked about, if one was.
    pub host: Option<String>,
    /// Whether that host is pinned; without a host, whether any host is.
    pub status: PinsStatus,
    /// Why, in one sentence.
    pub reason: String,
    /// Each source, in the order they were named.
    pub sources: Vec<SourceVerdict>,
    /// The time of judging.
    pub at: Timestamp,
}

/// The judgement over one pin file.
#[derive(Clone, Debug)]
pub struct SourceVerdict {
    /// The path as the user gave it.
    pub file: String,
    /// Whether it could be read.
    pub state: SourceState,
    /// The format's id, if it was recognised.
    pub format: Option<&'static str>,
    /// What is wrong or weak in the file itself.
    pub problems: Vec<Problem>,
    /// Its entries, in the order of the file.
    pub entries: Vec<EntryVerdict>,
}

/// Whether a pin file could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// It was.
    Read,
    /// It is not well formed, and why.
    NotWellFormed(String),
    /// Its format is not known.
    NotRecognised,
    /// It could not be read at all, and why.
    Unreadable(String),
}

impl SourceState {
    /// The name used in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::NotWellFormed(_) => "not_well_formed",
            Self::NotRecognised => "not_recognised",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// The judgement over one entry.
#[derive(Clone, Debug)]
pub struct EntryVerdict {
    /// The hosts it is about.
    pub scope: HostPattern,
    /// The line its host stands on, from 1.
    pub line: Option<usize>,
    /// The pin set it takes its pins from, numbered within the file.
    pub pin_set: Option<usize>,
    /// Whether the platform uses it for the host asked about; true where no host was asked about.
    pub applies: bool,
    /// Whether a mismatch refuses the connection at the time of judging.
    pub enforced: EnforcementMode,
    /// Why, in one sentence.
    pub why: String,
    /// Whether the platform leaves the pins aside for CAs that are not the system's own: those of users or companies.
    pub overridden_for_user_anchors: bool,
    /// When its pins end.
    pub expires: Option<Timestamp>,
    /// Whether they have ended at the time of judging.
    pub expired: bool,
    /// How the date was read, for people.
    pub expiry_note: Option<&'static str>,
    /// What the file says of Certificate Transparency for these hosts, if anything.
    pub certificate_transparency: Option<bool>,
    /// Each pin.
    pub pins: Vec<PinVerdict>,
    /// On which of the paths that clients could build its pins match, those of the entries used with it included.
    pub paths: PathMatches,
    /// Whether there is a pin to fall back on.
    pub backup: Backup,
    /// What happens to a client that connects now.
    pub outcome: Outcome,
}

/// The judgement over one pin.
#[derive(Clone, Debug)]
pub struct PinVerdict {
    /// The pin.
    pub pin: Pin,
    /// Which certificate of the path it matches.
    pub matches: PinMatch,
    /// Whether it matches a served certificate that is not on the path, and none on it.
    pub off_path: bool,
    /// On which of the paths that clients could build it matches.
    pub paths: PathMatches,
    /// What its value is known to be.
    pub diagnosis: Diagnosis,
}

/// Whether an entry has a pin to fall back on when the pinned key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// A usable pin matches no certificate of the path.
    Present,
    /// Every usable pin is in the path, or there is only one.
    Absent,
    /// There was no path to tell, or nothing matches it.
    Unknown,
}

impl Backup {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}

/// What happens to a client with these pins that connects now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pins match: it connects.
    Connects,
    /// The pins do not match: it refuses.
    LockedOut,
    /// Pins play no part.
    NotEnforced,
    /// There was no path to tell, or it depends on which path a client builds.
    Unknown,
}

impl Outcome {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connects => "connects",
            Self::LockedOut => "locked_out",
            Self::NotEnforced => "not_enforced",
            Self::Unknown => "unknown",
        }
    }
}

impl EntryVerdict {
    /// Whether some usable pin matches where it is compared.
    pub fn has_match(&self) -> bool {
        self.pins.iter().any(|pin| pin.matches.matches())
    }

    /// Whether the pins were compared with a path.
    pub fn is_compared(&self) -> bool {
        self.pins.iter().any(|pin| pin.matches != PinMatch::NotChecked)
    }

    /// Whether every match is the leaf's own key.
    pub fn matches_leaf_only(&self) -> bool {
        let mut matches = self.pins.iter().filter(|pin| pin.matches.matches()).peekable();
        matches.peek().is_some() && matches.all(|pin| pin.matches == PinMatch::At(ChainPosition::Leaf))
    }
}

impl PinsVerdict {
    /// Whether pins are enforced for the host, and whether they match is open: there was no whole path to compare
    /// them with, or they match a served certificate beside it.
    pub fn is_uncompared(&self) -> bool {
        self.sources.iter().flat_map(|source| &source.entries).any(|entry| {
            entry.applies && entry.enforced == EnforcementMode::Yes && entry.outcome == Outcome::Unknown
        })
    }
}

/// Judges pin files.
pub fn judge(files: &[PinFile], question: &Question<'_>) -> PinsVerdict {
    let sources: Vec<SourceVerdict> = files.iter().map(|file| source(file, question)).collect();
    let (status, reason) = status(&sources, question.host);
    PinsVerdict { host: question.host.map(str::to_owned), status, reason, sources, at: question.at }
}

fn status(sources: &[SourceVerdict], host: Option<&str>) -> (PinsStatus, String) {
    let whom = host.map_or_else(|| "the hosts that it names".to_owned(), str::to_owned);
    if sources.is_empty() {
        return (
            PinsStatus::NoPinSources,
            "no pin file was given, so whether clients pin is not known".to_owned(),
        );
    }
    let enforced = |entry: &&EntryVerdict| entry.applies && entry.enforced == EnforcementMode::Yes;
    let pinning = sources.iter().find(|source| source.entries.iter().any(|entry| enforced(&entry)));
    if let Some(source) = pinning {
        return (PinsStatus::Pinned, format!("{} has pins that are enforced for {whom}", source.file));
    }
    let open = sources.iter().find(|source| {
        source.state != SourceState::Read || source.problems.iter().any(|p| p.kind == ProblemKind::NotRead)
    });
    if let Some(source) = open {
        return (PinsStatus::Undetermined, format!("{} could not be read as pins", source.file));
    }
    let applying = || sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
    let reason = match applying().find(|entry| !entry.pins.is_empty()).or_else(|| applying().next()) {
        Some(entry) => format!("nothing is enforced for {whom}: {}", entry.why),
        None => format!("no entry of the given files is about {whom}"),
    };
    (PinsStatus::NotPinned, reason)
}

fn source(file: &PinFile, question: &Question<'_>) -> SourceVerdict {
    let without_entries = |state, format| SourceVerdict {
        file: file.file.clone(),
        state,
        format,
        problems: Vec::new(),
        entries: Vec::new(),
    };
    let source = match &file.reading {
        Reading::Read(source) => source,
        Reading::NotWellFormed { format, why } => {
            return without_entries(SourceState::NotWellFormed(why.clone()), Some(format));
        }
        Reading::NotRecognised => return without_entries(SourceState::NotRecognised, None),
        Reading::Unreadable(why) => return without_entries(SourceState::Unreadable(why.clone()), None),
    };
    let applicable = question.host.map(|host| formats::applicable(source, host));
    let applies = |entry: &PinEntry| {
        applicable.as_ref().is_none_or(|list| list.iter().any(|one| std::ptr::eq(*one, entry)))
    };
    let mut entries: Vec<EntryVerdict> =
        source.entries.iter().map(|entry| judge_entry(source, entry, applies(entry), question)).collect();
    if applicable.is_some() && formats::combination(source.format) == Combination::Union {
        unite(&mut entries);
    }
    SourceVerdict {
        file: file.file.clone(),
        state: SourceState::Read,
        format: Some(source.format),
        problems: source.problems.clone(),
        entries,
    }
}

/// Where the pins of all entries that apply are taken together, a match of one is a match of all.
fn unite(entries: &mut [EntryVerdict]) {
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
    let Some(best) = best else { return };
    for entry in entries.iter_mut().filter(|entry| enforced(entry)) {
        entry.outcome = best;
    }
}

fn judge_entry(source: &PinSource, entry: &PinEntry, applies: bool, question: &Question<'_>) -> EntryVerdict {
    // A path belongs to a host: pins of other hosts are not compared with it.
    let path = question.path.filter(|_| applies && question.host.is_some());
    let paths = if path.is_some() { question.paths } else { &[] };
    let context =
        Context { certificates: question.certificates, known_ca: question.known_ca, at: question.at };
    let pins: Vec<PinVerdict> = entry
        .pins
        .iter()
        .map(|pin| (pin, match_pin(pin, path)))
        .map(|(pin, matches)| PinVerdict {
            matches,
            paths: PathMatches::of_pin(pin, paths),
            off_path: matches == PinMatch::None && is_off_path(pin, question.off_path),
            diagnosis: match matches {
                PinMatch::WrongPlace(position) => Diagnosis::OtherPosition(position),
                _ => diagnose(pin, &context),
            },
            pin: pin.clone(),
        })
        .collect();
    let ended = entry.expiry.as_ref().filter(|expiry| question.at > expiry.at);
    let (enforced, why) = enforcement(source, entry, question.at);
    let on_paths = PathMatches::of_entry(&pins, paths, |pins, matches| every_list(pins, matches));
    let outcome = if enforced != EnforcementMode::Yes {
        Outcome::NotEnforced
    } else if ended.is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed) {
        Outcome::LockedOut
    } else if path.is_none() {
        Outcome::Unknown
    } else if every_list(&pins, |pin| pin.matches.matches()) {
        now(Outcome::Connects, &on_paths)
    } else if every_list(&pins, |pin| pin.matches.matches() || pin.off_path) {
        Outcome::Unknown
    } else {
        now(Outcome::LockedOut, &on_paths)
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
        certificate_transparency: entry.certificate_transparency,
        backup: backup(&pins),
        paths: on_paths,
        pins,
        outcome,
    }
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
            if entry.enforcement.mode == EnforcementMode::Yes
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
    [PositionRule::Any, PositionRule::Leaf, PositionRule::Ca].into_iter().all(|rule| {
        let mut list = pins.iter().filter(|pin| pin.pin.position == rule).peekable();
        list.peek().is_none() || list.any(&matches)
    })
}

fn backup(pins: &[PinVerdict]) -> Backup {
    let usable: Vec<&PinVerdict> = pins
        .iter()
        .filter(|pin| {
            !pin.diagnosis.is_dead() && !matches!(pin.diagnosis, Diagnosis::DocumentationExample { .. })
        })
        .collect();
    let keys: std::collections::BTreeSet<_> = usable.iter().filter_map(|pin| pin.pin.spki()).collect();
    if keys.len() == 1 {
        return Backup::Absent;
    }
    if !usable.iter().any(|pin| pin.matches.matches()) {
        return Backup::Unknown;
    }
    if usable.iter().any(|pin| pin.matches == PinMatch::None) { Backup::Present } else { Backup::Absent }
}

#[cfg(test)]
mod tests;
