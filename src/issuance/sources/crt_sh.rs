//! What crt.sh told: rows in JSON, and certificates fetched one by one.
//!
//! crt.sh counts the identities that match and shows 10,000 of them at most, a random choice. In JSON nothing says so
//! but the sum of `result_count`. Its errors come as HTML, also where JSON was asked for.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod certificates;
mod row;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use jiff::Timestamp;

use self::row::Row;
use super::answer::{NoAnswer, json_body, message};
use super::json::{self, End};
use super::problems::{Problems, printable};
use super::question::parameter;
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::http::{HttpExchange, HttpFailure, HttpOutcome};
use crate::evidence::issuance::IssuanceSource;
use crate::issuance::reported::{Claimed, Coverage, ReportedCertificate, Seen, SourceKind, SourceReading};

/// How many matching identities crt.sh shows at most.
const MOST_IDENTITIES: u64 = 10_000;

/// The most rows that are read of an answer: ten times what crt.sh shows.
const MOST_ROWS: usize = 100_000;

/// The rows of a precertificate and its certificate.
const A_PAIR: usize = 2;

pub(super) fn read(source: &IssuanceSource, exchanges: &[HttpExchange]) -> SourceReading {
    let mut problems = Problems::default();
    let known = Known::of(exchanges, &mut problems);
    let mut certificates = certificates::fetched(exchanges, &known, &mut problems);
    let groups = known.groups(&mut problems);
    let is_half_known = |rows: &&Vec<&Row>| {
        let fetched = rows.iter().filter(|row| row.id.is_some_and(|id| certificates.contains_key(&id)));
        rows.len() == A_PAIR && fetched.count() == 1 && is_live(rows, source.asked_at)
    };
    let half_known = groups.iter().filter(is_half_known).count();
    if half_known > 0 {
        problems.add(|| {
            format!(
                "of {half_known} unexpired certificates only one of two rows was got: that the other is its \
                 precertificate, or the certificate of this one, is not shown"
            )
        });
    }
    let groups: Vec<Vec<&Row>> =
        groups.into_iter().flat_map(|rows| certificates::as_shown(rows, &certificates)).collect();
    let reported: Vec<ReportedCertificate> =
        groups.iter().map(|rows| report(rows, source, &mut certificates)).collect();
    let reported = kept_apart(reported);
    let unseen = reported
        .iter()
        .filter(|certificate| certificate.claimed.not_after.is_none_or(|end| end >= source.asked_at))
        .filter(|certificate| certificate.certificate.is_none() && certificate.precertificate.is_none())
        .count();
    if unseen > 0 {
        problems.add(|| {
            format!(
                "of {unseen} unexpired certificates only the row is known: crt.sh’s rows have neither the key nor the \
                 issuer’s key, and not all names"
            )
        });
    }
    SourceReading {
        source: SourceKind::CrtSh,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage: known.coverage(source),
        current_to: None,
        scope: known.scope(),
        certificates: reported,
        problems: problems.into_sentences(),
    }
}

/// Whether any of the rows is of a certificate that has not expired.
fn is_live(rows: &[&Row], now: Timestamp) -> bool {
    rows.iter().any(|row| row.not_after.is_none_or(|end| end >= now))
}

/// The certificates to fetch, by their numbers: those that are not expired, the newest first, so many at most; of each both
/// rows, because only what both hold shows that they are one, and the later ones first, which tell more.
pub(crate) fn wanted(exchanges: &[HttpExchange], now: Timestamp, most: usize) -> Vec<u64> {
    let mut unheeded = Problems::default();
    let known = Known::of(exchanges, &mut unheeded);
    let groups = known.groups(&mut unheeded);
    let mut wanted: Vec<(Option<Timestamp>, u64, &[&Row])> = groups
        .iter()
        .filter(|rows| is_live(rows, now))
        .filter_map(|rows| {
            // The later one of a pair is mostly the certificate itself.
            let id = rows.iter().filter_map(|row| row.id).max()?;
            Some((rows.iter().filter_map(|row| row.not_before).max(), id, rows.as_slice()))
        })
        .collect();
    wanted.sort_unstable_by_key(|(begin, id, _)| Reverse((*begin, *id)));
    wanted.truncate(most);
    let later = wanted.iter().map(|(_, id, _)| *id);
    let earlier = wanted
        .iter()
        .flat_map(|(_, later, rows)| rows.iter().filter_map(|row| row.id).filter(move |id| id != later));
    later.chain(earlier).collect()
}

