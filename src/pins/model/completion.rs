//! What one file says of pins that could not be read in others.

use super::{HostPattern, Pin};

/// Pins that another file has for some hosts, and that stand in it where they cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The other file, as it is written: a path from the folder of the file that says it.
    pub file: String,
    /// The line it stands on, from 1.
    pub line: Option<usize>,
    /// The hosts.
    pub hosts: Vec<HostPattern>,
    /// The pins.
    pub pins: Vec<Pin>,
}

impl Completion {
    /// Whether these hosts are among its own.
    pub fn is_about(&self, hosts: &HostPattern) -> bool {
        self.hosts.iter().any(|own| {
            own == hosts
                || match hosts {
                    HostPattern::Unstated | HostPattern::Nowhere => false,
                    HostPattern::OneLabelBelow(name) | HostPattern::Below(name) => {
                        matches!(own, HostPattern::WithSubdomains(_) | HostPattern::Unstated)
                            && own.covers(name)
                    }
                    HostPattern::Exactly(name)
                    | HostPattern::WithSubdomains(name)
                    | HostPattern::Service { host: name, .. } => own.covers(name),
                }
        })
    }
}
