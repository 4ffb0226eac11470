//! How much a comment holds: what does not fit is cut between rows, and told.

/// The size of a text as GitHub counts it, or more: in UTF-16, a character beyond the first plane counts twice.
pub(super) fn size(text: &str) -> usize {
    text.encode_utf16().count()
}

/// As many of the rows as fit into `most`; how many do not.
pub(super) fn rows(text: &mut String, rows: impl IntoIterator<Item = String>, most: usize) -> usize {
    let (mut left, mut left_out) = (most, 0_usize);
    for row in rows {
        match left.checked_sub(size(&row)) {
            Some(rest) if left_out == 0 => {
                left = rest;
                text.push_str(&row);
            }
            _ => left_out = left_out.saturating_add(1),
        }
    }
    left_out
}

/// What closes a fold that a cut leaves open.
const CLOSED: &str = "\n</details>\n";

/// The beginning of `text` that fits into `most`, cut where a row, an entry of a list or a paragraph begins, with its fold
/// closed; `None` where not even the first line fits.
pub(super) fn cut(text: &str, most: usize) -> Option<String> {
    let room = most.checked_sub(size(CLOSED).saturating_add(1))?;
    let (mut end, mut taken, mut used) = (0_usize, 0_usize, 0_usize);
    for line in text.split_inclusive('\n') {
        if begins(line) {
            end = taken;
        }
        used = used.saturating_add(size(line));
        if used > room {
            break;
        }
        taken = taken.saturating_add(line.len());
    }
    let kept = text.get(..end).filter(|kept| !kept.is_empty())?;
    // Nothing from outside opens a fold: there, `<` is escaped.
    let is_open = kept.matches("<details>").count() > kept.matches("</details>").count();
    Some(format!("{kept}{}", if is_open { CLOSED } else { "" }))
}

/// Whether a cut before this line leaves what stands above it whole.
fn begins(line: &str) -> bool {
    !line.starts_with("  ") && !line.starts_with("|---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_stands_between_rows_and_closes_the_fold() {
        let text = "### A\n\n- one\n  <br>more\n- two\n  <br>more\n\n<details><summary>All</summary>\n\n| a |\n|---|\n| 1 |\n| 2 |\n\n</details>\n\n";
        for most in 0..=size(text) {
            let Some(cut) = cut(text, most) else { continue };
            assert!(size(&cut) <= most, "{most}: {cut}");
            assert_eq!(cut.matches("<details>").count(), cut.matches("</details>").count(), "{cut}");
            assert_eq!(
                cut.matches("- ").count(),
                cut.matches("<br>more").count(),
                "an entry is whole: {cut}"
            );
            assert!(!cut.contains("| a |") || cut.contains("|---|"), "{cut}");
        }
        assert_eq!(cut(text, 18), None);
        assert_eq!(cut(text, 45).as_deref(), Some("### A\n\n- one\n  <br>more\n"));
    }

    #[test]
    fn rows_end_where_one_does_not_fit() {
        let mut text = String::new();
        let left_out = rows(&mut text, ["aaaa\n", "bbbbbbbb\n", "c\n"].map(ToOwned::to_owned), 8);
        assert_eq!((text.as_str(), left_out), ("aaaa\n", 2), "nothing is taken from behind what is left out");
        assert_eq!(size("a😀"), 3);
    }
}
