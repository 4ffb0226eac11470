//! Judging what was issued for a name.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::forged::NameOfIssuer;
use super::issued::{IssuedCertificate, Life};
use super::issuers::Issuers;
use super::known::{Inventory, Knowledge, Served};
use super::merge::merge;
use super::profile;
use super::provider::{self, of_backup};
use super::renewal::renewals;
use super::reported::{Coverage, SourceKind, SourceReading};
use super::revocation::RevocationToday;
use super::verdict::{
    BackupOf, CaaToday, IssuanceVerdict, JudgedCertificate, KeyListing, SourceSummary, Status,
};
use super::who::IssuerProof;
use crate::ca::expectation::{self, Expectation, IssuerVerdict};
use crate::dns_name::{CertificateName, DnsName};

/// How long after it begins a certificate is in every place that has all of them: a log may take a day (RFC 6962
/// section 3, as log lists have it), and who reads logs as long again.
const SETTLED: SignedDuration = SignedDuration::from_hours(72);

/// Judges what `readings` report of `name` and the names below it, as of `at`.
///
/// `issuers` are further certificates of CAs. What CAA says is not judged here: see [`JudgedCertificate::caa`].
pub fn judge(
    name: &DnsName,
    readings: &[impl Borrow<SourceReading>],
    issuers: Issuers,
    known: &dyn Knowledge,
    at: Timestamp,
) -> IssuanceVerdict {
    let readings: Vec<&SourceReading> = readings.iter().map(Borrow::borrow).collect();
    let merged = merge(name, &readings, issuers, known);
    let sources: Vec<SourceSummary> = readings
        .iter()
        .enumerate()
        .map(|(place, reading)| SourceSummary {
            kind: reading.source,
            place: reading.place.clone(),
            asked_at: reading.asked_at,
            coverage: reading.coverage.clone(),
            current_to: reading.current_to,
            scope: reading.scope.clone(),
            reports: merged.belonging.get(place).copied().unwrap_or_default(),
            problems: reading.problems.clone(),
            unreadable: merged
                .unreadable
                .iter()
                .filter(|(source, _)| *source == place)
                .map(|(_, why)| why.clone())
                .collect(),
        })
        .collect();
    let mut certificates: Vec<JudgedCertificate> = merged
        .certificates
        .into_iter()
        .map(|(certificate, says)| judge_one(name, certificate, says, &sources, known, at))
        .collect();
    let all: Vec<&IssuedCertificate> = certificates.iter().map(|judged| &judged.certificate).collect();
    // Only certificates that are proven to be one CA's have a habit in common.
    let unlike = profile::unlike(&all, |place| certificates.get(place)?.certificate.issuer.owner.clone());
    for (judged, reasons) in certificates.iter_mut().zip(unlike) {
        judged.unlike = reasons;
    }
    certificates.sort_by(|one, other| {
        let newest = |judged: &JudgedCertificate| std::cmp::Reverse(judged.certificate.not_before);
        (one.rank(), newest(one), &one.certificate.serial, one.certificate.tbs_sha256).cmp(&(
            other.rank(),
            newest(other),
            &other.certificate.serial,
            other.certificate.tbs_sha256,
        ))
    });
    let expected = known.expected(name).map(<[String]>::to_vec);
    let mut unknown_expectations: Vec<String> = Vec::new();
    for judged in &certificates {
        for unknown in &judged.issuer.unknown_expectations {
            if !unknown_expectations.contains(unknown) {
                unknown_expectations.push(unknown.clone());
            }
        }
    }
    IssuanceVerdict {
        name: name.clone(),
        judged_at: at,
        status: status(&sources),
        renewals: renewals(&certificates),
        sources,
        certificates,
        expected,
        unknown_expectations,
    }
}

/// Whether any source told all that it knows. Files know what is in them, and nothing of what else was issued: beside
/// sources that search, they decide nothing.
fn status(sources: &[SourceSummary]) -> Status {
    let searches = |source: &&SourceSummary| !matches!(source.kind, SourceKind::Files | SourceKind::Served);
    let is_whole = |source: &SourceSummary| source.coverage == Coverage::Whole;
    let enough = if sources.iter().any(|source| searches(&source)) {
        sources.iter().filter(searches).any(is_whole)
    } else {
        sources.iter().any(is_whole)
    };
    if enough {
        return Status::Checked;
    }
    if sources.iter().all(|source| matches!(source.coverage, Coverage::NotAsked(_))) {
        let why = sources.iter().find_map(|source| match &source.coverage {
            Coverage::NotAsked(why) => Some(format!("{}: {why}", source.title())),
            _ => None,
        });
        return Status::NotChecked(why.unwrap_or_else(|| "no source was named".to_owned()));
    }
    let why: Vec<String> = sources
        .iter()
        .filter_map(|source| match &source.coverage {
            Coverage::Whole => None,
            Coverage::Part(why) => Some(format!("{} told a part only: {why}", source.title())),
            Coverage::NoData(why) => Some(format!("{} gave no data: {why}", source.title())),
            Coverage::NotAsked(why) => Some(format!("{} was not asked: {why}", source.title())),
        })
        .collect();
    Status::Undetermined(why.join("; "))
}

