//! Pairs of tree heads that contradict each other. Each pair is told and kept for itself: a log that splits twice did
//! so twice.

use jiff::Timestamp;

use super::alerts::{NewAlert, add_alerts};
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number, storable};
use super::error::StateError;
use super::faults::NewFault;
use super::logs::LogNumber;
use super::{PAGE, State};
use crate::ct::merkle::TreeHash;
use crate::evidence::Bytes;

/// The most pairs of a log that are kept in a day: a fork that grows is another with each tree head.
const MOST_A_DAY: u64 = 8;
/// A day in milliseconds.
const A_DAY: i64 = 86_400_000;
/// The most characters of a text.
const MOST_TEXT: usize = 4000;
/// The most octets of evidence.
const MOST_EVIDENCE: usize = 4 << 20;

/// Two tree heads that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPair {
    /// When that was seen.
    pub seen: Timestamp,
    /// What is wrong with them, for people.
    pub text: String,
    /// Both, with their signatures: JSON.
    pub evidence: Bytes,
}

impl State {
    /// Keeps a fault that two tree heads prove, the one of the root `known` and the one of the root `shown`, and adds its
    /// alert where the pair is new. Whoever acknowledged a fault did so for the tree that was known: a pair with another
    /// one is a fault again. Gives whether the pair was told.
    pub async fn report_pair(
        &self,
        fault: &NewFault,
        (known, shown): (&TreeHash, &TreeHash),
        alert: &NewAlert,
    ) -> Result<bool, StateError> {
        let kind = storable(&fault.kind);
        let text: String = storable(&fault.text).chars().take(MOST_TEXT).collect();
        let evidence = fault.evidence.get(..MOST_EVIDENCE).unwrap_or(&fault.evidence);
        let (log, kind) = (Value::Number(fault.log.0), Value::Text(&kind));
        let (known, shown) = (Value::Octets(&known.0), Value::Octets(&shown.0));
        let (text, evidence) = (Value::Text(&text), Value::Octets(evidence));
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let sql = "INSERT INTO faults (log, kind, text, evidence, since, last_seen, times) \
                       VALUES ($1, $2, $3, $4, (SELECT now FROM clock), (SELECT now FROM clock), 1) \
                       ON CONFLICT (log, kind) DO UPDATE \
                       SET last_seen = excluded.last_seen, times = faults.times + 1";
            transaction.execute(sql, &[log, kind, text, evidence]).await?;
            let sql = "SELECT COUNT(*) FROM fault_pairs \
                       WHERE log = $1 AND kind = $2 AND seen > (SELECT now FROM clock) - $3";
            let rows = transaction.rows(sql, &[log, kind, Value::Number(A_DAY)]).await?;
            if rows.first().map_or(Ok(0), |row| row.number(0))? >= MOST_A_DAY {
                return Ok(false);
            }
            let sql = "SELECT 1 FROM fault_pairs WHERE log = $1 AND kind = $2 AND known = $3 LIMIT 1";
            let is_of_known = !transaction.rows(sql, &[log, kind, known]).await?.is_empty();
            let sql = "INSERT INTO fault_pairs (log, kind, known, shown, text, evidence, seen) \
                       VALUES ($1, $2, $3, $4, $5, $6, (SELECT now FROM clock)) \
                       ON CONFLICT (log, kind, known, shown) DO NOTHING";
            if transaction.execute(sql, &[log, kind, known, shown, text, evidence]).await? == 0 {
                return Ok(false);
            }
            if !is_of_known {
                let sql = "UPDATE faults SET acknowledged = NULL, text = $3, evidence = $4 \
                           WHERE log = $1 AND kind = $2";
                transaction.execute(sql, &[log, kind, text, evidence]).await?;
            }
            add_alerts(&mut transaction, &self.channels, std::slice::from_ref(alert)).await?;
            Ok(true)
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// The pairs of tree heads of a log that contradict each other in this way, the oldest first, as many as `most`; and how
    /// many there are in all.
    pub async fn pairs_of(
        &self,
        log: LogNumber,
        kind: &str,
        most: u64,
    ) -> Result<(Vec<FaultPair>, u64), StateError> {
        let (log, kind) = (Value::Number(log.0), storable(kind));
        let sql = "SELECT seen, text, evidence FROM fault_pairs WHERE log = $1 AND kind = $2 \
                   ORDER BY seen, known, shown LIMIT $3";
        let values = [log, Value::Text(&kind), number(most)?];
        let rows = self.database.rows(Progress, sql, &values).await?;
        let read = |row: &Row| {
            Ok(FaultPair { seen: row.time(0)?, text: row.text(1)?, evidence: Bytes(row.octets(2)?) })
        };
        let pairs = rows.iter().map(read).collect::<Result<Vec<_>, StateError>>()?;
        let sql = "SELECT COUNT(*) FROM fault_pairs WHERE log = $1 AND kind = $2";
        let rows = self.database.rows(Progress, sql, &[log, Value::Text(&kind)]).await?;
        Ok((pairs, rows.first().map_or(Ok(0), |row| row.number(0))?))
    }

    /// The evidence of all pairs of tree heads of a log that contradict each other, the oldest first; a thousand at most.
    pub async fn fault_pairs(&self, log: LogNumber) -> Result<Vec<(String, Bytes)>, StateError> {
        let sql = "SELECT text, evidence FROM fault_pairs WHERE log = $1 ORDER BY seen LIMIT $2";
        let values = [Value::Number(log.0), number(PAGE)?];
        let rows = self.database.rows(Progress, sql, &values).await?;
        rows.iter().map(|row| Ok((row.text(0)?, Bytes(row.octets(1)?)))).collect()
    }
}
