//! Which certificate followed which.
//!
//! Certificates of one CA for the same names and of one kind of key make a line where each begins in the second half of
//! the life of the one before, or later; what begins sooner stands beside it: a second server's, or a retry's. The
//! service is followed backwards from the certificate that is served now: along its line, and where that begins, to
//! what can have been in service before. What was issued within the first tenth of another's life was issued with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::history::{HistoricCertificate, History};
use super::matching::holds;
use super::outcome::{FlagRule, Renewal};
use super::seconds::after;
use super::stretches::Stretches;
use crate::dns_name::CertificateName;
use crate::x509::SpkiSha256;
use crate::x509::paths::CaPath;

/// The most certificates that are replayed: the newest.
pub(super) const MOST_CERTIFICATES: usize = 20_000;

/// How far back from `at` the replay goes, in seconds: ten years.
const LONGEST_HISTORY: i64 = 3_653 * 24 * 60 * 60;

/// How many lines that may go on with a certificate are looked at: those that came to be due last.
const MOST_ENDS: usize = 64;

/// How many certificates before the first of a line are looked at for the one that it follows.
const MOST_LOOKED_AT: usize = 1_024;

/// The certificates of a history in their order.
#[derive(Debug)]
pub(super) struct Laid<'h> {
    /// Those that are replayed, by their first moments.
    pub(super) certificates: Vec<Placed<'h>>,
    /// Those that the service is taken to have been with, oldest first.
    pub(super) followed: Vec<usize>,
    /// The one that is served now.
    pub(super) served: Option<usize>,
    /// How many lines there are.
    pub(super) lines: usize,
    /// What was left out, a sentence each.
    pub(super) left_out: Vec<String>,
}

/// A certificate in its line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'h> {
    /// The certificate.
    pub(super) it: &'h HistoricCertificate,
    /// Its place in the history.
    pub(super) given: usize,
    /// Its line.
    pub(super) line: usize,
    /// The one before it in its line.
    pub(super) before: Option<usize>,
    /// The one after it.
    pub(super) next: Option<usize>,
    /// Whether its CA is none of those that the owner expects.
    pub(super) is_unexpected: bool,
    /// A number that those of the same names share.
    pub(super) names: usize,
}

/// What the certificates of a line have in common: issuer, kind of key, and the number of their names.
type InCommon<'h> = (&'h str, Option<&'h str>, usize);

impl Placed<'_> {
    /// The first second of its life.
    pub(super) fn begins(&self) -> i64 {
        self.it.not_before.as_second()
    }

    /// The second after its life.
    pub(super) fn ends(&self) -> i64 {
        after(self.it.not_after)
    }

    fn life(&self) -> i64 {
        self.ends().saturating_sub(self.begins())
    }
}

impl<'h> Laid<'h> {
    /// Sorts a history.
    pub(super) fn of(history: &'h History) -> Self {
        let mut left_out = Vec::new();
        let mut chosen = chosen(history, &mut left_out);
        chosen.sort_by_key(|(given, it)| (it.not_before, it.not_after, *given));
        let mut laid =
            Self { certificates: Vec::new(), followed: Vec::new(), served: None, lines: 0, left_out };
        let unexpected = history.flagged.iter().flatten().filter(|flag| flag.rule == FlagRule::ExpectedCa);
        laid.join(chosen, &unexpected.map(|flag| flag.certificate).collect());
        laid.served = history
            .served_now
            .and_then(|served| laid.certificates.iter().position(|placed| placed.it.sha256 == Some(served)));
        laid.follow(history.at);
        laid
    }

