//! How all logs stand, in one question: for metrics, health and reports.

use jiff::{SignedDuration, Timestamp};

use super::State;
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number};
use super::error::StateError;
use super::logs::LogNumber;

/// The most rows that are read: a row for each log, or for each of its faults.
const MOST_ROWS: u64 = 10_000;

/// How a log stands, by all who work on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedLog {
    /// Its number here.
    pub number: LogNumber,
    /// Its id: SHA-256 of its key.
    pub log_id: [u8; 32],
    /// What it is called.
    pub description: String,
    /// All entries before this one are proven.
    pub proven: u64,
    /// So many entries were read, from the log's first.
    pub read: u64,
    /// The last tree head, where there was one.
    pub head: Option<SurveyedHead>,
    /// The faults that are not over.
    pub faults: Vec<OpenFault>,
}

/// A tree head, and how long ago it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedHead {
    /// How many entries the tree has.
    pub size: u64,
    /// What the log says of its time, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// How long ago it was seen, by the database's clock alone.
    pub age: SignedDuration,
}

/// A fault that is not over, without its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFault {
    /// Its kind.
    pub kind: String,
    /// What is wrong, for people.
    pub text: String,
    /// When it was seen first.
    pub since: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// How often it was seen.
    pub times: u64,
    /// When somebody said that he knows of it.
    pub acknowledged: Option<Timestamp>,
}

impl State {
    /// How all logs stand, as they were registered one after the other.
    pub async fn survey(&self) -> Result<Vec<SurveyedLog>, StateError> {
        let sql = "SELECT l.id, l.log_id, l.description, l.proven_size, \
                   CAST(COALESCE((SELECT SUM(position - start) FROM ranges WHERE log = l.id), 0) AS BIGINT), \
                   l.head_size, l.head_timestamp, (SELECT now FROM clock) - l.head_seen, \
                   f.kind, f.text, f.since, f.last_seen, f.times, f.acknowledged \
                   FROM logs l LEFT JOIN faults f ON f.log = l.id ORDER BY l.id, f.since, f.kind LIMIT $1";
        let rows = self.database.rows(Progress, sql, &[number(MOST_ROWS)?]).await?;
        let mut logs: Vec<SurveyedLog> = Vec::new();
        for row in &rows {
            let number = LogNumber(row.signed(0)?);
            if logs.last().is_none_or(|last| last.number != number) {
                logs.push(read_log(row, number)?);
            }
            if let (Some(log), Some(kind)) = (logs.last_mut(), row.maybe_text(8)?) {
                log.faults.push(read_fault(row, kind)?);
            }
        }
        Ok(logs)
    }

    /// Somebody knows of all faults of a log, and of its entries that nobody can read: they are shown, and fail nothing any more until another is seen. Gives how
    /// many were not known of before.
    pub async fn acknowledge_faults(&self, log: LogNumber) -> Result<usize, StateError> {
        let sql = "UPDATE faults SET acknowledged = (SELECT now FROM clock) \
                   WHERE log = $1 AND acknowledged IS NULL RETURNING kind";
        let rows = self.database.rows(Durable, sql, &[Value::Number(log.0)]).await?;
        for dark in self.dark(log).await?.iter().filter(|dark| dark.acknowledged.is_none()) {
            self.acknowledge_dark(&dark.subject).await?;
        }
        Ok(rows.len())
    }
}

fn read_log(row: &Row, number: LogNumber) -> Result<SurveyedLog, StateError> {
    let proven = row.number(3)?;
    let head = match (row.maybe_number(5)?, row.maybe_number(6)?) {
        (Some(size), Some(timestamp)) => {
            Some(SurveyedHead { size, timestamp, age: SignedDuration::from_millis(row.signed(7)?) })
        }
        _ => None,
    };
    Ok(SurveyedLog {
        number,
        log_id: row.hash(1)?,
        description: row.text(2)?,
        proven,
        read: proven.saturating_add(row.number(4)?),
        head,
        faults: Vec::new(),
    })
}

fn read_fault(row: &Row, kind: String) -> Result<OpenFault, StateError> {
    Ok(OpenFault {
        kind,
        text: row.text(9)?,
        since: row.time(10)?,
        last_seen: row.time(11)?,
        times: row.number(12)?,
        acknowledged: row.maybe_number(13)?.map(|_| row.time(13)).transpose()?,
    })
}
