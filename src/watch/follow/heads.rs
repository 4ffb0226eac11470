//! Tree heads: asked for, compared with the last one, taken; and what was read, proven.

use super::trouble::{Trouble, jittered};
use super::{Event, Follower};
use crate::ct::log_fault::FaultKind;
use crate::evidence::Bytes;
use crate::observe::clock::Stopwatch;
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Head, Log, LogNumber, StateError};

impl<R: LogReader> Follower<'_, R> {
    /// Asks for the newest tree head, and takes it where we hold the log's head.
    pub(super) async fn poll(&mut self, number: LogNumber) -> Result<(), Trouble> {
        let shown = self.reader.head().await?;
        self.load_faults(number).await?;
        self.is_over(FaultKind::Signature).await?;
        if let Some(lease) = self.head.clone() {
            let log = self.state().log(number).await?;
            if let Some(known) = last_verified(&log) {
                self.compare(&known, &shown).await?;
            }
            self.state().take_head(&lease, &shown).await?;
        }
        self.tell(&Event::Head(&shown));
        self.is_over(FaultKind::Unreadable).await?;
        if self.settings().once {
            // What it showed is what is to be proven; what it showed before is proven, or is read up to first.
            self.target.get_or_insert(shown.size);
        }
        self.polled = Some((Stopwatch::start(), jittered(self.settings().interval)));
        Ok(())
    }

    /// Whether the tree that the log shows continues the one that is known.
    async fn compare(&mut self, known: &Head, shown: &Head) -> Result<(), Trouble> {
        let heads = |what: String, has_shrunk| Trouble::Heads {
            what,
            has_shrunk,
            known: Box::new(known.clone()),
            shown: Box::new(shown.clone()),
        };
        let contradict = |why: &str| {
            format!(
                "it signed a tree of {} entries and one of {} entries, and neither continues the other: {why}",
                known.size, shown.size
            )
        };
        // Of the tree that it began with, no time is known.
        let is_of_a_time = !known.octets.is_empty();
        // Both heads are signed: no proof is needed, and none could be had from a log that lost entries.
        if shown.size < known.size && is_of_a_time && shown.timestamp > known.timestamp {
            let what = format!(
                "it signed a tree of {} entries after one of {}: entries that it had promised to keep are gone",
                shown.size, known.size
            );
            return Err(heads(what, true));
        }
        if shown.size == known.size {
            if shown.root != known.root {
                return Err(heads(contradict("they have the same size and other roots"), false));
            }
        } else {
            let (older, newer) = if shown.size > known.size { (known, shown) } else { (shown, known) };
            // Every tree continues the empty one.
            if older.size > 0 {
                match self.reader.prove_consistency(older, newer).await {
                    Ok(()) => self.is_over(FaultKind::Proof).await?,
                    Err(ReadError::Breach { breach: Breach::Split, what, .. }) => {
                        return Err(heads(contradict(&what), false));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if shown.size >= known.size {
            self.older_since = None;
            self.is_over(FaultKind::OldHead).await?;
            return self.is_over(FaultKind::Shrunk).await;
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

    /// Proves what was read, where all of it was. Gives whether anything was proven.
    pub(super) async fn prove(&mut self, number: LogNumber) -> Result<bool, Trouble> {
        let Some(lease) = self.head.clone() else { return Ok(false) };
        let Some(tree) = self.state().fold(&lease).await? else { return Ok(false) };
        let goal = self.state().log(number).await?.goal;
        match self.state().prove(&lease, &tree).await {
            Ok(_) => {
                self.wrong_roots = 0;
                self.tell(&Event::Proven(tree.size()));
                self.is_over(FaultKind::OtherRoot).await?;
                Ok(true)
            }
            Err(StateError::OtherRoot) => {
                // Which entry is the wrong one nobody knows.
                self.state().rewind(&lease).await?;
                match goal {
                    Some(goal) => {
                        Err(Trouble::OtherRoot { goal: Box::new(goal), root: tree.root().to_string() })
                    }
                    None => Ok(true),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The last tree that was verified: the last tree head, or where there is none yet, the tree that it began with.
fn last_verified(log: &Log) -> Option<Head> {
    match &log.head {
        Some((head, _)) => Some(head.clone()),
        None if log.proven.size() > 0 => Some(Head {
            size: log.proven.size(),
            timestamp: 0,
            root: log.proven.root(),
            octets: Bytes(Vec::new()),
        }),
        None => None,
    }
}
