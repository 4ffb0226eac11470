//! Rules about what pins do for a host, now and soon.

use jiff::SignedDuration;
use serde_json::json;

use super::subjects::{Group, pinned_groups, pins};
use crate::pins::{
    Backup, EnforcementMode, Outcome, PinMatch, PinVerdict, PinsVerdict, PositionRule, SourceState,
};
use crate::rules::{Raised, Rule, RuleInfo};
use crate::x509::ChainPosition;

const OWASP: &str = "OWASP Cheat Sheet Series, Pinning Cheat Sheet";
const ANDROID: &str = "Android developer guide, “Network security configuration”";
const APPLE: &str = "Apple developer documentation, “NSPinnedDomains”";
const RFC_7469: &str = "RFC 7469 sections 2.5 and 4.3 (backup pins)";

/// How soon an end is soon.
const SOON: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Enforced pins of which none matches the path.
pub(super) static NO_MATCH: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN001",
        title: "No pin matches the chain: pinned clients are locked out",
        severity: crate::rules::Severity::Critical,
        needs: "a pin file, a host, and the host's chain",
        explanation: "The pins are enforced for this host, and no certificate of the path that clients build has a \
            pinned key where the pin is compared. Clients with these pins refuse every connection now. Where a \
            format has a list for the leaf and one for CAs, each list that is present must match.",
        advice: "Serve a chain with a pinned key if you still hold one; otherwise ship an update with the pins of \
            the present chain and a backup key. Until then, clients with this file cannot connect.",
        references: &[ANDROID, APPLE, OWASP],
    },
    raise: |verdict| {
        each(verdict, |group| {
            if group.first.outcome != Outcome::LockedOut || !group.first.is_compared() {
                return None;
            }
            let count = group.first.pins.len();
            let message = if group.first.has_match() {
                "One of the two lists of pins matches the chain, the other does not; both must.".to_owned()
            } else {
                format!(
                    "None of the {} matches a certificate of the chain where it is compared.",
                    pins(count)
                )
            };
            Some(Raised::new(group.subject(), message, group.evidence(&group.first.pins)))
        })
    },
};

/// Pins past their end.
pub(super) static EXPIRED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN002",
        title: "The pins have expired and are no longer enforced",
        severity: crate::rules::Severity::High,
        needs: "a pin file whose format has an expiry date",
        explanation: "After the date in the file, Android accepts any chain that its trust store accepts, without a \
            word in the log: the app looks pinned and is not. The pins end at the start of that day in the \
            device's own time zone; they are judged here in UTC, so that devices may differ by up to 14 hours.",
        advice: "Remove the pins if they are not needed, or ship new ones with a later date.",
        references: &[
            ANDROID,
            "frameworks/base: android.security.net.config.NetworkSecurityTrustManager.checkPins",
        ],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let expires = group.first.expires.filter(|_| group.first.expired)?;
            let message = format!(
                "{} ended on {}; clients connect to {} without them.",
                pins(group.first.pins.len()),
                expires.strftime("%Y-%m-%d"),
                group.hosts()
            );
            Some(Raised::new(
                group.subject(),
                message,
                json!({"expires": expires.to_string(), "judged_at": verdict.at.to_string()}),
            ))
        })
    },
};

/// Pins near their end.
pub(super) static EXPIRES_SOON: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN003",
        title: "The pins expire within 60 days",
        severity: crate::rules::Severity::Medium,
        needs: "a pin file whose format has an expiry date",
        explanation: "When the date passes, pinning ends silently for every installed version that has this file. \
            Versions that users do not update stay without pins.",
        advice: "Release a version with a later date, early enough for users to have it before this one ends.",
        references: &[ANDROID],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let expires = group.first.expires.filter(|_| !group.first.expired)?;
            let left = expires.duration_since(verdict.at);
            if left >= SOON || group.first.enforced == EnforcementMode::No {
                return None;
            }
            let days = left.as_hours() / 24;
            let message = format!("The pins end on {}, in {days} days.", expires.strftime("%Y-%m-%d"));
            Some(Raised::new(
                group.subject(),
                message,
                json!({"expires": expires.to_string(), "days_left": days}),
            ))
        })
    },
};

