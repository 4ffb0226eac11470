//! `pinstead caa --targets` over many names, against NSD.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::nsd::Nsd;

/// How many names the zone has; every fifth has a set of its own.
const NAMES: usize = 600;

fn zone() -> String {
    let mut zone = String::from(
        "$ORIGIN example.\n$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n\
         bulk A 192.0.2.1\nloop CNAME loop\nbad TYPE257 \\# 8 0006697373e96578\n",
    );
    for number in 0..NAMES {
        let line = if number % 5 == 0 { "CAA 0 issue \"ca1.example\"" } else { "A 192.0.2.1" };
        writeln!(zone, "n{number}.bulk {line}").unwrap();
    }
    zone
}

struct Bulk {
    nsd: Nsd,
    folder: TempDir,
}

impl Bulk {
    fn start() -> Self {
        Self { nsd: Nsd::serving(&[("example", &zone())]), folder: TempDir::new().unwrap() }
    }

    fn list(&self, lines: &str) -> String {
        let path = self.folder.path().join("names");
        std::fs::write(&path, lines).unwrap();
        path.display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.args(["caa", "--resolver", &self.nsd.address.to_string()]).args(arguments).env_remove("CI");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn every_name() -> String {
    (0..NAMES).fold(String::new(), |list, number| list + &format!("n{number}.bulk.example\n"))
}

/// The lines by name; every name has one.
fn lines(octets: &[u8]) -> BTreeMap<String, Value> {
    let mut lines = BTreeMap::new();
    for line in str::from_utf8(octets).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["name"].as_str().unwrap().to_owned();
        assert_eq!(line["schema_version"], 1);
        assert!(lines.insert(name.clone(), line).is_none(), "{name} has two lines");
    }
    lines
}

fn assert_every_name(octets: &[u8]) {
    let lines = lines(octets);
    assert_eq!(lines.len(), NAMES);
    for number in 0..NAMES {
        let line = &lines[&format!("n{number}.bulk.example")];
        let state = if number % 5 == 0 { "found" } else { "none" };
        assert_eq!(line["state"], state, "{line}");
    }
}

#[test]
fn every_name_gets_its_line() {
    let bulk = Bulk::start();
    let output = bulk.run(&["--targets", &bulk.list(&every_name()), "--format", "jsonl"]);
    assert_every_name(&output.stdout);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("600 names: 120 with CAA, 480 without, 0 undetermined"), "{told}");
    assert_eq!(output.status.code(), Some(0));
}

/// What one name of a list ends in is what the same name ends in alone.
#[test]
fn a_list_is_judged_as_its_names_are() {
    let bulk = Bulk::start();
    let list =
        bulk.list("n0.bulk.example\n# none\n*.n1.bulk.example # a wildcard\n192.0.2.1\nn2.bulk.example\n");
    let alone = bulk.run(&["*.n1.bulk.example", "--format", "jsonl"]);
    let all = bulk.run(&["--targets", &list, "--format", "json", "n3.bulk.example"]);
    let all: Value = serde_json::from_slice(&all.stdout).unwrap();
    let names = all["names"].as_array().unwrap();
    assert_eq!(all["schema_version"], 1);
    assert_eq!(names.len(), 5);
    let mut alone: Value = serde_json::from_slice(&alone.stdout).unwrap();
    alone.as_object_mut().unwrap().remove("schema_version");
    assert!(names.contains(&alone), "{alone}");
    let human = bulk.run(&["--targets", &list]);
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.contains("*.n1.bulk.example: ") && human.contains("CAA does not apply"), "{human}");
}

