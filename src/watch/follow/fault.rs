//! Faults of logs: kept in the state with what proves them, and told once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::trouble::Trouble;
use super::{Event, Follower};
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::evidence::Bytes;
use crate::observe::clock;
use crate::observe::clock::Stopwatch;
use crate::rules::log;
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Head, LogNumber, NewAlert, NewFault};

/// The kind of the alerts about logs.
pub const FAULT_ALERT: &str = "log_fault";
/// The most octets of evidence that go into an alert; the state keeps more.
const MOST_EVIDENCE: usize = 64 << 10;

impl<R: LogReader> Follower<'_, R> {
    /// Which faults of the log are not over, as the state has them: others may have reported them.
    pub(super) async fn load_faults(&mut self, number: LogNumber) -> Result<(), Trouble> {
        let faults = self.state().faults().await?;
        self.open =
            faults.into_iter().filter(|kept| kept.first.log == number).map(|kept| kept.first.kind).collect();
        Ok(())
    }

    /// A fault is over, if there was one.
    pub(super) async fn is_over(&mut self, kind: FaultKind) -> Result<(), Trouble> {
        let Some(number) = self.number else { return Ok(()) };
        if kind.is_lasting() || !self.open.contains(kind.name()) {
            return Ok(());
        }
        let was_there = self.state().end_fault(number, kind.name()).await?;
        self.open.remove(kind.name());
        if was_there {
            self.tell(&Event::FaultOver(kind));
        }
        Ok(())
    }

    /// Reports the fault of the log that a failure is, if it is one.
    pub(super) async fn note_fault(&mut self, trouble: &Trouble) {
        match trouble {
            // Ours, not the log's.
            Trouble::State(_) => {}
            Trouble::Batch { error, octets } => {
                let text = format!("an answer with entries cannot be used: {error}");
                self.report(FaultKind::Form, text, None, &[], &Bytes(octets.clone())).await;
            }
            Trouble::Heads { what, has_shrunk, known, shown } => {
                let kind = if *has_shrunk { FaultKind::Shrunk } else { FaultKind::Split };
                self.report(kind, what.clone(), None, &[known, shown], &Bytes(Vec::new())).await;
            }
            Trouble::OtherRoot { goal, root } => {
                let text = format!(
                    "the {} entries that it gave have the root {root}, and it signed {}",
                    goal.size, goal.root
                );
                self.report(FaultKind::OtherRoot, text, None, &[goal], &Bytes(Vec::new())).await;
            }
            Trouble::Read(ReadError::Breach { breach, what, url, octets }) => {
                let kind = match breach {
                    Breach::Signature => FaultKind::Signature,
                    // Without two tree heads it is one proof that fails.
                    Breach::Split | Breach::Proof => FaultKind::Proof,
                    Breach::Form | Breach::Issuer => FaultKind::Form,
                };
                self.report(kind, what.clone(), Some(url), &[], octets).await;
            }
            Trouble::Read(
                error @ (ReadError::Passing { .. } | ReadError::Gone(_) | ReadError::Unusable(_)),
            ) => {
                let since = *self.failing_since.get_or_insert_with(Stopwatch::start);
                let lasts = u128::from(since.milliseconds()) >= self.settings().patience.as_millis();
                if lasts {
                    self.report(FaultKind::Unreadable, error.to_string(), None, &[], &Bytes(Vec::new()))
                        .await;
                }
            }
        }
    }

    /// Keeps a fault with its evidence, and its alert where the fault is new. What fails here is tried again with the
    /// next failure.
    pub(super) async fn report(
        &mut self,
        kind: FaultKind,
        text: String,
        url: Option<&str>,
        heads: &[&Head],
        octets: &Bytes,
    ) {
        let fault = LogFault {
            log: self.label.name.clone(),
            log_id: self.label.id.clone(),
            kind,
            text: text.chars().take(2000).collect(),
            url: url.map(str::to_owned),
        };
        let heads: Vec<Value> = heads.iter().map(|head| shown(head)).collect();
        let alert = self.alert(&fault, &heads, octets);
        let evidence = if heads.is_empty() {
            octets.clone()
        } else {
            Bytes(json!({"tree_heads": heads}).to_string().into())
        };
        let reported = match self.number {
            Some(log) => {
                let kind = kind.name().to_owned();
                let new = NewFault { log, kind, text: fault.text.clone(), evidence };
                self.state().report_fault(&new, &[alert]).await.is_ok()
            }
            // A log that could not even be begun is not in the state; it is told all the same.
            None => self.state().add_alert(&alert).await.is_ok(),
        };
        if reported && self.open.insert(kind.name().to_owned()) {
            self.tell(&Event::Fault(&fault));
        }
    }

    fn alert(&self, fault: &LogFault, heads: &[Value], octets: &Bytes) -> NewAlert {
        // A fault that comes and goes is told once a day.
        let day = clock::now().strftime("%Y-%m-%d");
        let findings = log::findings(fault);
        let first = findings.first();
        let title = first.map_or("A fault of a CT log", |finding| finding.title);
        let advice = first.map_or("", |finding| &finding.advice);
        let payload = json!({
            "title": format!("{title}: {}", fault.log),
            "severity": first.map_or("high", |finding| finding.severity.name()),
            "text": format!("{}: {}.\n{advice}", fault.log, fault.text.trim_end_matches('.')),
            "details": {
                "rule": first.map(|finding| finding.rule),
                "log": self.label,
                "fault": fault.kind,
                "url": fault.url,
                "tree_heads": heads,
                "answer": STANDARD.encode(octets.get(..MOST_EVIDENCE).unwrap_or(octets)),
            },
        });
        NewAlert {
            kind: FAULT_ALERT.to_owned(),
            subject: format!("{} {} {day}", fault.log_id, fault.kind.name()),
            payload: payload.to_string(),
        }
    }
}

/// A tree head as evidence: what it says, and the octets that the log gave, with its signature.
fn shown(head: &Head) -> Value {
    json!({
        "size": head.size,
        "timestamp": head.timestamp,
        "root": head.root.to_string(),
        "octets": STANDARD.encode(head.octets.get(..MOST_EVIDENCE).unwrap_or(&head.octets)),
    })
}
