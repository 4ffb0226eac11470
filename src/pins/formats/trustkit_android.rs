//! TrustKit for Android: `<trustkit-config>` in a Network Security Config.
//!
//! Source: TrustKit-Android's `TrustKitConfigurationParser.java` and `DomainPinningPolicy.java`. It reads the file that
//! Android reads, by rules of its own: pinning is not enforced unless the file says so, `includeSubdomains` is inherited,
//! and of several domains of one domain-config the last counts. What it throws an exception for ends the app.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use roxmltree::Node;

use super::android_nsc::{Expiration, expiration};
use super::problems::{Problems, shortened};
use super::switch::{Switch, enforced_perhaps};
use super::xml::{self, Lines, comment_beside, only_text};
use super::{PinFormat, PinInput, written};
use crate::pins::base64_text;
use crate::pins::model::{
    Enforcement, EnforcementMode, Expiry, Pin, PinEntry, PinFault, PinSource, PositionRule, ProblemKind,
};

/// The format's id.
pub(super) const ID: &str = "trustkit-android";
/// The most pins that the domains of one file may have together.
const MOST_PINS: usize = 50_000;

/// TrustKit's part of a Network Security Config.
pub(super) struct TrustKitAndroid;

impl PinFormat for TrustKitAndroid {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        input.text.as_deref().is_some_and(|text| {
            text.contains("<network-security-config") && text.contains("<trustkit-config")
        })
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let document = xml::parse(text).map_err(|error| error.to_string())?;
        let mut reader = Reader {
            lines: Lines::of(text),
            entries: Vec::new(),
            problems: Problems::default(),
            room: MOST_PINS,
        };
        for node in elements(document.root_element(), "domain-config") {
            reader.domain_config(node, &Settings::default());
        }
        if reader.room == 0 {
            return Err(format!("its domains have more than {MOST_PINS} pins together"));
        }
        Ok(PinSource { entries: reader.entries, problems: reader.problems.into_list(), ..PinSource::of(ID) })
    }

    /// One entry: an exact name, else the longest name above the host that includes its subdomains.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        super::most_specific(source, host)
    }
}

/// What a domain-config says or takes from the one around it.
#[derive(Clone, Default)]
struct Settings {
    subdomains: Option<Switch>,
    /// The pins, and how many more are put in by the build.
    pins: Option<(Vec<Pin>, u32)>,
    expiry: Option<Expiry>,
    enforces: Option<Switch>,
}

struct Reader {
    lines: Lines,
    entries: Vec<PinEntry>,
    problems: Problems,
    room: usize,
}

impl Reader {
    fn domain_config(&mut self, node: Node<'_, '_>, above: &Settings) {
        let mut own = Settings::default();
        let mut domain: Option<(String, usize)> = None;
        for child in node.children().filter(Node::is_element) {
            let line = self.lines.of_node(child);
            match child.tag_name().name() {
                "domain" => {
                    own.subdomains = self.switch(child, "includeSubdomains");
                    let name = only_text(child).unwrap_or_default().to_lowercase();
                    if let Some((passed, at)) = domain.replace((name, line)) {
                        let what = format!(
                            "TrustKit takes the last domain of a domain-config alone, and passes over {}",
                            shortened(&passed)
                        );
                        self.problems.add(ProblemKind::NoEffect, Some(at), what);
                    }
                }
                "pin-set" => {
                    own.pins = Some(self.pins(child));
                    own.expiry = child.attribute("expiration").and_then(|text| self.expiry(text, line));
                }
                "trustkit-config" => own.enforces = self.switch(child, "enforcePinning"),
                _ => {}
            }
        }
        let effective = Settings {
            subdomains: own.subdomains.or(above.subdomains),
            pins: own.pins.or_else(|| above.pins.clone()),
            expiry: own.expiry.or_else(|| above.expiry.clone()),
            enforces: own.enforces.or(above.enforces),
        };
        let line = self.lines.of_node(node);
        match domain {
            None => self.refuse(line, "the domain-config names no domain".to_owned()),
            Some((name, line)) => self.add(name, line, &effective),
        }
        for nested in elements(node, "domain-config") {
            self.domain_config(nested, &effective);
        }
    }

