//! Pins among the values that a build puts into an app: Gradle's `buildConfigField` and `resValue`, string resources of
//! Android, `.env` and `.properties` files, settings of Xcode.
//!
//! Sources: Android developer guide, “Gradle tips and recipes” (custom fields and resource values) and “String
//! resources”. Such a file gives pins a name and no host: which code uses the name is not read, so that every one is a
//! guess and the file stays undetermined.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::source::about_or_all;
use super::written::{self, Meaning};
use super::{PinFormat, PinInput};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource, PositionRule, Problem,
    ProblemKind,
};

/// The format's id.
const ID: &str = "build-values";
/// What a pin begins with.
const PREFIX: &str = "sha256/";
/// The most pins of one file.
const MOST_PINS: usize = 10_000;
/// The longest name that is kept, in letters.
const LONGEST_NAME: usize = 60;

/// Values of a build.
pub(super) struct BuildValues;

/// Whether a file is one of those that give values to a build.
fn is_of_a_build(path: &str, text: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "gradle" | "properties" | "xcconfig" | "env" => true,
        "kts" => text.contains("buildConfigField") || text.contains("resValue"),
        "xml" => text.contains("<resources"),
        _ => name.starts_with(".env") || name.starts_with("env."),
    }
}

impl PinFormat for BuildValues {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        let text = input.text.as_deref().unwrap_or_default();
        text.contains(PREFIX)
            && is_of_a_build(input.path, text)
            && text.lines().any(|line| !pins(line, 1).is_empty())
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let text = input.text.as_deref().unwrap_or_default();
        let mut found = Vec::new();
        for (line, number) in text.lines().zip(1_usize..) {
            found.extend(pins(line, number));
            if found.len() > MOST_PINS {
                return Err(format!("it has more than {MOST_PINS} pins"));
            }
        }
        let line = found.first().and_then(|pin| pin.line);
        let what = "pins are values of the build here; for which hosts they are used, and whether at all, is in the \
                    app's code";
        let problems = vec![Problem::of(ProblemKind::NotRead, line, what.to_owned())];
        let enforcement = Enforcement {
            mode: EnforcementMode::Unknown,
            why: "which code uses these values, and for what, is not read".to_owned(),
        };
        let entry = PinEntry {
            pins: found,
            pin_set: Some(1),
            line,
            confidence: Confidence::Guessed(
                "the file says neither for which hosts these pins are nor who uses them".to_owned(),
            ),
            ..PinEntry::of(HostPattern::Unstated, enforcement)
        };
        Ok(PinSource { entries: vec![entry], problems, ..PinSource::of(ID) })
    }

    /// Whatever the host: the file names none, so that they may be for it.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        about_or_all(source, host)
    }
}

/// The pins on a line, each with the name that stands before it.
fn pins(line: &str, number: usize) -> Vec<Pin> {
    let begins = line.trim_start();
    if begins.starts_with("//") || begins.starts_with('#') || begins.starts_with("<!--") {
        return Vec::new();
    }
    let pin = |(at, _): (usize, &str)| {
        let (before, rest) = line.split_at_checked(at)?;
        let hash = rest.strip_prefix(PREFIX)?;
        let hash =
            hash.split(|symbol: char| !symbol.is_ascii_alphanumeric() && !"+/=".contains(symbol)).next()?;
        let written = format!("{PREFIX}{hash}");
        let Meaning::Value(value) = written::meaning(&written) else { return None };
        let pin = Pin::new(&written, Ok(value), PositionRule::Any, Some(number));
        Some(pin.labelled(name(before).as_deref()))
    };
    line.match_indices(PREFIX).filter_map(pin).collect()
}

/// The name nearest before a value: letters, digits and underscores, and no word of a language around it.
fn name(before: &str) -> Option<String> {
    const AROUND: [&str; 9] =
        ["String", "string", "name", "item", "array", "buildConfigField", "resValue", "sha256", "val"];
    before
        .rsplit(|symbol: char| !symbol.is_ascii_alphanumeric() && !matches!(symbol, '_' | '-'))
        .find(|word| word.len() > 2 && !AROUND.contains(word) && !word.ends_with('='))
        .map(|word| word.chars().take(LONGEST_NAME).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{Reading, formats};
    use crate::x509::SpkiSha256;

    #[test]
    fn values_of_builds_are_pins_of_hosts_that_are_not_known() {
        let pin = format!("sha256/{}", SpkiSha256::of(b"a"));
        for (path, text) in [
            ("app/build.gradle", format!("buildConfigField 'String', 'API_PIN', '\"{pin}\"'")),
            ("app/build.gradle.kts", format!("buildConfigField(\"String\", \"API_PIN\", \"\\\"{pin}\\\"\")")),
            ("app/build.gradle.kts", format!("resValue(\"string\", \"API_PIN\", \"{pin}\")")),
            (
                "res/values/pins.xml",
                format!("<resources><string name=\"API_PIN\">{pin}</string></resources>"),
            ),
            (".env.production", format!("API_PIN={pin}")),
            ("gradle.properties", format!("API_PIN={pin}")),
        ] {
            let Reading::Read(source) = formats::tests::only(path, text.as_bytes()) else { panic!("{path}") };
            assert_eq!(source.format, ID, "{path}");
            let entry = &source.entries[0];
            assert_eq!(entry.scope, HostPattern::Unstated);
            assert_eq!(
                (entry.pins[0].spki(), entry.pins[0].label.as_deref()),
                (Some(&SpkiSha256::of(b"a")), Some("API_PIN"))
            );
            assert!(matches!(entry.confidence, Confidence::Guessed(_)));
            assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
        }
    }

    #[test]
    fn comments_and_other_hashes_are_none() {
        let pin = format!("sha256/{}", SpkiSha256::of(b"a"));
        for text in [format!("# A={pin}"), format!("// {pin}"), "a=sha256/abc".to_owned()] {
            assert_eq!(
                formats::tests::only("gradle.properties", text.as_bytes()),
                Reading::NotRecognised,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(sha256/|[A-Za-z0-9+/]{0,44}|=|\"|<resources>|\\PC|\n){0,40}") {
            let _ = formats::read("a.properties", text.as_bytes());
        }
    }
}
