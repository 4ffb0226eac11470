//! Code that looks at a server's certificates or keys itself, or says by itself which of them are trusted: what it compares
//! them with is followed nowhere here.
//!
//! The rule: code is such code where it reads what a server showed, is asked whether that is good, says which certificates are
//! trusted, or calls a library that pins. It is known by what libraries call these things (`names`), and libraries that pin by
//! their names. Defaults are none of it. Most code of the kind has no pins (a type that is passed on, a dialog that shows a
//! certificate); whoever says that pins are gone has to read it all the same.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod names;
#[cfg(test)]
mod tests;

use self::names::{LANGUAGES, LIBRARIES, NO_PINS};
use super::{candidates, test_code};
use crate::evidence::file::InputFile;
use crate::pins::model::{PinFile, Reading};

/// What libraries of a language call it.
struct Calls {
    /// The endings of files in the language.
    endings: &'static [&'static str],
    /// The names; one with `*` at its end stands for all that begin so, one with it before for all that end so.
    names: &'static [&'static str],
    /// Words that say it in some uses alone.
    forms: &'static [Form],
}

/// A word that says it in some uses alone.
struct Form {
    /// The word.
    word: &'static str,
    /// How it is used.
    how: How,
    /// Where the line has one of these, it is the default.
    unless: &'static [&'static str],
    /// The file has one of these, too.
    beside: &'static [&'static str],
    /// The file has none of these.
    without: &'static [&'static str],
}

/// How a word is used.
#[derive(Clone, Copy)]
enum How {
    /// As a word.
    Word,
    /// It stands in the line, whatever is around it.
    Text,
    /// It is given a value that is no default (`word = x`, `"word": x`, `word => x`).
    Value,
    /// As [`How::Value`], also `word: x` and `{ word }`.
    Key,
    /// It is called with so many arguments at least.
    Arguments(usize),
}

const fn form(word: &'static str, how: How) -> Form {
    Form { word, how, unless: &[], beside: &[], without: &[] }
}

/// Languages whose files no name tells from others that are opened.
const SNIFFED: [&str; 24] = [
    "c", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "ino", "php", "rb", "vb", "fs", "ps1", "groovy", "scala",
    "ets", "sh", "bash", "zsh", "pl", "pm", "ex", "exs", "erl",
];
/// Formats that read what code compares, and not what it calls a library with.
const COMPARISONS: [&str; 4] = ["urlsession", "dotnet", "go", "java-validation"];
/// The length of the shortest of [`LIBRARIES`], in octets.
const SHORTEST_LIBRARY: usize = 4;
/// How much of what stands behind a name is looked at for its arguments, in octets.
const LONGEST_CALL: usize = 4096;

/// The line, from 1, and the name by which code is known to look at certificates itself, else to call a library that pins. Comments and imports are passed over,
/// and so is what is in no release.
pub fn looks(file: &InputFile) -> Option<(usize, String)> {
    if test_code::why(file.inside()).is_some() {
        return None;
    }
    let languages: Vec<&Calls> = languages(&file.path).collect();
    if languages.is_empty() {
        return None;
    }
    let text = String::from_utf8_lossy(file.octets().ok()?);
    if !may_be_of(&text, &languages) {
        return None;
    }
    // What a library is called with is told by the format that reads it.
    let is_read = PinFile::of(file).iter().any(|read| match &read.reading {
        Reading::Read(source) => !COMPARISONS.contains(&source.format) && candidates::says_something(source),
        _ => false,
    });
    let mut aside = Aside { hashes: hashes_are_comments(&file.path), until: None };
    let (mut end, mut called): (usize, Option<(usize, String)>) = (0, None);
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        end = end.saturating_add(line.len());
        let behind = text.get(end..).unwrap_or_default();
        let code = aside.code_of(line);
        // What it looks at itself says more than which library it calls.
        let word = |is_read: bool| word_of((code, behind), &text, &languages, is_read);
        if let Some(word) = word(true).filter(|word| !library(word)) {
            return Some((number, word));
        }
        called = called.or_else(|| Some((number, word(is_read)?)));
    }
    called
}

