use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::testing::{Issued, issued, now, reading, reading_of};
use super::*;
use crate::evidence::issuance::Told;
use crate::x509::SpkiSha256;

const LOGGED: u64 = 1_795_000_000_123;

fn log(id: u8) -> FollowedLog {
    FollowedLog {
        log_id: STANDARD.encode([id; 32]),
        description: format!("Log {id}"),
        start: 0,
        proven: 100,
        read: 0,
        searched: Some(vec![(0, 100)]),
        head_size: Some(100),
        head_at: Some(now()),
        head_seen: Some(now()),
        faults: Vec::new(),
        following: None,
    }
}

fn told(state: WatchStateReading) -> SourceReading {
    reading(Told::WatchState(state))
}

fn watched(logs: Vec<FollowedLog>) -> WatchStateReading {
    WatchStateReading { is_watched: Some(true), logs, ..WatchStateReading::default() }
}

/// A `MerkleTreeLeaf` (RFC 6962 section 3.4), written by hand.
fn leaf(kind: u16, key_hash: &[u8], octets: &[u8]) -> Bytes {
    let length = u32::try_from(octets.len()).unwrap().to_be_bytes();
    let kind = kind.to_be_bytes();
    Bytes([&[0, 0], &LOGGED.to_be_bytes()[..], &kind, key_hash, &length[1..], octets, &[0, 0]].concat())
}

fn sighting(log: u8, index: u64, leaf: Bytes, chain: &[&[u8]]) -> LogSighting {
    let chain = chain.iter().map(|der| Bytes(Sha256::digest(der).to_vec())).collect();
    LogSighting { log_id: STANDARD.encode([log; 32]), index, is_proven: true, leaf, chain, seen: now() }
}

fn found(issued: &Issued, sightings: Vec<LogSighting>) -> LoggedCertificate {
    LoggedCertificate {
        first_seen: now(),
        certificate: Some(Bytes(issued.leaf.der.clone())),
        precertificate: Some(Bytes(issued.precertificate.clone())),
        sightings,
    }
}

#[test]
fn a_certificate_has_what_the_tree_covers() {
    let issued = issued(&["example.com"]);
    let key_hash = Certificate::read(&issued.ca.der).unwrap().spki_sha256;
    let tbs = &issued.leaf.precertificate_tbs;
    let state = WatchStateReading {
        certificates: vec![found(
            &issued,
            vec![
                sighting(1, 7, leaf(1, &key_hash.0, tbs), &[]),
                sighting(2, 9, leaf(0, &[], &issued.leaf.der), &[&issued.ca.der, b"unknown"]),
            ],
        )],
        issuers: vec![Bytes(issued.ca.der.clone())],
        ..watched(vec![log(1), log(2)])
    };
    let read = told(state);
    assert_eq!((&read.coverage, read.problems.as_slice()), (&Coverage::Whole, [].as_slice()));
    assert_eq!(read.current_to, Some(now()));
    let [one] = read.certificates.as_slice() else { panic!("{read:?}") };
    assert_eq!(
        one.logged,
        Some(LoggedTbs { tbs: Bytes(tbs.clone()), issuer_key_hash: key_hash, is_proven: true })
    );
    assert_eq!(one.certificate, Some(Bytes(issued.leaf.der.clone())));
    assert_eq!(one.precertificate, Some(Bytes(issued.precertificate.clone())));
    assert_eq!(one.chain, [Bytes(issued.ca.der.clone())], "up to the first that is not known");
    let seen: Vec<_> = one.seen.iter().map(|seen| (seen.place.as_str(), seen.index)).collect();
    assert_eq!(seen, [("Log 1", Some(7)), ("Log 2", Some(9))]);
    assert_eq!(one.seen[0].at, Some(Timestamp::from_millisecond(1_795_000_000_123).unwrap()));
}

#[test]
fn silence_is_worth_what_was_proven() {
    assert_eq!(told(watched(vec![log(1)])).coverage, Coverage::Whole);
    let part = |logs, is_watched| {
        let read = told(WatchStateReading { is_watched, ..watched(logs) });
        let Coverage::Part(why) = read.coverage else { panic!("{:?}", read.coverage) };
        (why, read.current_to)
    };
    let behind = FollowedLog { proven: 60, read: 10, ..log(2) };
    let (why, current_to) = part(vec![log(1), behind], Some(true));
    assert_eq!(why, "Log 2: entries 60 to 99 are not proven yet, 10 of them read");
    assert_eq!(current_to, None);
    let (why, _) = part(vec![log(1), FollowedLog { head_size: None, head_at: None, ..log(2) }], Some(true));
    assert_eq!(why, "Log 2: no tree head of it was seen yet");
    let (why, _) =
        part(vec![FollowedLog { faults: vec!["split \u{7}view".to_owned()], ..log(1) }], Some(true));
    assert_eq!(why, "Log 1: split \\u{7}view");
    let late = FollowedLog { start: 40, searched: Some(vec![(70, 90), (40, 60)]), ..log(2) };
    let (why, _) = part(vec![log(1), late.clone()], Some(true));
    assert_eq!(why, "Log 2: entries 0 to 39, 60 to 69, 90 to 99 were not searched for the name");
    let (why, _) = part(vec![FollowedLog { searched: None, ..late }], Some(true));
    assert_eq!(why, "Log 2: entries 0 to 39 were not read");
    // A watch that stopped knows nothing of what came after.
    let ago = |hours: i64| Some(now() - jiff::SignedDuration::from_hours(hours));
    let (why, _) = part(vec![FollowedLog { head_at: ago(8760), head_seen: ago(8760), ..log(1) }], Some(true));
    assert_eq!(why, "Log 1: its tree head was seen last on 2025-11-20: what was logged since is not known");
    let (why, _) = part(vec![FollowedLog { head_at: ago(50), head_seen: None, ..log(1) }], Some(true));
    assert!(why.contains("2026-11-17"), "{why}");
    let closed = FollowedLog { head_at: ago(8760), head_seen: ago(40), ..log(1) };
    assert_eq!(
        told(watched(vec![closed])).coverage,
        Coverage::Whole,
        "one that signs nothing more was asked"
    );
    let (why, _) = part(vec![log(1)], None);
    assert_eq!(why, "whether the name was watched is not known");
    let many = (0..30).map(|id| FollowedLog { proven: 0, ..log(id) }).collect();
    let (why, _) = part(many, Some(true));
    assert!(why.ends_with("; 20 more logs were not proven to their ends, or have faults"), "{why}");
    let none = |state| matches!(told(state).coverage, Coverage::NoData(_));
    assert!(none(watched(Vec::new())));
    assert!(none(WatchStateReading { is_watched: Some(false), ..watched(vec![log(1)]) }));
    let unread = reading_of(&IssuanceSource {
        asked_at: now(),
        place: "state".to_owned(),
        broken_off: Some("the state’s database cannot be used".to_owned()),
        told: Told::WatchState(WatchStateReading::default()),
    });
    assert_eq!(unread.coverage, Coverage::NoData("the state’s database cannot be used".to_owned()));
}

