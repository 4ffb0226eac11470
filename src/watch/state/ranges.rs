//! Ranges of a log: leased, read and committed.

use std::time::Duration;

use super::State;
use super::alerts::{NewAlert, add_alerts};
use super::dark::{NewDark, add_dark};
use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number};
use super::error::StateError;
use super::found::{Committed, Found, add_found};
use super::lease::{self, is_free};
use super::logs::LogNumber;
use super::proofs::{Proof, set_aside};
use crate::ct::merkle::{RangeBuilder, RangeError};

/// How many entries a range has, and of what its ends are multiples; the first and the last of a log may have fewer.
pub const RANGE: u64 = 65_536;

/// The right to read a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeLease {
    log: LogNumber,
    start: u64,
    stop: u64,
    position: u64,
    subtrees: Vec<u8>,
    token: String,
    time: Duration,
}

/// What an answer of a log had for us.
#[derive(Clone, Debug, Default)]
pub struct Gain<'a> {
    /// What was found, with what was judged of it.
    pub found: &'a [Found],
    /// The entries that could not be read.
    pub dark: &'a [NewDark],
    /// Further alerts.
    pub alerts: &'a [NewAlert],
}

impl RangeLease {
    /// Which log's.
    pub fn log(&self) -> LogNumber {
        self.log
    }

    /// Its first entry.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The one behind its last.
    pub fn stop(&self) -> u64 {
        self.stop
    }

    /// The next entry to read: what stands before it was committed.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether all of it was committed. It is then held no longer.
    pub fn is_done(&self) -> bool {
        self.position == self.stop
    }

    /// What was read of it, to go on from.
    pub fn builder(&self) -> Result<RangeBuilder, RangeError> {
        RangeBuilder::read(self.start, self.position, &self.subtrees)
    }
}

/// The same but for that PostgreSQL does not wait for those who take another range at this moment.
macro_rules! lease_range {
    ($skip:literal) => {
        concat!(
            "UPDATE ranges SET owner = $1, lease = $2, lease_until = (SELECT now FROM clock) + $3, names = $5, \
             position = CASE WHEN names IS NOT DISTINCT FROM $5 THEN position ELSE start END, \
             subtrees = CASE WHEN names IS NOT DISTINCT FROM $5 THEN subtrees ELSE $6 END \
             WHERE log = $4 AND position < stop AND ",
            is_free!(),
            " AND start = (SELECT start FROM ranges WHERE log = $4 AND position < stop AND ",
            is_free!(),
            " ORDER BY start LIMIT 1 ",
            $skip,
            ") RETURNING start, stop, position, subtrees"
        )
    };
}

