//! What is said of many targets at once.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::cli::options::OutputOptions;
use crate::cli::resume::file_of;
use crate::observe::doors::{AT_ONCE, Doors, PER_ADDRESS};
use crate::observe::run::AT_MOST;

/// Options about many targets.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many targets")]
pub(super) struct ManyOptions {
    /// Read further targets from a file, one a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    pub(super) targets: Option<String>,
    /// How many targets are looked at at the same time [default: 64]
    #[arg(long, visible_alias = "concurrency", value_name = "NUMBER")]
    jobs: Option<NonZero<u16>>,
    /// How many connections one address gets at the same time, whichever names lead to it [default: 6]
    #[arg(long, value_name = "NUMBER")]
    per_address: Option<NonZero<u16>>,
    /// How long looking at one target may take, all attempts and look-ups together [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(5..=3600))]
    target_timeout: Option<u32>,
    /// Report each target as soon as it is done, and not in the order of the list
    #[arg(long)]
    unordered: bool,
    /// Go on with an interrupted run: targets that have a line in FILE (--format jsonl; default: the one of --output)
    /// are not looked at again, and count; new lines are written behind them
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "it may be given with a file or without")]
    resume: Option<Option<PathBuf>>,
    /// Write the summary of all targets here as JSON, whatever the form of the report
    #[arg(long, value_name = "FILE")]
    pub(super) summary: Option<PathBuf>,
    /// Say nothing on standard error of how far it has come
    #[arg(long)]
    pub(super) quiet: bool,
}

impl ManyOptions {
    /// The doors to the servers.
    pub(super) fn doors(&self) -> Doors {
        let number = |given: Option<NonZero<u16>>, usual| given.map_or(usual, |given| given.get().into());
        Doors::new(number(self.jobs, AT_ONCE), number(self.per_address, PER_ADDRESS))
    }

    /// How long looking at one target may take.
    pub(super) fn at_most(&self) -> Duration {
        self.target_timeout.map_or(AT_MOST, |seconds| Duration::from_secs(seconds.into()))
    }

    /// Whether targets are told in their order.
    pub(super) fn in_order(&self) -> bool {
        !self.unordered
    }

    /// The file of the earlier run, if one is to be gone on with.
    ///
    /// # Errors
    ///
    /// No file is named, or two, or the report has another form than lines.
    pub(super) fn earlier<'o>(&'o self, output: &'o OutputOptions) -> anyhow::Result<Option<&'o Path>> {
        file_of(self.resume.as_ref(), output)
    }
}
