//! Ranges: read, searched and committed.

use std::sync::Arc;

use super::certificate::prepare;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::log_fault::FaultKind;
use crate::observe::clock::Stopwatch;
use crate::watch::batch::BatchError;
use crate::watch::reader::LogReader;
use crate::watch::reader::ahead::Ahead;
use crate::watch::state::{LogNumber, StateError};

/// After how many milliseconds what was read is committed, however little it is.
const COMMIT_AFTER: u64 = 5_000;
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
        while let Some(answer) = ahead.next().await {
            let answer = answer?;
            let begun = range.end();
            let found = answer.take(&self.following.watched, &mut range, stop).map_err(|error| {
                let octets = answer.octets();
                Trouble::Batch { error, octets: octets.get(..MOST_EVIDENCE).unwrap_or(octets).to_vec() }
            })?;
            drop(answer);
            if range.end() == begun {
                return Err(Trouble::Batch { error: BatchError::Empty, octets: Vec::new() });
            }
            let mut prepared = Vec::with_capacity(found.len());
            for entry in &found {
                let (issuers, missing) = self.issuers_of(entry).await?;
                let judging = &self.following.judging;
                prepared.push(prepare(entry, &issuers, missing.as_deref(), &self.label, judging));
            }
            let Some(lease) = &mut self.range else { return Ok(()) };
            let uncommitted = range.end() - lease.position();
            let is_due = range.end() == stop
                || !prepared.is_empty()
                || uncommitted >= self.following.settings.most_uncommitted
                || since.milliseconds() >= COMMIT_AFTER;
            if !is_due {
                continue;
            }
            let mut new = Vec::new();
            for one in &prepared {
                if self.following.state.certificate(&one.found.tbs_sha256).await?.is_none() {
                    new.push(&one.summary);
                }
            }
            let (found, alerts): (Vec<_>, Vec<_>) =
                prepared.iter().map(|one| (one.found.clone(), one.alert.clone())).unzip();
            self.following.state.commit(lease, &range, &found, &alerts).await?;
            since = Stopwatch::start();
            let is_done = lease.is_done();
            if is_done {
                self.range = None;
            }
            self.tell(&Event::Read(uncommitted));
            for summary in new {
                self.tell(&Event::Found(summary));
            }
            self.is_over(FaultKind::Form).await?;
            if !is_done && self.is_poll_due() {
                return Ok(());
            }
        }
        Ok(())
    }
}
