//! TrustKit's dictionary in Swift and Objective-C code.
//!
//! Source: datatheorem/TrustKit, `parse_configuration.m` and `configuration_utils.m`: the exact host or the longest
//! parent with `kTSKIncludeSubdomains`; pinning is enforced unless `kTSKEnforcePinning` is NO; fewer than two hashes
//! where it is enforced, or a hash that is not the base64 of 32 octets, raise an exception when the app starts; after
//! `kTSKExpirationDate` (midnight, UTC) connections go on without pins.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::conditions::Conditions;
use super::scan::{Scan, Span};
use super::values::Value;
use super::{Language, PinFormat, PinInput, code, finish, host_name, not_read};
use crate::pins::base64_text;
use crate::pins::formats::most_specific;
use crate::pins::formats::problems::{concern, named_again};
use crate::pins::formats::switch::{Switch, enforced_perhaps};
use crate::pins::model::{
    AfterExpiry, Confidence, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin, PinEntry,
    PinSource, PositionRule, Problem, ProblemKind,
};

/// The format's id.
const ID: &str = "trustkit";
const LANGUAGES: [Language; 2] = [Language::Swift, Language::ObjectiveC];
/// The keys that decide what is pinned.
const DECISIVE: [&str; 6] = [
    "TSKPinnedDomains",
    "TSKEnforcePinning",
    "TSKIncludeSubdomains",
    "TSKExcludeSubdomainFromParentPolicy",
    "TSKExpirationDate",
    "TSKPublicKeyHashes",
];

/// TrustKit's dictionary in code.
pub(in crate::pins::formats) struct TrustKitCode;

impl PinFormat for TrustKitCode {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &LANGUAGES).is_some_and(|(text, _)| text.contains("TSKPinnedDomains"))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let Some((text, language)) = code(input, &LANGUAGES) else { return Ok(PinSource::of(ID)) };
        let scan = Scan::of(text, language)?;
        let mut source = PinSource::of(ID);
        let conditions = Conditions::of(&scan);
        // Those of names below, where it is open whether they are meant.
        let mut below: Vec<PinEntry> = Vec::new();
        for (at, token) in scan.tokens.iter().enumerate() {
            let name = token.word().or_else(|| token.plain()).unwrap_or_default();
            if matches!(name, "kTSKPinnedDomains" | "TSKPinnedDomains") {
                let (before, below_before) = (source.entries.len(), below.len());
                read_domains(&scan, at, &mut source, &mut below);
                if let Some(condition) = conditions.at(&scan, at) {
                    let why = format!("this configuration holds {condition}");
                    let what = format!("{why}: which one a release has is not known");
                    source.problems.push(not_read(scan.line(at), what));
                    let entries = source.entries.iter_mut().skip(before);
                    for entry in entries.chain(below.iter_mut().skip(below_before)) {
                        entry.is_possible = true;
                        entry.confidence = Confidence::Guessed(why.clone());
                    }
                }
            }
        }
        doubt_the_use(&scan, &conditions, &mut source);
        if source.entries.is_empty() && source.problems.is_empty() {
            source.problems.push(not_read(
                None,
                "it names TSKPinnedDomains, and no domains are read from it".to_owned(),
            ));
        }
        for (line, what) in named_again(&source.entries) {
            source.problems.push(not_read(line, what));
        }
        source.entries.append(&mut below);
        finish(source)
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        most_specific(source, host)
    }
}

