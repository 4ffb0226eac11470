//! Which questions the chain from the trust anchor down to some names rests on.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use domain::base::Message;
use domain::base::iana::Rtype;
use domain::base::name::ToName;
use domain::rdata::{Ds, Nsec, Nsec3};

use super::message;
use super::supporting::{Supporting, zones_of};
use crate::dns_name::WireName;

/// The algorithms that `domain` 0.12.3 verifies: RSA/SHA-1 (5, 7), RSA/SHA-2 (8, 10) and ECDSA P-256 (13).
pub(super) const VERIFIED_HERE: [u8; 5] = [5, 7, 8, 10, 13];

/// Sees to it that everything is kept that the state of these names rests on: what had to give way to other answers is
/// asked again, from the anchor downwards to where the chain ends.
pub(super) async fn complete(
    supporting: &Supporting,
    anchor: &impl ToName,
    names: impl IntoIterator<Item = WireName>,
) {
    let mut ended: BTreeSet<WireName> = BTreeSet::new();
    for zone in zones_of(names) {
        if zone.name_eq(anchor) || !zone.ends_with(anchor) {
            continue;
        }
        let is_beyond = zone.iter_suffixes().skip(1).any(|above| ended.contains(&above.to_vec()));
        if is_beyond || !goes_on(supporting, &zone).await {
            ended.insert(zone);
        }
    }
}

/// Whether the chain goes on at or below this name.
async fn goes_on(supporting: &Supporting, name: &WireName) -> bool {
    let attempts = supporting.ask(name, Rtype::DS).await;
    let Ok(message) = message::usable(&attempts) else { return false };
    let algorithms = algorithms(message);
    if algorithms.is_empty() {
        return !ends_at(message, name);
    }
    let is_verifiable = algorithms.iter().any(|algorithm| VERIFIED_HERE.contains(algorithm));
    if is_verifiable {
        supporting.ask(name, Rtype::DNSKEY).await;
    }
    is_verifiable
}

/// The algorithms of the keys that the parent of a zone vouches for.
fn algorithms(message: &Message<[u8]>) -> Vec<u8> {
    let Ok(section) = message.answer() else { return Vec::new() };
    section.limit_to::<Ds<&[u8]>>().flatten().map(|ds| ds.data().algorithm().to_int()).collect()
}

/// Whether a “no DS” is that of a delegation to an unsigned zone, and not that of a name within the zone.
fn ends_at(message: &Message<[u8]>, name: &WireName) -> bool {
    let Ok(section) = message.authority() else { return true };
    let by_name = section
        .limit_to::<Nsec<&[u8], domain::base::ParsedName<&[u8]>>>()
        .flatten()
        .any(|nsec| nsec.owner().name_eq(name) && nsec.data().types().contains(Rtype::NS));
    // Which hash is whose is not looked at: one question too few is asked again, and none too many.
    let by_hash = section
        .limit_to::<Nsec3<&[u8]>>()
        .flatten()
        .any(|nsec3| nsec3.data().opt_out() || nsec3.data().types().contains(Rtype::NS));
    by_name || by_hash
}
