//! `pinstead policy`: whether a policy file is one, and the schema that editors check it by.

mod doubts;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Exit;
use super::check::DEFAULT_POLICY;
use super::options::{OutputOptions, Plain, ReportWriter};
use crate::baseline;
use crate::observe::files;
use crate::policy::{MAX_POLICY, Policy, PolicyError, Problem, schema, schema_text};
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
        let (errors, doubts) = match (Policy::parse(path, octets), std::str::from_utf8(octets)) {
            (Ok(policy), text) => (Vec::new(), doubts::find(path, text.unwrap_or_default(), &policy)),
            (Err(PolicyError::Toml { problems, .. }), _) => (problems, Vec::new()),
            (Err(error @ PolicyError::NotText { .. }), _) => {
                (vec![Problem { line: 1, column: 1, what: error.to_string() }], Vec::new())
            }
        };
        checked.push(Checked { path, errors, doubts });
    }
    let report = match options.output.plain("policy check")? {
        Plain::Human => checked.iter().map(Checked::in_words).collect::<Vec<_>>().concat(),
        Plain::Json => {
            let files: Vec<_> = checked.iter().map(Checked::json).collect();
            format!("{:#}\n", json!({"schema_version": 1, "files": files}))
        }
        Plain::Jsonl => checked.iter().map(|file| format!("{}\n", file.json())).collect::<Vec<_>>().concat(),
    };
    options.output.write(&report)?;
    let is_valid = checked.iter().all(|file| file.errors.is_empty());
    Ok(if is_valid { Exit::Clean } else { Exit::Usage })
}

/// A policy file that was looked at.
struct Checked<'a> {
    path: &'a str,
    /// What is wrong: then it is no policy.
    errors: Vec<Problem>,
    /// What is right, and probably not what was meant.
    doubts: Vec<Problem>,
}

impl Checked<'_> {
    fn json(&self) -> Value {
        let told = |problems: &[Problem]| -> Vec<Value> {
            let one = |Problem { line, column, what }: &Problem| json!({"line": line, "column": column, "message": what});
            problems.iter().map(one).collect()
        };
        json!({
            "file": self.path,
            "valid": self.errors.is_empty(),
            "errors": told(&self.errors),
            "doubts": told(&self.doubts),
        })
    }

    /// One line for each error, as compilers write them and editors find them.
    fn in_words(&self) -> String {
        let path = safe(self.path);
        let line = |kind: &str, problem: &Problem| {
            format!("{path}:{}:{}: {kind}{}\n", problem.line, problem.column, safe(&problem.what))
        };
        let valid = self.errors.is_empty().then(|| format!("{path}: a valid policy\n"));
        let errors = self.errors.iter().map(|problem| line("", problem));
        let doubts = self.doubts.iter().map(|problem| line("is it meant? ", problem));
        valid.into_iter().chain(errors).chain(doubts).collect()
    }
}
