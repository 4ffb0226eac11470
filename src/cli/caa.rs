//! `pinstead caa`: CAA alone.

mod asked;
mod bulk;
mod earlier;
mod suggest;

use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;
use std::num::NonZero;
use std::path::Path;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use tokio::task::{JoinError, JoinSet};

use self::asked::Asked;
use super::Exit;
use super::baseline_options::{BaselineOptions, InUse};
use super::dns_options::{DnsOptions, NameserverOptions};
use super::issued_options::IssuedOptions;
use super::options::{Form, GateOptions, OutputOptions, Plain};
use crate::caa::method::{LabelFaultKind, check_label};
use crate::caa::nameservers::Agreement;
use crate::caa::{
    CaaQuestion, CaaReading, Issued, IssuedCertificate, NotApplicable, Relevant, Usage, check_account,
    issued, judge,
};
use crate::dns_name::CertificateName;
use crate::evidence::dns::CaaLookup;
use crate::observe::dns::{DnsClient, Extent};
use crate::observe::{clock, files};
use crate::report::Summary;
use crate::report::document::{DocumentForm, Head, Piece, Section, Tail};
use crate::report::human::{self, safe};
use crate::report::json::v1::caa::{CaaDocument, CaaName};
use crate::rules::{self, Finding};

/// Options of `pinstead caa`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct CaaOptions {
    #[command(subcommand)]
    command: Option<CaaCommand>,
    /// The names to look up; `*.example.com` is judged as a wildcard name
    #[arg(required_unless_present = "targets", value_name = "NAME", value_parser = parse_subject)]
    names: Vec<Subject>,
    /// Read further names from a file, one a line, however many; # begins a comment, - is standard input. Each is
    /// written as soon as it is judged
    #[arg(long, value_name = "FILE", help_heading = "Many names")]
    targets: Option<String>,
    /// How many names of --targets are looked up at the same time [default: 500]
    #[arg(long, value_name = "NUMBER", requires = "targets", help_heading = "Many names")]
    concurrency: Option<NonZero<u16>>,
    /// Go on with what --output FILE (--format jsonl) holds already: names that have a line are not asked about
    /// again, unless they stayed undetermined
    #[arg(long, requires = "targets", help_heading = "Many names")]
    resume: bool,
    /// Give a verdict for this CA, by its CAA identifier or its owner's name; may be repeated [default: every CA
    /// the records name]
    #[arg(long = "ca", value_name = "ID")]
    cas: Vec<String>,
    /// What the certificate is for
    #[arg(long, value_enum, default_value = "tls")]
    usage: UsageOption,
    /// The account that asks the CA (RFC 8657 accounturi)
    #[arg(long, value_name = "URI", value_parser = parse_account)]
    account: Option<String>,
    /// The validation method the CA uses (RFC 8657 validationmethods), such as http-01 or ca-tbr-7
    #[arg(long, value_name = "NAME", value_parser = parse_method)]
    method: Option<String>,
    #[command(flatten)]
    issued: IssuedOptions,
    #[command(flatten)]
    dns: DnsOptions,
    #[command(flatten)]
    nameservers: NameserverOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    baseline: BaselineOptions,
}

/// What else there is to do about CAA.
#[derive(Debug, Subcommand)]
enum CaaCommand {
    /// Suggest the record set that allows exactly the CAs in use, in the form your DNS takes
    Suggest(Box<suggest::SuggestOptions>),
}

/// What a certificate is for, as the option has it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum UsageOption {
    /// TLS servers: issue and issuewild
    Tls,
    /// E-mail: issuemail (RFC 9495)
    Smime,
    /// Mark certificates: issuevmc
    Vmc,
}

/// What a certificate would be issued for.
#[derive(Clone, Debug)]
enum Subject {
    Name(CertificateName),
    Address(IpAddr),
}

/// One name as it was judged.
struct Judged {
    reading: CaaReading,
    issued: Option<Issued>,
    findings: Vec<Finding>,
}

