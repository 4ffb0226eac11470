//! Certificates of CAs that the owner does not expect: as a rule an attacker's, and no certificate that is served.
//!
//! Whoever has a certificate logged must not turn round what is said of the owner's pins. So one that is flagged by the
//! expected CAs does not count as one that can be served, unless the server shows it, or all that are in their lives are
//! flagged so: then it is the expectation that is behind. Which were left out is said, for one may be the owner's after
//! all.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::lines::{Laid, Placed};
use super::outcome::{FlagRule, LocksOutNow, Replay, ReplayedCertificate};
use super::stretches::Stretches;

/// What the certificates in their lives are at a time.
#[derive(Debug)]
pub(super) struct Servable<'l, 'h> {
    /// Those that can be served.
    pub(super) can_be: Vec<&'l Placed<'h>>,
    /// Those that are left out, as no CA that is expected issued them.
    pub(super) left_out: Vec<&'l Placed<'h>>,
}

impl<'h> Laid<'h> {
    /// Whether a certificate is of a CA that is not expected, and not the one that is served.
    pub(super) fn is_doubted(&self, place: usize) -> bool {
        self.served != Some(place) && self.get(place).is_some_and(|placed| placed.is_unexpected)
    }

    /// Which certificates count in what is said of the next one: those of CAs that are not expected do only where no other
    /// can be served.
    pub(super) fn counting(&self, at: Timestamp) -> impl Fn(usize) -> bool {
        let has_own = self.servable(at).can_be.iter().any(|placed| !placed.is_unexpected);
        move |place| !has_own || !self.is_doubted(place)
    }

    /// Those of them beside which there was another all their lives: they are not taken to have been in service. One that
    /// was alone for a day or longer was: there was nothing else.
    pub(super) fn left_out(&self, end: i64) -> BTreeSet<usize> {
        let all = || self.certificates.iter().enumerate();
        let own = all().filter(|(place, _)| !self.is_doubted(*place));
        let own = Stretches::bridged(own.map(|(_, placed)| (placed.begins(), placed.ends())));
        let is_beside = |placed: &Placed<'_>| {
            let until = placed.ends().min(end);
            own.next(placed.begins()).is_some_and(|(from, to)| from <= placed.begins() && until <= to)
        };
        let beside = all().filter(|(place, placed)| self.is_doubted(*place) && is_beside(placed));
        beside.map(|(place, _)| place).collect()
    }

    /// What can be served at a time: what the server shows where that is known, else all that are in their lives.
    pub(super) fn servable(&self, at: Timestamp) -> Servable<'_, 'h> {
        if let Some(served) = self.served.and_then(|served| self.get(served)) {
            return Servable { can_be: vec![served], left_out: Vec::new() };
        }
        let is_valid = |placed: &&Placed<'_>| placed.it.not_before <= at && at <= placed.it.not_after;
        let (doubted, own): (Vec<_>, Vec<_>) =
            self.certificates.iter().filter(is_valid).partition(|placed| placed.is_unexpected);
        if own.is_empty() {
            Servable { can_be: doubted, left_out: Vec::new() }
        } else {
            Servable { can_be: own, left_out: doubted }
        }
    }
}

impl Replay {
    /// The certificates in their lives at the end that are of CAs which the owner does not expect.
    pub fn unexpected_now(&self) -> impl Iterator<Item = &ReplayedCertificate> {
        let is_unexpected = |place: usize| {
            let flagged = self.flagged.as_deref().unwrap_or_default();
            flagged.iter().any(|flag| flag.certificate == place && flag.rule == FlagRule::ExpectedCa)
        };
        let current = self.certificates.iter().enumerate().filter(|(_, it)| it.is_valid(self.until));
        current.filter(move |(place, _)| is_unexpected(*place)).map(|(_, it)| it)
    }

    /// Whether nothing is known to be served at the end that is of a CA which the owner expects: all that is in its life is
    /// of others, or what the server shows is.
    pub fn is_all_unexpected_now(&self) -> bool {
        let unexpected: Vec<&ReplayedCertificate> = self.unexpected_now().collect();
        let current = self.certificates.iter().filter(|it| it.is_valid(self.until)).count();
        !unexpected.is_empty()
            && (unexpected.len() == current || unexpected.iter().any(|it| it.served_now == Some(true)))
    }
}

