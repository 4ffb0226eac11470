//! What is left out of a folder: how much that is, and what of it matters all the same.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::DirEntry;

use super::{
    Folder, Kind, MOST_NAMES, MOST_READ, SNIFFED, Wanted, is_made, is_skipped, kind, name_from, walk,
};
use crate::evidence::file::InputFile;
use crate::evidence::pin_folders::Unseen;
use crate::observe::files;

/// Which files matter where they are left out.
#[derive(Clone, Copy)]
pub struct AsideWanted<'a> {
    /// Whether a file of this name may: `None` where the name tells nothing.
    pub by_name: &'a dyn Fn(&str) -> Option<bool>,
    /// Whether one that was read does.
    pub matters: &'a dyn Fn(&InputFile) -> bool,
}

/// Something that was left out and matters, or may, named from the folder on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Its name.
    pub name: String,
    /// Why it was left out.
    pub why: Unseen,
}

/// Within what of that which is left out the walk is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Ignored,
    Made,
    /// What tools fetch, and the files of version control.
    Fetched,
}

/// Looks at what was left out: counts what a `.gitignore` leaves out, and finds what matters.
pub(super) fn look(
    root: &str,
    (seen, links): (&HashSet<PathBuf>, Vec<PathBuf>),
    wanted: Wanted<'_>,
    folder: &mut Folder,
) {
    // Where a bound cut the walk off, what is missing is not the doing of a .gitignore, and is told.
    if seen.len() >= MOST_NAMES || folder.opened >= MOST_READ {
        return;
    }
    let mut opened: usize = 0;
    for link in links {
        if wanted.aside.is_some_and(|aside| is_loss(root, &link, seen, (aside, wanted), &mut opened)) {
            folder.aside.push(Aside { name: name_from(root, &link), why: Unseen::Link });
        }
    }
    let mut inside: Option<(PathBuf, Within)> = None;
    for (entry, number) in walk(root, false).zip(1_usize..) {
        if number > MOST_NAMES {
            folder.aside.push(Aside { name: String::new(), why: Unseen::Beyond });
            break;
        }
        let Ok(entry) = entry else { continue };
        let is_file = matches!(kind(&entry), Kind::File);
        let within =
            inside.as_ref().filter(|(path, _)| entry.path().starts_with(path)).map(|(_, within)| *within);
        let within = match within {
            Some(within) => {
                let is_fetched = within == Within::Made && is_skipped(&entry) && !is_made(entry.file_name());
                if is_fetched { Within::Fetched } else { within }
            }
            None if is_skipped(&entry) && matches!(kind(&entry), Kind::Folder) => {
                if wanted.aside.is_some() && !seen.contains(entry.path()) {
                    folder.left_out.push(name_from(root, entry.path()));
                }
                let within = if is_made(entry.file_name()) { Within::Made } else { Within::Fetched };
                inside = Some((entry.path().to_owned(), within));
                within
            }
            None if seen.contains(entry.path()) => continue,
            None => {
                folder.ignored.push(name_from(root, entry.path()));
                inside = Some((entry.path().to_owned(), Within::Ignored));
                Within::Ignored
            }
        };
        folder.ignored_files += usize::from(is_file && within == Within::Ignored);
        let why = match within {
            Within::Ignored => Unseen::Ignored,
            Within::Made => Unseen::Made,
            Within::Fetched => continue,
        };
        let Some(aside) = wanted.aside else { continue };
        if is_file && matters(&entry, root, (aside, wanted), &mut opened) {
            folder.aside.push(Aside { name: name_from(root, entry.path()), why });
        }
        let is_link = within == Within::Ignored && matches!(kind(&entry), Kind::Link);
        if is_link && is_loss(root, entry.path(), seen, (aside, wanted), &mut opened) {
            folder.aside.push(Aside { name: name_from(root, entry.path()), why: Unseen::Link });
        }
        if opened > MOST_READ {
            folder.aside.push(Aside { name: String::new(), why: Unseen::Beyond });
            break;
        }
    }
}

/// Whether a file that was left out matters.
fn matters(
    entry: &DirEntry,
    root: &str,
    (aside, wanted): (AsideWanted<'_>, Wanted<'_>),
    opened: &mut usize,
) -> bool {
    let name = name_from(root, entry.path());
    let may = match (aside.by_name)(&name) {
        Some(may) => may,
        None => files::beginning(&entry.path().to_string_lossy(), SNIFFED)
            .is_ok_and(|head| (wanted.by_content)(&head)),
    };
    may && is_read(entry.path(), name, aside, wanted, opened)
}

/// Whether a file has something that matters. It is named as the one that was left out.
fn is_read(
    path: &Path,
    name: String,
    aside: AsideWanted<'_>,
    wanted: Wanted<'_>,
    opened: &mut usize,
) -> bool {
    *opened = opened.saturating_add(1);
    let mut file = files::read(&path.to_string_lossy(), (wanted.longest)(&name));
    file.path = name;
    file.folder = Some(String::new());
    (aside.matters)(&file)
}

/// Whether something may be lost by not following a link: what it leads to is not in what was looked at, and is a folder, is
/// not there, or is a file that matters.
fn is_loss(
    root: &str,
    link: &Path,
    seen: &HashSet<PathBuf>,
    (aside, wanted): (AsideWanted<'_>, Wanted<'_>),
    opened: &mut usize,
) -> bool {
    let name = name_from(root, link);
    let Ok(target) = link.canonicalize() else { return (wanted.by_name)(&name) != Some(false) };
    let inside = Path::new(root).canonicalize().ok();
    let inside = inside.and_then(|root| target.strip_prefix(root).ok().map(Path::to_owned));
    if let Some(inside) = inside {
        let is_entered = !inside.iter().any(is_skipped_name);
        let place =
            if inside.as_os_str().is_empty() { PathBuf::from(root) } else { Path::new(root).join(inside) };
        if is_entered && seen.contains(&place) {
            return false;
        }
    }
    if target.is_dir() {
        return true;
    }
    (wanted.by_name)(&name) != Some(false) && is_read(link, name, aside, wanted, opened)
}

fn is_skipped_name(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| super::SKIPPED.contains(&name))
}
