//! What the pins of one client do.

use super::Judgement;
use crate::compare::{Effect, Fact, PinEnforcement, PinMatches, PinnedCa, Pins, Threat};
use crate::x509::ChainPosition;

/// What pins are checked by.
pub(super) const VALIDATION: &str = "RFC 7469 section 2.6";
pub(super) const RISK: &str = "RFC 7469 section 4";
pub(super) const HOSTILE: &str = "RFC 7469 section 4.5";
pub(super) const OVERRIDES: &str = "Android developer guide, “Network security configuration”";
pub(super) const DEVICE: &str = "OWASP MASVS, MASVS-NETWORK-2";

/// On what a root's pin depends when the CA changes its intermediate.
const SAME_ROOT: &str = ", as long as the paths that clients build end at the same root: a new hierarchy, or a store that \
                         trusts an intermediate, ends them elsewhere";

const SHIPPED: &str = "The pins come with the client, and nobody who takes over a server can set them.";

/// What the pins of a client do against `threat`.
pub(super) fn judge(threat: Threat, pins: &Pins) -> Judgement {
    let (effect, reason) = match pins {
        Pins::NotPinned => (Effect::NoEffect, "The pins that were given do not name this host."),
        Pins::Undetermined => (
            Effect::Unknown,
            "What the file pins could not be determined: it was not read, or not all of it.",
        ),
        Pins::Unknown | Pins::OtherBuild
            if threat.is_change() || matches!(threat, Threat::StolenKey | Threat::HostilePins) =>
        {
            (
                Effect::NoEffect,
                "It has no pins of its own, so that it adds nothing to what the other pins do.",
            )
        }
        Pins::Unknown => (
            Effect::Unknown,
            "It has no pins for this host, and whether the other pins are of the same app is not known (give \
             one folder or package that holds all of its app; about another app ask with its files alone).",
        ),
        Pins::OtherBuild => (
            Effect::Unknown,
            "Some builds of the app take it in the place of the file with the pins, and whether they are released and connect \
             to this host is not known (ask about each build with its own file or package alone).",
        ),
        Pins::Pinned { enforcement: PinEnforcement::ReportOnly, .. } => {
            (Effect::NoEffect, "The pins only report; the connection goes on all the same.")
        }
        Pins::Pinned { enforcement: PinEnforcement::Off, .. } => {
            (Effect::NoEffect, "The pins are expired, empty or switched off, and clients take no notice.")
        }
        Pins::Pinned { enforcement: PinEnforcement::Enforced, overridden_for_user_anchors: true, .. }
            if threat == Threat::UserRoot =>
        {
            return Judgement::new(
                Effect::NoEffect,
                "The pins are overridden for CAs that a user or an employer added (overridePins in trust-anchors).",
                OVERRIDES,
            );
        }
        Pins::Pinned { enforcement: PinEnforcement::Enforced, locked_out: true, matches, .. }
            if threat.is_change() =>
        {
            return locked_out(matches);
        }
        Pins::Pinned { enforcement: PinEnforcement::Enforced, matches, .. } => match matches {
            Fact::NotGiven => (Effect::Unknown, "The pins were given without a chain to match them with."),
            Fact::Undetermined => (Effect::Unknown, "What the pins match could not be determined."),
            Fact::Measured(matches) if matches.forbid_alone() => return forbidding(threat),
            Fact::Measured(matches) if matches.lists().any(|list| list.positions.is_empty()) => {
                return unmatched(threat, matches);
            }
            Fact::Measured(matches) => return enforced(threat, matches),
        },
    };
    Judgement::new(effect, reason, VALIDATION)
}

/// Clients with these pins connect no more, whatever changes.
fn locked_out(matches: &Fact<PinMatches>) -> Judgement {
    let reason = match matches {
        Fact::Measured(matches) if matches.positions.is_empty() && !matches.forbid_alone() => {
            "The pins match no certificate of this chain: clients with these pins are locked out now."
        }
        _ => "The pins do not accept the chain now: clients with these pins are locked out now.",
    };
    Judgement::new(Effect::MakesWorse, reason, RISK)
}

/// The pins are enforced and match nothing.
fn unmatched(threat: Threat, matches: &PinMatches) -> Judgement {
    if threat.is_change() {
        return locked_out(&Fact::Measured(matches.clone()));
    }
    if threat == Threat::HostilePins {
        return Judgement::new(Effect::NoEffect, SHIPPED, HOSTILE);
    }
    Judgement::new(
        Effect::Unknown,
        "The pins match no certificate of this chain; what they were meant to accept is not known.",
        VALIDATION,
    )
}

/// No key has to match, and some are refused, of which none is in the chain.
fn forbidding(threat: Threat) -> Judgement {
    match threat {
        Threat::HostilePins => Judgement::new(Effect::NoEffect, SHIPPED, HOSTILE),
        // A key that is made now is on no list.
        Threat::NewIntermediate | Threat::NewCa | Threat::CaDistrusted => Judgement::new(
            Effect::Unknown,
            "No key has to match, and some are forbidden: users are locked out where the new chain has one of these.",
            RISK,
        ),
        _ => Judgement::new(
            Effect::NoEffect,
            "No key has to match: every chain is accepted that has none of the keys that are forbidden.",
            VALIDATION,
        ),
    }
}

