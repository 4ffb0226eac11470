//! The report of `pinstead issuance` for people: who issued how many, the unexpected first, and what to do.

mod revocation;
mod summary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;

pub use self::summary::summary;
use super::style::{BAD, DOUBTFUL, FAINT, GOOD, STRONG, paint};
use super::wrap::{indented, labelled, pad, width};
use super::{findings as render_findings, safe};
use crate::ca::expectation::Expectation;
use crate::issuance::issued::Life;
use crate::issuance::renewal::{Renewals, issuer_label};
use crate::issuance::reported::{Coverage, SourceKind};
use crate::issuance::{IssuanceVerdict, JudgedCertificate, Status};
use crate::report::document::Mark;
use crate::rules::Finding;

/// The columns of a CA's name in the table.
const CA: usize = 32;
/// The most CAs, and the most names of each, that are shown.
const MOST_CAS: usize = 20;
const MOST_NAMES: usize = 6;
/// The most rows of renewals that are shown.
const MOST_RENEWALS: usize = 12;

/// One name's report.
pub fn name(verdict: &IssuanceVerdict, findings: &[Finding]) -> String {
    let mut out = String::new();
    let (style, answer) = answer(verdict);
    out.push_str(&labelled(
        &format!("{}: ", paint(STRONG, safe(verdict.name.as_str()))),
        &paint(style, answer),
    ));
    sources(&mut out, verdict);
    out.push_str(&revocation::lines(verdict));
    table(&mut out, verdict);
    renewals(&mut out, verdict);
    if !findings.is_empty() {
        out.push('\n');
        out.push_str(&render_findings(findings));
    }
    out
}

/// What `pinstead check` says of it: the answer, and which source told how much.
pub(in crate::report) fn words(verdict: &IssuanceVerdict) -> (Mark, String) {
    let (_, answer) = answer(verdict);
    let mark = match (&verdict.status, verdict.unexpected().count(), verdict.demanded().is_empty()) {
        (_, 1.., _) => Mark::Bad,
        (Status::Checked, 0, true) if verdict.expected.is_none() => Mark::None,
        (Status::Checked, 0, true) => Mark::Good,
        _ => Mark::Open,
    };
    let told = verdict.sources.iter().map(|source| {
        let how = match &source.coverage {
            Coverage::Whole if source.kind == SourceKind::Files => "all read",
            Coverage::Whole => "all it knows",
            Coverage::Part(_) => "a part only",
            Coverage::NoData(_) => "no data",
            Coverage::NotAsked(_) => "not asked",
        };
        format!("{}: {how}", source.kind.title())
    });
    let told: Vec<String> = told.collect();
    (mark, safe(&format!("For {}: {answer}. {}.", verdict.name, told.join("; "))).into_owned())
}