    fn add(&mut self, name: String, line: usize, settings: &Settings) {
        let (pins, unread) = settings.pins.clone().unwrap_or_default();
        self.room = self.room.saturating_sub(pins.len()).saturating_sub(1);
        if self.room == 0 {
            return;
        }
        if written::has_build_variable(&name) {
            let what = format!("the host “{}” is put in by the build", shortened(&name));
            return self.not_read(line, what);
        }
        let enforces = settings.enforces.unwrap_or(Switch::Off);
        let distinct: BTreeSet<&str> = pins.iter().map(|pin| pin.written.as_str()).collect();
        if enforces == Switch::On && unread == 0 && distinct.len() < 2 {
            let what = format!(
                "{} has {} different pins, and TrustKit wants two where it enforces",
                shortened(&name),
                distinct.len()
            );
            self.refuse(line, what);
        }
        if !name.contains('.') || name.contains(['*', '/', ':', ' ']) {
            self.refuse(line, format!("“{}” is no domain as TrustKit wants it", shortened(&name)));
        }
        let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
        let enforcement = match (pins.is_empty() && unread == 0, enforces) {
            (true, _) => of(EnforcementMode::No, "no pin-set applies to it"),
            (false, Switch::Open) => enforced_perhaps("enforcePinning"),
            (false, Switch::On) => {
                of(EnforcementMode::Yes, "TrustKit refuses a chain without any of the pinned keys")
            }
            (false, Switch::Off) => of(
                EnforcementMode::Report,
                "enforcePinning is not “true”, without which TrustKit for Android only reports (Android itself, \
                 from version 7, enforces the pin-set)",
            ),
        };
        let subdomains = settings.subdomains.unwrap_or(Switch::Off);
        let scope = subdomains.scope(name);
        let entry = PinEntry {
            pins,
            unread,
            expiry: settings.expiry.clone(),
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: Some(line),
            ..PinEntry::of(scope, enforcement)
        };
        let below = subdomains.perhaps_below(&entry);
        self.entries.push(entry);
        self.entries.extend(below);
    }

    /// A switch, as `Boolean.parseBoolean` reads it.
    fn switch(&mut self, node: Node<'_, '_>, name: &str) -> Option<Switch> {
        let text = node.attribute(name)?;
        if written::has_build_variable(text) {
            let what = format!("{name}=“{}” is put in by the build", shortened(text));
            self.not_read(self.lines.of_node(node), what);
            return Some(Switch::Open);
        }
        Some(text.eq_ignore_ascii_case("true").into())
    }

    fn pins(&mut self, set: Node<'_, '_>) -> (Vec<Pin>, u32) {
        let (mut pins, mut unread) = (Vec::new(), 0_u32);
        for node in elements(set, "pin") {
            let line = self.lines.of_node(node);
            let digest = node.attribute("digest").unwrap_or_default();
            let written = only_text(node);
            if let Some(text) = written.as_deref().filter(|text| written::has_build_variable(text)) {
                unread = unread.saturating_add(1);
                self.not_read(line, format!("the pin “{}” is put in by the build", shortened(text)));
                continue;
            }
            let value = match &written {
                // Android ignores the case of the digest; TrustKit does not.
                _ if digest != "SHA-256" => Err(PinFault::UnknownDigest(shortened(digest))),
                None => Err(PinFault::Elements),
                Some(text) => base64_text::android(text),
            };
            let written = written.unwrap_or_default();
            if let Err(fault) = &value {
                self.refuse(line, format!("the pin “{}” cannot be read: {fault}", shortened(&written)));
            }
            let pin = Pin::new(&written, value, PositionRule::Any, Some(line));
            pins.push(pin.labelled(comment_beside(node)));
        }
        (pins, unread)
    }

    fn expiry(&mut self, text: &str, line: usize) -> Option<Expiry> {
        if written::has_build_variable(text) {
            self.not_read(line, format!("the expiration “{}” is put in by the build", shortened(text)));
            return None;
        }
        match expiration(text) {
            Expiration::On { expiry, .. } => Some(expiry),
            Expiration::Never => None,
            Expiration::NoDate => {
                let what = format!("the expiration “{}” is no date of the form yyyy-MM-dd", shortened(text));
                self.refuse(line, what);
                None
            }
        }
    }

