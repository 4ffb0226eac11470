//! `pinstead check`: observe, judge, report each target.

mod form;
mod in_order;
mod issued;
mod replay;
mod run;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

pub(super) use self::form::Detail;
use self::issued::IssuanceAsker;
use self::replay::{saved_evidence, saved_gate};
use self::run::{Asking, Judging, Run};
use super::Exit;
use super::baseline_options::BaselineOptions;
use super::dns_options::NameserverOptions;
use super::expiry_options::ExpiryOptions;
use super::issuance::sources::SourceOptions;
use super::list_options::{ListOptions, announce_refused};
use super::options::{GateOptions, NetworkOptions, OutputOptions, parse_time, spare};
use super::pin_inputs;
use super::revocation_options::RevocationOptions;
use super::saved::{is_evidence_file, save};
use super::target_list;
use crate::ct::log_id::LogId;
use crate::ct::tree_head::TreeHead;
use crate::evidence::{CompareRequest, EVIDENCE_VERSION, Evidence, Inputs as InputFiles, Request};
use crate::issuance::reported::{Coverage, SourceReading};
use crate::judge::Inputs;
use crate::observe::ct_log::LogClient;
use crate::observe::http::HttpClient;
use crate::observe::run::Looking;
use crate::observe::tls::TlsOptions;
use crate::observe::tree_heads::TreeHeads;
use crate::observe::{clock, files};
use crate::policy::{MAX_POLICY, Policy};
use crate::report::human::safe;
use crate::scope;
use crate::target::{ServerTarget, Target};
use crate::x509::path::HostIdentity;

/// The policy file that is used where none is named.
pub(super) const DEFAULT_POLICY: &str = "pinstead.toml";

/// The largest other input file that is read, in octets.
pub(super) const MAX_INPUT: u64 = 64 << 20;

/// Options of `pinstead check`.
#[derive(Debug, Args)]
pub(super) struct CheckOptions {
    /// A host, host:port, https URL, certificate file (PEM or DER, - for standard input), or saved evidence
    #[arg(value_name = "TARGET")]
    target: Vec<String>,
    /// Read further targets from a file, one a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    targets: Option<String>,
    #[command(flatten)]
    expectations: ExpectationOptions,
    #[command(flatten)]
    network: NetworkOptions,
    #[command(flatten)]
    nameservers: NameserverOptions,
    /// Ask the CT logs for proof that they hold the certificate
    #[arg(long, help_heading = "Network", conflicts_with = "offline")]
    inclusion: bool,
    #[command(flatten)]
    revocation: RevocationOptions,
    /// Look up the TLSA records of each server that is named, and judge them as pins
    #[arg(long, help_heading = "Network", conflicts_with = "offline")]
    tlsa: bool,
    #[command(flatten)]
    issued: SourceOptions,
    #[command(flatten)]
    judging: JudgingOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    baseline: BaselineOptions,
    #[command(flatten)]
    expiry: ExpiryOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// Save what was observed, to be judged again later: `pinstead check FILE`
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    save_evidence: Option<PathBuf>,
    /// Set by `pinstead compare`.
    #[arg(skip)]
    comparing: Option<CompareRequest>,
}

/// What the owner expects.
#[derive(Debug, Args)]
#[command(next_help_heading = "Expectations")]
pub(super) struct ExpectationOptions {
    /// The policy file (default: pinstead.toml in this folder, if it is there)
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// A CA that is expected: its CAA identifier or its owner's name
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    expect_ca: Vec<String>,
    /// A file, package or folder with pins; `pinstead pins --help` lists what is read
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pins: Vec<String>,
}

/// How to judge.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(super) struct JudgingOptions {
    /// Judge as of this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
    /// Judge only these parts; revocation belongs to issuer, that of what was issued to issuance
    #[arg(long, value_name = "PART", value_delimiter = ',', value_enum)]
    only: Vec<PartName>,
    /// Trust anchors (PEM) instead of the embedded ones
    #[arg(long, value_name = "FILE")]
    roots: Option<String>,
    /// Further issuer certificates
    #[arg(long, value_name = "FILE")]
    issuer: Vec<String>,
    #[command(flatten)]
    lists: ListOptions,
}

/// A part's name in `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PartName {
    Ct,
    Caa,
    Issuer,
    Issuance,
    Pins,
    Compare,
}

