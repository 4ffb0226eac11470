//! What shells and `man` are given: produced for each, and read by those that are here.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::process::{Command, Stdio};

fn completions(shell: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pinstead")).args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{shell}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a program is there; `None` where it is not.
fn read_by(program: &str, arguments: &[&str]) -> Option<std::process::Output> {
    match Command::new(program).args(arguments).stdin(Stdio::null()).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        output => Some(output.unwrap()),
    }
}

#[test]
fn each_shell_has_its_script_and_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    for (shell, checker) in [
        ("bash", Some(("bash", "-n"))),
        ("zsh", Some(("zsh", "-n"))),
        ("fish", Some(("fish", "--no-execute"))),
        ("powershell", None),
        ("elvish", None),
    ] {
        let script = completions(shell);
        assert!(script.contains("pinstead") && script.contains("fail-on"), "{shell}: {}", script.len());
        let file = folder.path().join(shell);
        std::fs::write(&file, &script).unwrap();
        let Some((program, option)) = checker else { continue };
        if let Some(read) = read_by(program, &[option, file.to_str().unwrap()]) {
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
    let unknown =
        Command::new(env!("CARGO_BIN_EXE_pinstead")).args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

/// What bash offers behind `pinstead `, asked of the script itself.
#[test]
fn bash_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pinstead.bash");
    std::fs::write(&file, completions("bash")).unwrap();
    let ask = |words: &str, position: usize| {
        let script = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={position}; _pinstead pinstead \"${{COMP_WORDS[{position}]}}\" \
             \"${{COMP_WORDS[{}]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display(),
            position - 1
        );
        let asked = read_by("bash", &["-c", &script]).expect("bash is there");
        String::from_utf8(asked.stdout).unwrap()
    };
    let commands = ask("pinstead c", 1);
    assert!(
        commands.lines().any(|word| word == "check") && commands.lines().any(|word| word == "caa"),
        "{commands}"
    );
    let options = ask("pinstead check --fail", 2);
    assert!(options.lines().any(|word| word == "--fail-on"), "{options}");
}

#[test]
fn every_command_has_its_man_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    let written =
        Command::new(env!("CARGO_BIN_EXE_pinstead")).args(["man", "--output"]).arg(&pages).output().unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    for page in ["pinstead.1", "pinstead-check.1", "pinstead-pins-make.1", "pinstead-logs-verify.1"] {
        let file = pages.join(page);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(".TH") && text.contains("pinstead"), "{page}");
        let file = file.to_str().unwrap();
        for (program, arguments) in [
            ("mandoc", vec!["-Tlint", "-Werror", file]),
            ("man", vec!["--warnings", "-E", "UTF-8", "-l", "-Tutf8", file]),
        ] {
            let Some(read) = read_by(program, &arguments) else { continue };
            let said = String::from_utf8_lossy(&read.stderr);
            assert!(read.status.success() && said.trim().is_empty(), "{program} {page}: {said}");
        }
    }
    let no_folder = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["man", "--output", pages.join("pinstead.1").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(no_folder.status.code(), Some(2));
}
