//! Log lists: any octets are read or refused, and every log read has the id of its key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::log_id::LogId;
use pinstead::ct::log_list::{LogList, Program};
use pinstead::ct::log_table::LogTable;

fuzz_target!(|octets: &[u8]| {
    let Ok(list) = LogList::parse(octets, None) else { return };
    let table = LogTable::from_list(&list);
    for log in &list.logs {
        assert_eq!(log.id, LogId::of_key(&log.key_spki));
        assert!(table.log(&log.id).is_some());
        for program in Program::ALL {
            let _ = table.state(&log.id, program, jiff::Timestamp::UNIX_EPOCH);
        }
    }
});
