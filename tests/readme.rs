//! README promises only what the binary has: every command it names, with the options it gives to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The pages that people copy commands from.
const PAGES: [&str; 11] = [
    "README.md",
    "docs/alerts.md",
    "docs/ci.md",
    "docs/compare.md",
    "docs/issuance.md",
    "docs/issuance-sources.md",
    "docs/pins-formats.md",
    "docs/pins-toml.md",
    "docs/replay.md",
    "docs/revocation.md",
    "docs/watch.md",
];

/// How README calls the program.
const CALLS: [&str; 2] = ["pinstead ", "cargo run --release -- "];

#[test]
fn every_command_in_readme_exists() {
    let read = |file| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let calls = calls(&PAGES.map(read).join("\n"));
    assert!(
        calls.contains_key("check") && calls.contains_key("demo"),
        "README shows the main job: {calls:?}"
    );
    let mut broken = Vec::new();
    for (command, options) in calls {
        let words = command.split(' ').chain(["--help"]);
        let help = Command::new(env!("CARGO_BIN_EXE_pinstead")).args(words).output().unwrap();
        let text = String::from_utf8_lossy(&help.stdout);
        if !help.status.success() {
            broken.push(format!("pinstead {command} does not exist"));
        }
        for option in options.into_iter().filter(|option| help.status.success() && !text.contains(option)) {
            broken.push(format!("pinstead {command} has no {option}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_reader_of_readme_sees_what_it_should() {
    let calls = calls(
        "The `pinstead rules` list, and pinstead itself.\n`pinstead` and `--no` alone\n\
         ```sh\n# pinstead comment\npinstead check host --pins x --fail-on=high\n\
         cargo run --release -- demo\npinstead logs list --state x\n\
         pinstead caa suggest x --form y\npinstead caa x\npinstead pins make x --key y\n```\npinstead outside of code",
    );
    let expected = [
        ("caa", vec![]),
        ("caa suggest", vec!["--form"]),
        ("check", vec!["--pins", "--fail-on"]),
        ("demo", vec![]),
        ("logs list", vec!["--state"]),
        ("pins make", vec!["--key"]),
        ("rules", vec![]),
    ];
    let expected = expected
        .into_iter()
        .map(|(command, options)| (command.to_owned(), options.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(calls, expected);
}

#[test]
fn every_code_of_a_diagnosis_is_in_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let source = std::fs::read_to_string(root.join("src/pins/diagnosis/known.rs")).unwrap();
    let is_code = |text: &&str| {
        text.contains('_') && text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    let codes: Vec<&str> = source.split('"').skip(1).step_by(2).filter(is_code).collect();
    assert!(codes.contains(&"raw_public_key") && codes.len() >= 12, "{codes:?}");
    let missing: Vec<_> = codes.iter().filter(|code| !readme.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_policy_in_readme_is_one() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (policy, _) = rest.split_once("```").unwrap();
    let policy = pinstead::policy::Policy::parse("README.md", policy.as_bytes()).unwrap();
    assert_eq!(policy.expect_ca.unwrap(), ["letsencrypt.org", "pki.goog"]);
    assert_eq!((policy.domain.len(), policy.private_ca.len()), (1, 1));
}

/// The commands that stand in code, each with the options it is called with.
fn calls(readme: &str) -> BTreeMap<String, Vec<String>> {
    let mut calls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for code in code(readme) {
        let Some(rest) = CALLS.iter().find_map(|call| code.split_once(call).map(|(_, rest)| rest)) else {
            continue;
        };
        let mut words = rest.split_whitespace();
        let Some(command) = words.next().filter(|word| !word.starts_with('-')) else { continue };
        // Commands that have commands of their own.
        let command = match words.clone().next() {
            Some(word)
                if matches!(command, "logs" | "tables") && !word.starts_with('-')
                    || matches!(
                        (command, word),
                        ("caa", "suggest") | ("pins", "make") | ("policy", "check" | "schema")
                    ) =>
            {
                words.next();
                format!("{command} {word}")
            }
            _ => command.to_owned(),
        };
        let options = words.filter(|word| word.starts_with("--") && word.len() > 2);
        calls
            .entry(command)
            .or_default()
            .extend(options.map(|word| word.split('=').next().unwrap_or(word).to_owned()));
    }
    calls
}

/// The lines of blocks of commands, comments left out, and the spans of code in running text.
fn code(readme: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut language = None;
    for line in readme.lines() {
        match (line.strip_prefix("```"), language) {
            (Some(name), None) => language = Some(name),
            (Some(_), Some(_)) => language = None,
            (None, Some("sh" | "yaml" | "console")) if !line.trim_start().starts_with('#') => {
                found.push(line);
            }
            // Other blocks hold output.
            (None, Some(_)) => {}
            (None, None) => found.extend(line.split('`').skip(1).step_by(2)),
        }
    }
    found
}