    fn not_read(&mut self, line: usize, what: String) {
        self.problems.add(ProblemKind::NotRead, Some(line), what);
    }

    fn refuse(&mut self, line: usize, what: String) {
        self.problems.add(ProblemKind::Refused, Some(line), what);
    }
}

fn elements<'a, 'input: 'a>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{HostPattern, Reading, formats};
    use crate::x509::SpkiSha256;

    fn read(inside: &str) -> (PinSource, PinSource) {
        let text = format!("<network-security-config>\n{inside}</network-security-config>");
        let sources: Vec<PinSource> = formats::read("x.xml", text.as_bytes())
            .into_iter()
            .map(|file| match file.reading {
                Reading::Read(source) => source,
                other => panic!("{other:?}"),
            })
            .collect();
        let [android, trustkit] = sources.try_into().unwrap();
        assert_eq!((android.format, trustkit.format), ("android-nsc", ID));
        (android, trustkit)
    }

    fn pin_set(words: &[&str]) -> String {
        let pin = |word: &&str| format!("<pin digest=\"SHA-256\">{}</pin>", SpkiSha256::of(word.as_bytes()));
        format!("<pin-set>{}</pin-set>", words.iter().map(pin).collect::<Vec<_>>().concat())
    }

    #[test]
    fn it_does_not_enforce_unless_it_is_told_to() {
        for (attribute, mode) in [
            ("", EnforcementMode::Report),
            ("enforcePinning='false'", EnforcementMode::Report),
            ("enforcePinning='1'", EnforcementMode::Report),
            ("enforcePinning='true'", EnforcementMode::Yes),
        ] {
            let (android, trustkit) = read(&format!(
                "<domain-config><domain>a.example</domain>{}<trustkit-config {attribute}/></domain-config>",
                pin_set(&["a", "b"])
            ));
            assert_eq!(trustkit.entries[0].enforcement.mode, mode, "{attribute}");
            assert_eq!(android.entries[0].enforcement.mode, EnforcementMode::Yes);
            assert_eq!(trustkit.entries[0].pins, android.entries[0].pins);
        }
    }

    #[test]
    fn subdomains_are_inherited_as_android_does_not() {
        let (android, trustkit) = read(&format!(
            "<domain-config><domain includeSubdomains='true'>example.com</domain>{}\
             <trustkit-config enforcePinning='true'/><domain-config><domain>api.example.com</domain></domain-config>\
             </domain-config>",
            pin_set(&["a", "b"])
        ));
        assert_eq!(trustkit.entries[1].scope, HostPattern::WithSubdomains("api.example.com".into()));
        assert_eq!(android.entries[1].scope, HostPattern::Exactly("api.example.com".into()));
        assert_eq!(trustkit.entries[1].enforcement.mode, EnforcementMode::Yes);
        assert_eq!(trustkit.entries[1].pins.len(), 2);
    }

    #[test]
    fn what_it_passes_over_and_refuses_is_told() {
        let (_, trustkit) = read(&format!(
            "<domain-config><domain>a.example</domain><domain>b.example</domain>{}<trustkit-config/></domain-config>",
            pin_set(&["a", "b"])
        ));
        assert_eq!(trustkit.entries.len(), 1);
        assert!(trustkit.problems[0].what.contains("passes over a.example"));
        let (_, trustkit) = read(&format!(
            "<domain-config><domain>a.example</domain>{}<trustkit-config enforcePinning='true'/></domain-config>",
            pin_set(&["a"])
        ));
        assert!(trustkit.refusal().is_some());
        let (android, trustkit) = read(
            &format!(
                "<domain-config><domain>a.example</domain>{}<trustkit-config/></domain-config>",
                pin_set(&["a", "b"])
            )
            .replace("SHA-256", "sha-256"),
        );
        assert!(android.refusal().is_none() && trustkit.refusal().is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(inside in "(<(/)?(domain-config|domain|pin-set|pin|trustkit-config)( enforcePinning='true')?>|a.b|\\PC){0,40}") {
            let text = format!("<network-security-config>{inside}<trustkit-config/></network-security-config>");
            let _ = formats::read("x", text.as_bytes());
        }
    }
}
