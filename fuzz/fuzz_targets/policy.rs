//! Any octets as a policy: read, or every error told with its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::policy::{Policy, PolicyError};

fuzz_target!(|octets: &[u8]| {
    if let Err(PolicyError::Toml { problems, .. }) = Policy::parse("pinstead.toml", octets) {
        assert!(
            !problems.is_empty() && problems.iter().all(|problem| problem.line > 0 && problem.column > 0)
        );
    }
});
