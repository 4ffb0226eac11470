//! Text from outside, made fit for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The characters of one text that are shown; certificates and records may carry far more.
const MOST: usize = 2000;

/// `text` with everything visible that a terminal would obey or hide: control characters (escape sequences
/// among them), marks that change the direction of writing, and characters without width.
///
/// They are shown as Rust writes them, such as `\n` and `\u{1b}`. What is over 2000 characters is cut, and said
/// to be. Source: Unicode UTS 39 section 3 and UAX 9 section 2 for what can deceive.
pub fn safe(text: &str) -> Cow<'_, str> {
    let is_long = text.chars().nth(MOST).is_some();
    if !is_long && !text.chars().any(must_be_shown) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(2 * MOST));
    for character in text.chars().take(MOST) {
        if must_be_shown(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if is_long {
        let left = text.chars().count().saturating_sub(MOST);
        let _ = write!(shown, "… ({left} more characters)");
    }
    Cow::Owned(shown)
}

/// Whether a terminal would obey or hide a character.
pub fn must_be_shown(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_untouched() {
        for text in ["", "CN=Bücher & Söhne, O=日本", "C:\\certs\\leaf.pem"] {
            assert!(matches!(safe(text), Cow::Borrowed(shown) if shown == text));
        }
    }

    #[test]
    fn what_a_terminal_obeys_or_hides_is_shown() {
        for (text, shown) in [
            ("\u{1b}[2J\u{1b}]0;owned\u{7}", "\\u{1b}[2J\\u{1b}]0;owned\\u{7}"),
            ("one\r\ntwo\t", "one\\r\\ntwo\\t"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("moc.elpmaxe\u{202e}", "moc.elpmaxe\\u{202e}"),
            ("pay\u{200b}pal", "pay\\u{200b}pal"),
            ("\u{7f}\0", "\\u{7f}\\u{0}"),
        ] {
            assert_eq!(safe(text), shown);
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let shown = safe(&"é".repeat(MOST + 7)).into_owned();
        assert!(shown.ends_with("é… (7 more characters)"));
        assert_eq!(safe(&"é".repeat(MOST)).chars().count(), MOST);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_controls_a_terminal_is_left(text in "\\PC*|.*|[\\x00-\\x9f\\u{2000}-\\u{20ff}]*") {
            proptest::prop_assert!(!safe(&text).chars().any(must_be_shown));
        }
    }
}
