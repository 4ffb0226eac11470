//! What is said of pins: for each file, entry and pin.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::diagnosis::Diagnosis;
use super::formats;
use super::matching::PinMatch;
use super::model::{
    AppContext, Bootstrap, Confidence, EnforcementMode, ExpiryState, HostPattern, Pin, PositionRule, Problem,
    ProblemKind,
};
use super::open::OpenPart;
use super::paths::PathMatches;
use crate::evidence::dns::DnssecState;
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
    /// What was given beside them, may pin, and was not read as pins: nothing here goes by it.
    pub unseen: Vec<OpenPart>,
    /// The time of judging.
    pub at: Timestamp,
    /// How soon an end is soon; whoever judges may set another.
    pub soon: Soon,
}

/// The judgement over the same pins with another chain of the same server.
#[derive(Clone, Debug)]
pub struct OtherChain {
    /// The server and the address that shows it.
    pub shown_by: String,
    /// What the pins are with it.
    pub verdict: PinsVerdict,
}

/// How soon the end of pins is soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Soon {
    /// The time that the user asked for: pins that end within it fail a gate.
    asked: Option<SignedDuration>,
}

impl Soon {
    /// 60 days, and beside them what was asked for.
    pub fn or_default(asked: Option<SignedDuration>) -> Self {
        Self { asked }
    }

    /// Whether pins with this time left end soon.
    pub fn is_soon(self, left: SignedDuration) -> bool {
        left <= SignedDuration::from_hours(60 * 24) || self.fails(left)
    }

    /// Whether pins with this time left end within the time that was asked for.
    pub fn fails(self, left: SignedDuration) -> bool {
        self.asked.is_some_and(|asked| left <= asked)
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
    /// Where a host was asked about and the pins of all its entries are taken together: the entries in force as one,
    /// for each pinner of the file and each confidence that they were read with, the worst first.
    pub united: Vec<EntryVerdict>,
    /// The app that it was found in, where it was found in one.
    pub app: Option<AppContext>,
    /// What it says as a whole, where that is not in its entries.
    pub statement: Option<String>,
    /// Whether there is no file at all: it stands for an app that has no configuration of this format.
    pub is_absent: bool,
    /// Whether DNSSEC secures the answer that it is, where it is one of the DNS and was validated.
    pub dnssec: Option<DnssecState>,
    /// Why nothing in it is sure, whatever was seen in it.
    pub guessed: Option<String>,
    /// What holds for the hosts that no entry is about, where it says so.
    pub elsewhere: Option<super::Elsewhere>,
    /// The files that say what could not be read in this one.
    pub completed_by: Option<String>,
    /// Where it can be opened, where that is not as it is named: in a folder that was named alone.
    pub place: Option<String>,
}

impl SourceVerdict {
    /// The app that it is in: its package, or the bundle of an iOS app within one, of which there may be several.
    pub fn package(&self) -> Option<&str> {
        let (package, inside) = self.file.rsplit_once("!/")?;
        let of_bundle = formats::in_bundle(inside).and_then(|(_, path)| self.file.strip_suffix(path));
        Some(of_bundle.map_or(package, |bundle| bundle.trim_end_matches('/')))
    }

    /// How many of its entries are not used for the host asked about: those that are about others, and those that name
    /// no host.
    pub fn unused(&self) -> (usize, usize) {
        let unused = || self.entries.iter().filter(|entry| !entry.applies);
        let of_others = unused().filter(|entry| entry.scope.host().is_some()).count();
        (of_others, unused().count().saturating_sub(of_others))
    }

    /// Whether it is of a part of an iOS app, and not of the app itself.
    pub fn is_of_a_part(&self) -> bool {
        self.app.as_ref().is_some_and(|app| app.part.is_some())
    }

    /// Whether a device takes one of these two or the other: they are files of one configuration of one app, in a package
    /// or in its source.
    pub fn is_variant_of(&self, other: &Self) -> bool {
        self.file != other.file
            && self.format == other.format
            && match (self.package(), other.package()) {
                (None, None) => {
                    formats::are_variants(&self.file, &other.file)
                        && self.guessed.is_none()
                        && other.guessed.is_none()
                }
                (of_this, of_other) => of_this == of_other,
            }
            && !self.is_of_a_part()
            && !other.is_of_a_part()
            && self.entries.iter().chain(&other.entries).all(|entry| entry.confidence == Confidence::Stated)
    }

    /// Whether it and another variant are of builds that have nothing of one another (flavours), so that the other one
    /// leaves nothing open of what this one does; with `main`, of builds of which it is not known which are released.
    pub fn is_of_another_build(&self, other: &Self) -> bool {
        self.is_variant_of(other) && formats::are_of_other_builds(&self.file, &other.file)
    }

