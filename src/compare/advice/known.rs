//! What the considerations ask of what was measured and stated.

use jiff::Timestamp;

use super::repeated::Repeated;
use crate::compare::replay::{PinSetKind, Replay, ReplayedPinSet};
use crate::compare::{
    Circumstances, ClientPins, Comparison, Fact, MeasuredFacts, PinEnforcement, PinMatches, Pins,
};

/// Everything that is known.
pub(super) struct Known<'k> {
    /// The target as it was named.
    pub(super) target: &'k str,
    /// The options of this run.
    pub(super) repeated: Repeated<'k>,
    /// What was measured.
    pub(super) facts: &'k MeasuredFacts,
    /// What that comes to, with the replay.
    pub(super) comparison: &'k Comparison,
    /// What the owner states.
    pub(super) circumstances: &'k Circumstances,
}

/// Whether any client has pins for the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    /// One has, in force or not.
    Yes,
    /// None of the files given pins it.
    No,
    /// No file was given, or it is not known what they do, or what the code of a package does.
    Unknown,
}

impl<'k> Known<'k> {
    pub(super) fn replay(&self) -> Option<&'k Replay> {
        self.comparison.replay.as_ref()
    }

    pub(super) fn pinned(&self) -> Pinned {
        match &self.facts.pins {
            Fact::NotGiven | Fact::Undetermined => Pinned::Unknown,
            Fact::Measured(clients) if clients.is_empty() => Pinned::Unknown,
            Fact::Measured(clients) if clients.iter().any(ClientPins::has_pins) => Pinned::Yes,
            // A file that was not read may have some.
            Fact::Measured(clients) if clients.iter().any(ClientPins::is_undetermined) => Pinned::Unknown,
            // The code of a package may have pins.
            Fact::Measured(_) if !self.facts.pin_files.packages.is_empty() => Pinned::Unknown,
            Fact::Measured(_) => Pinned::No,
        }
    }

    /// Whether the pins were compared with anything: a chain, or certificates of a history.
    pub(super) fn are_pins_compared(&self) -> bool {
        let is_known = |client: &ClientPins| {
            !matches!(&client.pins, Pins::Pinned { matches: Fact::NotGiven | Fact::Undetermined, .. })
        };
        let certificates = self.replay().map_or(0, |replay| replay.certificates.len());
        let mut replayed = self.given().peekable();
        self.clients().all(is_known)
            || (replayed.peek().is_some() && replayed.all(|set| set.undetermined < certificates))
    }

    /// Whether pins are there that clients fetch or learn at run time: no file has those themselves.
    pub(super) fn has_dynamic_pins(&self) -> bool {
        self.facts.dynamic_pins.measured().is_some_and(|clients| !clients.is_empty())
    }

    /// The clients that have pins.
    pub(super) fn clients(&self) -> impl Iterator<Item = &'k ClientPins> {
        let clients = self.facts.pins.measured().map(Vec::as_slice).unwrap_or_default();
        clients.iter().filter(|client| client.has_pins())
    }

    /// The files of which it is not known what they pin.
    pub(super) fn undetermined(&self) -> Vec<&'k str> {
        self.beside(&Pins::Undetermined)
    }

    /// The files of apps, beside those that have pins, that are without any, or perhaps so, as `pins` says.
    pub(super) fn beside(&self, pins: &Pins) -> Vec<&'k str> {
        let clients = self.facts.pins.measured().map(Vec::as_slice).unwrap_or_default();
        let own = clients.iter().filter(|client| client.pins == *pins && !client.client.is_empty());
        own.map(|client| client.client.as_str()).collect()
    }

    /// Those of them with pins that refuse connections, and what their pins match where that is known.
    pub(super) fn enforced(&self) -> impl Iterator<Item = (&'k ClientPins, Option<&'k PinMatches>)> {
        self.clients().filter_map(|client| match &client.pins {
            Pins::Pinned { enforcement: PinEnforcement::Enforced, matches, .. } => {
                Some((client, matches.measured()))
            }
            Pins::Pinned { .. } | Pins::NotPinned | Pins::Unknown | Pins::OtherBuild | Pins::Undetermined => {
                None
            }
        })
    }

    /// The replay of the pins that were given.
    pub(super) fn given(&self) -> impl Iterator<Item = &'k ReplayedPinSet> {
        let sets = self.replay().map(|replay| replay.pin_sets.as_slice()).unwrap_or_default();
        sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. }))
    }

    /// The command that asks about this target again, without an option.
    pub(super) fn compare_but(&self, unwanted: &str) -> String {
        format!("pinstead compare {}{}", quoted(self.target), self.repeated.all_but(unwanted))
    }

    /// The command that asks about this target again.
    pub(super) fn compare(&self) -> String {
        self.compare_but("")
    }

    /// The state of the watch, as an option.
    pub(super) fn state(&self) -> String {
        or(self.repeated.state(), " --state")
    }

    /// Where it is known from what was issued, as options; a folder that is yet to be named where nothing was.
    pub(super) fn sources(&self) -> String {
        or(self.repeated.sources(), " --history FOLDER")
    }

    /// The command that tells whether the logs are watched, which the state says without the network.
    pub(super) fn gate_of_watch(&self) -> String {
        format!("{}{}{} --require monitoring", self.compare(), self.repeated.offline(), self.state())
    }

    /// The command that tells how long certificates live: by what was issued where none was seen, as here.
    pub(super) fn gate_of_lives(&self) -> String {
        let offline = self.repeated.offline();
        let sources = match self.seen_life() {
            Some(_) => String::new(),
            None if offline.is_empty() => self.repeated.sources(),
            None => offline + &self.sources(),
        };
        format!("{}{sources} --require short-lives", self.compare())
    }

    /// When the certificate that was seen begins and ends.
    pub(super) fn seen_life(&self) -> Option<(Timestamp, Timestamp)> {
        self.facts.revocation.measured().and_then(|paths| paths.not_before.zip(paths.not_after))
    }

    /// The command that tells whether anything is left to change on the pins.
    pub(super) fn gate_of_pins(&self) -> String {
        let sources = if self.replay().is_some() { self.sources() } else { self.repeated.sources() };
        let clients = self.repeated.of_clients();
        format!("{}{clients}{sources}{} --require sound", self.compare(), self.pins())
    }

    /// The command that tells whether these pins are wide.
    pub(super) fn gate_of_wide_pins(&self, pins: &str) -> String {
        let offline = self.repeated.offline();
        // Where none is in force, there is nothing to compare with what was issued.
        let is_ended = self.pinned() == Pinned::Yes && self.enforced().next().is_none();
        let sources = if is_ended { self.repeated.sources() } else { self.sources() };
        format!("{}{offline}{sources}{pins} --require widened", self.compare())
    }

    /// The pin files, as an option: as they were named, else those that have pins.
    pub(super) fn pins(&self) -> String {
        let named = self.repeated.pins();
        if named.is_empty() { format!(" --pins {}", self.pin_files()) } else { named }
    }

    /// The files that have pins, as arguments.
    fn pin_files(&self) -> String {
        // What lies in a package is read with the package.
        let of_package = |file: &'k str| file.split_once("!/").map_or(file, |(package, _)| package);
        let mut files: Vec<&str> = self.clients().map(|client| of_package(&client.client)).collect();
        files.dedup();
        files.retain(|file| !file.is_empty());
        if files.is_empty() {
            return "FILE".to_owned();
        }
        files.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// These options, or others where there are none.
fn or(options: String, others: &str) -> String {
    if options.is_empty() { others.to_owned() } else { options }
}

/// Some names, the first few of them.
pub(super) fn named<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const MOST: usize = 3;
    let mut names: Vec<&str> = names.collect();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// A word as a POSIX shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '.' | '_' | '-' | '/' | ':' | '@' | '=' | '+' | ',')
    };
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
