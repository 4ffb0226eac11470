//! Names that entries were not searched for: read again where that was asked for, and told else.

use super::dark::stretch;
use super::start::Start;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::merkle::TreeBuilder;
use crate::observe::clock::Stopwatch;
use crate::watch::reader::LogReader;
use crate::watch::state::{Head, Log};

/// After how many milliseconds the entries are counted again that were not searched.
const COUNTED_AGAIN: u64 = 60_000;

/// How many entries these stretches have; those that are in several count once.
fn count<'a>(stretches: impl Iterator<Item = &'a (u64, u64)>) -> u64 {
    let mut stretches: Vec<(u64, u64)> = stretches.copied().collect();
    stretches.sort_unstable();
    let (mut end, mut count) = (0_u64, 0_u64);
    for (first, behind) in stretches {
        count = count.saturating_add(behind.saturating_sub(first.max(end)));
        end = end.max(behind);
    }
    count
}

impl<R: LogReader> Follower<'_, R> {
    /// Has entries of a known log read again that were not searched for all of our names, from where it was asked for.
    pub(super) async fn search_again(&mut self, log: &Log) -> Result<(), Trouble> {
        let missing = self.state().unsearched(log, log.start).await?;
        let (Some(start), Some((head, _)), false) =
            (self.settings().start_again, &log.head, missing.is_empty())
        else {
            return Ok(());
        };
        let from = match (start, self.state().wanted_from(log.number).await?) {
            (Start::Begin, _) => 0,
            (_, Some(known)) => known,
            (start, None) => self.place_of(start, head).await?,
        };
        self.state().want_from(log.number, from).await?;
        let missing = self.state().unsearched(log, from).await?;
        let first = missing.iter().flat_map(|missing| &missing.entries).map(|(first, _)| *first).min();
        let Some(first) = first else { return Ok(()) };
        if self.head.is_none() {
            let lease = self.state().lease_head(log.number, self.settings().lease).await?;
            self.head = lease.map(|lease| lease.with_goals_within(self.settings().most_unproven));
        }
        // Where another process holds it, the report tells what was not searched.
        let Some(lease) = self.head.clone() else { return Ok(()) };
        let before = match first {
            0 => TreeBuilder::default(),
            first => self.reader.tree_before(head, first).await?,
        };
        let why = format!("begun again at entry {first}: it was not searched for all names");
        self.state().search_again(&lease, &before, &why).await?;
        Ok(())
    }

    /// Counts the proven entries that were not searched for all of our names: others may have searched some since.
    async fn count_unsearched(&mut self, log: &Log) -> Result<(), Trouble> {
        if self.unsearched_counted.is_some_and(|since| since.milliseconds() < COUNTED_AGAIN) {
            return Ok(());
        }
        self.unsearched_counted = Some(Stopwatch::start());
        let from = self.state().wanted_from(log.number).await?.unwrap_or(log.start);
        let missing = self.state().unsearched(log, from).await?;
        self.tell(&Event::UnsearchedCount(count(missing.iter().flat_map(|missing| &missing.entries))));
        Ok(())
    }

    async fn place_of(&self, start: Start, head: &Head) -> Result<u64, Trouble> {
        Ok(match start {
            Start::Begin => 0,
            Start::End => head.size,
            Start::Age(age) => self.tree_before_age(head, age).await?.1.first,
        })
    }

    /// Tells which proven entries were not searched for all of our names: read before some were added, or by a process
    /// that watches others. What was told once is not looked at again.
    pub(super) async fn tell_unsearched(&mut self, log: &Log) -> Result<(), Trouble> {
        self.count_unsearched(log).await?;
        let proven = log.proven.size();
        let from = match self.searched_to {
            Some(known) if known >= proven => return Ok(()),
            Some(known) => known,
            None => self.state().wanted_from(log.number).await?.unwrap_or(log.start),
        };
        let missing = self.state().unsearched(log, from).await?;
        self.searched_to = Some(proven);
        if let Some(first) = missing.first() {
            self.tell(&Event::Unsearched(&first.to_string()));
        }
        let dark = self.state().dark(log.number).await?;
        if let Some(first) = dark.iter().find(|dark| dark.stop > from) {
            let (start, last) = (first.start, first.stop.saturating_sub(1));
            let more = dark.len().saturating_sub(1);
            let more = if more > 0 { format!(", and {more} more stretches") } else { String::new() };
            self.tell(&Event::Unsearched(&format!("{}{more} cannot be read", stretch(start, last))));
        }
        Ok(())
    }
}