    /// One of them.
    pub(super) fn get(&self, place: usize) -> Option<&Placed<'h>> {
        self.certificates.get(place)
    }

    /// When a certificate that is known was valid, up to a moment.
    pub(super) fn known(&self, end: i64) -> Stretches {
        Stretches::bridged(self.certificates.iter().map(|placed| (placed.begins(), placed.ends().min(end))))
    }

    /// Puts each certificate at the end of the line that it renews, or at the beginning of one.
    fn join(&mut self, chosen: Vec<(usize, &'h HistoricCertificate)>, unexpected: &HashSet<usize>) {
        // The last of each line, by what its certificates have in common: when it is half through its life.
        let mut ends: BTreeMap<InCommon<'_>, BTreeSet<(i64, usize)>> = BTreeMap::new();
        let mut sets: HashMap<BTreeSet<String>, usize> = HashMap::new();
        for (place, (given, it)) in chosen.into_iter().enumerate() {
            let next_set = sets.len();
            let names = *sets.entry(names(it)).or_insert(next_set);
            let ends = ends.entry((&it.issuer, it.key_type.as_deref(), names)).or_default();
            let due = ends.range(..=(it.not_before.as_second(), usize::MAX)).rev().take(MOST_ENDS);
            let due: Vec<(i64, usize)> = due.copied().collect();
            let has_its_key =
                |(_, end): &&(i64, usize)| self.get(*end).is_some_and(|end| end.it.key == it.key);
            let found = due.iter().find(has_its_key).or(due.first()).copied();
            let before = found.map(|end| {
                ends.remove(&end);
                end.1
            });
            let (begins, end) = (it.not_before.as_second(), after(it.not_after));
            let half = end.saturating_sub(begins) / 2;
            ends.insert((begins.saturating_add(half), place));
            let line = if let Some(before) = before.and_then(|before| self.certificates.get_mut(before)) {
                before.next = Some(place);
                before.line
            } else {
                self.lines = self.lines.saturating_add(1);
                self.lines.saturating_sub(1)
            };
            let is_unexpected = unexpected.contains(&given);
            self.certificates.push(Placed { it, given, line, before, next: None, is_unexpected, names });
        }
    }

    /// Goes back from the certificate in service, from one to the one before it.
    fn follow(&mut self, at: Timestamp) {
        let mut last_begins = vec![i64::MIN; self.lines];
        for placed in &self.certificates {
            if let Some(last) = last_begins.get_mut(placed.line) {
                *last = placed.begins();
            }
        }
        let mut on = self.served.or_else(|| self.in_service(at));
        let mut seen = HashSet::new();
        while let Some(place) = on.filter(|place| seen.insert(*place)) {
            self.followed.push(place);
            on = self
                .get(place)
                .and_then(|placed| placed.before)
                .or_else(|| self.before_line(place, &last_begins));
        }
        self.followed.reverse();
    }

    /// The certificate that is most likely in service where the server was not asked: of the longest line of those in
    /// their life, the newest, those of CAs that are expected first; else the last that ended.
    fn in_service(&self, at: Timestamp) -> Option<usize> {
        let mut lengths: BTreeMap<usize, usize> = BTreeMap::new();
        for placed in &self.certificates {
            let length = lengths.entry(placed.line).or_default();
            *length = length.saturating_add(1);
        }
        let all = || self.certificates.iter().enumerate();
        let is_valid = |placed: &Placed<'_>| placed.it.not_before <= at && at <= placed.it.not_after;
        let length = |placed: &Placed<'_>| lengths.get(&placed.line).copied().unwrap_or_default();
        all()
            .filter(|(_, placed)| is_valid(placed))
            .max_by_key(|(place, placed)| (!placed.is_unexpected, length(placed), placed.begins(), *place))
            .or_else(|| {
                all()
                    .filter(|(_, placed)| placed.it.not_before <= at)
                    .max_by_key(|(place, placed)| (placed.ends(), *place))
            })
            .map(|(place, _)| place)
    }

    /// What the first certificate of a line follows: what is still in its life then, before what has ended; of a line
    /// that ends, before one that goes on beside it; of a CA that is expected; for the same names; the newest.
    fn before_line(&self, first: usize, last_begins: &[i64]) -> Option<usize> {
        let own = self.get(first)?;
        let begins = own.begins();
        let earlier = self.certificates.get(..first)?.iter().enumerate().rev().take(MOST_LOOKED_AT);
        earlier
            .filter(|(_, other)| begins.saturating_sub(other.begins()) > other.life() / 10)
            .max_by_key(|(place, other)| {
                let is_valid = other.ends() > begins;
                let goes_on = last_begins.get(other.line).is_some_and(|last| *last >= begins);
                let has_its_names = other.names == own.names;
                (is_valid, !other.is_unexpected, !goes_on, has_its_names, other.begins(), *place)
            })
            .map(|(place, _)| place)
    }

    /// How each of the followed certificates came after the one before.
    pub(super) fn renewals(&self, at: Timestamp) -> Vec<Renewal> {
        // When the rest of its line ends at the latest, for each.
        let mut rest: Vec<Timestamp> = self.certificates.iter().map(|placed| placed.it.not_after).collect();
        for (place, placed) in self.certificates.iter().enumerate().rev() {
            let later = placed.next.and_then(|next| rest.get(next)).copied();
            if let (Some(own), Some(later)) = (rest.get_mut(place), later) {
                *own = later.max(*own);
            }
        }
        let pairs = self.followed.iter().zip(self.followed.iter().skip(1));
        pairs.filter_map(|(from, to)| self.renewal((*from, *to), &rest, at)).collect()
    }

    fn renewal(&self, (from, to): (usize, usize), rest: &[Timestamp], at: Timestamp) -> Option<Renewal> {
        let (before, after) = (self.get(from)?, self.get(to)?);
        let (one, other) = (before.it, after.it);
        // A line that goes on beside can have been in service up to its own end.
        let mut latest = one.not_after;
        if before.line != after.line {
            latest = latest.max(*rest.get(from)?);
        }
        if self.served == Some(to) {
            latest = latest.min(at);
        }
        let new_intermediate = one.issuer_key.zip(other.issuer_key).map(|(one, other)| one != other);
        let roots = |it: &HistoricCertificate| roots_at(&it.paths, other.not_before.as_second());
        let (one_roots, other_roots) = (roots(one), roots(other));
        let is_known = !one_roots.is_empty() && !other_roots.is_empty();
        Some(Renewal {
            from,
            to,
            new_key: one.key != other.key,
            new_intermediate,
            new_path: is_known.then(|| one_roots != other_roots),
            new_ca: one.issuer != other.issuer,
            earliest_swap: other.not_before,
            latest_swap: latest,
        })
    }
}

