//! Whether anything of pins is left in what was given.

use std::collections::BTreeSet;

use super::class_of;
use crate::compare::{ClientClass, PinFilesRead, UnreadPackage};
use crate::evidence::file::lexical;
use crate::judge::inputs::Inputs;
use crate::judge::pin_facts::{applying, own};
use crate::pins::formats::candidates;
use crate::pins::unseen::placed_in;
use crate::pins::{Answer, EnforcementMode, OpenPart, PinsVerdict, SourceState, SourceVerdict};

/// The most names that are listed of what was passed over.
const MOST_NAMED: usize = 3;

/// What is known of the files that were given. Pins are gone only where everything of them was read in a form that is read here,
/// and no code looks at certificates itself.
///
/// This is another question than whether the host is pinned, which a folder without pins leaves open: its files may be others
/// than those of the app. Who removed the pins of an app asks about the files that had them.
pub(super) fn pin_files(verdict: &PinsVerdict, inputs: &Inputs) -> PinFilesRead {
    let sources: Vec<&SourceVerdict> = own(verdict).collect();
    let mut open: Vec<String> =
        sources.iter().filter_map(|source| why_open(source, verdict.host.as_deref(), inputs)).collect();
    let none_opened = inputs.pin_folders.iter().filter(|folder| folder.opened == 0);
    open.extend(none_opened.map(|folder| {
        format!(
            "no file of {} has a form that is read here: it may be another folder than was meant (name that of the project)",
            folder.path
        )
    }));
    if inputs.has_unnoted_folders {
        open.push("the evidence does not say what folders leave out: an earlier version saved it".to_owned());
    }
    let packages: BTreeSet<&str> = sources.iter().filter_map(|source| package(source)).collect();
    let unread = packages.into_iter().filter(|package| !inputs.stated.covers(&placed(package, inputs)));
    let unread = unread.map(|package| format!("{package}: what its compiled code compares is not read"));
    let told = |part: &OpenPart| {
        let line = part.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}", part.file.as_deref().unwrap_or_default(), part.why)
    };
    let unseen = verdict.unseen.iter();
    PinFilesRead {
        files: if sources.is_empty() { inputs.opened_without_pins } else { sources.len() },
        beside: unseen.clone().filter(|part| !is_answered(part, verdict, inputs)).map(told).collect(),
        unseen: unseen.map(told).collect(),
        open: unread.chain(open).collect(),
        passed_over: passed_over(inputs),
        packages: unread_packages(verdict, inputs),
    }
}

/// The packages without pins in force for the host: what is compared in their code is not read.
fn unread_packages(verdict: &PinsVerdict, inputs: &Inputs) -> Vec<UnreadPackage> {
    let in_force = |place: &str| {
        let mut entries = applying(verdict).filter(|(_, entry)| entry.enforced == EnforcementMode::Yes);
        entries.any(|(source, _)| package(source) == Some(place))
    };
    let mut packages: Vec<UnreadPackage> = Vec::new();
    for source in own(verdict) {
        let Some(place) = package(source) else { continue };
        if in_force(place) || inputs.stated.covers(&placed(place, inputs)) {
            continue;
        }
        let class = class_of(source, None);
        match packages.iter_mut().find(|known| known.file == place) {
            Some(known) => known.class = known.class.or(class),
            None => packages.push(UnreadPackage { file: place.to_owned(), class }),
        }
    }
    packages
}

/// Whether pins in force of the same app answer what something that was not read as pins may compare: compiled code by any,
/// and calls of a library that pins by those that were read of code or of such a library. What else an argument has is of the
/// same app where it is of the same kind of client.
fn is_answered(part: &OpenPart, verdict: &PinsVerdict, inputs: &Inputs) -> bool {
    let Some(place) = part.file.as_deref().filter(|_| part.answer != Answer::None) else { return false };
    let kind = kind_of(place);
    applying(verdict).filter(|(_, entry)| entry.enforced == EnforcementMode::Yes).any(|(source, entry)| {
        let is_of_library = !source.format.is_some_and(|format| OF_PLATFORMS.contains(&format));
        let is_of_kind = match (class_of(source, Some(entry)), kind) {
            (Some(ClientClass::Android { .. }), Some(kind)) => matches!(kind, ClientClass::Android { .. }),
            (Some(class), kind) => kind == Some(class),
            // Code that does not tell is of those that its language is of.
            (None, kind) => kind_of(&source.file) == kind,
        };
        (is_of_kind || part.answer == Answer::OfArgument)
            && (part.answer != Answer::OfLibrary || is_of_library)
            && argument_of(&placed(&source.file, inputs), inputs) == argument_of(place, inputs)
    })
}

