//! React Native: `initializeSslPinning` and the options of `react-native-ssl-pinning`.
//!
//! Sources: frw/react-native-ssl-public-key-pinning (its hosts, `includeSubdomains`, `publicKeyHashes`,
//! `expirationDate`; it hands them to TrustKit and to OkHttp, and asks for two hashes; from that date, yyyy-MM-dd, on
//! “pinning validation” is disabled, which TrustKit takes as midnight in UTC), and the README of
//! react-native-ssl-pinning: `sslPinning: { certs }` names certificate files of the app, or, with `pkPinning`, hashes
//! of public keys as OkHttp has them, for the host of that request; the README of @bam.tech/react-native-app-security,
//! whose Expo plugin is given hosts and their hashes as `sslPinning` in app.config.js or app.config.ts.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::compared::no_validation;
use super::conditions::Conditions;
use super::gathered::Gathered;
use super::okhttp::pin_value;
use super::scan::{Scan, Span};
use super::trustkit::expiry;
use super::values::Value;
use super::{Language, PinFormat, PinInput, code, host_name, looks_like_host, not_read, unread};
use crate::pins::base64_text;
use crate::pins::formats::problems::concern;
use crate::pins::formats::switch::Switch;
use crate::pins::formats::{most_specific, written};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource, PositionRule,
};

/// The most calls before its options that a request's own call is looked for among.
const MOST_CALLS_WITHIN: usize = 50;

/// How far before a key the bracket of its object is looked for, in tokens.
const NEAR: usize = 500;

/// The format's id.
const ID: &str = "react-native";

/// Pins in JavaScript and TypeScript for React Native.
pub(in crate::pins::formats) struct ReactNative;

impl PinFormat for ReactNative {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        code(input, &[Language::JavaScript])
            .is_some_and(|(text, _)| text.contains("initializeSslPinning(") || text.contains("sslPinning"))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let Some((text, language)) = code(input, &[Language::JavaScript]) else {
            return Ok(PinSource::of(ID));
        };
        let scan = Scan::of(text, language)?;
        let mut source = Gathered::of(ID);
        let conditions = Conditions::of(&scan);
        let is_call =
            |at: &usize| scan.is(at.saturating_add(1), "(") && scan.word_before(*at) != Some("function");
        let calls: Vec<usize> = scan.places(&["initializeSslPinning"]).into_iter().filter(is_call).collect();
        for at in &calls {
            let condition = conditions.at(&scan, *at);
            take_on_condition("initializeSslPinning is called", scan.line(*at), condition, &mut source);
            read_hosts(&scan, at.saturating_add(1), &mut source);
        }
        if let [_, second, ..] = calls.as_slice() {
            let what = "initializeSslPinning is called more than once, and a later call replaces what one before it \
                        has set: which of them holds is not known";
            source.problems.push(not_read(scan.line(*second), what.to_owned()));
        }
        let fetches = scan.places(&["fetch"]);
        for at in scan.places(&["sslPinning"]) {
            // A request that is not made connects nowhere; one without its pins does.
            let call = call_around(&scan, at, &fetches);
            let condition = match call {
                Some(call) => conditions.beyond(&scan, at, call),
                None => conditions.at(&scan, at),
            };
            take_on_condition("sslPinning is given", scan.line(at), condition, &mut source);
            read_request(&scan, at, call, &mut source);
        }
        source.guess(None);
        if let Some(at) = scan.places(&["disableSslPinning"]).into_iter().find(is_call) {
            let why = "disableSslPinning is called in this file: whether pins are in force then is not known";
            source.problems.push(not_read(scan.line(at), why.to_owned()));
            for entry in source.entries.iter_mut().filter(|entry| entry.confidence == Confidence::Read) {
                entry.confidence = Confidence::Guessed(why.to_owned());
            }
        }
        if source.entries.is_empty() && source.problems.is_empty() {
            source.problems.push(not_read(
                None,
                "it names pinning of React Native, and no pins are read from it".to_owned(),
            ));
        }
        source.finish()
    }

    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        let found = most_specific(source, host);
        if found.is_empty() { super::about(source, host) } else { found }
    }
}

fn enforced(why: &str) -> Enforcement {
    Enforcement { mode: EnforcementMode::Yes, why: why.to_owned() }
}

/// Makes a guess of what stands behind a condition, and says so.
fn take_on_condition(what: &str, line: Option<usize>, condition: Option<String>, source: &mut Gathered) {
    let why = condition.map(|condition| format!("{what} {condition}"));
    if let Some(why) = &why {
        source.problems.push(not_read(line, format!("{why}: what holds in a release is not known")));
    }
    source.guess(why);
}