/// The answer in a few words.
fn answer(verdict: &IssuanceVerdict) -> (Style, String) {
    let all = verdict.certificates.len();
    let current = verdict.certificates.iter().filter(|judged| judged.life == Life::Current).count();
    let unknown = verdict.certificates.iter().filter(|judged| judged.life == Life::Unknown).count();
    let counted = match all {
        0 => "no certificate".to_owned(),
        1 if current == 1 => "1 certificate, current".to_owned(),
        1 if unknown == 1 => "1 certificate, whether current is not known".to_owned(),
        1 => "1 certificate, not current".to_owned(),
        _ if unknown > 0 => {
            format!("{all} certificates, {current} of them current, of {unknown} that is not known")
        }
        _ => format!("{all} certificates, {current} of them current"),
    };
    let later = verdict.certificates.iter().filter(|judged| judged.life == Life::NotYet).count();
    let counted = if later > 0 { format!("{counted}, {later} not valid yet") } else { counted };
    let unexpected = verdict.unexpected().count();
    let is_open = |judged: &&JudgedCertificate| {
        let is_undetermined = match judged.issuer.expectation {
            Expectation::Undetermined => true,
            Expectation::NoExpectation => judged.is_of_unknown_issuer(),
            Expectation::Expected | Expectation::Unexpected => false,
        };
        is_undetermined && !judged.is_of_unexpected_issuer()
    };
    let open = verdict.certificates.iter().filter(is_open).count();
    let is_revoked = |judged: &&JudgedCertificate| judged.revoked_for_good(verdict.judged_at).is_some();
    let revoked = match (verdict.unexpected().filter(is_revoked).count(), unexpected) {
        (0, _) => String::new(),
        (some, all) if some == all => " and revoked".to_owned(),
        (some, _) => format!(" ({some} of them revoked)"),
    };
    let judged = match (unexpected, open) {
        (0, 0) if verdict.expected.is_none() || is_nothing_known(verdict) => String::new(),
        (0, 0) => "; none unexpected".to_owned(),
        (0, open) => format!("; of {open} it is not known who issued"),
        (unexpected, 0) => format!("; {unexpected} unexpected{revoked}"),
        (unexpected, open) => {
            format!("; {unexpected} unexpected{revoked}, of {open} it is not known who issued")
        }
    };
    match &verdict.status {
        Status::NotChecked(_) => (DOUBTFUL, "not looked at; no source was asked".to_owned()),
        Status::Undetermined(_) => {
            let style = if unexpected > 0 { BAD } else { DOUBTFUL };
            (style, format!("undetermined; what is known: {counted}{judged}"))
        }
        Status::Checked if unexpected > 0 => (BAD, format!("{counted}{judged}")),
        Status::Checked if open > 0 || verdict.expected.is_none() => (DOUBTFUL, format!("{counted}{judged}")),
        Status::Checked => (GOOD, format!("{counted}{judged}")),
    }
}

/// Whether nothing is known: then there is nothing of which it could be said that it is expected.
fn is_nothing_known(verdict: &IssuanceVerdict) -> bool {
    verdict.certificates.is_empty() && verdict.status != Status::Checked
}

fn sources(out: &mut String, verdict: &IssuanceVerdict) {
    for source in &verdict.sources {
        let day = date(source.asked_at);
        let (style, told) = match &source.coverage {
            Coverage::Whole if !source.problems.is_empty() || !source.unreadable.is_empty() => {
                (DOUBTFUL, "all it knows, not all of it readable".to_owned())
            }
            Coverage::Whole if source.kind == SourceKind::Files => (GOOD, "all of them are read".to_owned()),
            Coverage::Whole => (GOOD, "all it knows".to_owned()),
            Coverage::Part(why) => (DOUBTFUL, format!("a part only, {why}")),
            Coverage::NoData(why) => (BAD, format!("no data, {why}")),
            Coverage::NotAsked(why) => (FAINT, format!("not asked, {why}")),
        };
        let told = paint(style, safe(&told));
        let place = safe(&source.place);
        let current = source.current_to.map(|to| format!("; current to {}", date(to))).unwrap_or_default();
        let reports = if source.reports == 1 { "report" } else { "reports" };
        let line = format!(
            "{} {place} on {day}: {told}; {} {reports}{current}",
            source.kind.title(),
            source.reports
        );
        out.push_str(&labelled("  source: ", &line));
        if !source.scope.is_empty() {
            out.push_str(&indented(&paint(FAINT, safe(&source.scope)), 10));
        }
        for problem in source.problems.iter().take(3) {
            out.push_str(&indented(&safe(problem), 10));
        }
        if let Some(more) = source.problems.len().checked_sub(3).filter(|more| *more > 0) {
            let _ = writeln!(out, "          … and {more} more problems");
        }
    }
}

/// One line of the table.
#[derive(Default)]
struct Row<'a> {
    current: usize,
    past: usize,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    names: BTreeSet<&'a str>,
}

fn word(judged: &JudgedCertificate) -> (Style, &'static str) {
    match judged.issuer.expectation {
        _ if judged.is_accepted() => (FAINT, "accepted"),
        _ if judged.forged.is_some() => (BAD, "forged name"),
        Expectation::Unexpected => (BAD, "unexpected"),
        Expectation::Undetermined => (DOUBTFUL, "not known"),
        Expectation::Expected => (GOOD, "expected"),
        Expectation::NoExpectation if judged.is_of_unknown_issuer() => (DOUBTFUL, "not known"),
        Expectation::NoExpectation => (FAINT, ""),
    }
}

