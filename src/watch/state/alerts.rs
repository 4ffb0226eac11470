//! Alerts: an outbox from which each channel is served at least once, by whichever process comes to it.

use std::time::Duration;

use jiff::Timestamp;

use super::State;
use super::channels::served;
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Transaction, Value, milliseconds, number, storable};
use super::error::StateError;
use super::lease::random_text;
use super::reporting::is_reserved;

/// The most octets of an alert's payload.
const MOST_PAYLOAD: u64 = 1 << 20;
/// The most characters that are kept of what went wrong.
const MOST_ERROR: usize = 1000;
/// The most deliveries that are given at once.
const MOST_DUE: u32 = 100;
/// How long is waited after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// The longest pause that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(24);

/// An alert to send, unless one of its kind and subject was made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// What kind of alert it is.
    pub kind: String,
    /// What it is about, among those of its kind.
    pub subject: String,
    /// What is sent, JSON; 1 MiB at most.
    pub payload: String,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its id, random: by it, receivers know one that comes twice.
    pub id: String,
    /// What kind of alert it is.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// When it was made.
    pub created: Timestamp,
    /// What is sent, JSON.
    pub payload: String,
}

/// An alert that is to be delivered now, by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The alert.
    pub alert: Alert,
    /// To which channel.
    pub channel: String,
    /// Which attempt this is, from 1.
    pub attempt: u64,
}

/// What waits for a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The channel.
    pub channel: String,
    /// How many alerts.
    pub alerts: u64,
    /// How many of them failed before.
    pub failed: u64,
    /// When the oldest was made.
    pub oldest: Timestamp,
    /// When the oldest was made of those that failed before.
    pub oldest_failed: Option<Timestamp>,
    /// What went wrong with one of them.
    pub error: Option<String>,
    /// When somebody said last that he serves the channel, as far as is known.
    pub named: Option<Timestamp>,
}

/// Where a delivery is due: its pause is over, or it lies further ahead than that pause was, so that the clock was set
/// back since by more than a minute. (The first of both conditions on that spares reading rows.)
macro_rules! due {
    () => {
        "channel = $1 AND delivered_at IS NULL AND (next_at <= (SELECT now FROM clock) \
         OR (next_at > (SELECT now FROM clock) + 60000 AND next_at > (SELECT now FROM clock) + pause + 60000))"
    };
}

/// Claims deliveries, in the order in which they are due.
macro_rules! claim {
    ($skip:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT alert FROM deliveries WHERE ",
            due!(),
            " ORDER BY next_at LIMIT $2 ",
            $skip,
            ") UPDATE deliveries SET attempts = attempts + 1, next_at = (SELECT now FROM clock) + $3, \
             pause = $3 WHERE channel = $1 AND alert IN (SELECT alert FROM due) RETURNING alert, attempts, \
             (SELECT kind FROM alerts WHERE id = alert), (SELECT subject FROM alerts WHERE id = alert), \
             (SELECT alerts.created FROM alerts WHERE id = alert), \
             (SELECT payload FROM alerts WHERE id = alert)"
        )
    };
}

