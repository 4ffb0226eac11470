//! A URL to which each alert is posted, signed.

use std::time::Duration;

use aws_lc_rs::hmac;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

use super::channel::{Channel, Failure, Sending};
use super::notice::Notice;
use super::secret::Secret;
use crate::observe::clock;
use crate::observe::http::{HttpPoster, Posted};
use crate::rules::Severity;

/// What the signature begins with; another way of signing would begin otherwise.
pub const SIGNATURE_VERSION: &str = "v1";
/// The most characters of a receiver's answer that are kept.
const MOST_ANSWER: usize = 200;

/// A receiver of JSON over HTTPS. Any 2xx says that it has the alert.
#[derive(Clone, Debug)]
pub struct Webhook {
    name: String,
    least: Severity,
    url: Url,
    secret: Secret,
    timeout: Duration,
    poster: HttpPoster,
}

/// The value of `Pinstead-Signature`: HMAC-SHA256 (RFC 2104) of the value of `Pinstead-Timestamp`, a full stop, and
/// the body, in hexadecimal.
pub fn signature(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.octets());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let hex: String = tag.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{SIGNATURE_VERSION}={hex}")
}

impl Webhook {
    /// Posts to `url`, signed with `secret`.
    pub fn new(
        name: String,
        least: Severity,
        url: Url,
        secret: Secret,
        timeout: Duration,
        poster: HttpPoster,
    ) -> Self {
        Self { name, least, url, secret, timeout, poster }
    }

    async fn post(&self, notice: &Notice) -> Result<(), Failure> {
        let body = notice.json().into_bytes();
        // Of now, not of the alert: receivers refuse what is old, because it may be somebody else's repetition.
        let timestamp = clock::now().as_second().to_string();
        let mut fields = Vec::new();
        for (name, value) in [
            ("pinstead-alert-id", notice.id.clone()),
            ("pinstead-signature", signature(&self.secret, &timestamp, &body)),
            ("pinstead-timestamp", timestamp),
        ] {
            let value = HeaderValue::try_from(value)
                .map_err(|_| Failure::lasting(format!("{name} cannot be written as a header field")))?;
            fields.push((HeaderName::from_static(name), value));
        }
        match self.poster.post(&self.url, &fields, body, self.timeout).await {
            Ok(posted) => self.judged(&posted),
            Err(failure) => Err(Failure::passing(self.secret.hidden_in(&failure.to_string()))),
        }
    }

    fn judged(&self, posted: &Posted) -> Result<(), Failure> {
        let answer: String = posted.answer.trim().chars().take(MOST_ANSWER).collect();
        let text = match answer.as_str() {
            "" => format!("HTTP {}", posted.status),
            answer => format!("HTTP {}: {}", posted.status, self.secret.hidden_in(answer)),
        };
        match posted.status {
            200..=299 => Ok(()),
            300..=399 => Err(Failure::lasting(format!("{text} (redirections are not followed)"))),
            408 | 425 | 429 | 500..=599 => Err(match posted.retry_after {
                Some(pause) => Failure::asking_for(text, pause),
                None => Failure::passing(text),
            }),
            _ => Err(Failure::lasting(text)),
        }
    }
}

impl Channel for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_severity(&self) -> Severity {
        self.least
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.post(notice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_standard_one() {
        // printf '%s' '1795323600.{"id":"5f3a"}' | openssl dgst -sha256 -hmac 'a secret of some length'
        let secret = Secret::new("a secret of some length");
        assert_eq!(signature(&secret, "1795323600", br#"{"id":"5f3a"}"#), OPENSSL);
    }

    const OPENSSL: &str = "v1=1e443ee3bf026ea79475488f06840f31fe709a863e0837554d38cd056694641a";

    fn judged(status: u16, retry_after: Option<u64>) -> Result<(), Failure> {
        let poster = HttpPoster::new().unwrap();
        let url = Url::parse("https://siem.example/").unwrap();
        let secret = Secret::new("s3cret");
        let webhook =
            Webhook::new("siem".to_owned(), Severity::Info, url, secret, Duration::from_secs(1), poster);
        let retry_after = retry_after.map(Duration::from_secs);
        webhook.judged(&Posted { status, retry_after, answer: "no s3cret here".to_owned() })
    }

    #[test]
    fn each_status_has_its_pause() {
        assert_eq!(judged(204, None), Ok(()));
        let hour = Some(Duration::from_secs(3600));
        for (status, pause) in [(302, hour), (400, hour), (404, hour), (410, hour), (500, None), (429, None)]
        {
            let failure = judged(status, None).unwrap_err();
            assert_eq!((failure.pause(), failure.rest()), (pause, None), "{status}");
            assert!(failure.to_string().starts_with(&format!("HTTP {status}: no … here")), "{failure}");
        }
        for status in [429, 503] {
            let failure = judged(status, Some(90)).unwrap_err();
            assert_eq!(failure.pause(), Some(Duration::from_secs(90)));
            assert_eq!(failure.rest(), failure.pause(), "the receiver is left alone with all alerts");
        }
    }
}
