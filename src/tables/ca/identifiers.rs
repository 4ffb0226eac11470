//! Lists of CAA identifiers: who recognises which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::ca::owner_key;
use crate::dns_name::DnsName;

/// One list, with whatever was no identifier left out.
#[derive(Debug)]
pub struct IdentifierInput {
    /// Name and date of the list.
    pub source: String,
    /// Pairs of identifier and owner, as the list names it.
    pub owners: Vec<(String, String)>,
    /// Groups: every identifier that one CA recognises, without an owner's proper name.
    pub groups: Vec<BTreeSet<String>>,
    /// What was left out.
    pub refused: Vec<String>,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentifierError {
    /// Not JSON.
    #[error("not valid JSON")]
    Syntax(#[source] serde_json::Error),
    /// Neither form.
    #[error("no list of CAA identifiers: it has neither “domains” nor “ca”")]
    Form,
}

impl IdentifierInput {
    /// Reads `{"domains": {IDENTIFIER: {SOURCE: OWNER}}}` or `{"ca": {LABEL: [IDENTIFIER]}}`.
    pub fn parse_json(source: &str, octets: &[u8]) -> Result<Self, IdentifierError> {
        let json: Value = serde_json::from_slice(octets).map_err(IdentifierError::Syntax)?;
        let mut input =
            Self { source: source.to_owned(), owners: Vec::new(), groups: Vec::new(), refused: Vec::new() };
        if let Some(domains) = json.get("domains").and_then(Value::as_object) {
            for (field, owners) in domains {
                let identifiers = input.identifiers(field);
                let owners = owners.as_object().into_iter().flat_map(|owners| owners.values());
                for owner in owners.filter_map(Value::as_str).filter(|owner| !owner_key(owner).is_empty()) {
                    input.owners.extend(identifiers.iter().map(|id| (id.clone(), owner.to_owned())));
                }
            }
        } else if let Some(groups) = json.get("ca").and_then(Value::as_object) {
            for fields in groups.values().filter_map(Value::as_array) {
                let fields = fields.iter().filter_map(Value::as_str);
                let group = fields.flat_map(|field| input.identifiers(field)).collect();
                input.groups.push(group);
            }
        } else {
            return Err(IdentifierError::Form);
        }
        Ok(input)
    }

    /// The identifiers in one field of a report; what is none is noted.
    fn identifiers(&mut self, field: &str) -> Vec<String> {
        let (identifiers, refused) = split(field);
        self.refused.extend(refused);
        identifiers
    }
}

/// Splits a field as CAs fill it in: separated by commas, semicolons or line ends, with “None”, “n/a”,
/// addresses and whole sentences among them. Gives the identifiers and what is none.
pub(super) fn split(field: &str) -> (Vec<String>, Vec<String>) {
    let mut identifiers = Vec::new();
    let mut refused = Vec::new();
    for part in field.split([',', ';', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty()) {
        match part.parse::<DnsName>() {
            // An identifier is a host name of two labels or more (RFC 8659 section 4.2).
            Ok(name) if name.labels().nth(1).is_some() => identifiers.push(name.as_str().to_owned()),
            _ => refused.push(part.chars().take(100).collect()),
        }
    }
    (identifiers, refused)
}

/// The identifiers of each organisation, by [`owner_key`].
///
/// A group adds to every organisation that its own main owner stands for: an owner that bought another's
/// customers recognises the other's identifiers, but not the other way round.
pub(super) fn by_organisation(inputs: &[IdentifierInput]) -> BTreeMap<String, BTreeSet<String>> {
    let mut known = named(inputs);
    let before = known.clone();
    for group in inputs.iter().flat_map(|input| &input.groups) {
        let Some(main) = main_owner(group, &before) else { continue };
        for (organisation, identifiers) in &mut known {
            let own = before.get(organisation).and_then(|identifiers| main_owner(identifiers, &before));
            if own.as_ref() == Some(&main) {
                identifiers.extend(group.iter().cloned());
            }
        }
    }
    known
}

/// The main owner of each group, as [`owner_key`], for each of the group's identifiers.
pub(super) fn group_owners(inputs: &[IdentifierInput]) -> Vec<(String, String)> {
    let known = named(inputs);
    let of_group = |group: &BTreeSet<String>| {
        let main = main_owner(group, &known);
        let pairs =
            main.map(|main| group.iter().map(move |id| (id.clone(), main.clone())).collect::<Vec<_>>());
        pairs.unwrap_or_default()
    };
    inputs.iter().flat_map(|input| &input.groups).flat_map(of_group).collect()
}

/// The identifiers that lists give to each name, by [`owner_key`].
fn named(inputs: &[IdentifierInput]) -> BTreeMap<String, BTreeSet<String>> {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (identifier, owner) in inputs.iter().flat_map(|input| &input.owners) {
        known.entry(owner_key(owner)).or_default().insert(identifier.clone());
    }
    known
}

/// The name whose identifiers make up most of a set; of equals the one with the most identifiers besides, which
/// is the owner rather than one of its brands.
fn main_owner(set: &BTreeSet<String>, known: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let shared = |identifiers: &BTreeSet<String>| identifiers.intersection(set).count();
    let best = known
        .iter()
        .filter(|(_, identifiers)| shared(identifiers) > 0)
        .max_by(|(name, a), (other, b)| (shared(a), a.len(), other).cmp(&(shared(b), b.len(), name)));
    best.map(|(owner, _)| owner.clone())
}

/// The other name that lists give to an organisation's identifiers, where one list names the organisation and
/// another the owner: the owner named for most of them.
pub(super) fn owner_by_organisation(inputs: &[IdentifierInput]) -> BTreeMap<String, String> {
    let mut names: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (identifier, owner) in inputs.iter().flat_map(|input| &input.owners) {
        names.entry(identifier).or_default().insert(owner);
    }
    let mut owners: BTreeMap<String, BTreeMap<&String, usize>> = BTreeMap::new();
    for (identifier, organisation) in inputs.iter().flat_map(|input| &input.owners) {
        let counts = owners.entry(owner_key(organisation)).or_default();
        for owner in names.get(identifier).into_iter().flatten() {
            let count = counts.entry(owner).or_default();
            *count = count.saturating_add(1);
        }
    }
    let most = |counts: BTreeMap<&String, usize>| {
        let best = counts.into_iter().max_by(|(one, a), (other, b)| {
            (a, std::cmp::Reverse(one.chars().count()), other).cmp(&(
                b,
                std::cmp::Reverse(other.chars().count()),
                one,
            ))
        });
        best.map(|(owner, _)| owner.clone())
    };
    owners.into_iter().filter_map(|(key, counts)| Some((key, most(counts)?))).collect()
}
