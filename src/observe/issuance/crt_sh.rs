//! Asking crt.sh: for the name, for those below it, and for the wildcard beside it.

use std::collections::VecDeque;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use super::super::clock;
use super::super::http::{HttpClient, HttpRequest};
use super::{CrtSh, endpoint, get_until};
use crate::dns_name::DnsName;
use crate::evidence::http::{HttpExchange, HttpFailure, HttpOutcome};
use crate::evidence::issuance::{IssuanceSource, Told};
use crate::issuance::sources::crt_sh::{may_be_narrowed, narrower, told_below, wanted};
use crate::x509::MAX_CERTIFICATE;

/// The most octets of an answer with rows: 10,000 rows with hundreds of names each are some tens of megabytes.
const MOST_OCTETS: usize = 64 << 20;

/// After this many octets of answers nothing is narrowed any more.
const MOST_IN_ALL: usize = 128 << 20;

/// The most octets of a certificate in PEM.
const MOST_PEM: usize = MAX_CERTIFICATE + MAX_CERTIFICATE / 2;

/// The most certificates that are fetched one by one, whatever is asked for.
const MOST_CERTIFICATES: usize = 1000;

/// How many certificates in a row may fail before no more are asked for.
const MOST_FAILURES: usize = 3;

pub(super) async fn ask(name: &DnsName, http: &HttpClient, how: &CrtSh) -> IssuanceSource {
    let asked_at = clock::now();
    let mut session = match endpoint(&how.url) {
        Ok(url) => Session { url, http, how, ends: Instant::now() + how.patience, exchanges: Vec::new() },
        Err(why) => return super::not_asked(Told::CrtSh(Vec::new()), "crt.sh", why, asked_at),
    };
    let broken_off = session.ask_all(name).await.err();
    if broken_off.is_none() {
        session
            .fetch(&wanted(&session.exchanges, asked_at, how.most_certificates.min(MOST_CERTIFICATES)))
            .await;
    }
    let place = session.url.to_string();
    IssuanceSource { asked_at, place, broken_off, told: Told::CrtSh(session.exchanges) }
}

struct Session<'a> {
    url: Url,
    http: &'a HttpClient,
    how: &'a CrtSh,
    ends: Instant,
    exchanges: Vec<HttpExchange>,
}

impl Session<'_> {
    /// Asks for rows; says why not all that there is was asked for.
    async fn ask_all(&mut self, name: &DnsName) -> Result<(), String> {
        for pattern in patterns(name) {
            let is_unexpired_only = self.how.is_unexpired_only;
            let mut may_be_narrowed = self.search(&pattern, is_unexpired_only).await?;
            if may_be_narrowed && !is_unexpired_only {
                may_be_narrowed = self.search(&pattern, true).await?;
            }
            if may_be_narrowed && pattern.starts_with('%') {
                self.narrow(name).await?;
            }
        }
        Ok(())
    }

    /// Asks for the unexpired ones of each name below that was told, those with the most rows first; where that is cut
    /// off too, for those below it. What is left out is told where the answers are read.
    async fn narrow(&mut self, name: &DnsName) -> Result<(), String> {
        let mut cut_off = VecDeque::from([name.clone()]);
        let mut left = self.how.most_narrower;
        while let Some(base) = cut_off.pop_front() {
            for child in told_below(&self.exchanges, &base) {
                let octets =
                    self.exchanges.iter().fold(0, |sum: usize, one| sum.saturating_add(octets_of(one)));
                if left == 0 || octets > MOST_IN_ALL {
                    return Ok(());
                }
                left -= 1;
                if self.search(&narrower(&child), true).await? {
                    cut_off.push_back(child);
                }
            }
        }
        Ok(())
    }

    /// Asks for the rows of a pattern; gives whether asking for less might give more.
    async fn search(&mut self, pattern: &str, is_unexpired_only: bool) -> Result<bool, String> {
        let mut query = vec![("q", pattern), ("output", "json")];
        if is_unexpired_only {
            query.push(("exclude", "expired"));
        }
        let exchange = self.get(&query, MOST_OCTETS, true).await?;
        let is_refused = is_refused(exchange);
        let may_be_narrowed = may_be_narrowed(exchange);
        if is_refused {
            Err("after this answer it was not asked any more".to_owned())
        } else {
            Ok(may_be_narrowed)
        }
    }

    /// Fetches certificates; what cannot be had is told by the rows that stay without.
    async fn fetch(&mut self, ids: &[u64]) {
        let mut failures = 0;
        for id in ids {
            let Ok(exchange) = self.get(&[("d", &id.to_string())], MOST_PEM, false).await else { return };
            let is_had =
                matches!(exchange.outcome(), Some(HttpOutcome::Response(response)) if response.status == 200);
            failures = if is_had { 0 } else { failures + 1 };
            if failures >= MOST_FAILURES || is_refused(exchange) {
                return;
            }
        }
    }

    /// Asks; of rows, the first are of use where the rest does not come.
    async fn get(
        &mut self,
        query: &[(&str, &str)],
        most_octets: usize,
        are_rows: bool,
    ) -> Result<&HttpExchange, String> {
        if !self.exchanges.is_empty() {
            sleep(self.how.pause).await;
        }
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(query);
        let request = HttpRequest::new(url.as_str(), most_octets);
        let request = if are_rows { request.keeping_part() } else { request };
        let (exchange, is_in_time) = get_until(self.http, request, &url, self.ends).await;
        self.exchanges.push(exchange);
        if !is_in_time {
            return Err(format!("it had not answered everything after {} s", self.how.patience.as_secs()));
        }
        self.exchanges.last().ok_or_else(|| "it was not asked".to_owned())
    }
}

/// What is asked for: the name, those below it, and the wildcard that covers it.
fn patterns(name: &DnsName) -> Vec<String> {
    let mut patterns = vec![name.to_string(), format!("%.{name}")];
    patterns.extend(
        name.parent().filter(|parent| parent.as_str().contains('.')).map(|parent| format!("*.{parent}")),
    );
    patterns
}

fn octets_of(exchange: &HttpExchange) -> usize {
    match exchange.outcome() {
        Some(HttpOutcome::Response(response)) => response.body.len(),
        _ => exchange.part().map_or(0, |(body, _)| body.len()),
    }
}

/// Whether asking for anything else would fail as well, or is not wanted.
fn is_refused(exchange: &HttpExchange) -> bool {
    match exchange.outcome() {
        Some(HttpOutcome::Failed(failure)) => matches!(
            failure,
            HttpFailure::Connect(_)
                | HttpFailure::Resting { .. }
                | HttpFailure::Url(_)
                | HttpFailure::Redirect(_)
        ),
        Some(HttpOutcome::Response(response)) => matches!(response.status, 401 | 403 | 429),
        None => true,
    }
}