impl State {
    /// Takes the first range of the log that is not read and that nobody works on, from where it was left; from its
    /// beginning where it was read for other names than ours.
    pub async fn lease_range(
        &self,
        log: LogNumber,
        time: Duration,
    ) -> Result<Option<RangeLease>, StateError> {
        self.still_search().await?;
        let token = lease::random_text()?;
        let sql = if self.database.is_postgres() {
            lease_range!("FOR UPDATE SKIP LOCKED")
        } else {
            lease_range!("")
        };
        let values = [
            Value::Text(&self.owner),
            Value::Text(&token),
            Value::Number(lease::duration(time)),
            Value::Number(log.0),
            Value::MaybeNumber(self.names()),
            Value::Octets(&[]),
        ];
        let rows = self.database.rows(Durable, sql, &values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let lease = read_lease(row, log, token, time)?;
        if lease.position == lease.start {
            // It may have been read for other names: what was found then is not in what is hashed now.
            let mut transaction = self.database.begin(Progress).await?;
            let done = set_aside(&mut transaction, log, (lease.start, lease.stop)).await;
            transaction.end(done).await?;
        }
        Ok(Some(lease))
    }

    /// Prolongs the lease.
    pub async fn renew_range(&self, lease: &RangeLease) -> Result<(), StateError> {
        let sql = "UPDATE ranges SET lease_until = (SELECT now FROM clock) + $1 \
                   WHERE log = $2 AND start = $3 AND lease = $4 RETURNING start";
        let values = [
            Value::Number(lease::duration(lease.time)),
            Value::Number(lease.log.0),
            number(lease.start)?,
            Value::Text(&lease.token),
        ];
        let rows = self.database.rows(Progress, sql, &values).await?;
        if rows.is_empty() { Err(StateError::LeaseLost) } else { Ok(()) }
    }

    /// Gives the lease back, for anybody to go on. One that was lost is none to give back.
    pub async fn release_range(&self, lease: RangeLease) -> Result<(), StateError> {
        let sql = "UPDATE ranges SET lease = NULL WHERE log = $1 AND start = $2 AND lease = $3";
        let values = [Value::Number(lease.log.0), number(lease.start)?, Value::Text(&lease.token)];
        self.database.rows(Durable, sql, &values).await.map(drop)
    }

    /// The range as it stands now, where it is still ours and not done: after a commit of which is not known whether it
    /// was done.
    pub async fn resume_range(&self, lease: &RangeLease) -> Result<RangeLease, StateError> {
        let sql =
            "SELECT start, stop, position, subtrees FROM ranges WHERE log = $1 AND start = $2 AND lease = $3";
        let values = [Value::Number(lease.log.0), number(lease.start)?, Value::Text(&lease.token)];
        let rows = self.database.rows(Durable, sql, &values).await?;
        let row = rows.first().ok_or(StateError::LeaseLost)?;
        read_lease(row, lease.log, lease.token.clone(), lease.time)
    }

    /// [`State::commit_told`], for the ids of the alerts that were not there before.
    pub async fn commit(
        &self,
        lease: &mut RangeLease,
        range: &RangeBuilder,
        found: &[Found],
        alerts: &[NewAlert],
    ) -> Result<Vec<String>, StateError> {
        let gain = Gain { found, alerts, dark: &[] };
        Ok(self.commit_told(lease, range, &gain).await?.alerts)
    }

    /// Commits what was read of a range, all or nothing: how far, and what it had for us. Prolongs the lease, or ends it where the range is read.
    pub async fn commit_told(
        &self,
        lease: &mut RangeLease,
        range: &RangeBuilder,
        gain: &Gain<'_>,
    ) -> Result<Committed, StateError> {
        let (position, octets) = (range.end(), range.octets());
        if range.start() != lease.start || position < lease.position || position > lease.stop {
            return Err(StateError::Elsewhere { position: lease.position });
        }
        let sql = "UPDATE ranges SET position = $1, subtrees = $2, lease_until = (SELECT now FROM clock) + $3, \
                   lease = CASE WHEN stop = $1 THEN NULL ELSE lease END \
                   WHERE log = $4 AND start = $5 AND lease = $6 AND position = $7 RETURNING stop";
        let values = [
            number(position)?,
            Value::Octets(&octets),
            Value::Number(lease::duration(lease.time)),
            Value::Number(lease.log.0),
            number(lease.start)?,
            Value::Text(&lease.token),
            number(lease.position)?,
        ];
        let Gain { found, dark, alerts } = gain;
        let added = if found.is_empty() && dark.is_empty() && alerts.is_empty() {
            // By far the most commits: one statement, and no wait for the disk.
            self.database.rows(Progress, sql, &values).await.map(|rows| (rows.len(), Committed::default()))
        } else {
            let mut transaction = self.database.begin(Durable).await?;
            let done = async {
                let rows = transaction.rows(sql, &values).await?;
                if rows.is_empty() {
                    return Ok((0, Committed::default()));
                }
                let place = Some((lease.log, Proof::Read));
                let mut committed = add_found(&mut transaction, place, &self.channels, found).await?;
                add_dark(&mut transaction, lease.log, dark).await?;
                committed.alerts.extend(add_alerts(&mut transaction, &self.channels, alerts).await?);
                Ok((rows.len(), committed))
            };
            let done = done.await;
            transaction.end(done).await
        };
        let (changed, added) = added?;
        if changed == 0 {
            let position = self.resume_range(lease).await?.position;
            return Err(StateError::Elsewhere { position });
        }
        lease.position = position;
        lease.subtrees = octets;
        Ok(added)
    }
}

fn read_lease(row: &Row, log: LogNumber, token: String, time: Duration) -> Result<RangeLease, StateError> {
    let lease = RangeLease {
        log,
        start: row.number(0)?,
        stop: row.number(1)?,
        position: row.number(2)?,
        subtrees: row.octets(3)?,
        token,
        time,
    };
    match lease.builder() {
        Ok(_) => Ok(lease),
        Err(error) => Err(StateError::Damaged(error.to_string())),
    }
}