/// The pins are enforced and match. An attacker has to pass every list, and a change that ends the match of one locks out.
fn enforced(threat: Threat, matches: &PinMatches) -> Judgement {
    let worst_first = threat.is_change() || threat == Threat::StolenKey;
    let rank = |judged: &Judgement| match (judged.effect, worst_first) {
        (Effect::Prevents, false) | (Effect::MakesWorse, true) => 0,
        (Effect::Unknown, _) => 1,
        _ => 2,
    };
    let judged: Vec<Judgement> = matches.also.iter().map(|list| by_list(threat, list)).collect();
    let first = by_list(threat, matches);
    if judged.iter().all(|other| *other == first) {
        return first;
    }
    // Of equals the first.
    let decisive =
        judged.into_iter().fold(first, |best, other| if rank(&other) < rank(&best) { other } else { best });
    let reason = format!("Several lists must each match, and by one {}", uncapitalised(&decisive.reason));
    Judgement { reason, ..decisive }
}

/// What one list of pins does.
fn by_list(threat: Threat, matches: &PinMatches) -> Judgement {
    use Threat as T;
    let at = places(matches);
    let (effect, reason, source) = match threat {
        T::OtherCaLogged | T::OtherCaDeceived | T::OtherCaUnlogged | T::ColludingLogs => {
            return other_ca(matches, &at);
        }
        T::AuthorisedCa | T::DnsHijack => return same_ca(threat, matches, &at),
        T::UserRoot | T::SystemRoot => (
            Effect::Prevents,
            format!(
                "The pins are enforced and match {at}; clients with them refuse a chain to an added root as well."
            ),
            VALIDATION,
        ),
        T::NetworkAttacker => (
            Effect::Prevents,
            format!("The pins are enforced and match {at}; a chain without a pinned key is refused."),
            VALIDATION,
        ),
        T::DeviceOwner => {
            (Effect::NoEffect, "Whoever owns the device can take the pins out of the app.".to_owned(), DEVICE)
        }
        T::StolenKey if is_own_key_alone(matches) && matches.unmatched > 0 => (
            Effect::Unknown,
            format!(
                "The pins match {at}; whether you can leave the stolen key without an update depends on whether a pin that \
                 matches nothing now is of a key of yours."
            ),
            RISK,
        ),
        // Whoever accepts the CA's key as well accepts your next key.
        T::StolenKey if is_own_key_alone(matches) => (
            Effect::MakesWorse,
            format!(
                "The pins match {at}; clients keep accepting the stolen key, and must be updated to drop it."
            ),
            RISK,
        ),
        T::StolenKey => {
            (Effect::NoEffect, format!("The pins match {at}, which the stolen key comes with."), VALIDATION)
        }
        T::KeyHolder => (
            Effect::NoEffect,
            format!("The pins match {at}, and whoever holds the key serves that chain."),
            VALIDATION,
        ),
        T::HostilePins => (Effect::NoEffect, SHIPPED.to_owned(), HOSTILE),
        T::LogDistrusted if matches.whole.is_empty() => {
            (Effect::NoEffect, "Pins name keys, and a change of logs changes none.".to_owned(), VALIDATION)
        }
        T::NewKey | T::NewIntermediate | T::NewCa | T::CaDistrusted | T::LogDistrusted => {
            return change(threat, matches, &at);
        }
    };
    Judgement::new(effect, reason, source)
}

/// Whether nothing but the server's own key satisfies the pins.
fn is_own_key_alone(matches: &PinMatches) -> bool {
    matches.positions.iter().all(|position| *position == ChainPosition::Leaf)
}

/// An attacker has a certificate of a CA that the owner does not use: it passes where that one's key is pinned.
fn other_ca(matches: &PinMatches, at: &str) -> Judgement {
    let strange = named(&matches.cas, |ca| ca.is_used == Some(false));
    if !strange.is_empty() {
        let reason = format!(
            "The pins match {at} and name keys of {strange} as well, which you do not expect: what these issue is accepted."
        );
        return Judgement::new(Effect::NoEffect, reason, VALIDATION);
    }
    let open = named(&matches.cas, |ca| ca.is_used.is_none());
    if !open.is_empty() {
        let reason = format!(
            "The pins match {at} and name keys of {open} as well, so that what these issue is accepted; whether you use all \
             of these is not stated (expect_ca)."
        );
        return Judgement::new(Effect::Unknown, reason, VALIDATION);
    }
    let condition = match nobodys(matches) {
        0 => String::new(),
        1 => ", as long as the pin that matches nothing here is of no such CA".to_owned(),
        more => format!(", as long as none of the {more} pins that match nothing here is of such a CA"),
    };
    let reason =
        format!("The pins are enforced and match {at}; a CA that is not pinned is refused{condition}.");
    Judgement::new(Effect::Prevents, reason, VALIDATION)
}

