//! Rules about what CT logs do wrong while they are followed.

use serde_json::json;

use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::ct::log_fault::{FaultKind, LogFault};

const APPEND_ONLY: &str = "RFC 6962 section 7.3 (misbehaving logs) and section 2.1.2 (consistency proofs)";
const CHROME_POLICY: &str =
    "Chrome CT log policy, https://googlechrome.github.io/CertificateTransparency/log_policy.html";

/// Every rule about what logs do wrong.
static RULES: &[Rule<LogFault>] = &[
    Rule {
        info: RuleInfo {
            id: "LOG001",
            title: "A CT log signed two trees that contradict each other",
            severity: Severity::Critical,
            needs: "two tree heads of a log that is followed",
            explanation: "Both tree heads are signed by the log, and neither tree continues the other. The log shows different people \
                          different entries: certificates may stand in the tree that others see, or that browsers rely on, and not \
                          in the one that was read here. Whatever this log gave is no proof of what it holds.",
            advice: "Keep both tree heads; they prove it to anybody who has the log's key. Send them to the ct-policy list and to the \
                     browsers' CT teams. Look for your names by another source until the log is distrusted.",
            references: &[APPEND_ONLY, CHROME_POLICY],
        },
        raise: |fault| when(fault, &[FaultKind::Split]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG002",
            title: "A CT log signed a smaller tree after a larger one",
            severity: Severity::Critical,
            needs: "two tree heads of a log that is followed",
            explanation: "A log only ever grows. A tree head with a later time and fewer entries than one before takes entries back that \
                          the log had promised to keep: it was restored from a backup, or it hides them.",
            advice: "Keep both tree heads and send them to the ct-policy list. What was found before stays found; count on nothing that \
                     the log shows now.",
            references: &[APPEND_ONLY, CHROME_POLICY],
        },
        raise: |fault| when(fault, &[FaultKind::Shrunk]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG003",
            title: "A CT log's entries do not have the root that it signed",
            severity: Severity::High,
            needs: "the entries of a log that is followed, up to a tree head",
            explanation: "The entries that the log gave were hashed into a tree, and its root is not the signed one. An entry was left out, \
                          altered or exchanged on the way. What was found stands, but nothing proves that it is everything. The \
                          entries are read again.",
            advice: "If it lasts, look whether a proxy or a mirror stands between you and the log. If not, report it to the log's \
                     operator and to the ct-policy list.",
            references: &["RFC 6962 section 2.1 (Merkle hash trees) and section 5.3 (monitors)"],
        },
        raise: |fault| when(fault, &[FaultKind::OtherRoot]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG004",
            title: "A CT log's tree head is not signed by its key",
            severity: Severity::High,
            needs: "a tree head of a log that is followed",
            explanation: "What answers at the log's address is not the log that the list describes, or its key or its list entry changed. \
                          Nothing it says can be relied on, and nothing of it was taken.",
            advice: "Update the log list with `pinstead logs update`. If it lasts, report it to the log's operator.",
            references: &["RFC 6962 section 3.5 (signed tree head)", "C2SP static-ct-api, “Checkpoints”"],
        },
        raise: |fault| when(fault, &[FaultKind::Signature]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG005",
            title: "A CT log's proof does not lead to the root that it signed",
            severity: Severity::High,
            needs: "the proofs of a log that is followed",
            explanation: "Without a proof that holds, it is not known whether the newer tree continues the older one, so the newer one was \
                          not taken and nothing behind the last proven entry is covered.",
            advice: "If it lasts, report it to the log's operator, with the answer that is kept as evidence.",
            references: &[APPEND_ONLY, "C2SP static-ct-api, “Merkle Tree”"],
        },
        raise: |fault| when(fault, &[FaultKind::Proof]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG006",
            title: "A CT log's answers cannot be read",
            severity: Severity::Medium,
            needs: "the answers of a log that is followed",
            explanation: "The log answered, and not in the form that its interface has. It is asked again and again, and until it answers as \
                          it must, nothing behind the last proven entry is covered.",
            advice: "Look whether a proxy or a captive portal answers in its place. If not, report it to the log's operator.",
            references: &["RFC 6962 section 4", "C2SP static-ct-api"],
        },
        raise: |fault| when(fault, &[FaultKind::Form]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG007",
            title: "A CT log could not be read",
            severity: Severity::Medium,
            needs: "an attempt to read a log that is followed",
            explanation: "Certificates that it holds and others do not are not seen until it can be read again. That nothing was found in it \
                          says nothing.",
            advice: "See whether other logs are read: if none is, it is the network here. If the log is gone for good, its list entry \
                     should say so: `pinstead logs update`.",
            references: &["RFC 6962 section 5.3 (monitors)", CHROME_POLICY],
        },
        raise: |fault| when(fault, &[FaultKind::Unreadable]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG008",
            title: "A CT log shows an older tree than before",
            severity: Severity::Low,
            needs: "two tree heads of a log that is followed",
            explanation: "The tree that it shows is an earlier one of its own, which the last one continues. One of its servers lags behind; \
                          new entries are seen later.",
            advice: "Nothing, unless it lasts for more than a day: then tell the log's operator.",
            references: &["RFC 6962 section 3 (maximum merge delay)"],
        },
        raise: |fault| when(fault, &[FaultKind::OldHead]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG009",
            title: "Two trees of a CT log could not be shown to be one",
            severity: Severity::High,
            needs: "two tree heads of a log that is followed, and its answers to the question for a proof between them",
            explanation: "Both tree heads are signed by the log, it answers, and it does not prove that the newer tree continues the \
                          older one: the proof is refused, missing or false. A log that shows different people different trees cannot \
                          prove it, and has every reason to refuse. The newer tree head was not taken, and nothing of it is covered.",
            advice: "Keep both tree heads. Ask the log for the proof from another place; if it is refused there, too, send both to the \
                     log's operator and to the ct-policy list.",
            references: &[APPEND_ONLY, "RFC 6962 section 4.4 (get-sth-consistency)"],
        },
        raise: |fault| when(fault, &[FaultKind::Unproven]),
    },
    Rule {
        info: RuleInfo {
            id: "LOG010",
            title: "A CT log's tree head is not of now",
            severity: Severity::Medium,
            needs: "a tree head of a log that is followed, the time, and the log's maximum merge delay",
            explanation: "A log has to sign a new tree head within its maximum merge delay, even if it got no new entries. Who repeats an \
                          older one, be it the log, a cache or whoever stands between, hides what was logged since. One from the \
                          future is not taken: no later one could be told from an older one any more.",
            advice: "If several logs show this, look at this machine's clock and at proxies on the way. If one does, ask it from another \
                     place, and tell its operator.",
            references: &[
                "RFC 6962 section 3 (maximum merge delay) and section 3.5 (signed tree head)",
                "C2SP static-ct-api, “Checkpoints”",
            ],
        },
        raise: |fault| when(fault, &[FaultKind::StaleHead, FaultKind::FutureHead]),
    },
];

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a fault.
pub fn findings(fault: &LogFault) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(fault)).collect()
}

