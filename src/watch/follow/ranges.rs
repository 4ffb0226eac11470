//! Ranges: read, searched and committed.

use std::sync::Arc;
use std::time::Duration;

use super::certificate::{Prepared, prepare};
use super::dark;
use super::judging::Standing;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::log_fault::FaultKind;
use crate::ct::merkle::RangeBuilder;
use crate::ct::tile::FULL_WIDTH;
use crate::observe::clock::Stopwatch;
use crate::watch::batch::{BatchError, ChainBeside, DarkEntries, FoundEntry, pass_over};
use crate::watch::reader::ahead::{Ahead, Ready};
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Gain, LogNumber, StateError};

/// After how many milliseconds what was read is committed, however little it is.
const COMMIT_AFTER: u64 = 5_000;
/// The same where something was found: at the end of a log that is at once, and a busy one is not committed for each.
const COMMIT_FOUND_AFTER: u64 = 250;
/// The most found entries that wait for that, and their octets.
const MOST_WAITING: usize = 256;
const MOST_WAITING_OCTETS: usize = 1 << 20;
/// How often a tile is read that cannot be, before the entries behind are.
const MOST_BROKEN: u32 = 3;
/// The same of one that is too large to be read at all.
const MOST_TOO_LARGE: u32 = 1;
/// The most octets of an answer that are kept as evidence.
const MOST_EVIDENCE: usize = 256 << 10;

impl<R: LogReader> Follower<'_, R> {
    /// Reads on in the range that we hold, to its end or until the tree head is to be asked for.
    pub(super) async fn read(&mut self, number: LogNumber) -> Result<(), Trouble> {
        let goal = self.state().log(number).await?.goal;
        let Some(lease) = &self.range else { return Ok(()) };
        let Some(goal) = goal else { return Err(StateError::LeaseLost.into()) };
        let (stop, size) = (lease.stop(), goal.size);
        let mut range = lease.builder().map_err(|error| StateError::Damaged(error.to_string()))?;
        let mut since = Stopwatch::start();
        let (room, depth) = (self.following.room.clone(), self.following.settings.ahead);
        let mut ahead = Ahead::new(Arc::clone(&self.reader), range.end(), stop, size, depth, room);
        let mut waiting = Vec::new();
        loop {
            // What was found does not wait for an answer that may never come.
            let left = if waiting.is_empty() { None } else { Some(COMMIT_FOUND_AFTER) };
            let left = left.map(|after| Duration::from_millis(after.saturating_sub(since.milliseconds())));
            let Some(answer) = next_within(&mut ahead, left).await else { return Ok(()) };
            let before = range.clone();
            let is_read = !matches!(answer, Some(Err(_)));
            let taken = match answer {
                Some(Ok(answer)) => self.take(answer, &mut range, stop, size).await,
                Some(Err(error)) => self.pass_over(error, &mut range, stop, size).await,
                None => Ok((Vec::new(), None)),
            };
            let (prepared, unread, mut failed) = match taken {
                Ok((prepared, unread)) => (prepared, unread, None),
                Err(trouble) => {
                    // Of an answer that cannot be taken nothing counts, and what came before it does.
                    range = before;
                    if is_about_form(&trouble) {
                        self.broken_at = Some(range.end());
                    }
                    (Vec::new(), None, Some(trouble))
                }
            };
            waiting.extend(prepared);
            let Some(lease) = &mut self.range else { return Ok(()) };
            let uncommitted = range.end() - lease.position();
            if let Some(trouble) = failed.take_if(|_| uncommitted == 0) {
                return Err(trouble);
            }
            let is_due = range.end() == stop
                || failed.is_some()
                || unread.is_some()
                || !waiting.is_empty() && since.milliseconds() >= COMMIT_FOUND_AFTER
                || are_many(&waiting)
                || uncommitted >= self.following.settings.most_uncommitted
                || since.milliseconds() >= COMMIT_AFTER;
            if !is_due {
                continue;
            }
            let mut prepared = std::mem::take(&mut waiting);
            let now = self.now();
            let mut alerts = self.flood.keep_back(&mut prepared, &self.label, now);
            let (unread, told) = unread.map(|unread| dark::tell(&unread, &self.label)).unzip();
            if let (Some(alert), Some(unread)) = (told, &unread) {
                alerts.extend(self.flood.keep_back_dark(alert, unread.start, &self.label, now));
            }
            let Some(lease) = &mut self.range else { return Ok(()) };
            let found: Vec<_> = prepared.iter().map(|one| one.found.clone()).collect();
            let gain = Gain { found: &found, dark: unread.as_slice(), alerts: &alerts };
            let committed = self.following.state.commit_told(lease, &range, &gain).await?;
            since = Stopwatch::start();
            let is_done = lease.is_done();
            if is_done {
                self.range = None;
            }
            if unread.is_some() {
                self.found_dark();
            }
            self.tell(&Event::Read(uncommitted));
            for one in committed.told.iter().filter_map(|place| prepared.get(*place)) {
                self.tell(&Event::Found(&one.summary));
            }
            if self.broken_at.take_if(|at| range.end() > *at).is_some() {
                self.is_over(FaultKind::Form).await?;
            }
            if self.polling.times == 0 {
                self.is_over(FaultKind::Unreadable).await?;
            }
            if let Some(trouble) = failed {
                return Err(trouble);
            }
            // Behind what was passed over, asking begins anew.
            if !is_read || (!is_done && self.is_poll_due()) {
                return Ok(());
            }
        }
    }

    /// Takes an answer into the range, and judges what it has for us.
    async fn take(
        &mut self,
        answer: Ready,
        range: &mut RangeBuilder,
        stop: u64,
        size: u64,
    ) -> Result<(Vec<Prepared>, Option<DarkEntries>), Trouble> {
        let begun = range.end();
        let watched = &self.following.watched;
        let trouble = |error| {
            let octets = answer.octets();
            Trouble::Batch { error, octets: octets.get(..MOST_EVIDENCE).unwrap_or(octets).to_vec() }
        };
        let (found, unread) = match answer.take(watched, range, stop) {
            // It is so whenever it is read: what stands behind it is read nevertheless.
            Err(error) if self.broken_at == Some(begun) && self.reading.times >= MOST_BROKEN => {
                let hashes = self.reader.leaf_hashes(begun, size).await.unwrap_or_default();
                answer.take_broken(&hashes, watched, range, stop).unwrap_or(Err(error)).map_err(trouble)?
            }
            taken => (taken.map_err(trouble)?, None),
        };
        drop(answer);
        if range.end() == begun {
            return Err(Trouble::Batch { error: BatchError::Empty, octets: Vec::new() });
        }
        Ok((self.prepare_all(&found).await?, unread))
    }

    /// Passes over a tile that is too large whenever it is asked for: no log can stop the watch with that.
    async fn pass_over(
        &self,
        error: ReadError,
        range: &mut RangeBuilder,
        stop: u64,
        size: u64,
    ) -> Result<(Vec<Prepared>, Option<DarkEntries>), Trouble> {
        let begun = range.end();
        let is_too_large = matches!(error, ReadError::Breach { breach: Breach::Size, .. });
        if !is_too_large || self.broken_at != Some(begun) || self.reading.times < MOST_TOO_LARGE {
            return Err(error.into());
        }
        let hashes = self.reader.leaf_hashes(begun, size).await.unwrap_or_default();
        let skipped = usize::try_from(begun % u64::from(FULL_WIDTH)).unwrap_or_default();
        let most = usize::try_from(stop.saturating_sub(begun)).unwrap_or(usize::MAX);
        match pass_over(&hashes, (skipped, most), "it is too large to be read".to_owned(), range) {
            Some(dark) => Ok((Vec::new(), Some(dark))),
            None => Err(error.into()),
        }
    }

    /// Judges what was found.
    pub(super) async fn prepare_all(&mut self, found: &[FoundEntry]) -> Result<Vec<Prepared>, Trouble> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut above = Vec::with_capacity(found.len());
        for entry in found {
            above.push(self.issuers_of(entry).await?);
        }
        let judging = &self.following.judging;
        let these = above.iter().flat_map(|(issuers, _)| issuers);
        let others = judging.others(self.state(), these).await?;
        let mut prepared = Vec::with_capacity(found.len());
        for (entry, (issuers, missing)) in found.iter().zip(&above) {
            let standing = Standing {
                log: &self.label,
                issuers,
                others: Some(&others),
                missing: missing.as_deref(),
                is_proven: false,
                at: self.now(),
            };
            prepared.push(prepare(entry, &standing, judging));
        }
        Ok(prepared)
    }
}

