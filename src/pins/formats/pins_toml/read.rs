//! From the tree to entries, with every mistake told by its line and what was probably meant.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::value::{self, KINDS, Kind};
use crate::pins::formats::json::{Json, Name};
use crate::pins::formats::problems::{Problems, shortened};
use crate::pins::formats::switch::Switch;
use crate::pins::formats::written;
use crate::pins::model::{
    AfterExpiry, Bootstrap, Completion, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin,
    PinEntry, PinFault, PinSource, PositionRule, ProblemKind,
};

/// The keys of an entry.
const ENTRY_KEYS: [&str; 13] = [
    "hosts",
    "subdomains",
    "pins",
    "forbidden",
    "kind",
    "position",
    "enforce",
    "expires",
    "afterwards",
    "platform",
    "released",
    "bootstrap",
    "completes",
];
/// The keys of a pin.
const PIN_KEYS: [&str; 4] = ["value", "kind", "position", "label"];
/// The keys of the file.
const FILE_KEYS: [&str; 2] = ["version", "pin"];
const POSITIONS: [(&str, PositionRule); 3] =
    [("any", PositionRule::Any), ("leaf", PositionRule::Leaf), ("ca", PositionRule::Ca)];
const SUBDOMAINS: [(&str, Subdomains); 3] =
    [("none", Subdomains::None), ("one-label", Subdomains::OneLabel), ("all", Subdomains::All)];
const ENFORCE: [(&str, EnforcementMode); 3] =
    [("yes", EnforcementMode::Yes), ("report", EnforcementMode::Report), ("no", EnforcementMode::No)];
const AFTERWARDS: [(&str, AfterExpiry); 2] =
    [("open", AfterExpiry::FailOpen), ("closed", AfterExpiry::FailClosed)];
const BOOTSTRAPS: [(&str, Bootstrap); 6] = [
    ("signed", Bootstrap::Signed),
    ("pinned", Bootstrap::Pinned),
    ("validated", Bootstrap::ValidatedOnly),
    ("first-use", Bootstrap::FirstUse),
    ("tofu", Bootstrap::FirstUse),
    ("unstated", Bootstrap::Unstated),
];
/// The most files that one completes.
const MOST_COMPLETED: usize = 1000;
/// The most pins of one file, all hosts together.
const MOST_PINS: usize = 50_000;

/// Which names below a host are meant, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subdomains {
    None,
    OneLabel,
    All,
}

/// Reads a document.
pub(super) fn source(document: &Json) -> Result<PinSource, String> {
    let mut reader = Reader { room: MOST_PINS, ..Reader::default() };
    reader.check_keys(document, &FILE_KEYS, "the file");
    match document.at("version") {
        None => {}
        Some(Json::Number(number)) if number == "1" => {}
        Some(_) => return Err("the version of the file is not 1, which is the one known here".to_owned()),
    }
    for item in document.at("pin").map_or(&[][..], Json::items) {
        reader.entry(item);
    }
    if reader.room == 0 {
        return Err(format!("its hosts have more than {MOST_PINS} pins together"));
    }
    Ok(PinSource {
        entries: reader.entries,
        completes: reader.completes.into_boxed_slice(),
        problems: reader.problems.into_list(),
        ..PinSource::of(super::ID)
    })
}

/// What stands in the file and cannot be read.
#[derive(Clone, Copy)]
struct NotKnown;

/// The pins of a list, and how many more it has that are not known.
#[derive(Default)]
struct Listed {
    read: Vec<Pin>,
    unread: u32,
}

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    completes: Vec<Completion>,
    problems: Problems,
    room: usize,
}

