//! Older and newer editions of one programme's list.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::LogList;

/// What tells an edition of a list from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// The version it states.
    pub version: Option<String>,
    /// The time it states.
    pub stated: Option<Timestamp>,
    /// A time at which it certainly stood.
    pub date: Option<Timestamp>,
}

impl Edition {
    /// Of a list.
    pub fn of(list: &LogList) -> Self {
        Self { version: list.version.clone(), stated: list.timestamp, date: list.date() }
    }

    /// Whether this one is older or newer than another; `None` where nothing tells.
    ///
    /// The time it states decides. Apple's lists state none: there it is the version, a number that only grows;
    /// of the same version, the one that was seen published last is the newer.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if let (Some(ours), Some(theirs)) = (self.stated, other.stated.or(other.date)) {
            return Some(ours.cmp(&theirs));
        }
        let by_version = number(self.version.as_deref()).zip(number(other.version.as_deref()));
        match by_version.map(|(ours, theirs)| ours.cmp(&theirs)) {
            Some(order) if order != Ordering::Equal => Some(order),
            _ => Some(self.date?.cmp(&other.date?)),
        }
    }

    /// Whether this one is newer than another, for certain.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Greater)
    }
}

/// `511` and `89.25` as numbers.
fn number(version: Option<&str>) -> Option<Vec<u64>> {
    version?.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(version: Option<&str>, stated: Option<&str>, date: Option<&str>) -> Edition {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        Edition { version: version.map(str::to_owned), stated: stated.map(at), date: date.or(stated).map(at) }
    }

    const JULY: Option<&str> = Some("2026-07-01T00:00:00Z");
    const AUGUST: Option<&str> = Some("2026-08-01T00:00:00Z");

    #[test]
    fn the_stated_time_decides() {
        let (july, august) = (edition(Some("89.4"), JULY, None), edition(Some("88.1"), AUGUST, None));
        assert!(august.is_newer_than(&july) && !july.is_newer_than(&august));
        assert_eq!(july.compare(&july), Some(Ordering::Equal));
        // One that was read out of a browser has a date and a version of another kind.
        let derived = edition(Some("chromium-156.0"), None, AUGUST);
        assert_eq!(july.compare(&derived), Some(Ordering::Less));
    }

    #[test]
    fn without_one_the_version_does() {
        let (older, newer) = (edition(Some("99"), None, AUGUST), edition(Some("511"), None, JULY));
        assert!(newer.is_newer_than(&older), "as numbers, not as text");
        let seen_later = edition(Some("511"), None, AUGUST);
        assert!(seen_later.is_newer_than(&newer));
        assert_eq!(edition(None, None, None).compare(&newer), None);
        assert!(!edition(None, None, None).is_newer_than(&newer));
    }
}
