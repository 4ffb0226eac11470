//! Rules about what pins do for a host, now and soon.

use std::collections::BTreeMap;

use serde_json::json;

use super::backup::all_of_one_owner;
use super::subjects::{Group, each, each_refusing, listed, pins, shipped_groups};
use crate::pins::{
    Backup, EnforcementMode, Outcome, PinMatch, PinVerdict, PinsVerdict, PositionRule, SourceState,
    SourceVerdict,
};
use crate::rules::{Raised, Rule, RuleInfo, Severity};
use crate::x509::ChainPosition;

const OWASP: &str = "OWASP Cheat Sheet Series, Pinning Cheat Sheet";
const ANDROID: &str = "Android developer guide, “Network security configuration”";
const APPLE: &str = "Apple developer documentation, “NSPinnedDomains”";
const RFC_7469: &str = "RFC 7469 sections 2.5 and 4.3 (backup pins)";

/// Enforced pins of which none matches the path.
pub(super) static NO_MATCH: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN001",
        title: "No pin matches the chain: pinned clients are locked out",
        severity: Severity::Critical,
        needs: "a pin file, a host, and the host's chain",
        explanation: "The pins are enforced for this host, and no certificate of the path that clients build has a \
            pinned key where the pin is compared. Clients with these pins refuse every connection now. Where a \
            format has a list for the leaf and one for CAs, each list that is present must match. The same holds where \
            a key of the path is one that the file forbids, whatever else matches, and also where it has no pins beside.",
        advice: "Serve a chain with a pinned key if you still hold one; otherwise ship an update with the pins of \
            the present chain and a backup key. Until then, clients with this file cannot connect.",
        references: &[ANDROID, APPLE, OWASP],
    },
    raise: |verdict| {
        each_refusing(verdict, |group| {
            if group.first.outcome != Outcome::LockedOut || !group.first.is_compared() {
                return None;
            }
            let count = group.first.pins.len();
            let forbidden = group.first.forbidden.iter().find(|pin| pin.matches.matches());
            let message = if let Some(bad) = forbidden {
                format!("The chain has a key that is forbidden: {}.", bad.pin)
            } else if group.first.has_match() {
                "One of the two lists of pins matches the chain, the other does not; both must.".to_owned()
            } else {
                let none = if count == 1 {
                    "The one pin does not match".to_owned()
                } else {
                    format!("None of the {} matches", pins(count))
                };
                format!("{none} a certificate of the chain where it is compared.")
            };
            Some(group.raise(message, group.compared()))
        })
    },
};

/// Enforced pins without one to fall back on.
pub(super) static NO_BACKUP: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN004",
        title: "There is no backup pin",
        severity: Severity::High,
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
            if entry.backup != Backup::Absent || !entry.enforced.is_known_to_act() {
                return None;
            }
            let lists = entry.lists();
            let weak = lists.iter().find(|list| Backup::among(list) == Backup::Absent)?;
            let usable = weak.iter().filter(|pin| pin.can_stand_in()).count();
            let message = if usable == 0 {
                "No pinned key is one that could be used today"
            } else if usable == 1 || !entry.is_compared() {
                "Only one pinned key is one that could be used today"
            } else {
                "Every usable pin is the key of a certificate that is in the chain now"
            };
            // Where several lists must match, one without a backup is enough to lock clients out.
            let which = match weak.first().map(|pin| pin.pin.position) {
                Some(PositionRule::Leaf) if lists.len() > 1 => {
                    ", in the list for the leaf; each list must match"
                }
                Some(PositionRule::Ca) if lists.len() > 1 => ", in the list of CAs; each list must match",
                _ => "",
            };
            // That they fail together belongs to it: there is no backup of which a finding of its own could be.
            let owner = all_of_one_owner(group).map(|all| format!(" {all}.")).unwrap_or_default();
            Some(group.raise(format!("{message}{which}.{owner}"), weak.iter().copied()))
        })
    },
};