impl State {
    /// Adds an alert, once for each kind and subject. Gives its id where it was not there before.
    pub async fn add_alert(&self, alert: &NewAlert) -> Result<Option<String>, StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = add_alerts(&mut transaction, &self.channels, std::slice::from_ref(alert)).await;
        Ok(transaction.end(done).await?.pop())
    }

    /// Takes alerts that are due for a channel, `most` of them and a hundred at most. For the time given, no other
    /// process gets them; then they are due again, unless they were delivered or failed in between.
    pub async fn due(&self, channel: &str, most: u32, time: Duration) -> Result<Vec<Due>, StateError> {
        let channel = storable(channel);
        let sql = if self.database.is_postgres() { claim!("FOR UPDATE SKIP LOCKED") } else { claim!("") };
        // A claim that is lost with the power is one that nobody holds any more.
        let mut transaction = self.database.begin(Progress).await?;
        let done = async {
            let values = [
                Value::Text(&channel),
                Value::Number(most.min(MOST_DUE).into()),
                Value::Number(milliseconds(time.min(LONGEST_PAUSE))),
            ];
            let mut due = Vec::new();
            // One question for all of them: a database may be far away.
            for row in transaction.rows(sql, &values).await? {
                let missing = || StateError::Damaged("an alert is missing".to_owned());
                let alert = Alert {
                    id: row.text(0)?,
                    kind: row.maybe_text(2)?.ok_or_else(missing)?,
                    subject: row.text(3)?,
                    created: row.time(4)?,
                    payload: row.text(5)?,
                };
                due.push(Due { alert, channel: channel.clone(), attempt: row.number(1)? });
            }
            due.sort_by(|a, b| (a.alert.created, &a.alert.id).cmp(&(b.alert.created, &b.alert.id)));
            Ok(due)
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// The channel has the alert.
    pub async fn delivered(&self, due: &Due) -> Result<(), StateError> {
        let sql = "UPDATE deliveries SET delivered_at = (SELECT now FROM clock), error = NULL \
                   WHERE alert = $1 AND channel = $2 AND delivered_at IS NULL";
        let values = [Value::Text(&due.alert.id), Value::Text(&due.channel)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// The channel did not take the alert. It is due again after a pause that grows, or after what the receiver asked
    /// for. `error` is kept and shown: nothing secret may be in it.
    pub async fn failed(&self, due: &Due, error: &str, asked: Option<Duration>) -> Result<(), StateError> {
        let error: String = storable(error).chars().take(MOST_ERROR).collect();
        let pause = match asked {
            Some(asked) => asked.min(LONGEST_ASKED).max(FIRST_PAUSE),
            None => pause(due.attempt),
        };
        // Who took too long changes nothing for the one who tries now.
        let sql = "UPDATE deliveries SET next_at = (SELECT now FROM clock) + $1, pause = $1, error = $2 \
                   WHERE alert = $3 AND channel = $4 AND attempts = $5 AND delivered_at IS NULL";
        let values = [
            Value::Number(milliseconds(pause)),
            Value::Text(&error),
            Value::Text(&due.alert.id),
            Value::Text(&due.channel),
            number(due.attempt)?,
        ];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// What waits for each channel; a hundred channels at most.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StateError> {
        let sql = "SELECT channel, COUNT(*), COUNT(error), MIN(created), MAX(error), \
                   MIN(CASE WHEN error IS NULL THEN NULL ELSE created END), \
                   (SELECT named FROM channels WHERE name = channel) FROM deliveries \
                   WHERE delivered_at IS NULL GROUP BY channel ORDER BY channel LIMIT 100";
        let rows = self.database.rows(Progress, sql, &[]).await?;
        // Reports are no channel that anybody waits for.
        let is_channel = |row: &&Row| !row.text(0).is_ok_and(|channel| is_reserved(&channel));
        rows.iter()
            .filter(is_channel)
            .map(|row| {
                Ok(Waiting {
                    channel: row.text(0)?,
                    alerts: row.number(1)?,
                    failed: row.number(2)?,
                    oldest: row.time(3)?,
                    oldest_failed: row.maybe_time(5)?,
                    error: row.maybe_text(4)?,
                    named: row.maybe_time(6)?,
                })
            })
            .collect()
    }
}

/// How long is waited after this attempt.
fn pause(attempt: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// Adds alerts that are not there yet, with a delivery for each channel, also of the others; gives their ids.
pub(super) async fn add_alerts(
    transaction: &mut Transaction,
    channels: &[String],
    alerts: &[NewAlert],
) -> Result<Vec<String>, StateError> {
    // In the same order by all, so that nobody waits for the other for ever.
    let mut sorted: Vec<&NewAlert> = alerts.iter().collect();
    sorted.sort_by(|a, b| (&a.kind, &a.subject).cmp(&(&b.kind, &b.subject)));
    let mut added = Vec::new();
    let mut all = None;
    for alert in sorted {
        if u64::try_from(alert.payload.len()).unwrap_or(u64::MAX) > MOST_PAYLOAD {
            return Err(StateError::TooLarge { what: "an alert's payload", most: MOST_PAYLOAD });
        }
        let id = random_text()?;
        let sql = "INSERT INTO alerts (id, kind, subject, created, payload) \
                   VALUES ($1, $2, $3, (SELECT now FROM clock), $4) ON CONFLICT (kind, subject) DO NOTHING";
        let (kind, subject) = (storable(&alert.kind), storable(&alert.subject));
        let payload = storable(&alert.payload);
        let values = [Value::Text(&id), Value::Text(&kind), Value::Text(&subject), Value::Text(&payload)];
        if transaction.execute(sql, &values).await? == 0 {
            continue;
        }
        if all.is_none() {
            all = Some(served(transaction, channels).await?);
        }
        for channel in all.iter().flatten() {
            // Due at once by any clock, also by one that was set back since.
            let sql = "INSERT INTO deliveries (alert, channel, created, next_at) \
                       VALUES ($1, $2, (SELECT now FROM clock), 0) ON CONFLICT (alert, channel) DO NOTHING";
            transaction.execute(sql, &[Value::Text(&id), Value::Text(channel)]).await?;
        }
        added.push(id);
    }
    Ok(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let seconds: Vec<u64> = (1..=10).map(|attempt| pause(attempt).as_secs()).collect();
        assert_eq!(seconds, [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        assert_eq!(pause(u64::MAX), LONGEST_PAUSE);
    }
}
