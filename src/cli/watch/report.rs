//! The report of `pinstead watch --once`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::WatchOptions;
use super::again::{Judge, OwnVerdict};
use super::certificates::Certificates;
use super::coverage::{LogCoverage, NOT_REACHED};
use super::faults::{of_left_logs, over};
use super::grouped::grouped;
use super::logs::Selection;
use super::observer::say;
use super::revoked::Revoked;
use crate::cli::Exit;
use crate::cli::options::{Form, GateOptions, Plain};
use crate::ct::log_fault::{FaultKind, LogFault, RunFault};
use crate::judge::ListAge;
use crate::observe::clock;
use crate::policy::Policy;
use crate::report::human::style::{BAD, DOUBTFUL, FAINT, STRONG, of_severity, paint};
use crate::report::human::wrap::{indented, wrap};
use crate::report::human::{findings as human_findings, safe, tally};
use crate::report::json::v1::SCHEMA_VERSION;
use crate::rules::{Finding, Severity, run};
use crate::watch::alert::Tally;
use crate::watch::follow::{Judging, Outcome};
use crate::watch::state::{State, StateError, SurveyedLog};

/// The most certificates that were undetermined before and are named to people.
const MOST_BEFORE: usize = 20;
/// The most alerts about other things than certificates that are shown to people.
const MOST_OTHERS: usize = 100;

/// How following the logs ended.
#[derive(Default)]
pub(super) struct Ended {
    /// Each log, by its id.
    pub(super) outcomes: HashMap<[u8; 32], Outcome>,
    /// The faults that were seen in this run, also those that are over.
    pub(super) faults: Vec<LogFault>,
    /// Whether they were stopped because the time of the run was over.
    pub(super) timed_out: bool,
    /// Where they were stopped because none could be reached: that.
    pub(super) cut_off: Option<RunFault>,
    /// What this run judged itself of certificates.
    pub(super) own: HashMap<String, OwnVerdict>,
    /// What certificates are judged by.
    pub(super) judging: Option<Arc<Judging>>,
}

impl Ended {
    /// Why they were stopped, where they were.
    fn why_stopped(&self) -> &'static str {
        match (&self.cut_off, self.timed_out) {
            (Some(_), _) => NOT_REACHED,
            (None, true) => "the time of --timeout was over before all was read and proven",
            (None, false) => "it was told to end before all was read",
        }
    }
}

/// What one look brought.
pub(super) struct OnceReport {
    judged_at: Timestamp,
    domains: usize,
    list: Option<ListAge>,
    logs: Vec<LogCoverage>,
    left_out: Vec<serde_json::Value>,
    certificates: Certificates,
    findings: Vec<Finding>,
    delivered: Option<Tally>,
    revoked: Revoked,
    /// Why the state did not say all that belongs into it.
    lacks: Option<String>,
}

