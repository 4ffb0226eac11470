//! Log lists: any octets are read or refused, in every form and as kept; every log read has the id of its key, and
//! no list makes a denied log good.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::log_id::LogId;
use pinstead::ct::log_list::{ListKey, ListReading, LogList, Program, read_kept};
use pinstead::ct::log_table::{DENIED, LogTable};

fuzz_target!(|octets: &[u8]| {
    let _ = ListKey::read(octets);
    let _ = read_kept(octets, None);
    let how = ListReading { also_v2: true, ..ListReading::default() };
    let Ok(list) = LogList::read(octets, &how) else { return };
    for table in [LogTable::from_list(&list), LogTable::embedded_with(&[&list])] {
        for log in &list.logs {
            assert_eq!(log.id, LogId::of_key(&log.key_spki));
            assert!(table.log(&log.id).is_some());
            for program in Program::ALL {
                let _ = table.state(&log.id, program, jiff::Timestamp::UNIX_EPOCH);
            }
        }
        for (id, assurance) in DENIED {
            assert_eq!(table.log(&id).map(|log| log.assurance), Some(assurance));
        }
    }
});
