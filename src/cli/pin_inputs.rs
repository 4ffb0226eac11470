//! The pin files that were named: files, lists in the argument itself, and folders.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::path::PathBuf;

use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile, lexical};
use crate::evidence::pin_folders::{MOST_UNSEEN, PinFolder, Unseen, UnseenFile};
use crate::observe::files;
use crate::observe::folder::{self, AsideWanted, Folder, Wanted};
use crate::pins::formats::silent::Beside;
use crate::pins::formats::{
    bare_apps, bare_hashes, candidates, executables, flutter, info_plists, is_configuration, is_inline_list,
    is_manifest_or_attribute, looks, missing, silent,
};
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
    /// What is known of each folder.
    pub(super) folders: Vec<PinFolder>,
}

impl PinInputs {
    /// How many files of the folders were opened; 0 where none was of one of them, which may be another than was meant.
    pub(super) fn all_opened(&self) -> usize {
        let opened = self.folders.iter().map(|folder| folder.opened);
        if opened.clone().any(|opened| opened == 0) { 0 } else { opened.sum() }
    }
}

/// Reads each of the arguments; a file of at most `limit` octets, and of a folder what has to do with pins.
///
/// Files of a folder that is named alone are named from there on, those of several with the folder before them.
pub(super) fn read(arguments: &[String], limit: u64) -> PinInputs {
    let mut inputs = PinInputs::default();
    let given: Vec<Given> = arguments.iter().map(|argument| Given::read(argument, limit)).collect();
    let beside: Vec<Beside> = given.iter().map(Given::beside).collect();
    let of_others = Beside::default().with(&beside).kinds_of_others();
    for (place, (argument, given)) in arguments.iter().zip(given).enumerate() {
        match given {
            Given::File(file, path) => {
                inputs.files.push(file);
                inputs.paths.extend(path);
            }
            Given::Folder(folder, unseen) => {
                let others = beside.iter().enumerate().filter(|(other, _)| *other != place);
                let besides = Beside::default().with(others.map(|(_, beside)| beside)).kinds;
                let (folder, known) = kept((argument, arguments), folder, unseen, (&besides, &of_others));
                inputs.files.extend(folder.files);
                inputs.paths.extend(folder.paths);
                inputs.folders.push(known);
            }
        }
    }
    inputs
}

/// What an argument names.
enum Given {
    /// A file or a list, and where it is.
    File(InputFile, Option<PathBuf>),
    /// A folder: what of it may say something, and what else it has.
    Folder(Folder, Vec<(String, Unseen)>),
}

impl Given {
    fn read(argument: &str, limit: u64) -> Self {
        if is_inline_list(argument) {
            let content = FileContent::Read(Bytes(argument.as_bytes().to_vec()));
            Self::File(InputFile { path: argument.to_owned(), content, folder: None }, None)
        } else if folder::is_folder(argument) {
            let (folder, unseen) = read_folder(argument);
            Self::Folder(folder, unseen)
        } else {
            Self::File(meant(files::read(argument, limit)), Some(argument.into()))
        }
    }