/// The next answer; none in it where it did not come within the time, and none at all behind the last one.
async fn next_within<R: LogReader>(
    ahead: &mut Ahead<R>,
    time: Option<Duration>,
) -> Option<Option<Result<Ready, ReadError>>> {
    let Some(time) = time else { return ahead.next().await.map(Some) };
    match tokio::time::timeout(time, ahead.next()).await {
        Ok(answer) => answer.map(Some),
        Err(_) => Some(None),
    }
}

/// Whether what waits to be committed has waited enough, however short that was.
fn are_many(waiting: &[Prepared]) -> bool {
    let octets = |one: &Prepared| {
        let found = &one.found;
        let chain = match &found.chain {
            ChainBeside::Certificates(chain) => chain.iter().map(|der| der.0.len()).sum(),
            ChainBeside::Fingerprints(_) | ChainBeside::Unreadable(_) => 0,
        };
        let certificates = [&found.certificate, &found.precertificate];
        certificates
            .into_iter()
            .flatten()
            .fold(found.leaf.0.len(), |sum, der| sum.saturating_add(der.0.len()))
            .saturating_add(chain)
    };
    waiting.len() >= MOST_WAITING
        || waiting.iter().map(octets).fold(0, usize::saturating_add) >= MOST_WAITING_OCTETS
}

/// Whether an answer was not in the form that it must have.
fn is_about_form(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::Batch { .. }
            | Trouble::Read(ReadError::Breach { breach: Breach::Form | Breach::Size | Breach::Issuer, .. })
    )
}
