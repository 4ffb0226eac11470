//! `pinstead tables ca`: the same inputs give the same octets, made anew and merged, and a merge keeps what was there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

const TABLES: [&str; 6] = [
    "ca-keys.tsv",
    "ca-identifiers.tsv",
    "ca-organisations.tsv",
    "ca-certificates.tsv",
    "ca-near-misses.tsv",
    "ca-contacts.tsv",
];

/// The certificates of a root and of the CA below it, as PEM.
fn hierarchy(organisation: &str) -> [String; 2] {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let (root_key, sub_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let root = authority("Root");
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let by_root = Issuer::new(root, &root_key);
    [root_pem, authority("Sub").signed_by(&sub_key, &by_root).unwrap().pem()]
}

/// Runs the command over the files of a folder and gives its six tables.
fn tables(folder: &Path, arguments: &[&str], output: &str) -> Vec<String> {
    let directory = folder.join(output);
    fs::create_dir_all(&directory).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["tables", "ca"])
        .args(arguments)
        .args(["--output", output])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    TABLES.iter().map(|name| fs::read_to_string(directory.join(name)).unwrap()).collect()
}

#[test]
fn the_same_inputs_give_the_same_octets_and_a_merge_keeps_old_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (age, organisation) in [("old", "First Trust"), ("new", "Second Trust")] {
        fs::create_dir(path.join(age)).unwrap();
        for (name, pem) in ["b.csv", "a.csv"].iter().zip(hierarchy(organisation)) {
            fs::write(path.join(age).join(name), format!("x,\"{pem}\"\n")).unwrap();
        }
    }
    fs::write(path.join("ids"), r#"{"domains": {"first.example": {"one": "First Trust"}}}"#).unwrap();
    fs::write(path.join("skis"), "AQID,MHbLLdeHuH0WjhpPzjYRSfLLr0LTdCCjCSfyDfKE4Bw=\n").unwrap();
    let inputs = ["--certificates", "old=old", "--identifiers", "ids=ids", "--key-identifiers", "skis=skis"];
    let first = tables(path, &inputs, "one");
    assert_eq!(tables(path, &inputs, "two"), first);
    let merged = [&inputs[..], &["--merge", "one"]].concat();
    assert_eq!(tables(path, &merged, "three"), first);
    assert_eq!(tables(path, &["--merge", "one"], "four"), first);

    let newer = ["--certificates", "new=new", "--merge", "one"];
    let both = tables(path, &newer, "five");
    let rows = |text: &str| {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
    };
    for (old, all) in first.iter().zip(&both) {
        let all = rows(all);
        assert!(rows(old).iter().all(|row| all.contains(row)), "{old}");
    }
    assert_eq!(rows(&both[3]).len(), rows(&first[3]).len() + 2);
    let again = ["--certificates", "new=new", "--merge", "five"];
    assert_eq!(tables(path, &again, "six"), both);
    // The order in which inputs come does not matter to the facts of certificates.
    let turned = ["--certificates", "new=new", "--certificates", "old=old"];
    let anew = tables(path, &turned, "seven");
    for table in [3, 4] {
        assert_eq!(rows(&anew[table]), rows(&both[table]));
    }
}

/// CCADB says where CAs take problem reports; a table without that is no error, and a newer report replaces an older one.
#[test]
fn contacts_are_read_where_a_report_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let report = |name: &str, text: &str| fs::write(path.join(name), text).unwrap();
    let contacts = |arguments: &[&str], output: &str| -> Vec<String> {
        let text = tables(path, arguments, output).pop().unwrap();
        text.lines().filter(|line| !line.starts_with('#')).skip(1).map(str::to_owned).collect()
    };
    report("ids", r#"{"domains": {"first.example": {"one": "First Trust"}}}"#);
    let ids = ["--identifiers", "ids=ids"];
    assert_eq!(contacts(&ids, "none"), Vec::<String>::new());
    let record = "CA Owner,Subordinate CA Owner,SHA-256 Fingerprint";
    report("plain.csv", &format!("{record}\nFirst Trust,,\n"));
    assert_eq!(contacts(&[&ids[..], &["--owners", "o=plain.csv"]].concat(), "plain"), Vec::<String>::new());
    report(
        "records.csv",
        &format!("{record},Problem Reporting Mechanism\n\"First Trust, Inc.\",,,in@first.example\n"),
    );
    let of_records = [&ids[..], &["--owners", "o=records.csv"]].concat();
    assert_eq!(contacts(&of_records, "records"), ["First Trust\tin@first.example"]);
    report(
        "all.csv",
        "\u{feff}\"CA Owner\",\"Problem Reporting Mechanism\"\n\"First Trust\",\"https://first.example/report\n or \
         revoke@first.example\"\n\"Other\",\"\"\n\"Third\",\"third@third.example | c@third.example\"\n",
    );
    let newer = ["--contacts", "c=all.csv", "--merge", "records"];
    let both = [
        "First Trust\thttps://first.example/report or revoke@first.example",
        "Third\tthird@third.example, c@third.example",
    ];
    assert_eq!(contacts(&newer, "both"), both);
    assert_eq!(contacts(&["--merge", "both"], "again"), both);
    // One that should have it and has not is refused.
    let run = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["tables", "ca", "--contacts", "c=plain.csv", "--output", "refused"])
        .current_dir(path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(!run.status.success() && said.contains("Problem Reporting Mechanism"), "{said}");
}
