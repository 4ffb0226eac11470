//! The policy file as its owner meets it: checked with every error at once, and described for editors.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn pinstead() -> Command {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
}

/// `PINSTEAD_BLESS=1 cargo test --test policy_file` writes it.
#[test]
fn the_schema_in_docs_is_the_program_s_own() {
    for (of, kept) in [("policy", "docs/pinstead.schema.json"), ("baseline", "docs/baseline.schema.json")] {
        let printed = pinstead().args(["policy", "schema", of]).assert().success();
        let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(kept);
        if std::env::var_os("PINSTEAD_BLESS").is_some() {
            std::fs::write(&path, &printed).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), printed, "{kept} is not what it prints");
    }
}

/// The baseline that docs/ci.md shows is one, by the reader and by the schema.
#[test]
fn the_baseline_in_docs_is_one() {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    let mut blocks = docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shown = blocks.find(|block| block.contains("version = 1")).unwrap();
    pinstead::baseline::Baseline::parse("docs/ci.md", shown.as_bytes()).unwrap();
    let validator = jsonschema::validator_for(&pinstead::baseline::schema()).unwrap();
    let mut table: toml::Table = toml::from_str(shown).unwrap();
    for kind in ["finding", "undetermined"] {
        for entry in table[kind].as_array_mut().unwrap() {
            // JSON has no dates; editors take them as text.
            entry["until"] = toml::Value::String(entry["until"].to_string());
        }
    }
    let json = serde_json::to_value(&table).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

/// What the schema takes and what the reader takes is the same, for what a schema can say.
#[test]
fn the_schema_agrees_with_the_reader() {
    let schema: Value =
        serde_json::from_str(&pinstead::policy::schema_text(&pinstead::policy::schema())).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let policies = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut tried = 0;
    for text in
        policies.chain(["", "[watch]\ndomains = [\"a.example\"]\n[alerts]\nstderr_format = \"json\"\n"])
    {
        let Ok(policy) = pinstead::policy::Policy::parse("p", text.as_bytes()) else { continue };
        let json: Value = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
        let dates = json.to_string().contains("$__toml_private_datetime");
        let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty() || dates, "{policy:?}: {errors:?}");
        tried += 1;
    }
    assert!(tried >= 3, "the policy in README is read");
    for wrong in [
        "expected_ca = []",
        "pins = 1",
        "fail_on = \"grave\"",
        "[[domain]]\nexpect_ca = []",
        "[alerts]\nx = 1",
    ] {
        let json: Value = serde_json::to_value(toml::from_str::<toml::Table>(wrong).unwrap()).unwrap();
        assert!(!validator.is_valid(&json), "{wrong}");
        assert!(pinstead::policy::Policy::parse("p", wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_policy_is_checked_with_every_error_as_compilers_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.toml");
    std::fs::write(&good, "#:schema ./pinstead.schema.json\nexpect_ca = [\"pki.goog\"]\n").unwrap();
    let bad = folder.path().join("bad.toml");
    std::fs::write(&bad, "expected_ca = []\n[watch]\nname = []\n").unwrap();
    pinstead().args(["policy", "check"]).arg(&good).assert().code(0);
    let told = pinstead().args(["policy", "check"]).args([&good, &bad]).assert().code(2);
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    for line in [
        format!("{}: a valid policy", good.display()),
        format!("{}:1:1: unknown field `expected_ca`; did you mean `expect_ca`?", bad.display()),
        format!("{}:3:1: unknown field `name` in `watch`; did you mean `names`?", bad.display()),
    ] {
        assert!(told.lines().any(|one| one == line), "{line} is not in {told}");
    }
    let json = pinstead().args(["policy", "check", "--format", "json"]).arg(&bad).assert().code(2);
    let json: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(
        (&json["files"][0]["valid"], &json["files"][0]["errors"][1]["line"]),
        (&false.into(), &3.into())
    );
    // The default is the file in the folder; without one there is nothing to check.
    pinstead().args(["policy", "check"]).current_dir(folder.path()).assert().code(2);
    std::fs::rename(&good, folder.path().join("pinstead.toml")).unwrap();
    pinstead().args(["policy", "check"]).current_dir(folder.path()).assert().code(0);
}

#[test]
fn names_that_nobody_knows_and_missing_files_are_told_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    std::fs::write(folder.path().join("there.xml"), "").unwrap();
    let text = "expect_ca = [\"letsencrpyt.org\", \"Own CA\", \"pki.goog\"]\npins = [\"there.xml\", \"gone.xml\"]\n\
                [[private_ca]]\nowner = \"Own CA\"\nspki_sha256 = \"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"\n\
                [[domain]]\nname = \"a.example\"\nexpect_ca = [\"not a ca\"]\n";
    std::fs::write(&path, text).unwrap();
    let json = pinstead().args(["policy", "check", "--format", "json"]).arg(&path).assert().code(0);
    let json: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    let file = &json["files"][0];
    assert_eq!((&file["valid"], &file["errors"]), (&true.into(), &serde_json::json!([])));
    let doubts = file["doubts"].as_array().unwrap();
    let told: Vec<(u64, &str)> = doubts
        .iter()
        .map(|doubt| (doubt["line"].as_u64().unwrap(), doubt["message"].as_str().unwrap()))
        .collect();
    assert!(matches!(told[..], [(1, _), (2, _), (8, _)]), "{told:?}");
    for (part, (_, message)) in ["did you mean letsencrypt.org?", "gone.xml", "not a ca"].iter().zip(told) {
        assert!(message.contains(part), "{part}: {message}");
    }
    let words = pinstead().args(["policy", "check"]).arg(&path).assert().code(0);
    let words = String::from_utf8(words.get_output().stdout.clone()).unwrap();
    assert!(words.contains(":1:14: is it meant? “letsencrpyt.org”"), "{words}");
}
