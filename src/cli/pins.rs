//! `pinstead pins`: reads and lints pin files, against a given chain if one is named.

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::Exit;
use super::options::{Format, GateOptions, OutputOptions};
use crate::ca::CaTable;
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::observe::{clock, files};
use crate::pins::formats::{LONGEST_FILE, is_inline_list};
use crate::pins::{PinFile, PinsStatus, PinsVerdict, ProblemKind, Question, SourceState, judge};
use crate::x509::path::{self, Anchors};
use crate::x509::{PathCertificate, read_certificates};

/// The longest file of certificates that is read, in octets.
const LONGEST_CHAIN_FILE: u64 = 4 << 20;

/// Options of `pinstead pins`.
#[derive(Debug, Args)]
pub(super) struct PinsOptions {
    /// Pin files: Android Network Security Config, iOS Info.plist, curl lists; `-` for standard input, or a
    /// list itself (sha256//…)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Say whether this host is pinned, and use only what applies to it
    #[arg(long, value_name = "NAME")]
    host: Option<DnsName>,
    /// Compare the pins with the certificates of this file, PEM or DER, leaf first
    #[arg(long, value_name = "FILE", requires = "host")]
    chain: Option<String>,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    gate: GateOptions,
}

/// Reads, judges and reports.
pub(super) fn run(options: &PinsOptions) -> anyhow::Result<Exit> {
    let at = options.at.unwrap_or_else(clock::now);
    let path = options.chain.as_deref().map(|file| chain(file, at)).transpose()?;
    let inputs: Vec<PinFile> = options.files.iter().map(|file| PinFile::of(&read(file))).collect();
    let question = Question {
        host: options.host.as_ref().map(DnsName::as_str),
        path: path.as_deref(),
        at,
        known_ca: &|key| CaTable.key(key).map(|ca| ca.subject.to_owned()),
    };
    let verdict = judge(&inputs, &question);
    let findings = crate::rules::pins::findings(&verdict);
    let report = match options.output.format {
        Format::Human => crate::report::human::pins::render(&verdict, &findings),
        Format::Json => {
            serde_json::to_string_pretty(&crate::report::json::v1::pins::PinsReport::new(
                &verdict, &findings,
            ))? + "\n"
        }
        Format::Jsonl => {
            serde_json::to_string(&crate::report::json::v1::pins::PinsReport::new(&verdict, &findings))?
                + "\n"
        }
    };
    options.output.write(&report)?;
    if verdict.sources.iter().all(|source| matches!(source.state, SourceState::Unreadable(_))) {
        return Ok(Exit::Usage);
    }
    Ok(options.gate.exit(options.gate.fails(&findings), is_open(&verdict), false))
}

/// Reads a pin file, or takes an argument that is itself a list.
fn read(argument: &str) -> InputFile {
    if is_inline_list(argument) {
        let content = FileContent::Read(Bytes(argument.as_bytes().to_vec()));
        return InputFile { path: argument.to_owned(), content };
    }
    files::read(argument, u64::try_from(LONGEST_FILE).unwrap_or(u64::MAX))
}

/// The path from the leaf to an embedded anchor; where there is none, the certificates as given.
fn chain(file: &str, at: Timestamp) -> anyhow::Result<Vec<PathCertificate>> {
    let input = files::read(file, LONGEST_CHAIN_FILE);
    let octets =
        input.octets().map_err(|why| anyhow::anyhow!("{why}")).with_context(|| format!("reading {file}"))?;
    let certificates = read_certificates(octets).with_context(|| format!("reading {file}"))?;
    let verdict = path::judge(&certificates, None, &Anchors::embedded(), at);
    Ok(verdict.map(|verdict| verdict.path).unwrap_or_default())
}

/// Whether something that was asked for by name stayed open: a file, or the host's status.
fn is_open(verdict: &PinsVerdict) -> bool {
    let open_host = verdict.host.is_some() && verdict.status == PinsStatus::Undetermined;
    let open_file = verdict.sources.iter().any(|source| {
        source.state != SourceState::Read
            || source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead)
    });
    open_host || open_file
}
