//! Reading the files of a folder that may matter, within bounds.
//!
//! What git ignores is left out, and so is what tools fetch or make: it is not the source of anything. What is cut off
//! by a bound stands among the files as one that could not be read, so that nothing is taken for absent.

mod aside;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, Walk, WalkBuilder};

pub use self::aside::{Aside, AsideWanted};
use super::files;
use crate::evidence::file::{FileContent, InputFile};

/// The deepest folder that is entered.
const DEEPEST: usize = 40;
/// The most names that are looked at.
const MOST_NAMES: usize = 200_000;
/// The most files that are opened.
const MOST_READ: usize = 20_000;
/// The most octets that are kept, of all files together.
const MOST_KEPT: usize = 512 << 20;
/// How much of a file with a name that tells nothing is looked at at once.
const SNIFFED: u64 = 4 << 20;
/// What of that is looked at again with the next piece: what is looked for may stand across both.
const OVERLAP: usize = 4 << 10;
/// How much is looked at in all such files together.
const MOST_SNIFFED: u64 = 4 << 30;

/// Folders of version control, and of what tools fetch or make.
const SKIPPED: [&str; 22] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "Pods",
    "Carthage",
    "DerivedData",
    ".build",
    "build",
    "out",
    "dist",
    "target",
    "obj",
    ".gradle",
    ".idea",
    ".dart_tool",
    ".pub-cache",
    ".expo",
    ".venv",
    "venv",
    "__pycache__",
];

/// Those of them that tools make of what is beside them. A package of source code may be called the same.
const MADE: [&str; 7] = [".build", "build", "out", "dist", "target", "obj", "DerivedData"];

/// Those of version control, and of what editors keep: no code.
const RECORDS: [&str; 4] = [".git", ".hg", ".svn", ".idea"];

/// Whether a folder of this name holds what tools fetch: code that others wrote.
pub fn is_fetched(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    SKIPPED.contains(&name) && !MADE.contains(&name) && !RECORDS.contains(&name)
}

/// Which files of a folder are wanted.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Whether a file may be: by its name, or, where the name tells nothing (`None`), by what is in it.
    pub by_name: &'a dyn Fn(&str) -> Option<bool>,
    /// Whether a file with this in it may be.
    pub by_content: &'a dyn Fn(&[u8]) -> bool,
    /// Whether all of a file with a name that tells nothing is looked at, piece by piece, or its beginning alone.
    pub looks_at_all: bool,
    /// The longest file of this name that is read, in octets.
    pub longest: &'a dyn Fn(&str) -> u64,
    /// Whether a file that was read is.
    pub keeps: &'a dyn Fn(&InputFile) -> bool,
    /// What matters of that which is left out; `None` where nothing of it is looked at.
    pub aside: Option<AsideWanted<'a>>,
}

/// What a folder holds of what is wanted.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The files, named from the folder on, in the order of their names; what could not be read is among them.
    pub files: Vec<InputFile>,
    /// Where those that could be read are.
    pub paths: Vec<PathBuf>,
    /// How many files were opened.
    pub opened: usize,
    /// The folders and links that were left out, named from the folder on.
    pub left_out: Vec<String>,
    /// What a `.gitignore` leaves out, named from the folder on; of a folder, it alone.
    pub ignored: Vec<String>,
    /// How many files that is.
    pub ignored_files: usize,
    /// What of all that was left out matters, or may; a name that is empty stands for the folder.
    pub aside: Vec<Aside>,
}

/// Whether a folder of this name is there.
pub fn is_folder(path: &str) -> bool {
    path != "-" && Path::new(path).is_dir()
}

/// Reads what is wanted of a folder.
pub fn read(root: &str, wanted: Wanted<'_>) -> Folder {
    let mut folder = Folder::default();
    let mut kept: usize = 0;
    let mut sniffed: u64 = 0;
    let failed = |folder: &mut Folder, path: &str, why: String| {
        folder.files.push(InputFile {
            path: path.to_owned(),
            content: FileContent::Failed(why),
            folder: Some(String::new()),
        });
    };
    let (mut seen, mut links) = (HashSet::new(), Vec::new());
    let mut inside_skipped: Option<PathBuf> = None;
    for (entry, number) in walk(root, true).zip(1_usize..) {
        if number > MOST_NAMES {
            failed(
                &mut folder,
                root,
                format!("it holds more than {MOST_NAMES} names; the rest is not looked at"),
            );
            break;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                failed(&mut folder, root, error.to_string());
                continue;
            }
        };
        if inside_skipped.as_ref().is_some_and(|skipped| entry.path().starts_with(skipped)) {
            continue;
        }
        let name = name_from(root, entry.path());
        seen.insert(entry.path().to_owned());
        match kind(&entry) {
            Kind::Folder if is_skipped(&entry) => {
                inside_skipped = Some(entry.path().to_owned());
                folder.left_out.push(name);
            }
            Kind::Folder if entry.depth() == DEEPEST => {
                failed(
                    &mut folder,
                    &name,
                    format!("it is a folder deeper than {DEEPEST} others, and is not entered"),
                );
            }
            Kind::Link => {
                folder.left_out.push(name);
                links.push(entry.into_path());
            }
            Kind::File => {
                match is_wanted(&entry, &name, wanted, &mut sniffed) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => {
                        failed(&mut folder, &name, error.to_string());
                        continue;
                    }
                }
                if folder.opened >= MOST_READ {
                    failed(
                        &mut folder,
                        root,
                        format!("more than {MOST_READ} of its files may matter; the rest is not read"),
                    );
                    break;
                }
                folder.opened += 1;
                let mut file = files::read(&entry.path().to_string_lossy(), (wanted.longest)(&name));
                file.path = name;
                file.folder = Some(String::new());
                if !(wanted.keeps)(&file) {
                    continue;
                }
                kept = kept.saturating_add(file.octets().map_or(0, <[u8]>::len));
                if kept > MOST_KEPT {
                    let most = MOST_KEPT >> 20;
                    failed(
                        &mut folder,
                        root,
                        format!("its files have more than {most} MiB together; the rest is not read"),
                    );
                    break;
                }
                folder.files.push(file);
                folder.paths.push(entry.into_path());
            }
            Kind::Folder | Kind::Other => {}
        }
    }
    aside::look(root, (&seen, links), wanted, &mut folder);
    if sniffed > MOST_SNIFFED {
        let most = MOST_SNIFFED >> 30;
        let why =
            format!("files whose names tell nothing have more than {most} GiB; the rest is not looked at");
        failed(&mut folder, root, why);
    }
    folder
}

