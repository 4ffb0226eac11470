//! Source text cut into words, literals and symbols, for ten languages at once.
//!
//! It is no compiler's lexer: what it cannot read ends with the line, so that one strange literal costs one line.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::Language;
use super::literal::{self, Part};

/// The most tokens of one file.
const MOST_TOKENS: usize = 400_000;

/// Operators of more than one symbol, the longest first.
const OPERATORS: [&str; 18] = [
    "===", "!==", "...", "==", "!=", "=>", "->", "<=", ">=", "+=", ":=", "::", "?.", "?:", "??", "&&", "||",
    "!!",
];

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: Kind<'a>,
    /// The line it begins on, from 1.
    pub(super) line: usize,
    /// The line it ends on.
    pub(super) end_line: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A name or keyword.
    Word(&'a str),
    /// A number, as written.
    Number(&'a str),
    /// Text, in parts.
    Text(Vec<Part<'a>>),
    /// A bracket or operator.
    Symbol(&'a str),
}

impl<'a> Token<'a> {
    /// The name, if it is one.
    pub(super) fn word(&self) -> Option<&'a str> {
        match self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is this symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        matches!(self.kind, Kind::Symbol(own) if own == symbol)
    }

    /// The text, if it is one without anything put into it at run time.
    pub(super) fn plain(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// What is still to be read.
pub(super) struct Cursor<'a> {
    /// The text after what was read.
    pub(super) rest: &'a str,
    /// The line it begins on.
    pub(super) line: usize,
}

impl<'a> Cursor<'a> {
    /// Takes one character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let character = characters.next()?;
        self.rest = characters.as_str();
        if character == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(character)
    }

    /// Takes this many octets, which end at a character.
    pub(super) fn take(&mut self, octets: usize) -> &'a str {
        let Some((taken, rest)) = self.rest.split_at_checked(octets) else {
            return std::mem::take(&mut self.rest);
        };
        self.line = self.line.saturating_add(taken.bytes().filter(|octet| *octet == b'\n').count());
        self.rest = rest;
        taken
    }

    /// Takes characters as long as they are of a kind.
    pub(super) fn take_while(&mut self, of_kind: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest.find(|character| !of_kind(character)).unwrap_or(self.rest.len());
        self.take(length)
    }

    /// Takes this text, if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let comes = self.rest.starts_with(text);
        if comes {
            self.take(text.len());
        }
        comes
    }
}

/// Cuts a source text into tokens; the error says what there is too much of.
pub(super) fn tokens(text: &str, language: Language) -> Result<Vec<Token<'_>>, String> {
    let mut cursor = Cursor { rest: text, line: 1 };
    let mut tokens = Vec::new();
    while let Some(next) = cursor.rest.chars().next() {
        if next.is_whitespace() {
            cursor.bump();
            continue;
        }
        if skip_comment(&mut cursor, language) {
            continue;
        }
        let line = cursor.line;
        let kind = token(&mut cursor, language, next);
        if tokens.len() >= MOST_TOKENS {
            return Err(format!("it has more than {MOST_TOKENS} words and symbols"));
        }
        if let Some(kind) = kind {
            tokens.push(Token { kind, line, end_line: cursor.line });
        }
    }
    Ok(tokens)
}

fn token<'a>(cursor: &mut Cursor<'a>, language: Language, next: char) -> Option<Kind<'a>> {
    if let Some(parts) = literal::read(cursor, language) {
        return Some(Kind::Text(parts));
    }
    if next.is_alphabetic() || matches!(next, '_' | '$') {
        let word = cursor.take_while(|symbol| symbol.is_alphanumeric() || matches!(symbol, '_' | '$'));
        return Some(Kind::Word(word));
    }
    if next.is_ascii_digit() {
        return Some(Kind::Number(
            cursor.take_while(|symbol| symbol.is_ascii_alphanumeric() || symbol == '_'),
        ));
    }
    let length = OPERATORS
        .iter()
        .find(|operator| cursor.rest.starts_with(**operator))
        .map_or(next.len_utf8(), |operator| operator.len());
    let symbol = cursor.take(length);
    // A lone quote is a lifetime or a mistake.
    (!matches!(next, '\'' | '"' | '`')).then_some(Kind::Symbol(symbol))
}

