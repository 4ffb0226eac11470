use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::ct::log_table::SnapshotSource;
use crate::evidence::file::FileContent;
use crate::evidence::log_list::{KEPT_VERSION, KeptLogList};
use crate::evidence::{Bytes, GivenLogList};

const NOW: &str = "2026-11-21T00:00:00Z";

fn file(path: &str, octets: &[u8]) -> InputFile {
    InputFile { path: path.to_owned(), content: FileContent::Read(Bytes(octets.to_vec())), folder: None }
}

fn list(date: &str) -> Vec<u8> {
    let list = json!({
        "version": "99.1",
        "log_list_timestamp": date,
        "operators": [{"name": "Google", "logs": [{
            "description": "Argon", "log_id": "1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=",
            "key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==",
            "state": {"usable": {"timestamp": "2024-09-30T22:19:27Z"}}
        }]}]
    });
    list.to_string().into_bytes()
}

fn kept(list: Vec<u8>) -> KeptLogList {
    let now: Timestamp = NOW.parse().unwrap();
    KeptLogList {
        pinstead_log_list: KEPT_VERSION,
        program: "chrome".to_owned(),
        url: "https://lists.example/list.json".to_owned(),
        signature_url: None,
        etag: None,
        last_modified: None,
        fetched_at: now,
        seen_at: now,
        sha256: Bytes(Sha256::digest(&list).to_vec()),
        list: Bytes(list),
        signature: None,
    }
}

fn with_kept(kept: &[u8]) -> Lists {
    let files = InputFiles { log_list_caches: vec![file("chrome.json", kept)], ..InputFiles::default() };
    Lists::read(&files).unwrap()
}

fn source(lists: &Lists) -> SnapshotSource {
    lists.table.snapshot(Program::Chrome).unwrap().source
}

