//! When to ask again.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::http::{HttpOutcome, HttpResponse};

/// How often a resource is asked for in all.
const MOST_ATTEMPTS: usize = 4;

/// The pause before the second attempt; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest that a server may make us wait; beyond it, its refusal stands.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What follows from an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// How long the host is to be left alone, by whoever asks.
    pub(super) rest: Option<Duration>,
    /// Whether to ask again after that.
    pub(super) again: bool,
}

/// Whether to ask again, and how long to leave the host alone.
///
/// `before` is the number of attempts before this one.
pub(super) fn next(outcome: &HttpOutcome, before: usize, now: Timestamp) -> Next {
    let is_last = before.saturating_add(1) >= MOST_ATTEMPTS;
    let doublings = u32::try_from(before).unwrap_or(u32::MAX);
    let own = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
    match outcome {
        HttpOutcome::Failed(failure) if failure.is_passing() && !is_last => {
            Next { rest: Some(own), again: true }
        }
        HttpOutcome::Response(response) if is_passing(response.status) => {
            let asked = asked_for(response, now);
            let rest = if is_last { asked } else { Some(asked.unwrap_or_default().max(own)) };
            Next { rest, again: !is_last && rest.is_some_and(|rest| rest <= LONGEST_PAUSE) }
        }
        HttpOutcome::Failed(_) | HttpOutcome::Response(_) => Next { rest: None, again: false },
    }
}

/// Whether an outcome says “not now”.
pub(super) fn is_refusal(outcome: &HttpOutcome) -> bool {
    match outcome {
        HttpOutcome::Response(response) => is_passing(response.status),
        HttpOutcome::Failed(failure) => failure.is_passing(),
    }
}

/// Statuses that say “not now”: too slow, too many requests, and trouble of the server's own.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504)
}

/// What the response's `Retry-After` asks for.
pub(super) fn asked_for(response: &HttpResponse, now: Timestamp) -> Option<Duration> {
    pause(response.retry_after.as_deref()?, now)
}

/// What a `Retry-After` field asks for: seconds, or a date (RFC 9110 section 10.2.3).
pub(super) fn pause(field: &str, now: Timestamp) -> Option<Duration> {
    let text = field.trim();
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        // More digits than fit are longer than anyone waits.
        return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::http::HttpFailure;

    fn response(status: u16, retry_after: Option<&str>) -> HttpOutcome {
        HttpOutcome::Response(HttpResponse {
            status,
            etag: None,
            last_modified: None,
            retry_after: retry_after.map(str::to_owned),
            body: Bytes(Vec::new()),
        })
    }

    fn again(milliseconds: u64) -> Next {
        Next { rest: Some(Duration::from_millis(milliseconds)), again: true }
    }

    fn stands(rest: Option<u64>) -> Next {
        Next { rest: rest.map(Duration::from_secs), again: false }
    }

    #[test]
    fn pauses_grow_and_end() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let failed = HttpOutcome::Failed(HttpFailure::Timeout);
        let all: Vec<_> = (0..4).map(|before| next(&failed, before, now)).collect();
        assert_eq!(all, [again(500), again(1000), again(2000), stands(None)]);
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it() {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        assert_eq!(next(&response(429, Some("7")), 0, now), again(7000));
        assert_eq!(next(&response(503, Some("Sat, 21 Nov 2026 08:00:20 GMT")), 0, now), again(20_000));
        assert_eq!(next(&response(503, Some("Sat, 21 Nov 2026 07:00:00 GMT")), 1, now), again(1000));
        assert_eq!(next(&response(503, Some("soon")), 1, now), again(1000));
        // Too long to wait, and on the last attempt: nothing is asked again, and the host still gets its rest.
        assert_eq!(next(&response(429, Some("3600")), 0, now), stands(Some(3600)));
        assert_eq!(next(&response(503, Some("29")), 3, now), stands(Some(29)));
        let endless = next(&response(429, Some("99999999999999999999999")), 0, now);
        assert_eq!(endless, Next { rest: Some(Duration::MAX), again: false });
    }

    #[test]
    fn what_will_not_change_is_not_asked_again() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for status in [200, 304, 400, 403, 404, 410, 501] {
            assert_eq!(next(&response(status, None), 0, now), stands(None), "{status}");
        }
        for failure in [HttpFailure::TooLarge { limit: 1 }, HttpFailure::Url(String::new())] {
            assert_eq!(next(&HttpOutcome::Failed(failure), 0, now), stands(None));
        }
    }
}