/// Whether asking for less might give more: crt.sh shows no more of it, or had no time for all of it.
pub(crate) fn may_be_narrowed(exchange: &HttpExchange) -> bool {
    match exchange.outcome() {
        Some(HttpOutcome::Failed(failure)) => {
            let is_passing = matches!(failure, HttpFailure::Timeout | HttpFailure::TooLarge { .. });
            is_passing || matches!(failure, HttpFailure::Broken(_) | HttpFailure::Cut { .. })
        }
        Some(HttpOutcome::Response(response)) if response.status == 200 => {
            !matches!(hear(exchange, &mut Problems::default()).0, Heard::Whole)
        }
        Some(HttpOutcome::Response(response)) => response.status >= 500,
        None => false,
    }
}

/// What was asked for.
fn question(exchange: &HttpExchange) -> String {
    parameter(&exchange.url, "q").map(|question| printable(&question)).unwrap_or_default()
}

/// The question for a name and all below it; it gives names as well that only end alike.
pub(crate) fn narrower(name: &DnsName) -> String {
    format!("%{name}")
}

/// Whether a question is one of those by which a cut answer was narrowed.
fn is_narrower(question: &str) -> bool {
    question.starts_with('%') && !question.starts_with("%.")
}

/// The names one label below `base` that rows tell of, themselves or below them: those with the most rows first.
pub(crate) fn told_below(exchanges: &[HttpExchange], base: &DnsName) -> Vec<DnsName> {
    Known::of(exchanges, &mut Problems::default()).told_below(base)
}

/// How much an answer told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Whole,
    Part(String),
    Nothing(String),
}

/// Reads an answer with rows.
fn hear(exchange: &HttpExchange, problems: &mut Problems) -> (Heard, Vec<Row>) {
    let (body, breaks_off) = match (json_body(exchange), exchange.part()) {
        (Ok(body), _) => (body, None),
        (Err(NoAnswer { why, .. }), Some((part, _))) => (part, Some(why)),
        (Err(NoAnswer { why, .. }), None) => return (Heard::Nothing(why), Vec::new()),
    };
    let text = json::text(body);
    if let Some(said) = message(body) {
        let why = format!("it answered with a message instead of rows: “{said}”");
        return (Heard::Nothing(why), Vec::new());
    }
    let (mut rows, mut number) = (Vec::new(), 0_usize);
    let mut take = |raw| {
        number = number.saturating_add(1);
        rows.extend(Row::read(raw, &format!("row {number} for {}", question(exchange)), problems));
    };
    // Long ago the rows stood one behind the other, without a list around them.
    let end = if text.trim_ascii_start().starts_with('[') {
        json::elements(&text, MOST_ROWS, &mut take)
    } else {
        json::concatenated(&text, MOST_ROWS, &mut take)
    };
    let identities = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.identities));
    let lost = number.saturating_sub(rows.len());
    let heard = match (breaks_off, end) {
        // Whatever it looks like, it is not the whole of it.
        (Some(why), _) if rows.is_empty() => Heard::Nothing(why),
        (Some(why), _) => Heard::Part(why),
        (None, End::Cut(why)) if rows.is_empty() => {
            Heard::Nothing(format!("its answer cannot be read: {why}"))
        }
        (None, End::Cut(why)) => Heard::Part(format!("its answer cannot be read to its end: {why}")),
        (None, End::Whole) if rows.is_empty() && lost > 0 => {
            Heard::Nothing("its answer has no rows of certificates".to_owned())
        }
        (None, End::Whole) if identities >= MOST_IDENTITIES => Heard::Part(format!(
            "it shows {MOST_IDENTITIES} matching names at most, a random choice, and {identities} came"
        )),
        (None, End::Whole) if lost > 0 => Heard::Part(format!("{lost} of its rows cannot be read")),
        (None, End::Whole) => Heard::Whole,
    };
    (heard, rows)
}

/// What all answers say together.
#[derive(Default)]
struct Known {
    /// By question: whether only unexpired ones were asked for, and how much was told.
    answers: BTreeMap<String, Vec<(bool, Heard)>>,
    /// By their numbers.
    rows: BTreeMap<u64, Row>,
    /// Those without a number.
    others: BTreeSet<Row>,
}