fn skip_comment(cursor: &mut Cursor<'_>, language: Language) -> bool {
    if language == Language::Python {
        let is_comment = cursor.rest.starts_with('#');
        if is_comment {
            cursor.take_while(|symbol| symbol != '\n');
        }
        return is_comment;
    }
    if cursor.rest.starts_with("//") {
        cursor.take_while(|symbol| symbol != '\n');
        return true;
    }
    if !cursor.eat("/*") {
        return false;
    }
    let nests = matches!(language, Language::Kotlin | Language::Swift | Language::Rust | Language::Dart);
    let mut depth: usize = 1;
    while depth > 0 && !cursor.rest.is_empty() {
        if cursor.eat("*/") {
            depth = depth.saturating_sub(1);
        } else if nests && cursor.eat("/*") {
            depth = depth.saturating_add(1);
        } else {
            cursor.bump();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, language: Language) -> Vec<String> {
        tokens(text, language)
            .unwrap()
            .into_iter()
            .map(|token| match token.kind {
                Kind::Word(word) => word.to_owned(),
                Kind::Number(number) => format!("#{number}"),
                Kind::Symbol(symbol) => symbol.to_owned(),
                Kind::Text(parts) => parts
                    .iter()
                    .map(|part| match part {
                        Part::Literal(text) => format!("'{text}'"),
                        Part::Name(name) => format!("<{name}>"),
                    })
                    .collect(),
            })
            .collect()
    }

    #[test]
    fn literals_of_each_language_are_read() {
        for (language, text, expected) in [
            (
                Language::Kotlin,
                r#""a\"b" """c"d""" "x$y.z${p.q}""#,
                vec!["'a\"b'", "'c\"d'", "'x'<y>'.z'<p.q>"],
            ),
            (Language::Java, r#""\u0041\n" 'c' "a" + "b""#, vec!["'A\n'", "'c'", "'a'", "+", "'b'"]),
            (Language::Swift, r##"#"a\n"b"# "x\(y)""##, vec![r#"'a\n"b'"#, "'x'<y>"]),
            (Language::ObjectiveC, r#"@"a" @[@"b"]"#, vec!["'a'", "@", "[", "'b'", "]"]),
            (Language::CSharp, r#"@"a""b\c" $"x{y}{{" "d""#, vec![r#"'a"b\c'"#, "'x'<y>'{'", "'d'"]),
            (Language::Dart, r#"r'a\n$b' '''c''' "d$e""#, vec![r"'a\n$b'", "'c'", "'d'<e>"]),
            (Language::JavaScript, "`a${b}` 'c' \"d\"", vec!["'a'<b>", "'c'", "'d'"]),
            (Language::Go, "`a\\n` \"b\" x := 1", vec!["'a\\n'", "'b'", "x", ":=", "#1"]),
            (
                Language::Rust,
                r##"r#"a"b"# b"c" 'a' &'static str"##,
                vec!["'a\"b'", "'c'", "'a'", "&", "static", "str"],
            ),
            (Language::Python, "rb'a\\n' f\"x{y}\" '''c'''", vec!["'a\\n'", "'x'<y>", "'c'"]),
        ] {
            assert_eq!(said(text, language), expected, "{language:?}");
        }
    }

    #[test]
    fn comments_are_no_code_and_lines_are_counted() {
        let text = "a // \"x\n/* b /* c */ d */ e\n\n\"\"\"f\n\"\"\" g";
        let found = tokens(text, Language::Kotlin).unwrap();
        assert_eq!(said(text, Language::Kotlin), ["a", "e", "'f\n'", "g"]);
        assert_eq!(found.iter().map(|token| token.line).collect::<Vec<_>>(), [1, 2, 4, 5]);
        assert_eq!(said("/* b /* c */ d", Language::Java), ["d"]);
        assert_eq!(said("a # b\nc", Language::Python), ["a", "c"]);
    }

    #[test]
    fn what_does_not_end_ends_with_its_line() {
        assert_eq!(said("\"a\nb", Language::Java), ["'a'", "b"]);
        assert_eq!(said("x = /'/\ny", Language::JavaScript), ["x", "=", "/", "'/'", "y"]);
        assert_eq!(said("/* no end", Language::Java), Vec::<String>::new());
        assert!(tokens(&";".repeat(MOST_TOKENS + 1), Language::Go).is_err());
    }
}
