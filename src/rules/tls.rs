//! Rules about what a server or a file shows, before anything else can be said.

use serde_json::json;

use super::finding::Location;
use super::fingerprint::digest;
use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::judge::TargetVerdicts;
use crate::x509::path::{Life, NameMatch, Trust};

const PATH: &str = "RFC 5280 section 6";
const NAMES: &str = "RFC 9525 section 6.3";

/// Every rule about what was seen.
static RULES: &[Rule<TargetVerdicts>] = &[
    Rule {
        info: RuleInfo {
            id: "TLS001",
            title: "No certificate could be obtained from the server",
            severity: Severity::Medium,
            needs: "a server as target",
            explanation: "Nothing that depends on the certificate could be determined. That is neither good nor bad news about the \
                          certificate: an outage, a firewall and an attack look the same from here.",
            advice: "Look at what failed. Try another network, --connect with a known address, or --starttls for mail servers.",
            references: &["RFC 8446 section 4.4.2"],
        },
        raise: nothing_seen,
    },
    Rule {
        info: RuleInfo {
            id: "TLS002",
            title: "The chain leads to no trusted root",
            severity: Severity::High,
            needs: "the served chain and the trust anchors",
            explanation: "Clients that know only the public roots refuse this server. Often an intermediate certificate is missing from \
                          what the server sends; some browsers fetch it and so hide the fault, apps do not.",
            advice: "Have the server send every certificate between its own and the root. For a private CA, give its root with --roots.",
            references: &[PATH],
        },
        raise: untrusted,
    },
    Rule {
        info: RuleInfo {
            id: "TLS003",
            title: "The certificate is for another name",
            severity: Severity::High,
            needs: "the certificate and the host that was asked for",
            explanation: "None of the certificate's subject alternative names is the host that was asked for. Clients refuse.",
            advice: "Check which certificate the server selects for this name (SNI), and have the name added at the next issuance.",
            references: &[NAMES],
        },
        raise: other_name,
    },
    Rule {
        info: RuleInfo {
            id: "TLS004",
            title: "The certificate is not within its life",
            severity: Severity::High,
            needs: "the certificate",
            explanation: "At the time of judging the certificate has expired, or its life has not begun. Clients refuse. An expired pin \
                          does not help either: pins are checked in addition to the dates, never instead of them.",
            advice: "Renew it. To judge an old certificate as of its own life, name a time with --at.",
            references: &["RFC 5280 section 4.1.2.5"],
        },
        raise: not_current,
    },
    Rule {
        info: RuleInfo {
            id: "TLS005",
            title: "Addresses of the same server show different certificates",
            severity: Severity::Medium,
            needs: "handshakes at more than one address",
            explanation: "What clients see depends on the address they happen to reach. Pins and expectations that fit one certificate may \
                          not fit the other; during a roll-out this is normal and passes.",
            advice: "Bring the servers in line, or check each address by itself with --connect.",
            references: &["RFC 8305"],
        },
        raise: differing,
    },
    Rule {
        info: RuleInfo {
            id: "TLS006",
            title: "An address of the server showed no certificate",
            severity: Severity::Low,
            needs: "handshakes at more than one address",
            explanation: "Another address did, and the verdicts rest on that one. Clients that reach this address see a failure, or \
                          something that was not looked at here.",
            advice: "Look at what failed; where IPv6 is published but not served, remove its AAAA record. If this machine has no IPv6, \
                     this says nothing about the server.",
            references: &["RFC 8305"],
        },
        raise: partly_seen,
    },
    Rule {
        info: RuleInfo {
            id: "TLS007",
            title: "The file holds no certificate that can be read",
            severity: Severity::Medium,
            needs: "a file as target",
            explanation: "Neither a DER nor a PEM certificate could be read from the file, so nothing could be judged.",
            advice: "Check the path and the format: `openssl x509 -in FILE -text` should show it.",
            references: &["RFC 7468 section 5", "RFC 5280 section 4.1"],
        },
        raise: unreadable_file,
    },
    Rule {
        info: RuleInfo {
            id: "TLS008",
            title: "The handshake was broken off after the certificate was shown",
            severity: Severity::Medium,
            needs: "a handshake that did not end",
            explanation: "The server showed its certificates and then ended the handshake, as one does that asks for a client certificate. \
                          What it showed was judged; that it holds the certificate's key was not proven.",
            advice: "If the server asks for client certificates, this is expected.",
            references: &["RFC 8446 section 4.4.3"],
        },
        raise: broken_off,
    },
    Rule {
        info: RuleInfo {
            id: "TLS009",
            title: "The file holds further certificates that were not judged",
            severity: Severity::Medium,
            needs: "a file as target",
            explanation: "Only the first certificate of the file that is no CA's was judged, with the CA certificates as its chain. The \
                          others may come from anyone.",
            advice: "Put each certificate into a file of its own, with its chain, and name them all as targets.",
            references: &["RFC 8446 section 4.4.2"],
        },
        raise: further_leaves,
    },
];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a verdict, by rule.
pub fn findings(verdict: &TargetVerdicts) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(verdict)).collect()
}

