//! What hosts are pinned to, and what a mismatch does.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{OwnAnchors, Pin};

/// What one host pattern is pinned to. An entry without pins says that its hosts are not pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinEntry {
    /// The hosts it is about.
    pub scope: HostPattern,
    /// Its pins, in the order of the file.
    pub pins: Vec<Pin>,
    /// How many more it has that could not be read: each is told as not read, and may be any key.
    pub unread: u32,
    /// Whether a mismatch refuses the connection, leaving dates aside.
    pub enforcement: Enforcement,
    /// When it ends, if it does.
    pub expiry: Option<Expiry>,
    /// Whether the platform leaves the pins aside for CAs that are not the system's own: those of users or companies.
    pub overridden_for_user_anchors: bool,
    /// The pinner that it belongs to, where code builds some: only pins of one pinner are taken together. `None` for
    /// what may belong to each of them.
    pub pinner: Option<usize>,
    /// The pinners that are seen to take it, where it is of none in particular.
    pub taken_by: Vec<usize>,
    /// The first of the pinners of which a condition builds one, where its own is one of them.
    pub alternative: Option<usize>,
    /// Whether code adds it only on a condition: it may be there or not.
    pub is_possible: bool,
    /// The pin set it takes its pins from, numbered within the file; entries may share one.
    pub pin_set: Option<usize>,
    /// What the file says of Certificate Transparency for these hosts, if anything.
    pub certificate_transparency: Option<bool>,
    /// The line it begins on, from 1: that of its host, or of the call in source code that adds it.
    pub line: Option<usize>,
    /// Keys with which the platform refuses a chain, whatever else matches (Chromium's “bad” pins).
    pub forbidden: Vec<Pin>,
    /// How sure it is that the app does what is read here.
    pub confidence: Confidence,
    /// Where pins come at run time: how the first contact is authenticated.
    pub bootstrap: Option<Bootstrap>,
    /// The platform it is for, where the file says so.
    pub platform: Option<String>,
    /// When the release with these pins came out, where the file says so.
    pub released: Option<Timestamp>,
    /// Which certificates its pins are compared with.
    pub compared_with: ComparedWith,
    /// Whether the file says in so many words that these hosts are not pinned, where a name above them is.
    pub is_excluded: bool,
    /// The CAs that the app names as anchors for these hosts, if it names any.
    pub anchors: Option<OwnAnchors>,
}

impl PinEntry {
    /// An entry without pins, expiry and anything else.
    pub fn of(scope: HostPattern, enforcement: Enforcement) -> Self {
        Self {
            scope,
            pins: Vec::new(),
            unread: 0,
            enforcement,
            expiry: None,
            overridden_for_user_anchors: false,
            pinner: None,
            taken_by: Vec::new(),
            alternative: None,
            is_possible: false,
            pin_set: None,
            certificate_transparency: None,
            line: None,
            forbidden: Vec::new(),
            confidence: Confidence::Stated,
            bootstrap: None,
            platform: None,
            released: None,
            compared_with: ComparedWith::ValidatedPath,
            is_excluded: false,
            anchors: None,
        }
    }
}

/// Which certificates pins are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparedWith {
    /// Those of the path that ordinary validation builds.
    ValidatedPath,
    /// Those that the server sends, each the issuer of the one before, whatever anchor they lead to (DANE usages 2 and
    /// 3, RFC 7671 sections 5.1 and 5.2).
    ServedChain,
}

/// How the entries that are about one host work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// One entry is used, the most specific.
    MostSpecific,
    /// The pins of all of them are taken together: one match is enough.
    Union,
}

/// How sure it is that an app does what was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// The platform reads this file itself.
    Stated,
    /// Read from source code or a configuration whose use was seen in it.
    Read,
    /// Taken together from places that look as if they belong together: why not surer, in one sentence.
    Guessed(String),
}

impl Confidence {
    /// The name used in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Read => "read",
            Self::Guessed(_) => "guessed",
        }
    }
}

/// How pins that come at run time are authenticated at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// By a signature whose key the app ships.
    Signed,
    /// By a connection that is itself pinned.
    Pinned,
    /// By nothing but the ordinary validation of a certificate.
    ValidatedOnly,
    /// By nothing: what is met first is believed (trust on first use).
    FirstUse,
    /// The file does not say.
    Unstated,
}

impl Bootstrap {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Pinned => "pinned",
            Self::ValidatedOnly => "validated_only",
            Self::FirstUse => "first_use",
            Self::Unstated => "unstated",
        }
    }
}

/// The hosts an entry is about. Host names are lower case and without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Whatever host the list is used for; the file names none.
    Unstated,
    /// This host alone.
    Exactly(String),
    /// This host and every host below it.
    WithSubdomains(String),
    /// The hosts exactly one label below this one, and not this one itself (OkHttp's `*.`).
    OneLabelBelow(String),
    /// Every host below this one, and not this one itself.
    Below(String),
    /// One service of a host: TLSA records are for a port of their own (RFC 6698 section 3).
    Service {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// `tcp`, `udp` or `sctp`.
        transport: String,
    },
    /// No host at all: pins that stand where they cannot apply.
    Nowhere,
}

