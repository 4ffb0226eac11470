//! Opening the state.

use pinstead::watch::state::{Place, State, StateError};

use super::played::{count, new_log, open, options};
use crate::world::postgres::{PASSWORD, Postgres};

pub(crate) async fn many_open_it_at_once(place: Place) {
    let tasks: Vec<_> = (0..6_u8)
        .map(|id| {
            let place = place.clone();
            tokio::spawn(async move { open(&place).await.register(&new_log(id, 0)).await.unwrap().number })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(open(&place).await.logs().await.unwrap().len(), 6);
}

pub(crate) async fn tables_of_another_version_are_left_alone(place: Place) {
    let state = open(&place).await;
    state.register(&new_log(1, 0)).await.unwrap();
    state.close().await;
    let step = "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1 RETURNING version";
    count(&place, step).await;
    let refused = State::open(&place, &options()).await.err().unwrap();
    assert!(matches!(refused, StateError::OtherVersion(_)), "{refused:?}");
    assert_eq!(count(&place, "SELECT COUNT(*) FROM logs").await, 1);
}

#[test]
fn what_is_no_state_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let damaged = folder.path().join("damaged");
    std::fs::write(&damaged, "this is no database, and long enough to be one's header".repeat(100)).unwrap();
    crate::world::runtime().block_on(async {
        let refused = State::open(&Place::File(damaged.clone()), &options()).await.err().unwrap();
        assert!(matches!(refused, StateError::Damaged(_)), "{refused:?}");
        let missing = folder.path().join("no such folder").join("state.db");
        let refused = State::open(&Place::File(missing), &options()).await.err().unwrap();
        assert!(refused.to_string().contains("no such folder"), "{refused:?}");
    });
    assert!(std::fs::read(damaged).unwrap().starts_with(b"this is no database"));
}

pub(crate) async fn postgresql_is_refused_without_its_secrets(server: &Postgres) {
    let url = server.database().await;
    let wrong: Place = url.replace(PASSWORD, "wr0ng-s3cret").parse().unwrap();
    let no_database: Place = url.replace("/test", "/none").parse().unwrap();
    let nobody_there: Place = url.replace(&server.address.port().to_string(), "1").parse().unwrap();
    for place in [&wrong, &no_database, &nobody_there] {
        let refused = State::open(place, &options()).await.err().unwrap();
        let shown = format!("{refused} {refused:?} {place} {place:?}");
        assert!(!shown.contains("wr0ng-s3cret") && !shown.contains(PASSWORD), "{shown}");
    }
    let latin = server.database_with("ENCODING 'LATIN1' TEMPLATE template0").await.parse().unwrap();
    let refused = State::open(&latin, &options()).await.err().unwrap();
    assert!(matches!(refused, StateError::Encoding(_)), "{refused:?}");
}

/// Where a server has other defaults than PostgreSQL's own.
pub(crate) async fn postgresql_may_have_other_defaults(server: &Postgres) {
    let url = server.database().await;
    let place: Place = url.parse().unwrap();
    let name = url.rsplit_once('/').unwrap().1;
    open(&place).await.close().await;
    let set = async |setting: &str| {
        let sql = format!("ALTER DATABASE {name} SET {setting}");
        server.run(&sql).await;
    };
    set("default_transaction_isolation = 'serializable'").await;
    super::crowd::no_alert_is_made_or_taken_twice(place.clone()).await;
    set("default_transaction_read_only = on").await;
    let refused = State::open(&place, &options()).await.err().unwrap();
    assert!(matches!(refused, StateError::Unavailable(_)), "it may be another server soon: {refused:?}");
}

/// SQLite does not wait where two make the same new file a database with a write-ahead log: they wait themselves.
#[test]
fn new_files_are_made_by_many_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    crate::world::runtime().block_on(async {
        for number in 0..40_u8 {
            many_open_it_at_once(Place::File(folder.path().join(format!("new{number}.db")))).await;
        }
    });
}
