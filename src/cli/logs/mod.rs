//! `pinstead logs`: the known CT logs, and the lists they come from.

mod list;
mod update;
mod verify;

use clap::{Args, Subcommand, ValueEnum};

use super::Exit;
use crate::ct::log_list::{ListKey, MAX_KEY_OCTETS, Program};
use crate::observe::files;

/// Options of `pinstead logs`.
#[derive(Debug, Args)]
pub(super) struct LogsOptions {
    #[command(subcommand)]
    command: LogsCommand,
}

#[derive(Debug, Subcommand)]
enum LogsCommand {
    /// List the known logs, with their state at a time
    List(list::ListLogsOptions),
    /// Fetch the log lists anew, and keep them in the cache for `check` and `logs list`
    Update(update::UpdateOptions),
    /// Check the signature of a log list, and tell what is in it
    Verify(verify::VerifyOptions),
}

/// Whose list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum ProgramName {
    Chrome,
    Apple,
    Mozilla,
    Android,
}

impl From<ProgramName> for Program {
    fn from(name: ProgramName) -> Self {
        match name {
            ProgramName::Chrome => Self::Chrome,
            ProgramName::Apple => Self::Apple,
            ProgramName::Mozilla => Self::Mozilla,
            ProgramName::Android => Self::Android,
        }
    }
}

/// Runs the command.
pub(super) fn run(options: &LogsOptions) -> anyhow::Result<Exit> {
    match &options.command {
        LogsCommand::List(options) => list::run(options),
        LogsCommand::Update(options) => update::run(options),
        LogsCommand::Verify(options) => verify::run(options),
    }
}

/// Reads the key that a user named.
fn list_key(path: Option<&str>) -> anyhow::Result<Option<ListKey>> {
    let Some(path) = path else { return Ok(None) };
    let limit = u64::try_from(MAX_KEY_OCTETS).unwrap_or(u64::MAX);
    let file = files::read(path, limit);
    let octets = file.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
    ListKey::read(octets).map(Some).map_err(|error| anyhow::anyhow!("{path}: {error}"))
}
