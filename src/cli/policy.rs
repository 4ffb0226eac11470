//! `pinstead policy`: whether a policy file is one, and the schema that editors check it by.

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::Exit;
use super::check::DEFAULT_POLICY;
use super::options::{OutputOptions, Plain, ReportWriter};
use crate::baseline;
use crate::observe::files;
use crate::policy::{MAX_POLICY, Policy, PolicyError, schema, schema_text};
use crate::report::human::safe;

/// Options of `pinstead policy`.
#[derive(Debug, Args)]
pub(super) struct PolicyOptions {
    #[command(subcommand)]
    command: PolicyCommand,
}

/// What there is to do about a policy.
#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check policy files: every error with its line and column, and what was probably meant; exit code 2 where there is one
    Check(CheckOptions),
    /// Print the JSON Schema of the policy file, or of a baseline, for editors
    Schema(SchemaOptions),
}

/// Options of `pinstead policy schema`.
#[derive(Debug, Args)]
struct SchemaOptions {
    /// Of which file
    #[arg(value_enum, default_value = "policy")]
    of: Described,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Described {
    /// pinstead.toml
    Policy,
    /// The file of `--baseline`
    Baseline,
}

/// Options of `pinstead policy check`.
#[derive(Debug, Args)]
struct CheckOptions {
    /// The files [default: pinstead.toml]
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    output: OutputOptions,
}

/// Runs the command.
pub(super) fn run(options: &PolicyOptions) -> anyhow::Result<Exit> {
    match &options.command {
        PolicyCommand::Check(options) => check(options),
        PolicyCommand::Schema(options) => {
            let schema = match options.of {
                Described::Policy => schema(),
                Described::Baseline => baseline::schema(),
            };
            ReportWriter::stdout().write(&schema_text(&schema))?;
            Ok(Exit::Clean)
        }
    }
}

fn check(options: &CheckOptions) -> anyhow::Result<Exit> {
    let default = [DEFAULT_POLICY.to_owned()];
    let files = if options.files.is_empty() { &default[..] } else { &options.files };
    options.output.spare(files)?;
    let mut checked = Vec::new();
    for path in files {
        let file = files::read(path, MAX_POLICY);
        let octets = match file.octets() {
            Ok(octets) => octets,
            Err(why) => bail!("{path}: {why}"),
        };
        let problems = match Policy::parse(path, octets) {
            Ok(_) => Vec::new(),
            Err(PolicyError::Toml { problems, .. }) => {
                problems.into_iter().map(|problem| (problem.line, problem.column, problem.what)).collect()
            }
            Err(error @ PolicyError::NotText { .. }) => vec![(1, 1, error.to_string())],
        };
        checked.push((path.as_str(), problems));
    }
    let one = |(path, problems): &(&str, Vec<(usize, usize, String)>)| {
        let errors: Vec<_> = problems
            .iter()
            .map(|(line, column, what)| json!({"line": line, "column": column, "message": what}))
            .collect();
        json!({"file": path, "valid": problems.is_empty(), "errors": errors})
    };
    let report = match options.output.plain("policy check")? {
        Plain::Human => checked.iter().map(in_words).collect::<Vec<_>>().concat(),
        Plain::Json => {
            let files: Vec<_> = checked.iter().map(one).collect();
            format!("{:#}\n", json!({"schema_version": 1, "files": files}))
        }
        Plain::Jsonl => checked.iter().map(|file| format!("{}\n", one(file))).collect::<Vec<_>>().concat(),
    };
    options.output.write(&report)?;
    let is_valid = checked.iter().all(|(_, problems)| problems.is_empty());
    Ok(if is_valid { Exit::Clean } else { Exit::Usage })
}

/// One line for each error, as compilers write them and editors find them.
fn in_words((path, problems): &(&str, Vec<(usize, usize, String)>)) -> String {
    if problems.is_empty() {
        return format!("{}: a valid policy\n", safe(path));
    }
    let lines = problems
        .iter()
        .map(|(line, column, what)| format!("{}:{line}:{column}: {}\n", safe(path), safe(what)));
    lines.collect::<Vec<_>>().concat()
}
