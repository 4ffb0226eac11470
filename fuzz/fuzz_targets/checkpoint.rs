//! Checkpoints: any octets are read or refused, bare and as the frame around a body; what is read has an origin.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::ct::checkpoint::{Checkpoint, origin};
use pinstead::ct::log_id::LogId;

/// The log whose id the seeds' key ids are made for.
const LOG: LogId = LogId([3; 32]);

fuzz_target!(|octets: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::read(octets, LOG) {
        assert!(!checkpoint.origin.is_empty());
        assert!(checkpoint.head.signature.octets.len() < octets.len());
        let _ = checkpoint.head.time();
    }
    if let Ok(text) = std::str::from_utf8(octets) {
        assert!(origin(text).len() <= text.len());
    }
});
