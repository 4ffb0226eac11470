//! The JSON of `pinstead check`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::SCHEMA_VERSION;
use super::caa::CaaName;
use super::ct::Ct;
use super::fleet::JsonFleet;
use super::pins::TargetPins;
use super::revocation::Revocation;
use crate::baseline::AcceptedQuestion;
use crate::ca::expectation::IssuerVerdict;
use crate::compare::Comparison;
use crate::issuance::IssuanceVerdict;
use crate::judge::{Basis, ListAge, Part, TargetVerdicts};
use crate::report::fleet::Open;
use crate::report::{Outcome, Summary, TargetReport};
use crate::rules::Finding;
use crate::x509::path::{Life, NameMatch, Trust};
use crate::x509::{Certificate, CertificateSha256, SpkiSha256};

/// The beginning of the report, up to the first target.
pub fn begin(basis: &Basis) -> serde_json::Result<String> {
    let head = serde_json::to_string_pretty(&Head::of(basis))?;
    Ok(format!("{},\n  \"targets\": [", head.strip_suffix("\n}").unwrap_or(&head)))
}

/// One target of the report; a comma belongs between two.
pub fn target(target: &TargetReport<'_>) -> serde_json::Result<String> {
    let text = serde_json::to_string_pretty(&Target::of(target))?;
    // A line break inside a string is written as \n, so that every real one begins a line.
    Ok(format!("\n    {}", text.replace('\n', "\n    ")))
}

/// The end of the report, after the last target.
pub fn end(summary: &Summary) -> serde_json::Result<String> {
    let tail = serde_json::to_string_pretty(&Tail { summary: Counts::of(summary) })?;
    Ok(format!("\n  ],{}\n", tail.strip_prefix('{').unwrap_or(&tail)))
}

/// One target as a value.
pub fn value(target: &TargetReport<'_>) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(Target::of(target))
}

/// The summary as a document of its own: all but the targets.
pub fn summary(basis: &Basis, summary: &Summary) -> serde_json::Result<String> {
    let document = SummaryDocument { head: Head::of(basis), summary: Counts::of(summary) };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// One target as a line of its own.
pub fn line(target: &TargetReport<'_>) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(USUAL_LINE);
    serde_json::to_writer(&mut text, &Target { tool: Some(Tool::THIS), ..Target::of(target) })?;
    text.push(b'\n');
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// What a line usually takes, in octets: room from the start saves moving it as it grows.
const USUAL_LINE: usize = 16 << 10;

#[derive(Serialize)]
struct Head {
    schema_version: u32,
    tool: Tool,
    judged_at: Timestamp,
    log_list: Option<LogListSummary>,
}

impl Head {
    fn of(basis: &Basis) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::THIS,
            judged_at: basis.judged_at,
            log_list: basis.log_list.as_ref().map(LogListSummary::of),
        }
    }
}

#[derive(Serialize)]
struct SummaryDocument<'a> {
    #[serde(flatten)]
    head: Head,
    summary: Counts<'a>,
}

#[derive(Serialize)]
struct Tail<'a> {
    summary: Counts<'a>,
}

/// What wrote a report: by this it is known again.
#[derive(Debug, Serialize)]
pub(super) struct Tool {
    name: &'static str,
    version: &'static str,
}

impl Tool {
    /// This program.
    pub(super) const THIS: Self = Self { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") };
}

#[derive(Serialize)]
struct LogListSummary {
    source: crate::ct::log_table::SnapshotSource,
    version: Option<String>,
    signed: crate::ct::log_table::Signed,
    timestamp: Timestamp,
    age_days: i64,
    stale: bool,
}

impl LogListSummary {
    fn of(list: &ListAge) -> Self {
        Self {
            source: list.source,
            version: list.version.clone(),
            signed: list.signed,
            timestamp: list.timestamp,
            age_days: list.days,
            stale: list.is_stale(),
        }
    }
}

#[derive(Serialize)]
struct Counts<'a> {
    targets: usize,
    pass: usize,
    fail: usize,
    undetermined: usize,
    /// Those that were not done, where the run was interrupted.
    #[serde(skip_serializing_if = "is_zero")]
    not_done: usize,
    findings: BTreeMap<&'static str, usize>,
    /// How many of the findings a baseline accepts.
    accepted: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fleet: Option<JsonFleet<'a>>,
}

