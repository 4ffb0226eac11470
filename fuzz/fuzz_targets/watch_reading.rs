//! Any saved reading of the state of watch: refused or judged, the same each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::evidence::Bytes;
use pinstead::evidence::issuance::{
    FollowedLog, IssuanceSource, LogSighting, LoggedCertificate, Told, WatchStateReading,
};
use pinstead::issuance::sources;

fuzz_target!(|octets: &[u8]| {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let sighting = |leaf: &[u8]| LogSighting {
        log_id: "log".to_owned(),
        index: 0,
        is_proven: true,
        leaf: Bytes(leaf.to_vec()),
        chain: vec![Bytes(leaf.to_vec())],
        seen: now,
    };
    let number = octets.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
    let log = FollowedLog {
        log_id: "log".to_owned(),
        description: String::from_utf8_lossy(octets).into_owned(),
        start: number,
        proven: number.rotate_left(7),
        read: number,
        searched: Some(vec![(number, number.rotate_left(3)), (0, number)]),
        head_size: Some(number.rotate_left(13)),
        head_at: Some(now),
        head_seen: None,
        faults: Vec::new(),
        following: None,
    };
    let found = LoggedCertificate {
        first_seen: now,
        certificate: Some(Bytes(octets.to_vec())),
        precertificate: Some(Bytes(octets.to_vec())),
        sightings: octets.split(|octet| *octet == b'#').map(sighting).collect(),
    };
    let state = WatchStateReading {
        is_watched: Some(true),
        logs: vec![log],
        certificates: vec![found],
        issuers: vec![Bytes(octets.to_vec())],
        looks: None,
        alerts: None,
    };
    let source = IssuanceSource {
        asked_at: now,
        place: "state".to_owned(),
        broken_off: None,
        told: Told::WatchState(state),
    };
    let read = sources::read(&source).expect("the state is read");
    assert!(!read.certificates.is_empty(), "what was found is never passed over");
});