fn names(it: &HistoricCertificate) -> BTreeSet<String> {
    it.names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// The roots that the paths lead to at a time: those to anchors of today, or all where none of those is there.
pub(super) fn roots_at(paths: &[CaPath], second: i64) -> BTreeSet<SpkiSha256> {
    let ends = |trusted: bool| -> BTreeSet<SpkiSha256> {
        paths
            .iter()
            .filter(|path| path.trusted == trusted && holds(path, second))
            .filter_map(|path| path.certificates.last())
            .map(|root| root.spki_sha256)
            .collect()
    };
    let trusted = ends(true);
    if trusted.is_empty() { ends(false) } else { trusted }
}

/// Those that are replayed: for this host, with a life, of the last ten years, and not too many.
fn chosen<'h>(history: &'h History, left_out: &mut Vec<String>) -> Vec<(usize, &'h HistoricCertificate)> {
    let oldest = history.at.as_second().saturating_sub(LONGEST_HISTORY);
    let (mut others, mut backward, mut old, mut ahead) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut chosen: Vec<(usize, &HistoricCertificate)> = Vec::new();
    for (given, it) in history.certificates.iter().enumerate() {
        let covers =
            |name: &String| name.parse::<CertificateName>().is_ok_and(|name| name.covers(&history.host));
        let count = if !it.names.iter().any(covers) {
            &mut others
        } else if it.not_after <= it.not_before {
            &mut backward
        } else if it.not_after.as_second() < oldest || it.not_before.as_second() < oldest {
            &mut old
        } else if it.not_before > history.at {
            &mut ahead
        } else {
            chosen.push((given, it));
            continue;
        };
        *count = count.saturating_add(1);
    }
    let host = &history.host;
    for (count, what) in [
        (others, format!("not for {host} itself")),
        (backward, "without a life: notAfter is not later than notBefore".to_owned()),
        (old, "begun more than ten years ago".to_owned()),
        (ahead, "not valid yet".to_owned()),
    ] {
        match count {
            0 => {}
            1 => left_out.push(format!("1 certificate is left out: {what}.")),
            many => left_out.push(format!("{many} certificates are left out: {what}.")),
        }
    }
    if chosen.len() > MOST_CERTIFICATES {
        let more = chosen.len().saturating_sub(MOST_CERTIFICATES);
        left_out.push(format!(
            "{more} certificates are left out: only the newest {MOST_CERTIFICATES} are replayed."
        ));
        chosen.sort_by_key(|(given, it)| Reverse((it.not_before, it.not_after, *given)));
        chosen.truncate(MOST_CERTIFICATES);
    }
    chosen
}
