//! SQLite and PostgreSQL behind one face: statements with numbered parameters, which both read alike.
//!
//! Each has two pools. What must never be done twice (a tree head, a certificate, an alert, a delivery) is on the disk
//! before its transaction ends; progress alone need not be, and costs no wait for the disk: after a power failure some
//! entries are read again. Both databases keep the order of transactions, so that neither ever has what came later
//! without what came before; and the death of a process alone loses nothing of either.

use std::pin::Pin;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqlitePool,
};

use super::error::StateError;

/// How long is waited for others who write, or for a connection.
pub(super) const WAIT: Duration = Duration::from_secs(20);

#[cfg(test)]
thread_local! {
    /// How many statements this thread has asked any state, for tests of what something costs.
    pub(crate) static STATEMENTS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Whether a transaction is on the disk when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is.
    Durable,
    /// It will be, in its turn.
    Progress,
}

/// A parameter of a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Number(i64),
    MaybeNumber(Option<i64>),
    Text(&'a str),
    Octets(&'a [u8]),
    MaybeText(Option<&'a str>),
    MaybeOctets(Option<&'a [u8]>),
}

/// A number as both databases have it.
pub(super) fn number(number: u64) -> Result<Value<'static>, StateError> {
    let most = i64::MAX.unsigned_abs();
    let number = i64::try_from(number).map_err(|_| StateError::TooLarge { what: "a number", most })?;
    Ok(Value::Number(number))
}

/// A time in milliseconds; one that is too long is the longest.
pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Text that both databases take: PostgreSQL has none with the octet 0.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {
        $values.iter().fold(sqlx::query($sql), |query, value| match *value {
            Value::Number(number) => query.bind(number),
            Value::MaybeNumber(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Octets(octets) => query.bind(octets),
            Value::MaybeText(text) => query.bind(text),
            Value::MaybeOctets(octets) => query.bind(octets),
        })
    };
}

/// A row, its columns by number.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $index:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($index),
            Row::Postgres(row) => row.try_get($index),
        }
    };
}

impl Row {
    pub(super) fn signed(&self, index: usize) -> Result<i64, StateError> {
        Ok(column!(self, index)?)
    }

    pub(super) fn number(&self, index: usize) -> Result<u64, StateError> {
        u64::try_from(self.signed(index)?)
            .map_err(|_| StateError::Damaged(format!("a number in column {index} is negative")))
    }

    pub(super) fn maybe_number(&self, index: usize) -> Result<Option<u64>, StateError> {
        let found: Option<i64> = column!(self, index)?;
        found
            .map(|number| {
                u64::try_from(number)
                    .map_err(|_| StateError::Damaged(format!("a number in column {index} is negative")))
            })
            .transpose()
    }

    pub(super) fn text(&self, index: usize) -> Result<String, StateError> {
        Ok(column!(self, index)?)
    }

    pub(super) fn maybe_text(&self, index: usize) -> Result<Option<String>, StateError> {
        Ok(column!(self, index)?)
    }

    pub(super) fn octets(&self, index: usize) -> Result<Vec<u8>, StateError> {
        Ok(column!(self, index)?)
    }

    pub(super) fn maybe_octets(&self, index: usize) -> Result<Option<Vec<u8>>, StateError> {
        Ok(column!(self, index)?)
    }

    pub(super) fn hash(&self, index: usize) -> Result<[u8; 32], StateError> {
        self.octets(index)?
            .try_into()
            .map_err(|_| StateError::Damaged(format!("a hash in column {index} has not 32 octets")))
    }

    pub(super) fn time(&self, index: usize) -> Result<jiff::Timestamp, StateError> {
        let milliseconds = self.signed(index)?;
        jiff::Timestamp::from_millisecond(milliseconds)
            .map_err(|_| StateError::Damaged(format!("a time in column {index} is out of all bounds")))
    }

    pub(super) fn maybe_time(&self, index: usize) -> Result<Option<jiff::Timestamp>, StateError> {
        self.maybe_number(index)?.map(|_| self.time(index)).transpose()
    }
}

/// Where the state is, opened. Clones share the connections.
#[derive(Clone)]
pub(super) enum Database {
    Sqlite { durable: SqlitePool, progress: SqlitePool },
    Postgres { durable: PgPool, progress: PgPool },
}

impl Database {
    /// A file of SQLite; it is made where there is none.
    pub(super) async fn sqlite(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(WAIT)
            .foreign_keys(true)
            // The log is cut to this after it was larger for once.
            .pragma("journal_size_limit", "16777216")
            .disable_statement_logging();
        // One connection each: SQLite has one writer at a time, and those who queue in the pool wait more fairly than
        // those who meet its lock.
        let pool = |synchronous| {
            let options = options.clone().synchronous(synchronous);
            let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(WAIT);
            pool.idle_timeout(None).max_lifetime(None).test_before_acquire(false).connect_with(options)
        };
        // FULL syncs the log at each commit, with all that progress wrote to it before; NORMAL at checkpoints only.
        let durable = pool(SqliteSynchronous::Full).await?;
        let progress = pool(SqliteSynchronous::Normal).await?;
        Ok(Self::Sqlite { durable, progress })
    }

