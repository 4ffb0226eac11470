//! How far asking has come, on standard error: a line that changes on a terminal, a note where it takes long elsewhere.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::timeout;

use crate::cli::progress::{self, Way};
use crate::dns_name::DnsName;
use crate::evidence::issuance::IssuanceObservation;
use crate::issuance::reported::SourceKind;
use crate::observe::issuance::{Asking, ask_telling};
use crate::report::human::safe;

/// After how long a source is told that has not answered everything.
const LONG: Duration = Duration::from_secs(5);

/// Shows how far asking has come.
pub(in crate::cli) struct Progress {
    bar: ProgressBar,
    /// How many names there are; what is said of each begins with its number.
    names: usize,
    begun: AtomicUsize,
    is_quiet: bool,
}

impl Progress {
    /// For so many names; on a terminal in one line.
    pub(in crate::cli) fn of(names: usize, is_quiet: bool) -> Self {
        let bar = progress::bar(Way::Unknown, is_quiet);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, names, begun: AtomicUsize::new(0), is_quiet }
    }

    /// Tells what takes long alone: something else is shown meanwhile.
    pub(in crate::cli) fn notes_alone(names: usize) -> Self {
        Self { bar: ProgressBar::hidden(), names, begun: AtomicUsize::new(0), is_quiet: false }
    }

    /// Shows what is done now.
    pub(super) fn now(&self, what: &str) {
        self.bar.set_message(safe(what).into_owned());
    }

    /// Asks the sources about a name, and tells whom it waits for.
    pub(super) async fn ask(&self, asking: &Asking) -> IssuanceObservation {
        let number = self.begun.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let waiting: RefCell<BTreeSet<SourceKind>> = RefCell::new(asking.asked().collect());
        let titles = || {
            let titles: Vec<&str> = waiting.borrow().iter().map(|kind| kind.title()).collect();
            titles.join(" and ")
        };
        let show = || self.now(&format!("{number} of {}: {}: asking {}", self.names, asking.name, titles()));
        show();
        let answered = |kind| {
            waiting.borrow_mut().remove(&kind);
            show();
        };
        let mut all = std::pin::pin!(ask_telling(asking, answered));
        if let Ok(observation) = timeout(LONG, &mut all).await {
            return observation;
        }
        self.tell_long(&asking.name, &titles());
        all.await
    }

    fn tell_long(&self, name: &DnsName, titles: &str) {
        if self.is_quiet || !self.bar.is_hidden() || titles.is_empty() {
            return;
        }
        progress::note(&format!("still asking {titles} about {name}, after {} s", LONG.as_secs()));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
