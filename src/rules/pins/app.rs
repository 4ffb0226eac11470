//! Rules about the app around the pins: Certificate Transparency, where pins come from.

use serde_json::json;

use super::subjects::{at_line, each, of_kind, place};
use crate::pins::{Bootstrap, Confidence, PinsVerdict, ProblemKind, SourceVerdict};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

/// Libraries that enforce CT in apps.
pub(super) static CT_LIBRARY: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN033",
        title: "A Certificate Transparency library in the app will lock it out",
        severity: Severity::High,
        needs: "an app's package or its source code",
        explanation: "Libraries that check SCTs inside apps use Chrome's log lists, which are not for that: the lists \
            served to them are frozen. Google breaks them for a while from 2026-07-01 to 2026-11-01, and all apps \
            with them by 2027-07-01: from then on they refuse every certificate. Installed versions cannot be \
            repaired from afar.",
        advice: "Release a version without the library now, and have users on it before 2027-07-01. Android 16 and \
            later check CT by themselves (`certificateTransparency`); iOS does in any case.",
        references: &[
            "GoogleChrome/CertificateTransparency: 3p_libraries.md and apps_3p_libraries.md (2026)",
            "GoogleChrome/CertificateTransparency: log_lists.md (who may use the lists)",
        ],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::CtLibrary),
};

/// CT switched off.
pub(super) static CT_DISABLED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN034",
        title: "Certificate Transparency is switched off",
        severity: Severity::Medium,
        needs: "an Android Network Security Config, or an app's source code",
        explanation: "Android 16 and later can require SCTs; apps for API level 37 have it by default. Here it is \
            switched off, for these hosts or for all, by name or by trust anchors that are not the system's: a \
            certificate that no log has seen passes. Where nothing would ask for SCTs otherwise (an app for an earlier \
            level, or one whose level is not known), trust anchors switch nothing off, and this finding does not \
            arise.",
        advice: "Remove `<certificateTransparency enabled=\"false\"/>`. For a host with a private CA, nothing is required \
            where the anchor is your own.",
        references: &[
            "Android developer guide, “Network security configuration” (certificateTransparency)",
            "Android 17 behaviour changes: Certificate Transparency by default",
        ],
    },
    raise: |verdict| {
        let named = of_kind(verdict, ProblemKind::CtDisabled);
        let anchors = of_kind(verdict, ProblemKind::CtOffForAnchors).into_iter().map(|raised| {
            raised.advising(
                "Declare these CAs in debug-overrides, or in a domain-config for the hosts that have a certificate of \
                 theirs alone; where public certificates are met beside them, write `<certificateTransparency \
                 enabled=\"true\"/>`.",
            )
        });
        named.into_iter().chain(anchors).collect()
    },
};

/// Where pins come from at run time.
pub(super) static BOOTSTRAP: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN035",
        title: "Pins that come at run time are not authenticated",
        severity: Severity::Medium,
        needs: "a pin file that says where pins come from",
        explanation: "Pins that are fetched or learnt are worth what their first contact is worth. Where whatever comes \
            first is believed (trust on first use), an attacker who is there first is pinned, and the finding is \
            high; where only an ordinary certificate vouches for the list, any CA can bring another list; where \
            nothing is said, it is not known.",
        advice: "Sign the list with a key whose public half the app ships, refuse lists that are old, and ship a first \
            list with the app.",
        references: &[
            "OWASP Cheat Sheet Series, Pinning Cheat Sheet (preloading is preferred)",
            "RFC 7469 section 4.1 (the first contact)",
        ],
    },
    raise: unauthenticated,
};

/// What is found where pins come at run time.
pub(super) fn unauthenticated(verdict: &PinsVerdict) -> Vec<Raised> {
    let mut raised = of_kind(verdict, ProblemKind::UnauthenticatedBootstrap);
    // Asked of every group: the findings themselves look at all entries of the source.
    let told = |source: &SourceVerdict| {
        source.problems.iter().any(|problem| problem.kind == ProblemKind::UnauthenticatedBootstrap)
    };
    raised.extend(each(verdict, |group| {
        if told(group.source) {
            return None;
        }
        said(group.first.bootstrap?).map(|(severity, what)| group.raise(what, []).at(severity))
    }));
    // Pins that are only learnt stand in no file: such entries have none.
    for source in &verdict.sources {
        let learnt = source.entries.iter().filter(|entry| entry.applies && entry.pins.is_empty());
        if told(source) {
            continue;
        }
        for entry in learnt {
            let Some((severity, what)) = entry.bootstrap.and_then(said) else { continue };
            let subject = format!("{} ({})", at_line(&source.file, entry.line), entry.scope.in_words());
            let found = Raised::new(subject, what, json!({"file": source.file, "line": entry.line}))
                .at(severity)
                .standing_at(place(source, entry.line));
            raised.push(match &entry.confidence {
                Confidence::Guessed(why) => found.guessed(why),
                Confidence::Stated | Confidence::Read => found,
            });
        }
    }
    raised
}

fn said(bootstrap: Bootstrap) -> Option<(Severity, &'static str)> {
    match bootstrap {
        Bootstrap::Signed | Bootstrap::Pinned => None,
        Bootstrap::FirstUse => {
            Some((Severity::High, "Whatever is met first is pinned (trust on first use)."))
        }
        Bootstrap::ValidatedOnly => Some((
            Severity::Medium,
            "Nothing but an ordinary certificate vouches for the pins that are fetched.",
        )),
        Bootstrap::Unstated => Some((
            Severity::Medium,
            "What authenticates the pins that are fetched is not said: it is not known.",
        )),
    }
}
