//! JUnit XML in fixed words, and with names that mean harm.

use roxmltree::{Document, Node};

use crate::compare::replay::{LocksOutNow, PinSetKind};
use crate::report::document::{DocumentForm, sample};

fn written(exit_code: u8) -> String {
    let (findings, hostile) = (sample::findings(), sample::hostile_findings());
    sample::document(DocumentForm::Junit, &sample::sections(&findings, &hostile), exit_code)
}

fn cases<'d>(document: &'d Document<'_>, suite: &str) -> Vec<(&'d str, &'d str)> {
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite") && node.attribute("name") == Some(suite))
        .unwrap();
    let status = |case: &Node<'d, '_>| {
        let status =
            case.children().find(|child| ["failure", "error", "skipped"].contains(&child.tag_name().name()));
        match status.map(|status| status.tag_name().name()) {
            Some("failure") => "failure",
            Some("error") => "error",
            Some("skipped") => "skipped",
            _ => "passed",
        }
    };
    let cases = suite.children().filter(|node| node.has_tag_name("testcase"));
    cases.map(|case| (case.attribute("name").unwrap(), status(&case))).collect()
}

#[test]
fn a_case_a_part_fails_by_findings_and_is_no_pass_where_it_stayed_open() {
    let xml = written(1);
    let document = Document::parse(&xml).unwrap();
    assert_eq!(
        cases(&document, "shop.example:443"),
        [
            ("CT", "passed"),
            ("CAA", "passed"),
            ("Issuer", "failure"),
            ("Pins", "failure"),
            ("Everything determined", "passed")
        ],
        "a medium finding fails nothing at high"
    );
    assert_eq!(
        cases(&document, "open.example:443"),
        [("CAA", "skipped"), ("Everything determined", "skipped")]
    );
    assert_eq!(cases(&document, "good.example:443").iter().filter(|case| case.1 != "passed").count(), 0);
    assert_eq!(cases(&document, "pinstead"), [("The run as a whole", "passed")], "the failures tell it");
}

#[test]
fn a_comparison_has_a_case_a_step_and_a_headline() {
    let (comparison, findings) = (sample::comparison(), sample::compared_findings());
    let xml = sample::document(DocumentForm::Junit, &[sample::compared(&comparison, &findings)], 1);
    let document = Document::parse(&xml).unwrap();
    assert_eq!(
        cases(&document, "shop.example:443"),
        [
            ("CT", "passed"),
            ("CAA", "passed"),
            ("Issuer", "passed"),
            ("Prevents now", "skipped"),
            ("Detects within", "passed"),
            ("Can lock users out", "passed"),
            ("Replay", "passed"),
            ("Advice on pins", "skipped"),
            ("Step: monitoring", "passed"),
            ("Step: caa", "skipped"),
            ("Required step: widened", "error"),
            ("Required step: removed", "failure"),
            ("The next renewal may lock pinned clients out", "passed"),
            ("Everything determined", "error"),
        ],
        "what is only planned fails nothing, and what is not known is no pass"
    );
    let of = |name| document.descendants().find(|node| node.attribute("name") == Some(name)).unwrap();
    let failure = of("Required step: removed").children().find(|node| node.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("type"), Some("CMP003"));
    assert!(failure.attribute("message").unwrap().contains("The step “removed” is not done."));
    let error = of("Required step: widened").children().find(|node| node.has_tag_name("error")).unwrap();
    assert!(error.attribute("message").unwrap().starts_with("not known: "), "{error:?}");
    assert!(!xml.contains("\"CMP\""), "a family is no name for people");
}

#[test]
fn pins_that_were_held_against_a_history_alone_are_no_pass() {
    let status = |served_now: Option<bool>, now| {
        let mut comparison = sample::comparison();
        let replay = comparison.replay.as_mut().unwrap();
        for certificate in &mut replay.certificates {
            certificate.served_now = served_now;
        }
        replay.pin_sets[0].kind = PinSetKind::Given { client: "app.xml".to_owned() };
        replay.pin_sets[0].locks_out_now = now;
        let xml = sample::document(DocumentForm::Junit, &[sample::compared(&comparison, &[])], 1);
        let document = Document::parse(&xml).unwrap();
        let all = cases(&document, "shop.example:443");
        let status = all.iter().find(|case| case.0 == "Pins and what is served now").unwrap().1.to_owned();
        (status, xml.contains("What is served now was not asked"))
    };
    assert_eq!(status(Some(false), LocksOutNow::No), ("passed".to_owned(), false));
    assert_eq!(status(None, LocksOutNow::No), ("skipped".to_owned(), true));
    assert_eq!(status(None, LocksOutNow::Surely), ("skipped".to_owned(), false));
}

#[test]
fn a_required_step_fails_whatever_severity_fails_the_run() {
    let comparison = sample::comparison();
    // Without a finding, as where a baseline or `--fail-on` takes it away.
    let xml = sample::document(DocumentForm::Junit, &[sample::compared(&comparison, &[])], 1);
    let document = Document::parse(&xml).unwrap();
    assert!(cases(&document, "shop.example:443").contains(&("Required step: removed", "failure")));
}

#[test]
fn whatever_fails_the_run_fails_a_case() {
    let findings = Vec::new();
    let sections = sample::sections(&findings, &[]);
    for (exit_code, expected) in [(0, "passed"), (1, "failure"), (2, "error"), (3, "error")] {
        let xml = sample::document(DocumentForm::Junit, &sections[..1], exit_code);
        let document = Document::parse(&xml).unwrap();
        assert_eq!(cases(&document, "pinstead"), [("The run as a whole", expected)], "{exit_code}");
    }
}

#[test]
fn names_that_mean_harm_leave_it_well_formed() {
    let xml = written(1);
    let document = Document::parse(&xml).unwrap();
    assert!(!xml.contains("<script>") && !xml.contains('\u{1b}') && !xml.contains('\u{0}'));
    assert!(!xml.contains('\u{ffff}') && !xml.contains('\u{202e}'));
    let suites: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("testsuite"))
        .filter_map(|node| node.attribute("name"))
        .collect();
    assert!(
        suites[3].starts_with("<script>alert(1)</script>]]>|`@octocat` \\u{1b}[2J\\u{202e}"),
        "{suites:?}"
    );
}

#[test]
fn it_is_written_like_this() {
    let findings = sample::findings();
    let sections = sample::sections(&findings, &[]);
    let xml = sample::document(DocumentForm::Junit, &sections[1..3], 1);
    insta::assert_snapshot!(xml);
}
