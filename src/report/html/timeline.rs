//! The replay as a picture: certificates as bars by CA, the lock-outs of each pin set, what would have been flagged, today.
//!
//! It stands in the page as SVG and takes its colours from the page's style, so that both light and dark have theirs. What
//! it shows stands in the tables below it as well.
#![deny(clippy::indexing_slicing, clippy::as_conversions)]

mod lanes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use serde::Serialize;

use self::lanes::{Crowd, Placed};
use super::NUMBER;
use super::filters::escaped;
use crate::compare::replay::{Gap, Lockout, PinSetKind, Replay, ReplayedCertificate, ReplayedPinSet};
use crate::report::human::safe;

/// The width of the picture, in units of its own.
const WIDTH: f64 = 1060.0;

/// Where the time begins; to the left stand the labels.
const LEFT: f64 = 270.0;

/// Where it ends.
const RIGHT: f64 = 1048.0;

/// The height of a bar, and of the row that it stands in.
const BAR: f64 = 14.0;
const ROW: f64 = 18.0;

/// The most certificates that are drawn: the latest.
const MOST_BARS: usize = 150;

/// The most rows of one CA: what has no place in them is drawn together, in one more.
const MOST_ROWS: usize = 12;

/// The most characters of a label.
const LABEL: usize = 42;

/// How near to today no other date is named: they would stand over one another.
const NEAR: f64 = 40.0;

/// The picture, and what it leaves out or draws together: sentences.
#[derive(Serialize)]
pub(super) struct Picture {
    /// The picture itself.
    pub(super) svg: String,
    /// What is not drawn by itself.
    pub(super) notes: Vec<String>,
}

/// The picture; `None` where there is nothing to draw.
pub(super) fn picture(replay: &Replay) -> Option<Picture> {
    let skipped = replay.certificates.len().saturating_sub(MOST_BARS);
    let shown: Vec<(usize, &ReplayedCertificate)> =
        replay.certificates.iter().enumerate().skip(skipped).collect();
    let scale = Scale::of(&shown, replay.until)?;
    let mut body = String::new();
    let mut notes = Vec::new();
    if skipped > 0 {
        notes.push(format!(
            "The earliest {skipped} of {} certificates are not drawn; the table has them.",
            replay.certificates.len()
        ));
    }
    let mut y = 8.0;
    let mut together = 0_usize;
    for (issuer, bars) in by_issuer(&shown) {
        let placed = lanes::placed(&bars, &scale);
        together = together.saturating_add(placed.crowded.iter().map(|block| block.count).sum());
        y = lane(&mut body, &scale, y, &issuer, &placed, replay);
    }
    if together > 0 {
        notes.push(format!(
            "{together} certificates that were there beside {MOST_ROWS} others of their CA are drawn together: a bar with “+” has \
             their number, and the table each of them."
        ));
    }
    for set in &replay.pin_sets {
        y = pin_set(&mut body, &scale, y, set, replay.until);
    }
    if replay.pin_sets.iter().any(|set| set.lockouts.iter().any(|one| is_beginning_alone(set, one))) {
        notes.push(
            "How long a lock-out lasted is not known of pin sets that an owner could have had, as no release lead is stated: \
             between which days it began is drawn."
                .to_owned(),
        );
    }
    if replay.pin_sets.iter().any(|set| set.at_most.is_some_and(|most| most > set.lockouts.len())) {
        notes.push(
            "Of pin sets that follow the certificates, the lock-outs are drawn that those taken to have been in service \
             bring; others beside them can have brought more: the table has how many at most."
                .to_owned(),
        );
    }
    // What is not known stands over what was possible.
    for gap in &replay.gaps {
        body.push_str(&gap_of(gap, &scale, y));
    }
    let height = y + 30.0;
    let mut text = format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-labelledby=\"t{NUMBER}-tl\" \
         aria-describedby=\"t{NUMBER}-tl-text\"><title id=\"t{NUMBER}-tl\">Certificates of {} and pins over time</title>\
         <desc id=\"t{NUMBER}-tl-text\">{}</desc>{}",
        fit(&replay.host),
        fit(&described(replay, &notes)),
        patterns()
    );
    text.push_str(&scale.axis(y, replay.until));
    text.push_str(&body);
    text.push_str(&scale.today(replay.until, y));
    text.push_str("</svg>");
    Some(Picture { svg: text, notes })
}