/// The formats of platforms: an app's code may have other pins beside.
const OF_PLATFORMS: [&str; 2] = ["android-nsc", "ios-nspinneddomains"];

/// The folder that was named in which a file stands, else the file.
fn argument_of(file: &str, inputs: &Inputs) -> String {
    let file = lexical(file);
    let folders = inputs.pin_folders.iter().map(|folder| lexical(&folder.path));
    let around = folders.filter(|folder| {
        let rest = file.strip_prefix(folder.as_str());
        folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    around.max_by_key(String::len).unwrap_or(file)
}

/// The kind of client that code is of by its name alone.
fn kind_of(file: &str) -> Option<ClientClass> {
    let file = file.to_ascii_lowercase();
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    if OF_ANDROID.contains(&ending) {
        Some(ClientClass::Android { target_level: None })
    } else if OF_IOS.contains(&ending) || file.contains("framework/") {
        Some(ClientClass::Ios)
    } else {
        None
    }
}

/// The endings of code that Android apps are made of, and of iOS apps'.
const OF_ANDROID: [&str; 10] = ["kt", "kts", "java", "scala", "groovy", "gradle", "aar", "jar", "dex", "so"];
const OF_IOS: [&str; 6] = ["swift", "m", "mm", "dylib", "tbd", "a"];

/// What was not looked at, and leaves nothing open.
fn passed_over(inputs: &Inputs) -> Vec<String> {
    let listed = |names: &[String]| {
        let named: Vec<&str> = names.iter().take(MOST_NAMED).map(String::as_str).collect();
        let more = names.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", named.join(", "))
    };
    let fetched: Vec<String> = inputs.pin_folders.iter().flat_map(|folder| folder.fetched.clone()).collect();
    let fetched =
        (!fetched.is_empty()).then(|| format!("not looked into is what tools fetch ({})", listed(&fetched)));
    let stated = inputs.stated.paths();
    let stated =
        (!stated.is_empty()).then(|| format!("you state that there are no pins in {}", listed(stated)));
    fetched.into_iter().chain(stated).collect()
}

/// The package that a source is, or lies in.
fn package(source: &SourceVerdict) -> Option<&str> {
    let place = source.file.split_once("!/").map_or(source.file.as_str(), |(package, _)| package);
    candidates::is_package(place).then_some(place)
}

/// Where a file is.
fn placed(file: &str, inputs: &Inputs) -> String {
    placed_in(file, &inputs.pin_folders)
}

/// Why a file leaves open whether it has pins.
fn why_open(source: &SourceVerdict, host: Option<&str>, inputs: &Inputs) -> Option<String> {
    let file = &source.file;
    let is_stated = inputs.stated.covers(&placed(file, inputs));
    match &source.state {
        SourceState::Read => {
            if let (false, Some(problem)) =
                (is_stated, source.problems.iter().find(|problem| problem.leaves_open(host)))
            {
                let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
                return Some(format!("{file}{line}: {}", problem.what.trim_end_matches('.')));
            }
            if source.trusts_own_anchors_alone() && !is_stated {
                return Some(format!(
                    "{file} trusts CAs of its own alone, which locks users out as pins do when the CA changes"
                ));
            }
            let is_left = source.entries.iter().any(|entry| {
                entry.applies && (entry.has_pins() || entry.is_open() || entry.bootstrap.is_some())
            });
            is_left.then(|| format!("{file} has pins, and not all is known of them"))
        }
        SourceState::NotRecognised => {
            // What looks at certificates is told as that.
            let is_told =
                inputs.unseen.iter().any(|part| part.file.as_deref() == Some(placed(file, inputs).as_str()));
            let is_known = is_told || inputs.text_without_pins.contains(file) || is_stated;
            (!is_known).then(|| format!("{file}: it is of no form that is read here"))
        }
        SourceState::NotWellFormed(why) => Some(format!("{file}: {}", why.trim_end_matches('.'))),
        SourceState::Unreadable(why) => Some(format!(
            "{file}: {} (if you removed it, name what had it, such as the folder of the project)",
            why.trim_end_matches('.')
        )),
    }
}