/// Keys of the path in the list of the wrong position.
pub(super) static WRONG_PLACE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN013",
        title: "A pin stands in the list of the wrong position",
        severity: Severity::High,
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
            Some(group.raise(message, misplaced.iter().map(|(pin, _)| *pin)))
        })
    },
};

/// A host no source is about.
pub(super) static NOT_COVERED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN014",
        title: "No given pin file is about the host",
        severity: Severity::Info,
        needs: "pin files that could all be read, and a host",
        explanation: "Every pin file that was given could be read, and none has pins for this host. Clients that use \
            only these files accept any chain for it that their trust store accepts.",
        advice: "Nothing, if the host is not meant to be pinned. Otherwise add it, or a name above it that includes \
            its subdomains.",
        references: &[ANDROID, APPLE],
    },
    raise: |verdict| {
        let Some(host) = &verdict.host else { return Vec::new() };
        let is_read = |source: &&SourceVerdict| {
            source.state == SourceState::Read
                && !source.problems.iter().any(|problem| problem.leaves_open(Some(host)))
        };
        let all_read = verdict.sources.iter().all(|source| is_read(&source));
        // An entry without pins is about the host as well: it takes pins away from it.
        let covered = verdict.sources.iter().flat_map(|source| &source.entries).any(|entry| entry.applies);
        let is_record = |source: &SourceVerdict| source.format == Some(super::tlsa::FORMAT);
        if verdict.sources.iter().all(is_record) || !all_read || covered {
            return Vec::new();
        }
        let given = verdict.sources.iter().filter(|source| !source.is_looked_up());
        let files: Vec<&str> = given.map(|source| source.file.as_str()).collect();
        // That the DNS has no TLSA records says nothing of files.
        if files.is_empty() {
            return Vec::new();
        }
        let message = match verdict.sources.iter().find_map(|source| source.statement.as_deref()) {
            Some(statement) => format!("No entry of the given files is about {host}: {statement}."),
            None => format!("No entry of the given files is about {host}."),
        };
        vec![Raised::new(host, message, json!({"files": files}))]
    },
};

/// Pins that hold only as long as the leaf's key.
pub(super) static LEAF_ONLY: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN015",
        title: "Only the leaf's own key is pinned",
        severity: Severity::Medium,
        needs: "a pin file, a host, and the host's chain",
        explanation: "The only pin that matches is the key of the server's own certificate. Most ACME clients, CDNs \
            and managed services make a new key at every renewal; unless the key is kept, the next renewal locks \
            pinned clients out. Where another key is pinned to fall back on, the finding is low, and told once for all \
            files of a host.",
        advice: "Make sure that renewals keep the key or use the pinned backup key, and test a renewal before it is \
            due.",
        references: &[OWASP],
    },
    raise: |verdict| {
        let message = "The next certificate with another key ends the match.";
        let matching = |group: &Group<'_>| {
            let pins = group.first.pins.iter().filter(|pin| pin.matches.matches());
            group.raise(message, pins)
        };
        let holds_so = |group: &&Group<'_>| {
            let entry = group.first;
            // A pin that could not be read may be the CA's.
            entry.unread == 0 && entry.enforced == EnforcementMode::Yes && entry.matches_leaf_only()
        };
        let groups = shipped_groups(verdict);
        let (kept, bare): (Vec<&Group<'_>>, Vec<&Group<'_>>) =
            groups.iter().filter(holds_so).partition(|group| group.first.backup == Backup::Present);
        let mut by_host: BTreeMap<String, Vec<&Group<'_>>> = BTreeMap::new();
        for group in kept {
            by_host.entry(verdict.host.clone().unwrap_or_else(|| group.hosts())).or_default().push(group);
        }
        let once = by_host.into_values().filter_map(|groups| {
            let (first, others) = groups.split_first()?;
            let mut files: Vec<String> = others.iter().map(|group| group.source.file.clone()).collect();
            files.dedup();
            let mut raised = matching(first).at(Severity::Low);
            if !files.is_empty() {
                raised.message = format!("{message} The same holds for {}.", listed(&files));
            }
            Some(raised)
        });
        once.chain(bare.into_iter().map(matching)).collect()
    },
};
