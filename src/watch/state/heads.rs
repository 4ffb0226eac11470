//! What the holder of a log's head does: take tree heads, make ranges, and prove what was read.

use std::time::Duration;

use super::dark::prove_dark;
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Transaction, Value, number, storable};
use super::error::StateError;
use super::lease;
use super::logs::{Head, LogNumber};
use super::names::keep_searched;
use super::proofs::{prove_found, set_all_aside};
use super::ranges::RANGE;
use super::{PAGE, State};
use crate::ct::merkle::{RangeBuilder, TreeBuilder, TreeHash};

/// How many ranges of a log wait to be read, at most: whatever size a log claims, the table stays small.
const MOST_UNREAD: u64 = 4096;

/// The right to take a log's tree heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadLease {
    pub(super) log: LogNumber,
    pub(super) token: String,
    pub(super) time: Duration,
    pub(super) most_unproven: u64,
}

impl HeadLease {
    /// Where more than so many entries of a tree head are to be proven, it is not made the goal by itself: whoever holds
    /// the lease finds one with fewer, for [`State::take_goal`].
    #[must_use]
    pub fn with_goals_within(self, most_unproven: u64) -> Self {
        Self { most_unproven, ..self }
    }

    /// Which log's.
    pub fn log(&self) -> LogNumber {
        self.log
    }
}

/// What came of a tree head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadTaken {
    /// Whether it was kept: not where the one before is of a larger tree, or of the same and newer.
    pub is_kept: bool,
    /// The size up to which is being read, if there is anything to read.
    pub goal: Option<u64>,
}

impl State {
    /// Prolongs the lease.
    pub async fn renew_head(&self, lease: &HeadLease) -> Result<(), StateError> {
        self.database.rows(Progress, FENCE, &fence_values(lease)).await.and_then(one_row).map(drop)
    }

    /// Gives the lease back. One that was lost is none to give back.
    pub async fn release_head(&self, lease: HeadLease) -> Result<(), StateError> {
        let sql = "UPDATE logs SET lease = NULL WHERE id = $1 AND lease = $2";
        self.database
            .rows(Durable, sql, &[Value::Number(lease.log.0), Value::Text(&lease.token)])
            .await
            .map(drop)
    }

    /// Keeps a tree head whose signature and consistency with the last one hold, and makes ranges to read.
    ///
    /// The tree head that is being read up to stays the goal until it is proven: a log that grows faster than it is read
    /// is proven all the same, step by step.
    pub async fn take_head(&self, lease: &HeadLease, head: &Head) -> Result<HeadTaken, StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            fence(&mut transaction, lease).await?;
            let kept = transaction
                .execute(
                    "UPDATE logs SET head_size = $2, head_timestamp = $3, head_root = $4, head_octets = $5, \
                     head_seen = (SELECT now FROM clock) \
                     WHERE id = $1 AND (head_size IS NULL OR head_size < $2 \
                     OR (head_size = $2 AND head_timestamp <= $3))",
                    &[
                        Value::Number(lease.log.0),
                        number(head.size)?,
                        number(head.timestamp)?,
                        Value::Octets(&head.root.0),
                        Value::Octets(&head.octets),
                    ],
                )
                .await?;
            let goal = next_goal(&mut transaction, lease).await?;
            Ok(HeadTaken { is_kept: kept == 1, goal })
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Makes a tree the goal, and ranges up to it, where there is no goal yet: the last tree head's, or a part of it whose
    /// root was proven against it. Gives the goal's size, if there is anything to read.
    pub async fn take_goal(&self, lease: &HeadLease, goal: &Head) -> Result<Option<u64>, StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            fence(&mut transaction, lease).await?;
            transaction
                .execute(
                    "UPDATE logs SET goal_size = $2, goal_timestamp = $3, goal_root = $4, goal_octets = $5 \
                     WHERE id = $1 AND goal_size IS NULL AND proven_size < $2 AND head_size >= $2",
                    &[
                        Value::Number(lease.log.0),
                        number(goal.size)?,
                        number(goal.timestamp)?,
                        Value::Octets(&goal.root.0),
                        Value::Octets(&goal.octets),
                    ],
                )
                .await?;
            next_goal(&mut transaction, lease).await
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Makes more ranges up to the goal where most of those that were made are read.
    pub async fn extend_ranges(&self, lease: &HeadLease) -> Result<(), StateError> {
        let mut transaction = self.database.begin(Progress).await?;
        let done = next_goal(&mut transaction, lease).await;
        transaction.end(done).await.map(drop)
    }

