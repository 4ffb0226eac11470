//! Whether the unexpected certificates that were found are revoked by now, asked again and again.
//!
//! What the state holds is read page by page, however many names are watched, and judged as `pinstead issuance --state`
//! judges it. An alert is made once for each certificate and each thing that is to be told of it: the outbox of the state
//! sees to that, for however many processes.

mod before;
mod looked;
mod names;
mod told;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use self::before::Before;
pub use self::looked::{Looked, RevocationOfFound};
use self::looked::{Standing, found_at};
use self::names::to_judge;
use crate::dns_name::DnsName;
use crate::evidence::issuance::{
    IssuanceEvidence, IssuanceObservation, IssuanceSource, LoggedCertificate, Told, WatchStateReading,
};
use crate::evidence::revocation::{Crls, Reach, add_each_once};
use crate::evidence::{Bytes, Request};
use crate::issuance::IssuanceVerdict;
use crate::issuance::issuers::Issuers;
use crate::issuance::names::WatchedNames;
use crate::judge::{Inputs, IssuanceJudge, IssuedCrls};
use crate::observe::clock::Stopwatch;
use crate::observe::crl::{Allowance, CrlClient};
use crate::observe::issuance::StatePages;
use crate::rules::revocation::unrevoked_findings;
use crate::watch::state::{State, StateError};

/// The kind of the alerts about revocations.
pub const REVOCATION_ALERT: &str = "revocation";

/// For how long a look begins to fetch lists, in milliseconds; the next look begins with those that it knows.
const LONGEST_LOOK: u64 = 3_600_000;

/// Looks at the unexpected certificates of the state.
#[derive(Debug)]
pub struct Revocations {
    /// What they are judged by.
    pub inputs: Inputs,
    /// The CAs that are expected instead of the policy's; whether CRLs are asked is not of it.
    pub request: Request,
    /// The names that are watched.
    pub watched: Arc<WatchedNames>,
    /// Where the state is, without anything secret.
    pub place: String,
    /// Who fetches the lists.
    pub client: CrlClient,
}

/// The unexpected certificates of a page.
struct Unexpected {
    /// What they are judged by again, with their lists.
    evidence: IssuanceEvidence,
    /// All in one verdict.
    verdict: IssuanceVerdict,
    /// Of each, in the verdict's order: the watched name, and since when it is known.
    found: Vec<(DnsName, Option<Timestamp>)>,
    wanted: IssuedCrls,
}

impl Revocations {
    /// Looks once, as of `now`, puts what is to be told into the outbox, and has the state keep what was seen.
    pub async fn look(&self, state: &State, now: Timestamp) -> Result<Looked, StateError> {
        let mut looked = Looked::new(now);
        let watch = Stopwatch::start();
        let mut pages = StatePages::open(state, now).await?;
        let issuers = self.inputs.pool_with(pages.issuers());
        while let Some(page) = pages.next().await? {
            let left = LONGEST_LOOK.saturating_sub(watch.milliseconds());
            let time = Allowance::ISSUED.time.min(std::time::Duration::from_millis(left));
            let allowance = Allowance { time, ..Allowance::ISSUED };
            self.look_at(&page, (&issuers, allowance), state, &mut looked).await?;
        }
        looked.sort();
        let kept: Result<Vec<String>, _> = looked.certificates.iter().map(serde_json::to_string).collect();
        let kept = kept.map_err(|error| StateError::Damaged(error.to_string()))?;
        state.keep_revocations(&looked.numbers(), &kept).await?;
        Ok(looked)
    }