/// Whether a file of this name is code that is opened by what is in it alone, and may be such code.
pub fn is_sniffed(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    SNIFFED.iter().any(|sniffed| ending.eq_ignore_ascii_case(sniffed))
}

/// Whether the text of one may be such code.
pub fn may_look(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    let is_sniffed = |calls: &&Calls| calls.endings.iter().any(|ending| SNIFFED.contains(ending));
    let languages: Vec<&Calls> = LANGUAGES.iter().filter(is_sniffed).collect();
    may_be_of(&text, &languages)
}

/// Whether any of the words stands in a text.
fn may_be_of(text: &str, languages: &[&Calls]) -> bool {
    let names = languages.iter().flat_map(|calls| calls.names).map(|name| name.trim_matches('*'));
    let forms = languages.iter().flat_map(|calls| calls.forms).map(|form| form.word);
    names.chain(forms).any(|word| text.contains(word)) || words(text).any(|(_, word)| library(word))
}

fn languages(path: &str) -> impl Iterator<Item = &'static Calls> {
    let ending =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    LANGUAGES.iter().filter(move |calls| calls.endings.contains(&ending.as_str()))
}

/// The word of a line of code, with what stands behind it, by which it is such code.
fn word_of(
    (code, behind): (&str, &str),
    text: &str,
    languages: &[&'static Calls],
    is_read: bool,
) -> Option<String> {
    let texts = languages
        .iter()
        .flat_map(|calls| calls.forms)
        .find(|form| matches!(form.how, How::Text) && code.contains(form.word));
    if let Some(form) = texts {
        return Some(form.word.to_owned());
    }
    let is_default = NO_PINS.iter().any(|default| code.contains(default));
    words(code).find_map(|(at, word)| {
        let is_named = || languages.iter().flat_map(|calls| calls.names).any(|name| is_name(word, name));
        let is_of_library = || !is_read && !is_default && library(word);
        let is_in_form = || {
            let forms = languages.iter().flat_map(|calls| calls.forms).filter(|form| form.word == word);
            forms.into_iter().any(|form| is_used(form, (code, at), behind, text))
        };
        (is_named() || is_of_library() || is_in_form()).then(|| word.to_owned())
    })
}

fn is_name(word: &str, name: &str) -> bool {
    match (name.strip_suffix('*'), name.strip_prefix('*')) {
        (Some(begin), _) => word.starts_with(begin),
        (None, Some(end)) => word.ends_with(end),
        (None, None) => word == name,
    }
}

/// Whether a name is one of libraries that pin.
pub fn library(word: &str) -> bool {
    if word.len() < SHORTEST_LIBRARY {
        return false;
    }
    let plain: String = word.chars().filter(|letter| *letter != '_').collect::<String>().to_lowercase();
    LIBRARIES.iter().any(|stem| {
        plain.match_indices(stem).any(|(at, _)| {
            // `tls_ping` is no pin.
            let next = plain.get(at.saturating_add(stem.len())..).unwrap_or_default();
            let is_prefix = stem.ends_with("tskp");
            !next.starts_with('g') && (!is_prefix || at == 0)
        })
    })
}

/// The words of a text, and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut begin: usize = 0;
    text.split_inclusive(|letter: char| !(letter.is_alphanumeric() || letter == '_')).filter_map(
        move |piece| {
            let at = begin;
            begin = begin.saturating_add(piece.len());
            let word = piece.trim_end_matches(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            (!word.is_empty()).then_some((at, word))
        },
    )
}

/// Whether a word at this place of a line is used as the form says.
fn is_used(form: &Form, (code, at): (&str, usize), behind: &str, text: &str) -> bool {
    let is_there = |list: &[&str], text: &str| list.iter().any(|word| text.contains(word));
    if is_there(form.unless, code)
        || is_there(form.without, text)
        || !(form.beside.is_empty() || is_there(form.beside, text))
    {
        return false;
    }
    let rest = code.get(at.saturating_add(form.word.len())..).unwrap_or_default();
    let rest: String = rest.chars().chain(behind.chars()).take(LONGEST_CALL).collect();
    match form.how {
        How::Word => true,
        How::Text => false,
        How::Value => is_given(&rest, false),
        How::Key => {
            let before = code.get(..at).unwrap_or_default().trim_end();
            let next = rest.trim_start();
            let is_short = (before.is_empty() || before.ends_with(['{', ',']))
                && (next.starts_with('}') || next.starts_with(','));
            is_short || is_given(&rest, true)
        }
        How::Arguments(least) => arguments(&rest) >= least,
    }
}

/// Whether a name that this stands behind is given a value that is no default.
fn is_given(rest: &str, takes_colon: bool) -> bool {
    let bare = rest.trim_start_matches(['"', '\'', ']', ')']);
    let is_quoted = bare.len() < rest.len();
    let bare = bare.trim_start();
    let value = match bare.strip_prefix("=>") {
        Some(value) => value,
        None if bare.starts_with("==") => return false,
        None => match bare.strip_prefix('=') {
            Some(value) => value,
            None if !(takes_colon || is_quoted) || bare.starts_with("::") => return false,
            None => match bare.strip_prefix(':') {
                Some(value) => value,
                None => return false,
            },
        },
    };
    let value = value.trim_start();
    let word: String =
        value.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    let defaults = ["true", "false", "none", "null", "nil", "undefined", "bool", "0", "1"];
    !defaults.iter().any(|default| word.eq_ignore_ascii_case(default))
}

/// How many arguments a call has whose name this stands behind.
fn arguments(rest: &str) -> usize {
    let Some(inside) = rest.trim_start().strip_prefix('(') else { return 0 };
    if inside.trim_start().starts_with(')') {
        return 0;
    }
    let (mut depth, mut count): (usize, usize) = (0, 1);
    for letter in inside.chars() {
        match letter {
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' if depth == 0 => return count,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => count = count.saturating_add(1),
            _ => {}
        }
    }
    count
}

/// Whether `#` begins a comment in files of this name.
fn hashes_are_comments(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    ["py", "rb", "sh", "bash", "zsh", "pl", "pm", "ex", "exs", "ps1", "php", "conf", "yaml", "yml", "toml"]
        .contains(&ending.as_str())
}

/// What of a file is no code: comments and imports.
struct Aside {
    /// Whether `#` begins a comment.
    hashes: bool,
    /// What ends a comment or an import of several lines that was begun.
    until: Option<&'static str>,
}

impl Aside {
    /// What of a line is code.
    fn code_of<'a>(&mut self, line: &'a str) -> &'a str {
        let mut code = line;
        if let Some(end) = self.until {
            let Some((_, rest)) = code.split_once(end) else { return "" };
            self.until = None;
            // What stands behind the names of an import is where they are from.
            code = if end == "*/" { rest } else { rest.split_once(';').map_or("", |(_, rest)| rest) };
        }
        let mut begin = code.trim_start();
        while let Some(comment) = begin.strip_prefix("/*") {
            let Some((_, rest)) = comment.split_once("*/") else {
                self.until = Some("*/");
                return "";
            };
            begin = rest.trim_start();
        }
        let is_comment = begin.starts_with("//")
            || begin.starts_with("* ")
            || begin.starts_with("# ")
            || (self.hashes && begin.starts_with('#'));
        if is_comment {
            return "";
        }
        if is_import(begin) {
            let (import, rest) = begin.split_once(';').unwrap_or((begin, ""));
            let opened = |opens: char, closes: char| import.contains(opens) && !import.contains(closes);
            self.until = match () {
                () if opened('{', '}') => Some("}"),
                () if opened('(', ')') => Some(")"),
                () => None,
            };
            begin = rest;
        }
        // An address has no space before its slashes.
        let begin = begin.split_once(" //").map_or(begin, |(code, _)| code);
        if self.hashes { begin.split_once(" # ").map_or(begin, |(code, _)| code) } else { begin }
    }
}

/// Whether a line begins with an import. `using` with a call is a statement of C#.
fn is_import(line: &str) -> bool {
    let begins = ["import ", "from ", "@import ", "#import ", "#include ", "use ", "pub use "];
    let is_using = line.starts_with("using ") && !line.contains('(');
    // `import(` of Go has names of packages alone; that of JavaScript is a call.
    is_using || begins.iter().any(|begin| line.starts_with(begin))
}
