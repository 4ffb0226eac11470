//! The JSON Schema of the reports, held to real reports of every command: whatever key one has is described, and what the
//! schema requires is there. `tests/watch_command.rs` does the same for `pinstead watch --once`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "report_schema/described.rs"]
mod described;
mod world;

use std::fs;
use std::path::Path;

use described::{described, schema};
use pinstead::demo::world::{LEGACY, SHOP};
use serde_json::Value;
use tempfile::TempDir;
use world::{Running, pinstead};

/// What a command writes in a form, whatever it ends with: that is tried elsewhere.
fn written(arguments: &[String], form: &str) -> String {
    let output = pinstead().args(arguments).args(["--format", form]).output().unwrap();
    assert!(!output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[String]) -> Value {
    serde_json::from_str(&written(arguments, "json")).unwrap()
}

fn lines(arguments: &[String]) -> Vec<Value> {
    written(arguments, "jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words(command: &str, words: &[&str]) -> Vec<String> {
    std::iter::once(command).chain(words.iter().copied()).map(ToOwned::to_owned).collect()
}

/// The world, with the certificates of its hosts as a history, and pins of several formats.
struct Lab {
    running: Running,
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { running: Running::start(), folder: tempfile::tempdir().unwrap() };
        let world = &lab.running.world;
        fs::write(lab.folder.path().join("shop.pem"), world.shop.leaf.to_pem()).unwrap();
        for (name, ca) in [("root", &world.cas.root), ("ca", &world.cas.expected)] {
            fs::write(lab.folder.path().join(format!("{name}.pem")), ca.to_pem()).unwrap();
        }
        lab
    }

    fn history(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn whole(&self, command: &str, hosts: &[&str]) -> Vec<String> {
        [words(command, &[]), self.running.world.whole_check_arguments(hosts)].concat()
    }
}

#[test]
fn check_and_its_lines_are_described() {
    let lab = Lab::new();
    let whole = lab.whole("check", &[SHOP, LEGACY]);
    let report = json(&whole);
    described("check_report", &report);
    assert!(!report["targets"][1]["findings"].as_array().unwrap().is_empty());
    assert!(report["summary"]["fleet"].is_object());
    for line in lines(&whole) {
        described("target", &line);
    }
    let broken = lab.folder.path().join("none.pem");
    fs::write(&broken, "no certificate").unwrap();
    let summary = lab.folder.path().join("summary.json");
    let many = words(
        "check",
        &[
            broken.to_str().unwrap(),
            "gone.example",
            "--resolver",
            "127.0.0.1:9",
            "--summary",
            summary.to_str().unwrap(),
        ],
    );
    described("check_report", &json(&many));
    described("check_summary", &serde_json::from_str(&fs::read_to_string(&summary).unwrap()).unwrap());
}

#[test]
fn compare_and_its_lines_are_described() {
    let lab = Lab::new();
    let history = lab.history();
    let more =
        ["--history", &history, "--require", "caa,removed", "--client", "android:36,ios,browser,server,mail"];
    let mut compared = [words("compare", &[]), lab.running.world.check_arguments(&[SHOP, LEGACY])].concat();
    compared.extend(more.map(ToOwned::to_owned));
    let report = json(&compared);
    described("check_report", &report);
    let comparison = &report["targets"][0]["comparison"];
    assert!(comparison["replay"]["certificates"][0].is_object(), "{comparison}");
    assert!(
        comparison["advice"]["migration"][0].is_object() && comparison["advice"]["required"][1].is_object()
    );
    for line in &lines(&compared) {
        described("target", line);
    }
    described("check_report", &json(&words("compare", &["shop.example", "--offline"])));
}

#[test]
fn caa_and_its_lines_are_described() {
    let lab = Lab::new();
    let resolver = lab.running.world.dns_address().to_string();
    let asked = words(
        "caa",
        &[
            SHOP,
            LEGACY,
            "gone.example",
            "--resolver",
            &resolver,
            "--ca",
            "ca.demo.example",
            "--ca",
            "letsencript.org",
        ],
    );
    described("caa_report", &json(&asked));
    for line in &lines(&asked) {
        described("caa_name", line);
    }
    let servers = words("caa", &[SHOP, "--resolver", &resolver, "--all-nameservers", "--dnssec", "validate"]);
    described("caa_report", &json(&servers));
    let leaf = lab.folder.path().join("shop.pem").display().to_string();
    described("caa_report", &json(&words("caa", &[SHOP, "--resolver", &resolver, "--issued", &leaf])));
}

#[test]
fn pins_and_its_lines_are_described() {
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pins");
    let mut files: Vec<String> =
        fs::read_dir(&pins).unwrap().map(|file| file.unwrap().path().display().to_string()).collect();
    files.sort();
    let all = [words("pins", &[]), files].concat();
    described("pins_report", &json(&all));
    let lab = Lab::new();
    let chain = lab.running.world.shop.chain_file.display().to_string();
    let own = pins.join("android_mistakes.xml").display().to_string();
    let of_host = words("pins", &[&own, "--host", "shop.example", "--chain", &chain]);
    described("pins_report", &json(&of_host));
}

#[test]
fn issuance_and_its_lines_are_described() {
    let lab = Lab::new();
    let history = lab.history();
    let asked = words(
        "issuance",
        &[SHOP, "gone.example", "--offline", "--certificates", &history, "--expect-ca", "letsencrypt.org"],
    );
    let report = json(&asked);
    described("issuance_report", &report);
    assert!(report["names"][0]["issuance"]["certificates"][0].is_object(), "{report}");
    for line in &lines(&asked) {
        described("issuance_name", line);
    }
}

#[test]
fn a_key_that_is_not_described_or_is_missing_is_found() {
    let report = json(&words("check", &["gone.example", "--resolver", "127.0.0.1:9"]));
    let validator = schema("check_report");
    assert!(validator.is_valid(&report));
    let mut more = report.clone();
    more["targets"][0]["ct"]["of_tomorrow"] = 1.into();
    assert!(!validator.is_valid(&more), "in the tests, every key is described");
    let mut less = report.clone();
    less["targets"][0].as_object_mut().unwrap().remove("outcome");
    assert!(!validator.is_valid(&less));
    // Whoever reads reports is told to pass over keys that they do not know.
    let open =
        jsonschema::validator_for(&serde_json::from_str(pinstead::report::json::SCHEMA).unwrap()).unwrap();
    assert!(open.is_valid(&report) && open.is_valid(&more) && !open.is_valid(&less));
}

#[test]
fn the_command_prints_what_docs_have() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    let kept = fs::read_to_string(kept).unwrap();
    for arguments in [&["schema"][..], &["schema", "report"]] {
        let printed = pinstead().args(arguments).assert().success();
        assert_eq!(String::from_utf8(printed.get_output().stdout.clone()).unwrap(), kept);
    }
    for of in ["policy", "baseline"] {
        let printed = pinstead().args(["schema", of]).assert().success();
        let same = pinstead().args(["policy", "schema", of]).assert().success();
        assert_eq!(printed.get_output().stdout, same.get_output().stdout);
    }
}
