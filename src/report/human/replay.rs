//! The replay over what was issued, for people: the sentence first, then what each pin set would have done.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;

use super::safe;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{WIDTH, indented, labelled, pad, width, wrap};
use crate::compare::replay::{
    Cause, Chance, ChanceBasis, FlagRule, Lockout, LoggedBy, PinSetKind, RenewalBasis, Replay,
    ReplayedPinSet, number_of_days,
};
use crate::report::compared::{bounds, number, or_less};

/// Columns of a pin set's name, and of each number.
const TITLE: usize = 24;
const NUMBERS: [usize; 5] = [17, 12, 13, 7, 7];
/// How much is shown of what there may be much of, unless all is asked for.
const MOST: usize = 8;
/// How many pin sets are named at one renewal.
const MOST_SETS: usize = 6;

/// The replay; `full` shows every renewal that hurts instead of the gravest.
pub fn replay(replay: &Replay, full: bool) -> String {
    let mut text = heading(replay);
    text.push_str(&indented(&safe(&replay.sentence), 2));
    if !replay.pin_sets.is_empty() {
        text.push('\n');
        text.push_str(&table(replay));
    }
    text.push_str(&harm(replay, full));
    text.push_str(&next(replay));
    text.push_str(&flagged(replay, full));
    for (title, sentences) in [
        ("Not replayed", &replay.left_out),
        ("Not known", &replay.unknown),
        ("Taken for granted", &replay.assumptions),
    ] {
        text.push_str(&sentences_of(title, sentences, full));
    }
    text
}

fn heading(replay: &Replay) -> String {
    let from = replay.from.map(|from| format!("{} to ", day(from))).unwrap_or_default();
    let reuse = match replay.key_reuse {
        share if share.of == 0 => String::new(),
        share => format!(", {} of {} kept the key", share.count, share.of),
    };
    let line = format!(
        "{} {}{}: {}, {}{reuse}",
        paint(STRONG, "Replay"),
        from,
        day(replay.until),
        counted(replay.certificates.len(), "certificate"),
        counted(replay.renewals.len(), "renewal"),
    );
    wrap(&line, "", "  ")
}

/// One line a pin set.
fn table(replay: &Replay) -> String {
    let heads = ["locked out", "days a year", "half last", "a year", "next"];
    let mut text = format!("  {}", pad(&paint(STRONG, "Pin set"), TITLE - 2));
    for (head, columns) in heads.into_iter().zip(NUMBERS) {
        text.push_str(&pad(&paint(FAINT, head), columns));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for set in &replay.pin_sets {
        text.push_str(&row(set, replay));
    }
    let legend = "locked out: how often, surely to possibly (“at least”, “or more”: of some of the time no certificate is known); (?): of some certificates it is not known whether they match; half last: days until half of such pin sets have met a renewal \
                  that they do not match (“or less”: certificates beside those followed can have come sooner); a year: the share that lasts so long; next: recent renewals that match, or would \
                  have; ? = not known";
    text.push_str(&wrap(&paint(FAINT, legend), "  ", "  "));
    text
}

fn row(set: &ReplayedPinSet, replay: &Replay) -> String {
    let title = safe(&set.title).into_owned();
    let median = set.half_life.as_ref().map_or("-".to_owned(), |life| match life.median_days {
        Some(days) => format!("{days}{}", or_less(set, replay)),
        None if life.starts == 0 => "?".to_owned(),
        None => "more".to_owned(),
    });
    let year = set.half_life.as_ref().map_or("-".to_owned(), |life| {
        let share = life.survives.iter().find(|survival| survival.days == 365);
        share.and_then(|survival| survival.share).map_or("?".to_owned(), percent)
    });
    let next = set.next_match.as_ref().map_or("?".to_owned(), of_all);
    let days = set.lockout_days_per_year.as_ref().map_or("?".to_owned(), bounds);
    let cells = [paint(style(set), lockouts(set)), days, median, year, next];
    let fits = width(&title) + 2 < TITLE;
    let mut line = if fits { pad(&format!("  {title}"), TITLE) } else { pad("", TITLE) };
    for (cell, columns) in cells.iter().zip(NUMBERS) {
        line.push_str(&pad(cell, columns));
    }
    let line = format!("{}\n", line.trim_end());
    if fits { line } else { format!("{}{line}", wrap(&title, "  ", "  ")) }
}

/// How many match, of all: where of some it is not known, that stands behind.
fn of_all(chance: &Chance) -> String {
    let of = chance.share.of.saturating_add(chance.unknown);
    let open = if chance.unknown > 0 { " (?)" } else { "" };
    format!("{} of {of}{open}", chance.share.count)
}

fn style(set: &ReplayedPinSet) -> Style {
    match (set.sure, set.lockouts.len(), set.undetermined) {
        (1.., ..) => BAD,
        (0, 1.., _) | (_, _, 1..) => DOUBTFUL,
        _ => GOOD,
    }
}

fn lockouts(set: &ReplayedPinSet) -> String {
    let known = set.how_often();
    if set.undetermined > 0 { format!("{known} (?)") } else { known }
}

/// What one renewal did.
struct Hurt<'r> {
    /// The gravest first: those of pins that were given, then those that hit most pin sets.
    given: usize,
    sets: Vec<(&'r ReplayedPinSet, &'r Lockout)>,
}

