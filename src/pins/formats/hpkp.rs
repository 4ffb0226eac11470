//! HTTP Public Key Pinning: `Public-Key-Pins` and `Public-Key-Pins-Report-Only`.
//!
//! Source: RFC 7469 sections 2.1 (grammar), 2.3 and 2.5 (what a browser notes). No browser obeys the header any more:
//! Chrome and Firefox have removed it. What it says is read to tell what it never was, too.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;

use super::headers::{self, Header};
use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput};
use crate::pins::base64_text;
use crate::pins::model::{
    Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PositionRule, ProblemKind,
};

/// The format's id.
const ID: &str = "hpkp";
/// The header, and the one that only reports.
const NAMES: [(&str, bool); 2] = [("public-key-pins", false), ("public-key-pins-report-only", true)];

/// The headers of HTTP Public Key Pinning.
pub(super) struct Hpkp;

impl PinFormat for Hpkp {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        input.text.as_deref().is_some_and(|text| NAMES.iter().any(|(name, _)| headers::has(text, name)))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let mut reader = Reader::default();
        for (name, reports) in NAMES {
            for header in headers::all(text, name) {
                reader.header(&header, reports);
            }
        }
        Ok(PinSource { entries: reader.entries, problems: reader.problems.into_list(), ..PinSource::of(ID) })
    }

    /// The host's own entry, else the longest that includes its subdomains (section 2.3.3).
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        let named = super::most_specific(source, host);
        if named.is_empty() {
            return source.entries.iter().filter(|entry| entry.scope == HostPattern::Unstated).collect();
        }
        named
    }
}

/// A directive, with its value where it has one and whether that stands in quotes.
struct Directive {
    name: String,
    value: Option<String>,
    is_quoted: bool,
}

#[derive(Default)]
struct Reader {
    entries: Vec<PinEntry>,
    problems: Problems,
}

impl Reader {
    fn header(&mut self, header: &Header, reports: bool) {
        let name = if reports { "Public-Key-Pins-Report-Only" } else { "Public-Key-Pins" };
        let line = Some(header.line);
        let what = format!("{name} is obeyed by no browser any more, and protects nobody");
        self.problems.add(ProblemKind::Obsolete, line, what);
        let directives = match directives(&header.value) {
            Ok(directives) => directives,
            Err(why) => {
                return self.invalid(line, format!("{name} is not valid, and was never obeyed: {why}"));
            }
        };
        let mut seen = BTreeSet::new();
        let mut pins = Vec::new();
        let (mut max_age, mut subdomains, mut address) = (None, false, false);
        for directive in &directives {
            let is_pin = directive.name.starts_with("pin-");
            if !is_pin && !seen.insert(directive.name.clone()) {
                self.invalid(line, format!("{name} has “{}” twice", shortened(&directive.name)));
            }
            match directive.name.as_str() {
                "pin-sha256" => pins.push(self.pin(directive, line)),
                "max-age" => max_age = self.max_age(directive, line),
                "includesubdomains" => subdomains = true,
                "report-uri" => address = directive.value.is_some(),
                other => {
                    let what = format!("“{}” in {name} is unknown and ignored", shortened(other));
                    self.invalid(line, what);
                }
            }
        }
        self.check(name, line, &pins, reports.then_some(address), max_age);
        let why = format!("{name} is obeyed by no browser any more");
        let enforcement = Enforcement { mode: EnforcementMode::No, why };
        let scopes: Vec<HostPattern> = if header.hosts.is_empty() {
            vec![HostPattern::Unstated]
        } else if subdomains {
            header.hosts.iter().cloned().map(HostPattern::WithSubdomains).collect()
        } else {
            header.hosts.iter().cloned().map(HostPattern::Exactly).collect()
        };
        let set = self.entries.len().saturating_add(1);
        for scope in scopes {
            let entry = PinEntry::of(scope, enforcement.clone());
            self.entries.push(PinEntry { pins: pins.clone(), pin_set: Some(set), line, ..entry });
        }
    }

