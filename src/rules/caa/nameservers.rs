//! Rules about the authoritative servers, asked one by one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::caa::nameservers::{
    Agreement, Consequence, Endpoint, EndpointAnswer, Fault, NameReading, Said, ZoneReading, places,
};
use crate::caa::{CaaReading, Policy};
use crate::evidence::dns::NotAsked;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The most servers that a message names.
const MOST_NAMED: usize = 6;

const NEEDS: &str = "the answers of every nameserver, asked for with --all-nameservers";

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA050",
            title: "The nameservers disagree about CAA",
            severity: Severity::High,
            needs: NEEDS,
            explanation: "Authoritative servers of one zone give different answers to the same CAA question. \
                CAs look from several places on the network: beside the primary one, remote perspectives have \
                to find issuance permitted too; of 2 to 5 of them one may dissent, of 6 or more two. Each \
                resolver chooses a server by itself, so whether a certificate is issued, and by whom, depends \
                on chance. A CA that should be refused gets through where one server still has the old set.",
            advice: "Bring all servers of the zone to the same version: compare the SOA serials, repair zone \
                transfers to the secondaries, and where several DNS providers serve the zone, publish the same \
                CAA records at each.",
            references: &["TLS BR 3.2.2.9", "RFC 8659 section 3", "RFC 1034 section 4.3.5"],
        },
        raise: disagreement,
    },
    Rule {
        info: RuleInfo {
            id: "CAA051",
            title: "A nameserver does not answer CAA questions",
            severity: Severity::High,
            needs: NEEDS,
            explanation: "The server answers for its zone, and drops the question for CAA records, or gives an \
                error to it. Firewalls and load balancers that pass only the types they know do that, and old \
                server software. To a CA it is a failed look-up, which is no permission; a CA's resolver may \
                find another server that answers, if there is one (then the severity is medium).",
            advice: "Ask the server yourself (`dig @SERVER NAME CAA +norecurse`); update it, or take the filter \
                on query types from the device before it. Unknown types have to be answered like any others.",
            references: &["RFC 3597 section 3", "RFC 8659 section 6.2", "TLS BR 3.2.2.8"],
        },
        raise: |reading| {
            faults(reading, |fault| match fault {
                Fault::NoCaa { instead, .. } => Some(instead.to_string()),
                _ => None,
            })
            .into_iter()
            .map(|Faulty { zone, at, what }| {
                let nobody = zone.names.iter().any(|name| name.usual.is_none());
                let severity = if nobody { Severity::High } else { Severity::Medium };
                let message = format!(
                    "{} answers for {} and does not answer CAA questions: {what}.",
                    named(&at),
                    zone.zone
                );
                Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "instead": what }))
                    .at(severity)
            })
            .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA052",
            title: "A nameserver does not serve the zone (lame delegation)",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "The zone or its delegation names a server that does not speak for the zone: it refuses \
                or fails, refers elsewhere, or answers without authority. Resolvers lose time and may give up, \
                and to a CA a look-up that fails is no permission.",
            advice: "Set the zone up on that server, or take the server from the NS records, in the zone and at \
                the registrar.",
            references: &["RFC 1912 section 2.8", "RFC 9499 section 7", "TLS BR 3.2.2.8"],
        },
        raise: |reading| {
            faults(reading, |fault| match fault {
                Fault::Lame(said) => Some(said.to_string()),
                _ => None,
            })
            .into_iter()
            .map(|Faulty { zone, at, what }| {
                let message = format!("{} does not speak for {}: {what}.", named(&at), zone.zone);
                Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "instead": what }))
            })
            .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA053",
            title: "A nameserver does not answer over TCP",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "DNS servers have to answer over TCP as well as over UDP. Answers that do not fit a \
                datagram, DNSSEC signatures among them, are had over TCP only, and some CAs ask over TCP from \
                the start, against forged answers. Where the server cuts its CAA answer off over UDP the \
                look-up fails altogether; then the severity is high.",
            advice: "Open TCP port 53 to the server, in every firewall before it.",
            references: &["RFC 7766 section 5", "RFC 9210 section 3"],
        },
        raise: |reading| {
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
                        let message = format!(
                            "Over TCP nothing is heard from {} ({what}), while UDP works{why}.",
                            named(&at)
                        );
                        let severity = if wanted { Severity::High } else { Severity::Medium };
                        Raised::new(zone.zone.as_str(), message, json!({ "servers": at, "needed": wanted }))
                            .at(severity)
                    })
                })
                .collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA054",
            title: "A nameserver cannot be reached",
            severity: Severity::Low,
            needs: NEEDS,
            explanation: "Nothing is heard from a server of the zone, at one of its addresses or over one \
                transport, or its name has no address. Others answer in its place, so look-ups are slower and \
                fail sooner when one more server goes. Where no address of the server answers, the severity \
                is medium. It may be reached from elsewhere: this is what was seen from here.",
            advice: "Start the server, correct its addresses, or take it from the NS records.",
            references: &["RFC 2182 section 3", "RFC 1912 section 2.8"],
        },
        raise: unreachable,
    },
    Rule {
        info: RuleInfo {
            id: "CAA055",
            title: "The delegation names other servers than the zone does",
            severity: Severity::Low,
            needs: NEEDS,
            explanation: "The parent zone delegates to another set of servers, or gives other addresses for \
                them, than the zone itself. Which servers a CA's resolver asks then depends on which of the two \
                it trusts and has in its cache.",
            advice: "Make the NS records (and the glue addresses) at the registrar equal to those in the zone.",
            references: &["RFC 1034 section 4.2.2", "RFC 7477 section 1"],
        },
        raise: |reading| {
            let zones = reading.nameservers.zones.iter().filter(|zone| !zone.delegation.is_none());
            zones.map(delegation_differs).collect()
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA056",
            title: "The nameservers have different versions of the zone",
            severity: Severity::Info,
            needs: NEEDS,
            explanation: "The servers' SOA records have different serials. For a short time after each change \
                that is normal; if it lasts, zone transfers fail, and the CAA records that a CA finds depend on \
                the server it asks. Providers that number each server by itself differ for ever and without \
                harm.",
            advice: "Look again after the zone's refresh time; if it still differs, repair the zone transfers.",
            references: &["RFC 1034 section 4.3.5", "RFC 1982"],
        },
        raise: |reading| reading.nameservers.zones.iter().filter_map(serials).collect(),
    },
    Rule {
        info: RuleInfo {
            id: "CAA057",
            title: "What the nameservers say could not be determined",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "It was asked for with --all-nameservers, and for at least one zone on the way no \
                authoritative server could be found or reached, or none said anything of use. Whether the \
                servers agree stays open.",
            advice: "Look at the other findings about the servers. Where nothing can be sent to port 53 from \
                here, run the check from a machine that can.",
            references: &["TLS BR 3.2.2.9"],
        },
        raise: undetermined,
    },
    Rule {
        info: RuleInfo {
            id: "CAA058",
            title: "Not every nameserver was asked",
            severity: Severity::Info,
            needs: NEEDS,
            explanation: "Some addresses have no route from this machine (IPv6, as a rule), or there are more \
                names, zones, servers or addresses than one look-up asks. What those say is not known, and says \
                nothing against them.",
            advice: "Run the check from a machine with IPv4 and IPv6.",
            references: &["TLS BR 3.2.2.9"],
        },
        raise: |reading| {
            let mut left: Vec<String> = Vec::new();
            for zone in &reading.nameservers.zones {
                let unasked = zone.endpoints.iter().filter(|endpoint| !endpoint.was_asked());
                let addresses: BTreeSet<String> =
                    unasked.map(|endpoint| format!("{} of {}", endpoint.address, endpoint.server)).collect();
                left.extend(addresses.into_iter().map(|address| format!("{address} (no route from here)")));
                if zone.left_out > 0 {
                    left.push(format!("{} further servers or addresses of {}", zone.left_out, zone.zone));
                }
            }
            let names = reading.nameservers.not_asked.iter();
            let others = names.filter(|name| matches!(name.why, NotAsked::NotAHostName | NotAsked::TooMany));
            left.extend(others.map(|name| format!("{} ({})", name.name, name.why)));
            if left.is_empty() {
                return Vec::new();
            }
            let message = format!("Not asked: {}.", named(&left));
            vec![Raised::new(&reading.name, message, json!({ "not_asked": left }))]
        },
    },
    Rule {
        info: RuleInfo {
            id: "CAA059",
            title: "The resolver's answer is not what the nameservers say",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "All authoritative servers agree, and the resolver that was asked says something else: \
                an older answer from its cache, or another view of the zone inside a network. The verdict of \
                this report rests on the resolver's answer; CAs ask the authoritative servers with resolvers of \
                their own.",
            advice: "Ask again when the record's time to live has passed, or through another resolver \
                (--resolver).",
            references: &["RFC 8659 section 3", "TLS BR 3.2.2.8"],
        },
        raise: |reading| {
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
                    let evidence =
                        json!({ "resolver": resolver.to_string(), "nameservers": usual.to_string() });
                    Some(Raised::new(name.name.as_str(), message, evidence))
                })
                .collect()
        },
    },
];

