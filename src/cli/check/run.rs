//! One run: each target is looked at, judged and reported by itself, in order, and then let go.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use jiff::Timestamp;

use super::form::{CheckForm, Rendered};
use super::in_order::{Sharing, in_order};
use super::issued::IssuanceAsker;
use crate::cli::baseline_options::InUse;
use crate::cli::options::{GateOptions, OutputOptions, ReportWriter};
use crate::cli::{Exit, runtime};
use crate::ct::log_id::LogId;
use crate::ct::tree_head::TreeHead;
use crate::ct::verdict::CtVerdict;
use crate::evidence::revocation::{Crls, add_each_once, add_for_target, of_target};
use crate::evidence::{Request, TargetEvidence};
use crate::judge::{Basis, Inputs, IssuanceJudge, Judge};
use crate::observe::clock;
use crate::observe::crl::{Allowance, Budget, CrlClient, reach_of_source};
use crate::observe::ct_log::LogClient;
use crate::observe::run::{Looking, TARGETS_AT_ONCE, look_at};
use crate::report::document::{Head, Piece};
use crate::report::{Outcome, Summary, TargetReport, human};
use crate::rules::{self, Severity};
use crate::target::Target;

/// What the targets are judged by.
#[derive(Clone, Copy)]
pub(super) struct Judging<'r> {
    /// What was asked for.
    pub(super) request: &'r Request,
    /// The input files, read.
    pub(super) inputs: &'r Inputs,
    /// As of when.
    pub(super) at: Timestamp,
    /// What fails.
    pub(super) gate: &'r GateOptions,
    /// The policy's file, if there is one.
    pub(super) policy_file: Option<&'r str>,
    /// What is known and accepted.
    pub(super) baseline: &'r InUse,
}

/// What else is asked about the targets, beside themselves.
pub(super) struct Asking {
    /// The CT logs.
    pub(super) logs: Option<LogClient>,
    /// The CRLs.
    pub(super) crls: Option<CrlClient>,
    /// The sources of what was issued.
    pub(super) issuance: Option<IssuanceAsker>,
}

/// A run on its way.
pub(super) struct Run<'r> {
    judging: Judging<'r>,
    form: CheckForm,
    basis: Basis,
    writer: ReportWriter,
    /// What forms that are written at the end need of the targets.
    pieces: Vec<Piece>,
    summary: Summary,
    ended: Ended,
    tree_heads: BTreeMap<LogId, TreeHead>,
}

/// What the exit code depends on.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    fails: bool,
    unusable_file: bool,
    open: Open,
}

/// What stayed open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Open {
    #[default]
    Nothing,
    /// Something that was looked at.
    Something,
    /// Something that was asked for by name.
    Demanded,
}

/// One target, judged and rendered.
struct Judged {
    rendered: Rendered,
    outcome: Outcome,
    severities: Vec<Severity>,
    ended: Ended,
    tree_heads: Vec<(LogId, TreeHead)>,
}

impl<'r> Run<'r> {
    /// Begins the report.
    pub(super) fn new(judging: Judging<'r>, output: &OutputOptions) -> anyhow::Result<Self> {
        let basis = judging.judge().basis();
        let form = CheckForm::new(output.format.form(), judging.head(&basis)).comparing(output.compared);
        let mut writer = output.open()?;
        writer.write(&form.begin(&basis)?)?;
        Ok(Self {
            judging,
            form,
            basis,
            writer,
            pieces: Vec::new(),
            summary: Summary::default(),
            ended: Ended::default(),
            tree_heads: BTreeMap::new(),
        })
    }

    /// Judges what was seen before.
    pub(super) fn judge(&mut self, targets: &[TargetEvidence], crls: &Crls) -> anyhow::Result<()> {
        let (judging, form) = (self.judging, self.form.clone());
        in_order(
            targets.iter(),
            by_cores(),
            || judging.judge(),
            |judge, target| {
                let own = of_target(crls, target.crls.as_deref());
                judging.judge_one(judge, (target, &own), &form)
            },
            |judged| self.report(judged?),
        )
    }

    /// Looks at each target, asks the logs about it where that is wanted, and judges it; keeps what was seen only
    /// where that is wanted too.
    pub(super) fn look_and_judge(
        &mut self,
        targets: Vec<Target>,
        looking: &Looking,
        asking: &Asking,
        keep: bool,
    ) -> anyhow::Result<(Vec<TargetEvidence>, Crls)> {
        let (judging, form) = (self.judging, self.form.clone());
        let runtime = runtime()?;
        let (mut kept, mut kept_crls) = (Vec::new(), Crls::new());
        in_order(
            targets.into_iter(),
            sharing(looking),
            || judging.judge(),
            |judge, target| {
                let mut seen = runtime.block_on(look_at(&target, looking));
                if let Some(logs) = &asking.logs {
                    seen.ct_logs = runtime.block_on(logs.ask(judge.log_questions(&seen)));
                }
                seen.issuance =
                    asking.issuance.as_ref().and_then(|sources| sources.look_at(&target, judging));
                let crls = match &asking.crls {
                    Some(client) => {
                        let reach = reach_of_source(&seen.source);
                        seen.crl_reach = client.reach(reach);
                        runtime.block_on(fetch(client, judge, judging, &seen))
                    }
                    None => Crls::new(),
                };
                let judged = judging.judge_one(judge, (&seen, &crls), &form)?;
                anyhow::Ok((judged, keep.then_some((seen, crls))))
            },
            |done| {
                let (judged, seen) = done?;
                if let Some((mut seen, crls)) = seen {
                    seen.crls = judging.request.revocation.then(|| add_for_target(&mut kept_crls, crls));
                    kept.push(seen);
                }
                self.report(judged)
            },
        )?;
        Ok((kept, kept_crls))
    }

