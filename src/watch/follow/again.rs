//! Judging again what could not be determined: by issuers that can be had now, by what is proven now, and by the policy as
//! it is now.

use super::certificate::prepare;
use super::judging::Standing;
use super::trouble::Trouble;
use super::{Event, Follower};
use crate::evidence::Bytes;
use crate::observe::clock::Stopwatch;
use crate::watch::batch::{Beside, ChainBeside, FoundEntry, Why, search_leaf};
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
            let these = open.into_iter().filter(|entry| is_behind || entry.tbs_sha256 <= begun);
            self.judge_these_again(these).await?;
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

    /// Judges a page of them, and keeps it in one step; also what was judged before something failed.
    async fn judge_these_again(&mut self, open: impl Iterator<Item = OpenEntry>) -> Result<(), Trouble> {
        let mut with_issuers = Vec::new();
        let mut failed = None;
        for open in open {
            // Nobody watches for what is left out any more.
            let Some(why) = search_leaf(&open.leaf, &self.following.watched) else { continue };
            match self.entry_with_issuers(open, why).await {
                Ok(entry) => with_issuers.push(entry),
                Err(trouble) => {
                    failed = Some(trouble);
                    break;
                }
            }
        }
        let judging = &self.following.judging;
        let these = with_issuers.iter().flat_map(|one| &one.issuers);
        let others = judging.others(self.state(), these).await?;
        let mut prepared = Vec::with_capacity(with_issuers.len());
        for one in &with_issuers {
            let standing = Standing {
                log: &self.label,
                issuers: &one.issuers,
                others: Some(&others),
                missing: one.missing.as_deref(),
                is_proven: one.is_proven && self.open.is_empty(),
                at: self.now(),
            };
            let judged = prepare(&one.entry, &standing, judging);
            // Where only the beginning of an entry is kept, it says no more than it did.
            if judged.found.tbs_sha256 == one.tbs_sha256 {
                prepared.push(judged);
            }
        }
        let found: Vec<_> = prepared.iter().map(|one| one.found.clone()).collect();
        if !found.is_empty() {
            let committed = self.state().judged_again(&found).await?;
            for one in committed.told.iter().filter_map(|place| prepared.get(*place)) {
                self.tell(&Event::Found(&one.summary));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn entry_with_issuers(&mut self, open: OpenEntry, why: Why) -> Result<WithIssuers, Trouble> {
        let chain = match open.chain_problem {
            Some(why) => ChainBeside::Unreadable(why),
            None => ChainBeside::Fingerprints(open.chain),
        };
        let beside = Beside { precertificate: open.precertificate, chain };
        let entry = FoundEntry { index: open.index, leaf: open.leaf, beside, why };
        let (issuers, missing) = if let ChainBeside::Unreadable(why) = &entry.beside.chain {
            // That fault was told when it was seen.
            (Vec::new(), Some(why.clone()))
        } else {
            self.issuers_of(&entry).await?
        };
        let (tbs_sha256, is_proven) = (open.tbs_sha256, open.is_proven);
        Ok(WithIssuers { entry, tbs_sha256, is_proven, issuers, missing })
    }
}

/// An entry that is judged again, with the certificates above it.
struct WithIssuers {
    entry: FoundEntry,
    /// What it is kept by.
    tbs_sha256: [u8; 32],
    is_proven: bool,
    issuers: Vec<Bytes>,
    /// Why some of them are missing, if they are.
    missing: Option<String>,
}

/// Any place among hashes; the first without chance.
fn anywhere() -> [u8; 32] {
    let mut place = [0; 32];
    match getrandom::fill(&mut place) {
        Ok(()) => place,
        Err(_) => [0; 32],
    }
}
