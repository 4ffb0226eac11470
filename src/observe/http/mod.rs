//! HTTP as pinstead speaks it: bounded in size and time, sparing with other people's servers, and recorded.
//!
//! Each host gets a limited number of requests a second and at the same time. A request that failed for a passing
//! reason is repeated with growing pauses, and `Retry-After` (RFC 9110 section 10.2.3) is obeyed for the whole host.

mod apart;
mod buffers;
pub mod gzip;
mod hosts;
mod pace;
mod post;
mod public;
mod retry;
mod secret;

pub use self::secret::Secret;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};

use self::apart::Apart;
pub use self::buffers::Buffers;
use self::gzip::{GunzipError, gunzip_into};
pub use self::hosts::Contact;
use self::hosts::{Hosts, Limits};
pub use self::post::{HttpPoster, Posted};
pub(super) use self::public::reach_of;
use self::public::{NotPublic, is_within, literal};
use super::clock::{self, Stopwatch};
use super::dns::DnsClient;
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::evidence::http::{HttpAttempt, HttpExchange, HttpFailure, HttpOutcome, HttpResponse};
use crate::evidence::revocation::Reach;

/// Tells operators of logs who asks, and where to complain.
pub(super) const USER_AGENT: &str =
    concat!("pinstead/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a server may be silent within an answer.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);

/// How long one attempt may take. Some logs need half a minute for an answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(1);

/// How many redirections are followed.
const MOST_REDIRECTIONS: usize = 3;

/// How much of an error's body is kept, in octets.
const ERROR_BODY: usize = 16 << 10;

/// From how many octets on a body's memory is used again.
const LARGE_BODY: usize = 64 << 10;

/// A client for every request of a run. Clones share their connections and their limits.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    /// For this machine itself, which no proxy can stand for.
    direct: Client,
    hosts: Arc<Hosts>,
    /// Which addresses are not refused.
    reach: Reach,
    /// Whether bodies are unpacked here and not on the way.
    unpacks: bool,
    /// For large bodies of those who read on and on.
    buffers: Buffers,
    /// The thread on which all of it is done, where it is not that of whoever asks.
    apart: Option<Apart>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[error("HTTPS could not be set up")]
pub struct HttpSetupError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// What to ask for.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    url: String,
    max_octets: usize,
    etag: Option<String>,
    last_modified: Option<String>,
    token: Option<Secret>,
    packed: bool,
    keeps_part: bool,
}

impl HttpRequest {
    /// Asks for `url`, and reads at most `max_octets` of its body.
    pub fn new(url: impl Into<String>, max_octets: usize) -> Self {
        Self {
            url: url.into(),
            max_octets,
            etag: None,
            last_modified: None,
            token: None,
            packed: true,
            keeps_part: false,
        }
    }

    /// Keeps what came of an answer that breaks off ([`HttpFailure::Cut`]): of a list, the first rows are of use.
    #[must_use]
    pub fn keeping_part(mut self) -> Self {
        self.keeps_part = true;
        self
    }

    /// Sends a token along (RFC 6750). It goes to this host alone, never in the clear over a network, and whatever is
    /// recorded of the answer is without it.
    #[must_use]
    pub fn bearer(mut self, token: Option<Secret>) -> Self {
        self.token = token;
        self
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
        Self::build(None, Limits::Fixed, Reach::Anywhere)
    }

    /// One that reads the same hosts on and on: other people's at a pace that starts moderately, grows as long as they
    /// answer, and falls when they refuse; this machine's own at full speed. It has a thread of its own.
    pub fn for_reading(dns: Option<&DnsClient>) -> Result<Self, HttpSetupError> {
        Self::build(dns, Limits::Paced, Reach::Anywhere)
    }

    /// One that looks hosts up with this resolver instead of the system's.
    pub fn with_resolver(dns: &DnsClient) -> Result<Self, HttpSetupError> {
        Self::build(Some(dns), Limits::Fixed, Reach::Anywhere)
    }

    /// One for URLs that strangers wrote: it asks no other addresses than these, whatever a name leads to. Unless it may
    /// ask anywhere, it goes through no proxy, which would look names up by itself.
    pub fn within(dns: &DnsClient, reach: Reach) -> Result<Self, HttpSetupError> {
        Self::build(Some(dns), Limits::Fixed, reach)
    }

