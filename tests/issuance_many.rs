//! `pinstead issuance` for many names: each line is there as soon as its name is done, and an interrupted run is gone on with.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use serde_json::Value;
use tempfile::TempDir;

/// How long something that has to come is waited for, in milliseconds.
const PATIENCE: u64 = 60_000;

/// A service that knows of no certificate. What is not about the first name waits until it may answer.
struct Service {
    url: String,
    may_answer: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { url, may_answer: Arc::default(), asked: Arc::default() };
        let (may_answer, asked) = (Arc::clone(&service.may_answer), Arc::clone(&service.asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (may_answer, asked) = (Arc::clone(&may_answer), Arc::clone(&asked));
                thread::spawn(move || {
                    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read(&mut buffer).unwrap_or(0) {
                            0 => return,
                            count => head.extend_from_slice(&buffer[..count]),
                        }
                    }
                    let head = String::from_utf8_lossy(&head).into_owned();
                    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    let is_first = target.contains("a.example");
                    asked.lock().unwrap().push(target);
                    while !is_first && !may_answer.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(10));
                    }
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]");
                });
            }
        });
        service
    }

    fn asked_about(&self, name: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|target| target.contains(name)).count()
    }
}

/// A list of names, and the report about them.
struct Many {
    folder: TempDir,
    service: Service,
}

impl Many {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinstead"));
        command.current_dir(self.folder.path()).env_remove("CI").stdin(Stdio::null());
        command.args(["issuance", "--targets", "names", "--resolver", "127.0.0.1:9"]);
        command.arg(format!("--crt-sh={}", self.service.url)).args(more);
        command
    }

    fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["name"].as_str().unwrap()).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const NAMES: [&str; 3] = ["a.example", "b.example", "c.example"];
const LINES: [&str; 4] = ["--format", "jsonl", "--output", "report.jsonl"];

#[test]
fn an_interrupted_run_is_gone_on_with() {
    let many = Many { folder: tempfile::tempdir().unwrap(), service: Service::start() };
    fs::write(many.path("names"), NAMES.join("\n")).unwrap();
    let report = many.path("report.jsonl");
    // The first line is there while the second name is asked about.
    let mut child = many.command(&LINES).stderr(Stdio::null()).spawn().unwrap();
    let watch = Stopwatch::start();
    while fs::read_to_string(&report).unwrap_or_default().lines().count() == 0 {
        assert!(watch.milliseconds() < PATIENCE, "the first line did not come");
        thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = fs::read_to_string(&report).unwrap();
    assert_eq!(names(&lines(&report)), NAMES[..1]);

    // A line that was cut off is asked about again; one that is whole is not.
    fs::write(&report, format!("{whole}{{\"schema_version\":1,\"na")).unwrap();
    many.service.may_answer.store(true, Ordering::SeqCst);
    let before = many.service.asked_about("a.example");
    let resumed = many.run(&[&LINES[..], &["--resume"]].concat());
    let said = stderr(&resumed);
    assert!(
        said.contains("the last line was not whole")
            && said.contains("going on after 1 name that has its line"),
        "{said}"
    );
    let all = lines(&report);
    assert_eq!(names(&all), NAMES);
    assert!(all.iter().all(|line| line["run"] == all[0]["run"] && line["open"].is_string()), "{all:#?}");
    assert_eq!(many.service.asked_about("a.example"), before);

    // Nothing is left to do, and what the lines say counts; another question is not gone on with.
    let again = many.run(&[&LINES[..], &["--resume"]].concat());
    assert_eq!((again.status.code(), lines(&report).len()), (resumed.status.code(), 3), "{}", stderr(&again));
    let written = fs::read_to_string(&report).unwrap();
    for other in [&["--expect-ca", "ca.example"][..], &["--fail-on", "info"], &["--at", "2027-01-01"]] {
        let refused = many.run(&[&LINES[..], &["--resume"], other].concat());
        assert_eq!(refused.status.code(), Some(2), "{other:?}: {}", stderr(&refused));
    }
    // A line of a name that is not asked about any more stays.
    fs::write(many.path("names"), NAMES[1..].join("\n")).unwrap();
    let fewer = many.run(&[&LINES[..], &["--resume"]].concat());
    assert!(stderr(&fewer).contains("1 line is of a name that is not asked about"), "{}", stderr(&fewer));
    fs::write(many.path("names"), NAMES.join("\n")).unwrap();
    // A line that says that nothing is open where its name stayed undetermined does not pass.
    let forged = written.replace("\"outcome\":\"pass\"", "\"outcome\":\"undetermined\"");
    fs::write(&report, &forged).unwrap();
    let strict = many.run(&[&LINES[..], &["--resume", "--fail-on-undetermined"]].concat());
    assert_eq!(strict.status.code(), Some(3), "{}", stderr(&strict));
    assert!(forged != written && fs::read_to_string(&report).unwrap() == forged);
    // What is wrong with the options leaves an earlier report as it is.
    let refused = many.run(&[&LINES[..], &["--resolver", "bogus://x"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert_eq!(fs::read_to_string(&report).unwrap(), forged);
    for (wrong, why) in [
        (&["--format", "json", "--resume", "report.jsonl"][..], "--format jsonl"),
        (&["--format", "jsonl", "--resume"], "names no file"),
        (
            &["--format", "jsonl", "--resume", "report.jsonl", "--save-evidence", "x"],
            "do not go with --resume",
        ),
    ] {
        let refused = many.run(wrong);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
    }
}

#[test]
fn many_names_at_the_same_time_are_told_in_their_order() {
    let many = Many { folder: tempfile::tempdir().unwrap(), service: Service::start() };
    many.service.may_answer.store(true, Ordering::SeqCst);
    let all: Vec<String> = (0..12).rev().map(|number| format!("n{number}.example")).collect();
    fs::write(many.path("names"), all.join("\n")).unwrap();
    let told = many.run(&[&LINES[..], &["--jobs", "4"]].concat());
    assert_ne!(told.status.code(), Some(2), "{}", stderr(&told));
    assert_eq!(names(&lines(&many.path("report.jsonl"))), all);
    // In the other forms, too.
    let json = many.run(&["--format", "json", "--jobs", "4"]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(names(report["names"].as_array().unwrap()), all);
    assert_eq!(json.status.code(), told.status.code());
}

/// With CRLs of private networks other certificates may be found revoked: the lines of one do not go with the other's.
#[test]
fn lines_with_and_without_private_crls_do_not_mix() {
    let many = Many { folder: tempfile::tempdir().unwrap(), service: Service::start() };
    many.service.may_answer.store(true, Ordering::SeqCst);
    fs::write(many.path("names"), NAMES.join("\n")).unwrap();
    let arguments = [&LINES[..], &["--revocation"]].concat();
    let first = many.run(&arguments);
    assert_eq!(lines(&many.path("report.jsonl")).len(), 3, "{}", stderr(&first));
    let refused = many.run(&[&arguments[..], &["--resume", "--private-crls"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("written by a run with another policy"), "{}", stderr(&refused));
    let resumed = many.run(&[&arguments[..], &["--resume"]].concat());
    assert_eq!(resumed.status.code(), first.status.code(), "{}", stderr(&resumed));
}
