//! What logs do wrong, with what proves it.

use jiff::Timestamp;

use super::alerts::{NewAlert, add_alerts};
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number, storable};
use super::error::StateError;
use super::logs::LogNumber;
use super::{PAGE, State};
use crate::evidence::Bytes;

/// The most characters of a fault's text.
const MOST_TEXT: usize = 4000;
/// The most octets of a fault's evidence.
const MOST_EVIDENCE: usize = 4 << 20;

/// A fault of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFault {
    /// Which log.
    pub log: LogNumber,
    /// What kind of fault; a log has one of each kind.
    pub kind: String,
    /// What is wrong, for people.
    pub text: String,
    /// What proves it: the first 4 MiB are kept.
    pub evidence: Bytes,
}

/// A fault of a log as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was reported first.
    pub first: NewFault,
    /// When it was seen first.
    pub since: Timestamp,
    /// When it was seen last.
    pub last_seen: Timestamp,
    /// How often it was seen.
    pub times: u64,
}

impl State {
    /// Keeps a fault, and adds its alert, in one transaction. Of a fault that lasts, the first text and evidence stay, and
    /// no further alert is added. Gives the ids of alerts that were not there before.
    pub async fn report_fault(
        &self,
        fault: &NewFault,
        alerts: &[NewAlert],
    ) -> Result<Vec<String>, StateError> {
        let kind = storable(&fault.kind);
        let text: String = storable(&fault.text).chars().take(MOST_TEXT).collect();
        let evidence = fault.evidence.get(..MOST_EVIDENCE).unwrap_or(&fault.evidence);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let sql = "INSERT INTO faults (log, kind, text, evidence, since, last_seen, times) \
                       VALUES ($1, $2, $3, $4, (SELECT now FROM clock), (SELECT now FROM clock), 1) \
                       ON CONFLICT (log, kind) DO UPDATE \
                       SET last_seen = excluded.last_seen, times = faults.times + 1 RETURNING times";
            let values =
                [Value::Number(fault.log.0), Value::Text(&kind), Value::Text(&text), Value::Octets(evidence)];
            let rows = transaction.rows(sql, &values).await?;
            let is_new = rows.first().map_or(Ok(1), |row| row.number(0))? == 1;
            add_alerts(&mut transaction, &self.channels, if is_new { alerts } else { &[] }).await
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// A fault is over. Gives whether there was one.
    pub async fn end_fault(&self, log: LogNumber, kind: &str) -> Result<bool, StateError> {
        let sql = "DELETE FROM faults WHERE log = $1 AND kind = $2 RETURNING log";
        let kind = storable(kind);
        let rows = self.database.rows(Durable, sql, &[Value::Number(log.0), Value::Text(&kind)]).await?;
        Ok(!rows.is_empty())
    }

    /// All faults that are not over, a thousand at most.
    pub async fn faults(&self) -> Result<Vec<Fault>, StateError> {
        let sql = "SELECT log, kind, text, evidence, since, last_seen, times FROM faults \
                   ORDER BY log, since, kind LIMIT $1";
        self.database.rows(Progress, sql, &[number(PAGE)?]).await?.iter().map(read_fault).collect()
    }
}

fn read_fault(row: &Row) -> Result<Fault, StateError> {
    let first = NewFault {
        log: LogNumber(row.signed(0)?),
        kind: row.text(1)?,
        text: row.text(2)?,
        evidence: Bytes(row.octets(3)?),
    };
    Ok(Fault { first, since: row.time(4)?, last_seen: row.time(5)?, times: row.number(6)? })
}
