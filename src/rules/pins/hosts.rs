//! Rules about the hosts that pins are for, beside one another.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;
use serde_json::json;

use super::subjects::{at_line, listed, place};
use crate::dns_name::CertificateName;
use crate::judge::TargetVerdicts;
use crate::pins::{
    Confidence, EnforcementMode, EntryVerdict, HostPattern, PinsVerdict, SourceState, SourceVerdict,
};
use crate::rules::fingerprint::digest;
use crate::rules::{Raised, Rule, RuleInfo, Severity};
use crate::x509::SpkiSha256;

/// The words of the rule about gaps, which looks at files and at the served certificate.
const GAP: RuleInfo = RuleInfo {
    id: "PIN037",
    title: "Hosts beside the pinned ones are not pinned",
    severity: Severity::Low,
    needs: "a pin file; for names of the certificate also a served certificate",
    explanation: "OkHttp's `*.example.com` is for the hosts one label below: neither example.com itself nor \
        a.b.example.com. In the same way, hosts that the server's certificate names may lie outside every pattern. \
        Connections to them are not pinned, without a word. Where the host that was asked about falls into such a \
        gap, the finding is medium.",
    advice: "Add the missing hosts, use `**.example.com` (OkHttp), or a pattern that includes subdomains; nothing, if \
        those hosts are not used by the app.",
    references: &["OkHttp documentation, CertificatePinner.Builder.add", "Android developer guide, “domain”"],
};

/// What a pattern of one label leaves out.
pub(super) static STAR_GAP: Rule<PinsVerdict> = Rule {
    info: GAP,
    raise: |verdict| verdict.sources.iter().flat_map(|source| star_gaps(source, verdict)).collect(),
};

/// Names of the served certificate outside every pattern.
pub(super) static NAME_GAP: Rule<TargetVerdicts> = Rule { info: GAP, raise: name_gap };

/// Different keys for one host.
pub(super) static DRIFT: Rule<PinsVerdict> = Rule {
    info: RuleInfo {
        id: "PIN038",
        title: "Apps pin different keys for the same host",
        severity: Severity::Medium,
        needs: "two or more sources of pins for one host, or one that names platforms or releases",
        explanation: "Two sources (Android and iOS, an app and the list it was made from, two variants of one file, two \
            platforms or releases that pins.toml names) pin different sets of keys for a host. A change of \
            certificate that one of them bears locks the other out, and tests with the one say nothing of the \
            other. Between releases of one app that have a key in common, as a change of pins makes them, the finding \
            is low: users who did not update have the older pins.",
        advice: "Keep one list, and make every platform's file from it. Between releases, serve a key that all of them \
            have for as long as the oldest is in use.",
        references: &["OWASP Cheat Sheet Series, Pinning Cheat Sheet"],
    },
    raise: |verdict| drift(verdict).into_iter().chain(unpinned(verdict)).collect(),
};

fn is_pinned(entry: &EntryVerdict) -> bool {
    !entry.pins.is_empty()
}

fn star_gaps(source: &SourceVerdict, verdict: &PinsVerdict) -> Vec<Raised> {
    let pinned: Vec<&EntryVerdict> = source.entries.iter().filter(|entry| is_pinned(entry)).collect();
    let scopes: HashSet<&HostPattern> = pinned.iter().map(|entry| &entry.scope).collect();
    let covered = |host: &str| patterns_for(host).iter().any(|pattern| scopes.contains(pattern));
    let mut told = BTreeSet::new();
    let raised = pinned.iter().filter_map(|entry| {
        let HostPattern::OneLabelBelow(name) = &entry.scope else { return None };
        let (message, severity) = match verdict.host.as_deref() {
            Some(host) => {
                let is_near = host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
                if !is_near || covered(host) {
                    return None;
                }
                (format!("{} is pinned, and {host} is not.", entry.scope.in_words()), Severity::Medium)
            }
            None if covered(name) => return None,
            None => {
                let scope = entry.scope.in_words();
                let message = format!("{scope} is pinned, and neither {name} nor a.b.{name} is.");
                (message, Severity::Low)
            }
        };
        if !told.insert(name) {
            return None;
        }
        let evidence = json!({"file": source.file, "line": entry.line, "pattern": format!("*.{name}")});
        let found = Raised::new(at_line(&source.file, entry.line), message, evidence)
            .at(severity)
            .standing_at(place(source, entry.line));
        Some(match &entry.confidence {
            Confidence::Guessed(why) => found.guessed(why),
            Confidence::Stated | Confidence::Read => found,
        })
    });
    raised.collect()
}