fn judge_one(
    name: &DnsName,
    certificate: IssuedCertificate,
    says: NameOfIssuer,
    sources: &[SourceSummary],
    known: &dyn Knowledge,
    at: Timestamp,
) -> JudgedCertificate {
    let own: Vec<CertificateName> = certificate.names.iter().filter_map(|name| name.parse().ok()).collect();
    let ours: Vec<&CertificateName> =
        own.iter().filter(|own| super::unit::is_at_below_or_covers(own, name)).collect();
    let mut bases: Vec<&DnsName> = ours.iter().flat_map(|own| bases(own, name, known)).collect();
    bases.sort_unstable();
    bases.dedup();
    if bases.is_empty() {
        bases.push(name);
    }
    let life = certificate.life(at);
    let forged = match &says {
        NameOfIssuer::Forged(forged) => Some(forged.clone()),
        NameOfIssuer::Borne(_) | NameOfIssuer::NotCompared | NameOfIssuer::Unremarkable => None,
    };
    let inventories: Vec<(&DnsName, Inventory<'_>)> =
        bases.iter().map(|base| (*base, known.inventory(base))).collect();
    let (unlisted_names, unlisted_wildcards) = unlisted(&ours, &inventories, name, known);
    let mut issuer = expectation_for(&certificate, &bases, known);
    if issuer.expectation == Expectation::Undetermined
        && let Some(reason) = unproven(&certificate, sources)
    {
        issuer.reasons = vec![reason];
    }
    let unexpected = issuer.expectation == Expectation::Unexpected;
    let backup_of = of_backup(&certificate.names, &certificate.issuer.caa_identifiers)
        .filter(|_| unexpected && forged.is_none())
        .map(|(found, domain)| {
            // Backup certificates are of the domain that is at the service, not of each name below it.
            let is_at = |served: Served<'_>| {
                served.domain.as_str().eq_ignore_ascii_case(domain)
                    && served.by.iter().any(|id| provider::provider(id) == Some(found))
            };
            let is_used = inventories.iter().any(|(_, inventory)| inventory.served.is_some_and(is_at));
            BackupOf { provider: found, is_used }
        });
    let owner = certificate.issuer.owner.as_ref().filter(|_| !certificate.issuer.is_private);
    let acceptance = known.accepted(&certificate);
    let mut judged = JudgedCertificate {
        problem_reporting: owner.and_then(|owner| known.problem_reporting(owner)),
        life,
        issuer,
        forged,
        name_of_issuer: says,
        key: key_listing(&certificate, &inventories),
        unlisted_names,
        unlisted_wildcards,
        unlike: Vec::new(),
        lacking: lacking(&certificate, sources),
        backup_of,
        caa: CaaToday::default(),
        revocation: RevocationToday::default(),
        acceptance: None,
        excused: Vec::new(),
        certificate,
    };
    if let Some(acceptance) = acceptance {
        judged.accept(acceptance);
    }
    judged
}

/// The names by whose expectations and lists a name of the owner's is judged: its own; of a covering wildcard, the name
/// asked about; of a wildcard, each that it covers and of which something is said.
fn bases<'a>(own: &'a CertificateName, asked: &'a DnsName, known: &'a dyn Knowledge) -> Vec<&'a DnsName> {
    if !own.base.is_at_or_below(asked) {
        return vec![asked];
    }
    let covered = if own.wildcard { known.covered_by(own) } else { Vec::new() };
    [&own.base].into_iter().chain(covered).collect()
}

