//! What the last look at the revocation of unexpected certificates showed: for whoever asks before the next.

use jiff::Timestamp;

use super::State;
use super::database::Durability::{Durable, Progress};
use super::database::{Value, number, storable};
use super::error::StateError;

/// The most characters of a text.
const MOST_TEXT: usize = 1000;
/// The most certificates of a look that are kept.
const MOST_KEPT: u64 = 10_000;

/// What the last look showed, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationLook {
    /// When the last whole look was made, if there was one; the numbers are of then.
    pub looked_at: Option<Timestamp>,
    /// How many unexpected certificates that can be used are revoked.
    pub revoked: u64,
    /// How many are not.
    pub good: u64,
    /// Of how many that is not known.
    pub open: u64,
    /// How many that are not revoked, or of which that is not known, had been found a day before.
    pub overdue: u64,
    /// When a look failed that was made later, and why.
    pub failed: Option<(Timestamp, String)>,
}

impl State {
    /// Keeps what a look showed, in the place of the one before: the numbers, and each certificate as JSON, ten thousand
    /// at most.
    pub async fn keep_revocations(
        &self,
        look: &RevocationLook,
        certificates: &[String],
    ) -> Result<(), StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            // Who else writes waits at this row.
            let sql = "INSERT INTO revocation_look (id, looked, revoked, good, open, overdue) \
                       VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET looked = excluded.looked, \
                       revoked = excluded.revoked, good = excluded.good, open = excluded.open, \
                       overdue = excluded.overdue, failed = NULL, problem = NULL";
            let values = [
                Value::MaybeNumber(look.looked_at.map(Timestamp::as_millisecond)),
                number(look.revoked)?,
                number(look.good)?,
                number(look.open)?,
                number(look.overdue)?,
            ];
            transaction.execute(sql, &values).await?;
            transaction.execute("DELETE FROM revocations", &[]).await?;
            for (place, facts) in (0..MOST_KEPT).zip(certificates) {
                let sql = "INSERT INTO revocations (place, facts) VALUES ($1, $2)";
                transaction.execute(sql, &[number(place)?, Value::Text(&storable(facts))]).await?;
            }
            Ok(())
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// A look failed: what the last whole one showed stays. Nothing secret may be in `why`.
    pub async fn revocations_failed(&self, at: Timestamp, why: &str) -> Result<(), StateError> {
        let why: String = storable(why).chars().take(MOST_TEXT).collect();
        let sql = "INSERT INTO revocation_look (id, revoked, good, open, overdue, failed, problem) \
                   VALUES (1, 0, 0, 0, 0, $1, $2) ON CONFLICT (id) DO UPDATE SET failed = excluded.failed, \
                   problem = excluded.problem";
        let values = [Value::Number(at.as_millisecond()), Value::Text(&why)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// What the last look showed, if there was one.
    pub async fn revocation_look(&self) -> Result<Option<RevocationLook>, StateError> {
        let sql =
            "SELECT looked, revoked, good, open, overdue, failed, problem FROM revocation_look WHERE id = 1";
        let rows = self.database.rows(Progress, sql, &[]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let time = |column| row.maybe_number(column)?.map(|_| row.time(column)).transpose();
        Ok(Some(RevocationLook {
            looked_at: time(0)?,
            revoked: row.number(1)?,
            good: row.number(2)?,
            open: row.number(3)?,
            overdue: row.number(4)?,
            failed: time(5)?.zip(row.maybe_text(6)?),
        }))
    }

    /// The certificates of the last whole look, as they were kept.
    pub async fn kept_revocations(&self) -> Result<Vec<String>, StateError> {
        let sql = "SELECT facts FROM revocations ORDER BY place LIMIT $1";
        let rows = self.database.rows(Progress, sql, &[number(MOST_KEPT)?]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}
