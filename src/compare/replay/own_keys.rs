//! Pins of the owner's own keys: what renewals say of those.
//!
//! Pins are taken for such where the certificate in service matches by its own key; others beside it, such as a CA's of last
//! resort, only let in more. Where each of two lists has to match, the one of CAs is judged by what the CA did.
//!
//! Whether the next certificate has a pinned key is the owner's choice: renewals are no draws from a lot, as those of a CA
//! that chooses among its intermediates are. So each is asked what it did: whether it kept its key, or took another; and
//! where the pins were in force by then, whether that one was pinned. A renewal of before binds these pins to nothing:
//! that it took another key tells no more than that keys change, and not whether the pins of that time had the new one.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::history::{GivenPins, History};
use super::hypothetical::{MOST_RECENT, Tenure};
use super::lines::Laid;
use super::matching::{Matcher, Status};
use super::outcome::{Bounds, Chance, ChanceBasis, Share};
use crate::ca::CaTable;
use crate::pins::{PinValue, PositionRule};
use crate::x509::SpkiSha256;

/// What the recent renewals did, where the certificate in service matches by a key of the owner's own; `None` for other pins.
pub(super) fn chance(
    given: &GivenPins,
    matcher: &mut Matcher<'_>,
    (laid, tenures): (&Laid<'_>, &[Tenure<'_, '_>]),
    history: &History,
) -> Option<Chance> {
    let now = history.at.as_second();
    let keys = keys(given)?;
    let of_cas = of_cas(&keys, laid, history);
    let counts = laid.counting(history.at);
    let followed: Vec<&Tenure<'_, '_>> = tenures.iter().filter(|tenure| counts(tenure.place)).collect();
    let statuses: Vec<Status> = followed.iter().map(|tenure| matcher.at(tenure.placed.it, now)).collect();
    let served = followed.last()?.placed.it.key;
    if statuses.last() != Some(&Status::All) || !keys.contains(&served) || of_cas.contains(&served) {
        return None;
    }
    let is_spare = |key: &SpkiSha256| {
        !of_cas.contains(key) && !laid.certificates.iter().any(|placed| placed.it.key == *key)
    };
    let has_spare = keys.iter().any(is_spare);
    let first = statuses.iter().position(|status| *status == Status::All);
    let (mut share, mut unknown) = (Share::default(), 0_usize);
    let renewals = followed.iter().zip(followed.iter().skip(1)).zip(statuses.iter().skip(1)).enumerate();
    let recent = followed.len().saturating_sub(MOST_RECENT.saturating_add(1));
    for (place, ((before, after), status)) in renewals.skip(recent) {
        let after_first = first.is_some_and(|first| place >= first);
        let force = match (given.released, given.surely_released()) {
            (Some(_), Some(surely)) if after.from >= surely => Force::Sure,
            (Some(released), _) if after.from >= released.as_second() => Force::Perhaps,
            (None, _) if after_first => Force::Perhaps,
            _ => Force::No,
        };
        let it = after.placed.it;
        let kept_key = before.placed.it.key == it.key;
        let was_met = match (matcher.without_leaf(it, now), matcher.with_leaf(it, now)) {
            // Whatever its key is.
            (Status::All, _) => Some(true),
            (_, Status::All) => judged(*status, kept_key, force, has_spare),
            (_, Status::Unknown) => None,
            (_, Status::None | Status::Some) => Some(false),
        };
        match was_met {
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

/// The keys that a certificate's own may be, where pins are nothing but keys.
fn keys(given: &GivenPins) -> Option<BTreeSet<SpkiSha256>> {
    if !given.forbidden.is_empty() || given.unread > 0 {
        return None;
    }
    let keys = given.pins.iter().map(|pin| match &pin.value {
        Ok(PinValue::Spki(key)) if pin.ends.is_none() => {
            Some((pin.position != PositionRule::Ca).then_some(*key))
        }
        _ => None,
    });
    let keys: Option<BTreeSet<Option<SpkiSha256>>> = keys.collect();
    Some(keys?.into_iter().flatten().collect())
}

/// Which of the keys are known to be a CA's: by the table, by what was given, or by the certificates and the ways above them.
fn of_cas(keys: &BTreeSet<SpkiSha256>, laid: &Laid<'_>, history: &History) -> BTreeSet<SpkiSha256> {
    let mut found: BTreeSet<SpkiSha256> = keys
        .iter()
        .filter(|key| CaTable.key(key).is_some() || history.known_cas.contains(*key))
        .copied()
        .collect();
    let mut seen = HashSet::new();
    for placed in &laid.certificates {
        found.extend(placed.it.issuer_key.filter(|key| keys.contains(key)));
        if seen.insert(Arc::as_ptr(&placed.it.paths)) {
            let above = placed.it.paths.iter().flat_map(|path| &path.certificates);
            found.extend(above.map(|certificate| certificate.spki_sha256).filter(|key| keys.contains(key)));
        }
    }
    found
}
