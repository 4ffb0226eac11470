//! Text from outside, made fit for Markdown.

use std::fmt::Write as _;

use crate::report::human::safe;

/// Ends what GitHub would take for a mention or a number of an issue; it has no width.
const BREAK: &str = "&#8203;";

/// `text` as prose: nothing in it is markup, a link, a mention or a cell's end.
///
/// A backslash takes an ASCII punctuation character for itself (CommonMark 0.31 section 2.4). Mentions and issues are found
/// in the text that comes of it, so that these are broken by a character without width.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let text = safe(text);
    let mut characters = text.chars().peekable();
    let mut before = [' '; 3];
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        match character {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '$' | '&' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            // A scheme before “//” makes a link of itself, as “www.” does.
            ':' if next == Some('/') => escaped.push_str("\\:"),
            '.' if before.iter().all(|one| one.eq_ignore_ascii_case(&'w')) => escaped.push_str("\\."),
            '@' => {
                escaped.push('@');
                escaped.push_str(BREAK);
            }
            '#' | '-'
                if next.is_some_and(|next| next.is_ascii_digit()) && is_reference(character, before) =>
            {
                escaped.push(character);
                escaped.push_str(BREAK);
            }
            character => escaped.push(character),
        }
        let [_, two, three] = before;
        before = [two, three, character];
    }
    escaped
}

/// Whether a sign before a digit would number an issue: `#1`, `GH-1`.
fn is_reference(sign: char, before: [char; 3]) -> bool {
    let [_, g, h] = before;
    sign == '#' || (g.eq_ignore_ascii_case(&'g') && h.eq_ignore_ascii_case(&'h'))
}

/// `text` as code, in which nothing is a mention or a link. It is HTML, because a code span cannot hold every character, and
/// ends a table's cell at each bar.
pub(super) fn code(text: &str) -> String {
    let mut escaped = String::from("<code>");
    for character in safe(text).chars() {
        match character {
            ' ' | '.' | ',' | '/' | '-' | '=' | '(' | ')' => escaped.push(character),
            character if character.is_ascii_alphanumeric() || !character.is_ascii() => {
                escaped.push(character);
            }
            character => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
        }
    }
    escaped + "</code>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        for (text, escaped) in [
            ("plain words, as they are.", "plain words, as they are."),
            ("a | b", "a \\| b"),
            ("<img src=x onerror=alert(1)>", "\\<img src=x onerror=alert(1)\\>"),
            ("**bold** `code` [x](y)", "\\*\\*bold\\*\\* \\`code\\` \\[x\\](y)"),
            ("@octocat", "@&#8203;octocat"),
            ("a@example.com", "a@&#8203;example.com"),
            ("see #12 and GH-3, 2026-01-02", "see #&#8203;12 and GH-&#8203;3, 2026-01-02"),
            ("https://evil.example and www.evil.example", "https\\://evil.example and www\\.evil.example"),
            ("&lt;", "\\&lt;"),
            ("one\ntwo", "one\\\\ntwo"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn code_holds_every_character() {
        assert_eq!(code("*.example.com:443"), "<code>&#42;.example.com&#58;443</code>");
        assert_eq!(code("`|</code>\n"), "<code>&#96;&#124;&#60;/code&#62;&#92;n</code>");
        assert_eq!(code("@x"), "<code>&#64;x</code>");
    }
}
