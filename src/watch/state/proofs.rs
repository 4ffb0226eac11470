//! Which of what was found stands in a log's tree: an entry that a log gave once, and gave otherwise when it was read
//! again, proves nothing.

use super::database::{Transaction, Value, number};
use super::error::StateError;
use super::logs::LogNumber;

/// How far it is known that an entry stands in the tree of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was read, and its range is not proven yet.
    Read,
    /// It is part of what gave a root that the log signed.
    Proven,
}

impl Proof {
    pub(super) fn value(self) -> Value<'static> {
        Value::Number(match self {
            Self::Read => 0,
            Self::Proven => 1,
        })
    }

    pub(super) fn is_proven(kept: i64) -> bool {
        kept == 1
    }
}

/// What was read from `start` up to before `stop` gave a root that the log signed: it stands in the tree, all of it.
pub(super) async fn prove_found(
    transaction: &mut Transaction,
    log: LogNumber,
    (start, stop): (u64, u64),
) -> Result<(), StateError> {
    let sql = "UPDATE sightings SET proof = 1 \
               WHERE log = $1 AND proof = 0 AND entry_index >= $2 AND entry_index < $3";
    transaction.execute(sql, &[Value::Number(log.0), number(start)?, number(stop)?]).await.map(drop)
}

/// What was read from `start` up to before `stop`, and is not proven, is read again: what was found there stays as
/// something that the log gave once, until the entry is read in its place.
pub(super) async fn set_aside(
    transaction: &mut Transaction,
    log: LogNumber,
    (start, stop): (u64, u64),
) -> Result<(), StateError> {
    let values = [Value::Number(log.0), number(start)?, number(stop)?];
    let sql = "UPDATE sightings SET proof = 2 \
               WHERE log = $1 AND proof = 0 AND entry_index >= $2 AND entry_index < $3";
    transaction.execute(sql, &values).await?;
    let sql = "UPDATE dark SET proof = 2 WHERE log = $1 AND proof = 0 AND start >= $2 AND start < $3";
    transaction.execute(sql, &values).await.map(drop)
}

/// The same for all of a log that is not proven.
pub(super) async fn set_all_aside(transaction: &mut Transaction, log: LogNumber) -> Result<(), StateError> {
    set_aside(transaction, log, (0, i64::MAX.unsigned_abs())).await
}
