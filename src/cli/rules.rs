//! `pinstead rules` and `pinstead explain`.

use clap::Args;

use super::Exit;
use super::options::OutputOptions;

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
    let lines: Vec<String> = crate::rules::all()
        .map(|rule| format!("{}  {:8}  {}\n", rule.id, rule.severity, rule.title))
        .collect();
    options.output.write(&lines.concat())?;
    Ok(Exit::Clean)
}

/// Explains one rule.
pub(super) fn explain(options: &ExplainOptions) -> anyhow::Result<Exit> {
    let wanted = options.rule.to_ascii_uppercase();
    let rule = crate::rules::all()
        .find(|rule| rule.id == wanted)
        .ok_or_else(|| anyhow::anyhow!("no rule has the id {wanted}; `pinstead rules` lists them all"))?;
    options.output.write(&crate::rules::markdown(rule))?;
    Ok(Exit::Clean)
}
