//! Asking over HTTPS (RFC 8484).

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};
use tokio::sync::OnceCell;

use super::message::{Query, Reading, Wording};
use super::question::Question;
use super::random::Random;
use super::received::{self, Received};
use crate::evidence::dns::{DnsFailure, DnsOutcome};
use crate::observe::http;

/// The media type of DNS messages (RFC 8484 section 6).
const MEDIA_TYPE: &str = "application/dns-message";

/// The longest message there is.
const LARGEST: usize = 65_535;

/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(3);

/// One server that is asked over HTTPS.
#[derive(Debug)]
pub(super) struct Https {
    url: Url,
    client: OnceCell<Result<Client, String>>,
}

impl Https {
    pub(super) fn new(url: Url) -> Self {
        Self { url, client: OnceCell::new() }
    }

    /// Asks once.
    pub(super) async fn ask(&self, question: &Question, wording: Wording, patience: Duration) -> Received {
        // The id is 0, so that caches on the way see equal questions as equal (RFC 8484 section 4.1).
        let query = match Query::new(question, wording, &mut Random::default()) {
            Ok(query) => query,
            Err(error) => return error.into(),
        };
        let octets = match self.post(query.octets().to_vec(), patience).await {
            Ok(octets) => octets,
            Err(failure) => return Received::failed(failure),
        };
        match query.read(&octets) {
            Reading::Answer(reply) if octets.starts_with(&[0, 0]) => Received {
                outcome: DnsOutcome::Message(octets.into()),
                reply: Some(reply),
                other_case: false,
                lossy: false,
            },
            _ => Received::failed(DnsFailure::Transport("it answered another question".to_owned())),
        }
    }

    async fn post(&self, message: Vec<u8>, patience: Duration) -> Result<Vec<u8>, DnsFailure> {
        let client = self.client.get_or_init(async || self.set_up()).await;
        let client = client.as_ref().map_err(|error| DnsFailure::Transport(error.clone()))?;
        let failed = |error: reqwest::Error| failure(error, patience);
        let request = client
            .post(self.url.clone())
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(ACCEPT, MEDIA_TYPE)
            .timeout(patience)
            .body(message);
        let mut response = request.send().await.map_err(failed)?;
        if response.status() != StatusCode::OK {
            return Err(DnsFailure::Transport(format!("HTTP status {}", response.status().as_u16())));
        }
        let media_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        if !media_type.is_some_and(is_dns_message) {
            return Err(DnsFailure::Transport(format!("the answer is not of the type {MEDIA_TYPE}")));
        }
        let mut octets = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if octets.len().saturating_add(chunk.len()) > LARGEST {
                return Err(DnsFailure::Transport(format!("the answer has more than {LARGEST} octets")));
            }
            octets.extend_from_slice(&chunk);
        }
        Ok(octets)
    }

    fn set_up(&self) -> Result<Client, String> {
        let builder = Client::builder()
            .user_agent(http::USER_AGENT)
            .connect_timeout(CONNECTING)
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(true);
        // No proxy can stand for this machine itself.
        let builder = if http::is_loopback(&self.url) { builder.no_proxy() } else { builder };
        builder.build().map_err(|error| format!("HTTPS could not be set up: {}", innermost(&error)))
    }
}

/// Whether a Content-Type names a DNS message, parameters aside.
fn is_dns_message(value: &[u8]) -> bool {
    let essence = value.split(|octet| *octet == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())
}

fn failure(error: reqwest::Error, patience: Duration) -> DnsFailure {
    let error = error.without_url();
    if error.is_timeout() && !error.is_connect() {
        let milliseconds = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        DnsFailure::Timeout { milliseconds }
    } else {
        let text = innermost(&error);
        if is_local(&error) { DnsFailure::Local(text) } else { DnsFailure::Transport(text) }
    }
}

/// Whether any cause is one of this machine.
fn is_local(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(received::is_local) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What the innermost cause says: the outer ones only say that sending failed.
fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
