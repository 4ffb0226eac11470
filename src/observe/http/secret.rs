//! What a server must know and nobody else.

use std::fmt;

use reqwest::header::HeaderValue;

/// A token that is sent, and shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is empty, or has blanks or letters that no token has")]
pub struct NoToken;

impl Secret {
    /// Takes a token; blanks around it are left out.
    pub fn new(text: &str) -> Result<Self, NoToken> {
        let text = text.trim();
        let is_token = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
        is_token.then(|| Self(text.to_owned())).ok_or(NoToken)
    }

    /// The value of an `Authorization` field (RFC 6750 section 2.1).
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Blots it out where a server sends it back.
    pub(super) fn blot(&self, octets: &mut [u8]) {
        let secret = self.0.as_bytes();
        let mut start = 0;
        while let Some(place) = octets.get(start..).and_then(|rest| memchr::memmem::find(rest, secret)) {
            let end = start + place + secret.len();
            if let Some(found) = octets.get_mut(start + place..end) {
                found.fill(b'*');
            }
            start = end;
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
