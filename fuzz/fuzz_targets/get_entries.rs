//! Answers to get-entries: read like a JSON library reads them, entry by entry, or refused by both.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::log_entry::{read_extra_data, read_get_entries, read_leaf};
use pinstead::watch::reader::Answer;
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracle {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    leaf_input: String,
    extra_data: String,
}

fuzz_target!(|octets: &[u8]| {
    let read = read_get_entries(octets);
    let expected: Result<Oracle, _> = serde_json::from_slice(octets);
    match (&read, &expected) {
        (Ok(read), Ok(expected)) => {
            assert_eq!(read.len(), expected.entries.len());
            for (read, expected) in read.iter().zip(&expected.entries) {
                assert_eq!(&*read.leaf_input, expected.leaf_input.as_bytes());
                assert_eq!(&*read.extra_data, expected.extra_data.as_bytes());
            }
            // Where there are entries, the answer as `watch` keeps it has as many of them.
            let answer = Answer::read_get_entries(7, u64::MAX, octets.to_vec());
            match answer {
                Ok(answer) => assert_eq!(answer.end() - answer.start(), read.len() as u64),
                Err(_) => assert!(read.is_empty()),
            }
        }
        (Err(_), Err(_)) => {}
        _ => panic!("read: {read:?}, by the library: {}", expected.is_ok()),
    }
    // The octets of an entry as well.
    if let Ok(leaf) = read_leaf(octets) {
        let _ = read_extra_data(octets, &leaf.entry);
    }
});