fn harm(replay: &Replay, full: bool) -> String {
    let mut by_renewal: BTreeMap<Option<usize>, Hurt<'_>> = BTreeMap::new();
    for set in &replay.pin_sets {
        for lockout in &set.lockouts {
            let hurt = by_renewal.entry(lockout.certificate).or_insert(Hurt { given: 0, sets: Vec::new() });
            hurt.given += usize::from(is_given(set));
            hurt.sets.push((set, lockout));
        }
    }
    if by_renewal.is_empty() {
        return String::new();
    }
    let all = by_renewal.len();
    let mut gravest: Vec<(Option<usize>, Hurt<'_>)> = by_renewal.into_iter().collect();
    gravest.sort_by_key(|(certificate, hurt)| {
        (Reverse(hurt.given), Reverse(hurt.sets.len()), Reverse(*certificate))
    });
    if !full {
        gravest.truncate(MOST);
    }
    let shown = gravest.len();
    gravest.sort_by_key(|(_, hurt)| hurt.sets.iter().map(|(_, lockout)| lockout.begins_at_worst).min());
    let is_sure =
        gravest.iter().all(|(_, hurt)| hurt.sets.iter().all(|(_, one)| one.begins_at_best.is_some()));
    let heading = if is_sure {
        "Renewals that would have locked users out"
    } else {
        "Renewals that could have locked users out"
    };
    let mut text = format!("\n{}\n", paint(STRONG, heading));
    for (certificate, hurt) in &gravest {
        text.push_str(&renewal(replay, *certificate, hurt, full));
    }
    text.push_str(&rest(all - shown));
    text
}

fn renewal(replay: &Replay, certificate: Option<usize>, hurt: &Hurt<'_>, full: bool) -> String {
    let mut causes: Vec<&str> = hurt.sets.iter().map(|(_, lockout)| cause(lockout.cause)).collect();
    causes.sort_unstable();
    causes.dedup();
    let begins = hurt.sets.iter().map(|(_, lockout)| lockout.begins_at_worst).min();
    let of = certificate
        .and_then(|place| replay.certificates.get(place))
        .map(|certificate| format!(": {}, issued by {}", certificate.label, certificate.issuer));
    let line = format!("{}{}", causes.join(", "), of.unwrap_or_default());
    let date = begins.map(day).unwrap_or_default();
    let mut text = wrap(&safe(&line), &format!("  {date}  "), &pad("", 14));
    // Of pins that were given, each client counts; of the others it is enough to name them.
    for (set, lockout) in hurt.sets.iter().filter(|(set, _)| is_given(set)) {
        let line = format!("{}: {}", set.title, extent(lockout, replay.until));
        text.push_str(&wrap(&paint(BAD, safe(&line)), &pad("", 14), &pad("", 16)));
    }
    for (is_sure, label) in [(true, "locks out for sure"), (false, "may lock out")] {
        let others =
            hurt.sets.iter().filter(|(set, one)| !is_given(set) && one.begins_at_best.is_some() == is_sure);
        let others: Vec<&str> = others.map(|(set, _)| set.title.as_str()).collect();
        if others.is_empty() {
            continue;
        }
        let most = if full { others.len() } else { MOST_SETS };
        let more = others.len().saturating_sub(most);
        let named = others.iter().take(most).copied().collect::<Vec<_>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&wrap(&safe(&format!("{label}: {named}{more}")), &pad("", 14), &pad("", 16)));
    }
    text
}

/// From when to when, at worst and at best.
fn extent(lockout: &Lockout, until: Timestamp) -> String {
    let worst = match lockout.ends_at_worst {
        Some(end) => format!(
            "{} to {}, {} at worst",
            day(lockout.begins_at_worst),
            day(end),
            days_between(lockout.begins_at_worst, end)
        ),
        None if lockout.is_open => {
            format!(
                "since {}, {} so far",
                day(lockout.begins_at_worst),
                days_between(lockout.begins_at_worst, until)
            )
        }
        None => format!("from {}, perhaps still", day(lockout.begins_at_worst)),
    };
    let best = match (lockout.begins_at_best, lockout.ends_at_best) {
        (Some(begins), Some(ends)) => format!("{} at best", days_between(begins, ends)),
        (Some(begins), None) => format!("since {} at best", day(begins)),
        (None, _) => "perhaps not at all".to_owned(),
    };
    format!("{worst}; {best}")
}

