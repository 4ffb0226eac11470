//! Markdown in fixed words, and with names that mean harm.

use super::{MOST, MOST_ROWS};
use crate::report::document::Tail;
use crate::report::document::{DocumentForm, sample};
use crate::report::{Outcome, Summary};

#[test]
fn it_is_written_like_this() {
    let (findings, hostile) = (sample::findings(), sample::hostile_findings());
    let text = sample::document(DocumentForm::Markdown, &sample::sections(&findings, &hostile), 1);
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn names_that_mean_harm_are_text() {
    let hostile = sample::hostile_findings();
    let text = sample::document(DocumentForm::Markdown, &sample::sections(&[], &hostile), 1);
    // What stands behind a backslash is no markup.
    let bare =
        ["\\\\", "\\<", "\\]", "\\&"].iter().fold(text.clone(), |text, escaped| text.replace(escaped, ""));
    for markup in ["<script", "](javascript", "@octocat", "\u{1b}", "\u{202e}", " https://evil", "&lt;"] {
        assert!(!bare.contains(markup), "{markup:?} in {text}");
    }
    // Each row has its cells and no more.
    for row in text.lines().filter(|line| line.starts_with("| ") && line.contains("<code>")) {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
}

#[test]
fn many_targets_fit_into_a_comment_and_what_is_left_out_is_said() {
    let findings = sample::findings();
    let names: Vec<String> = (0..500).map(|number| format!("host{number}.example:443")).collect();
    let head = sample::head("check");
    let mut summary = Summary::default();
    let pieces: Vec<_> = names
        .iter()
        .map(|name| {
            let mut section = sample::sections(&findings, &[]).remove(1);
            section.name = name;
            section.outcome = Outcome::Fail;
            let piece = DocumentForm::Markdown.piece(&head, &section).unwrap();
            piece.count_into(&mut summary);
            piece
        })
        .collect();
    let tail = Tail { summary: &summary, exit_code: 1, notes: &[] };
    let text = DocumentForm::Markdown.document(&head, &pieces, &tail).unwrap();
    assert!(text.chars().count() < MOST + 1000, "{}", text.chars().count());
    assert!(text.contains(&format!("and {} more, none of them worse", 500 - MOST_ROWS)), "{text}");
    assert!(text.contains("more targets are left out here, for length"), "{text}");
    assert!(text.contains("500 of 500 targets have findings"), "{text}");
}
