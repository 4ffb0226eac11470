//! Logs, and texts from outside, as alerts name them.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::watch::state::LogKind;

/// The most characters of a text from outside in an alert.
const MOST_TEXT: usize = 500;

/// The log that an entry stands in, as an alert names it.
#[derive(Clone, Debug, Serialize)]
pub struct LogLabel {
    /// What it is called.
    pub name: String,
    /// Its id, base64.
    pub id: String,
    /// Where it is read.
    pub url: String,
}

/// Text from outside, no longer than an alert bears.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl LogLabel {
    /// A log as alerts name it.
    pub fn new(name: &str, id: &[u8; 32], url: &str) -> Self {
        Self { name: shorten(name), id: STANDARD.encode(id), url: shorten(url) }
    }
}

/// What an interface is called.
pub fn kind_name(kind: LogKind) -> &'static str {
    match kind {
        LogKind::Rfc6962 => "rfc6962",
        LogKind::Static => "static",
    }
}
