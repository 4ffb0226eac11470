//! Leases: who works on what, and until when.
//!
//! A lease is held by a token that is random each time, so that no earlier holder is ever taken for the present one. Its
//! end is a time of the database's clock. A clock that was set back would make a lease endless: one that ends later than
//! any lease may is over, too, so that it costs minutes at most. Who is taken over writes nothing, so that a wrong clock
//! costs work and no more.

use std::time::Duration;

use super::database::milliseconds;
use super::error::StateError;
use crate::x509::hexadecimal;

/// The longest time a lease is given for at once; a longer one is cut to it.
pub const LONGEST_LEASE: Duration = Duration::from_mins(5);

/// Where the row's lease is over, or was never given.
macro_rules! is_free {
    () => {
        "(lease IS NULL OR lease_until <= (SELECT now FROM clock) \
         OR lease_until > (SELECT now FROM clock) + 300000)"
    };
}
pub(super) use is_free;

/// The time a lease is given for, in milliseconds.
pub(super) fn duration(asked: Duration) -> i64 {
    milliseconds(asked.min(LONGEST_LEASE))
}

/// 128 random bits as text.
pub(super) fn random_text() -> Result<String, StateError> {
    let mut octets = [0; 16];
    getrandom::fill(&mut octets).map_err(|_| StateError::NoRandomness)?;
    Ok(hexadecimal(&octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_lease_is_the_one_that_statements_have() {
        assert!(is_free!().contains(&format!("+ {})", LONGEST_LEASE.as_millis())));
        assert_eq!(duration(Duration::MAX), 300_000);
    }
}
