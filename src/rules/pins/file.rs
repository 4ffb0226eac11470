//! Rules about what a pin file says.

use serde_json::json;

use super::subjects::{at_line, of_kind, pinned_groups, pins, place};
use crate::pins::{
    Diagnosis, EnforcementMode, EntryVerdict, HostPattern, PinsVerdict, ProblemKind, SourceState,
    SourceVerdict,
};
use crate::rules::{Raised, Rule, RuleInfo, Severity};

const ANDROID: &str = "Android developer guide, “Network security configuration”";
const ANDROID_SOURCE: &str = "frameworks/base: android.security.net.config.XmlConfigSource";
const APPLE: &str = "Apple developer documentation, “NSPinnedDomains”";
const CURL: &str = "curl manual page, --pinnedpubkey";

/// Placeholders and values the platform cannot use.
pub(super) static DEAD_PIN: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN005",
        title: "A pin can never match",
        severity: Severity::High,
        needs: "a pin file",
        explanation: "The value is a placeholder that was never replaced, or nothing that the platform reads as a \
            SHA-256 hash. It matches no key, now or ever. Where every pin is like this, clients are locked out: \
            then the finding is critical.",
        advice: "Replace it with the base64 of the SHA-256 hash of the SubjectPublicKeyInfo: `openssl x509 -pubkey \
            -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`.",
        references: &[ANDROID, APPLE, CURL, "RFC 7469 section 2.4 (what is hashed)"],
    },
    raise: |verdict| {
        let groups = pinned_groups(verdict);
        // A TLSA record that no client can use is left aside, and does no harm.
        let compared = groups.iter().filter(|group| group.source.format != Some(super::tlsa::FORMAT));
        let raised = compared.filter_map(|group| {
            // Where the platform refuses the file for its values, that finding says so.
            let refused = group.source.problems.iter().any(|problem| problem.kind == ProblemKind::Refused);
            let dead: Vec<_> = group
                .first
                .pins
                .iter()
                .filter(|pin| {
                    pin.diagnosis == Diagnosis::Placeholder || (pin.diagnosis.is_dead() && !refused)
                })
                .collect();
            let first = dead.first()?;
            let all = dead.len() == group.first.pins.len();
            let message = format!(
                "{} of {} can never match. The first, “{}”, is {}.",
                dead.len(),
                pins(group.first.pins.len()),
                first.pin,
                first.diagnosis
            );
            let locked = all && group.first.unread == 0 && group.first.enforced == EnforcementMode::Yes;
            let severity = if locked { Severity::Critical } else { Severity::High };
            Some(group.raise(message, dead.iter().copied()).at(severity))
        });
        raised.collect()
    },
};

/// Files that cannot be read, or are not well formed.
pub(super) static NOT_READABLE: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN006",
        title: "A pin file cannot be read",
        severity: Severity::High,
        needs: "a pin file",
        explanation: "The file could not be opened, is longer than any pin file, or is not well formed. What it pins \
            is undetermined; a build that ships it fails, or its clients do.",
        advice: "Correct the file or the path.",
        references: &[ANDROID, APPLE, CURL],
    },
    raise: |verdict| {
        let raised = verdict.sources.iter().filter_map(|source| {
            let (SourceState::NotWellFormed(why) | SourceState::Unreadable(why)) = &source.state else {
                return None;
            };
            let evidence = json!({"file": source.file, "format": source.format, "error": why});
            let message = format!("{}: {why}.", source.file);
            Some(
                Raised::new(&source.file, message, evidence)
                    .in_format(source.format)
                    .standing_at(place(source, None)),
            )
        });
        raised.collect()
    },
};

/// Files that the platform refuses.
pub(super) static REFUSED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN008",
        title: "The platform refuses the pin file: apps crash with it",
        severity: Severity::High,
        needs: "an Android Network Security Config",
        explanation: "Android throws an exception when it first reads this configuration, and the app ends as soon as \
            it opens a TLS connection. Unknown elements are skipped; the mistakes listed here are not.",
        advice: "Correct the line; then start the app once and open a connection.",
        references: &[ANDROID_SOURCE, ANDROID],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::Refused),
};