    fn report(&mut self, judged: Judged) -> anyhow::Result<()> {
        if self.summary.targets() > 0 {
            self.writer.write(self.form.between())?;
        }
        match judged.rendered {
            Rendered::Text(text) => self.writer.write(&text)?,
            Rendered::Piece(piece) => self.pieces.push(*piece),
        }
        self.summary.add(judged.outcome, judged.severities);
        self.ended = self.ended.and(judged.ended);
        self.tree_heads.extend(judged.tree_heads);
        Ok(())
    }

    /// The logs' tree heads that are to be kept for the next run.
    pub(super) fn tree_heads(&self) -> impl Iterator<Item = (&LogId, &TreeHead)> {
        self.tree_heads.iter()
    }

    /// Ends the report, and tells how the run ended.
    pub(super) fn finish(mut self) -> anyhow::Result<Exit> {
        let exit = self.exit();
        self.writer.write(&self.form.end(&self.basis, &self.summary, &self.pieces, exit.code())?)?;
        self.writer.finish()?;
        Ok(exit)
    }

    fn exit(&self) -> Exit {
        let Ended { fails, unusable_file, open } = self.ended;
        if !fails && unusable_file {
            return Exit::Usage;
        }
        self.judging.gate.exit(fails, open == Open::Demanded, open >= Open::Something)
    }
}

impl<'r> Judging<'r> {
    fn judge(self) -> Judge<'r> {
        Judge::new(self.request, self.inputs, self.at)
    }

    fn head(self, basis: &Basis) -> Head {
        Head {
            command: super::command(self.request),
            judged_at: basis.judged_at,
            basis: human::check::lists(basis),
            home: self.policy_file.map(ToOwned::to_owned),
            fail_on: self.gate.least(),
            strict: self.gate.is_strict(),
        }
    }

    fn judge_one(
        self,
        judge: &mut Judge<'_>,
        (target, crls): (&TargetEvidence, &Crls),
        form: &CheckForm,
    ) -> anyhow::Result<Judged> {
        let mut verdicts = judge.judge(target, crls);
        let mut findings = rules::findings(&verdicts);
        self.baseline.settle_target(&mut verdicts, &mut findings);
        let fails = |severity| self.gate.fail_on().is_reached_by(severity);
        let report = TargetReport::new(&verdicts, &findings, fails);
        let rendered = form.target(&report)?;
        let open = verdicts.open_questions();
        let tree_heads = verdicts.ct.verdict().into_iter().flat_map(CtVerdict::tree_heads);
        Ok(Judged {
            rendered,
            outcome: report.outcome,
            severities: findings.iter().map(|finding| finding.severity).collect(),
            tree_heads: tree_heads.map(|(log, head)| (log, head.clone())).collect(),
            ended: Ended {
                fails: self.gate.fails(&findings),
                unusable_file: verdicts.is_unusable_file(),
                open: open
                    .iter()
                    .map(|question| if question.demanded { Open::Demanded } else { Open::Something })
                    .max()
                    .unwrap_or_default(),
            },
        })
    }
}

impl Ended {
    fn and(self, other: Self) -> Self {
        Self {
            fails: self.fails | other.fails,
            unusable_file: self.unusable_file | other.unusable_file,
            open: self.open.max(other.open),
        }
    }
}

/// The CRLs of a target's certificates, and of what was issued for its host.
async fn fetch(client: &CrlClient, judge: &Judge<'_>, judging: Judging<'_>, seen: &TargetEvidence) -> Crls {
    let budget = |allowance| Arc::new(Budget::new(allowance));
    let own = judge.crl_questions(seen, reach_of_source(&seen.source));
    let mut crls = client.fetch_each(own, &budget(Allowance::TARGET)).await;
    if let Some(evidence) = &seen.issuance {
        let issued = IssuanceJudge::new(judging.request, judging.inputs, judging.at);
        let questions = issued.crls_of(evidence, clock::now()).by_reach().collect();
        add_each_once(&mut crls, client.fetch_each(questions, &budget(Allowance::ISSUED)).await);
    }
    crls
}

/// Without a network, the cores are what is short; with it, the patience of others.
fn sharing(looking: &Looking) -> Sharing {
    if looking.dns.is_some() { Sharing { workers: TARGETS_AT_ONCE, batch: 1 } } else { by_cores() }
}

fn by_cores() -> Sharing {
    Sharing { workers: std::thread::available_parallelism().map_or(1, NonZero::get), batch: 32 }
}
