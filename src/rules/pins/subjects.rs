//! How findings about pins name what they are about.

use serde_json::{Value, json};

use crate::pins::{EntryVerdict, PinVerdict, PinsVerdict, SourceVerdict};

/// The entries of one source that share a pin set and apply: one finding is enough for all of them.
pub(super) struct Group<'a> {
    /// The source they stand in.
    pub(super) source: &'a SourceVerdict,
    /// The entries, at least one.
    pub(super) entries: Vec<&'a EntryVerdict>,
    /// The first of them: all have the same pins and dates.
    pub(super) first: &'a EntryVerdict,
}

/// The applicable entries with pins, grouped by pin set.
pub(super) fn pinned_groups(verdict: &PinsVerdict) -> Vec<Group<'_>> {
    verdict.sources.iter().flat_map(groups_of).collect()
}

fn groups_of(source: &SourceVerdict) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_set = std::collections::BTreeMap::new();
    for entry in source.entries.iter().filter(|entry| entry.applies && !entry.pins.is_empty()) {
        // Entries of one set may differ in whether it is enforced, by their trust anchors.
        let key = (entry.pin_set, entry.enforced.name());
        let index = *by_set.entry(key).or_insert_with(|| {
            groups.push(Group { source, entries: Vec::new(), first: entry });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(index) {
            group.entries.push(entry);
        }
    }
    groups
}

impl Group<'_> {
    /// The file, the line and the hosts.
    pub(super) fn subject(&self) -> String {
        format!("{} ({})", at_line(&self.source.file, self.first.line), self.hosts())
    }

    /// The hosts, the first few of them by name.
    pub(super) fn hosts(&self) -> String {
        const NAMED: usize = 3;
        let named: Vec<String> =
            self.entries.iter().take(NAMED).map(|entry| entry.scope.to_string()).collect();
        let more = self.entries.len().saturating_sub(NAMED);
        let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
        named.join(", ") + &rest
    }

    /// The facts: file, line, scopes, and the pins concerned.
    pub(super) fn evidence<'p>(&self, pins: impl IntoIterator<Item = &'p PinVerdict>) -> Value {
        let scopes: Vec<String> = self.entries.iter().take(20).map(|entry| entry.scope.to_string()).collect();
        json!({
            "file": self.source.file,
            "line": self.first.line,
            "scopes": scopes,
            "pins": pins.into_iter().take(20).map(pin_facts).collect::<Vec<_>>(),
        })
    }
}

fn pin_facts(pin: &PinVerdict) -> Value {
    json!({"value": pin.pin.to_string(), "line": pin.pin.line, "diagnosis": pin.diagnosis.to_string()})
}

/// A file and a line in it, as compilers write them.
pub(super) fn at_line(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// “1 pin” or “3 pins”.
pub(super) fn pins(count: usize) -> String {
    if count == 1 { "1 pin".to_owned() } else { format!("{count} pins") }
}
