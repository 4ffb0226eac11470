//! Rules about the authoritative servers, asked one by one.

mod raise;
#[cfg(test)]
mod tests;

use crate::caa::CaaReading;
use crate::rules::caa::BR_CAA;
use crate::rules::{Rule, RuleInfo, Severity};

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
                on chance. A CA that should be refused gets through where one server still has the old set. \
                Aliases that rotate or follow the place of whoever asks are usual: where nothing but they differ, \
                the severity is info if all lead to the same policy, and low if it is open where they lead.",
            advice: "Bring all servers of the zone to the same version: compare the SOA serials, repair zone \
                transfers to the secondaries, and where several DNS providers serve the zone, publish the same \
                CAA records at each.",
            references: &["TLS BR 3.2.2.9", "RFC 8659 section 3", "RFC 1034 section 4.3.5"],
        },
        raise: raise::disagreement,
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
            references: &["RFC 3597 section 3", "RFC 8659 section 6.2", BR_CAA],
        },
        raise: raise::no_caa,
    },
    Rule {
        info: RuleInfo {
            id: "CAA052",
            title: "A nameserver does not serve the zone (lame delegation)",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "The zone or its delegation names a server that does not speak for the zone: it refuses \
                or fails, refers elsewhere, or answers without authority. Resolvers lose time and may give up, \
                and to a CA a look-up that fails is no permission. Where every server of every zone looks so, \
                the network that the check ran in may answer in their place (port 53 intercepted).",
            advice: "Set the zone up on that server, or take the server from the NS records, in the zone and at \
                the registrar.",
            references: &["RFC 1912 section 2.8", "RFC 9499 section 7", BR_CAA],
        },
        raise: raise::lame,
    },
    Rule {
        info: RuleInfo {
            id: "CAA053",
            title: "A nameserver does not answer over TCP",
            severity: Severity::Medium,
            needs: NEEDS,
            explanation: "DNS servers have to answer over TCP as well as over UDP. Answers that do not fit a \
                datagram, DNSSEC signatures among them, are had over TCP only, and a resolver may ask over TCP \
                from the start, against forged answers. Where the server cuts its CAA answer off over UDP the \
                look-up fails altogether; then the severity is high (medium, where no server at all, that of the \
                parent zone included, is heard over TCP, so that something near this machine may block it).",
            advice: "Open TCP port 53 to the server, in every firewall before it.",
            references: &["RFC 7766 section 5", "RFC 9210 section 3"],
        },
        raise: raise::no_tcp,
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
        raise: raise::unreachable,
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
        raise: raise::delegation,
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
        raise: raise::serials,
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
        raise: raise::undetermined,
    },
    Rule {
        info: RuleInfo {
            id: "CAA058",
            title: "Not every nameserver was asked",
            severity: Severity::Info,
            needs: NEEDS,
            explanation: "Some addresses have no route from this machine (IPv6, as a rule), or there are more \
                names, zones, servers or addresses than one look-up asks. Where no server at all answers over TCP, \
                that of the parent zone included, something near this machine may block TCP to port 53, and that is not held against the servers. \
                What those say is not known, and says nothing against them.",
            advice: "Run the check from a machine with IPv4 and IPv6, and with a free way to port 53 over UDP and \
                TCP.",
            references: &["TLS BR 3.2.2.9"],
        },
        raise: raise::not_asked,
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
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: raise::stale_resolver,
    },
];
