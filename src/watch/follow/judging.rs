//! What found certificates are judged by: the judge of `pinstead issuance`, for each watched name that one claims.
//!
//! An entry is handed to it as the state of `watch` would be: leaf, what stands beside it, and whether its place in the
//! log is proven. So a certificate has one verdict, whoever asks.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::kept::KeptIssuers;
use super::label::LogLabel;
use crate::ca::expectation::{self, Expectation, IssuerVerdict};
use crate::ca::issuer::{self, Issuer};
use crate::dns_name::DnsName;
use crate::evidence::issuance::{
    FollowedLog, IssuanceEvidence, IssuanceObservation, IssuanceSource, LogSighting, LoggedCertificate, Told,
    WatchStateReading,
};
use crate::evidence::{Bytes, Request};
use crate::issuance::JudgedCertificate;
use crate::issuance::issuers::Issuers;
use crate::issuance::names::WatchedNames;
use crate::judge::{Inputs, IssuanceJudge};
use crate::rules::{self, Finding};
use crate::watch::batch::FoundEntry;
use crate::watch::state::{State, StateError};
use crate::x509::SpkiSha256;

/// For how many watched names one certificate is judged each by each; of more, for one of those that the policy has the
/// same wishes for.
const MOST_JUDGED: usize = 32;

/// The rules that tell of a certificate itself; the others tell of sources.
const OF_CERTIFICATES: [&str; 9] =
    ["CRT001", "CRT002", "CRT003", "CRT005", "CRT006", "CRT007", "CRT009", "CRT015", "CRT017"];

/// What found certificates are judged by.
#[derive(Debug)]
pub struct Judging {
    inputs: Inputs,
    request: Wished,
    pub(super) watched: Arc<WatchedNames>,
    pub(super) is_test: bool,
    kept: KeptIssuers,
}

/// What is known of an entry beside its octets.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The log that it stands in.
    pub log: &'a LogLabel,
    /// The certificates above it, as far as they are there.
    pub issuers: &'a [Bytes],
    /// All other issuers that are known, which may tell whose name is borne: those of the inputs where there are none.
    pub others: Option<&'a Arc<Issuers>>,
    /// Why some of them are missing, if they are.
    pub missing: Option<&'a str>,
    /// Whether the log's tree was rebuilt up to it, and gave the signed root, and the log has no fault.
    pub is_proven: bool,
    /// As of when it is judged.
    pub at: Timestamp,
}

/// What was judged of an entry.
pub(super) struct Judgement {
    /// The certificate by the name for which it is gravest; none where it cannot be read.
    pub(super) certificate: Option<JudgedCertificate>,
    /// Whether its issuer is expected.
    pub(super) issuer: IssuerVerdict,
    /// What the rules find in it.
    pub(super) findings: Vec<Finding>,
}

impl Judging {
    /// Judges by the policy and the CAs of `inputs`; `expect_ca` stands instead of the policy's expected CAs.
    pub fn new(inputs: Inputs, expect_ca: Vec<String>, watched: Arc<WatchedNames>) -> Self {
        // What CAA says is not looked up.
        let request = Request { expect_ca, offline: true, ..Request::default() };
        let request = Wished::new(request, &inputs, &watched);
        Self { inputs, request, watched, is_test: false, kept: KeptIssuers::default() }
    }

    /// A hash of what is wished of the names that are watched, none where nothing is: a verdict for which nothing was
    /// wished is not one for whoever expects something.
    pub(super) fn wishes(&self) -> Option<[u8; 32]> {
        self.request.wishes
    }

    /// The same for a test, whose alerts say so.
    #[must_use]
    pub fn testing(mut self) -> Self {
        self.is_test = true;
        self
    }

    /// The issuers that the state keeps, these, and those of the inputs: what is judged by beside an entry's own.
    pub(super) async fn others(
        &self,
        state: &State,
        these: impl IntoIterator<Item = &Bytes>,
    ) -> Result<Arc<Issuers>, StateError> {
        let mut others = Issuers::over(self.kept.pool(state, &self.inputs).await?);
        these.into_iter().for_each(|der| others.add_der(der));
        Ok(Arc::new(others))
    }

    /// Judges an entry for the watched names that it claims. `logged_key` is the issuer's key by its leaf.
    pub(super) fn judge(
        &self,
        entry: &FoundEntry,
        certificate: Option<&Bytes>,
        logged_key: Option<SpkiSha256>,
        claims: &BTreeSet<DnsName>,
        standing: &Standing<'_>,
    ) -> Judgement {
        let source = source(entry, certificate, standing);
        let mut judge = IssuanceJudge::new(&self.request, &self.inputs, standing.at);
        if let Some(others) = standing.others {
            judge = judge.by_issuers(Arc::clone(others));
        }
        let mut gravest: Option<JudgedCertificate> = None;
        let mut findings: Vec<Finding> = Vec::new();
        for name in self.to_judge(claims) {
            let observation = IssuanceObservation { name: name.clone(), sources: vec![source.clone()] };
            let evidence = IssuanceEvidence { observation, caa: Vec::new() };
            let verdict = judge.judge(&evidence, standing.at);
            for finding in rules::issuance::findings(&verdict) {
                let is_told = findings.iter().any(|told| {
                    told.rule == finding.rule
                        && (told.message == finding.message || told.rule != "CRT006" && told.rule != "CRT007")
                });
                if OF_CERTIFICATES.contains(&finding.rule) && !is_told {
                    findings.push(finding);
                }
            }
            for judged in verdict.certificates {
                if gravest.as_ref().is_none_or(|known| gravity(&judged) > gravity(known)) {
                    gravest = Some(judged);
                }
            }
        }
        let mut issuer = match &gravest {
            Some(judged) => judged.issuer.clone(),
            None => self.of_issuer(&Issuer::default(), claims),
        };
        if issuer.expectation == Expectation::Undetermined && logged_key.is_some() {
            // What a leaf says excuses nobody before it is proven; it accuses all the same.
            let owner_of = |key: &SpkiSha256| self.inputs.owner_of(key);
            let by_leaf = self.of_issuer(&issuer::identify(&[], logged_key, owner_of), claims);
            if by_leaf.expectation == Expectation::Unexpected {
                issuer = by_leaf;
            }
        }
        Judgement { certificate: gravest, issuer, findings }
    }

