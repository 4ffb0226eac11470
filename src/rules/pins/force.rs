//! Rules about whether pins are in force at all.

use super::subjects::{each, of_kind};
use crate::pins::{EnforcementMode, PinsVerdict, Problem, ProblemKind};
use crate::rules::{Rule, RuleInfo, Severity};

const OWASP_MASTG: &str = "OWASP MASTG, MASTG-KNOW-0015 (certificate pinning on Android)";
const RFC_7469: &str = "RFC 7469 section 2.6 (validating pinned connections)";

/// Pins that refuse nothing.
pub(super) static NOT_ENFORCED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN027",
        title: "The pins are not enforced",
        severity: Severity::High,
        needs: "a pin file whose format tells whether pins are enforced",
        explanation: "A mismatch is let through: the configuration says so, or does not ask for enforcement where the \
            default is not to enforce (TrustKit on Android; on iOS its default is to enforce). The app looks pinned \
            and is not. Where mismatches are at least reported, the finding is medium: that is a sensible step \
            before enforcing, and no protection.",
        advice: "Say enforcement explicitly (TrustKit: `enforcePinning=\"true\"`, TSKEnforcePinning), once the reports \
            show no mismatches of your own.",
        references: &[
            "TrustKit-Android, DomainPinningPolicy (shouldEnforcePinning)",
            "TrustKit for iOS, TSKEnforcePinning",
            "RFC 7469 section 2.1.5 (report only)",
        ],
    },
    raise: |verdict| {
        each(verdict, |group| {
            let entry = group.first;
            // An end in the past, a file that is refused and a mechanism that is obsolete have findings of their own.
            let own = [ProblemKind::Refused, ProblemKind::Obsolete];
            // So has what stands where the platform does not look: there is nothing to switch on.
            let is_told = |problem: &Problem| {
                own.contains(&problem.kind)
                    || (problem.kind == ProblemKind::NoEffect && problem.what == entry.why)
            };
            let told = entry.expired || group.source.problems.iter().any(is_told);
            let severity = match entry.enforced {
                EnforcementMode::Report => Severity::Medium,
                EnforcementMode::No if !told => Severity::High,
                EnforcementMode::Yes | EnforcementMode::No | EnforcementMode::Unknown => return None,
            };
            let message = format!("A mismatch refuses nothing: {}.", entry.why.trim_end_matches('.'));
            Some(group.raise(message, []).at(severity))
        })
    },
};

/// What is for debugging, in a release.
pub(super) static DEBUG_IN_RELEASE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN028",
        title: "What is meant for debugging stands in a release",
        severity: Severity::High,
        needs: "an app's package or its source code",
        explanation: "A debuggable package obeys `debug-overrides`, which trust further CAs and leave pins aside; a \
            switch that turns pinning off for tests does the same when it is shipped on. Anybody with the device \
            can then read what the app sends, and so can a network with a CA on it.",
        advice: "Build releases without `android:debuggable`, and take such switches out at build time rather than by \
            a value that is read at run time.",
        references: &[
            "Android developer guide, “Network security configuration” (debug-overrides)",
            "OWASP MASTG, MASTG-TEST-0226 (debuggable flag)",
        ],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::DebugInRelease),
};

/// Clients without the pins of others.
pub(super) static CLIENT_WITHOUT_PINS: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN051",
        title: "A client of the same code does without the pins",
        severity: Severity::Medium,
        needs: "an app's source code",
        explanation: "The code builds a pinner, and gives a client, or every client while a condition holds, one \
            without pins instead. What goes over that client is not pinned, and nothing else in the file tells which \
            requests those are. A switch of this kind that can be turned at run time turns pinning off.",
        advice: "Give every client of these hosts the pinner. Where a client without pins is for tests, keep it in \
            code that no release has.",
        references: &["OkHttp documentation, CertificatePinner"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::ClientWithoutPins),
};

/// Dead mechanisms.
pub(super) static OBSOLETE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN029",
        title: "The mechanism is obsolete: no client obeys it",
        severity: Severity::Medium,
        needs: "a pin file",
        explanation: "HPKP (`Public-Key-Pins`) was removed from Chrome in 2018 and from Firefox in 2019; `Expect-CT` has \
            no effect since Chrome 107 (2022), as CT is required anyway; .NET's ServicePointManager is not asked by \
            HttpClient. What stands there protects nobody, and readers take it for protection. For the two headers \
            the finding is low.",
        advice: "Remove it. Against certificates that you did not order: CAA, and watching CT. In apps: the platform's \
            own pinning.",
        references: &[
            "Chrome, “Intent to Remove: HTTP-Based Public Key Pinning” (2017-10-27)",
            "MDN, Expect-CT (removed from Chromium 107)",
            ".NET documentation, SYSLIB0014 (ServicePointManager is obsolete)",
        ],
    },
    raise: |verdict| {
        let of = |source: &&crate::pins::SourceVerdict| matches!(source.format, Some("hpkp" | "expect-ct"));
        let headers = verdict.sources.iter().filter(of);
        let others = verdict.sources.iter().filter(|source| !of(source));
        let found = |source| super::subjects::problems(source, ProblemKind::Obsolete);
        headers.flat_map(found).map(|raised| raised.at(Severity::Low)).chain(others.flat_map(found)).collect()
    },
};

/// Pins instead of validation.
pub(super) static INSTEAD_OF_VALIDATION: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN030",
        title: "Pins are compared instead of validating the certificate",
        severity: Severity::High,
        needs: "an app's source code or package",
        explanation: "Pins belong on top of the ordinary validation. Where they replace it, expired certificates and \
            those of other hosts pass if the key is pinned; where the pin is a CA's, any certificate of that CA for \
            any host does. A `HostnameVerifier` that is only `true` leaves out the host in the same way.",
        advice: "Validate chain, host and dates first (SecTrustEvaluateWithError, the platform's TrustManager), and \
            compare pins on the chain that came out.",
        references: &[RFC_7469, "OWASP Cheat Sheet Series, Pinning Cheat Sheet", "OWASP MASVS-NETWORK-1"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::InsteadOfValidation),
};

/// No validation.
pub(super) static NO_VALIDATION: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN031",
        title: "Certificates are not validated at all",
        severity: Severity::High,
        needs: "an app's source code or package",
        explanation: "The code accepts every certificate: an empty checkServerTrusted, a callback that always says yes. \
            Wherever it is in use, anybody on the network path reads and changes what is sent. That it is in use in \
            a release is not shown by the code alone; where it is, nothing is graver.",
        advice: "Remove it. For tests, trust the test server's CA in a debug build only.",
        references: &["OWASP MASVS-NETWORK-1", "CWE-295 (improper certificate validation)"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::NoValidation),
};

/// Code that is not reached.
pub(super) static NEVER_CALLED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN032",
        title: "The pins are compared only where validation already failed",
        severity: Severity::High,
        needs: "an app's source code",
        explanation: "Dart's `badCertificateCallback` is called for certificates that do not validate. A certificate of \
            any public CA validates, so that the callback is never asked and no pin is compared: the app is not \
            pinned. What it does is the reverse: it accepts some certificates that would be refused.",
        advice: "Use `SecurityContext(withTrustedRoots: false)` with the certificates that you trust, or a library that \
            compares on every connection.",
        references: &["Dart API, HttpClient.badCertificateCallback", OWASP_MASTG],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::NeverCalled),
};
