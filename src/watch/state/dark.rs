//! Dark entries: their leaf hashes are known and proven, and not what they are, because their tile cannot be read. They
//! count as not searched until somebody could read them.

use jiff::Timestamp;

use super::database::Durability::{Durable, Progress};
use super::database::{Row, Transaction, Value, number, storable};
use super::error::StateError;
use super::found::{Committed, Found, add_found};
use super::logs::LogNumber;
use super::names::add_searched;
use super::proofs::Proof;
use super::reporting::UNDETERMINED;
use super::{PAGE, State};
use crate::ct::merkle::TreeHash;

/// Entries of a log that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDark {
    /// The first of them.
    pub start: u64,
    /// The leaf hash of each.
    pub hashes: Vec<TreeHash>,
    /// The subject of the alert about them.
    pub subject: String,
}

/// Entries of a log that nobody could read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dark {
    /// Which log's.
    pub log: LogNumber,
    /// The first of them.
    pub start: u64,
    /// The one behind the last.
    pub stop: u64,
    /// The leaf hash of each.
    pub hashes: Vec<TreeHash>,
    /// The subject of the alert about them.
    pub subject: String,
    /// Since when they are known.
    pub since: Timestamp,
    /// When somebody said that he knows of them.
    pub acknowledged: Option<Timestamp>,
}

/// The columns of dark entries, in the order of [`read_dark`].
macro_rules! dark_columns {
    () => {
        "start, stop, hashes, subject, since, acknowledged"
    };
}

impl State {
    /// The entries of a log that could not be read, in their order; a thousand stretches at most.
    pub async fn dark(&self, log: LogNumber) -> Result<Vec<Dark>, StateError> {
        let sql =
            concat!("SELECT ", dark_columns!(), " FROM dark WHERE log = $1 ORDER BY start, stop LIMIT $2");
        let rows = self.database.rows(Progress, sql, &[Value::Number(log.0), number(PAGE)?]).await?;
        rows.iter().map(|row| read_dark(row, log)).collect()
    }

    /// Whether there are any.
    pub async fn has_dark(&self, log: LogNumber) -> Result<bool, StateError> {
        let sql = "SELECT start FROM dark WHERE log = $1 LIMIT 1";
        Ok(!self.database.rows(Progress, sql, &[Value::Number(log.0)]).await?.is_empty())
    }

    /// Those whose hashes are proven, so many at most, and first those that were not asked for for the longest time.
    pub async fn dark_to_ask(&self, log: LogNumber, most: u64) -> Result<Vec<Dark>, StateError> {
        let sql = concat!(
            "SELECT ",
            dark_columns!(),
            " FROM dark WHERE log = $1 AND proof = 1 ORDER BY asked, start, stop LIMIT $2"
        );
        let rows = self.database.rows(Progress, sql, &[Value::Number(log.0), number(most)?]).await?;
        rows.iter().map(|row| read_dark(row, log)).collect()
    }

    /// These are asked for now: others come first the next time.
    pub async fn ask_for_dark(&self, dark: &Dark) -> Result<(), StateError> {
        let sql =
            "UPDATE dark SET asked = (SELECT now FROM clock) WHERE log = $1 AND start = $2 AND stop = $3";
        let values = [Value::Number(dark.log.0), number(dark.start)?, number(dark.stop)?];
        self.database.rows(Progress, sql, &values).await.map(drop)
    }

    /// The first `read` of dark entries can be read by now, and have the hashes that are proven: keeps what was found in
    /// them, and that they were searched for our names. Nothing where another process came first.
    pub async fn light_up(&self, dark: &Dark, read: u64, found: &[Found]) -> Result<Committed, StateError> {
        let upto = dark.start.saturating_add(read).min(dark.stop);
        let log = Value::Number(dark.log.0);
        let mut transaction = self.database.begin(Durable).await?;
        let done = async {
            let sql = "DELETE FROM dark WHERE log = $1 AND start = $2 AND stop = $3 AND proof = 1 \
                       RETURNING since, acknowledged";
            let values = [log, number(dark.start)?, number(dark.stop)?];
            let rows = transaction.rows(sql, &values).await?;
            let Some(row) = rows.first() else { return Ok(Committed::default()) };
            if upto < dark.stop {
                let rest = usize::try_from(read).ok().and_then(|read| dark.hashes.get(read..));
                let rest: Vec<u8> = rest.unwrap_or_default().iter().flat_map(|hash| hash.0).collect();
                let sql = "INSERT INTO dark (log, start, stop, hashes, subject, proof, since, asked, acknowledged) \
                           VALUES ($1, $2, $3, $4, $5, 1, $6, (SELECT now FROM clock), $7) \
                           ON CONFLICT (log, start, stop) DO NOTHING";
                let acknowledged = row.maybe_number(1)?.and_then(|at| i64::try_from(at).ok());
                let values = [
                    log,
                    number(upto)?,
                    number(dark.stop)?,
                    Value::Octets(&rest),
                    Value::Text(&dark.subject),
                    Value::Number(row.signed(0)?),
                    Value::MaybeNumber(acknowledged),
                ];
                transaction.execute(sql, &values).await?;
            } else {
                end_alert(&mut transaction, &dark.subject).await?;
            }
            if let Some(names) = self.names() {
                add_searched(&mut transaction, dark.log, names, (dark.start, upto)).await?;
            }
            let place = Some((dark.log, Proof::Proven));
            add_found(&mut transaction, place, &self.channels, found).await
        };
        let done = done.await;
        transaction.end(done).await
    }