/// The patterns of source code and configurations that would be for a host.
fn patterns_for(host: &str) -> Vec<HostPattern> {
    let above = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, above)| above));
    let mut patterns: Vec<HostPattern> =
        above.map(|name| HostPattern::WithSubdomains(name.to_owned())).collect();
    patterns.extend([HostPattern::Unstated, HostPattern::Exactly(host.to_owned())]);
    patterns.extend(host.split_once('.').map(|(_, above)| HostPattern::OneLabelBelow(above.to_owned())));
    patterns
}

fn name_gap(verdicts: &TargetVerdicts) -> Vec<Raised> {
    let (Some(pins), Some(leaf)) = (verdicts.pins.verdict(), verdicts.chain.first()) else {
        return Vec::new();
    };
    let pinned: Vec<&EntryVerdict> =
        pins.sources.iter().flat_map(|source| &source.entries).filter(|entry| is_pinned(entry)).collect();
    let outside: Vec<String> = leaf
        .names
        .dns
        .iter()
        .filter(|name| pinned.iter().any(|entry| is_related(name.base.as_str(), &entry.scope)))
        .filter(|name| !pinned.iter().any(|entry| covers(&entry.scope, name)))
        .map(ToString::to_string)
        .collect();
    if outside.is_empty() || !pinned.iter().any(|entry| entry.applies) {
        return Vec::new();
    }
    let message = format!("The certificate is also for {}, and no given source pins that.", listed(&outside));
    let shown: Vec<&String> = outside.iter().take(20).collect();
    let raised = Raised::new(&verdicts.target, message, json!({"names": shown, "count": outside.len()}));
    vec![raised.known_by("all names", digest(&outside))]
}

/// Whether a pattern is for every host of a name in a certificate.
fn covers(scope: &HostPattern, name: &CertificateName) -> bool {
    let base = name.base.as_str();
    match scope {
        HostPattern::OneLabelBelow(above) if name.wildcard => base == above,
        HostPattern::Below(above) => scope.covers(base) || name.wildcard && base == above,
        HostPattern::WithSubdomains(_) | HostPattern::Unstated => scope.covers(base),
        HostPattern::Exactly(_) | HostPattern::Service { .. } | HostPattern::OneLabelBelow(_) => {
            !name.wildcard && scope.covers(base)
        }
        HostPattern::Nowhere => false,
    }
}

/// Whether a name lies at or below the host of a pattern, or beside it: certificates of CDNs name strangers too.
fn is_related(name: &str, scope: &HostPattern) -> bool {
    let Some(host) = scope.host() else { return false };
    let above =
        host.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.')).unwrap_or(host);
    name == above || name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'))
}

/// What pins a host: a source by its position, and the platform and the release that it names, if it does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Origin<'a> {
    source: usize,
    platform: Option<&'a str>,
    released: Option<Timestamp>,
    /// Of several entries of a `pins.toml` for the same of all these, each its own: from 0.
    nth: usize,
}

/// What each origin pins for one host.
type KeySets<'a> = BTreeMap<Origin<'a>, BTreeSet<&'a SpkiSha256>>;

