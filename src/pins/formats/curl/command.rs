//! Curl's options in a configuration file, or in the commands of a script.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The option's name.
const OPTION: &str = "pinnedpubkey";
/// The longest command, in octets.
const LONGEST: usize = 64 << 10;
/// What ends a command, or begins another set of options.
const ENDS: [&str; 7] = ["&&", "||", "|", ";", "--next", "-:", "&"];
/// Options whose value is an address that is not asked.
const OTHER_ADDRESSES: [&str; 8] =
    ["-x", "--proxy", "--preproxy", "-e", "--referer", "--doh-url", "-A", "--unix-socket"];

/// One set of options.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The value of `--pinnedpubkey` that counts, with its line.
    pub(super) pins: Option<(String, usize)>,
    /// The addresses beside it.
    pub(super) addresses: Vec<Address>,
    /// Whether addresses without a scheme are asked by TLS.
    pub(super) defaults_to_tls: bool,
    /// Whether it is a command, and not of a configuration file.
    pub(super) is_command: bool,
    /// Whether curl is seen to be the command.
    pub(super) is_curl: bool,
    /// Why it may not be run, if that is so.
    pub(super) may_not_run: Option<&'static str>,
    /// Whether a separator of the shell cuts its list in two: what stands behind it is no part of it.
    pub(super) is_cut: bool,
}

/// What stands around the commands of a script.
#[derive(Clone, Debug, Default)]
struct Around {
    /// The `if` and `case` that are open, and whether their branches have begun.
    open: Vec<bool>,
    /// What ends the here-document that is open.
    here: Option<String>,
}

impl Around {
    /// Takes the first word of a command.
    fn take(&mut self, word: &str) {
        match word {
            // No script is nested deeper.
            "if" | "case" if self.open.len() < 1000 => self.open.push(word == "case"),
            "then" => drop(self.open.last_mut().map(|begun| *begun = true)),
            "fi" | "esac" => drop(self.open.pop()),
            _ => {}
        }
    }

    fn why(&self) -> Option<&'static str> {
        if self.here.is_some() {
            Some("it stands in a here-document, which runs only where it is given to a shell")
        } else if self.open.contains(&true) {
            Some("it stands in a branch of “if” or “case”")
        } else {
            None
        }
    }
}

impl Section {
    /// Whether a certificate is asked for at this address.
    pub(super) fn asks_by_tls(&self, address: &Address) -> bool {
        address.scheme.as_deref().map_or(self.defaults_to_tls, |scheme| scheme != "http")
    }
}

/// An address that is spelt out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Its host.
    pub(super) host: String,
    /// Its scheme, where it has one.
    pub(super) scheme: Option<String>,
}

/// Whether a text has the option anywhere.
pub(super) fn has_option(text: &str) -> bool {
    text.lines().any(|line| is_setting(line) || (line.contains("--pinnedpubkey") && !is_comment(line)))
}

/// Every set of options in a text.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let commands = commands(text);
    // In a script the option of a command never comes first: the line above goes on.
    let is_first = |words: &[Word]| words.first().is_some_and(|(_, first)| is_setting(first));
    let is_configuration = commands.iter().any(|(words, _)| is_first(words));
    if is_configuration {
        return configuration(text);
    }
    commands.into_iter().flat_map(|(words, around)| of_command(&words, around)).collect()
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//")
}

/// Whether a line of a configuration file sets the option.
fn is_setting(line: &str) -> bool {
    setting(line).is_some_and(|(name, _)| name == OPTION)
}

/// The name and the value of a line of a configuration file.
fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || is_comment(line) {
        return None;
    }
    let bare = line.trim_start_matches("--");
    let is_separator = |symbol: char| symbol.is_whitespace() || matches!(symbol, '=' | ':');
    let (name, value) = bare.split_at(bare.find(is_separator).unwrap_or(bare.len()));
    let value = value.trim_start_matches(is_separator);
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value.split(quote).nth(1).unwrap_or_default(),
        _ => value.split_whitespace().next().unwrap_or_default(),
    };
    Some((name, value))
}

