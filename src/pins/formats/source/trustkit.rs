//! TrustKit's dictionary in Swift and Objective-C code.
//!
//! Source: datatheorem/TrustKit, `parse_configuration.m` and `configuration_utils.m`: the exact host or the longest
//! parent with `kTSKIncludeSubdomains`; pinning is enforced unless `kTSKEnforcePinning` is NO; fewer than two hashes
//! where it is enforced, or a hash that is not the base64 of 32 octets, raise an exception when the app starts; after
//! `kTSKExpirationDate` (midnight, UTC) connections go on without pins.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::civil::Date;
use jiff::tz::TimeZone;

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
        // Those of names below, where it is open whether they are meant.
        let mut below = Vec::new();
        for (at, token) in scan.tokens.iter().enumerate() {
            let name = token.word().or_else(|| token.plain()).unwrap_or_default();
            if matches!(name, "kTSKPinnedDomains" | "TSKPinnedDomains") {
                read_domains(&scan, at, &mut source, &mut below);
            }
        }
        if source.entries.is_empty() && source.problems.is_empty() {
            source.problems.push(not_read(
                None,
                "it names TSKPinnedDomains, and no domains are read from it".to_owned(),
            ));
        }
        for (line, what) in named_again(&source.entries) {
            source.problems.push(Problem::of(ProblemKind::NoEffect, line, what));
        }
        source.entries.append(&mut below);
        finish(source)
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        most_specific(source, host)
    }
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
