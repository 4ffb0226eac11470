//! Options that mean the same wherever they stand.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::Exit;
use crate::rules::{Finding, Severity};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// One JSON object a line for each target or name
    Jsonl,
}

/// Where the report goes, and in which form.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct OutputOptions {
    /// The form of the report
    #[arg(long, value_enum, default_value = "human")]
    pub(super) format: Format,
    /// Write the report here instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

impl OutputOptions {
    /// Writes a finished report; styles stay only where they are shown on a terminal.
    pub(super) fn write(&self, report: &str) -> anyhow::Result<()> {
        match &self.output {
            None => {
                let mut stdout = anstream::stdout().lock();
                stdout
                    .write_all(report.as_bytes())
                    .and_then(|()| stdout.flush())
                    .context("writing the report")
            }
            Some(path) => {
                let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
                anstream::StripStream::new(file)
                    .write_all(report.as_bytes())
                    .with_context(|| format!("writing {}", path.display()))
            }
        }
    }
}

/// What makes the command fail.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(super) struct GateOptions {
    /// Exit with 1 when a finding has this severity or a higher one [none, info, low, medium, high, critical]
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = parse_fail_on)]
    pub(super) fail_on: FailOn,
    /// Exit with 3 when anything that was looked at could not be determined (default: true where CI=true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub(super) fail_on_undetermined: Option<bool>,
}

/// The severity from which findings fail the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailOn {
    /// Findings never fail it.
    None,
    /// Findings of this severity or a higher one do.
    AtLeast(Severity),
}

fn parse_fail_on(text: &str) -> Result<FailOn, String> {
    if text == "none" { Ok(FailOn::None) } else { text.parse().map(FailOn::AtLeast) }
}

impl FailOn {
    /// Whether a finding of this severity fails the command.
    pub(super) fn is_reached_by(self, severity: Severity) -> bool {
        matches!(self, Self::AtLeast(least) if severity >= least)
    }
}

impl GateOptions {
    /// Whether any finding fails the command.
    pub(super) fn fails(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| self.fail_on.is_reached_by(finding.severity))
    }

    /// The exit code: findings first; then what had to be determined and was not.
    ///
    /// `demanded` is true where the user asked by name for something that stayed open (a host that could not
    /// be reached, an expectation that could not be judged): that is never passed over. `open` is true where
    /// anything stayed open.
    pub(super) fn exit(&self, fails: bool, demanded: bool, open: bool) -> Exit {
        let strict = self.fail_on_undetermined.unwrap_or_else(in_ci);
        if fails {
            Exit::Findings
        } else if demanded || (open && strict) {
            Exit::Undetermined
        } else {
            Exit::Clean
        }
    }
}

/// Whether this runs in a CI environment, by the variable they all set.
#[expect(clippy::disallowed_methods, reason = "the command line's edge is where the environment is read")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