    /// The gravest verdict on an issuer, of those for each watched name.
    fn of_issuer(&self, issuer: &Issuer, claims: &BTreeSet<DnsName>) -> IssuerVerdict {
        let is_known = |name: &str| self.inputs.is_known_ca(name);
        let judge = |expected: Option<&[String]>| expectation::judge(issuer.clone(), expected, &is_known);
        let judged = self
            .to_judge(claims)
            .into_iter()
            .map(|name| judge(self.inputs.expected(&self.request, Some(name))));
        // Nothing is expected of what names nobody of ours.
        judged.max_by_key(|verdict| rank(verdict.expectation)).unwrap_or_else(|| judge(None))
    }

    /// The names to judge for: a wildcard may cover a million, and the policy has some wishes.
    fn to_judge<'a>(&self, claims: &'a BTreeSet<DnsName>) -> Vec<&'a DnsName> {
        if claims.len() <= MOST_JUDGED {
            return claims.iter().collect();
        }
        let mut seen = HashSet::new();
        let domains = &self.inputs.policy.domain;
        let wishes = |name: &DnsName| {
            let above = domains.iter().enumerate().filter(|(_, domain)| name.is_at_or_below(&domain.name));
            above.max_by_key(|(_, domain)| domain.name.labels().count()).map(|(place, _)| place)
        };
        claims.iter().filter(|name| seen.insert(wishes(name))).collect()
    }
}

/// What is asked, and what is wished besides.
#[derive(Debug)]
struct Wished {
    request: Request,
    wishes: Option<[u8; 32]>,
}

impl Wished {
    fn new(request: Request, inputs: &Inputs, watched: &WatchedNames) -> Self {
        let policy = &inputs.policy;
        let is_any = !request.expect_ca.is_empty()
            || policy.expect_ca.is_some()
            || !policy.private_ca.is_empty()
            || !policy.domain.is_empty()
            || !policy.accepted_certificate.is_empty();
        // Another version may write it in another way: then all is judged once more.
        let wishes = is_any.then(|| {
            let mut names: Vec<String> = watched.names().iter().map(|name| format!("{name:?}")).collect();
            names.sort_unstable();
            let accepted = &policy.accepted_certificate;
            let expected = (&request.expect_ca, &policy.expect_ca);
            let wished = (expected, &policy.private_ca, &policy.domain, accepted, names);
            Sha256::digest(format!("{wished:?}")).into()
        });
        Self { request, wishes }
    }
}

impl std::ops::Deref for Wished {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

fn rank(expectation: Expectation) -> u8 {
    match expectation {
        Expectation::Unexpected => 3,
        Expectation::Undetermined => 2,
        Expectation::NoExpectation => 1,
        Expectation::Expected => 0,
    }
}

fn gravity(judged: &JudgedCertificate) -> (bool, u8) {
    (judged.forged.is_some(), rank(judged.issuer.expectation))
}

/// The entry as the state tells of it.
fn source(entry: &FoundEntry, certificate: Option<&Bytes>, standing: &Standing<'_>) -> IssuanceSource {
    let log = FollowedLog {
        log_id: standing.log.id.clone(),
        description: standing.log.name.clone(),
        start: 0,
        proven: if standing.is_proven { entry.index.saturating_add(1) } else { 0 },
        read: 0,
        searched: None,
        head_size: None,
        head_at: None,
        head_seen: None,
        faults: Vec::new(),
        following: None,
    };
    let sighting = LogSighting {
        log_id: standing.log.id.clone(),
        index: entry.index,
        is_proven: standing.is_proven,
        leaf: entry.leaf.clone(),
        chain: standing.issuers.iter().map(|der| Bytes(Sha256::digest(&der.0).to_vec())).collect(),
        seen: standing.at,
    };
    let found = LoggedCertificate {
        first_seen: standing.at,
        certificate: certificate.cloned(),
        precertificate: entry.beside.precertificate.clone(),
        sightings: vec![sighting],
    };
    let told = WatchStateReading {
        is_watched: Some(true),
        logs: vec![log],
        certificates: vec![found],
        issuers: standing.issuers.to_vec(),
        looks: None,
        alerts: None,
    };
    IssuanceSource {
        asked_at: standing.at,
        place: standing.log.name.clone(),
        broken_off: None,
        told: Told::WatchState(told),
    }
}
