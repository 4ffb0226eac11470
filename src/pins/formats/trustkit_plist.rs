//! TrustKit's configuration on iOS and macOS: `TSKConfiguration` in an Info.plist, or a plist of its own.
//!
//! Source: TrustKit's own reader, `parse_configuration.m`, `configuration_utils.m` (which entry a host takes) and
//! `TSKTrustKitConfig.h` (what each key means). What it raises an exception for ends the app as it starts.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::plist::{self, Key, Value};
use super::problems::{Problems, named_again, shortened};
use super::switch::{Switch, enforced_perhaps};
use super::{PinFormat, PinInput, written};
use crate::pins::base64_text;
use crate::pins::model::{
    AfterExpiry, Confidence, Enforcement, EnforcementMode, Expiry, ExpiryClock, HostPattern, Pin, PinEntry,
    PinFault, PinSource, PositionRule, ProblemKind,
};

/// The format's id.
pub(super) const ID: &str = "trustkit";
/// The keys of a domain that TrustKit knows, those of its first versions last.
const DOMAIN_KEYS: [&str; 8] = [
    "TSKPublicKeyHashes",
    "TSKIncludeSubdomains",
    "TSKEnforcePinning",
    "TSKExcludeSubdomainFromParentPolicy",
    "TSKExpirationDate",
    "TSKReportUris",
    "TSKDisableDefaultReportUri",
    "TSKAdditionalTrustAnchors",
];

/// `TSKConfiguration`, XML or binary.
pub(super) struct TrustKitPlist;

/// Whether a property list has a configuration of TrustKit.
pub(super) fn is_configured(input: &PinInput<'_>) -> bool {
    plist::is_plist(input)
        && ["TSKConfiguration", "TSKPinnedDomains"].iter().any(|word| plist::mentions(input, word))
}

impl PinFormat for TrustKitPlist {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        is_configured(input)
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let list = plist::read(input).map_err(|error| error.to_string())?;
        let mut reader = Reader { is_mac: is_mac(&list), ..Reader::default() };
        reader.root(&list);
        for (line, what) in named_again(&reader.entries) {
            reader.problems.add(ProblemKind::NotRead, line, what);
        }
        Ok(PinSource { entries: reader.entries, problems: reader.problems.into_list(), ..PinSource::of(ID) })
    }

    /// One entry: the host's own, else the longest name above it that includes its subdomains and has the same public
    /// suffix.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        let found = super::most_specific(source, host);
        let same_registry = |entry: &&PinEntry| {
            entry.scope.host().is_some_and(|name| name == host || registry(name) == registry(host))
        };
        found.into_iter().filter(same_registry).collect()
    }
}

/// The length of the public suffix of a name; none where no registry is known for it.
fn registry(name: &str) -> Option<usize> {
    psl::suffix(name.as_bytes()).filter(psl::Suffix::is_known).map(|suffix| suffix.as_bytes().len())
}

/// Whether an Info.plist is of a Mac app, for which TrustKit has another default.
fn is_mac(list: &Value) -> bool {
    list.at("LSMinimumSystemVersion").is_some() && list.at("LSRequiresIPhoneOS").is_none()
}

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    problems: Problems,
    is_mac: bool,
    overridden_for_user_anchors: bool,
    guessed: bool,
}

impl Reader {
    fn root(&mut self, list: &Value) {
        let configuration = match list.at("TSKConfiguration") {
            Some(configuration) => configuration,
            None if list.at("TSKPinnedDomains").is_some() => {
                self.guessed = true;
                list
            }
            None => {
                let what = "TSKConfiguration stands where TrustKit does not look: not at the top of the file";
                return self.problems.add(ProblemKind::NoEffect, None, what.to_owned());
            }
        };
        if self.is_mac {
            let key = "TSKIgnorePinningForUserDefinedTrustAnchors";
            self.overridden_for_user_anchors =
                self.flag("the configuration", configuration, key, true) != Switch::Off;
        }
        let Some(Value::Dictionary(domains)) = configuration.at("TSKPinnedDomains") else {
            let what = "TSKConfiguration has no TSKPinnedDomains dictionary, and TrustKit stops the app";
            return self.problems.add(ProblemKind::Refused, None, what.to_owned());
        };
        if domains.is_empty() {
            let what = "TSKPinnedDomains is empty, and TrustKit stops the app";
            self.problems.add(ProblemKind::Refused, None, what.to_owned());
        }
        for (name, policy) in domains {
            let (told, known) = (self.problems.len(), self.entries.len());
            self.domain(name, policy);
            let host = self.entries.get(known).and_then(|entry| entry.scope.host());
            let about = host.map(|host| HostPattern::WithSubdomains(host.to_owned()));
            self.problems.concern(told, about.as_slice());
        }
        self.check_exclusions();
    }

