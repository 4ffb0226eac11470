//! Adopting pinstead where much is wrong already: a baseline accepts what is known, and the gate fails on what is new.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use pinstead::demo::world::SHOP;
use serde_json::Value;
use tempfile::TempDir;
use world::Running;

/// SHA-256 of “leaf” and of “backup”, in base64.
const LEAF: &str = "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=";
const BACKUP: &str = "VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM=";

fn pinstead(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

/// Exit code, report as JSON, and what was said beside it.
fn json(folder: &Path, arguments: &[&str]) -> (i32, Value, String) {
    let output = pinstead(folder, &[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (output.status.code().unwrap(), report, said)
}

/// The ids of findings that a report has, and whether each is accepted.
fn ids(findings: &Value) -> Vec<(&str, bool)> {
    let all = findings.as_array().unwrap().iter();
    all.map(|one| (one["rule"].as_str().unwrap(), one["accepted"].is_object())).collect()
}

/// A folder with a pin that stands alone.
fn app(hosts: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), hosts);
    folder
}

fn write(folder: &Path, hosts: &[&str]) {
    let pins = hosts.iter().map(|host| format!("\n[[pin]]\nhosts = [\"{host}\"]\npins = [\"{LEAF}\"]\n"));
    fs::write(folder.join("pins.toml"), format!("version = 1\n{}", pins.collect::<Vec<_>>().concat()))
        .unwrap();
}

const PINS: [&str; 6] = ["pins", "pins.toml", "--fail-on", "medium", "--at", "2027-03-01"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&PINS, more].concat()
}

#[test]
fn what_is_known_fails_nothing_until_its_day_and_what_is_new_does() {
    let folder = app(&["a.example"]);
    let folder = folder.path();
    assert_eq!(json(folder, &PINS).0, 1, "a pin without a backup");
    let write_it =
        ["--write-baseline", "known.toml", "--reason", "before the audit", "--until", "2027-06-30"];
    let (code, report, said) = json(folder, &with(&write_it));
    assert_eq!((code, said.contains("accepted anew")), (0, true), "{said}");
    let accepted = ids(&report["findings"]).into_iter().filter(|(_, accepted)| *accepted).count();
    assert!(accepted > 0, "{report}");
    let text = fs::read_to_string(folder.join("known.toml")).unwrap();
    assert_eq!(text.matches("[[finding]]").count(), accepted, "what does not fail the gate is not written");
    let (code, report, _) = json(folder, &with(&["--baseline", "known.toml"]));
    assert_eq!(code, 0);
    let shown =
        report["findings"].as_array().unwrap().iter().find(|one| one["accepted"].is_object()).unwrap();
    assert_eq!(shown["accepted"], serde_json::json!({"reason": "before the audit", "until": "2027-06-30"}));
    assert_eq!(shown["fingerprint"].as_str().unwrap().len(), 32);
    let human = pinstead(folder, &with(&["--baseline", "known.toml"]));
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(
        human.contains("Accepted until 2027-06-30, because of “before the audit” (baseline)."),
        "{human}"
    );
    // A line before it, and another host: the one is known still, the other is new.
    write(folder, &["b.example", "a.example"]);
    let (code, report, _) = json(folder, &with(&["--baseline", "known.toml"]));
    let ids = ids(&report["findings"]);
    assert_eq!(code, 1, "{ids:?}");
    let rule = shown["rule"].as_str().unwrap();
    assert!(ids.contains(&(rule, true)) && ids.contains(&(rule, false)), "{ids:?}");
}

