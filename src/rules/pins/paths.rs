//! Rules about the paths that clients could build.

use serde_json::{Value, json};

use super::subjects::{pinned_groups, place};
use crate::pins::{PathMatches, PathsVerdict, PinsVerdict, UNKNOWN_STORES};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// Pins that match on one path and not on another.
pub(super) static PATH_DEPENDENT: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN040",
        title: "Whether the pins match depends on the path that a client builds",
        severity: Severity::High,
        needs: "a pin file, a host, and the host's chain",
        explanation: "From the served certificates and those of known CAs, cross-certificates included, several paths \
            lead to roots, and the pins match on some of them only. Which one a client builds depends on its roots and \
            on what it fetches or has kept: where a root that is cross-signed, or an intermediate, becomes an anchor of \
            its store, the path ends there, and a pin of the root above no longer matches. Where the paths lead to \
            the anchors that the chain is judged with, the outcome is left open; where only those to other roots known \
            here differ, the finding is medium. Of the stores, the roots of Mozilla's alone are compiled in: which of them \
            have a root is said as far as that goes.",
        advice: "Pin the keys of all roots that the paths end at, or a key of your own that renewals keep, with a backup \
            beside it. The intermediate stands on every path as well, but many CAs change theirs.",
        references: &[
            "RFC 4158 (certification path building)",
            "OWASP Cheat Sheet Series, Pinning Cheat Sheet",
        ],
    },
    raise: |verdict| {
        let groups = pinned_groups(verdict);
        let raised = groups.iter().filter_map(|group| {
            let entry = group.first;
            // What could not be read may match on the others.
            if entry.unread > 0
                || !entry.enforced.is_known_to_act()
                || entry.paths.verdict() != PathsVerdict::Some
            {
                return None;
            }
            let (matching, not_matching) = (entry.paths.matching(), entry.paths.not_matching());
            let one = |labels: &[&str]| labels.first().copied().unwrap_or_default().to_owned();
            let message = format!(
                "The pins match over {} of {} paths, for example {}, and not over {}. {}.",
                matching.len(),
                matching.len().saturating_add(not_matching.len()),
                one(&matching),
                one(&not_matching),
                entry.paths.clients().unwrap_or_default(),
            );
            let evidence = json!({
                "file": group.source.file,
                "matching": matching,
                "not_matching": not_matching,
                "ends": ends(&entry.paths),
            });
            // To the anchors that the chain is judged with there may be one answer all the same.
            let sure = entry.paths.among_trusted() == PathsVerdict::All;
            let severity = if sure { Severity::Medium } else { Severity::High };
            Some(
                Raised::new(group.subject(), message, evidence)
                    .at(severity)
                    .standing_at(place(group.source, group.first.line)),
            )
        });
        raised.collect()
    },
};

/// The roots that the paths end at, and whose stores are known to have each.
fn ends(paths: &PathMatches) -> Vec<Value> {
    let ends = paths.anchors().into_iter().take(20);
    ends.map(|end| {
        json!({
            "root": end.name,
            "matches": end.matches.name(),
            "in_stores": end.stores(),
            "not_in_stores": end.not_in(),
            "stores_not_known": UNKNOWN_STORES,
        })
    })
    .collect()
}
