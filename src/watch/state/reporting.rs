//! Reports as a channel of the outbox: whatever was found, by whomever, is listed by one report of `watch --once`; and what
//! could not be determined is named until it is, or somebody knows of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::State;
use super::alerts::{Alert, Due};
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, milliseconds, number};
use super::error::StateError;
use crate::x509::hexadecimal;

/// The channel of reports; no other may have its name.
pub const REPORT: &str = "--once";
/// Where that stands which was reported as undetermined: this where nothing was wished, and with the wishes behind it
/// where it was judged by some. Who wishes something else ends it for himself alone.
pub(super) const UNDETERMINED: &str = "--once, undetermined";
/// Where that stands of which somebody said that he knows of it.
const ACKNOWLEDGED: &str = "--once, acknowledged";
/// The most undetermined alerts that are read.
const MOST: u64 = 10_000;

/// How many ids go into one question.
const AT_ONCE: usize = 1000;

/// The texts of a JSON array, as either database unpacks them.
macro_rules! listed {
    (postgres) => {
        "(SELECT value FROM json_array_elements_text(CAST($2 AS json)))"
    };
    (sqlite) => {
        "(SELECT value FROM json_each($2))"
    };
}

/// Deliveries that are open of the alerts of a list.
macro_rules! among {
    ($database:tt) => {
        concat!("delivered_at IS NULL AND alert IN ", listed!($database))
    };
}

/// Deliveries of the alerts of a list that are not there yet.
macro_rules! again {
    ($database:tt) => {
        concat!(
            "INSERT INTO deliveries (alert, channel, created, next_at) \
             SELECT id, $1, (SELECT now FROM clock), 0 FROM alerts WHERE id IN ",
            listed!($database),
            " ON CONFLICT (alert, channel) DO NOTHING"
        )
    };
}

fn list(ids: &[String]) -> String {
    serde_json::json!(ids).to_string()
}

/// Whether no channel of a policy may be called so.
pub fn is_reserved(channel: &str) -> bool {
    channel.starts_with(REPORT)
}

/// Where that stands which was reported as undetermined by whoever had these wishes.
pub(super) fn undetermined_by(wishes: Option<&[u8; 32]>) -> String {
    wishes.map_or_else(|| UNDETERMINED.to_owned(), |wishes| format!("{UNDETERMINED} {}", hexadecimal(wishes)))
}

fn read(row: &Row) -> Result<Alert, StateError> {
    Ok(Alert {
        id: row.text(0)?,
        kind: row.text(1)?,
        subject: row.text(2)?,
        created: row.time(3)?,
        payload: row.text(4)?,
    })
}

impl State {
    /// Makes all that no report listed yet due for the next, whoever found it: nothing that stands in the state when this
    /// begins is missing in a report.
    pub async fn take_up_unreported(&self) -> Result<(), StateError> {
        let sql = "INSERT INTO deliveries (alert, channel, created, next_at) \
                   SELECT a.id, $1, a.created, 0 FROM alerts a WHERE NOT EXISTS \
                   (SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.channel = $1) \
                   ON CONFLICT (alert, channel) DO NOTHING";
        self.database.rows(Durable, sql, &[Value::Text(REPORT)]).await.map(drop)
    }

    /// Takes alerts that no report has listed yet, a hundred at most. For the time given, no other report lists them.
    pub async fn unreported(&self, time: Duration) -> Result<Vec<Due>, StateError> {
        self.due(REPORT, 100, time).await
    }

    /// How many alerts no report has listed yet, whoever found them.
    pub async fn count_without_report(&self) -> Result<u64, StateError> {
        let sql = "SELECT COUNT(*) FROM alerts a WHERE NOT EXISTS (SELECT 1 FROM deliveries d \
                   WHERE d.alert = a.id AND d.channel = $1 AND d.delivered_at IS NOT NULL)";
        let rows = self.database.rows(Progress, sql, &[Value::Text(REPORT)]).await?;
        rows.first().map_or(Ok(0), |row| row.number(0))
    }

    /// How many alerts were taken up for reports and listed by none yet, those that others are about to list among them.
    pub async fn count_unreported(&self) -> Result<u64, StateError> {
        let sql = "SELECT COUNT(*) FROM deliveries WHERE channel = $1 AND delivered_at IS NULL";
        let rows = self.database.rows(Progress, sql, &[Value::Text(REPORT)]).await?;
        rows.first().map_or(Ok(0), |row| row.number(0))
    }

    /// Holds alerts that [`State::unreported`] gave for that much longer.
    pub async fn hold_unreported(&self, ids: &[String], time: Duration) -> Result<(), StateError> {
        let sql = if self.database.is_postgres() {
            concat!(
                "UPDATE deliveries SET next_at = (SELECT now FROM clock) + $3, pause = $3 WHERE channel = $1 AND ",
                among!(postgres)
            )
        } else {
            concat!(
                "UPDATE deliveries SET next_at = (SELECT now FROM clock) + $3, pause = $3 WHERE channel = $1 AND ",
                among!(sqlite)
            )
        };
        for ids in ids.chunks(AT_ONCE) {
            let values = [Value::Text(REPORT), Value::Text(&list(ids)), Value::Number(milliseconds(time))];
            self.database.rows(Progress, sql, &values).await?;
        }
        Ok(())
    }