impl Known {
    fn of(exchanges: &[HttpExchange], problems: &mut Problems) -> Self {
        let mut known = Self::default();
        for exchange in exchanges {
            let Some(question) = parameter(&exchange.url, "q") else { continue };
            let (heard, rows) = hear(exchange, problems);
            let is_unexpired = parameter(&exchange.url, "exclude").is_some();
            known.answers.entry(question).or_default().push((is_unexpired, heard));
            for row in rows {
                match row.id {
                    Some(id) => match known.rows.get_mut(&id) {
                        Some(before) => before.add(row, problems),
                        None => drop(known.rows.insert(id, row)),
                    },
                    // The same row may answer several questions.
                    None => drop(known.others.insert(row)),
                }
            }
        }
        known
    }

    /// The rows of each issued certificate: a precertificate and its certificate have issuer, serial number, validity and
    /// names in common. All names that match come with each row, so that rows with different ones are no pair.
    fn groups(&self, problems: &mut Problems) -> Vec<Vec<&Row>> {
        let mut places: HashMap<_, usize> = HashMap::new();
        let mut groups: Vec<Vec<&Row>> = Vec::new();
        for row in self.rows.values() {
            if let (Some(issuer), Some(serial)) = (row.issuer_ca_id, &row.serial) {
                let key = (issuer, serial, row.not_before, row.not_after, &row.names);
                if let Some(group) = places.get(&key).and_then(|place| groups.get_mut(*place)) {
                    group.push(row);
                    continue;
                }
                places.insert(key, groups.len());
            }
            groups.push(vec![row]);
        }
        let mut apart = Vec::new();
        for group in &mut groups {
            if group.len() > A_PAIR {
                problems.add(|| {
                    let ids: Vec<String> =
                        group.iter().take(10).filter_map(|row| Some(row.id?.to_string())).collect();
                    format!(
                        "{} certificates have issuer, serial number and validity in common, where a precertificate and \
                         its certificate are two: ids {}",
                        group.len(),
                        ids.join(", ")
                    )
                });
                apart.extend(group.drain(1..).map(|row| vec![row]));
            }
        }
        groups.extend(apart);
        groups.extend(self.others.iter().map(|row| vec![row]));
        groups
    }

