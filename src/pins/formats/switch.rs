//! Switches of a file, and those whose value a build or other code puts in.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::model::{Enforcement, EnforcementMode, HostPattern, PinEntry};

/// What a switch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    /// It is on.
    On,
    /// It is off.
    Off,
    /// The file does not say which.
    Open,
}

impl From<bool> for Switch {
    fn from(value: bool) -> Self {
        if value { Self::On } else { Self::Off }
    }
}

impl Switch {
    /// The hosts that a name surely stands for where this is whether those below it are meant, too.
    pub(super) fn scope(self, name: String) -> HostPattern {
        match self {
            Self::On => HostPattern::WithSubdomains(name),
            Self::Off | Self::Open => HostPattern::Exactly(name),
        }
    }

    /// The entry for the names below that of `entry`, where it is open whether they are meant: they may be pinned as it
    /// is, and may not. It is to stand behind the entry itself.
    pub(super) fn perhaps_below(self, entry: &PinEntry) -> Option<PinEntry> {
        let (HostPattern::Exactly(name) | HostPattern::OneLabelBelow(name)) = &entry.scope else {
            return None;
        };
        (self == Self::Open).then(|| PinEntry {
            scope: HostPattern::Below(name.clone()),
            enforcement: Enforcement {
                mode: EnforcementMode::Unknown,
                why: format!("the file leaves open whether the pins of {name} hold for the names below it"),
            },
            ..entry.clone()
        })
    }
}

/// What is done where it is open whether pins are enforced.
pub(super) fn enforced_perhaps(name: &str) -> Enforcement {
    Enforcement {
        mode: EnforcementMode::Unknown,
        why: format!("the file leaves open whether the value of {name} enforces them"),
    }
}
