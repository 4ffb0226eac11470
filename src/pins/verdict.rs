//! What is said of pins: for each file, entry and pin.

use jiff::{SignedDuration, Timestamp};

use super::diagnosis::Diagnosis;
use super::matching::PinMatch;
use super::model::{AppContext, Bootstrap, Confidence, EnforcementMode, HostPattern, Pin, Problem};
use super::paths::PathMatches;
use crate::x509::ChainPosition;

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
    /// Whether clients refuse every connection once its pins have ended.
    pub fails_closed: bool,
    /// Whether the file says in so many words that these hosts are not pinned, where a name above them is.
    pub is_excluded: bool,
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