fn read_hosts(scan: &Scan<'_>, open: usize, source: &mut Gathered) {
    let line = scan.line(open);
    let hosts = scan.arguments(open).first().and_then(|hosts| scan.pairs(hosts.clone()));
    let Some(hosts) = hosts else {
        source.problems.push(not_read(
            line,
            "initializeSslPinning is given hosts that this file does not spell out".to_owned(),
        ));
        return;
    };
    for (host, options) in hosts {
        let line = scan.line(host.start);
        let written = scan.written(host.clone());
        // `[HOST]: …` is a name worked out.
        let key = if scan.is(host.start, "[") { scan.inside(host.start).unwrap_or(host) } else { host };
        let Some(name) = scan.text(key).and_then(|host| host_name(&host)) else {
            source.problems.push(not_read(line, format!("the host “{written}” is not defined in this file")));
            continue;
        };
        let Some(options) = scan.pairs(options) else {
            let what = format!("the pins of {name} are not spelt out in this file");
            source.problems.push(not_read(line, what).about([HostPattern::WithSubdomains(name)]));
            continue;
        };
        let subdomains = option(scan, &options, "includeSubdomains")
            .filter(|value| scan.written(value.clone()) != "undefined")
            .map_or(Switch::Off, |value| scan.switch(value));
        if subdomains == Switch::Open {
            let what = format!("whether the names below {name} are pinned, too, is not defined in this file");
            source.problems.push(not_read(line, what).about([HostPattern::WithSubdomains(name.clone())]));
        }
        let scope = subdomains.scope(name.clone());
        let told = source.problems.len();
        let hashes =
            option(scan, &options, "publicKeyHashes").map(|hashes| scan.values(hashes)).unwrap_or_default();
        let pins = read_pins(&hashes, &name, line, source, base64_text::foundation);
        let expiry = option(scan, &options, "expirationDate").and_then(|date| {
            let read = scan.text(date).and_then(|text| expiry(&text));
            if read.is_none() {
                let what = format!(
                    "the expiration date of {name} is no date of the form yyyy-MM-dd that this file spells out: after \
                     it, no pins are enforced"
                );
                source.problems.push(not_read(line, what));
            }
            read
        });
        concern(source.problems.iter_mut().skip(told), std::slice::from_ref(&scope));
        let why = "initializeSslPinning makes TrustKit and OkHttp refuse other keys";
        let entry = PinEntry {
            pins,
            unread: unread(&hashes),
            line,
            expiry,
            confidence: Confidence::Read,
            ..PinEntry::of(scope, enforced(why))
        };
        let below = subdomains.perhaps_below(&entry);
        source.add_apart(entry);
        if let Some(below) = below {
            source.add_apart(below);
        }
    }
}

fn option(scan: &Scan<'_>, options: &[(Span, Span)], name: &str) -> Option<Span> {
    let is_named = |key: &Span| {
        scan.at(key.start).is_some_and(|token| token.word().or_else(|| token.plain()) == Some(name))
    };
    options.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value.clone())
}

fn read_pins(
    values: &[Value],
    host: &str,
    line: Option<usize>,
    source: &mut Gathered,
    read: impl Fn(&str) -> Result<crate::pins::PinValue, crate::pins::PinFault>,
) -> Vec<Pin> {
    let mut pins = Vec::new();
    for value in values {
        match value {
            Value::Text(text, own) => pins.push(Pin::new(text, read(text), PositionRule::Any, own.or(line))),
            Value::Open(written, own) => {
                let what = format!("a pin of {host} is “{written}”, which this file does not define");
                source.problems.push(not_read(own.or(line), what));
            }
        }
    }
    pins
}

/// `fetch(url, { sslPinning: { certs: […] }, pkPinning: true })`.
fn read_request(scan: &Scan<'_>, at: usize, call: Option<usize>, source: &mut Gathered) {
    let start = at.saturating_add(1);
    if !scan.is(start, ":") {
        return;
    }
    let value = start.saturating_add(1)..scan.end_of_expression(start.saturating_add(1));
    let line = scan.line(at);
    let Some(options) = scan.pairs(value) else { return };
    let Some(certs) = option(scan, &options, "certs") else {
        read_plugin(scan, &options, source);
        return;
    };
    let values = scan.values(certs);
    let is_hash = |value: &Value| value.text().is_some_and(|text| text.starts_with("sha256/"));
    if !values.iter().any(is_hash) {
        let names: Vec<&str> = values.iter().filter_map(Value::text).take(5).collect();
        let what = format!(
            "a request is pinned to certificate files of the app ({}), which are not read here",
            names.join(", ")
        );
        source.problems.push(not_read(line, what));
        return;
    }
    let host = call.and_then(|call| host_of_request(scan, call));
    let told = source.problems.len();
    let pins = read_pins(&values, host.as_deref().unwrap_or("a request"), line, source, pin_value);
    let enforcement = enforced_by_request(scan, at, host.as_deref(), source);
    let known: Vec<HostPattern> = host.iter().cloned().map(HostPattern::Exactly).collect();
    concern(source.problems.iter_mut().skip(told), &known);
    let (scope, confidence) = if let Some(host) = host {
        (HostPattern::Exactly(host), Confidence::Read)
    } else {
        let what = "the host of a pinned request is not defined in this file".to_owned();
        source.problems.push(not_read(line, what));
        (HostPattern::Unstated, Confidence::Guessed("its host is not defined in this file".to_owned()))
    };
    let unread = unread(&values);
    source.add_apart(PinEntry { pins, unread, line, confidence, ..PinEntry::of(scope, enforcement) });
}

