//! Rules about the log lists that were given or kept.

use serde_json::json;

use crate::judge::{ListOrigin, ListOutcome, ListTrust, ListUse};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const SCHEMA: &str = "https://www.gstatic.com/ct/log_list/v3/log_list_schema.json";

/// How many entries a message names.
const SHOWN: usize = 3;

/// The rules.
pub(super) static RULES: &[Rule<[ListUse]>] = &[
    Rule {
        info: RuleInfo {
            id: "CT027",
            title: "A log list, or a part of it, cannot be read",
            severity: Severity::Low,
            needs: "a log list given with --log-list, or kept by `pinstead logs update`",
            explanation: "An entry that cannot be read is left out: no key, an id that is not the hash of the key, a state or a time that \
                          no list has, a log that stands in the list twice. SCTs of that log then come from an unknown log.\n\nA kept list \
                          that is damaged, or whose signature does not stand any more, is left out as a whole; what is judged rests on \
                          the table that is built in, which may be older.",
            advice: "Fetch the list again with `pinstead logs update`. If it stays so, tell its publisher, or look for a newer pinstead.",
            references: &[SCHEMA],
        },
        raise: unreadable,
    },
    Rule {
        info: RuleInfo {
            id: "CT028",
            title: "A log list of Chrome is used without its signature",
            severity: Severity::Info,
            needs: "a log list of Chrome given with --log-list, or kept by `pinstead logs update --allow-unsigned`",
            explanation: "Google signs the lists of Chrome. Without the signature nothing shows that the list is the one that was \
                          published: whoever altered it could have added logs of their own, and SCTs of those would verify. The logs whose \
                          private keys are published stay denied, whatever a list says.",
            advice: "Give the signature that is published beside the list with --log-list-signature, or run `pinstead logs update`.",
            references: &[
                "https://www.gstatic.com/ct/log_list/v3/all_logs_list.sig",
                "GoogleChrome/CertificateTransparency log_lists.md",
            ],
        },
        raise: unsigned,
    },
];

fn unreadable(lists: &[ListUse]) -> Vec<Raised> {
    let raised = |list: &ListUse| match &list.outcome {
        ListOutcome::Refused(why) => {
            let message = format!(
                "The kept log list {} is not used: {why}. The table that is built in is used instead.",
                list.file
            );
            let raised = Raised::new(&list.file, message, json!({"file": list.file, "reason": why}));
            Some(raised.at(Severity::Medium))
        }
        ListOutcome::Used { program, problems, .. } if !problems.is_empty() => {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let shown: Vec<&str> = said.iter().take(SHOWN).map(String::as_str).collect();
            let more = match said.len().saturating_sub(SHOWN) {
                0 => String::new(),
                count => format!("; and {count} more"),
            };
            let message = format!(
                "{} of the entries of the log list {} cannot be read: {}{more}.",
                said.len(),
                list.file,
                shown.join("; ")
            );
            let evidence = json!({
                "file": list.file,
                "program": program.name(),
                "entries": problems.iter().take(100).map(|problem| &problem.entry).collect::<Vec<_>>(),
            });
            Some(Raised::new(&list.file, message, evidence))
        }
        ListOutcome::Used { .. } | ListOutcome::NotNewer => None,
    };
    lists.iter().filter_map(raised).collect()
}

fn unsigned(lists: &[ListUse]) -> Vec<Raised> {
    let raised = |list: &ListUse| {
        let ListOutcome::Used { program, trust: ListTrust::Unsigned, .. } = &list.outcome else {
            return None;
        };
        let how = match list.origin {
            ListOrigin::Given => "was given without its signature",
            ListOrigin::Kept => "was kept without its signature, as --allow-unsigned said",
        };
        let message = format!("The log list {} of {} {how}.", list.file, program.title());
        Some(Raised::new(&list.file, message, json!({"file": list.file, "program": program.name()})))
    };
    lists.iter().filter_map(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::log_list::{EntryProblem, ProblemKind, Program};
    use crate::rules::Finding;

    fn list(outcome: ListOutcome) -> ListUse {
        ListUse { file: "list.json".to_owned(), origin: ListOrigin::Given, outcome }
    }

    fn used(trust: ListTrust, problems: usize) -> ListUse {
        let problem = EntryProblem { entry: "A log".to_owned(), kind: ProblemKind::Key };
        list(ListOutcome::Used { program: Program::Chrome, trust, problems: vec![problem; problems] })
    }

    fn findings(list: ListUse) -> Vec<Finding> {
        crate::rules::ct::list_findings(&[list])
    }

    fn ids(list: ListUse) -> Vec<(&'static str, Severity)> {
        findings(list).iter().map(|finding| (finding.rule, finding.severity)).collect()
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(ids(used(ListTrust::Signed, 1)), [("CT027", Severity::Low)]);
        assert_eq!(ids(used(ListTrust::Signed, 0)), []);
        let damaged = list(ListOutcome::Refused("the file is damaged".to_owned()));
        assert_eq!(ids(damaged), [("CT027", Severity::Medium)]);
        assert_eq!(ids(list(ListOutcome::NotNewer)), []);
        let many = findings(used(ListTrust::Signed, 5));
        assert!(many[0].message.starts_with("5 of the entries") && many[0].message.ends_with("and 2 more."));
    }

    #[test]
    fn a_missing_signature_is_said_where_there_should_be_one() {
        assert_eq!(ids(used(ListTrust::Unsigned, 0)), [("CT028", Severity::Info)]);
        for trust in [ListTrust::Signed, ListTrust::NeverSigned, ListTrust::Own] {
            assert_eq!(ids(used(trust, 0)), []);
        }
    }
}
