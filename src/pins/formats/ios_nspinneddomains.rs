//! Apple's `NSPinnedDomains`, in the Info.plist of an app (iOS 14, macOS 11 and later).
//!
//! Source: Apple developer documentation, “NSPinnedDomains” and “NSAppTransportSecurity”.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::plist::{self, Key, Value};
use super::problems::{concern, named_again};
use super::switch::Switch;
use super::{PinFormat, PinInput, source, trustkit_plist, written};
use crate::pins::base64_text;
use crate::pins::model::{
    Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PinValue, PositionRule,
    Problem, ProblemKind,
};

/// The format's id.
pub(super) const ID: &str = "ios-nspinneddomains";
/// The key of a pin's value.
const VALUE: &str = "SPKI-SHA256-BASE64";
/// The two lists of a host, and what each is compared with.
const LISTS: [(&str, PositionRule); 2] =
    [("NSPinnedLeafIdentities", PositionRule::Leaf), ("NSPinnedCAIdentities", PositionRule::Ca)];

/// `NSPinnedDomains` of an Info.plist, XML or binary.
pub(super) struct IosPinnedDomains;

impl PinFormat for IosPinnedDomains {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        // Source code may hold a property list in a text; it is none. And a list that has the pins of TrustKit and none
        // of these is no business of this format.
        plist::is_plist(input)
            && !source::is_source(input.path)
            && (plist::mentions(input, "NSPinned") || !trustkit_plist::is_configured(input))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let list = plist::read(input).map_err(|error| error.to_string())?;
        let hides_trustkit = !trustkit_plist::is_configured(input);
        let mut reader = Reader { hides_trustkit, ..Reader::default() };
        reader.root(&list);
        for (line, what) in named_again(&reader.entries) {
            reader.problem(ProblemKind::NotRead, line, what);
        }
        Ok(PinSource { entries: reader.entries, problems: reader.problems, ..PinSource::of(ID) })
    }

    /// One entry, as for `NSExceptionDomains`: the host itself, else the longest name above it that includes
    /// its subdomains.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        super::most_specific(source, host)
    }
}

/// The most problems that are listed.
const MOST_PROBLEMS: usize = 500;

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    problems: Vec<Problem>,
    hides_trustkit: bool,
}

impl Reader {
    fn root(&mut self, list: &Value) {
        // Written so that the word does not stand in the file: the format of TrustKit does not see it then.
        if self.hides_trustkit && list.entries().iter().any(|(key, _)| key.text.starts_with("TSK")) {
            let what = "it has pins of TrustKit, in a spelling that is not read".to_owned();
            self.problem(ProblemKind::NotRead, None, what);
        }
        // Beside pins that count, others at the wrong place are no more than idle.
        let counting = list.at("NSAppTransportSecurity").and_then(|security| security.at("NSPinnedDomains"));
        let misplaced = match counting {
            Some(Value::Dictionary(hosts)) if !hosts.is_empty() => ProblemKind::NoEffect,
            _ => ProblemKind::NoHost,
        };
        for (key, _) in list.entries().iter().filter(|(key, _)| key.text == "NSPinnedDomains") {
            let what =
                "NSPinnedDomains stands outside NSAppTransportSecurity, where iOS does not look".to_owned();
            self.problem(misplaced, key.line, what);
        }
        let Some(security) = list.at("NSAppTransportSecurity") else { return };
        for (host, settings) in security.at("NSExceptionDomains").map_or(&[][..], Value::entries) {
            if LISTS.iter().any(|(name, _)| settings.at(name).is_some()) || host.text == "NSPinnedDomains" {
                let what =
                    format!("the pins under NSExceptionDomains ({}) have no effect", short(&host.text));
                self.problem(misplaced, host.line, what);
            }
        }
        match security.at("NSPinnedDomains") {
            None => {}
            Some(Value::Dictionary(hosts)) => {
                for (host, settings) in hosts {
                    let (told, known) = (self.problems.len(), self.entries.len());
                    self.host(host, settings);
                    // Which names below it are meant may be what is not known.
                    let name = self.entries.get(known).and_then(|entry| entry.scope.host());
                    let about = name.map(|name| HostPattern::WithSubdomains(name.to_owned()));
                    concern(self.problems.iter_mut().take(MOST_PROBLEMS).skip(told), about.as_slice());
                }
            }
            Some(other) => {
                let what = format!("NSPinnedDomains is a {} where a dictionary belongs", other.kind());
                self.problem(ProblemKind::NoEffect, None, what);
            }
        }
    }

