//! The JSON of `pinstead issuance`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::SCHEMA_VERSION;
use super::revocation::IssuedRevocation;
use crate::issuance::issued::Sighting;
use crate::issuance::renewal::Renewals;
use crate::issuance::reported::Coverage;
use crate::issuance::{CaaToday, IssuanceVerdict, JudgedCertificate, SourceSummary};
use crate::report::fleet::Open;
use crate::report::{IssuanceReport, Outcome, Summary};
use crate::rules::Finding;
use crate::x509::{CertificateSha256, SpkiSha256, hexadecimal};

/// The whole report.
pub fn document(
    judged_at: Timestamp,
    names: &[IssuanceReport<'_>],
    summary: &Summary,
) -> serde_json::Result<String> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        judged_at,
        names: names.iter().map(|name| AskedName::of(name, None)).collect(),
        summary: Counts {
            names: summary.targets(),
            pass: summary.count(Outcome::Pass),
            fail: summary.count(Outcome::Fail),
            undetermined: summary.count(Outcome::Undetermined),
            findings: summary
                .findings_by_severity()
                .map(|(severity, count)| (severity.name(), count))
                .collect(),
            accepted: summary
                .accepted_by_severity()
                .map(|(severity, count)| (severity.name(), count))
                .collect(),
        },
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// One name as a value.
pub fn value(name: &IssuanceReport<'_>) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(AskedName::of(name, None))
}

/// One name as a line of its own; `run` is what its run asked, hashed, where it can be gone on with.
pub fn line(name: &IssuanceReport<'_>, run: Option<&str>) -> serde_json::Result<String> {
    let open = Some(name.open());
    let unusable_files = name.has_unusable_files();
    let line = AskedName { run, open, unusable_files, ..AskedName::of(name, Some(SCHEMA_VERSION)) };
    Ok(serde_json::to_string(&line)? + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    tool: Tool,
    judged_at: Timestamp,
    names: Vec<AskedName<'a>>,
    summary: Counts,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Counts {
    names: usize,
    pass: usize,
    fail: usize,
    undetermined: usize,
    findings: BTreeMap<&'static str, usize>,
    /// How many of the findings a baseline accepts.
    accepted: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct AskedName<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_version: Option<u32>,
    name: &'a str,
    outcome: Outcome,
    /// Of lines: what is asked, hashed; what stayed open; and whether files could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<Open>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unusable_files: bool,
    undetermined: Vec<String>,
    issuance: Issuance<'a>,
    findings: &'a [&'a Finding],
}

impl<'a> AskedName<'a> {
    fn of(report: &'a IssuanceReport<'a>, schema_version: Option<u32>) -> Self {
        let verdict = report.verdict;
        Self {
            schema_version,
            name: verdict.name.as_str(),
            outcome: report.outcome,
            run: None,
            open: None,
            unusable_files: false,
            undetermined: verdict
                .demanded()
                .into_iter()
                .chain(verdict.open())
                .map(|question| question.what)
                .collect(),
            issuance: Issuance::of(verdict),
            findings: &report.findings,
        }
    }
}

/// What was issued for a name.
#[derive(Serialize)]
pub(super) struct Issuance<'a> {
    status: &'static str,
    reason: Option<&'a str>,
    expected: &'a [String],
    sources: Vec<Told<'a>>,
    certificates: Vec<Certificate<'a>>,
    unexpected: Vec<Unexpected<'a>>,
    renewals: Vec<RenewalsSummary<'a>>,
}

impl<'a> Issuance<'a> {
    pub(super) fn of(verdict: &'a IssuanceVerdict) -> Self {
        Self {
            status: verdict.status.name(),
            reason: verdict.status.reason(),
            expected: verdict.expected.as_deref().unwrap_or_default(),
            sources: verdict.sources.iter().map(Told::of).collect(),
            certificates: verdict
                .certificates
                .iter()
                .map(|it| Certificate::of(it, &verdict.sources))
                .collect(),
            unexpected: verdict.unexpected().map(Unexpected::of).collect(),
            renewals: verdict.renewals.iter().map(RenewalsSummary::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    source: &'static str,
    place: &'a str,
    asked_at: Timestamp,
    /// `whole`, `part`, `no_data` or `not_asked`.
    coverage: &'static str,
    reason: Option<&'a str>,
    current_to: Option<Timestamp>,
    scope: &'a str,
    reports: usize,
    problems: &'a [String],
    unreadable: &'a [String],
}

impl<'a> Told<'a> {
    fn of(source: &'a SourceSummary) -> Self {
        let (coverage, reason) = match &source.coverage {
            Coverage::Whole => ("whole", None),
            Coverage::Part(why) => ("part", Some(why.as_str())),
            Coverage::NoData(why) => ("no_data", Some(why.as_str())),
            Coverage::NotAsked(why) => ("not_asked", Some(why.as_str())),
        };
        Self {
            source: source.kind.name(),
            place: &source.place,
            asked_at: source.asked_at,
            coverage,
            reason,
            current_to: source.current_to,
            scope: &source.scope,
            reports: source.reports,
            problems: &source.problems,
            unreadable: &source.unreadable,
        }
    }
}

#[derive(Serialize)]
struct Certificate<'a> {
    sha256: Option<CertificateSha256>,
    precertificate_sha256: Option<CertificateSha256>,
    tbs_sha256: Option<String>,
    spki_sha256: Option<SpkiSha256>,
    key_type: Option<&'a str>,
    subject: Option<&'a str>,
    /// As the certificate claims.
    issuer: Option<&'a str>,
    serial: Option<&'a str>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    life: &'static str,
    dns_names: &'a [String],
    dns_names_complete: bool,
    issuer_owner: Option<&'a str>,
    issuer_caa_identifiers: &'a [String],
    issuer_claimed_owner: Option<&'a str>,
    issuer_below: Option<&'a str>,
    issuer_spki_sha256: Option<SpkiSha256>,
    /// `log_leaf`, `signature`, `sct`, `source_claim`, `claim` or `none`.
    issuer_proof: &'static str,
    /// `expected`, `unexpected`, `undetermined` or `no_expectation`.
    expectation: &'static str,
    reasons: &'a [String],
    /// What the policy says of a certificate that is accepted.
    accepted: Option<Accepted<'a>>,
    /// The owners whose issuer name it bears and whose key did not issue it.
    forged_issuer_name: Option<&'a [String]>,
    /// `no_list`, `listed`, `unlisted` or `unknown`.
    known_key: &'static str,
    unlisted_names: Vec<&'a String>,
    unlike: &'a [String],
    backup_of: Option<&'static str>,
    caa: Caa<'a>,
    /// What a source claims.
    revoked: Option<bool>,
    /// Whose claims those are: by source, its place in `sources`.
    revoked_claims: Vec<RevokedClaim>,
    /// What the certificate's CRLs say, where that was asked for.
    revocation: IssuedRevocation<'a>,
    problem_reporting: Option<&'a str>,
    /// The same by the table of CAs.
    ccadb_problem_reporting: Option<&'a str>,
    reported_by: Vec<usize>,
    lacking: &'a [usize],
    seen: Vec<SeenAt<'a>>,
    contradictions: &'a [String],
    unreadable: Option<&'a str>,
}

/// That a certificate is accepted.
#[derive(Serialize)]
struct Accepted<'a> {
    reason: &'a str,
    /// The last day, UTC.
    until: Date,
    /// Whether that day has gone.
    ended: bool,
    /// What would be said of it otherwise.
    excused: &'a [String],
}

/// What a source says of a certificate's revocation; nothing proves it.
#[derive(Serialize)]
struct RevokedClaim {
    source: usize,
    revoked: bool,
}

/// What CAA as seen now says of the CA.
#[derive(Serialize)]
struct Caa<'a> {
    /// `permit`, `deny`, `undetermined`, `not_checked` or `not_needed`.
    verdict: &'static str,
    seen_at: Option<Timestamp>,
    reason: Option<&'a str>,
    denied: Vec<Denied<'a>>,
}

#[derive(Serialize)]
struct Denied<'a> {
    name: &'a str,
    reason: &'a str,
}

