//! SARIF in fixed words, and with names that mean harm.

use serde_json::Value;

use super::{MOST_RESULTS, within};
use crate::report::Outcome;
use crate::report::document::{DocumentForm, Section, sample};
use crate::rules::{Finding, Severity};

fn written(exit_code: u8) -> Value {
    let (findings, hostile) = (sample::findings(), sample::hostile_findings());
    let sections = sample::sections(&findings, &hostile);
    serde_json::from_str(&sample::document(DocumentForm::Sarif, &sections, exit_code)).unwrap()
}

#[test]
fn a_result_has_rule_level_place_and_fingerprint() {
    let findings = sample::findings();
    let sections = sample::sections(&findings, &[]);
    let log: Value =
        serde_json::from_str(&sample::document(DocumentForm::Sarif, &sections[1..2], 1)).unwrap();
    let mut run = log["runs"][0].clone();
    run["tool"]["driver"]["semanticVersion"] = "0.0.0".into();
    run["tool"]["driver"]["informationUri"] = "https://example.com/".into();
    // The rules' own words stand in docs/rules.
    for rule in run["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        for text in ["fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().unwrap().len() > 40);
            rule.as_object_mut().unwrap().remove(text);
        }
    }
    insta::assert_snapshot!(format!("{run:#}"));
}

#[test]
fn what_stayed_open_is_a_notification_and_no_result() {
    for exit_code in [0, 1, 2, 3] {
        let run = &written(exit_code)["runs"][0];
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["exitCode"], exit_code);
        assert_eq!(invocation["executionSuccessful"], false, "something that had to be determined was not");
        let notifications = invocation["toolExecutionNotifications"].as_array().unwrap();
        let of = |id: &str| -> Vec<&Value> {
            notifications.iter().filter(|one| one["descriptor"]["id"] == id).collect()
        };
        let open = of("undetermined");
        assert_eq!(open.len(), 2);
        assert_eq!(open[0]["message"]["text"], "open.example:443: not determined: what CAA says.");
        assert_eq!((&open[0]["level"], &open[1]["level"]), (&"warning".into(), &"error".into()));
        assert_eq!(of("run").len(), 1);
        assert_eq!(run["results"].as_array().unwrap().len(), 4, "three findings and the hostile one");
    }
}

#[test]
fn a_run_succeeds_where_nothing_of_what_it_had_to_do_stayed_open() {
    let findings = sample::findings();
    for (exit_code, successful) in [(0, true), (1, true), (2, false), (3, false)] {
        let sections = sample::sections(&findings, &[]);
        let text = sample::document(DocumentForm::Sarif, &sections[..3], exit_code);
        let log: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], successful, "{exit_code}");
    }
}

#[test]
fn what_was_compared_stands_in_the_run_and_in_a_note() {
    let (comparison, findings) = (sample::comparison(), sample::compared_findings());
    let text = sample::document(DocumentForm::Sarif, &[sample::compared(&comparison, &findings)], 1);
    let log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    let compared = &run["properties"]["comparisons"][0];
    assert_eq!(compared["target"], "shop.example:443");
    assert_eq!(compared["advice"]["verdict"], "drop");
    assert_eq!(compared["headlines"]["prevents"], comparison.headlines.prevents.sentence);
    assert_eq!(compared["replay"], comparison.replay.as_ref().unwrap().sentence);
    assert_eq!(compared["steps"][3]["id"], "removed");
    assert_eq!(
        (&compared["steps"][3]["done"], &compared["steps"][3]["required"]),
        (&"no".into(), &true.into())
    );
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let note = notes.iter().find(|note| note["descriptor"]["id"] == "comparison").unwrap();
    assert_eq!(note["level"], "note");
    let said = note["message"]["text"].as_str().unwrap();
    for words in [
        "advice: drop the pins",
        "Prevents now: For every kind of client",
        "the required step “removed” is not done",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said}");
    let removed = &run["results"].as_array().unwrap().iter().find(|one| one["ruleId"] == "CMP003").unwrap();
    assert_eq!(removed["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "pinstead.toml");
}

#[test]
fn every_place_is_a_path_within_the_repository() {
    let log = written(1);
    for result in log["runs"][0]["results"].as_array().unwrap() {
        let location = &result["locations"][0];
        let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.contains(':') && !uri.starts_with('/') && uri.is_ascii(), "{uri}");
        assert!(location["physicalLocation"]["region"]["startLine"].as_u64().unwrap() >= 1);
        let text = result["message"]["text"].as_str().unwrap();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn a_file_beside_the_repository_has_its_whole_path() {
    let mut findings = sample::findings();
    findings[1].location.as_mut().unwrap().file = "/etc/pins.xml".to_owned();
    let sections = sample::sections(&findings, &[]);
    let log: Value =
        serde_json::from_str(&sample::document(DocumentForm::Sarif, &sections[1..2], 1)).unwrap();
    let place = &log["runs"][0]["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "file:///etc/pins.xml");
}

#[test]
fn of_too_many_results_the_gravest_stand_and_the_others_are_told_of() {
    let of = |severity, number: usize| (severity, Value::from(number));
    let (low, high) = (Some(Severity::Low), Some(Severity::High));
    let mut all: Vec<_> = (0..MOST_RESULTS).map(|number| of(low, number)).collect();
    assert_eq!(within(all.iter().collect()).1, 0);
    all.extend([of(None, MOST_RESULTS), of(high, MOST_RESULTS + 1)]);
    let (kept, cut) = within(all.iter().collect());
    assert_eq!((kept.len(), cut), (MOST_RESULTS, 2));
    assert_eq!(kept[0], Value::from(MOST_RESULTS + 1), "the gravest");
    assert_eq!(kept.last(), Some(&Value::from(MOST_RESULTS - 2)), "the first of the others");

    // A whole report: the exit code is what it was.
    let findings: Vec<Finding> = (0..=MOST_RESULTS).map(|_| sample::findings().swap_remove(2)).collect();
    let section = Section { outcome: Outcome::Fail, ..sample::sections(&findings, &[]).swap_remove(1) };
    let log: Value = serde_json::from_str(&sample::document(DocumentForm::Sarif, &[section], 1)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), MOST_RESULTS);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["exitCode"], 1);
    let notes = invocation["toolExecutionNotifications"].as_array().unwrap();
    let said = |note: &&Value| note["message"]["text"].as_str().unwrap().starts_with("1 more results");
    assert!(notes.iter().any(|note| said(&note)), "{notes:?}");
}

#[test]
fn a_line_within_a_package_is_none_of_the_package() {
    let mut findings = sample::findings();
    findings[1].location.as_mut().unwrap().file = "app.apk!/res/xml/pins.xml".to_owned();
    let sections = sample::sections(&findings, &[]);
    let log: Value =
        serde_json::from_str(&sample::document(DocumentForm::Sarif, &sections[1..2], 1)).unwrap();
    let place = &log["runs"][0]["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "app.apk");
    assert_eq!(place["region"]["startLine"], 1);
}