#[test]
fn a_day_that_has_gone_and_an_entry_without_finding_are_told() {
    let folder = app(&["a.example"]);
    let folder = folder.path();
    let write_it = ["--write-baseline", "known.toml", "--reason", "for now", "--until", "2027-06-30"];
    assert_eq!(json(folder, &with(&write_it)).0, 0);
    let later = ["pins", "pins.toml", "--fail-on", "medium", "--at", "2027-07-01"];
    let (code, report, _) = json(folder, &[&later[..], &["--baseline", "known.toml"]].concat());
    let found = ids(&report["findings"]);
    assert!(code == 1 && found.contains(&("RUN001", false)) && found.iter().all(|(_, is)| !is), "{found:?}");
    // It is not extended without being asked for: that is refused, and the file stays as it is.
    let before = fs::read_to_string(folder.join("known.toml")).unwrap();
    let again = ["--write-baseline", "known.toml", "--reason", "still", "--until", "2027-12-31"];
    let refused = pinstead(folder, &[&later[..], &again].concat());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && said.contains("--extend"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("known.toml")).unwrap(), before);
    assert_eq!(json(folder, &[&later[..], &again, &["--extend"]].concat()).0, 0);
    let extended = fs::read_to_string(folder.join("known.toml")).unwrap();
    assert!(extended.contains("\"still\"") && !extended.contains("\"for now\""), "{extended}");
    // What is put right is told, where a rule needs files alone: a backup may also be found wanting by a chain.
    let example = "A".repeat(43) + "=";
    let pins = |pins: &str| {
        let text = format!("version = 1\n[[pin]]\nhosts = [\"a.example\"]\npins = [{pins}]\n");
        fs::write(folder.join("pins.toml"), text).unwrap();
    };
    pins(&format!("\"{example}\", \"{LEAF}\""));
    let write_it = ["--write-baseline", "other.toml", "--reason", "for now", "--until", "2027-06-30"];
    let (_, report, _) = json(folder, &with(&write_it));
    let accepted = ids(&report["findings"]).into_iter().filter(|(_, accepted)| *accepted).count();
    assert!(accepted > 0, "{report:#}");
    pins(&format!("\"{LEAF}\", \"{BACKUP}\""));
    let (_, report, _) = json(folder, &with(&["--baseline", "other.toml"]));
    assert!(ids(&report["findings"]).contains(&("RUN002", false)), "{report:#}");
}

/// `check` offline: SCTs by an embedded list that knows none of the world's logs are found wanting.
#[test]
fn check_accepts_findings_and_never_what_is_open_with_them() {
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let roots = running.world.files.roots.to_str().unwrap();
    fs::copy(&running.world.shop.chain_file, folder.join("shop.pem")).unwrap();
    let base = ["check", "shop.pem", "--offline", "--roots", roots, "--fail-on", "info"];
    let asked = [&base[..], &["--expect-ca", "nobody.example", "--only", "issuer,caa"]].concat();
    let (code, report, _) = json(folder, &asked);
    let findings = ids(&report["targets"][0]["findings"]).len();
    assert!(code == 1 && findings > 0, "{report:#}");
    let write_it = ["--write-baseline", "known.toml", "--reason", "r", "--until", "2100-01-01"];
    let (code, report, _) = json(folder, &[&asked[..], &write_it].concat());
    let target = &report["targets"][0];
    assert!(ids(&target["findings"]).iter().all(|(_, accepted)| *accepted), "{target:#}");
    let open: Vec<&str> =
        target["undetermined"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(!open.is_empty() && code == 3 && target["outcome"] == "undetermined", "{target:#}");
    // What is open is accepted by entries of its own kind, and stands in the report as such.
    let mut text = fs::read_to_string(folder.join("known.toml")).unwrap();
    for what in &open {
        let entry = format!(
            "\n[[undetermined]]\ntarget = \"shop.pem\"\nwhat = \"{what}\"\nreason = \"no network here\"\nuntil = 2100-01-01\n"
        );
        text.push_str(&entry);
    }
    fs::write(folder.join("known.toml"), text).unwrap();
    let (code, report, said) = json(folder, &[&asked[..], &["--baseline", "known.toml"]].concat());
    let target = &report["targets"][0];
    assert_eq!((code, &target["outcome"]), (0, &"pass".into()), "{said} {target:#}");
    assert_eq!(target["undetermined_accepted"][0]["reason"], "no network here");
    let human = pinstead(folder, &[&asked[..], &["--baseline", "known.toml"]].concat());
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.contains("Accepted as not determined until 2100-01-01"), "{human}");
    // Every form shows what is accepted, and fails nothing for it.
    for (format, told, never) in [
        ("sarif", "\"suppressions\"", "\u{0}"),
        ("junit", "no network here", "<failure"),
        ("markdown", "no network here", "\u{0}"),
        ("html", "no network here", "\u{0}"),
    ] {
        let output =
            pinstead(folder, &[&asked[..], &["--baseline", "known.toml", "--format", format]].concat());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.code() == Some(0) && text.contains(told) && !text.contains(never),
            "{format}: {text}"
        );
    }
}

