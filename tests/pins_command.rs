//! `pinstead pins` as a user runs it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn pinstead(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .arg("pins")
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap()
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/pins/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn json(arguments: &[&str]) -> Value {
    let output = pinstead(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr));
    })
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn each_format_is_read_and_reported() {
    for (name, format, scope) in [
        ("android_good.xml", "android-nsc", "*.shop.example"),
        ("ios_info.plist", "ios-nspinneddomains", "*.shop.example"),
        ("curl_list.txt", "curl", "*"),
    ] {
        let report = json(&[&fixture(name)]);
        assert_eq!(report["schema_version"], 1);
        let source = &report["sources"][0];
        assert_eq!(source["format"], format, "{name}");
        let entry = &source["entries"][0];
        assert_eq!(entry["scope"], scope, "{name}");
        assert_eq!(entry["enforced"], "yes", "{name}");
        assert_eq!(entry["pins"].as_array().unwrap().len(), 2, "{name}");
        assert!(entry["pins"][0]["value"].as_str().unwrap().starts_with("sha256/"), "{name}");
        assert_eq!(entry["pins"][0]["matches"], Value::Null, "{name}");
        // What knows no end is told so, and fails nothing.
        let expected: &[&str] = if name == "ios_info.plist" { &["PIN025"] } else { &[] };
        assert_eq!(rules(&report), expected, "{name}: {report:#}");
        assert_eq!(entry["confidence"], "stated", "{name}");
        assert_eq!(pinstead(&[&fixture(name)]).status.code(), Some(0), "{name}");
    }
}

#[test]
fn mistakes_are_found_and_fail_the_gate() {
    let file = fixture("android_mistakes.xml");
    let report = json(&[&file, "--at", "2026-11-21T00:00:00Z"]);
    for rule in ["PIN002", "PIN005", "PIN009", "PIN010", "PIN012"] {
        assert!(rules(&report).contains(&rule), "{rule}: {report:#}");
    }
    assert_eq!(report["sources"][0]["entries"][0]["expires"], "2020-01-01T00:00:00Z");
    assert_eq!(report["sources"][0]["entries"][0]["enforced"], "no");
    assert_eq!(pinstead(&[&file]).status.code(), Some(1));
    assert_eq!(pinstead(&[&file, "--fail-on", "none"]).status.code(), Some(0));
    // Before the first device came to that day, they were still enforced; around midnight, it depends on the device.
    for (at, status) in [("2019-12-31T10:00:00Z", "pinned"), ("2019-12-31T23:59:59Z", "undetermined")] {
        let report = json(&[&file, "--at", at, "--host", "shop.example"]);
        assert_eq!(report["status"], status, "{at}");
    }
}

#[test]
fn a_build_fails_in_time_before_the_pins_end() {
    let file = fixture("android_good.xml");
    let at = |day: &'static str, within: &[&'static str]| {
        pinstead(&[&[&*file, "--at", day], within].concat()).status.code()
    };
    // They end on 2099-01-01.
    assert_eq!(at("2098-12-01", &["--expires-within", "60d"]), Some(1));
    assert_eq!(at("2098-12-01", &["--expires-within", "4w"]), Some(0));
    assert_eq!(at("2098-12-01", &["--expires-within", "31d"]), Some(1));
    assert_eq!(at("2098-12-01", &["--expires-within", "743h"]), Some(0));
    assert_eq!(at("2098-12-01", &[]), Some(0), "without it, the finding is medium");
    assert_eq!(at("2098-10-01", &["--expires-within", "60d"]), Some(0));
    for wrong in ["60", "2m", "", "-5d", "soon"] {
        assert_eq!(at("2098-12-01", &["--expires-within", wrong]), Some(2), "{wrong}");
    }
}

