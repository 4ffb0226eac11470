//! `pinstead check` on many targets: a list, what hangs in it, an interrupted run, and what they have in common.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pinstead::demo::world::{BESIDE, LEGACY, SHOP};
use pinstead::observe::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;
use world::Running;

/// How long something that has to come is waited for, in milliseconds.
const PATIENCE: u64 = 60_000;

/// A world, and a folder for lists and reports.
struct Many {
    running: Running,
    folder: TempDir,
}

impl Many {
    fn start() -> Self {
        Self { running: Running::start(), folder: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A list of these lines.
    fn list(&self, lines: &[impl AsRef<str>]) -> String {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        let path = self.path("targets");
        fs::write(&path, lines.join("\n")).unwrap();
        path.display().to_string()
    }

    /// So many files with the shop's chain.
    fn files(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|number| {
                let path = self.path(&format!("{number:03}.pem"));
                fs::copy(&self.running.world.shop.chain_file, &path).unwrap();
                path.display().to_string()
            })
            .collect()
    }

    /// A check with the world's roots, list and resolver; hosts are connected to where they say.
    fn check(&self, arguments: &[&str]) -> Command {
        let world = &self.running.world;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.arg("check").env_remove("CI").env("XDG_CACHE_HOME", "/nonexistent");
        command.args(["--resolver", &world.dns_address().to_string(), "--only", "ct"]);
        command.arg("--roots").arg(&world.files.roots).arg("--log-list").arg(&world.files.log_list);
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// A check of the world's own hosts, with its policy.
    fn check_hosts(&self, arguments: &[&str]) -> Command {
        let mut command = self.check(arguments);
        command.args(["--connect", &self.running.world.tls_address().to_string()]);
        command.args(["--only", "issuer,pins"]).arg("--policy").arg(&self.running.world.files.policy);
        command
    }
}

/// A server that takes every connection and never says a word; it counts how many it has at the same time.
struct Hanging {
    address: SocketAddr,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Hanging {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hanging = Self { address, now: Arc::default(), most: Arc::default() };
        let (now, most) = (Arc::clone(&hanging.now), Arc::clone(&hanging.most));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let now = Arc::clone(&now);
                thread::spawn(move || {
                    // The client ends it.
                    let _ = stream.read_to_end(&mut Vec::new());
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        hanging
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["target"].as_str().unwrap()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{}", stderr(output)))
}

/// Waits for something that has to come.
fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let watch = Stopwatch::start();
    while !is_there() {
        assert!(watch.milliseconds() < PATIENCE, "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[test]
fn a_target_that_hangs_holds_up_no_other() {
    let many = Many::start();
    let hanging = Hanging::start();
    let mut targets = many.files(40);
    targets.insert(0, hanging.address.to_string());
    let list = many.list(&targets);
    let arguments = ["--targets", &list, "--format", "jsonl", "--target-timeout", "5"];
    let output = many.check(&[&arguments[..], &["--unordered"]].concat()).output().unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let told = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(told.len(), 41);
    // However slow this machine is, files are read within the seconds for which the server is waited for.
    assert_eq!(names(&told).last(), Some(&hanging.address.to_string().as_str()));
    let failures = told[40]["connection"]["failures"].to_string();
    assert!(failures.contains("no end of the handshake within"), "{failures}");

    let output = many.check(&arguments).output().unwrap();
    assert_eq!(
        names(&lines(&String::from_utf8(output.stdout).unwrap())),
        targets,
        "in order unless it is said"
    );
}

#[test]
fn an_address_gets_no_more_connections_than_it_may_and_little_time_when_it_never_answers() {
    let many = Many::start();
    let hanging = Hanging::start();
    let hosts: Vec<String> = (0..9).map(|number| format!("h{number}.demo.example")).collect();
    let list = many.list(&hosts);
    let connect = hanging.address.to_string();
    let output = many
        .check(&["--targets", &list, "--format", "jsonl", "--connect", &connect, "--per-address", "3"])
        .args(["--target-timeout", "5"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    let told = lines(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(names(&told).len(), 9);
    // The server sees the end of a connection later than the client that ends it.
    assert!(hanging.most.load(Ordering::SeqCst) <= 6, "three that begin, and three that end");
    let is_short = |line: &&Value| line["connection"]["failures"].to_string().contains("within 2 s");
    // Three wait their full time, and so do those that begin before the third of them has given up.
    let short = told.iter().filter(is_short).count();
    assert!((4..=6).contains(&short), "{short}");
}

#[test]
fn an_interrupted_run_is_gone_on_with() {
    let many = Many::start();
    let hanging = [Hanging::start(), Hanging::start()].map(|hanging| hanging.address.to_string());
    let files = many.files(5);
    let targets: Vec<String> = [files.as_slice(), &hanging].concat();
    let list = many.list(&targets);
    let report = many.path("report.jsonl");
    let output = report.display().to_string();
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &output];

    // Each line is in the file as soon as its target is done, and an interrupted run leaves whole lines alone.
    let child = many.check(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the first lines", || read(&report).lines().count() == 5);
    interrupt(&child);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(code(&ended), 3);
    assert!(stderr(&ended).contains("Interrupted: 2 of 7 targets were not looked at"), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("--resume"), "{}", stderr(&ended));
    assert_eq!(names(&lines(&read(&report))), files);

    // A line that was cut off is told, and its target looked at again; the others are not: their files are gone.
    let whole = read(&report);
    fs::write(&report, &whole[..whole.len() - 100]).unwrap();
    for file in &files[..4] {
        fs::remove_file(file).unwrap();
    }
    let resumed = [&arguments[..], &["--resume", "--target-timeout", "5"]].concat();
    let ended = many.check(&resumed).output().unwrap();
    assert_eq!(code(&ended), 3, "{}", stderr(&ended));
    assert!(stderr(&ended).contains("the last line was not whole"), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("going on after 4 targets"), "{}", stderr(&ended));
    let all = lines(&read(&report));
    assert_eq!(names(&all), targets);
    assert!(all[..5].iter().all(|line| line["outcome"] == "pass"), "{:?}", names(&all));

    // Nothing is left to do; what the lines say still counts.
    let again = many.check(&["--targets", &list, "--format", "jsonl", "--resume", &output]).output().unwrap();
    assert_eq!((code(&again), lines(&read(&report)).len()), (3, 7), "{}", stderr(&again));
}

#[test]
fn what_was_asked_otherwise_is_not_gone_on_with() {
    let many = Many::start();
    let list = many.list(&many.files(2));
    let report = many.path("report.jsonl");
    let output = report.display().to_string();
    let arguments = ["--targets", &list, "--format", "jsonl", "--output", &output];
    assert_eq!(code(&many.check(&arguments).output().unwrap()), 0);
    let before = read(&report);
    for other in [["--expect-ca", "ca.example"], ["--fail-on", "low"], ["--at", "2027-01-01"]] {
        let refused = many.check(&[&arguments[..], &["--resume"], &other[..]].concat()).output().unwrap();
        assert_eq!(code(&refused), 2, "{other:?}");
        assert!(
            stderr(&refused).contains("another policy, other pins, baseline, options or version"),
            "{refused:?}"
        );
    }
    for (wrong, why) in [
        (&["--format", "json", "--resume", &output][..], "--format jsonl"),
        (&["--format", "jsonl", "--resume"], "names no file"),
        (&["--format", "jsonl", "--resume", "a.jsonl", "--output", "b.jsonl"], "name one"),
    ] {
        let refused = many.check(&[&["--targets", &list], wrong].concat()).output().unwrap();
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
    }
    fs::write(many.path("notes"), "important\n").unwrap();
    let notes = many.path("notes").display().to_string();
    let refused =
        many.check(&["--targets", &list, "--format", "jsonl", "--resume", &notes]).output().unwrap();
    assert_eq!((code(&refused), read(&many.path("notes"))), (2, "important\n".to_owned()));
    assert_eq!(read(&report), before);
}

/// What a baseline accepts is the same in every run, so that one with many entries is gone on with like any other.
#[test]
fn a_run_with_a_baseline_of_many_entries_is_gone_on_with() {
    let many = Many::start();
    let files = many.files(12);
    let list = many.list(&files);
    let known = many.path("known.toml").display().to_string();
    let report = many.path("report.jsonl");
    let output = report.display().to_string();
    let asked = ["--targets", &list, "--fail-on", "info", "--expect-ca", "ca.example", "--only", "issuer"];
    let written = ["--write-baseline", &known, "--reason", "r", "--until", "2100-01-01"];
    let ended = many.check(&[&asked[..], &written].concat()).output().unwrap();
    assert!(stderr(&ended).contains("accepted anew"), "{}", stderr(&ended));
    let text = read(&many.path("known.toml"));
    assert!(text.matches("[[finding]]").count() >= 12, "{text}");
    let lines_of = ["--format", "jsonl", "--output", &output, "--baseline", &known];
    let arguments = [&asked[..], &lines_of].concat();
    let first = many.check(&arguments).output().unwrap();
    let before = read(&report);
    assert!(before.contains("\"accepted\":{"), "{before}");
    let half: String = before.split_inclusive('\n').take(6).collect();
    fs::write(&report, half).unwrap();
    let resumed = many.check(&[&arguments[..], &["--resume"]].concat()).output().unwrap();
    assert_eq!(code(&resumed), code(&first), "{}", stderr(&resumed));
    let lines_of_run = |text: &str| lines(text).iter().map(|line| line["run"].clone()).collect::<Vec<_>>();
    assert_eq!(lines_of_run(&read(&report)), lines_of_run(&before));
    // Files of certificates are the same in whatever order they are named.
    let issued = [&arguments[..], &["--certificates", &files[0], &files[1]]].concat();
    let ended = many.check(&issued).output().unwrap();
    let before = read(&report);
    let again = [&arguments[..], &["--resume", "--certificates", &files[1], &files[0]]].concat();
    let resumed = many.check(&again).output().unwrap();
    assert_eq!((code(&resumed), read(&report)), (code(&ended), before), "{}", stderr(&resumed));
    // An entry more is another question.
    fs::write(many.path("known.toml"), text.replacen("reason = \"r\"", "reason = \"s\"", 1)).unwrap();
    let refused = many.check(&[&arguments[..], &["--resume"]].concat()).output().unwrap();
    assert_eq!(code(&refused), 2, "{}", stderr(&refused));
}

/// What an interrupted run saved is evidence of a part: of the rest nothing is known, today or when it is judged again.
#[test]
fn evidence_of_a_part_never_passes_for_the_whole() {
    let many = Many::start();
    let file = many.files(1).remove(0);
    let hanging = Hanging::start().address.to_string();
    let list = many.list(&[&file, &hanging]);
    let (saved, known) = (many.path("part.evidence"), many.path("known.toml"));
    let (saved, known) = (saved.display().to_string(), known.display().to_string());
    let interrupted = |more: &[&str]| {
        let report = many.path("report.jsonl");
        let _ = fs::remove_file(&report);
        let output = report.display().to_string();
        let arguments = [&["--targets", &list, "--format", "jsonl", "--output", &output][..], more].concat();
        let child = many.check(&arguments).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the first line", || read(&report).lines().count() == 1);
        interrupt(&child);
        child.wait_with_output().unwrap()
    };
    let ended = interrupted(&["--save-evidence", &saved]);
    assert_eq!(code(&ended), 3, "{}", stderr(&ended));
    let evidence: Value = serde_json::from_str(&read(Path::new(&saved))).unwrap();
    assert_eq!(evidence["not_looked_at"], serde_json::json!([hanging]));
    assert_eq!(evidence["pinstead_evidence"], 2, "no older version takes it for the whole");
    let again = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.env_remove("CI").arg("check").arg(&saved).args(more).output().unwrap()
    };
    let judged = again(&[]);
    assert_eq!(code(&judged), 3, "{}", stderr(&judged));
    let told = String::from_utf8_lossy(&judged.stdout).into_owned() + &stderr(&judged);
    assert!(told.contains("Interrupted: 1 of 2 targets was not looked at"), "{told}");
    assert!(told.contains("1 target was not looked at"), "{told}");
    let json: Value = serde_json::from_slice(&again(&["--format", "json"]).stdout).unwrap();
    assert_eq!((&json["summary"]["pass"], &json["summary"]["not_done"]), (&1.into(), &1.into()), "{json:#}");
    // What the rest would add is not known: no baseline is written of a part.
    let written = ["--fail-on", "info", "--write-baseline", &known, "--reason", "r", "--until", "2100-01-01"];
    for refused in [interrupted(&written), again(&written)] {
        assert_eq!(code(&refused), 2, "{}", stderr(&refused));
        assert!(stderr(&refused).contains("the baseline is not written"), "{}", stderr(&refused));
        assert!(!Path::new(&known).exists());
    }
}

/// What an earlier run wrote counts as if it had been looked at now: in the exit code and in the summary.
#[test]
fn earlier_lines_count_as_their_targets_did() {
    let many = Many::start();
    let unusable = many.path("empty.pem");
    fs::write(&unusable, "").unwrap();
    let list = many.list(&[SHOP, LEGACY, BESIDE, &many.files(1)[0], &unusable.display().to_string()]);
    let output = many.path("report.jsonl").display().to_string();
    let summary = |name: &str| {
        let mut read: Value = serde_json::from_str(&read(&many.path(name))).unwrap();
        read["judged_at"].take();
        read
    };
    let run = |name: &str, more: &[&str]| {
        let path = many.path(name).display().to_string();
        let arguments = ["--targets", &list, "--format", "jsonl", "--output", &output, "--summary", &path];
        let arguments = [&arguments[..], &["--only", "caa"], more].concat();
        code(&many.check_hosts(&arguments).output().unwrap())
    };
    let first = run("first.json", &[]);
    assert_eq!(run("second.json", &["--resume"]), first);
    let counted = summary("first.json");
    assert_eq!(counted, summary("second.json"));
    assert_eq!(first, 1);
    assert_eq!(counted["summary"]["targets"], 5);
    let fleet = &counted["summary"]["fleet"];
    assert_eq!(fleet["caa"]["denies_issuer"]["examples"], serde_json::json!([format!("{LEGACY}:443")]));
    let causes = fleet["undetermined"].to_string();
    assert!(causes.contains("the file is empty"), "{causes}");
}

#[test]
fn a_target_that_is_listed_twice_is_looked_at_once() {
    let many = Many::start();
    let forms = [SHOP.to_owned(), format!("https://{}/", SHOP.to_uppercase()), format!("{SHOP}:443")];
    let list = many.list(&forms);
    let output = many.check_hosts(&["--targets", &list, "--format", "json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["summary"]["targets"], 1);
    assert_eq!(report["targets"][0]["listed"], serde_json::json!(forms));
    assert!(stderr(&output).contains("2 of the targets named are the same as others"), "{}", stderr(&output));
}

#[test]
fn what_many_targets_have_in_common_is_told() {
    let many = Many::start();
    let files = many.files(2);
    let list = many.list(&[SHOP, LEGACY, BESIDE, &files[0], &files[1]]);
    let report = |format: &str| {
        let output =
            many.check_hosts(&["--targets", &list, "--format", format, "--only", "caa"]).output().unwrap();
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let json: Value = serde_json::from_str(&report("json")).unwrap();
    let fleet = &json["summary"]["fleet"];
    assert_eq!(fleet["cas"][0]["owner"], "Demo CA");
    assert_eq!(fleet["cas"][0]["targets"], 4);
    assert_eq!(fleet["cas"][1]["unexpected"], 1);
    assert_eq!(fleet["ct"]["chrome"]["not_compliant"]["examples"][0], format!("{LEGACY}:443"));
    assert_eq!(fleet["pins"]["kinds"]["intermediate"]["examples"][0], format!("{SHOP}:443"));
    assert_eq!(fleet["pins"]["kinds"]["expired"]["examples"][0], format!("{LEGACY}:443"));
    assert_eq!(fleet["findings"][0]["targets"], 1);
    let human = report("human");
    assert!(human.contains("All 5 targets") && human.contains("Careless CA; not expected of 1"), "{human}");
    for part in ["markdown", "html", "junit"] {
        let text = report(part);
        assert!(text.contains("Careless CA; not expected of 1"), "{part}: {text}");
    }
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["properties"]["fleet"], *fleet);
}

/// Nothing but lines on standard output, and nothing on standard error where nobody wants it.
#[test]
fn lines_come_alone() {
    let many = Many::start();
    let list = many.list(&many.files(3));
    let output = many.check(&["--targets", &list, "--format", "jsonl", "--quiet"]).output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    let mut told = BufReader::new(&output.stdout[..]).lines();
    assert!(told.by_ref().all(|line| serde_json::from_str::<Value>(&line.unwrap()).is_ok()));
    assert_eq!(lines(&String::from_utf8(output.stdout).unwrap()).len(), 3);
}

/// A line that names nothing is told in its turn, with its file and line, and is no reason to look at nothing.
#[test]
fn a_line_that_names_no_target_is_a_line_of_the_answer() {
    let many = Many::start();
    let files = many.files(2);
    let list = many.list(&["# ours", &files[0], "bad name", "*.wild.example", &files[1]]);
    let arguments = ["--targets", &list, "--format", "jsonl"];
    let ended = many.check(&arguments).output().unwrap();
    assert_eq!(code(&ended), 2, "as for a file that cannot be read: {}", stderr(&ended));
    let all = lines(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(names(&all), [&files[0], "bad name", "*.wild.example", &files[1]]);
    let outcomes: Vec<&str> = all.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["pass", "undetermined", "undetermined", "pass"]);
    for (line, place) in
        [(1, "targets:3: “bad name” is neither"), (2, "targets:4: “*.wild.example” stands for")]
    {
        let why = all[line]["connection"]["failures"][0].as_str().unwrap();
        assert!(why.contains(place), "{why}");
    }
    // It stands in the list, and is no file of a repository.
    let sarif = many.check(&["--targets", &list, "--format", "sarif"]).output().unwrap();
    let sarif: Value = serde_json::from_slice(&sarif.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let place = |name: &str| {
        let result = results.iter().find(|result| result["properties"]["target"] == name).unwrap();
        let place = &result["locations"][0]["physicalLocation"];
        (place["artifactLocation"]["uri"].as_str().unwrap().to_owned(), place["region"]["startLine"].clone())
    };
    assert!(place("bad name").0.ends_with("/targets") && place("bad name").1 == 3, "{results:?}");
    assert_eq!(place("*.wild.example").1, 4);
    // The same line on the command line is wrong usage.
    let refused = many.check(&["bad name", &files[0]]).output().unwrap();
    assert!(code(&refused) == 2 && refused.stdout.is_empty(), "{}", stderr(&refused));
    // So it is of `compare`, whose list has names alone.
    let world = &many.running.world;
    let list = many.list(&["bad name", "shop.demo.example"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
    command.arg("compare").env_remove("CI").env("XDG_CACHE_HOME", "/nonexistent").stdin(Stdio::null());
    command.args([
        "--resolver",
        &world.dns_address().to_string(),
        "--connect",
        &world.tls_address().to_string(),
    ]);
    command.arg("--roots").arg(&world.files.roots).args([
        "--fail-on",
        "none",
        "--format",
        "jsonl",
        "--targets",
        &list,
    ]);
    let ended = command.output().unwrap();
    assert_eq!(code(&ended), 2, "{}", stderr(&ended));
    let all = lines(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(names(&all), ["bad name", "shop.demo.example:443"]);
}