    /// Somebody knows of the dark entries that an alert of this subject tells of.
    pub async fn acknowledge_dark(&self, subject: &str) -> Result<(), StateError> {
        let sql = "UPDATE dark SET acknowledged = (SELECT now FROM clock) \
                   WHERE subject = $1 AND acknowledged IS NULL";
        self.database.rows(Durable, sql, &[Value::Text(subject)]).await.map(drop)
    }
}

/// Adds dark entries that were read as such. What is proven of the same stretch stays.
pub(super) async fn add_dark(
    transaction: &mut Transaction,
    log: LogNumber,
    dark: &[NewDark],
) -> Result<(), StateError> {
    for dark in dark {
        let stop = dark.start.saturating_add(u64::try_from(dark.hashes.len()).unwrap_or(u64::MAX));
        let hashes: Vec<u8> = dark.hashes.iter().flat_map(|hash| hash.0).collect();
        let subject = storable(&dark.subject);
        let (start, stop) = (number(dark.start)?, number(stop)?);
        let sql = "SELECT subject FROM dark WHERE log = $1 AND start = $2 AND stop = $3 AND proof <> 1";
        for row in transaction.rows(sql, &[Value::Number(log.0), start, stop]).await? {
            let before = row.text(0)?;
            if before != subject {
                end_alert(transaction, &before).await?;
            }
        }
        let sql = "INSERT INTO dark (log, start, stop, hashes, subject, proof, since, asked) \
                   VALUES ($1, $2, $3, $4, $5, 0, (SELECT now FROM clock), (SELECT now FROM clock)) \
                   ON CONFLICT (log, start, stop) DO UPDATE SET hashes = excluded.hashes, \
                   subject = excluded.subject, proof = 0 WHERE dark.proof <> 1";
        let values = [Value::Number(log.0), start, stop, Value::Octets(&hashes), Value::Text(&subject)];
        transaction.execute(sql, &values).await?;
    }
    Ok(())
}

/// What was read before `stop` is proven, and with it the hashes of the entries that are dark there. Those that were
/// dark once, and were read when that was done again, are so no more.
pub(super) async fn prove_dark(
    transaction: &mut Transaction,
    log: LogNumber,
    stop: u64,
) -> Result<(), StateError> {
    let values = [Value::Number(log.0), number(stop)?];
    let sql = "DELETE FROM dark WHERE log = $1 AND proof = 2 AND stop <= $2 RETURNING subject";
    for row in transaction.rows(sql, &values).await? {
        end_alert(transaction, &row.text(0)?).await?;
    }
    let sql = "UPDATE dark SET proof = 1 WHERE log = $1 AND proof = 0 AND stop <= $2";
    transaction.execute(sql, &values).await.map(drop)
}

/// The dark stretches of a log before `end`, in their order.
pub(super) async fn dark_before(
    transaction: &mut Transaction,
    log: LogNumber,
    end: u64,
) -> Result<Vec<(u64, u64)>, StateError> {
    let sql = "SELECT start, stop FROM dark WHERE log = $1 AND start < $2 ORDER BY start";
    let rows = transaction.rows(sql, &[Value::Number(log.0), number(end)?]).await?;
    rows.iter().map(|row| Ok((row.number(0)?, row.number(1)?))).collect()
}

/// What an alert says is undetermined no more, whatever anybody wishes: reports named it as long as it was.
async fn end_alert(transaction: &mut Transaction, subject: &str) -> Result<(), StateError> {
    let sql = "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) \
               WHERE substr(channel, 1, length($1)) = $1 AND delivered_at IS NULL \
               AND alert IN (SELECT id FROM alerts WHERE subject = $2)";
    transaction.execute(sql, &[Value::Text(UNDETERMINED), Value::Text(subject)]).await.map(drop)
}

fn read_dark(row: &Row, log: LogNumber) -> Result<Dark, StateError> {
    let (start, stop, octets) = (row.number(0)?, row.number(1)?, row.octets(2)?);
    let (hashes, rest) = octets.as_chunks::<32>();
    let count = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
    if !rest.is_empty() || start.checked_add(count) != Some(stop) {
        return Err(StateError::Damaged("the hashes of dark entries are not as many as these".to_owned()));
    }
    Ok(Dark {
        log,
        start,
        stop,
        hashes: hashes.iter().copied().map(TreeHash).collect(),
        subject: row.text(3)?,
        since: row.time(4)?,
        acknowledged: row.maybe_number(5)?.map(|_| row.time(5)).transpose()?,
    })
}