/// What the options beside `sslPinning` make of the hashes of a request. iOS compares no hashes: AFNetworking is given the
/// certificates of the app's bundle.
fn enforced_by_request(scan: &Scan<'_>, at: usize, host: Option<&str>, source: &mut Gathered) -> Enforcement {
    let line = scan.line(at);
    let options = object_around(scan, at).and_then(|object| scan.pairs(object)).unwrap_or_default();
    let switch = |name| option(scan, &options, name).map_or(Switch::Off, |value| scan.switch(value));
    let unknown = |why: String| Enforcement { mode: EnforcementMode::Unknown, why };
    match switch("disableAllSecurity") {
        Switch::Off => {}
        Switch::On => {
            let what = "disableAllSecurity accepts every certificate for this request";
            source.problems.push(no_validation(line, what));
            return Enforcement { mode: EnforcementMode::No, why: what.to_owned() };
        }
        Switch::Open => {
            let what = "whether disableAllSecurity is on for this request is not defined in this file";
            source.problems.push(not_read(line, what.to_owned()));
            return unknown(what.to_owned());
        }
    }
    let why = match (switch("pkPinning"), host.is_some_and(|host| host.starts_with("www."))) {
        (Switch::On, false) => {
            return enforced(
                "react-native-ssl-pinning refuses other keys for this request on Android; on iOS it compares with the \
                 certificates of the app's bundle, and with no hash",
            );
        }
        (Switch::On, true) => {
            "react-native-ssl-pinning cuts “www.” off before it pins the host on Android: whether anything is compared \
             for this one is not known"
        }
        (Switch::Off, _) => {
            "without pkPinning these are taken for names of certificate files, and no hash is compared"
        }
        (Switch::Open, _) => "whether pkPinning is on for this request is not defined in this file",
    };
    source.problems.push(not_read(line, why.to_owned()));
    unknown(why.to_owned())
}

/// The object whose key stands at this place, brackets included.
fn object_around(scan: &Scan<'_>, at: usize) -> Option<Span> {
    let mut place = at;
    for _ in 0..NEAR {
        place = place.checked_sub(1)?;
        if let Some(open) = scan.opening(place) {
            place = open;
        } else if scan.is(place, "{") {
            return scan.inside(place).map(|inside| place..inside.end.saturating_add(1));
        }
    }
    None
}

/// `sslPinning: { "*.shop.example": [hash, …] }` of an Expo plugin.
fn read_plugin(scan: &Scan<'_>, hosts: &[(Span, Span)], source: &mut Gathered) {
    for (host, hashes) in hosts {
        let line = scan.line(host.start);
        let written = scan.written(host.clone());
        let key = if scan.is(host.start, "[") { scan.inside(host.start) } else { None };
        let name = scan.text(key.unwrap_or_else(|| host.clone()));
        let scope =
            name.as_deref().filter(|name| looks_like_host(name)).map(|name| written::pattern(name, None));
        let Some((name, scope)) =
            name.as_deref().zip(scope).filter(|(_, scope)| *scope != HostPattern::Nowhere)
        else {
            let what = format!("“{written}” in sslPinning is no host that this file defines");
            source.problems.push(not_read(line, what));
            continue;
        };
        let values = scan.values(hashes.clone());
        let told = source.problems.len();
        let pins = read_pins(&values, name, line, source, base64_text::foundation);
        concern(source.problems.iter_mut().skip(told), std::slice::from_ref(&scope));
        let why = "the plugin's README says that hosts with hashes refuse other keys";
        let guess = "read as the Expo plugin reads it; that the app was built with this file was not seen";
        let confidence = Confidence::Guessed(guess.to_owned());
        let unread = unread(&values);
        source.add_apart(PinEntry { pins, unread, line, confidence, ..PinEntry::of(scope, enforced(why)) });
    }
}

/// The call of `fetch` that a place stands in.
fn call_around(scan: &Scan<'_>, at: usize, fetches: &[usize]) -> Option<usize> {
    let before = fetches.partition_point(|call| *call < at);
    let mut calls = fetches.get(..before)?.iter().rev().take(MOST_CALLS_WITHIN).copied();
    calls.find(|call| scan.inside(call.saturating_add(1)).is_some_and(|inside| inside.contains(&at)))
}

/// The host of the address that a call is given first.
fn host_of_request(scan: &Scan<'_>, call: usize) -> Option<String> {
    let address = scan.arguments(call.saturating_add(1)).into_iter().next()?;
    host_of_address(&scan.text(address)?)
}

/// The host of an address.
pub(super) fn host_of_address(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    host_name(rest.split(['/', ':', '?', '#']).next()?)
}
