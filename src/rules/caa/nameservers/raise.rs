//! What each rule about the authoritative servers finds.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::caa::nameservers::{
    Agreement, Consequence, Endpoint, EndpointAnswer, Fault, NO_TCP_FROM_HERE, NameReading, Said,
    ZoneReading, places,
};
use crate::caa::{CaaReading, Policy, Verdict};
use crate::dns_name::DnsName;
use crate::evidence::dns::NotAsked;
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Severity};

/// The most servers that a message names.
const MOST_NAMED: usize = 6;

pub(super) fn no_caa(reading: &CaaReading) -> Vec<Raised> {
    faults(reading, |fault| match fault {
        Fault::NoCaa { instead, .. } => Some(instead.to_string()),
        _ => None,
    })
    .into_iter()
    .map(|Faulty { zone, at, what }| {
        let nobody = zone.names.iter().any(|name| name.usual.is_none());
        let severity = if nobody { Severity::High } else { Severity::Medium };
        let message =
            format!("{} answers for {} and does not answer CAA questions: {what}.", named(&at), zone.zone);
        let raised = Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "instead": what }));
        raised.at(severity).known_by("servers", digest(&at))
    })
    .collect()
}

pub(super) fn lame(reading: &CaaReading) -> Vec<Raised> {
    faults(reading, |fault| match fault {
        Fault::Lame(said) => Some(said.to_string()),
        _ => None,
    })
    .into_iter()
    .map(|Faulty { zone, at, what }| {
        let message = format!("{} does not speak for {}: {what}.", named(&at), zone.zone);
        Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "instead": what }))
            .known_by("servers", digest(&at))
    })
    .collect()
}

pub(super) fn no_tcp(reading: &CaaReading) -> Vec<Raised> {
    let (needed, not_needed) = (true, false);
    [needed, not_needed]
        .into_iter()
        .flat_map(|wanted| {
            faults(reading, move |fault| match fault {
                Fault::NoTcp { needed, instead } if *needed == wanted => Some(instead.to_string()),
                _ => None,
            })
            .into_iter()
            .map(move |Faulty { zone, at, what }| {
                let why = if wanted { " and cuts its CAA answer off" } else { "" };
                let in_doubt = zone.endpoints.iter().any(Endpoint::is_behind_block);
                let doubt = if in_doubt {
                    " It may be this machine that TCP to port 53 is kept from: no server at all is heard over it."
                } else {
                    ""
                };
                let message = format!(
                    "Over TCP nothing is heard from {} ({what}), while UDP works{why}.{doubt}",
                    named(&at)
                );
                let severity = if wanted && !in_doubt { Severity::High } else { Severity::Medium };
                Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "needed": wanted }))
                    .at(severity)
                    .known_by("servers", digest(&at))
            })
        })
        .collect()
}

pub(super) fn delegation(reading: &CaaReading) -> Vec<Raised> {
    let zones = reading.nameservers.zones.iter().filter(|zone| !zone.delegation.is_none());
    zones.map(delegation_differs).collect()
}

pub(super) fn serials(reading: &CaaReading) -> Vec<Raised> {
    reading.nameservers.zones.iter().filter_map(serials_of).collect()
}

pub(super) fn not_asked(reading: &CaaReading) -> Vec<Raised> {
    let mut left: Vec<String> = Vec::new();
    for zone in &reading.nameservers.zones {
        let unasked =
            zone.endpoints.iter().filter(|endpoint| !endpoint.was_asked() && !endpoint.is_behind_block());
        let addresses: BTreeSet<String> =
            unasked.map(|endpoint| format!("{} of {}", endpoint.address, endpoint.server)).collect();
        left.extend(addresses.into_iter().map(|address| format!("{address} (no route from here)")));
        if zone.left_out > 0 {
            left.push(format!("{} further servers or addresses of {}", zone.left_out, zone.zone));
        }
    }
    let mut endpoints = reading.nameservers.zones.iter().flat_map(|zone| &zone.endpoints);
    if endpoints.any(Endpoint::is_behind_block) {
        left.push(format!("every server over TCP ({NO_TCP_FROM_HERE})"));
    }
    let names = reading.nameservers.not_asked.iter();
    let others = names.filter(|name| matches!(name.why, NotAsked::NotAHostName | NotAsked::TooMany));
    left.extend(others.map(|name| format!("{} ({})", name.name, name.why)));
    if left.is_empty() {
        return Vec::new();
    }
    let message = format!("Not asked: {}.", named(&left));
    vec![Raised::new(&reading.name, message, json!({ "not_asked": left })).known_by("left", digest(&left))]
}