impl PartName {
    fn part(self) -> scope::Part {
        match self {
            Self::Ct => scope::Part::Ct,
            Self::Caa => scope::Part::Caa,
            Self::Issuer => scope::Part::Issuer,
            Self::Issuance => scope::Part::Issuance,
            Self::Pins => scope::Part::Pins,
            Self::Compare => scope::Part::Compare,
        }
    }
}

impl CheckOptions {
    /// Makes it a run of `pinstead compare`.
    pub(super) fn compare(&mut self, request: CompareRequest, detail: Detail) {
        self.comparing = Some(request);
        self.output.compared = Some(detail);
    }

    /// Whether no target is named.
    pub(super) fn names_nothing(&self) -> bool {
        self.target.is_empty() && self.targets.is_none()
    }

    /// Whether TLSA records are looked up: where that is asked for; `compare` has a column for them, and asks itself.
    fn looks_up_tlsa(&self) -> bool {
        let only = &self.judging.only;
        let is_wanted = only.is_empty() || only.contains(&PartName::Pins);
        self.tlsa || self.comparing.is_some() && !self.network.offline && is_wanted
    }

    /// The files that are named to be read, but for those of the lists that are among them.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let ExpectationOptions { policy, pins, .. } = &self.expectations;
        let policy = Path::new(policy.as_deref().unwrap_or(DEFAULT_POLICY));
        let JudgingOptions { roots, issuer, lists, .. } = &self.judging;
        let named = self.target.iter().chain(&self.targets).chain(pins).chain(roots).chain(issuer);
        named
            .map(Path::new)
            .chain([policy])
            .chain(lists.files())
            .chain(self.network.dns.files())
            .chain(self.baseline.files())
    }

    /// Refuses to write the report or the evidence over a file that is read.
    fn spare<P: AsRef<Path>>(&self, inputs: impl IntoIterator<Item = P>) -> anyhow::Result<()> {
        let inputs: Vec<P> = inputs.into_iter().collect();
        if let Some(evidence) = &self.save_evidence {
            spare("--save-evidence", evidence, &inputs)?;
        }
        self.output.spare(&inputs)?;
        self.baseline.spare_others(&inputs)
    }
}

/// The command that judges by this request.
pub(super) fn command(request: &Request) -> &'static str {
    if request.compare.is_some() { "compare" } else { "check" }
}

/// Runs the command.
pub(super) fn run(options: &CheckOptions) -> anyhow::Result<Exit> {
    options.spare(options.files())?;
    if options.save_evidence.is_some() && options.save_evidence == options.output.output {
        bail!("--save-evidence and --output name the same file: one would be written over by the other");
    }
    match saved_evidence(options)? {
        Some(evidence) => {
            let inputs = Inputs::read(&evidence.request, &evidence.inputs)?;
            announce_refused(&inputs.log_lists);
            let gate = saved_gate(options, &inputs)?;
            let Evidence { request, targets, crls, .. } = &evidence;
            if options.comparing.is_some() {
                has_history(&inputs)?;
            }
            let at = request.at.unwrap_or(evidence.observed_at);
            let baseline = options.baseline.in_use(command(request), at, &gate)?;
            let policy_file = policy_file(&evidence.inputs);
            let judging =
                Judging { request, inputs: &inputs, at, gate: &gate, policy_file, baseline: &baseline };
            let mut run = Run::new(judging, &options.output)?;
            run.judge(targets, crls)?;
            if let Some(path) = &options.save_evidence {
                save(&evidence, path)?;
            }
            let exit = run.finish()?;
            baseline.finish()?;
            Ok(exit)
        }
        None => look_and_judge(options),
    }
}

