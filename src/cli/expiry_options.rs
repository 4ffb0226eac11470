//! How soon an end is soon: a gate for builds.

use clap::Args;
use jiff::SignedDuration;

use crate::pins::Soon;

/// The longest time that may be named: no pins are made for longer.
const LONGEST_DAYS: i64 = 36_500;

/// What makes pins that end soon fail the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(super) struct ExpiryOptions {
    /// Count pins that end within this time as a high finding, such as 60d (d: days, w: weeks, h: hours); those that
    /// end within 60 days are a medium one in any case
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires_within: Option<SignedDuration>,
}

impl ExpiryOptions {
    /// The time that was named.
    pub(super) fn within(&self) -> Option<SignedDuration> {
        self.expires_within
    }

    /// How soon is soon by these options.
    pub(super) fn soon(&self) -> Soon {
        Soon::or_default(self.expires_within)
    }
}

/// A number and a unit. Months and years have no fixed length, and `m` may mean minutes: neither is taken.
fn parse_duration(text: &str) -> Result<SignedDuration, String> {
    let wrong = |why: &str| format!("{why}: give a whole number and its unit, such as 60d, 8w or 36h");
    let split = text.find(|symbol: char| !symbol.is_ascii_digit());
    let (number, unit) = match split {
        None if text.is_empty() => return Err(wrong("no time is named")),
        None => return Err(wrong("the unit is missing")),
        Some(0) => return Err(wrong("it does not begin with a number")),
        Some(at) => text.split_at(at),
    };
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => return Err(wrong(&format!("“{unit}” is no unit"))),
    };
    let most = LONGEST_DAYS * 24;
    number
        .parse::<i64>()
        .ok()
        .and_then(|number| number.checked_mul(hours))
        .filter(|hours| *hours <= most)
        .map(SignedDuration::from_hours)
        .ok_or_else(|| format!("that is longer than {LONGEST_DAYS} days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, hours) in [("60d", 1440), ("8w", 1344), ("36h", 36), ("0d", 0), ("036500d", 876_000)] {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
    }

    #[test]
    fn what_may_mean_several_things_is_refused() {
        for text in [
            "",
            "60",
            "d",
            "60 d",
            " 60d",
            "60d ",
            "6m",
            "2y",
            "60D",
            "1.5d",
            "-1d",
            "+1d",
            "60dd",
            "1d2h",
            "٦d",
            "36501d",
            "99999999999999999999d",
            "9223372036854775807w",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
