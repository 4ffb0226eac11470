//! CT logs as they answered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file::InputFile;
use super::http::HttpExchange;

/// One log, with everything that was asked of it about one target.
///
/// What several targets need, the tree head above all, is asked once a run and stands with each of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtLogObservation {
    /// The log's id, base64.
    pub log_id: String,
    /// When it was asked; `None` in evidence of earlier versions.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Where the log takes certificates; for an RFC 6962 log that is where it is read, too.
    pub url: Option<String>,
    /// Where a static log is read.
    pub monitoring_url: Option<String>,
    /// The file in which the last verified tree head of earlier runs was kept, if there was one.
    pub kept: Option<InputFile>,
    /// Why nothing was asked, if nothing was.
    pub not_asked: Option<String>,
    /// Why no more was asked, if asking ended early.
    pub broken_off: Option<String>,
    /// The answers, in the order of asking.
    #[serde(default)]
    pub exchanges: Vec<HttpExchange>,
}
