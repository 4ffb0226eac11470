//! The tables, and how they came to be: each step once, in order, in the database's own transaction.

use std::borrow::Cow;

use sqlx::SqlStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::database::Database;
use super::error::StateError;

/// Steps are never changed once released; each change is a further step, in both.
const SQLITE: [(i64, &str, &str); 9] = [
    (1, "first", include_str!("migrations/sqlite/1_first.sql")),
    (2, "names", include_str!("migrations/sqlite/2_names.sql")),
    (3, "told", include_str!("migrations/sqlite/3_told.sql")),
    (4, "revocations", include_str!("migrations/sqlite/4_revocations.sql")),
    (5, "begun", include_str!("migrations/sqlite/5_begun.sql")),
    (6, "proofs", include_str!("migrations/sqlite/6_proofs.sql")),
    (7, "wishes", include_str!("migrations/sqlite/7_wishes.sql")),
    (8, "pauses", include_str!("migrations/sqlite/8_pauses.sql")),
    (9, "followers", include_str!("migrations/sqlite/9_followers.sql")),
];
const POSTGRES: [(i64, &str, &str); 9] = [
    (1, "first", include_str!("migrations/postgres/1_first.sql")),
    (2, "names", include_str!("migrations/postgres/2_names.sql")),
    (3, "told", include_str!("migrations/postgres/3_told.sql")),
    (4, "revocations", include_str!("migrations/postgres/4_revocations.sql")),
    (5, "begun", include_str!("migrations/postgres/5_begun.sql")),
    (6, "proofs", include_str!("migrations/postgres/6_proofs.sql")),
    (7, "wishes", include_str!("migrations/postgres/7_wishes.sql")),
    (8, "pauses", include_str!("migrations/postgres/8_pauses.sql")),
    (9, "followers", include_str!("migrations/postgres/9_followers.sql")),
];

fn migrator(steps: &[(i64, &'static str, &'static str)]) -> Migrator {
    let step = |(version, name, sql): &(i64, &'static str, &'static str)| {
        let sql = SqlStr::from_static(sql);
        Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(steps.iter().map(step).collect())
}

/// Brings the tables up to this version of the program. Several processes may do so at once.
pub(super) async fn migrate(database: &Database) -> Result<(), StateError> {
    match database {
        Database::Sqlite { durable, .. } => {
            // sqlx takes no lock in SQLite: two processes would make the same tables.
            let mut transaction = durable.begin_with("BEGIN IMMEDIATE").await?;
            migrator(&SQLITE).run_direct(None, &mut *transaction, false).await?;
            transaction.commit().await?;
        }
        Database::Postgres { durable, .. } => {
            let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(durable).await?;
            if encoding != "UTF8" {
                return Err(StateError::Encoding(encoding));
            }
            let mut migrator = migrator(&POSTGRES);
            let known = "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'pinstead')";
            // Who may use the schema may not be one who may make it.
            if !sqlx::query_scalar::<_, bool>(known).fetch_one(durable).await? {
                migrator.create_schema("pinstead");
            }
            let mut connection = durable.acquire().await?;
            migrator.run_direct(None, &mut *connection, false).await?;
        }
    }
    Ok(())
}

impl From<MigrateError> for StateError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version) => {
                Self::OtherVersion(format!("it has step {version}, which this one does not know"))
            }
            MigrateError::VersionMismatch(version) => {
                Self::OtherVersion(format!("its step {version} is another one"))
            }
            other => Self::OtherVersion(other.to_string()),
        }
    }
}
