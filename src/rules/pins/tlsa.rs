//! Rules about TLSA records (DANE).

use serde_json::json;

use crate::evidence::dns::DnssecState;
use crate::pins::{
    Diagnosis, EnforcementMode, EntryVerdict, HostPattern, PinMatch, PinValue, PinVerdict, PinsVerdict,
    PositionRule, ProblemKind, SourceVerdict,
};
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};
use crate::x509::ChainPosition;

const RFC_6698: &str = "RFC 6698 sections 2.1 and 4 (the record; only with DNSSEC)";
const RFC_7671: &str = "RFC 7671 sections 5 and 8 (certificate usages; changing keys)";
const RFC_7672: &str = "RFC 7672 sections 2 and 3.1 (DANE for SMTP)";

/// The id of the format that these rules are about.
pub(super) const FORMAT: &str = "tlsa";

/// The port of mail between servers.
const SMTP: u16 = 25;

/// Records without DNSSEC.
pub(super) static NO_DNSSEC: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN045",
        title: "TLSA records are not secured by DNSSEC",
        severity: Severity::Medium,
        needs: "TLSA records looked up in the DNS, with DNSSEC validated",
        explanation: "Clients use TLSA records only where DNSSEC proves them genuine. In a zone that is not signed \
            they do nothing; where signatures fail, be it those of records or of the proof that there are none, mail \
            servers that do DANE put off every delivery, and the finding is high.",
        advice: "Sign the zone and have its DS record published by the parent, or remove the records. Where \
            validation fails, mend the signatures first.",
        references: &[RFC_6698, RFC_7672],
    },
    raise: |verdict| {
        let raised = sources(verdict).flat_map(|source| {
            let problems = source.problems.iter().filter(|problem| problem.kind == ProblemKind::NoDnssec);
            problems.map(|problem| {
                let is_bogus = source.dnssec == Some(DnssecState::Bogus);
                let severity = if is_bogus { Severity::High } else { Severity::Medium };
                let message = format!("{}.", capitalised(&problem.what));
                Raised::new(&source.file, message, json!({"source": source.file})).at(severity)
            })
        });
        raised.collect()
    },
};

/// Records that match nothing.
pub(super) static NO_MATCH: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN046",
        title: "No TLSA record matches the server: DANE clients refuse it",
        severity: Severity::Critical,
        needs: "signed TLSA records looked up in the DNS, and the chain that the service shows",
        explanation: "The records are secured by DNSSEC, and none that clients can use matches what the server shows. \
            Mail servers that do DANE deliver nothing to port 25 of this host; other clients that do DANE refuse it. \
            Browsers do not look at the records: for port 443 the finding is medium.",
        advice: "Publish the record of the present key (3 1 1 is recommended) beside the others, wait until the old \
            answer has left all caches, and only then change keys the next time.",
        references: &[RFC_6698, RFC_7671, RFC_7672],
    },
    raise: |verdict| {
        let raised = services(verdict).into_iter().filter_map(|service| {
            if service.source.dnssec != Some(DnssecState::Secure) {
                return None;
            }
            let is_open = |pin: &PinVerdict| pin.matches == PinMatch::NotChecked || pin.matches.matches();
            let count = service.usable().count();
            if count == 0 || service.usable().any(is_open) {
                return None;
            }
            let refuses = service.entries.iter().any(|entry| entry.enforced == EnforcementMode::Yes);
            let severity = if refuses { Severity::Critical } else { Severity::Medium };
            let message = if count == 1 {
                "The one record that clients can use matches nothing that the server shows.".to_owned()
            } else {
                format!("None of the {count} records that clients can use matches what the server shows.")
            };
            Some(service.raised(message).at(severity))
        });
        raised.collect()
    },
};

/// Records of a CA's intermediate.
pub(super) static ROTATING_CA: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN047",
        title: "A TLSA record names a public CA's intermediate",
        severity: Severity::Medium,
        needs: "TLSA records, and the chain that the service shows",
        explanation: "A record of usage 2 or 0 with the key of a public CA's intermediate matches only as long as \
            that CA issues from it. Public CAs change their intermediates without notice, some at random with each \
            certificate; the next renewal may match nothing.",
        advice: "Use 3 1 1 records of your own key and the next one. If it has to be the CA, publish records of every \
            intermediate it may issue from, and of its root only if the server sends that.",
        references: &[RFC_7671],
    },
    raise: |verdict| {
        let raised = services(verdict).into_iter().filter_map(|service| {
            let rotating = |pin: &&PinVerdict| {
                pin.pin.position == PositionRule::Ca
                    && matches!(pin.diagnosis, Diagnosis::KnownCa(_))
                    && pin.matches != PinMatch::At(ChainPosition::Root)
            };
            let first = service.usable().find(rotating)?;
            let Diagnosis::KnownCa(name) = &first.diagnosis else { return None };
            Some(
                service
                    .raised(format!("A record names the CA {name}, which may be replaced without notice.")),
            )
        });
        raised.collect()
    },
};

