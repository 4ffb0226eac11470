//! The certificates that a report lists: what was found and in no report yet, and what is undetermined still.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::observe::clock;
use crate::rules::Severity;
use crate::watch::alert::Notice;
use crate::watch::follow::{CERTIFICATE_ALERT, FAULT_ALERT};
use crate::watch::state::{Alert, State, StateError};

/// The most certificates that a report lists.
const MOST_LISTED: usize = 10_000;
/// How long a report has to be written before another lists the same.
const HELD: Duration = Duration::from_secs(15);
/// How often is looked whether another report was written.
const LOOKED: Duration = Duration::from_millis(200);

/// A certificate as a report lists it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Listed {
    /// What makes precertificate and certificate one.
    pub(super) tbs_sha256: String,
    /// How much it matters.
    pub(super) severity: Severity,
    /// In one line.
    pub(super) title: String,
    /// In several.
    #[serde(skip)]
    pub(super) text: String,
    /// Whether the issuer is expected, as the contract names it.
    pub(super) expectation: String,
    /// Whether what it claims could be read.
    pub(super) is_determined: bool,
    /// The facts.
    pub(super) details: Value,
}

impl Listed {
    /// The certificate that an alert is about, if it is about one.
    pub(super) fn of(alert: &Alert) -> Option<Self> {
        if alert.kind != CERTIFICATE_ALERT {
            return None;
        }
        let notice = Notice::new(alert);
        let details: Value = notice
            .details
            .as_ref()
            .and_then(|details| serde_json::from_str(details.get()).ok())
            .unwrap_or_default();
        let said = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            tbs_sha256: said(&details["tbs_sha256"]).unwrap_or_else(|| alert.subject.clone()),
            // What cannot be read is no less than what could not be determined.
            severity: notice.severity.unwrap_or(Severity::Medium),
            title: notice.headline(),
            text: notice.text.clone().unwrap_or_default(),
            expectation: said(&details["issuer"]["status"]).unwrap_or_else(|| "undetermined".to_owned()),
            is_determined: details["undetermined"].is_null() && !details.is_null(),
            details,
        })
    }

    /// Whether anything about it that matters could not be determined.
    pub(super) fn is_open(&self) -> bool {
        !self.is_determined || self.expectation == "undetermined"
    }

    fn is_over(&self, now: Timestamp) -> bool {
        let end = self.details["certificate"]["not_after"].as_str();
        end.and_then(|end| end.parse::<Timestamp>().ok()).is_some_and(|end| end < now)
    }
}

/// What a report has to say of certificates. All of them count; some are listed.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// Those that no report had yet.
    pub(super) listed: Vec<Listed>,
    /// How many more there are.
    pub(super) left_out: u64,
    /// What no report had yet of anything but certificates and logs, which have their own lists.
    pub(super) others: Vec<Notice>,
    /// The gravest of them all.
    pub(super) gravest: Option<Severity>,
    /// How many of them are unexpected.
    pub(super) unexpected: u64,
    /// How many of them could not be determined.
    pub(super) open: u64,
    /// Whether who issued is not known of one that is expected to be of some CA, now or before.
    pub(super) is_issuer_open: bool,
    /// Those that were reported as undetermined before, and still are.
    pub(super) open_before: Vec<Listed>,
    /// The ids of the alerts that the report is about.
    pub(super) ids: Vec<String>,
    /// Those of them that are to be named again.
    pub(super) open_ids: Vec<String>,
}

/// Where a certificate is listed, and when its alert was made.
struct Place {
    index: usize,
    created: Timestamp,
}

impl Certificates {
    /// Gathers what no report had yet. What another report is about to list is waited for: it may never come to it.
    pub(super) async fn gather(state: &State) -> Result<Self, StateError> {
        let mut all = Self::default();
        let mut places: HashMap<String, Place> = HashMap::new();
        let mut seen: HashSet<String> = HashSet::new();
        loop {
            let due = state.unreported(HELD).await?;
            if due.is_empty() {
                let own = u64::try_from(all.ids.len()).unwrap_or(u64::MAX);
                if state.count_unreported().await? <= own {
                    break;
                }
                tokio::time::sleep(LOOKED).await;
                continue;
            }
            for due in due {
                // One that took so long that it is due again is listed already.
                if !seen.insert(due.alert.id.clone()) {
                    continue;
                }
                if let Some(listed) = Listed::of(&due.alert) {
                    all.add(listed, &due.alert, &mut places);
                } else if due.alert.kind != FAULT_ALERT {
                    all.add_other(Notice::new(&due.alert));
                }
                all.ids.push(due.alert.id);
            }
        }
        let now = clock::now();
        for alert in state.undetermined().await? {
            match Listed::of(&alert) {
                // What is told anew of it counts.
                Some(listed) if !listed.is_over(now) && !places.contains_key(&listed.tbs_sha256) => {
                    all.is_issuer_open |= listed.expectation == "undetermined";
                    all.open_before.push(listed);
                }
                _ => state.determined(&alert.id).await?,
            }
        }
        Ok(all)
    }

    fn add(&mut self, listed: Listed, alert: &Alert, places: &mut HashMap<String, Place>) {
        self.gravest = self.gravest.max(Some(listed.severity));
        if listed.is_open() {
            self.open = self.open.saturating_add(1);
            self.open_ids.push(alert.id.clone());
        }
        self.is_issuer_open |= listed.expectation == "undetermined";
        if listed.expectation == "unexpected" {
            self.unexpected = self.unexpected.saturating_add(1);
        }
        if let Some(place) = places.get_mut(&listed.tbs_sha256) {
            // A later alert of the same certificate says more of it.
            if let Some(known) = self.listed.get_mut(place.index).filter(|_| place.created <= alert.created) {
                *known = listed;
                place.created = alert.created;
            }
        } else if self.listed.len() < MOST_LISTED {
            let place = Place { index: self.listed.len(), created: alert.created };
            places.insert(listed.tbs_sha256.clone(), place);
            self.listed.push(listed);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// An alert of another kind.
    fn add_other(&mut self, notice: Notice) {
        self.gravest = self.gravest.max(notice.severity);
        if self.others.len() < MOST_LISTED {
            self.others.push(notice);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The report was written.
    pub(super) async fn were_reported(&self, state: &State) -> Result<(), StateError> {
        state.reported(&self.ids, &self.open_ids).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::state::{NewAlert, Place, REPORT, StateOptions};

    #[test]
    fn alerts_of_every_kind_stand_in_one_report() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("state.db"));
        let options = StateOptions { channels: vec![REPORT.to_owned()], most_octets: None };
        let alert = |kind: &str, severity: &str| NewAlert {
            kind: kind.to_owned(),
            subject: "ab".repeat(32),
            payload: serde_json::json!({"title": kind, "severity": severity}).to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State::open(&place, &options).await.unwrap();
            for (kind, severity) in
                [("certificate", "low"), ("log_fault", "critical"), ("revocation", "high")]
            {
                state.add_alert(&alert(kind, severity)).await.unwrap();
            }
            let all = Certificates::gather(&state).await.unwrap();
            assert_eq!((all.listed.len(), all.listed[0].severity), (1, Severity::Low));
            assert_eq!((all.others.len(), all.others[0].kind.as_str()), (1, "revocation"));
            assert_eq!(all.gravest, Some(Severity::High), "logs have findings of their own");
            all.were_reported(&state).await.unwrap();
            let again = Certificates::gather(&state).await.unwrap();
            assert_eq!((again.listed.len(), again.others.len()), (0, 0));
        });
    }
}
