//! Rules about what each programme's policy says.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::scts::log_name;
use super::{ANDROID_POLICY, APPLE_POLICY, CHROME_POLICY, MOZILLA_POLICY};
use crate::ct::log_list::Program;
use crate::ct::policy::{
    Counted, Exemption, PolicyOutcome, PolicyVerdict, Unjudged, enumerated, newer_list, title,
};
use crate::ct::verdict::{Audience, CtVerdict};
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// The rules.
pub(super) static RULES: &[Rule<CtVerdict>] = &[
    Rule {
        info: RuleInfo {
            id: "CT001",
            title: "The certificate comes with no SCT at all",
            severity: Severity::High,
            needs: "the certificate, and for a server the handshake",
            explanation: "Neither the certificate nor what comes beside it carries a Signed Certificate Timestamp. Under a publicly \
                          trusted root, Chrome, Safari and other software on Apple's systems, and Firefox on desktops (from version 135) \
                          refuse such a certificate. Apps on Android do if they ask for CT, which is possible from Android 16, or \
                          target Android 17; apps that target less do not ask. Firefox on Android, curl, OpenSSL, Java and most \
                          other clients do not look. It also means that nobody promised to publish the certificate: monitoring of CT \
                          logs will not show it.",
            advice: "Have the CA issue it again with embedded SCTs. For a private CA that no browser trusts, this is expected.",
            references: &[
                "RFC 6962 section 3.3",
                CHROME_POLICY,
                APPLE_POLICY,
                MOZILLA_POLICY,
                ANDROID_POLICY,
            ],
        },
        raise: no_sct,
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
        raise: |ct| refused(ct, Program::Chrome),
    },
    Rule {
        info: RuleInfo {
            id: "CT007",
            title: "A programme's CT policy could not be judged",
            severity: Severity::Low,
            needs: "the certificate",
            explanation: "What is known does not allow a verdict for every programme: its newest log list is 70 days old or older, the \
                          time of judging lies before any list of it that is known, or SCTs that stay open decide. That is neither a \
                          pass nor a fail. Each programme has a list of its own, so that one may be judged and another not. Only \
                          Chrome's verdict decides whether the check as a whole is undetermined; where the others alone are missing, \
                          this is for information. A programme is left out where the list given with --log-list is another's; where \
                          none of those given is Chrome's, the programmes whose lists were given decide.",
            advice: "Run `pinstead logs update`, or give a current log list with --log-list, the issuer's certificate with --issuer, or a time \
                     with --at. Of Mozilla there is no list to fetch: use a newer pinstead, or give a copy.",
            references: &[CHROME_POLICY, APPLE_POLICY, MOZILLA_POLICY, ANDROID_POLICY],
        },
        raise: not_judged,
    },
    Rule {
        info: RuleInfo {
            id: "CT012",
            title: "Apple's CT policy is not met",
            severity: Severity::High,
            needs: "the certificate's SCTs and a list of Apple's younger than 70 days",
            explanation: "Safari and everything else on Apple's systems refuse a publicly trusted certificate whose SCTs do not meet \
                          Apple's policy: two embedded SCTs of two operators up to 180 days of life, three with at most two of one \
                          operator beyond, one of them from a current log and one from a log of RFC 6962; or two from current logs, one \
                          of them delivered in TLS or OCSP. Apple's list of logs is not Google's: what Chrome accepts, Apple may refuse. \
                          Connections fail, in apps too.",
            advice: "Have the CA issue the certificate again with SCTs from logs that Apple lists as usable.",
            references: &[APPLE_POLICY, "Apple CT log programme, https://support.apple.com/103703"],
        },
        raise: |ct| refused(ct, Program::Apple),
    },
    Rule {
        info: RuleInfo {
            id: "CT013",
            title: "Mozilla's CT policy is not met",
            severity: Severity::High,
            needs: "the certificate's SCTs and a list of Mozilla's younger than 70 days",
            explanation: "Firefox on desktops, from version 135, refuses a certificate under a root it ships whose SCTs do not meet \
                          Mozilla's policy: two embedded SCTs from different logs up to 180 days of life, three beyond, of two operators \
                          and one from a current log; or two from current logs of two operators, all delivered in TLS or OCSP. It does \
                          not mix the two ways.",
            advice: "Have the CA issue the certificate again with SCTs from current logs of two operators.",
            references: &[MOZILLA_POLICY, "mozilla security/ct/CTPolicyEnforcer.cpp"],
        },
        raise: |ct| refused(ct, Program::Mozilla),
    },
    Rule {
        info: RuleInfo {
            id: "CT014",
            title: "Android's CT policy is not met",
            severity: Severity::Medium,
            needs: "the certificate's SCTs and a list of Android's younger than 70 days",
            explanation: "Conscrypt refuses a publicly trusted certificate whose SCTs do not meet the policy, for apps that ask for CT: \
                          those that say so in their network security configuration from Android 16 on, and all that target Android 17. \
                          Other apps do not look, so this matters less than a browser's refusal until your users' apps target \
                          Android 17.",
            advice: "Have the CA issue the certificate again with SCTs from current logs of two operators.",
            references: &[
                ANDROID_POLICY,
                "conscrypt platform/src/main/java/org/conscrypt/ct/PolicyImpl.java",
            ],
        },
        raise: |ct| refused(ct, Program::Android),
    },
];

