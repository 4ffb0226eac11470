//! How much room a kept exchange takes.

use crate::evidence::dns::{DnsAttempt, DnsOutcome};

/// About how many octets an attempt takes besides its message.
const ATTEMPT: usize = 256;

/// The weight of an exchange in a cache that holds no more than so many exchanges, and so many octets.
pub(super) fn weight(attempts: &[DnsAttempt], most_exchanges: u32, most_octets: u32) -> u32 {
    let octets = attempts.iter().fold(ATTEMPT, |octets, attempt| {
        let message = match &attempt.outcome {
            DnsOutcome::Message(message) => message.len(),
            DnsOutcome::Failed(_) => 0,
        };
        octets.saturating_add(message).saturating_add(ATTEMPT)
    });
    // No exchange takes less than its share, so that the count is bounded too.
    u32::try_from(octets)
        .unwrap_or(u32::MAX)
        .max(most_octets.checked_div(most_exchanges).unwrap_or(most_octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::dns::DnsTransport;

    #[test]
    fn large_answers_take_more_room_and_small_ones_their_share() {
        let of = |length: usize| DnsAttempt {
            server: String::new(),
            transport: DnsTransport::Tcp,
            milliseconds: 0,
            outcome: DnsOutcome::Message(vec![0; length].into()),
        };
        assert_eq!(weight(&[], 10, 20_000), 2_000);
        assert_eq!(weight(&[of(100)], 10, 20_000), 2_000);
        assert!(weight(&[of(60_000), of(60_000)], 10, 20_000) > 120_000);
    }
}