/// Things written that the platform ignores.
pub(super) static NO_EFFECT: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN009",
        title: "Something in the pin file has no effect",
        severity: Severity::Medium,
        needs: "a pin file",
        explanation: "The platform ignores what is written here, without a word. An expiration on a pin instead of its \
            pin-set, an attribute of another library, a list at the wrong level: the file says one thing and \
            devices do another. Where pins stand for no host thereby, such as those of a domain `*.example.com`, which \
            is no pattern there, nothing is pinned by them, and the finding is high.",
        advice: "Remove it, or write it where the platform looks for it.",
        references: &[ANDROID_SOURCE, ANDROID, APPLE],
    },
    raise: |verdict| {
        let mut raised = of_kind(verdict, ProblemKind::NoEffect);
        let idle = of_kind(verdict, ProblemKind::NoHost).into_iter();
        raised.extend(idle.map(|found| found.at(Severity::High)));
        raised
    },
};

/// User CAs trusted in released apps.
pub(super) static USER_ANCHORS: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN010",
        title: "CAs added by the device's user are trusted in released apps",
        severity: Severity::Medium,
        needs: "an Android Network Security Config",
        explanation: "A base-config or domain-config with `<certificates src=\"user\"/>` trusts the CAs that a user, \
            or someone with the device, installed: also where no pins apply. It switches Certificate Transparency \
            off as well. Android keeps this for debuggable builds in debug-overrides.",
        advice: "Move the user certificates to debug-overrides.",
        references: &[ANDROID, "OWASP MASTG-TEST-0285 and MASTG-TEST-0286"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::UserAnchors),
};

/// Pins switched off for some CAs.
pub(super) static OVERRIDES_PINS: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN011",
        title: "Pins are switched off for some CAs",
        severity: Severity::High,
        needs: "an Android Network Security Config",
        explanation: "`overridePins=\"true\"` on certificates of a base-config or domain-config accepts every chain to \
            those CAs without comparing pins, in released apps. It is meant for debug-overrides.",
        advice: "Remove overridePins, or move the certificates to debug-overrides.",
        references: &[ANDROID, "frameworks/base: android.security.net.config.NetworkSecurityTrustManager"],
    },
    raise: |verdict| of_kind(verdict, ProblemKind::OverridesPins),
};

/// Names that take a host away from the pins above it.
pub(super) static SHADOWED: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN012",
        title: "A more specific entry without pins un-pins its hosts",
        severity: Severity::High,
        needs: "a pin file",
        explanation: "One entry is used for a host, the most specific. An entry for `api.example.com` without pins \
            takes it away from the pins of `example.com` with subdomains, unless it is nested inside that entry and \
            inherits from it. Where the file excludes the host in so many words, as TrustKit's \
            TSKExcludeSubdomainFromParentPolicy does, the finding is info.",
        advice: "Repeat the pins in the more specific entry, nest it inside the pinned one, or remove it.",
        references: &[
            ANDROID,
            "frameworks/base: android.security.net.config.ApplicationConfig.getConfigForHostname",
        ],
    },
    raise: |verdict| verdict.sources.iter().flat_map(shadowed).collect(),
};

/// Values copied from documentation.
pub(super) static EXAMPLE_PIN: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN016",
        title: "A pin is an example value from documentation",
        severity: Severity::High,
        needs: "a pin file",
        explanation: "The value is printed in documentation or a tutorial. It names somebody else's key, mostly one \
            that is long retired: it is neither your key nor a backup you could use. Where it is the key of a CA in \
            your chain after all, comparing with the chain shows that, and this finding does not arise.",
        advice: "Replace it with the hash of a key of yours.",
        references: &[ANDROID, "OkHttp documentation, CertificatePinner", "TrustKit documentation"],
    },
    raise: |verdict| {
        let groups = pinned_groups(verdict);
        let raised = groups.iter().filter_map(|group| {
            let examples: Vec<_> = group
                .first
                .pins
                .iter()
                .filter(|pin| {
                    matches!(pin.diagnosis, Diagnosis::DocumentationExample { .. }) && !pin.matches.matches()
                })
                .collect();
            let first = examples.first()?;
            let message = format!("{} is {}.", first.pin, first.diagnosis);
            Some(group.raise(message, examples.iter().copied()))
        });
        raised.collect()
    },
};

