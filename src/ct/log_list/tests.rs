use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Google's 'Argon2026h2', as the all_logs list of 2026-08-20 has it.
const ARGON_ID: &str = "1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=";
const ARGON_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==";

fn argon() -> Value {
    json!({
        "description": "Google 'Argon2026h2' log",
        "log_id": ARGON_ID,
        "key": ARGON_KEY,
        "url": "https://ct.googleapis.com/logs/us1/argon2026h2/",
        "mmd": 86400,
        "state": {"usable": {"timestamp": "2024-09-30T22:19:27Z"}},
        "temporal_interval": {
            "start_inclusive": "2026-07-01T00:00:00Z",
            "end_exclusive": "2027-01-01T00:00:00Z"
        }
    })
}

fn list_of(logs: &[Value]) -> Value {
    json!({
        "version": "89.25",
        "log_list_timestamp": "2026-08-20T13:34:57Z",
        "operators": [{"name": "Google", "email": [], "logs": logs, "tiled_logs": []}]
    })
}

fn parse(list: &Value) -> LogList {
    LogList::parse(list.to_string().as_bytes(), None).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn reads_googles_form() {
    let list = parse(&list_of(&[argon()]));
    assert_eq!(list.program, Program::Chrome);
    assert_eq!(list.version.as_deref(), Some("89.25"));
    assert_eq!(list.timestamp, Some(at("2026-08-20T13:34:57Z")));
    assert_eq!(list.signature, ListSignature::Unsigned);
    assert_eq!(list.problems, []);
    let [log] = list.logs.as_slice() else { panic!("one log") };
    assert_eq!(log.id.to_string(), ARGON_ID);
    assert_eq!(log.operator, "Google");
    assert_eq!(log.log_type, LogType::Rfc6962);
    assert_eq!(log.interval, Some((at("2026-07-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))));
    let usable = ListedState { state: LogState::Usable, since: Some(at("2024-09-30T22:19:27Z")) };
    assert_eq!(log.states, [usable]);
}

#[test]
fn reads_androids_milliseconds() {
    let mut log = argon();
    log["state"] = json!({"usable": {"timestamp": 1_727_734_767_000_i64}});
    log["temporal_interval"] =
        json!({"start_inclusive": 1_782_864_000_000_i64, "end_exclusive": 1_798_761_600_000_i64});
    let mut list = list_of(&[log]);
    list["log_list_timestamp"] = json!(1_786_803_095_000_i64);
    let list = parse(&list);
    assert_eq!(list.program, Program::Android);
    assert_eq!(list.timestamp, Some(at("2026-08-15T14:11:35Z")));
    assert_eq!(list.logs[0].states[0].since, Some(at("2024-09-30T22:19:27Z")));
    assert_eq!(list.logs[0].interval.unwrap().0, at("2026-07-01T00:00:00Z"));
}

#[test]
fn reads_absent_state_purpose_and_several_states() {
    let mut log = argon();
    log["state"] = Value::Null;
    log["log_type"] = json!("monitoring_only");
    let list = parse(&list_of(&[log]));
    assert_eq!(list.logs[0].states, []);
    assert_eq!(list.logs[0].purpose, LogPurpose::MonitoringOnly);

    let mut log = argon();
    log["state"] = json!({
        "usable": {"timestamp": "2025-09-22T12:29:18+01:00"},
        "qualified": {"timestamp": "2025-08-11T12:33:27+01:00"}
    });
    let list = parse(&list_of(&[log]));
    let states: Vec<_> = list.logs[0].states.iter().map(|state| state.state).collect();
    assert_eq!(states, [LogState::Qualified, LogState::Usable]);
}

#[test]
fn whose_form_it_is() {
    let form = |list: &Value| parse(list).form;
    assert_eq!(form(&list_of(&[argon()])), None, "Chrome's form is that of v3 itself");
    let mut apple = list_of(&[argon()]);
    apple["$schema"] = json!("https://valid.apple.com/ct/log_list/schema_versions/log_list_schema_v5.json");
    apple.as_object_mut().unwrap().remove("log_list_timestamp");
    assert_eq!(form(&apple), Some(Program::Apple));

    let mut admissible = argon();
    admissible["state"]["qualified"] = json!({"timestamp": "2024-08-01T00:00:00Z"});
    let mut mozilla = list_of(&[admissible.clone()]);
    assert_eq!(form(&mozilla), None, "with a version it is not Mozilla's");
    mozilla.as_object_mut().unwrap().remove("version");
    assert_eq!(form(&mozilla), Some(Program::Mozilla));
    let mut other = mozilla.clone();
    other["operators"][0]["logs"] = json!([argon()]);
    assert_eq!(form(&other), None);

    let how = ListReading { program: Some(Program::Apple), ..ListReading::default() };
    let named = LogList::read(mozilla.to_string().as_bytes(), &how).unwrap();
    assert_eq!((named.program, named.form), (Program::Apple, Some(Program::Mozilla)));
}

#[test]
fn older_schemas_are_named_and_refused() {
    let refused = |list: &Value| match LogList::parse(list.to_string().as_bytes(), None) {
        Err(LogListError::OldSchema(schema)) => Some(schema),
        Err(error) => panic!("{error}"),
        Ok(_) => None,
    };
    let v1 = json!({
        "logs": [{"description": "x", "key": ARGON_KEY, "url": "x", "maximum_merge_delay": 86400, "operated_by": [0]}],
        "operators": [{"name": "Google", "id": 0}]
    });
    assert_eq!(refused(&v1), Some(OldSchema::V1));

    let mut log = argon();
    log["state"] = json!({"usable": {"timestamp": "2018-06-15T02:30:13Z"}});
    let v2 = json!({"operators": [{"name": "Google", "email": [], "logs": [log]}]});
    assert_eq!(refused(&v2), Some(OldSchema::V2));
    let error = LogList::parse(v2.to_string().as_bytes(), None).unwrap_err().to_string();
    assert!(error.contains("schema v2") && error.contains("only log lists of schema v3"), "{error}");
    let how = ListReading { also_v2: true, ..ListReading::default() };
    assert_eq!(LogList::read(v2.to_string().as_bytes(), &how).unwrap().logs.len(), 1);
    // What v3 brought shows that it is v3, and so does a state from after v2.
    for field in ["version", "log_list_timestamp"] {
        let mut v3 = v2.clone();
        v3[field] = json!("2026-01-01T00:00:00Z");
        assert_eq!(refused(&v3), None);
    }
    let mut tiled = v2.clone();
    tiled["operators"][0]["tiled_logs"] = json!([]);
    assert_eq!(refused(&tiled), None);
    let recent = json!({"operators": [{"name": "Google", "logs": [argon()]}]});
    assert_eq!(refused(&recent), None);

    let mut entry = argon();
    entry["operator"] = json!("Google");
    assert_eq!(refused(&json!({"Google": [entry]})), Some(OldSchema::Consolidated));
}

#[test]
fn empty_lists_are_lists() {
    for text in [r#"{"operators": []}"#, r#"{"operators": [{"name": "x", "logs": []}]}"#] {
        let list = LogList::parse(text.as_bytes(), None).unwrap();
        assert!(list.logs.is_empty() && list.problems.is_empty());
    }
}

#[test]
fn bad_entries_are_named_and_the_rest_is_read() {
    let mut wrong_id = argon();
    wrong_id["log_id"] = json!(STANDARD.encode([7; 32]));
    let mut wrong_state = argon();
    wrong_state["state"] = json!({"marvellous": {}});
    let mut wrong_time = argon();
    wrong_time["temporal_interval"] = json!({"start_inclusive": "soon"});
    let without_key = json!({"description": "x", "log_id": ARGON_ID});
    let entries = [wrong_id, wrong_state, wrong_time, without_key, json!(7), argon(), argon()];
    let list = parse(&list_of(&entries));
    assert_eq!(list.logs.len(), 1);
    let kinds: Vec<_> = list.problems.iter().map(|problem| problem.kind.clone()).collect();
    assert!(matches!(kinds[0], ProblemKind::IdMismatch { .. }));
    assert!(matches!(kinds[1], ProblemKind::State(_)));
    assert!(matches!(kinds[2], ProblemKind::Time(_)));
    assert_eq!(kinds[3..5], [ProblemKind::Key, ProblemKind::Key]);
    assert!(matches!(kinds[5], ProblemKind::Duplicate(_)));
}

#[test]
fn what_has_another_shape_is_named_not_passed_over() {
    let with = |field: &str, value: Value| {
        let mut log = argon();
        log[field] = value;
        parse(&list_of(&[log])).problems.into_iter().map(|problem| problem.kind).collect::<Vec<_>>()
    };
    for (field, value) in [
        ("state", json!("usable")),
        ("log_type", json!("mirror")),
        ("previous_operators", json!({})),
        ("previous_operators", json!([{"name": "x", "end_time": "2020-01-01T00:00:00Z"}, {"name": "y"}])),
    ] {
        let kinds = with(field, value);
        assert!(matches!(kinds.as_slice(), [ProblemKind::Field { field: named, .. }] if *named == field));
    }
    let inverted =
        json!({"start_inclusive": "2027-01-01T00:00:00Z", "end_exclusive": "2026-01-01T00:00:00Z"});
    assert!(matches!(with("temporal_interval", inverted).as_slice(), [ProblemKind::Time(_)]));
    for (field, value) in
        [("log_type", json!("prod")), ("log_type", Value::Null), ("previous_operators", Value::Null)]
    {
        assert_eq!(with(field, value), []);
    }
    let mut list = list_of(&[argon()]);
    list["operators"][0]["tiled_logs"] = json!("none");
    let list = parse(&list);
    assert_eq!((list.logs.len(), list.problems.len()), (1, 1));
}

#[test]
fn refuses_what_is_no_list() {
    let refused = |octets: &[u8]| LogList::parse(octets, None).unwrap_err();
    assert!(matches!(refused(b"\x30\x82"), LogListError::Syntax(_)));
    assert!(matches!(refused(b"[]"), LogListError::NotALogList));
    assert!(matches!(refused(br#"{"operators": {}}"#), LogListError::NotALogList));
    assert!(matches!(refused(&vec![b' '; MAX_LIST_OCTETS + 1]), LogListError::TooLarge(_)));
    let undated = br#"{"log_list_timestamp": "yesterday", "operators": []}"#;
    assert!(matches!(refused(undated), LogListError::Timestamp(_)));
    let nested = "[".repeat(100_000);
    assert!(matches!(refused(nested.as_bytes()), LogListError::Syntax(_)));
}

#[test]
fn a_signature_is_right_or_the_list_refused() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let key = ListKey::read(key.as_ref()).unwrap();
    let octets = list_of(&[argon()]).to_string().into_bytes();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &octets, &mut signature).unwrap();

    let check = |octets: &[u8], signature: &[u8]| {
        let how = ListReading { signature: Some(signature), key: Some(&key), ..ListReading::default() };
        LogList::read(octets, &how).map(|list| list.signature)
    };
    assert_eq!(check(&octets, &signature).unwrap(), ListSignature::Verified);
    assert_eq!(check(&octets, STANDARD.encode(&signature).as_bytes()).unwrap(), ListSignature::Verified);

    let mut altered = octets.clone();
    altered[20] ^= 1;
    assert!(matches!(check(&altered, &signature), Err(LogListError::InvalidSignature)));
    let mut wrong = signature.clone();
    wrong[20] ^= 1;
    assert!(matches!(check(&octets, &wrong), Err(LogListError::InvalidSignature)));
    assert!(matches!(check(&octets, b""), Err(LogListError::InvalidSignature)));
    // Google's key did not sign it.
    assert!(matches!(LogList::parse(&octets, Some(&signature)), Err(LogListError::InvalidSignature)));
}

#[test]
fn googles_key_is_a_key() {
    let key = STANDARD.decode(GOOGLE_KEY_BASE64).unwrap();
    assert!(ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key).is_ok());
    // RSA-4096 with exponent 65537.
    assert_eq!(key.len(), 550);
    assert_eq!(ListKey::read(&key), Ok(ListKey::google()));
}

#[test]
fn a_key_is_pem_der_or_base64() {
    let lines = GOOGLE_KEY_BASE64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    let lines = lines.collect::<Vec<_>>().join("\r\n");
    let pem = format!("a note\n-----BEGIN PUBLIC KEY-----\r\n{lines}\r\n-----END PUBLIC KEY-----\n");
    for text in [pem.as_str(), GOOGLE_KEY_BASE64, &lines] {
        assert!(ListKey::read(text.as_bytes()).unwrap().is_googles());
    }
    assert_eq!(ListKey::read(b""), Err(ListKeyError::NotAKey));
    assert_eq!(ListKey::read(b"not a key!"), Err(ListKeyError::NotAKey));
    assert_eq!(ListKey::read(&[0xff; 40]), Err(ListKeyError::NotAKey));
    assert_eq!(ListKey::read(&vec![0x30; MAX_KEY_OCTETS + 1]), Err(ListKeyError::NotAKey));
    // A log's own key: P-256.
    assert_eq!(ListKey::read(ARGON_KEY.as_bytes()), Err(ListKeyError::NotRsa));
}

proptest! {
    #[test]
    fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = LogList::parse(&octets, Some(&octets));
        let _ = LogList::parse(&octets, None);
    }

    #[test]
    fn any_entry_is_read_or_named(
        field in "(description|log_id|key|url|state|temporal_interval|log_type|previous_operators)",
        value in prop_oneof![
            any::<i64>().prop_map(|number| json!(number)),
            ".{0,20}".prop_map(|text| json!(text)),
            "[a-z]{1,9}".prop_map(|key| json!({key: {"timestamp": -1}})),
            Just(json!([{"name": "x", "end_time": "2020-01-01T00:00:00Z"}, 1])),
            Just(Value::Null),
        ],
    ) {
        let mut log = argon();
        log[field.as_str()] = value;
        let list = parse(&list_of(&[log]));
        prop_assert!(matches!((list.logs.len(), list.problems.len()), (1, 0) | (0, 1)));
        for log in &list.logs {
            prop_assert_eq!(log.id, LogId::of_key(&log.key_spki));
        }
    }
}
