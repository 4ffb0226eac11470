//! Chrome's CT policy, as its code enforces it.
//!
//! Sources: GoogleChrome/CertificateTransparency ct_policy.md; chromium
//! components/certificate_transparency/chrome_ct_policy_enforcer.cc, net/cert/multi_log_ct_verifier.cc and
//! net/base/features.cc. Where page and code differ, the code is followed: it is what users meet.
//!
//! - The page asks for two SCTs where they come in TLS; the code, for one, and two operators over all SCTs however
//!   delivered.
//! - The page takes the operators of counting SCTs; the code, of every embedded SCT, even of a log that had retired
//!   before it.
//! - The code does not look at the logs' temporal intervals.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::candidate::{Candidate, DUPLICATE, NO_LEAF_INDEX, RETIRED_BESIDE};
use super::weigh::{Admission, LONG_LIFE, Policy, Reach, Tally, life};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogType, Program};
use crate::ct::verdict::Delivery;
use crate::x509::Certificate;

/// Chrome's policy.
pub(super) struct Chrome;

/// How far ahead an SCT's timestamp may lie (multi_log_ct_verifier.cc).
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// 2022-04-15: certificates issued since then are under the present rules (ct_policy.md; “issued on-or-after 15 April
/// 2022” in the code, `kPolicyUpdateDate`).
const PRESENT_RULES: Timestamp = Timestamp::constant(1_649_980_800, 0);

/// 2026-04-15: until then the page asked for one SCT of an RFC 6962 log (ct_policy.md at 5ee521b). The code has the
/// rule behind a switch that is off by default (`kEnforceOneRfc6962CtPolicy`); when it was on is not known.
const RFC_6962_RULE_GONE: Timestamp = Timestamp::constant(1_776_211_200, 0);

/// 2026-03-20: the page announces that Chrome 148 ignores SCTs from OCSP (ct_policy.md at 3f9ff4c).
const OCSP_END_ANNOUNCED: Timestamp = Timestamp::constant(1_773_964_800, 0);

/// 2026-06-14: the list in Chromium 150, which ignores them (`kCertificateTransparencyIgnoreOcspScts`, features.cc).
const OCSP_IGNORED: Timestamp = Timestamp::constant(1_781_395_200, 0);

impl Policy for Chrome {
    const PROGRAM: Program = Program::Chrome;

    fn admit(sct: &Candidate<'_>, _: &Certificate, at: Timestamp) -> Admission {
        if sct.timestamp.duration_since(at) > CLOCK_SKEW {
            return Admission::No("It lies in the future by more than a minute.".into());
        }
        if sct.delivery == Delivery::Ocsp && at >= OCSP_IGNORED {
            return Admission::No("Chrome ignores SCTs from OCSP since version 148.".into());
        }
        if sct.delivery == Delivery::Ocsp && at >= OCSP_END_ANNOUNCED {
            return Admission::Open(
                "Chrome 148 was to ignore SCTs from OCSP; whether it was out by then is not known.".into(),
            );
        }
        Admission::Yes
    }

    fn count(scts: &[&Candidate<'_>], certificate: &Certificate, at: Timestamp) -> Tally {
        // “issuance_date”: the earliest SCT of a log that is not disqualified.
        let issued = scts.iter().filter(|sct| !sct.is_retired()).map(|sct| sct.timestamp).min();
        let needed = if life(certificate) > LONG_LIFE { 3 } else { 2 };
        let mut tally = Tally::default();
        let mut embedded: BTreeSet<LogId> = BTreeSet::new();
        let (mut valid_embedded, mut valid_beside, mut rfc6962) = (false, false, false);
        for sct in scts {
            if sct.is_retired() && !sct.is_embedded() {
                tally.refuse(sct, RETIRED_BESIDE);
                continue;
            }
            if sct.lacks_leaf_index() {
                tally.refuse(sct, NO_LEAF_INDEX);
                continue;
            }
            tally.operators.insert(sct.operator_then.clone().into_owned());
            rfc6962 |= sct.log_type == LogType::Rfc6962;
            if !sct.is_embedded() {
                valid_beside = true;
                continue;
            }
            valid_embedded |= !sct.is_retired();
            if !sct.precedes_retirement(issued) {
                tally.refuse(
                    sct,
                    "Its log had retired before the SCT was made or the certificate issued: it does not count, though Chrome's code \
                     takes its operator for a different one.",
                );
            } else if !embedded.insert(sct.log_id) {
                tally.refuse(sct, DUPLICATE);
            }
        }
        tally.embedded = (embedded.len(), needed);
        let diverse = tally.operators.len() >= 2;
        // Option 1: one SCT beside the certificate, and two operators over all. Option 2: enough embedded ones.
        let met = diverse && (valid_beside || (valid_embedded && embedded.len() >= needed));
        tally.reach = Reach::when(met);
        if valid_beside {
            tally
                .remarks
                .push("An SCT delivered beside the certificate counts with those of any delivery.".into());
        }
        if !valid_embedded && !embedded.is_empty() {
            tally.remarks.push(
                "Every embedded SCT is of a log that has retired; one of a current log is needed.".into(),
            );
        }
        if met && !rfc6962 && at < RFC_6962_RULE_GONE {
            tally.not_known(
                "Until 2026-04-15 the policy's page asked also for one SCT of an RFC 6962 log, and there is none; whether Chrome \
                 enforced it then is not known.",
            );
        }
        // What was issued earlier stays under the rules of then, whenever it is judged.
        if issued.unwrap_or(at) < PRESENT_RULES {
            tally.not_known(
                "Chrome's present policy is for certificates issued since 2022-04-15; what it asked of earlier ones is not judged here.",
            );
        }
        tally
    }
}
