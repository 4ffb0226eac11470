//! What Cert Spotter told: pages of issuances, each a precertificate and its certificate in one.
//!
//! Source: SSLMate's reference of the CT Search API, version 1. Only unexpired certificates are told.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod issuance;

use super::answer::{NoAnswer, json_body, message};
use super::json::{self, End, Object};
use super::problems::Problems;
use crate::evidence::http::HttpExchange;
use crate::evidence::issuance::IssuanceSource;
use crate::issuance::reported::{Coverage, ReportedCertificate, SourceKind, SourceReading};

/// The most issuances that are read of a page.
const MOST_OF_A_PAGE: usize = 20_000;

/// The most issuances that are read in all.
const MOST: usize = 500_000;

/// What it knows at best.
const SCOPE: &str = "unexpired certificates in the CT logs that SSLMate follows";

pub(super) fn read(source: &IssuanceSource, pages: &[HttpExchange]) -> SourceReading {
    let mut problems = Problems::default();
    let (coverage, certificates) = read_pages(source, pages, &mut problems);
    SourceReading {
        source: SourceKind::CertSpotter,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage,
        current_to: None,
        scope: SCOPE.to_owned(),
        certificates,
        problems: problems.into_sentences(),
    }
}

/// How a page ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageEnd {
    /// It has no issuances: there are no more.
    Empty,
    /// The next page begins after this issuance.
    After(String),
    /// There is no telling where the next page begins.
    Unknown,
}

/// How a page ends, so that the next one can be asked for.
pub(crate) fn page_end(page: &HttpExchange) -> PageEnd {
    let Ok(body) = json_body(page) else { return PageEnd::Unknown };
    let text = json::text(body);
    let mut last = None;
    if json::elements(&text, MOST_OF_A_PAGE, |raw| last = Some(raw)) != End::Whole {
        return PageEnd::Unknown;
    }
    let Some(last) = last else { return PageEnd::Empty };
    let mut unheeded = Problems::default();
    Object::read(last, String::new(), &mut unheeded)
        .and_then(|object| object.id("id", &mut unheeded))
        .filter(|id| !id.is_empty())
        .map_or(PageEnd::Unknown, PageEnd::After)
}

fn read_pages(
    source: &IssuanceSource,
    pages: &[HttpExchange],
    problems: &mut Problems,
) -> (Coverage, Vec<ReportedCertificate>) {
    let mut certificates = Vec::new();
    let mut lacks = Vec::new();
    let mut pages_read = 0_usize;
    let mut is_last = false;
    for (place, page) in pages.iter().enumerate() {
        let number = place.saturating_add(1);
        match read_page(page, number, source, &mut certificates, problems) {
            Ok(count) => {
                pages_read = number;
                is_last = count == 0;
            }
            Err(Unread { is_part, why }) => {
                if is_part {
                    pages_read = number;
                }
                lacks.push(if number == 1 { why } else { format!("page {number}: {why}") });
                break;
            }
        }
    }
    if pages.is_empty() {
        let why = source.broken_off.clone();
        let coverage =
            why.map_or_else(|| Coverage::NoData("Cert Spotter was not asked".to_owned()), Coverage::NotAsked);
        return (coverage, certificates);
    }
    lacks.extend(source.broken_off.clone());
    if lacks.is_empty() && !is_last {
        lacks.push("it has more pages than were asked for".to_owned());
    }
    let lacks = lacks.join("; ");
    let coverage = match pages_read {
        0 => Coverage::NoData(lacks),
        _ if lacks.is_empty() => Coverage::Whole,
        _ => Coverage::Part(lacks),
    };
    (coverage, certificates)
}

/// Why a page was not read, or not to its end.
struct Unread {
    is_part: bool,
    why: String,
}

/// Reads a page; gives how many elements it has.
fn read_page(
    page: &HttpExchange,
    number: usize,
    source: &IssuanceSource,
    certificates: &mut Vec<ReportedCertificate>,
    problems: &mut Problems,
) -> Result<usize, Unread> {
    let (body, breaks_off) = match (json_body(page), page.part()) {
        (Ok(body), _) => (body, None),
        (Err(none), Some((part, _))) => (part, Some(none.why)),
        (Err(none), None) => return Err(Unread { is_part: false, why: refused(&none) }),
    };
    let text = json::text(body);
    let before = certificates.len();
    let mut count = 0_usize;
    let most = MOST_OF_A_PAGE.min(MOST.saturating_sub(before));
    let end = json::elements(&text, most, |raw| {
        count = count.saturating_add(1);
        certificates.extend(issuance::read(
            raw,
            format!("issuance {count} of page {number}"),
            source,
            problems,
        ));
    });
    let read = certificates.len().saturating_sub(before);
    match (breaks_off, end) {
        // Whatever it looks like, it is not the whole of it.
        (Some(why), _) => Err(Unread { is_part: read > 0, why }),
        (None, End::Cut(cut)) => Err(match message(body) {
            Some(message) => Unread {
                is_part: false,
                why: format!("it answered with a message instead of a list: “{message}”"),
            },
            None => Unread { is_part: read > 0, why: format!("its answer cannot be read to its end: {cut}") },
        }),
        (None, End::Whole) if read < count => Err(Unread {
            is_part: read > 0,
            why: format!("{} issuances cannot be read", count.saturating_sub(read)),
        }),
        (None, End::Whole) => Ok(count),
    }
}

/// Why there is no answer, and what to do about it.
fn refused(none: &NoAnswer) -> String {
    let advice = match none.status {
        Some(401) => "give a token of an SSLMate account that is valid",
        Some(403) => "give a token of an SSLMate account whose plan covers this name and the names below it",
        Some(429) => {
            "ask later; without a token of an SSLMate account (CERTSPOTTER_TOKEN) few questions an hour are answered, and with \
             one as many as its plan has"
        }
        _ => return none.why.clone(),
    };
    format!("{}: {advice}", none.why)
}

#[cfg(test)]
mod tests;
