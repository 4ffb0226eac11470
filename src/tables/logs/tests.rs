use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;

fn log(seed: u8, name: &str, state: &Value) -> Value {
    let key = [seed; 91];
    json!({
        "description": name,
        "key": STANDARD.encode(key),
        "log_id": LogId::of_key(&key).to_string(),
        "url": format!("https://{seed}.example/"),
        "state": state
    })
}

fn input(source: &str, date: &str, operator: &str, logs: &[Value]) -> ListInput {
    let json = json!({
        "version": "1.2",
        "log_list_timestamp": date,
        "operators": [{"name": operator, "logs": logs}]
    });
    let list = LogList::parse(json.to_string().as_bytes(), None).unwrap();
    let source = ListSource::from_name(source);
    ListInput { source, list, version: None, date: None, derived: false }
}

fn usable() -> Value {
    json!({"usable": {"timestamp": "2025-01-01T00:00:00Z"}})
}

fn lists() -> Vec<ListInput> {
    let derived = input(
        "chrome",
        "2026-09-01T00:00:00Z",
        "Operator",
        &[log(1, "one", &json!({"usable": {}})), log(3, "three", &json!({"usable": {}}))],
    );
    vec![
        input("chrome", "2026-01-01T00:00:00Z", "Operator", &[log(1, "one, once", &usable())]),
        input(
            "chrome",
            "2026-06-01T00:00:00Z",
            "Operator",
            &[
                log(1, "one", &json!({"readonly": {"timestamp": "2026-05-01T00:00:00Z"}})),
                log(2, "two", &Value::Null),
            ],
        ),
        input("apple", "2026-07-01T00:00:00Z", "Operator GmbH", &[log(1, "One", &usable())]),
        input("elsewhere", "2026-08-01T00:00:00Z", "Another", &[log(4, "four", &Value::Null)]),
        ListInput { derived: true, ..derived },
    ]
}

fn built(inputs: Vec<ListInput>) -> LogTables {
    let mut tables = LogTables::default();
    tables.add(inputs).unwrap();
    tables
}

/// The rows of a table without its comments and columns, a few columns of each.
fn rows(text: &str, columns: &[usize]) -> Vec<String> {
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let chosen = |row: &str| {
        let fields: Vec<&str> = row.split('\t').collect();
        columns.iter().map(|column| fields[*column]).collect::<Vec<_>>().join(" ")
    };
    let mut rows: Vec<String> = rows.map(chosen).collect();
    rows.sort();
    rows
}

#[test]
fn descriptions_are_chromes_newest() {
    let texts = built(lists()).render();
    assert_eq!(
        rows(&texts.logs, &[5, 3, 8]),
        [
            "four Another https://4.example/",
            "one Operator https://1.example/",
            "three Operator https://3.example/",
            "two Operator https://2.example/"
        ]
    );
    assert_eq!(rows(&texts.lists, &[0, 3]).len(), 5);
}

/// The binary's “usable” goes on from read-only, and begins a state only where nothing was known.
#[test]
fn states_accumulate() {
    let texts = built(lists()).render();
    assert_eq!(
        rows(&texts.states, &[1, 2, 3, 4, 5]),
        [
            "apple usable 2025-01-01T00:00:00Z 2026-07-01T00:00:00Z 2026-07-01T00:00:00Z",
            "chrome readonly 2026-05-01T00:00:00Z 2026-06-01T00:00:00Z 2026-09-01T00:00:00Z",
            "chrome usable - 2026-09-01T00:00:00Z 2026-09-01T00:00:00Z",
            "chrome usable 2025-01-01T00:00:00Z 2026-01-01T00:00:00Z 2026-01-01T00:00:00Z",
        ]
    );
}

#[test]
fn the_text_is_the_same_whatever_the_order_and_when_merged() {
    let texts = built(lists()).render();
    let mut reversed = lists();
    reversed.reverse();
    assert_eq!(built(reversed).render(), texts);

    let mut again = LogTables::parse(&texts).unwrap();
    assert_eq!(again.render(), texts);
    again.add(lists()).unwrap();
    assert_eq!(again.render(), texts);

    let mut inputs = lists();
    let newer = inputs.split_off(1);
    let mut step = LogTables::parse(&built(inputs).render()).unwrap();
    step.add(newer).unwrap();
    assert_eq!(step.render(), texts);
}

#[test]
fn denied_logs_are_noted_as_such() {
    let (denied, _) = crate::ct::log_table::DENIED[0];
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdO/+dnH/NZSBSLmmN9u2h4HNTnCOLeU+oMBiRynIvQ8zt2ft0IMyO90e5nwSaCdYvA4JVGzCMarfs9DcNxFY1g==";
    let mimic = json!({"description": "m", "key": key, "log_id": denied, "state": usable()});
    let texts = built(vec![input("chrome", "2026-01-01T00:00:00Z", "x", &[mimic])]).render();
    assert_eq!(rows(&texts.logs, &[10]), ["mimic"]);
}

#[test]
fn a_table_that_was_altered_is_refused_with_its_line() {
    let texts = built(lists()).render();
    let lines = texts.logs.lines().count();
    let altered = LogTexts { logs: texts.logs.replace("rfc6962", "rfc9162"), ..texts.clone() };
    let error = LogTables::parse(&altered).unwrap_err();
    assert_eq!(error.line, lines - 3);
    assert_eq!(error.to_string(), format!("line {}: “rfc9162” is not a valid type", lines - 3));
    let short = LogTexts { states: texts.states.replace("\tusable", ""), ..texts };
    assert!(LogTables::parse(&short).unwrap_err().to_string().contains("5 fields instead of 6"));
}

#[test]
fn a_programmes_list_needs_a_date() {
    let list = LogList::parse(br#"{"operators": []}"#, None).unwrap();
    let source = ListSource::Program(Program::Apple);
    let undated = ListInput { source, list, version: None, date: None, derived: false };
    assert!(LogTables::default().add(vec![undated]).is_err());
}
