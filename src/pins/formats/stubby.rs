//! The pins of stubby, a resolver that asks others over TLS: `tls_pubkey_pinset` in stubby.yml.
//!
//! Sources: the manual of getdns and stubby; RFC 7858 section 4.2 (a key of the chain, the server's own or one above it).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput, written};
use crate::pins::base64_text;
use crate::pins::model::{
    Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PositionRule, ProblemKind,
};

/// The format's id.
const ID: &str = "stubby";
/// What begins a list of pins.
const PIN_SET: &str = "tls_pubkey_pinset:";
/// The most pins of one file.
const MOST_PINS: usize = 10_000;

/// stubby.yml.
pub(super) struct Stubby;

impl PinFormat for Stubby {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        let text = input.text.as_deref().unwrap_or_default();
        text.lines().any(|line| bare(line).is_some_and(|line| line.starts_with(PIN_SET) || flows(line)))
    }

    /// The file is YAML, of which the few lines that matter are read: one setting a line, as stubby's own example has it.
    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut reader = Reader::default();
        for (line, number) in input.text.as_deref().unwrap_or_default().lines().zip(1_usize..) {
            reader.line(line, number);
            if reader.count > MOST_PINS {
                return Err(format!("it has more than {MOST_PINS} pins"));
            }
        }
        reader.end();
        // It holds for all of the file, wherever it stands.
        let enforcement = reader.enforcement();
        for entry in &mut reader.entries {
            entry.enforcement.clone_from(&enforcement);
        }
        Ok(PinSource { entries: reader.entries, problems: reader.problems.into_list(), ..PinSource::of(ID) })
    }

    /// The entries of the host's authentication name: each is a resolver of its own, at its own address, and is used.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }
}

/// A server of the list, as far as it was read.
#[derive(Default)]
struct Server {
    name: Option<String>,
    address: Option<String>,
    pins: Vec<Pin>,
    unread: u32,
    line: Option<usize>,
}

/// An item of a list of pins, in whatever order its two settings stand.
#[derive(Default)]
struct Item {
    digest: Option<String>,
    value: Option<(String, usize)>,
}

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    problems: Problems,
    server: Server,
    item: Item,
    in_pins: bool,
    /// Whether the line before was nothing but the dash of an item.
    dash: bool,
    count: usize,
    /// What `tls_authentication` is, and its line.
    authentication: Option<(String, usize)>,
}

impl Reader {
    fn line(&mut self, line: &str, number: usize) {
        let Some(setting) = bare(line) else { return };
        if setting == "-" {
            self.dash = true;
            return;
        }
        if flows(setting) || (self.in_pins && setting.starts_with(['{', '['])) {
            self.in_flow(number);
            return;
        }
        let begins_item = std::mem::take(&mut self.dash) || line.trim_start().starts_with('-');
        if begins_item && self.in_pins {
            self.end_of_item();
        }
        let Some((key, value)) = setting.split_once(':') else { return };
        let value = scalar(value);
        let key = key.trim();
        if matches!(key, "digest" | "value") {
            if self.in_pins {
                self.of_item(key, value, number);
            }
            return;
        }
        self.end_of_item();
        self.in_pins = false;
        let is_of_server = matches!(key, "address_data" | "tls_auth_name" | "tls_pubkey_pinset");
        let is_next = key == "address_data" && self.server.address.is_some();
        if begins_item || is_next {
            self.end();
        }
        if is_of_server {
            self.server.line.get_or_insert(number);
        }
        match key {
            "address_data" => self.server.address = Some(value.to_owned()),
            "tls_auth_name" => self.server.name = Some(value.trim_end_matches('.').to_lowercase()),
            "tls_authentication" => self.authentication = Some((value.to_owned(), number)),
            "tls_pubkey_pinset" => {
                self.in_pins = true;
                if !value.is_empty() {
                    let what = "the pins stand on the line of tls_pubkey_pinset; only one setting a line is read here";
                    self.problems.add(ProblemKind::NotRead, Some(number), what.to_owned());
                    self.server.unread = self.server.unread.saturating_add(1);
                }
            }
            _ => {}
        }
    }