fn when(fault: &LogFault, kinds: &[FaultKind]) -> Vec<Raised> {
    if !kinds.contains(&fault.kind) {
        return Vec::new();
    }
    let evidence = json!({"log": fault.log, "log_id": fault.log_id, "fault": fault.kind, "url": fault.url});
    vec![Raised::new(fault.log.clone(), fault.text.clone(), evidence)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_fault_has_its_rule() {
        let expected = [
            (FaultKind::Split, "LOG001", Severity::Critical),
            (FaultKind::Shrunk, "LOG002", Severity::Critical),
            (FaultKind::OtherRoot, "LOG003", Severity::High),
            (FaultKind::Signature, "LOG004", Severity::High),
            (FaultKind::Proof, "LOG005", Severity::High),
            (FaultKind::Form, "LOG006", Severity::Medium),
            (FaultKind::Unreadable, "LOG007", Severity::Medium),
            (FaultKind::OldHead, "LOG008", Severity::Low),
            (FaultKind::Unproven, "LOG009", Severity::High),
            (FaultKind::StaleHead, "LOG010", Severity::Medium),
            (FaultKind::FutureHead, "LOG010", Severity::Medium),
        ];
        assert_eq!(expected.len(), FaultKind::ALL.len());
        for (kind, rule, severity) in expected {
            let fault = LogFault {
                log: "Log".to_owned(),
                log_id: "id".to_owned(),
                kind,
                text: "It does.".to_owned(),
                url: None,
            };
            let findings = findings(&fault);
            assert_eq!(findings.len(), 1, "{kind:?} raises its rule and no other");
            assert_eq!((findings[0].rule, findings[0].severity), (rule, severity));
        }
    }
}
