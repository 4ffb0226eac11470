//! Keys of CAs from which nothing is issued any more, although their certificates last.

use super::{CaKey, CaTable};

/// Since when nothing is issued from a key, and why that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// Since when, as a date or a month: they compare as texts.
    pub since: String,
    /// What happened, in one clause.
    pub what: String,
}

/// The intermediates that Let's Encrypt issues from no more, by their common names, and since when.
///
/// Source: letsencrypt.org, “Chains of Trust”.
const LETS_ENCRYPT_ENDED: ([&str; 17], &str) = (
    [
        "R3",
        "R4",
        "E1",
        "E2",
        "R10",
        "R11",
        "R12",
        "R13",
        "R14",
        "E5",
        "E6",
        "E7",
        "E8",
        "E9",
        "Let's Encrypt Authority X3",
        "Let's Encrypt Authority X1",
        "Let's Encrypt Authority X4",
    ],
    "2026-07-09",
);

impl CaKey {
    /// Since when nothing is issued from this key, where that is known; the ends of its certificates aside.
    pub fn retired(&self) -> Option<Retired> {
        let (names, since) = LETS_ENCRYPT_ENDED;
        let common_name = self.subject.strip_prefix("C=US, O=Let's Encrypt, CN=");
        if common_name.is_some_and(|name| names.contains(&name)) {
            let what = format!("Let's Encrypt issues nothing from it since {since} at the latest");
            return Some(Retired { since: since.to_owned(), what });
        }
        let all: Option<Vec<_>> =
            self.identifiers.iter().map(|identifier| CaTable.retirement(identifier.domain)).collect();
        let all = all?;
        let since = all.iter().map(|one| one.since).max()?;
        Some(Retired { since: since.to_owned(), what: all.first()?.what.to_owned() })
    }
}
