//! One model for every pin format. What a format means by its fields is the format's own business
//! ([`super::PinFormat`]); what is said here holds for all of them.

use std::fmt;

use jiff::Timestamp;

use crate::evidence::file::InputFile;
use crate::x509::SpkiSha256;

/// A file the user named as a source of pins, and what reading it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinFile {
    /// The path as the user gave it.
    pub file: String,
    /// What reading it gave.
    pub reading: Reading,
}

/// What reading a pin file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A file of a known format.
    Read(PinSource),
    /// A file of a known format that is not well formed.
    NotWellFormed {
        /// The format's id.
        format: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No format known here: what it says about pins is undetermined.
    NotRecognised,
    /// The file could not be read at all, and why.
    Unreadable(String),
}

impl PinFile {
    /// Reads a file as it was observed, with the first format that recognises it.
    pub fn of(input: &InputFile) -> Self {
        let reading = match input.octets() {
            Ok(octets) => super::formats::read(&input.path, octets),
            Err(why) => Reading::Unreadable(why.to_owned()),
        };
        Self { file: input.path.clone(), reading }
    }
}

/// The pins of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSource {
    /// The format's id, as reports name it.
    pub format: &'static str,
    /// What is pinned for whom, in the order of the file.
    pub entries: Vec<PinEntry>,
    /// What is wrong or weak in the file itself, whatever host is asked about.
    pub problems: Vec<Problem>,
}

impl PinSource {
    /// Why the platform refuses the whole file, if it does.
    pub fn refusal(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.kind == ProblemKind::Refused)
    }
}

/// What one host pattern is pinned to. An entry without pins says that its hosts are not pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinEntry {
    /// The hosts it is about.
    pub scope: HostPattern,
    /// Its pins, in the order of the file.
    pub pins: Vec<Pin>,
    /// Whether a mismatch refuses the connection, leaving dates aside.
    pub enforcement: Enforcement,
    /// When it ends, if it does.
    pub expiry: Option<Expiry>,
    /// Whether the platform leaves the pins aside for CAs that are not the system's own: those of users or companies.
    pub overridden_for_user_anchors: bool,
    /// The pin set it takes its pins from, numbered within the file; entries may share one.
    pub pin_set: Option<usize>,
    /// What the file says of Certificate Transparency for these hosts, if anything.
    pub certificate_transparency: Option<bool>,
    /// The line its host stands on, from 1.
    pub line: Option<usize>,
}

/// The hosts an entry is about. Host names are lower case and without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// Whatever host the list is used for; the file names none.
    Unstated,
    /// This host alone.
    Exactly(String),
    /// This host and every host below it.
    WithSubdomains(String),
    /// No host at all: pins that stand where they cannot apply.
    Nowhere,
}

impl HostPattern {
    /// Whether `host` is among these hosts.
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Unstated => true,
            Self::Exactly(name) => host == name,
            Self::WithSubdomains(name) => host == name || is_below(host, name),
            Self::Nowhere => false,
        }
    }

    /// The host it names, if it names one.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Exactly(name) | Self::WithSubdomains(name) => Some(name),
            Self::Unstated | Self::Nowhere => None,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => f.write_str("*"),
            Self::Exactly(name) => f.write_str(name),
            Self::WithSubdomains(name) => write!(f, "*.{name}"),
            Self::Nowhere => f.write_str("(no host)"),
        }
    }
}

/// Whether `host` lies below `parent`, on a label boundary.
pub(super) fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// One pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// As it is written in the file, without surrounding white space; cut where it is very long.
    pub written: String,
    /// What it names, if the platform can read it.
    pub value: Result<PinValue, PinFault>,
    /// Which certificates of a chain it is compared with.
    pub position: PositionRule,
    /// The line it stands on, from 1.
    pub line: Option<usize>,
}

/// The longest text of a pin that is kept.
const LONGEST_WRITTEN: usize = 160;

impl Pin {
    /// A pin, with its text kept within bounds.
    pub(super) fn new(
        written: &str,
        value: Result<PinValue, PinFault>,
        position: PositionRule,
        line: Option<usize>,
    ) -> Self {
        Self { written: written.chars().take(LONGEST_WRITTEN).collect(), value, position, line }
    }

    /// The key it names, if it names one.
    pub fn spki(&self) -> Option<&SpkiSha256> {
        match &self.value {
            Ok(PinValue::Spki(key)) => Some(key),
            Err(_) => None,
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Ok(PinValue::Spki(key)) => write!(f, "sha256/{key}"),
            Err(_) => f.write_str(&self.written),
        }
    }
}

/// What a readable pin names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinValue {
    /// SHA-256 over a SubjectPublicKeyInfo.
    Spki(SpkiSha256),
}

/// Why a platform cannot use a pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFault {
    /// Nothing is written where the pin should be.
    #[error("it is empty")]
    Empty,
    /// Not base64 as the platform reads it.
    #[error("it is not base64 as this platform reads it")]
    NotBase64,
    /// Base64 of something that is no SHA-256 hash.
    #[error("it has {0} octets; a SHA-256 hash has 32")]
    WrongLength(usize),
    /// A hash the platform does not know.
    #[error("its digest is “{0}”; this platform knows SHA-256 only")]
    UnknownDigest(String),
    /// A prefix this platform takes for part of the value.
    #[error("it begins with “{0}”, which this platform takes for part of the value")]
    Prefix(&'static str),
    /// A prefix this platform needs and does not find.
    #[error("it does not begin with “{0}”, without which this platform does not take it for a pin")]
    NoPrefix(&'static str),
    /// Elements where only text may stand.
    #[error("it has elements inside")]
    Elements,
    /// Something other than a text.
    #[error("it is a {0} where a text belongs")]
    NotText(&'static str),
    /// Something other than a dictionary.
    #[error("it is a {0} where a dictionary belongs")]
    NotDictionary(&'static str),
}

/// Which certificates of a chain a pin is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PositionRule {
    /// Every certificate of the chain, the root included.
    Any,
    /// The server's own certificate.
    Leaf,
    /// Every certificate but the server's own.
    Ca,
}

impl PositionRule {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Leaf => "leaf",
            Self::Ca => "ca",
        }
    }
}

/// Whether a mismatch refuses the connection, and why that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforcement {
    /// What a mismatch does.
    pub mode: EnforcementMode,
    /// Why, in one sentence.
    pub why: String,
}

/// What a mismatch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnforcementMode {
    /// It refuses the connection.
    Yes,
    /// It is reported, and the connection goes on.
    Report,
    /// Nothing.
    No,
}

impl EnforcementMode {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Report => "report",
            Self::No => "no",
        }
    }
}

/// When pins end, and what happens then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The moment after which they have ended. Where a file names a date in a time zone of its own, UTC.
    pub at: Timestamp,
    /// What the platform does afterwards.
    pub afterwards: AfterExpiry,
    /// How the moment was read, for people.
    pub note: &'static str,
}

/// What a platform does with pins that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterExpiry {
    /// It connects without pins.
    FailOpen,
    /// It refuses every connection.
    FailClosed,
}

/// Something wrong or weak in a pin file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of which kind.
    pub kind: ProblemKind,
    /// The line it stands on, from 1.
    pub line: Option<usize>,
    /// What was found, in one or two sentences.
    pub what: String,
}

/// The kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The platform refuses the whole file.
    Refused,
    /// Something written has no effect on this platform.
    NoEffect,
    /// CAs that the user of a device added are trusted in released apps.
    UserAnchors,
    /// CAs for which the pins are switched off in released apps.
    OverridesPins,
    /// Something about pins that this program does not read: undetermined.
    NotRead,
}
