//! What pins do for a host: pinned or not, enforced or not, and which certificate each pin matches.

use jiff::{SignedDuration, Timestamp};

use super::diagnosis::{Context, Diagnosis, KnownCa, diagnose};
use super::formats;
use super::matching::{PinMatch, is_off_path, match_pin};
use super::model::{
    AfterExpiry, AppContext, Bootstrap, Combination, ComparedWith, Confidence, EnforcementMode, HostPattern,
    Pin, PinEntry, PinFile, PinSource, PositionRule, Problem, ProblemKind, Reading,
};
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
    /// How soon an end is soon; whoever judges may set another.
    pub soon: Soon,
}

/// How soon the end of pins is soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soon {
    /// The time until then, at most.
    pub within: SignedDuration,
    /// Whether the user asked for it: then pins that end soon fail a gate.
    pub is_asked_for: bool,
}

impl Soon {
    /// What was asked for, or 60 days.
    pub fn or_default(asked: Option<SignedDuration>) -> Self {
        Self { within: asked.unwrap_or(SignedDuration::from_hours(60 * 24)), is_asked_for: asked.is_some() }
    }
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
    /// The app that it was found in, where it was found in one.
    pub app: Option<AppContext>,
    /// What it says as a whole, where that is not in its entries.
    pub statement: Option<String>,
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
    /// Keys with which the platform refuses a chain, whatever else matches.
    pub forbidden: Vec<PinVerdict>,
    /// How sure it is that the app does what was read.
    pub confidence: Confidence,
    /// Where pins come at run time: how the first contact is authenticated.
    pub bootstrap: Option<Bootstrap>,
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
    /// What its value is known to be.
    pub diagnosis: Diagnosis,
}

impl PinVerdict {
    /// Whether it is a pin that some key could match, and that the owner may have meant: no placeholder, no text that
    /// is unusable, no example copied from documentation.
    pub fn is_usable(&self) -> bool {
        !self.diagnosis.is_dead()
            && (self.matches.matches() || !matches!(self.diagnosis, Diagnosis::DocumentationExample { .. }))
    }
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
        None => match sources.iter().find_map(|source| source.statement.as_deref()) {
            Some(statement) => format!("no entry of the given files is about {whom}: {statement}"),
            None => format!("no entry of the given files is about {whom}"),
        },
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
        app: None,
        statement: None,
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
        app: source.app.clone(),
        statement: source.statement.clone(),
    }
}

/// Where the pins of all entries that apply are taken together, a match of one is a match of all.
fn unite(entries: &mut [EntryVerdict]) {
    let enforced = |entry: &EntryVerdict| entry.applies && entry.enforced == EnforcementMode::Yes;
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
    let path = path_for(entry, question).filter(|_| applies && question.host.is_some());
    let context =
        Context { certificates: question.certificates, known_ca: question.known_ca, at: question.at };
    let judged = |pins: &[Pin]| -> Vec<PinVerdict> {
        pins.iter()
            .map(|pin| (pin, match_pin(pin, path)))
            .map(|(pin, matches)| PinVerdict {
                matches,
                off_path: matches == PinMatch::None && is_off_path(pin, question.off_path),
                diagnosis: match matches {
                    PinMatch::WrongPlace(position) => Diagnosis::OtherPosition(position),
                    _ => diagnose(pin, &context),
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
    let outcome = if enforced != EnforcementMode::Yes {
        Outcome::NotEnforced
    } else if is_forbidden || ended.is_some_and(|expiry| expiry.afterwards == AfterExpiry::FailClosed) {
        Outcome::LockedOut
    } else if path.is_none() {
        Outcome::Unknown
    } else if every_list(&pins, |pin| pin.matches.matches()) {
        Outcome::Connects
    } else if every_list(&pins, |pin| pin.matches.matches() || pin.off_path) {
        Outcome::Unknown
    } else {
        Outcome::LockedOut
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
        pins,
        forbidden,
        confidence: entry.confidence.clone(),
        bootstrap: entry.bootstrap,
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
    let usable: Vec<&PinVerdict> = pins.iter().filter(|pin| pin.is_usable()).collect();
    let named: std::collections::BTreeSet<String> =
        usable.iter().filter(|pin| pin.pin.value.is_ok()).map(|pin| pin.pin.to_string()).collect();
    if named.len() == 1 {
        return Backup::Absent;
    }
    if !usable.iter().any(|pin| pin.matches.matches()) {
        return Backup::Unknown;
    }
    if usable.iter().any(|pin| pin.matches == PinMatch::None) { Backup::Present } else { Backup::Absent }
}

#[cfg(test)]
mod tests;