/// Two worlds with hosts of the same names, each under a root that nobody trusts: what is accepted of the one's certificate is
/// not accepted of the other's, which is what an impersonator's would be.
#[test]
fn another_partys_certificate_at_the_same_host_is_a_new_finding() {
    let (own, mallory) = (Running::start(), Running::start());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let check = |command: &str, running: &Running, more: &[&str]| {
        let (dns, tls) = (running.world.dns_address().to_string(), running.world.tls_address().to_string());
        let base = [command, SHOP, "--resolver", &dns, "--connect", &tls, "--only", "ct,issuer,pins"];
        json(folder, &[&base[..], more].concat())
    };
    let write_it = ["--write-baseline", "known.toml", "--reason", "own root", "--until", "2100-01-01"];
    let (_, report, said) = check("check", &own, &write_it);
    assert!(said.contains("accepted anew"), "{said}");
    let accepted: Vec<String> = ids(&report["targets"][0]["findings"])
        .into_iter()
        .filter_map(|(rule, accepted)| accepted.then(|| rule.to_owned()))
        .collect();
    assert!(accepted.iter().any(|rule| rule == "TLS002"), "{accepted:?}");
    let with = ["--baseline", "known.toml"];
    let (code, report, _) = check("check", &own, &with);
    assert_ne!(code, 1, "{report:#}");
    let (code, report, _) = check("check", &mallory, &with);
    let found = ids(&report["targets"][0]["findings"]);
    assert_eq!(code, 1, "{found:?}");
    for rule in &accepted {
        assert!(found.contains(&(rule.as_str(), false)), "{rule}: {found:?}");
    }
    // What `check` accepts is not what `compare` found.
    let (code, report, said) = check("compare", &own, &with);
    assert_eq!(code, 1, "{said} {report:#}");
    assert!(said.contains("of other commands (check)"), "{said}");
}

/// What was accepted as not determined is answered where it was looked at, and not where nobody asked.
#[test]
fn a_question_that_nobody_asked_is_not_told_as_answered() {
    let running = Running::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let entry = "version = 1\n[[undetermined]]\ntarget = \"shop.demo.example:443\"\nwhat = \"what CAA says\"\nreason = \"r\"\n\
                 until = 2100-01-01\n";
    fs::write(folder.join("known.toml"), entry).unwrap();
    let (dns, tls) = (running.world.dns_address().to_string(), running.world.tls_address().to_string());
    let told = |more: &[&str]| {
        let base = ["check", SHOP, "--resolver", &dns, "--connect", &tls, "--baseline", "known.toml"];
        let (_, report, _) = json(folder, &[&base[..], more].concat());
        let target = &report["targets"][0];
        assert_eq!(target["target"], "shop.demo.example:443");
        ids(&target["findings"]).into_iter().filter(|(rule, _)| *rule == "RUN002").count()
    };
    assert_eq!(told(&["--only", "ct"]), 0);
    assert_eq!(told(&["--only", "ct,caa"]), 1);
}

#[test]
fn a_broken_baseline_is_refused_with_file_and_line() {
    let folder = app(&["a.example"]);
    let folder = folder.path();
    fs::write(folder.join("known.toml"), "version = 1\n[[finding]]\nreasn = \"x\"\n").unwrap();
    let refused = pinstead(folder, &with(&["--baseline", "known.toml"]));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(
        said.contains("known.toml") && said.contains("line 3") && said.contains("did you mean `reason`?"),
        "{said}"
    );
    for wrong in [
        &["--baseline", "missing.toml"][..],
        &["--write-baseline", "new.toml"],
        &["--write-baseline", "new.toml", "--reason", " ", "--until", "2027-06-30"],
        &["--write-baseline", "new.toml", "--reason", "x", "--until", "2027-02-28"],
        &["--write-baseline", "pins.toml", "--reason", "x", "--until", "2027-06-30"],
        &["--reason", "x"],
    ] {
        assert_eq!(pinstead(folder, &with(wrong)).status.code(), Some(2), "{wrong:?}");
    }
    assert!(!folder.join("new.toml").exists());
}
