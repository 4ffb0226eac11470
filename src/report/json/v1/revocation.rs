//! The revocation of a chain, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::issuance::revocation::RevocationToday;
use crate::judge::{ChainRevocation, MemberRevocation, Part};
use crate::revocation::{Provision, RevocationVerdict, SourceKind, SourceVerdict};
use crate::x509::{CertificateSha256, SpkiSha256};

/// What is known of the revocation of a target's certificates.
#[derive(Serialize)]
pub(super) struct Revocation<'a> {
    status: &'static str,
    verdict: Option<&'static str>,
    crls_asked: bool,
    path_built: Option<bool>,
    /// The subjects of CA certificates that count and whose status was not looked at.
    not_looked_at: &'a [String],
    certificates: Vec<RevocationOf<'a>>,
}

/// That of one certificate.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the keys of the report, each a fact of its own")]
struct RevocationOf<'a> {
    sha256: CertificateSha256,
    subject: &'a str,
    serial: &'a str,
    ca: bool,
    on_path: bool,
    issuer_spki_sha256: Option<SpkiSha256>,
    status: &'static str,
    revoked_at: Option<Timestamp>,
    reason: Option<String>,
    invalid_since: Option<Timestamp>,
    why: &'a str,
    sources_disagree: bool,
    expired: bool,
    provision: &'a Provision,
    sources: Vec<Source<'a>>,
}

/// One CRL or OCSP response.
#[derive(Serialize)]
struct Source<'a> {
    kind: SourceKind,
    url: Option<&'a str>,
    said: &'static str,
    trouble: Option<&'static str>,
    trouble_detail: Option<&'a str>,
    this_update: Option<Timestamp>,
    next_update: Option<Timestamp>,
    crl_number: Option<&'a str>,
    entries: Option<usize>,
    fetched_at: Option<Timestamp>,
    from_cache: bool,
    note: Option<&'a str>,
}

impl<'a> Revocation<'a> {
    pub(super) fn of(part: &'a Part<ChainRevocation>) -> Self {
        let verdict = part.verdict();
        let members = verdict.map(|chain| chain.members.as_slice()).unwrap_or_default();
        Self {
            status: part.status(),
            verdict: verdict.map(ChainRevocation::status),
            path_built: verdict.map(|chain| chain.path_built),
            not_looked_at: verdict.map(|chain| chain.left_out.as_slice()).unwrap_or_default(),
            crls_asked: verdict.is_some_and(|chain| chain.asked),
            certificates: members.iter().map(RevocationOf::of).collect(),
        }
    }
}

/// What is known now of the revocation of a certificate that was issued.
#[derive(Serialize)]
pub(super) struct IssuedRevocation<'a> {
    /// `good`, `revoked`, `undetermined`, `not_checked` or `not_needed`.
    status: &'static str,
    why: Option<&'a str>,
    revoked_at: Option<Timestamp>,
    reason: Option<String>,
    invalid_since: Option<Timestamp>,
    sources: Vec<Source<'a>>,
}

/// The same on its own: of a certificate that `pinstead watch` found.
pub fn issued_revocation(today: &RevocationToday) -> serde_json::Value {
    // Nothing in it can fail to be written; and null is no status that passes for “good”.
    serde_json::to_value(IssuedRevocation::of(today)).unwrap_or_default()
}

impl<'a> IssuedRevocation<'a> {
    pub(super) fn of(today: &'a RevocationToday) -> Self {
        let revocation = today.revocation();
        let why = match today {
            RevocationToday::NotChecked(why) => Some(why.as_str()),
            RevocationToday::Judged(verdict) => Some(verdict.why.as_str()),
            RevocationToday::NotAsked | RevocationToday::NotNeeded => None,
        };
        Self {
            status: today.name(),
            why,
            revoked_at: revocation.map(|revocation| revocation.date),
            reason: revocation.and_then(|revocation| revocation.reason).map(|reason| reason.to_string()),
            invalid_since: revocation.and_then(|revocation| revocation.invalid_since),
            sources: today.verdict().into_iter().flat_map(|it| &it.sources).map(Source::of).collect(),
        }
    }
}

impl<'a> RevocationOf<'a> {
    fn of(member: &'a MemberRevocation) -> Self {
        let verdict: &RevocationVerdict = &member.verdict;
        let revocation = verdict.revocation();
        Self {
            sha256: verdict.sha256,
            subject: &verdict.subject,
            serial: &verdict.serial,
            ca: verdict.is_ca,
            on_path: member.on_path,
            issuer_spki_sha256: verdict.issuer_key,
            status: verdict.status.name(),
            revoked_at: revocation.map(|revocation| revocation.date),
            reason: revocation.and_then(|revocation| revocation.reason).map(|reason| reason.to_string()),
            invalid_since: revocation.and_then(|revocation| revocation.invalid_since),
            why: &verdict.why,
            sources_disagree: verdict.disagree,
            expired: verdict.expired,
            provision: &verdict.provision,
            sources: verdict.sources.iter().map(Source::of).collect(),
        }
    }
}

impl<'a> Source<'a> {
    fn of(source: &'a SourceVerdict) -> Self {
        Self {
            kind: source.kind,
            url: source.url.as_deref(),
            said: source.said.name(),
            trouble: source.trouble.as_ref().map(|trouble| trouble.kind.name()),
            trouble_detail: source.trouble.as_ref().map(|trouble| trouble.text.as_str()),
            this_update: source.this_update,
            next_update: source.next_update,
            crl_number: source.number.as_deref(),
            entries: source.entries,
            fetched_at: source.fetched_at,
            from_cache: source.from_cache,
            note: source.note.as_deref(),
        }
    }
}
