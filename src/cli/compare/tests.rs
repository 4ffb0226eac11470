//! The gates that a report prints, read by the program's own parser.

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};
use crate::compare::advice::{Advice, Asked, advise};
use crate::compare::{Circumstances, MeasuredFacts, compare};

const TARGET: &str = "shop.example:8443";

/// Every option that changes what a step's answer is; paths as they may be.
const ALL: [&str; 40] = [
    "--starttls",
    "smtp",
    "--connect",
    "192.0.2.7:8443",
    "--resolver",
    "192.0.2.53",
    "--resolver",
    "https://dns.example/a?b=c&d",
    "--policy",
    "our policy.toml",
    "--expect-ca",
    "a.example",
    "--expect-ca",
    "Some CA",
    "--roots",
    "it's.pem",
    "--issuer",
    "i.pem",
    "--at",
    "2027-03-15T00:00:00Z",
    "--pins",
    "app/src main/res",
    "--pins",
    "$(x).xml",
    "--dnssec",
    "resolver",
    "--log-list",
    "chrome=list.json",
    "--log-list-signature",
    "list.sig",
    "--cache-dir",
    "kept",
    "--history",
    "old certs",
    "--history",
    "new",
    "--state",
    "watch;.db",
    "--release-lead",
    "72h",
];

/// The words of a command, as a POSIX shell takes them apart.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted = !quoted,
            '\\' if !quoted => word.extend(letters.next()),
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            // Nothing that a shell acts on stands outside of quotes.
            '$' | ';' | '&' | '(' | ')' | '`' | '|' | '<' | '>' | '*' | '?' | '"' if !quoted => {
                panic!("{letter} is not quoted: {command}")
            }
            other => word.push(other),
        }
    }
    assert!(!quoted, "{command}");
    words.push(word);
    words
}

fn parsed(words: &[String]) -> Command {
    Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{words:?}: {error}")).command
}

fn compared(words: &[String]) -> CompareOptions {
    match parsed(words) {
        Command::Compare(options) => *options,
        other => panic!("{other:?}"),
    }
}

fn of(options: &[&str]) -> Vec<String> {
    ["pinstead", "compare", TARGET].iter().chain(options).map(|&word| word.to_owned()).collect()
}

/// What is advised of a run with these options.
fn advice(options: &[&str]) -> Advice {
    let (facts, stated) = (MeasuredFacts::default(), Circumstances::default());
    let comparison = compare(&facts, &stated);
    let repeated = compared(&of(options)).repeated();
    let asked = Asked { target: TARGET, options: &repeated, require: &StepId::ALL };
    advise(asked, &facts, &comparison, &stated)
}

/// The options of a run, by name and values.
fn pairs(words: &[String]) -> Vec<Vec<String>> {
    let mut pairs: Vec<Vec<String>> = Vec::new();
    for word in words {
        match pairs.last_mut() {
            Some(last) if !word.starts_with("--") => last.push(word.clone()),
            _ => pairs.push(vec![word.clone()]),
        }
    }
    pairs
}

/// Which options a step's gate leaves out, and why that changes nothing: what the step is about is not what they are about.
fn left_out(step: StepId) -> &'static [&'static str] {
    match step {
        StepId::Monitoring => &["--pins", "--history", "--release-lead"],
        StepId::Caa | StepId::ExpectedCa => &["--pins", "--history", "--state", "--release-lead"],
        // No certificate was seen.
        StepId::ShortLives => &["--pins", "--release-lead"],
        // It is another's to validate, or nobody's: the gate asks for what the step claims.
        StepId::CaaBound => &["--pins", "--history", "--state", "--release-lead", "--dnssec"],
        StepId::Widened => &["--release-lead"],
        // Files alone.
        StepId::Removed => &["--history", "--state", "--release-lead"],
        StepId::Sound => &[],
        StepId::Released | StepId::OldVersionsGone => unreachable!("it is no gate of compare"),
    }
}

#[test]
fn every_gate_repeats_what_changes_its_answer() {
    let given = pairs(&compared(&of(&ALL)).repeated());
    assert_eq!(given.len(), ALL.len() / 2, "all of them are known to the run: {given:?}");
    for step in advice(&ALL).required {
        if matches!(step.id, StepId::Released | StepId::OldVersionsGone) {
            continue;
        }
        let gate = compared(&words(&step.gate));
        assert_eq!(gate.check.targets(), [TARGET], "{}", step.gate);
        assert_eq!(gate.require, [step.id]);
        let mut repeated = pairs(&gate.repeated());
        repeated.retain(|option| option[0] != "--offline" && option.join(" ") != "--dnssec validate");
        let mut expected = given.clone();
        expected.retain(|option| !left_out(step.id).contains(&option[0].as_str()));
        repeated.sort();
        expected.sort();
        assert_eq!(repeated, expected, "{}", step.gate);
        let offline = step.gate.contains(" --offline");
        assert_eq!(offline, step.id == StepId::Removed, "{}", step.gate);
    }
}

