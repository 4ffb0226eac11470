//! `pinstead schema`: the JSON Schemas of what is written and of what is read.

use clap::{Args, ValueEnum};

use super::Exit;
use super::options::ReportWriter;
use crate::policy::{schema, schema_text};
use crate::{baseline, report};

/// Options of `pinstead schema`.
#[derive(Debug, Args)]
pub(super) struct SchemaOptions {
    /// Of what
    #[arg(value_enum, default_value = "report")]
    of: Described,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Described {
    /// The reports of `--format json`, and the lines of `--format jsonl`
    Report,
    /// pinstead.toml
    Policy,
    /// The file of `--baseline`
    Baseline,
}

/// Runs the command.
pub(super) fn run(options: &SchemaOptions) -> anyhow::Result<Exit> {
    let text = match options.of {
        Described::Report => report::json::SCHEMA.to_owned(),
        Described::Policy => schema_text(&schema()),
        Described::Baseline => schema_text(&baseline::schema()),
    };
    ReportWriter::stdout().write(&text)?;
    Ok(Exit::Clean)
}
