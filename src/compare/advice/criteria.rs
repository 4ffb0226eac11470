//! The considerations: OWASP's criteria, which the owner answers, and what measured facts say of pins as they are.

use super::known::{Known, Pinned, named};
use super::{OWASP, Reason, in_force, waiting};
use crate::compare::replay::{Chance, LocksOutNow, PinSetKind, Replay, ReplayedPinSet, number_of_days};
use crate::compare::{ClientClass, ClientPins, Hpkp, PinEnforcement, Pins};
use crate::x509::ChainPosition;

/// One consideration.
pub(super) struct Criterion {
    /// Its id.
    pub(super) id: &'static str,
    /// The guidance it is from.
    pub(super) source: &'static str,
    /// What it says of what is known.
    pub(super) weigh: fn(&Known<'_>) -> Weighed,
}

/// What a consideration says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Weighed {
    /// Nothing.
    Silent,
    /// Against having pins at all.
    Against { text: String, evidence: String },
    /// For leaving things as they are.
    For { text: String, evidence: String },
    /// Against the pins as they are.
    Wrong { text: String, evidence: String, change: String },
    /// The owner has to say.
    Open(String),
}

const WHAT_TO_PIN: &str = "OWASP Pinning Cheat Sheet (What Should Be Pinned)";

/// Every consideration, in the order of reports.
pub(super) static CRITERIA: [Criterion; 15] = [
    Criterion {
        id: "clients_cannot_pin",
        source: "Chrome Platform Status (HPKP, removed in Chrome 72); RFC 7672 (mail)",
        weigh: clients,
    },
    Criterion { id: "both_ends", source: OWASP, weigh: both_ends },
    Criterion { id: "pins_not_updatable", source: OWASP, weigh: updatable },
    Criterion { id: "update_disruptive", source: OWASP, weigh: disruptive },
    Criterion { id: "key_not_predictable", source: OWASP, weigh: predictable },
    Criterion { id: "not_a_native_app", source: OWASP, weigh: native },
    Criterion { id: "locked_out_now", source: WHAT_TO_PIN, weigh: locked_out },
    Criterion { id: "next_renewal", source: "the replay over issuance history", weigh: next_renewal },
    Criterion { id: "locked_out_before", source: "the replay over issuance history", weigh: lockouts },
    Criterion { id: "any_pin_locks_out", source: "the replay over issuance history", weigh: hypothetical },
    Criterion { id: "no_backup", source: WHAT_TO_PIN, weigh: backup },
    Criterion { id: "shared_ca_only", source: WHAT_TO_PIN, weigh: shared },
    Criterion {
        id: "not_enforced",
        source: "OWASP MASTG, MASTG-TEST-0243; RFC 7469 section 2.1",
        weigh: in_force::enforcement,
    },
    Criterion { id: "not_all_pin", source: "OWASP MASTG, MASTG-TEST-0243", weigh: in_force::every_app },
    Criterion {
        id: "hpkp_sent",
        source: "Chrome Platform Status (HPKP, removed in Chrome 72); RFC 7469",
        weigh: hpkp,
    },
];

/// Whether a change is to be made even where the pins are to go, or there are none.
pub(super) fn holds_without_pins(id: &str) -> bool {
    id == "hpkp_sent"
}

/// What the owner stated, or the question that is open.
fn stated(
    answer: Option<bool>,
    favourable: bool,
    (against, good): (&str, &str),
    option: &str,
    question: impl FnOnce() -> String,
) -> Weighed {
    let evidence = |value: bool| format!("stated: {option} = {value}");
    match answer {
        None => Weighed::Open(question()),
        Some(value) if value == favourable => {
            Weighed::For { text: good.to_owned(), evidence: evidence(value) }
        }
        Some(value) => Weighed::Against { text: against.to_owned(), evidence: evidence(value) },
    }
}

fn clients(known: &Known<'_>) -> Weighed {
    let clients = &known.circumstances.clients;
    let cannot = |client: &ClientClass| matches!(client, ClientClass::Browser | ClientClass::Mail);
    if clients.is_empty() || !clients.iter().all(cannot) {
        return Weighed::Silent;
    }
    let named = clients.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    // A file with pins of others says that there are others.
    let of_others = |pins: &&ClientPins| pins.class.is_some_and(|class| !cannot(&class));
    if let Some(pins) = known.clients().find(of_others) {
        let file = &pins.client;
        return Weighed::Open(format!(
            "Which clients are served? Stated are {named} alone, and {file} has pins of others (--client)."
        ));
    }
    Weighed::Against {
        text: "None of the clients can have pins of yours: no browser obeys HPKP any more, and mail servers go by DANE or \
               MTA-STS."
            .to_owned(),
        evidence: format!("stated: clients = {named}"),
    }
}

