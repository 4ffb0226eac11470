//! Rules about what keeps `watch` from following logs, whatever the logs do.

use serde_json::json;

use super::{Finding, Raised, Rule, RuleInfo, Severity};
use crate::ct::log_fault::RunFault;

/// Every rule about what keeps a run from its work.
static RULES: &[Rule<RunFault>] = &[
    Rule {
        info: RuleInfo {
            id: "LOG011",
            title: "No CT log could be reached",
            severity: Severity::Medium,
            needs: "an attempt to read logs of several operators or domains, for ten seconds",
            explanation: "Not one of the hosts of the logs answered anything: names could not be resolved, or no connection was made. \
                          Logs of several operators or domains do not fail at once: it is the network here. Nothing was read, so that nothing is known of \
                          what the logs hold, and each log by itself says nothing.",
            advice: "Look at this machine's network: name resolution, the way out (`HTTPS_PROXY`, a firewall), its clock. Then \
                     run it again.",
            references: &["RFC 6962 section 5.3 (monitors)"],
        },
        raise: |fault| match fault {
            RunFault::CutOff { logs, hosts, causes } => {
                let told: Vec<String> =
                    causes.iter().map(|(cause, hosts)| format!("{cause} ({})", counted(*hosts))).collect();
                let message = format!(
                    "None of {logs} logs could be reached, at {}: {}.",
                    counted(*hosts),
                    told.join("; ")
                );
                let causes: Vec<_> =
                    causes.iter().map(|(cause, hosts)| json!({"cause": cause, "hosts": hosts})).collect();
                let evidence = json!({"logs": logs, "hosts": hosts, "causes": causes});
                vec![Raised::new("the network here", message, evidence)]
            }
            RunFault::State { .. } => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "LOG012",
            title: "The state of the watch could not be used",
            severity: Severity::Medium,
            needs: "a run of `pinstead watch`",
            explanation: "What was read is kept in the state, and the state failed: its disk is full, another process holds it, its \
                          database is away, or what stands in it is damaged. What was committed stays, nothing is told twice, and \
                          what could not be written is read again. Until then what the logs hold behind that is not known.",
            advice: "Where the disk is full, make room: the state itself must be let grow. Where it is busy or away, see who holds \
                     it, or its database. A damaged one is to be restored from a copy, or begun anew under another name with \
                     `--from`. Then run it again.",
            references: &["docs/watch.md"],
        },
        raise: |fault| match fault {
            RunFault::State { logs, text } => {
                let evidence = json!({"logs": logs, "error": text});
                vec![Raised::new("the state", format!("{}.", text.trim_end_matches('.')), evidence)]
            }
            RunFault::CutOff { .. } => Vec::new(),
        },
    },
];

fn counted(hosts: usize) -> String {
    if hosts == 1 { "1 host".to_owned() } else { format!("{hosts} hosts") }
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in a fault of a run.
pub fn findings(fault: &RunFault) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(fault)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_of_a_run_has_its_rule() {
        let causes = vec![
            ("no connection: Connection refused".to_owned(), 2),
            ("no whole answer in time".to_owned(), 1),
        ];
        let cut_off = findings(&RunFault::CutOff { logs: 5, hosts: 3, causes });
        let [finding] = cut_off.as_slice() else { panic!("{cut_off:?}") };
        assert_eq!((finding.rule, finding.severity), ("LOG011", Severity::Medium));
        assert_eq!(
            finding.message,
            "None of 5 logs could be reached, at 3 hosts: no connection: Connection refused (2 hosts); no whole answer in \
             time (1 host)."
        );
        let state = findings(&RunFault::State { logs: 2, text: "the state's disk is full: x".to_owned() });
        let [finding] = state.as_slice() else { panic!("{state:?}") };
        assert_eq!((finding.rule, finding.message.as_str()), ("LOG012", "the state's disk is full: x."));
    }
}