    fn pin(&mut self, directive: &Directive, line: Option<usize>) -> Pin {
        let written = directive.value.as_deref().unwrap_or_default();
        let value = base64_text::canonical(written.trim());
        if !directive.is_quoted {
            self.invalid(line, "the value of pin-sha256 does not stand in quotes, as it must".to_owned());
        }
        if let Err(fault) = &value {
            let written = shortened(written);
            let what = match fault {
                PinFault::Empty => "pin-sha256 has no value".to_owned(),
                fault => format!("the pin “{written}” cannot be read: {fault}"),
            };
            self.invalid(line, what);
        }
        Pin::new(written, value, PositionRule::Any, line)
    }

    fn max_age(&mut self, directive: &Directive, line: Option<usize>) -> Option<u64> {
        let value = directive.value.as_deref().unwrap_or_default();
        if value.is_empty() || !value.bytes().all(|digit| digit.is_ascii_digit()) {
            self.invalid(line, format!("max-age “{}” is no number of seconds", shortened(value)));
            return None;
        }
        Some(value.parse().unwrap_or(u64::MAX))
    }

    /// What a browser wanted of a header before it noted its pins.
    fn check(
        &mut self,
        name: &str,
        line: Option<usize>,
        pins: &[Pin],
        address: Option<bool>,
        max_age: Option<u64>,
    ) {
        /// The longest that browsers kept pins, in seconds: 60 days (section 4.1).
        const LONGEST: u64 = 60 * 86_400;
        let keys: BTreeSet<_> = pins.iter().filter_map(Pin::spki).collect();
        if keys.len() < 2 {
            let what = format!(
                "{name} has {} usable pins; without a second, for backup, it was never obeyed",
                keys.len()
            );
            self.invalid(line, what);
        }
        match (address, max_age) {
            (None, None) => {
                self.invalid(line, format!("{name} has no max-age, without which it was never obeyed"));
            }
            (None, Some(0)) => {
                self.invalid(line, format!("{name} has max-age=0, which told browsers to forget"));
            }
            (None, Some(seconds)) if seconds > LONGEST => {
                self.invalid(line, format!("{name} has a max-age above 60 days, which browsers cut down"));
            }
            (Some(false), _) => {
                self.invalid(line, format!("{name} has no report-uri, without which it did nothing"));
            }
            _ => {}
        }
    }

    fn invalid(&mut self, line: Option<usize>, what: String) {
        self.problems.add(ProblemKind::NoEffect, line, what);
    }
}

/// The directives of a value (section 2.1).
fn directives(value: &str) -> Result<Vec<Directive>, String> {
    /// The most directives of one header.
    const MOST: usize = 1000;
    let mut directives = Vec::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(';') {
            rest = after.trim_start();
            continue;
        }
        if directives.len() >= MOST {
            return Err(format!("it has more than {MOST} directives"));
        }
        let end = rest.find(['=', ';']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(format!("“{}” is no name of a directive", shortened(&name)));
        }
        let Some(after) = after.strip_prefix('=') else {
            directives.push(Directive { name, value: None, is_quoted: false });
            rest = after;
            continue;
        };
        let after = after.trim_start();
        let (value, after, is_quoted) = if let Some(quoted) = after.strip_prefix('"') {
            let (value, after) = quoted.split_once('"').ok_or("a quote has no end")?;
            (value, after.trim_start(), true)
        } else {
            let end = after.find(';').unwrap_or(after.len());
            let (value, after) = after.split_at_checked(end).unwrap_or((after, ""));
            (value.trim(), after, false)
        };
        if !after.is_empty() && !after.starts_with(';') {
            return Err("a semicolon is missing between directives".to_owned());
        }
        directives.push(Directive { name, value: Some(value.to_owned()), is_quoted });
        rest = after;
    }
    Ok(directives)
}

