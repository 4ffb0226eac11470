//! The log tables as text, there and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{
    ListKey, ListRow, ListSource, LogRow, LogTables, Program, Seen, Signed, StateKey, previous_operators_of,
    previous_operators_text,
};
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType};
use crate::ct::log_table::Assurance;
use crate::tables::TableError;
use crate::tables::tsv::{self, parse, render};

/// The text of the three tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTexts {
    /// `ct-logs.tsv`.
    pub logs: String,
    /// `ct-log-states.tsv`.
    pub states: String,
    /// `ct-log-lists.tsv`.
    pub lists: String,
}

const LOG_COLUMNS: &[&str] = &[
    "log_id",
    "key",
    "type",
    "operator",
    "previous_operators",
    "name",
    "start",
    "end",
    "url",
    "monitoring_url",
    "assurance",
    "described_by",
    "described_on",
];
const STATE_COLUMNS: &[&str] = &["log_id", "program", "state", "since", "first_list", "last_list"];
const LIST_COLUMNS: &[&str] = &["program", "version", "date", "signed", "logs"];

impl LogTables {
    /// Reads the tables back, so that newer lists can be folded in.
    pub fn parse(texts: &LogTexts) -> Result<Self, TableError> {
        let mut tables = Self::default();
        for row in parse(&texts.logs, LOG_COLUMNS)? {
            let key_spki = row.read("key", |text| STANDARD.decode(text).ok())?;
            let id = row.read("log_id", |text| {
                text.parse::<LogId>().ok().filter(|id| *id == LogId::of_key(&key_spki))
            })?;
            let log = LogRow {
                key_spki,
                log_type: row.read("type", log_type)?,
                operator: row.text("operator").to_owned(),
                previous_operators: row
                    .read_present("previous_operators", previous_operators_of)?
                    .unwrap_or_default(),
                name: row.text("name").to_owned(),
                interval: row.time("start")?.zip(row.time("end")?),
                url: row.present("url").map(str::to_owned),
                monitoring_url: row.present("monitoring_url").map(str::to_owned),
                assurance: row.read("assurance", Assurance::from_note)?,
                described_by: ListSource::from_name(row.text("described_by")),
                described_on: row.time("described_on")?,
            };
            tables.logs.insert(id, log);
        }
        for row in parse(&texts.states, STATE_COLUMNS)? {
            let key = StateKey {
                id: row.read("log_id", |text| text.parse().ok())?,
                program: row.read("program", Program::from_name)?,
                since: row.time("since")?,
                state: row.read("state", LogState::from_name)?,
            };
            let first = row.read("first_list", |text| text.parse().ok())?;
            let last = row.read("last_list", |text| text.parse().ok())?;
            tables.states.insert(key, Seen { first, last });
        }
        for row in parse(&texts.lists, LIST_COLUMNS)? {
            let key = ListKey {
                source: ListSource::from_name(row.text("program")),
                date: row.time("date")?,
                version: row.present("version").unwrap_or_default().to_owned(),
            };
            let signed = row.read("signed", signed_of)?;
            tables.lists.insert(key, ListRow { signed, logs: row.read("logs", |text| text.parse().ok())? });
        }
        Ok(tables)
    }

    /// The tables as text.
    pub fn render(&self) -> LogTexts {
        LogTexts { logs: self.logs_text(), states: self.states_text(), lists: self.lists_text() }
    }

    fn logs_text(&self) -> String {
        let mut notes = vec![
            "Every Certificate Transparency log whose key is known, sorted by log id.".to_owned(),
            "Made by `pinstead tables logs`; see data/README.md. Do not edit by hand.".to_owned(),
            "log_id: base64 of SHA-256(key). key: base64 of the DER SubjectPublicKeyInfo. start, end: the log \
             takes certificates whose notAfter lies in [start, end). described_by, described_on: the list that \
             operator and name are from. assurance: mimic (its private key is published), bogus (a \
             placeholder), test, monitoring_only, or -."
                .to_owned(),
        ];
        notes.extend(self.sources());
        render(&notes, LOG_COLUMNS, self.logs.iter().map(|(id, log)| log_fields(*id, log)))
    }