fn both_ends(known: &Known<'_>) -> Weighed {
    let words = (
        "You do not control both the server and the clients.",
        "You control both the server and the clients.",
    );
    stated(known.circumstances.controls_both_ends, true, words, "controls_both_ends", || {
        "Do you control both the server and the clients that have the pins? (--controls-both-ends)".to_owned()
    })
}

fn updatable(known: &Known<'_>) -> Weighed {
    let words = ("The pins cannot be replaced securely.", "The pins can be replaced securely.");
    stated(known.circumstances.pins_updatable, true, words, "pins_updatable", || {
        "Can the pins in clients be replaced by a way that is protected against others? (--pins-updatable)"
            .to_owned()
    })
}

fn disruptive(known: &Known<'_>) -> Weighed {
    let words = ("Replacing the pins disrupts the users.", "Replacing the pins does not disrupt the users.");
    stated(known.circumstances.update_disruptive, false, words, "update_disruptive", || {
        "Does replacing the pins disrupt the users, such as by a new release? (--update-disruptive)"
            .to_owned()
    })
}

fn predictable(known: &Known<'_>) -> Weighed {
    let words = (
        "The next key is not known before it goes into service.",
        "The next key is known before it goes into service.",
    );
    stated(known.circumstances.key_predictable, true, words, "key_predictable", || {
        let measured = known.replay().map(|replay| replay.key_reuse).filter(|share| share.of > 0);
        let measured = measured.map_or(String::new(), |share| {
            format!(" {} of {} renewals kept the key.", share.count, share.of)
        });
        format!("Is the next key known before it goes into service? (--key-predictable){measured}")
    })
}

fn native(known: &Known<'_>) -> Weighed {
    let words = ("The client is no native app.", "The client is a native app.");
    stated(known.circumstances.native_app, true, words, "native_app", || {
        "Is the client a native app? (--native-app)".to_owned()
    })
}

fn locked_out(known: &Known<'_>) -> Weighed {
    let out = || {
        known.clients().filter(|client| {
            matches!(
                client.pins,
                Pins::Pinned { locked_out: true, enforcement: PinEnforcement::Enforced, .. }
            )
        })
    };
    let replayed =
        |now: LocksOutNow| known.given().filter(move |set| set.refuses && set.locks_out_now == now);
    let change =
        "Serve a certificate that the pins match, or release new pins: users cannot connect.".to_owned();
    if out().next().is_some() {
        let files = named(out().map(|client| client.client.as_str()));
        return Weighed::Wrong {
            text: "Clients with these pins are locked out now.".to_owned(),
            evidence: format!("no pin matches the chain as served: {files}"),
            change,
        };
    }
    for (now, text, evidence) in [
        (
            LocksOutNow::Surely,
            "Clients with these pins are locked out now.",
            "no certificate of the history that can be served matches, or the pins have ended",
        ),
        (
            LocksOutNow::Perhaps,
            "Clients with these pins may be locked out now.",
            "a certificate of the history that can be served does not match, or not on every path",
        ),
    ] {
        if replayed(now).next().is_some() {
            let titles = named(replayed(now).map(|set| set.title.as_str()));
            return Weighed::Wrong {
                text: text.to_owned(),
                evidence: format!("{evidence}: {titles}"),
                change,
            };
        }
    }
    Weighed::Silent
}

