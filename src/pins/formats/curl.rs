//! The pin list of curl: `sha256//BASE64[;sha256//BASE64…]`.
//!
//! Source: curl's manual page, `--pinnedpubkey`, and `Curl_pin_peer_pubkey` in its `lib/vtls/vtls.c`: the
//! leaf's key alone, compared with the canonical base64 of its hash.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{PinFormat, PinInput};
use crate::pins::base64_text;
use crate::pins::model::{
    Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PinValue, PositionRule,
};

/// The format's id.
const ID: &str = "curl";
/// What a hash begins with.
const PREFIX: &str = "sha256//";
/// The most pins of one list.
const MOST_PINS: usize = 10_000;

/// A list of curl, alone or as the `pinnedpubkey` option of its configuration file.
pub(super) struct CurlList;

/// Whether an argument is itself a list rather than the name of a file.
pub fn is_inline_list(argument: &str) -> bool {
    argument.starts_with(PREFIX)
}

impl PinFormat for CurlList {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        let text = input.text.as_deref().unwrap_or_default();
        if text.lines().any(|line| is_option(line) || line.trim_start().starts_with(PREFIX)) {
            return true;
        }
        // With one slash instead of two it is no list for curl, and is read here to say so.
        let mut lists = text.lines().filter_map(list_of).peekable();
        lists.peek().is_some() && lists.all(|list| list.starts_with("sha256/"))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        // A configuration file has other options too; a plain list has only pins.
        let has_options = text.lines().any(is_option);
        let mut pins = Vec::new();
        for (line, number) in text.lines().zip(1_usize..).filter(|(line, _)| !has_options || is_option(line))
        {
            let list = list_of(line).unwrap_or_default();
            pins.extend(
                list.split(';').filter(|pin| !pin.trim().is_empty()).map(|pin| read_pin(pin, number)),
            );
            if pins.len() > MOST_PINS {
                return Err(format!("it has more than {MOST_PINS} pins"));
            }
        }
        let line = pins.first().and_then(|pin| pin.line);
        let enforcement = Enforcement {
            mode: EnforcementMode::Yes,
            why: "curl refuses a server whose own key is not in the list, even with --insecure".to_owned(),
        };
        let entry =
            PinEntry { pins, pin_set: Some(1), line, ..PinEntry::of(HostPattern::Unstated, enforcement) };
        Ok(PinSource { entries: vec![entry], ..PinSource::of(ID) })
    }

    /// The list itself: it is used for whatever host curl is told to ask.
    fn applicable<'a>(&self, source: &'a PinSource, _host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().collect()
    }
}

/// Whether a line sets the option.
fn is_option(line: &str) -> bool {
    line.trim().trim_start_matches("--").starts_with("pinnedpubkey")
}

/// The list on a line, without the option's name and quotes; `None` for empty lines and comments.
fn list_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    match line.trim_start_matches("--").strip_prefix("pinnedpubkey") {
        None => Some(line),
        Some(value) => {
            let separators = |symbol: char| symbol.is_whitespace() || matches!(symbol, '=' | ':');
            Some(value.trim_start_matches(separators).trim_matches(['"', '\'']))
        }
    }
}

fn read_pin(written: &str, line: usize) -> Pin {
    Pin::new(written.trim(), value(written), PositionRule::Leaf, Some(line))
}

fn value(written: &str) -> Result<PinValue, PinFault> {
    written.strip_prefix(PREFIX).ok_or(PinFault::NoPrefix(PREFIX)).and_then(base64_text::canonical)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::Reading;
    use crate::x509::SpkiSha256;

    fn read(text: &str) -> Vec<Pin> {
        let Reading::Read(source) = super::super::tests::only("pins.txt", text.as_bytes()) else {
            panic!("{text} is not read");
        };
        assert_eq!(source.format, ID);
        source.entries.into_iter().flat_map(|entry| entry.pins).collect()
    }

    #[test]
    fn a_list_is_read_alone_and_as_an_option() {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        for text in [
            format!("sha256//{a};sha256//{b}"),
            format!("sha256//{a};sha256//{b}\n"),
            format!("# comment\npinnedpubkey = \"sha256//{a};sha256//{b}\"\n"),
            format!("user-agent = x\n--pinnedpubkey sha256//{a};sha256//{b}"),
            format!("sha256//{a}\nsha256//{b}"),
        ] {
            let keys: Vec<_> = read(&text).iter().filter_map(|pin| pin.spki().copied()).collect();
            assert_eq!(keys, [a, b], "{text}");
        }
    }

    #[test]
    fn what_curl_cannot_use_is_a_fault() {
        let a = SpkiSha256::of(b"a").to_string();
        let bare = a.trim_end_matches('=');
        assert_eq!(read(&format!("sha256//{bare}"))[0].value, Err(PinFault::NotBase64));
        assert_eq!(read(&format!("sha256/{a}"))[0].value, Err(PinFault::NoPrefix(PREFIX)));
        assert_eq!(read("sha256//AAAA")[0].value, Err(PinFault::WrongLength(3)));
        assert_eq!(read("sha256//")[0].value, Err(PinFault::Empty));
    }

    #[test]
    fn other_text_is_not_taken_for_a_list() {
        assert_eq!(super::super::tests::only("notes.txt", b"pins: none"), Reading::NotRecognised);
        let json = format!("{{\n \"pins\": [\n  \"sha256/{}\"\n ]\n}}", SpkiSha256::of(b"a"));
        assert_eq!(super::super::tests::only("pins.json", json.as_bytes()), Reading::NotRecognised);
        assert!(is_inline_list("sha256//x") && !is_inline_list("sha256.txt"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(sha256//?|;|=|[A-Za-z0-9+/]|\\PC|\n){0,60}") {
            let _ = super::super::tests::only("x", text.as_bytes());
        }
    }
}