fn nothing_seen(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let observed = &verdicts.observed;
    if observed.is_file || !verdicts.chain.is_empty() || verdicts.is_of_history_alone() {
        return Vec::new();
    }
    let message = match &observed.not_tried {
        Some(why) => format!("The server was not asked: {why}."),
        None if observed.failures.is_empty() => "No address of the server is known.".to_owned(),
        None => observed.failures.join(" "),
    };
    let raised = Raised::new(verdicts.target.clone(), message, json!({"failures": observed.failures}));
    let host = verdicts.target.rsplit_once(':').map_or(verdicts.target.as_str(), |(host, _)| host);
    let like_a_file = [".pem", ".der", ".crt", ".cer", ".json"].iter().any(|ending| host.ends_with(ending));
    vec![if observed.not_tried.is_some() {
        raised.advising("Leave out --offline, or give a certificate file.")
    } else if like_a_file {
        raised.advising("There is no file of this name here, so it was taken for a host: check the path.")
    } else {
        raised
    }]
}

fn unreadable_file(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let observed = &verdicts.observed;
    if !observed.is_file || !verdicts.chain.is_empty() {
        return Vec::new();
    }
    let listed = observed.names_nothing.as_ref();
    let place =
        listed.and_then(|place| Some(Location { file: place.file()?.to_owned(), line: Some(place.line) }));
    let raised = Raised::new(
        verdicts.target.clone(),
        observed.failures.join(" "),
        json!({"failures": observed.failures}),
    );
    vec![raised.standing_at(place)]
}

fn untrusted(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let Some(chain) = &verdicts.trust else { return Vec::new() };
    let Trust::Untrusted { reason } = &chain.trust else { return Vec::new() };
    vec![Raised::new(
        verdicts.target.clone(),
        format!("None of the {} certificates leads to {}: {reason}.", verdicts.chain.len(), chain.anchors),
        json!({"reason": reason, "certificates": verdicts.chain.len(), "anchors": chain.anchors}),
    )]
}

fn other_name(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let (Some(chain), Some(leaf)) = (&verdicts.trust, verdicts.chain.first()) else { return Vec::new() };
    if chain.name != NameMatch::Differs {
        return Vec::new();
    }
    let names: Vec<String> = leaf.names.dns.iter().map(ToString::to_string).collect();
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let message = match names.len() {
        0 => "The certificate has no DNS name.".to_owned(),
        count if count > shown.len() => {
            format!("It is for {} and {} more.", shown.join(", "), count - shown.len())
        }
        _ => format!("It is for {}.", shown.join(", ")),
    };
    vec![Raised::new(verdicts.target.clone(), message, json!({"dns_names": names}))]
}

fn not_current(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let (Some(chain), Some(leaf)) = (&verdicts.trust, verdicts.chain.first()) else { return Vec::new() };
    let message = match chain.life {
        Life::Current => return Vec::new(),
        Life::Expired => format!("It expired on {}.", leaf.not_after),
        Life::NotYet => format!("Its life begins on {}.", leaf.not_before),
    };
    let evidence =
        json!({"not_before": leaf.not_before.to_string(), "not_after": leaf.not_after.to_string()});
    vec![Raised::new(verdicts.target.clone(), message, evidence)]
}

fn differing(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let Some(leaf) = verdicts.chain.first() else { return Vec::new() };
    verdicts
        .observed
        .differing
        .iter()
        .map(|other| {
            Raised::new(
                other.address.clone(),
                format!(
                    "{} shows another certificate, issued by {}; it was not judged.",
                    other.address, other.issuer
                ),
                json!({"judged": leaf.sha256, "other": other.sha256}),
            )
        })
        .collect()
}

fn partly_seen(verdicts: &TargetVerdicts) -> Vec<Raised> {
    if verdicts.chain.is_empty() || verdicts.observed.failures.is_empty() {
        return Vec::new();
    }
    let failures = &verdicts.observed.failures;
    // What an address that was not seen shows is not known: another one that fails is another finding.
    let raised = Raised::new(verdicts.target.clone(), failures.join(" "), json!({"failures": failures}));
    vec![raised.known_by("unseen", digest(&verdicts.observed.unseen))]
}

fn further_leaves(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let further = &verdicts.observed.further_leaves;
    let Some(first) = further.first() else { return Vec::new() };
    let hashes: Vec<String> = further.iter().map(|leaf| leaf.sha256.to_string()).collect();
    let message = format!(
        "{} more certificates that are no CA's follow, the first for {}.",
        further.len(),
        first.subject
    );
    let shown: Vec<&String> = hashes.iter().take(100).collect();
    let raised = Raised::new(verdicts.target.clone(), message, json!({"sha256": shown}));
    vec![raised.known_by("all", digest(&hashes))]
}

fn broken_off(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let Some(handshake) = &verdicts.observed.handshake else { return Vec::new() };
    let Some(why) = &handshake.broken_off else { return Vec::new() };
    vec![Raised::new(
        handshake.address.clone(),
        format!("After the certificate: {why}."),
        json!({"error": why}),
    )]
}
