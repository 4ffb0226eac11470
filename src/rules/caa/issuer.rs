//! Rules about the issuer of a certificate that was seen.

use serde_json::json;

use crate::caa::{CaaReading, Verdict};
use crate::rules::caa::BR_CAA;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

pub(super) static RULES: &[Rule<CaaReading>] = &[
    Rule {
        info: RuleInfo {
            id: "CAA022",
            title: "CAA as seen now does not permit the certificate's issuer",
            severity: Severity::High,
            needs: "a certificate whose issuer's CAA identifiers are known, and a CAA look-up for its names",
            explanation: "The CAA records seen now do not name the CA that issued the certificate. CAA binds \
                when a certificate is issued, so the certificate itself breaks no rule by this: the records \
                may have been changed since. But the CA has to refuse the next one.",
            advice: "If the CA is the one you want, add its identifier to CAA before the renewal; if not, find \
                out who asked it for this certificate.",
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: |reading| raise(reading, Verdict::Deny, "the next renewal for this name will fail"),
    },
    Rule {
        info: RuleInfo {
            id: "CAA023",
            title: "Whether CAA permits the certificate's issuer could not be determined",
            severity: Severity::Medium,
            needs: "a certificate and a CAA look-up for its names",
            explanation: "The look-up failed, a record is malformed, or the CAA identifiers of the issuer are not \
                known. None of these is a yes or a no.",
            advice: "Repeat the look-up or correct the records. Where the issuer is not known, give its \
                certificate with `--issuer`, or name the CA in the policy under `[[private_ca]]` with its \
                `caa_identifiers`.",
            references: &["RFC 8659 section 3", BR_CAA],
        },
        raise: |reading| raise(reading, Verdict::Undetermined, "whether it may renew cannot be said"),
    },
];

fn raise(reading: &CaaReading, wanted: Verdict, consequence: &str) -> Vec<Raised> {
    reading
        .verdicts
        .iter()
        .filter(|verdict| verdict.verdict == wanted)
        .map(|verdict| {
            let message = format!("{}: {}; {consequence}.", verdict.ca, verdict.reason);
            Raised::new(&reading.name, message, json!({ "ca": verdict.ca, "reason": verdict.reason }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_rule, set, with_verdict};
    use super::*;

    #[test]
    fn each_rule() {
        let of = |verdict| with_verdict(set(&[(0, "issue", "ca1.example")]), verdict);
        assert_rule(RULES, "CAA022", &of(Verdict::Deny), &of(Verdict::Permit));
        assert_rule(RULES, "CAA022", &of(Verdict::Deny), &of(Verdict::Undetermined));
        // What `--expect-ca` says never enters the verdict of CAA.
        let advice = RULES.iter().find(|rule| rule.info.id == "CAA023").unwrap().info.advice;
        assert!(advice.contains("caa_identifiers") && !advice.contains("--expect-ca"), "{advice}");
        assert_rule(RULES, "CAA023", &of(Verdict::Undetermined), &of(Verdict::Deny));
    }
}