impl ReplayedCertificate {
    /// Whether it is in its life at a time.
    pub fn is_valid(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }
}

/// Which certificates are left out of what is said of given pins; `None` where none is.
pub(super) fn assumption(laid: &Laid<'_>, at: Timestamp) -> Option<String> {
    let now = now(laid, at);
    let past = past(laid, at);
    (now.is_some() || past.is_some()).then(|| [now, past].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn now(laid: &Laid<'_>, at: Timestamp) -> Option<String> {
    let left_out = laid.servable(at).left_out;
    let named = named(&left_out)?;
    let (is, it) = if left_out.len() == 1 { ("is", "it") } else { ("are", "one of them") };
    Some(format!(
        "Given pins: {named} {is} of a CA that is not among the expected, and not taken for one that can be served, but in \
         how often at the most and in the days at worst. If {it} \
         is yours, what is said here of the pins now and at the next renewal is not so: add its CA to those that are \
         expected, and compare again."
    ))
}

/// Of those that have ended: another's lock-outs, or the owner's own, as by the CA that a CDN falls back to.
fn past(laid: &Laid<'_>, at: Timestamp) -> Option<String> {
    let left_out: Vec<&Placed<'_>> = laid
        .left_out(at.as_second())
        .into_iter()
        .filter_map(|place| laid.get(place))
        .filter(|placed| placed.it.not_after < at)
        .collect();
    let named = named(&left_out)?;
    let (is, it) = if left_out.len() == 1 { ("is", "it was") } else { ("are", "one of them was") };
    Some(format!(
        "Given pins: {named}, by now ended, {is} of a CA that is not among the expected: a lock-out by such a \
         certificate counts in how often at the most and in the days at worst alone. If {it} in service, as by a CDN that \
         fell back to another CA, pins that do not match it have locked users out: add its CA to those that are expected, \
         and compare again."
    ))
}

/// What is said of pins that would stand otherwise if a certificate that is left out were the owner's.
pub(super) fn note(laid: &Laid<'_>, at: Timestamp, if_own: LocksOutNow) -> Option<String> {
    let named = named(&laid.servable(at).left_out)?;
    let may = match if_own {
        LocksOutNow::Surely => "they lock users out now",
        LocksOutNow::Perhaps => "they may lock users out now",
        LocksOutNow::Unknown => "it is not known whether they lock users out now",
        LocksOutNow::No => "they lock nobody out now",
    };
    Some(format!("Left out as of a CA that is not expected: {named}. Should that be yours, {may}."))
}

/// What is said of pins that those which have ended did not match, of those that are left out: with their days, for the owner
/// knows who served him then.
pub(super) fn note_of_past(missed: &[&Placed<'_>]) -> Option<String> {
    let named = named(missed)?;
    let day = |at: Timestamp| at.strftime("%Y-%m-%d");
    let from = missed.iter().map(|placed| placed.it.not_before).min()?;
    let until = missed.iter().map(|placed| placed.it.not_after).max()?;
    let (certificates, it, was) = match missed.len() {
        1 => ("1 certificate that has ended".to_owned(), "it", "it was"),
        count => (format!("{count} certificates that have ended"), "them", "one of them was"),
    };
    Some(format!(
        "Left out as of a CA that is not expected: {certificates} ({named}; valid between {} and {}), and these pins are not \
         known to match {it} on every path. If {was} in service, they locked users out then: how often at the most, and the \
         days at worst, count that, and nothing else does.",
        day(from),
        day(until)
    ))
}

/// Certificates by their names and issuers, the first few.
pub(super) fn named(certificates: &[&Placed<'_>]) -> Option<String> {
    const NAMED: usize = 3;
    let one = |placed: &&Placed<'_>| format!("{} of {}", placed.it.label, placed.it.issuer);
    let told: Vec<String> = certificates.iter().take(NAMED).map(one).collect();
    let more = match certificates.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!told.is_empty()).then(|| format!("{}{more}", told.join(", ")))
}
