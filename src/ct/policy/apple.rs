//! Apple's CT policy.
//!
//! Sources: <https://support.apple.com/103214> (the policy), <https://support.apple.com/103703> (the log programme);
//! for what the page leaves open, Apple's published source, Security/trust/trustd/CertificateTransparency.c. That
//! source is older than the page's limits per operator and its RFC 6962 rule, so these follow the page.
//!
//! - From the source: no timestamp may lie in the future, the certificate must end within the log's interval, an SCT
//!   of a read-only log must be older than that state, and a log counts as once approved if both the SCT and the
//!   certificate's issuance precede its retirement.
//! - From the page: lifetimes are inclusive, in days of 86,400 seconds rounded up; the limits per operator; one SCT
//!   of an RFC 6962 log.
//! - Neither states an age beyond which a list is not used.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::candidate::{Candidate, DUPLICATE, RETIRED_BEFORE, RETIRED_BESIDE};
use super::weigh::{Admission, Policy, Reach, Tally, life};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType, Program};
use crate::x509::Certificate;

/// Apple's policy.
pub(super) struct Apple;

/// 2021-04-21: the page's present table is for certificates issued since then. Its older one is not judged here.
const PRESENT_RULES: Timestamp = Timestamp::constant(1_618_963_200, 0);

impl Policy for Apple {
    const PROGRAM: Program = Program::Apple;
    const OPERATORS: &'static str = "what counts of one operator is limited";

    fn admit(sct: &Candidate<'_>, certificate: &Certificate, at: Timestamp) -> Admission {
        if sct.timestamp > at {
            return Admission::No("It lies in the future, for which Apple allows nothing.".into());
        }
        let end = certificate.not_after;
        if sct.interval.is_some_and(|(from, until)| end < from || end >= until) {
            return Admission::No(
                "The certificate ends outside its log's interval, which Apple checks.".into(),
            );
        }
        let read_only = sct.since.filter(|_| sct.state == LogState::Readonly);
        if read_only.is_some_and(|since| sct.timestamp > since) {
            return Admission::No("Its log was read-only already when the SCT was made.".into());
        }
        Admission::Yes
    }

    fn count(scts: &[&Candidate<'_>], certificate: &Certificate, at: Timestamp) -> Tally {
        let days = inclusive_days(certificate);
        // The page's table: 2 SCTs with at most 1 an operator up to 180 days, 3 with at most 2 from 181 days.
        let (needed, most_of_one) = if days <= 180 { (2, 1) } else { (3, 2) };
        let current = || scts.iter().filter(|sct| !sct.is_retired());
        let issued = current().map(|sct| sct.timestamp).min().map_or(at, |first| first.min(at));
        let mut tally = Tally::default();
        let (mut current_logs, mut embedded_logs) = (BTreeSet::new(), BTreeSet::<LogId>::new());
        let mut by_operator: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut beside, mut current_embedded, mut rfc6962) = (false, false, false);
        for sct in scts {
            if sct.is_retired() && !sct.is_embedded() {
                tally.refuse(sct, RETIRED_BESIDE);
                continue;
            }
            if !sct.precedes_retirement(Some(issued)) {
                tally.refuse(sct, RETIRED_BEFORE);
                continue;
            }
            rfc6962 |= sct.log_type == LogType::Rfc6962;
            tally.operators.insert(sct.operator_now.clone().into_owned());
            if !sct.is_retired() {
                current_logs.insert(sct.log_id);
                current_embedded |= sct.is_embedded();
            }
            if !sct.is_embedded() {
                beside = true;
                continue;
            }
            if !embedded_logs.insert(sct.log_id) {
                tally.refuse(sct, DUPLICATE);
                continue;
            }
            let of_operator = by_operator.entry(&sct.operator_now).or_default();
            *of_operator = of_operator.saturating_add(1);
            if *of_operator > most_of_one {
                tally.refuse(sct, "As many SCTs of its operator as may count do so already.");
            }
        }
        let counting: usize =
            by_operator.values().map(|&count| count.min(most_of_one)).fold(0, usize::saturating_add);
        // (a) Two current logs, one SCT beside the certificate; (b) enough embedded ones, one of a current log.
        let enough = (beside && current_logs.len() >= 2) || (current_embedded && counting >= needed);
        tally.reach = Reach::when(enough && rfc6962);
        tally.embedded = (counting, needed);
        tally.remarks.push(
            format!(
                "The certificate lives {days} days, both ends included: of one operator {most_of_one} SCT{} at most.",
                if most_of_one == 1 { " counts" } else { "s count" }
            )
            .into(),
        );
        if beside {
            let logs = current_logs.len();
            tally.remarks.push(
                format!("With an SCT beside the certificate, SCTs of two current logs are enough; there are {logs}.")
                    .into(),
            );
        } else if !current_embedded && !embedded_logs.is_empty() {
            tally.remarks.push(
                "Every embedded SCT is of a log that has retired; one of a current log is needed.".into(),
            );
        }
        if certificate.not_before < PRESENT_RULES {
            tally.not_known(
                "Apple's present policy is for certificates issued since 2021-04-21; what it asked of earlier ones is not judged here.",
            );
        }
        if !rfc6962 && !scts.is_empty() {
            tally.remarks.push("No SCT that counts is of an RFC 6962 log; Apple asks for one.".into());
        }
        tally
    }
}

/// The lifetime in days, both ends included, each begun day a whole one.
fn inclusive_days(certificate: &Certificate) -> i64 {
    let seconds = life(certificate).as_secs().saturating_add(1);
    seconds.saturating_add(86_399).div_euclid(86_400)
}