impl Reader {
    fn entry(&mut self, item: &Json) {
        let line = item.members().iter().map(|(name, _)| name.line).min();
        if !matches!(item, Json::Object(_)) {
            return self.wrong(line, format!("a pin is a {} where a table belongs", item.kind()));
        }
        self.check_keys(item, &ENTRY_KEYS, "a pin");
        let subdomains = match item.at("subdomains") {
            Some(Json::Boolean(true)) => Some(Subdomains::All),
            Some(Json::Boolean(false)) => Some(Subdomains::None),
            _ => self.choice_or(item, "subdomains", &SUBDOMAINS, Some(Subdomains::None)),
        };
        let kind = self.choice_or(item, "kind", &KINDS, Some(Kind::Spki));
        let position = self.choice_or(item, "position", &POSITIONS, Some(PositionRule::Any));
        let pins = self.pins(item, "pins", kind, position);
        let forbidden = self.pins(item, "forbidden", kind, Some(PositionRule::Any));
        let expiry = self.expiry(item);
        let released = self.time(item, "released");
        let bootstrap = self.choice(item, "bootstrap", &BOOTSTRAPS);
        self.check_bootstrap(item, bootstrap, line);
        let open = if expiry.is_err() {
            Some("when the pins end, or what happens then, could not be read")
        } else if forbidden.unread > 0 {
            Some("one of the keys that are forbidden could not be read")
        } else {
            None
        };
        let enforcement = self.enforcement(item, (&pins, &forbidden), open);
        let platform = item.at("platform").and_then(Json::text).map(|text| text.chars().take(80).collect());
        let hosts = self.hosts(item, line);
        let first = self.entries.len();
        let number = self.entries.last().and_then(|entry| entry.pin_set).unwrap_or(0).saturating_add(1);
        for (host, line) in hosts {
            self.room = self.room.saturating_sub(pins.read.len()).saturating_sub(forbidden.read.len());
            if self.room == 0 {
                return;
            }
            let scope = self.scope(&host, subdomains, line);
            let entry = PinEntry {
                pins: pins.read.clone(),
                unread: pins.unread,
                forbidden: forbidden.read.clone(),
                expiry: expiry.clone().unwrap_or_default(),
                pin_set: Some(number),
                line,
                bootstrap,
                platform: Option::clone(&platform),
                released,
                ..PinEntry::of(scope, enforcement.clone())
            };
            let below = subdomains.map_or(Switch::Open, |_| Switch::Off).perhaps_below(&entry);
            self.entries.push(entry);
            self.entries.extend(below);
        }
        // A list that is itself not known whole completes nothing.
        if pins.unread == 0 {
            self.completes(item, first, &pins.read);
        }
    }

