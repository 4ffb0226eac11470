//! `pinstead pins`: reads and lints pin files, against a given chain if one is named.

mod asked;
mod backup_ca;
mod compared;
mod make;
mod open;
mod served;
mod tlsa;

use std::io::Write as _;
use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use self::asked::{host_of, only_service};
use self::compared::{Asked, Compared, findings};
use self::open::{open_parts, why_undetermined};
use self::served::{Served, anchors, default_port, fetch, parse_server};
use super::Exit;
use super::baseline_options::BaselineOptions;
use super::expiry_options::ExpiryOptions;
use super::options::{Form, GateOptions, NetworkOptions, OutputOptions, Plain, parse_time};
use super::pin_inputs;
use crate::dns_name::DnsName;
use crate::observe::{clock, files};
use crate::pins::formats::LONGEST_PACKAGE;
use crate::pins::formats::tlsa::of_lookup;
use crate::pins::{self, OpenPart, OtherChain, PinFile, PinsVerdict, SourceState, SourceVerdict};
use crate::report::Summary;
use crate::report::document::{DocumentError, DocumentForm, Head, Section, Tail};
use crate::report::human::safe;
use crate::report::json::v1::pins::PinsReport;
use crate::rules::{self, Finding};
use crate::target::ServerTarget;
use crate::x509::path::HostIdentity;

/// What is read, for `--help`.
const READS: &str = "\
What is read:
  apps            APK, AAB, XAPK and APKS packages, IPA packages
  Android         Network Security Config, with TrustKit's additions
  iOS             Info.plist with NSPinnedDomains, TrustKit's configuration
                  (XML and binary)
  source code     OkHttp's CertificatePinner, TrustKit, Alamofire, AFNetworking,
                  URLSession, .NET, Flutter, React Native, Go, Rust: what looks
                  guessed is said to be
  configurations  pins in JSON, pins.toml, Chromium's static pins, Wultra's
                  signed lists
  certificates    PEM and DER files that an app ships
  headers         Public-Key-Pins and Expect-CT (obsolete, and judged so)
  builds          values of Gradle, string resources, .env files
  lists           curl's --pinnedpubkey, in scripts too; TLSA records
  folders         everything above in a folder or a repository

A file has at most 4 MiB, a package 512 MiB; of a folder at most 20,000 files are
opened, 512 MiB kept and 40 levels entered. docs/pins-formats.md has a row for
each format: what is read, host matching, merging, expiry, position, limits.

A file that nothing here recognises is undetermined, which is not the same as
not pinned.";

/// Options of `pinstead pins`.
#[derive(Debug, Args)]
#[command(after_help = READS, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct PinsOptions {
    #[command(subcommand)]
    command: Option<PinsCommand>,
    /// What pins: files, packages or folders; `-` for standard input, or a curl list itself (sha256//…)
    #[arg(required_unless_present = "tlsa", value_name = "FILE|DIR")]
    files: Vec<String>,
    /// Say whether this host is pinned, and use only what applies to it
    #[arg(long, value_name = "NAME")]
    host: Option<DnsName>,
    /// Compare the pins with the certificates of this file, PEM or DER, leaf first [host: --host, else the
    /// certificate's own]
    #[arg(long, value_name = "FILE")]
    chain: Option<String>,
    /// Compare the pins with the chain that the host's server shows now [default: --host, port 443]
    #[arg(long, value_name = "HOST[:PORT]", num_args = 0..=1, default_missing_value = "", conflicts_with = "chain")]
    live: Option<String>,
    /// Look up the TLSA records of a service, and compare them with its chain (--live or --chain); may be repeated
    #[arg(long, value_name = "HOST:PORT[/tcp]", value_parser = tlsa::parse_service)]
    tlsa: Vec<tlsa::Service>,
    /// Trust anchors (PEM) instead of the embedded ones, for a chain of a private CA
    #[arg(long, value_name = "FILE")]
    roots: Option<String>,
    /// Judge as of this time (RFC 3339) instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    expiry: ExpiryOptions,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    baseline: BaselineOptions,
}

/// What else there is to do about pins.
#[derive(Debug, Subcommand)]
enum PinsCommand {
    /// Propose pins for a host, with a backup, and write them in the forms they are shipped in
    Make(Box<make::MakeOptions>),
}