/// Files without any pins.
pub(super) static NO_PINS: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN017",
        title: "The file pins nothing",
        severity: Severity::Info,
        needs: "a pin file that could be read",
        explanation: "The file is well formed and of a known format, and no entry of it has a pin. An app that has no \
            configuration at all is no such file: the report says so, and nothing is found.",
        advice: "Nothing, if no pins are meant to be here.",
        references: &[ANDROID, APPLE],
    },
    raise: |verdict| {
        let told = firsts_of_unpinned_files(verdict);
        let raised = told.into_iter().filter_map(|source| {
            let open = source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead);
            let pinned = source.entries.iter().any(|entry| entry.has_pins() || entry.is_open());
            // What an answer of the DNS without records says is told with the source.
            let is_told = source.is_absent || source.is_looked_up() || source.completed_by.is_some();
            if source.state != SourceState::Read || is_told || open || pinned {
                return None;
            }
            let evidence =
                json!({"file": source.file, "format": source.format, "entries": source.entries.len()});
            let message = "No entry of the file has a pin.";
            Some(
                Raised::new(&source.file, message, evidence)
                    .in_format(source.format)
                    .standing_at(place(source, None)),
            )
        });
        raised.collect()
    },
};

/// Whether an entry is known to have no pins: none that was not read, and none that comes at run time.
fn is_unpinned(entry: &EntryVerdict) -> bool {
    !entry.has_pins() && !entry.is_open() && entry.bootstrap.is_none()
}

/// Of each file that several formats read, the first reading, where none of them has pins or is open.
fn firsts_of_unpinned_files(verdict: &PinsVerdict) -> Vec<&SourceVerdict> {
    let mut files: std::collections::BTreeMap<&str, Vec<&SourceVerdict>> = std::collections::BTreeMap::new();
    for source in &verdict.sources {
        files.entry(&source.file).or_default().push(source);
    }
    let says_something = |source: &&SourceVerdict| {
        source.state != SourceState::Read
            || source.problems.iter().any(|problem| problem.kind == ProblemKind::NotRead)
            || source.entries.iter().any(|entry| entry.has_pins() || entry.is_open())
    };
    let unpinned = files.into_values().filter(|readings| !readings.iter().any(says_something));
    unpinned.filter_map(|readings| readings.first().copied()).collect()
}

fn shadowed(source: &SourceVerdict) -> Vec<Raised> {
    let pinned: std::collections::BTreeMap<&str, &HostPattern> = source
        .entries
        .iter()
        .filter(|entry| !entry.pins.is_empty())
        .filter_map(|entry| match &entry.scope {
            HostPattern::WithSubdomains(name) => Some((name.as_str(), &entry.scope)),
            _ => None,
        })
        .collect();
    let unpinned = source.entries.iter().filter(|entry| entry.applies && is_unpinned(entry));
    let raised = unpinned.filter_map(|entry| {
        let above = names_above(entry.scope.host()?).find_map(|name| pinned.get(name))?;
        let evidence = json!({"file": source.file, "line": entry.line, "shadows": above.to_string()});
        let scope = entry.scope.in_words();
        let raise = |message: String| {
            Raised::new(at_line(&source.file, entry.line), message, evidence.clone())
                .in_format(source.format)
                .standing_at(place(source, entry.line))
        };
        if entry.is_excluded {
            let message = format!("The file excludes {scope} from the pins of {}.", above.in_words());
            return Some(raise(message).at(Severity::Info).advising(
                "Nothing, if that host is meant to be without pins; remove the exclusion otherwise.",
            ));
        }
        Some(raise(format!(
            "The entry for {scope} has no pins, and is used for it, although {} is pinned.",
            above.in_words()
        )))
    });
    raised.collect()
}

/// The names above a host, nearest first.
fn names_above(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(host.split_once('.').map(|(_, above)| above), |name| {
        name.split_once('.').map(|(_, above)| above)
    })
}