#[test]
fn the_exit_code_is_that_of_the_worst_name() {
    let bulk = Bulk::start();
    let code = |lines: &str, more: &[&str]| {
        let list = bulk.list(lines);
        let output = bulk.run(&[&["--targets", &list, "--format", "jsonl"], more].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(code("n0.bulk.example\nn1.bulk.example\n", &[]).0, 0);
    assert_eq!(code("n0.bulk.example\nn1.bulk.example\n", &["--fail-on", "medium"]).0, 1);
    assert_eq!(code("n0.bulk.example\noutside.test\n", &["--fail-on", "none"]).0, 3);
    let (usage, told) = code("n0.bulk.example\n\nno name at all\n", &[]);
    assert_eq!(usage, 2);
    assert!(told.contains("1 that are no names (line 3: "), "{told}");
    assert_eq!(code("# nothing\n", &[]).0, 2);
    for wrong in [&["--resume"][..], &["--targets", "/nowhere/names"], &["--targets", "names", "--resume"]] {
        assert_eq!(bulk.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_name_that_is_none_harms_no_other() {
    let bulk = Bulk::start();
    let list = bulk.list(&format!("n0.bulk.example\n{}\na..b\nn1.bulk.example\n", "x".repeat(5000)));
    let output = bulk.run(&["--targets", &list, "--format", "jsonl"]);
    let states: Vec<Value> = str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .collect();
    let of = |state: &str| states.iter().filter(|line| line["state"] == state).count();
    assert_eq!((of("found"), of("none"), of("invalid")), (1, 1, 2));
    let note =
        |text: &str| states.iter().any(|line| line["note"].as_str().is_some_and(|it| it.contains(text)));
    assert!(note("line 2: ") && note("line 3: "), "{states:?}");
}

/// Killed without warning, and gone on with: each name has one line in the end, and the gate forgets nothing.
#[test]
fn a_killed_run_is_gone_on_with() {
    let bulk = Bulk::start();
    let list = bulk.list(&format!("bad.example\n{}", every_name()));
    let out = bulk.folder.path().join("out.jsonl");
    let path = out.display().to_string();
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &path, "--resume"];
    let slow = [&arguments[..], &["--concurrency", "1"]].concat();
    let mut child = bulk.command(&slow).stderr(Stdio::null()).spawn().unwrap();
    while whole_lines(&out) < 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    kill(&mut child);
    let before = whole_lines(&out);
    // A line that was being written when the power went.
    let mut torn = std::fs::OpenOptions::new().append(true).open(&out).unwrap();
    torn.write_all(b"{\"schema_version\":1,\"name\":\"n1.bu").unwrap();
    drop(torn);

    let output = bulk.run(&arguments);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(&format!("going on after {before} names")), "{told}");
    assert!(told.contains("601 names: 121 with CAA, 480 without"), "{told}");
    let mut all = lines(&std::fs::read(&out).unwrap());
    assert!(all.remove("bad.example").is_some());
    assert_eq!(all.len(), NAMES);
    // bad.example, whose record is malformed, was judged by the run that was killed.
    assert_eq!(output.status.code(), Some(3), "{told}");
    let again = bulk.run(&arguments);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(told.contains("; 0 asked about"), "{told}");
    assert_eq!(again.status.code(), Some(3));
}

fn whole_lines(path: &Path) -> usize {
    std::fs::read(path).unwrap_or_default().split(|octet| *octet == b'\n').count() - 1
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What stands twice has two lines, and lines that are no names are gone on with like others.
#[test]
fn a_resumed_run_ends_as_an_unbroken_one() {
    let bulk = Bulk::start();
    let long = "x".repeat(5000);
    let list =
        bulk.list(&format!("n0.bulk.example\nn0.bulk.example\na..b\n{long}\nn1.bulk.example\n{long}\n"));
    let path = bulk.folder.path().join("out.jsonl").display().to_string();
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &path, "--resume"];
    let whole = bulk.run(&arguments);
    let told = String::from_utf8(whole.stderr).unwrap();
    assert!(told.contains("6 names: 2 with CAA, 1 without, 0 undetermined, 3 that are no names"), "{told}");
    let written = std::fs::read_to_string(&path).unwrap();
    for keep in 0..6 {
        let kept = written.lines().take(keep).fold(String::new(), |kept, line| kept + line + "\n");
        std::fs::write(&path, kept).unwrap();
        let again = bulk.run(&arguments);
        assert_eq!(again.status.code(), Some(2));
        let told = String::from_utf8(again.stderr).unwrap();
        let asked = format!("; {} asked about", 6 - keep);
        assert!(told.contains("6 names: 2 with CAA, 1 without") && told.contains(&asked), "{keep}: {told}");
    }
    let other = bulk.run(&[&arguments[..], &["--ca", "ca1.example"]].concat());
    assert_eq!(other.status.code(), Some(2));
    assert!(String::from_utf8(other.stderr).unwrap().contains("asked something else"));
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let bulk = Bulk::start();
    let list = bulk.list(&every_name().repeat(20));
    let mut child = bulk
        .command(&["--targets", &list, "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"schema_version\":1"));
    // What nobody read is not known to be clean.
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

/// A list that would be written over before it is read is left alone, by whatever name it is known.
#[test]
fn the_report_is_never_written_over_an_input() {
    let bulk = Bulk::start();
    let list = bulk.list("n0.bulk.example\n");
    let linked = bulk.folder.path().join("linked");
    std::fs::hard_link(&list, &linked).unwrap();
    let linked = linked.display().to_string();
    for output in [&list, &linked] {
        for more in [&[][..], &["--format", "jsonl"], &["--format", "jsonl", "--resume"]] {
            let arguments = [&["--targets", list.as_str(), "--output", output], more].concat();
            let refused = bulk.run(&arguments);
            assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
            let told = String::from_utf8(refused.stderr).unwrap();
            assert!(told.contains("it would be written over"), "{told}");
            assert_eq!(std::fs::read_to_string(&list).unwrap(), "n0.bulk.example\n");
        }
    }
    let redirected = bulk
        .command(&["--targets", "-", "--output", &list])
        .stdin(std::fs::File::open(&list).unwrap())
        .output()
        .unwrap();
    assert_eq!((redirected.status.code(), std::fs::read_to_string(&list).unwrap().len()), (Some(2), 16));
    // Other commands do the same.
    for command in [
        &["check", "--targets", &list, "--output", &list][..],
        &["check", &list, "--offline", "--output", &linked],
        &["pins", &list, "--output", &list],
        &["caa", "suggest", "example.com", "--offline", "--issued", &list, "--output", &list],
        &["caa", "n0.bulk.example", "--policy", &list, "--output", &list],
        &["logs", "list", "--log-list", &list, "--output", &list],
        &["logs", "verify", &list, &linked, "--output", &list],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pinstead")).args(command).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("it would be written over"), "{command:?}: {told}");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(std::fs::read_to_string(&list).unwrap(), "n0.bulk.example\n", "{command:?}");
    }
}

/// Two runs that write one file at the same time would leave neither's lines whole.
#[test]
fn a_file_has_one_writer() {
    let bulk = Bulk::start();
    let list = bulk.list("n0.bulk.example\n");
    let out = bulk.folder.path().join("out.jsonl");
    let path = out.display().to_string();
    let mut first = bulk
        .command(&["--targets", "-", "--format", "jsonl", "--output", &path, "--resume"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    first.stdin.as_mut().unwrap().write_all(b"n1.bulk.example\n").unwrap();
    while whole_lines(&out) < 1 {
        assert!(first.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &path, "--resume"];
    for count in [7, 6] {
        let second = bulk.run(&arguments[..count]);
        assert_eq!(second.status.code(), Some(2));
        assert!(String::from_utf8(second.stderr).unwrap().contains("another run is writing"));
    }
    drop(first.stdin.take());
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(bulk.run(&arguments).status.code(), Some(0));
    assert_eq!(lines(&std::fs::read(&out).unwrap()).len(), 2);
}

/// What is not listed any more keeps its line, and decides nothing.
#[test]
fn names_that_are_no_longer_listed_do_not_decide() {
    let bulk = Bulk::start();
    let path = bulk.folder.path().join("out.jsonl").display().to_string();
    let run = |names: &str| {
        let list = bulk.list(names);
        let output = bulk.run(&["--targets", &list, "--format", "jsonl", "--output", &path, "--resume"]);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // Its record is malformed, so that it stays open.
    let (code, told) = run("bad.example\nn0.bulk.example\n");
    assert_eq!(code, 3, "{told}");
    let (code, told) = run("n0.bulk.example\n");
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("1 lines that were there before are of names that are not on the list"), "{told}");
    assert!(told.contains("1 names: 1 with CAA") && told.contains("; 0 asked about"), "{told}");
    assert_eq!(run("bad.example\nn0.bulk.example\n").0, 3);
}

/// The content of the files decides whether a run asks the same, not their names.
#[test]
fn another_policy_is_another_question() {
    let bulk = Bulk::start();
    let list = bulk.list("n0.bulk.example\n");
    let path = bulk.folder.path().join("out.jsonl").display().to_string();
    let policy = bulk.folder.path().join("policy.toml");
    let key = "AlSQhgtJirc8ahLyekmtX+Iw+v46yPYRLJt9Cq1GlB0=";
    let run = |identifier: &str, file: &Path| {
        let text = format!(
            "[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{key}\"\ncaa_identifiers = [\"{identifier}\"]\n"
        );
        std::fs::write(file, text).unwrap();
        let file = file.display().to_string();
        let to = ["--targets", &list, "--format", "jsonl", "--output", &path, "--resume", "--policy", &file];
        bulk.run(&to).status.code()
    };
    assert_eq!(run("ca1.example", &policy), Some(0));
    assert_eq!(run("ca1.example", &policy.with_extension("other")), Some(0));
    assert_eq!(run("ca2.example", &policy), Some(2));
}

/// Names that could not be asked about are asked about again, and what they had is replaced.
#[test]
fn a_resumed_run_asks_again_about_what_stayed_undetermined() {
    let mut bulk = Bulk::start();
    let out = bulk.folder.path().join("out.jsonl");
    let path = out.display().to_string();
    let list = bulk.list("n0.bulk.example\nloop.example\nn1.bulk.example\nloop.example\n");
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &path, "--resume"];
    let first = bulk.run(&arguments);
    assert_eq!(first.status.code(), Some(3));
    let told = String::from_utf8(first.stderr).unwrap();
    assert!(told.contains("--resume asks again about the 2 names that stayed undetermined"), "{told}");
    let again = bulk.run(&arguments);
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(told.contains("asking again about 2 names that stayed undetermined"), "{told}");
    assert!(told.contains("going on after 2 names") && told.contains("; 2 asked about"), "{told}");
    assert_eq!((again.status.code(), whole_lines(&out)), (Some(3), 4));
    let mended = zone().replace("loop CNAME loop", "loop CAA 0 issue \"ca1.example\"");
    bulk.nsd = Nsd::serving(&[("example", &mended)]);
    let whole = bulk.run(&arguments);
    let told = String::from_utf8(whole.stderr).unwrap();
    assert_eq!(whole.status.code(), Some(0), "{told}");
    assert!(told.contains("4 names: 3 with CAA, 1 without, 0 undetermined"), "{told}");
    assert_eq!(whole_lines(&out), 4);
    assert!(!std::fs::read_to_string(&out).unwrap().contains("\"state\":\"undetermined\""));
    assert_eq!(std::fs::read_dir(bulk.folder.path()).unwrap().count(), 2, "nothing is left beside it");
}
