//! A disk without room.

use pinstead::evidence::Bytes;
use pinstead::watch::state::{EntryKind, Found, Place, State, StateError, StateOptions};

use super::played::{LONG, alert, count, followed, found, leaf, open, options, read_to};

#[test]
fn a_full_disk_harms_nothing() {
    let folder = tempfile::TempDir::new().unwrap();
    let place = Place::File(folder.path().join("state.db"));
    crate::world::runtime().block_on(async {
        let small = StateOptions { most_octets: Some(1 << 20), ..options() };
        let state = State::open(&place, &small).await.unwrap();
        let (log, head) = followed(&state, 1, 65_536).await;
        let mut lease = state.lease_range(log.number, LONG).await.unwrap().unwrap();
        let large = |number: u64| Found {
            certificate: Some(Bytes(vec![1; 50_000])),
            ..found(number, number, EntryKind::X509)
        };
        let full = loop {
            let at = lease.position();
            let range = read_to(&lease, at + 1);
            if let Err(error) = state.commit(&mut lease, &range, &[large(at)], &[alert(at)]).await {
                break error;
            }
            assert!(at < 30, "a file of 1 MiB takes no more than that");
        };
        assert!(matches!(full, StateError::Full(_)), "{full:?}");
        let done = lease.position();
        assert!(done > 5);
        // The same process goes on to work, as far as there is room, and tries again.
        for _ in 0..3 {
            assert_eq!(state.resume_range(&lease).await.unwrap(), lease);
            state.renew_head(&head).await.unwrap();
            let range = read_to(&lease, done + 1);
            let again = state.commit(&mut lease, &range, &[large(done)], &[alert(done)]).await;
            assert!(matches!(again, Err(StateError::Full(_))), "{again:?}");
        }
        let certificates = "SELECT COUNT(*) FROM certificates";
        assert_eq!(count(&place, certificates).await, i64::try_from(done).unwrap());
        assert_eq!(count(&place, "SELECT COUNT(*) FROM alerts").await, i64::try_from(done).unwrap());
        assert_eq!(count(&place, "SELECT COUNT(*) FROM deliveries").await, 2 * i64::try_from(done).unwrap());

        // There is room again, for this process or another.
        let roomy = open(&place).await;
        let mut range = lease.builder().unwrap();
        range.push(leaf(done));
        roomy.commit(&mut lease, &range, &[large(done)], &[alert(done)]).await.unwrap();
        assert_eq!(count(&place, certificates).await, i64::try_from(done + 1).unwrap());
        assert_eq!(roomy.due("hook", 100, LONG).await.unwrap().len() as u64, done + 1);
    });
}
