//! Hooks: real programs, well behaved and not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use pinstead::rules::Severity;
use pinstead::watch::alert::{Channel as _, ChannelSettings, Failure, Hook, Notice};
use serde_json::{Value, json};

use super::{LONG, notice, notice_of};

/// A hook that is this shell script; it gets the folder it stands in as its argument.
fn hook(folder: &Path, script: &str, timeout: Duration, hidden: &[&str]) -> Hook {
    let program = folder.join("hook.sh");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = vec![folder.to_str().unwrap().to_owned(), "$(touch injected) ; a b".to_owned()];
    let hidden = hidden.iter().map(|name| (*name).to_owned()).collect();
    Hook::new(settings(timeout), (program.into(), arguments), hidden)
}

fn settings(timeout: Duration) -> ChannelSettings {
    ChannelSettings { name: "hook".to_owned(), least: Severity::Info, timeout }
}

/// Runs it until the system lets it: another test's child may still hold the script open for writing.
fn run(hook: &Hook, notice: &Notice) -> Result<(), Failure> {
    crate::world::runtime().block_on(async {
        loop {
            match hook.send(notice).await {
                Err(failure) if failure.to_string().contains("Text file busy") => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                done => return done,
            }
        }
    })
}

fn told(folder: &Path, script: &str) -> String {
    run(&hook(folder, script, LONG, &[]), &notice()).unwrap_err().to_string()
}

/// Whether the process whose number stands in this file runs.
fn runs(file: &Path) -> bool {
    let number = fs::read_to_string(file).unwrap();
    let stat = fs::read_to_string(PathBuf::from("/proc").join(number.trim()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_hook_gets_the_alert_and_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let script = "cat > \"$1/stdin\"; env > \"$1/env\"; printf '%s' \"$2\" > \"$1/argument\"";
    let title = "An \u{1b}[31modd\nand $(touch injected) long title ".to_owned() + &"x".repeat(5000);
    let notice = notice_of(json!({"title": title, "severity": "critical"}).to_string());
    run(&hook(at, script, LONG, &["CARGO_MANIFEST_DIR"]), &notice).unwrap();
    let sent: Value = serde_json::from_slice(&fs::read(at.join("stdin")).unwrap()).unwrap();
    assert_eq!(sent["id"], "0123456789abcdef0123456789abcdef");
    assert_eq!(sent["title"], title, "all of it");
    let environment = fs::read_to_string(at.join("env")).unwrap();
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.map(str::to_owned)
    };
    assert_eq!(value("PINSTEAD_ALERT_ID").unwrap(), "0123456789abcdef0123456789abcdef");
    assert_eq!(value("PINSTEAD_ALERT_KIND").unwrap(), "certificate");
    assert_eq!(value("PINSTEAD_ALERT_SUBJECT").unwrap(), "ab12");
    assert_eq!(value("PINSTEAD_ALERT_SEVERITY").unwrap(), "critical");
    assert_eq!(value("PINSTEAD_ALERT_CREATED").unwrap(), "2026-11-22T05:00:00Z");
    let shown = value("PINSTEAD_ALERT_TITLE").unwrap();
    assert!(shown.starts_with("An \u{fffd}[31modd\u{fffd}and $(touch injected)"), "{shown}");
    assert_eq!(shown.chars().count(), 1000);
    assert_eq!(fs::read_to_string(at.join("argument")).unwrap(), "$(touch injected) ; a b");
    assert!(value("PATH").is_some());
    assert!(value("CARGO_MANIFEST_DIR").is_none(), "what has a secret is not handed on");
}

#[test]
fn the_exit_status_counts_and_the_last_words_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let failed = told(folder.path(), "echo 'the pager is out' >&2; exit 3");
    assert_eq!(failed, "exit status: 3: the pager is out");
    assert!(told(folder.path(), "kill -9 $$").starts_with("signal: 9"));
    let long = told(folder.path(), "yes 'no end of words' | head -c 3000000 >&2; exit 1");
    assert!(long.starts_with("exit status: 1: no end of words") && long.len() < 1000, "{}", long.len());
}

#[test]
fn a_hook_may_say_much_and_read_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let large = notice_of(json!({"title": "T", "text": "x".repeat(900_000)}).to_string());
    let script = "yes | head -c 3000000; yes | head -c 3000000 >&2";
    run(&hook(folder.path(), script, LONG, &[]), &large).unwrap();
    run(&hook(folder.path(), "exit 0", LONG, &[]), &large).unwrap();
    run(&hook(folder.path(), "exec <&-; sleep 0.1", LONG, &[]), &large).unwrap();
}

#[test]
fn a_hook_that_takes_too_long_ends_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM INT; echo $$ > \"$1/own\"; sh -c 'trap \"\" TERM; sleep 600; :' & \
                  echo $! > \"$1/child\"; echo 'still at it' >&2; wait; sleep 600";
    let failure = run(&hook(folder.path(), script, Duration::from_secs(1), &[]), &notice()).unwrap_err();
    assert_eq!(failure.to_string(), "it took longer than 1 seconds, and was ended: still at it");
    let begun = Stopwatch::start();
    for name in ["own", "child"] {
        while runs(&folder.path().join(name)) {
            assert!(begun.milliseconds() < 30_000, "{name} is still there");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn what_a_hook_leaves_running_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 600 & echo $! > \"$1/child\"";
    run(&hook(folder.path(), script, LONG, &[]), &notice()).unwrap();
    let child = folder.path().join("child");
    assert!(runs(&child), "it was meant to go on");
    let number = fs::read_to_string(child).unwrap();
    assert!(crate::world::run("kill", &[number.trim()]).status.success());
}

#[test]
fn a_program_that_cannot_be_run_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").into();
    let command = (missing, Vec::new());
    let hook = Hook::new(settings(LONG), command, Vec::new());
    let failure = run(&hook, &notice()).unwrap_err().to_string();
    assert!(failure.starts_with("it cannot be started: No such file"), "{failure}");
}