fn configuration(text: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    for (line, number) in text.lines().zip(1_usize..) {
        let Some((name, value)) = setting(line) else { continue };
        if matches!(name, "next" | "-") && value.is_empty() {
            sections.push(Section::default());
        }
        let Some(section) = sections.last_mut() else { continue };
        match name {
            OPTION => section.pins = Some((value.to_owned(), number)),
            "url" => section.addresses.extend(address(value).or_else(|| without_scheme(value))),
            "proto-default" => section.defaults_to_tls = value.eq_ignore_ascii_case("https"),
            _ => {}
        }
    }
    sections
}

/// A word and the line it stands on.
type Word = (usize, String);

/// The words of each command that may have the option, and what stands around them: lines that end in a backslash go on
/// with the next.
fn commands(text: &str) -> Vec<(Vec<Word>, Around)> {
    let mut found: Vec<(Vec<Word>, Around)> = Vec::new();
    let mut around = Around::default();
    let mut add = |words: Vec<Word>, around: &mut Around| {
        let has_option = words.iter().any(|(_, word)| word.contains(OPTION));
        let before = has_option.then(|| around.clone());
        if around.here.is_none() {
            take_firsts(&words, around);
        }
        found.extend(before.map(|before| (words, before)));
    };
    let mut open: Option<(Vec<Word>, usize)> = None;
    for (line, number) in text.lines().zip(1_usize..) {
        if around.here.as_deref() == Some(line.trim()) {
            around.here = None;
            continue;
        }
        if open.is_none() && is_comment(line) {
            continue;
        }
        let trimmed = line.trim_end();
        let continues = trimmed.strip_suffix('\\');
        let (mut all, length) = open.take().unwrap_or_default();
        words(continues.unwrap_or(trimmed), number, &mut all);
        let length = length.saturating_add(line.len());
        if continues.is_some() && length < LONGEST {
            open = Some((all, length));
        } else {
            add(all, &mut around);
            around.here = around.here.take().or_else(|| here_document(line));
        }
    }
    if let Some((all, _)) = open {
        add(all, &mut around);
    }
    found
}

/// What ends the here-document that a line begins.
fn here_document(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("<<")?;
    let rest = rest.trim_start_matches('-').trim_start();
    let name = rest.trim_start_matches(['\'', '"', '\\']);
    let name = name.split(|symbol: char| !symbol.is_alphanumeric() && symbol != '_').next()?;
    let is_shift = before.ends_with('<') || rest.starts_with('<');
    let is_name = name.starts_with(|symbol: char| symbol.is_alphabetic() || symbol == '_');
    (is_name && !is_shift).then(|| name.to_owned())
}

/// Takes note of what the commands of a line begin and end.
fn take_firsts(words: &[Word], around: &mut Around) {
    let mut is_first = true;
    for (_, word) in words {
        let bare = word.trim_end_matches(';');
        if is_first {
            around.take(bare);
        }
        is_first = begins_command(word);
    }
}

/// Whether a command begins behind this word.
fn begins_command(word: &str) -> bool {
    word.ends_with(';')
        || ENDS.contains(&word)
        || matches!(word, "then" | "else" | "elif" | "do" | "if" | "{" | "!")
}

/// Whether these words, of which brackets are left out, only ask for something.
fn only_asks(words: &[Word]) -> bool {
    let is_test = |word: &str| word == "test" || word.starts_with(['-', '!', '$']);
    words.first().is_some_and(|(_, word)| is_test(word))
        || words.iter().any(|(_, word)| matches!(word.as_str(), "=" | "==" | "!=" | "=~"))
}

