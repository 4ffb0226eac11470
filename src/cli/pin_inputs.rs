//! The pin files that were named: files, lists in the argument itself, and folders.

use std::io::Write as _;
use std::path::PathBuf;

use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::observe::files;
use crate::observe::folder::{self, Folder, Wanted};
use crate::pins::formats::{candidates, is_configuration, is_inline_list, is_manifest_or_attribute};
use crate::pins::{PinFile, Reading};
use crate::report::human::safe;

/// The most names of what was left out that are told.
const MOST_TOLD: usize = 5;

/// The files that were read.
#[derive(Debug, Default)]
pub(super) struct PinInputs {
    /// The files, as reports name them.
    pub(super) files: Vec<InputFile>,
    /// Where they are.
    pub(super) paths: Vec<PathBuf>,
    /// How many files were opened of each folder.
    pub(super) opened: Vec<usize>,
}

impl PinInputs {
    /// How many files of the folders were opened; 0 where none was of one of them, which may be another than was meant.
    pub(super) fn all_opened(&self) -> usize {
        if self.opened.contains(&0) { 0 } else { self.opened.iter().sum() }
    }
}

/// Reads each of the arguments; a file of at most `limit` octets, and of a folder what has to do with pins.
///
/// Files of a folder that is named alone are named from there on, those of several with the folder before them.
pub(super) fn read(arguments: &[String], limit: u64) -> PinInputs {
    let mut inputs = PinInputs::default();
    let given: Vec<Given> = arguments.iter().map(|argument| Given::read(argument, limit)).collect();
    let kinds: Vec<Vec<&str>> = given.iter().map(Given::kinds_that_pin).collect();
    for (place, given) in given.into_iter().enumerate() {
        match given {
            Given::File(file, path) => {
                inputs.files.push(file);
                inputs.paths.extend(path);
            }
            Given::Folder(path, folder) => {
                let others = kinds.iter().enumerate().filter(|(other, _)| *other != place);
                let besides: Vec<&str> = others.flat_map(|(_, kinds)| kinds).copied().collect();
                let folder = of_folder(&path, folder, arguments.len() == 1, &besides);
                inputs.files.extend(folder.files);
                inputs.paths.extend(folder.paths);
                inputs.opened.push(folder.opened);
            }
        }
    }
    inputs
}

/// What an argument names.
enum Given {
    /// A file or a list, and where it is.
    File(InputFile, Option<PathBuf>),
    /// A folder, and what of it may say something.
    Folder(String, Folder),
}

impl Given {
    fn read(argument: &str, limit: u64) -> Self {
        if is_inline_list(argument) {
            let content = FileContent::Read(Bytes(argument.as_bytes().to_vec()));
            Self::File(InputFile { path: argument.to_owned(), content, folder: None }, None)
        } else if folder::is_folder(argument) {
            Self::Folder(argument.to_owned(), read_folder(argument))
        } else {
            Self::File(meant(files::read(argument, limit)), Some(argument.into()))
        }
    }

    /// The kinds of configurations in it that pin.
    fn kinds_that_pin(&self) -> Vec<&'static str> {
        let files = match self {
            Self::File(file, _) => std::slice::from_ref(file),
            Self::Folder(_, folder) => folder.files.as_slice(),
        };
        let files = files.iter().filter(|file| candidates::may_be_configuration(&file.path));
        files.filter_map(candidates::kind_that_pins).collect()
    }
}

/// A file that is not there, and whose name looks like a list of curl: what was meant.
fn meant(mut input: InputFile) -> InputFile {
    let pin = ["sha256/", "sha256:", "pin-sha256="].iter().find_map(|prefix| input.path.strip_prefix(prefix));
    if let (Some(pin), FileContent::Failed(why)) = (pin, &mut input.content) {
        *why = format!("{why}; did you mean sha256//{}?", pin.trim_matches('"'));
    }
    input
}

fn read_folder(path: &str) -> Folder {
    let wanted = Wanted {
        by_name: &candidates::by_name,
        by_content: &candidates::by_content,
        looks_at_all: false,
        longest: &|name| u64::try_from(candidates::longest(name)).unwrap_or(u64::MAX),
        keeps: &says_something,
    };
    folder::read(path, wanted)
}