/// How many pins match nothing and are of no CA that is known.
fn nobodys(matches: &PinMatches) -> usize {
    let known = matches.cas.iter().fold(0_usize, |sum, ca| sum.saturating_add(ca.pins));
    matches.unmatched.saturating_sub(known)
}

/// Some of the CAs whose keys are pinned, the first few by name.
fn named(cas: &[PinnedCa], is_meant: impl Fn(&PinnedCa) -> bool) -> String {
    const MOST: usize = 3;
    let names: Vec<&str> = cas.iter().filter(|ca| is_meant(ca)).map(|ca| ca.name.as_str()).collect();
    let shown = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        1 => format!("{shown} and another CA"),
        more => format!("{shown} and {more} other CAs"),
    }
}

/// An attacker has a certificate of a CA that the owner uses; who took over the DNS gets one of whichever CA is pinned.
fn same_ca(threat: Threat, matches: &PinMatches, at: &str) -> Judgement {
    if matches.positions.iter().any(|position| *position != ChainPosition::Leaf) {
        return Judgement::new(
            Effect::NoEffect,
            format!("The pins match {at}, so every certificate of that CA is accepted."),
            VALIDATION,
        );
    }
    let any = threat == Threat::DnsHijack;
    let let_in = named(&matches.cas, |ca| any || ca.is_used == Some(true));
    if !let_in.is_empty() {
        let reason = format!(
            "The pins match the leaf's key and name keys of {let_in} as well, so every certificate of these is accepted."
        );
        return Judgement::new(Effect::NoEffect, reason, VALIDATION);
    }
    let open = named(&matches.cas, |ca| ca.is_used.is_none());
    if !open.is_empty() {
        let reason = format!(
            "The pins match the leaf's key and name keys of {open} as well; whether you use these is not stated (expect_ca)."
        );
        return Judgement::new(Effect::Unknown, reason, VALIDATION);
    }
    match nobodys(matches) {
        0 => Judgement::new(
            Effect::Prevents,
            "The pins are enforced and match the leaf's key alone, which the attacker does not have.",
            VALIDATION,
        ),
        1 => Judgement::new(
            Effect::Unknown,
            "The pins match the leaf's key and one pin matches nothing here; it may be a CA's, or your own.",
            VALIDATION,
        ),
        more => Judgement::new(
            Effect::Unknown,
            format!("The pins match the leaf's key and {more} pins match nothing here; they may be a CA's."),
            VALIDATION,
        ),
    }
}

/// Something in the chain changes, with no attacker about: whether a pin still matches afterwards.
fn change(threat: Threat, matches: &PinMatches, at: &str) -> Judgement {
    use ChainPosition::{Intermediate, Root};
    let is_at = |position: ChainPosition| matches.positions.contains(&position);
    let own_key = matches.names_own_key();
    // Every change brings a new certificate: what names the old one as a whole never stays.
    let (stays, condition) = match threat {
        Threat::NewKey => (is_at(Intermediate) || is_at(Root), ""),
        Threat::NewIntermediate if own_key => (true, ""),
        Threat::NewIntermediate => (is_at(Root), SAME_ROOT),
        Threat::LogDistrusted => (own_key || is_at(Intermediate) || is_at(Root), ""),
        // Another CA may certify the same key; that is rare enough not to count on it.
        _ => (false, ""),
    };
    if stays {
        return Judgement::new(
            Effect::NoEffect,
            format!("The pins match {at}, and a pin still matches after this change{condition}."),
            RISK,
        );
    }
    let backup = match matches.unmatched {
        0 => "there is no backup pin".to_owned(),
        1 => "only the one pin that matches nothing now could help".to_owned(),
        more => format!("only the {more} pins that match nothing now could help"),
    };
    let when = match threat {
        Threat::LogDistrusted => "where that calls for a new certificate",
        _ => "after this change",
    };
    Judgement::new(
        Effect::MakesWorse,
        format!("The pins match {at}; {when} users are locked out, and {backup}."),
        RISK,
    )
}

/// “the leaf”, or “the leaf and the root”.
fn places(matches: &PinMatches) -> String {
    let names: Vec<&str> = matches
        .positions
        .iter()
        .map(|position| match (position, matches.whole.contains(position)) {
            (ChainPosition::Leaf, false) => "the leaf",
            (ChainPosition::Leaf, true) => "the leaf's whole certificate",
            (ChainPosition::Intermediate, _) => "an intermediate",
            (ChainPosition::Root, _) => "the root",
        })
        .collect();
    names.join(" and ")
}

/// A sentence as it goes on after another word.
pub(super) fn uncapitalised(sentence: &str) -> String {
    let mut symbols = sentence.chars();
    symbols.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(symbols).collect()
}