    fn domain(&mut self, key: &Key, policy: &Value) {
        if written::has_build_variable(&key.text) {
            let what = format!("the host “{}” is put in by the build", shortened(&key.text));
            return self.problems.add(ProblemKind::NotRead, key.line, what);
        }
        let name = key.text.trim().trim_end_matches('.').to_lowercase();
        let registry = registry(&name);
        if registry.is_none() {
            self.refuse(key.line, format!("“{}” has no registry suffix that is known", shortened(&name)));
        }
        if name.contains(['*', '/', ':', ' ']) {
            let what = format!("“{}” is no host name and matches no host", shortened(&key.text));
            self.problems.add(ProblemKind::NoEffect, key.line, what);
        }
        let Value::Dictionary(settings) = policy else {
            return self
                .refuse(key.line, format!("{name} has a {} where a dictionary belongs", policy.kind()));
        };
        for (setting, _) in settings {
            if setting.text == "TSKPublicKeyAlgorithms" {
                let what = format!("TSKPublicKeyAlgorithms of {name} is read by TrustKit before 1.6 only");
                self.problems.add(ProblemKind::NoEffect, setting.line, what);
            } else if !DOMAIN_KEYS.contains(&setting.text.as_str()) {
                let what = format!("{} of {name} is no key of TrustKit", shortened(&setting.text));
                self.problems.add(ProblemKind::NoEffect, setting.line, what);
            }
        }
        let excluded = self.flag(&name, policy, "TSKExcludeSubdomainFromParentPolicy", false);
        if excluded == Switch::On {
            if settings.len() > 1 {
                let what = format!("{name} is excluded from its parent's policy and has other keys beside");
                self.refuse(key.line, what);
            }
            let why = "it is excluded from the policy of the name above it".to_owned();
            let enforcement = Enforcement { mode: EnforcementMode::No, why };
            let entry = PinEntry::of(HostPattern::Exactly(name), enforcement);
            self.add(key.line, PinEntry { is_excluded: true, ..entry });
            return;
        }
        let subdomains = self.flag(&name, policy, "TSKIncludeSubdomains", false);
        if subdomains == Switch::On && registry == Some(name.len()) {
            self.refuse(key.line, format!("{name} is a public suffix and includes its subdomains"));
        }
        let enforces = self.flag(&name, policy, "TSKEnforcePinning", true);
        self.check_reports(&name, key.line, policy, enforces);
        let expiry = self.expiry(&name, policy);
        let (pins, unread) = self.pins(&name, key.line, policy);
        let distinct: BTreeSet<_> = pins.iter().filter_map(Pin::spki).collect();
        let needed = if enforces == Switch::On { 2 } else { 1 };
        if unread == 0 && distinct.len() < needed {
            let has = distinct.len();
            let what = format!("{name} has {has} different pins, and TrustKit wants at least {needed}");
            self.refuse(key.line, what);
        }
        let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
        let enforcement = match enforces {
            _ if excluded == Switch::Open => enforced_perhaps("TSKExcludeSubdomainFromParentPolicy"),
            Switch::Open => enforced_perhaps("TSKEnforcePinning"),
            Switch::On => of(EnforcementMode::Yes, "TrustKit refuses a chain without any of the pinned keys"),
            Switch::Off => of(
                EnforcementMode::Report,
                "TSKEnforcePinning is off: TrustKit reports a mismatch and connects",
            ),
        };
        let scope = subdomains.scope(name);
        let entry = PinEntry {
            pins,
            unread,
            expiry,
            overridden_for_user_anchors: self.overridden_for_user_anchors,
            pin_set: Some(self.entries.len().saturating_add(1)),
            ..PinEntry::of(scope, enforcement)
        };
        let below = subdomains.perhaps_below(&entry);
        self.add(key.line, entry);
        if let Some(below) = below {
            self.add(key.line, below);
        }
    }

    fn add(&mut self, line: Option<usize>, entry: PinEntry) {
        let confidence = if self.guessed {
            Confidence::Guessed(
                "the app hands this file to TrustKit in its code, which was not seen".to_owned(),
            )
        } else {
            Confidence::Stated
        };
        self.entries.push(PinEntry { line, confidence, ..entry });
    }

