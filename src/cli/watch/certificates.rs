//! What a report says of certificates: what was found and in no report yet, by whomever, and what is undetermined still;
//! all by the wishes of whoever reports.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::again::Judge;
use super::listed::Listed;
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::observe::clock::{self, Stopwatch};
use crate::rules::Severity;
use crate::watch::alert::Notice;
use crate::watch::follow::FAULT_ALERT;
use crate::watch::state::{Alert, Due, State, StateError};

/// The most certificates that a report lists.
const MOST_LISTED: usize = 10_000;
/// How long a report has to be written before another lists the same.
const HELD: Duration = Duration::from_secs(15);
/// How often is looked whether another report was written.
const LOOKED: Duration = Duration::from_millis(200);

/// What a report has to say of certificates. All of them count; some are listed.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// Those that no report had yet.
    pub(super) listed: Vec<Listed>,
    /// How many more there are.
    pub(super) left_out: u64,
    /// What no report had yet of anything but certificates and logs, which have their own lists.
    pub(super) others: Vec<Notice>,
    /// The faults of logs that no report had yet.
    pub(super) faults: Vec<LogFault>,
    /// The gravest of the certificates and others.
    pub(super) gravest: Option<Severity>,
    /// How many of them, and of the others, are how grave.
    pub(super) by_severity: BTreeMap<Severity, u64>,
    /// Whether one is for a name for which nobody says which CAs are expected.
    pub(super) is_without_expectation: bool,
    /// How many of them are unexpected: by their CA, a forged name of one, or a key or name that the owner does not list.
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
    /// How many certificates are for names that are not watched here, and are left to whoever watches those.
    pub(super) of_others: u64,
    /// The alerts about them.
    pub(super) left: Vec<String>,
    /// The alerts about each content.
    pub(super) ids_of: HashMap<String, Vec<String>>,
}

/// Whether that began so long ago.
fn lasts(since: Stopwatch, time: Duration) -> bool {
    u128::from(since.milliseconds()) >= time.as_millis()
}

/// The fault that an alert is about.
fn fault_of(alert: &Alert) -> Option<LogFault> {
    let notice = Notice::new(alert);
    let details: Value = serde_json::from_str(notice.details.as_ref()?.get()).ok()?;
    let said = |value: &Value| value.as_str().map(str::to_owned);
    let log = said(&details["log"]["name"])?;
    // In a line: the log, and what is wrong with it.
    let line = notice.text.as_deref()?.lines().next().unwrap_or_default();
    let text = line.strip_prefix(&format!("{log}: ")).unwrap_or(line).trim_end_matches('.').to_owned();
    Some(LogFault {
        log,
        log_id: said(&details["log"]["id"])?,
        kind: FaultKind::from_name(details["fault"].as_str()?)?,
        text,
        url: said(&details["log"]["url"]),
    })
}

/// Alerts that no other report lists for a time.
struct Hold {
    since: Stopwatch,
    time: Duration,
}

impl Hold {
    /// Holds them on, where it is time.
    async fn renew(&mut self, state: &State, ids: &[String]) -> Result<(), StateError> {
        if lasts(self.since, self.time / 3) {
            state.hold_unreported(ids, self.time).await?;
            self.since = Stopwatch::start();
        }
        Ok(())
    }
}

/// The alert by which a certificate is listed.
struct Place {
    index: usize,
    id: String,
    created: Timestamp,
}

/// By what precertificate and certificate have in common: where the certificates of that content are listed.
type Places = HashMap<String, Vec<Place>>;

impl Certificates {
    /// Gathers what no report had yet, whoever found it, and judges it by our wishes. What another report is about to list
    /// is waited for: it may never come to it.
    pub(super) async fn gather(state: &State, judge: &mut Judge) -> Result<Self, StateError> {
        Self::gather_holding(state, judge, HELD).await
    }

