//! Who follows which log for which names: services, which say so again and again, and runs that end, by when they looked.
//!
//! The lease of a log's head tells neither: it is of one process among several, whatever names that searches for, and
//! rests while a log does not answer.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::State;
use super::database::Durability::{Durable, Progress};
use super::database::{Transaction, Value};
use super::error::StateError;
use super::lease::{self, is_free};
use super::logs::LogNumber;

/// How long after the one before a look may come so that they are of one kind, in milliseconds: two days.
const NEXT_LOOK: i64 = 2 * 86_400_000;
/// How long that is kept which a process said that ended without a word, in milliseconds: a day.
const KEPT: i64 = 86_400_000;

/// Who follows a log for a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Following {
    /// Whether a service does so now.
    pub by_service: bool,
    /// When runs that end looked at it.
    pub looks: Option<Looks>,
}

/// Looks at a log, none of which came more than two days after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// When the first was.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
    /// How long after the one before one of them came at most.
    pub apart: SignedDuration,
}

/// What services that follow logs now can do with an alert.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Services {
    /// Whether there is any.
    pub is_any: bool,
    /// Whether any of them has a channel.
    pub has_channel: bool,
}

impl State {
    /// Says that this process follows a log for its names, for so long. Gives whether log and names are known so far.
    pub async fn follow(&self, log_id: &[u8; 32], time: Duration) -> Result<bool, StateError> {
        let Some(names) = self.names() else { return Ok(false) };
        let sql = "INSERT INTO followers (log, lease, lease_until, names, tells) \
                   SELECT id, $2, (SELECT now FROM clock) + $3, $4, $5 FROM logs WHERE log_id = $1 \
                   ON CONFLICT (log, lease) DO UPDATE SET lease_until = excluded.lease_until, \
                   names = excluded.names, tells = excluded.tells RETURNING log";
        let values = [
            Value::Octets(log_id),
            Value::Text(&self.owner),
            Value::Number(lease::duration(time)),
            Value::Number(names),
            Value::Number(i64::from(!self.channels.is_empty())),
        ];
        Ok(!self.database.rows(Progress, sql, &values).await?.is_empty())
    }

    /// Says that it does no more.
    pub async fn follow_no_more(&self, log_id: &[u8; 32]) -> Result<(), StateError> {
        let sql = "DELETE FROM followers WHERE lease = $2 AND log IN (SELECT id FROM logs WHERE log_id = $1)";
        let values = [Value::Octets(log_id), Value::Text(&self.owner)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// Says that a run that ends has looked at a log for its names, up to the log's end.
    pub async fn looked(&self, log_id: &[u8; 32]) -> Result<(), StateError> {
        let Some(names) = self.names() else { return Ok(()) };
        // One that is to come was written by a clock that was set back since.
        let sql = "INSERT INTO looks (log, names, began, looked, apart) \
                   SELECT id, $2, (SELECT now FROM clock), (SELECT now FROM clock), 0 FROM logs WHERE log_id = $1 \
                   ON CONFLICT (log, names) DO UPDATE SET looked = excluded.looked, \
                   began = CASE WHEN looks.looked >= excluded.looked - $3 AND looks.looked <= excluded.looked \
                   THEN looks.began ELSE excluded.began END, \
                   apart = CASE WHEN looks.looked < excluded.looked - $3 OR looks.looked > excluded.looked THEN 0 \
                   WHEN excluded.looked - looks.looked > looks.apart THEN excluded.looked - looks.looked \
                   ELSE looks.apart END";
        let values = [Value::Octets(log_id), Value::Number(names), Value::Number(NEXT_LOOK)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// Who follows each log for any of these sets of names.
    pub(super) async fn following(&self, sets: &[i64]) -> Result<HashMap<LogNumber, Following>, StateError> {
        let mut all: HashMap<LogNumber, Following> = HashMap::new();
        let services = concat!("SELECT log FROM followers WHERE names = $1 AND NOT ", is_free!());
        let looks = "SELECT log, began, looked, apart FROM looks WHERE names = $1 AND looked <= (SELECT now FROM clock)";
        for set in sets {
            let value = [Value::Number(*set)];
            for row in self.database.rows(Progress, services, &value).await? {
                all.entry(LogNumber(row.signed(0)?)).or_default().by_service = true;
            }
            for row in self.database.rows(Progress, looks, &value).await? {
                let apart = SignedDuration::from_millis(row.signed(3)?);
                let found = Looks { first: row.time(1)?, last: row.time(2)?, apart };
                let following = all.entry(LogNumber(row.signed(0)?)).or_default();
                following.looks = Some(following.looks.map_or(found, |known| joined(known, found)));
            }
        }
        Ok(all)
    }

    /// What the services that follow logs now can do with an alert.
    pub async fn services(&self) -> Result<Services, StateError> {
        let sql = concat!("SELECT COUNT(*), COUNT(NULLIF(tells, 0)) FROM followers WHERE NOT ", is_free!());
        let rows = self.database.rows(Progress, sql, &[]).await?;
        let Some(row) = rows.first() else { return Ok(Services::default()) };
        Ok(Services { is_any: row.number(0)? > 0, has_channel: row.number(1)? > 0 })
    }

    /// Drops what processes said that ended without a word.
    pub(super) async fn drop_dead_followers(&self) -> Result<(), StateError> {
        let sql = "DELETE FROM followers WHERE lease_until < (SELECT now FROM clock) - $1";
        self.database.rows(Progress, sql, &[Value::Number(KEPT)]).await.map(drop)
    }
}

/// Drops what was said for a set of names that nobody searches for any more.
pub(super) async fn drop_names(transaction: &mut Transaction, names: i64) -> Result<(), StateError> {
    let names = [Value::Number(names)];
    transaction.execute("DELETE FROM followers WHERE names = $1", &names).await?;
    transaction.execute("DELETE FROM looks WHERE names = $1", &names).await.map(drop)
}

/// Looks for one set of names and for another that has the same name: one where neither ended long before the other began,
/// and else those that were last.
fn joined(a: Looks, b: Looks) -> Looks {
    let (one, other) = if a.last <= b.last { (a, b) } else { (b, a) };
    let between = other.first.duration_since(one.last);
    if between.as_millis() > i128::from(NEXT_LOOK) {
        return other;
    }
    let apart = one.apart.max(other.apart).max(between);
    Looks { first: one.first.min(other.first), last: other.last, apart }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_for_two_sets_are_one_where_they_meet() {
        let look = |began: &str, last: &str, hours: i64| Looks {
            first: began.parse().unwrap(),
            last: last.parse().unwrap(),
            apart: SignedDuration::from_hours(hours),
        };
        let first = look("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", 24);
        let next = look("2026-11-05T00:00:00Z", "2026-11-05T00:00:00Z", 0);
        let both = look("2026-11-01T00:00:00Z", "2026-11-05T00:00:00Z", 48);
        assert_eq!((joined(first, next), joined(next, first)), (both, both));
        let late = look("2026-11-05T00:00:01Z", "2026-11-06T00:00:00Z", 1);
        assert_eq!((joined(first, late), joined(late, first)), (late, late));
        let within = look("2026-11-02T00:00:00Z", "2026-11-02T12:00:00Z", 1);
        assert_eq!((joined(first, within), joined(within, first)), (first, first));
    }
}
