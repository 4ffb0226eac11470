//! The pin list of curl: `sha256//BASE64[;sha256//BASE64…]`, alone, in its configuration file, or in a command.
//!
//! Source: curl's manual page, `--pinnedpubkey`, `--next` and `--config`, `Curl_pin_peer_pubkey` in its
//! `lib/vtls/vtls.c`, and `tool_getparam.c`: the leaf's key alone, compared with the canonical base64 of its hash; of an
//! option that is given again the last counts, and `--next` begins anew. An address without a scheme is asked by HTTP
//! unless `--proto-default` says another. What does not begin with `sha256//` names a
//! file with a key.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod command;

use self::command::Section;
use super::problems::{Problems, shortened};
use super::{PinFormat, PinInput, source};
use crate::pins::base64_text;
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFault, PinSource, PinValue,
    PositionRule, ProblemKind,
};

/// The format's id.
const ID: &str = "curl";
/// What a hash begins with.
const PREFIX: &str = "sha256//";
/// The most pins of one file, and the most sections.
const MOST_PINS: usize = 10_000;

/// A list of curl, alone or as the `pinnedpubkey` option of its configuration file or of a command.
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
        // Programs speak of the option without being its use.
        if source::is_source(input.path) && !text.contains(PREFIX) {
            return false;
        }
        if command::has_option(text) || text.lines().any(|line| line.trim_start().starts_with(PREFIX)) {
            return true;
        }
        // With one slash instead of two it is no list for curl, and is read here to say so.
        let mut lists = text.lines().filter_map(list_of).peekable();
        lists.peek().is_some() && lists.all(|list| list.starts_with("sha256/"))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let mut read = Read::default();
        if command::has_option(text) {
            for section in command::sections(text) {
                read.section(&section)?;
            }
        } else {
            let mut pins = Vec::new();
            for (line, number) in text.lines().zip(1_usize..) {
                pins.extend(pins_of(list_of(line).unwrap_or_default(), number));
            }
            let line = pins.first().and_then(|pin: &Pin| pin.line);
            read.add(HostPattern::Unstated, pins, 0, line, Confidence::Stated)?;
        }
        Ok(PinSource { entries: read.entries, problems: read.problems.into_list(), ..PinSource::of(ID) })
    }

    /// The entries for the host, and those that name none: they are used for whatever host curl is told to ask.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }
}

/// What was read so far.
#[derive(Default)]
struct Read {
    entries: Vec<PinEntry>,
    problems: Problems,
    pins: usize,
}