    /// What it pins.
    fn beside(&self) -> Beside {
        let files = match self {
            Self::File(file, _) => std::slice::from_ref(file),
            Self::Folder(folder, _) => folder.files.as_slice(),
        };
        Beside::default().with(&files.iter().map(Beside::of).collect::<Vec<_>>())
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

/// What of a folder may have to do with pins, and what of it looks so and is not read.
fn read_folder(path: &str) -> (Folder, Vec<(String, Unseen)>) {
    let unseen: RefCell<Vec<(String, Unseen)>> = RefCell::default();
    // What a file is called says what is looked for in it.
    let is_code = Cell::new(false);
    // Compiled code that no name tells is told as what it is called; among what was left out, it is not.
    let sniffed: RefCell<Option<String>> = RefCell::default();
    let by_its_name = |name: &str| {
        sniffed.take();
        is_code.set(looks::is_sniffed(name));
        candidates::by_name(name)
    };
    let by_name = |name: &str| {
        if candidates::is_compiled(name) {
            unseen.borrow_mut().push((name.to_owned(), Unseen::Compiled));
        }
        let may = if bare_apps::may_be_project(name) { Some(true) } else { by_its_name(name) };
        *sniffed.borrow_mut() = (may.is_none() && !candidates::is_compiled(name)).then(|| name.to_owned());
        may
    };
    let by_content = |octets: &[u8]| {
        if executables::begins_compiled(octets) {
            let name = sniffed.take().filter(|name| candidates::is_released_code(name));
            unseen.borrow_mut().extend(name.map(|name| (name, Unseen::Compiled)));
            return false;
        }
        candidates::by_content(octets)
            || (is_code.get() && looks::may_look(octets))
            || bare_hashes::may_hold(octets)
    };
    // What is kept is looked at where it is judged.
    let keeps = |file: &InputFile| {
        let is_kept = says_something(file);
        unseen
            .borrow_mut()
            .extend(info_plists::outside(file).map(|name| (file.path.clone(), Unseen::Names { name })));
        if let (false, Some(why)) = (is_kept, Unseen::of(file)) {
            unseen.borrow_mut().push((file.path.clone(), why));
        }
        is_kept
    };
    let wanted = Wanted {
        by_name: &by_name,
        by_content: &by_content,
        looks_at_all: false,
        longest: &|name| u64::try_from(candidates::longest(name)).unwrap_or(u64::MAX),
        keeps: &keeps,
        aside: Some(AsideWanted {
            // Packages among what tools make are told apart from their sources: what is released is asked by itself.
            by_name: &|name| by_its_name(name).map(|may| may && !candidates::is_package(name)),
            matters: &|file| has_to_do_with_pins(file) || looks::looks(file).is_some(),
        }),
    };
    let folder = folder::read(path, wanted);
    (folder, unseen.into_inner())
}

/// What of a folder has to do with pins, and what is known of the rest; `besides` are the kinds of configurations that pin in
/// other arguments, and those that nothing pins in where something pins elsewhere.
fn kept(
    (path, arguments): (&str, &[String]),
    mut folder: Folder,
    mut unseen: Vec<(String, Unseen)>,
    besides: (&[&str], &[&str]),
) -> (Folder, PinFolder) {
    let named: Vec<&InputFile> = folder.files.iter().collect();
    unseen.extend(missing(&named).into_iter().map(|(file, name)| (file, Unseen::Names { name })));
    leave_out_silent(path, &mut folder, besides);
    leave_out_bare(path, &mut folder, besides);
    leave_out_projects(path, &mut folder);
    tell(path, &folder);
    unseen.extend(folder.aside.drain(..).map(|aside| (aside.name, aside.why)));
    let known = known_of(path, unseen, &folder, arguments);
    if !known.is_alone {
        for file in folder.files.iter_mut().filter(|file| file.path != path) {
            file.path = format!("{}/{}", path.trim_end_matches('/'), file.path);
        }
        for file in &mut folder.files {
            file.folder = Some(path.trim_end_matches('/').to_owned());
        }
    }
    (folder, known)
}

/// What is known of a folder: of what was not read as pins, that which is not named itself.
fn known_of(path: &str, unseen: Vec<(String, Unseen)>, read: &Folder, arguments: &[String]) -> PinFolder {
    let within = |name: &str| match name {
        "" => path.to_owned(),
        name => format!("{}/{name}", path.trim_end_matches('/')),
    };
    let named: Vec<String> = arguments.iter().map(|argument| lexical(argument)).collect();
    let unseen = unseen.into_iter().map(|(name, why)| UnseenFile { path: within(&name), why });
    // What looks at certificates stays that, however it is named.
    let is_given = |file: &UnseenFile| {
        !matches!(file.why, Unseen::Looks { .. } | Unseen::Hash { .. } | Unseen::Beyond)
            && named.contains(&lexical(&file.path))
    };
    let mut unseen: Vec<UnseenFile> = unseen.filter(|file| !is_given(file)).collect();
    let is_fetched = |name: &&String| folder::is_fetched(name);
    let fetched =
        read.left_out.iter().filter(is_fetched).take(MOST_UNSEEN).map(|name| within(name)).collect();
    let has_more = unseen.len() > MOST_UNSEEN;
    unseen.truncate(MOST_UNSEEN);
    PinFolder {
        path: path.to_owned(),
        is_alone: arguments.len() == 1,
        opened: read.opened,
        unseen,
        has_more,
        fetched,
    }
}

/// Leaves out the configurations of apps that say nothing of pins where none of their format does, unless other kinds of
/// clients have pins: only beside pins, of this folder or of another argument, it matters that an app has none.
fn leave_out_silent(path: &str, folder: &mut Folder, besides: (&[&str], &[&str])) {
    let (silent, pinning): (Vec<&InputFile>, Vec<&InputFile>) = folder
        .files
        .iter()
        .filter(|file| silent::may_be_configuration(&file.path))
        .partition(|file| !has_to_do_with_pins(file));
    let left_out: Vec<String> = silent
        .into_iter()
        .filter(|file| !is_manifest_or_attribute(file))
        .filter(|file| !PinFile::of(file).iter().any(|read| silent::bears_on(read, file, &pinning, besides)))
        .map(|file| file.path.clone())
        .collect();
    leave_out(path, folder, &left_out);
}

/// Leaves out what says which configurations are used where there are none, but for that of apps which have none beside
/// pins of others.
fn leave_out_bare(path: &str, folder: &mut Folder, (besides, of_others): (&[&str], &[&str])) {
    let files: Vec<&InputFile> = folder.files.iter().collect();
    let bare: Vec<&InputFile> =
        besides.iter().chain(of_others).flat_map(|kind| bare_apps::of_format(&files, kind)).collect();
    let has_configuration = folder.files.iter().any(holds_a_configuration);
    let is_spare = |file: &&InputFile| {
        bare_apps::is_project(file) || (is_manifest_or_attribute(file) && !has_configuration)
    };
    let is_bare = |file: &InputFile| bare.iter().any(|bare| bare.path == file.path);
    let left_out: Vec<String> = files
        .iter()
        .copied()
        .filter(is_spare)
        .filter(|file| !has_to_do_with_pins(file) && !is_bare(file))
        .map(|file| file.path.clone())
        .collect();
    leave_out(path, folder, &left_out);
}

/// Leaves out the projects of Flutter where there is no configuration that they could doubt.
fn leave_out_projects(path: &str, folder: &mut Folder) {
    if !folder.files.iter().any(flutter::may_be_of_platform) {
        let projects = folder.files.iter().filter(|file| flutter::is_project(file));
        let projects: Vec<String> = projects.map(|file| file.path.clone()).collect();
        leave_out(path, folder, &projects);
    }
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
    if bare_apps::may_be_project(&file.path) {
        return bare_apps::is_project(file);
    }
    is_manifest_or_attribute(file)
        || flutter::is_project(file)
        || has_to_do_with_pins(file)
        || silent::is_silent_configuration(file)
}

/// Whether a file has to do with pins, or may: it cannot be read, or is not well formed, or holds what only pins are
/// written with. What pinstead itself wrote has not, though it may look like a list of pins that is not well formed.
fn has_to_do_with_pins(file: &InputFile) -> bool {
    let may = PinFile::of(file).iter().any(|read| match &read.reading {
        Reading::Read(source) => candidates::says_something(source),
        Reading::NotRecognised => {
            candidates::is_shipped_keystore(&file.path) || file.octets().is_ok_and(candidates::is_about_pins)
        }
        Reading::NotWellFormed { .. } | Reading::Unreadable(_) => true,
    });
    may && !file.octets().is_ok_and(candidates::is_own_output)
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
            .filter(|file| {
                let is_beside = is_manifest_or_attribute(file)
                    || bare_apps::is_project(file)
                    || flutter::is_project(file);
                !is_beside || has_to_do_with_pins(file)
            })
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
