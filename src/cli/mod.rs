//! The commands: one file each, options in, report out.

mod exit;
mod options;
mod rules;
mod tables;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Exit;

/// Audits what protects a domain from certificates it did not ask for: Certificate Transparency, CAA,
/// expected issuers and pins, side by side.
#[derive(Debug, Parser)]
#[command(name = "pinstead", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every rule that can raise a finding
    Rules(rules::RulesOptions),
    /// Explain one rule: what it means, what to do, and its sources
    Explain(rules::ExplainOptions),
    /// Maintain the embedded tables of CT logs and CAs
    Tables(tables::TablesOptions),
}

/// Parses the command line, runs the command and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::from_clap(&error),
    };
    let result = match cli.command {
        Command::Rules(options) => rules::list(&options),
        Command::Explain(options) => rules::explain(&options),
        Command::Tables(options) => tables::run(&options),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => exit::from_error(&error),
    }
}