    /// Whether it is a look-up in the DNS, and no file.
    pub fn is_looked_up(&self) -> bool {
        formats::tlsa::is_looked_up(self.format, &self.file)
    }

    /// Whether it is records that could not be had or not be validated.
    pub fn is_unheard(&self) -> bool {
        self.is_looked_up() && self.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead)
    }
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that reports name")]
#[derive(Clone, Debug)]
pub struct EntryVerdict {
    /// The hosts it is about.
    pub scope: HostPattern,
    /// The line it begins on, from 1.
    pub line: Option<usize>,
    /// The pinner that it belongs to, where the file builds some: each has its own pins. `None` for all of them.
    pub pinner: Option<usize>,
    /// The pinners that are seen to take it, where it is of none in particular.
    pub taken_by: Vec<usize>,
    /// The first of the pinners of which a condition builds one, where its own is one of them.
    pub alternative: Option<usize>,
    /// Whether code adds it only on a condition: it may be there or not.
    pub is_possible: bool,
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
    /// The same, with what depends on the device.
    pub expiry_state: Option<ExpiryState>,
    /// How the date was read, for people.
    pub expiry_note: Option<&'static str>,
    /// Whether clients refuse every connection once its pins have ended.
    pub fails_closed: bool,
    /// Whether the file says in so many words that these hosts are not pinned, where a name above them is.
    pub is_excluded: bool,
    /// What the file says of Certificate Transparency for these hosts, if anything.
    pub certificate_transparency: Option<bool>,
    /// Whether the app trusts no CA of the system for these hosts, but those that its configuration names.
    pub own_anchors_alone: bool,
    /// Each pin.
    pub pins: Vec<PinVerdict>,
    /// How many more pins it has that could not be read.
    pub unread: u32,
    /// Keys with which the platform refuses a chain, whatever else matches.
    pub forbidden: Vec<PinVerdict>,
    /// How sure it is that the app does what was read.
    pub confidence: Confidence,
    /// Where pins come at run time: how the first contact is authenticated.
    pub bootstrap: Option<Bootstrap>,
    /// The platform it is for, where the file says so.
    pub platform: Option<String>,
    /// When the release with these pins came out, where the file says so.
    pub released: Option<Timestamp>,
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
    /// is unusable, no example copied from documentation, and none that has ended by itself.
    pub fn is_usable(&self) -> bool {
        !self.diagnosis.is_dead()
            && !matches!(self.diagnosis, Diagnosis::Ended { .. })
            && (self.matches.matches() || !matches!(self.diagnosis, Diagnosis::DocumentationExample { .. }))
    }
}

impl PinVerdict {
    /// Whether a certificate could match it, now or when another key has to go: it is usable, and of no CA that has ended.
    pub fn can_stand_in(&self) -> bool {
        self.is_usable() && (self.matches.matches() || !matches!(self.diagnosis, Diagnosis::RetiredCa(_)))
    }
}

/// Whether an entry has a pin to fall back on when the pinned key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// A usable pin matches no certificate of the path.
    Present,
    /// Every usable pin is in the path, or there is only one.
    Absent,
    /// There was no path to tell, nothing matches it, or a pin that could not be read may be one.
    Unknown,
}

impl Backup {
    /// Whether one list of pins has one to fall back on.
    pub fn among(list: &[&PinVerdict]) -> Self {
        let usable: Vec<&PinVerdict> = list.iter().copied().filter(|pin| pin.can_stand_in()).collect();
        let named: BTreeSet<String> =
            usable.iter().filter(|pin| pin.pin.value.is_ok()).map(|pin| pin.pin.to_string()).collect();
        let only_ended = named.is_empty() && list.iter().any(|pin| pin.is_usable());
        if named.len() == 1 || only_ended {
            return Self::Absent;
        }
        if !usable.iter().any(|pin| pin.matches.matches()) {
            return Self::Unknown;
        }
        if usable.iter().any(|pin| pin.matches == PinMatch::None) { Self::Present } else { Self::Absent }
    }

    /// Whether pins have one to fall back on: where each of several lists must match, each needs its own. Further pins
    /// that could not be read may be it.
    pub(super) fn of(pins: &[PinVerdict], unread: u32) -> Self {
        let each: Vec<Self> = lists(pins).iter().map(|list| Self::among(list)).collect();
        if each.contains(&Self::Absent) {
            return if unread > 0 { Self::Unknown } else { Self::Absent };
        }
        if each.is_empty() || each.contains(&Self::Unknown) { Self::Unknown } else { Self::Present }
    }

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
    /// There was no path to tell, it depends on which path a client builds or on the device, or not all of the pins were
    /// read.
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

