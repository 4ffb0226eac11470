//! What `pinstead pins` leaves open, for which hosts, and how it says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// SHA-256 of “leaf” and of “backup”, in base64.
const LEAF: &str = "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=";
const BACKUP: &str = "VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM=";

fn pins(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .current_dir(folder)
        .arg("pins")
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = pins(folder, &[arguments, &["--format", "json"]].concat());
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(root.path().join(name), text).unwrap();
    }
    root
}

/// A pinner with one pin that is spelt out and one that the build puts in, both for shop.example.
fn half_read() -> String {
    format!(
        "import okhttp3.*\nval c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
         .add(\"shop.example\", \"sha256/{LEAF}\")\n.add(\"shop.example\", BuildConfig.BACKUP_PIN)\n.build()).build()\n"
    )
}

#[test]
fn what_is_not_read_of_one_host_leaves_no_other_open() {
    let plist = format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
         <key>shop.example</key><dict><key>NSIncludesSubdomains</key><true/><key>NSPinnedLeafIdentities</key><array>\
         <dict><key>SPKI-SHA256-BASE64</key><string>{LEAF}</string></dict>\
         <dict><key>SPKI-SHA256-BASE64</key><string>$(API_PIN)</string></dict>\
         </array></dict></dict></dict></dict></plist>"
    );
    let config = format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set>\
         <pin digest=\"SHA-256\">{LEAF}</pin><pin digest=\"SHA-256\">${{apiPin}}</pin></pin-set>\
         <domain-config><domain>in.shop.example</domain></domain-config></domain-config></network-security-config>"
    );
    let root = folder(&[
        ("Half.kt", &half_read()),
        (
            "evaluators.swift",
            "import Alamofire\nlet m = ServerTrustManager(evaluators: [\"shop.example\": PublicKeysTrustEvaluator()])\n",
        ),
        (
            "pins.ts",
            "import { initializeSslPinning } from 'react-native-ssl-public-key-pinning';\n\
             initializeSslPinning({ 'shop.example': { publicKeyHashes: [A, B] } });\n",
        ),
        ("ask.sh", "curl --pinnedpubkey \"sha256//$PIN\" https://shop.example/\n"),
        ("Info.plist", &plist),
        ("nsc.xml", &config),
    ]);
    for file in ["Half.kt", "evaluators.swift", "pins.ts", "ask.sh", "Info.plist", "nsc.xml"] {
        let (code, report) = json(root.path(), &[file, "--host", "other.example"]);
        assert_eq!((code, report["status"].as_str()), (0, Some("not_pinned")), "{file}: {report:#}");
        assert_eq!(report["open"], Value::Array(Vec::new()), "{file}");
        for host in ["shop.example", "in.shop.example"] {
            let inside = matches!(file, "nsc.xml" | "Info.plist");
            let (code, report) = json(root.path(), &[file, "--host", host]);
            let open = code == 3 && report["open"][0]["file"] == file;
            assert_eq!(open, host == "shop.example" || inside, "{file} for {host}: {report:#}");
        }
        // Without a host, every one is asked about.
        assert_eq!(json(root.path(), &[file]).0, 3, "{file}");
    }
    // A host that the file does not spell out may be any.
    let any = half_read().replace("(\"shop.example\", BuildConfig", "(host(), BuildConfig");
    fs::write(root.path().join("Any.kt"), any).unwrap();
    assert_eq!(json(root.path(), &["Any.kt", "--host", "other.example"]).0, 3);
}

#[test]
fn why_the_exit_code_is_3_is_said() {
    let root = folder(&[("Half.kt", &half_read()), ("b.kt", &half_read())]);
    let (code, report) = json(root.path(), &["Half.kt", "--host", "shop.example"]);
    assert_eq!((code, report["status"].as_str()), (3, Some("pinned")));
    let open = &report["open"][0];
    assert_eq!((open["file"].as_str(), open["line"].as_u64()), (Some("Half.kt"), Some(4)));
    assert!(open["why"].as_str().unwrap().contains("BuildConfig.BACKUP_PIN"), "{open}");
    let said = |arguments: &[&str]| String::from_utf8(pins(root.path(), arguments).stderr).unwrap();
    let lines = said(&["Half.kt", "b.kt"]);
    let line = lines.lines().find(|line| line.contains("exit code 3")).unwrap();
    assert!(line.contains("Half.kt, b.kt") && line.contains("BuildConfig.BACKUP_PIN"), "{line}");
    assert!(!said(&["Half.kt", "--host", "other.example"]).contains("exit code"));
    let text =
        |host: &str| String::from_utf8(pins(root.path(), &["Half.kt", "--host", host]).stdout).unwrap();
    assert!(text("shop.example").contains("Open: what else Half.kt may pin was not read."));
    assert!(!text("other.example").contains("Open:"));
}

