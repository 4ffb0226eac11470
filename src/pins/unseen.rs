//! What of the files and folders that were given may pin, and was not read as pins: code that looks at certificates itself, and
//! what folders leave out.
//!
//! It changes nothing of whether a host is pinned by the files that were read. Who says that pins are gone has to know it.

use super::formats::{bare_hashes, is_named, looks, missing};
use super::open::{Answer, OpenPart};
use super::verdict::PinsVerdict;
use crate::evidence::file::{InputFile, lexical};
use crate::evidence::pin_folders::{PinFolder, Unseen};

/// What of these files and folders may pin, and was not read as that, each named as it can be opened.
pub fn unseen(files: &[InputFile], folders: &[PinFolder]) -> Vec<OpenPart> {
    let of_files = files.iter().filter_map(|file| {
        let why = Unseen::of(file)?;
        Some(part(&placed_in(&file.path, folders), &why))
    });
    let of_folders = folders.iter().flat_map(|folder| {
        let more = folder.has_more.then_some((&folder.path, &Unseen::Beyond));
        folder.unseen.iter().map(|file| (&file.path, &file.why)).chain(more)
    });
    // What a manifest names may have been given besides.
    let is_there = |why: &Unseen| match why {
        Unseen::Names { name } => files.iter().any(|file| is_named(file, name)),
        _ => false,
    };
    let of_folders = of_folders.filter(|(_, why)| !is_there(why)).map(|(path, why)| part(path, why));
    of_files.chain(of_manifests(files, folders)).chain(of_folders).collect()
}

/// What manifests that were named by themselves name, and was not given. Of folders that is known already.
fn of_manifests(files: &[InputFile], folders: &[PinFolder]) -> Vec<OpenPart> {
    let is_of_folder = |path: &str| files.iter().any(|file| file.path == path && file.folder.is_some());
    if folders.iter().any(|folder| folder.is_alone) {
        return Vec::new();
    }
    let all: Vec<&InputFile> = files.iter().collect();
    let missing = missing(&all).into_iter().filter(|(path, _)| !is_of_folder(path));
    missing.map(|(path, name)| part(&path, &Unseen::Names { name })).collect()
}

/// Where a source of pins is: those of a folder that was named alone are named from it on.
pub fn placed_in(file: &str, folders: &[PinFolder]) -> String {
    match folders {
        [only] if only.is_alone && file != only.path => lexical(&format!("{}/{file}", only.path)),
        _ => file.to_owned(),
    }
}

impl PinsVerdict {
    /// Says where the files are that were found in these folders.
    pub fn found_in(&mut self, folders: &[PinFolder]) {
        for source in self.sources.iter_mut().filter(|source| !source.is_looked_up()) {
            let place = placed_in(&source.file, folders);
            source.place = (place != source.file).then_some(place);
        }
    }
}

impl Unseen {
    /// What a file has of code that looks at certificates itself, or of hashes that nothing takes for pins.
    pub fn of(file: &InputFile) -> Option<Self> {
        let looks = looks::looks(file).map(|(line, word)| Self::Looks { line, word });
        looks.or_else(|| bare_hashes::found(file).map(|line| Self::Hash { line }))
    }
}

fn part(path: &str, why: &Unseen) -> OpenPart {
    let answer = match why {
        Unseen::Looks { word, .. } if looks::library(word) => Answer::OfLibrary,
        Unseen::Compiled => Answer::Any,
        Unseen::Hash { .. } => Answer::OfArgument,
        _ => Answer::None,
    };
    let (line, why) = match why {
        Unseen::Looks { line, word } => (
            Some(*line),
            format!("it looks at certificates itself ({word}), and what it compares is not followed"),
        ),
        Unseen::Hash { line } => (
            Some(*line),
            "a hash stands there as pins are written, and what it is compared with is not known".to_owned(),
        ),
        Unseen::Names { name } => (
            None,
            format!("it names the configuration {name}, and none of that name was found that can be read"),
        ),
        Unseen::Link => (None, "it is a link, and was not followed".to_owned()),
        Unseen::Ignored => (None, ".gitignore leaves it out, and it has to do with pins".to_owned()),
        Unseen::Made => {
            (None, "it stands in a folder that tools make, and has to do with pins: make it anew".to_owned())
        }
        Unseen::Compiled => (None, "it is compiled code, which is not read".to_owned()),
        Unseen::Beyond => (None, "more of it was left out than is looked at".to_owned()),
    };
    OpenPart { file: Some(path.to_owned()), line, why, answer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;

    #[test]
    fn a_file_of_a_folder_is_named_as_it_can_be_opened() {
        let file = |path: &str, folder: Option<&str>| InputFile {
            path: path.to_owned(),
            content: FileContent::Read(Bytes(b"\nval a = handshake.peerCertificates[0]".to_vec())),
            folder: folder.map(str::to_owned),
        };
        let folder = |is_alone| PinFolder { path: "app/".to_owned(), is_alone, ..PinFolder::default() };
        let named = |file, folders: &[PinFolder]| {
            unseen(&[file], folders).pop().map(|part| (part.file.unwrap(), part.line.unwrap()))
        };
        assert_eq!(
            named(file("src/Net.kt", Some("")), &[folder(true)]),
            Some(("app/src/Net.kt".to_owned(), 2))
        );
        assert_eq!(
            named(file("app/src/Net.kt", Some("app")), &[folder(false), folder(false)]),
            Some(("app/src/Net.kt".to_owned(), 2))
        );
        assert_eq!(named(file("Net.kt", None), &[]), Some(("Net.kt".to_owned(), 2)));
        assert_eq!(named(file("src/test/java/Net.kt", None), &[]), None);
    }
}