    /// The same, with each held for so long: however slow the state is, it ends with what is there.
    async fn gather_holding(state: &State, judge: &mut Judge, held: Duration) -> Result<Self, StateError> {
        let mut all = Self::default();
        let mut places = Places::new();
        let mut seen: HashSet<String> = HashSet::new();
        // Certificates for names that are not ours: whoever watches those is to have them in a report.
        let mut of_others: HashSet<String> = HashSet::new();
        let (mut renewal, mut waited) = (Hold { since: Stopwatch::start(), time: held }, None);
        state.take_up_unreported().await?;
        loop {
            let due = state.unreported(held).await?;
            // They come in the order in which they are due: behind one that was held for too long, none is new.
            let is_new = !due.is_empty() && due.iter().all(|due| !seen.contains(&due.alert.id));
            for due in due {
                // One that took so long that it is due again is listed already.
                if !seen.insert(due.alert.id.clone()) {
                    continue;
                }
                let id = due.alert.id.clone();
                if let Some(left_out) = all.take(due, &mut places) {
                    let hash = left_out.tbs_sha256.clone();
                    if let Some(judged) = judge.again(state, left_out, true).await? {
                        all.left_out = all.left_out.saturating_add(1);
                        all.count_one(&judged, &id);
                    } else {
                        of_others.insert(hash);
                    }
                }
                renewal.renew(state, &all.ids).await?;
            }
            if is_new {
                waited = None;
                continue;
            }
            renewal.renew(state, &all.ids).await?;
            let own = u64::try_from(all.ids.len()).unwrap_or(u64::MAX);
            // Who holds some for longer than one who died can hold them is about to list them.
            let since = *waited.get_or_insert_with(Stopwatch::start);
            if state.count_unreported().await? <= own || lasts(since, held.saturating_add(LOOKED * 5)) {
                break;
            }
            tokio::time::sleep(LOOKED).await;
        }
        let mut ours = Vec::new();
        for listed in std::mem::take(&mut all.listed) {
            let is_alone = places.get(&listed.tbs_sha256).is_none_or(|places| places.len() <= 1);
            let hash = listed.tbs_sha256.clone();
            let judged = judge.again(state, listed, is_alone).await?;
            if judged.is_none() {
                of_others.insert(hash);
            }
            ours.push(judged);
            renewal.renew(state, &all.ids).await?;
        }
        all.keep_ours(ours, &mut places, &of_others);
        all.count(&places);
        all.gather_open(state, judge, &places).await?;
        Ok(all)
    }

    /// Those that were reported as undetermined, and are so still by our wishes.
    async fn gather_open(
        &mut self,
        state: &State,
        judge: &mut Judge,
        places: &Places,
    ) -> Result<(), StateError> {
        let now = clock::now();
        for alert in state.undetermined().await? {
            let Some(listed) = Listed::of(&alert).filter(|listed| !listed.is_over(now)) else {
                state.determined(&alert.id).await?;
                continue;
            };
            // What is told anew of it counts.
            let is_told = self.is_told_anew(&listed, places);
            match judge.still_open(state, listed).await? {
                Some(open) if !is_told => {
                    self.is_issuer_open |= open.expectation == "undetermined";
                    let key = open.issuer_key();
                    let is_same =
                        |known: &Listed| known.tbs_sha256 == open.tbs_sha256 && known.issuer_key() == key;
                    if !self.open_before.iter().any(is_same) {
                        self.open_before.push(open);
                    }
                }
                // Others may wish something else.
                _ => state.determined_for_us(&alert.id).await?,
            }
        }
        Ok(())
    }

    /// Lists those that are ours, and leaves the others for whoever watches their names.
    fn keep_ours(&mut self, judged: Vec<Option<Listed>>, places: &mut Places, of_others: &HashSet<String>) {
        let mut moved = HashMap::new();
        for (index, one) in judged.into_iter().enumerate() {
            let is_ours = |one: &Listed| !of_others.contains(&one.tbs_sha256);
            // By what is known now, two that were told may be the same one; none is dropped for a milder one.
            let is_new = |one: &Listed| {
                let says_it_all = |known: &Listed| {
                    (&known.tbs_sha256, known.issuer_key()) == (&one.tbs_sha256, one.issuer_key())
                        && (known.severity >= one.severity && known.is_open() >= one.is_open())
                };
                !self.listed.iter().any(says_it_all)
            };
            if let Some(one) = one.filter(|one| is_ours(one) && is_new(one)) {
                moved.insert(index, self.listed.len());
                self.listed.push(one);
            }
        }
        for places in places.values_mut() {
            places.retain_mut(|place| match moved.get(&place.index) {
                Some(index) => {
                    place.index = *index;
                    true
                }
                None => false,
            });
        }
        let theirs: HashSet<String> =
            of_others.iter().filter_map(|hash| self.ids_of.remove(hash)).flatten().collect();
        self.ids.retain(|id| !theirs.contains(id));
        self.left.extend(theirs);
        self.of_others = u64::try_from(of_others.len()).unwrap_or(u64::MAX);
    }

    /// Takes up what is due; gives a certificate that is too many to be listed.
    fn take(&mut self, due: Due, places: &mut Places) -> Option<Listed> {
        let mut left_out = None;
        if let Some(listed) = Listed::of(&due.alert) {
            self.ids_of.entry(listed.tbs_sha256.clone()).or_default().push(due.alert.id.clone());
            left_out = self.add(listed, &due.alert, places);
        } else if due.alert.kind == FAULT_ALERT {
            match fault_of(&due.alert) {
                Some(fault) => self.faults.push(fault),
                // It cannot be read, and is no less an alert.
                None => self.add_other(Notice::new(&due.alert)),
            }
        } else {
            self.add_other(Notice::new(&due.alert));
        }
        self.ids.push(due.alert.id);
        left_out
    }