/// Usages that mail servers do not use.
pub(super) static NOT_FOR_SMTP: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN048",
        title: "TLSA records of a usage that mail servers do not use",
        severity: Severity::Medium,
        needs: "TLSA records for port 25",
        explanation: "Between mail servers there is no agreed set of CAs, so that usages 0 and 1 mean nothing: mail \
            servers that do DANE treat these records as unusable, and where there are no others, require TLS and do \
            not authenticate the server.",
        advice: "Publish 3 1 1 records (or 2 1 1 of a CA certificate that the server sends) instead.",
        references: &[RFC_7672],
    },
    raise: |verdict| {
        let raised = services(verdict).into_iter().filter_map(|service| {
            let pkix = |pin: &&PinVerdict| pin.pin.tlsa.is_some_and(|numbers| numbers.usage < 2);
            let count = service.records().filter(pkix).count();
            let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
            let message = format!("{records} of usage 0 or 1 for port 25.");
            (service.port == SMTP && count > 0).then(|| service.raised(message))
        });
        raised.collect()
    },
};

/// One key and no next one.
pub(super) static NO_NEXT_KEY: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN049",
        title: "The TLSA records name one key of the server and no next one",
        severity: Severity::Info,
        needs: "TLSA records",
        explanation: "With the record of one key alone, a change of keys takes two steps with a wait of at least one \
            time to live between them: publish the new record, then serve the new key. Whoever forgets the first \
            step locks DANE clients out.",
        advice: "Make the next key in advance and publish its 3 1 1 record beside the present one, or have the \
            renewal keep the key.",
        references: &[RFC_7671],
    },
    raise: |verdict| {
        let raised = services(verdict).into_iter().filter_map(|service| {
            let mut usable = service.usable();
            let only = usable.next()?;
            let alone = usable.next().is_none() && only.pin.position == PositionRule::Leaf;
            alone.then(|| {
                let whole = if is_whole(only) {
                    "whole certificate, which every renewal changes, with the same key too"
                } else {
                    "own key"
                };
                let message = format!("There is one record that clients can use, for the server's {whole}.");
                service.raised(message)
            })
        });
        raised.collect()
    },
};

/// Services whose records are all of the server's whole certificate.
pub(super) fn of_whole_certificates(verdict: &PinsVerdict) -> Vec<Raised> {
    let raised = services(verdict).into_iter().filter_map(|service| {
        let is_of_leaf = |pin: &PinVerdict| is_whole(pin) && pin.pin.position == PositionRule::Leaf;
        if !service.usable().all(is_of_leaf) {
            return None;
        }
        let first = service.usable().next()?;
        let message = format!(
            "Every record that clients can use is of the server's whole certificate, such as “{}”: the next renewal \
             matches none, with the same key too, unless its record is published before.",
            first.pin.written
        );
        Some(service.raised(message).at(Severity::Medium))
    });
    raised.collect()
}

fn is_whole(pin: &PinVerdict) -> bool {
    pin.pin.value.as_ref().is_ok_and(PinValue::is_certificate)
}

/// The records of one service.
struct Service<'v> {
    source: &'v SourceVerdict,
    scope: &'v HostPattern,
    port: u16,
    entries: Vec<&'v EntryVerdict>,
}

impl<'v> Service<'v> {
    fn records(&self) -> impl Iterator<Item = &'v PinVerdict> {
        self.entries.iter().flat_map(|entry| &entry.pins)
    }

    /// Those that clients of this port compare.
    fn usable(&self) -> impl Iterator<Item = &'v PinVerdict> {
        let is_mail = self.port == SMTP;
        self.records().filter(move |pin| {
            pin.pin.value.is_ok() && !(is_mail && pin.pin.tlsa.is_some_and(|numbers| numbers.usage < 2))
        })
    }

    fn raised(&self, message: String) -> Raised {
        let records: Vec<&str> = self.records().take(20).map(|pin| pin.pin.written.as_str()).collect();
        let subject = self.scope.to_string();
        let all = digest(self.records().map(|pin| &pin.pin.written));
        Raised::new(&subject, message, json!({"source": self.source.file, "records": records}))
            .known_by("all records", all)
    }
}

fn sources(verdict: &PinsVerdict) -> impl Iterator<Item = &SourceVerdict> {
    verdict.sources.iter().filter(|source| source.format == Some(FORMAT))
}

fn services(verdict: &PinsVerdict) -> Vec<Service<'_>> {
    let mut services: Vec<Service<'_>> = Vec::new();
    for source in sources(verdict) {
        let mut places = std::collections::HashMap::new();
        for entry in source.entries.iter().filter(|entry| entry.applies) {
            let HostPattern::Service { port, .. } = &entry.scope else { continue };
            let next = services.len();
            match services.get_mut(*places.entry(&entry.scope).or_insert(next)) {
                Some(service) => service.entries.push(entry),
                None => {
                    services.push(Service { source, scope: &entry.scope, port: *port, entries: vec![entry] });
                }
            }
        }
    }
    services
}

fn capitalised(text: &str) -> String {
    let mut symbols = text.chars();
    symbols
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + symbols.as_str())
}

#[cfg(test)]
mod tests;