fn next_renewal(known: &Known<'_>) -> Weighed {
    let Some(next) = known.replay().and_then(|replay| replay.next_renewal.as_ref()) else {
        return Weighed::Silent;
    };
    let is_next_known = known.circumstances.key_predictable == Some(true);
    let misses = |set: &&ReplayedPinSet| {
        set.refuses && set.next_match.as_ref().is_some_and(|chance| chance.may_miss(is_next_known))
    };
    let Some(worst) = known.given().filter(misses).min_by_key(|set| {
        set.next_match.as_ref().map_or((0, 0), |chance| (chance.share.count, chance.share.of))
    }) else {
        return Weighed::Silent;
    };
    let told = worst.next_match.as_ref().map(Chance::told).unwrap_or_default();
    if let Some(wrong) = waiting::issued(known, worst) {
        return wrong;
    }
    Weighed::Wrong {
        text: "The next renewal may lock users out.".to_owned(),
        evidence: format!(
            "{}: {told}; expected on {}, {}",
            worst.title,
            next.expected_at.strftime("%Y-%m-%d"),
            if next.runway_days < 0.0 {
                format!("{} days too late to begin a release", number_of_days(-next.runway_days))
            } else {
                format!("{} days to begin a release", number_of_days(next.runway_days))
            }
        ),
        change: "Add pins that the next certificate surely matches (a backup key of your own that is used next, or every \
                 root of every CA that you use), and release them before the renewal."
            .to_owned(),
    }
}

fn lockouts(known: &Known<'_>) -> Weighed {
    let hurt = || known.given().filter(|set| set.sure > 0);
    if hurt().next().is_none() {
        return Weighed::Silent;
    }
    let count: usize = hurt().map(|set| set.sure).sum();
    let least = if hurt().all(|set| set.at_most == Some(set.sure)) { "" } else { "at least " };
    Weighed::Wrong {
        text: format!(
            "The pins as given would have locked users out {least}{}.",
            if count == 1 { "once".to_owned() } else { format!("{count} times") }
        ),
        evidence: named(hurt().map(|set| set.title.as_str())),
        change:
            "Pin what stays at renewals: see which changes hurt in the replay, and add a backup for each."
                .to_owned(),
    }
}

/// What any pins would have done, for an owner who has none.
fn hypothetical(known: &Known<'_>) -> Weighed {
    if known.pinned() == Pinned::Yes {
        return Weighed::Silent;
    }
    let with_backup = |replay: &Replay| -> Vec<(String, usize)> {
        let sets = replay.pin_sets.iter();
        let sets = sets.filter(|set| matches!(set.kind, PinSetKind::Hypothetical { backup: true, .. }));
        sets.map(|set| (format!("{}: {}", set.title, set.times()), set.sure)).collect()
    };
    let sets = known.replay().map(with_backup).unwrap_or_default();
    if sets.is_empty() || sets.iter().any(|(_, sure)| *sure == 0) {
        return Weighed::Silent;
    }
    let told: Vec<&str> = sets.iter().map(|(told, _)| told.as_str()).collect();
    Weighed::Against {
        text: "Whatever had been pinned, even with a backup, users would have been locked out.".to_owned(),
        evidence: format!("how often: {}", told.join("; ")),
    }
}

fn backup(known: &Known<'_>) -> Weighed {
    let without = || {
        known.enforced().filter(|(_, matches)| {
            // Each list that has to match needs one of its own.
            matches.is_some_and(|matches| {
                matches.lists().any(|list| {
                    let is_leaf = |position: &ChainPosition| *position == ChainPosition::Leaf;
                    list.unmatched == 0 && list.positions.iter().all(is_leaf)
                })
            })
        })
    };
    // A set that locks out is told already.
    let is_out = |matches: Option<&crate::compare::PinMatches>| {
        matches.is_some_and(|matches| matches.positions.is_empty())
    };
    let mut clients = without().filter(|(_, matches)| !is_out(*matches)).map(|(client, _)| client).peekable();
    if clients.peek().is_none() {
        return Weighed::Silent;
    }
    Weighed::Wrong {
        text: "Only the key in service is pinned; there is no backup.".to_owned(),
        evidence: named(clients.map(|client| client.client.as_str())),
        change: "Add the pin of a key that is made, kept offline and used at the next renewal.".to_owned(),
    }
}

