//! Mozilla's CT policy, as Firefox on desktops enforces it since version 135.
//!
//! Sources: <https://wiki.mozilla.org/SecurityEngineering/Certificate_Transparency>; security/ct/CTPolicyEnforcer.cpp,
//! security/ct/MultiLogCTVerifier.cpp and security/certverifier/CertVerifier.cpp. Where page and code differ, the code
//! is followed.
//!
//! - Embedded SCTs and those beside the certificate are judged apart and never mixed.
//! - Operators are those of the list; what a log was before is not kept.
//! - Life is notAfter less notBefore in seconds, three SCTs above 180 days (`GetRequiredEmbeddedSctsCount`).
//! - A timestamp may not lie in the future at all; it is rounded up to a second, as older versions do. Newer ones
//!   round down, a difference of less than a second.
//! - SCTs from OCSP count.
//! - Only chains of two certificates or more to a root that Firefox ships are judged: a chain to a root that was
//!   given is not.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::candidate::{Candidate, DUPLICATE, NO_LEAF_INDEX, RETIRED_BEFORE, RETIRED_BESIDE};
use super::weigh::{Admission, LONG_LIFE, Policy, Reach, Tally, life};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogType, Program};
use crate::x509::Certificate;

/// Mozilla's policy.
pub(super) struct Mozilla;

/// 2025-02-04: Firefox 135, the first release that enforces the policy (on desktops).
const ENFORCED: Timestamp = Timestamp::constant(1_738_627_200, 0);

/// What one way of delivery comes to.
#[derive(Default)]
struct Delivered {
    logs: BTreeSet<LogId>,
    operators: BTreeSet<String>,
}

impl Policy for Mozilla {
    const PROGRAM: Program = Program::Mozilla;

    fn admit(sct: &Candidate<'_>, _: &Certificate, at: Timestamp) -> Admission {
        if sct.timestamp.as_millisecond().div_euclid(1000) > at.as_second()
            || (sct.timestamp > at && sct.timestamp.as_millisecond().rem_euclid(1000) != 0)
        {
            return Admission::No("It lies in the future, for which Firefox allows nothing.".into());
        }
        Admission::Yes
    }

    fn count(scts: &[&Candidate<'_>], certificate: &Certificate, at: Timestamp) -> Tally {
        // `GetEffectiveCertIssuanceTime`: the earliest SCT of an admissible log, however delivered.
        let issued = scts.iter().filter(|sct| !sct.is_retired()).map(|sct| sct.timestamp).min();
        let needed = if life(certificate) > LONG_LIFE { 3 } else { 2 };
        let mut tally = Tally::default();
        let (mut embedded, mut beside) = (Delivered::default(), Delivered::default());
        let (mut admissible, mut rfc6962) = (false, false);
        for sct in scts {
            if sct.is_retired() && !sct.is_embedded() {
                tally.refuse(sct, RETIRED_BESIDE);
                continue;
            }
            if !sct.precedes_retirement(issued) {
                tally.refuse(sct, RETIRED_BEFORE);
                continue;
            }
            if sct.lacks_leaf_index() {
                tally.refuse(sct, NO_LEAF_INDEX);
                continue;
            }
            let delivered = if sct.is_embedded() { &mut embedded } else { &mut beside };
            if !delivered.logs.insert(sct.log_id) {
                tally.refuse(sct, DUPLICATE);
            }
            delivered.operators.insert(sct.operator_now.clone().into_owned());
            admissible |= sct.is_embedded() && !sct.is_retired();
            rfc6962 |= sct.log_type == LogType::Rfc6962;
        }
        let beside_enough = beside.logs.len() >= 2 && beside.operators.len() >= 2;
        let embedded_enough = admissible && embedded.logs.len() >= needed && embedded.operators.len() >= 2;
        tally.reach = Reach::when(beside_enough || embedded_enough);
        tally.embedded = (embedded.logs.len(), needed);
        if !beside.logs.is_empty() {
            tally.remarks.push(
                format!(
                    "Beside the certificate, SCTs count from {} logs of {} operators; two of two are needed, for Firefox does not \
                     mix them with embedded ones.",
                    beside.logs.len(),
                    beside.operators.len()
                )
                .into(),
            );
        }
        if !admissible && !embedded.logs.is_empty() {
            tally.remarks.push(
                "Every embedded SCT is of a log that has retired; one of a current log is needed.".into(),
            );
        }
        if tally.reach == Reach::Met && !rfc6962 {
            tally
                .remarks
                .push("Firefox ESR 140 asked also for an SCT of an RFC 6962 log; there is none.".into());
        }
        if at < ENFORCED {
            tally.not_known(
                "Firefox enforces CT since version 135 of 2025-02-04; before, it refused nothing.",
            );
        }
        tally.operators = if embedded.logs.is_empty() { beside.operators } else { embedded.operators };
        tally
    }
}