/// The words of a line as a shell takes them apart.
///
/// Behind `curl`, outside of quotes and of the lists of YAML and JSON, what separates commands ends the word, too.
fn words(line: &str, number: usize, all: &mut Vec<Word>) {
    let mut word = String::new();
    let mut quote = None;
    let mut lists: usize = 0;
    let mut is_curl = all.iter().any(|(_, word)| names_curl(word, ""));
    let mut symbols = line.chars().peekable();
    while let Some(symbol) = symbols.next() {
        match (quote, symbol) {
            (Some(open), symbol) if open == symbol => quote = None,
            // A remark, to the end of the line.
            (None, '#') if word.is_empty() => return,
            (None, '"' | '\'') => quote = Some(symbol),
            (None, '\\') if symbols.peek().is_some_and(|next| matches!(next, ';' | '&' | '|')) => {
                word.extend(symbols.next());
            }
            (None, ';' | '&' | '|')
                if (is_curl || names_curl(&word, ""))
                    && lists == 0
                    && !is_redirection(&word, symbol, symbols.peek()) =>
            {
                all.extend((!word.is_empty()).then(|| (number, std::mem::take(&mut word))));
                all.push((number, symbol.to_string()));
            }
            (None, symbol)
                if symbol.is_whitespace() || matches!(symbol, ',' | '(' | ')' | '[' | ']' | '`') =>
            {
                is_curl |= names_curl(&word, "");
                match symbol {
                    '[' => lists = lists.saturating_add(1),
                    ']' => lists = lists.saturating_sub(1),
                    _ => {}
                }
                all.extend((!word.is_empty()).then(|| (number, std::mem::take(&mut word))));
            }
            (_, symbol) => word.push(symbol),
        }
    }
    all.extend((!word.is_empty()).then_some((number, word)));
}

/// Whether a symbol is a part of `2>&1` or `&>file` rather than the end of a command.
fn is_redirection(word: &str, symbol: char, next: Option<&char>) -> bool {
    symbol == '&' && (word.ends_with('>') || next == Some(&'>'))
}

/// The sets of options of the commands on one line.
fn of_command(words: &[Word], mut around: Around) -> Vec<Section> {
    const ON_ANOTHER: &str = "it runs only on what a command before it comes to";
    let next = |why| Section { is_command: true, may_not_run: why, ..Section::default() };
    let mut sections = vec![next(around.why())];
    let (mut before, mut is_first, mut begin) = ("", true, 0_usize);
    let (mut on_another, mut is_value) = (None, false);
    for (at, (line, word)) in words.iter().enumerate() {
        // The words of curl that are neither options nor their values are addresses.
        is_value = !is_value && takes_a_value(before);
        if word.starts_with("sha256/") && matches!(before, ";" | "&" | "|") {
            let mut behind = sections.iter_mut().rev();
            if let Some(cut) = behind.nth(1).filter(|section| section.pins.is_some()) {
                cut.is_cut = true;
            }
        }
        if is_first && around.here.is_none() {
            around.take(word.trim_end_matches(';'));
        }
        if ENDS.contains(&word.as_str()) {
            let asks = words.get(begin..at).is_some_and(only_asks);
            match word.as_str() {
                "&&" if asks => on_another = Some(ON_ANOTHER),
                "||" => on_another = Some(ON_ANOTHER),
                ";" | "&" => on_another = None,
                _ => {}
            }
            sections.push(next(around.why().or(on_another)));
            begin = at.saturating_add(1);
        } else if is_first && matches!(word.as_str(), "then" | "else" | "elif" | "do" | "fi" | "esac") {
            sections.push(next(around.why().or(on_another)));
            begin = at.saturating_add(1);
        }
        is_first = begins_command(word);
        let Some(section) = sections.last_mut() else { continue };
        section.is_curl |= section.pins.is_none() && names_curl(word, before);
        let value = word.strip_prefix("--pinnedpubkey=");
        if before == "--pinnedpubkey" || value.is_some() {
            section.pins = Some((value.unwrap_or(word).to_owned(), *line));
        } else if let Some((_, rest)) = word.split_once("--pinnedpubkey ") {
            // A whole command in quotes.
            section.is_curl = names_curl(word, before);
            let value = rest.trim_start().split([' ', '"', '\'']).find(|part| !part.is_empty());
            section.pins = value.map(|value| (value.to_owned(), *line));
        } else if before == "--proto-default" {
            section.defaults_to_tls = word.eq_ignore_ascii_case("https");
        } else if !OTHER_ADDRESSES.contains(&before) {
            let text = word.trim_start_matches("--url=");
            let is_bare = section.is_curl && (!is_value || before == "--url") && !names_curl(word, before);
            let bare = || without_scheme(text).filter(|_| is_bare);
            section.addresses.extend(address(text).or_else(bare));
        }
        let ends = word.ends_with(';') && word.len() > 1;
        if ends {
            on_another = None;
            sections.push(next(around.why()));
            begin = at.saturating_add(1);
        }
        before = word;
    }
    sections.retain(|section| section.pins.is_some());
    sections
}

