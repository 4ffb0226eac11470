//! What findings advise and cite by the format of the file they are about.

use crate::rules::{Raised, RuleInfo};

/// What a rule advises about files of some formats, where that is not what it advises about others.
struct Advice {
    rule: &'static str,
    formats: &'static [&'static str],
    text: &'static str,
}

/// A platform or library, and where it is described.
struct Platform {
    formats: &'static [&'static str],
    /// How the names of its sources begin.
    marks: &'static [&'static str],
    /// What is cited where a rule names nothing of it.
    source: &'static str,
}

static PLATFORMS: &[Platform] = &[
    Platform {
        formats: &["android-nsc", "apk"],
        marks: &["Android", "frameworks/base"],
        source: "Android developer guide, “Network security configuration”",
    },
    Platform {
        formats: &["trustkit-android"],
        marks: &["TrustKit-Android", "Android", "frameworks/base"],
        source: "TrustKit-Android documentation, “Getting started”",
    },
    Platform {
        formats: &["ios-nspinneddomains", "ipa", "urlsession", "alamofire"],
        marks: &["Apple"],
        source: "Apple developer documentation, “NSPinnedDomains”",
    },
    Platform {
        formats: &["trustkit"],
        marks: &["TrustKit for iOS", "TrustKit, ", "TrustKit documentation"],
        source: "TrustKit for iOS, TSKPinnedDomains",
    },
    Platform {
        formats: &["okhttp", "okhttp-failure"],
        marks: &["OkHttp"],
        source: "OkHttp documentation, CertificatePinner",
    },
    Platform { formats: &["curl"], marks: &["curl"], source: "curl manual page, --pinnedpubkey" },
    Platform { formats: &["hpkp"], marks: &["RFC 7469"], source: "RFC 7469 (HPKP)" },
    Platform { formats: &["expect-ct"], marks: &["MDN, Expect-CT"], source: "RFC 9163 (Expect-CT)" },
    Platform {
        formats: &["chromium"],
        marks: &["Chromium"],
        source: "Chromium, net/http/transport_security_state_static.pins",
    },
    Platform {
        formats: &["tlsa"],
        marks: &["RFC 6698", "RFC 7671", "RFC 7672"],
        source: "RFC 6698 section 4.1 and RFC 7671 sections 4 and 5 (which TLSA records clients can use)",
    },
    Platform { formats: &["pinstead"], marks: &["docs/pins-toml.md"], source: "docs/pins-toml.md" },
    Platform {
        formats: &["dotnet"],
        marks: &[".NET"],
        source: ".NET documentation, ServerCertificateCustomValidationCallback",
    },
    Platform { formats: &["dart"], marks: &["Dart"], source: "Dart API, SecurityContext" },
    Platform { formats: &["go"], marks: &["Go"], source: "Go documentation, crypto/tls.Config" },
    Platform {
        formats: &["react-native"],
        marks: &["react-native"],
        source: "react-native-ssl-public-key-pinning and react-native-ssl-pinning, their documentation",
    },
];

/// The formats that are source code.
const CODE: &[&str] =
    &["okhttp", "urlsession", "alamofire", "dotnet", "dart", "react-native", "go", "source-constants"];

static ADVICE: &[Advice] = &[
    Advice {
        rule: "PIN050",
        formats: CODE,
        text: "Look up what stands there in the place that defines it, and write the hosts and their pins down in a \
            `pins.toml` beside this file, with `completes = [\"…\"]` and its name.",
    },
    Advice {
        rule: "PIN050",
        formats: &["certificate-files", "apk", "ipa"],
        text: "Look in the app's source code for what it compares with servers, and give that code, or write the pins \
            down in a `pins.toml`.",
    },
    Advice {
        rule: "PIN050",
        formats: &["tlsa"],
        text: "Look the records up with `--tlsa HOST:PORT`, by a resolver that answers and whose DNSSEC validation can \
            be followed.",
    },
    Advice {
        rule: "PIN050",
        formats: &["pinstead"],
        text: "Correct the line: docs/pins-toml.md names every key and what it takes.",
    },
    Advice {
        rule: "PIN027",
        formats: &["android-nsc"],
        text: "Remove `overridePins`, or move those certificates to debug-overrides.",
    },
    Advice {
        rule: "PIN027",
        formats: &["pinstead"],
        text: "Have the app refuse on a mismatch once its reports show none of your own, and say so here by `enforce`.",
    },
    Advice {
        rule: "PIN027",
        formats: CODE,
        text: "Have the code refuse the connection on a mismatch, once what it reports shows none of your own.",
    },
    Advice {
        rule: "PIN009",
        formats: &["tlsa"],
        text: "Publish it in the DNS as clients can use it, `3 1 1` with the SHA-256 hash of the server's key being \
            recommended (`pinstead pins make HOST:PORT --key FILE --as tlsa` writes it), or remove it.",
    },
    Advice {
        rule: "PIN008",
        formats: &["okhttp"],
        text: "Correct the line; a test that builds the client finds this before users do.",
    },
];

/// A finding with the advice and the sources for the format of its file.
pub(super) fn worded(rule: &RuleInfo, raised: Raised) -> Raised {
    let Some(format) = raised.format else { return raised };
    let mut raised = Raised { references: sources(rule.references, format), ..raised };
    if raised.advice.is_none()
        && let Some(own) = ADVICE.iter().find(|own| own.rule == rule.id && own.formats.contains(&format))
    {
        raised = raised.advising(own.text);
    }
    raised
}

/// Of the sources of a rule, those of no platform and of the platform of a format; `None` where all of them hold.
fn sources(all: &[&'static str], format: &str) -> Option<Vec<&'static str>> {
    let own = PLATFORMS.iter().find(|platform| platform.formats.contains(&format))?;
    let is_of =
        |platform: &Platform, source: &str| platform.marks.iter().any(|mark| source.starts_with(mark));
    // What RFC 7469 says of backups and of hashes holds for all.
    let is_foreign = |source: &str| {
        !is_of(own, source)
            && !source.starts_with("RFC")
            && PLATFORMS.iter().any(|platform| is_of(platform, source))
    };
    if !all.iter().any(|source| is_foreign(source)) {
        return None;
    }
    let mut sources: Vec<&'static str> = all.iter().copied().filter(|source| !is_foreign(source)).collect();
    if !sources.iter().any(|source| is_of(own, source)) {
        sources.insert(0, own.source);
    }
    Some(sources)
}
