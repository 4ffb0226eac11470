//! The action for GitHub and the other integrations, as far as they can be run here: their scripts with the real binary in
//! an environment like GitHub's, and their files read as what they are.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "the program is put before what PATH has")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// SHA-256 of “leaf”, in base64.
const LEAF: &str = "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// A runner with a repository in which a pin stands alone.
struct Runner {
    folder: TempDir,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pins = format!("version = 1\n[[pin]]\nhosts = [\"a.example\"]\npins = [\"{LEAF}\"]\n");
        fs::write(folder.path().join("pins.toml"), pins).unwrap();
        fs::create_dir(folder.path().join("temp")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a script of the action with these inputs; gives what it wrote to the step's outputs beside it.
    fn run(&self, script: &str, inputs: &[(&str, &str)]) -> (Output, String) {
        let binary = Path::new(env!("CARGO_BIN_EXE_pinstead")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let _ = fs::remove_file(self.path("output"));
        let output = Command::new("bash")
            .arg(root().join("integrations/github").join(script))
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_PATH", self.path("path"))
            .env("GITHUB_ACTION_PATH", root())
            .env("RUNNER_TEMP", self.path("temp"))
            .env("CI", "true")
            .envs(inputs.iter().copied())
            .output()
            .unwrap();
        let written = fs::read_to_string(self.path("output")).unwrap_or_default();
        (output, written)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn the_action_lints_pins_and_hands_on_the_exit_code() {
    let runner = Runner::new();
    let (output, written) =
        runner.run("run.sh", &[("PINSTEAD_PINS", " pins.toml \n"), ("PINSTEAD_FAIL_ON", "medium")]);
    // The step itself succeeds: the report is handed on first, and the last step fails.
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("PIN004") || said(&output).contains("backup"), "{}", said(&output));
    assert_eq!(written, "exit-code=1\n");
    let inputs = [
        ("PINSTEAD_PINS", "pins.toml"),
        ("PINSTEAD_FAIL_ON", "critical"),
        ("PINSTEAD_FORMAT", "json"),
        ("PINSTEAD_OUTPUT", "report of mine.json"),
    ];
    let (output, written) = runner.run("run.sh", &inputs);
    assert!(output.status.success(), "{}", said(&output));
    // The steps that follow run elsewhere: the name is whole.
    let report = runner.path("report of mine.json").canonicalize().unwrap();
    assert_eq!(written, format!("exit-code=0\nreport={}\n", report.display()));
    let report = fs::read(report).unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&report).unwrap()["findings"].is_array());
}

#[test]
fn the_action_hands_on_no_report_of_an_earlier_run() {
    let runner = Runner::new();
    fs::write(runner.path("r.sarif"), "stale").unwrap();
    let inputs = [
        ("PINSTEAD_PINS", "pins.toml"),
        ("PINSTEAD_BASELINE", "missing.toml"),
        ("PINSTEAD_OUTPUT", "r.sarif"),
        ("PINSTEAD_FORMAT", "sarif"),
    ];
    let (output, written) = runner.run("run.sh", &inputs);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(written, "exit-code=2\n");
    // Nor is it deleted: a file that was named by mistake may be one of the inputs.
    assert_eq!(fs::read_to_string(runner.path("r.sarif")).unwrap(), "stale");
    let again = [&inputs[..1], &inputs[2..]].concat();
    let (output, written) = runner.run("run.sh", &again);
    assert!(output.status.success() && written.contains("report="), "{}", said(&output));
}

#[test]
fn the_action_uploads_by_true_in_any_case() {
    let runner = Runner::new();
    for upload in ["true", "True", "TRUE"] {
        let inputs =
            [("PINSTEAD_PINS", "pins.toml"), ("PINSTEAD_FORMAT", "sarif"), ("PINSTEAD_UPLOAD_SARIF", upload)];
        let (output, written) = runner.run("run.sh", &inputs);
        assert!(output.status.success() && written.contains("\nreport="), "{upload}: {}", said(&output));
        assert!(runner.path("temp/pinstead.sarif").exists(), "{upload}");
    }
    let (output, _) =
        runner.run("run.sh", &[("PINSTEAD_PINS", "pins.toml"), ("PINSTEAD_UPLOAD_SARIF", "yes")]);
    assert!(output.status.code() == Some(2), "{}", said(&output));
}

#[test]
fn the_action_drops_no_policy() {
    let runner = Runner::new();
    let (output, written) =
        runner.run("run.sh", &[("PINSTEAD_PINS", "pins.toml"), ("PINSTEAD_POLICY", "p.toml")]);
    assert!(output.status.code() == Some(2) && written.is_empty(), "{}", said(&output));
    assert!(said(&output).contains("without a policy"), "{}", said(&output));
}

#[test]
fn the_action_checks_targets_by_policy_and_baseline() {
    let runner = Runner::new();
    fs::write(runner.path("policy.toml"), "fail_on = \"none\"\n").unwrap();
    fs::write(runner.path("known.toml"), "version = 1\n").unwrap();
    for name in ["no.pem", "neither.pem", "nor.pem"] {
        fs::write(runner.path(name), "nothing\n").unwrap();
    }
    fs::write(runner.path("targets.txt"), "nor.pem # a file without certificate\n").unwrap();
    let inputs = [
        ("PINSTEAD_TARGETS", "no.pem\n\n neither.pem"),
        ("PINSTEAD_TARGETS_FILE", "targets.txt"),
        ("PINSTEAD_POLICY", "policy.toml"),
        ("PINSTEAD_BASELINE", "known.toml"),
        ("PINSTEAD_PINS", "pins.toml"),
        ("PINSTEAD_FAIL_ON_UNDETERMINED", "true"),
    ];
    let (output, written) = runner.run("run.sh", &inputs);
    assert!(output.status.success(), "{}", said(&output));
    // All three are looked at; none holds a certificate.
    assert!(said(&output).contains("3 targets"), "{}", said(&output));
    assert_eq!(written, "exit-code=2\n");
}

#[test]
fn no_input_is_read_as_shell_or_as_an_option() {
    let runner = Runner::new();
    let mark = runner.path("mark");
    let hostile = [
        format!("$(touch {})", mark.display()),
        format!("`touch {}`", mark.display()),
        format!("; touch {} #", mark.display()),
        format!("\"; touch {}; \"", mark.display()),
        "*".to_owned(),
    ];
    for text in &hostile {
        for input in [
            "PINSTEAD_TARGETS",
            "PINSTEAD_TARGETS_FILE",
            "PINSTEAD_PINS",
            "PINSTEAD_POLICY",
            "PINSTEAD_BASELINE",
            "PINSTEAD_FAIL_ON",
            "PINSTEAD_FAIL_ON_UNDETERMINED",
            "PINSTEAD_FORMAT",
        ] {
            let known = if input == "PINSTEAD_PINS" { "PINSTEAD_FAIL_ON" } else { "PINSTEAD_PINS" };
            let value = if known == "PINSTEAD_PINS" { "pins.toml" } else { "high" };
            // Names that resolve nowhere, so that nothing is looked up.
            let (output, _) =
                runner.run("run.sh", &[(known, value), (input, text), ("PINSTEAD_VERSION", text)]);
            assert!(!mark.exists(), "{input}={text}: {}", said(&output));
        }
        let (output, _) = runner.run("install.sh", &[("PINSTEAD_VERSION", text)]);
        assert!(!mark.exists() && output.status.code() == Some(2), "{text}: {}", said(&output));
    }
    for (input, text) in [("PINSTEAD_TARGETS", "--save-evidence=mark"), ("PINSTEAD_PINS", "--output=mark")] {
        let (output, written) = runner.run("run.sh", &[(input, text)]);
        assert!(output.status.code() == Some(2) && written.is_empty() && !mark.exists(), "{}", said(&output));
    }
    let (output, _) = runner.run("run.sh", &[]);
    assert!(
        output.status.code() == Some(2) && said(&output).contains("::error::name targets"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_action_installs_what_it_says() {
    let runner = Runner::new();
    let (output, _) = runner.run("install.sh", &[("PINSTEAD_VERSION", "path")]);
    assert!(output.status.success(), "{}", said(&output));
    for version in ["latest", "v1", "v1.0.0/../../x", "v1.0.0 --x", "0.1.0"] {
        let asked = [("PINSTEAD_VERSION", version), ("RUNNER_OS", "Plan9"), ("RUNNER_ARCH", "X64")];
        let (output, _) = runner.run("install.sh", &asked);
        assert_eq!(output.status.code(), Some(2), "{version}: {}", said(&output));
    }
    let (output, _) = runner
        .run("install.sh", &[("PINSTEAD_VERSION", "v0.1.0"), ("RUNNER_OS", "Plan9"), ("RUNNER_ARCH", "X64")]);
    assert!(said(&output).contains("no release for this runner"), "{}", said(&output));
}

#[test]
fn the_action_pins_what_it_uses_and_puts_no_input_into_a_script() {
    let action = read("action.yml");
    for line in action.lines().map(str::trim) {
        if let Some(used) = line.strip_prefix("uses:") {
            let commit = used.split(['@', '#']).nth(1).unwrap().trim();
            assert!(commit.len() == 40 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()), "{line}");
        }
        if line.starts_with("run:") {
            assert!(!line.contains("${{"), "{line}");
        }
    }
    // Every input reaches a step, and every variable of the scripts is set by one.
    let (_, inputs) = action.split_once("inputs:\n").unwrap();
    let (inputs, _) = inputs.split_once("\noutputs:").unwrap();
    let names = inputs.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.map(|line| line.trim().trim_end_matches(':')) {
        assert!(action.contains(&format!("inputs.{name}")), "the input {name} does nothing");
    }
    for script in ["run.sh", "install.sh"] {
        let text = read(&format!("integrations/github/{script}"));
        for variable in text.split("${").skip(1).filter_map(|rest| rest.split([':', '}']).next()) {
            if variable.starts_with("PINSTEAD_") {
                assert!(action.contains(&format!("{variable}: ${{{{")), "{script}: nothing sets {variable}");
            }
        }
        let checked =
            Command::new("bash").arg("-n").arg(root().join("integrations/github").join(script)).status();
        assert!(checked.unwrap().success(), "{script}");
    }
}

/// What the hooks of pre-commit run, run as it would: with the files that a commit changes behind it.
#[test]
fn the_hooks_fail_on_what_they_say() {
    let hooks = read(".pre-commit-hooks.yaml");
    let entries: Vec<&str> =
        hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: pinstead ")).collect();
    assert_eq!(entries.len(), 2, "{entries:?}");
    let runner = Runner::new();
    fs::write(runner.path("pinstead.toml"), "fail_on = \"hihg\"\n").unwrap();
    let (_, given) = hooks.split_once("  args: [").unwrap();
    let (given, _) = given.split_once(']').unwrap();
    let given: Vec<&str> = given.split(", ").collect();
    let run = |entry: &str, args: &[&str], file: &str| {
        let words = entry.split(' ').chain(args.iter().copied()).chain([file]);
        Command::new(env!("CARGO_BIN_EXE_pinstead"))
            .args(words)
            .current_dir(runner.folder.path())
            .output()
            .unwrap()
    };
    let linted = run(entries[0], &given, "pins.toml");
    assert_eq!(linted.status.code(), Some(1), "{}", said(&linted));
    // A configuration's own arguments take the place of the hook's, as docs/ci.md has it.
    let linted = run(entries[0], &["--fail-on=none"], "pins.toml");
    assert_eq!(linted.status.code(), Some(0), "{}", said(&linted));
    let checked = run(entries[1], &[], "pinstead.toml");
    assert!(
        checked.status.code() == Some(2) && said(&checked).contains("did you mean “high”?"),
        "{}",
        said(&checked)
    );
}

/// The scripts of GitLab and Jenkins, run as those would: with and without the files that a repository need not have.
#[test]
fn the_jobs_need_neither_policy_nor_baseline() {
    let gitlab = read("integrations/gitlab/pinstead.gitlab-ci.yml");
    let (_, script) = gitlab.split_once("  script:\n").unwrap();
    let (script, _) = script.split_once("  artifacts:").unwrap();
    // One item a command; a folded one (`>-`) is its lines with blanks between.
    let items =
        script.split("    - ").map(|item| item.trim_start_matches(">-\n").trim().replace("\n      ", " "));
    let gitlab = items.collect::<Vec<String>>().join("\n");
    let jenkins = read("integrations/jenkins/Jenkinsfile");
    let (_, script) = jenkins.split_once("sh '''").unwrap();
    let (script, _) = script.split_once("'''").unwrap();
    let jenkins = script.to_owned();
    for script in [gitlab, jenkins] {
        let runner = Runner::new();
        // What is called is written down: the real program would ask the network for its targets.
        fs::write(runner.path("temp/pinstead"), "#!/bin/sh\nprintf '<%s>' \"$@\"\necho\n").unwrap();
        let made = Command::new("chmod").arg("+x").arg(runner.path("temp/pinstead")).status();
        assert!(made.unwrap().success());
        let run = |baseline: &str| {
            let path = format!("{}:{}", runner.path("temp").display(), std::env::var("PATH").unwrap());
            let output = Command::new("sh")
                .args(["-e", "-c", &script])
                .current_dir(runner.folder.path())
                .env("PATH", path)
                .env("PINSTEAD_TARGETS_FILE", "targets.txt")
                .env("PINSTEAD_FAIL_ON", "high")
                .env("PINSTEAD_BASELINE", baseline)
                .output()
                .unwrap();
            assert!(output.status.success(), "{script}\n{}", said(&output));
            said(&output).replace("<--baseline><", "<--baseline=")
        };
        let check = "<check><--targets><targets.txt><--fail-on><high><--fail-on-undetermined>";
        let form = "<--format><junit><--output><pinstead.xml>\n";
        assert_eq!(run(""), format!("{check}{form}"), "{script}");
        fs::write(runner.path("pinstead-baseline.toml"), "version = 1\n").unwrap();
        fs::write(runner.path("pinstead.toml"), "").unwrap();
        // Jenkins has the policy checked in a step of its own.
        let called = run("pinstead-baseline.toml").replace("<policy><check>\n", "");
        assert_eq!(called, format!("{check}<--baseline=pinstead-baseline.toml>{form}"), "{script}");
    }
}

/// The oldest Rust that is promised is one name in every place, and one that the dependencies are content with.
#[test]
fn the_oldest_rust_is_the_same_everywhere() {
    let manifest = read("Cargo.toml");
    let (_, oldest) = manifest.split_once("\nrust-version = \"").unwrap();
    let (oldest, _) = oldest.split_once('"').unwrap();
    assert!(read("Containerfile").contains(&format!("/rust:{oldest}-slim-")), "Containerfile");
    assert!(read("README.md").contains(&format!("{oldest} or later")), "README.md");
    let host = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let graph = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
        .current_dir(root())
        .output()
        .unwrap();
    let graph: serde_json::Value =
        serde_json::from_slice(&graph.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&graph)));
    let number =
        |version: &str| -> Vec<u64> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let newer = graph["packages"].as_array().unwrap().iter().filter(|package| {
        package["rust_version"]
            .as_str()
            .is_some_and(|needs| number(needs) > [number(oldest), vec![0]].concat())
    });
    let newer: Vec<&str> = newer.filter_map(|package| package["name"].as_str()).collect();
    assert!(newer.is_empty(), "{oldest} is too old for {newer:?}");
}

/// The files are YAML, where a reader of it is here.
#[test]
fn the_files_are_yaml() {
    let program = "import sys, yaml\nfor file in sys.argv[1:]: assert yaml.safe_load(open(file)), file";
    let files = ["action.yml", ".pre-commit-hooks.yaml", "integrations/gitlab/pinstead.gitlab-ci.yml"];
    let has_reader = Command::new("python3").args(["-c", "import yaml"]).output();
    if has_reader.is_ok_and(|output| output.status.success()) {
        let read =
            Command::new("python3").args(["-c", program]).args(files).current_dir(root()).output().unwrap();
        assert!(read.status.success(), "{}", said(&read));
    }
    for file in files {
        assert!(!read(file).contains('\t'), "{file} has a tab");
    }
}

/// The commands and options that the integrations and docs/ci.md call are those of the program.
#[test]
fn what_is_called_exists() {
    let texts = [
        read("integrations/gitlab/pinstead.gitlab-ci.yml"),
        read("integrations/jenkins/Jenkinsfile"),
        read(".pre-commit-hooks.yaml"),
    ];
    for (command, options) in [
        (
            "check",
            &["--targets", "--fail-on", "--fail-on-undetermined", "--baseline", "--format", "--output"][..],
        ),
        ("pins", &["--fail-on", "--fail-on-undetermined", "--baseline"]),
        ("policy check", &[]),
    ] {
        assert!(texts.iter().any(|text| text.contains(&format!("pinstead {command}"))), "{command}");
        let words = command.split(' ').chain(["--help"]);
        let help = Command::new(env!("CARGO_BIN_EXE_pinstead")).args(words).output().unwrap();
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for option in options {
            assert!(help.contains(option), "pinstead {command} has no {option}");
        }
    }
}
