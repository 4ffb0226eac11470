//! Any octets as a line of an earlier check, which is then counted and told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::report::fleet::{EarlierLine, Fleet};
use pinstead::report::human;

fuzz_target!(|octets: &[u8]| {
    if let Ok(line) = serde_json::from_slice::<EarlierLine>(octets) {
        let mut fleet = Fleet::new(jiff::Timestamp::UNIX_EPOCH);
        fleet.add(&line.entry);
        let _ = human::fleet(&fleet);
    }
});
