//! What stayed open, and why that leads to exit code 3.

use std::collections::HashSet;

use crate::pins::{OpenPart, PinsVerdict};

/// The most files that are named on one line.
const MOST_NAMED: usize = 3;

/// What stayed open with each chain of the server, each part once.
pub(super) fn open_parts<'a>(
    unseen: Vec<OpenPart>,
    verdicts: impl Iterator<Item = &'a PinsVerdict>,
    chain_given: bool,
) -> Vec<OpenPart> {
    let mut open = unseen;
    open.extend(verdicts.flat_map(|verdict| verdict.open_parts(chain_given)));
    // What was not read is the same with each chain.
    let mut known = HashSet::new();
    open.retain(|part| known.insert(part.clone()));
    open
}

/// One line that says why the exit code is 3: the files, and what the first of them leaves open.
pub(super) fn why_undetermined(open: &[OpenPart]) -> String {
    let Some(first) = open.first() else { return "exit code 3: something stayed open".to_owned() };
    let mut known = HashSet::new();
    let files: Vec<&str> =
        open.iter().filter_map(|part| part.file.as_deref()).filter(|file| known.insert(*file)).collect();
    let why = match (&first.file, first.line) {
        (Some(_), Some(line)) if files.len() > 1 => format!("line {line} of the first: {}", first.why),
        (Some(_), Some(line)) => format!("line {line}: {}", first.why),
        (Some(_), None) if files.len() > 1 => format!("the first: {}", first.why),
        _ => first.why.clone(),
    };
    let named = files.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = match files.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        1 => " and 1 more file".to_owned(),
        more => format!(" and {more} more files"),
    };
    let other = if open.len() > 1 { "; `open` in --format json has all of it" } else { "" };
    match files.as_slice() {
        [] => format!("exit code 3: {why}{other}"),
        [_] => format!("exit code 3: {named} leaves something open ({why}){other}"),
        _ => format!("exit code 3: {named}{more} leave something open ({why}){other}"),
    }
}