/// Enforced pins without one to fall back on.
pub(super) static NO_BACKUP: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN004",
        title: "There is no backup pin",
        severity: crate::rules::Severity::High,
        needs: "a pin file; with two or more pins also the host's chain",
        explanation: "A backup pin is the hash of a key that is not in the present chain and that you can bring into \
            use. Without one, the day a pinned key must go (compromise, a CA that is distrusted or rotates, a lost \
            key) every client is locked out until it is updated. Placeholders and example values are no backup.",
        advice: "Generate a second key, keep it offline, and add its hash to the pins before it is needed.",
        references: &[RFC_7469, ANDROID, OWASP],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let entry = group.first;
            if entry.backup != Backup::Absent || entry.enforced == EnforcementMode::No {
                return None;
            }
            let usable = entry.pins.iter().filter(|pin| !pin.diagnosis.is_dead()).count();
            let message = if usable <= 1 || !entry.is_compared() {
                "Only one usable key is pinned.".to_owned()
            } else {
                "Every usable pin is the key of a certificate that is in the chain now.".to_owned()
            };
            Some(Raised::new(group.subject(), message, group.evidence(&entry.pins)))
        })
    },
};

/// Keys of the path in the list of the wrong position.
pub(super) static WRONG_PLACE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN013",
        title: "A pin stands in the list of the wrong position",
        severity: crate::rules::Severity::High,
        needs: "a pin file, a host, and the host's chain",
        explanation: "The key is in the chain, but not where this pin is compared: iOS compares \
            NSPinnedCAIdentities with CA certificates only and NSPinnedLeafIdentities with the leaf only, and curl \
            compares with the leaf only. The pin never matches as it stands.",
        advice: "Move the pin to the list of its position, or pin the key that stands there.",
        references: &[APPLE, "curl manual page, --pinnedpubkey"],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let misplaced: Vec<(&PinVerdict, ChainPosition)> = group
                .first
                .pins
                .iter()
                .filter_map(|pin| match pin.matches {
                    PinMatch::WrongPlace(position) => Some((pin, position)),
                    _ => None,
                })
                .collect();
            let (pin, position) = misplaced.first()?;
            let place = match position {
                ChainPosition::Leaf => "leaf",
                ChainPosition::Intermediate => "intermediate",
                ChainPosition::Root => "root",
            };
            let list = if pin.pin.position == PositionRule::Ca { "CA certificates" } else { "the leaf" };
            let message = format!("{} is the key of the {place}, but is compared with {list} only.", pin.pin);
            Some(Raised::new(group.subject(), message, group.evidence(misplaced.iter().map(|(pin, _)| *pin))))
        })
    },
};

/// A host no source is about.
pub(super) static NOT_COVERED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN014",
        title: "No given pin file is about the host",
        severity: crate::rules::Severity::Info,
        needs: "pin files that could all be read, and a host",
        explanation: "Every pin file that was given could be read, and none has pins for this host. Clients that use \
            only these files accept any chain for it that their trust store accepts.",
        advice: "Nothing, if the host is not meant to be pinned. Otherwise add it, or a name above it that includes \
            its subdomains.",
        references: &[ANDROID, APPLE],
    },
    raise: |verdict| {
        let Some(host) = &verdict.host else { return Vec::new() };
        let all_read = verdict.sources.iter().all(|source| source.state == SourceState::Read);
        let covered = verdict
            .sources
            .iter()
            .flat_map(|source| &source.entries)
            .any(|entry| entry.applies && !entry.pins.is_empty());
        if verdict.sources.is_empty() || !all_read || covered {
            return Vec::new();
        }
        let files: Vec<&str> = verdict.sources.iter().map(|source| source.file.as_str()).collect();
        vec![Raised::new(host, format!("{}.", capitalised(&verdict.reason)), json!({"files": files}))]
    },
};

/// Pins that hold only as long as the leaf's key.
pub(super) static LEAF_ONLY: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN015",
        title: "Only the leaf's own key is pinned",
        severity: crate::rules::Severity::Medium,
        needs: "a pin file, a host, and the host's chain",
        explanation: "The only pin that matches is the key of the server's own certificate. Most ACME clients, CDNs \
            and managed services make a new key at every renewal; unless the key is kept, the next renewal locks \
            pinned clients out.",
        advice: "Make sure that renewals keep the key or use the pinned backup key, and test a renewal before it is \
            due.",
        references: &[OWASP],
    },
    raise: |verdict| {
        each(verdict, |group| {
            if group.first.enforced != EnforcementMode::Yes || !group.first.matches_leaf_only() {
                return None;
            }
            let matching = group.first.pins.iter().filter(|pin| pin.matches.matches());
            let message = "The next certificate with another key ends the match.".to_owned();
            Some(Raised::new(group.subject(), message, group.evidence(matching)))
        })
    },
};

fn each(verdict: &PinsVerdict, raise: impl Fn(&Group<'_>) -> Option<Raised>) -> Vec<Raised> {
    // Records in the DNS are changed within hours: they have rules of their own.
    let groups = pinned_groups(verdict);
    let shipped = groups.iter().filter(|group| group.source.format != Some(super::tlsa::FORMAT));
    shipped.filter_map(raise).collect()
}

fn capitalised(text: &str) -> String {
    let mut symbols = text.chars();
    symbols
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + symbols.as_str())
}
