//! The log tables as Rust arrays.

use std::collections::BTreeMap;

use crate::table::{self, Row, Table, declare, emit};

const PROGRAMS: [(&str, &str); 4] =
    [("chrome", "Chrome"), ("apple", "Apple"), ("mozilla", "Mozilla"), ("android", "Android")];

/// The code that `src/ct/log_table/embedded.rs` includes.
pub(crate) fn compile() -> Result<String, String> {
    let mut code = String::new();
    let ids = logs(&mut code)?;
    history(&ids, &mut code)?;
    snapshots(&mut code)?;
    Ok(code)
}

/// Writes `LOGS`, and gives the ids in its order.
fn logs(code: &mut String) -> Result<Vec<Vec<u8>>, String> {
    let table = Table::read("data/ct-logs.tsv")?;
    let mut logs = BTreeMap::new();
    for row in table.rows() {
        let id = row.read("log_id", table::base64)?;
        if id.len() != 32 {
            return Err(row.error("a log id has 32 octets"));
        }
        if logs.insert(id.clone(), log(row, &id)?).is_some() {
            return Err(row.error("this log stands in the table already"));
        }
    }
    declare(code, &format!("LOGS: [KnownLog<'static>; {}] = [", logs.len()));
    for log in logs.values() {
        emit(code, log);
    }
    emit(code, "];");
    Ok(logs.into_keys().collect())
}

fn log(row: Row<'_>, id: &[u8]) -> Result<String, String> {
    let log_type = row.read("type", |text| choose(text, &[("rfc6962", "Rfc6962"), ("static", "Static")]))?;
    let assurance = match row.optional("assurance")? {
        None => "Real",
        Some("mimic") => "Mimic",
        Some("bogus") => "Bogus",
        Some("test") => "Test",
        Some("monitoring_only") => "MonitoringOnly",
        Some(_) => return Err(row.error("the assurance is not a known one")),
    };
    let interval = match (time(row, "start")?, time(row, "end")?) {
        (Some(start), Some(end)) => format!("Some(({start}, {end}))"),
        (None, None) => "None".to_owned(),
        _ => return Err(row.error("start and end stand together or not at all")),
    };
    Ok(format!(
        "KnownLog {{ id: LogId({id:?}), key_spki: &{key:?}, log_type: LogType::{log_type}, \
         operator: {operator:?}, previous_operators: &[{previous}], name: {name:?}, mmd: None, interval: {interval}, \
         url: {url:?}, monitoring_url: {monitoring:?}, assurance: Assurance::{assurance} }},",
        key = row.read("key", table::base64)?,
        operator = row.text("operator")?,
        previous = row.read_optional("previous_operators", previous_operators)?.unwrap_or_default(),
        name = row.text("name")?,
        url = row.optional("url")?,
        monitoring = row.optional("monitoring_url")?,
    ))
}

fn previous_operators(text: &str) -> Option<String> {
    let one = |part: &str| {
        let (name, end) = part.rsplit_once('@')?;
        let (seconds, nanoseconds) = table::time(end)?;
        Some(format!(
            "crate::ct::log_list::PreviousOperator {{ name: std::borrow::Cow::Borrowed({name:?}), \
             end: Timestamp::constant({seconds}, {nanoseconds}) }}, "
        ))
    };
    text.split(';').map(one).collect()
}

/// Writes `HISTORY`: for each log its rows by programme.
fn history(ids: &[Vec<u8>], code: &mut String) -> Result<(), String> {
    let table = Table::read("data/ct-log-states.tsv")?;
    let mut rows: BTreeMap<(Vec<u8>, &str), String> = BTreeMap::new();
    for row in table.rows() {
        let id = row.read("log_id", table::base64)?;
        if ids.binary_search(&id).is_err() {
            return Err(row.error("this log is not in ct-logs.tsv"));
        }
        let program = row.read("program", |text| choose(text, &PROGRAMS))?;
        let of_program = rows.entry((id, program)).or_default();
        emit(of_program, &state(row)?);
    }
    declare(code, &format!("HISTORY: [History; {}] = [", ids.len()));
    for id in ids {
        emit(code, "[");
        for (_, program) in PROGRAMS {
            let of_program = rows.get(&(id.clone(), program)).map_or("", String::as_str);
            emit(code, &format!("&[{of_program}],"));
        }
        emit(code, "],");
    }
    emit(code, "];");
    Ok(())
}

fn state(row: Row<'_>) -> Result<String, String> {
    let states = [
        ("pending", "Pending"),
        ("qualified", "Qualified"),
        ("usable", "Usable"),
        ("readonly", "Readonly"),
        ("retired", "Retired"),
        ("rejected", "Rejected"),
    ];
    let list = |column| time(row, column)?.ok_or_else(|| row.error(&format!("{column} is absent")));
    Ok(format!(
        "StateRow {{ state: LogState::{}, since: {}, first: {}, last: {} }},",
        row.read("state", |text| choose(text, &states))?,
        time(row, "since")?.map_or_else(|| "None".to_owned(), |since| format!("Some({since})")),
        list("first_list")?,
        list("last_list")?,
    ))
}

/// Writes `SNAPSHOTS`: for each programme its lists, by date.
fn snapshots(code: &mut String) -> Result<(), String> {
    let table = Table::read("data/ct-log-lists.tsv")?;
    let mut snapshots: Vec<((i64, u32), &str, String)> = Vec::new();
    for row in table.rows() {
        let Some(program) = choose(row.text("program")?, &PROGRAMS) else { continue };
        let date = row.read("date", table::time)?;
        let signed =
            row.read("signed", |text| choose(text, &[("yes", "Yes"), ("no", "No"), ("derived", "Derived")]))?;
        let snapshot = format!(
            "ListSnapshot {{ source: SnapshotSource::Embedded, version: {:?}, \
             timestamp: Some(Timestamp::constant({}, {})), dating: Dating::Known, signed: Signed::{signed} }},",
            row.optional("version")?,
            date.0,
            date.1,
        );
        snapshots.push((date, program, snapshot));
    }
    snapshots.sort_by_key(|(date, _, _)| *date);
    declare(code, &format!("SNAPSHOTS: [&[ListSnapshot<'static>]; {}] = [", PROGRAMS.len()));
    for (_, program) in PROGRAMS {
        emit(code, "&[");
        for (_, _, snapshot) in snapshots.iter().filter(|(_, of, _)| *of == program) {
            emit(code, snapshot);
        }
        emit(code, "],");
    }
    emit(code, "];");
    Ok(())
}

fn time(row: Row<'_>, column: &str) -> Result<Option<String>, String> {
    let time = row.read_optional(column, table::time)?;
    Ok(time.map(|(seconds, nanoseconds)| format!("Timestamp::constant({seconds}, {nanoseconds})")))
}

fn choose<'c>(text: &str, choices: &[(&str, &'c str)]) -> Option<&'c str> {
    choices.iter().find(|(name, _)| *name == text).map(|(_, variant)| *variant)
}
