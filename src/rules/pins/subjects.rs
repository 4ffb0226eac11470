//! How findings about pins name what they are about.

use serde_json::{Value, json};

use crate::ca::{CaKey, CaRole, CaTable};
use crate::pins::{Confidence, EntryVerdict, PinVerdict, PinsVerdict, ProblemKind, SourceVerdict};
use crate::rules::fingerprint::digest;
use crate::rules::{Location, Raised};

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
    let mut groups = refusing_groups(verdict);
    groups.retain(|group| !group.first.pins.is_empty());
    groups
}

/// The same, and those that forbid keys and pin none.
fn refusing_groups(verdict: &PinsVerdict) -> Vec<Group<'_>> {
    verdict.sources.iter().flat_map(groups_of).collect()
}

fn groups_of(source: &SourceVerdict) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut by_set = std::collections::BTreeMap::new();
    // Those whose pins are taken together are one set, whatever their patterns.
    let is_united = |entry: &EntryVerdict, united: &EntryVerdict| {
        entry.enforced == united.enforced
            && entry.confidence.name() == united.confidence.name()
            && (entry.pinner.is_none() || entry.pinner == united.pinner)
    };
    let (united, apart): (Vec<_>, Vec<_>) = source
        .entries
        .iter()
        .filter(|entry| entry.applies && entry.is_read())
        .partition(|entry| source.united.iter().any(|united| is_united(entry, united)));
    for first in source.united.iter().filter(|united| united.is_read()) {
        let entries: Vec<_> = united.iter().copied().filter(|entry| is_united(entry, first)).collect();
        groups.push(Group { source, entries, first });
    }
    for entry in apart {
        // Entries of one set may differ in whether it is enforced, by their trust anchors. Where a format has no
        // sets, those with the same pins are one.
        let pins: Vec<&str> = match entry.pin_set {
            Some(_) => Vec::new(),
            None => entry.pins.iter().map(|pin| pin.pin.written.as_str()).collect(),
        };
        let key = (
            entry.pin_set,
            pins,
            entry.unread,
            entry.expires,
            entry.enforced.name(),
            entry.confidence.name(),
        );
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

    /// The pins that some key could match.
    pub(super) fn usable(&self) -> Vec<&PinVerdict> {
        self.first.pins.iter().filter(|pin| pin.is_usable()).collect()
    }

    /// Its pins; the keys that it forbids, where it has no pins.
    pub(super) fn compared(&self) -> &[PinVerdict] {
        if self.first.pins.is_empty() { &self.first.forbidden } else { &self.first.pins }
    }

    /// The same finding about all pins of the group: other pins are another one.
    pub(super) fn of_pins(&self, raised: Raised) -> Raised {
        raised.known_by("all pins", digest(self.compared().iter().map(|pin| pin.pin.to_string())))
    }

    /// A finding about these pins; no graver than a guess bears where they were guessed.
    pub(super) fn raise<'p>(
        &self,
        message: impl Into<String>,
        pins: impl IntoIterator<Item = &'p PinVerdict>,
    ) -> Raised {
        let pins: Vec<&PinVerdict> = pins.into_iter().collect();
        let raised = Raised::new(self.subject(), message, self.evidence(pins.iter().copied()));
        self.soften(raised.known_by("all pins", digest(pins.iter().map(|pin| pin.pin.to_string()))))
    }

    /// A finding as grave as the reading of these entries bears.
    pub(super) fn soften(&self, raised: Raised) -> Raised {
        let scopes = digest(self.entries.iter().map(|entry| entry.scope.to_string()));
        let raised = raised.in_format(self.source.format).standing_at(place(self.source, self.first.line));
        let raised = raised.known_by("all scopes", scopes);
        match &self.first.confidence {
            Confidence::Guessed(why) => raised.guessed(why),
            Confidence::Stated | Confidence::Read => raised,
        }
    }

    /// The hosts, the first few of them by name.
    pub(super) fn hosts(&self) -> String {
        const NAMED: usize = 3;
        let named: Vec<String> =
            self.entries.iter().take(NAMED).map(|entry| entry.scope.in_words()).collect();
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
            "count": self.entries.len(),
            "pins": pins.into_iter().take(20).map(pin_facts).collect::<Vec<_>>(),
        })
    }
}

