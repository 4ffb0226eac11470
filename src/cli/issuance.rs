//! `pinstead issuance`: what was issued for names, by whom, and what of it was not expected.

mod lines;
mod names;
pub(super) mod progress;
mod revocation;
pub(super) mod sources;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;

use self::lines::{Ended, Lines, ManyNames};
use self::progress::Progress;
use self::revocation::IssuedRevocationOptions;
use self::sources::{SourceOptions, StatePolicy};
use super::Exit;
use super::baseline_options::{BaselineOptions, InUse};
use super::check::DEFAULT_POLICY;
use super::check::in_order::{Sharing, in_order};
use super::dns_options::{DnsOptions, NameserverOptions};
use super::options::{Form, GateOptions, OutputOptions, Plain, parse_time, spare};
use super::resume::digest;
use super::saved::{announce_saved, forget_expectations, is_evidence_file, load, save};
use crate::baseline::Baseline;
use crate::dns_name::DnsName;
use crate::evidence::file::InputFile;
use crate::evidence::{Evidence, Inputs as InputFiles, Request, WHOLE_EVIDENCE};
use crate::issuance::IssuanceVerdict;
use crate::judge::{Inputs, IssuanceJudge};
use crate::observe::{clock, files};
use crate::policy::{MAX_POLICY, Policy};
use crate::report::document::{Head, Piece, Section, Tail};
use crate::report::fleet::Open;
use crate::report::{IssuanceReport, Summary, human, json};
use crate::rules::{self, Finding};

/// The largest file of issuers that is read, in octets.
const MAX_INPUT: u64 = 64 << 20;

/// Options of `pinstead issuance`.
#[derive(Debug, Args)]
pub(super) struct IssuanceOptions {
    /// The names; those below each belong to it. Without any, those of the policy, as `watch` takes them. Or saved evidence, to
    /// be judged again
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Read further names from a file, one a line; # begins a comment, - is standard input
    #[arg(long, value_name = "FILE")]
    targets: Option<String>,
    #[command(flatten)]
    many: ManyNames,
    #[command(flatten)]
    sources: SourceOptions,
    /// The policy file (default: pinstead.toml in this folder, if it is there)
    #[arg(long, value_name = "FILE", help_heading = "Expectations")]
    policy: Option<String>,
    /// A CA that is expected: its CAA identifier or its owner's name
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', help_heading = "Expectations")]
    expect_ca: Vec<String>,
    /// Judge as of this time instead of now
    #[arg(long, value_name = "RFC3339", value_parser = parse_time, help_heading = "Judging")]
    at: Option<Timestamp>,
    /// Further issuer certificates
    #[arg(long, value_name = "FILE", help_heading = "Judging")]
    issuer: Vec<String>,
    /// Use no network at all: CAA is not looked up, and no service is asked
    #[arg(long, help_heading = "Network")]
    offline: bool,
    #[command(flatten)]
    dns: DnsOptions,
    #[command(flatten)]
    revocation: IssuedRevocationOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    baseline: BaselineOptions,
    #[command(flatten)]
    output: OutputOptions,
    /// Save what the sources told, to be judged again later: `pinstead issuance FILE`
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    save_evidence: Option<PathBuf>,
    /// Say nothing on standard error of how far it has come
    #[arg(long, help_heading = "Report")]
    quiet: bool,
}

/// One name, judged.
struct Judged {
    verdict: IssuanceVerdict,
    findings: Vec<Finding>,
}

impl Judged {
    fn of(verdict: IssuanceVerdict) -> Self {
        let mut findings = rules::issuance::findings(&verdict);
        findings.extend(rules::revocation::issued_findings(&verdict));
        rules::stamp(verdict.name.as_str(), None, &mut findings);
        Self { verdict, findings }
    }
}

/// All names, judged.
struct Run {
    /// Those that are reported at the end.
    names: Vec<Judged>,
    /// How those ended that are no more held.
    ended: Ended,
    /// Where each is written to as soon as it is done.
    lines: Option<Lines>,
    gate: GateOptions,
    baseline: InUse,
    /// Whether revocation was looked at.
    of_revocation: bool,
    at: Timestamp,
    /// The policy's file, if there is one.
    policy_file: Option<String>,
    /// What is to be saved.
    evidence: Option<Evidence>,
}