    /// Adds a certificate, or in the place of one what is said of it now; gives it back where it is one too many.
    fn add(&mut self, listed: Listed, alert: &Alert, places: &mut Places) -> Option<Listed> {
        let known = places.entry(listed.tbs_sha256.clone()).or_default();
        let key_at = |place: &Place| self.listed.get(place.index).and_then(Listed::issuer_key);
        let key = listed.issuer_key();
        let same = known.iter().position(|place| key_at(place) == key);
        // What was not proven before is proven now: it is the same certificate, come further.
        let open = known.iter().position(|place| key_at(place).is_none() && place.created <= alert.created);
        let is_proven_since = |place: &Place| {
            let is_beside = place.created == alert.created && listed.severity < Severity::High;
            key_at(place).is_some() && (place.created > alert.created || is_beside)
        };
        let is_past = key.is_none() && known.iter().any(is_proven_since);
        if let Some(place) = same.or(open).and_then(|place| known.get_mut(place)) {
            // A later alert of the same certificate says more of it.
            if place.created <= alert.created
                && let Some(before) = self.listed.get_mut(place.index)
            {
                *before = listed;
                (place.id, place.created) = (alert.id.clone(), alert.created);
            }
        } else if is_past {
            // What is proven of it by now is listed.
        } else if self.listed.len() < MOST_LISTED {
            let index = self.listed.len();
            known.push(Place { index, id: alert.id.clone(), created: alert.created });
            self.listed.push(listed);
        } else {
            return Some(listed);
        }
        None
    }

    /// Counts those that are listed, by what is said of them last.
    fn count(&mut self, places: &Places) {
        let listed = std::mem::take(&mut self.listed);
        for place in places.values().flatten() {
            if let Some(one) = listed.get(place.index) {
                self.count_one(one, &place.id);
            }
        }
        self.listed = listed;
    }

    fn count_one(&mut self, listed: &Listed, id: &str) {
        self.weigh(Some(listed.severity));
        if listed.is_open() {
            self.open = self.open.saturating_add(1);
            self.open_ids.push(id.to_owned());
        }
        self.is_issuer_open |= listed.expectation == "undetermined";
        self.is_without_expectation |= listed.expectation == "no_expectation" && !listed.is_unexpected();
        if listed.is_unexpected() {
            self.unexpected = self.unexpected.saturating_add(1);
        }
    }

    /// Whether one of those that are listed is this certificate.
    fn is_told_anew(&self, before: &Listed, places: &Places) -> bool {
        let key = before.issuer_key();
        let is_same = |place: &Place| {
            let own = self.listed.get(place.index).and_then(Listed::issuer_key);
            key.is_none() || own.is_none() || own == key
        };
        places.get(&before.tbs_sha256).is_some_and(|places| places.iter().any(is_same))
    }

