//! Judging again what could not be determined: by issuers that can be had now, by what is proven now, and by the policy as
//! it is now.

use super::certificate::prepare;
use super::judging::Standing;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::observe::clock::Stopwatch;
use crate::watch::batch::{Beside, ChainBeside, FoundEntry, search_leaf};
use crate::watch::reader::LogReader;
use crate::watch::state::{Log, OpenEntry};

/// How often this is done, in milliseconds.
const EVERY: u64 = 60 * 60 * 1000;
/// How many pages of open verdicts are looked at.
const MOST_PAGES: usize = 10;

impl<R: LogReader> Follower<'_, R> {
    /// Whether it is time again, where nobody waits for the end.
    pub(super) fn is_judging_due(&self) -> bool {
        !self.settings().once && self.judged_again.is_none_or(|since| since.milliseconds() >= EVERY)
    }

    /// Judges certificates of this log again whose verdicts are open.
    pub(super) async fn judge_again(&mut self, log: &Log) -> Result<(), Trouble> {
        self.judged_again = Some(Stopwatch::start());
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let open = self.state().open_verdicts(log.number, after.as_ref()).await?;
            after = open.last().map(|last| last.tbs_sha256);
            if open.is_empty() {
                break;
            }
            for entry in open {
                self.judge_one_again(entry).await?;
            }
        }
        Ok(())
    }

    async fn judge_one_again(&mut self, open: OpenEntry) -> Result<(), Trouble> {
        // Nobody watches for it any more.
        let Some(why) = search_leaf(&open.leaf, &self.following.watched) else { return Ok(()) };
        let chain = match open.chain_problem {
            Some(why) => ChainBeside::Unreadable(why),
            None => ChainBeside::Fingerprints(open.chain),
        };
        let is_proven = open.is_proven;
        let beside = Beside { precertificate: open.precertificate, chain };
        let entry = FoundEntry { index: open.index, leaf: open.leaf, beside, why };
        let (issuers, missing) = if let ChainBeside::Unreadable(why) = &entry.beside.chain {
            // That fault was told when it was seen.
            (Vec::new(), Some(why.clone()))
        } else {
            match self.issuers_of(&entry).await {
                Ok(found) => found,
                Err(Trouble::Read(error)) => (Vec::new(), Some(error.to_string())),
                Err(error) => return Err(error),
            }
        };
        let standing = Standing {
            log: &self.label,
            issuers: &issuers,
            missing: missing.as_deref(),
            is_proven: is_proven && self.open.is_empty(),
            at: self.now(),
        };
        let prepared = prepare(&entry, &standing, &self.following.judging);
        let found = std::slice::from_ref(&prepared.found);
        if !self.state().judged_again(found).await?.told.is_empty() {
            self.tell(&Event::Found(&prepared.summary));
        }
        Ok(())
    }
}
