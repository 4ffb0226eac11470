//! From a document to entries.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Shape;
use crate::pins::formats::json::Json;
use crate::pins::formats::problems::{Problems, shortened};
use crate::pins::formats::switch::{Switch, enforced_perhaps};
use crate::pins::formats::written::{self, Meaning};
use crate::pins::model::{
    AfterExpiry, Confidence, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin, PinEntry,
    PinFault, PinSource, PositionRule, ProblemKind,
};

/// The names under which lists of pins stand beside a host's other settings.
const PIN_LISTS: [&str; 9] = [
    "pins",
    "publicKeyHashes",
    "sha256Keys",
    "sha256",
    "hashes",
    "fingerprints",
    "spki",
    "pinset",
    "publicKeyPins",
];
/// The names under which a host stands in a list.
const HOST_NAMES: [&str; 4] = ["host", "hostname", "domain", "pattern"];
/// Words of a name above a map that say that its values are pins.
const CONTEXT: [&str; 7] = ["pin", "sha256", "spki", "fingerprint", "publickeyhash", "certhash", "hashes"];
/// The most pins of one file.
const MOST_PINS: usize = 20_000;

/// The host of an entry, with its line where it has one, and its value.
type Hosts<'a> = Vec<(&'a str, Option<usize>, &'a Json)>;

/// The shape of a document, if it has pins.
pub(super) fn shape(document: &Json) -> Option<Shape> {
    // Our own format has a reader of its own.
    if document.at("pin").is_some_and(|list| list.items().iter().any(|item| item.at("hosts").is_some())) {
        return None;
    }
    let is_list = |value: &Json| !pin_texts(value).is_empty();
    if document.at("sha256Keys").is_some_and(|keys| keys.members().iter().any(|(_, list)| is_list(list))) {
        return Some(Shape::ReactNative);
    }
    if find(document, "sslPinning", 0).is_some_and(|value| !value.members().is_empty()) {
        return Some(Shape::SslPinning);
    }
    let of_domains = |value: &Json| value.at("pins").is_some_and(is_list);
    if document
        .at("domains")
        .is_some_and(|domains| domains.members().iter().any(|(_, value)| of_domains(value)))
    {
        return Some(Shape::Approov);
    }
    if !host_list(document).is_empty() {
        return Some(Shape::HostList);
    }
    let mut maps = Vec::new();
    find_maps(document, false, &mut maps, 0);
    (!maps.is_empty()).then_some(Shape::Map)
}

/// The entries of a document of this shape.
pub(super) fn source(document: &Json, shape: Shape) -> Result<PinSource, String> {
    let mut problems = Problems::default();
    let hosts: Hosts<'_> = match shape {
        Shape::ReactNative => members(document.at("sha256Keys")),
        Shape::Approov => members(document.at("domains")),
        Shape::SslPinning => members(find(document, "sslPinning", 0)),
        Shape::HostList => host_list(document),
        Shape::Map => {
            let mut maps = Vec::new();
            find_maps(document, false, &mut maps, 0);
            maps
        }
    };
    let mut entries: Vec<PinEntry> = Vec::new();
    let mut count: usize = 0;
    for (host, line, value) in hosts {
        if shape == Shape::SslPinning && !is_host(host) {
            stray_setting(host, line, value, &mut problems);
            continue;
        }
        let (mut pins, mut unread) = (Vec::new(), 0_u32);
        for (text, own) in pin_texts(value) {
            if written::has_build_variable(text) {
                let what =
                    format!("the pin “{}” of {} is put in by a build", shortened(text), shortened(host));
                problems.add(ProblemKind::NotRead, own, what);
                unread = unread.saturating_add(1);
            } else {
                pins.push(pin(text, own));
            }
        }
        count = count.saturating_add(pins.len());
        if count > MOST_PINS {
            return Err(format!("it has more than {MOST_PINS} pins"));
        }
        if pins.is_empty() && unread == 0 {
            let what = format!("no pins are listed for {}", shortened(host));
            problems.add(ProblemKind::NoEffect, line, what);
        }
        let settings = match shape {
            Shape::ReactNative => document.at("domains").and_then(|domains| domains.at(host)),
            _ => Some(value),
        };
        if let Some(text) = end(settings).filter(|text| day(text).is_none()) {
            let what = format!(
                "when the pins of {} end is “{}”, which is no date that is read here",
                shortened(host),
                shortened(text)
            );
            problems.add(ProblemKind::NotRead, line, what);
        }
        let switches = Switches::of(settings, host, line, &mut problems);
        let entry = PinEntry {
            unread,
            pin_set: Some(entries.len().saturating_add(1)),
            line,
            expiry: end(settings).and_then(day),
            confidence: Confidence::Guessed(guess(shape).to_owned()),
            ..entry(host, pins, unread, switches)
        };
        let below = switches.subdomains.perhaps_below(&entry);
        entries.push(entry);
        entries.extend(below);
    }
    Ok(PinSource { entries, problems: problems.into_list(), ..PinSource::of(shape.id()) })
}