    fn weigh(&mut self, severity: Option<Severity>) {
        self.gravest = self.gravest.max(severity);
        if let Some(severity) = severity {
            let count = self.by_severity.entry(severity).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// An alert of another kind.
    fn add_other(&mut self, notice: Notice) {
        self.weigh(notice.severity);
        if self.others.len() < MOST_LISTED {
            self.others.push(notice);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The report was written.
    pub(super) async fn were_reported(&self, state: &State) -> Result<(), StateError> {
        // Nobody waits for those that are left to others.
        state.hold_unreported(&self.left, Duration::ZERO).await?;
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
            payload: serde_json::json!({
                "title": kind,
                "severity": severity,
                "text": "A log: it did wrong.\nReport it.",
                "details": {"log": {"name": "A log", "id": "AAAA", "url": "u"}, "fault": "split"},
            })
            .to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State::open(&place, &options).await.unwrap();
            for (kind, severity) in
                [("certificate", "low"), ("log_fault", "critical"), ("revocation", "high")]
            {
                state.add_alert(&alert(kind, severity)).await.unwrap();
            }
            let all = Certificates::gather(&state, &mut Judge::default()).await.unwrap();
            assert_eq!((all.listed.len(), all.listed[0].severity), (1, Severity::Low));
            assert_eq!((all.others.len(), all.others[0].kind.as_str()), (1, "revocation"));
            assert_eq!(all.gravest, Some(Severity::High), "logs have findings of their own");
            let fault = &all.faults[0];
            assert_eq!((fault.kind, fault.text.as_str()), (FaultKind::Split, "it did wrong"));
            all.were_reported(&state).await.unwrap();
            let again = Certificates::gather(&state, &mut Judge::default()).await.unwrap();
            assert_eq!((again.listed.len(), again.others.len()), (0, 0));
        });
    }

    /// An alert about the certificate of one content, which this key issued, or of which that is not known.
    fn of_key(verdict: &str, key: Option<&str>, severity: &str, status: &str) -> NewAlert {
        let hash = "cd".repeat(32);
        let details = serde_json::json!({
            "tbs_sha256": hash,
            "undetermined": null,
            "certificate": {"not_after": "9990-01-01T00:00:00Z"},
            "issuer": {
                "status": status,
                "spki_sha256": key.unwrap_or("claimed"),
                "proven_by": if key.is_some() { "signature" } else { "claim" },
            },
        });
        let payload = serde_json::json!({"title": "A certificate", "severity": severity, "details": details});
        NewAlert {
            kind: "certificate".to_owned(),
            subject: format!("{hash}{verdict}"),
            payload: payload.to_string(),
        }
    }

    #[test]
    fn one_content_of_two_keys_is_two_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("state.db"));
        let options = StateOptions { channels: vec![REPORT.to_owned()], most_octets: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State::open(&place, &options).await.unwrap();
            let told = [
                of_key("", None, "medium", "undetermined"),
                of_key(" one", Some("one"), "info", "expected"),
                of_key(" two", Some("two"), "medium", "undetermined"),
                of_key(" two again", Some("two"), "high", "unexpected"),
            ];
            for alert in &told {
                state.add_alert(alert).await.unwrap();
                // In their order, by the database's clock.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let all = Certificates::gather(&state, &mut Judge::default()).await.unwrap();
            let listed: Vec<_> = all
                .listed
                .iter()
                .map(|one| (one.issuer_key().unwrap(), one.severity, one.expectation.as_str()))
                .collect();
            assert_eq!(
                listed,
                [("one", Severity::Info, "expected"), ("two", Severity::High, "unexpected")],
                "each by what is said of it last"
            );
            assert_eq!((all.ids.len(), all.open, all.unexpected), (4, 0, 1));
            assert!(all.open_ids.is_empty() && !all.is_issuer_open, "what was open was resolved since");
            all.were_reported(&state).await.unwrap();

            // One that stays open does so whatever is told of the other.
            state.add_alert(&of_key(" three", Some("three"), "medium", "undetermined")).await.unwrap();
            let all = Certificates::gather(&state, &mut Judge::default()).await.unwrap();
            assert_eq!((all.listed.len(), all.open_ids.len()), (1, 1));
            all.were_reported(&state).await.unwrap();
            state.add_alert(&of_key(" one again", Some("one"), "high", "unexpected")).await.unwrap();
            let all = Certificates::gather(&state, &mut Judge::default()).await.unwrap();
            assert_eq!((all.listed.len(), all.open_before.len()), (1, 1));
            assert_eq!(all.open_before[0].issuer_key(), Some("three"));
        });
    }

    #[test]
    fn gathering_ends_however_long_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("state.db"));
        let options = StateOptions { channels: vec![REPORT.to_owned()], most_octets: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State::open(&place, &options).await.unwrap();
            for number in 0..250 {
                let alert = NewAlert {
                    kind: "certificate".to_owned(),
                    subject: format!("{number:064}"),
                    payload: serde_json::json!({"title": number.to_string(), "severity": "low"}).to_string(),
                };
                state.add_alert(&alert).await.unwrap();
            }
            let mut judge = Judge::default();
            // Each is due again as soon as it was taken.
            let gathering = Certificates::gather_holding(&state, &mut judge, Duration::ZERO);
            let all = tokio::time::timeout(Duration::from_mins(1), gathering).await.unwrap().unwrap();
            assert_eq!((all.ids.len(), all.listed.len()), (250, 250));
            state.hold_unreported(&all.ids, Duration::from_mins(10)).await.unwrap();
            assert!(state.unreported(Duration::ZERO).await.unwrap().is_empty(), "they are held");
            all.were_reported(&state).await.unwrap();
            assert_eq!(state.count_unreported().await.unwrap(), 0);

            // One that another report holds is its own, unless that one dies.
            state.add_alert(&of_key("", None, "low", "expected")).await.unwrap();
            assert_eq!(state.unreported(Duration::from_mins(10)).await.unwrap().len(), 1);
            let gathering = Certificates::gather_holding(&state, &mut judge, Duration::from_millis(50));
            let all = tokio::time::timeout(Duration::from_mins(1), gathering).await.unwrap().unwrap();
            assert!(all.ids.is_empty());
        });
    }
}
