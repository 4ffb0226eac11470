//! Pins of the owner's own keys: what renewals say of those.
//!
//! Whether the next certificate has a pinned key is the owner's choice: renewals are no draws from a lot, as those of a CA
//! that chooses among its intermediates are. So each is asked what it did: whether it kept its key, or took another; and
//! where the pins were in force by then, whether that one was pinned. A renewal of before binds these pins to nothing:
//! that it took another key tells no more than that keys change, and not whether the pins of that time had the new one.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::history::GivenPins;
use super::hypothetical::{MOST_RECENT, Tenure};
use super::lines::Laid;
use super::matching::{Matcher, Status};
use super::outcome::{Bounds, Chance, ChanceBasis, Share};
use crate::ca::CaTable;
use crate::pins::{PinValue, PositionRule};
use crate::x509::SpkiSha256;

/// What the recent renewals did, where the certificate in service matches by a key of the owner's own, and no certificate
/// that is known by a CA's; `None` for other pins.
pub(super) fn chance(
    given: &GivenPins,
    matcher: &mut Matcher<'_>,
    (laid, tenures): (&Laid<'_>, &[Tenure<'_, '_>]),
    at: Timestamp,
) -> Option<Chance> {
    let keys = own_keys(given)?;
    if is_any_of_a_ca(&keys, laid) {
        return None;
    }
    let now = at.as_second();
    let counts = laid.counting(at);
    let followed: Vec<&Tenure<'_, '_>> = tenures.iter().filter(|tenure| counts(tenure.place)).collect();
    let statuses: Vec<Status> = followed.iter().map(|tenure| matcher.at(tenure.placed.it, now)).collect();
    if statuses.last() != Some(&Status::All) {
        return None;
    }
    let is_spare = |key: &SpkiSha256| !laid.certificates.iter().any(|placed| placed.it.key == *key);
    let has_spare = keys.iter().any(is_spare);
    let first = statuses.iter().position(|status| *status == Status::All);
    let (mut share, mut unknown) = (Share::default(), 0_usize);
    let renewals = followed.iter().zip(followed.iter().skip(1)).zip(statuses.iter().skip(1)).enumerate();
    let recent = followed.len().saturating_sub(MOST_RECENT.saturating_add(1));
    for (place, ((before, after), status)) in renewals.skip(recent) {
        let after_first = first.is_some_and(|first| place >= first);
        let force = match given.released {
            Some(released) if after.from >= released.as_second() => Force::Sure,
            None if after_first => Force::Perhaps,
            _ => Force::No,
        };
        let kept_key = before.placed.it.key == after.placed.it.key;
        match judged(*status, kept_key, force, has_spare) {
            Some(was_met) => {
                share.of = share.of.saturating_add(1);
                share.count = share.count.saturating_add(usize::from(was_met));
            }
            None => unknown = unknown.saturating_add(1),
        }
    }
    // Nobody draws it, so that no interval of a draw holds.
    let interval = Bounds { at_worst: 0.0, at_best: 1.0 };
    (share.of > 0 || unknown > 0).then_some(Chance { share, unknown, basis: ChanceBasis::OwnKeys, interval })
}

/// Whether pins were in force when a certificate was issued.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Force {
    /// They were released.
    Sure,
    /// When they were released is not stated, and they matched the certificate before.
    Perhaps,
    /// They were not released, or matched nothing yet.
    No,
}

/// Whether a renewal was one that such pins survive; `None` where it does not tell.
fn judged(status: Status, kept_key: bool, force: Force, has_spare: bool) -> Option<bool> {
    match (force, status, kept_key) {
        (Force::No, _, true) | (Force::Sure, Status::All, _) | (Force::Perhaps, Status::All, true) => {
            Some(true)
        }
        // The pin may have been added when the key was in service already.
        (_, Status::Unknown, _) | (Force::Perhaps, Status::All, false) => None,
        (Force::Sure | Force::Perhaps, Status::None | Status::Some, _) => Some(false),
        // Pins without a key to go to break; with one, it may have been that.
        (Force::No, _, false) => (!has_spare).then_some(false),
    }
}

/// The keys, where pins are nothing but keys of which any may be a certificate's own.
fn own_keys(given: &GivenPins) -> Option<BTreeSet<SpkiSha256>> {
    if !given.forbidden.is_empty() || given.unread > 0 {
        return None;
    }
    let keys = given.pins.iter().map(|pin| match &pin.value {
        Ok(PinValue::Spki(key)) if pin.position != PositionRule::Ca && pin.ends.is_none() => Some(*key),
        _ => None,
    });
    keys.collect()
}

/// Whether any of the keys is known to be a CA's.
fn is_any_of_a_ca(keys: &BTreeSet<SpkiSha256>, laid: &Laid<'_>) -> bool {
    if keys.iter().any(|key| CaTable.key(key).is_some()) {
        return true;
    }
    let mut seen = HashSet::new();
    laid.certificates.iter().any(|placed| {
        placed.it.issuer_key.is_some_and(|key| keys.contains(&key))
            || (seen.insert(Arc::as_ptr(&placed.it.paths))
                && placed
                    .it
                    .paths
                    .iter()
                    .flat_map(|path| &path.certificates)
                    .any(|certificate| keys.contains(&certificate.spki_sha256)))
    })
}
