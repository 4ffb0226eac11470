//! A URL to which each alert is posted, signed.

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

use super::channel::{Channel, ChannelSettings, Failure, Sending};
use super::notice::Notice;
use super::secret::Secret;
use crate::observe::clock;
use crate::observe::http::{HttpPoster, Posted};

/// What the signature begins with; another way of signing would begin otherwise.
pub const SIGNATURE_VERSION: &str = "v1";
/// The most characters of a receiver's answer that are kept.
const MOST_ANSWER: usize = 200;
/// Shorter parts of a URL are words that stand anywhere.
const SHORTEST: usize = 8;

/// A receiver of JSON over HTTPS. Any 2xx says that it has the alert.
#[derive(Clone, Debug)]
pub struct Webhook {
    settings: ChannelSettings,
    url: Url,
    secret: Secret,
    /// What a receiver must not have us repeat: the secret, and what stands in the URL.
    hidden: Vec<Secret>,
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
    let mut text = format!("{SIGNATURE_VERSION}=");
    for octet in tag.as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// What of a URL may be as secret as a password: path and query, whole and in parts, as they stand and decoded.
fn of_url(url: &Url) -> Vec<String> {
    let parts = url.path_segments().into_iter().flatten().map(str::to_owned);
    let pairs = url.query_pairs().map(|(_, value)| value.into_owned());
    let parts: Vec<String> = parts.chain(pairs).filter(|part| part.len() >= SHORTEST).collect();
    let mut all: Vec<String> = [url.path(), url.query().unwrap_or_default()]
        .into_iter()
        .filter(|text| text.len() > 1)
        .map(str::to_owned)
        .collect();
    all.extend(parts);
    let decoded: Vec<String> = all.iter().map(|text| decoded(text)).collect();
    all.extend(decoded);
    // The longest first: what is left of it when a part is gone would be shown.
    all.sort_by_key(|text| std::cmp::Reverse(text.len()));
    all.dedup();
    all
}

/// A part of a URL without its percent-encoding (RFC 3986 section 2.1).
fn decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digits =
            more.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(octet) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            octets.push(octet);
            rest = more.get(2..).unwrap_or_default();
        } else {
            octets.push(*first);
            rest = more;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

impl Webhook {
    /// Posts to `url`, signed with `secret`.
    pub fn new(settings: ChannelSettings, url: Url, secret: Secret, poster: HttpPoster) -> Self {
        let mut hidden = vec![secret.clone()];
        hidden.extend(of_url(&url).into_iter().map(Secret::new));
        Self { settings, url, secret, hidden, poster }
    }

    /// `text` without what nobody else is to know.
    fn hidden_in(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, secret| secret.hidden_in(&text))
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
        match self.poster.post(&self.url, &fields, body, self.settings.timeout).await {
            Ok(posted) => self.judged(&posted),
            Err(failure) => Err(Failure::passing(self.hidden_in(&failure.to_string()))),
        }
    }

    fn judged(&self, posted: &Posted) -> Result<(), Failure> {
        // What is cut first might end within a secret, which nobody would know again.
        let answer: String = self.hidden_in(posted.answer.trim()).chars().take(MOST_ANSWER).collect();
        let text = match answer.as_str() {
            "" => format!("HTTP {}", posted.status),
            answer => format!("HTTP {}: {answer}", posted.status),
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
    fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.post(notice))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rules::Severity;

    #[test]
    fn the_signature_is_the_standard_one() {
        // printf '%s' '1795323600.{"id":"5f3a"}' | openssl dgst -sha256 -hmac 'a secret of some length'
        let secret = Secret::new("a secret of some length");
        assert_eq!(signature(&secret, "1795323600", br#"{"id":"5f3a"}"#), OPENSSL);
    }

    const OPENSSL: &str = "v1=1e443ee3bf026ea79475488f06840f31fe709a863e0837554d38cd056694641a";

    fn settings() -> ChannelSettings {
        let (least, timeout) = (Severity::Info, Duration::from_secs(1));
        ChannelSettings { name: "siem".to_owned(), least, timeout }
    }

    #[test]
    fn what_the_receiver_repeats_of_url_and_secret_is_not_shown() {
        let url = Url::parse("https://siem.example/hook/T0KEN%2Fin-the-path?key=anothertoken").unwrap();
        let secret = Secret::new("0123456789abcdefghij");
        let webhook = Webhook::new(settings(), url, secret, HttpPoster::new().unwrap());
        let told = |answer: String| {
            let posted = Posted { status: 404, retry_after: None, answer };
            webhook.judged(&posted).unwrap_err().to_string()
        };
        assert_eq!(told("Cannot POST /hook/T0KEN%2Fin-the-path".to_owned()), "HTTP 404: Cannot POST …");
        for answer in [
            "no /hook/T0KEN/in-the-path here".to_owned(),
            "no T0KEN%2Fin-the-path".to_owned(),
            "key=anothertoken".to_owned(),
            "unknown key: anothertoken".to_owned(),
            format!("{}0123456789abcdefghij", "x".repeat(190)),
            // What the reading of the answer cut is cut within the secret.
            "bad 0123456789".to_owned(),
            "MDEyMzQ1Njc4OWFiY2RlZmdoaWo=".to_owned(),
        ] {
            let text = told(answer);
            for part in ["T0KEN", "anothertoken", "0123", "MDEyMzQ1"] {
                assert!(!text.contains(part), "{text}");
            }
        }
    }

    fn judged(status: u16, retry_after: Option<u64>) -> Result<(), Failure> {
        let poster = HttpPoster::new().unwrap();
        let url = Url::parse("https://siem.example/").unwrap();
        let secret = Secret::new("s3cret");
        let webhook = Webhook::new(settings(), url, secret, poster);
        let retry_after = retry_after.map(Duration::from_secs);
        webhook.judged(&Posted { status, retry_after, answer: "no s3cret here".to_owned() })
    }

    #[test]
    fn each_status_has_its_pause() {
        assert_eq!(judged(204, None), Ok(()));
        let hour = Some(Duration::from_hours(1));
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
