//! The pin files that were named: files, lists in the argument itself, and folders.

use std::io::Write as _;

use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::observe::files;
use crate::observe::folder::{self, Wanted};
use crate::pins::formats::{candidates, is_inline_list};
use crate::pins::{PinFile, Reading};
use crate::report::human::safe;

/// The most names of what was left out that are told.
const MOST_TOLD: usize = 5;

/// Reads each of the arguments; a file of at most `limit` octets, and of a folder what has to do with pins.
///
/// Files of a folder that is named alone are named from there on, those of several with the folder before them.
pub(super) fn read(arguments: &[String], limit: u64) -> Vec<InputFile> {
    let mut inputs = Vec::new();
    for argument in arguments {
        if is_inline_list(argument) {
            let content = FileContent::Read(Bytes(argument.as_bytes().to_vec()));
            inputs.push(InputFile { path: argument.to_owned(), content });
        } else if folder::is_folder(argument) {
            inputs.extend(read_folder(argument, arguments.len() == 1));
        } else {
            inputs.push(meant(files::read(argument, limit)));
        }
    }
    inputs
}

/// A file that is not there, and whose name looks like a list of curl: what was meant.
fn meant(mut input: InputFile) -> InputFile {
    let pin = ["sha256/", "sha256:", "pin-sha256="].iter().find_map(|prefix| input.path.strip_prefix(prefix));
    if let (Some(pin), FileContent::Failed(why)) = (pin, &mut input.content) {
        *why = format!("{why}; did you mean sha256//{}?", pin.trim_matches('"'));
    }
    input
}

fn read_folder(path: &str, is_alone: bool) -> Vec<InputFile> {
    let wanted = Wanted {
        by_name: &candidates::by_name,
        by_beginning: &candidates::by_beginning,
        longest: &|name| u64::try_from(candidates::longest(name)).unwrap_or(u64::MAX),
        keeps: &says_something,
    };
    let mut folder = folder::read(path, wanted);
    tell(path, &folder);
    if !is_alone {
        for file in folder.files.iter_mut().filter(|file| file.path != path) {
            file.path = format!("{}/{}", path.trim_end_matches('/'), file.path);
        }
    }
    folder.files
}

/// Whether a file has to do with pins, or may: it cannot be read, or is not well formed.
fn says_something(file: &InputFile) -> bool {
    PinFile::of(file).iter().any(|file| match &file.reading {
        Reading::Read(source) => !source.entries.is_empty() || !source.problems.is_empty(),
        Reading::NotRecognised => false,
        Reading::NotWellFormed { .. } | Reading::Unreadable(_) => true,
    })
}

/// Says on standard error what was looked at and what was left out.
fn tell(path: &str, folder: &folder::Folder) {
    let told: Vec<&str> = folder.left_out.iter().take(MOST_TOLD).map(String::as_str).collect();
    let rest = match folder.left_out.len().saturating_sub(MOST_TOLD) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    let left_out = if told.is_empty() { String::new() } else { format!(", {}{rest}", told.join(", ")) };
    let note = format!(
        "note: {path}: {} files opened, {} have to do with pins; left out: what .gitignore names{left_out}",
        folder.opened,
        folder.files.len()
    );
    // The report does not depend on it.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
}