/// Everything below a folder, or what its `.gitignore` files leave of it. No other file decides about that.
fn walk(root: &str, obeys_gitignore: bool) -> Walk {
    WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_ignore(obeys_gitignore)
        .git_exclude(false)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .max_depth(Some(DEEPEST))
        .filter_entry(|entry| !is_below_fetched(entry))
        .sort_by_file_name(std::cmp::Ord::cmp)
        .build()
}

enum Kind {
    Folder,
    File,
    Link,
    Other,
}

fn kind(entry: &DirEntry) -> Kind {
    match entry.file_type() {
        Some(kind) if kind.is_dir() => Kind::Folder,
        Some(kind) if kind.is_file() => Kind::File,
        Some(kind) if kind.is_symlink() && entry.depth() > 0 => Kind::Link,
        _ => Kind::Other,
    }
}

fn is_skipped(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name))
}

/// Whether a folder of this name is one that tools make.
fn is_made(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| MADE.contains(&name))
}

/// Whether an entry stands right below a folder that tools fetch: there are many names in such folders, and none is of interest.
fn is_below_fetched(entry: &DirEntry) -> bool {
    let folder = entry.path().parent().and_then(Path::file_name).filter(|_| entry.depth() > 1);
    let is_skipped = folder.and_then(OsStr::to_str).is_some_and(|name| SKIPPED.contains(&name));
    is_skipped && !folder.is_some_and(is_made)
}

fn is_wanted(entry: &DirEntry, name: &str, wanted: Wanted<'_>, sniffed: &mut u64) -> io::Result<bool> {
    if let Some(is_wanted) = (wanted.by_name)(name) {
        return Ok(is_wanted);
    }
    if *sniffed > MOST_SNIFFED {
        return Ok(false);
    }
    let mut file = File::open(entry.path())?;
    let mut piece = Vec::new();
    loop {
        let read = file.by_ref().take(SNIFFED).read_to_end(&mut piece)?;
        *sniffed = sniffed.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if (wanted.by_content)(&piece) {
            return Ok(true);
        }
        let is_all = u64::try_from(read).is_ok_and(|read| read < SNIFFED);
        if is_all || !wanted.looks_at_all || *sniffed > MOST_SNIFFED {
            return Ok(false);
        }
        piece.drain(..piece.len().saturating_sub(OVERLAP));
    }
}

/// A path from the folder on, with `/` between its parts.
fn name_from(root: &str, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::evidence::pin_folders::Unseen;

    fn everything(root: &Path) -> Folder {
        let wanted = Wanted {
            by_name: &|name| name.contains(".txt").then_some(true),
            by_content: &|head| head.starts_with(b"pins"),
            looks_at_all: false,
            longest: &|_| 16,
            keeps: &|file| file.octets() != Ok(b"none"),
            aside: Some(AsideWanted {
                by_name: &|name| Some(name.contains(".txt")),
                matters: &|file| file.octets() == Ok(b"pins"),
            }),
        };
        read(root.to_str().unwrap(), wanted)
    }

    #[test]
    fn what_is_wanted_is_read_and_what_is_left_out_is_told() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for name in
            ["a/b.txt", "node_modules/c.txt", "ignored/d.txt", "z", ".hidden/e.txt", "none.txt", "long.txt"]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "pins").unwrap();
        }
        fs::write(at("none.txt"), "none").unwrap();
        fs::write(at("long.txt"), "more than sixteen octets").unwrap();
        fs::write(at("picture"), "no pins").unwrap();
        fs::write(at(".gitignore"), "ignored/\n").unwrap();
        // Other tools' lists of what to ignore decide about nothing here.
        fs::write(at(".ignore"), "*\n").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.path(), at("loop")).unwrap();
        let folder = everything(root.path());
        let names = [".hidden/e.txt", "a/b.txt", "long.txt", "z"];
        assert_eq!(folder.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), names);
        assert!(folder.files[2].octets().is_err());
        assert_eq!(folder.paths, names.map(&at));
        assert_eq!((folder.ignored, folder.ignored_files), (vec!["ignored".to_owned()], 1));
        // What tools fetch is not looked into, and the link leads to what was looked at.
        assert_eq!(folder.aside, [Aside { name: "ignored/d.txt".to_owned(), why: Unseen::Ignored }]);
        #[cfg(unix)]
        assert_eq!(folder.left_out, ["loop", "node_modules"]);
    }

    #[test]
    fn too_deep_a_folder_is_told() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("d/".repeat(DEEPEST + 2))).unwrap();
        let folder = everything(root.path());
        assert_eq!(folder.files.len(), 1);
        assert!(folder.files[0].octets().unwrap_err().contains("deeper"));
    }
}