/// What is kept of a folder; `besides` are the kinds of configurations that pin in other arguments.
fn of_folder(path: &str, mut folder: Folder, is_alone: bool, besides: &[&str]) -> Folder {
    leave_out_silent(path, &mut folder, besides);
    // Manifests say which configurations are used, and nothing where there are none.
    let has_manifest = folder.files.iter().any(is_manifest_or_attribute);
    if has_manifest && !folder.files.iter().any(holds_a_configuration) {
        let silent =
            folder.files.iter().filter(|file| is_manifest_or_attribute(file) && !has_to_do_with_pins(file));
        let silent: Vec<String> = silent.map(|file| file.path.clone()).collect();
        leave_out(path, &mut folder, &silent);
    }
    tell(path, &folder);
    if !is_alone {
        for file in folder.files.iter_mut().filter(|file| file.path != path) {
            file.path = format!("{}/{}", path.trim_end_matches('/'), file.path);
        }
        for file in &mut folder.files {
            file.folder = Some(path.trim_end_matches('/').to_owned());
        }
    }
    folder
}

/// Leaves out the configurations of apps that say nothing of pins where none of their format does: only beside one that
/// pins, of this folder or of another argument, it matters that another does not.
fn leave_out_silent(path: &str, folder: &mut Folder, besides: &[&str]) {
    let (silent, pinning): (Vec<&InputFile>, Vec<&InputFile>) = folder
        .files
        .iter()
        .filter(|file| candidates::may_be_configuration(&file.path))
        .partition(|file| !has_to_do_with_pins(file));
    let left_out: Vec<String> = silent
        .into_iter()
        .filter(|file| !is_manifest_or_attribute(file))
        .filter(|file| {
            !PinFile::of(file).iter().any(|read| candidates::bears_on(read, file, &pinning, besides))
        })
        .map(|file| file.path.clone())
        .collect();
    leave_out(path, folder, &left_out);
}

/// Leaves these files of a folder out: they are no inputs.
fn leave_out(path: &str, folder: &mut Folder, names: &[String]) {
    let paths: Vec<PathBuf> = names.iter().map(|name| PathBuf::from(path).join(name)).collect();
    folder.files.retain(|file| !names.contains(&file.path));
    folder.paths.retain(|path| !paths.contains(path));
}

/// Whether a file is a Network Security Config, as resources of apps are.
fn holds_a_configuration(file: &InputFile) -> bool {
    let is_xml = std::path::Path::new(&file.path).extension().is_some_and(|ending| ending == "xml");
    is_xml && PinFile::of(file).iter().any(is_configuration)
}

/// Whether a file is kept: manifests until it is known whether there is a configuration that they could name, and
/// configurations without pins until it is known whether another pins.
fn says_something(file: &InputFile) -> bool {
    is_manifest_or_attribute(file) || has_to_do_with_pins(file) || candidates::is_silent_configuration(file)
}

/// Whether a file has to do with pins, or may: it cannot be read, or is not well formed, or holds what only pins are
/// written with.
fn has_to_do_with_pins(file: &InputFile) -> bool {
    PinFile::of(file).iter().any(|read| match &read.reading {
        Reading::Read(source) => candidates::says_something(source),
        Reading::NotRecognised => {
            candidates::is_shipped_keystore(&file.path) || file.octets().is_ok_and(candidates::is_about_pins)
        }
        Reading::NotWellFormed { .. } | Reading::Unreadable(_) => true,
    })
}

/// Says on standard error what was looked at and what was left out.
fn tell(path: &str, folder: &Folder) {
    let mut left_out = Vec::new();
    if !folder.ignored.is_empty() {
        let files = match folder.ignored_files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        left_out.push(format!("{files} that .gitignore names ({})", some_of(&folder.ignored)));
    }
    if !folder.left_out.is_empty() {
        left_out.push(some_of(&folder.left_out));
    }
    let left_out =
        if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    let note = format!(
        "note: {path}: {} files opened, {} have to do with pins{left_out}",
        folder.opened,
        folder
            .files
            .iter()
            .filter(|file| !is_manifest_or_attribute(file) || has_to_do_with_pins(file))
            .count()
    );
    // The report does not depend on it.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
}

/// The first of these names, and how many more there are.
fn some_of(names: &[String]) -> String {
    let told: Vec<&str> = names.iter().take(MOST_TOLD).map(String::as_str).collect();
    match names.len().saturating_sub(MOST_TOLD) {
        0 => told.join(", "),
        rest => format!("{} and {rest} more", told.join(", ")),
    }
}