/// Looks at the targets and judges each as soon as it was seen.
fn look_and_judge(options: &CheckOptions) -> anyhow::Result<Exit> {
    let targets = targets(options)?;
    options.spare(targets.iter().filter_map(|target| match target {
        Target::File(path) => Some(path),
        Target::Server(_) => None,
    }))?;
    let mut evidence = Evidence {
        pinstead_evidence: EVIDENCE_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        observed_at: clock::now(),
        request: request(options),
        inputs: input_files(options)?,
        targets: Vec::new(),
        crls: Vec::new(),
        issuance: Vec::new(),
    };
    // What is wrong with an input is told before anything is asked of the network.
    let inputs = Inputs::read(&evidence.request, &evidence.inputs)?;
    if options.comparing.is_some() {
        has_history(&inputs)?;
    }
    announce_refused(&inputs.log_lists);
    let gate = options.gate.or_policy(&inputs.policy);
    let looking = Looking {
        dns: options.network.client()?.map(|client| options.nameservers.reached_by(client)),
        connect: options.network.connect,
        tls: TlsOptions { starttls: options.network.starttls, ..TlsOptions::default() },
        caa: inputs.scope.includes(scope::Part::Caa).then(|| options.nameservers.extent()),
        tlsa: evidence.request.tlsa,
    };
    if options.tlsa {
        can_have_tlsa(&targets, &inputs.scope)?;
    }
    if options.nameservers.are_asked() && (looking.dns.is_none() || looking.caa.is_none()) {
        bail!(
            "--all-nameservers needs the network and the part caa: it does not go with --offline, nor with an --only that leaves caa out"
        );
    }
    let tree_heads = options.judging.lists.tree_heads();
    let asking = Asking {
        logs: log_client(options, &inputs, &looking, &tree_heads)?,
        crls: options.revocation.client(&inputs, &looking, options.judging.lists.crls())?,
        issuance: IssuanceAsker::of(
            options,
            &inputs,
            evidence.inputs.policy.as_ref().map(|file| file.path.as_str()),
            targets.len(),
        )?,
    };
    let at = evidence.request.at.unwrap_or(evidence.observed_at);
    let baseline = options.baseline.in_use(command(&evidence.request), at, &gate)?;
    let policy_file = policy_file(&evidence.inputs);
    let judging = Judging {
        request: &evidence.request,
        inputs: &inputs,
        at,
        gate: &gate,
        policy_file,
        baseline: &baseline,
    };
    let mut run = Run::new(judging, &options.output)?;
    let (seen, crls) = run.look_and_judge(targets, &looking, &asking, options.save_evidence.is_some())?;
    keep(&tree_heads, run.tree_heads());
    let exit = run.finish()?;
    if let Some(path) = &options.save_evidence {
        (evidence.targets, evidence.crls) = (seen, crls);
        save(&evidence, path)?;
    }
    baseline.finish()?;
    Ok(exit)
}

/// Refuses files of certificates with which nothing can be replayed.
fn has_history(inputs: &Inputs) -> anyhow::Result<()> {
    match &inputs.certificates {
        Some(SourceReading { coverage: Coverage::NoData(why), place, problems, .. }) => {
            let first = problems.first().map(|problem| format!(" ({problem})")).unwrap_or_default();
            bail!("--history {place}: {why}{first}")
        }
        _ => Ok(()),
    }
}

fn policy_file(inputs: &InputFiles) -> Option<&str> {
    inputs.policy.as_ref().map(|file| file.path.as_str())
}

/// Refuses `--tlsa` where nothing could come of it.
fn can_have_tlsa(targets: &[Target], scope: &scope::Scope) -> anyhow::Result<()> {
    if !scope.includes(scope::Part::Pins) {
        bail!("--tlsa belongs to the part pins, which --only leaves out");
    }
    let has_records =
        |target: &Target| matches!(target, Target::Server(ServerTarget { host: HostIdentity::Name(_), .. }));
    if !targets.iter().any(has_records) {
        bail!("--tlsa needs a target that is a host: files and addresses have no TLSA records");
    }
    Ok(())
}

/// What asks the logs, if they are to be asked.
fn log_client(
    options: &CheckOptions,
    inputs: &Inputs,
    looking: &Looking,
    tree_heads: &TreeHeads,
) -> anyhow::Result<Option<LogClient>> {
    if !options.inclusion {
        return Ok(None);
    }
    if !inputs.scope.includes(scope::Part::Ct) {
        bail!("--inclusion belongs to the part ct, which --only leaves out");
    }
    let http = match (options.network.dns.resolvers.first(), &looking.dns) {
        (Some(_), Some(dns)) => HttpClient::with_resolver(dns)?,
        _ => HttpClient::new()?,
    };
    Ok(Some(LogClient::new(http, tree_heads.clone())))
}

