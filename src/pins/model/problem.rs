//! What is wrong or weak in a pin file itself.

use super::HostPattern;

/// The most patterns that a problem is said to be about; one about more may be about any host.
const MOST_HOSTS: usize = 20;

/// Something wrong or weak in a pin file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Of which kind.
    pub kind: ProblemKind,
    /// The line it stands on, from 1.
    pub line: Option<usize>,
    /// What was found, in one or two sentences.
    pub what: String,
    /// The hosts that it is about, where the file says which those are; none where it may be about any.
    pub about: Vec<HostPattern>,
}

impl Problem {
    /// A problem that may be about any host.
    pub fn of(kind: ProblemKind, line: Option<usize>, what: String) -> Self {
        Self { kind, line, what, about: Vec::new() }
    }

    /// The same about these hosts alone.
    #[must_use]
    pub fn about(self, hosts: impl IntoIterator<Item = HostPattern>) -> Self {
        let about: Vec<HostPattern> = hosts.into_iter().take(MOST_HOSTS.saturating_add(1)).collect();
        Self { about: if about.len() > MOST_HOSTS { Vec::new() } else { about }, ..self }
    }

    /// Whether it leaves open what is pinned for a host; without one, for any.
    pub fn leaves_open(&self, host: Option<&str>) -> bool {
        let concerns = |host| self.about.is_empty() || self.about.iter().any(|about| about.covers(host));
        self.kind == ProblemKind::NotRead && host.is_none_or(concerns)
    }
}

/// The kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The platform refuses the whole file.
    Refused,
    /// Something written has no effect on this platform.
    NoEffect,
    /// Pins stand where they are for no host: they pin nothing.
    NoHost,
    /// CAs that the user of a device added are trusted in released apps.
    UserAnchors,
    /// CAs for which the pins are switched off in released apps.
    OverridesPins,
    /// Something about pins that this program does not read: undetermined.
    NotRead,
    /// What is meant for debugging stands in a release: a debuggable package, a switch that turns pinning off.
    DebugInRelease,
    /// A mechanism that no client obeys any more (HPKP, Expect-CT, .NET's ServicePointManager).
    Obsolete,
    /// Pins are compared instead of the ordinary validation, not on top of it.
    InsteadOfValidation,
    /// Certificates are not validated at all.
    NoValidation,
    /// The code that compares is not reached for certificates that validate (Dart's badCertificateCallback).
    NeverCalled,
    /// A library that enforces Certificate Transparency in the app, with lists that were closed to it.
    CtLibrary,
    /// Certificate Transparency is switched off by name.
    CtDisabled,
    /// Certificate Transparency, which holds otherwise, is off because of the trust anchors that are declared.
    CtOffForAnchors,
    /// Pins come at run time, and what authenticates the first contact is nothing or is not said.
    UnauthenticatedBootstrap,
    /// Records that clients use only with DNSSEC, and that are not secured by it.
    NoDnssec,
    /// A client is built without the pins that the same file gives to others.
    ClientWithoutPins,
    /// A comment beside a pin names another key than the pin does.
    WrongLabel,
}

impl ProblemKind {
    /// Whether what was seen is the whole of it: whose pins stand beside it and what compares them does not matter, and a
    /// guess about them is none about this.
    pub fn is_seen(self) -> bool {
        match self {
            Self::NoValidation
            | Self::InsteadOfValidation
            | Self::NeverCalled
            | Self::DebugInRelease
            | Self::CtLibrary
            | Self::CtDisabled => true,
            Self::Refused
            | Self::NoEffect
            | Self::NoHost
            | Self::UserAnchors
            | Self::OverridesPins
            | Self::NotRead
            | Self::Obsolete
            | Self::CtOffForAnchors
            | Self::UnauthenticatedBootstrap
            | Self::NoDnssec
            | Self::ClientWithoutPins
            | Self::WrongLabel => false,
        }
    }
}
