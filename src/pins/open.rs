//! What about pins stayed open, and where: each of it may lead to exit code 3.

use super::model::{Confidence, EnforcementMode};
use super::verdict::{EntryVerdict, Outcome, PinsStatus, PinsVerdict, SourceState, SourceVerdict};

/// Something about pins that stayed open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenPart {
    /// The file, where it is about one.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// Why, in a sentence without its full stop.
    pub why: String,
    /// Whether and by what pins it may be answered that were read of the same app.
    pub answer: Answer,
}

/// By what pins that were read of the same app it is answered what code that is not followed compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answer {
    /// By none.
    #[default]
    None,
    /// By those of code or of a library: it calls one that pins, and looks at nothing itself.
    OfLibrary,
    /// By any: nothing but that it is compiled speaks for pins.
    Any,
    /// By any of the same argument, of whatever kind of client: a file of data is of all of them.
    OfArgument,
}

impl OpenPart {
    /// What stayed open in no file in particular.
    pub fn of_none(why: impl Into<String>) -> Self {
        Self { file: None, line: None, why: why.into(), answer: Answer::None }
    }

    fn of(source: &SourceVerdict, line: Option<usize>, why: &str) -> Self {
        Self {
            file: Some(source.file.clone()),
            line,
            why: why.trim_end_matches('.').to_owned(),
            answer: Answer::None,
        }
    }
}

impl PinsVerdict {
    /// Whether it is open whether anything is pinned: nothing that was named tells.
    pub fn is_status_open(&self) -> bool {
        matches!(self.status, PinsStatus::Undetermined | PinsStatus::NoPinSources)
    }

    /// What of the files was not read, of that which may be about the host asked about.
    pub fn not_read(&self) -> Vec<OpenPart> {
        self.sources.iter().flat_map(|source| self.not_read_of(source)).collect()
    }

    fn not_read_of(&self, source: &SourceVerdict) -> Vec<OpenPart> {
        match &source.state {
            SourceState::Unreadable(why) | SourceState::NotWellFormed(why) => {
                vec![OpenPart::of(source, None, why)]
            }
            SourceState::NotRecognised => {
                vec![OpenPart::of(source, None, "it is of no format that is read here")]
            }
            SourceState::Read => {
                let open = source.problems.iter().filter(|problem| problem.leaves_open(self.host.as_deref()));
                open.map(|problem| OpenPart::of(source, problem.line, &problem.what)).collect()
            }
        }
    }

    /// Whether pins are enforced for the host, and whether they match is open: there was no whole path to compare
    /// them with, or they match a served certificate beside it.
    pub fn is_uncompared(&self) -> bool {
        self.uncompared().next().is_some()
    }

    fn uncompared(&self) -> impl Iterator<Item = (&SourceVerdict, &EntryVerdict)> {
        let entries =
            self.sources.iter().flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
        entries.filter(|(_, entry)| {
            let refuses = match (entry.enforced, &entry.confidence) {
                // Beside pins that are sure, what may be no pins at all leaves nothing open.
                (EnforcementMode::Unknown, Confidence::Guessed(_)) => self.status != PinsStatus::Pinned,
                (EnforcementMode::Yes | EnforcementMode::Unknown, _) => true,
                (EnforcementMode::Report | EnforcementMode::No, _) => false,
            };
            entry.applies && refuses && entry.outcome == Outcome::Unknown
        })
    }

    /// Everything that stayed open: what was not read, whether the host is pinned, and where a chain was given, what
    /// matches it.
    pub fn open_parts(&self, chain_given: bool) -> Vec<OpenPart> {
        let mut open = self.not_read();
        if chain_given {
            let why = |entry: &EntryVerdict| match entry.unread {
                0 => "whether its pins match the chain is not known".to_owned(),
                1 => "whether its pins match the chain is not known: 1 of them was not read".to_owned(),
                unread => {
                    format!("whether its pins match the chain is not known: {unread} of them were not read")
                }
            };
            open.extend(
                self.uncompared().map(|(source, entry)| OpenPart::of(source, entry.line, &why(entry))),
            );
        }
        if open.is_empty() && self.is_status_open() {
            open.push(self.open_status());
        }
        open
    }

    /// Why it is open whether anything is pinned, with the entry that leaves it so.
    fn open_status(&self) -> OpenPart {
        let leaves_open = |entry: &&EntryVerdict| entry.applies && (entry.is_in_force() || entry.is_open());
        let mut sources = self.sources.iter();
        let found = sources.find_map(|source| Some((source, source.entries.iter().find(leaves_open)?)));
        match found {
            Some((source, entry)) => OpenPart::of(source, entry.line, &self.reason),
            None => OpenPart::of_none(&self.reason),
        }
    }

    /// Whether something that was asked for by name stayed open: a file, the host's status, or what pins match in the
    /// chain that was given. That is never passed over.
    pub fn is_left_open(&self, chain_given: bool) -> bool {
        (self.host.is_some() && self.is_status_open())
            || !self.not_read().is_empty()
            || (chain_given && self.is_uncompared())
    }
}
