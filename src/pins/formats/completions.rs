//! What a `pins.toml` says of other files: where these take pins from elsewhere, which cannot be read, they are written
//! down in it (`completes`), and the file is read with them.
//!
//! A file is completed for the hosts that are named with it alone. What was not read in it and may be about any host
//! counts as written down as soon as the file is named: whoever names it has looked.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{BTreeMap, BTreeSet};

use super::problems::shortened;
use crate::pins::model::{
    Completion, HostPattern, PinEntry, PinFile, PinSource, PositionRule, Problem, ProblemKind, Reading,
};

/// The most hosts that a list without any is placed at.
const MOST_HOSTS: usize = 100;
/// The most entries that a completed file has.
const MOST_ENTRIES: usize = 10_000;

/// Completes what was read of files by what others of them say.
pub(in crate::pins) fn complete(files: &mut [PinFile]) {
    let mut said: BTreeMap<String, Vec<(String, Completion)>> = BTreeMap::new();
    for file in files.iter() {
        let Reading::Read(source) = &file.reading else { continue };
        for completion in &*source.completes {
            let path = path(folder(&file.file), &completion.file);
            said.entry(path).or_default().push((file.file.clone(), completion.clone()));
        }
    }
    if said.is_empty() {
        return;
    }
    let known: BTreeSet<String> = files.iter().map(|file| path("", &file.file)).collect();
    for file in files.iter_mut() {
        let own = path("", &file.file);
        let is_alone = known.iter().all(|name| *name == own);
        let Reading::Read(source) = &mut file.reading else { continue };
        for completion in source.completes.iter().filter(|_| !is_alone) {
            if !known.contains(&path(folder(&file.file), &completion.file)) {
                let what = format!(
                    "completes names “{}”, and no file of that path, seen from the folder of this one, is among those \
                     that are read",
                    shortened(&completion.file)
                );
                source.problems.push(Problem::of(ProblemKind::NoEffect, completion.line, what));
            }
        }
        if source.completes.is_empty()
            && let Some(said) = said.get(&own)
        {
            complete_one(source, said);
        }
    }
}

/// Completes one source by all that is said of it.
fn complete_one(source: &mut PinSource, said: &[(String, Completion)]) {
    let mut by: Vec<&str> = said.iter().map(|(file, _)| file.as_str()).collect();
    by.dedup();
    place(source, said);
    for entry in source.entries.iter_mut().filter(|entry| entry.unread > 0) {
        let about = said.iter().filter(|(_, completion)| completion.is_about(&entry.scope));
        let mut is_known = false;
        let mut pins = Vec::new();
        for (_, completion) in about {
            is_known = true;
            pins.extend(completion.pins.iter().cloned());
        }
        if !is_known {
            continue;
        }
        entry.unread = 0;
        let mut written: BTreeSet<String> = entry.pins.iter().map(ToString::to_string).collect();
        let position = entry.pins.first().map(|pin| pin.position);
        for mut pin in pins {
            if written.insert(pin.to_string()) {
                // The line is one of another file.
                pin.line = None;
                if let (PositionRule::Any, Some(position)) = (pin.position, position) {
                    pin.position = position;
                }
                entry.pins.push(pin);
            }
        }
    }
    let is_written = |hosts: &HostPattern| said.iter().any(|(_, completion)| completion.is_about(hosts));
    source
        .problems
        .retain(|problem| problem.kind != ProblemKind::NotRead || !problem.about.iter().all(is_written));
    source.completed_by = Some(by.join(", ").into_boxed_str());
}

/// Places what the file has for hosts that it does not name at those that are named for it.
fn place(source: &mut PinSource, said: &[(String, Completion)]) {
    let mut hosts: Vec<&HostPattern> = Vec::new();
    for host in said.iter().flat_map(|(_, completion)| &completion.hosts) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
        if hosts.len() > MOST_HOSTS {
            return;
        }
    }
    let unplaced = source.entries.iter().filter(|entry| entry.scope == HostPattern::Unstated).count();
    if unplaced.saturating_mul(hosts.len()) > MOST_ENTRIES {
        return;
    }
    let entries = std::mem::take(&mut source.entries);
    for entry in entries {
        if entry.scope == HostPattern::Unstated {
            let at = |host: &&HostPattern| PinEntry { scope: (*host).clone(), ..entry.clone() };
            source.entries.extend(hosts.iter().map(at));
        } else {
            source.entries.push(entry);
        }
    }
}

