//! What only a look at more tells of the pins: a question that is open before they are called sound.

use super::known::{Known, Pinned, named};
use super::{done, in_force, kinds, waiting};
use crate::compare::Fact;
use crate::compare::replay::{LocksOutNow, PinSetKind, ReplayedPinSet};

/// What only a look at more tells of the pins.
pub(super) fn of_pins(known: &Known<'_>) -> Option<String> {
    match known.pinned() {
        Pinned::Unknown => {
            let packages = &known.facts.pin_files.packages;
            let why = match known.facts.pins {
                Fact::NotGiven => "no file with pins was given (--pins)".to_owned(),
                Fact::Measured(_) if !packages.is_empty() => kinds::unread(packages.iter()),
                Fact::Undetermined | Fact::Measured(_) if is_all_read(known) => {
                    "no pins were found in what was given, and whether that is all of the app no file tells (`--require \
                     removed` asks whether any are left)"
                        .to_owned()
                }
                Fact::Undetermined | Fact::Measured(_) => {
                    "not all of what was given could be read (`pinstead pins` with it tells why)".to_owned()
                }
            };
            Some(format!("Do clients have pins, and which? It is not known: {why}."))
        }
        Pinned::Yes if !known.are_pins_compared() => Some(
            "Do the pins match? No chain was seen and no history was replayed that they could be compared with (--history)."
                .to_owned(),
        ),
        Pinned::Yes => in_force::perhaps_of_another_app(known)
            .or_else(|| in_force::perhaps_of_another_build(known))
            .or_else(|| known.given().filter(|set| set.refuses).find_map(|set| left_open(known, set)))
            .or_else(|| pins_not_read(known))
            .or_else(|| further_pins(known)),
        Pinned::No => further_pins(known),
    }
}

/// What files leave open that could not be read, or not wholly, beside those that have pins.
fn pins_not_read(known: &Known<'_>) -> Option<String> {
    let files = known.undetermined();
    let packages = &known.facts.pin_files.packages;
    let is_of_package =
        |file: &&str| packages.iter().any(|package| file.split("!/").next() == Some(package.file.as_str()));
    if !files.is_empty() && files.iter().all(is_of_package) {
        let why = kinds::unread(packages.iter());
        return Some(format!("Do clients have further pins, and which? It is not known: {why}."));
    }
    (!files.is_empty()).then(|| {
        format!(
            "Do clients have further pins, and which? It is not known: {} could not be read, or not wholly (`pinstead pins` with \
             it tells why).",
            named(files.into_iter())
        )
    })
}

/// What code leaves open that was not read as pins.
fn further_pins(known: &Known<'_>) -> Option<String> {
    let why = done::beside(known)?;
    let which = if known.pinned() == Pinned::Yes { "further pins" } else { "pins" };
    Some(format!("Do clients have {which}, and which? It is not known: {why}."))
}

/// What the replay of pins leaves open: whether they match what can be in service now, and whether they always did.
fn left_open(known: &Known<'_>, set: &ReplayedPinSet) -> Option<String> {
    let title = &set.title;
    // What the server shows is what is in service.
    let is_seen = || {
        let PinSetKind::Given { client } = &set.kind else { return false };
        let mut own = known.enforced().filter(|(known, _)| known.client == *client).peekable();
        own.peek().is_some() && own.all(|(_, matches)| matches.is_some())
    };
    if set.locks_out_now == LocksOutNow::Unknown && !is_seen() {
        return Some(format!(
            "Do {title} match what is in service? No certificate that can be is known to match or to miss them."
        ));
    }
    if let Some(question) = waiting::asked(known, set) {
        return Some(question);
    }
    if set.undetermined > 0 {
        return Some(format!(
            "Do {title} match all that was issued? Of {} of the certificates it is not known.",
            set.undetermined
        ));
    }
    (set.sure == 0 && set.unsettled > 0).then(|| {
        format!(
            "Have {title} locked users out? They may have, {}: which certificates were in service no log tells.",
            match set.unsettled {
                1 => "once".to_owned(),
                count => format!("{count} times"),
            }
        )
    })
}

/// Whether nothing of what was given was left unread.
fn is_all_read(known: &Known<'_>) -> bool {
    let read = &known.facts.pin_files;
    read.open.is_empty() && read.unseen.is_empty() && known.undetermined().is_empty()
}