pub(super) fn stale_resolver(reading: &CaaReading) -> Vec<Raised> {
    names(reading)
        .filter(|(_, name)| name.answers == 1)
        .filter_map(|(_, name)| {
            let (usual, resolver) = (name.usual.as_ref()?, name.resolver.as_ref()?);
            // A delegation is a way to the answer, not the answer.
            if usual == resolver || matches!(usual, Said::Delegation(_)) {
                return None;
            }
            let message = format!(
                "The resolver says of {}: {resolver}; its nameservers say: {usual}.{}",
                name.name,
                consequences(&reading.nameservers.consequences)
            );
            let evidence = json!({ "resolver": resolver.to_string(), "nameservers": usual.to_string() });
            let raised = Raised::new(name.name.as_str(), message, evidence)
                .known_by("resolver", resolver.to_string())
                .known_by("nameservers", usual.to_string());
            Some(match harm_of([usual, resolver], reading) {
                Some(less) => raised.at(less),
                None => raised,
            })
        })
        .collect()
}

/// Every name in its zone.
fn names(reading: &CaaReading) -> impl Iterator<Item = (&ZoneReading, &NameReading)> {
    reading.nameservers.zones.iter().flat_map(|zone| zone.names.iter().map(move |name| (zone, name)))
}

/// What one endpoint says of a name.
fn said<'a>(endpoint: &'a Endpoint, name: &NameReading) -> Option<&'a EndpointAnswer> {
    endpoint.answers.iter().find(|answer| answer.name == name.name)
}

pub(super) fn disagreement(reading: &CaaReading) -> Vec<Raised> {
    names(reading)
        .filter(|(_, name)| name.answers > 1)
        .map(|(zone, name)| {
            let answers: BTreeSet<&Said> = zone
                .asked()
                .filter_map(|endpoint| said(endpoint, name))
                .map(|answer| &answer.said)
                .filter(|said| said.is_answer())
                .collect();
            let less = harm_of(answers.iter().copied(), reading);
            let groups: Vec<(String, Vec<String>)> = answers
                .into_iter()
                .map(|wanted| {
                    let say_so = |endpoint: &&Endpoint| {
                        said(endpoint, name).is_some_and(|answer| answer.said == *wanted)
                    };
                    (wanted.to_string(), places(zone.asked().filter(say_so)))
                })
                .collect();
            let sides: Vec<String> =
                groups.iter().map(|(said, at)| format!("{}: {said}", named(at))).collect();
            let message = format!(
                "The servers of {} disagree about {}. {}.{}",
                zone.zone,
                name.name,
                sides.join("; "),
                consequences(&reading.nameservers.consequences)
            );
            let evidence: Vec<Value> =
                groups.iter().map(|(said, at)| json!({ "answer": said, "servers": at })).collect();
            let raised =
                Raised::new(name.name.as_str(), message, json!({ "zone": zone.zone, "answers": evidence }))
                    .known_by("answers", digest(groups.iter().map(|(said, _)| said)));
            match less {
                Some(less) => raised.at(less),
                None => raised,
            }
        })
        .collect()
}

/// A severity below the rule's own, where nothing but the way differs: aliases that rotate or follow the place of
/// whoever asks are usual, and harmless where they all lead to the same policy.
fn harm_of<'a>(answers: impl IntoIterator<Item = &'a Said>, reading: &CaaReading) -> Option<Severity> {
    if !answers.into_iter().all(|said| matches!(said, Said::Alias(_))) {
        return None;
    }
    let consequences = &reading.nameservers.consequences;
    let is_open = |consequence: &Consequence| {
        matches!(consequence.policy, Policy::Undetermined(_))
            && consequence.verdicts.iter().all(|verdict| verdict.verdict == Verdict::Undetermined)
    };
    match (consequences.is_empty(), consequences.iter().all(is_open)) {
        (true, _) => Some(Severity::Info),
        // Where the other alias leads was not asked.
        (false, true) => Some(Severity::Low),
        (false, false) => None,
    }
}

/// What a CA would conclude at the servers that differ, in sentences.
fn consequences(consequences: &[Consequence]) -> String {
    let sentence = |Consequence { at, policy, gain, lose, verdicts }: &Consequence| {
        let policy = match policy {
            Policy::Anyone => "any CA may issue".to_owned(),
            Policy::Nobody => "no CA may issue".to_owned(),
            Policy::Only(issuers) => format!("only {} may issue", issuers.join(", ")),
            Policy::Undetermined(why) => format!("who may issue is open ({why})"),
        };
        let mut sentence = format!(" A CA that asks {} finds that {policy}", named(at));
        for (cas, what) in [(gain, "gains"), (lose, "loses")] {
            if !cas.is_empty() {
                let _ = write!(sentence, "; {} {what} permission", cas.join(", "));
            }
        }
        for verdict in verdicts {
            let word = match verdict.verdict {
                Verdict::Permit => "permitted",
                Verdict::Deny => "denied",
                Verdict::Undetermined => "undetermined",
            };
            let _ = write!(sentence, "; {} is {word}", verdict.ca);
        }
        sentence + "."
    };
    consequences.iter().take(MOST_NAMED).map(sentence).collect()
}

/// The servers of one zone with the same fault.
struct Faulty<'a> {
    zone: &'a ZoneReading,
    at: Vec<String>,
    what: String,
}

