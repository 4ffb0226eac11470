//! Whether somebody follows each log for the name now: a service that says so, or runs that look again and again. Of one
//! log nothing follows for another.

use jiff::{SignedDuration, Timestamp};

use super::now::{LONGEST_UNSEEN, Logs, name, named};
use crate::evidence::issuance::{FollowedLog, WatchStateReading};

/// How long looks lie apart at least that are more than one: what is run once an hour may be some minutes early.
const TWO_LOOKS: SignedDuration = SignedDuration::from_mins(50);

/// Who follows a log now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    /// A service, or runs that come again and again.
    Goes,
    /// Just one run looked, then.
    Once(Timestamp),
    /// Nobody, as far as the state tells.
    Nobody,
    /// The state was kept by a version that did not say so.
    NotKept,
}

fn following(log: &FollowedLog, at: Timestamp) -> Following {
    let Some(following) = &log.following else { return Following::NotKept };
    if following.by_service {
        return Following::Goes;
    }
    match &following.runs {
        Some(runs) if at.duration_since(runs.last) > LONGEST_UNSEEN => Following::Nobody,
        Some(runs) if runs.last.duration_since(runs.first) < TWO_LOOKS => Following::Once(runs.last),
        Some(_) => Following::Goes,
        None => Following::Nobody,
    }
}

/// Why it is not known that every log is followed for the name now.
pub(super) fn lack(state: &WatchStateReading, logs: &Logs<'_>) -> Option<String> {
    let all: Vec<(&FollowedLog, Following)> =
        logs.counting(state).map(|log| (log, following(log, logs.at))).collect();
    let left: Vec<Following> =
        all.iter().map(|(_, following)| *following).filter(|one| *one != Following::Goes).collect();
    if left.is_empty() {
        return None;
    }
    if left.len() < all.len() {
        let names = all.iter().filter(|(_, following)| *following != Following::Goes);
        let mut names: Vec<String> = names.map(|(log, _)| name(log)).collect();
        names.sort_unstable();
        let (left, all) = (left.len(), all.len());
        return Some(format!(
            "no watch that runs now, or is run again and again, follows {left} of the {all} logs: {}",
            named(&names)
        ));
    }
    let last = left.iter().map(|following| match following {
        Following::Once(last) => Some(*last),
        _ => None,
    });
    if let Some(last) = last.collect::<Option<Vec<Timestamp>>>().and_then(|all| all.into_iter().max()) {
        let day = last.strftime("%Y-%m-%d %H:%M");
        return Some(format!(
            "it looked once, on {day} UTC, and no watch runs: whether one goes on is not known"
        ));
    }
    if left.iter().all(|following| *following == Following::NotKept) {
        return Some(
            "who follows which log is not known: an older version of pinstead kept the state, or saved the evidence"
                .to_owned(),
        );
    }
    Some(
        "no watch that says so in the state runs now, and none was run again and again within two days: whether one goes \
         on is not known"
            .to_owned(),
    )
}
