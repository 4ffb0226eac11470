//! Attribute values as Android reads them.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::pins::formats::written::has_build_variable;
use crate::pins::model::{AfterExpiry, Expiry, ExpiryClock};

/// A boolean attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// Read as this.
    Is(bool),
    /// Something that the build puts in.
    Open,
    /// Something else, which Android reads as false.
    Odd,
}

/// Reads a boolean as `XmlUtils.convertValueToBoolean` does.
pub(super) fn flag(text: &str) -> Flag {
    match text {
        "true" | "TRUE" | "1" => Flag::Is(true),
        "false" | "FALSE" | "0" => Flag::Is(false),
        _ if has_build_variable(text) => Flag::Open,
        _ => Flag::Odd,
    }
}

/// An `expiration` attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pins::formats) enum Expiration {
    /// Pins end at the start of this day; `rest` is text behind the date, which is ignored.
    On {
        /// When the pins end.
        expiry: Expiry,
        /// What stands behind the date.
        rest: String,
    },
    /// A day beyond the year 9999.
    Never,
    /// No date: Android refuses the file.
    NoDate,
}

/// Reads a date as `SimpleDateFormat("yyyy-MM-dd")`, not lenient, does: any number of digits a field, and
/// whatever follows is ignored.
pub(in crate::pins::formats) fn expiration(text: &str) -> Expiration {
    let Some((date, rest)) = date(text) else { return Expiration::NoDate };
    let Some(date) = date else { return Expiration::Never };
    match date.to_zoned(TimeZone::UTC) {
        Ok(midnight) => Expiration::On {
            expiry: Expiry {
                at: midnight.timestamp(),
                afterwards: AfterExpiry::FailOpen,
                note: "at the start of that day in the device's own time zone",
                clock: ExpiryClock::Device,
            },
            rest: rest.to_owned(),
        },
        Err(_) => Expiration::Never,
    }
}

/// A date and what follows it; the date is `None` where its year has more than four digits.
fn date(text: &str) -> Option<(Option<Date>, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let (year, text) = number(text)?;
    let (month, text) = number(text.strip_prefix('-')?)?;
    let (day, rest) = number(text.strip_prefix('-')?)?;
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    match i16::try_from(year) {
        Ok(year) if year <= 9999 => Date::new(year, month, day).ok().map(|date| (Some(date), rest)),
        _ => Some((None, rest)),
    }
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() { None } else { Some((digits.parse().unwrap_or(u32::MAX), rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<String> {
        match expiration(text) {
            Expiration::On { expiry, rest } => Some(format!("{}|{rest}", expiry.at)),
            Expiration::Never => Some("never".into()),
            Expiration::NoDate => None,
        }
    }

    #[test]
    fn dates_are_read_as_java_reads_them() {
        for (text, expected) in [
            ("2030-01-02", Some("2030-01-02T00:00:00Z|")),
            ("2030-1-2", Some("2030-01-02T00:00:00Z|")),
            ("2030-01-02T12:00", Some("2030-01-02T00:00:00Z|T12:00")),
            ("2030-13-01", None),
            ("2030-02-30", None),
            ("2030/01/02", None),
            ("", None),
            ("30-01", None),
            ("99999-01-01", Some("never")),
            ("99999999999999-01-01", Some("never")),
        ] {
            assert_eq!(day(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn booleans_are_read_as_android_reads_them() {
        assert_eq!(flag("true"), Flag::Is(true));
        assert_eq!(flag("1"), Flag::Is(true));
        assert_eq!(flag("false"), Flag::Is(false));
        assert_eq!(flag("yes"), Flag::Odd);
        assert_eq!(flag("${subs}"), Flag::Open);
    }
}
