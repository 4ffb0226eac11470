//! The state of watch, asked.

use super::*;

/// An entry of a log with a precertificate for these names, which claims the watched name `example.com`.
fn entry(index: u64, names: &[&str]) -> (Found, Vec<u8>) {
    let issued = issued(names);
    let ca = crate::x509::Certificate::read(&issued.ca.der).unwrap();
    let tbs = &issued.leaf.precertificate_tbs;
    let length = u32::try_from(tbs.len()).unwrap().to_be_bytes();
    let leaf = [&[0; 10], &[0, 1][..], &ca.spki_sha256.0, &length[1..], tbs, &[0, 0]].concat();
    let found = Found {
        tbs_sha256: Sha256::digest(tbs).into(),
        kind: EntryKind::Precert,
        index,
        timestamp: 0,
        leaf: Bytes(leaf.clone()),
        certificate: None,
        precertificate: Some(Bytes(issued.precertificate)),
        chain: ChainBeside::Certificates(vec![Bytes(issued.ca.der)]),
        claims: vec!["example.com".parse().unwrap()],
        judged: None,
    };
    (found, leaf)
}

#[tokio::test]
async fn what_watch_found_is_told_for_the_name_and_those_below() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.sqlite"));
    let state = Arc::new(State::open(&place, &StateOptions::default()).await.unwrap());
    let entries =
        [entry(0, &["www.shop.example.com"]), entry(1, &["other.example.com"]), entry(2, &["*.example.com"])];
    let mut tree = TreeBuilder::default();
    for (_, leaf) in &entries {
        tree.push(leaf_hash(leaf));
    }
    let log = NewLog {
        log_id: [7; 32],
        description: "Log 7".to_owned(),
        url: "https://log.example/".to_owned(),
        kind: LogKind::Rfc6962,
        key: Bytes(vec![7]),
        before: TreeBuilder::default(),
        head: None,
        begun: None,
    };
    let ours = WatchedName { name: "example.com".parse().unwrap(), with_subdomains: true };
    state.search_for(&WatchedNames::new([ours])).await.unwrap();
    let log = state.register(&log).await.unwrap();
    let time = Duration::from_mins(10);
    let head_lease = state.lease_head(log.number, time).await.unwrap().unwrap();
    let head = Head { size: 3, timestamp: 1_795_000_000_000, root: tree.root(), octets: Bytes(vec![1]) };
    state.take_head(&head_lease, &head).await.unwrap();
    let mut lease = state.lease_range(log.number, time).await.unwrap().unwrap();
    let mut range = lease.builder().unwrap();
    for (_, leaf) in &entries {
        range.push(leaf_hash(leaf));
    }
    let found: Vec<Found> = entries.iter().map(|(found, _)| found.clone()).collect();
    state.commit(&mut lease, &range, &found, &[]).await.unwrap();

    let ask_state = async |is_watched| {
        let place = place.to_string();
        ask_one(AskedSource::WatchState(WatchState { state: Arc::clone(&state), place, is_watched })).await.1
    };
    let read = ask_state(None).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert_eq!(why, "Log 7: entries 0 to 2 are not proven yet, 3 of them read");

    let whole = state.fold(&head_lease).await.unwrap().unwrap();
    state.prove(&head_lease, &whole).await.unwrap();
    let read = ask_state(None).await;
    assert_eq!((&read.coverage, read.problems.as_slice()), (&Coverage::Whole, [].as_slice()));
    assert_eq!(read.current_to, Some(Timestamp::from_millisecond(1_795_000_000_000).unwrap()));
    // Asked for shop.example.com: what is below it, and the wildcard that covers it.
    let mut places: Vec<_> = read.certificates.iter().map(|one| one.seen[0].index).collect();
    places.sort_unstable();
    assert_eq!(places, [Some(0), Some(2)]);
    for one in &read.certificates {
        let issuer = crate::x509::Certificate::read(&one.chain[0]).unwrap();
        assert_eq!(one.logged.as_ref().unwrap().issuer_key_hash, issuer.spki_sha256);
    }

    let fault = NewFault {
        log: log.number,
        kind: "split".to_owned(),
        text: "it showed two trees".to_owned(),
        evidence: Bytes(Vec::new()),
    };
    state.report_fault(&fault, &[]).await.unwrap();
    let read = ask_state(None).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.starts_with("Log 7: it showed two trees (since "), "{why}");
}
