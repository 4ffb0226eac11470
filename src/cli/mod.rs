//! The commands: one file each, options in, report out.

mod demo;
mod caa;
mod exit;
mod options;
mod pins;
mod rules;

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
    /// Start a small world on loopback and check its hosts: no internet needed
    Demo(demo::DemoOptions),
    /// Read and lint pin files, for a host and against its chain if they are named
    Pins(pins::PinsOptions),
    /// Look up CAA: who may issue for a name, and why
    Caa(caa::CaaOptions),
    /// List every rule that can raise a finding
    Rules(rules::RulesOptions),
    /// Explain one rule: what it means, what to do, and its sources
    Explain(rules::ExplainOptions),
}

/// Parses the command line, runs the command and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::from_clap(&error),
    };
    let result = match cli.command {
        Command::Demo(options) => demo::run(&options, |_| anyhow::bail!("`pinstead check` is not built yet")),
        Command::Pins(options) => pins::run(&options),
        Command::Caa(options) => caa::run(&options),
        Command::Rules(options) => rules::list(&options),
        Command::Explain(options) => rules::explain(&options),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => exit::from_error(&error),
    }
}