fn entry(host: &str, pins: Vec<Pin>, unread: u32, switches: Switches) -> PinEntry {
    let includes = (switches.subdomains != Switch::Open).then_some(switches.subdomains == Switch::On);
    let scope = written::pattern_of_any_net(host, includes);
    let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
    let enforcement = match switches.enforces {
        _ if pins.is_empty() && unread == 0 => of(EnforcementMode::No, "no pins are listed for it"),
        Switch::On => of(
            EnforcementMode::Yes,
            "a configuration of this shape makes the app refuse a chain without any of the keys",
        ),
        Switch::Off => of(
            EnforcementMode::Report,
            "enforcement is switched off in the file: a mismatch is only reported",
        ),
        Switch::Open => enforced_perhaps("enforcePinning"),
    };
    PinEntry { pins, ..PinEntry::of(scope, enforcement) }
}

/// What is said of a host beside its pins.
#[derive(Clone, Copy)]
struct Switches {
    subdomains: Switch,
    enforces: Switch,
}

impl Switches {
    fn of(settings: Option<&Json>, host: &str, line: Option<usize>, problems: &mut Problems) -> Self {
        let mut switch = |names: &[&str], default: Switch| {
            let said = names.iter().find_map(|name| Some((name, settings?.at(name)?)));
            match said {
                None | Some((_, Json::Null)) => default,
                Some((_, Json::Boolean(value))) => (*value).into(),
                Some((name, _)) => {
                    let what = format!("{name} of {} is neither true nor false", shortened(host));
                    problems.add(ProblemKind::NotRead, line, what);
                    Switch::Open
                }
            }
        };
        Self {
            subdomains: switch(&["includeSubdomains", "includeSubDomains", "subdomains"], Switch::Off),
            enforces: switch(&["enforcePinning", "enforce"], Switch::On),
        }
    }
}

fn guess(shape: Shape) -> &'static str {
    match shape {
        Shape::ReactNative => {
            "read as react-native-ssl-manager reads it; that the app loads this file was not seen"
        }
        Shape::Approov => {
            "read as react-native-cert-pinner reads it on Android; that the app was built with this file was not seen"
        }
        Shape::SslPinning => {
            "read as the Expo plugin reads it; that the app was built with this file was not seen"
        }
        Shape::HostList | Shape::Map => {
            "nothing in the file says how the app uses it; taken for keys anywhere in the chain"
        }
    }
}

/// When the pins of a host end, as it is written.
fn end(settings: Option<&Json>) -> Option<&str> {
    let settings = settings?;
    settings.at("expirationDate").or_else(|| settings.at("expires")).and_then(Json::text)
}

/// The start of a day in UTC.
fn day(text: &str) -> Option<Expiry> {
    let at: Timestamp = match text.parse() {
        Ok(at) => at,
        Err(_) => Date::strptime("%Y-%m-%d", text.trim()).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    Some(Expiry {
        at,
        afterwards: AfterExpiry::FailOpen,
        note: "read as TrustKit reads it, which these libraries use: UTC, and no pins afterwards",
        clock: ExpiryClock::Utc,
    })
}

/// What stands in `sslPinning` beside hosts.
fn stray_setting(name: &str, line: Option<usize>, value: &Json, problems: &mut Problems) {
    let (kind, what) = match name {
        "certs" => {
            let files: Vec<&str> = value.items().iter().filter_map(Json::text).take(20).collect();
            let what = format!(
                "it names certificate files of the app ({}), which stand elsewhere",
                files.join(", ")
            );
            (ProblemKind::NotRead, what)
        }
        _ => (ProblemKind::NoEffect, format!("“{}” is no host name and matches no host", shortened(name))),
    };
    problems.add(kind, line, what);
}

fn members(value: Option<&Json>) -> Hosts<'_> {
    let members = value.map_or(&[][..], Json::members);
    members.iter().map(|(name, value)| (name.text.as_str(), Some(name.line), value)).collect()
}

