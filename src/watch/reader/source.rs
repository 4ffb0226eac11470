//! Where a log is read, and what its answers mean before anybody looks into them.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::time::Duration;

use super::{Breach, ReadError};
use crate::evidence::Bytes;
use crate::evidence::http::{HttpFailure, HttpOutcome, HttpResponse};
use crate::observe::http::{Buffers, HttpClient, HttpRequest, retry_after, usable};

/// How much of what a log said is kept as evidence, in octets.
const MOST_EVIDENCE: usize = 64 << 10;

/// How much of a refusal's text is shown, in characters.
const MOST_SAID: usize = 200;

/// A log's address.
#[derive(Clone, Debug)]
pub(super) struct Source {
    http: HttpClient,
    url: String,
}

/// What came back.
#[derive(Debug)]
pub(super) enum Said {
    /// Status 200, and this.
    Body(Vec<u8>),
    /// More octets than are read.
    TooLarge,
    /// It does not have that, for good: status 403, 404 or 410.
    Gone(HttpResponse),
    /// It takes the request to be wrong: status 400.
    Wrong(HttpResponse),
}

impl Source {
    pub(super) fn new(http: HttpClient, url: &str) -> Result<Self, ReadError> {
        usable(url).map_err(|why| ReadError::Unusable(format!("{url}: {why}")))?;
        Ok(Self { http, url: format!("{}/", url.trim_end_matches('/')) })
    }

    pub(super) fn buffers(&self) -> &Buffers {
        self.http.buffers()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Asks for a path below the log's URL.
    pub(super) async fn ask(&self, request: HttpRequest) -> Result<Said, ReadError> {
        let exchange = self.http.get(request).await;
        let url = exchange.url;
        let passing = |why: String, pause| ReadError::Passing { why: format!("{url}: {why}"), pause };
        let Some(outcome) = exchange.attempts.into_iter().last().map(|attempt| attempt.outcome) else {
            return Err(passing("it was not asked".to_owned(), None));
        };
        let response = match outcome {
            HttpOutcome::Response(response) => response,
            HttpOutcome::Failed(HttpFailure::Url(why)) => {
                return Err(ReadError::Unusable(format!("{url}: the URL cannot be used: {why}")));
            }
            HttpOutcome::Failed(HttpFailure::TooLarge { .. }) => return Ok(Said::TooLarge),
            HttpOutcome::Failed(resting @ HttpFailure::Resting { seconds, .. }) => {
                return Err(passing(resting.to_string(), Some(Duration::from_secs(seconds))));
            }
            HttpOutcome::Failed(failure) => return Err(passing(failure.to_string(), None)),
        };
        match response.status {
            200 => Ok(Said::Body(response.body.0)),
            403 | 404 | 410 => Ok(Said::Gone(response)),
            400 => Ok(Said::Wrong(response)),
            _ => Err(passing(refusal(&response), retry_after(&response))),
        }
    }

    /// The body of a small answer that the log must have.
    pub(super) async fn body(&self, path: &str, most: usize) -> Result<Vec<u8>, ReadError> {
        let url = self.url(path);
        match self.ask(HttpRequest::new(&url, most)).await? {
            Said::Body(body) => Ok(body),
            Said::TooLarge => Err(too_large(url, most)),
            Said::Gone(response) => Err(gone(&url, &response)),
            Said::Wrong(response) => Err(ReadError::Refused(format!("{url}: {}", refusal(&response)))),
        }
    }
}

/// A refusal for people: its status and the beginning of its text.
pub(super) fn refusal(response: &HttpResponse) -> String {
    let text = String::from_utf8_lossy(&response.body);
    let said: String =
        text.trim().chars().take(MOST_SAID).map(|c| if c.is_control() { ' ' } else { c }).collect();
    match said.as_str() {
        "" => format!("HTTP status {}", response.status),
        said => format!("HTTP status {}: “{said}”", response.status),
    }
}

pub(super) fn gone(url: &str, response: &HttpResponse) -> ReadError {
    ReadError::Gone(format!("{url}: {}", refusal(response)))
}

pub(super) fn too_large(url: String, most: usize) -> ReadError {
    breach(Breach::Form, format!("the answer has more than {most} octets"), url, &[])
}

/// The same of entries; `last` is the last of them.
pub(super) fn too_large_entries(url: String, most: usize, first: u64, last: u64) -> ReadError {
    let which = if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
    let what = format!(
        "the answer with {which} has more than {most} octets, and is not read: what stands there is not searched. Tell the \
         log's operator; what it holds for your names, another source may tell (`pinstead issuance`)"
    );
    breach(Breach::Size, what, url, &[])
}

/// A promise that is broken, with the beginning of what shows it.
pub(super) fn breach(breach: Breach, mut what: String, url: String, octets: &[u8]) -> ReadError {
    what.insert_str(0, &format!("{url}: "));
    let shown = octets.get(..MOST_EVIDENCE).unwrap_or(octets);
    ReadError::Breach { breach, what, url, octets: Bytes(shown.to_vec()) }
}
