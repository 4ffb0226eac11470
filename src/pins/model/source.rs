//! A source of pins, and what reading it gave.

use super::{AppContext, Completion, PinEntry, Problem, ProblemKind};
use crate::evidence::dns::DnssecState;
use crate::evidence::file::InputFile;
use crate::pins::formats;

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
    /// Reads files as they were observed. What two of them say together is read together: Chromium's list of hosts
    /// and the file of the keys that it names, an Android app's manifest and the configuration that it names, a `pins.toml` and
    /// the files that it completes.
    pub fn of_all(inputs: &[InputFile]) -> Vec<Self> {
        let mut files = formats::joined(inputs).iter().flat_map(|input| Self::of(input)).collect();
        formats::weigh_by_manifests(inputs, &mut files);
        formats::weigh_bare_apps(inputs, &mut files);
        formats::weigh_by_flutter(inputs, &mut files);
        formats::find_anchors(inputs, &mut files);
        formats::complete(&mut files);
        files
    }

    /// Reads a file as it was observed: one reading for each format that recognises it, and of a package (an APK, an
    /// IPA) one for each source of pins inside.
    pub fn of(input: &InputFile) -> Vec<Self> {
        match input.octets() {
            Ok(octets) => {
                let mut files = formats::read(&input.path, octets);
                formats::weigh_by_place(input.inside(), &mut files);
                if input.folder.is_some() {
                    formats::weigh_certificates(octets, &mut files);
                }
                files
            }
            Err(why) => {
                vec![Self { file: input.path.clone(), reading: Reading::Unreadable(why.to_owned()) }]
            }
        }
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
    /// The app that it was found in, where it was found in one.
    pub app: Option<AppContext>,
    /// What it says as a whole, where that is not in its entries: an app without any configuration, for one.
    pub statement: Option<String>,
    /// Whether there is no file at all: it stands for an app that has no configuration of this format.
    pub is_absent: bool,
    /// Whether DNSSEC secures the answer that it is, where it is one of the DNS and was validated.
    pub dnssec: Option<DnssecState>,
    /// Why nothing in it is sure, whatever was seen in it: it is of a test, for one.
    pub guessed: Option<String>,
    /// What holds for the hosts that no entry is about, where it says so.
    pub elsewhere: Option<Elsewhere>,
    /// What it says of pins that could not be read in other files.
    pub completes: Box<[Completion]>,
    /// The files that say what could not be read in this one.
    pub completed_by: Option<Box<str>>,
}

/// What a configuration says for the hosts that it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whether no CA of the system is trusted, but those that the configuration names.
    pub own_anchors_alone: bool,
    /// Whether Certificate Transparency is asked for, where it says so.
    pub certificate_transparency: Option<bool>,
}

impl PinSource {
    /// A source of this format, with nothing in it yet.
    pub fn of(format: &'static str) -> Self {
        Self {
            format,
            entries: Vec::new(),
            problems: Vec::new(),
            app: None,
            statement: None,
            is_absent: false,
            dnssec: None,
            guessed: None,
            elsewhere: None,
            completes: Box::default(),
            completed_by: None,
        }
    }

    /// Why the platform refuses the whole file, if it does.
    pub fn refusal(&self) -> Option<&Problem> {
        self.problems.iter().find(|problem| problem.kind == ProblemKind::Refused)
    }
}
