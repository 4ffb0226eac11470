//! Whether what was issued is revoked, in words.

use std::collections::{BTreeMap, BTreeSet};

use super::super::safe;
use super::super::style::{BAD, DOUBTFUL, GOOD, paint};
use super::super::wrap::{indented, labelled};
use crate::dns_name::DnsName;
use crate::issuance::revocation::RevocationToday;
use crate::issuance::{IssuanceVerdict, JudgedCertificate};
use crate::revocation::Status;

/// The most certificates that are told one by one.
const MOST: usize = 10;

/// One line, and the first certificates that are revoked or open; nothing where nobody asked and no source says.
pub(super) fn lines(verdict: &IssuanceVerdict) -> String {
    let judged = |status: fn(&Status) -> bool| {
        let verdicts = verdict.certificates.iter().filter_map(|judged| judged.revocation.verdict());
        verdicts.filter(|verdict| status(&verdict.status)).count()
    };
    let good = judged(|status| matches!(status, Status::Good));
    let revoked = judged(|status| matches!(status, Status::Revoked(_)));
    let open = verdict.certificates.iter().filter(|judged| judged.revocation.is_open()).count();
    let mut parts = Vec::new();
    for (count, style, what) in
        [(revoked, BAD, "revoked"), (good, GOOD, "not revoked"), (open, DOUBTFUL, "not known")]
    {
        if count > 0 {
            parts.push(paint(style, format!("{count} {what}")));
        }
    }
    parts.extend(claims(verdict));
    if parts.is_empty() {
        return String::new();
    }
    let mut out = labelled("  revocation: ", &parts.join(", "));
    for judged in verdict.certificates.iter().filter(|judged| is_told(judged)).take(MOST) {
        out.push_str(&indented(&safe(&told(judged, &verdict.name)), 6));
    }
    out
}

/// What sources claim where nothing that is signed tells: as their claim.
fn claims(verdict: &IssuanceVerdict) -> Vec<String> {
    let mut counts: BTreeMap<(bool, &str), usize> = BTreeMap::new();
    for judged in &verdict.certificates {
        let by: BTreeSet<(bool, &str)> = judged
            .unverified_claims()
            .filter_map(|(place, revoked)| Some((!revoked, verdict.sources.get(place)?.kind.title())))
            .collect();
        for claim in by {
            *counts.entry(claim).or_default() += 1;
        }
    }
    let told = counts.into_iter().map(|((is_good, by), count)| {
        let what = if is_good { "not revoked" } else { "revoked" };
        paint(DOUBTFUL, format!("{count} {what} as {by} claims, which nothing verified"))
    });
    told.collect()
}

/// What is worth a line of its own: the revoked ones, and those of which it is not known, and why.
fn is_told(judged: &JudgedCertificate) -> bool {
    judged.revocation.revocation().is_some() || judged.revocation.is_open()
}

fn told(judged: &JudgedCertificate, name: &DnsName) -> String {
    let label = format!("{} for {}", judged.certificate.label(), judged.certificate.claimed(name));
    match &judged.revocation {
        RevocationToday::Judged(verdict) => match verdict.revocation() {
            Some(revocation) => format!("{label}: {}", revocation.in_words()),
            None => format!("{label}: not known. {}", verdict.why),
        },
        RevocationToday::NotChecked(why) => format!("{label}: not known, {why}"),
        RevocationToday::NotAsked | RevocationToday::NotNeeded => label,
    }
}