/// Makes guesses of all entries where TrustKit is not seen to be given them as they are read, and says so.
fn doubt_the_use(scan: &Scan<'_>, conditions: &Conditions, source: &mut PinSource) {
    if source.entries.is_empty() {
        return;
    }
    let starts: Vec<usize> = (0..scan.tokens.len()).filter(|at| starts_trustkit(scan, *at)).collect();
    let mut doubt = None;
    if starts.is_empty() {
        doubt = Some("the file does not itself give its configuration to TrustKit".to_owned());
    } else if let Some((at, condition)) = starts
        .iter()
        .map(|at| Some((*at, conditions.at(scan, *at)?)))
        .collect::<Option<Vec<_>>>()
        .and_then(|all| all.into_iter().next())
    {
        let why = format!("TrustKit is started {condition}");
        let what = format!("{why}: whether a release does is not known");
        source.problems.push(not_read(scan.line(at), what));
        doubt = Some(why);
    }
    for at in 0..scan.tokens.len() {
        let Some(name) = set_afterwards(scan, at) else { continue };
        let why = format!("{name} is set outside of the configuration that is read");
        source.problems.push(not_read(scan.line(at), why.clone()));
        doubt = doubt.or(Some(why));
    }
    if let Some(doubt) = doubt {
        for entry in source.entries.iter_mut().filter(|entry| entry.confidence == Confidence::Read) {
            entry.confidence = Confidence::Guessed(doubt.clone());
        }
    }
}

/// Whether TrustKit is given a configuration here.
fn starts_trustkit(scan: &Scan<'_>, at: usize) -> bool {
    match scan.word(at) {
        Some("TrustKit") => {
            let next = at.saturating_add(1);
            let is_made = scan.is(next, ".") && scan.word(next.saturating_add(1)) == Some("init");
            scan.is(next, "(") || is_made
        }
        Some(word) => ["initSharedInstance", "initWithConfiguration", "initializeWithConfiguration"]
            .iter()
            .any(|name| word.starts_with(name)),
        None => false,
    }
}

/// The key of TrustKit that is set here, in a dictionary that is there already: `policy[kTSK…] =`, `forKey: kTSK…`.
fn set_afterwards(scan: &Scan<'_>, at: usize) -> Option<String> {
    let token = scan.at(at)?;
    let name = token.word().or_else(|| token.plain())?;
    let is_key = DECISIVE.contains(&name.strip_prefix('k').unwrap_or(name));
    let next = at.saturating_add(1);
    let is_assigned = scan.is(next, "]") && scan.is(next.saturating_add(1), "=");
    let colon = at.checked_sub(1).filter(|colon| scan.is(*colon, ":"));
    let is_for = colon.is_some_and(|colon| {
        scan.word_before(colon).is_some_and(|word| word.to_ascii_lowercase().ends_with("forkey"))
    });
    // The hosts themselves are read where they are assigned.
    let is_read = is_assigned && name.ends_with("TSKPinnedDomains");
    (is_key && !is_read && (is_assigned || is_for)).then(|| name.to_owned())
}

fn read_domains(scan: &Scan<'_>, key: usize, source: &mut PinSource, below: &mut Vec<PinEntry>) {
    let next = key.saturating_add(1);
    let start = if scan.is(next, ":") {
        next.saturating_add(1)
    } else if scan.is(next, "]") && scan.is(next.saturating_add(1), "=") {
        next.saturating_add(2)
    } else {
        return;
    };
    let Some(domains) = scan.pairs(start..scan.end_of_expression(start)) else {
        let what = "the value of TSKPinnedDomains is no dictionary that this file spells out".to_owned();
        source.problems.push(not_read(scan.line(key), what));
        return;
    };
    for (host, policy) in domains {
        let line = scan.line(host.start);
        let written = scan.written(host.clone());
        let Some(name) = scan.text(host).and_then(|host| host_name(&host)) else {
            source
                .problems
                .push(not_read(line, format!("the domain “{written}” is not defined in this file")));
            continue;
        };
        let told = source.problems.len();
        match scan.pairs(policy) {
            Some(policy) => read_policy(scan, &name, line, &policy, source, below),
            None => source
                .problems
                .push(not_read(line, format!("the policy of {name} is not spelt out in this file"))),
        }
        concern(source.problems.iter_mut().skip(told), &[HostPattern::WithSubdomains(name)]);
    }
}