impl HostPattern {
    /// Whether `host` is among these hosts.
    pub fn covers(&self, host: &str) -> bool {
        match self {
            Self::Unstated => true,
            Self::Exactly(name) | Self::Service { host: name, .. } => host == name,
            Self::WithSubdomains(name) => host == name || is_below(host, name),
            Self::Below(name) => is_below(host, name),
            Self::OneLabelBelow(name) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == name)
            }
            Self::Nowhere => false,
        }
    }

    /// The host it names, if it names one.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Exactly(name)
            | Self::WithSubdomains(name)
            | Self::OneLabelBelow(name)
            | Self::Below(name)
            | Self::Service { host: name, .. } => Some(name),
            Self::Unstated | Self::Nowhere => None,
        }
    }
}

impl HostPattern {
    /// Which hosts those are, as reports name it: the text of a pattern does not tell in every format.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Unstated => "unstated",
            Self::Exactly(_) => "exact",
            Self::WithSubdomains(_) => "with_subdomains",
            Self::OneLabelBelow(_) => "one_label_below",
            Self::Below(_) => "below",
            Self::Service { .. } => "service",
            Self::Nowhere => "nowhere",
        }
    }
}

impl HostPattern {
    /// The hosts for people: patterns of different meaning are written alike in different formats.
    pub fn in_words(&self) -> String {
        match self {
            Self::Unstated => "whatever host it is used for".to_owned(),
            Self::WithSubdomains(name) => format!("{name} and all below"),
            Self::OneLabelBelow(name) => format!("*.{name} (one label below {name})"),
            Self::Below(name) => format!("all below {name}"),
            Self::Exactly(_) | Self::Service { .. } | Self::Nowhere => self.to_string(),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => f.write_str("*"),
            Self::Exactly(name) => f.write_str(name),
            Self::WithSubdomains(name) | Self::OneLabelBelow(name) | Self::Below(name) => {
                write!(f, "*.{name}")
            }
            Self::Service { host, port, transport } => write!(f, "_{port}._{transport}.{host}"),
            Self::Nowhere => f.write_str("(no host)"),
        }
    }
}

/// Whether `host` lies below `parent`, on a label boundary.
fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a mismatch refuses the connection, and why that is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Enforcement {
    /// What a mismatch does.
    pub mode: EnforcementMode,
    /// Why, in one sentence.
    pub why: String,
}

/// What a mismatch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EnforcementMode {
    /// It refuses the connection.
    Yes,
    /// It is reported, and the connection goes on.
    Report,
    /// Nothing.
    No,
    /// Not known from what was read.
    Unknown,
}

impl EnforcementMode {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Report => "report",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Whether a mismatch is known to do something: to refuse, or to be reported.
    pub fn is_known_to_act(self) -> bool {
        match self {
            Self::Yes | Self::Report => true,
            Self::No | Self::Unknown => false,
        }
    }
}

/// When pins end, and what happens then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expiry {
    /// The moment after which they have ended. Where a file names a date in a time zone of its own, UTC.
    pub at: Timestamp,
    /// What the platform does afterwards.
    pub afterwards: AfterExpiry,
    /// How the moment was read, for people.
    pub note: &'static str,
    /// Whose clock tells that it has come.
    pub clock: ExpiryClock,
}

/// Whose clock tells that pins have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiryClock {
    /// UTC: it is one moment everywhere.
    Utc,
    /// The time zone of each device: the moment is that of a device in UTC, and others come to it before or after.
    Device,
}

/// Whether pins have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiryState {
    /// Nowhere yet.
    Ahead,
    /// On some devices and not on others, by their time zones.
    DependsOnDevice,
    /// Everywhere.
    Ended,
}

impl ExpiryState {
    /// The name used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::DependsOnDevice => "depends_on_device",
            Self::Ended => "ended",
        }
    }
}

impl Expiry {
    /// Whether the platform refuses every connection afterwards.
    pub fn fails_closed(&self) -> bool {
        self.afterwards == AfterExpiry::FailClosed
    }

    /// Whether the pins have ended at a time. The first time zone is 14 hours ahead of UTC, the last 12 behind it.
    pub fn state(&self, now: Timestamp) -> ExpiryState {
        let (first, last) = match self.clock {
            ExpiryClock::Utc => (0, 0),
            ExpiryClock::Device => (-14, 12),
        };
        let since = now.duration_since(self.at);
        if since > SignedDuration::from_hours(last) {
            ExpiryState::Ended
        } else if since > SignedDuration::from_hours(first) {
            ExpiryState::DependsOnDevice
        } else {
            ExpiryState::Ahead
        }
    }
}

/// What a platform does with pins that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AfterExpiry {
    /// It connects without pins.
    FailOpen,
    /// It refuses every connection.
    FailClosed,
}
