//! What was issued for the targets' hosts, asked beside the targets themselves.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use anyhow::bail;

use super::CheckOptions;
use super::judging::Judging;
use super::listing::Listing;
use crate::cli::issuance::progress::Progress;
use crate::cli::issuance::sources::{Asker, StatePolicy};
use crate::dns_name::DnsName;
use crate::evidence::issuance::IssuanceEvidence;
use crate::judge::{Inputs, IssuanceJudge};
use crate::scope;
use crate::target::{ServerTarget, Target};
use crate::x509::path::HostIdentity;

/// Asks the sources about each host once, and one after the other.
pub(super) struct IssuanceAsker {
    asker: Asker,
    /// What was told of the hosts that several targets are of, and no others: what was told of all is too much to hold.
    known: Mutex<HashMap<DnsName, Option<IssuanceEvidence>>>,
}

impl IssuanceAsker {
    /// What asks, if anything is to be asked.
    pub(super) fn of(
        options: &CheckOptions,
        inputs: &Inputs,
        policy: Option<&str>,
        listing: &Listing,
    ) -> anyhow::Result<Option<Self>> {
        let is_included = inputs.scope.includes(scope::Part::Issuance);
        if !options.issued.is_given() {
            if inputs.scope.named().contains(&scope::Part::Issuance) {
                options.issued.need_one()?;
            }
            return Ok(None);
        }
        if !is_included {
            bail!("sources of what was issued belong to the part issuance, which --only leaves out");
        }
        options.issued.need_one()?;
        let policy = StatePolicy { policy: &inputs.policy, path: policy };
        // Targets are told as they are done; nothing is to stand between them.
        let progress = Progress::notes_alone(listing.len());
        let asker = options.issued.asker(policy, options.network.offline, &options.network.dns, progress)?;
        Ok(Some(Self { asker, known: Mutex::new(of_several(listing)) }))
    }

    /// What was issued for a target's host; `None` for what has no name.
    pub(super) fn look_at(&self, target: &Target, judging: Judging<'_>) -> Option<IssuanceEvidence> {
        let Target::Server(ServerTarget { host: HostIdentity::Name(name), .. }) = target else { return None };
        // Whoever waits here waits for a service that is not to be pressed.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(seen)) = known.get(name) {
            return Some(seen.clone());
        }
        let judge = IssuanceJudge::new(judging.request, judging.inputs, judging.at);
        let seen = self.asker.look_at(name, &judge);
        if let Some(place) = known.get_mut(name) {
            *place = Some(seen.clone());
        }
        Some(seen)
    }
}

/// The hosts that several targets are of, each at a port of its own; nothing was told of them yet.
fn of_several(listing: &Listing) -> HashMap<DnsName, Option<IssuanceEvidence>> {
    let hasher = RandomState::new();
    let (mut once, mut several) = (HashSet::new(), HashMap::new());
    for target in listing.targets() {
        let Target::Server(ServerTarget { host: HostIdentity::Name(name), .. }) = target else { continue };
        if !once.insert(hasher.hash_one(&name)) {
            several.insert(name, None);
        }
    }
    several
}