/// The folder of a path.
fn folder(path: &str) -> &str {
    path.rfind(['/', '\\']).and_then(|at| path.get(..at)).unwrap_or_default()
}

/// A path seen from a folder, without steps that lead nowhere.
fn path(folder: &str, path: &str) -> String {
    let is_rooted = |path: &str| path.starts_with(['/', '\\']);
    let whole =
        if is_rooted(path) || folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if is_rooted(&whole) { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::formats;
    use crate::x509::SpkiSha256;

    #[test]
    fn paths_are_seen_from_the_folder() {
        for (from, written, seen) in [
            ("", "a.kt", "a.kt"),
            ("", "./a.kt", "a.kt"),
            ("x/y", "a.kt", "x/y/a.kt"),
            ("x/y", "../a.kt", "x/a.kt"),
            ("./x", "a.kt", "x/a.kt"),
            ("..", "a.kt", "../a.kt"),
            ("..", "../a.kt", "../../a.kt"),
            ("/x", "a.kt", "/x/a.kt"),
            ("x", "/a.kt", "/a.kt"),
            ("x\\y", "a.kt", "x/y/a.kt"),
        ] {
            assert_eq!(path(from, written), seen, "{written} from {from}");
        }
        assert_eq!((folder("a.kt"), folder("x/a.kt"), folder("x/y/a.kt")), ("", "x", "x/y"));
    }

    /// What two files come to together: the first is completed by the second.
    fn completed(path: &str, text: &str, toml: &str) -> (PinSource, PinSource) {
        let mut files = formats::read(path, text.as_bytes());
        files.extend(formats::read("x/pins.toml", toml.as_bytes()));
        complete(&mut files);
        let mut sources = files.into_iter().filter_map(|file| match file.reading {
            Reading::Read(source) => Some(source),
            _ => None,
        });
        let first = sources.next().unwrap();
        (first, sources.next_back().unwrap())
    }

    fn toml(hosts: &str, file: &str) -> String {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        format!(
            "version = 1\n[[pin]]\nhosts = [\"{hosts}\"]\npins = [\"{a}\", \"{b}\"]\ncompletes = \"{file}\"\n"
        )
    }

    #[test]
    fn what_is_written_down_for_a_file_is_read_with_it() {
        let code = format!(
            "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
             .add(\"a.example\", \"sha256/{}\", BuildConfig.PIN)\n.add(\"b.example\", BuildConfig.OTHER).build())\n",
            SpkiSha256::of(b"a")
        );
        let open = |source: &PinSource| source.problems.iter().filter(|p| p.leaves_open(None)).count();
        let (code_source, said) = completed("x/A.kt", &code, &toml("a.example", "A.kt"));
        let pins: Vec<(usize, u32)> =
            code_source.entries.iter().map(|entry| (entry.pins.len(), entry.unread)).collect();
        // The pin that was read stands in both; what is for another host stays open.
        assert_eq!((pins, open(&code_source)), (vec![(2, 0), (0, 1)], 1));
        assert_eq!(code_source.completed_by.as_deref(), Some("x/pins.toml"));
        assert!(said.problems.is_empty(), "{:?}", said.problems);
        // Another file is none of this.
        let (other, said) = completed("x/A.kt", &code, &toml("a.example", "B.kt"));
        assert_eq!((open(&other), other.completed_by), (2, None));
        assert_eq!(said.problems[0].kind, ProblemKind::NoEffect);
        assert_eq!(said.problems[0].line, Some(5));
    }

    #[test]
    fn a_list_that_is_not_known_whole_completes_nothing() {
        let code = "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
                    .add(\"a.example\", BuildConfig.PIN).build())\n";
        let unread = |toml: &str| completed("x/A.kt", code, toml).0.entries[0].unread;
        let whole = toml("a.example", "A.kt");
        assert_eq!(unread(&whole), 0);
        assert_eq!(unread(&whole.replacen("pins = [", "pins = [\"${NEXT}\", ", 1)), 1);
    }

    #[test]
    fn a_list_without_hosts_is_placed_at_those_that_are_named_for_it() {
        let code = format!("PINNED_KEYS = [\"sha256/{}\"]\n", SpkiSha256::of(b"a"));
        let (source, _) = completed("x/client.py", &code, &toml("a.example", "client.py"));
        assert_eq!(source.entries.len(), 1);
        assert_eq!(source.entries[0].scope, HostPattern::Exactly("a.example".to_owned()));
        assert!(!source.problems.iter().any(|problem| problem.leaves_open(None)));
    }
}
