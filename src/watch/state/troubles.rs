//! What keeps logs from being followed: said by whoever tries, and gone when it is.

use jiff::Timestamp;

use super::database::Durability::{Durable, Progress};
use super::database::{Value, number, storable};
use super::error::StateError;
use super::{PAGE, State};

/// The most characters of a text.
const MOST_TEXT: usize = 1000;

/// What keeps a log from being followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTrouble {
    /// The log's id; it may not be among the logs of the state yet.
    pub log_id: [u8; 32],
    /// What it is called.
    pub name: String,
    /// Where it is read.
    pub url: String,
    /// What is wrong.
    pub text: String,
    /// Since when something was, without a break.
    pub since: Timestamp,
    /// When that was seen last.
    pub seen: Timestamp,
}

impl State {
    /// Keeps what keeps a log from being followed, or that nothing does any more.
    pub async fn keep_trouble(
        &self,
        log_id: &[u8; 32],
        (name, url): (&str, &str),
        text: Option<&str>,
    ) -> Result<(), StateError> {
        let id = Value::Octets(log_id);
        let Some(text) = text else {
            let sql = "DELETE FROM troubles WHERE log_id = $1";
            return self.database.rows(Durable, sql, &[id]).await.map(drop);
        };
        let text: String = storable(text).chars().take(MOST_TEXT).collect();
        let (name, url) = (storable(name), storable(url));
        let sql = "INSERT INTO troubles (log_id, name, url, text, since, seen) \
                   VALUES ($1, $2, $3, $4, (SELECT now FROM clock), (SELECT now FROM clock)) \
                   ON CONFLICT (log_id) DO UPDATE SET name = excluded.name, url = excluded.url, \
                   text = excluded.text, seen = excluded.seen";
        let values = [id, Value::Text(&name), Value::Text(&url), Value::Text(&text)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// What keeps logs from being followed, by name; a thousand at most.
    pub async fn troubles(&self) -> Result<Vec<LogTrouble>, StateError> {
        let sql = "SELECT log_id, name, url, text, since, seen FROM troubles ORDER BY name LIMIT $1";
        let rows = self.database.rows(Progress, sql, &[number(PAGE)?]).await?;
        let read = rows.iter().map(|row| {
            Ok(LogTrouble {
                log_id: row.hash(0)?,
                name: row.text(1)?,
                url: row.text(2)?,
                text: row.text(3)?,
                since: row.time(4)?,
                seen: row.time(5)?,
            })
        });
        read.collect()
    }
}
