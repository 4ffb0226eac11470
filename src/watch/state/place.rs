//! Where the state is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::database::{Database, WAIT};
use super::error::StateError;

/// SQLite's octets a page, its own default.
const PAGE_OCTETS: u64 = 4096;

/// The longest pause between two attempts to open a file.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Where the state is. It is shown without user, password and parameters.
#[derive(Clone)]
pub enum Place {
    /// A file of SQLite on a local disk: its log is shared memory, which network file systems do not have.
    File(PathBuf),
    /// A database of PostgreSQL.
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for Place {
    type Err = StateError;

    /// A URL of PostgreSQL, or the path of a file.
    fn from_str(text: &str) -> Result<Self, StateError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text).map_err(|_| StateError::Url)?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        if text.is_empty() || is_for_a_server(text) {
            return Err(StateError::Url);
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

/// Whether it names a server in a form that we do not read, or was mistyped: it is no path, and may have a password.
fn is_for_a_server(text: &str) -> bool {
    let mut lower = text.to_ascii_lowercase();
    lower.retain(|letter| !letter.is_whitespace());
    let user = text.split_once('@').map_or("", |(user, _)| user);
    let has_secret = user.contains(':') && !user.contains(['/', '\\']) || lower.contains("password=");
    let is_url = lower.contains("://") || lower.starts_with("postgres:") || lower.starts_with("postgresql:");
    has_secret || is_url
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(options) => {
                write!(f, "postgresql://{}:{}", options.get_host(), options.get_port())?;
                write!(f, "/{}", options.get_database().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl Place {
    pub(super) async fn open(&self, most_octets: Option<u64>) -> Result<Database, StateError> {
        match self {
            Self::File(path) => {
                let mut options = SqliteConnectOptions::new().filename(path);
                if let Some(most) = most_octets {
                    options = options.pragma("max_page_count", (most / PAGE_OCTETS).max(1).to_string());
                }
                open_file(options).await.map_err(|error| match error {
                    StateError::Unavailable(reason) | StateError::Refused(reason) => {
                        StateError::Open { path: path.clone(), reason }
                    }
                    other => other,
                })
            }
            Self::Postgres(options) => Ok(Database::postgres((**options).clone()).await?),
        }
    }
}

/// Opens a file, and waits for those who make it a database with a write-ahead log at the same moment: SQLite waits for
/// locks, and not for this change of its journal, where two who wait would wait for each other.
async fn open_file(options: SqliteConnectOptions) -> Result<Database, StateError> {
    let attempts = Box::pin(async {
        let mut pause = Duration::from_millis(5);
        loop {
            match Database::sqlite(options.clone()).await.map_err(StateError::from) {
                Err(StateError::Busy(_)) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                opened => return opened,
            }
        }
    });
    // An attempt may wait for a lock itself: all of them together wait no longer than one.
    let opened = tokio::time::timeout(WAIT, attempts).await;
    opened.unwrap_or_else(|_| {
        Err(StateError::Busy(format!("others held the file for {} seconds", WAIT.as_secs())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let place: Place =
            "postgresql://ann:s3cret@db.example:5433/watch?application_name=s3cret".parse().unwrap();
        assert_eq!(place.to_string(), "postgresql://db.example:5433/watch");
        assert!(!format!("{place:?}").contains("s3cret"));
        for text in [
            "postgresql://ann:s3cret@[/watch",
            "postgres://ann:s3cret@host:port/",
            "mysql://ann:s3cret@host/",
            "postgresql:/ann:s3cret@host/watch",
            "postgres:ann:s3cret@host/watch",
            "PostgreSQL:ann:s3cret@host/watch",
            "host=db.example user=ann password=s3cret dbname=watch",
            "host=db.example user=ann Password = 's3cret'",
            "db.example/watch?user=ann&password=s3cret",
            "ann:s3cret@db.example/watch",
            "",
        ] {
            let error = text.parse::<Place>().expect_err(text);
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn a_path_is_a_file() {
        for path in [
            "state.db",
            "/var/lib/pinstead/state.db",
            "C:\\state.db",
            "C:\\a@b.db",
            "a:b/c@d.db",
            "watch@home.db",
            "./postgres",
        ] {
            assert!(matches!(path.parse(), Ok(Place::File(file)) if file.to_str() == Some(path)), "{path}");
        }
    }
}
