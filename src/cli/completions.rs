//! `pinstead completions` and `pinstead man`: what a shell and `man` need to know of the commands.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap_complete::Shell;

use super::Exit;
use super::options::ReportWriter;

/// Options of `pinstead completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Options of `pinstead man`.
#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// The folder to write them to, such as /usr/local/share/man/man1; it is made where it is missing
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

/// Writes the completions of a shell to standard output.
pub(super) fn complete(options: &CompletionsOptions, mut command: clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    ReportWriter::stdout().write(&String::from_utf8(script).context("a completion is not text")?)?;
    Ok(Exit::Clean)
}

/// Writes a page for each command.
pub(super) fn man(options: &ManOptions, command: clap::Command) -> anyhow::Result<Exit> {
    let folder = options.output.display();
    std::fs::create_dir_all(&options.output).with_context(|| format!("making the folder {folder}"))?;
    clap_mangen::generate_to(command, &options.output).with_context(|| format!("writing to {folder}"))?;
    Ok(Exit::Clean)
}
