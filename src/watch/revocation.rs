//! Whether the unexpected certificates that were found are revoked by now, asked again and again.
//!
//! What the state holds is judged as `pinstead issuance --state` judges it. An alert is made once for each certificate and
//! each thing that is to be told of it: the outbox of the state sees to that, for however many processes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::state::{NewAlert, State, StateError};
use crate::dns_name::DnsName;
use crate::evidence::Request;
use crate::evidence::issuance::{self, IssuanceEvidence};
use crate::evidence::revocation::{Reach, add_each_once};
use crate::issuance::revocation::RevocationToday;
use crate::issuance::{IssuanceVerdict, JudgedCertificate};
use crate::judge::{Inputs, IssuanceJudge};
use crate::observe::crl::{Allowance, CrlClient};
use crate::observe::http::HttpClient;
use crate::observe::issuance::{AskedSource, Asking, WatchState, ask};
use crate::report::human::safe;
use crate::revocation::Status;
use crate::rules::Severity;
use crate::x509::{CertificateSha256, hexadecimal};

/// The kind of the alerts about revocations.
pub const REVOCATION_ALERT: &str = "revocation";

/// Within what time a CA has to answer a report, and to publish a revocation (Baseline Requirements 4.9.5, 4.9.7).
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Looks at the unexpected certificates of the state.
#[derive(Debug)]
pub struct Revocations {
    /// What they are judged by.
    pub inputs: Inputs,
    /// The CAs that are expected instead of the policy's; whether CRLs are asked is not of it.
    pub request: Request,
    /// The names that are watched.
    pub names: Vec<DnsName>,
    /// Where the state is, without anything secret.
    pub place: String,
    /// Who fetches the lists.
    pub client: CrlClient,
    /// Who would ask other sources.
    pub http: HttpClient,
}

/// What one look gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// How many unexpected certificates can still be used.
    pub certificates: usize,
    /// How many of them are revoked.
    pub revoked: usize,
    /// How many are not revoked though their CA had a day.
    pub overdue: usize,
    /// Of how many that is not known.
    pub open: usize,
    /// What is new, one line each.
    pub told: Vec<String>,
    seen: HashSet<String>,
}

impl Revocations {
    /// Looks once, as of `now`, and puts what is to be told into the outbox.
    pub async fn look(&self, state: &Arc<State>, now: Timestamp) -> Result<Looked, StateError> {
        let mut looked = Looked::default();
        for name in &self.names {
            let evidence = self.read(state, name).await;
            self.look_at(&evidence, state, now, &mut looked).await?;
        }
        Ok(looked)
    }

    /// Looks at what the state has about one name.
    pub async fn look_at(
        &self,
        evidence: &IssuanceEvidence,
        state: &State,
        now: Timestamp,
        looked: &mut Looked,
    ) -> Result<(), StateError> {
        let (mut verdict, wanted) = self.unexpected(evidence, now);
        if verdict.certificates.is_empty() {
            return Ok(());
        }
        let mut crls = Vec::new();
        for (questions, reach) in [(wanted.public, Reach::Public), (wanted.own, Reach::Anywhere)] {
            if !questions.is_empty() {
                add_each_once(&mut crls, self.client.fetch(questions, reach, Allowance::ISSUED).await);
            }
        }
        let judge = |verdict: &mut IssuanceVerdict| {
            let judge = IssuanceJudge::new(&self.request, &self.inputs, now);
            judge.judge_revocation(evidence, verdict, &crls);
        };
        judge(&mut verdict);
        let first_seen = first_seen(evidence);
        for judged in &verdict.certificates {
            let found = first_seen_of(judged, &first_seen);
            // A certificate may be for several watched names.
            if !looked.seen.insert(judged.certificate.label()) {
                continue;
            }
            if let Some(alert) = looked.count(&verdict.name, judged, found, now) {
                let title = alert.title.clone();
                if state.add_alert(&alert.into_new()).await?.is_some() {
                    looked.told.push(title);
                }
            }
        }
        Ok(())
    }

    /// What the state has about a name.
    async fn read(&self, state: &Arc<State>, name: &DnsName) -> IssuanceEvidence {
        let source = WatchState { state: Arc::clone(state), place: self.place.clone(), is_watched: None };
        let asking = Asking {
            name: name.clone(),
            http: self.http.clone(),
            sources: vec![AskedSource::WatchState(source)],
        };
        IssuanceEvidence { observation: ask(&asking).await, caa: Vec::new() }
    }