/// Looks up and judges every name.
pub(super) fn run(options: &CaaOptions) -> anyhow::Result<Exit> {
    if let Some(CaaCommand::Suggest(options)) = &options.command {
        return suggest::run(options);
    }
    options.output.spare(options.files().chain(options.baseline.files()))?;
    options.baseline.spare_others(options.files())?;
    let baseline = options.baseline.in_use("caa", clock::now(), &options.gate)?;
    let inputs = options.issued.inputs()?;
    let asked = Asked::of(options, &inputs)?;
    let issued = options.issued.certificates(inputs)?;
    if let Some(list) = &options.targets {
        return bulk::run(options, list, asked, issued, baseline);
    }
    let certificates = issued.map(|issued| issued.certificates);
    let client = options.nameservers.reached_by(options.dns.client()?);
    let runtime = super::runtime()?;
    let (lookups, ended_early) =
        runtime.block_on(look_up(&client, options.nameservers.extent(), &options.names));
    let judged: Vec<Judged> = options
        .names
        .iter()
        .zip(&lookups)
        .map(|(subject, lookup)| {
            let reading = read(subject, lookup.as_ref(), &asked.question);
            judge_subject(subject, reading, lookup.as_ref(), &asked, certificates.as_deref(), &baseline)
        })
        .collect();
    let fails = judged.iter().any(|judged| options.gate.fails(&judged.findings));
    let unused = certificates.is_some() && !judged.iter().any(Judged::has_issued);
    if unused {
        note(NONE_ISSUED);
    }
    // Every name was asked for by name, so nothing that stayed open is passed over.
    let open = unused || judged.iter().any(Judged::is_open);
    let exit = options.gate.exit(fails, open, open);
    let notes = if unused { vec![NONE_ISSUED.to_owned()] } else { Vec::new() };
    options.output.write(&options.report(&judged, &asked, exit, &notes)?)?;
    if let Some(error) = ended_early {
        return Err(error).context("a look-up ended early");
    }
    baseline.finish(0)?;
    Ok(exit)
}

/// What is told where `--issued` tells nothing.
const NONE_ISSUED: &str = "none of the certificates given with --issued is for a name asked about: whether any can be \
    renewed was not looked at";

/// Says something on standard error; the report does not depend on it.
fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&format!("note: {text}")));
}

/// One name, with what was issued for it.
fn judge_subject(
    subject: &Subject,
    mut reading: CaaReading,
    lookup: Option<&CaaLookup>,
    asked: &Asked,
    certificates: Option<&[IssuedCertificate]>,
    baseline: &InUse,
) -> Judged {
    asked.vouch(&mut reading);
    let mut findings = rules::caa::findings(&reading);
    let issued = match (subject, lookup, certificates) {
        (Subject::Name(name), Some(lookup), Some(certificates)) => {
            Some(issued(name, lookup, asked.question.usage, certificates))
        }
        _ => None,
    };
    findings.extend(issued.iter().flat_map(rules::caa::issued_findings));
    rules::stamp(&reading.name, None, &mut findings);
    let mut judged = Judged { reading, issued, findings: Vec::new() };
    let whole = !judged.is_open();
    let of_servers = judged.reading.nameservers.state != Agreement::NotAsked;
    let of_issued = judged.has_issued();
    baseline.settle(&judged.reading.name, &mut findings, |rule| {
        whole
            && (of_servers || !rules::caa::is_about_nameservers(rule))
            && (of_issued || !rules::caa::is_about_issued(rule))
    });
    judged.findings = findings;
    judged
}

impl CaaOptions {
    /// The files that are read.
    fn files(&self) -> impl Iterator<Item = &Path> {
        self.targets.iter().map(Path::new).chain(self.issued.files()).chain(self.dns.files())
    }

    /// What is known before the first name.
    fn head(&self) -> Head {
        Head {
            command: "caa",
            judged_at: clock::now(),
            basis: Vec::new(),
            home: None,
            folder: files::working_directory(),
            fail_on: self.gate.least(),
            // Every name was asked for by name.
            strict: true,
        }
    }

    fn report(
        &self,
        judged: &[Judged],
        asked: &Asked,
        exit: Exit,
        notes: &[String],
    ) -> anyhow::Result<String> {
        let form = match self.output.format.form() {
            Form::Plain(Plain::Json) => {
                let names = judged.iter().map(|judged| judged.json(CaaName::new, asked)).collect();
                return Ok(serde_json::to_string_pretty(&CaaDocument::new(names))? + "\n");
            }
            Form::Plain(form) => form,
            Form::Document(form) => {
                let head = self.head();
                let pieces = judged
                    .iter()
                    .map(|judged| judged.piece(form, &head, asked))
                    .collect::<anyhow::Result<Vec<Piece>>>()?;
                let mut summary = Summary::default();
                for piece in &pieces {
                    piece.count_into(&mut summary);
                }
                let tail = Tail { summary: &summary, exit_code: exit.code(), notes };
                return Ok(form.document(&head, &pieces, &tail)?);
            }
        };
        let names: Vec<Vec<u8>> =
            judged.iter().map(|judged| judged.render(form, asked, None)).collect::<Result<_, _>>()?;
        let between: &[u8] = if form == Plain::Human { b"\n" } else { b"" };
        Ok(String::from_utf8(names.join(between))?)
    }
}

