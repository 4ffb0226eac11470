//! Fetching log lists, and the folder in which they are kept.

mod cache;

use std::time::Duration;

pub use self::cache::{CacheError, ListCache, LockedCache};
use super::http::{HttpClient, HttpRequest};
use crate::ct::log_list::{MAX_LIST_OCTETS, Program};
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome};
use crate::evidence::log_list::ListFetch;

/// The largest signature that is read: RSA-8192, as base64 text.
const MAX_SIGNATURE_OCTETS: usize = 4 << 10;

/// Where a list is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAddress {
    /// The list.
    pub url: String,
    /// Its signature, if there is one to ask for.
    pub signature_url: Option<String>,
}

impl ListAddress {
    /// Where a programme publishes its list; `None`: nowhere as a file (Mozilla compiles its into Firefox).
    ///
    /// Chrome's is the list of all logs: it keeps the logs that were rejected or retired, with the time. Android's
    /// signature is not asked for: its key comes from the same place (see [`crate::ct::log_list::ListKey`]).
    ///
    /// Sources: GoogleChrome/CertificateTransparency log_lists.md; <https://support.apple.com/103214>; Android's
    /// CT log policy, “Android log list”.
    pub fn of(program: Program) -> Option<Self> {
        let (url, signature_url) = match program {
            Program::Chrome => (
                "https://www.gstatic.com/ct/log_list/v3/all_logs_list.json",
                Some("https://www.gstatic.com/ct/log_list/v3/all_logs_list.sig"),
            ),
            Program::Apple => ("https://valid.apple.com/ct/log_list/current_log_list.json", None),
            Program::Android => {
                ("https://www.gstatic.com/android/certificate_transparency/v2/log_list.json", None)
            }
            Program::Mozilla => return None,
        };
        Some(Self { url: url.to_owned(), signature_url: signature_url.map(str::to_owned) })
    }
}

/// What tells the server which edition is here already.
#[derive(Clone, Debug, Default)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// Fetches a list, then its signature where the list came. Each may take `patience` in all, repetitions
/// included.
pub async fn fetch(
    client: &HttpClient,
    address: &ListAddress,
    have: Validators,
    patience: Duration,
) -> ListFetch {
    let request = HttpRequest::new(&address.url, MAX_LIST_OCTETS);
    let list =
        within(patience, client, request.conditional(have.etag, have.last_modified), &address.url).await;
    let came = matches!(list.outcome(), Some(HttpOutcome::Response(response)) if response.status == 200);
    let signature = match &address.signature_url {
        Some(url) if came => {
            Some(within(patience, client, HttpRequest::new(url, MAX_SIGNATURE_OCTETS), url).await)
        }
        _ => None,
    };
    ListFetch { list, signature }
}

async fn within(patience: Duration, client: &HttpClient, request: HttpRequest, url: &str) -> HttpExchange {
    let late = || HttpExchange {
        url: url.to_owned(),
        attempts: vec![HttpAttempt {
            milliseconds: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            outcome: HttpOutcome::Failed(HttpFailure::Timeout),
        }],
    };
    tokio::time::timeout(patience, client.get(request)).await.unwrap_or_else(|_| late())
}