    /// The files of which an entry says what cannot be read in them, with the hosts of the entries since the first.
    fn completes(&mut self, item: &Json, first: usize, pins: &[Pin]) {
        let line = line_of(item, "completes");
        let files = match item.at("completes") {
            None => return,
            Some(Json::Array(files)) => files.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        // Names that are only perhaps meant are not written down.
        let scopes = self.entries.iter().skip(first).map(|entry| &entry.scope);
        let hosts: Vec<HostPattern> =
            scopes.filter(|scope| !matches!(scope, HostPattern::Below(_))).cloned().collect();
        for file in files {
            let Json::Text(file, line) = file else {
                self.wrong(line, format!("completes has a {} where a file belongs", file.kind()));
                continue;
            };
            if self.completes.len() >= MOST_COMPLETED {
                self.wrong(Some(*line), format!("the file completes more than {MOST_COMPLETED} others"));
                return;
            }
            // Each has hosts and pins of its own.
            self.room = self.room.saturating_sub(pins.len()).saturating_sub(hosts.len());
            if self.room == 0 {
                return;
            }
            let (file, line) = (file.clone(), Some(*line));
            self.completes.push(Completion { file, line, hosts: hosts.clone(), pins: pins.to_vec() });
        }
    }

    fn hosts(&mut self, item: &Json, line: Option<usize>) -> Vec<(String, Option<usize>)> {
        let list = match item.at("hosts") {
            Some(Json::Text(host, line)) => return vec![(host.clone(), Some(*line))],
            Some(Json::Array(items)) => items.as_slice(),
            Some(other) => {
                self.wrong(line, format!("hosts is a {} where a list of names belongs", other.kind()));
                &[]
            }
            None => &[],
        };
        let mut hosts = Vec::new();
        for host in list {
            match host {
                Json::Text(text, line) => hosts.push((text.clone(), Some(*line))),
                other => self.wrong(line, format!("a host is a {} where a name belongs", other.kind())),
            }
        }
        if hosts.is_empty() {
            self.wrong(
                line,
                "a pin names no hosts; write hosts = [\"…\"], or [\"*\"] for every host".to_owned(),
            );
        }
        hosts
    }

    fn scope(&mut self, host: &str, subdomains: Option<Subdomains>, line: Option<usize>) -> HostPattern {
        if host.trim() == "*" {
            return HostPattern::Unstated;
        }
        let scope = written::pattern_of_any_net(host, (subdomains == Some(Subdomains::All)).then_some(true));
        match (scope, subdomains) {
            (HostPattern::Nowhere, _) => {
                let what = format!(
                    "“{}” is no host name; ports, paths and “https://” do not belong to it",
                    shortened(host)
                );
                self.wrong(line, what);
                HostPattern::Nowhere
            }
            (HostPattern::Exactly(name), Some(Subdomains::OneLabel)) => HostPattern::OneLabelBelow(name),
            (scope, _) => scope,
        }
    }

    fn pins(
        &mut self,
        item: &Json,
        list: &str,
        kind: Option<Kind>,
        position: Option<PositionRule>,
    ) -> Listed {
        let mut pins = Listed::default();
        let items = match item.at(list) {
            Some(Json::Array(items)) => items.as_slice(),
            Some(one @ (Json::Text(..) | Json::Object(_))) => std::slice::from_ref(one),
            Some(other) => {
                self.wrong(line_of(item, list), format!("{list} is a {} where a list belongs", other.kind()));
                pins.unread = 1;
                &[]
            }
            None => &[],
        };
        for item in items {
            let (text, line, kind, position, label) = match item {
                Json::Text(text, line) => (text.as_str(), Some(*line), kind, position, None),
                Json::Object(members) => {
                    self.check_keys(item, &PIN_KEYS, "the table of a pin");
                    let line = members.first().map(|(name, _)| name.line);
                    let kind = self.choice_or(item, "kind", &KINDS, kind);
                    let position = self.choice_or(item, "position", &POSITIONS, position);
                    let text = item.at("value").and_then(Json::text).unwrap_or_default();
                    (text, line, kind, position, item.at("label").and_then(Json::text))
                }
                other => {
                    self.wrong(
                        line_of(&Json::Null, ""),
                        format!("a pin is a {} where a text belongs", other.kind()),
                    );
                    pins.unread = pins.unread.saturating_add(1);
                    continue;
                }
            };
            if written::has_build_variable(text) {
                self.wrong(line, format!("the pin “{}” is put in by a build", shortened(text)));
            }
            // What it is compared as was told already, where that is not known.
            let (Some(kind), Some(position), false) = (kind, position, written::has_build_variable(text))
            else {
                pins.unread = pins.unread.saturating_add(1);
                continue;
            };
            let value = value::read(text, kind);
            if let Err(fault) = &value {
                let meant = match fault {
                    PinFault::WrongLength(_) => {
                        "; a pin is the SHA-1 (20 octets), SHA-256 (32) or SHA-512 (64) hash, a raw key's SHA-256 alone"
                    }
                    PinFault::NotBase64 => "; write it in base64 or hexadecimal",
                    _ => "",
                };
                self.wrong(line, format!("the pin “{}” cannot be read: {fault}{meant}", shortened(text)));
            }
            pins.read.push(Pin::new(text, value, position, line).labelled(label));
        }
        pins
    }

    fn enforcement(
        &mut self,
        item: &Json,
        (pins, forbidden): (&Listed, &Listed),
        open: Option<&str>,
    ) -> Enforcement {
        let is_empty = |list: &Listed| list.read.is_empty() && list.unread == 0;
        let mode = match item.at("enforce") {
            Some(Json::Boolean(true)) | None => EnforcementMode::Yes,
            Some(Json::Boolean(false)) => EnforcementMode::No,
            _ => self.choice(item, "enforce", &ENFORCE).unwrap_or(EnforcementMode::Unknown),
        };
        let why = match mode {
            // Keys that are forbidden are refused by themselves; what comes at run time may ask for more.
            EnforcementMode::Yes
                if is_empty(pins) && (is_empty(forbidden) || item.at("bootstrap").is_some()) =>
            {
                let (mode, why) = if item.at("bootstrap").is_some() {
                    let why = "its pins come at run time, and the file lists none of them";
                    (EnforcementMode::Unknown, why)
                } else {
                    (EnforcementMode::No, "no pins are listed for it")
                };
                return Enforcement { mode, why: why.to_owned() };
            }
            EnforcementMode::Yes if is_empty(pins) => {
                "the file says that a chain with a key that it forbids is refused"
            }
            EnforcementMode::Yes => "the file says that a mismatch refuses the connection",
            EnforcementMode::Report => "the file says that a mismatch is reported and the connection goes on",
            EnforcementMode::No => "the file says that the pins are not enforced",
            EnforcementMode::Unknown => "what the file says of enforcement could not be read",
        };
        let (mode, why) = match open {
            Some(open) if mode != EnforcementMode::No => (EnforcementMode::Unknown, open),
            _ => (mode, why),
        };
        Enforcement { mode, why: why.to_owned() }
    }

    fn check_bootstrap(&mut self, item: &Json, bootstrap: Option<Bootstrap>, line: Option<usize>) {
        let line = line_of(item, "bootstrap").or(line);
        let what = match bootstrap {
            None | Some(Bootstrap::Signed | Bootstrap::Pinned) => return,
            Some(Bootstrap::ValidatedOnly) => {
                "its pins come at run time over a connection that is only validated: whoever has a certificate for it \
                 sets them"
            }
            Some(Bootstrap::FirstUse) => {
                "it trusts what it meets first: whoever is in between at the first contact stays there"
            }
            Some(Bootstrap::Unstated) => {
                "its pins come at run time, and what authenticates the first contact is not said"
            }
        };
        self.problems.add(ProblemKind::UnauthenticatedBootstrap, line, what.to_owned());
    }

    /// When the pins end, if they do; an error where that cannot be read.
    fn expiry(&mut self, item: &Json) -> Result<Option<Expiry>, NotKnown> {
        let at = self.time(item, "expires");
        let afterwards = self.choice_or(item, "afterwards", &AFTERWARDS, Some(AfterExpiry::FailOpen));
        if item.at("expires").is_some() && item.at("afterwards").is_none() {
            let what = "expires without afterwards: write afterwards = \"open\" (no pins then) or \"closed\" (no \
                        connection); read as “open”";
            self.problems.add(ProblemKind::NoEffect, line_of(item, "expires"), what.to_owned());
        }
        match (at, afterwards) {
            _ if item.at("expires").is_none() => Ok(None),
            (Some(at), Some(afterwards)) => Ok(Some(Expiry {
                at,
                afterwards,
                note: "as the file says; a day alone begins at midnight in UTC",
                clock: ExpiryClock::Utc,
            })),
            _ => Err(NotKnown),
        }
    }

    /// A day or a moment.
    fn time(&mut self, item: &Json, key: &str) -> Option<Timestamp> {
        let value = item.at(key)?;
        let text = value.text().unwrap_or_default().trim();
        let day =
            || Date::strptime("%Y-%m-%d", text).ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
        let at = text.parse().ok().or_else(day);
        if at.is_none() {
            let what =
                format!("{key} “{}” is no day like 2027-01-31 and no moment of RFC 3339", shortened(text));
            self.wrong(line_of(item, key), what);
        }
        at
    }

    /// One of several words, or what holds where there is none; nothing where another one stands.
    fn choice_or<T: Copy>(
        &mut self,
        item: &Json,
        key: &str,
        known: &[(&str, T)],
        default: Option<T>,
    ) -> Option<T> {
        if item.at(key).is_none() { default } else { self.choice(item, key, known) }
    }

    /// One of several words; another one is told with the nearest that there is.
    fn choice<T: Copy>(&mut self, item: &Json, key: &str, known: &[(&str, T)]) -> Option<T> {
        let value = item.at(key)?;
        let text = value.text().unwrap_or_default().trim().to_ascii_lowercase();
        let found = known.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let written = value
                .text()
                .map_or_else(|| format!("a {}", value.kind()), |text| format!("“{}”", shortened(text)));
            let what =
                format!("{key} is {written}; it is one of “{}”{}", names.join("”, “"), meant(&text, &names));
            self.wrong(line_of(item, key), what);
        }
        found.map(|(_, value)| *value)
    }

    fn check_keys(&mut self, item: &Json, known: &[&str], of: &str) {
        for (Name { text, line }, _) in item.members() {
            if !known.contains(&text.as_str()) {
                let what = format!("“{}” is no key of {of}{}", shortened(text), meant(text, known));
                self.wrong(Some(*line), what);
            }
        }
    }

    /// What cannot be read is not known: nothing is guessed for it.
    fn wrong(&mut self, line: Option<usize>, what: String) {
        self.problems.add(ProblemKind::NotRead, line, what);
    }
}

fn line_of(item: &Json, key: &str) -> Option<usize> {
    item.members().iter().find(|(name, _)| name.text == key).map(|(name, _)| name.line)
}

/// The word that was probably meant.
fn meant(text: &str, known: &[&str]) -> String {
    let short: String = text.chars().take(40).collect();
    known
        .iter()
        .map(|name| (strsim::osa_distance(name, &short), name))
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map_or_else(String::new, |(_, name)| format!("; “{name}” was probably meant"))
}
