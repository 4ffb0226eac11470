//! HTTP as pinstead speaks it: bounded in size and time, sparing with other people's servers, and recorded.
//!
//! Each host gets a limited number of requests a second and at the same time. A request that failed for a passing
//! reason is repeated with growing pauses, and `Retry-After` (RFC 9110 section 10.2.3) is obeyed for the whole host.

pub mod gzip;
mod hosts;
mod pace;
mod post;
mod retry;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Client, Url, redirect};

use self::gzip::{GunzipError, gunzip};
use self::hosts::{Hosts, Limits};
pub use self::post::{HttpPoster, Posted};
use super::clock::{self, Stopwatch};
use super::dns::DnsClient;
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};

/// Tells operators of logs who asks, and where to complain.
pub(super) const USER_AGENT: &str =
    concat!("pinstead/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may be silent within an answer.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long one attempt may take. Some logs need half a minute for an answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// How many redirections are followed.
const MOST_REDIRECTIONS: usize = 3;

/// How much of an error's body is kept, in octets.
const ERROR_BODY: usize = 16 << 10;

/// A client for every request of a run. Clones share their connections and their limits.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    /// For this machine itself, which no proxy can stand for.
    direct: Client,
    hosts: Arc<Hosts>,
    /// Whether bodies are unpacked here and not on the way.
    unpacks: bool,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[error("HTTPS could not be set up")]
pub struct HttpSetupError(#[source] reqwest::Error);

/// What to ask for.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    url: String,
    max_octets: usize,
    etag: Option<String>,
    last_modified: Option<String>,
    packed: bool,
}

impl HttpRequest {
    /// Asks for `url`, and reads at most `max_octets` of its body.
    pub fn new(url: impl Into<String>, max_octets: usize) -> Self {
        Self { url: url.into(), max_octets, etag: None, last_modified: None, packed: true }
    }

    /// Does not ask for content coding: for what packs badly, or where unpacking costs more than reading.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.packed = false;
        self
    }

    /// Asks only for what has changed since an earlier answer (RFC 9110 section 13.1).
    #[must_use]
    pub fn conditional(mut self, etag: Option<String>, last_modified: Option<String>) -> Self {
        self.etag = etag;
        self.last_modified = last_modified;
        self
    }
}

impl HttpClient {
    /// A client that trusts the system's roots and Mozilla's, so that it works on systems without any.
    pub fn new() -> Result<Self, HttpSetupError> {
        Self::build(None, Limits::Fixed)
    }

    /// One that reads the same hosts on and on: other people's at a pace that starts moderately, grows as long as they
    /// answer, and falls when they refuse; this machine's own at full speed.
    pub fn for_reading(dns: Option<&DnsClient>) -> Result<Self, HttpSetupError> {
        Self::build(dns, Limits::Paced)
    }

    /// One that looks hosts up with this resolver instead of the system's.
    pub fn with_resolver(dns: &DnsClient) -> Result<Self, HttpSetupError> {
        Self::build(Some(dns), Limits::Fixed)
    }

    fn build(dns: Option<&DnsClient>, limits: Limits) -> Result<Self, HttpSetupError> {
        let roots = roots()?;
        let unpacks = limits == Limits::Paced;
        let builder = || {
            let builder = Client::builder()
                .gzip(!unpacks)
                .user_agent(USER_AGENT)
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(SILENCE_TIMEOUT)
                .timeout(ATTEMPT_TIMEOUT)
                .redirect(redirect::Policy::custom(follow))
                .referer(false)
                .tls_certs_merge(roots.clone());
            match dns {
                Some(dns) => builder.dns_resolver(ByResolver(dns.clone())),
                None => builder,
            }
        };
        let client = builder().build().map_err(HttpSetupError)?;
        let direct = builder().no_proxy().build().map_err(HttpSetupError)?;
        Ok(Self { client, direct, hosts: Arc::new(Hosts::new(limits)), unpacks })
    }

    /// Asks with GET until there is an answer or no more patience.
    pub async fn get(&self, request: HttpRequest) -> HttpExchange {
        let mut attempts = Vec::new();
        let url = match usable(&request.url) {
            Ok(url) => url,
            Err(why) => {
                let outcome = HttpOutcome::Failed(HttpFailure::Url(why));
                attempts.push(HttpAttempt { milliseconds: 0, outcome });
                return HttpExchange { url: request.url, attempts };
            }
        };
        let host = self.hosts.of(&url);
        loop {
            let turn = match host.turn().await {
                Ok(turn) => turn,
                Err(resting) => {
                    let outcome = HttpOutcome::Failed(resting);
                    attempts.push(HttpAttempt { milliseconds: 0, outcome });
                    return HttpExchange { url: request.url, attempts };
                }
            };
            let watch = Stopwatch::start();
            let outcome = match self.attempt(&url, &request).await {
                Ok(response) => HttpOutcome::Response(response),
                Err(failure) => HttpOutcome::Failed(failure),
            };
            drop(turn);
            let next = retry::next(&outcome, attempts.len(), clock::now());
            let besides = host.learn(retry::is_refusal(&outcome));
            attempts.push(HttpAttempt { milliseconds: watch.milliseconds(), outcome });
            if let Some(rest) = next.rest.max(besides) {
                host.rest(rest);
            }
            if !next.again {
                return HttpExchange { url: request.url, attempts };
            }
        }
    }

