//! The logs that are followed, and how far.

use std::time::Duration;

use jiff::Timestamp;

use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number, storable};
use super::error::StateError;
use super::heads::HeadLease;
use super::lease::{self, is_free};
use super::{PAGE, State};
use crate::ct::merkle::{TreeBuilder, TreeHash};
use crate::evidence::Bytes;

/// A log within this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogNumber(pub(super) i64);

#[cfg(test)]
impl LogNumber {
    /// A number for a test that needs one.
    pub(crate) fn example(number: i64) -> Self {
        Self(number)
    }
}

/// How a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// By questions (RFC 6962).
    Rfc6962,
    /// As files (static-ct-api).
    Static,
}

impl LogKind {
    fn text(self) -> &'static str {
        match self {
            Self::Rfc6962 => "rfc6962",
            Self::Static => "static",
        }
    }

    fn read(text: &str) -> Result<Self, StateError> {
        match text {
            "rfc6962" => Ok(Self::Rfc6962),
            "static" => Ok(Self::Static),
            other => Err(StateError::Damaged(format!("a log is of the kind “{other}”"))),
        }
    }
}

/// A log to follow.
#[derive(Clone, Debug)]
pub struct NewLog {
    /// Its id: SHA-256 of its key.
    pub log_id: [u8; 32],
    /// What it is called.
    pub description: String,
    /// Where it is read.
    pub url: String,
    /// How it is read.
    pub kind: LogKind,
    /// Its key, a DER SubjectPublicKeyInfo.
    pub key: Bytes,
    /// The tree before the first entry to read: verified, or empty.
    pub before: TreeBuilder,
    /// The tree head against which that was verified, if there was one: the log's first.
    pub head: Option<Head>,
    /// Why it is begun there, for people.
    pub begun: Option<String>,
}

/// A tree head, whose signature and consistency were verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries the tree has.
    pub size: u64,
    /// What the log says of its time, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// The tree head as the log gave it, with its signature.
    pub octets: Bytes,
}

/// A log as the state has it.
#[derive(Clone, Debug)]
pub struct Log {
    /// Its number here.
    pub number: LogNumber,
    /// Its id: SHA-256 of its key.
    pub log_id: [u8; 32],
    /// What it is called.
    pub description: String,
    /// Where it is read.
    pub url: String,
    /// How it is read.
    pub kind: LogKind,
    /// Its key, a DER SubjectPublicKeyInfo.
    pub key: Bytes,
    /// Since when it is followed.
    pub registered: Timestamp,
    /// The first entry that was to be read.
    pub start: u64,
    /// Why that one, for people, where it is known.
    pub begun: Option<String>,
    /// The tree over all entries before the first that is not proven yet.
    pub proven: TreeBuilder,
    /// The last tree head whose signature and consistency hold, and when it was seen.
    pub head: Option<(Head, Timestamp)>,
    /// The tree head whose entries are being read.
    pub goal: Option<Head>,
    /// How many entries behind the proven ones were read, by all processes.
    pub read: u64,
}

/// The columns of a log, in the order of [`read_log`].
macro_rules! log_columns {
    () => {
        "id, log_id, description, url, kind, key, registered, start_size, proven_size, proven_subtrees, head_size, \
         head_timestamp, head_root, head_octets, goal_size, goal_timestamp, goal_root, goal_octets, head_seen, \
         CAST(COALESCE((SELECT SUM(position - start) FROM ranges WHERE log = id), 0) AS BIGINT), begun"
    };
}

