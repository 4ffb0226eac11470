//! `pinstead check`: observe, judge, report each target.

mod earlier;
mod flow;
mod form;
mod given;
pub(super) mod in_order;
mod issued;
mod judging;
mod listing;
mod many;
mod repeated;
mod replay;
mod run;

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::Timestamp;

pub(super) use self::form::Detail;
use self::given::{input_files, request, targets};
use self::issued::IssuanceAsker;
use self::judging::{Asking, Judging};
use self::listing::Listing;
use self::many::ManyOptions;
use self::replay::{saved_evidence, saved_gate};
use self::run::{Beginning, Run};
use super::Exit;
use super::baseline_options::BaselineOptions;
use super::dns_options::NameserverOptions;
use super::expiry_options::ExpiryOptions;
use super::issuance::sources::SourceOptions;
use super::list_options::{ListOptions, announce_refused};
use super::options::{Form, GateOptions, NetworkOptions, OutputOptions, Plain, parse_time, spare};
use super::progress::note;
use super::revocation_options::RevocationOptions;
use super::saved::save;
use crate::ct::log_id::LogId;
use crate::ct::tree_head::TreeHead;
use crate::evidence::{
    CompareRequest, EVIDENCE_VERSION, Evidence, Inputs as InputFiles, Request, TargetEvidence, WHOLE_EVIDENCE,
};
use crate::issuance::reported::{Coverage, SourceReading};
use crate::judge::Inputs;
use crate::observe::clock;
use crate::observe::ct_log::LogClient;
use crate::observe::http::HttpClient;
use crate::observe::run::Looking;
use crate::observe::tls::TlsOptions;
use crate::observe::tree_heads::TreeHeads;
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
    #[command(flatten)]
    many: ManyOptions,
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
        self.comparing = Some(CompareRequest { tlsa: self.tlsa, ..request });
        self.output.compared = Some(detail);
    }

    /// Puts in order what has none.
    pub(super) fn in_order(&mut self) {
        self.issued.in_order();
    }

    /// Whether no target is named.
    pub(super) fn names_nothing(&self) -> bool {
        self.target.is_empty() && self.many.targets.is_none()
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
        let named = self.target.iter().chain(&self.many.targets).chain(pins).chain(roots).chain(issuer);
        named
            .map(Path::new)
            .chain([policy])
            .chain(lists.files())
            .chain(self.network.dns.files())
            .chain(self.baseline.files())
    }

    /// How the report begins.
    fn beginning<'b>(
        &'b self,
        targets: usize,
        digest: Option<String>,
        earlier: Option<(&'b Path, &'b Listing)>,
    ) -> Beginning<'b> {
        Beginning { output: &self.output, many: &self.many, targets, digest, earlier }
    }

    /// Refuses to write the report or the evidence over a file that is read.
    fn spare<P: AsRef<Path>>(&self, inputs: impl IntoIterator<Item = P>) -> anyhow::Result<()> {
        let inputs: Vec<P> = inputs.into_iter().collect();
        if let Some(evidence) = &self.save_evidence {
            spare("--save-evidence", evidence, &inputs)?;
        }
        if let Some(summary) = &self.many.summary {
            spare("--summary", summary, &inputs)?;
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
    if options.many.summary.is_some()
        && [&options.save_evidence, &options.output.output].contains(&&options.many.summary)
    {
        bail!("--summary names the same file as another report: one would be written over by the other");
    }
    let earlier = options.many.earlier(&options.output)?;
    if earlier.is_some() && options.baseline.is_written() {
        bail!(
            "--write-baseline does not go with --resume: what the lines that are there tell would not be in it"
        );
    }
    if earlier.is_some() && options.save_evidence.is_some() {
        bail!(
            "--save-evidence does not go with --resume: of the targets that have a line already, nothing was saved"
        );
    }
    match saved_evidence(options)? {
        Some(_) if earlier.is_some() => {
            bail!("--resume goes on with looking; saved evidence is judged as a whole")
        }
        Some(evidence) => {
            let inputs = Inputs::read(&evidence.request, &evidence.inputs)?;
            announce_refused(&inputs.log_lists);
            let gate = saved_gate(options, &inputs)?;
            let Evidence { request, targets, not_looked_at, crls, .. } = &evidence;
            if options.comparing.is_some() {
                has_history(&inputs)?;
            }
            let at = request.at.unwrap_or(evidence.observed_at);
            let baseline = options.baseline.in_use(command(request), at, &gate)?;
            let policy_file = policy_file(&evidence.inputs);
            let judging =
                Judging { request, inputs: &inputs, at, gate: &gate, policy_file, baseline: &baseline };
            let all = targets.len().saturating_add(not_looked_at.len());
            let mut run = Run::new(judging, options.beginning(all, None, None))?;
            run.judge(targets, crls)?;
            if let Some(path) = &options.save_evidence {
                save(&evidence, path)?;
            }
            let exit = run.finish()?;
            baseline.finish(not_looked_at.len())?;
            Ok(exit)
        }
        None => look_and_judge(options, earlier),
    }
}

/// Looks at the targets and judges each as soon as it was seen.
fn look_and_judge(options: &CheckOptions, earlier: Option<&Path>) -> anyhow::Result<Exit> {
    let listing = Arc::new(targets(options)?);
    options.spare(listing.targets().filter_map(|target| match target {
        Target::File(path) => Some(path),
        Target::Server(_) | Target::Nothing { .. } => None,
    }))?;
    let mut evidence = Evidence {
        pinstead_evidence: WHOLE_EVIDENCE,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        observed_at: clock::now(),
        request: request(options),
        inputs: input_files(options)?,
        targets: Vec::new(),
        not_looked_at: Vec::new(),
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
        host_caa: evidence.request.compare.is_some(),
        tlsa: evidence.request.tlsa,
        doors: Arc::new(options.many.doors()),
        at_most: options.many.at_most(),
    };
    if options.tlsa {
        can_have_tlsa(&listing, &inputs.scope)?;
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
            &listing,
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
    // A run that keeps its evidence is not gone on with: it would be the evidence of a part.
    let can_go_on =
        options.output.format.form() == Form::Plain(Plain::Jsonl) && options.save_evidence.is_none();
    let digest = if can_go_on {
        Some(earlier::digest(options, (&evidence.request, &evidence.inputs), (&gate, &baseline))?)
    } else {
        None
    };
    let earlier = earlier.map(|path| (path, &*listing));
    let mut run = Run::new(judging, options.beginning(listing.len(), digest, earlier))?;
    if listing.repeated() > 0 && !options.many.quiet {
        note(&format!(
            "{} of the targets named are the same as others: each is looked at and reported once",
            listing.repeated()
        ));
    }
    let keep_evidence = options.save_evidence.is_some();
    let (seen, crls) = run.look_and_judge(&listing, looking, &asking, (&options.many, keep_evidence))?;
    keep(&tree_heads, run.tree_heads());
    let left = run.not_done();
    let exit = run.finish()?;
    if let Some(path) = &options.save_evidence {
        (evidence.targets, evidence.crls) = (seen, crls);
        if left > 0 {
            evidence.pinstead_evidence = EVIDENCE_VERSION;
            evidence.not_looked_at = not_looked_at(&listing, &evidence.targets);
        }
        save(&evidence, path)?;
    }
    baseline.finish(left)?;
    Ok(exit)
}

/// The targets of a listing that nothing was seen of, by their names in reports.
fn not_looked_at(listing: &Listing, seen: &[TargetEvidence]) -> Vec<String> {
    let seen: HashSet<&str> = seen.iter().map(|target| target.target.as_str()).collect();
    let names = listing.targets().map(|target| listing::label(&target));
    names.filter(|name| !seen.contains(name.as_str())).collect()
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
fn can_have_tlsa(listing: &Listing, scope: &scope::Scope) -> anyhow::Result<()> {
    if !scope.includes(scope::Part::Pins) {
        bail!("--tlsa belongs to the part pins, which --only leaves out");
    }
    let has_records =
        |target: &Target| matches!(target, Target::Server(ServerTarget { host: HostIdentity::Name(_), .. }));
    if !listing.targets().any(|target| has_records(&target)) {
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
