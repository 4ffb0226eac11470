//! Certificates by who issued them and for which names: what follows one another is renewal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::issued::Life;
use super::unit::comparable_name;
use super::verdict::JudgedCertificate;
use crate::ca::expectation::Expectation;
use crate::x509::SpkiSha256;

/// Certificates of one CA for the same names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewals {
    /// Who issued, for people: the owner, or what is known instead.
    pub issuer: String,
    /// Whether that CA is expected.
    pub expectation: Expectation,
    /// Whether they claim another CA's name.
    pub forged: bool,
    /// Their names, sorted.
    pub names: Vec<String>,
    /// How many there are.
    pub count: usize,
    /// How many of them can be used now.
    pub current: usize,
    /// When the first begins, where that is known.
    pub first: Option<Timestamp>,
    /// When the last begins.
    pub last: Option<Timestamp>,
    /// When the last ends.
    pub until: Option<Timestamp>,
    /// The keys they have, by how many of them have each.
    pub keys: BTreeMap<SpkiSha256, usize>,
    /// The longest time between the end of one and the beginning of the next, in days; `None` where each begins before
    /// the one before it ends.
    pub gap_days: Option<i64>,
}

/// What stands for an issuer of whom nothing is known.
const NOT_KNOWN: &str = "not known";

/// Who issued, in a few words: the owner, what is claimed, the key.
pub fn issuer_label(certificate: &JudgedCertificate) -> String {
    let who = &certificate.certificate.issuer;
    match (&who.owner, &who.below, &who.claimed_owner, who.key) {
        (Some(owner), ..) => owner.clone(),
        (None, Some(above), ..) => format!("an unknown CA below {above}"),
        (None, None, Some(claimed), _) => format!("claimed: {claimed}"),
        (None, None, None, Some(key)) if who.proof.is_proof() => format!("unknown key {key}"),
        _ => NOT_KNOWN.to_owned(),
    }
}

/// The same behind “by”, in a sentence.
pub fn by_whom(label: &str) -> &str {
    if label == NOT_KNOWN { "an issuer that is not known" } else { label }
}

/// What certificates have in common that are known to be of one issuer, or claim the same one: those of whom nothing but
/// that nothing is known are no group.
fn one_issuer(judged: &JudgedCertificate) -> String {
    let it = &judged.certificate;
    let forged = if judged.forged.is_some() { "forged" } else { "" };
    let key = it.issuer.key.filter(|_| it.issuer.proof.is_proof()).map(|key| key.to_string());
    let named = || it.issuer_name.as_ref().map(|name| format!("claimed {}", comparable_name(name)));
    let known = it.issuer.owner.clone().or(key).or_else(named);
    format!("{forged} {}", known.unwrap_or_else(|| it.label()))
}

/// Sorts certificates into renewals, in the order in which the first of each comes.
pub(super) fn renewals(certificates: &[JudgedCertificate]) -> Vec<Renewals> {
    let mut order: Vec<(String, Vec<String>)> = Vec::new();
    let mut groups: BTreeMap<(String, Vec<String>), Vec<&JudgedCertificate>> = BTreeMap::new();
    for judged in certificates {
        let names: BTreeSet<String> =
            judged.certificate.names.iter().map(|name| name.to_lowercase()).collect();
        let key = (one_issuer(judged), names.into_iter().collect());
        let group = groups.entry(key.clone()).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(judged);
    }
    order.into_iter().filter_map(|key| Some(of_group(key.1.clone(), groups.get(&key)?))).flatten().collect()
}

fn of_group(names: Vec<String>, group: &[&JudgedCertificate]) -> Option<Renewals> {
    let first = group.first()?;
    let mut keys: BTreeMap<SpkiSha256, usize> = BTreeMap::new();
    for key in group.iter().filter_map(|judged| judged.certificate.spki_sha256) {
        *keys.entry(key).or_default() += 1;
    }
    let begins = || group.iter().filter_map(|judged| judged.certificate.not_before);
    Some(Renewals {
        issuer: issuer_label(first),
        expectation: first.issuer.expectation,
        forged: first.forged.is_some(),
        names,
        count: group.len(),
        current: group.iter().filter(|judged| judged.life == Life::Current).count(),
        first: begins().min(),
        last: begins().max(),
        until: group.iter().filter_map(|judged| judged.certificate.not_after).max(),
        keys,
        gap_days: gap(group),
    })
}

fn gap(group: &[&JudgedCertificate]) -> Option<i64> {
    let mut lives: Vec<(Timestamp, Timestamp)> = group
        .iter()
        .filter_map(|judged| Some((judged.certificate.not_before?, judged.certificate.not_after?)))
        .collect();
    lives.sort_unstable();
    let mut covered = lives.first()?.1;
    let mut longest = None;
    for (begin, end) in lives.into_iter().skip(1) {
        if begin > covered {
            longest = longest.max(Some(begin.duration_since(covered).as_hours() / 24));
        }
        covered = covered.max(end);
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_issues_by_not_known() {
        assert_eq!(by_whom(NOT_KNOWN), "an issuer that is not known");
        assert_eq!(by_whom("Firm GmbH"), "Firm GmbH");
    }
}
