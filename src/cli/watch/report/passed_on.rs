//! What one look brought, in the forms that are the same for every command.

use serde_json::Value;

use super::{LogCoverage, OnceReport};
use crate::cli::Exit;
use crate::cli::check::DEFAULT_POLICY;
use crate::cli::options::GateOptions;
use crate::observe::files;
use crate::question::{OpenKind, OpenQuestion};
use crate::report::Summary;
use crate::report::document::{DocumentError, DocumentForm, Head, Section, Tail};
use crate::rules::{self, Finding, Raised, Severity};

/// What the section of the logs is called.
const LOGS: &str = "CT logs";

impl OnceReport {
    /// The report: a target is a certificate that was found, and the logs are one.
    pub(super) fn document(
        &self,
        form: DocumentForm,
        gate: &GateOptions,
        exit: Exit,
        policy: Option<&str>,
    ) -> Result<String, DocumentError> {
        let head = Head {
            command: "watch",
            judged_at: self.judged_at,
            basis: self.list.iter().map(|list| format!("the log list {}", list.dated())).collect(),
            home: Some(policy.unwrap_or(DEFAULT_POLICY).to_owned()),
            folder: files::working_directory(),
            fail_on: gate.least(),
            strict: gate.is_strict(),
        };
        let mut pieces = Vec::new();
        for listed in &self.certificates.listed {
            let mut findings = findings_of(&listed.title, &listed.tbs_sha256, &listed.details);
            rules::stamp(&listed.tbs_sha256, None, &mut findings);
            let open = listed.is_open().then(|| {
                let what = format!("certificate {}: who issued it, or what it claims", listed.tbs_sha256);
                OpenKind::Elsewhere.asks(what, false)
            });
            pieces.push(form.piece(
                &head,
                &Section::of_findings(&listed.title, &findings, open.into_iter().collect(), &head),
            )?);
        }
        let mut open: Vec<OpenQuestion> = self
            .lacking()
            .into_iter()
            .map(|what| OpenKind::Elsewhere.asks(what, exit == Exit::Undetermined))
            .collect();
        open.extend(self.certificates.open_before.iter().map(|before| {
            let what = format!("since an earlier report: {} ({})", before.title, before.tbs_sha256);
            OpenKind::Elsewhere.asks(what, false)
        }));
        let mut findings = self.findings.clone();
        rules::stamp(LOGS, None, &mut findings);
        pieces.push(form.piece(&head, &Section::of_findings(LOGS, &findings, open, &head))?);
        let mut summary = Summary::default();
        for piece in &pieces {
            piece.count_into(&mut summary);
        }
        form.document(
            &head,
            &pieces,
            &Tail { summary: &summary, exit_code: exit.code(), notes: &self.said() },
        )
    }

    /// What else is not known or not done, in a few words each.
    pub(super) fn lacking(&self) -> Vec<String> {
        let unread = self.logs.iter().filter(|log| log.status != "proven").count();
        let logs = (unread > 0).then(|| format!("{unread} of {} logs not read and proven", self.logs.len()));
        let said = [
            (
                self.logs.iter().any(|log| !log.unsearched.is_empty()),
                "entries that were not searched for all names",
            ),
            (self.logs.iter().any(LogCoverage::has_unread), "entries that nobody could read"),
            (self.certificates.is_without_expectation, "which CAs are expected"),
            (self.alerts_are_stuck(), "whether all alerts arrive"),
            (self.lacks.is_some(), "all that the state has"),
            (self.list_is_stale(), "which logs there are by now"),
        ];
        let said = said.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what.to_owned());
        logs.into_iter().chain(said).collect()
    }

    /// What is no finding of a rule, and may be what the exit code is about.
    fn said(&self) -> Vec<String> {
        let certificates = &self.certificates;
        let mut said: Vec<String> = certificates
            .others
            .iter()
            .map(|notice| {
                let severity = notice.severity.map(|one| format!("{one}: ")).unwrap_or_default();
                format!("{severity}{}", notice.headline())
            })
            .collect();
        if certificates.left_out > 0 {
            said.push(format!("{} more certificates are in the state.", certificates.left_out));
        }
        said
    }
}

/// The findings about a certificate, as they were kept with it.
fn findings_of(title: &str, tbs_sha256: &str, details: &Value) -> Vec<Finding> {
    let kept = details["findings"].as_array().into_iter().flatten();
    kept.filter_map(|one| {
        let severity: Severity = one["severity"].as_str()?.parse().ok()?;
        let evidence = serde_json::json!({
            "certificate": tbs_sha256,
            "log": details["log"],
            "entry": details["entry"],
        });
        let message = one["message"].as_str().unwrap_or_default();
        Finding::again(one["rule"].as_str()?, severity, Raised::new(title, message, evidence))
    })
    .collect()
}