#[test]
fn an_entry_is_proven_below_the_proven_size_of_a_log_without_fault() {
    let issued = issued(&["example.com"]);
    let entry = leaf(1, &[7; 32], &issued.leaf.precertificate_tbs);
    let is_proven = |logs: Vec<FollowedLog>, sightings: &[(u8, u64)]| {
        let sightings =
            sightings.iter().map(|(log, index)| sighting(*log, *index, entry.clone(), &[])).collect();
        let read = told(WatchStateReading { certificates: vec![found(&issued, sightings)], ..watched(logs) });
        let [one] = read.certificates.as_slice() else { panic!("{read:?}") };
        one.logged.as_ref().unwrap().is_proven
    };
    let late = FollowedLog { start: 20, ..log(2) };
    let faulty = FollowedLog { faults: vec!["split view".to_owned()], ..log(3) };
    let logs = || vec![log(1), late.clone(), faulty.clone()];
    assert!(is_proven(logs(), &[(1, 99)]) && is_proven(logs(), &[(2, 20)]));
    for unproven in [(1, 100), (2, 19), (3, 7), (9, 7)] {
        assert!(!is_proven(logs(), &[unproven]), "{unproven:?}");
        assert!(is_proven(logs(), &[unproven, (1, 5)]), "another log proves it");
    }
    let once = LogSighting { is_proven: false, ..sighting(1, 5, entry.clone(), &[]) };
    let read = told(WatchStateReading { certificates: vec![found(&issued, vec![once])], ..watched(logs()) });
    let logged = read.certificates.first().and_then(|one| one.logged.as_ref());
    assert!(!logged.unwrap().is_proven, "what the log gave once, and is not in its tree");
}

#[test]
fn the_oldest_log_says_how_current_it_is() {
    let older: Timestamp = "2026-11-19T00:00:00Z".parse().unwrap();
    let read = told(watched(vec![log(1), FollowedLog { head_at: Some(older), start: 40, ..log(2) }]));
    assert_eq!(read.current_to, Some(older));
    assert_eq!(read.scope, "what stands in the 2 CT logs that “watch” follows; Log 2 from entry 40 on");
}

#[test]
fn what_does_not_fit_together_is_said_and_kept() {
    let (issued, other) = (issued(&["example.com"]), super::super::testing::issued(&["other.example"]));
    let key_hash = Certificate::read(&issued.ca.der).unwrap().spki_sha256;
    let tbs = &issued.leaf.precertificate_tbs;
    let certificates = vec![found(
        &issued,
        vec![
            sighting(1, 1, leaf(1, &key_hash.0, tbs), &[]),
            sighting(1, 2, leaf(1, &[9; 32], tbs), &[]),
            sighting(1, 3, leaf(0, &[], &other.leaf.der), &[]),
            sighting(1, 4, leaf(1, &key_hash.0, &other.leaf.precertificate_tbs), &[]),
            sighting(1, 5, Bytes(vec![0, 0, 1]), &[]),
        ],
    )];
    let read = told(WatchStateReading { certificates, ..watched(vec![log(1)]) });
    let keys: Vec<_> =
        read.certificates.iter().filter_map(|one| Some(one.logged.as_ref()?.issuer_key_hash)).collect();
    assert_eq!(keys, [key_hash, SpkiSha256([9; 32]), key_hash]);
    for problem in [
        "Log 1, entry 2: another issuer’s key than elsewhere",
        "entry 3 of Log 1 is not the certificate that is kept",
        "entry 4 of Log 1 is not the precertificate that is kept",
        "entry 5 of Log 1 cannot be read: it ends within its timestamp",
    ] {
        assert!(read.problems.iter().any(|told| told == problem), "{problem}: {:#?}", read.problems);
    }
}

#[test]
fn a_certificate_without_a_place_is_told_all_the_same() {
    let issued = issued(&["example.com"]);
    let read =
        told(WatchStateReading { certificates: vec![found(&issued, Vec::new())], ..watched(vec![log(1)]) });
    assert_eq!(read.certificates[0].certificate, Some(Bytes(issued.leaf.der.clone())));
    assert_eq!(read.certificates[0].seen[0].at, Some(now()));
}
