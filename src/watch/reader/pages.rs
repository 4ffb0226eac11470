//! How many entries to ask a log for at once, learned from what it gave.
//!
//! Logs cap their answers at anything from 32 to 1,000 entries, and do not say where. Some also cut an answer at the next
//! multiple of their cap, so that it pays to begin there.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The most entries asked for at once: of real ones, some five and a half million octets.
const MOST: u64 = 1024;

/// After how many whole answers more is tried; twice as many each time it was in vain.
const PATIENCE: u32 = 256;

/// After how many short answers in a row the log is learned anew.
const SHORT_IN_A_ROW: u32 = 3;

/// What is known of a log's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    /// How many entries to ask for.
    page: u64,
    /// Whether the log gives that many.
    is_known: bool,
    /// The first short answer while this is not known: perhaps it was only cut at a multiple.
    first_short: Option<u64>,
    whole: u32,
    short: u32,
    patience: u32,
}

impl Default for Pages {
    fn default() -> Self {
        Self { page: MOST, is_known: false, first_short: None, whole: 0, short: 0, patience: PATIENCE }
    }
}

impl Pages {
    /// Before which entry to stop who asks from `start` on, and no further than `stop`.
    pub(super) fn stop(&self, start: u64, stop: u64) -> u64 {
        let page = self.page.max(1);
        let end = if self.is_known {
            start.checked_div(page).unwrap_or_default().saturating_add(1).saturating_mul(page)
        } else {
            start.saturating_add(page)
        };
        end.min(stop)
    }

    /// Where the log's answer is likely to end; `None` as long as its pages are not known.
    pub(super) fn expected(&self, start: u64, stop: u64) -> Option<u64> {
        self.is_known.then(|| self.stop(start, stop))
    }

    /// The log was asked for `asked` entries, all of which it has, and gave `given`.
    pub(super) fn took(&mut self, asked: u64, given: u64) {
        if given >= asked {
            self.short = 0;
            // The rest of a page says nothing about whole ones.
            if asked < self.page {
                return;
            }
            self.whole = self.whole.saturating_add(1);
            self.first_short = None;
            if !self.is_known {
                self.is_known = self.page >= MOST;
                self.page = self.page.saturating_mul(2).min(MOST);
            } else if self.whole >= self.patience && self.page < MOST {
                self.page = self.page.saturating_mul(2).min(MOST);
                self.is_known = false;
                self.patience = self.patience.saturating_mul(2);
            }
            return;
        }
        if self.is_known {
            self.short = self.short.saturating_add(1);
            if self.short >= SHORT_IN_A_ROW {
                *self = Self { patience: self.patience, ..Self::default() };
            }
            return;
        }
        // A single one may only have been cut at a multiple; what follows it begins there, and shows the cap.
        match self.first_short.take() {
            None => self.first_short = Some(given),
            Some(first) => {
                self.page = given.max(first).max(1);
                self.is_known = true;
                (self.whole, self.short) = (0, 0);
            }
        }
    }

    /// So many entries were too much at once.
    pub(super) fn refused(&mut self, asked: u64) {
        *self = Self {
            page: (asked / 2).max(1).min(self.page),
            is_known: true,
            first_short: None,
            whole: 0,
            short: 0,
            patience: self.patience,
        };
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a test counts in small numbers")]
mod tests {
    use super::*;

    /// Reads a whole log with this cap; gives how many answers it took and how many of them were short.
    fn read(pages: &mut Pages, cap: u64, is_aligned: bool, from: u64, size: u64) -> (u64, u64) {
        let (mut at, mut answers, mut short) = (from, 0, 0);
        while at < size {
            let stop = pages.stop(at, size);
            assert!(stop > at && stop <= size);
            let end = if is_aligned { (at / cap + 1) * cap } else { at + cap }.min(stop);
            pages.took(stop - at, end - at);
            answers += 1;
            short += u64::from(end < stop);
            at = end;
        }
        (answers, short)
    }

    #[test]
    fn the_cap_of_a_log_is_learned() {
        for cap in [1, 32, 64, 100, 256, 1000, 1024, 4000] {
            for is_aligned in [false, true] {
                for from in [0, 7, 700, 123_456] {
                    let mut pages = Pages::default();
                    let (answers, short) = read(&mut pages, cap, is_aligned, from, from + 200_000);
                    // A log that cuts at other multiples than ours adds a short answer at each.
                    let cuts = if cap > MOST { 200_000 / cap } else { 0 };
                    let best = 200_000 / cap.min(MOST) + cuts;
                    assert!(
                        answers <= best + best / 20 + 8,
                        "{cap} {is_aligned} {from}: {answers} for {best}"
                    );
                    assert!(short <= 24 + cuts, "{cap} {is_aligned} {from}: {short} short ones");
                }
            }
        }
    }

    #[test]
    fn a_log_that_changes_its_cap_is_learned_anew() {
        let mut pages = Pages::default();
        read(&mut pages, 1000, true, 0, 20_000);
        assert_eq!(pages.expected(20_000, u64::MAX), Some(21_000));
        read(&mut pages, 32, false, 20_000, 30_000);
        assert!(pages.is_known && pages.page == 32, "{pages:?}");
        read(&mut pages, 1000, true, 30_000, 130_000);
        assert!(pages.page > 500, "{pages:?}");
    }

    #[test]
    fn what_was_too_much_is_halved() {
        let mut pages = Pages::default();
        assert_eq!((pages.stop(0, 5000), pages.expected(0, 5000)), (1024, None));
        pages.refused(1024);
        assert_eq!((pages.stop(0, 5000), pages.stop(500, 5000), pages.stop(0, 9)), (512, 512, 9));
        (0..20).for_each(|_| pages.refused(1));
        assert_eq!(pages.stop(3, 5000), 4);
    }
}
