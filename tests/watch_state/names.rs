//! Which names were searched for, in which entries.

use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::watch::state::{HeadLease, Log, Place, State};
use sqlx::Connection as _;

use super::played::{LONG, head, new_log, open, read_all, read_to, tree};

pub(crate) fn names(texts: &[&str]) -> WatchedNames {
    let named = |text: &&str| {
        let name = text.trim_start_matches('.').parse().unwrap();
        WatchedName { name, with_subdomains: text.starts_with('.') }
    };
    WatchedNames::new(texts.iter().map(named))
}

/// Opens the state to search for these names.
pub(crate) async fn searching(place: &Place, texts: &[&str]) -> State {
    let state = open(place).await;
    state.search_for(&names(texts)).await.unwrap();
    state
}

async fn prove(state: &State, lease: &HeadLease, log: &Log, size: u64) {
    state.take_head(lease, &head(size)).await.unwrap();
    read_all(state, log).await;
    let folded = state.fold(lease).await.unwrap().unwrap();
    state.prove(lease, &folded).await.unwrap();
}

/// What was not searched: names and entries.
async fn unsearched(state: &State, log: &Log) -> Vec<(Vec<String>, Vec<(u64, u64)>)> {
    let log = state.log(log.number).await.unwrap();
    let missing = state.unsearched(&log, log.start).await.unwrap();
    let named = |watched: &WatchedName| watched.name.to_string();
    missing.iter().map(|one| (one.names.iter().map(named).collect(), one.entries.clone())).collect()
}

pub(crate) async fn what_was_read_counts_for_the_names_it_was_read_for(place: Place) {
    let first = searching(&place, &[".one.example", "only.example"]).await;
    let log = first.register(&new_log(1, 40)).await.unwrap();
    let lease = first.lease_head(log.number, LONG).await.unwrap().unwrap();
    prove(&first, &lease, &log, 70_000).await;
    assert!(unsearched(&first, &log).await.is_empty());

    // Another set: what lies below the names of the first is covered, and nothing else.
    let texts = [".one.example", ".www.one.example", ".two.example", ".only.example"];
    let second = searching(&place, &texts).await;
    let missing = || vec![(vec!["two.example".to_owned(), "only.example".to_owned()], vec![(40, 70_000)])];
    assert_eq!(unsearched(&second, &log).await, missing());
    prove(&second, &lease, &log, 150_000).await;
    assert_eq!(unsearched(&second, &log).await, missing(), "what came later was searched for all");
    let behind = second.unsearched(&second.log(log.number).await.unwrap(), 70_000).await.unwrap();
    assert!(behind.is_empty());
    assert!(unsearched(&first, &log).await.is_empty(), "the second set has all of the first");

    // Read again for all of them.
    assert_eq!(second.wanted_from(log.number).await.unwrap(), None);
    second.want_from(log.number, 10).await.unwrap();
    assert_eq!(second.wanted_from(log.number).await.unwrap(), Some(10));
    second.search_again(&lease, &tree(10), "for two").await.unwrap();
    let again = second.log(log.number).await.unwrap();
    assert_eq!(again.begun.as_deref(), Some("for two"));
    assert_eq!((again.start, again.proven.size()), (10, 10));
    read_all(&second, &log).await;
    let folded = second.fold(&lease).await.unwrap().unwrap();
    second.prove(&lease, &folded).await.unwrap();
    assert!(unsearched(&second, &log).await.is_empty());

    let search = second.searched_for(&"shop.two.example".parse().unwrap()).await.unwrap();
    assert!(search.is_watched);
    assert_eq!(search.entries[&log.number], [(10, 150_000)]);
    let other = second.searched_for(&"example".parse().unwrap()).await.unwrap();
    assert!(!other.is_watched && other.entries.is_empty());
}

pub(crate) async fn a_range_is_begun_anew_for_other_names(place: Place) {
    let ours = searching(&place, &[".one.example"]).await;
    let log = ours.register(&new_log(1, 0)).await.unwrap();
    let lease = ours.lease_head(log.number, LONG).await.unwrap().unwrap();
    ours.take_head(&lease, &head(1000)).await.unwrap();
    let mut range = ours.lease_range(log.number, LONG).await.unwrap().unwrap();
    let half = read_to(&range, 500);
    ours.commit(&mut range, &half, &[], &[]).await.unwrap();
    ours.release_range(range).await.unwrap();
    let range = ours.lease_range(log.number, LONG).await.unwrap().unwrap();
    assert_eq!(range.position(), 500, "for the same names it goes on");
    ours.release_range(range).await.unwrap();
    let theirs = searching(&place, &[".two.example"]).await;
    let range = theirs.lease_range(log.number, LONG).await.unwrap().unwrap();
    assert_eq!((range.position(), range.builder().unwrap().end()), (0, 0));
    theirs.release_range(range).await.unwrap();
    read_all(&theirs, &log).await;
    let folded = theirs.fold(&lease).await.unwrap().unwrap();
    theirs.prove(&lease, &folded).await.unwrap();
    assert!(unsearched(&theirs, &log).await.is_empty());
    assert_eq!(unsearched(&ours, &log).await, [(vec!["one.example".to_owned()], vec![(0, 1000)])]);
}

