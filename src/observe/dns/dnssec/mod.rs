//! DNSSEC: the state of each answer when it came, by this program's own validation or by a resolver that the user
//! trusts, with everything that was asked for it.

mod anchors;
mod chain;
mod finding;
mod message;
mod own;
mod resolver;
mod supporting;

use std::collections::BTreeSet;

pub use self::anchors::{AnchorError, Anchors, MAX_ANCHOR_FILE};
use self::finding::Finding;
use self::own::Own;
use self::resolver::Trusted;
use super::{DnsClient, Manner};
use crate::evidence::dns::{CaaLookup, DnsExchange, DnssecReading, SupportingExchange, Validator};
use crate::observe::clock;

/// Who validates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DnssecMode {
    /// Nobody: the states are unknown.
    #[default]
    Off,
    /// This program, from these trust anchors downwards, where the resolver has DNSSEC to offer.
    Validate(Anchors),
    /// The same, and no answer counts without: the user demands it.
    Demand(Anchors),
    /// The resolver, which the user trusts, and trusts the way to.
    Resolver,
}

/// The validation of one run; `Clone`s share what they know.
#[derive(Clone)]
pub(super) enum Dnssec {
    Off,
    Own(Own),
    Resolver(Trusted),
}

impl std::fmt::Debug for Dnssec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Own(_) => "Own",
            Self::Resolver(_) => "Resolver",
        })
    }
}

impl Dnssec {
    /// Validation over the servers of `client`, which itself validates nothing.
    pub(super) fn new(mode: DnssecMode, client: DnsClient) -> Self {
        match mode {
            DnssecMode::Off => Self::Off,
            DnssecMode::Validate(anchors) => Self::Own(Own::new(client, anchors, false)),
            DnssecMode::Demand(anchors) => Self::Own(Own::new(client, anchors, true)),
            DnssecMode::Resolver => Self::Resolver(Trusted::new(client)),
        }
    }

    /// How questions are to be asked.
    pub(super) fn manner(&self) -> Manner {
        match self {
            Self::Off => Manner::Resolve,
            Self::Own(_) => Manner::ResolveUnchecked,
            Self::Resolver(_) => Manner::ResolveAndValidate,
        }
    }

    /// Asks for what every validation needs, while the question itself is under way.
    pub(super) async fn prepare(&self) {
        if let Self::Own(own) = self {
            own.prepare().await;
        }
    }

    /// Says what DNSSEC says of an exchange that has ended.
    pub(super) async fn read(&self, exchange: &DnsExchange) -> Option<DnssecReading> {
        let (finding, validator) = match self {
            Self::Off => return None,
            Self::Own(own) => (own.state(exchange).await, Validator::Own),
            Self::Resolver(trusted) => (trusted.state(exchange).await, Validator::Resolver),
        };
        Some(reading(finding, validator))
    }

    /// Says what DNSSEC says of an exchange for another type than CAA. An alias whose end was asked for apart is as sure
    /// as the less sure of both.
    pub(super) async fn read_other(&self, exchange: &DnsExchange) -> Option<DnssecReading> {
        let beyond = exchange.beyond.as_ref().map(|beyond| beyond.attempts.as_slice());
        let every = std::iter::once(exchange.attempts.as_slice()).chain(beyond);
        let mut found: Option<(Finding, Validator)> = None;
        for attempts in every {
            let (finding, validator) = match self {
                Self::Off => return None,
                Self::Own(own) => (own.state_of(attempts).await, Validator::Own),
                Self::Resolver(trusted) => (trusted.of_answer(attempts).await, Validator::Resolver),
            };
            found = Some(match found {
                Some((before, _)) => (before.worse(finding), validator),
                None => (finding, validator),
            });
        }
        found.map(|(finding, validator)| reading(finding, validator))
    }

    /// Adds to a look-up what was asked to validate its answers.
    pub(super) async fn support(&self, lookup: &mut CaaLookup) {
        let asked: Vec<&DnsExchange> = lookup.steps.iter().chain(&lookup.above).map(AsRef::as_ref).collect();
        lookup.dnssec = self.supporting(asked).await;
    }

    /// What was asked to validate the answers of these exchanges.
    pub(super) async fn supporting<'e>(
        &self,
        asked: impl IntoIterator<Item = &'e DnsExchange>,
    ) -> Vec<SupportingExchange> {
        let asked: Vec<&DnsExchange> = asked.into_iter().collect();
        let exchanges = || asked.iter().copied();
        let (supporting, proofs) = match self {
            Self::Off => return Vec::new(),
            Self::Own(own) => {
                let answers = exchanges().flat_map(message::of_exchange);
                own.complete(answers.flat_map(message::vouched_by).collect::<BTreeSet<_>>()).await;
                (own.supporting(), Vec::new())
            }
            Self::Resolver(trusted) => (trusted.supporting(), trusted.proofs(exchanges()).await),
        };
        let answers = exchanges().flat_map(message::of_exchange);
        let mut names: BTreeSet<_> = answers.flat_map(message::names).collect();
        names.extend(exchanges().map(|exchange| exchange.name.to_wire()));
        let about = supporting.about(names).await;
        proofs.into_iter().chain(about).collect()
    }
}

fn reading(finding: Finding, validator: Validator) -> DnssecReading {
    let Finding { state, detail, unfinished, own_zone } = finding;
    let detail = detail.filter(|detail| !detail.is_empty());
    DnssecReading { state, validator, detail, unfinished, own_zone, at: clock::now() }
}