impl Read {
    /// One set of options, with the hosts that they are for.
    fn section(&mut self, section: &Section) -> Result<(), String> {
        let Some((value, line)) = &section.pins else { return Ok(()) };
        let told = self.problems.len();
        if section.is_cut {
            let what = "the list is not in quotes, so that the shell ends the command within it: curl gets the pins before \
                        the separator alone, and nothing of what stands behind; put the list in quotes";
            self.problems.add(ProblemKind::NoEffect, Some(*line), what.to_owned());
        }
        let is_read = value.starts_with("sha256/");
        if !is_read {
            let what = if value.contains('$') {
                format!("the pins are “{}”, which is worked out elsewhere", shortened(value))
            } else {
                format!("--pinnedpubkey names the file “{}”, whose key is not read here", shortened(value))
            };
            self.problems.add(ProblemKind::NotRead, Some(*line), what);
        }
        let (open, pins): (Vec<Pin>, Vec<Pin>) =
            pins_of(value, *line).filter(|_| is_read).partition(|pin| is_worked_out(&pin.written));
        for pin in &open {
            let what =
                format!("one of the pins is “{}”, which is worked out elsewhere", shortened(&pin.written));
            self.problems.add(ProblemKind::NotRead, Some(*line), what);
        }
        let hosts = section.addresses.iter().map(|address| address.host.clone());
        let about: Vec<HostPattern> = hosts.map(HostPattern::Exactly).collect();
        self.problems.concern(told, &about);
        let unread = if is_read { u32::try_from(open.len()).unwrap_or(u32::MAX) } else { 1 };
        if let Some(why) = section.may_not_run {
            let what = format!("a command has pins, and {why}: whether it is run is not known");
            self.problems.add(ProblemKind::NotRead, Some(*line), what);
        }
        let confidence = |is_clear: bool| match (section.is_command, is_clear) {
            (false, _) => Confidence::Stated,
            (true, _) if section.may_not_run.is_some() => {
                let why = section.may_not_run.unwrap_or_default();
                Confidence::Guessed(format!("the command may not be run: {why}"))
            }
            (true, _) if !section.is_curl => {
                Confidence::Guessed("the command that has the option is not seen to be curl".to_owned())
            }
            (true, true) => Confidence::Read,
            (true, false) => {
                Confidence::Guessed("the address that the command asks is not spelt out beside it".to_owned())
            }
        };
        if section.addresses.is_empty() {
            return self.add(HostPattern::Unstated, pins, unread, Some(*line), confidence(false));
        }
        for address in &section.addresses {
            let scope = HostPattern::Exactly(address.host.clone());
            let confidence = if section.asks_by_tls(address) {
                confidence(true)
            } else {
                Confidence::Guessed(
                    "curl asks this address by HTTP, without a certificate, unless it is redirected to HTTPS (a scheme, \
                     or --proto-default https, would say so)"
                        .to_owned(),
                )
            };
            self.add(scope, pins.clone(), unread, Some(*line), confidence)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        scope: HostPattern,
        pins: Vec<Pin>,
        unread: u32,
        line: Option<usize>,
        confidence: Confidence,
    ) -> Result<(), String> {
        self.pins = self.pins.saturating_add(pins.len()).saturating_add(1);
        if self.pins > MOST_PINS {
            return Err(format!("it has more than {MOST_PINS} pins"));
        }
        let enforcement = Enforcement {
            mode: EnforcementMode::Yes,
            why: "curl refuses a server whose own key is not in the list, even with --insecure".to_owned(),
        };
        let pin_set = Some(self.entries.len().saturating_add(1));
        self.entries.push(PinEntry {
            pins,
            unread,
            pin_set,
            line,
            confidence,
            ..PinEntry::of(scope, enforcement)
        });
        Ok(())
    }
}

/// The list on a line of a file that is nothing but a list; `None` for empty lines and comments.
fn list_of(line: &str) -> Option<&str> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with('#')).then_some(line)
}

fn pins_of(list: &str, line: usize) -> impl Iterator<Item = Pin> + '_ {
    list.split(';').filter(|pin| !pin.trim().is_empty()).map(move |pin| read_pin(pin, line))
}

