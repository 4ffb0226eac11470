//! Whether anything of pins is left in what was given.

use std::collections::BTreeSet;

use super::class_of;
use crate::compare::{PinFilesRead, UnreadPackage};
use crate::judge::inputs::Inputs;
use crate::judge::pin_facts::{applying, own};
use crate::pins::formats::candidates;
use crate::pins::unseen::placed_in;
use crate::pins::{EnforcementMode, PinsVerdict, SourceState, SourceVerdict};

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
    let unseen = verdict.unseen.iter().map(|part| {
        let line = part.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}", part.file.as_deref().unwrap_or_default(), part.why)
    });
    PinFilesRead {
        files: if sources.is_empty() { inputs.opened_without_pins } else { sources.len() },
        unseen: unseen.collect::<Vec<_>>(),
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
