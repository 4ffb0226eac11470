//! What is said of certificates that were issued, are not served, and are missed by pins: the next one, and those of which
//! nothing tells whether they will be served.
//! And of lines that go on beside, which pins have missed all along.

use super::criteria::Weighed;
use super::known::{Known, named};
use crate::compare::replay::{ChanceBasis, ReplayedPinSet};

/// That the next certificate has been issued, and locks users out where it goes into service.
pub(super) fn issued(known: &Known<'_>, set: &ReplayedPinSet) -> Option<Weighed> {
    let chance = set.next_match.as_ref().filter(|chance| chance.basis == ChanceBasis::Issued)?;
    let which = set.waiting.as_ref().zip(known.replay()).map(|(waiting, replay)| waiting.named(replay));
    Some(Weighed::Wrong {
        text: "The next certificate has been issued, and locks users out as soon as it is served.".to_owned(),
        evidence: format!("{}: {} ({})", set.title, chance.told(), which.unwrap_or_default()),
        change: "Do not put it in service: renew with a key or a CA that is pinned (such as --reuse-key of ACME clients), or release \
                 pins that match it first. If you did not order it, somebody else has a certificate for this host: have it revoked."
            .to_owned(),
    })
}

/// What nothing tells of certificates that may be served or not.
pub(super) fn asked(known: &Known<'_>, set: &ReplayedPinSet) -> Option<String> {
    let waiting = set.waiting.as_ref().filter(|waiting| !waiting.is_next)?;
    let replay = known.replay()?;
    let ends = waiting.certificates.iter().filter_map(|place| replay.certificates.get(*place));
    let ends = ends.map(|it| it.not_after).max()?.strftime("%Y-%m-%d");
    let (is, it) = if waiting.certificates.len() == 1 { ("is", "it") } else { ("are", "they") };
    Some(format!(
        "Will what {} do not match be served? {} {is} in force until {ends}, and {it} {is} not what the server shows: whether another \
         server does, or will, no log tells. What is to be served has to be pinned before (its key, or its CA); what never is decides \
         nothing once it has ended.",
        set.title,
        waiting.named(replay)
    ))
}

/// What is in its life of lines beside the one in service, and has been missed all along: pins that are wide match it too.
pub(super) fn standing(known: &Known<'_>, set: &ReplayedPinSet) -> Option<String> {
    let which = set.standing.iter().filter_map(|place| known.replay()?.certificates.get(*place));
    let issuers: Vec<&str> = which.map(|it| it.issuer.as_str()).collect();
    let issuers = named(issuers.into_iter());
    let (count, does, it) = match set.standing.len() {
        0 => return None,
        1 => ("a certificate".to_owned(), "does", "it"),
        count => (format!("{count} certificates"), "do", "them"),
    };
    Some(format!(
        "{}: {count} of {issuers} in a line beside the one in service {does} not match on every path, as before: whether another \
         server, or another kind of client, is shown {it} no log tells",
        set.title
    ))
}