impl OnceReport {
    /// Gathers what is known at the end.
    pub(super) async fn new(
        domains: usize,
        list: Option<ListAge>,
        selection: &Selection,
        state: &State,
        mut ended: Ended,
        tally: Result<Tally, StateError>,
    ) -> Self {
        let mut lacks: Option<String> = None;
        let mut lacking = |error: StateError| {
            lacks.get_or_insert_with(|| error.to_string());
        };
        let survey = state.survey().await.unwrap_or_else(|error| {
            lacking(error);
            Vec::new()
        });
        // How far the logs are is asked before what was found: others may go on meanwhile, and no entry counts as proven here
        // of which the report does not have what was found in it.
        let mut all_known = HashMap::new();
        for followed in &selection.followed {
            all_known.insert(followed.log.log_id, state.find_log(&followed.log.log_id).await);
        }
        let own = std::mem::take(&mut ended.own);
        let certificates = gathered(state, ended.judging.take(), own).await.unwrap_or_else(|error| {
            lacking(error);
            Certificates::default()
        });
        // A run that was killed before its report may have seen more.
        ended.faults.extend(certificates.faults.iter().cloned());
        let mut logs = Vec::new();
        let mut findings: Vec<Finding> = ended.cut_off.iter().flat_map(run::findings).collect();
        let mut not_kept: Option<(usize, String)> = None;
        for followed in &selection.followed {
            let id = &followed.log.log_id;
            let ours = || Outcome::Failed("following it ended by a fault of pinstead".to_owned());
            let mut outcome = ended.outcomes.remove(id).unwrap_or_else(ours);
            let known = match all_known.remove(id) {
                Some(Ok(known)) => known,
                None => None,
                Some(Err(error)) => {
                    // How far it is covered, and what it does wrong, is in there only.
                    outcome = Outcome::NotKept(format!("the state does not say how far it is: {error}"));
                    lacking(error);
                    None
                }
            };
            let surveyed: Option<&SurveyedLog> = survey.iter().find(|log| log.log_id == *id);
            let open = surveyed.map(|log| log.faults.as_slice()).unwrap_or_default();
            let mut coverage = match &known {
                Some(log) => LogCoverage::of(log, open).searched(state, log).await,
                None => LogCoverage::unknown(&followed.log),
            };
            let mut faults = coverage.faults(open, &mut lacking);
            let over = over(&mut ended.faults, id, open);
            if let Outcome::NotKept(why) = &outcome {
                // One trouble of the state, however many logs it held up.
                not_kept.get_or_insert_with(|| (0, why.clone())).0 += 1;
            }
            if let (Outcome::Failed(why), true) =
                (&outcome, faults.is_empty() && over.iter().all(|fault| fault.kind != FaultKind::Unreadable))
            {
                faults.push(coverage.fault(FaultKind::Unreadable, why));
            }
            for fault in over {
                coverage.over(fault.kind, &fault.text);
                faults.push(fault);
            }
            findings.extend(coverage.findings(&faults));
            logs.push(coverage.ended(followed, &outcome, ended.why_stopped()));
        }
        let not_kept = not_kept.map(|(logs, text)| RunFault::State { logs, text });
        findings.extend(not_kept.iter().flat_map(run::findings));
        let left_out = selection
            .left_out
            .iter()
            .map(|log| json!({"name": log.name, "log_id": log.id, "reason": log.why}));
        findings.extend(of_left_logs(state, selection, &survey, ended.faults, &mut lacking).await);
        let delivered = match tally {
            // What failed in an earlier run, and is not due yet, did not arrive either.
            Ok(tally) => match state.waiting().await {
                Ok(waiting) => {
                    let ours = waiting.iter().filter(|waiting| state.serves(&waiting.channel));
                    let failed = ours.map(|waiting| waiting.failed).fold(0, u64::saturating_add);
                    Some(Tally { failed: tally.failed.max(failed), ..tally })
                }
                Err(error) => {
                    lacking(error);
                    Some(tally)
                }
            },
            Err(error) => {
                say(&format!("warning: alerts could not be delivered: {error}; they wait in the state"));
                None
            }
        };
        Self {
            judged_at: clock::now(),
            domains,
            list,
            logs,
            left_out: left_out.collect(),
            certificates,
            findings,
            delivered,
            revoked: Revoked::default(),
            lacks,
        }
    }

    /// With what was seen of revocations.
    pub(super) fn with(mut self, mut revoked: Revoked) -> Self {
        self.findings.extend(revoked.take_findings());
        Self { revoked, ..self }
    }

    /// Writes it, has the state know what was listed, and gives the exit code.
    pub(super) async fn write(
        &self,
        options: &WatchOptions,
        policy: &Policy,
        state: &State,
    ) -> anyhow::Result<Exit> {
        let gate = options.gate.or_policy(policy);
        let text = match options.output.format.form() {
            Form::Plain(Plain::Human) => self.human(),
            Form::Plain(Plain::Json) => format!("{:#}\n", self.json()),
            Form::Plain(Plain::Jsonl) => format!("{}\n", self.json()),
            Form::Document(form) => {
                self.document(form, &gate, self.exit(&gate), options.policy.as_deref())?
            }
        };
        options.output.write(&text)?;
        if let Err(error) = self.certificates.were_reported(state).await {
            say(&format!(
                "warning: the state cannot be written: {error}; the next report lists the same again"
            ));
        }
        Ok(self.exit(&gate))
    }

    fn exit(&self, gate: &GateOptions) -> Exit {
        let fails = gate.fails(&self.findings)
            || self.certificates.gravest.is_some_and(|gravest| gate.fail_on().is_reached_by(gravest));
        // Every log that is followed had to be read.
        let demanded = self
            .logs
            .iter()
            .any(|log| log.status != "proven" || !log.unsearched.is_empty() || log.has_unread())
            || self.certificates.is_issuer_open
            || self.alerts_are_stuck()
            || self.lacks.is_some();
        let open = self.certificates.open > 0
            || !self.certificates.open_before.is_empty()
            || self.certificates.is_without_expectation
            || self.has_read_nothing()
            || self.list_is_stale();
        gate.exit(fails, demanded, open)
    }

    /// Whether an alert that is due did not arrive.
    fn alerts_are_stuck(&self) -> bool {
        self.delivered.is_none_or(|tally| tally.failed > 0 || tally.is_cut)
    }