    /// Pins in braces or brackets: told, and anybody's where their server stands in them, too.
    fn in_flow(&mut self, number: usize) {
        self.end_of_item();
        self.dash = false;
        let what = "pins stand in braces or brackets; only one setting a line is read here";
        self.problems.add(ProblemKind::NotRead, Some(number), what.to_owned());
        if self.in_pins {
            self.server.unread = self.server.unread.saturating_add(1);
            return;
        }
        self.end();
        let enforcement = Enforcement { mode: EnforcementMode::Unknown, why: String::new() };
        self.entries.push(PinEntry {
            unread: 1,
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: Some(number),
            ..PinEntry::of(HostPattern::Unstated, enforcement)
        });
    }

    fn of_item(&mut self, key: &str, value: &str, number: usize) {
        let is_again = if key == "digest" { self.item.digest.is_some() } else { self.item.value.is_some() };
        if is_again {
            self.end_of_item();
        }
        if key == "digest" {
            self.item.digest = Some(value.to_owned());
        } else {
            self.item.value = Some((value.to_owned(), number));
        }
    }

    /// Takes a pin, once both of its settings were met.
    fn end_of_item(&mut self) {
        let Item { digest, value } = std::mem::take(&mut self.item);
        let Some((value, number)) = value else {
            if digest.is_some() {
                let what = "a pin has a digest, and its value is not read".to_owned();
                self.problems.add(ProblemKind::NotRead, self.server.line, what);
                self.server.unread = self.server.unread.saturating_add(1);
            }
            return;
        };
        self.count = self.count.saturating_add(1);
        if written::has_build_variable(&value) {
            let what = format!("the pin “{}” is put in elsewhere", shortened(&value));
            self.problems.add(ProblemKind::NotRead, Some(number), what);
            self.server.unread = self.server.unread.saturating_add(1);
            return;
        }
        let digest = digest.unwrap_or_default();
        let read = if digest.eq_ignore_ascii_case("sha256") {
            base64_text::foundation(&value)
        } else {
            Err(PinFault::UnknownDigest(shortened(&digest)))
        };
        if let Err(fault) = &read {
            let what = format!("the pin “{}” cannot be read: {fault}", shortened(&value));
            self.problems.add(ProblemKind::Refused, Some(number), what);
        }
        self.server.pins.push(Pin::new(&value, read, PositionRule::Any, Some(number)));
    }

    fn end(&mut self) {
        self.end_of_item();
        self.in_pins = false;
        let server = std::mem::take(&mut self.server);
        if server.pins.is_empty() && server.unread == 0 {
            return;
        }
        let scope = match server.name.or(server.address) {
            Some(name) => HostPattern::Exactly(name),
            None => HostPattern::Nowhere,
        };
        let enforcement = Enforcement { mode: EnforcementMode::Unknown, why: String::new() };
        self.entries.push(PinEntry {
            pins: server.pins,
            unread: server.unread,
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: server.line,
            ..PinEntry::of(scope, enforcement)
        });
    }

    /// What `tls_authentication` makes of the pins.
    fn enforcement(&mut self) -> Enforcement {
        let of = |mode, why: &str| Enforcement { mode, why: why.to_owned() };
        let Some((text, line)) = &self.authentication else {
            return of(
                EnforcementMode::Unknown,
                "tls_authentication is not in the file: stubby refuses a resolver without any of the keys only \
                 where authentication is required",
            );
        };
        match text.as_str() {
            "GETDNS_AUTHENTICATION_REQUIRED" => of(
                EnforcementMode::Yes,
                "tls_authentication is required: stubby refuses a resolver without any of the keys",
            ),
            "GETDNS_AUTHENTICATION_NONE" => of(
                EnforcementMode::No,
                "tls_authentication is GETDNS_AUTHENTICATION_NONE: stubby uses resolvers without any of the keys, too",
            ),
            other => {
                let what = format!("tls_authentication is “{}”, which is not known here", shortened(other));
                self.problems.add(ProblemKind::NotRead, Some(*line), what);
                of(EnforcementMode::Unknown, "what tls_authentication asks for is not known")
            }
        }
    }
}

