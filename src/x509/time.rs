//! Points in time as certificates, CRLs and OCSP responses write them.
//!
//! Source: RFC 5280 section 4.1.2.5: whole seconds, and always in UTC.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::der::Element;

/// UTCTime.
pub(crate) const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// Whether an element has a tag of a time.
pub(crate) fn is_time(tag: u8) -> bool {
    matches!(tag, UTC_TIME | GENERALIZED_TIME)
}

/// Reads a UTCTime or a GeneralizedTime; `None` where it is neither, or no date.
pub(crate) fn read(element: &Element<'_>) -> Option<Timestamp> {
    let digits = element.content.strip_suffix(b"Z")?;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (short, rest) = number(digits, 2)?;
            // Years below 50 are of this century (RFC 5280 section 4.1.2.5.1).
            (short.checked_add(if short < 50 { 2000 } else { 1900 })?, rest)
        }
        GENERALIZED_TIME => number(digits, 4)?,
        _ => return None,
    };
    let (month, rest) = two(rest)?;
    let (day, rest) = two(rest)?;
    let (hour, rest) = two(rest)?;
    let (minute, rest) = two(rest)?;
    let (second, rest) = two(rest)?;
    if !rest.is_empty() {
        return None;
    }
    let civil = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn two(digits: &[u8]) -> Option<(i8, &[u8])> {
    let (number, rest) = number(digits, 2)?;
    Some((i8::try_from(number).ok()?, rest))
}

/// The number of the first `count` digits, and what follows them.
fn number(digits: &[u8], count: usize) -> Option<(i16, &[u8])> {
    let (own, rest) = digits.split_at_checked(count)?;
    let number = own.iter().try_fold(0_i16, |sum, octet| {
        let digit = octet.is_ascii_digit().then(|| octet.wrapping_sub(b'0'))?;
        sum.checked_mul(10)?.checked_add(i16::from(digit))
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::der::{self, Reader};

    fn time(tag: u8, text: &str) -> Option<String> {
        let whole = der::wrap(tag, text.as_bytes());
        read(&Reader::new(&whole).element().unwrap()).map(|time| time.to_string())
    }

    #[test]
    fn both_forms_are_read() {
        assert_eq!(time(UTC_TIME, "261122045900Z").as_deref(), Some("2026-11-22T04:59:00Z"));
        assert_eq!(time(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(time(GENERALIZED_TIME, "20500229000000Z"), None, "no leap year");
        assert_eq!(time(GENERALIZED_TIME, "20520229235959Z").as_deref(), Some("2052-02-29T23:59:59Z"));
    }

    #[test]
    fn what_is_no_time_of_the_profile_is_none() {
        for text in
            ["2611220459Z", "261122045900", "261122045900+0100", "26112204590 Z", "2611220459000Z", "Z", ""]
        {
            assert_eq!(time(UTC_TIME, text), None, "{text}");
        }
        assert_eq!(time(GENERALIZED_TIME, "20261122045900.5Z"), None);
        assert_eq!(time(0x04, "261122045900Z"), None);
    }
}