fn pin_facts(pin: &PinVerdict) -> Value {
    json!({"value": pin.pin.to_string(), "line": pin.pin.line, "diagnosis": pin.diagnosis.to_string()})
}

/// Where in a file it stands; `None` for what is no file: an answer of the DNS, standard input, a list that was given by
/// itself.
pub(in crate::rules) fn place(source: &SourceVerdict, line: Option<usize>) -> Option<Location> {
    let is_file = !source.is_looked_up() && source.file != "-" && !source.file.starts_with("sha256//");
    let file = source.place.as_ref().unwrap_or(&source.file);
    is_file.then(|| Location { file: file.clone(), line })
}

/// A file and a line in it, as compilers write them.
pub(super) fn at_line(file: &str, line: Option<usize>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// “1 pin” or “3 pins”.
pub(super) fn pins(count: usize) -> String {
    if count == 1 { "1 pin".to_owned() } else { format!("{count} pins") }
}

/// The public CA that a pin names the key of, if the tables know it.
pub(super) fn public_ca(pin: &PinVerdict) -> Option<CaKey> {
    CaTable.key(pin.pin.spki()?)
}

/// How a CA key is called, and what it is.
pub(super) fn called(ca: &CaKey) -> String {
    let role = match ca.role {
        CaRole::Root => "root",
        CaRole::Intermediate => "intermediate",
    };
    format!("{} ({role})", ca.subject)
}

/// A list of names with “and” before the last, the first few of them.
pub(super) fn listed(names: &[String]) -> String {
    const NAMED: usize = 4;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => {
            let (shown, more) = names.split_at(NAMED.min(names.len()));
            format!("{} and {} more", shown.join(", "), more.len())
        }
    }
}

/// The findings about each problem of one kind.
pub(super) fn of_kind(verdict: &PinsVerdict, kind: ProblemKind) -> Vec<Raised> {
    verdict.sources.iter().flat_map(|source| problems(source, kind)).collect()
}

/// The findings about each problem of one kind in one source; no graver than a guess bears where the source is one, and
/// where all of its entries are and the problem rests on them.
pub(super) fn problems(source: &SourceVerdict, kind: ProblemKind) -> impl Iterator<Item = Raised> + '_ {
    let guesses: Option<Vec<&str>> = source
        .entries
        .iter()
        .map(|entry| match &entry.confidence {
            Confidence::Guessed(why) => Some(why.as_str()),
            Confidence::Stated | Confidence::Read => None,
        })
        .collect();
    let of_entries = guesses.filter(|_| !kind.is_seen()).and_then(|all| all.first().copied());
    let guess = source.guessed.as_deref().or(of_entries);
    source.problems.iter().filter(move |problem| problem.kind == kind).map(move |problem| {
        let evidence = json!({"file": source.file, "line": problem.line, "what": problem.what});
        let message = format!("{}.", problem.what.trim_end_matches('.'));
        let raised = Raised::new(at_line(&source.file, problem.line), message, evidence)
            .in_format(source.format)
            .standing_at(place(source, problem.line));
        match guess {
            Some(why) => raised.guessed(why),
            None => raised,
        }
    })
}

/// What a rule finds in each group of pins that applies.
pub(super) fn each(verdict: &PinsVerdict, raise: impl Fn(&Group<'_>) -> Option<Raised>) -> Vec<Raised> {
    shipped_groups(verdict).iter().filter_map(raise).collect()
}

/// The same, and what it finds in those that forbid keys and pin none: of what refuses connections, and when.
pub(super) fn each_refusing(
    verdict: &PinsVerdict,
    raise: impl Fn(&Group<'_>) -> Option<Raised>,
) -> Vec<Raised> {
    refusing_groups(verdict).iter().filter(|group| is_shipped(group)).filter_map(raise).collect()
}

/// Records in the DNS are changed within hours: they have rules of their own.
fn is_shipped(group: &Group<'_>) -> bool {
    group.source.format != Some(super::tlsa::FORMAT)
}

/// The applicable entries with pins that clients are shipped with, grouped by pin set.
pub(super) fn shipped_groups(verdict: &PinsVerdict) -> Vec<Group<'_>> {
    pinned_groups(verdict).into_iter().filter(is_shipped).collect()
}