impl<'a> Caa<'a> {
    fn of(caa: &'a CaaToday) -> Self {
        let (seen_at, reason, denied): (_, _, &[(String, String)]) = match caa {
            CaaToday::NotNeeded => (None, None, &[]),
            CaaToday::NotChecked(why) => (None, Some(why.as_str()), &[]),
            CaaToday::Permits { seen } => (Some(*seen), None, &[]),
            CaaToday::Denies { seen, names } => (Some(*seen), None, names),
            CaaToday::Undetermined { seen, why } => (Some(*seen), Some(why.as_str()), &[]),
        };
        let denied = denied.iter().map(|(name, reason)| Denied { name, reason }).collect();
        Self { verdict: caa.name(), seen_at, reason, denied }
    }
}

#[derive(Serialize)]
struct SeenAt<'a> {
    source: &'static str,
    place: &'a str,
    index: Option<u64>,
    at: Option<Timestamp>,
}

impl<'a> SeenAt<'a> {
    fn of(sighting: &'a Sighting, sources: &[SourceSummary]) -> Self {
        Self {
            source: sources.get(sighting.source).map_or("", |source| source.kind.name()),
            place: &sighting.seen.place,
            index: sighting.seen.index,
            at: sighting.seen.at,
        }
    }
}

impl<'a> Certificate<'a> {
    fn of(judged: &'a JudgedCertificate, sources: &[SourceSummary]) -> Self {
        let it = &judged.certificate;
        Self {
            sha256: it.sha256,
            precertificate_sha256: it.precertificate_sha256,
            tbs_sha256: it.tbs_sha256.map(|hash| hexadecimal(&hash)),
            spki_sha256: it.spki_sha256,
            key_type: it.key_type.as_deref(),
            subject: it.subject.as_deref(),
            issuer: it.issuer_name.as_deref(),
            serial: it.serial.as_deref(),
            not_before: it.not_before,
            not_after: it.not_after,
            life: judged.life.name(),
            dns_names: &it.names,
            dns_names_complete: it.names_are_complete,
            issuer_owner: it.issuer.owner.as_deref(),
            issuer_caa_identifiers: &it.issuer.caa_identifiers,
            issuer_claimed_owner: it.issuer.claimed_owner.as_deref(),
            issuer_below: it.issuer.below.as_deref(),
            issuer_spki_sha256: it.issuer.key,
            issuer_proof: it.issuer.proof.name(),
            expectation: judged.issuer.expectation.name(),
            reasons: &judged.issuer.reasons,
            accepted: judged.acceptance.as_ref().map(|acceptance| Accepted {
                reason: &acceptance.reason,
                until: acceptance.until,
                ended: acceptance.is_past,
                excused: &judged.excused,
            }),
            forged_issuer_name: judged.forged.as_ref().map(|forged| forged.owners.as_slice()),
            known_key: judged.key.name(),
            unlisted_names: judged.unlisted_names.iter().chain(&judged.unlisted_wildcards).collect(),
            unlike: &judged.unlike,
            backup_of: judged.backup_of.map(|backup| backup.provider.id),
            caa: Caa::of(&judged.caa),
            revoked: judged.claimed_revoked(),
            revoked_claims: it
                .revoked
                .iter()
                .map(|(source, revoked)| RevokedClaim { source: *source, revoked: *revoked })
                .collect(),
            revocation: IssuedRevocation::of(&judged.revocation),
            problem_reporting: it.problem_reporting.as_deref(),
            ccadb_problem_reporting: judged.problem_reporting.as_deref(),
            reported_by: it.reported_by.iter().copied().collect(),
            lacking: &judged.lacking,
            seen: it.sightings.iter().map(|sighting| SeenAt::of(sighting, sources)).collect(),
            contradictions: &it.contradictions,
            unreadable: it.unreadable.as_deref(),
        }
    }
}