/// The value of a name, at most a few levels down.
fn find<'a>(json: &'a Json, name: &str, depth: usize) -> Option<&'a Json> {
    if depth > 6 {
        return None;
    }
    let deeper = depth.saturating_add(1);
    json.at(name)
        .or_else(|| json.members().iter().find_map(|(_, value)| find(value, name, deeper)))
        .or_else(|| json.items().iter().find_map(|value| find(value, name, deeper)))
}

/// A list of objects that each have a host and pins: the document itself, or a value of it.
fn host_list(document: &Json) -> Hosts<'_> {
    let lists = std::iter::once(document).chain(document.members().iter().map(|(_, value)| value));
    for list in lists {
        let mut hosts: Hosts<'_> = Vec::new();
        for item in list.items() {
            let host = HOST_NAMES.iter().find_map(|name| item.at(name));
            if let Some(Json::Text(host, line)) = host
                && PIN_LISTS.iter().any(|name| item.at(name).is_some())
                && (is_host(host) || (has_hashes(item) && is_host_of_any_net(host)))
            {
                hosts.push((host, Some(*line), item));
            }
        }
        if hosts.iter().any(|(_, _, value)| !pin_texts(value).is_empty()) {
            return hosts;
        }
    }
    Vec::new()
}

/// Every host with pins, wherever it stands. `told` says that a name above speaks of pins.
fn find_maps<'a>(json: &'a Json, told: bool, found: &mut Hosts<'a>, depth: usize) {
    if depth > 8 {
        return;
    }
    let deeper = depth.saturating_add(1);
    for (name, value) in json.members() {
        if is_host(&name.text) {
            let listed = PIN_LISTS.iter().any(|list| value.at(list).is_some());
            let texts = pin_texts(value);
            let prefixed = texts.iter().any(|(text, _)| written::has_prefix(text));
            let hashes = texts.iter().any(|(text, _)| written::is_hash(text));
            if !texts.is_empty() && (prefixed || (hashes && (told || listed))) {
                found.push((&name.text, Some(name.line), value));
                continue;
            }
        }
        let lower = name.text.to_ascii_lowercase();
        let told = told || CONTEXT.iter().any(|word| lower.contains(word));
        find_maps(value, told, found, deeper);
    }
    for item in json.items() {
        find_maps(item, told, found, deeper);
    }
}

/// The texts of a list of pins: the list itself, the list of a host's settings, or `pin` of each object in it. Empty
/// where something stands among them that is none.
fn pin_texts(value: &Json) -> Vec<(&str, Option<usize>)> {
    let list = PIN_LISTS.iter().find_map(|name| value.at(name)).unwrap_or(value);
    match list {
        Json::Text(text, line) if written::has_prefix(text) => vec![(text.as_str(), Some(*line))],
        _ => list.items().iter().filter_map(pin_text).collect(),
    }
}

fn pin_text(item: &Json) -> Option<(&str, Option<usize>)> {
    match ["pin", "hash", "value", "sha256"].iter().find_map(|name| item.at(name)).unwrap_or(item) {
        Json::Text(text, line) => Some((text.as_str(), Some(*line))),
        _ => None,
    }
}

fn pin(text: &str, line: Option<usize>) -> Pin {
    let value = match written::meaning(text) {
        Meaning::Value(value) => Ok(value),
        Meaning::Fault(fault) => Err(fault),
        Meaning::Nothing => Err(PinFault::Empty),
    };
    Pin::new(text, value, PositionRule::Any, line)
}

/// Whether a text can be a host or a pattern of hosts, and not the name of a file or a package.
fn is_host(text: &str) -> bool {
    matches!(written::pattern(text, None), scope if scope != HostPattern::Nowhere)
}

/// The same for a name of one's own net, where it stands as a host.
fn is_host_of_any_net(text: &str) -> bool {
    written::pattern_of_any_net(text, None) != HostPattern::Nowhere
}

/// Whether what is listed for a host are hashes, by their form.
fn has_hashes(item: &Json) -> bool {
    pin_texts(item).iter().any(|(text, _)| written::has_prefix(text) || written::is_hash(text))
}