/// The faults that `describe` describes, put together by zone and description.
fn faults(reading: &CaaReading, describe: impl Fn(&Fault) -> Option<String>) -> Vec<Faulty<'_>> {
    let mut found = Vec::new();
    for zone in &reading.nameservers.zones {
        let of = |endpoint: &Endpoint| endpoint.fault.as_ref().and_then(&describe);
        let kinds: BTreeSet<String> = zone.endpoints.iter().filter_map(of).collect();
        for what in kinds {
            let at = places(zone.endpoints.iter().filter(|endpoint| of(endpoint).as_ref() == Some(&what)));
            found.push(Faulty { zone, at, what });
        }
    }
    found
}

pub(super) fn unreachable(reading: &CaaReading) -> Vec<Raised> {
    let mut raised = Vec::new();
    for zone in &reading.nameservers.zones {
        let is_lost =
            |endpoint: &Endpoint| matches!(endpoint.fault, Some(Fault::Unreachable { entirely: true, .. }));
        let servers: BTreeSet<_> = zone.asked().map(|endpoint| &endpoint.server).collect();
        for server in servers {
            let of_server = || zone.asked().filter(|endpoint| endpoint.server == *server);
            let lost: Vec<&Endpoint> = of_server()
                .filter(|endpoint| matches!(endpoint.fault, Some(Fault::Unreachable { .. })))
                .collect();
            let Some(Fault::Unreachable { instead, .. }) =
                lost.first().and_then(|first| first.fault.as_ref())
            else {
                continue;
            };
            let wholly = of_server().all(is_lost);
            let at = places(lost.iter().copied());
            let message = format!("Nothing is heard from {}: {instead}.", named(&at));
            let severity = if wholly { Severity::Medium } else { Severity::Low };
            raised.push(
                Raised::new(server.as_str(), message, json!({ "at": at, "zone": zone.zone })).at(severity),
            );
        }
        for (server, why) in &zone.without_address {
            let message = format!("{server}, a nameserver of {}, has no address: {why}.", zone.zone);
            let evidence = json!({ "zone": zone.zone, "why": why });
            raised.push(Raised::new(server.as_str(), message, evidence).at(Severity::Medium));
        }
    }
    raised
}

fn delegation_differs(zone: &ZoneReading) -> Raised {
    let difference = &zone.delegation;
    let texts = |names: &[DnsName]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let (delegated, own) = (texts(&difference.only_delegated), texts(&difference.only_own));
    let glue: Vec<String> =
        difference.other_glue.iter().map(|(server, address)| format!("{address} for {server}")).collect();
    let parts: Vec<String> = [
        ("only the delegation names", &delegated),
        ("only the zone names", &own),
        ("only the delegation gives", &glue),
    ]
    .into_iter()
    .filter(|(_, which)| !which.is_empty())
    .map(|(what, which)| format!("{what} {}", named(which)))
    .collect();
    let message = format!("The delegation of {} and the zone differ: {}.", zone.zone, parts.join("; "));
    let evidence = json!({ "only_delegated": delegated, "only_own": own, "other_glue": glue });
    Raised::new(zone.zone.as_str(), message, evidence)
        .known_by("only_delegated", digest(&delegated))
        .known_by("only_own", digest(&own))
        .known_by("other_glue", digest(&glue))
}

fn serials_of(zone: &ZoneReading) -> Option<Raised> {
    let serials: BTreeSet<u32> = zone.asked().filter_map(|endpoint| endpoint.zone.serial()).collect();
    if serials.len() < 2 {
        return None;
    }
    let at = |serial: u32| places(zone.asked().filter(|endpoint| endpoint.zone.serial() == Some(serial)));
    let sides: Vec<String> =
        serials.iter().map(|serial| format!("{serial} at {}", named(&at(*serial)))).collect();
    let message = format!("The servers of {} have different serials: {}.", zone.zone, sides.join("; "));
    let evidence: Vec<Value> =
        serials.iter().map(|serial| json!({ "serial": serial, "servers": at(*serial) })).collect();
    Some(Raised::new(zone.zone.as_str(), message, json!(evidence)))
}

pub(super) fn undetermined(reading: &CaaReading) -> Vec<Raised> {
    let nameservers = &reading.nameservers;
    if nameservers.state == Agreement::NotAsked || !nameservers.is_undetermined() {
        return Vec::new();
    }
    let mut why: Vec<String> = names(reading)
        .filter(|(_, name)| name.usual.is_none())
        .map(|(zone, name)| format!("no server of {} says anything of {}", zone.zone, name.name))
        .collect();
    let lost = nameservers.not_asked.iter();
    why.extend(
        lost.filter(|name| matches!(name.why, NotAsked::ZoneUnknown(_)))
            .map(|name| format!("{}: {}", name.name, name.why)),
    );
    if why.is_empty() {
        why.push("no zone below a top-level domain was found on the way".to_owned());
    }
    let message = format!("Whether the nameservers agree is open: {}.", named(&why));
    vec![Raised::new(&reading.name, message, json!({ "why": why }))]
}

/// A few of them, and how many more.
fn named(these: &[String]) -> String {
    let shown: Vec<&str> = these.iter().take(MOST_NAMED).map(String::as_str).collect();
    match these.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
