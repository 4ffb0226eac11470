//! Rules about the entries of a baseline: family `RUN`.

use jiff::civil::Date;
use serde_json::json;

use super::{Finding, Raised, Rule, RuleInfo, Severity};

/// What there is to say of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What it accepted occurs still, and its day has gone.
    Past {
        /// Where the entry stands: file and line.
        entry: String,
        /// The rule that found it; `None` for what could not be determined.
        rule: Option<&'static str>,
        /// What it is about.
        subject: String,
        /// The last day on which it was accepted.
        until: Date,
        /// Why it was.
        reason: String,
    },
    /// What it accepted is graver now.
    Graver {
        /// Where the entry stands.
        entry: String,
        /// The rule that found it.
        rule: &'static str,
        /// What it is about.
        subject: String,
        /// How grave it was when it was accepted.
        accepted: Severity,
        /// How grave it is now.
        now: Severity,
    },
    /// What it accepted occurs no more.
    Gone {
        /// Where the entry stands.
        entry: String,
        /// The rule that found it.
        rule: Option<&'static str>,
        /// What it is about.
        subject: String,
        /// Of what else the same was found, in a word: another key, for one.
        of_another: Option<&'static str>,
    },
}

const DOCS: &[&str] = &["docs/ci.md (baseline)"];

/// Every rule about entries of a baseline.
static RULES: &[Rule<Fault>] = &[
    Rule {
        info: RuleInfo {
            id: "RUN001",
            title: "What the baseline accepted is accepted no more",
            severity: Severity::Low,
            needs: "a baseline (`--baseline`)",
            explanation: "The finding, or what could not be determined, was accepted until a day that has gone, and it occurs still. It counts \
                again: for the outcome, and for the exit code.",
            advice: "Put it right. Where it has to be lived with for longer, give the entry another day, with a reason that holds today.",
            references: DOCS,
        },
        raise: |fault| match fault {
            Fault::Past { entry, rule, subject, until, reason } => {
                let message = format!(
                    "{}: accepted until {until} because of “{reason}” ({entry}); that day has gone.",
                    called(*rule, subject)
                );
                let facts = json!({"entry": entry, "rule": rule, "about": subject, "until": until.to_string(), "reason": reason});
                vec![Raised::new(subject, message, facts)]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "RUN002",
            title: "What the baseline accepts was not found",
            severity: Severity::Info,
            needs: "a baseline (`--baseline`), and all looked at that the rule of its entry needs",
            explanation: "What this finding rests on was looked at in this run, and it was not found. The entry accepts what is not there: if it came \
                back, it would be accepted without anybody looking at it. Where the same is found of another certificate, key or CA, that is a \
                finding of its own, which the entry does not accept.",
            advice: "Take the entry out of the baseline.",
            references: DOCS,
        },
        raise: |fault| match fault {
            Fault::Gone { entry, rule, subject, of_another } => {
                let called = called(*rule, subject);
                let message = match of_another {
                    None => format!("{called}: it was not found in this run ({entry})."),
                    Some(what) => format!(
                        "{called}: it was accepted of another {what} than the one of which it is found now, and is new there ({entry})."
                    ),
                };
                let mut facts = json!({"entry": entry, "rule": rule, "about": subject});
                if let (Some(what), Some(facts)) = (of_another, facts.as_object_mut()) {
                    facts.insert("of_another".to_owned(), json!(what));
                }
                vec![Raised::new(subject, message, facts)]
            }
            _ => Vec::new(),
        },
    },
    Rule {
        info: RuleInfo {
            id: "RUN003",
            title: "What the baseline accepted has become graver",
            severity: Severity::Low,
            needs: "a baseline (`--baseline`) whose entry says how grave the finding was",
            explanation: "The finding was accepted at a lower severity than it has now: whoever accepted it did not accept this. It counts again.",
            advice: "Look at it again. If it is to be accepted as it is now, say so in its entry.",
            references: DOCS,
        },
        raise: |fault| match fault {
            Fault::Graver { entry, rule, subject, accepted, now } => {
                let message = format!(
                    "{}: accepted as {accepted}, and {now} now ({entry}).",
                    called(Some(rule), subject)
                );
                let facts = json!({
                    "entry": entry, "rule": rule, "about": subject, "accepted": accepted.name(), "now": now.name(),
                });
                vec![Raised::new(subject, message, facts)]
            }
            _ => Vec::new(),
        },
    },
];

fn called(rule: Option<&str>, subject: &str) -> String {
    rule.map_or_else(|| subject.to_owned(), |rule| format!("{rule} about {subject}"))
}

/// What each rule says of itself.
pub(super) fn infos() -> impl Iterator<Item = &'static RuleInfo> {
    RULES.iter().map(|rule| &rule.info)
}

/// What the rules find in what there is to say of an entry.
pub fn findings(fault: &Fault) -> Vec<Finding> {
    RULES.iter().flat_map(|rule| rule.findings(fault)).collect()
}