#[test]
fn the_report_for_people_has_the_verdict_first_and_80_columns() {
    let output = pinstead(&[&fixture("android_mistakes.xml"), "--host", "cdn.shop.example"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("cdn.shop.example: not pinned\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let path = env!("CARGO_MANIFEST_DIR");
    assert!(text.lines().all(|line| line.chars().count() <= 80 || line.contains(path)), "{text}");
}

#[test]
fn exit_codes_tell_what_could_not_be_read() {
    let none = pinstead(&["/nowhere/at/all.xml"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stdout).contains("PIN006"));
    let report = json(&["/nowhere/at/all.xml", &fixture("android_good.xml")]);
    assert_eq!(rules(&report), ["PIN006"]);
    assert_eq!(pinstead(&["/nowhere/at/all.xml", &fixture("android_good.xml")]).status.code(), Some(1));
    let unknown = fixture("../../Cargo.toml");
    assert_eq!(rules(&json(&[&unknown])), ["PIN007"]);
    assert_eq!(pinstead(&[&unknown]).status.code(), Some(3));
    assert_eq!(pinstead(&[]).status.code(), Some(2));
}

#[test]
fn a_list_may_be_the_argument_itself() {
    let pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let report = json(&[pin]);
    assert_eq!(report["sources"][0]["entries"][0]["pins"][0]["value"], pin.replace("//", "/"));
    assert_eq!(rules(&report), ["PIN004"]);
}

#[test]
fn the_key_of_a_known_ca_is_named() {
    // The key of ISRG Root X1, as its certificate of 2015 has it.
    let report = json(&["sha256//C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M="]);
    let diagnosis = report["sources"][0]["entries"][0]["pins"][0]["diagnosis"].as_str().unwrap();
    assert!(diagnosis.contains("ISRG Root X1"), "{diagnosis}");
}

/// Runs the openssl command line tool, which computes everything here apart from pinstead.
fn openssl(directory: &Path, script: &str) -> String {
    let output = Command::new("sh").arg("-ec").arg(script).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A root, a CA below it and a leaf, each with another kind of key; the chain in `chain.pem`.
fn certificates(directory: &Path) -> [String; 3] {
    openssl(
        directory,
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 30 -subj /CN=root 2>/dev/null
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.csr -subj /CN=ca 2>/dev/null
         printf 'basicConstraints=critical,CA:TRUE' > ca.ext
         openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -set_serial 2 -days 30 -extfile ca.ext -out ca.pem 2>/dev/null
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -out leaf.csr -subj /CN=shop.example 2>/dev/null
         printf 'subjectAltName=DNS:shop.example' > leaf.ext
         openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 3 -days 30 -extfile leaf.ext -out leaf.pem 2>/dev/null
         cat leaf.pem ca.pem root.pem > chain.pem",
    );
    ["leaf", "ca", "root"].map(|name| {
        openssl(
            directory,
            &format!(
                "openssl x509 -in {name}.pem -noout -pubkey | openssl pkey -pubin -outform der \
                 | openssl dgst -sha256 -binary | base64"
            ),
        )
    })
}

#[test]
fn pins_computed_by_openssl_match_where_they_stand() {
    let directory = tempfile::tempdir().unwrap();
    let keys = certificates(directory.path());
    let chain = directory.path().join("chain.pem");
    let file = directory.path().join("nsc.xml");
    let offline = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let pin = |keys: &[&str]| -> String {
        keys.iter().map(|key| format!("<pin digest='SHA-256'>{key}</pin>")).collect::<Vec<_>>().concat()
    };
    let pins = pin(&[&keys[0], &keys[1], &keys[2], offline]);
    fs::write(
        &file,
        format!(
            "<network-security-config><domain-config><domain>shop.example</domain><pin-set>{pins}</pin-set>\
             </domain-config></network-security-config>"
        ),
    )
    .unwrap();
    let (chain, root) = (chain.to_str().unwrap(), directory.path().join("root.pem"));
    let arguments = [file.to_str().unwrap(), "--host", "shop.example", "--chain", chain];
    let with_roots = [&arguments[..], &["--roots", root.to_str().unwrap()]].concat();
    assert_eq!(pinstead(&with_roots).status.code(), Some(0));
    let report = json(&with_roots);
    assert_eq!(report["status"], "pinned");
    let entry = &report["sources"][0]["entries"][0];
    let matches: Vec<&str> =
        entry["pins"].as_array().unwrap().iter().map(|pin| pin["matches"].as_str().unwrap()).collect();
    assert_eq!(matches, ["leaf", "intermediate", "root", "none"]);
    assert_eq!(entry["outcome"], "connects");
    assert_eq!(entry["backup"], "present");
    assert_eq!(rules(&report), ["PIN025"], "{report:#}");

    // curl compares the leaf alone.
    let list = |key: &str| format!("sha256//{key};sha256//{offline}");
    let with = |list: &str| json(&[&[list], &with_roots[1..]].concat());
    assert_eq!(rules(&with(&list(&keys[0]))), ["PIN015"]);
    assert_eq!(rules(&with(&list(&keys[1]))), ["PIN001", "PIN013"]);

    // To the embedded anchors the chain leads nowhere: nothing is compared, though a root stands in the file.
    for arguments in [&arguments[..], &[&[list(&keys[0]).as_str()], &arguments[1..]].concat()] {
        let output = pinstead(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("no pin was compared") && text.contains("leads to no anchor"), "{text}");
        let report = json(arguments);
        assert!(!rules(&report).contains(&"PIN001"), "{report:#}");
        assert!(report["reason"].as_str().unwrap().contains("no anchor"), "{report:#}");
        let entry = &report["sources"][0]["entries"][0];
        assert_eq!(entry["outcome"], "unknown");
        assert!(entry["pins"].as_array().unwrap().iter().all(|pin| pin["matches"].is_null()), "{entry:#}");
    }
    // A served certificate that the path does not need may be on another client's path.
    let beside = openssl(
        directory.path(),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout old.key -out old.pem -days 30 \
         -subj /CN=old 2>/dev/null
         cat leaf.pem ca.pem old.pem > wide.pem
         openssl x509 -in old.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary \
         | base64",
    );
    let old = write(
        directory.path(),
        "old.xml",
        fs::read_to_string(&file).unwrap().replace(&pins, &pin(&[&beside, offline])).as_bytes(),
    );
    let wide = directory.path().join("wide.pem");
    let arguments = [&[old.to_str().unwrap()], &with_roots[1..]].concat();
    assert!(rules(&json(&arguments)).contains(&"PIN001"));
    let chain_at = arguments.iter().position(|argument| *argument == chain).unwrap();
    let mut arguments = arguments;
    arguments[chain_at] = wide.to_str().unwrap();
    assert_eq!(pinstead(&arguments).status.code(), Some(3));
    let report = json(&arguments);
    assert_eq!(rules(&report), ["PIN025"], "{report:#}");
    let entry = &report["sources"][0]["entries"][0];
    assert_eq!(
        (entry["outcome"].as_str(), entry["pins"][0]["matches"].as_str()),
        (Some("unknown"), Some("none"))
    );
    assert!(entry["pins"][0]["diagnosis"].as_str().unwrap().contains("not on the path"), "{entry:#}");

    // Without a chain, nobody asked for a comparison.
    assert_eq!(pinstead(&arguments[..3]).status.code(), Some(0));
}

/// Comes to an end and reports a finding; what runs away is stopped by the system, whatever else the machine does.
fn is_bounded(file: &Path) {
    let output = Command::new("sh")
        // 400 MB of address space and half a minute of a processor are plenty for pinstead, and too little for any
        // bomb that goes off.
        .args(["-c", "ulimit -v 400000; ulimit -t 30; exec \"$0\" pins \"$1\" --format json"])
        .arg(env!("CARGO_BIN_EXE_pinstead"))
        .arg(file)
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(
        matches!(code, Some(1..=3)),
        "{}: {code:?} {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!rules(&report).is_empty(), "{}", file.display());
}

fn write(directory: &Path, name: &str, octets: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, octets).unwrap();
    path
}

#[test]
fn bombs_are_refused_within_bounded_time_and_memory() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();

    let mut laughs = String::from("<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a0 \"ha\">");
    for level in 1..30 {
        let below = format!("&a{};", level - 1).repeat(10);
        laughs.extend(["<!ENTITY a", &level.to_string(), " \"", &below, "\">"]);
    }
    is_bounded(&write(
        at,
        "laughs.xml",
        format!("{laughs}]><network-security-config>&a29;</network-security-config>").as_bytes(),
    ));
    is_bounded(&write(
        at,
        "laughs.plist",
        format!("{laughs}]><plist><string>&a29;</string></plist>").as_bytes(),
    ));

    let deep = format!("<plist>{}{}</plist>", "<array>".repeat(200_000), "</array>".repeat(200_000));
    is_bounded(&write(at, "deep.plist", deep.as_bytes()));
    let deep = format!("<network-security-config>{}", "<domain-config>".repeat(200_000));
    is_bounded(&write(at, "deep.xml", deep.as_bytes()));
    let tags = format!("<network-security-config>{}", "<".repeat(4_000_000));
    is_bounded(&write(at, "tags.xml", tags.as_bytes()));
    let attributes: Vec<String> = (0..250_000).map(|number| format!(" a{number}=''")).collect();
    let attributes = attributes.concat();
    is_bounded(&write(at, "attributes.xml", format!("<network-security-config{attributes}/>").as_bytes()));

    // Fifty arrays that each refer twice to the next, and one that refers to itself.
    let mut binary = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for level in 0..30_u8 {
        offsets.push(u8::try_from(binary.len()).unwrap());
        binary.extend([0xa2, level + 1, level + 1]);
    }
    offsets.push(u8::try_from(binary.len()).unwrap());
    binary.push(0x09);
    let table = u64::try_from(binary.len()).unwrap();
    binary.extend(&offsets);
    binary.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    binary.extend(u64::try_from(offsets.len()).unwrap().to_be_bytes());
    binary.extend(0_u64.to_be_bytes());
    binary.extend(table.to_be_bytes());
    is_bounded(&write(at, "references.plist", &binary));

    let sparse = at.join("sparse.xml");
    let mut file = File::create(&sparse).unwrap();
    file.write_all(b"<network-security-config>").unwrap();
    file.set_len(100 << 20).unwrap();
    is_bounded(&sparse);
    is_bounded(Path::new("/dev/zero"));
    is_bounded(at);
}

#[cfg(unix)]
#[test]
fn standard_input_is_read_within_bounds() {
    let run = |script: &str| {
        Command::new("sh").arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_pinstead")).output().unwrap()
    };
    let output = run("echo '<network-security-config/>' | \"$0\" pins - --format json");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let output = run("\"$0\" pins - --format json < /dev/zero");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let file = fixture("android_good.xml");
    for arguments in [
        &[file.as_str(), "--all-nameservers"][..],
        &["--tlsa", "mail.example:25", "--all-nameservers"],
        &["make", "shop.example", "--all-nameservers"],
        &[&file, "--nameserver-port", "53"],
    ] {
        let output = pinstead(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("unexpected argument"), "{arguments:?}");
    }
}