fn shared(known: &Known<'_>) -> Weighed {
    let is_shared =
        |position: &ChainPosition| matches!(position, ChainPosition::Intermediate | ChainPosition::Root);
    let mut clients = known
        .enforced()
        .filter(|(_, matches)| {
            matches.is_some_and(|matches| {
                matches.lists().all(|list| !list.positions.is_empty() && list.positions.iter().all(is_shared))
            })
        })
        .map(|(client, _)| client.client.as_str())
        .peekable();
    if clients.peek().is_none() {
        return Weighed::Silent;
    }
    Weighed::Wrong {
        text: "What the chain matches are keys of the CA alone: every certificate of that CA passes, also one that an \
               attacker obtains from it."
            .to_owned(),
        evidence: named(clients),
        change: "Pin your own keys with a backup, or do without pins: CAA with accounturi, in a signed zone, keeps others from \
                 getting certificates of your CA, and a watch of the logs shows what other CAs issue. What the pins refuse of \
                 other CAs and of added roots would then be shown at best, and not stopped."
            .to_owned(),
    }
}

/// Everything that was measured and is wrong with the pins as they are, a few words each.
pub(super) fn wrong(known: &Known<'_>) -> Vec<String> {
    let weighed = CRITERIA.iter().filter_map(|criterion| match (criterion.weigh)(known) {
        Weighed::Wrong { text, evidence, .. } => {
            Some(Reason { id: criterion.id, text, source: criterion.source, evidence })
        }
        _ => None,
    });
    let told: Vec<Reason> = weighed.collect();
    let faults = faults(known, &told);
    let of_faults = faults.iter().map(|fault| {
        let title = fault.reason.text.trim_end_matches('.');
        format!("{title} ({})", fault.id)
    });
    told.iter().map(|reason| in_short(reason.id).to_owned()).chain(of_faults).collect()
}

/// What a consideration finds wrong with pins, in a few words.
pub(super) fn in_short(id: &'static str) -> &'static str {
    match id {
        "locked_out_now" => "clients are locked out now, or may be",
        "next_renewal" => "recent certificates, or the next one, that the pins do not match",
        "locked_out_before" => "lock-outs in the replay",
        "no_backup" => "a single key without a backup",
        "shared_ca_only" => "keys of the CA alone",
        "not_enforced" => "pins that refuse nothing",
        "not_all_pin" => "an app, or a version, without pins beside others that have some",
        "hpkp_sent" => "Public-Key-Pins is sent",
        id => id,
    }
}

/// A grave finding about the pins as a reason.
pub(super) struct Fault {
    /// The rule's id.
    pub(super) id: &'static str,
    /// The reason.
    pub(super) reason: Reason,
    /// What to do.
    pub(super) change: String,
}

/// The rules that say what a consideration says as well.
const SAID: [(&str, &str); 5] = [
    ("PIN001", "locked_out_now"),
    ("PIN004", "no_backup"),
    ("PIN002", "not_enforced"),
    ("PIN027", "not_enforced"),
    ("PIN021", "shared_ca_only"),
];

/// The grave findings about the pins that no consideration in `told` says already, each rule once.
pub(super) fn faults(known: &Known<'_>, told: &[Reason]) -> Vec<Fault> {
    let is_told = |rule: &str| {
        SAID.iter().any(|(said, id)| *said == rule && told.iter().any(|reason| reason.id == *id))
    };
    let mut faults: Vec<Fault> = Vec::new();
    // What is wrong with files that do not pin the host is no reason here.
    let all = if known.pinned() == Pinned::Yes { known.facts.pin_faults.as_slice() } else { &[] };
    for fault in all.iter().filter(|fault| !is_told(fault.rule)) {
        match faults.iter_mut().find(|known| known.id == fault.rule) {
            Some(known) if known.reason.evidence.len() < LONGEST_EVIDENCE => {
                known.reason.evidence.push_str("; ");
                known.reason.evidence.push_str(&fault.found);
            }
            Some(_) => {}
            None => faults.push(Fault {
                id: fault.rule,
                reason: Reason {
                    id: fault.rule,
                    text: format!("{}.", fault.title),
                    source: fault.source,
                    evidence: fault.found.clone(),
                },
                change: fault.advice.clone(),
            }),
        }
    }
    faults
}

/// How long the evidence of one rule may grow, in octets: the findings have all of it.
const LONGEST_EVIDENCE: usize = 400;

fn hpkp(known: &Known<'_>) -> Weighed {
    if known.facts.hpkp.measured() != Some(&Hpkp::Sent) {
        return Weighed::Silent;
    }
    Weighed::Wrong {
        text: "The server sends Public-Key-Pins, which no browser obeys any more.".to_owned(),
        evidence: "the header among those given".to_owned(),
        change: "Remove the header.".to_owned(),
    }
}
