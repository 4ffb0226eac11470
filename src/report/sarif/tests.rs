//! SARIF in fixed words, and with names that mean harm.

use serde_json::Value;

use super::relative;
use crate::report::document::{DocumentForm, sample};

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
    for (exit_code, successful) in [(0, true), (1, true), (2, false), (3, false)] {
        let run = &written(exit_code)["runs"][0];
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["exitCode"], exit_code);
        assert_eq!(invocation["executionSuccessful"], successful);
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
    assert_eq!(relative("./pins/a b.xml"), "pins/a%20b.xml");
    assert_eq!(relative("/etc/pins.xml"), "etc/pins.xml");
    assert_eq!(relative("C:\\pins.xml"), "C%3A/pins.xml");
    assert_eq!(relative("example.com:443"), "example.com%3A443");
    assert_eq!(relative(""), "-");
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