/// A line without its indent and the dash of a list; none for comments.
fn bare(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("- ").map_or(line, |rest| rest.trim_start_matches("- ")).trim();
    (!line.is_empty() && !line.starts_with('#')).then_some(line)
}

/// Whether a server with its pins stands in braces.
fn flows(line: &str) -> bool {
    line.starts_with(['{', '[']) && line.contains(PIN_SET)
}

/// A value without its quotes, and without the comment behind it.
fn scalar(text: &str) -> &str {
    let text = text.trim();
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let inside = text.trim_start_matches(quote);
        return inside.split(quote).next().unwrap_or(inside);
    }
    if text.starts_with('#') {
        return "";
    }
    text.find(" #").or_else(|| text.find("\t#")).and_then(|at| text.get(..at)).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::testing::{path, question};
    use crate::pins::{Outcome, Reading, formats, judge};
    use crate::x509::SpkiSha256;

    #[test]
    fn the_pins_of_each_resolver_are_read() {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        let text = format!(
            "upstream_recursive_servers:\n  - address_data: 192.0.2.1\n    tls_auth_name: \"DNS.example\"\n    \
             tls_pubkey_pinset:\n      - digest: \"sha256\"\n        value: {a}\n      - digest: \"sha256\"\n        value: \"{b}\"\n\
             # Comment\n  - address_data: 192.0.2.2\n    tls_pubkey_pinset:\n      - digest: \"md5\"\n        value: x\n"
        );
        let Reading::Read(source) = formats::tests::only("stubby.yml", text.as_bytes()) else { panic!() };
        let scopes: Vec<String> = source.entries.iter().map(|entry| entry.scope.to_string()).collect();
        assert_eq!(scopes, ["dns.example", "192.0.2.2"]);
        let keys: Vec<_> = source.entries[0].pins.iter().map(|pin| (pin.spki().copied(), pin.line)).collect();
        assert_eq!(keys, [(Some(a), Some(6)), (Some(b), Some(8))]);
        assert_eq!(source.problems[0].kind, ProblemKind::Refused);
        let server = "  - address_data: 192.0.2.3\n    tls_auth_name: dns.example\n    tls_pubkey_pinset:\n      - digest: \"sha256\"\n        value: x\n";
        let Reading::Read(both) = formats::tests::only("stubby.yml", format!("{text}{server}").as_bytes())
        else {
            panic!()
        };
        assert_eq!(formats::applicable(&both, "dns.example").len(), 2, "two addresses of one name");
        assert_eq!(formats::tests::only("x.yml", b"# tls_pubkey_pinset:\n"), Reading::NotRecognised);
    }

    /// The entries as they are judged over the fixture's path.
    fn judged(text: &str) -> Vec<(EnforcementMode, Outcome, usize)> {
        let files = formats::read("stubby.yml", text.as_bytes());
        let path = path();
        let verdict = judge(&files, &question(Some("dns.example"), Some(&path)));
        let entries = verdict.sources.iter().flat_map(|source| &source.entries).filter(|entry| entry.applies);
        entries.map(|entry| (entry.enforced, entry.outcome, entry.pins.len())).collect()
    }

    #[test]
    fn authentication_decides_whether_pins_are_enforced() {
        let pin = SpkiSha256::of(b"other");
        let servers = format!(
            "upstream_recursive_servers:\n  - address_data: 192.0.2.1\n    tls_auth_name: dns.example\n    \
             tls_pubkey_pinset:\n      - digest: \"sha256\"\n        value: {pin}\n"
        );
        let required = "tls_authentication: GETDNS_AUTHENTICATION_REQUIRED # strict\n";
        for (text, mode, outcome) in [
            (format!("{required}{servers}"), EnforcementMode::Yes, Outcome::LockedOut),
            (format!("{servers}{required}"), EnforcementMode::Yes, Outcome::LockedOut),
            (
                format!("tls_authentication: GETDNS_AUTHENTICATION_NONE\n{servers}"),
                EnforcementMode::No,
                Outcome::NotEnforced,
            ),
            (servers.clone(), EnforcementMode::Unknown, Outcome::Unknown),
            (format!("tls_authentication: ${{MODE}}\n{servers}"), EnforcementMode::Unknown, Outcome::Unknown),
        ] {
            assert_eq!(judged(&text), [(mode, outcome, 1)], "{text}");
        }
    }

    #[test]
    fn comments_and_any_order_of_settings_are_read() {
        let (root, other) = (SpkiSha256::of(b"root"), SpkiSha256::of(b"other"));
        let text = format!(
            "tls_authentication: GETDNS_AUTHENTICATION_REQUIRED\nupstream_recursive_servers: # mine\n  \
             - address_data: 192.0.2.9\n    tls_auth_name: a.example\n    tls_pubkey_pinset:\n      \
             - value: {other}\n        digest: sha256\n  - tls_auth_name: \"dns.example\" # main\n    \
             tls_pubkey_pinset: # two\n      - digest: \"sha256\" # hash\n        value: {other} # next\n      \
             -\n        value: '{root}'\n        digest: \"sha256\"\n    address_data: 192.0.2.1\n"
        );
        let Reading::Read(source) = formats::tests::only("stubby.yml", text.as_bytes()) else { panic!() };
        assert!(source.problems.is_empty(), "{:?}", source.problems);
        let scopes: Vec<String> = source.entries.iter().map(|entry| entry.scope.to_string()).collect();
        assert_eq!(scopes, ["a.example", "dns.example"]);
        assert_eq!(judged(&text), [(EnforcementMode::Yes, Outcome::Connects, 2)]);
        // A pin that stands elsewhere may be any.
        let open = text.replace(&root.to_string(), "${PIN}");
        assert_eq!(judged(&open), [(EnforcementMode::Yes, Outcome::Unknown, 1)]);
        // A digest that is missing is not taken from the pin before.
        let missing = text.replace("\n        digest: \"sha256\"\n    address_data", "\n    address_data");
        let Reading::Read(source) = formats::tests::only("stubby.yml", missing.as_bytes()) else { panic!() };
        assert_eq!(source.problems[0].kind, ProblemKind::Refused);
    }

    #[test]
    fn pins_in_braces_are_told_as_not_read() {
        let required = "tls_authentication: GETDNS_AUTHENTICATION_REQUIRED\nupstream_recursive_servers:\n";
        let known = SpkiSha256::of(b"other");
        let item = format!("{{ digest: \"sha256\", value: {known} }}");
        let server = format!(
            "{required}  - address_data: 192.0.2.1\n    tls_auth_name: dns.example\n    tls_pubkey_pinset:\n"
        );
        for (text, pins) in [
            (format!("{server}      - {item}\n"), 0),
            (format!("{server}      [{item},\n       {item}]\n"), 0),
            (format!("{server}      - digest: sha256\n        value: {known}\n      - {item}\n"), 1),
            (
                format!(
                    "{required}  - {{ address_data: 192.0.2.1, tls_auth_name: dns.example, tls_pubkey_pinset: [{item}] }}\n"
                ),
                0,
            ),
        ] {
            let Reading::Read(source) = formats::tests::only("stubby.yml", text.as_bytes()) else {
                panic!("{text}")
            };
            assert_eq!(source.problems[0].kind, ProblemKind::NotRead, "{text}");
            assert_eq!(judged(&text), [(EnforcementMode::Yes, Outcome::Unknown, pins)], "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(tls_pubkey_pinset:|digest:|value:|address_data:| |-|[{]|[\\[]|\n|\"|\\PC){0,60}") {
            let _ = formats::read("x", format!("tls_pubkey_pinset:\n{text}").as_bytes());
        }
    }
}
