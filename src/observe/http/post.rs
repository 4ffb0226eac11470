//! POST, for what is sent rather than asked for: once, without following anywhere.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};

use super::{CONNECT_TIMEOUT, HttpSetupError, USER_AGENT, clock, failure, field, is_loopback, retry, roots};
use crate::evidence::http::HttpFailure;

/// How much of an answer is read, in octets: it is only told to people.
const MOST_ANSWER: usize = 1 << 10;

/// Sends to receivers that its user named. It repeats nothing, because whoever sends keeps what was not taken.
#[derive(Clone, Debug)]
pub struct HttpPoster {
    client: Client,
    /// For this machine itself, which no proxy can stand for.
    direct: Client,
}

/// How a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The status code.
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The beginning of its answer, as text.
    pub answer: String,
}

impl HttpPoster {
    /// A client that trusts the system's roots and Mozilla's.
    pub fn new() -> Result<Self, HttpSetupError> {
        let roots = roots()?;
        let builder = || {
            Client::builder()
                .user_agent(USER_AGENT)
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(redirect::Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                .tls_certs_merge(roots.clone())
        };
        let client = builder().build().map_err(HttpSetupError)?;
        let direct = builder().no_proxy().build().map_err(HttpSetupError)?;
        Ok(Self { client, direct })
    }

    /// Sends `body`, JSON, with these header fields. All of it may take `timeout`.
    pub async fn post(
        &self,
        url: &Url,
        fields: &[(HeaderName, HeaderValue)],
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Posted, HttpFailure> {
        let client = if is_loopback(url) { &self.direct } else { &self.client };
        let mut headers: HeaderMap = fields.iter().cloned().collect();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = client.post(url.clone()).headers(headers).body(body).timeout(timeout);
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let retry_after = field(response.headers(), &header::RETRY_AFTER)
            .and_then(|field| retry::pause(&field, clock::now()));
        let mut answer = Vec::new();
        // The status has said it already: what is wrong with the rest of the answer changes nothing.
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MOST_ANSWER.saturating_sub(answer.len());
            answer.extend(chunk.iter().take(room));
            if chunk.len() >= room {
                break;
            }
        }
        Ok(Posted { status, retry_after, answer: String::from_utf8_lossy(&answer).into_owned() })
    }
}