    fn build(dns: Option<&DnsClient>, limits: Limits, reach: Reach) -> Result<Self, HttpSetupError> {
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
                Some(dns) => builder.dns_resolver(ByResolver { dns: dns.clone(), reach }),
                None => builder,
            }
        };
        let direct = builder().no_proxy().build().map_err(|error| HttpSetupError(error.into()))?;
        let client = match reach {
            Reach::Public | Reach::Private => direct.clone(),
            Reach::Anywhere => builder().build().map_err(|error| HttpSetupError(error.into()))?,
        };
        let apart =
            if unpacks { Some(Apart::start().map_err(|error| HttpSetupError(error.into()))?) } else { None };
        Ok(Self {
            client,
            direct,
            hosts: Arc::new(Hosts::new(limits)),
            unpacks,
            buffers: Buffers::default(),
            apart,
            reach,
        })
    }

    /// Where the memory of large bodies may be given back.
    pub fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// Which of the hosts that were asked so far could be reached.
    pub fn contact(&self) -> Contact {
        self.hosts.contact()
    }

    /// Asks with GET until there is an answer or no more patience.
    pub async fn get(&self, request: HttpRequest) -> HttpExchange {
        let Some(apart) = &self.apart else { return self.get_here(request).await };
        let (client, url) = (Self { apart: None, ..self.clone() }, request.url.clone());
        apart.run(async move { client.get_here(request).await }).await.unwrap_or_else(|| {
            let outcome = HttpOutcome::Failed(HttpFailure::Broken("asking ended early".to_owned()));
            HttpExchange { url, attempts: vec![HttpAttempt { milliseconds: 0, outcome }] }
        })
    }

    async fn get_here(&self, request: HttpRequest) -> HttpExchange {
        let mut attempts = Vec::new();
        let allowed = |url: Url| match literal(&url, self.reach) {
            Err(why) => Err(why.to_string()),
            Ok(()) => Ok(url),
        };
        let fit = |url| fit_for_secrets(url, &request);
        let url = match usable(&request.url).and_then(fit).and_then(allowed) {
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
            let outcome = match &request.token {
                Some(token) => token.blotted_out(outcome),
                None => outcome,
            };
            drop(turn);
            host.hear(&outcome);
            let next = retry::next(&outcome, attempts.len(), clock::now());
            let besides = host.learn(retry::is_refusal(&outcome));
            if let Some(rest) = next.rest.max(besides) {
                host.rest(rest, &outcome);
            }
            let mut exchange = HttpExchange { url: request.url.clone(), attempts };
            exchange.attempts.push(HttpAttempt { milliseconds: watch.milliseconds(), outcome });
            exchange.keep_longest_part();
            if !next.again {
                return exchange;
            }
            attempts = exchange.attempts;
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
        if let Some(token) = &request.token {
            builder = builder.header(header::AUTHORIZATION, token.bearer().map_err(HttpFailure::Url)?);
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
        // What does not pack at all gets a little longer when it is packed.
        let most = if self.unpacks { limit.saturating_add(limit / 1024 + 1024) } else { limit };
        let likely = length.unwrap_or_default().min(most);
        let is_large = self.unpacks && likely >= LARGE_BODY;
        let mut body = if is_large { self.buffers.take(likely) } else { Vec::with_capacity(likely) };
        loop {
            let chunk = match response.chunk().await.map_err(failure) {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(failure) if request.keeps_part && status.as_u16() == 200 && !body.is_empty() => {
                    return Err(HttpFailure::Cut { why: failure.to_string(), body: Bytes(body) });
                }
                Err(failure) => return Err(failure),
            };
            let room = most.saturating_sub(body.len());
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
            body = self.unpacked(body, &headers, limit, may_cut)?;
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

impl HttpClient {
    /// A body without its content coding. That of an error is for people, and may be missing.
    fn unpacked(
        &self,
        body: Vec<u8>,
        headers: &HeaderMap,
        limit: usize,
        is_error: bool,
    ) -> Result<Vec<u8>, HttpFailure> {
        let coding = headers.get(header::CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes);
        if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
            return if body.len() <= limit || is_error {
                Ok(body)
            } else {
                Err(HttpFailure::TooLarge { limit })
            };
        }
        if !(coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")) {
            let why = "it has a content coding that nobody asked for".to_owned();
            return if is_error { Ok(Vec::new()) } else { Err(HttpFailure::Broken(why)) };
        }
        let mut out = if body.len() >= LARGE_BODY { self.buffers.take_used() } else { Vec::new() };
        let done = gunzip_into(&body, limit, &mut out);
        self.buffers.give(body);
        match done {
            Ok(()) => Ok(out),
            Err(_) if is_error => Ok(Vec::new()),
            Err(GunzipError::TooLarge(limit)) => Err(HttpFailure::TooLarge { limit }),
            Err(error) => Err(HttpFailure::Broken(error.to_string())),
        }
    }
}

/// Mozilla's roots, for systems without any.
fn roots() -> Result<Vec<reqwest::Certificate>, HttpSetupError> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| reqwest::Certificate::from_der(der))
        .collect::<Result<_, _>>()
        .map_err(|error| HttpSetupError(error.into()))
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

/// The host of a URL and its port, as [`Contact`] names it; `None` where it may not be asked for.
pub fn host_and_port(url: &str) -> Option<String> {
    usable(url).ok().map(|url| hosts::name_and_port(&url))
}

/// Refuses to send a token in the clear to another machine.
fn fit_for_secrets(url: Url, request: &HttpRequest) -> Result<Url, String> {
    if request.token.is_some() && url.scheme() != "https" && !is_loopback(&url) {
        return Err("a token is not sent over plain HTTP: give an address that begins with https:".to_owned());
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
        let port = to.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = to.host_str().unwrap_or("without a name");
        let elsewhere = format!("it leads to another host, {host}{port}");
        attempt.error(elsewhere)
    } else {
        attempt.follow()
    }
}

/// Looks up hosts as the rest of the program does.
struct ByResolver {
    dns: DnsClient,
    reach: Reach,
}

impl Resolve for ByResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, reach) = (self.dns.clone(), self.reach);
        Box::pin(async move {
            let name: DnsName = name.as_str().parse()?;
            let addresses = dns.addresses(&name).await?;
            // One of several is enough to refuse: which of them is connected to is not known here.
            if let Some(&other) = addresses.iter().find(|address| !is_within(**address, reach)) {
                return Err(NotPublic(other).into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(1000).collect())
}

fn failure(error: reqwest::Error) -> HttpFailure {
    let error = error.without_url();
    let text = innermost(&error);
    if is_refused(&error) {
        HttpFailure::Url(text)
    } else if error.is_timeout() {
        HttpFailure::Timeout
    } else if error.is_connect() {
        HttpFailure::Connect(text)
    } else if error.is_redirect() {
        HttpFailure::Redirect(text)
    } else {
        HttpFailure::Broken(text)
    }
}

/// Whether the host's address is one that may not be asked.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return true;
        }
        cause = error.source();
    }
    false
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