#[test]
fn what_is_written_down_in_a_pins_toml_is_open_no_more() {
    // The pins of the build, the one that is read in the file first.
    let toml = |hosts: &str, file: &str| {
        format!(
            "version = 1\n[[pin]]\nhosts = [\"{hosts}\"]\npins = [\"{LEAF}\", \"{BACKUP}\"]\ncompletes = [\"{file}\"]\n"
        )
    };
    let constants = format!("PINNED_KEYS = [\"sha256/{LEAF}\"]\n");
    let script = format!("buildConfigField(\"String\", \"API_PIN\", \"\\\"sha256/{LEAF}\\\"\")\n");
    let root = folder(&[
        ("Half.kt", &half_read()),
        ("client.py", &constants),
        ("build.gradle.kts", &script),
        (
            "evaluators.swift",
            "let m = ServerTrustManager(evaluators: [\"shop.example\": PublicKeysTrustEvaluator()])\n",
        ),
    ]);
    for file in ["Half.kt", "client.py", "build.gradle.kts", "evaluators.swift"] {
        let run = |toml: &str, host: &str| {
            fs::write(root.path().join("pins.toml"), toml).unwrap();
            json(root.path(), &[file, "pins.toml", "--host", host])
        };
        // As it was, and with what is written down for it.
        let bare = toml("shop.example", file).replace("completes", "#");
        assert_eq!(run(&bare, "shop.example").0, 3, "{file}");
        let (code, report) = run(&toml("shop.example", file), "shop.example");
        assert_eq!((code, report["status"].as_str()), (0, Some("pinned")), "{file}: {report:#}");
        assert_eq!(report["sources"][0]["completed_by"], "pins.toml", "{file}");
        assert!(!report["findings"].to_string().contains("PIN050"), "{file}: {report:#}");
        // Of other hosts it says nothing, and the file has none.
        let (code, report) = run(&toml("shop.example", file), "other.example");
        assert_eq!((code, report["status"].as_str()), (0, Some("not_pinned")), "{file}: {report:#}");
    }
    // What is named for another host closes nothing, and a file that is not there is told.
    fs::write(root.path().join("pins.toml"), toml("other.example", "Half.kt")).unwrap();
    assert_eq!(json(root.path(), &["Half.kt", "pins.toml", "--host", "shop.example"]).0, 3);
    fs::write(root.path().join("pins.toml"), toml("shop.example", "half.kt")).unwrap();
    let (code, report) = json(root.path(), &["Half.kt", "pins.toml", "--host", "shop.example"]);
    assert_eq!(code, 3);
    assert!(report["findings"].to_string().contains("completes names “half.kt”"), "{report:#}");
    // In a folder, too, and in the gate.
    fs::write(root.path().join("pins.toml"), toml("shop.example", "Half.kt")).unwrap();
    for name in ["client.py", "build.gradle.kts", "evaluators.swift"] {
        fs::remove_file(root.path().join(name)).unwrap();
    }
    assert_eq!(json(root.path(), &[".", "--host", "shop.example"]).0, 0);
    assert_eq!(json(root.path(), &["."]).0, 0);
}

#[test]
fn entries_that_name_no_host_are_not_said_to_be_about_others() {
    let root = folder(&[
        ("client.py", &format!("PINNED_KEYS = [\"sha256/{LEAF}\"]\n")),
        (
            "build.gradle.kts",
            &format!("buildConfigField(\"String\", \"API_PIN\", \"\\\"sha256/{LEAF}\\\"\")\n"),
        ),
        // A host that is worked out elsewhere, beside one that is another's.
        (
            "Http.kt",
            &format!(
                "val c = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
                 .add(\"other.example\", \"sha256/{LEAF}\").add(host, \"sha256/{BACKUP}\").build()).build()\n"
            ),
        ),
    ]);
    for file in ["client.py", "build.gradle.kts"] {
        let (code, report) = json(root.path(), &[file, "--host", "shop.example"]);
        assert_eq!((code, report["status"].as_str()), (3, Some("undetermined")), "{file}: {report:#}");
        let source = &report["sources"][0];
        let entry = &source["entries"][0];
        assert_eq!((&source["other_entries"], &source["entries_without_host"]), (&0.into(), &0.into()));
        assert_eq!(
            (&entry["scope_rule"], &entry["enforced"], &entry["outcome"], &entry["confidence"]),
            (&"unstated".into(), &"unknown".into(), &"unknown".into(), &"guessed".into()),
            "{file}"
        );
        assert_eq!(entry["pins"][0]["value"], format!("sha256/{LEAF}"), "{file}");
    }
    let (_, report) = json(root.path(), &["build.gradle.kts", "--host", "shop.example"]);
    assert_eq!(report["sources"][0]["entries"][0]["pins"][0]["label"], "API_PIN");
    let (_, report) = json(root.path(), &["Http.kt", "--host", "shop.example"]);
    let source = &report["sources"][0];
    assert_eq!((&source["other_entries"], &source["entries_without_host"]), (&1.into(), &1.into()));
    let text = String::from_utf8(pins(root.path(), &["Http.kt", "--host", "shop.example"]).stdout).unwrap();
    assert!(
        text.contains("entries about other hosts: 1") && text.contains("entries that name no host: 1"),
        "{text}"
    );
}