    /// Looks at certificates of the state, with the certificates of CAs that are at hand beside those above them.
    pub async fn look_at(
        &self,
        page: &WatchStateReading,
        (issuers, allowance): (&Arc<Issuers>, Allowance),
        state: &State,
        looked: &mut Looked,
    ) -> Result<(), StateError> {
        let Some(mut unexpected) = self.unexpected(page, issuers, looked.at) else { return Ok(()) };
        let mut crls = Crls::new();
        let wanted = std::mem::take(&mut unexpected.wanted);
        for (questions, reach) in [(wanted.public, Reach::Public), (wanted.own, Reach::Anywhere)] {
            if !questions.is_empty() {
                add_each_once(&mut crls, self.client.fetch(questions, reach, allowance).await);
            }
        }
        self.judge(issuers, looked.at).judge_revocation(&unexpected.evidence, &mut unexpected.verdict, &crls);
        let acknowledged = state.acknowledged(REVOCATION_ALERT).await?;
        let before = Before::of(&unexpected.verdict.certificates, state).await?;
        let mut pressing = Vec::new();
        for (judged, (name, found)) in unexpected.verdict.certificates.iter().zip(&unexpected.found) {
            let told = before.revocation(judged, looked.at);
            let standing = if told.is_some() { Standing::Revoked } else { looked.standing(judged, *found) };
            let alert = told::alert(name, judged, *found, standing);
            let is_known = alert.as_ref().is_some_and(|alert| alert.is_among(&acknowledged));
            looked.add((name, judged), *found, (standing, is_known), told);
            if standing == (Standing::Good { is_overdue: true }) && !is_known {
                pressing.push(judged);
            }
            let Some(alert) = alert else { continue };
            let title = alert.title.clone();
            if state.add_alert(&alert.into_new()).await?.is_some() {
                looked.told.push(title);
            }
        }
        looked.findings.extend(unrevoked_findings(&pressing));
        Ok(())
    }

    fn judge(&self, issuers: &Arc<Issuers>, now: Timestamp) -> IssuanceJudge<'_> {
        IssuanceJudge::new(&self.request, &self.inputs, now).by_issuers(Arc::clone(issuers))
    }

    /// The unexpected certificates of a page that can be used, and the lists that they name.
    fn unexpected(
        &self,
        page: &WatchStateReading,
        issuers: &Arc<Issuers>,
        now: Timestamp,
    ) -> Option<Unexpected> {
        let judge = self.judge(issuers, now);
        let above: HashMap<[u8; 32], &Bytes> =
            page.issuers.iter().map(|der| (Sha256::digest(&der.0).into(), der)).collect();
        let mut all: Option<IssuanceVerdict> = None;
        let mut found = Vec::new();
        let mut certificates = Vec::new();
        for logged in &page.certificates {
            for name in to_judge(logged, &self.watched, &self.inputs.policy) {
                let evidence = self.evidence(name, alone(logged, page, &above), now);
                let mut verdict = judge.judge(&evidence, now);
                verdict.certificates.retain(|judged| judged.is_unexpected() && judged.life.can_be_used());
                if verdict.certificates.is_empty() {
                    continue;
                }
                for judged in &verdict.certificates {
                    found.push((name.clone(), found_at(logged, judged.certificate.not_before, now)));
                }
                certificates.push(logged.clone());
                match &mut all {
                    Some(all) => all.certificates.append(&mut verdict.certificates),
                    None => all = Some(verdict),
                }
                // Once a certificate: for which of its names it is unexpected is no matter.
                break;
            }
        }
        let verdict = all?;
        let reading =
            WatchStateReading { certificates, issuers: page.issuers.clone(), ..WatchStateReading::default() };
        let evidence = self.evidence(&verdict.name, reading, now);
        let wanted = judge.crl_questions(&evidence, &verdict);
        Some(Unexpected { evidence, verdict, found, wanted })
    }

    fn evidence(&self, name: &DnsName, reading: WatchStateReading, now: Timestamp) -> IssuanceEvidence {
        let source = IssuanceSource {
            asked_at: now,
            place: self.place.clone(),
            broken_off: None,
            told: Told::WatchState(reading),
        };
        let observation = IssuanceObservation { name: name.clone(), sources: vec![source] };
        IssuanceEvidence { observation, caa: Vec::new() }
    }
}

/// What a page has of one certificate: where it stands, and what is above it there.
fn alone(
    logged: &LoggedCertificate,
    page: &WatchStateReading,
    above: &HashMap<[u8; 32], &Bytes>,
) -> WatchStateReading {
    let is_seen = |id: &String| logged.sightings.iter().any(|sighting| sighting.log_id == *id);
    let mut issuers: Vec<Bytes> = Vec::new();
    for hash in logged.sightings.iter().flat_map(|sighting| &sighting.chain) {
        let der = <[u8; 32]>::try_from(hash.0.as_slice()).ok().and_then(|hash| above.get(&hash));
        if let Some(der) = der.filter(|der| !issuers.contains(der)) {
            issuers.push((*der).clone());
        }
    }
    WatchStateReading {
        is_watched: Some(true),
        logs: page.logs.iter().filter(|log| is_seen(&log.log_id)).cloned().collect(),
        certificates: vec![logged.clone()],
        issuers,
        looks: None,
        alerts: None,
    }
}

#[cfg(test)]
mod tests;
