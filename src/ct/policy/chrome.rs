//! Chrome's CT policy, as its code enforces it.
//!
//! Sources: GoogleChrome/CertificateTransparency ct_policy.md; chromium
//! components/certificate_transparency/chrome_ct_policy_enforcer.cc and net/cert/multi_log_ct_verifier.cc.
//! Where page and code differ, the code is followed: it is what users meet.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{PolicyOutcome, PolicyVerdict};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::ct::log_table::{LogTable, StateAt};
use crate::ct::sct::LeafIndex;
use crate::ct::verdict::{Delivery, SctOutcome, SctVerdict};
use crate::x509::Certificate;

/// A list this old switches enforcement off (`kMaxLogListAge`, chrome_ct_policy_enforcer.cc).
pub const MAX_LIST_AGE_DAYS: i64 = 70;

/// Certificates that live longer need three embedded SCTs instead of two (ct_policy.md, “Embedded SCTs”).
const LONG_LIFE: SignedDuration = SignedDuration::from_hours(180 * 24);

/// Judges verified SCTs as Chrome would at `at`.
pub fn judge(
    certificate: &Certificate,
    scts: &[SctVerdict],
    table: &LogTable,
    at: Timestamp,
) -> PolicyVerdict {
    if let Some(reason) = not_judgeable(certificate, table, at) {
        return PolicyVerdict::new(PolicyOutcome::NotJudged, reason);
    }
    let counted: Vec<Counted<'_>> = scts.iter().filter_map(|sct| Counted::new(sct, table, at)).collect();
    let needed = needed_embedded(certificate);
    // An SCT whose signature could not be checked may or may not count: the verdict must hold either way.
    let at_worst = Tally::of(counted.iter().filter(|sct| !sct.open), needed);
    let at_best = Tally::of(counted.iter(), needed);
    let outcome = match (at_worst.complies(), at_best.complies()) {
        (true, _) => PolicyOutcome::Compliant,
        (false, false) => PolicyOutcome::NotCompliant,
        (false, true) => PolicyOutcome::NotJudged,
    };
    let mut reasons = at_worst.reasons(certificate);
    if outcome == PolicyOutcome::NotJudged {
        reasons.push(
            "SCTs whose issuer is unknown could not be verified; with them the policy could be met."
                .to_owned(),
        );
    }
    let dropped = scts.len() - counted.len();
    if dropped > 0 {
        reasons.push(format!(
            "{dropped} of {} SCTs do not count: their log is not in Chrome's list, or they do not verify.",
            scts.len()
        ));
    }
    PolicyVerdict { outcome, reasons }
}

/// Why no verdict can be given, whatever the SCTs are.
fn not_judgeable(certificate: &Certificate, table: &LogTable, at: Timestamp) -> Option<String> {
    if certificate.is_precertificate {
        return Some(
            "This is a precertificate: it is submitted to logs and never served (RFC 6962 section 3.1)."
                .to_owned(),
        );
    }
    let dated = table.snapshot_at(Program::Chrome, at).and_then(|list| list.timestamp);
    let Some(published) = dated else {
        return Some(format!("No log list of Chrome is known from before {at}."));
    };
    let age = at.duration_since(published).as_hours() / 24;
    if age >= MAX_LIST_AGE_DAYS {
        return Some(format!(
            "The newest known log list is of {} and {age} days old; Chrome itself judges by no list of {MAX_LIST_AGE_DAYS} days or more. \
             Give a newer one with --log-list.",
            published.strftime("%Y-%m-%d")
        ));
    }
    if at > certificate.not_after {
        return Some(format!(
            "The certificate expired on {}; judge it as of its own life with --at.",
            certificate.not_after
        ));
    }
    None
}

/// How many embedded SCTs from different logs are needed.
fn needed_embedded(certificate: &Certificate) -> usize {
    if certificate.not_after.duration_since(certificate.not_before) > LONG_LIFE { 3 } else { 2 }
}

/// An SCT that Chrome looks at.
struct Counted<'a> {
    sct: &'a SctVerdict,
    log_id: LogId,
    timestamp: Timestamp,
    operator: &'a str,
    retired: Option<Timestamp>,
    /// Its signature could not be checked.
    open: bool,
}