/// What the picture shows, for those who do not see it.
fn described(replay: &Replay, notes: &[String]) -> String {
    let mut text = replay.sentence.clone();
    let _ = write!(
        text,
        " {} certificates and {} pin sets; the tables below have each.",
        replay.certificates.len(),
        replay.pin_sets.len()
    );
    for note in notes {
        let _ = write!(text, " {note}");
    }
    text
}

/// The patterns of lock-outs: they differ by more than their colour.
fn patterns() -> String {
    format!(
        "<defs><pattern id=\"t{NUMBER}-perhaps\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
         <path class=\"perhaps-lines\" d=\"M-1 8 8 -1\"/></pattern>\
         <pattern id=\"t{NUMBER}-sure\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
         <path class=\"sure-lines\" d=\"M-1 8 8 -1M-1 -1 8 8\"/></pattern></defs>"
    )
}

/// Text from outside, as text.
fn fit(text: &str) -> String {
    escaped(&safe(text))
}

/// A label, cut to its place.
fn label(text: &str) -> String {
    if text.chars().count() <= LABEL {
        return fit(text);
    }
    let cut: String = text.chars().take(LABEL.saturating_sub(1)).collect();
    fit(&cut) + "…"
}

/// From time to place.
struct Scale {
    from: Timestamp,
    until: Timestamp,
    seconds: f64,
}

impl Scale {
    /// From the first certificate to the last, today among it.
    fn of(shown: &[(usize, &ReplayedCertificate)], today: Timestamp) -> Option<Self> {
        let from = shown.iter().map(|(_, one)| one.not_before).min()?;
        let until = shown.iter().map(|(_, one)| one.not_after).max()?.max(today);
        let seconds = until.duration_since(from).as_secs_f64();
        (seconds > 0.0).then_some(Self { from, until, seconds })
    }

    fn x(&self, at: Timestamp) -> f64 {
        let at = at.clamp(self.from, self.until);
        LEFT + (RIGHT - LEFT) * at.duration_since(self.from).as_secs_f64() / self.seconds
    }

    /// Lines at the beginnings of months or years, as many as there is room for.
    fn axis(&self, bottom: f64, today: Timestamp) -> String {
        let mut text = String::new();
        let months = self.seconds / (30.44 * 86_400.0);
        let step: i32 = [1, 2, 3, 6, 12, 24, 60]
            .into_iter()
            .find(|step| months / f64::from(*step) <= 12.0)
            .unwrap_or(120);
        let first = self.from.to_zoned(TimeZone::UTC).date();
        let Ok(mut day) = Date::new(first.year(), 1, 1) else { return text };
        while let Ok(at) = day.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()) {
            if at > self.until {
                break;
            }
            if at >= self.from {
                let x = self.x(at);
                let name = if step >= 12 { day.strftime("%Y") } else { day.strftime("%Y-%m") };
                let _ = write!(text, "<path class=\"grid\" d=\"M{x:.1} 4V{bottom:.1}\"/>");
                if (x - self.x(today)).abs() > NEAR {
                    let y = bottom + 14.0;
                    let _ = write!(
                        text,
                        "<text class=\"tick\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{name}</text>"
                    );
                }
            }
            match day.checked_add(step.months()) {
                Ok(next) => day = next,
                Err(_) => break,
            }
        }
        text
    }

    fn today(&self, at: Timestamp, bottom: f64) -> String {
        let x = self.x(at);
        let anchor = if x > f64::midpoint(LEFT, RIGHT) { "end" } else { "start" };
        format!(
            "<path class=\"today\" d=\"M{x:.1} 2V{:.1}\"/><text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">\
             {} (as judged)</text>",
            bottom + 16.0,
            bottom + 26.0,
            at.strftime("%Y-%m-%d")
        )
    }
}

type Bars<'a> = Vec<(usize, &'a ReplayedCertificate)>;

