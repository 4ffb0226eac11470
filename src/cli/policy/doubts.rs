//! What in a valid policy is probably not what was meant: no error, for a CA may be newer than the table, and a file may
//! come later.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::ca::{CaTable, same_owner};
use crate::policy::{Policy, Problem, at_place};

/// The names and files of a policy with their places.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Places {
    expect_ca: Vec<Spanned<String>>,
    pins: Vec<Spanned<String>>,
    domain: Vec<Domain>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Domain {
    expect_ca: Vec<Spanned<String>>,
}

/// CAs that nobody knows, and pin files that are not there, in the order of the file at `path`.
pub(super) fn find(path: &str, text: &str, policy: &Policy) -> Vec<Problem> {
    let places: Places = toml::from_str(text).unwrap_or_default();
    let own = |name: &str| {
        policy.private_ca.iter().any(|ca| {
            same_owner(&ca.owner, name) || ca.caa_identifiers.iter().any(|id| id.eq_ignore_ascii_case(name))
        })
    };
    let is_known =
        |name: &str| own(name) || CaTable.is_known_identifier(name) || CaTable.is_known_owner(name);
    let of_domains = places.domain.iter().flat_map(|domain| &domain.expect_ca);
    let cas = places.expect_ca.iter().chain(of_domains).filter(|name| !is_known(name.get_ref()));
    let cas = cas.map(|name| {
        let meant = match CaTable.nearest_identifier(name.get_ref()) {
            Some(meant) => format!("; did you mean {meant}?"),
            None => ": give a CAA identifier, an owner's name, or add the CA under [[private_ca]]".to_owned(),
        };
        (
            name.span().start,
            format!("“{}” in `expect_ca` is no CA that pinstead knows{meant}", name.get_ref()),
        )
    });
    let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
    let is_missing = |file: &&Spanned<String>| matches!(folder.join(file.get_ref()).try_exists(), Ok(false));
    let files = places.pins.iter().filter(is_missing).map(|file| {
        let what = format!("the pin file “{}” is not there, beside the policy", file.get_ref());
        (file.span().start, what)
    });
    let mut doubts: Vec<Problem> = cas.chain(files).map(|(at, what)| at_place(text, at, what)).collect();
    doubts.sort_by_key(|doubt| (doubt.line, doubt.column));
    doubts
}