/// Reads, judges and reports.
pub(super) fn run(options: &PinsOptions) -> anyhow::Result<Exit> {
    if let Some(PinsCommand::Make(options)) = &options.command {
        return make::run(options);
    }
    let inputs = || options.files.iter().chain(&options.chain).chain(&options.roots).map(Path::new);
    options.output.spare(inputs().chain(options.baseline.files()))?;
    options.baseline.spare_others(inputs())?;
    let at = options.at.unwrap_or_else(clock::now);
    let anchors = anchors(options.roots.as_deref())?;
    let live = options.live_server()?;
    let served = match (&options.chain, &live) {
        (Some(file), _) => vec![Ok(Served::of_file(file)?)],
        (None, Some(server)) => fetch(server, &options.network)?,
        (None, None) => Vec::new(),
    };
    let read = pin_inputs::read(&options.files, u64::try_from(LONGEST_PACKAGE).unwrap_or(u64::MAX));
    options.output.spare(&read.paths)?;
    let mut inputs = PinFile::of_all(&read.files);
    // Pins are compared for one host.
    let host = match (options.host(live.as_ref()), &options.chain, served.as_slice()) {
        (None, Some(_), [Ok(served)]) => Some(host_of(&served.certificates, &inputs)?),
        (host, ..) => host,
    };
    let unseen: Vec<OpenPart> =
        served.iter().filter_map(|served| served.as_ref().err()).map(OpenPart::of_none).collect();
    let identity = host.clone().map(HostIdentity::Name);
    let chains: Vec<Compared> =
        served.into_iter().map(|served| Compared::of(served, identity.as_ref(), &anchors, at)).collect();
    let port = live.as_ref().map(|server| server.port.unwrap_or_else(|| default_port(&options.network)));
    let lookups = tlsa::look_up(&options.tlsa, &options.network)?;
    inputs.extend(lookups.iter().map(of_lookup));
    // A chain out of a file is that of the one service asked about, or that the files have records of.
    let port = port.or_else(|| only_service(&inputs, host.as_ref()?));
    let asked = Asked { host: host.as_ref().map(DnsName::as_str), port, at, soon: options.expiry.soon() };
    let mut verdict = asked.judge(&inputs, chains.first());
    verdict.nothing_in(&options.files);
    verdict.found_in(&read.folders);
    verdict.unseen = pins::unseen::unseen(&read.files, &read.folders);
    let others: Vec<OtherChain> = chains
        .iter()
        .skip(1)
        .map(|chain| {
            let mut verdict = asked.judge(&inputs, Some(chain));
            verdict.found_in(&read.folders);
            OtherChain { shown_by: chain.source.clone(), verdict }
        })
        .collect();
    let mut findings = findings(&verdict, &others, &chains);
    let verdicts = || std::iter::once(&verdict).chain(others.iter().map(|other| &other.verdict));
    let open = open_parts(unseen.clone(), verdicts(), !chains.is_empty());
    let baseline = options.baseline.in_use("pins", at, &options.gate)?;
    let looked =
        |rule: &str| open.is_empty() && (!chains.is_empty() || rules::pins::is_about_files_alone(rule));
    baseline.settle(verdict.host.as_deref().unwrap_or_default(), &mut findings, looked);
    let document = || PinsReport::new(&verdict, &others, &open, &findings);
    let is_unusable = |source: &SourceVerdict| {
        matches!(source.state, SourceState::Unreadable(_) | SourceState::NotWellFormed(_))
    };
    let is_left_open =
        !unseen.is_empty() || verdicts().any(|verdict| verdict.is_left_open(!chains.is_empty()));
    let exit = if !verdict.sources.is_empty() && verdict.sources.iter().all(is_unusable) {
        Exit::Usage
    } else {
        options.gate.exit(options.gate.fails(&findings), is_left_open, verdict.is_status_open())
    };
    let report = match options.output.format.form() {
        Form::Plain(Plain::Human) => crate::report::human::pins::render(&verdict, &others, &findings),
        Form::Plain(Plain::Json) => serde_json::to_string_pretty(&document())? + "\n",
        Form::Plain(Plain::Jsonl) => serde_json::to_string(&document())? + "\n",
        Form::Document(form) => {
            let data = form.data(|| serde_json::to_value(document()))?;
            options.document(form, (&verdict, &findings), (&open, is_left_open), &data, exit)?
        }
    };
    options.output.write(&report)?;
    baseline.finish(0)?;
    if exit == Exit::Undetermined {
        note(&why_undetermined(&open));
    }
    Ok(exit)
}

impl PinsOptions {
    /// The report in a form that is the same for every command: all files are one target.
    fn document(
        &self,
        form: DocumentForm,
        (verdict, findings): (&PinsVerdict, &[Finding]),
        open: (&[OpenPart], bool),
        data: &serde_json::Value,
        exit: Exit,
    ) -> Result<String, DocumentError> {
        let head = Head {
            command: "pins",
            judged_at: verdict.at,
            basis: Vec::new(),
            home: self.files.first().filter(|file| *file != "-" && !file.starts_with("sha256")).cloned(),
            folder: files::working_directory(),
            fail_on: self.gate.least(),
            strict: self.gate.is_strict(),
        };
        let name = match (verdict.host.as_deref(), self.files.as_slice()) {
            (Some(host), _) => host.to_owned(),
            (None, [only]) => only.clone(),
            (None, [first, more @ ..]) => format!("{first} and {} more", more.len()),
            (None, []) => "TLSA records".to_owned(),
        };
        let piece = form.piece(&head, &Section::of_pins((&name, verdict), findings, open, &head, data))?;
        let mut summary = Summary::default();
        piece.count_into(&mut summary);
        form.document(&head, &[piece], &Tail { summary: &summary, exit_code: exit.code(), notes: &[] })
    }

    /// The server whose chain is wanted.
    fn live_server(&self) -> anyhow::Result<Option<ServerTarget>> {
        match (self.live.as_deref(), &self.host) {
            (None, _) => Ok(None),
            (Some(text), _) if !text.is_empty() => {
                let server = parse_server(text);
                server.map(Some).map_err(|why| {
                    anyhow::anyhow!(
                        "--live: {why}. It takes the word that follows it: name the files before it"
                    )
                })
            }
            (Some(_), Some(host)) => {
                Ok(Some(ServerTarget { host: HostIdentity::Name(host.clone()), port: None }))
            }
            (Some(_), None) => bail!("--live without a host needs --host"),
        }
    }

    /// The host asked about: the server's own where no other is named.
    fn host(&self, live: Option<&ServerTarget>) -> Option<DnsName> {
        self.host.clone().or_else(|| match live.map(|server| &server.host) {
            Some(HostIdentity::Name(name)) => Some(name.clone()),
            _ => self.tlsa.first().filter(|_| self.tlsa.len() == 1).map(|service| service.host.clone()),
        })
    }
}

/// Says something on standard error; the report does not depend on it.
fn note(text: &str) {
    aside(&format!("note: {}\n", safe(text)));
}

/// Writes what does not belong in the report itself to standard error.
fn aside(text: &str) {
    let _ = write!(anstream::stderr().lock(), "{text}");
}