/// The certificates by CA, in the order in which the CAs came.
fn by_issuer<'a>(shown: &[(usize, &'a ReplayedCertificate)]) -> Vec<(String, Bars<'a>)> {
    let mut lanes: BTreeMap<&str, (usize, Bars<'a>)> = BTreeMap::new();
    for &(index, certificate) in shown {
        lanes.entry(&certificate.issuer).or_insert_with(|| (index, Vec::new())).1.push((index, certificate));
    }
    let mut lanes: Vec<(&str, (usize, Bars<'a>))> = lanes.into_iter().collect();
    lanes.sort_by_key(|(_, (first, _))| *first);
    lanes.into_iter().map(|(issuer, (_, bars))| (issuer.to_owned(), bars)).collect()
}

/// One CA: its certificates, in as many rows as they overlap in.
fn lane(
    text: &mut String,
    scale: &Scale,
    top: f64,
    issuer: &str,
    placed: &Placed<'_>,
    replay: &Replay,
) -> f64 {
    let mut drawn = String::new();
    for one in &placed.bars {
        let y = top + ROW * number(one.row);
        drawn.push_str(&bar((one.index, one.certificate), (one.from, one.until), y, replay, scale));
    }
    let y = top + ROW * number(placed.rows);
    for block in &placed.crowded {
        drawn.push_str(&crowd(block, y));
    }
    for &(index, certificate) in &placed.without_row {
        drawn.push_str(&flags((index, certificate), y, replay, scale));
    }
    let rows = placed.rows.saturating_add(usize::from(!placed.crowded.is_empty()));
    let bottom = top + ROW * number(rows.max(1));
    let _ = write!(
        text,
        "<text x=\"4\" y=\"{:.1}\">{}</text>{drawn}<path class=\"lane\" d=\"M0 {bottom:.1}H{WIDTH}\"/>",
        top + 12.0,
        label(issuer)
    );
    bottom + 6.0
}

/// Certificates that have no row of their own, as one bar with their number.
fn crowd(block: &Crowd, y: f64) -> String {
    let width = (block.until - block.from).max(2.0);
    format!(
        "<g><title>{} more certificates at this time</title><rect class=\"bar is-crowd\" x=\"{:.1}\" y=\"{y:.1}\" \
         width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/><text class=\"number\" x=\"{:.1}\" y=\"{:.1}\">+{}</text></g>",
        block.count,
        block.from,
        block.from + width / 2.0,
        y + 11.0,
        block.count
    )
}

fn bar(
    (index, certificate): (usize, &ReplayedCertificate),
    (from, until): (f64, f64),
    y: f64,
    replay: &Replay,
    scale: &Scale,
) -> String {
    let width = (until - from).max(2.0);
    let followed = if certificate.is_followed { " is-followed" } else { "" };
    let mut text = format!(
        "<g><title>{}: {}, {} to {}{}</title><rect class=\"bar{followed}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{BAR}\" rx=\"2\"/>",
        index.saturating_add(1),
        fit(&certificate.label),
        certificate.not_before.strftime("%Y-%m-%d"),
        certificate.not_after.strftime("%Y-%m-%d"),
        if certificate.is_followed { ", taken to have been in service" } else { "" },
    );
    if width > 16.0 {
        let _ = write!(
            text,
            "<text class=\"number{followed}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            from + width / 2.0,
            y + 11.0,
            index.saturating_add(1)
        );
    }
    text.push_str("</g>");
    text.push_str(&flags((index, certificate), y, replay, scale));
    text
}

/// What would have been flagged of a certificate, where somebody could have seen it.
fn flags(
    (index, certificate): (usize, &ReplayedCertificate),
    y: f64,
    replay: &Replay,
    scale: &Scale,
) -> String {
    let mut text = String::new();
    for flag in replay.flagged.iter().flatten().filter(|flag| flag.certificate == index) {
        let x = scale.x(flag.visible_from.unwrap_or(certificate.not_before));
        let _ = write!(
            text,
            "<path class=\"flag\" d=\"M{:.1} {:.1}h10l-5 9z\"><title>{}, flagged: {}</title></path>",
            x - 5.0,
            y - 2.0,
            index.saturating_add(1),
            fit(&flag.why)
        );
    }
    text
}

/// One pin set: what is possible, and over it what is sure.
fn pin_set(text: &mut String, scale: &Scale, top: f64, set: &ReplayedPinSet, today: Timestamp) -> f64 {
    let _ = write!(text, "<text x=\"4\" y=\"{:.1}\">{}</text>", top + 12.0, label(&set.title));
    let at_worst = set.lockouts.iter().map(|one| possible(set, one, today)).collect();
    let at_best = set.lockouts.iter().filter_map(|one| sure(one, today)).collect();
    if set.lockouts.is_empty() {
        let _ = write!(
            text,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LEFT + 4.0,
            top + 12.0,
            none(set)
        );
    }
    for (windows, class, words) in
        [(at_worst, "perhaps", "may be locked out, at worst"), (at_best, "sure", "locked out")]
    {
        for window in united(windows) {
            text.push_str(&drawn(&window, (class, words), scale, top, set));
        }
    }
    let bottom = top + ROW;
    let _ = write!(text, "<path class=\"lane\" d=\"M0 {bottom:.1}H{WIDTH}\"/>");
    bottom + 4.0
}

/// What stands where no lock-out is drawn: what is not known is no service.
fn none(set: &ReplayedPinSet) -> String {
    match (set.undetermined, set.at_most) {
        (0, Some(_)) => "none".to_owned(),
        (0, None) => "none in what is known".to_owned(),
        (1, _) => "none known; of 1 certificate it is not known whether it matches".to_owned(),
        (open, _) => format!("none known; of {open} certificates it is not known whether they match"),
    }
}

/// Whether nothing tells when a lock-out ended: pin sets that follow the certificates are made again, and how soon is
/// not stated.
fn is_beginning_alone(set: &ReplayedPinSet, lockout: &Lockout) -> bool {
    let follows = matches!(set.kind, PinSetKind::Hypothetical { .. });
    follows && lockout.ends_at_worst.is_none() && !lockout.is_open
}

/// From when to when users can have been locked out at worst; the days between which that began, where no more is known.
fn possible(set: &ReplayedPinSet, lockout: &Lockout, today: Timestamp) -> (Timestamp, Timestamp) {
    let begins = lockout.begins_at_worst;
    let ends = if is_beginning_alone(set, lockout) {
        lockout.begins_at_best.unwrap_or(begins)
    } else {
        lockout.ends_at_worst.unwrap_or(today)
    };
    (begins, ends.max(begins))
}

/// From when to when users were surely locked out; a moment where it is sure that they were, and not how long.
fn sure(lockout: &Lockout, today: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let begins = lockout.begins_at_best?;
    let ends = lockout.ends_at_best.or_else(|| lockout.is_open.then_some(today)).unwrap_or(begins);
    Some((begins, ends.max(begins)))
}

/// Days of which no certificate is known, over everything.
fn gap_of(gap: &Gap, scale: &Scale, bottom: f64) -> String {
    let (from, until) = (scale.x(gap.from), scale.x(gap.until));
    format!(
        "<g><title>No certificate is known, {} to {}</title><rect class=\"gap\" x=\"{from:.1}\" y=\"4\" width=\"{:.1}\" \
         height=\"{:.1}\"/></g>",
        gap.from.strftime("%Y-%m-%d"),
        gap.until.strftime("%Y-%m-%d"),
        (until - from).max(1.0),
        bottom - 8.0
    )
}

/// Times in which users are locked out, by so many lock-outs.
struct Window {
    from: Timestamp,
    until: Timestamp,
    lockouts: usize,
}

/// Windows that overlap as one, so that none is drawn over another.
fn united(mut all: Vec<(Timestamp, Timestamp)>) -> Vec<Window> {
    all.sort_unstable();
    let mut windows: Vec<Window> = Vec::new();
    for (from, until) in all {
        match windows.last_mut().filter(|last| from <= last.until) {
            Some(last) => {
                last.until = last.until.max(until);
                last.lockouts = last.lockouts.saturating_add(1);
            }
            None => windows.push(Window { from, until, lockouts: 1 }),
        }
    }
    windows
}

fn drawn(
    window: &Window,
    (class, words): (&str, &str),
    scale: &Scale,
    y: f64,
    set: &ReplayedPinSet,
) -> String {
    let (from, until) = (scale.x(window.from), scale.x(window.until));
    let width = (until - from).max(3.0);
    let by = if window.lockouts > 1 { format!(", {} lock-outs", window.lockouts) } else { String::new() };
    format!(
        "<g><title>{}: {words}, {} to {}{by}</title><rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{BAR}\" fill=\"url(#t{NUMBER}-{class})\"/><rect class=\"{class}\" x=\"{from:.1}\" y=\"{y:.1}\" \
         width=\"{width:.1}\" height=\"{BAR}\" fill-opacity=\"0\"/></g>",
        fit(&set.title),
        window.from.strftime("%Y-%m-%d"),
        window.until.strftime("%Y-%m-%d"),
    )
}

/// A small count as a number to reckon with.
fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}