fn drift(verdict: &PinsVerdict) -> Vec<Raised> {
    let mut hosts: BTreeMap<&str, KeySets<'_>> = BTreeMap::new();
    for (position, source) in verdict.sources.iter().enumerate() {
        // Of an entry that was read in part, the keys are not known.
        let may_be_none = |entry: &EntryVerdict| {
            entry.enforced == EnforcementMode::Unknown && matches!(entry.confidence, Confidence::Guessed(_))
        };
        let entries = source.entries.iter().filter(|entry| entry.applies && entry.unread == 0);
        // What was not seen to be pinned is no app's list.
        for entry in entries.filter(|entry| !may_be_none(entry)) {
            // Where a host was asked about, every entry that applies is about it, whatever its pattern.
            let Some(host) = verdict.host.as_deref().or_else(|| entry.scope.host()) else { continue };
            let keys = entry.pins.iter().filter(|pin| pin.is_usable()).filter_map(|pin| pin.pin.spki());
            let mut keys = keys.peekable();
            if keys.peek().is_some() {
                let origin = Origin {
                    source: position,
                    platform: entry.platform.as_deref(),
                    released: entry.released,
                    nth: nth(entry, source),
                };
                hosts.entry(host).or_default().entry(origin).or_default().extend(keys);
            }
        }
    }
    // Hosts with the same sets are one finding.
    let mut differing: BTreeMap<KeySets<'_>, Vec<&str>> = BTreeMap::new();
    for (host, sets) in hosts {
        let mut each = sets.values();
        let first = each.next();
        if each.any(|set| Some(set) != first) {
            differing.entry(sets).or_default().push(host);
        }
    }
    let raised = differing.iter().map(|(sets, hosts)| {
        let named: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let files: Vec<String> = sets.keys().filter_map(|origin| name_of(origin, verdict)).collect();
        let common =
            sets.values().skip(1).fold(sets.values().next().cloned().unwrap_or_default(), |left, set| {
                left.intersection(set).copied().collect()
            });
        let message = format!(
            "{} pin different keys for {}; {} in common.",
            listed(&files),
            listed(&named),
            match common.len() {
                0 => "no key is".to_owned(),
                1 => "1 key is".to_owned(),
                count => format!("{count} keys are"),
            }
        );
        let only: Vec<_> = sets
            .iter()
            .filter_map(|(origin, set)| Some((origin, verdict.sources.get(origin.source)?, set)))
            .take(20)
            .map(|(origin, source, set)| {
                let keys: Vec<String> =
                    set.difference(&common).take(20).map(|key| format!("sha256/{key}")).collect();
                json!({
                    "file": source.file,
                    "format": source.format,
                    "platform": origin.platform,
                    "released": origin.released.map(|at| at.to_string()),
                    "only_here": keys,
                })
            })
            .collect();
        let evidence = json!({"hosts": hosts.iter().take(20).collect::<Vec<_>>(), "sources": only});
        let keys = sets.values().flatten().map(ToString::to_string);
        let mut found = Raised::new(listed(&named), message, evidence)
            .known_by("all hosts", digest(&named))
            .known_by("all keys", digest(keys));
        if !common.is_empty() && are_releases(sets) {
            found = found.at(Severity::Low);
        }
        let guess = sets.keys().filter_map(|origin| verdict.sources.get(origin.source)).find_map(guess_in);
        match guess {
            Some(why) => found.guessed(why),
            None => found,
        }
    });
    raised.collect()
}

/// How many entries before this one are for the same hosts, platform and release, where each is of an app or version of its
/// own.
fn nth(entry: &EntryVerdict, source: &SourceVerdict) -> usize {
    if source.format != Some("pinstead") {
        return 0;
    }
    let of = |one: &EntryVerdict| (one.scope.clone(), one.platform.clone(), one.released);
    source
        .entries
        .iter()
        .take_while(|one| !std::ptr::eq(*one, entry))
        .filter(|one| of(one) == of(entry))
        .count()
}

/// Whether these are releases of one app on one platform.
fn are_releases(sets: &KeySets<'_>) -> bool {
    let first = sets.keys().next();
    sets.keys().all(|one| {
        one.released.is_some()
            && first.is_some_and(|first| (first.source, first.platform) == (one.source, one.platform))
    })
}

fn name_of(origin: &Origin<'_>, verdict: &PinsVerdict) -> Option<String> {
    let source = verdict.sources.get(origin.source)?;
    let platform = origin.platform.map(|platform| format!(" for {platform}")).unwrap_or_default();
    let released = origin.released.map(|at| format!(", released {}", at.strftime("%Y-%m-%d")));
    let format = source.format.unwrap_or("unknown");
    Some(format!("{}{platform} ({format}{})", source.file, released.unwrap_or_default()))
}

