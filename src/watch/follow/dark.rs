//! Dark entries: those of a tile that cannot be read. They are told, each stretch by itself, and asked for until they can
//! be read; a log that garbles a tile for some seconds hides nothing with that.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::certificate::CERTIFICATE_ALERT;
use super::label::LogLabel;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ca::expectation::Expectation;
use crate::ct::log_fault::FaultKind;
use crate::observe::clock::Stopwatch;
use crate::rules::Severity;
use crate::watch::batch::DarkEntries;
use crate::watch::reader::{LogReader, ReadError};
use crate::watch::state::{Dark, Log, NewAlert, NewDark};
use crate::x509::hexadecimal;

/// How many stretches are asked for again at once.
const MOST_ASKED: u64 = 64;
/// How long is waited before the first time, and after the later ones at most, in milliseconds.
const PAUSES: (u64, u64) = (60_000, 3_600_000);

/// When dark entries were asked for last, and how long is waited before they are again, in milliseconds.
pub(super) type Asked = Option<(Stopwatch, u64)>;

/// Entries by their places, for people.
pub(super) fn stretch(first: u64, last: u64) -> String {
    if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") }
}

/// What is kept of dark entries, and told of them. By the log, the place and the hashes, so that no other entries are
/// taken for the same, whatever octets stand in their place.
pub(super) fn tell(dark: &DarkEntries, log: &LogLabel) -> (NewDark, NewAlert) {
    let count = dark.hashes.len();
    let last = dark.start.saturating_add(u64::try_from(count).unwrap_or(u64::MAX)).saturating_sub(1);
    let mut digest = Sha256::new();
    digest.update(b"dark entries\0");
    digest.update(log.id.as_bytes());
    digest.update(dark.start.to_be_bytes());
    dark.hashes.iter().for_each(|hash| digest.update(hash.0));
    let subject = hexadecimal(&<[u8; 32]>::from(digest.finalize()));
    let why: String = dark.why.chars().take(500).collect();
    let mention = match &dark.mentions {
        Some(name) => format!("The watched name {name} stands in the octets that it gave."),
        None if !dark.were_read => "Whether a watched name stands in it, nobody looked.".to_owned(),
        None => "No watched name stands in plain letters in what it gave.".to_owned(),
    };
    let text = format!(
        "The tile with {} of {} cannot be read: {why}. The tree covers what stands there, and it may be any \
         certificate.\n{mention}\nIt is asked for again until it can be read, and counts as not searched until then. \
         Report it to the log's operator.",
        stretch(dark.start, last),
        log.name
    );
    let entries = if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
    let payload = json!({
        "title": format!("{entries} that nobody can read: {}, from {} on", log.name, dark.start),
        "severity": Severity::Medium,
        "text": text,
        "details": {
            "log": log, "entries": {"first": dark.start, "last": last}, "watched": dark.mentions,
            "undetermined": why, "issuer": {"status": Expectation::Undetermined.name()},
        },
    });
    let alert = NewAlert {
        kind: CERTIFICATE_ALERT.to_owned(),
        subject: subject.clone(),
        payload: payload.to_string(),
    };
    (NewDark { start: dark.start, hashes: dark.hashes.clone(), subject }, alert)
}

impl<R: LogReader> Follower<'_, R> {
    /// Whether dark entries are to be asked for again, where nobody waits for the end.
    pub(super) fn is_dark_due(&self) -> bool {
        let is_due = |(since, pause): (Stopwatch, u64)| since.milliseconds() >= pause;
        !self.settings().once && self.asked_for_dark.is_none_or(is_due)
    }

    /// There are dark entries that were not there before: they are asked for soon.
    pub(super) fn found_dark(&mut self) {
        self.asked_for_dark = Some((Stopwatch::start(), PAUSES.0));
    }

    /// Asks again for entries that could not be read. What of them can be is searched like any other.
    pub(super) async fn ask_for_dark(&mut self, log: &Log) -> Result<(), Trouble> {
        let pause = self.asked_for_dark.map_or(PAUSES.0, |(_, pause)| pause.saturating_mul(2).min(PAUSES.1));
        self.asked_for_dark = Some((Stopwatch::start(), pause));
        let all = self.state().dark_to_ask(log.number, MOST_ASKED).await?;
        if all.is_empty() {
            return Ok(());
        }
        // The tile may be whole by now.
        let size = log.head.as_ref().map_or(0, |(head, _)| head.size).max(log.proven.size());
        for dark in all {
            // What is not reached this time comes first the next time, however the others are.
            self.state().ask_for_dark(&dark).await?;
            match self.reader.entries(dark.start, dark.stop, size).await {
                Ok(answer) => {
                    let again = answer.take_again(dark.start, &dark.hashes, &self.following.watched);
                    drop(answer);
                    let Some((read, found)) = again.filter(|(read, _)| *read > 0) else { continue };
                    self.light_up(&dark, read, &found).await?;
                }
                // It is not there for others either.
                Err(ReadError::Passing { .. }) => break,
                Err(_) => {}
            }
        }
        if self.polling.times == 0 {
            self.is_over(FaultKind::Form).await?;
        }
        Ok(())
    }

    async fn light_up(
        &mut self,
        dark: &Dark,
        read: u64,
        found: &[crate::watch::batch::FoundEntry],
    ) -> Result<(), Trouble> {
        let mut prepared = self.prepare_all(found).await?;
        let now: Timestamp = self.now();
        let alerts = self.flood.keep_back(&mut prepared, &self.label, now);
        for alert in &alerts {
            self.state().add_alert(alert).await?;
        }
        let kept: Vec<_> = prepared.iter().map(|one| one.found.clone()).collect();
        let committed = self.state().light_up(dark, read, &kept).await?;
        for one in committed.told.iter().filter_map(|place| prepared.get(*place)) {
            self.tell(&Event::Found(&one.summary));
        }
        // Who looked for unsearched names before looks again.
        self.searched_to = None;
        Ok(())
    }
}