    /// The unexpected certificates, and the lists that they name.
    fn unexpected(
        &self,
        evidence: &IssuanceEvidence,
        now: Timestamp,
    ) -> (IssuanceVerdict, crate::judge::IssuedCrls) {
        let judge = IssuanceJudge::new(&self.request, &self.inputs, now);
        let mut verdict = judge.judge(evidence, now);
        verdict.certificates.retain(|judged| judged.is_unexpected() && judged.life.can_be_used());
        let wanted = judge.crl_questions(evidence, &verdict);
        (verdict, wanted)
    }
}

/// When each certificate was found, by its hash and its precertificate's.
fn first_seen(evidence: &IssuanceEvidence) -> HashMap<CertificateSha256, Timestamp> {
    let mut found = HashMap::new();
    for source in &evidence.observation.sources {
        let issuance::Told::WatchState(reading) = &source.told else { continue };
        for logged in &reading.certificates {
            for der in logged.certificate.iter().chain(&logged.precertificate) {
                found.insert(CertificateSha256::of(der), logged.first_seen);
            }
        }
    }
    found
}

fn first_seen_of(
    judged: &JudgedCertificate,
    first_seen: &HashMap<CertificateSha256, Timestamp>,
) -> Option<Timestamp> {
    let hashes = [judged.certificate.sha256, judged.certificate.precertificate_sha256];
    hashes.into_iter().flatten().filter_map(|hash| first_seen.get(&hash)).min().copied()
}

/// An alert before it is written down.
struct Told {
    subject: String,
    severity: Severity,
    title: String,
    text: String,
    details: serde_json::Value,
}

impl Told {
    fn into_new(self) -> NewAlert {
        let payload = json!({
            "title": self.title, "severity": self.severity, "text": self.text, "details": self.details,
        });
        NewAlert { kind: REVOCATION_ALERT.to_owned(), subject: self.subject, payload: payload.to_string() }
    }
}

impl Looked {
    /// Counts one certificate; gives what there is to tell of it.
    fn count(
        &mut self,
        name: &DnsName,
        judged: &JudgedCertificate,
        found: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Told> {
        self.certificates += 1;
        let is_overdue = found.is_some_and(|found| now.duration_since(found) >= GRACE);
        let verdict = judged.revocation.verdict();
        let why = match &judged.revocation {
            RevocationToday::Judged(verdict) => verdict.why.clone(),
            RevocationToday::NotChecked(why) => format!("It could not be looked at: {why}."),
            RevocationToday::NotAsked | RevocationToday::NotNeeded => return None,
        };
        let (state, severity, title, advice) = match verdict.map(|verdict| verdict.status) {
            Some(Status::Revoked(revocation)) => {
                self.revoked += 1;
                let title = format!("Unexpected certificate for {name} is {}", revocation.in_words());
                (
                    "revoked",
                    Severity::Info,
                    title,
                    "Whoever looks revocations up refuses it by now; not all do.",
                )
            }
            Some(Status::Good) if is_overdue => {
                self.overdue += 1;
                let title = format!("Unexpected certificate for {name} is still not revoked after 24 hours");
                let advice = "Report it to its CA by the contact in its CPS or in CCADB, with proof that the name is \
                              yours, and ask again what became of a report that was made (REV008).";
                ("unrevoked", Severity::High, title, advice)
            }
            Some(Status::Good) => return None,
            Some(Status::Undetermined) | None => {
                self.open += 1;
                if !is_overdue {
                    return None;
                }
                let title = format!(
                    "Whether an unexpected certificate for {name} is revoked is not known after 24 hours"
                );
                (
                    "unknown",
                    Severity::Medium,
                    title,
                    "Look it up by hand, at the place that the certificate names.",
                )
            }
        };
        let it = &judged.certificate;
        let issuer = it.issuer_name.as_deref().unwrap_or("not known");
        // What a line has from outside makes no further ones.
        let lines =
            [why, format!("Issuer, as claimed: {issuer}"), format!("The {}.", it.label()), advice.to_owned()];
        let text = lines.map(|line| safe(&line).into_owned()).join("\n");
        let title = safe(&title).into_owned();
        let hash = it.tbs_sha256.map_or_else(|| it.label(), |hash| hexadecimal(&hash));
        let details = json!({
            "status": judged.revocation.name(),
            "tbs_sha256": it.tbs_sha256.map(|hash| hexadecimal(&hash)),
            "certificate_sha256": it.sha256.map(|hash| hash.to_string()),
            "precertificate_sha256": it.precertificate_sha256.map(|hash| hash.to_string()),
            "serial": it.serial,
            "issuer": it.issuer_name,
            "issuer_owner": it.issuer.owner,
            "watched": name,
            "first_seen": found,
            "not_after": it.not_after,
            "revoked_at": judged.revocation.revocation().map(|revocation| revocation.date),
        });
        Some(Told { subject: format!("{hash}:{state}"), severity, title, text, details })
    }
}
