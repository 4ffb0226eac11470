//! Log lists: what fetching one gave, and the file in which one is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Bytes;
use super::http::HttpExchange;

/// The version of the file in which a list is kept.
pub const KEPT_VERSION: u32 = 1;

/// What fetching a programme's list gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFetch {
    /// The request for the list.
    pub list: HttpExchange,
    /// The request for its signature; none where there is none to ask for, or no list to check.
    pub signature: Option<HttpExchange>,
}

/// A list as the cache keeps it: list, signature and origin in one file, so that no crash can pair a list with
/// another's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLogList {
    /// The version of this form, [`KEPT_VERSION`].
    pub pinstead_log_list: u32,
    /// Whose list it is, as `--program` has it.
    pub program: String,
    /// Where it came from.
    pub url: String,
    /// Where its signature came from.
    pub signature_url: Option<String>,
    /// The server's tag of this edition, for asking whether there is a newer one.
    pub etag: Option<String>,
    /// The server's date of this edition, for the same.
    pub last_modified: Option<String>,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// When the server last said that it is the current one.
    pub seen_at: Timestamp,
    /// SHA-256 of the list: lists without signature would not show damage otherwise.
    pub sha256: Bytes,
    /// The list, as it came.
    pub list: Bytes,
    /// Its signature, as it came.
    pub signature: Option<Bytes>,
}
