//! Whether a list that was offered may take the place of the one that is kept.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::{Edition, ListSignature, LogList, Program};

/// How far a list may lie in the future: clocks differ.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// The place that a list is offered for.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose list is wanted.
    pub program: Program,
    /// The list that is kept now.
    pub kept: Option<&'a LogList>,
    /// The newest list that is compiled in.
    pub built_in: Option<&'a Edition>,
    /// The time now.
    pub now: Timestamp,
    /// The user has said that a list without signature will do.
    pub allow_unsigned: bool,
    /// The way it came vouches for the sender: https.
    pub is_authentic_way: bool,
}

/// Why a list may not take the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is another programme's.
    #[error("it has the form of the list of {}, not of {}", .form.title(), .wanted.title())]
    OtherProgram {
        /// Whose form it has.
        form: Program,
        /// Whose list was wanted.
        wanted: Program,
    },
    /// No log in it can be used.
    #[error("it has no log that can be used; {unreadable} of its entries cannot be read")]
    NoLogs {
        /// How many entries cannot be read.
        unreadable: usize,
    },
    /// It says to be of a time to come.
    #[error("it is of {date}, which is still to come: either it is not genuine, or the clock here is wrong")]
    Future {
        /// The date it states.
        date: Timestamp,
    },
    /// It has no signature, where lists have one.
    #[error("it has no signature, and {why}; --allow-unsigned takes it all the same")]
    Unsigned {
        /// Why it should have one.
        why: &'static str,
    },
    /// It is older than what is there.
    #[error("it is older ({}) than the list that {} ({})", shown(.offered), .there.words(), shown(.than))]
    Older {
        /// What was offered.
        offered: Box<Edition>,
        /// What it is older than.
        than: Box<Edition>,
        /// Where that one is.
        there: Holder,
    },
}

/// Where the newer list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// In the cache.
    Kept,
    /// Compiled in.
    BuiltIn,
}

impl Holder {
    fn words(self) -> &'static str {
        match self {
            Self::Kept => "is kept",
            Self::BuiltIn => "is built in",
        }
    }
}

fn shown(edition: &Edition) -> String {
    let date = edition.date.map(|date| date.strftime("%Y-%m-%d").to_string());
    match (&edition.version, date) {
        (Some(version), Some(date)) => format!("version {version} of {date}"),
        (Some(version), None) => format!("version {version}"),
        (None, Some(date)) => format!("of {date}"),
        (None, None) => "without date".to_owned(),
    }
}

/// Whether `offered` may take its place. Whoever can feed old or unsigned lists must not undo a newer or a
/// signed one.
pub fn may_take_its_place(offered: &LogList, place: &Place<'_>) -> Result<(), Refusal> {
    if let Some(form) = offered.form.filter(|form| *form != place.program) {
        return Err(Refusal::OtherProgram { form, wanted: place.program });
    }
    if offered.logs.is_empty() {
        return Err(Refusal::NoLogs { unreadable: offered.problems.len() });
    }
    let latest = place.now.saturating_add(CLOCK_TOLERANCE).unwrap_or(Timestamp::MAX);
    if let Some(date) = offered.timestamp.filter(|date| *date > latest) {
        return Err(Refusal::Future { date });
    }
    let is_unsigned = offered.signature == ListSignature::Unsigned;
    if let (true, false, Some(why)) = (is_unsigned, place.allow_unsigned, reason_to_sign(place)) {
        return Err(Refusal::Unsigned { why });
    }
    let edition = Edition::of(offered);
    let is_older_than = |than: &Edition| edition.compare(than) == Some(Ordering::Less);
    let older = |than: Edition, there| {
        Err(Refusal::Older { offered: Box::new(edition.clone()), than: Box::new(than), there })
    };
    if let Some(kept) = place.kept.map(Edition::of).filter(is_older_than) {
        return older(kept, Holder::Kept);
    }
    if let Some(built_in) = place.built_in.filter(|built_in| is_older_than(built_in)) {
        return older(built_in.clone(), Holder::BuiltIn);
    }
    Ok(())
}

