//! Entries that cannot be read, summed up where there are many: a log may make up as many as it likes.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;
use serde_json::json;

use super::bounded::Kept;
use super::certificate::{CERTIFICATE_ALERT, Prepared};
use super::label::LogLabel;
use crate::ca::expectation::Expectation;
use crate::report::human::safe;
use crate::rules::Severity;
use crate::watch::state::NewAlert;

/// How many entries that cannot be read are told one by one, of a log in an hour.
const MOST: u32 = 50;
/// The same of those in whose octets a watched name stands.
const MOST_WITH_NAME: u32 = 500;

/// The same of stretches of entries whose tile cannot be read: they take some seconds each.
const MOST_DARK: u32 = 100;

/// How many of this hour there were.
#[derive(Debug, Default)]
pub(super) struct Flood {
    hour: String,
    counts: [u32; 2],
    dark: u32,
    kept: Kept,
}

impl Flood {
    /// Takes out what is too much, bounds what is kept of the others, and gives the alerts that stand for it, one an hour. Where a watched name stands in an
    /// entry, it is kept all the same, untold: whoever asks the state for that name must not take it for nothing.
    pub(super) fn keep_back(
        &mut self,
        prepared: &mut Vec<Prepared>,
        log: &LogLabel,
        at: Timestamp,
    ) -> Vec<NewAlert> {
        self.begin_hour(at);
        let mut alerts = Vec::new();
        prepared.retain_mut(|one| {
            self.kept.bound(&mut one.found);
            if one.summary.is_determined {
                return true;
            }
            let has_name = !one.found.claims.is_empty();
            let [without, with] = &mut self.counts;
            let (count, most) = if has_name { (with, MOST_WITH_NAME) } else { (without, MOST) };
            *count = count.saturating_add(1);
            if *count > most && alerts.is_empty() {
                alerts.push(summed_up(log, &self.hour, one.found.index, has_name, most));
            }
            let is_told = *count <= most;
            if !is_told {
                one.found.judged = None;
            }
            is_told || has_name
        });
        alerts
    }

    /// The alert about entries that are dark from this one on, or the one that stands for many such, once an hour.
    pub(super) fn keep_back_dark(
        &mut self,
        alert: NewAlert,
        start: u64,
        log: &LogLabel,
        at: Timestamp,
    ) -> Option<NewAlert> {
        self.begin_hour(at);
        self.dark = self.dark.saturating_add(1);
        match self.dark.checked_sub(MOST_DARK) {
            None | Some(0) => Some(alert),
            Some(1) => Some(many_dark(log, &self.hour, start)),
            Some(_) => None,
        }
    }

    fn begin_hour(&mut self, at: Timestamp) {
        let hour = at.strftime("%Y-%m-%dT%H").to_string();
        if hour != self.hour {
            *self = Self { hour, ..Self::default() };
        }
    }
}

fn many_dark(log: &LogLabel, hour: &str, start: u64) -> NewAlert {
    let text = format!(
        "More than {MOST_DARK} tiles cannot be read among those that were read since {hour}:00Z. From entry {start} on, \
         those of this hour are kept and asked for again, and not told one by one.\nReport it to the log's operator."
    );
    let payload = json!({
        "title": format!("Many entries that nobody can read: {}", log.name),
        "severity": Severity::Medium,
        "text": text,
        "details": {"log": log, "from_entry": start, "hour": hour, "told_one_by_one": MOST_DARK,
            "undetermined": "many tiles cannot be read", "issuer": {"status": Expectation::Undetermined.name()},
        },
    });
    NewAlert {
        kind: CERTIFICATE_ALERT.to_owned(),
        subject: format!("{} dark {hour}", log.id),
        payload: payload.to_string(),
    }
}

fn summed_up(log: &LogLabel, hour: &str, index: u64, has_name: bool, most: u32) -> NewAlert {
    let (severity, which, kept) = if has_name {
        (Severity::Medium, "in which a watched name stands", "kept, and not told one by one")
    } else {
        (
            Severity::Low,
            "in which no watched name stands in plain letters",
            "neither told nor kept one by one",
        )
    };
    let text = format!(
        "More than {most} entries cannot be read whole, {which}, among those that were read since {hour}:00Z. From entry \
         {index} on, those of this hour are {kept}. The log still has them.\n\
         Report it to the log's operator: logs check what they take."
    );
    let payload = json!({
        "title": safe(&format!("Many entries that cannot be read: {}", log.name)),
        "severity": severity,
        "text": text,
        "details": {"log": log, "from_entry": index, "hour": hour, "told_one_by_one": most, "mention": has_name,
            "undetermined": "many entries cannot be read", "issuer": {"status": Expectation::NoExpectation.name()},
        },
    });
    NewAlert {
        kind: CERTIFICATE_ALERT.to_owned(),
        subject: format!("{} unreadable {hour} {has_name}", log.id),
        payload: payload.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificate::prepare;
    use super::super::judging::{Judging, Standing};
    use super::*;
    use crate::evidence::{Bytes, Inputs as InputFiles, Request};
    use crate::issuance::names::WatchedNames;
    use crate::judge::Inputs;
    use crate::watch::batch::{Beside, ChainBeside, FoundEntry, Why};

    #[test]
    fn many_that_cannot_be_read_are_one_alert_an_hour() {
        let inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
        let judging = Judging::new(inputs, Vec::new(), WatchedNames::default().into());
        let log = LogLabel::new("Log", &[1; 32], "https://log.example/");
        let at: Timestamp = "2026-11-22T10:59:00Z".parse().unwrap();
        let prepared = |index: u64, mentions: bool| {
            let why = Why::Undetermined {
                why: "it ends early".to_owned(),
                mentions: mentions.then(|| "ours.example".parse().unwrap()),
            };
            let beside = Beside { precertificate: None, chain: ChainBeside::Certificates(Vec::new()) };
            let entry = FoundEntry { index, leaf: Bytes(vec![9]), beside, why };
            let standing =
                Standing { log: &log, issuers: &[], others: None, missing: None, is_proven: false, at };
            prepare(&entry, &standing, &judging)
        };
        let mut flood = Flood::default();
        let mut first: Vec<Prepared> = (0..60).map(|index| prepared(index, false)).collect();
        let alerts = flood.keep_back(&mut first, &log, at);
        assert_eq!(first.len(), 50);
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert!(alert.payload.contains("From entry 50"), "{alert:?}");
        // Those with a watched name in them have an account of their own, and each hour begins a new one.
        let mut others = vec![prepared(60, true), prepared(61, false)];
        let again = flood.keep_back(&mut others, &log, at);
        assert_eq!((others.len(), others[0].found.index), (1, 60));
        assert_eq!(again[0].subject, alert.subject, "told once an hour");
        let mut named: Vec<Prepared> = (100..700).map(|index| prepared(index, true)).collect();
        let of_names = flood.keep_back(&mut named, &log, at);
        assert_eq!((named.len(), of_names.len()), (600, 1), "{of_names:?}");
        assert_eq!(named.iter().filter(|one| one.found.judged.is_some()).count(), 499);
        let mut later = vec![prepared(70, false)];
        let later_alerts = flood.keep_back(&mut later, &log, "2026-11-22T11:00:00Z".parse().unwrap());
        assert_eq!((later.len(), later_alerts.len()), (1, 0));
    }
}