impl State {
    /// Registers a log, or brings up to date what it is called and where and how it is read. Where it was known, it goes
    /// on from where it stands, and `before` is not looked at.
    pub async fn register(&self, log: &NewLog) -> Result<Log, StateError> {
        let hashes: Vec<u8> = log.before.subtrees().iter().flat_map(|hash| hash.0).collect();
        let (description, url) = (storable(&log.description), storable(&log.url));
        let begun = log.begun.as_deref().map(storable);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let changed = transaction
                .execute(
                    "INSERT INTO logs (log_id, description, url, kind, key, registered, start_size, \
                     proven_size, proven_subtrees, begun) \
                     VALUES ($1, $2, $3, $4, $5, (SELECT now FROM clock), $6, $6, $7, $8) \
                     ON CONFLICT (log_id) DO UPDATE \
                     SET description = excluded.description, url = excluded.url, kind = excluded.kind \
                     WHERE logs.key = excluded.key",
                    &[
                        Value::Octets(&log.log_id),
                        Value::Text(&description),
                        Value::Text(&url),
                        Value::Text(log.kind.text()),
                        Value::Octets(&log.key),
                        number(log.before.size())?,
                        Value::Octets(&hashes),
                        Value::MaybeText(begun.as_deref()),
                    ],
                )
                .await?;
            if changed == 0 {
                return Err(StateError::OtherKey);
            }
            if let Some(head) = &log.head {
                // Only where it stands there, and knows no tree head yet.
                transaction
                    .execute(
                        "UPDATE logs SET head_size = $2, head_timestamp = $3, head_root = $4, head_octets = $5, \
                         head_seen = (SELECT now FROM clock) \
                         WHERE log_id = $1 AND head_size IS NULL AND goal_size IS NULL \
                         AND proven_size = $6 AND proven_subtrees = $7",
                        &[
                            Value::Octets(&log.log_id),
                            number(head.size)?,
                            number(head.timestamp)?,
                            Value::Octets(&head.root.0),
                            Value::Octets(&head.octets),
                            number(log.before.size())?,
                            Value::Octets(&hashes),
                        ],
                    )
                    .await?;
            }
            let sql = concat!("SELECT ", log_columns!(), " FROM logs WHERE log_id = $1");
            let rows = transaction.rows(sql, &[Value::Octets(&log.log_id)]).await?;
            read_log(rows.first().ok_or(StateError::NoSuchLog)?)
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// The log of this id, if it was registered.
    pub async fn find_log(&self, log_id: &[u8; 32]) -> Result<Option<Log>, StateError> {
        let sql = concat!("SELECT ", log_columns!(), " FROM logs WHERE log_id = $1");
        let rows = self.database.rows(Progress, sql, &[Value::Octets(log_id)]).await?;
        rows.first().map(read_log).transpose()
    }

    /// The log as it stands now.
    pub async fn log(&self, log: LogNumber) -> Result<Log, StateError> {
        let sql = concat!("SELECT ", log_columns!(), " FROM logs WHERE id = $1");
        let rows = self.database.rows(Progress, sql, &[Value::Number(log.0)]).await?;
        read_log(rows.first().ok_or(StateError::NoSuchLog)?)
    }

    /// All logs, as they were registered one after the other; a thousand at most.
    pub async fn logs(&self) -> Result<Vec<Log>, StateError> {
        let sql = concat!("SELECT ", log_columns!(), " FROM logs ORDER BY id LIMIT $1");
        self.database.rows(Progress, sql, &[number(PAGE)?]).await?.iter().map(read_log).collect()
    }

    /// Takes over the log's head, if nobody holds it.
    pub async fn lease_head(&self, log: LogNumber, time: Duration) -> Result<Option<HeadLease>, StateError> {
        let token = lease::random_text()?;
        let rows = self
            .database
            .rows(
                Durable,
                concat!(
                    "UPDATE logs SET owner = $1, lease = $2, lease_until = (SELECT now FROM clock) + $3 \
                     WHERE id = $4 AND ",
                    is_free!(),
                    " RETURNING id"
                ),
                &[
                    Value::Text(&self.owner),
                    Value::Text(&token),
                    Value::Number(lease::duration(time)),
                    Value::Number(log.0),
                ],
            )
            .await?;
        Ok((!rows.is_empty()).then_some(HeadLease { log, token, time, most_unproven: u64::MAX }))
    }
}

fn read_log(row: &Row) -> Result<Log, StateError> {
    let head_seen = row.maybe_time(18)?;
    Ok(Log {
        number: LogNumber(row.signed(0)?),
        log_id: row.hash(1)?,
        description: row.text(2)?,
        url: row.text(3)?,
        kind: LogKind::read(&row.text(4)?)?,
        key: Bytes(row.octets(5)?),
        registered: row.time(6)?,
        start: row.number(7)?,
        begun: row.maybe_text(20)?,
        proven: read_tree(row.number(8)?, &row.octets(9)?)?,
        head: read_head(row, 10)?.zip(head_seen),
        goal: read_head(row, 14)?,
        read: row.number(19)?,
    })
}

/// The tree head in four columns.
fn read_head(row: &Row, first: usize) -> Result<Option<Head>, StateError> {
    let Some(size) = row.maybe_number(first)? else { return Ok(None) };
    Ok(Some(Head {
        size,
        timestamp: row.number(first + 1)?,
        root: TreeHash(row.hash(first + 2)?),
        octets: Bytes(row.octets(first + 3)?),
    }))
}

/// The tree of which the hashes of the complete subtrees were kept.
pub(super) fn read_tree(size: u64, octets: &[u8]) -> Result<TreeBuilder, StateError> {
    let damaged =
        || StateError::Damaged("the subtrees of the proven entries are not as many as they must be".into());
    let (hashes, rest) = octets.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(damaged());
    }
    let hashes: Vec<TreeHash> = hashes.iter().copied().map(TreeHash).collect();
    TreeBuilder::of_subtrees(size, &hashes).map_err(|_| damaged())
}
