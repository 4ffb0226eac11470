//! The head of the report of several files, as real rules fill it.

use crate::evidence::file::{FileContent, InputFile};
use crate::pins::{PinFile, Question, judge};
use crate::report::human::pins::render;
use crate::report::human::wrap::{WIDTH, width};
use crate::rules;

fn report(files: &[(&str, &str)]) -> String {
    let read = |(file, text): &(&str, &str)| InputFile {
        path: (*file).to_owned(),
        content: FileContent::Read(text.as_bytes().to_vec().into()),
        folder: None,
    };
    let files: Vec<InputFile> = files.iter().map(read).collect();
    let question = Question {
        host: None,
        path: None,
        off_path: &[],
        paths: &[],
        service: None,
        certificates: &[],
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    };
    let verdict = judge(&PinFile::of_all(&files), &question);
    let text = render(&verdict, &[], &rules::pins::findings(&verdict));
    anstream::adapter::strip_str(&text).to_string()
}

const KEYS: [&str; 2] =
    ["n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=", "VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM="];

fn nsc(pins: &[&str]) -> String {
    let pins: Vec<String> = pins.iter().map(|key| format!("<pin digest=\"SHA-256\">{key}</pin>")).collect();
    let pins = pins.concat();
    format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set>{pins}</pin-set>\
         </domain-config></network-security-config>"
    )
}

#[test]
fn several_files_have_a_table_with_the_gravest_first() {
    let text = report(&[
        ("good.xml", &nsc(&KEYS)),
        ("one.xml", &nsc(&KEYS[..1])),
        ("broken.xml", "<network-security-config><domain-config>"),
        ("note.txt", "nothing of the kind"),
    ]);
    let head: String = text
        .lines()
        .take_while(|line| *line != "good.xml (android-nsc)")
        .fold(String::new(), |head, line| head + line + "\n");
    insta::assert_snapshot!(head);
    assert!(head.lines().all(|line| width(line) <= WIDTH));
}

#[test]
fn one_file_has_no_table_and_a_tally_all_the_same() {
    let text = report(&[("one.xml", &nsc(&KEYS[..1]))]);
    assert!(text.contains("\n  Findings: 1 high, 1 info\n"), "{text}");
    assert!(!text.contains("Worst"), "{text}");
}

#[test]
fn a_file_without_entries_is_no_bare_heading() {
    let text = report(&[("empty.xml", "<network-security-config/>")]);
    let below = text.lines().skip_while(|line| *line != "empty.xml (android-nsc)").nth(1);
    assert!(below.is_some_and(|line| line.starts_with("  ")), "{text}");
}
