//! Alias chains: CNAME (RFC 1034 section 3.6.2) and DNAME (RFC 6672).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use domain::base::name::{Label, NameBuilder, ToName};

use super::record::presentation;
use crate::dns_name::WireName;

/// The longest chain that is followed; resolvers stop at 8 to 17.
const MOST_ALIASES: usize = 32;

/// The alias records of an answer.
#[derive(Default)]
pub(super) struct Aliases {
    /// CNAME targets by owner; an error where one owner has two.
    pub(super) cnames: HashMap<WireName, Result<WireName, AliasError>>,
    /// DNAME owners and targets.
    pub(super) dnames: Vec<(WireName, WireName)>,
}

/// Why a chain cannot be followed to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AliasError {
    /// It comes back to a name it had passed.
    #[error("alias loop at {0}")]
    Loop(String),
    /// It is longer than is followed.
    #[error("alias chain of more than {MOST_ALIASES} names")]
    TooLong,
    /// One name has two different aliases.
    #[error("two different aliases at {0}")]
    Conflict(String),
    /// A DNAME makes a name that is too long.
    #[error("alias to a name that is too long")]
    NameTooLong,
    /// The target of an alias cannot be read.
    #[error("malformed alias at {0}")]
    Malformed(String),
}

impl Aliases {
    /// Takes in one CNAME record; its target is `None` where it cannot be read.
    pub(super) fn add_cname(&mut self, owner: WireName, target: Option<WireName>) {
        let target = target.ok_or_else(|| AliasError::Malformed(shown(&owner)));
        let conflicts = |known: &Result<WireName, _>| *known != target;
        if self.cnames.get(&owner).is_some_and(conflicts) {
            let conflict = AliasError::Conflict(shown(&owner));
            self.cnames.insert(owner, Err(conflict));
        } else {
            self.cnames.insert(owner, target);
        }
    }

    /// The names from `start`, which is not among them, to the end of the chain.
    pub(super) fn follow(&self, start: &WireName) -> Result<Vec<WireName>, AliasError> {
        let mut chain: Vec<WireName> = Vec::new();
        let mut at = start.clone();
        while let Some(target) = self.target(&at) {
            let target = target?;
            if target == *start || chain.contains(&target) {
                return Err(AliasError::Loop(shown(&target)));
            }
            if chain.len() >= MOST_ALIASES {
                return Err(AliasError::TooLong);
            }
            chain.push(target.clone());
            at = target;
        }
        Ok(chain)
    }

    fn target(&self, name: &WireName) -> Option<Result<WireName, AliasError>> {
        if let Some(target) = self.cnames.get(name) {
            return Some(target.clone());
        }
        // A DNAME stands for names below its owner, never for the owner (RFC 6672 section 2.3).
        let (owner, target) = self.dnames.iter().find(|(owner, _)| name != owner && name.ends_with(owner))?;
        Some(substitute(name, owner, target).ok_or(AliasError::NameTooLong))
    }
}

/// Replaces the suffix `owner` of `name` with `target` (RFC 6672 section 2.2).
fn substitute(name: &WireName, owner: &WireName, target: &WireName) -> Option<WireName> {
    let kept = name.iter().count().checked_sub(owner.iter().count())?;
    let mut made = NameBuilder::new_vec();
    for label in name.iter().take(kept).chain(target.iter().filter(|label| !label.is_root())) {
        made.append_label(label.as_slice()).ok()?;
    }
    made.into_name().ok()
}

/// A name for people and reports: lower case, no trailing dot, nothing unprintable.
pub(super) fn shown(name: &WireName) -> String {
    let label = |label: &Label| presentation(&label.as_slice().to_ascii_lowercase()).replace('.', "\\.");
    let labels: Vec<String> = name.iter().filter(|part| !part.is_root()).map(label).collect();
    if labels.is_empty() { ".".to_owned() } else { labels.join(".") }
}

/// The name of a record as an owned one.
pub(super) fn owned(name: &impl ToName) -> WireName {
    name.to_vec()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    fn name(text: &str) -> WireName {
        WireName::from_str(text).unwrap()
    }

    fn follow(aliases: &Aliases, start: &str) -> Result<Vec<String>, AliasError> {
        Ok(aliases.follow(&name(start))?.iter().map(shown).collect())
    }

    fn cnames(records: &[(&str, &str)]) -> Aliases {
        let mut aliases = Aliases::default();
        for (owner, target) in records {
            aliases.add_cname(name(owner), Some(name(target)));
        }
        aliases
    }

    #[test]
    fn chains_are_followed_in_any_order_and_case() {
        let aliases =
            cnames(&[("b.example", "c.example"), ("A.example", "B.EXAMPLE"), ("x.example", "y.example")]);
        assert_eq!(follow(&aliases, "a.example").unwrap(), ["b.example", "c.example"]);
        assert_eq!(follow(&aliases, "c.example").unwrap(), [""; 0]);
    }

    #[test]
    fn loops_and_conflicts_are_errors() {
        let round = cnames(&[("a.example", "b.example"), ("b.example", "A.example")]);
        assert_eq!(follow(&round, "a.example"), Err(AliasError::Loop("a.example".into())));
        let own = cnames(&[("a.example", "a.example")]);
        assert_eq!(follow(&own, "a.example"), Err(AliasError::Loop("a.example".into())));
        let two = cnames(&[("a.example", "b.example"), ("a.example", "c.example")]);
        assert_eq!(follow(&two, "a.example"), Err(AliasError::Conflict("a.example".into())));
        let same = cnames(&[("a.example", "b.example"), ("a.example", "b.example")]);
        assert_eq!(follow(&same, "a.example").unwrap(), ["b.example"]);
        let mut broken = Aliases::default();
        broken.add_cname(name("a.example"), None);
        assert_eq!(follow(&broken, "a.example"), Err(AliasError::Malformed("a.example".into())));
    }

    #[test]
    fn a_dname_stands_for_what_is_below_it() {
        let aliases = Aliases { dnames: vec![(name("d.example"), name("e.test"))], ..Aliases::default() };
        assert_eq!(follow(&aliases, "a.b.D.example").unwrap(), ["a.b.e.test"]);
        assert_eq!(follow(&aliases, "d.example").unwrap(), [""; 0]);
        assert_eq!(follow(&aliases, "ad.example").unwrap(), [""; 0]);
        // A DNAME onto its own subtree grows for ever.
        let growing =
            Aliases { dnames: vec![(name("d.example"), name("d.d.example"))], ..Aliases::default() };
        assert!(follow(&growing, "a.d.example").is_err());
    }

    #[test]
    fn names_are_shown_without_surprises() {
        let mut odd = NameBuilder::new_vec();
        odd.append_label(b"A.\x1b").unwrap();
        assert_eq!(shown(&odd.into_name().unwrap()), "a\\.\\027");
        assert_eq!(shown(&name(".")), ".");
    }
}