    /// A database of PostgreSQL; our tables have a schema of their own.
    pub(super) async fn postgres(options: PgConnectOptions) -> Result<Self, sqlx::Error> {
        let options = options.application_name("pinstead").disable_statement_logging();
        // A pool tries for long, and then has forgotten why it could not.
        PgConnection::connect_with(&options).await?.close().await?;
        let pool = |synchronous: &'static str, most| {
            let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(WAIT);
            let pool = pool.after_connect(move |connection, _| {
                Box::pin(async move {
                    // A process that stands still in the middle must not hold up the others. The statements are made
                    // for the isolation that is PostgreSQL's own default, which a database may have changed.
                    sqlx::raw_sql(
                        "SET search_path TO pinstead; SET client_min_messages TO warning; SET lock_timeout TO \
                         '20s'; SET idle_in_transaction_session_timeout TO '60s'; \
                         SET default_transaction_isolation TO 'read committed'",
                    )
                    .execute(&mut *connection)
                    .await?;
                    sqlx::raw_sql(synchronous).execute(connection).await?;
                    Ok(())
                })
            });
            pool.connect_with(options.clone())
        };
        let durable = pool("SET synchronous_commit TO on", 4).await?;
        let progress = pool("SET synchronous_commit TO off", 2).await?;
        Ok(Self::Postgres { durable, progress })
    }

    /// A connection on which statements stand alone, or within [`Database::begin`].
    async fn connection(&self, durability: Durability) -> Result<Connection, StateError> {
        let is_durable = durability == Durability::Durable;
        Ok(match self {
            Self::Sqlite { durable, progress } => {
                Connection::Sqlite(if is_durable { durable } else { progress }.acquire().await?)
            }
            Self::Postgres { durable, progress } => {
                Connection::Postgres(if is_durable { durable } else { progress }.acquire().await?)
            }
        })
    }

    /// One statement, which is a transaction of its own; all its rows.
    pub(super) async fn rows(
        &self,
        durability: Durability,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StateError> {
        self.connection(durability).await?.rows(sql, values).await
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self, durability: Durability) -> Result<Transaction, StateError> {
        let connection = self.connection(durability).await?;
        // Made before BEGIN is sent: whoever drops this future in the middle leaves no open transaction behind.
        let mut transaction = Transaction { connection, is_open: true };
        let begin = match transaction.connection {
            // The lock is taken now, where one can wait for it, and not at the first write, where one cannot.
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            Connection::Postgres(_) => "BEGIN",
        };
        transaction.connection.run(begin).await?;
        Ok(transaction)
    }

    /// What skips rows that others work on: SQLite has one writer at a time, and needs none.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Ends all connections.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { durable, progress } => {
                progress.close().await;
                durable.close().await;
            }
            Self::Postgres { durable, progress } => {
                progress.close().await;
                durable.close().await;
            }
        }
    }
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// A future in a box. As plain `async fn` these could not be spawned: the compiler (1.90) does not see that sqlx's
/// futures are `Send` for every lifetime.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StateError>> + Send + 'a>>;

impl Connection {
    fn run(&mut self, sql: &'static str) -> Boxed<'_, ()> {
        Box::pin(async move {
            match self {
                Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop)?,
                Self::Postgres(connection) => {
                    sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop)?;
                }
            }
            Ok(())
        })
    }

    fn rows<'a>(&'a mut self, sql: &'static str, values: &'a [Value<'a>]) -> Boxed<'a, Vec<Row>> {
        Box::pin(async move {
            #[cfg(test)]
            STATEMENTS.set(STATEMENTS.get() + 1);
            Ok(match self {
                Self::Sqlite(connection) => {
                    let rows = bound!(sql, values).fetch_all(&mut **connection).await?;
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                Self::Postgres(connection) => {
                    let rows = bound!(sql, values).fetch_all(&mut **connection).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
            })
        })
    }

    fn execute<'a>(&'a mut self, sql: &'static str, values: &'a [Value<'a>]) -> Boxed<'a, u64> {
        Box::pin(async move {
            #[cfg(test)]
            STATEMENTS.set(STATEMENTS.get() + 1);
            Ok(match self {
                Self::Sqlite(connection) => {
                    bound!(sql, values).execute(&mut **connection).await?.rows_affected()
                }
                Self::Postgres(connection) => {
                    bound!(sql, values).execute(&mut **connection).await?.rows_affected()
                }
            })
        })
    }
}

/// A transaction; nothing of it is written unless [`Transaction::end`] says so.
///
/// It is not sqlx's own: SQLite ends a transaction by itself where the disk is full, and sqlx 0.9 then believes for ever
/// that the connection is still within it.
pub(super) struct Transaction {
    connection: Connection,
    is_open: bool,
}

impl Transaction {
    /// One statement's rows.
    pub(super) async fn rows(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StateError> {
        self.connection.rows(sql, values).await
    }

    /// One statement; how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StateError> {
        self.connection.execute(sql, values).await
    }

    /// Writes everything where `result` is good, and nothing where it is not.
    pub(super) async fn end<T>(mut self, result: Result<T, StateError>) -> Result<T, StateError> {
        let how = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.connection.run(how).await;
        self.is_open = ended.is_err();
        let value = result?;
        ended?;
        Ok(value)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.is_open {
            // Whatever is left undone ends with the connection.
            match &mut self.connection {
                Connection::Sqlite(connection) => connection.close_on_drop(),
                Connection::Postgres(connection) => connection.close_on_drop(),
            }
        }
    }
}
