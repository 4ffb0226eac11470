//! The channels of all who work with a state: an alert goes to every one, whoever makes it.

use jiff::Timestamp;

use super::State;
use super::database::Durability::{Durable, Progress};
use super::database::{Transaction, Value};
use super::error::StateError;
use super::reporting::is_reserved;

/// How long a channel gets alerts after it was named last, in milliseconds: thirty days.
const IN_USE: i64 = 30 * 86_400_000;
/// The most channels that get an alert.
const MOST: i64 = 100;

impl State {
    /// Whether this process serves this channel.
    pub fn serves(&self, channel: &str) -> bool {
        self.channels.iter().any(|own| own == channel)
    }

    /// Says that this process serves its channels: for thirty days, whoever makes an alert makes it for them, too.
    pub async fn name_channels(&self) -> Result<(), StateError> {
        for channel in self.channels.iter().filter(|channel| !is_reserved(channel)) {
            let sql = "INSERT INTO channels (name, named) VALUES ($1, (SELECT now FROM clock)) \
                       ON CONFLICT (name) DO UPDATE SET named = excluded.named";
            self.database.rows(Durable, sql, &[Value::Text(channel)]).await?;
        }
        Ok(())
    }

    /// How many alerts were made when no channel was known, so that they go nowhere.
    pub async fn alerts_without_channel(&self) -> Result<u64, StateError> {
        let sql = "SELECT COUNT(*) FROM alerts WHERE NOT EXISTS \
                   (SELECT 1 FROM deliveries WHERE deliveries.alert = alerts.id)";
        self.database.rows(Progress, sql, &[]).await?.first().map_or(Ok(0), |row| row.number(0))
    }

    /// How many alerts neither a channel took nor a report listed, and when the oldest of them was made.
    pub async fn untold_alerts(&self) -> Result<(u64, Option<Timestamp>), StateError> {
        let sql = "SELECT COUNT(*), MIN(created) FROM alerts WHERE NOT EXISTS (SELECT 1 FROM deliveries \
                   WHERE deliveries.alert = alerts.id AND delivered_at IS NOT NULL)";
        let rows = self.database.rows(Progress, sql, &[]).await?;
        let Some(row) = rows.first() else { return Ok((0, None)) };
        Ok((row.number(0)?, row.maybe_time(1)?))
    }
}

/// The channels that an alert is made for: our own, and those of the others.
pub(super) async fn served(transaction: &mut Transaction, own: &[String]) -> Result<Vec<String>, StateError> {
    let sql = "SELECT name FROM channels WHERE named > (SELECT now FROM clock) - $1 ORDER BY name LIMIT $2";
    let rows = transaction.rows(sql, &[Value::Number(IN_USE), Value::Number(MOST)]).await?;
    let mut all: Vec<String> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    all.extend(own.iter().cloned());
    all.sort();
    all.dedup();
    Ok(all)
}