    fn host(&mut self, key: &Key, settings: &Value) {
        if written::has_build_variable(&key.text) {
            let what =
                format!("the host “{}” is put in by the build: its pins are not read", short(&key.text));
            self.problem(ProblemKind::NotRead, key.line, what);
            return;
        }
        let name = key.text.trim().trim_end_matches('.').to_lowercase();
        if name.is_empty() || name.contains(['*', '/', ':', ' ']) {
            let what = format!("“{}” is no host name and matches no host", short(&key.text));
            let has_pins = LISTS.iter().any(|(list, _)| settings.at(list).is_some());
            let kind = if has_pins { ProblemKind::NoHost } else { ProblemKind::NoEffect };
            self.problem(kind, key.line, what);
        }
        if !matches!(settings, Value::Dictionary(_)) {
            let what = format!("{name} has a {} where a dictionary belongs", settings.kind());
            self.problem(ProblemKind::NoEffect, key.line, what);
        }
        let subdomains = self.includes_subdomains(&name, settings);
        for (setting, _) in settings.entries() {
            let known =
                setting.text == "NSIncludesSubdomains" || LISTS.iter().any(|(list, _)| *list == setting.text);
            if !known {
                let what =
                    format!("{} of {name} is no key of a pinned domain and is ignored", short(&setting.text));
                self.problem(ProblemKind::NoEffect, setting.line, what);
            }
        }
        let (mut pins, mut unread, mut open_lists) = (Vec::new(), 0_u32, 0_u32);
        for (list, position) in LISTS {
            let identities = self.identities(&name, list, position, settings);
            // A list without anything that is read may be one that no chain satisfies.
            open_lists = open_lists.saturating_add(u32::from(identities.is_none()));
            for pin in identities.unwrap_or_default() {
                if matches!(&pin.value, Err(PinFault::NotOfThisPlatform(why)) if why == AROUND) {
                    let what =
                        format!("the pin “{}” of {name} cannot be told: {AROUND}", short(&pin.written));
                    self.problem(ProblemKind::NotRead, pin.line, what);
                    unread = unread.saturating_add(1);
                } else if pin.value.is_err() && written::has_build_variable(&pin.written) {
                    let what = format!("the pin “{}” of {name} is put in by the build", short(&pin.written));
                    self.problem(ProblemKind::NotRead, pin.line, what);
                    unread = unread.saturating_add(1);
                } else {
                    pins.push(pin);
                }
            }
        }
        let enforcement = if pins.is_empty() && unread == 0 {
            let what = format!("{name} has no identities; Apple requires at least one list with one");
            self.problem(ProblemKind::NoEffect, key.line, what);
            let (mode, why) = if open_lists == 0 {
                (EnforcementMode::No, "no identities are listed")
            } else {
                (
                    EnforcementMode::Unknown,
                    "its lists are empty, and what iOS makes of that is not documented",
                )
            };
            Enforcement { mode, why: why.to_owned() }
        } else {
            let both = LISTS.iter().all(|(_, rule)| pins.iter().any(|pin| pin.position == *rule));
            let why = if both {
                "iOS refuses a chain unless each of the two lists has one of its keys; these pins never expire"
            } else {
                "iOS refuses a chain without any of the listed keys; these pins never expire"
            };
            Enforcement { mode: EnforcementMode::Yes, why: why.to_owned() }
        };
        let scope = subdomains.scope(name);
        let entry = PinEntry {
            pins,
            unread: unread.saturating_add(open_lists),
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: key.line,
            ..PinEntry::of(scope, enforcement)
        };
        let below = subdomains.perhaps_below(&entry);
        self.entries.push(entry);
        self.entries.extend(below);
    }

    fn includes_subdomains(&mut self, name: &str, settings: &Value) -> Switch {
        match settings.at("NSIncludesSubdomains") {
            Some(Value::Boolean(value)) => (*value).into(),
            None => Switch::Off,
            Some(other) => {
                let what = format!(
                    "NSIncludesSubdomains of {name} is a {} where a boolean belongs; what iOS makes of it is not documented",
                    other.kind()
                );
                self.problem(ProblemKind::NotRead, None, what);
                Switch::Open
            }
        }
    }

    /// The identities of a list; none where there is a list of which it is not known what iOS makes of it.
    fn identities(
        &mut self,
        name: &str,
        list: &str,
        position: PositionRule,
        settings: &Value,
    ) -> Option<Vec<Pin>> {
        let line = settings.entries().iter().find(|(key, _)| key.text == list).and_then(|(key, _)| key.line);
        match settings.at(list) {
            None => Some(Vec::new()),
            Some(Value::Array(items)) if items.is_empty() => {
                let what = format!(
                    "{list} of {name} is empty, and whether iOS then refuses every chain is not documented; remove it or \
                     list keys in it"
                );
                self.problem(ProblemKind::NotRead, line, what);
                None
            }
            Some(Value::Array(items)) => Some(items.iter().map(|item| identity(item, position)).collect()),
            Some(other) => {
                let what = format!(
                    "{list} of {name} is a {} where an array belongs; what iOS makes of it is not documented",
                    other.kind()
                );
                self.problem(ProblemKind::NotRead, line, what);
                None
            }
        }
    }

    fn problem(&mut self, kind: ProblemKind, line: Option<usize>, what: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::of(kind, line, what));
        } else if self.problems.len() == MOST_PROBLEMS {
            let what = format!("the file has more than {MOST_PROBLEMS} problems; the rest is not listed");
            self.problems.push(Problem::of(ProblemKind::NotRead, line, what));
        }
    }
}

fn identity(item: &Value, position: PositionRule) -> Pin {
    match item {
        Value::Dictionary(_) => match item.at(VALUE) {
            Some(Value::Text(text, line)) => Pin::new(text, value(text), position, *line),
            Some(other) => Pin::new("", Err(PinFault::NotText(other.kind())), position, None),
            None => {
                let line = item.entries().first().and_then(|(key, _)| key.line);
                Pin::new("", Err(PinFault::NoPrefix(VALUE)), position, line)
            }
        },
        Value::Text(text, line) => Pin::new(text, Err(PinFault::NoPrefix(VALUE)), position, *line),
        other => Pin::new("", Err(PinFault::NotDictionary(other.kind())), position, None),
    }
}

/// Why a hash with white space around it is not read.
const AROUND: &str = "white space stands around it, and whether iOS leaves that aside is not documented";

fn value(written: &str) -> Result<PinValue, PinFault> {
    let text = written.trim();
    if text.len() < written.len() && base64_text::foundation(text).is_ok() {
        return Err(PinFault::NotOfThisPlatform(AROUND.to_owned()));
    }
    match ["sha256//", "sha256/", "sha-256/"].into_iter().find(|prefix| text.starts_with(prefix)) {
        Some(prefix) => Err(PinFault::Prefix(prefix)),
        None => base64_text::foundation(text),
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