impl<'a> Counts<'a> {
    fn of(summary: &'a Summary) -> Self {
        Self {
            targets: summary.targets(),
            pass: summary.count(Outcome::Pass),
            fail: summary.count(Outcome::Fail),
            undetermined: summary.count(Outcome::Undetermined),
            not_done: summary.not_done(),
            findings: summary
                .findings_by_severity()
                .map(|(severity, count)| (severity.name(), count))
                .collect(),
            accepted: summary
                .accepted_by_severity()
                .map(|(severity, count)| (severity.name(), count))
                .collect(),
            fleet: summary.common().map(JsonFleet::of),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(rename = "target")]
    label: &'a str,
    /// How it was named each time, where that was more than once.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    listed: &'a [String],
    outcome: Outcome,
    /// What stayed open counts for the gate: `nothing`, `something`, or `demanded` (it was asked for by name).
    open: Open,
    /// Whether it is a file that could not be used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unusable_file: bool,
    /// What its run was asked, hashed: a run that goes on with it has to ask the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    /// Of a line, which stands by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<Tool>,
    undetermined: Vec<String>,
    /// What a baseline accepts as not determined.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    undetermined_accepted: &'a [AcceptedQuestion],
    connection: Connection<'a>,
    certificate: Option<CertificateSummary<'a>>,
    chain: Vec<ChainMember<'a>>,
    trust: Option<TrustSummary>,
    ct: Ct<'a>,
    caa: Caa<'a>,
    issuer: Issuer<'a>,
    revocation: Revocation<'a>,
    issuance: Issuance<'a>,
    pins: Pins<'a>,
    comparison: Option<&'a Comparison>,
    findings: &'a [&'a Finding],
}

impl<'a> Target<'a> {
    fn of(target: &'a TargetReport<'a>) -> Self {
        let verdicts = target.verdicts;
        Self {
            label: &verdicts.target,
            listed: target.listed,
            outcome: target.outcome,
            open: target.open(),
            unusable_file: verdicts.is_unusable_file(),
            run: target.run,
            tool: None,
            undetermined: verdicts.open_questions().into_iter().map(|question| question.what).collect(),
            undetermined_accepted: &verdicts.accepted_open,
            connection: Connection::of(verdicts),
            certificate: verdicts.chain.first().map(|leaf| CertificateSummary::of(leaf, verdicts)),
            chain: verdicts.chain.iter().map(ChainMember::of).collect(),
            trust: verdicts.trust.as_ref().map(TrustSummary::of),
            ct: Ct::of(&verdicts.ct),
            caa: Caa::of(target),
            issuer: Issuer::of(&verdicts.issuer),
            revocation: Revocation::of(&verdicts.revocation),
            issuance: Issuance::of(&verdicts.issuance),
            pins: Pins::of(verdicts),
            comparison: verdicts.comparison.verdict(),
            findings: &target.findings,
        }
    }
}

#[derive(Serialize)]
struct Connection<'a> {
    address: Option<&'a str>,
    tls_version: Option<&'a str>,
    cipher: Option<&'a str>,
    ocsp_stapled: Option<bool>,
    failures: &'a [String],
}

impl<'a> Connection<'a> {
    fn of(verdicts: &'a TargetVerdicts) -> Self {
        let handshake = verdicts.observed.handshake.as_ref();
        Self {
            address: handshake.map(|handshake| handshake.address.as_str()),
            tls_version: handshake.map(|handshake| handshake.version.as_str()),
            cipher: handshake.map(|handshake| handshake.cipher.as_str()),
            ocsp_stapled: handshake.map(|handshake| handshake.ocsp_stapled),
            failures: &verdicts.observed.failures,
        }
    }
}

#[derive(Serialize)]
struct CertificateSummary<'a> {
    sha256: CertificateSha256,
    spki_sha256: SpkiSha256,
    subject: &'a str,
    issuer: &'a str,
    serial: &'a str,
    not_before: Timestamp,
    not_after: Timestamp,
    dns_names: Vec<String>,
    issuer_owner: Option<&'a str>,
    issuer_caa_identifiers: &'a [String],
    issuer_claimed_owner: Option<&'a str>,
    issuer_spki_sha256: Option<SpkiSha256>,
    issuer_proof: Option<&'static str>,
    precertificate: bool,
}

impl<'a> CertificateSummary<'a> {
    fn of(leaf: &'a Certificate, verdicts: &'a TargetVerdicts) -> Self {
        let names = &leaf.names;
        Self {
            sha256: leaf.sha256,
            spki_sha256: leaf.spki_sha256,
            subject: &leaf.subject,
            issuer: &leaf.issuer,
            serial: &leaf.serial,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            dns_names: names
                .dns
                .iter()
                .map(ToString::to_string)
                .chain(names.unusable.iter().cloned())
                .collect(),
            issuer_owner: verdicts.who_issued.owner.as_deref(),
            issuer_caa_identifiers: &verdicts.who_issued.caa_identifiers,
            issuer_claimed_owner: verdicts.who_issued.claimed_owner.as_deref(),
            issuer_spki_sha256: verdicts.who_issued.key.map(|key| key.key),
            issuer_proof: verdicts.who_issued.key.map(|key| key.proof.name()),
            precertificate: leaf.is_precertificate,
        }
    }
}