    async fn attempt(&self, url: &Url, request: &HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let client = if is_loopback(url) { &self.direct } else { &self.client };
        let mut builder = client.get(url.clone());
        if let Some(etag) = &request.etag {
            builder = builder.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(time) = &request.last_modified {
            builder = builder.header(header::IF_MODIFIED_SINCE, time);
        }
        if self.unpacks && request.packed {
            builder = builder.header(header::ACCEPT_ENCODING, "gzip");
        }
        let mut response = builder.send().await.map_err(failure)?;
        let status = response.status();
        let headers = response.headers().clone();
        let (limit, may_cut) =
            if status.is_success() { (request.max_octets, false) } else { (ERROR_BODY, true) };
        let length = response.content_length().and_then(|length| usize::try_from(length).ok());
        let mut body = Vec::with_capacity(length.unwrap_or_default().min(limit));
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            let room = limit.saturating_sub(body.len());
            if chunk.len() <= room {
                body.extend_from_slice(&chunk);
            } else if may_cut {
                body.extend(chunk.iter().take(room));
                break;
            } else {
                return Err(HttpFailure::TooLarge { limit });
            }
        }
        if self.unpacks {
            body = match coding(&headers) {
                Coding::None => body,
                Coding::Gzip => match gunzip(&body, limit) {
                    Ok(body) => body,
                    Err(GunzipError::TooLarge(limit)) if !may_cut => {
                        return Err(HttpFailure::TooLarge { limit });
                    }
                    // Nobody reads the body of an error but people.
                    Err(_) if may_cut => Vec::new(),
                    Err(error) => return Err(HttpFailure::Broken(error.to_string())),
                },
                Coding::Other if may_cut => Vec::new(),
                Coding::Other => {
                    return Err(HttpFailure::Broken(
                        "it has a content coding that nobody asked for".to_owned(),
                    ));
                }
            };
        }
        Ok(HttpResponse {
            status: status.as_u16(),
            etag: field(&headers, &header::ETAG),
            last_modified: field(&headers, &header::LAST_MODIFIED),
            retry_after: field(&headers, &header::RETRY_AFTER),
            body: Bytes(body),
        })
    }
}

/// Mozilla's roots, for systems without any.
fn roots() -> Result<Vec<reqwest::Certificate>, HttpSetupError> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| reqwest::Certificate::from_der(der))
        .collect::<Result<_, _>>()
        .map_err(HttpSetupError)
}

/// A URL that may be asked for: HTTP or HTTPS, with a host, and no password that would end up in the evidence.
pub fn usable(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("it begins with {}:, and only https: and http: can be asked for", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password".to_owned());
    }
    Ok(url)
}

/// How long an answer asks to leave its host alone, if it does (RFC 9110 section 10.2.3).
pub fn retry_after(response: &HttpResponse) -> Option<Duration> {
    retry::asked_for(response, clock::now())
}

/// Whether the host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Follows a redirection on the same host only, and never away from HTTPS: what another host says is not this one's
/// word, and nobody asked for a request there.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let Some(from) = attempt.previous().last() else { return attempt.follow() };
    let to = attempt.url();
    let is_upgrade = from.scheme() == "http" && to.scheme() == "https";
    if attempt.previous().len() > MOST_REDIRECTIONS {
        attempt.error("it leads on too often")
    } else if from.scheme() == "https" && to.scheme() != "https" {
        attempt.error("it leads from HTTPS to plain HTTP")
    } else if from.host_str() != to.host_str()
        || !(is_upgrade || from.port_or_known_default() == to.port_or_known_default())
    {
        let elsewhere = format!("it leads to another host, {}", to.host_str().unwrap_or("without a name"));
        attempt.error(elsewhere)
    } else {
        attempt.follow()
    }
}

/// Looks up hosts as the rest of the program does.
struct ByResolver(DnsClient);

impl Resolve for ByResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let dns = self.0.clone();
        Box::pin(async move {
            let name: DnsName = name.as_str().parse()?;
            let addresses = dns.addresses(&name).await?;
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// How a body is packed.
enum Coding {
    None,
    Gzip,
    Other,
}

fn coding(headers: &HeaderMap) -> Coding {
    match headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes) {
        None | Some(b"") => Coding::None,
        Some(value) if value.eq_ignore_ascii_case(b"identity") => Coding::None,
        Some(value) if value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip") => {
            Coding::Gzip
        }
        Some(_) => Coding::Other,
    }
}

fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(1000).collect())
}

fn failure(error: reqwest::Error) -> HttpFailure {
    let error = error.without_url();
    let text = innermost(&error);
    if error.is_timeout() {
        HttpFailure::Timeout
    } else if error.is_connect() {
        HttpFailure::Connect(text)
    } else if error.is_redirect() {
        HttpFailure::Redirect(text)
    } else {
        HttpFailure::Broken(text)
    }
}

/// What the innermost cause says: the outer ones only say that sending failed.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests;