/// Runs the command.
pub(super) fn run(options: &IssuanceOptions) -> anyhow::Result<Exit> {
    options.spare(options.files())?;
    if options.save_evidence.is_some() && options.save_evidence == options.output.output {
        bail!("--save-evidence and --output name the same file: one would be written over by the other");
    }
    let earlier = options.many.earlier(&options.output)?;
    if earlier.is_some() && (options.save_evidence.is_some() || options.baseline.is_written()) {
        bail!(
            "--save-evidence and --write-baseline do not go with --resume: of the names that have a line already, nothing \
             would be in them"
        );
    }
    let mut judged = match options.saved()? {
        Some(_) if earlier.is_some() => {
            bail!("--resume goes on with asking; saved evidence is judged as a whole")
        }
        Some(evidence) => options.judge_again(&evidence)?,
        None => options.look_and_judge(earlier)?,
    };
    match judged.lines.take() {
        Some(lines) => lines.finish()?,
        None => options.output.write(&judged.report(options.output.format.form())?)?,
    }
    if let (Some(path), Some(evidence)) = (&options.save_evidence, &judged.evidence) {
        save(evidence, path)?;
    }
    judged.baseline.finish(0)?;
    Ok(judged.exit())
}

impl Run {
    /// Takes a name in that was judged: it is written, or kept for the report.
    fn take(&mut self, mut judged: Judged) -> anyhow::Result<()> {
        let Judged { verdict, findings } = &mut judged;
        let whole = verdict.demanded().is_empty() && verdict.open().is_empty();
        let looked = |rule: &str| whole && (self.of_revocation || !rule.starts_with("REV"));
        self.baseline.settle(verdict.name.as_str(), findings, looked);
        let fails = |severity| self.gate.fail_on().is_reached_by(severity);
        let report = IssuanceReport::new(&judged.verdict, &judged.findings, fails);
        self.ended = self.ended.and(Ended {
            fails: self.gate.fails(&judged.findings),
            open: report.open(),
            unusable_files: report.has_unusable_files(),
        });
        if let Some(lines) = &mut self.lines {
            return lines.write(&report);
        }
        self.names.push(judged);
        Ok(())
    }

    fn exit(&self) -> Exit {
        let Ended { fails, open, unusable_files } = self.ended;
        if !fails && unusable_files {
            return Exit::Usage;
        }
        self.gate.exit(fails, open == Open::Demanded, open >= Open::Something)
    }

    fn report(&self, form: Form) -> anyhow::Result<String> {
        let fails = |severity| self.gate.fail_on().is_reached_by(severity);
        let judged = &self.names;
        let names: Vec<IssuanceReport<'_>> = judged
            .iter()
            .map(|judged| IssuanceReport::new(&judged.verdict, &judged.findings, fails))
            .collect();
        let mut summary = Summary::default();
        for (name, judged) in names.iter().zip(judged) {
            let weight = |finding: &Finding| (finding.severity, finding.accepted.is_some());
            summary.add(name.outcome, judged.findings.iter().map(weight));
        }
        let form = match form {
            Form::Plain(form) => form,
            Form::Document(form) => {
                let head = self.head();
                let piece = |name| Ok(form.piece(&head, &Section::of_issuance(name, &head, form)?)?);
                let pieces = names.iter().map(piece).collect::<anyhow::Result<Vec<Piece>>>()?;
                let exit_code = self.exit().code();
                return Ok(form.document(
                    &head,
                    &pieces,
                    &Tail { summary: &summary, exit_code, notes: &[] },
                )?);
            }
        };
        Ok(match form {
            Plain::Human => {
                let mut blocks: Vec<String> = judged
                    .iter()
                    .map(|judged| human::issuance::name(&judged.verdict, &judged.findings))
                    .collect();
                if blocks.len() > 1 {
                    blocks.push(human::issuance::summary(&names));
                }
                blocks.join("\n")
            }
            Plain::Json => json::v1::issuance::document(self.at, &names, &summary)?,
            Plain::Jsonl => {
                let lines: Vec<String> = names
                    .iter()
                    .map(|name| json::v1::issuance::line(name, None))
                    .collect::<Result<_, _>>()?;
                lines.concat()
            }
        })
    }

    fn head(&self) -> Head {
        Head {
            command: "issuance",
            judged_at: self.at,
            basis: Vec::new(),
            home: self.policy_file.clone(),
            folder: files::working_directory(),
            fail_on: self.gate.least(),
            strict: self.gate.is_strict(),
        }
    }
}

impl IssuanceOptions {
    /// Puts in order what has none.
    pub(super) fn in_order(&mut self) {
        self.sources.in_order();
    }

