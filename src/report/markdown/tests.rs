//! Markdown in fixed words, and with names that mean harm.

use serde_json::Value;

use super::fit;
use crate::compare::Comparison;
use crate::question::OpenKind;
use crate::report::document::{DocumentForm, Section, Tail, sample};
use crate::report::fleet::Fleet;
use crate::report::{Outcome, Summary};
use crate::rules::{Finding, Raised, Severity};

#[test]
fn it_is_written_like_this() {
    let (findings, hostile) = (sample::findings(), sample::hostile_findings());
    let text = sample::document(DocumentForm::Markdown, &sample::sections(&findings, &hostile), 1);
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

/// The report of a comparison.
fn compared() -> String {
    let (comparison, findings) = (sample::comparison(), sample::compared_findings());
    sample::document(DocumentForm::Markdown, &[sample::compared(&comparison, &findings)], 1)
}

#[test]
fn a_comparison_is_written_like_this() {
    insta::assert_snapshot!(compared().replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn every_row_of_a_comparison_has_the_cells_of_its_table() {
    let text = compared();
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    let mut tables = 0;
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("|---")) {
        tables += 1;
        assert_eq!(bars(lines[place - 1]), bars(line), "{}", lines[place - 1]);
        for row in lines[place + 1..].iter().take_while(|row| row.starts_with('|')) {
            assert_eq!(bars(row), bars(line), "{row}");
        }
    }
    // Targets, threats, pin sets, the plan, the whole table, the parts.
    assert_eq!(tables, 6, "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    let order = [
        "**Advice: drop the pins.**",
        "**Prevents now**",
        "| Threat | Stopped by",
        "**Replay",
        "**Findings**",
    ];
    assert!(order.map(place).is_sorted(), "{text}");
    assert!(text.contains("❌ | 4. Do what the step says. `removed` **(required)** | not done"), "{text}");
}

#[test]
fn names_that_mean_harm_are_text() {
    let hostile = sample::hostile_findings();
    let targets = sample::document(DocumentForm::Markdown, &sample::sections(&[], &hostile), 1);
    let text = targets.clone() + &compared();
    // What stands behind a backslash is no markup.
    let bare =
        ["\\\\", "\\<", "\\]", "\\&"].iter().fold(text.clone(), |text, escaped| text.replace(escaped, ""));
    for markup in ["<script", "](javascript", "@octocat", "\u{1b}", "\u{202e}", " https://evil", "&lt;"] {
        assert!(!bare.contains(markup), "{markup:?} in {text}");
    }
    // Each row has its cells and no more.
    for row in targets.lines().filter(|line| line.starts_with("| ") && line.contains("<code>")) {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
}

/// The report of a target for each name.
fn fleet(names: &[String], section: impl Fn() -> Section<'static>) -> String {
    let head = sample::head("compare");
    let mut summary = Summary::of_fleet(Fleet::new(head.judged_at));
    let pieces: Vec<_> = names
        .iter()
        .map(|name| {
            let piece = DocumentForm::Markdown.piece(&head, &Section { name, ..section() }).unwrap();
            piece.count_into(&mut summary);
            piece
        })
        .collect();
    let notes: Vec<String> = names.iter().take(50).map(|name| format!("Interrupted at {name}.")).collect();
    let tail = Tail { summary: &summary, exit_code: 1, notes: &notes };
    DocumentForm::Markdown.document(&head, &pieces, &tail).unwrap()
}

/// What GitHub takes as the body of a comment.
const TAKEN: usize = 65_536;

#[test]
fn many_targets_fit_into_a_comment_and_what_is_left_out_is_said() {
    let findings: &'static [Finding] = Box::leak(sample::findings().into_boxed_slice());
    let names: Vec<String> = (0..500).map(|number| format!("host{number}.example:443")).collect();
    let failed = || Section { outcome: Outcome::Fail, ..sample::sections(findings, &[]).remove(1) };
    let text = fleet(&names, failed);
    assert!(fit::size(&text) < TAKEN, "{}", fit::size(&text));
    assert!(fit::size(&text) > TAKEN / 2, "there is room for more: {}", fit::size(&text));
    assert!(text.contains("more, none of them worse"), "{text}");
    assert!(text.contains("left out here, for length"), "{text}");
    assert!(text.contains("500 of 500 targets have findings"), "{text}");
    assert!(text.ends_with("Exit code 1.</sub>\n"), "{text}");
}

#[test]
fn long_names_and_long_texts_fit_too() {
    let long = sample::HOSTILE.repeat(200);
    let raised = |subject: &str| Raised::new(subject, long.clone(), Value::Null).advising(long.clone());
    let finding = || Finding::again("CAA001", Severity::High, raised(&long)).unwrap();
    let findings: &'static [Finding] = Box::leak((0..60).map(|_| finding()).collect());
    let names: Vec<String> = (0..120).map(|number| format!("{number}{long}")).collect();
    let open = || OpenKind::Elsewhere.asks(long.clone(), true);
    let text = fleet(&names, || Section {
        outcome: Outcome::Fail,
        open: vec![open(), open()],
        ..sample::sections(findings, &[]).remove(1)
    });
    assert!(fit::size(&text) < TAKEN, "{}", fit::size(&text));
    assert!(text.contains("left out here, for length"), "{text}");
    // One target alone is cut between its findings.
    let text = fleet(&names[..1], || sample::sections(findings, &[]).remove(1));
    assert!(fit::size(&text) < TAKEN, "{}", fit::size(&text));
    assert!(text.contains("The rest of the last target is left out here"), "{text}");
}

#[test]
fn hosts_that_were_compared_are_told_of_though_they_passed() {
    let comparison: &'static Comparison = Box::leak(Box::new(sample::comparison()));
    let names: Vec<String> = (0..40).map(|number| format!("host{number}.example:443")).collect();
    let passed = || Section { outcome: Outcome::Pass, ..sample::compared(comparison, &[]) };
    let text = fleet(&names, passed);
    assert!(fit::size(&text) < TAKEN, "{}", fit::size(&text));
    assert!(text.matches("**Prevents now**").count() > 3, "{text}");
    assert!(text.contains("left out here, for length"), "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn the_verdict_names_a_step_only_where_one_is_required() {
    let comparison = sample::comparison();
    let findings = sample::compared_findings();
    let (step, renewal) = findings.split_at(1);
    let grave = sample::findings();
    let of = |findings: &[Finding]| {
        sample::document(DocumentForm::Markdown, &[sample::compared(&comparison, findings)], 1)
    };
    assert!(of(&grave).contains("There are findings of severity high or graver.\n"));
    assert!(of(step).contains("A step that is required is not done.\n"));
    let both: Vec<Finding> = sample::compared_findings().into_iter().chain(sample::findings()).collect();
    assert!(of(&both).contains("severity high or graver, and a step that is required is not done.\n"));
    let many = |findings: &[Finding]| {
        let sections = [(); 2].map(|()| sample::compared(&comparison, findings));
        sample::document(DocumentForm::Markdown, &sections, 1)
    };
    assert!(many(&grave).contains("2 of 2 targets have findings of severity high or graver."));
    assert!(many(step).contains("Of 2 of 2 targets a step that is required is not done."));
    assert_eq!(renewal[0].rule, "CMP001");
}

#[test]
fn what_an_attackers_certificate_would_meet_is_told_once() {
    let mut comparison = sample::comparison();
    let told = |comparison: &Comparison| {
        let section = sample::compared(comparison, &[]);
        let section = Section {
            data: serde_json::json!({"comparison": serde_json::to_value(comparison).unwrap()}),
            ..section
        };
        let markdown = sample::document(DocumentForm::Markdown, &[sample::compared(comparison, &[])], 1);
        let html = sample::document(DocumentForm::Html, &[section], 1);
        let paragraph = format!("<p class=\"answer\">{}</p>", comparison.unlisted_ca);
        (markdown.matches(&comparison.unlisted_ca).count(), html.matches(&paragraph).count())
    };
    assert_eq!(told(&comparison), (1, 1), "the sentence does not have it");
    let unlisted = comparison.unlisted_ca.clone();
    comparison.replay.as_mut().unwrap().join(&unlisted);
    assert_eq!(told(&comparison), (1, 0), "the sentence has it");
}
