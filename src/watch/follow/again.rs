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
/// The same where issuers are awaited that a log could not give.
const EVERY_AWAITED: u64 = 5 * 60 * 1000;
/// How many pages of open verdicts are looked at.
const MOST_PAGES: usize = 10;

impl<R: LogReader> Follower<'_, R> {
    /// Whether it is time again, where nobody waits for the end.
    pub(super) fn is_judging_due(&self) -> bool {
        let every = if self.issuers.are_awaited() { EVERY_AWAITED } else { EVERY };
        !self.settings().once && self.judged_again.is_none_or(|since| since.milliseconds() >= every)
    }

    /// Judges certificates of this log again whose verdicts are open, as many as one time is for: from where it was left,
    /// and with a new process from anywhere, so that none stands behind others for ever.
    pub(super) async fn judge_again(&mut self, log: &Log) -> Result<(), Trouble> {
        self.judged_again = Some(Stopwatch::start());
        self.issuers.ask_again();
        let begun = self.judged_upto.unwrap_or_else(anywhere);
        let (mut after, mut is_behind) = (Some(begun), true);
        for _ in 0..=MOST_PAGES {
            let open = self.state().open_verdicts(log.number, after.as_ref()).await?;
            let last = open.last().map(|last| last.tbs_sha256);
            for entry in open.into_iter().filter(|entry| is_behind || entry.tbs_sha256 <= begun) {
                self.judge_one_again(entry).await?;
            }
            match last {
                Some(last) if is_behind || last < begun => after = Some(last),
                // From the first on, up to where it began.
                None if is_behind => (after, is_behind) = (None, false),
                _ => break,
            }
        }
        self.judged_upto = after;
        Ok(())
    }

    async fn judge_one_again(&mut self, open: OpenEntry) -> Result<(), Trouble> {
        // Nobody watches for it any more.
        let Some(why) = search_leaf(&open.leaf, &self.following.watched) else { return Ok(()) };
        let chain = match open.chain_problem {
            Some(why) => ChainBeside::Unreadable(why),
            None => ChainBeside::Fingerprints(open.chain),
        };
        let (is_proven, tbs_sha256) = (open.is_proven, open.tbs_sha256);
        let beside = Beside { precertificate: open.precertificate, chain };
        let entry = FoundEntry { index: open.index, leaf: open.leaf, beside, why };
        let (issuers, missing) = if let ChainBeside::Unreadable(why) = &entry.beside.chain {
            // That fault was told when it was seen.
            (Vec::new(), Some(why.clone()))
        } else {
            self.issuers_of(&entry).await?
        };
        let others = self.following.judging.others(self.state(), &issuers).await?;
        let standing = Standing {
            log: &self.label,
            issuers: &issuers,
            others: Some(&others),
            missing: missing.as_deref(),
            is_proven: is_proven && self.open.is_empty(),
            at: self.now(),
        };
        let prepared = prepare(&entry, &standing, &self.following.judging);
        if prepared.found.tbs_sha256 != tbs_sha256 {
            // Only the beginning of it is kept, and says no more than it did.
            return Ok(());
        }
        let found = std::slice::from_ref(&prepared.found);
        if !self.state().judged_again(found).await?.told.is_empty() {
            self.tell(&Event::Found(&prepared.summary));
        }
        Ok(())
    }
}

/// Any place among hashes; the first without chance.
fn anywhere() -> [u8; 32] {
    let mut place = [0; 32];
    match getrandom::fill(&mut place) {
        Ok(()) => place,
        Err(_) => [0; 32],
    }
}
