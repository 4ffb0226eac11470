//! `pinstead rules` and `pinstead explain`.

use anyhow::anyhow;
use clap::Args;

use super::Exit;
use super::options::{Form, OutputOptions, Plain};
use crate::report::{human, json::v1};
use crate::rules::{self, RuleInfo, all};

/// How many letters a mistyped id may be off.
const NEAR: usize = 2;

/// Options of `pinstead rules`.
#[derive(Debug, Args)]
pub(super) struct RulesOptions {
    #[command(flatten)]
    output: OutputOptions,
}

/// Options of `pinstead explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// The rule's id, such as CT003
    rule: String,
    #[command(flatten)]
    output: OutputOptions,
}

/// Lists every rule.
pub(super) fn list(options: &RulesOptions) -> anyhow::Result<Exit> {
    let report = match options.output.form_or_pages("rules")? {
        Form::Plain(Plain::Human) => human::rules(all()),
        Form::Plain(Plain::Json) => format!("{:#}\n", v1::rules(all())),
        Form::Plain(Plain::Jsonl) => {
            all().map(|rule| format!("{}\n", v1::rule(rule))).collect::<Vec<_>>().concat()
        }
        Form::Document(_) => all().map(rules::markdown).collect::<Vec<_>>().join("\n"),
    };
    options.output.write(&report)?;
    Ok(Exit::Clean)
}

/// Explains one rule.
pub(super) fn explain(options: &ExplainOptions) -> anyhow::Result<Exit> {
    let form = options.output.form_or_pages("explain")?;
    let wanted = options.rule.to_ascii_uppercase();
    let Some(rule) = all().find(|rule| rule.id == wanted) else {
        return Err(anyhow!("no rule has the id {}; {}", human::safe(&wanted), suggestion(&wanted)));
    };
    let report = match form {
        Form::Plain(Plain::Human) => human::explanation(rule),
        Form::Plain(Plain::Json) => format!("{:#}\n", v1::rule(rule)),
        Form::Plain(Plain::Jsonl) => format!("{}\n", v1::rule(rule)),
        Form::Document(_) => rules::markdown(rule),
    };
    options.output.write(&report)?;
    Ok(Exit::Clean)
}

/// What to try instead of an id that no rule has.
fn suggestion(wanted: &str) -> String {
    match nearest(wanted, all()) {
        Some(rule) => format!("did you mean {} ({})? `pinstead rules` lists them all", rule.id, rule.title),
        None => "`pinstead rules` lists them all".to_owned(),
    }
}

fn nearest<'a>(wanted: &str, rules: impl IntoIterator<Item = &'a RuleInfo>) -> Option<&'a RuleInfo> {
    let wanted: String = wanted.chars().take(20).collect();
    rules
        .into_iter()
        .map(|rule| (strsim::damerau_levenshtein(&wanted, rule.id), rule))
        .filter(|(distance, _)| *distance <= NEAR)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, rule)| rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Severity;

    fn rule(id: &'static str) -> RuleInfo {
        RuleInfo {
            id,
            title: "",
            severity: Severity::Info,
            needs: "",
            explanation: "",
            advice: "",
            references: &[],
        }
    }

    #[test]
    fn a_mistyped_id_finds_the_nearest() {
        let rules = [rule("CT001"), rule("CAA001"), rule("CAA012")];
        let nearest = |wanted| nearest(wanted, &rules).map(|rule| rule.id);
        assert_eq!(nearest("CT01"), Some("CT001"));
        assert_eq!(nearest("CAA102"), Some("CAA012"));
        assert_eq!(nearest("CAAA001"), Some("CAA001"));
        assert_eq!(nearest("NONSENSE"), None);
    }
}