/// Every name in its zone.
fn names(reading: &CaaReading) -> impl Iterator<Item = (&ZoneReading, &NameReading)> {
    reading.nameservers.zones.iter().flat_map(|zone| zone.names.iter().map(move |name| (zone, name)))
}

/// What one endpoint says of a name.
fn said<'a>(endpoint: &'a Endpoint, name: &NameReading) -> Option<&'a EndpointAnswer> {
    endpoint.answers.iter().find(|answer| answer.name == name.name)
}

fn disagreement(reading: &CaaReading) -> Vec<Raised> {
    names(reading)
        .filter(|(_, name)| name.answers > 1)
        .map(|(zone, name)| {
            let answers: BTreeSet<&Said> = zone
                .asked()
                .filter_map(|endpoint| said(endpoint, name))
                .map(|answer| &answer.said)
                .filter(|said| said.is_answer())
                .collect();
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
            Raised::new(name.name.as_str(), message, json!({ "zone": zone.zone, "answers": evidence }))
        })
        .collect()
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
                sentence += &format!("; {} {what} permission", cas.join(", "));
            }
        }
        for verdict in verdicts {
            let word = match verdict.verdict {
                crate::caa::Verdict::Permit => "permitted",
                crate::caa::Verdict::Deny => "denied",
                crate::caa::Verdict::Undetermined => "undetermined",
            };
            sentence += &format!("; {} is {word}", verdict.ca);
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

fn unreachable(reading: &CaaReading) -> Vec<Raised> {
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
    let texts = |names: &[crate::dns_name::DnsName]| -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    };
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
}

fn serials(zone: &ZoneReading) -> Option<Raised> {
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

fn undetermined(reading: &CaaReading) -> Vec<Raised> {
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
