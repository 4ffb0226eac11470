//! One target judged: its report, what it counts for, and what the exit code depends on.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use super::form::{CheckForm, Rendered};
use super::issued::IssuanceAsker;
use crate::cli::baseline_options::InUse;
use crate::cli::options::GateOptions;
use crate::ct::log_id::LogId;
use crate::ct::tree_head::TreeHead;
use crate::ct::verdict::CtVerdict;
use crate::evidence::revocation::{Crls, add_each_once};
use crate::evidence::{Request, TargetEvidence};
use crate::judge::{Basis, Inputs, IssuanceJudge, Judge};
use crate::observe::crl::{Allowance, Budget, CrlClient, reach_of_source};
use crate::observe::ct_log::LogClient;
use crate::observe::{clock, files};
use crate::report::document::Head;
use crate::report::fleet::{EarlierLine, Entry, Open};
use crate::report::{Outcome, TargetReport, human};
use crate::rules;
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

/// What the exit code depends on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    pub(super) fails: bool,
    pub(super) unusable_file: bool,
    pub(super) open: Open,
}

/// One target, judged and rendered.
pub(super) struct Judged {
    pub(super) rendered: Rendered,
    pub(super) entry: Entry,
    pub(super) ended: Ended,
    pub(super) tree_heads: Vec<(LogId, TreeHead)>,
}

impl Judged {
    /// How many octets it takes until it is told.
    pub(super) fn octets(&self) -> usize {
        match &self.rendered {
            Rendered::Text(text) => text.len(),
            // It is kept to the end, whatever waits for what.
            Rendered::Piece(_) => 0,
        }
    }
}

/// A target in the report.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    /// The form of the report.
    pub(super) form: &'p CheckForm,
    /// How it was named each time, where that was more than once.
    pub(super) listed: &'p [String],
    /// What the run is asked, hashed, where it can be gone on with.
    pub(super) run: Option<&'p str>,
}

impl Asking {
    /// Whether anybody is asked.
    pub(super) fn is_any(&self) -> bool {
        self.logs.is_some() || self.crls.is_some() || self.issuance.is_some()
    }

    /// Asks about a target that was seen, and gives the CRLs for it.
    pub(super) fn ask(
        &self,
        runtime: &Runtime,
        judge: &mut Judge<'_>,
        judging: Judging<'_>,
        (target, seen): (&Target, &mut TargetEvidence),
    ) -> Crls {
        if let Some(logs) = &self.logs {
            seen.ct_logs = runtime.block_on(logs.ask(judge.log_questions(seen)));
        }
        seen.issuance = self.issuance.as_ref().and_then(|sources| sources.look_at(target, judging));
        match &self.crls {
            Some(client) => {
                let reach = reach_of_source(&seen.source);
                seen.crl_reach = client.reach(reach);
                runtime.block_on(fetch(client, judge, judging, seen))
            }
            None => Crls::new(),
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

impl<'r> Judging<'r> {
    pub(super) fn judge(self) -> Judge<'r> {
        Judge::new(self.request, self.inputs, self.at)
    }

    pub(super) fn head(self, basis: &Basis) -> Head {
        Head {
            command: super::command(self.request),
            judged_at: basis.judged_at,
            basis: human::check::lists(basis),
            home: self.policy_file.map(ToOwned::to_owned),
            folder: files::working_directory(),
            fail_on: self.gate.least(),
            strict: self.gate.is_strict(),
        }
    }

    pub(super) fn judge_one(
        self,
        judge: &mut Judge<'_>,
        (target, crls): (&TargetEvidence, &Crls),
        place: Place<'_>,
    ) -> anyhow::Result<Judged> {
        let mut verdicts = judge.judge(target, crls);
        let mut findings = rules::findings(&verdicts);
        self.baseline.settle_target(&mut verdicts, &mut findings);
        let fails = |severity| self.gate.fail_on().is_reached_by(severity);
        let report = TargetReport {
            listed: place.listed,
            run: place.run,
            ..TargetReport::new(&verdicts, &findings, fails)
        };
        let tree_heads = verdicts.ct.verdict().into_iter().flat_map(CtVerdict::tree_heads);
        Ok(Judged {
            rendered: place.form.target(&report)?,
            entry: Entry::of(&report),
            tree_heads: tree_heads.map(|(log, head)| (log, head.clone())).collect(),
            ended: Ended {
                fails: self.gate.fails(&findings),
                unusable_file: verdicts.is_unusable_file(),
                open: report.open(),
            },
        })
    }
}

impl Ended {
    /// How a target ended whose line was read back.
    pub(super) fn of(line: &EarlierLine) -> Self {
        Self {
            fails: line.entry.outcome == Outcome::Fail,
            unusable_file: line.unusable_file,
            open: line.open,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            fails: self.fails | other.fails,
            unusable_file: self.unusable_file | other.unusable_file,
            open: self.open.max(other.open),
        }
    }
}