/// Why it is not known who issued, where that rests on what is merely said: in whose words.
fn unproven(certificate: &IssuedCertificate, sources: &[SourceSummary]) -> Option<String> {
    let titles = |places: &BTreeSet<usize>| {
        let title = |kind: SourceKind| match kind {
            // It has what the log gave, whose word it is.
            SourceKind::WatchState => "the entry of a log",
            other => other.title(),
        };
        let titles: BTreeSet<&str> =
            places.iter().filter_map(|place| Some(title(sources.get(*place)?.kind))).collect();
        titles.into_iter().collect::<Vec<_>>().join(" and ")
    };
    match certificate.issuer.proof {
        IssuerProof::SourceClaim => {
            let who = certificate.issuer.claimed_owner.as_deref().unwrap_or("a CA that no table knows");
            let by = titles(&certificate.issuer_said_by);
            Some(format!(
                "By what {by} says, {who} issued it, and nothing proves that: the issuer's certificate would."
            ))
        }
        IssuerProof::None if !certificate.is_shown && certificate.unreadable.is_some() => {
            Some("Which key issued it is not known: it cannot be read.".to_owned())
        }
        IssuerProof::None if !certificate.is_shown => Some(format!(
            "Which key issued it is not known: {} does not show the certificate.",
            titles(&certificate.reported_by)
        )),
        _ => None,
    }
}

/// By the expectation for each name; the worst verdict stands.
fn expectation_for(
    certificate: &IssuedCertificate,
    bases: &[&DnsName],
    known: &dyn Knowledge,
) -> IssuerVerdict {
    let mut lists: Vec<Option<&[String]>> = bases.iter().map(|base| known.expected(base)).collect();
    lists.sort_unstable();
    lists.dedup();
    let rank = |verdict: &IssuerVerdict| match verdict.expectation {
        Expectation::Unexpected => 3,
        Expectation::Undetermined => 2,
        Expectation::Expected => 1,
        Expectation::NoExpectation => 0,
    };
    let judge = |expected: Option<&[String]>| {
        expectation::judge(certificate.issuer.as_issuer(), expected, &|name| known.is_known_ca(name))
    };
    let first = judge(lists.first().copied().flatten());
    lists
        .into_iter()
        .skip(1)
        .map(judge)
        .fold(first, |worst, next| if rank(&next) > rank(&worst) { next } else { worst })
}

/// The names of the owner's that no list has, and the wildcards among them.
fn unlisted(
    ours: &[&CertificateName],
    inventories: &[(&DnsName, Inventory<'_>)],
    asked: &DnsName,
    known: &dyn Knowledge,
) -> (Vec<String>, Vec<String>) {
    let (mut names, mut wildcards) = (Vec::new(), Vec::new());
    for own in ours {
        let bases = bases(own, asked, known);
        let mut lists = inventories
            .iter()
            .filter(|(known, _)| bases.contains(known))
            .filter_map(|(_, inventory)| inventory.names);
        if lists.any(|list| !list.contains(own)) {
            if own.wildcard { &mut wildcards } else { &mut names }.push(own.to_string());
        }
    }
    (names, wildcards)
}

fn key_listing(certificate: &IssuedCertificate, inventories: &[(&DnsName, Inventory<'_>)]) -> KeyListing {
    let mut lists = inventories.iter().filter_map(|(_, inventory)| inventory.keys).peekable();
    match (lists.peek().is_some(), certificate.spki_sha256) {
        (false, _) => KeyListing::NoList,
        (true, None) => KeyListing::Unknown,
        (true, Some(key)) if lists.all(|list| list.contains(&key)) => KeyListing::Listed,
        (true, Some(_)) => KeyListing::Unlisted,
    }
}

/// The sources that tell all they know, should know this certificate, and do not.
fn lacking(certificate: &IssuedCertificate, sources: &[SourceSummary]) -> Vec<usize> {
    // What stands in files of the user's alone may be in no log.
    let is_logged = certificate
        .reported_by
        .iter()
        .any(|place| sources.get(*place).is_some_and(|source| source.kind != SourceKind::Files));
    let should_know = |source: &SourceSummary| {
        let known_to = source.current_to.unwrap_or(source.asked_at);
        let is_settled =
            certificate.not_before.is_some_and(|begin| begin.duration_until(known_to) >= SETTLED);
        let is_unexpired = certificate.life(source.asked_at) == Life::Current;
        match source.kind {
            SourceKind::CrtSh => is_settled,
            SourceKind::CertSpotter => is_settled && is_unexpired,
            // These know a part by their nature.
            SourceKind::Files | SourceKind::WatchState | SourceKind::Served => false,
        }
    };
    sources
        .iter()
        .enumerate()
        .filter(|(place, source)| {
            is_logged
                && source.coverage == Coverage::Whole
                && !certificate.reported_by.contains(place)
                && should_know(source)
        })
        .map(|(place, _)| place)
        .collect()
}
