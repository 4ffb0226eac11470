//! `pinstead pins DIR` and `pinstead check --pins DIR` as a user runs them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// SHA-256 of “leaf” and of “backup”, in base64.
const LEAF: &str = "n5EWH0NDPkmm3m22gNefYBWfLkrJFyYhoShGQoFYRAs=";
const BACKUP: &str = "VNANhndYzvgWvEaF9Y4ye5SXErB+vRfDSF8//J6fUTM=";

fn pinstead(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .current_dir(folder)
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)))
}

/// An app for Android, iOS and React Native, with what lies around in such a folder.
fn app() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let okhttp = format!(
        "val client = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\n\
         .add(\"shop.example\", \"sha256/{LEAF}\", \"sha256/{BACKUP}\").build()).build()\n"
    );
    let nsc = format!(
        "<network-security-config><domain-config><domain includeSubdomains=\"true\">shop.example</domain>\
         <pin-set><pin digest=\"SHA-256\">{LEAF}</pin><pin digest=\"SHA-256\">{BACKUP}</pin></pin-set>\
         </domain-config></network-security-config>"
    );
    let plist = format!(
        "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key><dict>\
         <key>NSPinnedDomains</key><dict><key>shop.example</key><dict><key>NSPinnedCAIdentities</key><array>\
         <dict><key>SPKI-SHA256-BASE64</key><string>{LEAF}</string></dict>\
         <dict><key>SPKI-SHA256-BASE64</key><string>{BACKUP}</string></dict>\
         </array></dict></dict></dict></dict></plist>"
    );
    let react = format!(
        "import {{ initializeSslPinning }} from 'react-native-ssl-public-key-pinning';\n\
         await initializeSslPinning({{ 'shop.example': {{ includeSubdomains: true,\n\
         publicKeyHashes: ['{LEAF}', '{BACKUP}'] }} }});\n"
    );
    for (name, text) in [
        ("android/app/src/main/java/example/Client.kt", okhttp.as_str()),
        ("android/app/src/main/res/xml/network_security_config.xml", &nsc),
        (
            "android/app/src/main/res/values/strings.xml",
            "<resources><string name=\"a\">b</string></resources>",
        ),
        ("android/app/build/intermediates/Copy.kt", &okhttp),
        ("ios/App/Info.plist", &plist),
        ("ios/Pods/Other.kt", &okhttp),
        ("src/pinning.ts", &react),
        ("src/App.tsx", "export const App = () => null;"),
        ("node_modules/x/Client.kt", &okhttp),
        ("ignored/Client.kt", &okhttp),
        (".gitignore", "ignored/\n"),
        ("package.json", "{\"name\": \"app\"}"),
        ("README.md", "# An app\n"),
    ] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn files(report: &Value) -> Vec<(&str, &str)> {
    let sources = report.as_array().unwrap().iter();
    sources.map(|source| (source["file"].as_str().unwrap(), source["format"].as_str().unwrap())).collect()
}

const EXPECTED: [(&str, &str); 4] = [
    ("android/app/src/main/java/example/Client.kt", "okhttp"),
    ("android/app/src/main/res/xml/network_security_config.xml", "android-nsc"),
    ("ios/App/Info.plist", "ios-nspinneddomains"),
    ("src/pinning.ts", "react-native"),
];

#[test]
fn the_pins_of_a_folder_are_read_and_nothing_else() {
    let app = app();
    let output = pinstead(app.path(), &["pins", ".", "--format", "json", "--host", "shop.example"]);
    let report = json(&output);
    assert_eq!(files(&report["sources"]), EXPECTED);
    assert_eq!(report["status"], "pinned");
    let told = String::from_utf8_lossy(&output.stderr);
    for left_out in ["node_modules", "ios/Pods", "android/app/build"] {
        assert!(told.contains(left_out), "{told}");
    }
    // The same from outside, and with the folder's name where several are named.
    let named = app.path().to_str().unwrap();
    let report = json(&pinstead(Path::new("/"), &["pins", named, "--format", "json"]));
    assert_eq!(files(&report["sources"]), EXPECTED);
    let report = json(&pinstead(app.path(), &["pins", "ios", "src/", "--format", "json"]));
    assert_eq!(files(&report["sources"]), EXPECTED[2..].to_vec());
}

#[test]
fn a_folder_without_pins_says_so() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("A.kt"), "class A").unwrap();
    let output = pinstead(root.path(), &["pins", ".", "--format", "json", "--host", "shop.example"]);
    let report = json(&output);
    assert_eq!(report["status"], "undetermined");
    assert!(report["reason"].as_str().unwrap().contains("no file in . has pins"), "{report}");
    // A file that is named by itself is not skipped.
    let report = json(&pinstead(root.path(), &["pins", "A.kt", "--format", "json"]));
    assert_eq!(report["sources"][0]["state"], "not_recognised");
}

#[test]
fn the_evidence_of_a_check_has_the_files_of_a_folder() {
    let app = app();
    let arguments = [
        "check",
        "shop.example",
        "--offline",
        "--pins",
        ".",
        "--save-evidence",
        "seen.json",
        "--format",
        "json",
    ];
    let pins = |report: &Value| report["targets"][0]["pins"]["sources"].clone();
    let first = json(&pinstead(app.path(), &arguments));
    assert_eq!(files(&pins(&first)), EXPECTED);
    fs::remove_dir_all(app.path().join("android")).unwrap();
    let again = json(&pinstead(app.path(), &["check", "seen.json", "--offline", "--format", "json"]));
    assert_eq!(files(&pins(&again)), EXPECTED);
}