    /// The names one label below `base` of which rows tell.
    fn told_below(&self, base: &DnsName) -> Vec<DnsName> {
        let mut counts: BTreeMap<DnsName, usize> = BTreeMap::new();
        for name in self.rows.values().chain(&self.others).flat_map(|row| &row.names) {
            let Ok(name) = name.parse::<CertificateName>() else { continue };
            let mut line = std::iter::successors(Some(name.base), DnsName::parent);
            if let Some(child) = line.find(|name| name.parent().as_ref() == Some(base)) {
                let count = counts.entry(child).or_default();
                *count = count.saturating_add(1);
            }
        }
        let mut counts: Vec<(DnsName, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().map(|(name, _)| name).collect()
    }

    /// What narrower questions gave, and what they left out; `None` where none was asked.
    fn narrowed(&self) -> Option<String> {
        let asked = || self.answers.iter().filter(|(question, _)| is_narrower(question));
        let count = asked().count();
        if count == 0 {
            return None;
        }
        let unheard: Vec<String> = asked()
            .filter_map(|(question, answers)| match told(answers) {
                Heard::Whole => None,
                Heard::Part(why) | Heard::Nothing(why) => Some(format!("{question}: {why}")),
            })
            .collect();
        let base = self.answers.keys().find_map(|question| question.strip_prefix("%.")?.parse().ok());
        let known = base.map(|base: DnsName| self.told_below(&base)).unwrap_or_default();
        let left_out = known.iter().filter(|name| !self.answers.contains_key(&narrower(name))).count();
        let mut said = format!("unexpired ones were asked for again below {count} of the names that it told");
        if let Some(first) = unheard.first() {
            let _ = write!(said, ", {} of them not whole either ({first})", unheard.len());
        }
        if left_out > 0 {
            let _ = write!(said, ", {left_out} were left out");
        }
        Some(format!("{said}; names below of which no row tells stay uncovered, and so do expired ones"))
    }

    fn coverage(&self, source: &IssuanceSource) -> Coverage {
        if self.answers.is_empty() {
            let why = source.broken_off.clone();
            return why.map_or_else(
                || Coverage::NoData("crt.sh was not asked for the name".to_owned()),
                Coverage::NotAsked,
            );
        }
        let mut told_anything = false;
        let mut lacks = Vec::new();
        for (question, answers) in self.answers.iter().filter(|(question, _)| !is_narrower(question)) {
            match told(answers) {
                Heard::Whole => told_anything = true,
                Heard::Part(why) => {
                    told_anything = true;
                    lacks.push(format!("asked for {question}: {why}"));
                }
                Heard::Nothing(why) => lacks.push(format!("asked for {question}: {why}")),
            }
        }
        lacks.extend(self.narrowed());
        lacks.extend(source.broken_off.clone());
        let lacks = lacks.join("; ");
        match told_anything {
            false => Coverage::NoData(lacks),
            true if lacks.is_empty() => Coverage::Whole,
            true => Coverage::Part(lacks),
        }
    }

    fn scope(&self) -> String {
        let is_unexpired = self.answers.values().flatten().all(|(is_unexpired, _)| *is_unexpired)
            && !self.answers.is_empty();
        format!(
            "{} in the CT logs that crt.sh reads, which it lags behind at times",
            if is_unexpired { "unexpired certificates" } else { "certificates, expired ones included," }
        )
    }
}

/// How much the answers to one question told together.
fn told(answers: &[(bool, Heard)]) -> Heard {
    let of_all = answers.iter().find(|(is_unexpired, _)| !is_unexpired).map(|(_, heard)| heard);
    let of_live = answers.iter().rev().find(|(is_unexpired, _)| *is_unexpired).map(|(_, heard)| heard);
    match (of_all, of_live) {
        (Some(Heard::Whole), _) | (None, Some(Heard::Whole)) => Heard::Whole,
        (Some(Heard::Part(why)), Some(Heard::Whole)) => {
            Heard::Part(format!("of expired certificates only a part: {why}"))
        }
        (Some(Heard::Nothing(why)), Some(Heard::Whole)) => {
            Heard::Part(format!("no expired certificates: {why}"))
        }
        (Some(Heard::Part(why)), _) | (Some(Heard::Nothing(_)) | None, Some(Heard::Part(why))) => {
            Heard::Part(why.clone())
        }
        (Some(Heard::Nothing(why)), _) | (None, Some(Heard::Nothing(why))) => Heard::Nothing(why.clone()),
        (None, None) => Heard::Nothing("it was not asked".to_owned()),
    }
}

/// Says of each that has all in common with another which a certificate and its precertificate have that they are not
/// one: the pairs are made already.
fn kept_apart(mut reported: Vec<ReportedCertificate>) -> Vec<ReportedCertificate> {
    let key = |one: &ReportedCertificate| {
        let claimed = &one.claimed;
        Some((claimed.issuer_number?, claimed.serial.clone()?, claimed.not_before, claimed.not_after))
    };
    let mut counts: HashMap<_, usize> = HashMap::new();
    for one in reported.iter().filter_map(key) {
        let count = counts.entry(one).or_default();
        *count = count.saturating_add(1);
    }
    for one in &mut reported {
        one.claimed.is_apart = key(one).is_some_and(|key| counts.get(&key).is_some_and(|count| *count > 1));
    }
    reported
}

/// One issued certificate, as its rows and what was fetched say.
fn report(
    rows: &[&Row],
    source: &IssuanceSource,
    fetched: &mut HashMap<u64, certificates::Fetched>,
) -> ReportedCertificate {
    let mut reported = ReportedCertificate::default();
    let first = |of: fn(&Row) -> Option<Timestamp>| rows.iter().find_map(|row| of(row));
    reported.claimed = Claimed {
        issuer_name: rows.iter().find_map(|row| row.issuer_name.clone()),
        issuer_number: rows.iter().find_map(|row| row.issuer_ca_id),
        serial: rows.iter().find_map(|row| row.serial.clone()),
        not_before: first(|row| row.not_before),
        not_after: first(|row| row.not_after),
        dns_names: rows
            .iter()
            .flat_map(|row| &row.names)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect(),
        ..Claimed::default()
    };
    for row in rows {
        let place = match row.id {
            Some(id) => format!("{}?id={id}", source.place),
            None => source.place.clone(),
        };
        reported.seen.push(Seen { place, index: None, at: row.logged });
        if let Some(found) = row.id.and_then(|id| fetched.remove(&id)) {
            let place = if found.is_precertificate {
                &mut reported.precertificate
            } else {
                &mut reported.certificate
            };
            *place = Some(found.der);
        }
    }
    reported
}

#[cfg(test)]
mod tests;
