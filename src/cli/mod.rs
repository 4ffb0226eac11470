//! The commands: one file each, options in, report out.

mod baseline_options;
mod caa;
mod check;
mod compare;
mod completions;
mod demo;
mod dns_options;
mod exit;
mod expiry_options;
mod issuance;
mod issued_options;
mod list_options;
mod logs;
mod options;
mod pin_inputs;
mod pins;
mod policy;
mod progress;
mod resume;
mod revocation_options;
mod rules;
mod saved;
mod schema;
mod signals;
mod sink;
mod state_place;
mod tables;
mod target_list;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};

use self::exit::Exit;
use crate::report::human::safe;

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
    /// Look at servers or certificate files: SCTs, CAA, issuer, pins, and what they add up to
    Check(Box<check::CheckOptions>),
    /// Look up CAA: who may issue for a name, and why
    Caa(caa::CaaOptions),
    /// Read and lint pin files, for a host and against its chain if they are named
    Pins(pins::PinsOptions),
    /// What was issued for a name and the names below it, by whom, and what of it was not expected
    Issuance(Box<issuance::IssuanceOptions>),
    /// Protection by CT beside pinning for a host: what stops, what shows, what locks users out, replayed over its history
    Compare(Box<compare::CompareOptions>),
    /// The known CT logs: list them, update the lists they come from, verify a list's signature
    Logs(logs::LogsOptions),
    /// Follow CT logs for your domains: who issued, whether it was expected, all of it proven; once, or as a service
    Watch(Box<watch::WatchOptions>),
    /// Start a small world on loopback and check its hosts: no internet needed
    Demo(demo::DemoOptions),
    /// Maintain the embedded tables of CT logs and CAs
    Tables(tables::TablesOptions),
    /// Check a policy file, or print the schema that editors check it by
    Policy(policy::PolicyOptions),
    /// Print the JSON Schema of the reports, the policy file or a baseline
    Schema(schema::SchemaOptions),
    /// List every rule that can raise a finding
    Rules(rules::RulesOptions),
    /// Explain one rule: what it means, what to do, and its sources
    Explain(rules::ExplainOptions),
    /// Print what completes commands and options in a shell
    Completions(completions::CompletionsOptions),
    /// Write man pages, one a command
    Man(completions::ManOptions),
}

/// Parses the command line, runs the command and gives its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::from_clap(&error),
    };
    let result = match cli.command {
        Command::Check(mut options) => {
            options.in_order();
            check::run(&options)
        }
        Command::Caa(options) => caa::run(&options),
        Command::Pins(options) => pins::run(&options),
        Command::Issuance(mut options) => {
            options.in_order();
            issuance::run(&options)
        }
        Command::Compare(options) => compare::run(*options),
        Command::Logs(options) => logs::run(&options),
        Command::Watch(options) => watch::run(*options),
        Command::Demo(options) => demo::run(&options, check_with),
        Command::Tables(options) => tables::run(&options),
        Command::Rules(options) => rules::list(&options),
        Command::Explain(options) => rules::explain(&options),
        Command::Policy(options) => policy::run(&options),
        Command::Schema(options) => schema::run(&options),
        Command::Completions(options) => completions::complete(&options, Cli::command()),
        Command::Man(options) => completions::man(&options, Cli::command()),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => exit::from_error(&error),
    }
}

/// Runs `pinstead check` with these arguments.
fn check_with(arguments: &[String]) -> anyhow::Result<Exit> {
    let words = ["pinstead", "check"].into_iter().chain(arguments.iter().map(String::as_str));
    match Cli::try_parse_from(words)?.command {
        Command::Check(options) => check::run(&options),
        _ => anyhow::bail!("the arguments are not those of `pinstead check`"),
    }
}

/// Says something on standard error; no report depends on it.
fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&format!("note: {text}")));
}

/// The runtime of the commands that use the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the network runtime")
}
