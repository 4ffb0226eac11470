//! A log that is nothing but numbers, and who reads it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;
use std::time::Duration;

use pinstead::ct::merkle::{RangeBuilder, TreeBuilder, TreeHash, leaf_hash};
use pinstead::evidence::Bytes;
use pinstead::watch::batch::ChainBeside;
use pinstead::watch::state::{
    EntryKind, Found, Head, HeadLease, Log, LogKind, NewAlert, NewLog, Place, RangeLease, State, StateOptions,
};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// Longer than any test.
pub(crate) const LONG: Duration = Duration::from_mins(10);
/// Over at once.
pub(crate) const NO_TIME: Duration = Duration::ZERO;

pub(crate) async fn open(place: &Place) -> State {
    State::open(place, &options()).await.unwrap()
}

pub(crate) fn options() -> StateOptions {
    StateOptions { channels: vec!["hook".to_owned(), "mail".to_owned()], most_octets: None }
}

/// A log that is to be read from this entry on.
pub(crate) fn new_log(id: u8, start: u64) -> NewLog {
    NewLog {
        log_id: [id; 32],
        description: format!("log {id}"),
        url: format!("https://{id}.example/"),
        kind: LogKind::Rfc6962,
        key: Bytes(vec![id; 91]),
        before: tree(start),
        head: None,
        begun: None,
    }
}

pub(crate) fn leaf(index: u64) -> TreeHash {
    leaf_hash(&index.to_be_bytes())
}

pub(crate) fn tree(size: u64) -> TreeBuilder {
    // What was hashed before is not hashed again.
    static TREES: Mutex<BTreeMap<u64, TreeBuilder>> = Mutex::new(BTreeMap::new());
    let mut trees = TREES.lock().unwrap();
    let mut tree =
        trees.range(..=size).next_back().map_or_else(TreeBuilder::default, |(_, tree)| tree.clone());
    (tree.size()..size).for_each(|index| tree.push(leaf(index)));
    trees.insert(size, tree.clone());
    tree
}

pub(crate) fn head(size: u64) -> Head {
    let octets = Bytes(format!("tree head {size}").into_bytes());
    Head { size, timestamp: 1_700_000_000_000 + size, root: tree(size).root(), octets }
}

/// A log with its head held, and a tree head of this size taken.
pub(crate) async fn followed(state: &State, id: u8, size: u64) -> (Log, HeadLease) {
    let log = state.register(&new_log(id, 0)).await.unwrap();
    let lease = state.lease_head(log.number, LONG).await.unwrap().unwrap();
    // Its root is not looked at before it is proven.
    let head = Head { root: TreeHash([0; 32]), ..head(size.min(1)) };
    let taken = state.take_head(&lease, &Head { size, ..head }).await.unwrap();
    assert_eq!(taken.goal, Some(size));
    (log, lease)
}

/// Reads a range further, to this entry.
pub(crate) fn read_to(lease: &RangeLease, end: u64) -> RangeBuilder {
    let mut range = lease.builder().unwrap();
    (lease.position()..end).for_each(|index| range.push(leaf(index)));
    range
}

/// Reads all ranges that are free.
pub(crate) async fn read_all(state: &State, log: &Log) {
    while let Some(mut lease) = state.lease_range(log.number, LONG).await.unwrap() {
        while !lease.is_done() {
            let range = read_to(&lease, lease.stop().min(lease.position() + 40_000));
            assert!(state.commit(&mut lease, &range, &[], &[]).await.unwrap().is_empty());
        }
    }
}

/// A certificate in an entry; those of the same number are the same.
pub(crate) fn found(number: u64, index: u64, kind: EntryKind) -> Found {
    let mut tbs_sha256 = [7; 32];
    tbs_sha256[..8].copy_from_slice(&number.to_be_bytes());
    let der = |what: &str| Some(Bytes(format!("{what} {number}").into_bytes()));
    let is_precert = kind == EntryKind::Precert;
    Found {
        tbs_sha256,
        kind,
        index,
        timestamp: 1_700_000_000_000,
        leaf: Bytes(format!("leaf {number} at {index}").into_bytes()),
        certificate: if is_precert { None } else { der("certificate") },
        precertificate: if is_precert { der("precertificate") } else { None },
        chain: ChainBeside::Certificates(vec![Bytes(b"issuer".to_vec()), Bytes(b"root".to_vec())]),
        claims: vec!["example.com".parse().unwrap()],
        judged: None,
    }
}

pub(crate) fn alert(subject: impl Display) -> NewAlert {
    NewAlert {
        kind: "certificate".to_owned(),
        subject: format!("{subject}"),
        payload: format!("{{\"subject\":\"{subject}\"}}"),
    }
}

/// A number, asked of the database itself.
pub(crate) async fn count(place: &Place, sql: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(sql);
    match place {
        Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()[0]
        }
        Place::Postgres(options) => {
            let mut connection = PgConnection::connect_with(options).await.unwrap();
            sqlx::query("SET search_path TO pinstead").execute(&mut connection).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()[0]
        }
    }
}
