//! What follows when there is nothing to do, or when something failed: pauses, and the end.

use std::time::Duration;

use super::trouble::{self, Failing, Trouble};
use super::{Event, Follower, Outcome, Round};
use crate::ct::log_fault::FaultKind;
use crate::observe::clock::Stopwatch;
use crate::watch::reader::LogReader;
use crate::watch::state::LogNumber;

/// With [`once`](super::Settings::once): how often entries are read again that do not have the signed root.
const MOST_WRONG_ROOTS: u32 = 3;

impl<R: LogReader> Follower<'_, R> {
    /// Nothing is to be read or proven by us now.
    pub(super) async fn rest(&mut self, number: LogNumber) -> Result<Round, Trouble> {
        let log = self.state().log(number).await?;
        if let Some(lease) = self.head.clone() {
            if log.goal.is_some() {
                self.state().extend_ranges(&lease).await?;
            } else if self.next_goal(&lease, &log).await? {
                return Ok(Round::Worked);
            }
        }
        if log.goal.is_none() && self.polling.times == 0 {
            // Its tree head could be read, and everything behind it was.
            self.is_over(FaultKind::Form).await?;
            self.is_over(FaultKind::Unreadable).await?;
        }
        let is_at_target = self.target.as_ref().is_some_and(|target| log.proven.size() >= target.size);
        if is_at_target || self.is_dark_due() {
            self.ask_for_dark(&log).await?;
        }
        self.tell_unsearched(&log).await?;
        if let Some(target) = self.target.clone()
            && log.proven.size() >= target.size
        {
            self.confirm(&log, &target).await?;
            self.judge_again(&log).await?;
            let done = Round::Done { size: log.proven.size() };
            return Ok(self.stale.clone().map_or(done, Round::GivenUp));
        }
        if self.is_judging_due() {
            self.judge_again(&log).await?;
        }
        if let Some(why) = self.no_head.clone() {
            return Ok(Round::GivenUp(why));
        }
        let often = self.settings().interval.min(self.settings().lease / 8).max(Duration::from_millis(1));
        if self.polling.times > 0 {
            // Others may be able to ask the log.
            if let Some(head) = self.head.take() {
                self.state().release_head(head).await?;
            }
            return Ok(Round::Idle(self.until_poll().max(Duration::from_millis(1))));
        }
        if self.head.is_none() || log.goal.is_some() {
            // Others read it, or hold its head.
            return Ok(Round::Idle(often));
        }
        if self.settings().once {
            // Who held the head before did not take the tree head that we saw.
            self.target = None;
            return Ok(Round::Idle(Duration::from_millis(1)));
        }
        Ok(Round::Idle(self.until_poll()))
    }

    /// A tree head was shown that is as it should be.
    pub(super) async fn polled_well(&mut self) -> Result<(), Trouble> {
        if self.polling.times > 0 && self.broken_at.is_none() {
            self.is_over(FaultKind::Form).await?;
        }
        self.polling = Failing::default();
        Ok(())
    }

    /// No tree head was shown, or none that can be taken. It is asked for again after a pause.
    pub(super) async fn polled_in_vain(&mut self, trouble: &Trouble) {
        self.polling.again();
        let (pause, is_given_up) = self.after(trouble, self.polling.times);
        self.note_fault(trouble, self.polling, is_given_up).await;
        let what = trouble.to_string();
        self.polled = Some((Stopwatch::start(), pause));
        if is_given_up {
            self.no_head = Some(what);
        } else {
            self.tell(&Event::Trouble { kind: trouble.kind(), what: &what, pause });
        }
    }

    /// What follows from a failure: a pause, or the end.
    pub(super) async fn failed(&mut self, trouble: &Trouble) -> Option<Outcome> {
        self.give_back().await;
        if trouble.is_lost_lease() {
            // Somebody else works on it, or nobody could be reached for long; that is no failure.
            tokio::time::sleep(self.settings().first_pause).await;
            return None;
        }
        self.reading.again();
        if matches!(trouble, Trouble::OtherRoot { .. }) {
            // Reading it all again succeeds, and so does not count for anything.
            self.wrong_roots = self.wrong_roots.saturating_add(1);
            self.reading.times = self.reading.times.max(self.wrong_roots);
        }
        let (pause, is_given_up) = self.after(trouble, self.reading.times);
        self.note_fault(trouble, self.reading, is_given_up).await;
        let what = trouble.to_string();
        if is_given_up {
            return Some(match trouble {
                Trouble::State(_) => Outcome::NotKept(what),
                _ => Outcome::Failed(what),
            });
        }
        self.tell(&Event::Trouble { kind: trouble.kind(), what: &what, pause });
        tokio::time::sleep(pause).await;
        None
    }

    /// How long is waited after a failure, the last of so many, and whether the log is given up.
    fn after(&self, trouble: &Trouble, failures: u32) -> (Duration, bool) {
        let settings = self.settings();
        let asked = trouble.asked_pause();
        let doublings = failures.saturating_sub(1).min(16);
        let own = settings.first_pause.saturating_mul(1 << doublings);
        let pause = own.min(settings.longest_pause).max(asked.unwrap_or_default());
        let is_given_up = settings.once
            && (failures >= settings.most_failures
                || self.wrong_roots >= MOST_WRONG_ROOTS
                || trouble.is_for_good()
                || asked.is_some_and(|asked| asked > settings.longest_pause));
        (trouble::jittered(pause.min(trouble::LONGEST_ASKED)), is_given_up)
    }

    /// Whether the tree head is to be asked for.
    pub(super) fn is_poll_due(&self) -> bool {
        if self.settings().once && (self.target.is_some() || self.no_head.is_some()) {
            return false;
        }
        let is_due =
            |(watch, pause): (Stopwatch, Duration)| u128::from(watch.milliseconds()) >= pause.as_millis();
        // With `once` there is no interval, only pauses after failures.
        (self.settings().once && self.polling.times == 0) || self.polled.is_none_or(is_due)
    }

    fn until_poll(&self) -> Duration {
        let Some((watch, interval)) = self.polled else { return Duration::ZERO };
        interval.saturating_sub(Duration::from_millis(watch.milliseconds()))
    }
}
