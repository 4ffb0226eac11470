//! Lines of at most 80 columns, as terminals count them: styles take none, wide characters two.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The columns a report fits in.
pub const WIDTH: usize = 80;

/// `text` wrapped, each line ended; the first begins with `first`, the others with `rest`.
///
/// A word that is longer than a line stays whole: hashes and addresses are there to be copied. Line breaks in
/// `text` stay.
pub fn wrap(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let mut lines = String::new();
    for line in textwrap::wrap(text, options) {
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// `text` wrapped with every line indented by `columns`.
pub fn indented(text: &str, columns: usize) -> String {
    let indent = " ".repeat(columns);
    wrap(text, &indent, &indent)
}

/// `text` wrapped after a label; further lines stand under the first.
pub fn labelled(label: &str, text: &str) -> String {
    wrap(text, label, &" ".repeat(width(label)))
}

/// `text` filled up with spaces to `columns`; what is longer stays as it is.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// The columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    display_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::human::style::{BAD, paint};

    #[test]
    fn styles_take_no_columns_and_wide_characters_two() {
        assert_eq!(width(&paint(BAD, "abc")), 3);
        assert_eq!(width("日本"), 4);
        assert_eq!(pad(&paint(BAD, "日"), 4), format!("{}  ", paint(BAD, "日")));
        assert_eq!(pad("long enough", 3), "long enough");
    }

    #[test]
    fn styled_text_wraps_where_plain_text_does() {
        let plain = "word ".repeat(40);
        let styled = plain.replace("word", &paint(BAD, "word"));
        let bare = |text: &str| anstream::adapter::strip_str(text).to_string();
        assert_eq!(bare(&indented(&styled, 4)), indented(&plain, 4));
    }

    #[test]
    fn long_words_stay_whole_and_names_are_not_cut_at_hyphens() {
        let hash = "0123456789abcdef".repeat(8);
        assert_eq!(wrap(&hash, "", ""), format!("{hash}\n"));
        let name = format!("{} well-known.example", "x".repeat(70));
        assert!(wrap(&name, "", "").ends_with("\nwell-known.example\n"));
    }

    #[test]
    fn further_lines_stand_under_the_first() {
        let text = labelled("Sources: ", &"RFC 6962 ".repeat(12));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() > 1 && lines[0].starts_with("Sources: RFC"));
        assert!(lines[1].starts_with("         RFC") && lines.iter().all(|line| width(line) <= WIDTH));
    }

    proptest::proptest! {
        #[test]
        fn only_a_single_word_is_ever_too_long(text in "[a-zé日 -]{0,300}", columns in 0_usize..20) {
            for line in indented(&text, columns).lines() {
                proptest::prop_assert!(width(line) <= WIDTH || !line.trim().contains(' '), "{line:?}");
            }
        }
    }
}
