//! The pins of stubby, a resolver that asks others over TLS: `tls_pubkey_pinset` in stubby.yml.
//!
//! Sources: the manual of getdns and stubby; RFC 7858 section 4.2 (a key of the chain, the server's own or one above it).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput};
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
        text.lines().any(|line| bare(line).is_some_and(|line| line.starts_with(PIN_SET)))
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
    line: Option<usize>,
}

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    problems: Problems,
    server: Server,
    digest: String,
    in_pins: bool,
    count: usize,
}

impl Reader {
    fn line(&mut self, line: &str, number: usize) {
        let Some(setting) = bare(line) else { return };
        let Some((key, value)) = setting.split_once(':') else { return };
        let value = value.trim().trim_matches(['"', '\'']);
        match key.trim() {
            "address_data" => {
                self.end();
                self.server =
                    Server { address: Some(value.to_owned()), line: Some(number), ..Server::default() };
            }
            "tls_auth_name" => self.server.name = Some(value.trim_end_matches('.').to_lowercase()),
            "tls_pubkey_pinset" => {
                self.in_pins = true;
                if !value.is_empty() {
                    let what = "the pins stand on the line of tls_pubkey_pinset; only one setting a line is read here";
                    self.problems.add(ProblemKind::NotRead, Some(number), what.to_owned());
                }
            }
            "digest" if self.in_pins => value.clone_into(&mut self.digest),
            "value" if self.in_pins => {
                let read = if self.digest.eq_ignore_ascii_case("sha256") {
                    base64_text::foundation(value)
                } else {
                    Err(PinFault::UnknownDigest(shortened(&self.digest)))
                };
                if let Err(fault) = &read {
                    let what = format!("the pin “{}” cannot be read: {fault}", shortened(value));
                    self.problems.add(ProblemKind::Refused, Some(number), what);
                }
                self.count = self.count.saturating_add(1);
                self.server.pins.push(Pin::new(value, read, PositionRule::Any, Some(number)));
            }
            _ => self.in_pins = false,
        }
    }

    fn end(&mut self) {
        self.in_pins = false;
        self.digest.clear();
        let server = std::mem::take(&mut self.server);
        if server.pins.is_empty() {
            return;
        }
        let scope = match server.name.or(server.address) {
            Some(name) => HostPattern::Exactly(name),
            None => HostPattern::Nowhere,
        };
        let why = "stubby, where tls_authentication is required, refuses a resolver without any of the keys"
            .to_owned();
        let enforcement = Enforcement { mode: EnforcementMode::Yes, why };
        self.entries.push(PinEntry {
            pins: server.pins,
            pin_set: Some(self.entries.len().saturating_add(1)),
            line: server.line,
            ..PinEntry::of(scope, enforcement)
        });
    }
}

/// A line without its indent and the dash of a list; none for comments.
fn bare(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ").trim();
    (!line.is_empty() && !line.starts_with('#')).then_some(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{Reading, formats};
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

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(tls_pubkey_pinset:|digest:|value:|address_data:| |-|\n|\"|\\PC){0,60}") {
            let _ = formats::read("x", format!("tls_pubkey_pinset:\n{text}").as_bytes());
        }
    }
}
