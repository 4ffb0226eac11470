//! Android's CT policy, as Conscrypt enforces it for apps that ask for it.
//!
//! Source: conscrypt platform/src/main/java/org/conscrypt/ct/PolicyImpl.java and LogInfo.java. Apps ask for it by
//! `<certificateTransparency>` from Android 16, and by default when they target Android 17
//! (<https://developer.android.com/about/versions/17/summary>).
//!
//! - Lifetimes are in whole days, rounded down: 180 days and 23 hours need two SCTs.
//! - A retired log's SCTs are dropped if the earliest of all SCTs is later than the retirement, and kept otherwise,
//!   whenever they were made.
//! - A state counts from its own time on (`LogInfo.getStateAt`): of a log whose retirement is announced and lies
//!   ahead nothing counts, until the retirement is in force.
//! - Neither the leaf index of static logs nor future timestamps nor intervals are looked at, and there is no
//!   RFC 6962 rule.
//! - Embedded SCTs are tried first, then those from OCSP and TLS. Older versions look at embedded ones alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::candidate::{Candidate, DUPLICATE, RETIRED_BESIDE};
use super::weigh::{Admission, Policy, Reach, Tally, life};
use crate::ct::log_id::LogId;
use crate::ct::log_list::Program;
use crate::x509::Certificate;

/// Android's policy.
pub(super) struct Android;

/// 2025-06-10: Android 16, the first with it.
const ENFORCED: Timestamp = Timestamp::constant(1_749_513_600, 0);

impl Policy for Android {
    const PROGRAM: Program = Program::Android;

    fn admit(_: &Candidate<'_>, _: &Certificate, _: Timestamp) -> Admission {
        Admission::Yes
    }

    fn count(scts: &[&Candidate<'_>], certificate: &Certificate, at: Timestamp) -> Tally {
        let whole_days = life(certificate).as_secs().div_euclid(86_400);
        let needed = if whole_days > 180 { 3 } else { 2 };
        // `filterOutAfterRetired`: the earliest of all, retired logs' SCTs too.
        let earliest = scts.iter().map(|sct| sct.timestamp).min();
        let mut tally = Tally::default();
        let (mut embedded, mut beside) = (BTreeMap::<LogId, &str>::new(), BTreeMap::<LogId, &str>::new());
        let mut current = false;
        for sct in scts {
            let after_retirement = sct.retired_at().is_some_and(|retired| earliest > Some(retired));
            if after_retirement {
                tally.refuse(sct, "Its log had retired before the earliest of all SCTs.");
            } else if sct.retires.is_some() {
                tally.refuse(
                    sct,
                    "Its log's retirement is announced: until it is in force, Conscrypt takes the state for unknown.",
                );
            } else if sct.is_retired() && !sct.is_embedded() {
                tally.refuse(sct, RETIRED_BESIDE);
            } else {
                current |= sct.is_embedded() && !sct.is_retired();
                let logs = if sct.is_embedded() { &mut embedded } else { &mut beside };
                if logs.insert(sct.log_id, &sct.operator_now).is_some() {
                    tally.refuse(sct, DUPLICATE);
                }
            }
        }
        let embedded_enough = current && embedded.len() >= needed && operators(&embedded).len() >= 2;
        let beside_enough = beside.len() >= 2 && operators(&beside).len() >= 2;
        tally.reach = Reach::when(embedded_enough || beside_enough);
        tally.embedded = (embedded.len(), needed);
        if !beside.is_empty() {
            tally.remarks.push(
                format!(
                    "Beside the certificate, SCTs count from {} logs of {} operators; two of two are needed.",
                    beside.len(),
                    operators(&beside).len()
                )
                .into(),
            );
        }
        if beside_enough && !embedded_enough {
            tally.remarks.push("Older versions of Conscrypt look at embedded SCTs alone, and refuse.".into());
        }
        if !current && !embedded.is_empty() {
            tally.remarks.push(
                "Every embedded SCT is of a log that has retired; one of a current log is needed.".into(),
            );
        }
        if at < ENFORCED {
            tally
                .not_known("Android enforces CT since version 16 of 2025-06-10; before, it refused nothing.");
        }
        let counting = if embedded.is_empty() { &beside } else { &embedded };
        tally.operators = operators(counting).into_iter().map(str::to_owned).collect();
        tally
    }
}

fn operators<'a>(logs: &BTreeMap<LogId, &'a str>) -> BTreeSet<&'a str> {
    logs.values().copied().collect()
}
