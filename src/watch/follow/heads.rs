//! Tree heads: asked for, compared with the last one, taken; and what was read, proven.

use super::age;
use super::trouble::{Trouble, jittered};
use super::{Event, Follower};
use crate::ct::log_fault::FaultKind;
use crate::evidence::Bytes;
use crate::observe::clock::Stopwatch;
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Head, HeadLease, Log, LogNumber, RANGE, StateError};

impl<R: LogReader> Follower<'_, R> {
    /// Asks for the newest tree head, compares it with the last one, and takes it where we hold the log's head. Whoever
    /// does not hold it compares all the same: it may be shown another tree.
    pub(super) async fn poll(&mut self, number: LogNumber) -> Result<(), Trouble> {
        let shown = self.reader.head().await?;
        self.load_faults(number).await?;
        self.is_over(FaultKind::Signature).await?;
        let log = self.state().log(number).await?;
        let known = log.head.as_ref().map(|(head, _)| head);
        match known {
            Some(known) => self.compare(known, &shown).await?,
            None => self.compare_with_proven(&log, &shown).await?,
        }
        if let Err((kind, what)) = age::can_be_taken(known, &shown, self.now()) {
            return Err(Trouble::heads(kind, what, known.into_iter().chain([&shown])));
        }
        self.is_over(FaultKind::FutureHead).await?;
        self.look_at_age(known, &shown).await?;
        if let Some(lease) = self.head.clone() {
            self.state().take_head(&lease, &shown).await?;
        }
        self.tell(&Event::Head(&shown));
        if self.settings().once && self.target.is_none() {
            // What it showed is what is to be proven; what it showed before is proven, or is read up to first.
            self.compared = known.cloned();
            self.target = Some(shown);
        }
        self.polled = Some((Stopwatch::start(), jittered(self.settings().interval)));
        Ok(())
    }

    /// Whether the tree that the log shows continues the one that is known.
    pub(super) async fn compare(&mut self, known: &Head, shown: &Head) -> Result<(), Trouble> {
        let both = |kind, what| Trouble::heads(kind, what, [known, shown]);
        let contradict = |why: &str| {
            let what = format!(
                "it signed a tree of {} entries and one of {} entries, and neither continues the other: {why}",
                known.size, shown.size
            );
            both(FaultKind::Split, what)
        };
        if shown.size < known.size && shown.timestamp > known.timestamp {
            // Both heads are signed, and no proof is needed for that. But a smaller tree may be another one besides; a
            // log that lost entries can prove neither.
            if shown.size > 0
                && let Err(ReadError::Breach { breach: Breach::Split, what, .. }) =
                    self.reader.prove_consistency(shown, known).await
            {
                return Err(contradict(&what));
            }
            let what = format!(
                "it signed a tree of {} entries after one of {}: entries that it had promised to keep are gone",
                shown.size, known.size
            );
            return Err(both(FaultKind::Shrunk, what));
        }
        if shown.size == known.size {
            if shown.root != known.root {
                return Err(contradict("they have the same size and other roots"));
            }
        } else {
            let (older, newer) = if shown.size > known.size { (known, shown) } else { (shown, known) };
            // Every tree continues the empty one.
            if older.size > 0 {
                match self.reader.prove_consistency(older, newer).await {
                    Ok(()) => {
                        self.is_over(FaultKind::Proof).await?;
                        self.is_over(FaultKind::Unproven).await?;
                    }
                    Err(ReadError::Breach { breach: Breach::Split, what, .. }) => {
                        return Err(contradict(&what));
                    }
                    Err(error) => {
                        let (known, shown) = (Box::new(known.clone()), Box::new(shown.clone()));
                        return Err(Trouble::Unproven { known, shown, error });
                    }
                }
            }
        }
        if shown.size >= known.size {
            self.older_since = None;
            return self.is_over(FaultKind::OldHead).await;
        }
        // A server that lags behind; it is worth a word where it lasts.
        let since = *self.older_since.get_or_insert_with(Stopwatch::start);
        if u128::from(since.milliseconds()) >= self.settings().patience.as_millis() {
            let text = format!(
                "it shows a tree of {} entries, and showed one of {} before, which continues it",
                shown.size, known.size
            );
            self.report(FaultKind::OldHead, text, None, &[known, shown], &Bytes(Vec::new())).await;
        }
        Ok(())
    }

    /// The same where no tree head is kept, and only the entries are known that were proven.
    async fn compare_with_proven(&mut self, log: &Log, shown: &Head) -> Result<(), Trouble> {
        let (size, root) = (log.proven.size(), log.proven.root());
        let proven = Head { size, timestamp: shown.timestamp, root, octets: Bytes(Vec::new()) };
        let contradicts =
            || Trouble::OtherRoot { goal: Box::new(shown.clone()), size, root: root.to_string() };
        if size == 0 || shown.size == 0 || (shown.size == size && shown.root == root) {
            return Ok(());
        }
        if shown.size == size {
            return Err(contradicts());
        }
        let (older, newer) = if shown.size > size { (&proven, shown) } else { (shown, &proven) };
        match self.reader.prove_consistency(older, newer).await {
            Err(ReadError::Breach { breach: Breach::Split, .. }) => Err(contradicts()),
            done => Ok(done?),
        }
    }

    /// Tells where even the newest tree head is older than the log may leave it.
    async fn look_at_age(&mut self, known: Option<&Head>, shown: &Head) -> Result<(), Trouble> {
        let newest = known.filter(|known| known.timestamp > shown.timestamp).unwrap_or(shown);
        self.stale = match age::staleness(newest.timestamp, self.now(), self.log.merge_delay) {
            // It signs nothing any more, and need not.
            Some(_) if self.log.is_closed => None,
            stale => stale,
        };
        let Some(text) = self.stale.clone() else { return self.is_over(FaultKind::StaleHead).await };
        let heads: Vec<&Head> = known.into_iter().chain([shown]).collect();
        self.report(FaultKind::StaleHead, text, None, &heads, &Bytes(Vec::new())).await;
        Ok(())
    }

    /// Whether the tree head that is to be proven is one with what was proven since: others may have been shown other
    /// trees, and taken those.
    pub(super) async fn confirm(&mut self, log: &Log, target: &Head) -> Result<(), Trouble> {
        if log.proven.size() == target.size && log.proven.root() == target.root {
            return Ok(());
        }
        match &log.head {
            Some((kept, _)) if self.compared.as_ref() != Some(kept) => self.compare(kept, target).await,
            Some(_) => Ok(()),
            None => self.compare_with_proven(log, target).await,
        }
    }

    /// Makes a part of the log's tree the next goal, so that one wrong answer does not cost all that is to be read. Its
    /// root is proven against the tree head. A log that proves no part of its tree is read as a whole.
    pub(super) async fn next_goal(&mut self, lease: &HeadLease, log: &Log) -> Result<bool, Trouble> {
        let Some((head, _)) = log.head.as_ref().filter(|(head, _)| head.size > log.proven.size()) else {
            return Ok(false);
        };
        let end = log.proven.size().saturating_add(self.settings().most_unproven);
        let size = if end / RANGE * RANGE > log.proven.size() { end / RANGE * RANGE } else { end };
        let goal = if size >= head.size {
            head.clone()
        } else {
            match self.reader.tree_before(head, size).await {
                Ok(tree) => Head { size, root: tree.root(), ..head.clone() },
                Err(error @ ReadError::Passing { .. }) if self.reading.times < MOST_GOALS_ASKED => {
                    return Err(error.into());
                }
                Err(error) => {
                    if let ReadError::Breach { what, url, octets, .. } = error {
                        self.report(FaultKind::Proof, what, Some(&url), &[head], &octets).await;
                    }
                    head.clone()
                }
            }
        };
        self.state().take_goal(lease, &goal).await?;
        Ok(true)
    }

    /// Proves what was read, where all of it was. Gives whether anything was proven.
    pub(super) async fn prove(&mut self, number: LogNumber) -> Result<bool, Trouble> {
        let Some(lease) = self.head.clone() else { return Ok(false) };
        let Some(tree) = self.state().fold(&lease).await? else { return Ok(false) };
        let goal = self.state().log(number).await?.goal;
        match self.state().prove(&lease, &tree).await {
            Ok(_) => {
                self.wrong_roots = 0;
                self.broken_at = None;
                self.tell(&Event::Proven(tree.size()));
                self.is_over(FaultKind::OtherRoot).await?;
                if self.polling.times == 0 {
                    self.is_over(FaultKind::Form).await?;
                }
                Ok(true)
            }
            Err(StateError::OtherRoot) => {
                // Which entry is the wrong one nobody knows.
                self.state().rewind(&lease).await?;
                let (size, root) = (tree.size(), tree.root().to_string());
                match goal {
                    Some(goal) => Err(Trouble::OtherRoot { goal: Box::new(goal), size, root }),
                    None => Ok(true),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// How often a part of a tree is asked for before the whole of it is the goal.
const MOST_GOALS_ASKED: u32 = 3;
