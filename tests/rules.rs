//! `pinstead rules` and `pinstead explain`, as a user runs them.

use assert_cmd::Command;
use pinstead::rules;

#[test]
fn every_rule_is_listed_once_in_every_format() {
    let human = stdout(&["rules"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&["rules", "--format", "json"])).unwrap();
    let lines = stdout(&["rules", "--format", "jsonl"]);
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["rules"].as_array().unwrap().len(), rules::all().count());
    assert_eq!(lines.lines().count(), rules::all().count());
    for (rule, line) in rules::all().zip(lines.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((line["id"].as_str(), line["title"].as_str()), (Some(rule.id), Some(rule.title)));
        assert!(human.lines().any(|line| line.starts_with(rule.id)), "{} is not listed", rule.id);
    }
    assert!(!human.contains('\u{1b}'), "a pipe gets no colours");
}

#[test]
fn every_rule_explains_itself_in_80_columns() {
    for rule in rules::all() {
        let text = stdout(&["explain", &rule.id.to_ascii_lowercase()]);
        assert!(text.starts_with(rule.id), "{text}");
        for part in ["Severity: ", "What to do", "Sources", rule.references[0]] {
            let found = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(found.contains(part), "{}: no “{part}”", rule.id);
        }
        for line in text.lines().filter(|line| line.chars().count() > 80) {
            assert!(!line.trim_start_matches("- ").trim().contains(' '), "{}: {line}", rule.id);
        }
    }
}

#[test]
fn an_id_that_no_rule_has_is_a_usage_error() {
    let output = pinstead(&["explain", "NO\u{1b}[2JSUCH"]).assert().code(2).get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty());
    assert!(text.contains("no rule has the id") && text.contains("pinstead rules"), "{text}");
    assert!(!text.contains('\u{1b}'), "what was typed is shown, not obeyed");
}

#[test]
fn a_mistyped_id_leads_to_the_rule() {
    let Some(rule) = rules::all().next() else { return };
    let mistyped = format!("{}0", rule.id);
    let output = pinstead(&["explain", &mistyped]).assert().code(2).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("did you mean"));
}

fn pinstead(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
    command.args(arguments);
    command
}

fn stdout(arguments: &[&str]) -> String {
    let output = pinstead(arguments).assert().success().get_output().clone();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
