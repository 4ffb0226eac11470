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
    for left_out in
        ["node_modules", "ios/Pods", "android/app/build", "1 file that .gitignore names (ignored)"]
    {
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
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("1 files opened") && !told.contains("left out"), "{told}");
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

/// What is read is never lost, by whatever name it is known and wherever in a folder it stands.
#[test]
fn nothing_is_written_over_a_file_of_a_folder() {
    let app = app();
    let kotlin = EXPECTED[0].0;
    let text = fs::read_to_string(app.path().join(kotlin)).unwrap();
    fs::hard_link(app.path().join(kotlin), app.path().join("ignored/linked")).unwrap();
    fs::write(app.path().join("pinstead.toml"), "pins = [\"android\"]").unwrap();
    let check = ["check", "shop.example", "--offline", "--only", "pins"];
    for (arguments, option) in [
        (&["pins", "."][..], "--output"),
        (&["pins", "android", "ios"], "--output"),
        (&[&check[..], &["--pins", "."]].concat(), "--output"),
        (&[&check[..], &["--pins", "."]].concat(), "--save-evidence"),
        // The folder that the policy names.
        (&check, "--output"),
        (&check, "--save-evidence"),
    ] {
        for file in [kotlin, "ignored/linked"] {
            let output = pinstead(app.path(), &[arguments, &[option, file]].concat());
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(told.contains("it would be written over"), "{arguments:?} {option} {file}: {told}");
            assert_eq!(output.status.code(), Some(2), "{arguments:?} {option} {file}");
            assert_eq!(fs::read_to_string(app.path().join(kotlin)).unwrap(), text);
        }
    }
    // Files that are not read are no inputs: a report may take the place of an earlier one in the same folder.
    for _ in 0..2 {
        for format in ["json", "human"] {
            let report = ["--format", format, "--output", "report.md", "--save-evidence", "seen.json"];
            let output = pinstead(app.path(), &[&check[..], &["--pins", "."], &report].concat());
            assert!(output.stdout.is_empty(), "{output:?}");
            assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
            let output = if format == "json" { "pins.json" } else { "pins.md" };
            let pins = ["pins", ".", "--format", format, "--output", output];
            assert_eq!(pinstead(app.path(), &pins).status.code(), Some(0));
        }
    }
    let report = json(&pinstead(app.path(), &["pins", ".", "--format", "json"]));
    assert_eq!(files(&report["sources"]), EXPECTED);
    // Saved evidence is an input, too, and one file cannot hold both.
    for (arguments, why) in [
        (&["check", "seen.json", "--save-evidence", "./seen.json"][..], "it would be written over"),
        (
            &[&check[..], &["--output", "both.json", "--save-evidence", "both.json"]].concat(),
            "name the same file",
        ),
    ] {
        let output = pinstead(app.path(), arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(why), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

/// A folder whose pins stand where few readers look.
fn scattered() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["api.shop.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let manager = "class T implements X509TrustManager { public void checkServerTrusted(X509Certificate[] c, String a) {} }";
    for (name, text) in [
        (
            "Dockerfile",
            format!("FROM x\nRUN curl -f --pinnedpubkey 'sha256//{LEAF}' https://api.shop.example/i | sh\n"),
        ),
        ("TrustAll.java", manager.to_owned()),
        (
            "app.config.ts",
            format!("export default {{ sslPinning: {{ 'api.shop.example': ['{LEAF}', '{BACKUP}'] }} }};\n"),
        ),
        (
            "app/build.gradle.kts",
            format!("buildConfigField(\"String\", \"PIN\", \"\\\"sha256/{LEAF}\\\"\")\n"),
        ),
        (
            "app/src/main/res/values/pins.xml",
            format!("<resources><string name=\"p\">sha256/{LEAF}</string></resources>"),
        ),
        (
            "check.js",
            "https.request({ checkServerIdentity(host, cert) { return PINS.includes(cert); } });".to_owned(),
        ),
        ("data.bin", "nothing".to_owned()),
        ("ios/shop.crt", certificate.pem()),
        ("notes.ini", format!("{}\npin = sha256/{LEAF}\n", "# a comment\n".repeat(1000))),
        ("shop.zone", format!("_25._tcp.mail.shop.example. IN TLSA 3 1 1 {}\n", "ab".repeat(32))),
        ("store.pem", certificate.pem().repeat(30)),
    ] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(root.path().join("ios/api.cer"), certificate.der()).unwrap();
    root
}

#[test]
fn every_file_of_a_folder_that_has_to_do_with_pins_is_told() {
    let root = scattered();
    let report = json(&pinstead(root.path(), &["pins", ".", "--format", "json"]));
    let told: Vec<(&str, &str)> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| (source["file"].as_str().unwrap(), source["format"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        told,
        [
            ("Dockerfile", "curl"),
            ("TrustAll.java", "java-validation"),
            ("app/build.gradle.kts", "build-values"),
            ("app/src/main/res/values/pins.xml", "build-values"),
            ("app.config.ts", "react-native"),
            ("check.js", ""),
            ("ios/api.cer", "certificate-files"),
            ("ios/shop.crt", "certificate-files"),
            ("notes.ini", ""),
            ("shop.zone", "tlsa"),
        ]
    );
    assert_eq!(report["sources"][5]["state"], "not_recognised");
    assert!(report["findings"].as_array().unwrap().iter().any(|one| one["rule"] == "PIN031"), "{report}");
    assert_eq!(report["sources"][6]["entries"][0]["confidence"], "guessed");
}

#[test]
fn certificates_alone_raise_nothing_grave() {
    let root = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["api.shop.example".to_owned()]).unwrap();
    fs::write(root.path().join("a.crt"), parameters.self_signed(&key).unwrap().pem()).unwrap();
    let output = pinstead(root.path(), &["pins", ".", "--format", "json"]);
    let report = json(&output);
    assert_eq!(files(&report["sources"]), [("a.crt", "certificate-files")]);
    let grave = |finding: &&Value| ["high", "critical"].contains(&finding["severity"].as_str().unwrap());
    assert_eq!(report["findings"].as_array().unwrap().iter().find(grave), None, "{report}");
}

#[test]
fn a_configuration_is_as_sure_as_the_manifest_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let status = |expected: &str| {
        let verdict =
            json(&pinstead(root.path(), &["pins", ".", "--host", "shop.example", "--format", "json"]));
        assert!(
            verdict.to_string().contains(&format!("\"status\":\"{expected}\"")),
            "{expected}: {verdict:#}"
        );
        assert!(!verdict.to_string().contains("AndroidManifest.xml\""), "{verdict:#}");
    };
    let manifest = |attribute: &str| {
        let text = format!(
            "<manifest xmlns:android=\"http://schemas.android.com/apk/res/android\"><application {attribute}/></manifest>"
        );
        write("app/src/main/AndroidManifest.xml", &text);
    };
    // Without any configuration, a manifest has nothing to do with pins.
    manifest("");
    write(
        "Client.kt",
        &format!(
            "x.certificatePinner(CertificatePinner.Builder().add(\"shop.example\", \"sha256/{LEAF}\").build())"
        ),
    );
    status("pinned");
    fs::remove_file(root.path().join("Client.kt")).unwrap();
    write(
        "app/src/main/res/xml/nsc.xml",
        &format!(
            "<network-security-config><domain-config><domain>shop.example</domain><pin-set>\
             <pin digest=\"SHA-256\">{LEAF}</pin></pin-set></domain-config></network-security-config>"
        ),
    );
    status("undetermined");
    manifest("android:networkSecurityConfig=\"@xml/nsc\"");
    status("pinned");
}

/// Writes files of these names below a new folder.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// A Network Security Config that pins shop.example.
fn nsc() -> String {
    format!(
        "<network-security-config><domain-config><domain>shop.example</domain><pin-set>\
         <pin digest=\"SHA-256\">{LEAF}</pin><pin digest=\"SHA-256\">{BACKUP}</pin></pin-set></domain-config>\
         </network-security-config>"
    )
}

const UNPINNED: &str =
    "<network-security-config><base-config cleartextTrafficPermitted=\"false\"/></network-security-config>";
const MANIFEST: &str = "<manifest xmlns:android=\"http://schemas.android.com/apk/res/android\">\
    <application android:networkSecurityConfig=\"@xml/nsc\"/></manifest>";

#[test]
fn a_configuration_without_pins_matters_beside_one_with_pins() {
    let judged = |other: &str| {
        let root = folder(&[
            ("app/src/main/AndroidManifest.xml", MANIFEST),
            ("app/src/main/res/xml/nsc.xml", &nsc()),
            (other, UNPINNED),
        ]);
        json(&pinstead(root.path(), &["pins", ".", "--host", "shop.example", "--format", "json"]))
    };
    for other in ["app/src/main/res/xml-v36/nsc.xml", "app/src/release/res/xml/nsc.xml"] {
        let report = judged(other);
        assert_eq!(report["status"], "undetermined", "{report:#}");
        assert!(report["reason"].as_str().unwrap().contains(other), "{report:#}");
        let findings = report["findings"].as_array().unwrap();
        assert!(
            findings.iter().any(|one| one["rule"] == "PIN038" && one["severity"] == "high"),
            "{report:#}"
        );
    }
    let report = judged("app/src/debug/res/xml/nsc.xml");
    assert_eq!(report["status"], "pinned", "{report:#}");
    assert_eq!(files(&report["sources"]), [("app/src/main/res/xml/nsc.xml", "android-nsc")]);
    // Where nothing pins, there is nothing to compare with.
    let root = folder(&[("app/src/main/res/xml/nsc.xml", UNPINNED)]);
    let report = json(&pinstead(root.path(), &["pins", ".", "--format", "json"]));
    assert!(files(&report["sources"]).is_empty());
}

/// The property list of an iOS app, and the project of one that has none.
const PLIST: &str =
    "<plist version=\"1.0\"><dict><key>CFBundlePackageType</key><string>APPL</string></dict></plist>";
const XCODE: &str = "{ productType = \"com.apple.product-type.application\"; SDKROOT = iphoneos; \
    GENERATE_INFOPLIST_FILE = YES; }";

#[test]
fn an_app_without_pins_matters_beside_pins_of_other_clients() {
    let none = MANIFEST.replace(" android:networkSecurityConfig=\"@xml/nsc\"", "");
    let key = format!("pinnedpubkey = sha256//{LEAF}\n");
    let root = folder(&[
        ("android/src/main/AndroidManifest.xml", MANIFEST),
        ("android/src/main/res/xml/nsc.xml", &nsc()),
        ("ios/App/Info.plist", PLIST),
        ("xcode/App.xcodeproj/project.pbxproj", XCODE),
        ("bare/src/main/AndroidManifest.xml", &none),
        ("server/.curlrc", &key),
    ]);
    let sources = |arguments: &[&str]| {
        let all = [&["pins"], arguments, &["--host", "shop.example", "--format", "json"]].concat();
        let report = json(&pinstead(root.path(), &all));
        files(&report["sources"])
            .into_iter()
            .map(|(file, format)| format!("{file} {format}"))
            .collect::<Vec<_>>()
    };
    let android = "android/src/main/res/xml/nsc.xml android-nsc";
    let bare = "bare/src/main/AndroidManifest.xml android-nsc";
    for (arguments, expected) in [
        (&["android", "ios"][..], vec![android, "ios/App/Info.plist ios-nspinneddomains"]),
        (&["android", "xcode"], vec![android, "xcode/App.xcodeproj/project.pbxproj ios-nspinneddomains"]),
        (&["android", "bare"], vec![android, bare]),
        (&["server", "bare"], vec!["server/.curlrc curl", bare]),
        (&["."], vec![android, "ios/App/Info.plist ios-nspinneddomains", "server/.curlrc curl"]),
        // Where nothing pins, there is nobody to stand beside.
        (&["ios", "xcode", "bare"], Vec::new()),
    ] {
        assert_eq!(sources(arguments), expected, "{arguments:?}");
    }
}

#[test]
fn manifests_say_nothing_of_other_arguments_and_debug_builds_nothing_at_all() {
    let none = MANIFEST.replace(" android:networkSecurityConfig=\"@xml/nsc\"", "");
    let root = folder(&[
        ("a/AndroidManifest.xml", &none),
        ("a/res/xml/nsc.xml", UNPINNED),
        ("b/res/xml/nsc.xml", &nsc()),
        ("c/src/main/AndroidManifest.xml", MANIFEST),
        ("c/src/main/res/xml/nsc.xml", UNPINNED),
        ("c/src/main/res/xml/nsc_debug.xml", &nsc()),
        ("c/src/debug/AndroidManifest.xml", &MANIFEST.replace("nsc", "nsc_debug")),
    ]);
    fs::write(root.path().join("by_hand.xml"), nsc()).unwrap();
    let status = |arguments: &[&str]| {
        let all = [&["pins"], arguments, &["--host", "shop.example", "--format", "json"]].concat();
        json(&pinstead(root.path(), &all))["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&["a", "b"]), "pinned");
    assert_eq!(status(&["a", "by_hand.xml"]), "pinned");
    assert_eq!(status(&["c"]), "undetermined");
}

#[test]
fn certificates_that_are_only_found_are_no_app() {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["api.shop.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let root = folder(&[
        ("res/xml/nsc.xml", &nsc()),
        ("tests/server.crt", &certificate.pem()),
        ("tests/server.pub", &key.public_key_pem()),
    ]);
    let judged = |arguments: &[&str]| {
        json(&pinstead(root.path(), &[&["pins"], arguments, &["--format", "json"]].concat()))
    };
    let about = |report: &Value, id: &str| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().filter(|one| one["rule"] == id && one.to_string().contains("tests/")).count()
    };
    let report = judged(&[".", "--host", "shop.example"]);
    for id in ["PIN004", "PIN024", "PIN038"] {
        assert_eq!(about(&report, id), 0, "{id}: {report:#}");
    }
    for source in report["sources"].as_array().unwrap().iter().skip(1) {
        for entry in source["entries"].as_array().unwrap() {
            assert_eq!(entry["enforced"], "unknown", "{report:#}");
        }
    }
    // It speaks of the hosts that it names, and of no other.
    fs::remove_file(root.path().join("tests/server.pub")).unwrap();
    assert_eq!(judged(&[".", "--host", "other.example"])["status"], "not_pinned");
    assert_eq!(judged(&[".", "--host", "api.shop.example"])["status"], "undetermined");
    // What is named is meant.
    let report = judged(&["tests/server.crt"]);
    assert_eq!(report["sources"][0]["entries"][0]["enforced"], "yes");
    assert_eq!(about(&report, "PIN004"), 1, "{report:#}");
}

#[test]
fn what_cannot_be_read_here_is_told() {
    let own = format!("{{\"schema_version\": 1, \"hosts\": {{\"x\": [[\"sha256/{LEAF}\"]]}}}}");
    let root =
        folder(&[("app/pinning.json", &own), ("app/src/main/res/raw/trust.jks", "x"), ("upload.jks", "x")]);
    let report = json(&pinstead(root.path(), &["pins", ".", "--format", "json"]));
    let told: Vec<(&Value, &Value)> =
        report["sources"].as_array().unwrap().iter().map(|one| (&one["file"], &one["state"])).collect();
    let expected = ["app/pinning.json", "app/src/main/res/raw/trust.jks"];
    assert_eq!(told.len(), expected.len(), "{report:#}");
    for ((file, state), expected) in told.into_iter().zip(expected) {
        assert_eq!((file.as_str(), state.as_str()), (Some(expected), Some("not_recognised")));
    }
}

/// Code scanning shows a result at the file that it names: that is one below the working directory, whatever was named.
#[test]
fn a_finding_in_a_folder_that_is_named_alone_stands_at_a_file_that_is_there() {
    let root = app();
    for named in ["android", "./android/", "android/app/src/main"] {
        let report = json(&pinstead(root.path(), &["pins", named, "--format", "sarif"]));
        let results = report["runs"][0]["results"].as_array().unwrap();
        let found = results.iter().map(|result| {
            let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            place.as_str().unwrap().to_owned()
        });
        let found: Vec<String> = found.collect();
        assert!(!found.is_empty(), "{named}");
        for uri in found {
            assert!(
                uri.starts_with("android/app/src/") && root.path().join(&uri).is_file(),
                "{named}: {uri}"
            );
        }
        // What reports call the file stays as it was.
        let report = json(&pinstead(root.path(), &["pins", named, "--format", "json"]));
        let files =
            report["sources"].as_array().unwrap().iter().map(|source| source["file"].as_str().unwrap());
        assert!(files.into_iter().all(|file| !file.starts_with("android/")), "{named}");
    }
}

/// What pinstead itself wrote says of pins what other files have: it keeps nothing open, whatever its form and name.
#[test]
fn its_own_reports_are_no_pins() {
    let config = "app/src/main/res/xml/network_security_config.xml";
    let folder = folder(&[(config, &nsc()), ("Net.kt", "val a = 1\n")]);
    let forms = ["human", "json", "jsonl", "sarif", "junit", "markdown", "html"];
    let hosts = ["shop.example", "other.example"];
    for form in forms {
        for command in ["check", "compare", "pins"] {
            // Names that say nothing, so that it is looked into.
            let name = format!("{command}-{form}.report");
            let mut arguments = vec![command];
            let targets = if form == "jsonl" || form == "human" { &hosts[..] } else { &hosts[..1] };
            match command {
                "pins" => arguments.extend(["app", "--host", "shop.example"]),
                _ => arguments.extend(targets.iter().copied().chain(["--offline", "--pins", "app"])),
            }
            let output = pinstead(folder.path(), &[&arguments[..], &["--format", form]].concat());
            assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
            std::fs::write(folder.path().join(name), &output.stdout).unwrap();
        }
    }
    // As pins go out of the sources, reports of before stay.
    for form in ["human", "jsonl"] {
        let told = std::fs::read_to_string(folder.path().join(format!("pins-{form}.report"))).unwrap();
        assert!(told.contains("sha256/"), "{told}");
    }
    let junit = std::fs::read_to_string(folder.path().join("pins-junit.report")).unwrap();
    std::fs::write(
        folder.path().join("junit.xml"),
        junit.replace("</testsuites>", "<!-- NSPinnedDomains --></testsuites>"),
    )
    .unwrap();
    let text = std::fs::read(folder.path().join("compare-human.report")).unwrap();
    std::fs::write(folder.path().join("compare.txt"), text).unwrap();
    let report = json(&pinstead(folder.path(), &["pins", ".", "--format", "json"]));
    let sources: Vec<&str> =
        report["sources"].as_array().unwrap().iter().map(|it| it["file"].as_str().unwrap()).collect();
    assert_eq!(sources, [config]);
    std::fs::write(folder.path().join(config), "<network-security-config/>").unwrap();
    let removed = |what: &str| {
        let gate = ["--require", "removed", "--fail-on", "none", "--fail-on-undetermined=false"];
        let asked = ["compare", "shop.example", "--offline", "--pins", what];
        pinstead(folder.path(), &[&asked[..], &gate].concat()).status.code()
    };
    assert_eq!(removed("."), Some(0));
    // One that is named by itself says nothing of an app.
    assert_eq!(removed("pins-sarif.report"), Some(3));
    // What was put beside a report is none.
    let lines = std::fs::read_to_string(folder.path().join("pins-jsonl.report")).unwrap();
    let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    std::fs::write(folder.path().join("mixed"), format!("{lines}{{\"pins\": [\"{pin}\"]}}\n")).unwrap();
    assert_eq!(removed("."), Some(3));
}