fn refusal(lists: &Lists) -> &str {
    match &lists.uses[0].outcome {
        ListOutcome::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_kept_list_is_used_where_it_is_newer() {
    let newer = with_kept(&serde_json::to_vec(&kept(list("2026-11-10T00:00:00Z"))).unwrap());
    assert_eq!(source(&newer), SnapshotSource::Cache);
    let used = ListOutcome::Used { program: Program::Chrome, trust: ListTrust::Unsigned, problems: vec![] };
    assert_eq!(newer.uses[0].outcome, used);
    let older = with_kept(&serde_json::to_vec(&kept(list("2026-09-10T00:00:00Z"))).unwrap());
    assert_eq!(source(&older), SnapshotSource::Embedded);
    assert_eq!(older.uses[0].outcome, ListOutcome::NotNewer);
}

#[test]
fn a_damaged_one_is_said_and_changes_nothing() {
    let good = kept(list("2026-11-10T00:00:00Z"));
    let altered = KeptLogList { list: Bytes(list("2026-11-11T00:00:00Z")), ..good.clone() };
    let forged = KeptLogList { signature: Some(Bytes(vec![1; 512])), ..good.clone() };
    let later = KeptLogList { pinstead_log_list: KEPT_VERSION + 1, ..good.clone() };
    let other = KeptLogList { program: "opera".to_owned(), ..good.clone() };
    let empty = kept(br#"{"version": "1", "operators": []}"#.to_vec());
    for (kept, why) in [
        (altered, "not the one that was kept"),
        (forged, "signature of the log list is wrong"),
        (later, "version 2"),
        (other, "opera"),
        (empty, "no log that can be used"),
    ] {
        let lists = with_kept(&serde_json::to_vec(&kept).unwrap());
        assert!(refusal(&lists).contains(why), "{}", refusal(&lists));
        assert_eq!(source(&lists), SnapshotSource::Embedded);
    }
    let whole = serde_json::to_vec(&good).unwrap();
    for octets in [&whole[..whole.len() / 2], b"", b"[]", b"{}"] {
        assert!(refusal(&with_kept(octets)).contains("damaged"));
    }
}

#[test]
fn a_given_list_stands_instead_of_kept_ones() {
    let mut files = InputFiles {
        log_list: Some(file("list.json", &list("2025-11-10T00:00:00Z"))),
        log_list_caches: vec![file("chrome.json", b"damaged")],
        ..InputFiles::default()
    };
    let lists = Lists::read(&files).unwrap();
    assert_eq!((source(&lists), lists.uses.len()), (SnapshotSource::File, 1));
    assert_eq!(lists.uses[0].origin, ListOrigin::Given);
    files.roots = Some(file("roots.pem", b""));
    let own = Lists::read(&files).unwrap();
    assert!(matches!(own.uses[0].outcome, ListOutcome::Used { trust: ListTrust::Own, .. }));
}

#[test]
fn one_list_of_each_programme() {
    let given = |program: Option<&str>| GivenLogList {
        program: program.map(str::to_owned),
        file: file("second.json", &list("2026-11-10T00:00:00Z")),
    };
    let files = |second| InputFiles {
        log_list: Some(file("first.json", &list("2026-11-10T00:00:00Z"))),
        further_log_lists: vec![second],
        ..InputFiles::default()
    };
    let lists = Lists::read(&files(given(Some("mozilla")))).unwrap();
    assert!(
        lists.table.snapshot(Program::Mozilla).is_some() && lists.table.snapshot(Program::Apple).is_none()
    );
    let mozilla = &lists.uses[1].outcome;
    assert!(matches!(mozilla, ListOutcome::Used { trust: ListTrust::NeverSigned, .. }), "{mozilla:?}");
    let refused = |second| Lists::read(&files(second)).unwrap_err();
    assert!(matches!(refused(given(None)), InputError::TwoLists { program: Program::Chrome, .. }));
    assert!(matches!(refused(given(Some("opera"))), InputError::Program { .. }));
}

/// Apple's lists say that they are; Chrome's and those of one's own logs say nothing.
#[test]
fn a_list_is_refused_under_another_name_than_its_form_says() {
    let mut apple: serde_json::Value = serde_json::from_slice(&list("2026-11-10T00:00:00Z")).unwrap();
    apple["$schema"] = json!("https://valid.apple.com/ct/log_list/schema_versions/log_list_schema_v5.json");
    let apple = apple.to_string().into_bytes();
    let read = |list: &[u8], program: Option<&str>| {
        let files = InputFiles {
            log_list: Some(file("first.json", list)),
            log_list_program: program.map(str::to_owned),
            ..InputFiles::default()
        };
        Lists::read(&files).map(|_| ()).map_err(|error| error.to_string())
    };
    let refused = "first.json: it has the form of the list of Apple, not of Chrome";
    assert_eq!(read(&apple, Some("chrome")), Err(refused.to_owned()));
    for program in [Some("apple"), None] {
        assert_eq!(read(&apple, program), Ok(()));
    }
    for program in ["chrome", "apple", "mozilla", "android"] {
        assert_eq!(read(&list("2026-11-10T00:00:00Z"), Some(program)), Ok(()));
    }
}

#[test]
fn a_signature_that_belongs_to_no_list_is_refused() {
    let files = InputFiles {
        log_list: Some(file("list.json", &list("2026-11-10T00:00:00Z"))),
        log_list_signature: Some(file("list.sig", &[1; 512])),
        ..InputFiles::default()
    };
    let refused = Lists::read(&files).unwrap_err();
    assert!(matches!(refused, InputError::LogList { error: LogListError::InvalidSignature, .. }));
    let files = InputFiles { log_list_key: Some(file("key.pem", b"no key")), ..InputFiles::default() };
    assert!(matches!(Lists::read(&files).unwrap_err(), InputError::ListKey { .. }));
}

#[test]
fn a_signature_finds_its_list_among_several() {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};

    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let (chrome, apple) = (list("2026-11-10T00:00:00Z"), list("2026-11-11T00:00:00Z"));
    let mut signature = vec![0; pair.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA256, &random, &chrome, &mut signature).unwrap();
    let files = InputFiles {
        log_list: Some(file("apple.json", &apple)),
        log_list_program: Some("apple".to_owned()),
        further_log_lists: vec![GivenLogList { program: None, file: file("chrome.json", &chrome) }],
        log_list_signature: Some(file("chrome.sig", &signature)),
        log_list_key: Some(file("key.der", key.as_ref())),
        ..InputFiles::default()
    };
    let lists = Lists::read(&files).unwrap();
    let trust = |index: usize| match &lists.uses[index].outcome {
        ListOutcome::Used { program, trust, .. } => (*program, *trust),
        other => panic!("{other:?}"),
    };
    assert_eq!(trust(0), (Program::Apple, ListTrust::NeverSigned));
    assert_eq!(trust(1), (Program::Chrome, ListTrust::Signed));
}