fn no_sct(ct: &CtVerdict) -> Vec<Raised> {
    // Where no policy is for the certificate, nobody misses SCTs.
    if !ct.scts.is_empty() || ct.policies.exempt.is_some() || ct.is_precertificate || ct.is_merkle_tree {
        return Vec::new();
    }
    let seen = if ct.handshake {
        "No SCT is embedded in the certificate, and none came in the TLS extension or in a stapled OCSP response."
    } else {
        "No SCT is embedded in the certificate. Whether a server would send some in the handshake was not looked at."
    };
    let evidence = json!({"scts": 0, "handshake": ct.handshake});
    vec![match ct.audience {
        Audience::Public => Raised::new(
            "certificate",
            format!(
                "{seen} Without any, Chrome, Safari and Firefox on desktops refuse it, and so do apps on Android that target Android 17 \
                 or ask for CT."
            ),
            evidence,
        ),
        Audience::Private => Raised::new(
            "certificate",
            format!("{seen} Under a root that was added locally, no client asks for SCTs."),
            evidence,
        )
        .at(Severity::Info),
    }]
}

fn refused(ct: &CtVerdict, program: Program) -> Vec<Raised> {
    let verdict = ct.policies.of(program);
    // Without any SCT, CT001 has said it already.
    if verdict.outcome != PolicyOutcome::NotCompliant || ct.scts.is_empty() {
        return Vec::new();
    }
    let mut message = verdict.reasons.join(" ");
    for (sct, standing) in ct.scts.iter().zip(&verdict.scts) {
        if standing.counted != Counted::Yes {
            let _ = write!(message, " {}: {}", log_name(sct), standing.reason);
        }
    }
    if !ct.handshake {
        message.push_str(" SCTs that a server would deliver in the handshake were not seen.");
    }
    vec![Raised::new("certificate", message, evidence(verdict))]
}

fn not_judged(ct: &CtVerdict) -> Vec<Raised> {
    if ct.audience == Audience::Private {
        return Vec::new();
    }
    if let Some(exempt) = ct.policies.exempt {
        let advice = match exempt {
            // Each of them has a rule of its own.
            Exemption::Precertificate | Exemption::MerkleTree => return Vec::new(),
            Exemption::OtherPurpose => "Nothing to do.",
            Exemption::CaCertificate => "Give the certificate that a server uses, if that was meant.",
        };
        let raised = Raised::new("certificate", exempt.reason(), json!({"reasons": [exempt.reason()]}));
        return vec![raised.at(Severity::Info).advising(advice)];
    }
    // Whoever gives a list of one programme asks for that one alone.
    let open: Vec<(Program, &PolicyVerdict)> =
        ct.policies.with(PolicyOutcome::NotJudged).filter(|(_, verdict)| !verdict.has_no_list()).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let message = told_once(&open);
    let facts: serde_json::Map<String, Value> =
        open.iter().map(|(program, verdict)| (program.name().to_owned(), evidence(verdict))).collect();
    let programmes = open.iter().map(|(program, _)| program.name());
    let raised =
        Raised::new("certificate", message, Value::Object(facts)).known_by("open", digest(programmes));
    let raised = match advice(&open) {
        Some(advice) => raised.advising(advice),
        None => raised,
    };
    vec![if ct.policies.is_undetermined() { raised } else { raised.at(Severity::Info) }]
}

/// What could be done, programme by programme; `None` where the rule's own advice stands.
fn advice(open: &[(Program, &PolicyVerdict)]) -> Option<String> {
    const OF_THEN: &str =
        "No newer list can tell what held at that time; a list of then can be given with --log-list.";
    let mut lines: Vec<&str> = Vec::new();
    let mut add = |line| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for (program, verdict) in open {
        let newer = verdict.list.as_ref().and_then(|list| newer_list(*program, list));
        match verdict.unjudged? {
            Unjudged::OldList => add(newer.unwrap_or(OF_THEN)),
            Unjudged::BeforeAnyList(_) | Unjudged::ExpiredBeforeAnyList(_) => add(OF_THEN),
            Unjudged::Rules => add("Nothing can be done about rules of another time."),
            Unjudged::OpenScts => {
                if let Some(newer) = newer {
                    add(newer);
                }
                add("Give the issuer's certificate with --issuer, if its key is not known.");
            }
            Unjudged::Exempt(_) | Unjudged::PrivateRoot | Unjudged::NoList => {}
        }
    }
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// The reasons of the programmes; what is the same for several is said once.
fn told_once(open: &[(Program, &PolicyVerdict)]) -> String {
    let same = |one: &PolicyVerdict, other: &PolicyVerdict| {
        let kind = one.unjudged.filter(|kind| kind.told(None).is_some());
        kind.is_some() && kind == other.unjudged || one.reasons == other.reasons
    };
    let mut groups: Vec<(&PolicyVerdict, Vec<&str>)> = Vec::new();
    for (program, verdict) in open {
        match groups.iter_mut().find(|(first, _)| same(first, verdict)) {
            Some((_, names)) => names.push(title(*program)),
            None => groups.push((verdict, vec![title(*program)])),
        }
    }
    let told = groups.into_iter().map(|(verdict, names)| {
        let of_all = verdict.unjudged.filter(|_| names.len() > 1).and_then(|kind| kind.told(None));
        let reasons = of_all.unwrap_or_else(|| verdict.reasons.join(" "));
        if names.len() == Program::ALL.len() { reasons } else { format!("{}: {reasons}", enumerated(&names)) }
    });
    told.collect::<Vec<_>>().join(" ")
}

/// The facts of a verdict.
pub(super) fn evidence(verdict: &PolicyVerdict) -> Value {
    json!({
        "reasons": verdict.reasons,
        "judged_at": verdict.judged_at.to_string(),
        "list": verdict.list.as_ref().map(|list| json!({
            "version": list.version,
            "timestamp": list.timestamp.to_string(),
            "age_days": list.age_days,
        })),
    })
}