impl Judged {
    /// Whether anything that was asked stayed open, what was issued included.
    fn is_open(&self) -> bool {
        let applies = !matches!(self.reading.relevant, Relevant::NotApplicable(_));
        self.reading.is_open() || (applies && self.issued.as_ref().is_some_and(Issued::is_undetermined))
    }

    /// Whether the certificates that were issued say anything of the name.
    fn has_issued(&self) -> bool {
        self.issued.as_ref().is_some_and(|issued| !issued.names.is_empty() || issued.never_issued.is_some())
    }

    fn json<'a>(
        &'a self,
        name: fn(&'a CaaReading, &'a [Finding]) -> CaaName<'a>,
        asked: &Asked,
    ) -> CaaName<'a> {
        name(&self.reading, &self.findings).with_issued(self.issued.as_ref()).with_meant(&asked.meant)
    }

    /// The name in a form that is the same for every command.
    fn piece(&self, form: DocumentForm, head: &Head, asked: &Asked) -> anyhow::Result<Piece> {
        let data = form.data(|| serde_json::to_value(self.json(CaaName::new, asked)))?;
        let section = Section::of_caa(&self.reading, &self.findings, self.is_open(), head, &data);
        Ok(form.piece(head, &section)?)
    }

    /// The name's part of the report; a line of a long one says what its run was asked.
    fn render(&self, form: Plain, asked: &Asked, run: Option<&str>) -> anyhow::Result<Vec<u8>> {
        Ok(match form {
            Plain::Human => {
                human::caa::with_issued(&self.reading, asked.terms(), self.issued.as_ref(), &self.findings)
                    .into_bytes()
            }
            Plain::Json => self.json(CaaName::new, asked).to_json()?,
            Plain::Jsonl => {
                let line = self.json(CaaName::line, asked);
                run.into_iter().fold(line, CaaName::of_run).to_json_line()?
            }
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl From<UsageOption> for Usage {
    fn from(usage: UsageOption) -> Self {
        match usage {
            UsageOption::Tls => Self::Tls,
            UsageOption::Smime => Self::Smime,
            UsageOption::Vmc => Self::Vmc,
        }
    }
}

fn parse_subject(text: &str) -> Result<Subject, String> {
    let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = unbracketed.parse() {
        return Ok(Subject::Address(address));
    }
    text.parse().map(Subject::Name).map_err(|error: crate::dns_name::DnsNameError| error.to_string())
}

fn parse_account(text: &str) -> Result<String, String> {
    check_account(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}

/// A label that may be one; whether it is known is told in a note.
fn parse_method(text: &str) -> Result<String, String> {
    match check_label(text) {
        Err(fault) if fault.kind == LabelFaultKind::Malformed => Err(fault.to_string()),
        _ => Ok(text.to_owned()),
    }
}

/// Looks up every name at the same time; the results are in the order of the names.
async fn look_up(
    client: &DnsClient,
    extent: Extent,
    subjects: &[Subject],
) -> (Vec<Option<CaaLookup>>, Option<JoinError>) {
    let mut lookups = vec![None; subjects.len()];
    let mut ended_early = None;
    let mut tasks = JoinSet::new();
    for (position, subject) in subjects.iter().enumerate() {
        if let Subject::Name(name) = subject {
            let (client, base) = (client.clone(), name.base.clone());
            tasks.spawn(async move { (position, client.look_up_caa(&base, extent).await) });
        }
    }
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((position, lookup)) => {
                if let Some(place) = lookups.get_mut(position) {
                    *place = Some(lookup);
                }
            }
            // The other names lose nothing by it.
            Err(error) => ended_early = Some(error),
        }
    }
    (lookups, ended_early)
}

fn read(subject: &Subject, lookup: Option<&CaaLookup>, question: &CaaQuestion) -> CaaReading {
    match (subject, lookup) {
        (Subject::Name(name), Some(lookup)) => judge(name, lookup, question),
        (Subject::Name(name), None) => judge(name, &CaaLookup::of(name.base.clone()), question),
        (Subject::Address(address), _) => {
            CaaReading::not_applicable(address.to_string(), false, NotApplicable::IpAddress)
        }
    }
}