/// A certificate that should not be there, as `certificates` has it in full.
#[derive(Serialize)]
struct Unexpected<'a> {
    sha256: Option<CertificateSha256>,
    precertificate_sha256: Option<CertificateSha256>,
    tbs_sha256: Option<String>,
    serial: Option<&'a str>,
    dns_names: &'a [String],
    issuer: Option<&'a str>,
    issuer_owner: Option<&'a str>,
    issuer_spki_sha256: Option<SpkiSha256>,
    life: &'static str,
    reasons: Vec<String>,
}

impl<'a> Unexpected<'a> {
    fn of(judged: &'a JudgedCertificate) -> Self {
        let it = &judged.certificate;
        let forged = judged.forged.as_ref().map(|forged| {
            format!("It bears the issuer name of {}, whose key did not issue it.", forged.owners.join(", "))
        });
        // What makes a CA expected is no reason.
        let by_issuer = judged.issuer.reasons.iter().filter(|_| judged.is_of_unexpected_issuer()).cloned();
        Self {
            sha256: it.sha256,
            precertificate_sha256: it.precertificate_sha256,
            tbs_sha256: it.tbs_sha256.map(|hash| hexadecimal(&hash)),
            serial: it.serial.as_deref(),
            dns_names: &it.names,
            issuer: it.issuer_name.as_deref(),
            issuer_owner: it.issuer.owner.as_deref(),
            issuer_spki_sha256: it.issuer.key,
            life: judged.life.name(),
            reasons: forged.into_iter().chain(by_issuer).chain(judged.against_lists()).collect(),
        }
    }
}

/// Certificates of one issuer for the same names.
#[derive(Serialize)]
struct RenewalsSummary<'a> {
    issuer: &'a str,
    expectation: &'static str,
    dns_names: &'a [String],
    certificates: usize,
    current: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    until: Option<Timestamp>,
    keys: BTreeMap<String, usize>,
    gap_days: Option<i64>,
}

impl<'a> RenewalsSummary<'a> {
    fn of(renewals: &'a Renewals) -> Self {
        Self {
            issuer: &renewals.issuer,
            expectation: renewals.expectation.name(),
            dns_names: &renewals.names,
            certificates: renewals.count,
            current: renewals.current,
            first: renewals.first,
            last: renewals.last,
            until: renewals.until,
            keys: renewals.keys.iter().map(|(key, count)| (key.to_string(), *count)).collect(),
            gap_days: renewals.gap_days,
        }
    }
}