    fn pins(&mut self, name: &str, line: Option<usize>, policy: &Value) -> (Vec<Pin>, u32) {
        let items = match policy.at("TSKPublicKeyHashes") {
            Some(Value::Array(items)) => items.as_slice(),
            None => &[],
            Some(other) => {
                let what =
                    format!("TSKPublicKeyHashes of {name} is a {} where an array belongs", other.kind());
                self.refuse(line, what);
                &[]
            }
        };
        let (mut pins, mut unread) = (Vec::new(), 0_u32);
        for item in items {
            let pin = match item {
                Value::Text(text, line) if written::has_build_variable(text) => {
                    let what = format!("the pin “{}” of {name} is put in by the build", shortened(text));
                    self.problems.add(ProblemKind::NotRead, *line, what);
                    unread = unread.saturating_add(1);
                    continue;
                }
                Value::Text(text, line) => {
                    Pin::new(text, base64_text::foundation(text), PositionRule::Any, *line)
                }
                other => Pin::new("", Err(PinFault::NotText(other.kind())), PositionRule::Any, line),
            };
            if let Err(fault) = &pin.value {
                let what = format!("the pin “{}” of {name} cannot be read: {fault}", shortened(&pin.written));
                self.refuse(pin.line, what);
            }
            pins.push(pin);
        }
        (pins, unread)
    }

    fn expiry(&mut self, name: &str, policy: &Value) -> Option<Expiry> {
        match policy.at("TSKExpirationDate")? {
            Value::Text(text, line) => {
                let date = Date::strptime("%Y-%m-%d", text.trim()).ok();
                let midnight = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
                if midnight.is_none() {
                    let what = format!(
                        "the expiration date “{}” of {name} is not of the form yyyy-MM-dd, and the pins never end",
                        shortened(text)
                    );
                    self.problems.add(ProblemKind::NoEffect, *line, what);
                }
                midnight.map(|midnight| Expiry {
                    at: midnight.timestamp(),
                    afterwards: AfterExpiry::FailOpen,
                    note: "at the start of that day in UTC",
                    clock: ExpiryClock::Utc,
                })
            }
            other => {
                let what = format!("TSKExpirationDate of {name} is a {} where a text belongs", other.kind());
                self.refuse(None, what);
                None
            }
        }
    }

    /// Pins that only report, to nobody.
    fn check_reports(&mut self, name: &str, line: Option<usize>, policy: &Value, enforces: Switch) {
        let somebody = matches!(policy.at("TSKReportUris"), Some(Value::Array(list)) if !list.is_empty());
        let is_off = self.flag(name, policy, "TSKDisableDefaultReportUri", false) == Switch::On;
        if is_off && !somebody && enforces == Switch::Off {
            let what =
                format!("the pins of {name} only report a mismatch, and no address for reports is given");
            self.problems.add(ProblemKind::NoEffect, line, what);
        }
    }

    /// An excluded name needs one above it that includes its subdomains.
    fn check_exclusions(&mut self) {
        let parents: BTreeSet<&str> = self
            .entries
            .iter()
            .filter_map(|entry| match &entry.scope {
                HostPattern::WithSubdomains(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let above = |name: &str| name.split_once('.').map(|(_, above)| above.to_owned());
        let has_parent = |name: &str| {
            std::iter::successors(above(name), |name| above(name)).any(|name| parents.contains(name.as_str()))
        };
        let orphans: Vec<(String, Option<usize>)> = self
            .entries
            .iter()
            .filter(|entry| entry.pins.is_empty() && entry.pin_set.is_none())
            .filter_map(|entry| entry.scope.host().map(|name| (name.to_owned(), entry.line)))
            .filter(|(name, _)| !has_parent(name))
            .collect();
        for (name, line) in orphans {
            self.refuse(
                line,
                format!("{name} is excluded from a parent's policy, and no name above it has one"),
            );
        }
    }

    /// A switch, as `boolValue` reads it: of a text, its first letter decides.
    fn flag(&mut self, name: &str, settings: &Value, key: &str, default: bool) -> Switch {
        match settings.at(key) {
            None => default.into(),
            Some(Value::Boolean(value)) => (*value).into(),
            Some(Value::Text(text, line)) if written::has_build_variable(text) => {
                let what = format!("{key} of {name} is “{}”, which the build puts in", shortened(text));
                self.problems.add(ProblemKind::NotRead, *line, what);
                Switch::Open
            }
            Some(Value::Text(text, line)) => {
                let first = text.trim().trim_start_matches(['+', '-', '0']).chars().next();
                let value = first.is_some_and(|symbol| matches!(symbol, 'Y' | 'y' | 'T' | 't' | '1'..='9'));
                let what =
                    format!("{key} of {name} is a text where a boolean belongs; it is read as {value}");
                self.problems.add(ProblemKind::NoEffect, *line, what);
                value.into()
            }
            Some(other) => {
                let what = format!("{key} of {name} is a {} where a boolean belongs", other.kind());
                self.problems.add(ProblemKind::NotRead, None, what);
                Switch::Open
            }
        }
    }

    fn refuse(&mut self, line: Option<usize>, what: String) {
        self.problems.add(ProblemKind::Refused, line, what);
    }
}

#[cfg(test)]
mod tests;
