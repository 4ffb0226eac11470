//! `pinstead logs verify`.

use clap::Args;

use super::{ProgramName, list_key};
use crate::cli::Exit;
use crate::cli::options::{OutputOptions, Plain};
use crate::ct::log_list::{ListReading, LogList, MAX_LIST_OCTETS, Program};
use crate::observe::{clock, files};
use crate::report::json::v1;
use crate::report::{VerifyReport, human};

/// The largest list that is read, in octets: one more than is accepted, so that the list's own reader says so.
const MAX_FILE: u64 = MAX_LIST_OCTETS as u64 + 1;

/// Options of `pinstead logs verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// The log list (v3 JSON)
    file: String,
    /// Its detached signature, raw or base64
    #[arg(value_name = "SIG")]
    signature: String,
    /// The RSA key that should have signed it (PEM or DER) instead of Google's
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// Whose list it is, where its form does not tell
    #[arg(long, value_enum, value_name = "PROGRAM")]
    program: Option<ProgramName>,
    #[command(flatten)]
    output: OutputOptions,
}

/// Verifies a list.
pub(super) fn run(options: &VerifyOptions) -> anyhow::Result<Exit> {
    let form = options.output.plain("logs verify")?;
    options.output.spare([&options.file, &options.signature].into_iter().chain(&options.key))?;
    let key = list_key(options.key.as_deref())?;
    let list = files::read(&options.file, MAX_FILE);
    let list = list.octets().map_err(|why| anyhow::anyhow!("{}: {why}", options.file))?;
    let signature = files::read(&options.signature, MAX_FILE);
    let signature = signature.octets().map_err(|why| anyhow::anyhow!("{}: {why}", options.signature))?;
    let how = ListReading {
        signature: Some(signature),
        key: key.as_ref(),
        program: options.program.map(Program::from),
        also_v2: false,
    };
    let list = LogList::read(list, &how);
    let report = VerifyReport {
        file: &options.file,
        by_google: key.as_ref().is_none_or(crate::ct::log_list::ListKey::is_googles),
        now: clock::now(),
        list: list.as_ref(),
    };
    options.output.write(&match form {
        Plain::Human => human::logs::verify(&report),
        Plain::Json => v1::logs::verify(&report)?,
        Plain::Jsonl => v1::logs::verify_line(&report)?,
    })?;
    Ok(if report.is_good() { Exit::Clean } else { Exit::Findings })
}