pub(crate) async fn two_with_other_names_are_told_apart(place: Place) {
    let ours = searching(&place, &[".one.example"]).await;
    let theirs = searching(&place, &[".two.example"]).await;
    let log = ours.register(&new_log(1, 0)).await.unwrap();
    let lease = ours.lease_head(log.number, LONG).await.unwrap().unwrap();
    ours.take_head(&lease, &head(200_000)).await.unwrap();
    for (state, end) in [(&ours, 65_536), (&theirs, 131_072), (&ours, 196_608), (&theirs, 200_000)] {
        let mut range = state.lease_range(log.number, LONG).await.unwrap().unwrap();
        let read = read_to(&range, end);
        state.commit(&mut range, &read, &[], &[]).await.unwrap();
    }
    let folded = ours.fold(&lease).await.unwrap().unwrap();
    ours.prove(&lease, &folded).await.unwrap();
    let missing = unsearched(&ours, &log).await;
    assert_eq!(missing, [(vec!["one.example".to_owned()], vec![(65_536, 131_072), (196_608, 200_000)])]);
    let missing = unsearched(&theirs, &log).await;
    assert_eq!(missing, [(vec!["two.example".to_owned()], vec![(0, 65_536), (131_072, 196_608)])]);
}

/// Asks the state itself; `set_back` makes every set one that nobody has searched for in thirty days.
async fn sets(place: &Place, set_back: bool) -> Vec<Vec<u8>> {
    let (update, select) =
        ("UPDATE name_sets SET named = named - 2600000000", "SELECT names FROM name_sets ORDER BY id");
    match place {
        Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            if set_back {
                sqlx::query(update).execute(&mut connection).await.unwrap();
            }
            sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap()
        }
        Place::Postgres(options) => {
            let mut connection = sqlx::PgConnection::connect_with(options).await.unwrap();
            sqlx::query("SET search_path TO pinstead").execute(&mut connection).await.unwrap();
            if set_back {
                sqlx::query(update).execute(&mut connection).await.unwrap();
            }
            sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap()
        }
    }
}

pub(crate) async fn what_nothing_needs_any_more_is_dropped(place: Place) {
    let first = searching(&place, &[".one.example"]).await;
    let log = first.register(&new_log(1, 0)).await.unwrap();
    let lease = first.lease_head(log.number, LONG).await.unwrap().unwrap();
    prove(&first, &lease, &log, 1000).await;
    // Nobody read a thing for these, and somebody said from where they are wanted.
    let unused = searching(&place, &[".three.example"]).await;
    unused.want_from(log.number, 3).await.unwrap();
    let both = [".one.example", ".two.example"];
    let second = searching(&place, &both).await;
    assert_eq!(sets(&place, true).await.len(), 3, "they are kept for a month");

    // What the first set was searched for counts still: nobody else did that.
    let again = searching(&place, &both).await;
    assert_eq!(sets(&place, false).await, [b".one.example".to_vec(), b".one.example\n.two.example".to_vec()]);
    assert_eq!(unsearched(&again, &log).await, [(vec!["two.example".to_owned()], vec![(0, 1000)])]);
    // One that slept meanwhile keeps its names anew.
    assert!(unused.lease_range(log.number, LONG).await.unwrap().is_none());
    assert_eq!(sets(&place, false).await.len(), 3);

    // Read again for all names, the first set is of no more use.
    second.search_again(&lease, &tree(0), "").await.unwrap();
    read_all(&second, &log).await;
    let folded = second.fold(&lease).await.unwrap().unwrap();
    second.prove(&lease, &folded).await.unwrap();
    sets(&place, true).await;
    let last = searching(&place, &both).await;
    assert_eq!(sets(&place, false).await, [b".one.example\n.two.example".to_vec()]);
    assert!(unsearched(&last, &log).await.is_empty());
}
