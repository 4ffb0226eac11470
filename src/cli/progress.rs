//! How far a command has come, on standard error: what changes in place on a terminal, a line now and then elsewhere.

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::observe::clock::Stopwatch;
use crate::report::human::safe;

/// How often a line tells how far a run has come where there is no terminal.
const NOW_AND_THEN: Duration = Duration::from_secs(30);

/// How often what changes in place is drawn anew while nothing happens.
const TICK: Duration = Duration::from_millis(200);

/// What there is to come through.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// So many things.
    Things(u64),
    /// A list of so many octets.
    Octets(u64),
    /// Nobody knows how much.
    Unknown,
}

/// What is shown on a terminal; nothing elsewhere, or where nobody wants it.
pub(super) fn bar(way: Way, is_quiet: bool) -> ProgressBar {
    if is_quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, form) = match way {
        Way::Things(things) => {
            (ProgressBar::new(things), "{bar:30} {pos} of {len}  {msg}  {elapsed}, {eta} to go")
        }
        Way::Octets(octets) => {
            (ProgressBar::new(octets), "{bar:30} {percent:>3} %  {msg}  {elapsed}, {eta} to go")
        }
        Way::Unknown => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
    };
    bar.with_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Says something on standard error.
pub(super) fn note(text: &str) {
    // Nothing depends on it.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&format!("note: {text}")));
}

/// So many things, in words.
pub(super) fn counted(count: impl Display, one: &str, several: &str) -> String {
    let count = count.to_string();
    let things = if count == "1" { one } else { several };
    format!("{count} {things}")
}

/// How many of so many things are done.
pub(super) struct Counted {
    bar: ProgressBar,
    is_quiet: bool,
    of: usize,
    done: usize,
    watch: Stopwatch,
    /// When the last line was written, in milliseconds of the watch.
    told: u64,
}

impl Counted {
    /// Nothing of so many yet. Of one thing nothing is shown.
    pub(super) fn of(things: usize, is_quiet: bool) -> Self {
        let is_quiet = is_quiet || things < 2;
        let bar = bar(Way::Things(u64::try_from(things).unwrap_or(u64::MAX)), is_quiet);
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, is_quiet, of: things, done: 0, watch: Stopwatch::start(), told: 0 }
    }

    /// One more is done; `words` say what came of them so far.
    pub(super) fn one(&mut self, words: impl FnOnce() -> String) {
        self.done = self.done.saturating_add(1);
        if !self.bar.is_hidden() {
            self.bar.inc(1);
            self.bar.set_message(words());
            return;
        }
        let now = self.watch.milliseconds();
        if !self.is_quiet && u128::from(now.saturating_sub(self.told)) >= NOW_AND_THEN.as_millis() {
            self.told = now;
            note(&format!("{} of {} done after {} s: {}", self.done, self.of, now / 1000, words()));
        }
    }

    /// Does something that may write to the same terminal.
    pub(super) fn beside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.bar.suspend(work)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_has_no_terminal_and_sees_no_bar() {
        assert!(bar(Way::Unknown, true).is_hidden());
        let mut counted = Counted::of(3, true);
        counted.one(|| unreachable!("nobody is told"));
        assert_eq!((counted.done, counted.beside(|| 7)), (1, 7));
    }
}
