//! A fleet that is compared, in every form of report: `pinstead compare --targets FILE`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;

use pinstead::demo::world::{LEGACY, SHOP};
use roxmltree::{Document, Node};
use serde_json::Value;
use tempfile::TempDir;
use world::{Running, pinstead};

/// A world, and a list of its hosts.
struct Fleet {
    running: Running,
    folder: TempDir,
}

impl Fleet {
    fn new() -> Self {
        let fleet = Self { running: Running::start(), folder: tempfile::tempdir().unwrap() };
        fs::write(fleet.list(), format!("# both\n{SHOP}\n{LEGACY}\n")).unwrap();
        fleet
    }

    fn list(&self) -> String {
        self.folder.path().join("hosts.txt").display().to_string()
    }

    /// The report, and the exit code.
    fn compared(&self, form: &str) -> (String, i32) {
        let output = pinstead()
            .arg("compare")
            .args(self.running.world.check_arguments(&[]))
            .args(["--targets", &self.list(), "--require", "removed", "--format", form])
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
    }
}

/// The cases of a host, and which of them failed, are errors or were skipped.
fn cases<'d>(document: &'d Document<'d>, host: &str) -> Vec<(&'d str, &'d str)> {
    let is_of = |node: &Node<'_, '_>| {
        node.has_tag_name("testcase")
            && node.attribute("classname").is_some_and(|name| name.starts_with(host))
    };
    let status = |node: &Node<'d, 'd>| {
        let named = node.children().map(|child| child.tag_name().name());
        named.into_iter().find(|name| ["failure", "error", "skipped"].contains(name)).unwrap_or("passed")
    };
    document
        .descendants()
        .filter(is_of)
        .map(|node| (node.attribute("name").unwrap(), status(&node)))
        .collect()
}

#[test]
fn each_form_tells_of_every_host_what_it_is_asked_for() {
    let fleet = Fleet::new();
    let (human, code) = fleet.compared("human");
    assert_eq!(code, 1, "a required step is not done: {human}");
    assert!(human.contains(SHOP) && human.contains(LEGACY));

    let (text, code) = fleet.compared("json");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, json["targets"].as_array().unwrap().len()), (1, 2));
    let (text, _) = fleet.compared("jsonl");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() == 2 && lines.iter().all(|line| line["comparison"]["advice"]["verdict"].is_string()));

    let (markdown, code) = fleet.compared("markdown");
    assert_eq!(code, 1);
    assert!(markdown.contains("| | Target | Findings | Advice on pins | Not determined |"), "{markdown}");
    for words in ["> **Advice: ", "**Prevents now**", "| Threat | Stopped by |", "`removed` **(required)**"] {
        assert_eq!(markdown.matches(words).count(), 2, "{words}: {markdown}");
    }
    let (sections, tables) = markdown.split_once("### ").unwrap();
    assert!(!sections.contains("> **Advice") && tables.find("> **Advice") < tables.find("**Findings**"));

    let (junit, _) = fleet.compared("junit");
    let document = Document::parse(&junit).unwrap();
    // Pins that have expired are still there to be removed.
    for (host, removed) in [(SHOP, "failure"), (LEGACY, "failure")] {
        let cases = cases(&document, host);
        for case in
            ["Prevents now", "Detects within", "Can lock users out", "Replay", "Advice on pins", "Step: caa"]
        {
            assert!(cases.iter().any(|(name, _)| *name == case), "{case}: {cases:?}");
        }
        assert!(cases.contains(&("Required step: removed", removed)), "{cases:?}");
    }

    let (sarif, _) = fleet.compared("sarif");
    let log: Value = serde_json::from_str(&sarif).unwrap();
    let compared = log["runs"][0]["properties"]["comparisons"].as_array().unwrap();
    let steps: Vec<usize> = compared.iter().map(|one| one["steps"].as_array().unwrap().len()).collect();
    assert_eq!(steps, [9, 9], "the way off pinning");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let mut required = results.iter().filter(|result| result["ruleId"] == "CMP003");
    let result = required.next().unwrap();
    let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    let uri = place.as_str().unwrap();
    assert!(
        uri.starts_with("file:///") && uri.ends_with("/network_security_config.xml"),
        "the file with the pins: {uri}"
    );
    assert_eq!(required.count(), 1, "one a host");

    let (html, _) = fleet.compared("html");
    assert_eq!(html.matches("<article class=\"target of-fail\"").count(), 2);
    assert_eq!(html.matches("<h4>Prevents now</h4>").count(), 2);
    assert!(html.contains("id=\"show-fail\"") && html.contains("<th scope=\"col\">Advice on pins</th>"));
}
