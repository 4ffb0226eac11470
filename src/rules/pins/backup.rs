//! Rules about keys to fall back on, and keys that will go.

use std::collections::BTreeSet;

use serde_json::json;

use super::rotation;
use super::subjects::{Group, called, each, listed, public_ca};
use crate::pins::{Backup, PinVerdict, PinsVerdict};
use crate::rules::{Rule, RuleInfo, Severity};

const OWASP: &str = "OWASP Cheat Sheet Series, Pinning Cheat Sheet";
const RFC_7469: &str = "RFC 7469 sections 2.5 and 4.3 (backup pins)";
const CCADB: &str = "CCADB, certificates of the CAs in the root programmes";

/// Every pin is of one CA.
pub(super) static SAME_CA: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN018",
        title: "The backup pin is of the same CA",
        severity: Severity::Medium,
        needs: "a pin file with two or more pins of CAs that the tables know",
        explanation: "Every pinned key belongs to one CA owner. If browsers distrust that CA, if it stops issuing or \
            refuses you, no other certificate matches the pins: what is meant as a backup fails together with what \
            it stands in for. Where there is no backup at all, PIN004 says so, and of whom the pinned keys are.",
        advice: "Pin a key of a second CA that you could use at once, or better a key of your own that is held \
            offline: any CA can certify it.",
        references: &[OWASP, RFC_7469, CCADB],
    },
    raise: |verdict| {
        each(verdict, |group| {
            // Where there is no backup, PIN004 says of whom the pinned keys are.
            if group.first.backup == Backup::Absent || !group.first.enforced.is_known_to_act() {
                return None;
            }
            let message = all_of_one_owner(group)?;
            Some(group.raise(format!("{message}."), group.usable()))
        })
    },
};

/// That all of two or more usable keys belong to one CA owner, if they do.
pub(super) fn all_of_one_owner(group: &Group<'_>) -> Option<String> {
    let usable = group.usable();
    let keys: BTreeSet<_> = usable.iter().filter_map(|pin| pin.pin.spki()).collect();
    if keys.len() < 2 || group.first.unread > 0 {
        return None;
    }
    let owners: Option<BTreeSet<&str>> =
        usable.iter().map(|pin| public_ca(pin).and_then(|ca| ca.owner)).collect();
    let owners = owners.filter(|owners| owners.len() == 1)?;
    Some(format!("All {} pinned keys belong to {}", keys.len(), owners.first()?))
}

/// Keys of CAs under which nothing is issued any more.
pub(super) static ENDED_CA: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN019",
        title: "A pin names a CA that has ended",
        severity: Severity::Medium,
        needs: "a pin file, and pins of CAs that the tables know",
        explanation: "The key is that of a CA whose certificates have expired, that issues no more, or that browsers \
            distrust. No new certificate will match it: it is no backup. Where nothing else is left to fall back \
            on, the finding is high.",
        advice: "Replace it with a key that you could use today.",
        references: &[CCADB, "letsencrypt.org: “Chains of Trust”"],
    },
    raise: |verdict| {
        let today = verdict.at.strftime("%Y-%m-%d").to_string();
        each(verdict, |group| {
            let usable = group.usable();
            let ended: Vec<(&PinVerdict, String)> = usable
                .iter()
                .filter(|pin| !pin.matches.matches())
                .filter_map(|pin| {
                    let ca = public_ca(pin)?;
                    let why = rotation::ended(&ca, &today)?;
                    Some((*pin, format!("{}: {why}", called(&ca))))
                })
                .collect();
            if ended.is_empty() || !group.first.enforced.is_known_to_act() {
                return None;
            }
            let names: Vec<String> = ended.iter().map(|(_, name)| name.clone()).collect();
            // Those that ended are among those that match nothing now.
            let spare = usable.iter().filter(|pin| !pin.matches.matches()).count();
            let left = spare > ended.len() || group.first.unread > 0;
            let raised = group.raise(format!("{}.", listed(&names)), ended.iter().map(|(pin, _)| *pin));
            Some(if left { raised } else { raised.at(Severity::High) })
        })
    },
};

/// Intermediates that their CA changes.
pub(super) static ROTATING: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN020",
        title: "A pinned intermediate is one that its CA changes",
        severity: Severity::Medium,
        needs: "a pin file, and pins of CAs that the tables know",
        explanation: "Let's Encrypt, Amazon and Google change their intermediates as a matter of course, so that a \
            renewal may come from another one. With one of two intermediates pinned that are chosen at random, a \
            renewal matches in one case of two, ten renewals in one of a thousand. Where nothing else that is \
            pinned would match, the finding is high; where a pinned root or key of your own matches as well, it is \
            low.",
        advice: "Pin keys of your own that renewals keep, or the roots of every CA that you may use; not \
            intermediates of these CAs.",
        references: &[
            "letsencrypt.org: “Chains of Trust”; posts of 2024-03-19 and 2025-11-24 (random intermediates)",
            "AWS Certificate Manager user guide, “Certificate pinning”",
            "Google Trust Services, FAQ (pki.goog/faq)",
        ],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let usable = group.usable();
            let (rotating, others): (Vec<_>, Vec<_>) = usable
                .into_iter()
                .map(|pin| (pin, public_ca(pin).and_then(|ca| Some((rotation::of(&ca)?, called(&ca))))))
                .partition(|(_, found)| found.is_some());
            if rotating.is_empty() || !group.first.enforced.is_known_to_act() {
                return None;
            }
            let names: Vec<String> = rotating
                .iter()
                .filter_map(|(_, found)| found.as_ref())
                .map(|(_, name)| name.clone())
                .collect();
            let severity = if others.is_empty() && group.first.unread == 0 {
                Severity::High
            } else if others.iter().any(|(pin, _)| pin.matches.matches()) {
                Severity::Low
            } else {
                Severity::Medium
            };
            let mut facts: Vec<&rotation::Rotation> = Vec::new();
            for (rotation, _) in rotating.iter().filter_map(|(_, found)| found.as_ref()) {
                if !facts.iter().any(|known| std::ptr::eq(*known, *rotation)) {
                    facts.push(rotation);
                }
            }
            let what: Vec<&str> = facts.iter().map(|fact| fact.what).collect();
            let sources: Vec<&str> = facts.iter().map(|fact| fact.source).collect();
            let message = format!("Pinned: {}. {}.", listed(&names), what.join(". "));
            let mut raised = group.raise(message, rotating.iter().map(|(pin, _)| *pin)).at(severity);
            let mut facts = raised.evidence.to_json();
            if let Some(facts) = facts.as_object_mut() {
                facts.insert("sources".to_owned(), json!(sources));
            }
            raised.evidence = facts.into();
            Some(raised)
        })
    },
};