    /// Forgets the log's tree head and everything that was read of it and is not proven: for a log that signed a tree that
    /// it does not have. What was proven and found stays, and so do the faults with their tree heads.
    pub async fn forget_head(&self, log: LogNumber) -> Result<(), StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let sql = "UPDATE logs SET head_size = NULL, goal_size = NULL, lease = NULL WHERE id = $1";
            transaction.execute(sql, &[Value::Number(log.0)]).await?;
            let sql = "DELETE FROM ranges WHERE log = $1";
            transaction.execute(sql, &[Value::Number(log.0)]).await?;
            set_all_aside(&mut transaction, log).await
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// The tree over all entries up to the goal, folded from the ranges; `None` where not all were read, or where there
    /// is nothing to read.
    pub async fn fold(&self, lease: &HeadLease) -> Result<Option<TreeBuilder>, StateError> {
        let log = self.log(lease.log).await?;
        let Some(goal) = log.goal else { return Ok(None) };
        let mut tree = log.proven;
        while tree.size() < goal.size {
            let rows = self
                .database
                .rows(
                    Progress,
                    "SELECT start, stop, position, subtrees FROM ranges WHERE log = $1 AND start >= $2 \
                     ORDER BY start LIMIT $3",
                    &[Value::Number(lease.log.0), number(tree.size())?, number(PAGE)?],
                )
                .await?;
            if rows.is_empty() {
                return Ok(None);
            }
            for row in &rows {
                let (start, stop, position) = (row.number(0)?, row.number(1)?, row.number(2)?);
                if position < stop {
                    return Ok(None);
                }
                let range = RangeBuilder::read(start, stop, &row.octets(3)?).map_err(damaged)?;
                tree.push_range(&range).map_err(damaged)?;
            }
        }
        Ok(Some(tree))
    }