/// Whether a word is curl, or a command in quotes that begins with it; one that is only printed is none.
fn names_curl(word: &str, before: &str) -> bool {
    let program = word.split_whitespace().next().unwrap_or_default();
    let program = program.rsplit(['/', '\\', '=']).next().unwrap_or_default();
    let program = program.trim_matches(['$', '{', '}', '@', '-']).to_ascii_lowercase();
    let is_printed = matches!(before, "echo" | "printf" | "print");
    !is_printed && (program == "curl" || program == "curl.exe")
}

/// Whether the word behind this one belongs to it: any option's that is not known for taking none.
fn takes_a_value(word: &str) -> bool {
    const FLAGS: &str = "#012346BGIJLNORSVZafgijklnpqsv";
    const NAMED: [&str; 37] = [
        "anyauth",
        "basic",
        "cert-status",
        "compressed",
        "create-dirs",
        "digest",
        "fail",
        "fail-early",
        "fail-with-body",
        "get",
        "globoff",
        "head",
        "http1.1",
        "http2",
        "http3",
        "include",
        "insecure",
        "ipv4",
        "ipv6",
        "location",
        "location-trusted",
        "netrc",
        "no-buffer",
        "no-keepalive",
        "no-progress-meter",
        "parallel",
        "path-as-is",
        "progress-bar",
        "remote-name",
        "remote-time",
        "retry-all-errors",
        "retry-connrefused",
        "show-error",
        "silent",
        "tcp-nodelay",
        "tlsv1.3",
        "verbose",
    ];
    if let Some(name) = word.strip_prefix("--") {
        return !name.contains('=') && !NAMED.contains(&name) && name != "tlsv1.2";
    }
    // What a shell redirects to is no word of curl's.
    let is_redirection = word.ends_with(['<', '>']);
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty());
    is_redirection || letters.is_some_and(|letters| letters.chars().any(|letter| !FLAGS.contains(letter)))
}

/// An address with its scheme.
fn address(text: &str) -> Option<Address> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|symbol| symbol.is_ascii_alphanumeric());
    let host = host(rest).filter(|_| is_scheme)?;
    Some(Address { host, scheme: Some(scheme.to_ascii_lowercase()) })
}

/// An address without one: a name of several labels, with what may stand behind it.
fn without_scheme(text: &str) -> Option<Address> {
    let host = host(text).filter(|_| !text.starts_with('-') && !text.contains("://"))?;
    let (_, last) = host.rsplit_once('.')?;
    let is_name = last.len() > 1 && last.chars().all(char::is_alphabetic);
    is_name.then_some(Address { host, scheme: None })
}

/// The host of an address behind its scheme.
fn host(rest: &str) -> Option<String> {
    let authority = rest.split(['/', '?', '#', ';']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split(':').next()?.trim_end_matches('.').to_lowercase();
    let is_name = |symbol: char| symbol.is_alphanumeric() || matches!(symbol, '-' | '.' | '_');
    (!host.is_empty() && host.len() <= 253 && host.chars().all(is_name)).then_some(host)
}