fn is_token(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(symbol)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{Reading, formats};
    use crate::x509::SpkiSha256;

    fn read(text: &str) -> PinSource {
        match formats::tests::only("headers.txt", text.as_bytes()) {
            Reading::Read(source) => source,
            other => panic!("{other:?}"),
        }
    }

    fn pin(word: &str) -> String {
        format!("pin-sha256=\"{}\"", SpkiSha256::of(word.as_bytes()))
    }

    fn said(source: &PinSource, kind: ProblemKind) -> Vec<&str> {
        source.problems.iter().filter(|p| p.kind == kind).map(|p| p.what.as_str()).collect()
    }

    #[test]
    fn a_good_header_is_read_and_dead() {
        let source = read(&format!(
            "Public-Key-Pins: {}; {}; max-age=5184000; includeSubDomains; report-uri=\"https://a.example/\"",
            pin("a"),
            pin("b")
        ));
        let entry = &source.entries[0];
        assert_eq!(entry.enforcement.mode, EnforcementMode::No);
        let keys: Vec<_> = entry.pins.iter().filter_map(Pin::spki).collect();
        assert_eq!(keys, [&SpkiSha256::of(b"a"), &SpkiSha256::of(b"b")]);
        assert_eq!(said(&source, ProblemKind::Obsolete).len(), 1);
        assert!(said(&source, ProblemKind::NoEffect).is_empty(), "{:?}", source.problems);
        assert_eq!(formats::applicable(&source, "any.example").len(), 1);
    }

    #[test]
    fn the_host_of_a_configuration_is_its_scope() {
        let source = read(&format!(
            "server {{\n server_name a.example;\n add_header Public-Key-Pins '{}; {}; max-age=1; includeSubDomains';\n}}",
            pin("a"),
            pin("b")
        ));
        assert_eq!(source.entries[0].scope, HostPattern::WithSubdomains("a.example".into()));
        assert!(formats::applicable(&source, "b.example").is_empty());
    }

    #[test]
    fn what_never_worked_is_told() {
        let (a, b) = (pin("a"), pin("b"));
        for (header, expected) in [
            (format!("Public-Key-Pins: {a}; {b}"), "no max-age"),
            (format!("Public-Key-Pins: {a}; max-age=1"), "1 usable pins"),
            (format!("Public-Key-Pins: {a}; {a}; max-age=1"), "1 usable pins"),
            (format!("Public-Key-Pins: {a}; {b}; max-age=0"), "max-age=0"),
            (format!("Public-Key-Pins: {a}; {b}; max-age=1; max-age=2"), "twice"),
            (format!("Public-Key-Pins: {a}; {b}; max-age=x"), "no number"),
            (format!("Public-Key-Pins: {a}; {b}; max-age=99999999"), "above 60 days"),
            (format!("Public-Key-Pins: {a} {b}; max-age=1"), "semicolon"),
            (format!("Public-Key-Pins: {a}; pin-sha1=\"x\"; {b}; max-age=1"), "unknown"),
            (format!("Public-Key-Pins: pin-sha256=\"x; max-age=1; {b}"), "not valid"),
            (format!("Public-Key-Pins: pin-sha256=\"AAAA\"; {a}; {b}; max-age=1"), "3 octets"),
            (format!("Public-Key-Pins-Report-Only: {a}; {b}"), "no report-uri"),
        ] {
            let source = read(&header);
            let said = said(&source, ProblemKind::NoEffect);
            assert!(said.iter().any(|what| what.contains(expected)), "{header}: {said:?}");
        }
        let unquoted = format!("Public-Key-Pins: {}; {b}; max-age=1", a.replace('"', ""));
        assert!(said(&read(&unquoted), ProblemKind::NoEffect)[0].contains("quotes"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(value in "(pin-sha256|max-age|=|;|\"|includeSubDomains|[A-Za-z0-9+/]|\\PC){0,60}") {
            let _ = formats::read("x", format!("Public-Key-Pins: {value}").as_bytes());
        }
    }
}
