//! `kill -9`, at any moment.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use pinstead::ct::merkle::RangeBuilder;
use pinstead::observe::clock::Stopwatch;
use pinstead::watch::state::{EntryKind, Place, RANGE, State};
use sqlx::{Connection as _, PgConnection};

use super::played::{LONG, alert, count, followed, found, leaf, open, read_to};

/// Where the child finds the state.
const STATE: &str = "PINSTEAD_TEST_STATE";
/// How many entries a batch has.
const BATCH: u64 = 7;

/// The life of a process: in each batch there is a certificate, which stands in no other, and its alert.
#[test]
fn a_child_works_until_it_is_killed() {
    // Without that, this is the test that runs among the others, which has nothing to do.
    let Some(place) = std::env::var_os(STATE) else { return };
    let place: Place = place.to_str().unwrap().parse().unwrap();
    crate::world::runtime().block_on(async {
        let state = open(&place).await;
        let log = state.logs().await.unwrap().remove(0).number;
        while let Some(mut lease) = state.lease_range(log, Duration::from_millis(500)).await.unwrap() {
            while !lease.is_done() {
                let at = lease.position();
                let range = read_to(&lease, lease.stop().min(at + BATCH));
                // Two processes live on one machine's two cores, and one may sleep longer than its lease.
                let found = found(at, at, EntryKind::X509);
                if state.commit(&mut lease, &range, &[found], &[alert(at)]).await.is_err() {
                    break;
                }
                println!("committed {at}");
            }
        }
    });
}

struct Worker {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(place: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["killed::a_child_works_until_it_is_killed", "--exact", "--nocapture"])
            .env(STATE, place)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Waits until it has committed this often.
    fn await_commits(&mut self, count: usize) {
        let lines = self.lines.by_ref().map_while(Result::ok);
        let seen = lines.filter(|line| line.contains("committed")).take(count).count();
        assert_eq!(seen, count, "the child ended by itself");
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The place as text that leads to it, secrets and all.
fn text(place: &Place) -> String {
    match place {
        Place::File(path) => path.to_str().unwrap().to_owned(),
        Place::Postgres(options) => format!(
            "postgresql://pinstead:{}@{}:{}/{}",
            crate::world::postgres::PASSWORD,
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap()
        ),
    }
}

pub(crate) async fn who_is_killed_loses_and_repeats_nothing(place: Place) {
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 100 * RANGE).await;
    let address = text(&place);
    for round in 0..4 {
        let mut workers = [Worker::start(&address), Worker::start(&address)];
        for worker in &mut workers {
            worker.await_commits(5 + round);
        }
        // Somewhere within the next few transactions.
        tokio::time::sleep(Duration::from_millis(3 * u64::try_from(round).unwrap())).await;
        workers.into_iter().for_each(Worker::kill);
    }
    let committed = "SELECT CAST(SUM((position - start + 6) / 7) AS BIGINT) FROM ranges";
    let batches = count(&place, committed).await;
    assert!(batches >= 4 * 2 * 5, "{batches}");
    assert_eq!(count(&place, "SELECT COUNT(*) FROM sightings").await, batches);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM certificates").await, batches);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM claims").await, batches);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM alerts").await, batches);
    assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries").await, 2 * batches);
    // What was read of each range is the tree over just those entries.
    expire(&place).await;
    check_ranges(&state, &log).await;
}

/// All leases are over.
async fn expire(place: &Place) {
    count(place, "UPDATE ranges SET lease_until = 0 RETURNING lease_until").await;
}

async fn check_ranges(state: &State, log: &pinstead::watch::state::Log) {
    let mut begun = 0;
    while let Some(range) = state.lease_range(log.number, LONG).await.unwrap() {
        let mut expected = RangeBuilder::new(range.start());
        (range.start()..range.position()).for_each(|index| expected.push(leaf(index)));
        assert_eq!(range.builder().unwrap(), expected);
        begun += u32::from(range.position() > range.start());
        if range.position() == range.start() {
            break;
        }
    }
    assert!(begun >= 2, "both worked");
}

/// The child waits within its transaction, because we hold what it is about to write; there it is killed.
pub(crate) async fn in_the_middle_of_a_transaction(url: String) {
    let url = url.as_str();
    let place: Place = url.parse().unwrap();
    let state = open(&place).await;
    let (log, _) = followed(&state, 1, 1000).await;
    let mut blocker = PgConnection::connect(url).await.unwrap();
    let mut watcher = PgConnection::connect(url).await.unwrap();
    let mut transaction = blocker.begin().await.unwrap();
    // The third batch's certificate.
    sqlx::query("INSERT INTO pinstead.certificates (tbs_sha256, first_seen) VALUES ($1, 0)")
        .bind(&found(2 * BATCH, 0, EntryKind::X509).tbs_sha256[..])
        .execute(&mut *transaction)
        .await
        .unwrap();
    let mut worker = Worker::start(url);
    worker.await_commits(2);
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO certificates%'";
    let begun = Stopwatch::start();
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watcher).await.unwrap() == 0 {
        assert!(begun.milliseconds() < 30_000, "the child does not come to the third batch");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    worker.kill();
    transaction.rollback().await.unwrap();
    // The server hears of the child's end when it is done with its statement.
    let there = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND query LIKE 'INSERT INTO certificates%' AND state <> 'idle' AND pid <> pg_backend_pid()";
    while sqlx::query_scalar::<_, i64>(there).fetch_one(&mut watcher).await.unwrap() > 0 {
        assert!(begun.milliseconds() < 60_000, "the dead child's transaction does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    expire(&place).await;
    let range = state.lease_range(log.number, LONG).await.unwrap().unwrap();
    assert_eq!(range.position(), 2 * BATCH, "the third batch was never read");
    assert_eq!(range.builder().unwrap(), read_to(&range, range.position()));
    for table in ["certificates", "sightings", "alerts"] {
        assert_eq!(count(&place, &format!("SELECT COUNT(*) FROM {table}")).await, 2, "{table}");
    }
}
