//! Rules about SCTs, one by one and together.

use serde_json::{Value, json};

use crate::ct::policy::PolicyOutcome;
use crate::ct::verdict::{Audience, CtVerdict, SctOutcome, SctVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const RFC_6962_SCT: &str = "RFC 6962 section 3.2";
const CHROME_POLICY: &str =
    "Chrome CT policy, https://googlechrome.github.io/CertificateTransparency/ct_policy.html";

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT001",
            title: "The certificate comes with no SCT at all",
            severity: Severity::High,
            needs: "the certificate, and for a server the handshake",
            explanation: "Neither the certificate nor the TLS handshake carries a Signed Certificate Timestamp. Chrome, Safari, Firefox \
                          and, from apps that target Android 17, Conscrypt refuse a publicly trusted certificate without them. It also \
                          means that nobody promised to publish the certificate: monitoring of CT logs will not show it.",
            advice: "Have the CA issue it again with embedded SCTs. For a private CA that no browser trusts, this is expected.",
            references: &["RFC 6962 section 3.3", CHROME_POLICY],
        },
        raise: no_sct,
    },
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
            id: "CT003",
            title: "Chrome's CT policy is not met",
            severity: Severity::High,
            needs: "the certificate's SCTs and a log list younger than 70 days",
            explanation: "Chrome refuses a publicly trusted certificate whose SCTs do not meet its policy: enough embedded SCTs from \
                          different logs (two up to 180 days of life, three beyond), from at least two operators, at least one of them \
                          from a log that is not retired. Users see a full-page error.",
            advice: "Have the CA issue the certificate again with SCTs from current logs of two operators.",
            references: &[
                CHROME_POLICY,
                "chromium components/certificate_transparency/chrome_ct_policy_enforcer.cc",
            ],
        },
        raise: chrome_refuses,
    },
    Rule {
        info: RuleInfo {
            id: "CT004",
            title: "An SCT names a log that is in no known list",
            severity: Severity::Medium,
            needs: "the certificate",
            explanation: "The log's key is not known, so the SCT cannot be verified and no client counts it. It may be a log newer than \
                          the list used here, a private log, or an invention.",
            advice: "Judge again with a newer log list (--log-list). If the log stays unknown, ask the CA which log it used.",
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
            id: "CT007",
            title: "Chrome's CT policy could not be judged",
            severity: Severity::Low,
            needs: "the certificate",
            explanation: "What is known does not allow a verdict: the newest log list is 70 days old or older, the time of judging lies \
                          before any known list, the certificate has expired, or the issuer's key is missing. That is neither a pass nor \
                          a fail.",
            advice: "Give a current log list with --log-list, the issuer's certificate with --issuer, or a time with --at.",
            references: &[CHROME_POLICY],
        },
        raise: chrome_not_judged,
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
                          do not count such an SCT until then.",
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
                          signature stands; Chrome's code does not look at the interval, but the log should have refused.",
            advice: "Tell the log's operator and the CA. Clients may become stricter.",
            references: &["Chrome CT log policy, temporal intervals"],
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

fn no_sct(ct: &CtVerdict) -> Vec<Raised> {
    if !ct.scts.is_empty() || ct.is_precertificate || ct.is_merkle_tree {
        return Vec::new();
    }
    let message = if ct.handshake {
        "No SCT is embedded in the certificate, and none came in the TLS extension or in a stapled OCSP response."
    } else {
        "No SCT is embedded in the certificate. Whether a server would send some in the handshake was not looked at."
    };
    let raised = Raised::new("certificate", message, json!({"scts": 0, "handshake": ct.handshake}));
    vec![match ct.audience {
        Audience::Public => raised,
        Audience::Private => raised.at(Severity::Info),
    }]
}

fn chrome_refuses(ct: &CtVerdict) -> Vec<Raised> {
    // Without any SCT, CT001 has said it already.
    if ct.chrome.outcome != PolicyOutcome::NotCompliant || ct.scts.is_empty() {
        return Vec::new();
    }
    vec![Raised::new("certificate", ct.chrome.reasons.join(" "), json!({"reasons": ct.chrome.reasons}))]
}

fn chrome_not_judged(ct: &CtVerdict) -> Vec<Raised> {
    if ct.chrome.outcome != PolicyOutcome::NotJudged || ct.audience == Audience::Private {
        return Vec::new();
    }
    vec![Raised::new("certificate", ct.chrome.reasons.join(" "), json!({"reasons": ct.chrome.reasons}))]
}

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

fn log_name(sct: &SctVerdict) -> String {
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
