//! A token that a server must know and nobody else.

use std::fmt;

use memchr::memmem;
use reqwest::header::HeaderValue;

use crate::evidence::http::{HttpFailure, HttpOutcome};

/// Shorter than any token: it would stand anywhere by chance.
const SHORTEST: usize = 8;

/// A token that is sent, and shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is shorter than {SHORTEST} letters, or has blanks or letters that no token has")]
pub struct NoToken;

impl Secret {
    /// Takes a token; blanks around it are left out.
    pub fn new(text: &str) -> Result<Self, NoToken> {
        let text = text.trim();
        let is_token = text.len() >= SHORTEST && text.bytes().all(|octet| octet.is_ascii_graphic());
        is_token.then(|| Self(text.to_owned())).ok_or(NoToken)
    }

    /// The value of an `Authorization` field (RFC 6750 section 2.1).
    pub(super) fn bearer(&self) -> Result<HeaderValue, String> {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.0));
        let mut value = value.map_err(|_| NoToken.to_string())?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The outcome without the token, which a server may send back.
    pub(super) fn blotted_out(&self, outcome: HttpOutcome) -> HttpOutcome {
        match outcome {
            HttpOutcome::Response(mut response) => {
                self.blot(&mut response.body.0);
                for field in [&mut response.etag, &mut response.last_modified, &mut response.retry_after] {
                    *field = field.take().map(|text| self.without(&text));
                }
                HttpOutcome::Response(response)
            }
            HttpOutcome::Failed(failure) => HttpOutcome::Failed(match failure {
                HttpFailure::Url(text) => HttpFailure::Url(self.without(&text)),
                HttpFailure::Connect(text) => HttpFailure::Connect(self.without(&text)),
                HttpFailure::Redirect(text) => HttpFailure::Redirect(self.without(&text)),
                HttpFailure::Broken(text) => HttpFailure::Broken(self.without(&text)),
                HttpFailure::Cut { why, mut body } => {
                    self.blot(&mut body.0);
                    HttpFailure::Cut { why: self.without(&why), body }
                }
                other @ (HttpFailure::Timeout
                | HttpFailure::TooLarge { .. }
                | HttpFailure::Resting { .. }) => other,
            }),
        }
    }

    fn without(&self, text: &str) -> String {
        text.replace(&self.0, &"*".repeat(self.0.len()))
    }

    fn blot(&self, octets: &mut [u8]) {
        let secret = self.0.as_bytes();
        let places: Vec<usize> = memmem::find_iter(octets, secret).collect();
        for place in places {
            octets.iter_mut().skip(place).take(secret.len()).for_each(|octet| *octet = b'*');
        }
        // Of an error only the beginning is kept, which may end within it.
        let cut = (SHORTEST / 2..secret.len())
            .rev()
            .find(|length| octets.ends_with(secret.get(..*length).unwrap_or_default()));
        let kept = octets.len().saturating_sub(cut.unwrap_or_default());
        octets.iter_mut().skip(kept).for_each(|octet| *octet = b'*');
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