fn next(replay: &Replay) -> String {
    let Some(next) = &replay.next_renewal else { return String::new() };
    let basis = match next.basis {
        RenewalBasis::TwoThirds => "two thirds of the certificate's life, as ACME clients do",
        RenewalBasis::OwnHabit => "when the certificates before were renewed",
        RenewalBasis::AlreadyIssued => "the next certificate has been issued, and is not in service yet",
    };
    let lead = match next.release_lead_days {
        Some(lead) if next.runway_days < 0.0 => paint(
            BAD,
            format!(
                "a release that takes {} days comes {} days too late",
                number(lead),
                number_of_days(-next.runway_days)
            ),
        ),
        Some(lead) => format!(
            "{} days are left to begin a release that takes {} days",
            number_of_days(next.runway_days),
            number(lead)
        ),
        None if next.runway_days < 0.0 => paint(BAD, "that has gone by"),
        None => format!(
            "{} days from now; how long a release takes is not stated (--release-lead)",
            number_of_days(next.runway_days)
        ),
    };
    let line = format!(
        "expected {} ({basis}), at the latest {}; {lead}.",
        day(next.expected_at),
        day(next.latest_at)
    );
    let mut text = format!("\n{}", labelled(&format!("{} ", paint(STRONG, "Next renewal")), &line));
    for set in replay.pin_sets.iter().filter(|set| is_given(set)) {
        let line = match &set.next_match {
            Some(chance) => format!("{}: {}.", set.title, chance_of(chance)),
            None => format!("{}: whether it matches is not known.", set.title),
        };
        text.push_str(&wrap(&safe(&line), "  ", "    "));
    }
    text
}

fn chance_of(chance: &Chance) -> String {
    if chance.basis == ChanceBasis::Issued {
        return chance.told();
    }
    if chance.basis == ChanceBasis::OwnKeys {
        return format!("{}; the next one is yours to choose", chance.told());
    }
    format!(
        "{}; by that the next one does with {} to {}",
        chance.told(),
        percent(chance.interval.at_worst.min(chance.interval.at_best)),
        percent(chance.interval.at_worst.max(chance.interval.at_best)),
    )
}

fn flagged(replay: &Replay, full: bool) -> String {
    let line = format!("{}: {}.", paint(STRONG, "Flagged"), replay.flagged_in_words());
    let mut text = format!("\n{}", wrap(&line, "", "  "));
    let flagged = replay.flagged.as_deref().unwrap_or_default();
    let most = if full { flagged.len() } else { MOST };
    for flag in flagged.iter().rev().take(most) {
        let Some(certificate) = replay.certificates.get(flag.certificate) else { continue };
        let seen = match (flag.visible_from, flag.visible_by) {
            (Some(from), Some(LoggedBy::Sct)) => format!("; promised by a log on {} (SCT)", day(from)),
            (Some(from), _) => format!("; visible from {}", day(from)),
            (None, _) => "; since when it could be seen is not known".to_owned(),
        };
        let rule = match flag.rule {
            FlagRule::Caa => "CAA",
            FlagRule::Issuewild => "issuewild",
            FlagRule::ExpectedCa => "expected CA",
            FlagRule::KnownKey => "known keys",
        };
        let line = format!(
            "{rule}: {} of {}: {}{seen}",
            certificate.label,
            certificate.issuer,
            flag.why.trim_end_matches('.')
        );
        let date = day(certificate.not_before);
        text.push_str(&wrap(&safe(&line), &format!("  {date}  "), &pad("", 14)));
    }
    text.push_str(&rest(flagged.len().saturating_sub(most)));
    text
}

fn sentences_of(title: &str, sentences: &[String], full: bool) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let most = if full { sentences.len() } else { MOST };
    let mut text = format!("\n{}\n", paint(STRONG, title));
    for sentence in sentences.iter().take(most) {
        text.push_str(&wrap(&safe(sentence), "  - ", "    "));
    }
    text.push_str(&rest(sentences.len().saturating_sub(most)));
    text
}

fn rest(count: usize) -> String {
    match count {
        0 => String::new(),
        count => {
            let mut line = String::from("  ");
            let _ = write!(line, "{}", paint(FAINT, format_args!("and {count} more; --full shows them all")));
            debug_assert!(width(&line) <= WIDTH);
            line + "\n"
        }
    }
}

fn is_given(set: &ReplayedPinSet) -> bool {
    matches!(set.kind, PinSetKind::Given { .. })
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::NewKey => "new key",
        Cause::NewIntermediate => "new intermediate",
        Cause::NewPath => "new path to a root",
        Cause::NewCa => "new CA",
        Cause::PinsExpired => "the pins expired",
        Cause::NeverMatched => "the pins did not match",
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn days_between(from: Timestamp, to: Timestamp) -> String {
    match to.duration_since(from).as_hours().max(0) {
        hours @ 0..24 => format!("{hours} hours"),
        24..48 => "1 day".to_owned(),
        hours => format!("{} days", hours / 24),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
