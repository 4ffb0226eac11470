//! Rules about SCTs, one by one.

use serde_json::{Value, json};

use crate::ct::verdict::{CtVerdict, SctOutcome, SctVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const RFC_6962_SCT: &str = "RFC 6962 section 3.2";

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT002",
            title: "An SCT's signature does not stand",
            severity: Severity::High,
            needs: "the certificate, its issuer's key, and the log's key",
            explanation: "The log's key did not sign this SCT for this certificate and this issuer. Either the SCT belongs to another \
                          certificate, the certificate was changed after the SCT was made, the issuer given is not the real one, or the \
                          CA put it together wrongly. Clients do not count such an SCT.",
            advice: "Check that the issuer's certificate is the right one. If it is, tell the CA: its certificates will be refused.",
            references: &[RFC_6962_SCT],
        },
        raise: |ct| each(ct, SctOutcome::InvalidSignature, "does not verify"),
    },
    Rule {
        info: RuleInfo {
            id: "CT004",
            title: "An SCT names a log that is in no known list",
            severity: Severity::Medium,
            needs: "the certificate",
            explanation: "The log's key is not known, so the SCT cannot be verified and no client counts it. It may be a log newer than \
                          the list used here, a private log, or an invention.",
            advice: "Run `pinstead logs update`, or give a newer log list with --log-list, and judge again. If the log stays unknown, ask the CA which log it used.",
            references: &[RFC_6962_SCT],
        },
        raise: |ct| each(ct, SctOutcome::UnknownLog, "names an unknown log"),
    },
    Rule {
        info: RuleInfo {
            id: "CT005",
            title: "An SCT comes from a log that gives no assurance",
            severity: Severity::High,
            needs: "the certificate",
            explanation: "The SCT names a mimic log, whose private key is published so that anyone can make its signatures, or a \
                          placeholder that only keeps old libraries from crashing. Some downloaded log lists contain them; software that \
                          trusts such a list can be fooled by anyone. No list that is loaded here can make them count.",
            advice: "Find out who issued this certificate: no CA that browsers trust uses these logs.",
            references: &["GoogleChrome/CertificateTransparency 3p_libraries.md (mimic logs)", RFC_6962_SCT],
        },
        raise: |ct| each(ct, SctOutcome::NoAssurance, "gives no assurance"),
    },
    Rule {
        info: RuleInfo {
            id: "CT006",
            title: "An SCT or the list of SCTs cannot be read",
            severity: Severity::High,
            needs: "the certificate",
            explanation: "The octets are not what RFC 6962 section 3.3 describes: lengths that do not fit, an empty list, data after the \
                          end, or two SCT extensions. Clients skip a broken SCT, and a broken list whole.",
            advice: "Tell the CA: its certificates carry malformed SCTs and may be refused.",
            references: &["RFC 6962 section 3.3"],
        },
        raise: |ct| each(ct, SctOutcome::Malformed, "is malformed"),
    },
    Rule {
        info: RuleInfo {
            id: "CT008",
            title: "An SCT could not be verified because the issuer's key is unknown",
            severity: Severity::Medium,
            needs: "the certificate",
            explanation: "An embedded SCT is signed over the hash of the issuer's key. That key is neither in the chain nor, by the \
                          certificate's authority key identifier, in the embedded table of public CAs.",
            advice: "Give the issuer's certificate with --issuer, or have the server send its chain.",
            references: &[RFC_6962_SCT],
        },
        raise: |ct| each(ct, SctOutcome::IssuerUnknown, "could not be verified"),
    },
    Rule {
        info: RuleInfo {
            id: "CT009",
            title: "An SCT lies in the future",
            severity: Severity::Medium,
            needs: "the certificate and the log's key",
            explanation: "The signature stands, but the log claims to have seen the certificate later than the time of judging. Clients \
                          do not count such an SCT until then. Asked about a time before the certificate is valid, SCTs of its \
                          issuance (up to 48 hours after notBefore, for CAs date certificates back) are none of these.",
            advice: "Check the clock of this machine; if it is right, the log's is wrong: tell its operator.",
            references: &["RFC 6962 section 5.2"],
        },
        raise: |ct| each(ct, SctOutcome::InFuture, "lies in the future"),
    },
    Rule {
        info: RuleInfo {
            id: "CT010",
            title: "The certificate ends outside its log's interval",
            severity: Severity::Low,
            needs: "the certificate and the log's entry in a list",
            explanation: "The log promises to accept only certificates that end within its temporal interval, and this one does not. The \
                          signature stands; Chrome, Firefox and Android do not look at the interval, Apple does and does not count the SCT. The log \
                          should have refused.",
            advice: "Tell the log's operator and the CA. Clients may become stricter.",
            references: &[
                "Chrome CT log policy, temporal intervals",
                "Apple Security, trust/trustd/CertificateTransparency.c (isSCTValidForLogData)",
            ],
        },
        raise: |ct| each(ct, SctOutcome::OutsideInterval, "is outside its log's interval"),
    },
    Rule {
        info: RuleInfo {
            id: "CT011",
            title: "An SCT has a version that is not supported",
            severity: Severity::Low,
            needs: "the certificate",
            explanation: "Only SCTs of version 1 (RFC 6962) are in use. Another version is opaque to clients and does not count.",
            advice: "Ask the CA what it means by it.",
            references: &[RFC_6962_SCT, "RFC 9162"],
        },
        raise: |ct| each(ct, SctOutcome::UnsupportedVersion, "has an unsupported version"),
    },
];

fn each(ct: &CtVerdict, outcome: SctOutcome, what: &str) -> Vec<Raised> {
    ct.scts
        .iter()
        .filter(|sct| sct.outcome == outcome)
        .map(|sct| {
            let name = log_name(sct);
            Raised::new(name.clone(), format!("The SCT of {name} {what}. {}", sct.reason), evidence(sct))
        })
        .collect()
}

/// How findings name the log of an SCT.
pub(super) fn log_name(sct: &SctVerdict) -> String {
    match (&sct.log, &sct.log_id) {
        (Some(log), _) => log.name.clone(),
        (None, Some(id)) => format!("log {id}"),
        (None, None) => "an unnamed log".to_owned(),
    }
}

fn evidence(sct: &SctVerdict) -> Value {
    json!({
        "delivery": sct.delivery.name(),
        "log_id": sct.log_id.map(|id| id.to_string()),
        "timestamp": sct.timestamp.map(|time| time.to_string()),
    })
}
