//! Whether pins lock users out at the end of the replay.

use jiff::{SignedDuration, Timestamp};

use super::given::{ends, is_closed};
use super::history::GivenPins;
use super::hypothetical::{Followed, Tenure};
use super::lines::{Laid, Placed};
use super::matching::{Matcher, PinSet, Status};
use super::outcome::LocksOutNow;
use crate::pins::{AfterExpiry, EnforcementMode};

/// Whether pins as given do: by what the server shows where that is known, else by all that it can show. The second: the
/// same if what is left out as of a CA that is not expected can be shown as well.
pub(super) fn of_given(given: &GivenPins, laid: &Laid<'_>, at: Timestamp) -> (LocksOutNow, LocksOutNow) {
    let shown = laid.servable(at);
    let all: Vec<&Placed<'_>> = shown.can_be.iter().chain(&shown.left_out).copied().collect();
    let if_own = by(given, &all, at);
    match by(given, &shown.can_be, at) {
        // Where what is left out matches, it is not sure of everybody.
        LocksOutNow::Surely if if_own != LocksOutNow::Surely => (LocksOutNow::Perhaps, if_own),
        now => (now, if_own),
    }
}

/// Whether they do where these can be shown.
fn by(given: &GivenPins, shown: &[&Placed<'_>], at: Timestamp) -> LocksOutNow {
    let now = at.as_second();
    let binds_nobody = matches!(given.enforcement, EnforcementMode::Report | EnforcementMode::No)
        || (given.pins.is_empty() && given.forbidden.is_empty() && given.unread == 0)
        || given.released.is_some_and(|released| released > at);
    if binds_nobody {
        return LocksOutNow::No;
    }
    // Where it is not known whether a mismatch refuses the connection, nothing is sure.
    let is_sure = given.enforcement == EnforcementMode::Yes;
    let hurts = |surely: bool| if surely && is_sure { LocksOutNow::Surely } else { LocksOutNow::Perhaps };
    let mut is_over_on_some = false;
    if let Some(expiry) = &given.expiry {
        let (first, last) = ends(expiry);
        match expiry.afterwards {
            AfterExpiry::FailOpen if last <= now => return LocksOutNow::No,
            AfterExpiry::FailOpen => is_over_on_some = first <= now,
            AfterExpiry::FailClosed if is_closed(given, now) => return hurts(last <= now),
            AfterExpiry::FailClosed => {}
        }
    }
    let mut matcher = Matcher::new(PinSet::Given(given));
    let statuses: Vec<Status> = shown.iter().map(|placed| matcher.at(placed.it, now)).collect();
    let any = |wanted: Status| statuses.contains(&wanted);
    if statuses.is_empty() {
        LocksOutNow::Unknown
    } else if any(Status::None) || any(Status::Some) {
        hurts(statuses.iter().all(|status| *status == Status::None) && !is_over_on_some)
    } else if any(Status::Unknown) {
        LocksOutNow::Unknown
    } else {
        LocksOutNow::No
    }
}

/// Whether pins that follow the certificates do: where some broke, that takes a release lead to tell.
pub(super) fn of_followed(
    fate: &Followed,
    tenures: &[Tenure<'_, '_>],
    (at, lead): (Timestamp, Option<SignedDuration>),
) -> LocksOutNow {
    let is_in_service =
        |last: &Tenure<'_, '_>| last.placed.it.not_before <= at && at <= last.placed.it.not_after;
    if !tenures.last().is_some_and(is_in_service) {
        return LocksOutNow::Unknown;
    }
    if lead.is_some() && fate.lockouts.iter().any(|lockout| lockout.is_open) {
        return LocksOutNow::Surely;
    }
    let lasts = |ends: Option<Timestamp>| ends.is_none_or(|ends| ends > at);
    if lead.is_some() && fate.lockouts.iter().any(|lockout| lasts(lockout.ends_at_worst)) {
        return LocksOutNow::Perhaps;
    }
    if fate.undetermined > 0 || (lead.is_none() && !fate.lockouts.is_empty()) {
        LocksOutNow::Unknown
    } else {
        LocksOutNow::No
    }
}
