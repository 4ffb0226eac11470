//! When to ask again.

use std::time::Duration;

use jiff::Timestamp;

use crate::evidence::http::{HttpOutcome, HttpResponse};

/// How often a resource is asked for in all.
const MOST_ATTEMPTS: usize = 4;

/// The pause before the second attempt; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest that a server may make us wait; beyond it, its refusal stands.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long to wait before asking again; `None`: this outcome stands.
///
/// `before` is the number of attempts before this one.
pub(super) fn pause(outcome: &HttpOutcome, before: usize, now: Timestamp) -> Option<Duration> {
    if before.saturating_add(1) >= MOST_ATTEMPTS {
        return None;
    }
    let own = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(u32::try_from(before).ok()?)?);
    match outcome {
        HttpOutcome::Failed(failure) => failure.is_passing().then_some(own),
        HttpOutcome::Response(response) if is_passing(response.status) => {
            let asked = asked_for(response, now).unwrap_or_default();
            Some(asked.max(own)).filter(|pause| *pause <= LONGEST_PAUSE)
        }
        HttpOutcome::Response(_) => None,
    }
}

/// Statuses that say “not now”: too slow, too many requests, and trouble of the server's own.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502..=504)
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110 section 10.2.3).
fn asked_for(response: &HttpResponse, now: Timestamp) -> Option<Duration> {
    let text = response.retry_after.as_deref()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
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

    #[test]
    fn pauses_grow_and_end() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let failed = HttpOutcome::Failed(HttpFailure::Timeout);
        let pauses: Vec<_> = (0..4).map(|before| pause(&failed, before, now)).collect();
        let milliseconds = |count| Some(Duration::from_millis(count));
        assert_eq!(pauses, [milliseconds(500), milliseconds(1000), milliseconds(2000), None]);
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it() {
        let now = "2026-11-21T08:00:00Z".parse().unwrap();
        let seconds = |count| Some(Duration::from_secs(count));
        assert_eq!(pause(&response(429, Some("7")), 0, now), seconds(7));
        assert_eq!(pause(&response(503, Some("Sat, 21 Nov 2026 08:00:20 GMT")), 0, now), seconds(20));
        assert_eq!(pause(&response(503, Some("Sat, 21 Nov 2026 07:00:00 GMT")), 1, now), seconds(1));
        assert_eq!(pause(&response(503, Some("soon")), 1, now), seconds(1));
        assert_eq!(pause(&response(429, Some("3600")), 0, now), None, "an hour is too long to wait");
    }

    #[test]
    fn what_will_not_change_is_not_asked_again() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for status in [200, 304, 400, 403, 404, 410, 501] {
            assert_eq!(pause(&response(status, None), 0, now), None, "{status}");
        }
        for failure in [HttpFailure::TooLarge { limit: 1 }, HttpFailure::Url(String::new())] {
            assert_eq!(pause(&HttpOutcome::Failed(failure), 0, now), None);
        }
    }
}
