//! Faults of logs: kept in the state with what proves them, and told once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::trouble::{Failing, Trouble};
use super::{Event, Follower};
use crate::ct::log_fault::{FaultKind, LogFault};
use crate::evidence::Bytes;
use crate::report::human::safe;
use crate::rules::log;
use crate::watch::reader::{Breach, LogReader, ReadError};
use crate::watch::state::{Head, LogKind, LogNumber, NewAlert, NewFault};

/// The kind of the alerts about logs.
pub const FAULT_ALERT: &str = "log_fault";
/// The most octets of evidence that go into an alert; the state keeps more.
const MOST_EVIDENCE: usize = 64 << 10;
/// How often the log may be asked in vain for a proof between two of its tree heads: for half a minute, in which its slower
/// parts come to know the newer one.
const MOST_WITHOUT_PROOF: u32 = 6;

impl<R: LogReader> Follower<'_, R> {
    /// Which faults of the log are not over, as the state has them: others may have reported or ended them, and this process
    /// before it was started anew.
    pub(super) async fn load_faults(&mut self, number: LogNumber) -> Result<(), Trouble> {
        let kept = self.state().faults().await?.into_iter().map(|kept| kept.first);
        let mut before = std::mem::take(&mut self.open);
        for fault in kept.filter(|fault| fault.log == number) {
            let kind = FaultKind::from_name(&fault.kind);
            if let (Some(kind), false) = (kind, before.remove(&fault.kind)) {
                let (log, log_id) = (self.label.name.clone(), self.label.id.clone());
                self.tell(&Event::FaultKnown(&LogFault { log, log_id, kind, text: fault.text, url: None }));
            }
            self.open.insert(fault.kind);
        }
        for kind in before.iter().filter_map(|name| FaultKind::from_name(name)) {
            self.tell(&Event::FaultOver(kind));
        }
        Ok(())
    }

    /// A fault is over, if there was one.
    pub(super) async fn is_over(&mut self, kind: FaultKind) -> Result<(), Trouble> {
        let Some(number) = self.number else { return Ok(()) };
        if kind == FaultKind::Form && self.issuers.are_broken() {
            return Ok(());
        }
        if kind.is_lasting() || !self.open.contains(kind.name()) {
            return Ok(());
        }
        if kind == FaultKind::Form && self.state().has_dark(number).await? {
            return Ok(());
        }
        let was_there = self.state().end_fault(number, kind.name()).await?;
        self.open.remove(kind.name());
        if was_there {
            self.tell(&Event::FaultOver(kind));
        }
        Ok(())
    }

    /// Reports the fault of the log that a failure is, if it is one: of those that may pass, when they last, or when the
    /// log is given up.
    pub(super) async fn note_fault(&mut self, trouble: &Trouble, failing: Failing, is_given_up: bool) {
        let lasts = failing.lasts(self.settings().patience);
        match trouble {
            // Ours, not the log's.
            Trouble::State(_) => {}
            Trouble::Batch { error, octets } => {
                let text = format!("an answer with entries cannot be used: {error}{}", self.uncovered());
                self.report(FaultKind::Form, text, None, &[], &Bytes(octets.clone())).await;
            }
            Trouble::Heads { kind, what, heads } => {
                let heads: Vec<&Head> = heads.iter().collect();
                self.report(*kind, what.clone(), None, &heads, &Bytes(Vec::new())).await;
            }
            Trouble::Unproven { known, shown, error } => {
                let none = Bytes(Vec::new());
                if let ReadError::Breach { what, url, octets, .. } = error {
                    self.report(FaultKind::Proof, what.clone(), Some(url), &[known, shown], octets).await;
                }
                let is_refused = trouble.is_without_proof() && failing.times >= MOST_WITHOUT_PROOF;
                // A part of the log that lags behind may know too little to prove anything.
                let is_due = is_refused || lasts || (is_given_up && shown.size > known.size);
                let is_trouble = matches!(error, ReadError::Passing { .. });
                if is_due && (!is_trouble || self.gives_entries(known).await) {
                    let text = trouble.to_string();
                    self.report(FaultKind::Unproven, text, None, &[known, shown], &none).await;
                } else if lasts {
                    let text = trouble.to_string();
                    self.report(FaultKind::Unreadable, text, None, &[known, shown], &none).await;
                }
            }
            Trouble::OtherRoot { goal, size, root } => {
                let text = format!(
                    "the {size} entries that it gave have the root {root}, and of {} it signed {}",
                    goal.size, goal.root
                );
                self.report(FaultKind::OtherRoot, text, None, &[goal], &Bytes(Vec::new())).await;
            }
            Trouble::Read(ReadError::Breach { breach, what, url, octets }) => {
                let kind = match breach {
                    Breach::Signature => FaultKind::Signature,
                    // Without two tree heads it is one proof that fails.
                    Breach::Split | Breach::Proof => FaultKind::Proof,
                    Breach::Form | Breach::Size | Breach::Issuer => FaultKind::Form,
                };
                let mut what = what.clone();
                if kind == FaultKind::Form {
                    what.push_str(&self.uncovered());
                }
                self.report(kind, what, Some(url), &[], octets).await;
            }
            Trouble::Read(
                error @ (ReadError::Passing { .. }
                | ReadError::Refused(_)
                | ReadError::Gone(_)
                | ReadError::Unusable(_)),
            ) => {
                if lasts {
                    self.report(FaultKind::Unreadable, error.to_string(), None, &[], &Bytes(Vec::new()))
                        .await;
                }
            }
        }
    }

    /// What is not covered as long as an answer with entries cannot be read: no RFC 6962 log has hashes beside its entries,
    /// with which reading could go on behind them.
    fn uncovered(&self) -> String {
        match self.broken_at {
            Some(at) if self.log.kind == LogKind::Rfc6962 => {
                format!(". Entry {at} and all behind it are not covered until it can be read")
            }
            _ => String::new(),
        }
    }

    /// Whether the log answers other questions than that for a proof: else it has trouble, and withholds nothing.
    async fn gives_entries(&self, known: &Head) -> bool {
        let Some(last) = known.size.checked_sub(1) else { return false };
        self.reader.leaf_at(last, known.size).await.is_ok()
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
        let pair = match heads {
            [known, shown] if kind.is_lasting() => Some((&known.root, &shown.root)),
            _ => None,
        };
        let heads: Vec<Value> = heads.iter().map(|head| shown(head)).collect();
        let mut alert = self.alert(&fault, &heads, octets);
        let evidence = match (heads.is_empty(), octets.is_empty()) {
            (true, _) => octets.clone(),
            (false, true) => Bytes(json!({"tree_heads": heads}).to_string().into()),
            (false, false) => {
                let answer = STANDARD.encode(&octets.0);
                Bytes(json!({"tree_heads": heads, "answer": answer}).to_string().into())
            }
        };
        let reported = match self.number {
            Some(log) => {
                let kind = kind.name().to_owned();
                let new = NewFault { log, kind, text: fault.text.clone(), evidence };
                match pair {
                    // Each pair of heads is a fault of its own, and told whenever it is seen first.
                    Some((known, shown)) => {
                        alert.subject = format!("{} {} {known} {shown}", fault.log_id, fault.kind.name());
                        match self.state().report_pair(&new, (known, shown), &alert).await {
                            Ok(true) => {
                                self.open.remove(fault.kind.name());
                                true
                            }
                            Ok(false) => true,
                            Err(_) => false,
                        }
                    }
                    None => self.state().report_fault(&new, &[alert]).await.is_ok(),
                }
            }
            // A log that could not even be begun is not in the state; it is told all the same.
            None => self.state().add_alert(&alert).await.is_ok(),
        };
        if self.open.contains(kind.name()) {
            self.tell(&Event::FaultAgain(&fault));
        } else if reported {
            self.open.insert(kind.name().to_owned());
            self.tell(&Event::Fault(&fault));
        }
    }

    fn alert(&self, fault: &LogFault, heads: &[Value], octets: &Bytes) -> NewAlert {
        // A fault that comes and goes is told once a day.
        let day = self.now().strftime("%Y-%m-%d");
        let findings = log::findings(fault);
        let first = findings.first();
        let title = first.map_or("A fault of a CT log", |finding| finding.title);
        let advice = first.map_or("", |finding| &finding.advice);
        let payload = json!({
            "title": safe(&format!("{title}: {}", fault.log)),
            "severity": first.map_or("high", |finding| finding.severity.name()),
            "text": format!("{}: {}.\n{advice}", safe(&fault.log), safe(fault.text.trim_end_matches('.'))),
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