    /// Whether no entry of any log has been looked at yet.
    fn has_read_nothing(&self) -> bool {
        self.logs.iter().all(|log| log.proven == log.start)
    }

    /// What can be done where no entry was looked at.
    fn why_nothing(&self) -> &'static str {
        if self.logs.iter().all(|log| log.start.is_none()) {
            return "No log could be begun, so that nothing is known of what they hold: “Logs” below says why. Where it is \
                    the same of all, it is the network here.";
        }
        "No entry was looked at yet: what is logged from here on is. The state knows these logs by now, and `--from` begins \
         only those that it does not know: to look at earlier entries, give `--from 7d` together with another --state."
    }

    /// Whether the logs were chosen by a list that is too old.
    fn list_is_stale(&self) -> bool {
        self.list.as_ref().is_none_or(ListAge::is_stale)
    }

    fn json(&self) -> serde_json::Value {
        let proven = self.logs.iter().filter(|log| log.status == "proven").count();
        let certificates = &self.certificates;
        let listed = u64::try_from(certificates.listed.len()).unwrap_or(u64::MAX);
        json!({
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": "pinstead", "version": env!("CARGO_PKG_VERSION")},
            "judged_at": self.judged_at,
            "log_list": self.list.as_ref().map(list_json),
            "domains": self.domains,
            "logs": self.logs,
            "logs_left_out": self.left_out,
            "certificates": certificates.listed,
            "certificates_left_out": certificates.left_out,
            "certificates_of_names_not_watched": certificates.of_others,
            "certificates_undetermined_before": certificates.open_before,
            "further_alerts": certificates.others,
            "revocation": self.revoked.json(),
            "findings": self.findings,
            "alerts": self.delivered.map(|tally| json!({
                "delivered": tally.delivered, "failed": tally.failed, "cut_short": tally.is_cut,
            })),
            "state_error": self.lacks,
            "summary": {
                "logs": self.logs.len(),
                "logs_proven": proven,
                "certificates": listed.saturating_add(certificates.left_out),
                "by_severity": certificates.by_severity,
                "unexpected": certificates.unexpected,
                "undetermined": certificates.open,
            },
        })
    }

    fn human(&self) -> String {
        let mut text = String::new();
        let proven = self.logs.iter().filter(|log| log.status == "proven").count();
        let listed = u64::try_from(self.certificates.listed.len()).unwrap_or(u64::MAX);
        let count = listed.saturating_add(self.certificates.left_out);
        let heading = format!(
            "{count} new {} for {} watched {}; {proven} of {} logs read and proven",
            if count == 1 { "certificate" } else { "certificates" },
            self.domains,
            if self.domains == 1 { "name" } else { "names" },
            self.logs.len(),
        );
        let _ = writeln!(text, "{}\n", paint(STRONG, heading));
        text.push_str(&grouped(&self.certificates.listed));
        text.push_str(&self.others());
        if self.certificates.left_out > 0 {
            let _ = writeln!(text, "{} more are in the state.\n", self.certificates.left_out);
        }
        if self.certificates.of_others > 0 {
            let note = format!(
                "Found for names that are not watched here, and left to the reports of whoever watches them: {}.",
                self.certificates.of_others
            );
            let _ = writeln!(text, "{}", wrap(&note, "", "  "));
        }
        text.push_str(&self.before());
        text.push_str(&self.revoked.human());
        text.push_str(&self.notes());
        let _ = writeln!(text, "{}", paint(STRONG, "Logs"));
        let (silent, shown): (Vec<_>, Vec<_>) = self.logs.iter().partition(|log| log.is_only_unreached());
        for log in shown {
            text.push_str(&log.human());
        }
        if !silent.is_empty() {
            let _ = writeln!(text, "  {} logs, of which nothing is known: {NOT_REACHED}", silent.len());
        }
        if !self.left_out.is_empty() {
            let count = self.left_out.len();
            let were = if count == 1 { "log of the list was" } else { "logs of the list were" };
            let note = format!("{count} {were} left out: see the JSON report");
            let _ = writeln!(text, "  {}", paint(FAINT, note));
        }
        text.push('\n');
        if !self.findings.is_empty() {
            text.push_str(&human_findings(&self.findings));
            text.push('\n');
        }
        let _ = writeln!(text, "{}", self.bottom_line());
        text
    }

    /// What else was told, the gravest first.
    fn others(&self) -> String {
        let mut text = String::new();
        let mut others: Vec<_> = self.certificates.others.iter().collect();
        others.sort_by_key(|notice| std::cmp::Reverse(notice.severity));
        for notice in others.iter().take(MOST_OTHERS) {
            let severity =
                notice.severity.map_or_else(String::new, |one| paint(of_severity(one), one) + "  ");
            text.push_str(&wrap(&format!("{severity}{}", safe(&notice.headline())), "", "  "));
            for line in notice.text.iter().flat_map(|text| text.lines()) {
                text.push_str(&indented(&safe(line), 2));
            }
            text.push('\n');
        }
        if let Some(more) = others.len().checked_sub(MOST_OTHERS).filter(|more| *more > 0) {
            let _ = writeln!(text, "and {more} more alerts, none of them graver: see the JSON report\n");
        }
        text
    }

    /// What was undetermined before, in a line each.
    fn before(&self) -> String {
        let mut text = String::new();
        let before = &self.certificates.open_before;
        if !before.is_empty() {
            let heading = format!("Undetermined since earlier reports: {}", before.len());
            let _ = writeln!(text, "{}", paint(STRONG, heading));
        }
        for found in before.iter().take(MOST_BEFORE) {
            text.push_str(&indented(&format!("{} ({})", safe(&found.title), found.tbs_sha256), 2));
        }
        if before.len() > MOST_BEFORE {
            let _ = writeln!(text, "  and {} more: see the JSON report", before.len() - MOST_BEFORE);
        }
        if !before.is_empty() {
            text.push_str(&indented("`pinstead watch --acknowledge HASH` ends that.", 2));
            text.push('\n');
        }
        text
    }

    /// What stands in the way of a plain answer.
    fn notes(&self) -> String {
        let mut text = String::new();
        let mut note = |style, words: &str| {
            text.push_str(&wrap(&paint(style, words), "", "  "));
            text.push('\n');
        };
        if let Some(lacks) = &self.lacks {
            note(BAD, &safe(&format!("The state did not say all: {lacks}.")));
        }
        if self.alerts_are_stuck() {
            note(
                BAD,
                "Alerts could not be delivered; they wait in the state: see `pinstead watch --status`.",
            );
        }
        if self.has_read_nothing() {
            note(DOUBTFUL, self.why_nothing());
        }
        if self.list_is_stale() {
            let which = self.list.as_ref().map_or("There is no log list".to_owned(), |list| {
                format!("The log list is {}, {} days old", list.dated(), list.days)
            });
            note(
                DOUBTFUL,
                &format!(
                    "{which}: logs that became usable since are missing. `pinstead logs update` fetches newer ones."
                ),
            );
        }
        text
    }

    /// The last line: findings of logs, the certificates that count as such, and what else the exit code may be about.
    fn bottom_line(&self) -> String {
        let mut parts = Vec::new();
        for severity in [Severity::Critical, Severity::High, Severity::Medium] {
            if let Some(count) = self.certificates.by_severity.get(&severity) {
                parts.push(paint(of_severity(severity), format!("{count} {severity}")));
            }
        }
        if self.certificates.unexpected > 0 {
            parts.push(paint(BAD, format!("{} unexpected", self.certificates.unexpected)));
        }
        let before = u64::try_from(self.certificates.open_before.len()).unwrap_or(u64::MAX);
        let open = self.certificates.open.saturating_add(before);
        if open > 0 {
            parts.push(paint(DOUBTFUL, format!("{open} undetermined")));
        }
        let mut line = match (parts.is_empty(), self.findings.is_empty()) {
            (true, _) => tally(&self.findings),
            (false, true) => format!("certificates and alerts: {}", parts.join(", ")),
            (false, false) => {
                format!("certificates and alerts: {}; findings: {}", parts.join(", "), tally(&self.findings))
            }
        };
        let lacking = self.lacking();
        if !lacking.is_empty() {
            let _ = write!(line, "; {}", paint(DOUBTFUL, format!("not known: {}", lacking.join(", "))));
        }
        line
    }
}

/// What no report had yet, judged by these wishes.
async fn gathered(
    state: &State,
    judging: Option<Arc<Judging>>,
    own: HashMap<String, OwnVerdict>,
) -> Result<Certificates, StateError> {
    let mut judge = match judging {
        Some(judging) => Judge::new(state, &judging, own).await?,
        None => Judge::default(),
    };
    Certificates::gather(state, &mut judge).await
}

/// The list that the logs were chosen by.
fn list_json(list: &ListAge) -> serde_json::Value {
    json!({
        "source": list.source,
        "version": list.version,
        "signed": list.signed,
        "timestamp": list.timestamp,
        "age_days": list.days,
        "stale": list.is_stale(),
    })
}

mod passed_on;
#[cfg(test)]
mod tests;