fn read_policy(
    scan: &Scan<'_>,
    host: &str,
    line: Option<usize>,
    policy: &[(Span, Span)],
    source: &mut PinSource,
    below: &mut Vec<PinEntry>,
) {
    let value = |name: &str| {
        policy.iter().find_map(|(key, value)| {
            let token = scan.at(key.end.checked_sub(1)?)?;
            let own = token.word().or_else(|| token.plain())?;
            (own.strip_prefix('k').unwrap_or(own) == name).then(|| value.clone())
        })
    };
    let switch = |name: &str| value(name).map(|value| scan.switch(value));
    let subdomains = switch("TSKIncludeSubdomains").unwrap_or(Switch::Off);
    let scope = subdomains.scope(host.to_owned());
    let excluded = switch("TSKExcludeSubdomainFromParentPolicy");
    for (switch, what) in [
        (Some(subdomains), "whether the names below it are meant, too,"),
        (excluded, "whether it is excluded from the policy of its parent domain"),
    ] {
        if switch == Some(Switch::Open) {
            source.problems.push(not_read(line, format!("{host}: {what} is decided elsewhere")));
        }
    }
    if excluded == Some(Switch::On) {
        let why = "it is excluded from the policy of its parent domain".to_owned();
        let enforcement = Enforcement { mode: EnforcementMode::No, why };
        let entry = PinEntry {
            line,
            confidence: Confidence::Read,
            is_excluded: true,
            ..PinEntry::of(scope, enforcement)
        };
        source.entries.push(entry);
        return;
    }
    let enforced = switch("TSKEnforcePinning").unwrap_or(Switch::On);
    if enforced == Switch::Open {
        let what = format!("whether pinning is enforced for {host} is decided elsewhere");
        source.problems.push(not_read(line, what));
    }
    let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
    let enforcement = match enforced {
        _ if excluded == Some(Switch::Open) => enforced_perhaps("kTSKExcludeSubdomainFromParentPolicy"),
        Switch::Open => enforced_perhaps("kTSKEnforcePinning"),
        Switch::On => of(EnforcementMode::Yes, "TrustKit enforces pins unless kTSKEnforcePinning is NO"),
        Switch::Off => of(EnforcementMode::Report, "kTSKEnforcePinning is NO: a mismatch is only reported"),
    };
    let mut pins = Vec::new();
    let mut unread: u32 = 0;
    for value in value("TSKPublicKeyHashes").map(|hashes| scan.values(hashes)).unwrap_or_default() {
        match value {
            Value::Text(text, own) => {
                pins.push(Pin::new(&text, base64_text::foundation(&text), PositionRule::Any, own.or(line)));
            }
            Value::Open(written, own) => {
                unread = unread.saturating_add(1);
                let what = format!("a hash of {host} is “{written}”, which this file does not define");
                source.problems.push(not_read(own.or(line), what));
            }
        }
    }
    let least = if enforced == Switch::On { 2 } else { 1 };
    let bad = pins.iter().find(|pin| pin.value.is_err());
    if let Some(bad) = bad {
        let what = format!(
            "“{}” is not the base64 of 32 octets: TrustKit raises an exception at the start",
            bad.written
        );
        source.problems.push(Problem::of(ProblemKind::Refused, bad.line, what));
    } else if unread == 0 && pins.len() < least {
        let what = format!(
            "{host} has {} of the {least} hashes that TrustKit asks for: it raises an exception",
            pins.len()
        );
        source.problems.push(Problem::of(ProblemKind::Refused, line, what));
    }
    let expiry = value("TSKExpirationDate").and_then(|date| {
        let read = scan.text(date).and_then(|text| expiry(&text));
        if read.is_none() {
            source.problems.push(not_read(
                line,
                format!("the expiration date of {host} is not a date that is spelt out"),
            ));
        }
        read
    });
    let entry = PinEntry {
        pins,
        unread,
        expiry,
        line,
        confidence: Confidence::Read,
        ..PinEntry::of(scope, enforcement)
    };
    below.extend(subdomains.perhaps_below(&entry));
    source.entries.push(entry);
}

/// The end that a date of the form yyyy-MM-dd sets, as TrustKit reads it.
pub(super) fn expiry(text: &str) -> Option<Expiry> {
    let date = Date::strptime("%Y-%m-%d", text.trim()).ok()?;
    let at = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(Expiry {
        at,
        afterwards: AfterExpiry::FailOpen,
        note: "at the start of that day in UTC, as TrustKit reads it",
        clock: ExpiryClock::Utc,
    })
}
