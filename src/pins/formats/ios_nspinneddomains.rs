//! Apple's `NSPinnedDomains`, in the Info.plist of an app (iOS 14, macOS 11 and later).
//!
//! Source: Apple developer documentation, “NSPinnedDomains” and “NSAppTransportSecurity”.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::plist::{self, Key, Value};
use super::problems::concern;
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
        let (mut pins, mut unread) = (Vec::new(), 0_u32);
        for (list, position) in LISTS {
            for pin in self.identities(&name, list, position, settings) {
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
            Enforcement { mode: EnforcementMode::No, why: "no identities are listed".to_owned() }
        } else {
            let both = LISTS.iter().all(|(_, rule)| pins.iter().any(|pin| pin.position == *rule));
            let why = if both {
                "iOS refuses a chain unless each of the two lists has one of its keys; these pins never expire"
            } else {
                "iOS refuses a chain without any of the listed keys; these pins never expire"
            };
            Enforcement { mode: EnforcementMode::Yes, why: why.to_owned() }
        };
        let scope = if subdomains { HostPattern::WithSubdomains(name) } else { HostPattern::Exactly(name) };
        self.entries.push(PinEntry {
            pins,
            unread,
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: key.line,
            ..PinEntry::of(scope, enforcement)
        });
    }

    fn includes_subdomains(&mut self, name: &str, settings: &Value) -> bool {
        match settings.at("NSIncludesSubdomains") {
            Some(Value::Boolean(value)) => *value,
            None => false,
            Some(other) => {
                let what = format!(
                    "NSIncludesSubdomains of {name} is a {} where a boolean belongs; what iOS makes of it is not documented",
                    other.kind()
                );
                self.problem(ProblemKind::NotRead, None, what);
                false
            }
        }
    }

    fn identities(&mut self, name: &str, list: &str, position: PositionRule, settings: &Value) -> Vec<Pin> {
        let line = settings.entries().iter().find(|(key, _)| key.text == list).and_then(|(key, _)| key.line);
        match settings.at(list) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.is_empty() => {
                let what = format!("{list} of {name} is empty; remove it or list keys in it");
                self.problem(ProblemKind::NoEffect, line, what);
                Vec::new()
            }
            Some(Value::Array(items)) => items.iter().map(|item| identity(item, position)).collect(),
            Some(other) => {
                let what = format!("{list} of {name} is a {} where an array belongs", other.kind());
                self.problem(ProblemKind::NoEffect, line, what);
                Vec::new()
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
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::pins::formats::{self, applicable};
    use crate::pins::{EnforcementMode, Reading};
    use crate::x509::SpkiSha256;

    fn read(octets: &[u8]) -> PinSource {
        match formats::tests::only("Info.plist", octets) {
            Reading::Read(source) => source,
            other => panic!("{other:?}"),
        }
    }

    fn wrapped(security: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\"><dict><key>CFBundleName</key><string>x</string>\
             <key>NSAppTransportSecurity</key><dict>{security}</dict></dict></plist>"
        )
    }

    fn host(name: &str, inside: &str) -> String {
        wrapped(&format!("<key>NSPinnedDomains</key><dict><key>{name}</key><dict>{inside}</dict></dict>"))
    }

    fn list(name: &str, values: &[&str]) -> String {
        let items: Vec<String> = values
            .iter()
            .map(|value| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{value}</string></dict>"))
            .collect();
        let items = items.concat();
        format!("<key>{name}</key><array>{items}</array>")
    }

    fn said(source: &PinSource) -> Vec<&str> {
        source.problems.iter().map(|problem| problem.what.as_str()).collect()
    }

    #[test]
    fn both_lists_are_read_with_their_positions() {
        let (a, b) = (SpkiSha256::of(b"a").to_string(), SpkiSha256::of(b"b").to_string());
        let lists = list("NSPinnedCAIdentities", &[&a]) + &list("NSPinnedLeafIdentities", &[&b]);
        let source =
            read(host("Example.com", &format!("<key>NSIncludesSubdomains</key><true/>{lists}")).as_bytes());
        let entry = &source.entries[0];
        assert_eq!(entry.scope.to_string(), "*.example.com");
        let pins: Vec<_> =
            entry.pins.iter().map(|pin| (pin.position, pin.spki().copied().unwrap())).collect();
        assert_eq!(
            pins,
            [(PositionRule::Leaf, SpkiSha256::of(b"b")), (PositionRule::Ca, SpkiSha256::of(b"a"))]
        );
        assert_eq!(entry.expiry, None);
        assert!(source.problems.is_empty(), "{:?}", source.problems);
        assert_eq!(applicable(&source, "a.b.example.com").len(), 1);
        assert!(applicable(&source, "example.org").is_empty());
    }

    #[test]
    fn a_binary_list_says_the_same_as_its_xml() {
        let a = SpkiSha256::of(b"a").to_string();
        let xml = host("example.com", &list("NSPinnedLeafIdentities", &[&a]));
        let value = ::plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
        let mut binary = Cursor::new(Vec::new());
        value.to_writer_binary(&mut binary).unwrap();
        let (mut from_xml, from_binary) = (read(xml.as_bytes()), read(&binary.into_inner()));
        for entry in &mut from_xml.entries {
            entry.line = None;
            entry.pins.iter_mut().for_each(|pin| pin.line = None);
        }
        assert_eq!(from_xml, from_binary);
    }

    #[test]
    fn white_space_before_the_declaration_is_tolerated_and_lines_stay_right() {
        let a = SpkiSha256::of(b"a").to_string();
        let text = format!("\n\n  {}", host("example.com", &list("NSPinnedLeafIdentities", &[&a])));
        assert_eq!(read(text.as_bytes()).entries[0].line, Some(5));
    }

    #[test]
    fn what_breaks_pins_in_the_wild_is_said() {
        let a = SpkiSha256::of(b"a").to_string();
        let empty =
            host("e.com", &(list("NSPinnedCAIdentities", &[]) + &list("NSPinnedLeafIdentities", &[&a])));
        assert_eq!(
            said(&read(empty.as_bytes())),
            ["NSPinnedCAIdentities of e.com is empty; remove it or list keys in it"]
        );

        let data = host("e.com", "<key>NSPinnedLeafIdentities</key><array><data>AAAA</data></array>");
        let source = read(data.as_bytes());
        assert_eq!(source.entries[0].pins[0].value, Err(PinFault::NotDictionary("data value")));

        let prefixed = host("e.com", &list("NSPinnedLeafIdentities", &[&format!("sha256/{a}")]));
        assert_eq!(read(prefixed.as_bytes()).entries[0].pins[0].value, Err(PinFault::Prefix("sha256/")));

        let nothing = host("e.com", "<key>NSRequiresCertificateTransparency</key><true/>");
        let source = read(nothing.as_bytes());
        assert_eq!(source.entries[0].enforcement.mode, EnforcementMode::No);
        assert_eq!(source.problems.len(), 2);

        let lists = list("NSPinnedLeafIdentities", &[&a]);
        let misplaced = wrapped(&format!(
            "<key>NSExceptionDomains</key><dict><key>e.com</key><dict>{lists}</dict></dict>"
        ));
        assert_eq!(
            said(&read(misplaced.as_bytes())),
            ["the pins under NSExceptionDomains (e.com) have no effect"]
        );

        let outside = "<plist><dict><key>NSPinnedDomains</key><dict/></dict></plist>";
        assert_eq!(read(outside.as_bytes()).problems[0].kind, ProblemKind::NoHost);
        let pins = list("NSPinnedLeafIdentities", &[&a]);
        for name in ["*.e.com", "https://e.com"] {
            assert_eq!(read(host(name, &pins).as_bytes()).problems[0].kind, ProblemKind::NoHost, "{name}");
        }
        let beside = host("e.com", &pins).replacen("<dict>", "<dict><key>NSPinnedDomains</key><dict/>", 1);
        assert_eq!(read(beside.as_bytes()).problems[0].kind, ProblemKind::NoEffect);
    }

    #[test]
    fn pins_of_trustkit_are_not_passed_over() {
        let text = "<plist><dict><key>&#84;SKConfiguration</key><dict/></dict></plist>";
        assert_eq!(read(text.as_bytes()).problems[0].kind, ProblemKind::NotRead);
        let plain = "<plist><dict><key>TSKConfiguration</key><dict/></dict></plist>";
        let Reading::Read(source) = formats::tests::only("x.plist", plain.as_bytes()) else { panic!() };
        assert_eq!(source.format, "trustkit");
    }

    #[test]
    fn bad_lists_are_not_well_formed() {
        let deep = format!("<plist>{}{}</plist>", "<array>".repeat(5_000), "</array>".repeat(5_000));
        let nested = format!("<plist>{}{}</plist>", "<array>".repeat(40), "</array>".repeat(40));
        let laughs =
            "<!DOCTYPE plist [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><plist><string>&b;</string></plist>";
        for text in [
            deep.as_str(),
            nested.as_str(),
            laughs,
            "<plist>",
            "<plist/>",
            "<plist><dict><string>x</string></dict></plist>",
            "<plist><dict><key>x</key></dict></plist>",
            "<plist><dict><key>x</key><key>y</key></dict></plist>",
            "<plist><thing/></plist>",
            "bplist00",
        ] {
            let read = formats::tests::only("x.plist", text.as_bytes());
            assert!(matches!(read, Reading::NotWellFormed { .. }), "{text:.60}: {read:?}");
        }
    }

    #[test]
    fn what_apple_does_not_document_is_not_read() {
        let (a, b) = (SpkiSha256::of(b"a").to_string(), SpkiSha256::of(b"b").to_string());
        let spaced = format!("\n  {a}\n");
        let lists = list("NSPinnedLeafIdentities", &[spaced.as_str(), b.as_str()]);
        for (inside, pins, unread, open) in [
            (format!("<key>NSIncludesSubdomains</key><integer>1</integer>{lists}"), 1, 1, 2),
            (format!("<key>NSIncludesSubdomains</key><true/>{lists}"), 1, 1, 1),
            (list("NSPinnedLeafIdentities", &[a.as_str(), b.as_str()]), 2, 0, 0),
        ] {
            let source = read(host("example.com", &inside).as_bytes());
            let entry = &source.entries[0];
            assert_eq!((entry.pins.len(), entry.unread), (pins, unread), "{inside}");
            assert_eq!(entry.enforcement.mode, EnforcementMode::Yes);
            let not_read = source.problems.iter().filter(|problem| problem.kind == ProblemKind::NotRead);
            assert_eq!(not_read.count(), open, "{:?}", source.problems);
        }
    }

    #[test]
    fn what_the_build_puts_in_is_not_read() {
        let identity =
            |value: &str| format!("<dict><key>SPKI-SHA256-BASE64</key><string>{value}</string></dict>");
        let domain = |name: &str, pins: &[&str]| {
            let pins: Vec<String> = pins.iter().map(|pin| identity(pin)).collect();
            format!(
                "<key>{name}</key><dict><key>NSPinnedCAIdentities</key><array>{}</array></dict>",
                pins.concat()
            )
        };
        let key = crate::x509::SpkiSha256::of(b"a").to_string();
        let text = format!(
            "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>{}{}</dict></dict>\
             </dict></plist>",
            domain("$(API_HOST)", &[key.as_str()]),
            domain("a.example", &["$(PIN_PRIMARY)", key.as_str()])
        );
        let crate::pins::Reading::Read(source) =
            crate::pins::formats::tests::only("Info.plist", text.as_bytes())
        else {
            panic!("it is read");
        };
        let told: Vec<_> = source.entries.iter().map(|entry| (entry.pins.len(), entry.unread)).collect();
        assert_eq!(told, [(1, 1)]);
        assert_eq!(source.problems.iter().filter(|problem| problem.kind == ProblemKind::NotRead).count(), 2);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(inside in "(<(/)?(dict|array|string|key|data|true/)>|NSPinnedLeafIdentities|\\PC){0,40}") {
            let _ = formats::read("x", wrapped(&inside).as_bytes());
            let _ = formats::read("x", host("a.example", &inside).as_bytes());
        }

        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = formats::read("x", &[b"<plist".as_slice(), &octets].concat());
            let _ = formats::read("x", &[b"bplist00".as_slice(), &octets].concat());
        }
    }
}