/// Keeps the logs' tree heads for the next run. The report does not depend on it, so that a failure is told and no more.
fn keep<'h>(tree_heads: &TreeHeads, heads: impl Iterator<Item = (&'h LogId, &'h TreeHead)>) {
    for (log, head) in heads {
        if let Err(error) = tree_heads.keep(log, head) {
            let note = format!(
                "note: the tree head of log {log} could not be kept, so that the next run cannot compare with it: {error}"
            );
            let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
        }
    }
}

fn local_policy(options: &CheckOptions) -> Option<crate::evidence::file::InputFile> {
    match &options.expectations.policy {
        Some(path) => Some(files::read(path, MAX_POLICY)),
        None if files::exists(DEFAULT_POLICY) => Some(files::read(DEFAULT_POLICY, MAX_POLICY)),
        None => None,
    }
}

fn request(options: &CheckOptions) -> Request {
    Request {
        only: options.judging.only.iter().map(|only| only.part().name().to_owned()).collect(),
        expect_ca: options.expectations.expect_ca.clone(),
        offline: options.network.offline,
        inclusion: options.inclusion,
        revocation: options.revocation.revocation,
        tlsa: options.looks_up_tlsa(),
        issuance: options.issued.is_given(),
        at: options.judging.at,
        expires_within: options.expiry.within().map(|within| within.as_secs()),
        compare: options.comparing.clone(),
    }
}

fn targets(options: &CheckOptions) -> anyhow::Result<Vec<Target>> {
    let mut named = options.target.clone();
    if let Some(path) = &options.targets {
        named.extend(target_list::read(path)?.into_iter().map(|listed| listed.text));
    }
    if named.is_empty() {
        bail!(
            "no target is named. --expect-ca and --pins take every word that follows them: name the target before them, or after `--`"
        );
    }
    if options.expectations.expect_ca.iter().any(|name| name.trim().is_empty()) {
        bail!("--expect-ca names no CA: its value is empty");
    }
    if let Some(taken) = options.expectations.expect_ca.iter().find(|name| files::exists(name)) {
        bail!("{taken} is a file, and --expect-ca took it for a CA: name the targets before that option");
    }
    // Those of a list are told when their turn comes: opening every file twice takes its time.
    if named.len() > 1
        && let Some(path) = options.target.iter().find(|path| is_evidence_file(path))
    {
        bail!("{path} is saved evidence: judge it alone, as the only target");
    }
    let targets: Vec<Target> =
        named.iter().map(|text| Target::parse(text, files::exists)).collect::<Result<_, _>>()?;
    let file = targets.iter().find_map(|target| match target {
        Target::File(path) => Some(path),
        Target::Server(_) => None,
    });
    match file {
        Some(path) if options.comparing.is_some() => bail!(
            "{path} is a file, and no saved evidence; what was issued is named with --history, lists of names with --targets, \
             and a name like that of a file is written with a dot behind it"
        ),
        _ => Ok(targets),
    }
}

/// Reads the input files; the policy's pin files stand beside it.
fn input_files(options: &CheckOptions) -> anyhow::Result<InputFiles> {
    let policy = local_policy(options);
    let mut pins: Vec<String> = options.expectations.pins.clone();
    if let (true, Some(file)) = (pins.is_empty(), &policy) {
        let octets = file.octets().map_err(|why| anyhow::anyhow!("{}: {why}", file.path))?;
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        pins = Policy::parse(&file.path, octets)?
            .pins
            .iter()
            .map(|path| folder.join(path).to_string_lossy().into_owned())
            .collect();
    }
    let read = |path: &String| files::read(path, MAX_INPUT);
    let read_pins = pin_inputs::read(&pins, MAX_INPUT);
    options.spare(&read_pins.paths)?;
    let certificates = options.issued.files();
    options.spare(certificates.iter().flat_map(|files| &files.paths))?;
    let mut inputs = InputFiles {
        policy,
        without_pins: if read_pins.files.is_empty() { pins } else { Vec::new() },
        pins: read_pins.files,
        roots: options.judging.roots.as_ref().map(read),
        issuers: options.judging.issuer.iter().map(read).collect(),
        certificates: certificates.map(|files| files.source),
        ..InputFiles::default()
    };
    options.judging.lists.read_into(&mut inputs);
    Ok(inputs)
}
