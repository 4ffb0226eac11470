//! Whether an answer is one at all: what is none is no data.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::json::{self, Object};
use super::problems::{Problems, printable};
use crate::evidence::http::{HttpExchange, HttpOutcome, HttpResponse};

/// The body of an answer in JSON, or why there is none.
pub(super) fn json_body(exchange: &HttpExchange) -> Result<&[u8], NoAnswer> {
    let body = body(exchange)?;
    match first_letter(body) {
        None => {
            Err(NoAnswer { status: Some(200), why: "it answered with nothing, not even a list".to_owned() })
        }
        Some(b'<') => Err(NoAnswer {
            status: Some(200),
            why: "it answered with a page of HTML where JSON was asked for".to_owned(),
        }),
        Some(_) => Ok(body),
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoAnswer {
    /// The status, where there was one.
    pub(super) status: Option<u16>,
    /// Why, for people.
    pub(super) why: String,
}

/// The body of an answer with status 200.
pub(super) fn body(exchange: &HttpExchange) -> Result<&[u8], NoAnswer> {
    let nothing = |why: String| NoAnswer { status: None, why };
    match exchange.outcome() {
        None => Err(nothing("it was not asked".to_owned())),
        Some(HttpOutcome::Failed(failure)) => Err(nothing(printable(&failure.to_string()))),
        Some(HttpOutcome::Response(response)) if response.status == 200 => Ok(&response.body),
        Some(HttpOutcome::Response(response)) => {
            Err(NoAnswer { status: Some(response.status), why: refusal(response) })
        }
    }
}

/// What another status than 200 means.
fn refusal(response: &HttpResponse) -> String {
    let mut why = match response.status {
        429 => vec!["it was asked too often (status 429)".to_owned()],
        status => vec![format!("it answered with status {status}")],
    };
    if let Some(time) = &response.retry_after {
        why.push(format!("wants to be asked again later (Retry-After: {})", printable(time)));
    }
    if let Some(message) = message(&response.body) {
        why.push(format!("with the message “{message}”"));
    } else if first_letter(&response.body) == Some(b'<') {
        why.push("with a page of HTML".to_owned());
    }
    why.join(", ")
}

/// What an error in JSON says: SSLMate's have a `message`, others an `error`.
pub(super) fn message(body: &[u8]) -> Option<String> {
    let text = json::text(body);
    let raw = serde_json::from_str(&text).ok()?;
    let mut unheeded = Problems::default();
    let object = Object::read(raw, String::new(), &mut unheeded)?;
    let said = ["message", "error", "code"].iter().find_map(|field| object.text(field, &mut unheeded))?;
    Some(printable(&said))
}

/// The first letter that is no blank.
fn first_letter(body: &[u8]) -> Option<u8> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.iter().copied().find(|octet| !octet.is_ascii_whitespace())
}