    /// The alerts of these ids were listed, and of these, `undetermined` are to be named again to whoever has our wishes.
    pub async fn reported(&self, listed: &[String], undetermined: &[String]) -> Result<(), StateError> {
        let is_postgres = self.database.is_postgres();
        let done_with = if is_postgres {
            concat!(
                "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) WHERE channel = $1 AND ",
                among!(postgres)
            )
        } else {
            concat!(
                "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) WHERE channel = $1 AND ",
                among!(sqlite)
            )
        };
        let named_again = if is_postgres { again!(postgres) } else { again!(sqlite) };
        let channel = undetermined_by(self.wishes.get());
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            for ids in listed.chunks(AT_ONCE) {
                transaction.execute(done_with, &[Value::Text(REPORT), Value::Text(&list(ids))]).await?;
            }
            for ids in undetermined.chunks(AT_ONCE) {
                transaction.execute(named_again, &[Value::Text(&channel), Value::Text(&list(ids))]).await?;
            }
            Ok(())
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// The alerts that were reported as undetermined, by whatever wishes, and still are by these, the oldest first; ten
    /// thousand at most.
    pub async fn undetermined(&self) -> Result<Vec<Alert>, StateError> {
        let sql = "SELECT id, kind, subject, created, payload FROM alerts WHERE id IN \
                   (SELECT alert FROM deliveries WHERE substr(channel, 1, length($1)) = $1 \
                   AND delivered_at IS NULL) ORDER BY created, id LIMIT $2";
        let rows = self.database.rows(Progress, sql, &[Value::Text(UNDETERMINED), number(MOST)?]).await?;
        rows.iter().map(read).collect()
    }

    /// The alerts of this kind about these subjects, in no order.
    pub async fn alerts_about(&self, kind: &str, subjects: &[String]) -> Result<Vec<Alert>, StateError> {
        let sql = if self.database.is_postgres() {
            concat!(
                "SELECT id, kind, subject, created, payload FROM alerts WHERE kind = $1 AND subject IN ",
                listed!(postgres)
            )
        } else {
            concat!(
                "SELECT id, kind, subject, created, payload FROM alerts WHERE kind = $1 AND subject IN ",
                listed!(sqlite)
            )
        };
        let mut found = Vec::new();
        for subjects in subjects.chunks(AT_ONCE) {
            let subjects = list(subjects);
            let values = [Value::Text(kind), Value::Text(&subjects)];
            for row in self.database.rows(Progress, sql, &values).await? {
                found.push(read(&row)?);
            }
        }
        Ok(found)
    }

    /// Somebody knows of what the alerts of this kind say whose subjects begin so; gives the payloads of those of which
    /// nobody did before.
    pub async fn acknowledge_alerts(&self, kind: &str, subjects: &str) -> Result<Vec<String>, StateError> {
        let is_meant = [Value::Text(kind), Value::Text(subjects), Value::Text(ACKNOWLEDGED)];
        let sql = "SELECT payload FROM alerts WHERE kind = $1 AND substr(subject, 1, length($2)) = $2 \
                   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.alert = alerts.id AND d.channel = $3) \
                   ORDER BY created, id";
        let payloads: Result<_, _> =
            self.database.rows(Progress, sql, &is_meant).await?.iter().map(|row| row.text(0)).collect();
        let sql = "INSERT INTO deliveries (alert, channel, created, next_at, delivered_at) \
                   SELECT id, $3, (SELECT now FROM clock), 0, (SELECT now FROM clock) FROM alerts \
                   WHERE kind = $1 AND substr(subject, 1, length($2)) = $2 \
                   ON CONFLICT (alert, channel) DO NOTHING";
        self.database.rows(Durable, sql, &is_meant).await?;
        payloads
    }

    /// The subjects of the alerts of this kind that somebody knows of.
    pub async fn acknowledged(&self, kind: &str) -> Result<BTreeSet<String>, StateError> {
        let sql = "SELECT a.subject FROM alerts a WHERE a.kind = $1 AND EXISTS \
                   (SELECT 1 FROM deliveries d WHERE d.alert = a.id AND d.channel = $2)";
        let values = [Value::Text(kind), Value::Text(ACKNOWLEDGED)];
        self.database.rows(Progress, sql, &values).await?.iter().map(|row| row.text(0)).collect()
    }

    /// An alert is undetermined for nobody any more, or somebody knows of it.
    pub async fn determined(&self, id: &str) -> Result<(), StateError> {
        let sql = "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) \
                   WHERE alert = $1 AND substr(channel, 1, length($2)) = $2 AND delivered_at IS NULL";
        self.database.rows(Durable, sql, &[Value::Text(id), Value::Text(UNDETERMINED)]).await.map(drop)
    }

    /// An alert is not undetermined any more by our wishes.
    pub async fn determined_for_us(&self, id: &str) -> Result<(), StateError> {
        let sql = "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) \
                   WHERE alert = $1 AND channel = $2 AND delivered_at IS NULL";
        let channel = undetermined_by(self.wishes.get());
        self.database.rows(Durable, sql, &[Value::Text(id), Value::Text(&channel)]).await.map(drop)
    }
}
