//! Why the state could not do what was asked. No text has the database's URL, nor anything secret in it.

use std::path::PathBuf;

/// Why an operation on the state failed; unless a variant says otherwise, nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A URL that is none of PostgreSQL's. Its text may have a password, and is not repeated.
    #[error(
        "the state's URL cannot be read: give postgresql://user@host/database, or the path of a file for SQLite"
    )]
    Url,
    /// The file of the state cannot be opened or made.
    #[error("the state in {} cannot be opened: {reason}", .path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A newer or changed program wrote the tables.
    #[error("the state's tables are of another version of pinstead: {0}")]
    OtherVersion(String),
    /// The database does not keep text as UTF-8.
    #[error("the database keeps text as {0}: create it with ENCODING 'UTF8'")]
    Encoding(String),
    /// What is worked on was taken over by another process, or given back: leave it, and lease anew.
    #[error("the lease was lost: another process may work on it now")]
    LeaseLost,
    /// There is no room left for it: on the disk, or within the limit that was set.
    #[error("the state's disk is full: {0}")]
    Full(String),
    /// Others held the database for too long; it may be tried again.
    #[error("the state's database is busy: {0}")]
    Busy(String),
    /// The database cannot be reached, or went away. Where this comes from a commit, it may have been done: see
    /// [`State::resume_range`](super::State::resume_range).
    #[error("the state's database cannot be used: {0}")]
    Unavailable(String),
    /// The database refused.
    #[error("the state's database refused: {0}")]
    Refused(String),
    /// What stands in the database is not what this program writes.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// More than the state takes.
    #[error("{what} is larger than the state takes ({most})")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The most that is taken.
        most: u64,
    },
    /// The log was not registered.
    #[error("the log is not in the state")]
    NoSuchLog,
    /// The log was registered with another key.
    #[error("the log is in the state with another key")]
    OtherKey,
    /// The range does not go on from what was committed last.
    #[error("the range stands at {position}, and what was to be committed begins or ends elsewhere")]
    Elsewhere {
        /// Where it stands.
        position: u64,
    },
    /// Not all entries of the tree head were read yet.
    #[error("not all entries of the tree head were read yet")]
    NotRead,
    /// The entries that were read do not give the root that the log signed.
    #[error("the entries that the log gave do not have the root that it signed")]
    OtherRoot,
    /// The system gave no random octets.
    #[error("the system has no random octets")]
    NoRandomness,
}

impl From<sqlx::Error> for StateError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => {
                let text = error.message().to_owned();
                match error.code().as_deref() {
                    // SQLITE_FULL; SQLITE_IOERR_SHMSIZE, where there is no room for the shared memory beside the file;
                    // disk_full.
                    Some("13" | "4874" | "53100") => Self::Full(text),
                    // lock_not_available, serialization_failure, deadlock_detected.
                    Some("55P03" | "40001" | "40P01") => Self::Busy(text),
                    // read_only_sql_transaction, as after a change of servers; idle_in_transaction_session_timeout.
                    Some("25006" | "25P03") => Self::Unavailable(text),
                    // Connection exceptions, too few resources, operator intervention, system errors.
                    Some(code)
                        if code.len() == 5
                            && ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) =>
                    {
                        Self::Unavailable(text)
                    }
                    Some(code) => match code.parse::<u32>().map(|code| code & 0xff) {
                        // SQLITE_BUSY, SQLITE_LOCKED; their further kinds stand in the higher octets.
                        Ok(5 | 6) if code.len() < 5 => Self::Busy(text),
                        // SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY.
                        Ok(8 | 10 | 14) if code.len() < 5 => Self::Unavailable(text),
                        // SQLITE_CORRUPT, SQLITE_NOTADB.
                        Ok(11 | 26) if code.len() < 5 => Self::Damaged(text),
                        _ => Self::Refused(text),
                    },
                    None => Self::Refused(text),
                }
            }
            sqlx::Error::Configuration(_) => Self::Url,
            sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
            sqlx::Error::Tls(error) => Self::Unavailable(error.to_string()),
            sqlx::Error::PoolTimedOut => {
                Self::Unavailable("no connection was free or could be made".to_owned())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
