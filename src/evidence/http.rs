//! HTTP as it was answered: raw bodies, and what failed.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// One resource asked for, and every attempt to get it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpExchange {
    /// The URL asked for.
    pub url: String,
    /// The attempts in order; the last one is the answer, or the failure that stands.
    pub attempts: Vec<HttpAttempt>,
}

impl HttpExchange {
    /// How the exchange ended; `None` only where nothing was tried.
    pub fn outcome(&self) -> Option<&HttpOutcome> {
        self.attempts.last().map(|attempt| &attempt.outcome)
    }

    /// The beginning of an answer, where none came whole, and how it broke off: the longest that there is.
    pub fn part(&self) -> Option<(&[u8], &HttpFailure)> {
        if matches!(self.outcome(), Some(HttpOutcome::Response(_))) {
            return None;
        }
        let parts = self.attempts.iter().filter_map(|attempt| match &attempt.outcome {
            HttpOutcome::Failed(failure @ HttpFailure::Cut { body, .. }) => Some((&body.0[..], failure)),
            HttpOutcome::Failed(_) | HttpOutcome::Response(_) => None,
        });
        parts.max_by_key(|(body, _)| body.len())
    }

    /// Keeps of all parts that came the longest alone, and none beside a whole answer.
    pub(crate) fn keep_longest_part(&mut self) {
        let kept = self.part().map(|(body, _)| body.len());
        let mut is_kept = false;
        for attempt in &mut self.attempts {
            if let HttpOutcome::Failed(failure @ HttpFailure::Cut { .. }) = &mut attempt.outcome
                && let HttpFailure::Cut { why, body } = &*failure
            {
                if Some(body.len()) == kept && !is_kept {
                    is_kept = true;
                } else {
                    *failure = HttpFailure::Broken(why.clone());
                }
            }
        }
    }
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpAttempt {
    /// How long it took, in milliseconds, waiting for a turn left out.
    pub milliseconds: u64,
    /// What came back.
    pub outcome: HttpOutcome,
}

/// What came back from an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpOutcome {
    /// A whole response, whatever its status.
    Response(HttpResponse),
    /// None, and why.
    Failed(HttpFailure),
}

/// A response (RFC 9110).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The `ETag` field, as sent.
    #[serde(default)]
    pub etag: Option<String>,
    /// The `Last-Modified` field, as sent.
    #[serde(default)]
    pub last_modified: Option<String>,
    /// The `Retry-After` field, as sent.
    #[serde(default)]
    pub retry_after: Option<String>,
    /// The body after content coding was undone. Of an error response, the beginning.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum HttpFailure {
    /// The URL cannot be asked for.
    #[error("the URL cannot be used: {0}")]
    Url(String),
    /// It took too long.
    #[error("no whole answer in time")]
    Timeout,
    /// No connection could be made: name, address, TLS.
    #[error("no connection: {0}")]
    Connect(String),
    /// The body is longer than what is read of it.
    #[error("the answer has more than {limit} octets")]
    TooLarge {
        /// The most that is read, in octets.
        limit: usize,
    },
    /// It led elsewhere too often, or from HTTPS to plain HTTP.
    #[error("a redirection was not followed: {0}")]
    Redirect(String),
    /// The host is left alone for longer than anyone waits: it asked for that, or failed again and again.
    #[error("{}the host is left alone for another {seconds} s", before(after))]
    Resting {
        /// How much longer, in seconds.
        seconds: u64,
        /// What it answered last, or how it failed; empty where that was not recorded.
        #[serde(default)]
        after: String,
    },
    /// The answer broke off or made no sense.
    #[error("the answer cannot be read: {0}")]
    Broken(String),
    /// The answer, of status 200, broke off within its body, whose beginning was wanted all the same.
    #[error("the answer breaks off after {} octets: {why}", .body.len())]
    Cut {
        /// How it broke off.
        why: String,
        /// What came of the body after content coding was undone.
        body: Bytes,
    },
}

fn before(after: &str) -> String {
    if after.is_empty() { String::new() } else { format!("{after}; ") }
}

impl HttpFailure {
    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Timeout | Self::Connect(_) | Self::Broken(_) | Self::Cut { .. })
    }
}