    /// The files that are named to be read, but for those of sources.
    fn files(&self) -> impl Iterator<Item = &Path> {
        let policy = Path::new(self.policy.as_deref().unwrap_or(DEFAULT_POLICY));
        let named = self.names.iter().chain(&self.targets).chain(&self.issuer).map(Path::new);
        named.chain([policy]).chain(self.dns.files()).chain(self.baseline.files())
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

    /// Asks the sources about each name, and judges it before the next one is asked about: what a source told is not
    /// held for longer than it is needed. Where revocation is asked for, all names are judged by the lists of all.
    fn look_and_judge(&self, earlier: Option<&Path>) -> anyhow::Result<Run> {
        let mut names = names::given(&self.names, self.targets.as_deref())?;
        self.sources.need_one()?;
        if self.expect_ca.iter().any(|name| name.trim().is_empty()) {
            bail!("--expect-ca names no CA: its value is empty");
        }
        let observed_at = clock::now();
        let files = self.sources.files();
        self.spare(files.iter().flat_map(|files| &files.paths))?;
        let mut evidence = Evidence {
            pinstead_evidence: WHOLE_EVIDENCE,
            not_looked_at: Vec::new(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            observed_at,
            request: Request {
                expect_ca: self.expect_ca.clone(),
                offline: self.offline,
                revocation: self.revocation.revocation,
                at: self.at,
                ..Request::default()
            },
            inputs: InputFiles {
                policy: self.local_policy(),
                issuers: self.issuers(),
                certificates: files.map(|files| files.source),
                ..InputFiles::default()
            },
            targets: Vec::new(),
            crls: Vec::new(),
            issuance: Vec::new(),
        };
        let inputs = Inputs::read(&evidence.request, &evidence.inputs)?;
        if names.is_empty() {
            names = names::of_policy(&inputs.policy)?;
        }
        let gate = self.gate(&inputs, false)?;
        let at = self.at.unwrap_or(observed_at);
        let judge = IssuanceJudge::new(&evidence.request, &inputs, at);
        let policy = evidence.inputs.policy.as_ref().map(|file| file.path.as_str());
        let policy = StatePolicy { policy: &inputs.policy, path: policy };
        // Whatever is wrong with the options is told before the output is begun.
        let asker = self.sources.asker(policy, self.offline, &self.dns, Progress::of(0, true))?;
        let fetcher = self.revocation.fetcher(&self.dns)?;
        let mut run = self.begin(&names, (&evidence, gate, at), earlier)?;
        let is_due = |name: &DnsName| run.lines.as_ref().is_none_or(|lines| !lines.has(name));
        let due: Vec<DnsName> = names.into_iter().filter(is_due).collect();
        // Lines on a terminal and one that changes do not go together.
        let is_beside = run.lines.is_some() && self.output.output.is_none() && !self.quiet;
        let progress =
            if is_beside { Progress::notes_alone(due.len()) } else { Progress::of(due.len(), self.quiet) };
        let asker = asker.telling(progress);
        let (mut verdicts, mut kept) = (Vec::new(), Vec::new());
        let sharing = Sharing { workers: self.many.jobs(), batch: 1 };
        let look = |judge: &mut IssuanceJudge<'_>, name: &DnsName| {
            let seen = asker.look_at(name, judge);
            let verdict = judge.judge(&seen, observed_at);
            (seen, verdict)
        };
        let own_judge = || IssuanceJudge::new(&evidence.request, &inputs, at);
        in_order(due.iter(), sharing, own_judge, look, |(seen, verdict)| {
            if fetcher.is_some() || self.save_evidence.is_some() {
                kept.push(seen);
            }
            if fetcher.is_some() {
                verdicts.push(verdict);
                return Ok(());
            }
            run.take(Judged::of(verdict))
        })?;
        evidence.issuance = kept;
        if let Some(fetcher) = &fetcher {
            asker.now("fetching CRLs");
            evidence.crls = fetcher.fetch(&judge, &evidence.issuance, &verdicts);
            for (seen, mut verdict) in evidence.issuance.iter().zip(verdicts) {
                judge.judge_revocation(seen, &mut verdict, &evidence.crls);
                run.take(Judged::of(verdict))?;
            }
        }
        run.evidence = self.save_evidence.is_some().then_some(evidence);
        Ok(run)
    }

    /// A run that has begun, with the lines of an earlier one, if there is one.
    fn begin(
        &self,
        names: &[DnsName],
        (evidence, gate, at): (&Evidence, GateOptions, Timestamp),
        earlier: Option<&Path>,
    ) -> anyhow::Result<Run> {
        let baseline = self.baseline.in_use("issuance", at, &gate)?;
        let lines = if self.output.format.form() == Form::Plain(Plain::Jsonl) {
            let asked = self.dns.asked(&NameserverOptions::default());
            let words = format!(
                "{} {:?} {asked:?} {:?} {:?} ",
                env!("CARGO_PKG_VERSION"),
                gate.fail_on(),
                self.sources,
                self.revocation.private_crls
            );
            let asked = (&evidence.request, &evidence.inputs);
            let run = digest(&words, asked, baseline.known().map(Baseline::source).as_ref())?;
            Some(Lines::begin(run, names, earlier, &self.output)?)
        } else {
            None
        };
        Ok(Run {
            names: Vec::new(),
            ended: lines.as_ref().map(|lines| lines.ended).unwrap_or_default(),
            lines,
            gate,
            baseline,
            of_revocation: self.revocation.revocation,
            at,
            policy_file: evidence.inputs.policy.as_ref().map(|file| file.path.clone()),
            evidence: None,
        })
    }

    /// Judges what was saved.
    fn judge_again(&self, evidence: &Evidence) -> anyhow::Result<Run> {
        let inputs = Inputs::read(&evidence.request, &evidence.inputs)?;
        let at = evidence.request.at.unwrap_or(evidence.observed_at);
        let judge = IssuanceJudge::new(&evidence.request, &inputs, at);
        let judged = |seen| {
            let mut verdict = judge.judge(seen, evidence.observed_at);
            judge.judge_revocation(seen, &mut verdict, &evidence.crls);
            Judged::of(verdict)
        };
        let mut run = self.begin(&[], (evidence, self.gate(&inputs, true)?, at), None)?;
        run.evidence = self.save_evidence.is_some().then(|| evidence.clone());
        for seen in &evidence.issuance {
            run.take(judged(seen))?;
        }
        Ok(run)
    }

    fn local_policy(&self) -> Option<InputFile> {
        match &self.policy {
            Some(path) => Some(files::read(path, MAX_POLICY)),
            None => files::exists(DEFAULT_POLICY).then(|| files::read(DEFAULT_POLICY, MAX_POLICY)),
        }
    }

    fn issuers(&self) -> Vec<InputFile> {
        self.issuer.iter().map(|path| files::read(path, MAX_INPUT)).collect()
    }

    /// The evidence that is named, with what the command line says instead of what was said then.
    fn saved(&self) -> anyhow::Result<Option<Evidence>> {
        let Some(path) = self.names.iter().find(|name| is_evidence_file(name)) else { return Ok(None) };
        if self.names.len() > 1 || self.targets.is_some() {
            bail!("{path} is saved evidence: judge it alone");
        }
        if self.sources.is_given() {
            bail!("{path} is saved evidence: no further source is asked beside it");
        }
        let mut evidence = load(path)?;
        if evidence.issuance.is_empty() {
            bail!("{path} is evidence of something else: nothing in it tells what was issued");
        }
        if !evidence.not_looked_at.is_empty() {
            bail!("{path} is evidence of a run that was interrupted: judge it with `pinstead check {path}`");
        }
        forget_expectations(&mut evidence, self.policy.is_some(), !self.expect_ca.is_empty());
        if self.revocation.revocation && !evidence.request.revocation {
            bail!("{path} was saved without --revocation: no CRL is fetched for saved evidence");
        }
        announce_saved(path, &evidence);
        if !self.expect_ca.is_empty() {
            evidence.request.expect_ca.clone_from(&self.expect_ca);
        }
        evidence.request.at = self.at.or(evidence.request.at);
        if self.policy.is_some() {
            evidence.inputs.policy = self.local_policy();
        }
        if !self.issuer.is_empty() {
            evidence.inputs.issuers = self.issuers();
        }
        Ok(Some(evidence))
    }

    /// The gate. For saved evidence the policy in it can make the gate stricter, never looser than it is here.
    fn gate(&self, inputs: &Inputs, is_saved: bool) -> anyhow::Result<GateOptions> {
        if !is_saved {
            return Ok(self.gate.or_policy(&inputs.policy));
        }
        let here = match self.local_policy() {
            Some(file) => {
                let octets = file.octets().map_err(|why| anyhow::anyhow!("{}: {why}", file.path))?;
                self.gate.or_policy(&Policy::parse(&file.path, octets)?)
            }
            None => self.gate.or_policy(&Policy::default()),
        };
        Ok(if self.gate.fail_on.is_some() { here } else { here.stricter(&inputs.policy) })
    }
}