    /// What it is, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connects => "the pins match",
            Self::LockedOut => "the pins do not match, and clients are locked out",
            Self::NotEnforced => "the pins are not enforced",
            Self::Unknown => "whether the pins match is not known",
        }
    }
}

impl EntryVerdict {
    /// Whether it has pins, read or not, or keys that are forbidden.
    pub fn has_pins(&self) -> bool {
        self.unread > 0 || self.is_read()
    }

    /// Whether anything that it compares with was read: pins, or keys that are forbidden.
    pub fn is_read(&self) -> bool {
        !self.pins.is_empty() || !self.forbidden.is_empty()
    }

    /// Whether it is known to refuse other keys, by pins that were read.
    pub(super) fn is_in_force(&self) -> bool {
        self.applies && self.enforced == EnforcementMode::Yes && self.is_read()
    }

    /// Whether it may refuse keys, and it is not known whether or which: nothing of its pins was read, or nothing of
    /// whether they are enforced.
    pub fn is_open(&self) -> bool {
        match self.enforced {
            EnforcementMode::Yes => !self.is_read(),
            EnforcementMode::Unknown => true,
            EnforcementMode::Report | EnforcementMode::No => false,
        }
    }

    /// Whether some usable pin matches where it is compared.
    pub fn has_match(&self) -> bool {
        self.pins.iter().any(|pin| pin.matches.matches())
    }

    /// Whether the pins, or the keys that are forbidden, were compared with a path.
    pub fn is_compared(&self) -> bool {
        self.pins.iter().chain(&self.forbidden).any(|pin| pin.matches != PinMatch::NotChecked)
    }

    /// Whether a TLSA record of usage 3 matches: it names the key itself, and clients look at nothing else.
    fn stands_by_the_key_alone(&self) -> bool {
        let is_used = self.applies && self.enforced != EnforcementMode::No;
        let mut pins = self.pins.iter().filter(|_| is_used);
        pins.any(|pin| pin.matches.matches() && pin.pin.tlsa.is_some_and(|record| record.usage == 3))
    }

    /// Its pins by the certificates that they are compared with: each list that is there must match.
    pub fn lists(&self) -> Vec<Vec<&PinVerdict>> {
        lists(&self.pins)
    }

    /// Whether every match of some list is the leaf's own key: with that key the match of the whole ends.
    pub fn matches_leaf_only(&self) -> bool {
        self.lists().iter().any(|list| {
            let mut matches = list.iter().filter(|pin| pin.matches.matches()).peekable();
            matches.peek().is_some() && matches.all(|pin| pin.matches == PinMatch::At(ChainPosition::Leaf))
        })
    }
}

/// Pins by the certificates that they are compared with, as far as there are any.
pub(super) fn lists(pins: &[PinVerdict]) -> Vec<Vec<&PinVerdict>> {
    [PositionRule::Any, PositionRule::Leaf, PositionRule::Ca]
        .into_iter()
        .map(|rule| pins.iter().filter(|pin| pin.pin.position == rule).collect::<Vec<_>>())
        .filter(|list| !list.is_empty())
        .collect()
}

impl PinsVerdict {
    /// Leaves open what clients do where the chain that the pins were compared with is none that they accept for the
    /// host, and says why. TLSA records of usage 3 stand for the certificate whatever its names and dates (RFC 7671
    /// section 5.1); those of the other usages do not.
    pub fn doubt_chain(&mut self, why: &str) {
        let mut is_doubted = false;
        for source in &mut self.sources {
            // Of the records of one service, a match of any is enough.
            let stand = source.entries.iter().filter(|entry| entry.stands_by_the_key_alone());
            let services: Vec<HostPattern> = stand.map(|entry| entry.scope.clone()).collect();
            for entry in source.entries.iter_mut().chain(&mut source.united) {
                let is_service = matches!(entry.scope, HostPattern::Service { .. });
                let is_shut = entry.enforced == EnforcementMode::Yes
                    && (entry.expired || (is_service && entry.outcome == Outcome::LockedOut));
                if services.contains(&entry.scope) || is_shut || !entry.is_compared() {
                    continue;
                }
                is_doubted |= entry.applies;
                if entry.outcome != Outcome::NotEnforced {
                    entry.outcome = Outcome::Unknown;
                }
            }
        }
        if is_doubted {
            self.reason.push_str("; ");
            self.reason.push_str(why);
        }
    }

    /// Says that nothing in what was named has pins that are read here, where there is no other source: that was looked
    /// into, and leaves open whether the host is pinned.
    pub fn nothing_in(&mut self, named: &[String]) {
        if self.sources.is_empty() && !named.is_empty() {
            self.status = PinsStatus::Undetermined;
            self.reason = format!("no file in {} has pins that are read here", named.join(", "));
        }
    }
}