    /// Holds the entries up to the goal for proven. `tree` is what [`State::fold`] gave; where its root is not the one
    /// that the log signed, nothing is changed. The last tree head is the next goal. Gives its size, if there is
    /// anything to read.
    pub async fn prove(&self, lease: &HeadLease, tree: &TreeBuilder) -> Result<Option<u64>, StateError> {
        let hashes: Vec<u8> = tree.subtrees().iter().flat_map(|hash| hash.0).collect();
        let log = Value::Number(lease.log.0);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let fenced = fence(&mut transaction, lease).await?;
            let goal = fenced.goal.ok_or(StateError::NotRead)?;
            let unread = "SELECT start FROM ranges WHERE log = $1 AND position < stop LIMIT 1";
            let end = "SELECT stop FROM ranges WHERE log = $1 ORDER BY start DESC LIMIT 1";
            let ends = transaction.rows(end, &[log]).await?;
            let is_read = match ends.first() {
                Some(row) => row.number(0)? == goal.size,
                None => false,
            };
            if tree.size() != goal.size || !is_read || !transaction.rows(unread, &[log]).await?.is_empty() {
                return Err(StateError::NotRead);
            }
            if tree.root() != goal.root {
                return Err(StateError::OtherRoot);
            }
            // First, so that what was dark once, and was read when that was done again, counts as searched.
            prove_dark(&mut transaction, lease.log, tree.size()).await?;
            keep_searched(&mut transaction, lease.log, tree.size()).await?;
            prove_found(&mut transaction, lease.log, (fenced.proven, tree.size())).await?;
            transaction.execute("DELETE FROM ranges WHERE log = $1", &[log]).await?;
            transaction
                .execute(
                    "UPDATE logs SET proven_size = $2, proven_subtrees = $3, goal_size = NULL WHERE id = $1",
                    &[log, number(tree.size())?, Value::Octets(&hashes)],
                )
                .await?;
            next_goal(&mut transaction, lease).await
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Has the entries behind `before` read again, for the names that are ours: `before` is the tree before the first of
    /// them, verified. What was proven of them is proven again. `why`, for people, is kept where that is before all that
    /// was to be read until now.
    pub async fn search_again(
        &self,
        lease: &HeadLease,
        before: &TreeBuilder,
        why: &str,
    ) -> Result<(), StateError> {
        let hashes: Vec<u8> = before.subtrees().iter().flat_map(|hash| hash.0).collect();
        let log = Value::Number(lease.log.0);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let fenced = fence(&mut transaction, lease).await?;
            if before.size() >= fenced.proven {
                return Ok(());
            }
            transaction.execute("DELETE FROM ranges WHERE log = $1", &[log]).await?;
            set_all_aside(&mut transaction, lease.log).await?;
            transaction
                .execute(
                    "UPDATE logs SET proven_size = $2, proven_subtrees = $3, goal_size = NULL, \
                     begun = CASE WHEN start_size > $2 THEN $4 ELSE begun END, \
                     start_size = CASE WHEN start_size > $2 THEN $2 ELSE start_size END WHERE id = $1",
                    &[log, number(before.size())?, Value::Octets(&hashes), Value::Text(&storable(why))],
                )
                .await?;
            next_goal(&mut transaction, lease).await.map(drop)
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Has everything that is not proven read again, up to the last tree head. Those who read it lose their leases; what
    /// was found stays, and proves nothing of the tree until it is read again. Gives the goal's size, if there is anything to read.
    pub async fn rewind(&self, lease: &HeadLease) -> Result<Option<u64>, StateError> {
        let log = Value::Number(lease.log.0);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            fence(&mut transaction, lease).await?;
            transaction.execute("DELETE FROM ranges WHERE log = $1", &[log]).await?;
            set_all_aside(&mut transaction, lease.log).await?;
            transaction.execute("UPDATE logs SET goal_size = NULL WHERE id = $1", &[log]).await?;
            next_goal(&mut transaction, lease).await
        };
        let done = done.await;
        transaction.end(done).await
    }
}

/// Prolongs the lease where it still holds; within a transaction nobody can take it over any more.
const FENCE: &str = "UPDATE logs SET lease_until = (SELECT now FROM clock) + $1 WHERE id = $2 AND lease = $3 \
                     RETURNING goal_size, goal_root, proven_size, head_size";

fn fence_values(lease: &HeadLease) -> [Value<'_>; 3] {
    [Value::Number(lease::duration(lease.time)), Value::Number(lease.log.0), Value::Text(&lease.token)]
}

fn one_row(rows: Vec<Row>) -> Result<Row, StateError> {
    rows.into_iter().next().ok_or(StateError::LeaseLost)
}

struct Goal {
    size: u64,
    root: TreeHash,
}

/// A log whose head is ours.
struct Fenced {
    goal: Option<Goal>,
    proven: u64,
    head: Option<u64>,
}

async fn fence(transaction: &mut Transaction, lease: &HeadLease) -> Result<Fenced, StateError> {
    let row = one_row(transaction.rows(FENCE, &fence_values(lease)).await?)?;
    let goal = match row.maybe_number(0)? {
        Some(size) => Some(Goal { size, root: TreeHash(row.hash(1)?) }),
        None => None,
    };
    Ok(Fenced { goal, proven: row.number(2)?, head: row.maybe_number(3)? })
}

/// Makes the last tree head the goal where there is none, and ranges up to it. Gives the goal's size.
async fn next_goal(transaction: &mut Transaction, lease: &HeadLease) -> Result<Option<u64>, StateError> {
    let log = Value::Number(lease.log.0);
    let Fenced { goal, proven, head } = fence(transaction, lease).await?;
    let goal = match (goal, head) {
        (Some(goal), _) => goal.size,
        (None, Some(size)) if size > proven && size - proven <= lease.most_unproven => {
            let sql = "UPDATE logs SET goal_size = head_size, goal_timestamp = head_timestamp, \
                       goal_root = head_root, goal_octets = head_octets WHERE id = $1";
            transaction.execute(sql, &[log]).await?;
            size
        }
        _ => return Ok(None),
    };
    let sql = "SELECT COUNT(*) FROM ranges WHERE log = $1 AND position < stop";
    let unread = transaction.rows(sql, &[log]).await?.first().map_or(Ok(0), |row| row.number(0))?;
    let sql = "SELECT stop FROM ranges WHERE log = $1 ORDER BY start DESC LIMIT 1";
    let end = transaction.rows(sql, &[log]).await?.first().map_or(Ok(proven), |row| row.number(0))?;
    // Where half of them still wait, there is time.
    if end >= goal || unread > MOST_UNREAD / 2 {
        return Ok(Some(goal));
    }
    let more = (MOST_UNREAD - unread) * RANGE;
    let stop = goal.min((end / RANGE).saturating_mul(RANGE).saturating_add(more));
    // The octets of a range without entries are none.
    transaction
        .execute(
            "INSERT INTO ranges (log, start, stop, position, subtrees) \
             WITH RECURSIVE cut (start, stop) AS ( \
               SELECT CAST($2 AS BIGINT), \
                      CASE WHEN $3 < $4 THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END \
               UNION ALL \
               SELECT stop, CASE WHEN stop + $5 < $4 THEN stop + $5 ELSE $4 END FROM cut WHERE stop < $4) \
             SELECT $1, start, stop, start, $6 FROM cut",
            &[
                log,
                number(end)?,
                number((end / RANGE).saturating_add(1).saturating_mul(RANGE))?,
                number(stop)?,
                number(RANGE)?,
                Value::Octets(&[]),
            ],
        )
        .await?;
    Ok(Some(goal))
}

fn damaged(error: crate::ct::merkle::RangeError) -> StateError {
    StateError::Damaged(error.to_string())
}