#[derive(Serialize)]
struct ChainMember<'a> {
    sha256: CertificateSha256,
    spki_sha256: SpkiSha256,
    subject: &'a str,
}

impl<'a> ChainMember<'a> {
    fn of(certificate: &'a Certificate) -> Self {
        Self {
            sha256: certificate.sha256,
            spki_sha256: certificate.spki_sha256,
            subject: &certificate.subject,
        }
    }
}

#[derive(Serialize)]
struct TrustSummary {
    chain: &'static str,
    reason: Option<String>,
    name: &'static str,
    dates: &'static str,
    anchors: String,
    path: Vec<PathMember>,
}

#[derive(Serialize)]
struct PathMember {
    position: crate::x509::ChainPosition,
    spki_sha256: SpkiSha256,
    subject: String,
}

impl TrustSummary {
    fn of(verdict: &crate::x509::path::ChainVerdict) -> Self {
        let (chain, reason) = match &verdict.trust {
            Trust::Trusted => ("trusted", None),
            Trust::TrustedAtAnotherTime { at } => ("trusted_at_another_time", Some(format!("as of {at}"))),
            Trust::Untrusted { reason } => ("untrusted", Some(reason.clone())),
            Trust::Unknown { reason } => ("unknown", Some(reason.clone())),
        };
        Self {
            chain,
            reason,
            name: match verdict.name {
                NameMatch::Matches => "matches",
                NameMatch::Differs => "differs",
                NameMatch::NotAsked => "not_asked",
            },
            dates: match verdict.life {
                Life::Current => "current",
                Life::NotYet => "not_yet",
                Life::Expired => "expired",
            },
            anchors: verdict.anchors.clone(),
            path: verdict
                .path
                .iter()
                .map(|member| PathMember {
                    position: member.position,
                    spki_sha256: member.spki_sha256,
                    subject: member.subject.clone(),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Caa<'a> {
    status: &'static str,
    names: Vec<CaaName<'a>>,
}

impl<'a> Caa<'a> {
    fn of(target: &'a TargetReport<'a>) -> Self {
        let part = &target.verdicts.caa;
        let readings = part.verdict().map(Vec::as_slice).unwrap_or_default();
        let open = readings.iter().any(crate::caa::CaaReading::is_undetermined);
        Self {
            status: if open { "undetermined" } else { part.status() },
            names: readings
                .iter()
                .zip(&target.caa_findings)
                .map(|(reading, findings)| CaaName::new(reading, findings))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Issuer<'a> {
    status: &'static str,
    expected: &'a [String],
    reasons: &'a [String],
}

impl<'a> Issuer<'a> {
    fn of(part: &'a Part<IssuerVerdict>) -> Self {
        match part {
            Part::Checked(verdict) => Self {
                status: verdict.expectation.name(),
                expected: &verdict.expected,
                reasons: &verdict.reasons,
            },
            Part::NotChecked(_) => Self { status: "not_checked", expected: &[], reasons: &[] },
            Part::Undetermined(_) => Self { status: "undetermined", expected: &[], reasons: &[] },
        }
    }
}

/// What was issued for a target's host, or that nobody asked.
#[derive(Serialize)]
#[serde(untagged)]
enum Issuance<'a> {
    Judged(Box<super::issuance::Issuance<'a>>),
    Not {
        status: &'static str,
        reason: &'static str,
        sources: [(); 0],
        certificates: [(); 0],
        unexpected: [(); 0],
    },
}

impl<'a> Issuance<'a> {
    fn of(part: &'a Part<IssuanceVerdict>) -> Self {
        match part {
            Part::Checked(verdict) => Self::Judged(Box::new(super::issuance::Issuance::of(verdict))),
            Part::NotChecked(why) => Self::not(part.status(), why),
            Part::Undetermined(_) => Self::not(part.status(), ""),
        }
    }

    fn not(status: &'static str, reason: &'static str) -> Self {
        Self::Not { status, reason, sources: [], certificates: [], unexpected: [] }
    }
}

/// The pins of a target, or why there is nothing to say of them.
#[derive(Serialize)]
#[serde(untagged)]
enum Pins<'a> {
    Judged(TargetPins<'a>),
    Not { status: &'static str, sources: [(); 0] },
}

impl<'a> Pins<'a> {
    fn of(verdicts: &'a TargetVerdicts) -> Self {
        match verdicts.pins.verdict() {
            Some(verdict) => Self::Judged(TargetPins::new(verdict)),
            None => Self::Not { status: verdicts.pins.status(), sources: [] },
        }
    }
}