/// The CAs, those that should not be there first: they come so from the judge.
fn table(out: &mut String, verdict: &IssuanceVerdict) {
    let mut order: Vec<(String, &'static str, Style)> = Vec::new();
    let mut rows: BTreeMap<(String, &'static str), Row<'_>> = BTreeMap::new();
    for judged in &verdict.certificates {
        let (style, word) = word(judged);
        let label = issuer_label(judged);
        let row = rows.entry((label.clone(), word)).or_insert_with(|| {
            order.push((label, word, style));
            Row::default()
        });
        *if judged.life.can_be_used() { &mut row.current } else { &mut row.past } += 1;
        row.first = [row.first, judged.certificate.not_before].into_iter().flatten().min();
        row.last = row.last.max(judged.certificate.not_before);
        row.names.extend(judged.certificate.names.iter().map(String::as_str));
    }
    if order.is_empty() {
        return;
    }
    let heading = format!("  {}{}  now  past  first       last", pad("issued by", CA), pad("", 11));
    let _ = writeln!(out, "\n{}", paint(FAINT, heading));
    for (label, word, style) in order.iter().take(MOST_CAS) {
        let Some(row) = rows.get(&(label.clone(), *word)) else { continue };
        let day = |time: Option<Timestamp>| time.map_or_else(|| pad("?", 10), date);
        let shown = safe(label);
        // A blank is left before the next column.
        let fits = width(&shown) < CA;
        if !fits {
            out.push_str(&indented(&shown, 2));
        }
        let first = if fits { pad(&shown, CA) } else { pad("", CA) };
        let _ = writeln!(
            out,
            "  {first}{}{:>5}{:>6}  {}  {}",
            pad(&paint(*style, word), 11),
            row.current,
            row.past,
            day(row.first),
            day(row.last)
        );
        out.push_str(&indented(&paint(FAINT, names(row.names.iter().copied(), MOST_NAMES)), 6));
    }
    if let Some(more) = order.len().checked_sub(MOST_CAS).filter(|more| *more > 0) {
        let _ = writeln!(out, "  … and {more} more");
    }
}

/// What follows one another.
fn renewals(out: &mut String, verdict: &IssuanceVerdict) {
    let mut renewed: Vec<&Renewals> = verdict.renewals.iter().filter(|renewals| renewals.count > 1).collect();
    renewed.sort_by_key(|renewals| std::cmp::Reverse(renewals.last));
    if renewed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint(FAINT, "  renewed: same CA, same names"));
    for renewals in renewed.iter().take(MOST_RENEWALS) {
        let day = |time: Option<Timestamp>| time.map_or_else(|| "?".to_owned(), date);
        let keys = match renewals.keys.len() {
            1 => "one key".to_owned(),
            many => format!("{many} keys"),
        };
        let gap = renewals.gap_days.map(|days| format!(", with a gap of {days} days")).unwrap_or_default();
        let line = format!(
            "{} times, {} to {}, until {}{gap}; {keys}; {}: {}",
            renewals.count,
            day(renewals.first),
            day(renewals.last),
            day(renewals.until),
            safe(&renewals.issuer),
            names(renewals.names.iter().map(String::as_str), 3)
        );
        out.push_str(&super::wrap::wrap(&line, "    ", "      "));
    }
    if let Some(more) = renewed.len().checked_sub(MOST_RENEWALS).filter(|more| *more > 0) {
        let _ = writeln!(out, "    … and {more} more");
    }
}

/// The first names of many; long ones are cut, because a table is no place for them.
fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    const LONGEST: usize = 60;
    let all = names.len();
    let shown: Vec<String> = names
        .take(most)
        .map(|name| {
            let shown = safe(name).into_owned();
            let is_long = shown.chars().count() > LONGEST;
            if is_long { shown.chars().take(LONGEST).chain(['…']).collect() } else { shown }
        })
        .collect();
    let more = all.saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if shown.is_empty() { "no name is known".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests;