/// What was told without the network is asked without it again; what only the host or the DNS tells is not.
#[test]
fn what_was_told_offline_is_asked_offline() {
    use StepId::{Caa, CaaBound, ExpectedCa, Monitoring, Removed, ShortLives, Sound, Widened};

    let gates = |options: &[&str]| {
        let told: Vec<(StepId, String)> =
            advice(options).required.into_iter().map(|step| (step.id, step.gate)).collect();
        move |id| told.iter().find(|(step, _)| *step == id).unwrap().1.clone()
    };
    let gate = gates(&["--offline", "--history", "h", "--state", "w.db"]);
    for id in [Monitoring, ShortLives, Widened, Removed, Sound] {
        assert!(gate(id).contains(" --offline "), "{}", gate(id));
    }
    for id in [Caa, CaaBound, ExpectedCa] {
        assert!(!gate(id).contains("--offline"), "{}", gate(id));
    }
    assert!(gate(Monitoring).contains(" --offline --state w.db --require"), "{}", gate(Monitoring));
    assert!(
        gate(ShortLives).contains(" --offline --history h --state w.db --require"),
        "{}",
        gate(ShortLives)
    );
    // With no history there is one to be named, and online there is the host.
    let gate = gates(&["--offline"]);
    assert!(gate(ShortLives).contains(" --offline --history FOLDER --require"), "{}", gate(ShortLives));
    assert_eq!(
        gates(&[])(ShortLives),
        "pinstead compare shop.example:8443 --require short-lives --fail-on none --fail-on-undetermined=false"
    );
}

/// Whether the next key is known decides what renewals say of pins of own keys.
#[test]
fn the_gate_of_sound_pins_repeats_whether_the_next_key_is_known() {
    for stated in ["--key-predictable=true", "--key-predictable=false"] {
        for step in advice(&[stated]).required {
            assert_eq!(step.gate.contains(stated), step.id == StepId::Sound, "{}", step.gate);
        }
    }
}

/// What is asked of the files before the release is what is asked of the package, or no owner could pass both.
#[test]
fn the_released_package_is_asked_what_the_files_were() {
    let gates = |options: &[&str]| {
        let steps = advice(options).required;
        let gate = |id| steps.iter().find(|step| step.id == id).unwrap().gate.clone();
        (gate(StepId::Widened), gate(StepId::Released))
    };
    let (widened, released) = gates(&ALL);
    assert_eq!(compared(&words(&released)).require, [StepId::Widened], "{released}");
    assert_eq!(
        released,
        widened.replace(" --pins 'app/src main/res' --pins '$(x).xml' ", " --pins RELEASED-APP ")
    );
    let (_, released) = gates(&[]);
    let expected = "pinstead compare shop.example:8443 --history FOLDER --pins RELEASED-APP --require widened --fail-on none \
                    --fail-on-undetermined=false";
    assert_eq!(released, expected);
}

/// In CI everything that stayed open counts, and a gate is about its step alone.
#[test]
fn no_gate_counts_what_nobody_asked_for() {
    for step in advice(&ALL).required {
        if step.id != StepId::OldVersionsGone {
            compared(&words(&step.gate));
            assert!(step.gate.ends_with(" --fail-on none --fail-on-undetermined=false"), "{}", step.gate);
        }
    }
}

/// Without them, what is to be filled in is said, and nothing is asked that nobody named.
#[test]
fn what_was_not_given_is_to_be_filled_in() {
    let gates = |options: &[&str]| -> Vec<String> {
        advice(options).required.into_iter().map(|step| step.gate).collect()
    };
    let gates_of_none = gates(&[]);
    assert!(gates_of_none[0].contains(" --state --require monitoring"), "{}", gates_of_none[0]);
    assert!(
        gates_of_none[5].contains(" --history FOLDER --pins FILE --require widened"),
        "{}",
        gates_of_none[5]
    );
    let named = gates(&["--state", "--crt-sh", "--cert-spotter=https://u:secret@spotter.example/"]);
    assert!(named[5].contains(" --crt-sh --cert-spotter=URL --state --pins FILE"), "{}", named[5]);
    assert!(named.iter().all(|gate| !gate.contains("secret")), "{named:?}");
    let offline = gates(&["--offline", "--history", "h"]);
    assert!(offline[9].contains(" --offline --history h --pins FILE --require sound"), "{}", offline[9]);
}