    fn states_text(&self) -> String {
        let mut notes = vec![
            "What each programme said of each log, and from which list to which list it said so.".to_owned(),
            "Made by `pinstead tables logs`; see data/README.md. Do not edit by hand.".to_owned(),
            "since: when the state began, as the lists say. In lists read out of a browser's binary “usable” \
             stands for qualified, usable or readonly, and continues the one that was known."
                .to_owned(),
        ];
        notes.extend(self.sources());
        let fields = |(key, seen): (&StateKey, &Seen)| {
            vec![
                key.id.to_string(),
                key.program.name().to_owned(),
                key.state.name().to_owned(),
                tsv::time(key.since),
                seen.first.to_string(),
                seen.last.to_string(),
            ]
        };
        render(&notes, STATE_COLUMNS, self.states.iter().map(fields))
    }

    fn lists_text(&self) -> String {
        let notes = [
            "The log lists that the tables were made from.".to_owned(),
            "Made by `pinstead tables logs`; see data/README.md. Do not edit by hand.".to_owned(),
            "date: as the list states it, else when it was seen published, else its newest state change. \
             signed: yes (by Google's list key, checked), no, or derived (read out of a browser's binary). \
             Sources other than chrome, apple, mozilla and android only add keys and descriptions."
                .to_owned(),
        ];
        let fields = |(key, list): (&ListKey, &ListRow)| {
            vec![
                key.source.name().to_owned(),
                key.version.clone(),
                tsv::time(key.date),
                signed_text(list.signed).to_owned(),
                list.logs.to_string(),
            ]
        };
        render(&notes, LIST_COLUMNS, self.lists.iter().map(fields))
    }

    /// One line for each source: how many lists, from when to when.
    fn sources(&self) -> Vec<String> {
        let mut sources: Vec<&ListSource> = self.lists.keys().map(|key| &key.source).collect();
        sources.dedup();
        let line = |source: &&ListSource| {
            let of_source = || self.lists.iter().filter(|(key, _)| key.source == **source);
            let dates = || of_source().filter_map(|(key, _)| key.date);
            let signed = of_source().filter(|(_, list)| list.signed == Signed::Yes).count();
            let derived = of_source().filter(|(_, list)| list.signed == Signed::Derived).count();
            format!(
                "source: {}, {} lists from {} to {}; signature verified: {signed}, read out of a binary: {derived}",
                source.name(),
                of_source().count(),
                tsv::time(dates().min()),
                tsv::time(dates().max()),
            )
        };
        sources.iter().map(line).collect()
    }
}

fn log_fields(id: LogId, log: &LogRow) -> Vec<String> {
    vec![
        id.to_string(),
        STANDARD.encode(&log.key_spki),
        log.log_type.name().to_owned(),
        log.operator.clone(),
        previous_operators_text(&log.previous_operators),
        log.name.clone(),
        tsv::time(log.interval.map(|(start, _)| start)),
        tsv::time(log.interval.map(|(_, end)| end)),
        log.url.clone().unwrap_or_default(),
        log.monitoring_url.clone().unwrap_or_default(),
        log.assurance.note().to_owned(),
        log.described_by.name().to_owned(),
        tsv::time(log.described_on),
    ]
}

fn log_type(text: &str) -> Option<LogType> {
    [LogType::Rfc6962, LogType::Static].into_iter().find(|log_type| log_type.name() == text)
}

fn signed_text(signed: Signed) -> &'static str {
    match signed {
        Signed::Yes => "yes",
        Signed::No => "no",
        Signed::Derived => "derived",
    }
}

fn signed_of(text: &str) -> Option<Signed> {
    [Signed::Yes, Signed::No, Signed::Derived].into_iter().find(|signed| signed_text(*signed) == text)
}
