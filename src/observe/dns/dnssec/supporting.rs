//! The questions that only validation needs: each is asked once, by whoever needs it first, and kept for the
//! evidence.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::base::Message;
use domain::base::iana::Rtype;
use domain::base::name::ToName as _;
use domain::net::client::request::{ComposeRequest as _, Error, GetResponse, RequestMessage, SendRequest};
use moka::Expiry;
use moka::future::Cache;
use moka::policy::EvictionPolicy;

use super::message;
use crate::dns_name::WireName;
use crate::evidence::dns::{DnsAttempt, SupportingExchange};
use crate::observe::dns::weight::weight;
use crate::observe::dns::{DnsClient, Manner, Question};

/// The most exchanges that are kept; the least recently used one gives way. Root and top-level domains are used
/// by every look-up and stay.
const MOST_EXCHANGES: u32 = 8192;

/// The most octets that are kept of them.
const MOST_OCTETS: u32 = 64 << 20;

/// How long an answer is kept.
const ANSWER_KEPT: Duration = Duration::from_mins(15);

/// How long a failure is kept (RFC 9520 section 3.2: at least 1 second, at most 5 minutes).
const FAILURE_KEPT: Duration = Duration::from_secs(30);

/// A name and a type, and whom they were put to: one resolver, or whichever answers.
type Key = (WireName, Rtype, Option<String>);

/// The supporting exchanges of one run.
#[derive(Clone)]
pub(super) struct Supporting {
    client: DnsClient,
    manner: Manner,
    kept: Cache<Key, Arc<Vec<DnsAttempt>>>,
}

impl Supporting {
    /// Questions to the servers of `client`, which itself validates nothing.
    pub(super) fn new(client: DnsClient, manner: Manner) -> Self {
        let kept = Cache::builder()
            .max_capacity(u64::from(MOST_OCTETS))
            .weigher(|_: &Key, made: &Arc<Vec<DnsAttempt>>| weight(made, MOST_EXCHANGES, MOST_OCTETS))
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(ByOutcome)
            .build();
        Self { client, manner, kept }
    }

    /// Asks, unless that was asked before; whoever comes while the question is under way waits for its answer.
    pub(super) async fn ask(&self, name: &WireName, rtype: Rtype) -> Arc<Vec<DnsAttempt>> {
        let question = Question { name: name.clone(), rtype, manner: self.manner };
        let ask = async { Arc::new(self.client.ask(&question).await) };
        self.kept.get_with((name.clone(), rtype, None), ask).await
    }

    /// As [`Self::ask`], but this one resolver.
    pub(super) async fn ask_one(
        &self,
        resolver: &str,
        name: &WireName,
        rtype: Rtype,
    ) -> Arc<Vec<DnsAttempt>> {
        let question = Question { name: name.clone(), rtype, manner: self.manner };
        let ask = async { Arc::new(self.client.ask_resolver(resolver, &question).await) };
        self.kept.get_with((name.clone(), rtype, Some(resolver.to_owned())), ask).await
    }

    /// What this one resolver was asked.
    pub(super) async fn kept_of(
        &self,
        resolver: &str,
        name: &WireName,
        rtype: Rtype,
    ) -> Option<SupportingExchange> {
        let attempts = self.kept.get(&(name.clone(), rtype, Some(resolver.to_owned()))).await?;
        Some(exchange(name, rtype, &attempts))
    }

    /// What was asked for these names and everything above them, from the root downwards.
    pub(super) async fn about(&self, names: impl IntoIterator<Item = WireName>) -> Vec<SupportingExchange> {
        let mut found = Vec::new();
        for name in zones_of(names) {
            for rtype in [Rtype::DS, Rtype::DNSKEY, Rtype::SOA, Rtype::CNAME] {
                if let Some(attempts) = self.kept.get(&(name.clone(), rtype, None)).await {
                    found.push(exchange(&name, rtype, &attempts));
                }
            }
        }
        found
    }
}

fn exchange(name: &WireName, rtype: Rtype, attempts: &[DnsAttempt]) -> SupportingExchange {
    let name = name.to_string().to_ascii_lowercase();
    SupportingExchange { name, rtype: rtype.to_string(), attempts: attempts.to_vec() }
}

/// These names and every name above them, the root included, the shortest first.
pub(super) fn zones_of(names: impl IntoIterator<Item = WireName>) -> Vec<WireName> {
    let mut zones: Vec<WireName> = Vec::new();
    for name in names {
        zones.extend(name.iter_suffixes().map(|suffix| suffix.to_vec()));
    }
    zones.sort_by(|a, b| a.label_count().cmp(&b.label_count()).then_with(|| a.cmp(b)));
    zones.dedup();
    zones
}

/// Failures are asked about again sooner.
struct ByOutcome;

impl Expiry<Key, Arc<Vec<DnsAttempt>>> for ByOutcome {
    fn expire_after_create(&self, _: &Key, made: &Arc<Vec<DnsAttempt>>, _: Instant) -> Option<Duration> {
        Some(if message::usable(made).is_ok() { ANSWER_KEPT } else { FAILURE_KEPT })
    }
}

/// The validator's way to ask.
impl SendRequest<RequestMessage<Vec<u8>>> for Supporting {
    fn send_request(&self, request: RequestMessage<Vec<u8>>) -> Box<dyn GetResponse + Send + Sync> {
        Box::new(Pending { supporting: self.clone(), request })
    }
}

/// A question of the validator's under way.
struct Pending {
    supporting: Supporting,
    request: RequestMessage<Vec<u8>>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("request", &self.request).finish_non_exhaustive()
    }
}

impl GetResponse for Pending {
    fn get_response(
        &mut self,
    ) -> Pin<Box<dyn Future<Output = Result<Message<Bytes>, Error>> + Send + Sync + '_>> {
        let asked = self.request.to_message().ok().and_then(|message| {
            let question = message.sole_question().ok()?;
            Some((question.qname().to_vec(), question.qtype()))
        });
        let supporting = self.supporting.clone();
        // The trait wants a future that threads can share, which the exchange's own is not: a task's handle is.
        let task = tokio::spawn(async move {
            let (name, rtype) = asked?;
            let attempts = supporting.ask(&name, rtype).await;
            let usable = message::usable(&attempts).ok()?;
            Message::from_octets(Bytes::copy_from_slice(usable.as_slice())).ok()
        });
        Box::pin(async move {
            // Why there is no answer stands in the exchange that was kept; the validator does not tell it on.
            task.await.ok().flatten().ok_or(Error::NoTransportAvailable)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn zones_are_told_from_the_root_downwards() {
        let names = ["a.b.example", "x.example"].map(|name| WireName::from_str(name).unwrap());
        let zones: Vec<String> = zones_of(names).iter().map(ToString::to_string).collect();
        assert_eq!(zones, [".", "example", "b.example", "x.example", "a.b.example"]);
    }
}
