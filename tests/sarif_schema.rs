//! SARIF as others read it: valid by the schema of SARIF 2.1.0, and with what GitHub's code scanning asks for besides.
//!
//! The schema is other people's text; `tests/html/fetch` gets it from a package of npm (MIT) at a fixed version.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::Path;

use pinstead::demo::world::{LEGACY, SHOP};
use serde_json::Value;
use world::{Running, pinstead, run, text};

fn sarif(command: &str, arguments: &[String], code: i32) -> Value {
    let assert = pinstead().arg(command).args(arguments).args(["--format", "sarif"]).assert().code(code);
    serde_json::from_slice(&assert.get_output().stdout).unwrap()
}

/// The same, whatever the command ends with: that is tried elsewhere.
fn sarif_of(command: &str, arguments: &[String]) -> Value {
    let output = pinstead().arg(command).args(arguments).args(["--format", "sarif"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn schema() -> jsonschema::Validator {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fetched = run(root.join("tests/html/fetch").to_str().unwrap(), &[]);
    assert!(fetched.status.success(), "the schema is fetched: {}", text(&fetched));
    let schema = fs::read_to_string(root.join("target/npm/sarif-2.1.0-rtm.5.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // The schema's pattern of languages is no regular expression of ECMA 262 with `u`: a bracket too many.
    for class in ["run", "toolComponent"] {
        let pattern =
            schema.pointer_mut(&format!("/definitions/{class}/properties/language/pattern")).unwrap();
        assert_eq!(*pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_command_writes_what_the_schema_takes() {
    let validator = schema();
    let running = Running::start();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let whole = running.world.whole_check_arguments(&[SHOP, LEGACY]);
    let pins = words(&["fixtures/pins/android_mistakes.xml"]);
    let mut compared = running.world.check_arguments(&[SHOP]);
    compared.extend(words(&["--require", "removed", "--fail-on", "none"]));
    let gone = words(&["gone.example", "--resolver", "127.0.0.1:9"]);
    for (log, successful) in [
        (sarif("check", &whole, 1), true),
        (sarif("pins", &pins, 1), true),
        (sarif_of("compare", &compared), true),
        (sarif("caa", &gone, 3), false),
        (sarif("check", &gone, 3), false),
    ] {
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}\n{log:#}", errors.join("\n"));
        let run = &log["runs"][0];
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], successful);
        // What stayed open is told, and is no result.
        let told = invocation["toolExecutionNotifications"].as_array().unwrap();
        assert!(successful || told.iter().any(|one| one["descriptor"]["id"] == "undetermined"), "{told:?}");
        for result in run["results"].as_array().unwrap() {
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            // In the repository, or with the whole path.
            let is_whole =
                uri.strip_prefix("file:///").is_some_and(|path| Path::new("/").join(path).exists());
            assert!(is_whole || !uri.is_empty() && !uri.contains(':') && !uri.starts_with('/'), "{uri}");
            assert_eq!(result["partialFingerprints"]["pinstead/v1"].as_str().unwrap().len(), 32);
        }
    }
    let log = sarif("pins", &pins, 1);
    let expired =
        &log["runs"][0]["results"].as_array().unwrap().iter().find(|one| one["ruleId"] == "PIN002").unwrap();
    let place = &expired["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "fixtures/pins/android_mistakes.xml");
    assert_eq!(place["region"]["startLine"], 11);
}

#[test]
fn a_command_without_findings_refuses_the_form_before_it_does_anything() {
    for command in [&["logs", "list"][..], &["rules"], &["explain", "CT003"], &["watch", "--status"]] {
        let assert = pinstead().args(command).args(["--format", "sarif"]).assert().code(2);
        let said = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(said.contains("--format sarif is for findings"), "{said}");
        assert!(assert.get_output().stdout.is_empty());
    }
    // Pages are Markdown already.
    let assert = pinstead().args(["explain", "CT003", "--format", "markdown"]).assert().code(0);
    assert!(assert.get_output().stdout.starts_with(b"# CT003: "));
}