impl<'a> Counted<'a> {
    /// `None` for an SCT that Chrome drops before it counts.
    fn new(sct: &'a SctVerdict, table: &LogTable, at: Timestamp) -> Option<Self> {
        let open = sct.outcome == SctOutcome::IssuerUnknown;
        // The enforcer does not look at temporal intervals.
        if !open && !matches!(sct.outcome, SctOutcome::Valid | SctOutcome::OutsideInterval) {
            return None;
        }
        let log = sct.log.as_ref()?;
        let log_id = sct.log_id?;
        let StateAt { state, since } = table.state(&log_id, Program::Chrome, at);
        let retired = match state {
            LogState::Usable | LogState::Qualified | LogState::Readonly => None,
            LogState::Retired => Some(since.unwrap_or(Timestamp::MIN)),
            LogState::Pending | LogState::Rejected | LogState::Unknown => return None,
        };
        // A static log's SCT counts only with exactly one well-formed leaf_index.
        if log.log_type == LogType::Static && !matches!(sct.leaf_index, LeafIndex::At(_)) {
            return None;
        }
        // A retired log's SCT counts only where it is embedded.
        if retired.is_some() && sct.delivery != Delivery::Embedded {
            return None;
        }
        // SCTs from OCSP are ignored since Chrome 148.
        if sct.delivery == Delivery::Ocsp {
            return None;
        }
        Some(Self { sct, log_id, timestamp: sct.timestamp?, operator: &log.operator, retired, open })
    }

    fn is_embedded(&self) -> bool {
        self.sct.delivery == Delivery::Embedded
    }
}

/// The counts on which the policy decides.
struct Tally {
    needed: usize,
    embedded_logs: BTreeSet<LogId>,
    operators: BTreeSet<String>,
    embedded_not_retired: bool,
    delivered_in_handshake: bool,
}

impl Tally {
    fn of<'c, 'a: 'c>(scts: impl Iterator<Item = &'c Counted<'a>> + Clone, needed: usize) -> Self {
        // The certificate counts as issued at the earliest timestamp of a log that is not retired.
        let issued = scts.clone().filter(|sct| sct.retired.is_none()).map(|sct| sct.timestamp).min();
        let mut tally = Self {
            needed,
            embedded_logs: BTreeSet::new(),
            operators: BTreeSet::new(),
            embedded_not_retired: false,
            delivered_in_handshake: false,
        };
        for sct in scts {
            tally.operators.insert(sct.operator.to_owned());
            if !sct.is_embedded() {
                tally.delivered_in_handshake = true;
                continue;
            }
            let counts = match sct.retired {
                None => true,
                Some(retired) => sct.timestamp < retired && issued.is_some_and(|issued| issued < retired),
            };
            if counts {
                tally.embedded_logs.insert(sct.log_id);
            }
            tally.embedded_not_retired |= sct.retired.is_none();
        }
        tally
    }

    fn complies(&self) -> bool {
        self.operators.len() >= 2
            && (self.delivered_in_handshake
                || (self.embedded_not_retired && self.embedded_logs.len() >= self.needed))
    }

    fn reasons(&self, certificate: &Certificate) -> Vec<String> {
        let days = certificate.not_after.duration_since(certificate.not_before).as_hours() / 24;
        let mut reasons = vec![format!(
            "{} embedded SCTs from different logs count; a life of {days} days needs {} (Chrome CT policy, embedded SCTs).",
            self.embedded_logs.len(),
            self.needed
        )];
        let operators: Vec<&str> = self.operators.iter().map(String::as_str).collect();
        reasons.push(match operators.as_slice() {
            [] => "No SCT that counts, so no log operator; two are needed.".to_owned(),
            names => format!("Log operators: {}; at least two are needed.", names.join(", ")),
        });
        if self.delivered_in_handshake {
            reasons.push("SCTs delivered in the TLS handshake count too.".to_owned());
        }
        if !self.embedded_not_retired && !self.embedded_logs.is_empty() {
            reasons.push(
                "Every embedded SCT is from a log that is retired; one from a current log is needed."
                    .to_owned(),
            );
        }
        reasons
    }
}
