//! Laying out text within 80 columns.

/// The width of a report.
const WIDTH: usize = 80;

/// Appends `text` as one paragraph, indented, broken between words.
pub(super) fn paragraph(out: &mut String, indent: usize, text: &str) {
    item(out, indent, "", text);
}

/// Appends a paragraph whose first line begins with `mark`; the lines after it are indented as far.
pub(super) fn item(out: &mut String, indent: usize, mark: &str, text: &str) {
    let hanging = indent + mark.chars().count();
    out.push_str(&" ".repeat(indent));
    out.push_str(mark);
    let mut column = hanging;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > hanging {
            if column + 1 + length > WIDTH {
                out.push('\n');
                out.push_str(&" ".repeat(hanging));
                column = hanging;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_within_the_width() {
        let mut out = String::new();
        item(&mut out, 4, "-> ", &"word ".repeat(40));
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(out.starts_with("    -> word word"));
        assert!(out.lines().nth(1).unwrap().starts_with("       word"));
    }

    #[test]
    fn a_long_word_stands_alone() {
        let mut out = String::new();
        paragraph(&mut out, 2, &format!("a {} b", "x".repeat(100)));
        assert_eq!(out, format!("  a\n  {}\n  b\n", "x".repeat(100)));
    }
}
