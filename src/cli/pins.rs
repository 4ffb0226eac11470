//! `pinstead pins`: reads and lints pin files, against a given chain if one is named.

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;

use super::Exit;
use super::options::{Format, GateOptions, OutputOptions, parse_time};
use crate::ca::CaTable;
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::observe::{clock, files};
use crate::pins::formats::{LONGEST_FILE, is_inline_list};
use crate::pins::{
    KnownCa, PinFile, PinsStatus, PinsVerdict, ProblemKind, Question, SourceState, judge, off_path,
};
use crate::x509::path::{self, Anchors, Trust};
use crate::x509::paths::{ClientPath, client_paths};
use crate::x509::{Certificate, PathCertificate, SpkiSha256, read_certificates};

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
    /// Trust anchors (PEM) instead of the embedded ones, for a chain of a private CA
    #[arg(long, value_name = "FILE", requires = "chain")]
    roots: Option<String>,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    gate: GateOptions,
}

/// Reads, judges and reports.
pub(super) fn run(options: &PinsOptions) -> anyhow::Result<Exit> {
    options.output.spare(options.files.iter().chain(&options.chain).chain(&options.roots))?;
    let at = options.at.unwrap_or_else(clock::now);
    let anchors = options.roots.as_deref().map_or_else(|| Ok(Anchors::embedded()), roots)?;
    let chain = options.chain.as_deref().map(|file| chain(file, &anchors, at)).transpose()?;
    let path = chain.as_ref().and_then(|chain| chain.as_ref().ok());
    let inputs: Vec<PinFile> = options.files.iter().flat_map(|file| PinFile::of(&read(file))).collect();
    let question = Question {
        host: options.host.as_ref().map(DnsName::as_str),
        path: path.map(|path| path.path.as_slice()),
        off_path: path.map_or(&[], |path| path.off_path.as_slice()),
        at,
        paths: path.map_or(&[], |path| path.paths.as_slice()),
        certificates: path.map_or(&[], |path| path.served.as_slice()),
        known_ca: &|key| CaTable.key(key).map(KnownCa::from),
    };
    let mut verdict = judge(&inputs, &question);
    if let Some(Err(why)) = &chain {
        verdict.reason.push_str("; no pin was compared: ");
        verdict.reason.push_str(why);
    }
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
    Ok(options.gate.exit(options.gate.fails(&findings), is_open(&verdict, options.chain.is_some()), false))
}

/// Reads a pin file, or takes an argument that is itself a list.
fn read(argument: &str) -> InputFile {
    if is_inline_list(argument) {
        let content = FileContent::Read(Bytes(argument.as_bytes().to_vec()));
        return InputFile { path: argument.to_owned(), content };
    }
    files::read(argument, u64::try_from(LONGEST_FILE).unwrap_or(u64::MAX))
}

/// The path of a chain, and the keys that the file has beside it.
struct Path {
    path: Vec<PathCertificate>,
    off_path: Vec<SpkiSha256>,
    served: Vec<Certificate>,
    paths: Vec<ClientPath>,
}

/// The path from the leaf to an anchor, or why there is none: what pins match on a path that no client builds
/// says nothing of clients.
fn chain(file: &str, anchors: &Anchors, at: Timestamp) -> anyhow::Result<Result<Path, String>> {
    let served = certificates(file)?;
    let Some(verdict) = path::judge(&served, None, anchors, at) else {
        return Ok(Err(format!("{file} holds no certificate")));
    };
    let built_for = match verdict.trust {
        Trust::TrustedAtAnotherTime { at } => at,
        _ => at,
    };
    Ok(match verdict.trust {
        Trust::Trusted | Trust::TrustedAtAnotherTime { .. } => {
            let graph = |key: &SpkiSha256| CaTable.certificates(key).collect();
            Ok(Path {
                off_path: off_path(&served, &verdict.path),
                paths: client_paths(&served, anchors, &graph, built_for),
                path: verdict.path,
                served,
            })
        }
        Trust::Untrusted { reason } | Trust::Unknown { reason } => {
            Err(format!("the chain in {file} leads to no anchor of {} ({reason})", verdict.anchors))
        }
    })
}

fn roots(file: &str) -> anyhow::Result<Anchors> {
    Ok(Anchors::given(certificates(file)?, file))
}

fn certificates(file: &str) -> anyhow::Result<Vec<Certificate>> {
    let input = files::read(file, LONGEST_CHAIN_FILE);
    let octets =
        input.octets().map_err(|why| anyhow::anyhow!("{why}")).with_context(|| format!("reading {file}"))?;
    read_certificates(octets).with_context(|| format!("reading {file}"))
}

/// Whether something that was asked for by name stayed open: a file, the host's status, or what pins match in the
/// chain that was given.
fn is_open(verdict: &PinsVerdict, chain_given: bool) -> bool {
    let open_host = verdict.host.is_some() && verdict.status == PinsStatus::Undetermined;
    let open_file = verdict.sources.iter().any(|source| {
        source.state != SourceState::Read
            || source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead)
    });
    open_host || open_file || (chain_given && verdict.is_uncompared())
}