/// Whether a shell, a template or a build puts a pin in.
fn is_worked_out(written: &str) -> bool {
    written.contains(['$', '`', '%']) || written.contains("{{")
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

    fn source(text: &str) -> PinSource {
        match super::super::tests::only("smoke.sh", text.as_bytes()) {
            Reading::Read(source) => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_in_scripts_are_read_with_their_hosts() {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        let text = format!(
            "#!/bin/sh\n# curl --pinnedpubkey sha256//{b} https://no.example/\n\
             curl -sS --pinnedpubkey 'sha256//{a};sha256//{b}' -H 'Origin: https://no.example' https://API.example:8443/x\n\
             RUN x && curl -x http://no.example \\\n  --pinnedpubkey \"sha256//{b}\" \\\n  \"https://b.example/y\" | sh\n\
             curl --pinnedpubkey sha256//{a} \"$URL\"\ncurl --pinnedpubkey \"$PIN\" https://c.example\n"
        );
        let source = source(&text);
        let told: Vec<_> = source
            .entries
            .iter()
            .map(|entry| (entry.scope.to_string(), entry.pins.len(), entry.line, entry.confidence.name()))
            .collect();
        assert_eq!(
            told,
            [
                ("api.example".to_owned(), 2, Some(3), "read"),
                ("b.example".to_owned(), 1, Some(5), "read"),
                ("*".to_owned(), 1, Some(7), "guessed"),
                ("c.example".to_owned(), 0, Some(8), "read"),
            ]
        );
        assert_eq!(source.problems.len(), 1);
        assert_eq!((source.problems[0].kind, source.problems[0].line), (ProblemKind::NotRead, Some(8)));
    }

    #[test]
    fn commands_that_may_not_run_are_guesses() {
        let curl = format!("curl --pinnedpubkey sha256//{} https://a.example", SpkiSha256::of(b"a"));
        for (text, confidence) in [
            (format!("if [ -n \"$S\" ]; then {curl}; else curl https://a.example; fi"), "guessed"),
            (format!("if [ -n \"$S\" ]\nthen\n  x\nelse\n  {curl}\nfi"), "guessed"),
            (format!("case $1 in\n a) {curl} ;;\nesac"), "guessed"),
            (format!("[ -n \"$S\" ] && {curl}"), "guessed"),
            (format!("x || {curl}"), "guessed"),
            (format!("cat <<'EOF'\n{curl}\nEOF"), "guessed"),
            (format!("if true; then x; fi\n{curl}"), "read"),
            (format!("if {curl}; then x; fi"), "read"),
            (format!("if ! {curl}; then\n x\nfi"), "read"),
            (format!("cd /tmp && {curl}"), "read"),
            (format!("[ -d x ] || mkdir x; {curl}"), "read"),
            (format!("for a in b; do {curl}; done"), "read"),
            (format!("cat <<EOF\nx\nEOF\n{curl}"), "read"),
        ] {
            let source = source(&text);
            let found: Vec<_> = source.entries.iter().map(|entry| entry.confidence.name()).collect();
            assert_eq!(found, [confidence], "{text}\n{source:?}");
            assert_eq!(source.problems.is_empty(), confidence == "read", "{text}");
        }
    }

    #[test]
    fn a_list_without_quotes_ends_where_the_shell_ends_the_command() {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        for (text, host, pins, told) in [
            (
                format!("curl -fsS https://a.example --pinnedpubkey sha256//{a};sha256//{b}"),
                "a.example",
                1,
                1,
            ),
            (format!("curl --pinnedpubkey=sha256//{a};sha256//{b} https://a.example"), "*", 1, 1),
            (
                format!("$CURL https://a.example \\\n --pinnedpubkey sha256//{a};sha256//{b}"),
                "a.example",
                1,
                1,
            ),
            (
                format!("run: curl https://a.example --pinnedpubkey sha256//{a}&sha256//{b}"),
                "a.example",
                1,
                1,
            ),
            (format!("curl https://a.example --pinnedpubkey sha256//{a}\\;sha256//{b}"), "a.example", 2, 0),
            (format!("curl https://a.example --pinnedpubkey 'sha256//{a};sha256//{b}'"), "a.example", 2, 0),
            (format!("curl https://a.example --pinnedpubkey sha256//{a}; echo done"), "a.example", 1, 0),
            (format!("curl --pinnedpubkey sha256//{a} https://a.example 2>&1|tee log"), "a.example", 1, 0),
            (format!("curl 2>&1 --pinnedpubkey sha256//{a} https://a.example"), "a.example", 1, 0),
            (
                format!("args: [curl, --pinnedpubkey, sha256//{a};sha256//{b}, https://a.example]"),
                "a.example",
                2,
                0,
            ),
            (format!("args:\n - curl\n - --pinnedpubkey=sha256//{a};sha256//{b}"), "*", 2, 0),
        ] {
            let source = source(&text);
            let entry = &source.entries[0];
            assert_eq!((entry.scope.to_string(), entry.pins.len()), (host.to_owned(), pins), "{text}");
            let said: Vec<_> =
                source.problems.iter().map(|one| (one.kind, one.what.contains("quotes"))).collect();
            assert_eq!(said, vec![(ProblemKind::NoEffect, true); told], "{text}");
        }
    }

    #[test]
    fn what_a_shell_puts_in_is_open_and_remarks_are_none() {
        let a = SpkiSha256::of(b"a");
        for (text, pins, unread, confidence) in [
            (format!("curl --pinnedpubkey \"sha256//{a};sha256//$NEXT\" https://a.example"), 1, 1, "read"),
            ("curl --pinnedpubkey sha256//${PIN} https://a.example".to_owned(), 0, 1, "read"),
            (
                format!(
                    "run: curl --pinnedpubkey 'sha256//${{{{ secrets.PIN }}}};sha256//{a}' https://a.example"
                ),
                1,
                1,
                "read",
            ),
            (format!("./fetch --pinnedpubkey sha256//{a} https://a.example"), 1, 0, "guessed"),
            (format!("sudo /usr/bin/curl --pinnedpubkey=sha256//{a} https://a.example"), 1, 0, "read"),
            (format!("x(['curl', '--pinnedpubkey', 'sha256//{a}', 'https://a.example'])"), 1, 0, "read"),
        ] {
            let source = source(&text);
            let entry = &source.entries[0];
            assert_eq!((entry.pins.len(), entry.unread), (pins, unread), "{text}");
            assert_eq!(entry.confidence.name(), confidence, "{text}");
            assert_eq!(source.problems.len(), usize::from(unread > 0), "{text}");
        }
        let remark = format!("curl https://a.example # was: --pinnedpubkey 'sha256//{a}'\n");
        assert!(source(&remark).entries.is_empty());
    }

    #[test]
    fn an_address_without_a_scheme_has_its_host_and_is_not_asked_by_tls() {
        let a = SpkiSha256::of(b"a");
        for (words, host, confidence) in [
            ("-sS api.shop.example:8443/x", "api.shop.example", "guessed"),
            ("--proto-default https api.shop.example:8443/x", "api.shop.example", "read"),
            ("-o out.txt --url API.shop.example", "api.shop.example", "guessed"),
            ("-o out.txt \"$URL\" > log.txt", "*", "guessed"),
            ("http://api.shop.example", "api.shop.example", "guessed"),
            ("-o out.txt https://api.shop.example", "api.shop.example", "read"),
            ("-sSL https://api.shop.example -o out.txt", "api.shop.example", "read"),
        ] {
            let source = source(&format!("/usr/bin/curl.exe --pinnedpubkey sha256//{a} {words}\n"));
            let told: Vec<_> = source
                .entries
                .iter()
                .map(|entry| (entry.scope.to_string(), entry.confidence.name()))
                .collect();
            assert_eq!(told, [(host.to_owned(), confidence)], "{words}");
        }
        let options = format!("url = api.example\nproto-default = https\npinnedpubkey = sha256//{a}\n");
        let source = source(&options);
        assert_eq!(source.entries[0].scope.to_string(), "api.example");
        assert_eq!(source.entries[0].confidence, Confidence::Stated);
    }

    #[test]
    fn the_last_option_of_a_section_counts_for_the_hosts_of_its_addresses() {
        let (a, b) = (SpkiSha256::of(b"a"), SpkiSha256::of(b"b"));
        let text = format!(
            "url = \"https://a.example/\"\npinnedpubkey = \"sha256//{a}\"\npinnedpubkey = \"sha256//{b}\"\n\
             next\nurl = https://b.example\n--pinnedpubkey sha256//{a}\nnext\nurl=https://c.example\n"
        );
        let source = source(&text);
        let told: Vec<_> = source
            .entries
            .iter()
            .map(|entry| {
                (entry.scope.to_string(), entry.pins.iter().filter_map(Pin::spki).copied().collect())
            })
            .collect();
        assert_eq!(told, [("a.example".to_owned(), vec![b]), ("b.example".to_owned(), vec![a])]);
    }

    #[test]
    fn a_file_of_a_key_is_not_read_and_is_no_dead_pin() {
        let source = source("pinnedpubkey = \"/etc/app/pin.pem\"\n");
        assert_eq!((source.entries[0].pins.len(), source.entries[0].unread), (0, 1));
        assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
        assert!(source.problems[0].what.contains("/etc/app/pin.pem"));
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