/// Configurations of apps that pin a host beside others that do not: two variants of one file, or two platforms.
fn unpinned(verdict: &PinsVerdict) -> Vec<Raised> {
    const PLATFORMS: [&str; 2] = ["android-nsc", "ios-nspinneddomains"];
    let is_platform = |source: &&SourceVerdict| {
        source.state == SourceState::Read
            && source.format.is_some_and(|format| PLATFORMS.contains(&format))
            && !source.is_of_a_part()
            // What is in no release, or used by nobody, un-pins nothing.
            && source.guessed.is_none()
    };
    let refuses = |entry: &EntryVerdict| entry.enforced == EnforcementMode::Yes && entry.has_pins();
    let about = |source: &SourceVerdict, host: &str| {
        source.entries.iter().any(|entry| {
            let applies = if verdict.host.is_some() { entry.applies } else { entry.scope.covers(host) };
            applies && entry.has_pins()
        })
    };
    let named =
        verdict.sources.iter().filter(is_platform).flat_map(|source| {
            source.entries.iter().filter(|entry| entry.applies && refuses(entry)).filter_map(move |entry| {
                Some((verdict.host.as_deref().or_else(|| entry.scope.host())?, source))
            })
        });
    let is_known = |other: &&SourceVerdict| {
        !other.problems.iter().any(|problem| problem.leaves_open(verdict.host.as_deref()))
    };
    let mut beside: BTreeMap<&str, Beside<'_>> = BTreeMap::new();
    for (host, source) in named {
        // What was read in part may pin it in what was not.
        let others = verdict.sources.iter().filter(is_platform).filter(is_known);
        for other in others.filter(|other| other.file != source.file && !about(other, host)) {
            // Beside a file of another kind, code of the same app may pin.
            let is_one_app = other.package().is_some() && other.package() == source.package();
            let is_variant = source.is_variant_of(other);
            // A release has the one that pins in the place of the other, or nothing of the other.
            if other.is_not_released_beside(source, false) {
                continue;
            }
            // Two apps need not connect to the same hosts, unless one of them was asked about.
            if !is_variant && (is_one_app || verdict.host.is_none()) {
                continue;
            }
            let found = beside.entry(host).or_default();
            found.pin.insert(name_of_source(source));
            found.do_not.insert(name_of_source(other));
            found.is_grave |= is_variant && !source.is_of_another_build(other);
            found.has_builds |= source.is_of_another_build(other);
        }
    }
    let mut told: BTreeMap<Beside<'_>, Vec<String>> = BTreeMap::new();
    for (host, found) in beside {
        told.entry(found).or_default().push(host.to_owned());
    }
    let raised = told.into_iter().map(|(found, hosts)| {
        let named = |files: &BTreeSet<(&str, &str)>| -> Vec<String> {
            files.iter().map(|(file, format)| format!("{file} ({format})")).collect()
        };
        let files = |files: &BTreeSet<(&str, &str)>| -> Vec<String> {
            files.iter().take(20).map(|(file, _)| (*file).to_owned()).collect()
        };
        let pins = if found.pin.len() == 1 { "pins" } else { "pin" };
        let does = if found.do_not.len() == 1 { "does" } else { "do" };
        let builds = if found.has_builds {
            " Source sets of different builds differ there, and whether each of these connects to it is not known."
        } else {
            ""
        };
        let message = format!(
            "{} {pins} {}; {} {does} not.{builds}",
            listed(&named(&found.pin)),
            listed(&hosts),
            listed(&named(&found.do_not))
        );
        let evidence = json!({
            "hosts": &hosts[..hosts.len().min(20)],
            "pins": files(&found.pin).first(),
            "does_not": files(&found.do_not).first(),
            "all_that_pin": files(&found.pin),
            "all_that_do_not": files(&found.do_not),
        });
        let raised = Raised::new(listed(&hosts), message, evidence).known_by("all hosts", digest(&hosts));
        if found.is_grave { raised.at(Severity::High) } else { raised }
    });
    raised.take(100).collect()
}

/// The files that pin a host, and those beside them that do not.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Beside<'v> {
    /// Those that pin it, with their formats.
    pin: BTreeSet<(&'v str, &'v str)>,
    /// Those that do not.
    do_not: BTreeSet<(&'v str, &'v str)>,
    /// Whether devices take one of the latter in the place of one of the former.
    is_grave: bool,
    /// Whether some are of builds of their own.
    has_builds: bool,
}

fn name_of_source(source: &SourceVerdict) -> (&str, &str) {
    (source.file.as_str(), source.format.unwrap_or("unknown"))
}

fn guess_in(source: &SourceVerdict) -> Option<&str> {
    source.entries.iter().filter(|entry| entry.applies).find_map(|entry| match &entry.confidence {
        Confidence::Guessed(why) => Some(why.as_str()),
        Confidence::Stated | Confidence::Read => None,
    })
}