/// Why a list in this place has to be signed, if it has to.
fn reason_to_sign(place: &Place<'_>) -> Option<&'static str> {
    let kept_is_signed = place.kept.is_some_and(|kept| kept.signature == ListSignature::Verified);
    if kept_is_signed {
        Some("the one that is kept has")
    } else if place.program.has_known_key() {
        Some("Google signs the lists of Chrome")
    } else if !place.is_authentic_way {
        Some("it did not come over https")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn list(version: &str, date: Option<&str>, signature: ListSignature) -> LogList {
        let mut text = serde_json::json!({
            "version": version,
            "operators": [{"name": "x", "logs": [{
                "description": "x", "log_id": "1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=",
                "key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==",
                "state": {"usable": {"timestamp": "2024-09-30T22:19:27Z"}}
            }]}]
        });
        if let Some(date) = date {
            text["log_list_timestamp"] = serde_json::json!(date);
        }
        let mut list = LogList::parse(text.to_string().as_bytes(), None).unwrap();
        list.signature = signature;
        list
    }

    fn place(program: Program, kept: Option<&LogList>) -> Place<'_> {
        Place {
            program,
            kept,
            built_in: None,
            now: at("2026-11-21T00:00:00Z"),
            allow_unsigned: false,
            is_authentic_way: true,
        }
    }

    const OCTOBER: Option<&str> = Some("2026-10-10T00:00:00Z");
    const NOVEMBER: Option<&str> = Some("2026-11-10T00:00:00Z");

    #[test]
    fn never_an_older_one() {
        use ListSignature::Verified;
        let (older, newer) = (list("1.1", OCTOBER, Verified), list("1.2", NOVEMBER, Verified));
        let chrome = |kept| place(Program::Chrome, kept);
        assert_eq!(may_take_its_place(&newer, &chrome(Some(&older))), Ok(()));
        assert_eq!(may_take_its_place(&newer, &chrome(Some(&newer))), Ok(()));
        let refused = may_take_its_place(&older, &chrome(Some(&newer))).unwrap_err();
        assert!(matches!(refused, Refusal::Older { there: Holder::Kept, .. }));
        let built_in = Edition::of(&newer);
        let refused =
            may_take_its_place(&older, &Place { built_in: Some(&built_in), ..chrome(None) }).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it is older (version 1.1 of 2026-10-10) than the list that is built in (version 1.2 of 2026-11-10)"
        );
    }

    #[test]
    fn never_an_unsigned_one_over_a_signed_one_unless_told() {
        use ListSignature::{Unsigned, Verified};
        let (signed, unsigned) = (list("1.1", OCTOBER, Verified), list("1.2", NOVEMBER, Unsigned));
        for (program, kept, is_authentic_way, taken) in [
            (Program::Chrome, Some(&signed), true, false),
            (Program::Chrome, None, true, false),
            (Program::Apple, None, true, true),
            (Program::Apple, None, false, false),
            (Program::Apple, Some(&unsigned), true, true),
            (Program::Android, Some(&signed), true, false),
        ] {
            let place = Place { is_authentic_way, ..place(program, kept) };
            let verdict = may_take_its_place(&unsigned, &place);
            assert_eq!(verdict.is_ok(), taken, "{program:?}: {verdict:?}");
            let told = Place { allow_unsigned: true, ..place };
            assert_eq!(may_take_its_place(&unsigned, &told), Ok(()));
        }
    }

    #[test]
    fn none_of_another_kind_or_time() {
        use ListSignature::Verified;
        let chrome = place(Program::Chrome, None);
        let future = list("1.3", Some("2026-11-22T00:00:00Z"), Verified);
        assert!(matches!(may_take_its_place(&future, &chrome), Err(Refusal::Future { .. })));
        let soon = list("1.3", Some("2026-11-21T00:30:00Z"), Verified);
        assert_eq!(may_take_its_place(&soon, &chrome), Ok(()));
        let empty = LogList { logs: Vec::new(), ..soon.clone() };
        assert_eq!(may_take_its_place(&empty, &chrome), Err(Refusal::NoLogs { unreadable: 0 }));
        let apples = LogList { form: Some(Program::Apple), ..soon };
        assert_eq!(
            may_take_its_place(&apples, &chrome),
            Err(Refusal::OtherProgram { form: Program::Apple, wanted: Program::Chrome })
        );
    }
}
