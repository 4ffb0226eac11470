//! Pins in source code.
//!
//! No compiler stands behind this: a tolerant scanner reads names, literals and brackets, works out constants that
//! the same file defines, and small readers look for the calls of one library each. What such a call is given and the
//! file does not define is told as not read, with its line; it is never silence. What is read from code is
//! [`Confidence::Read`] where its use is seen, and [`Confidence::Guessed`] otherwise.

mod apple;
mod changes;
mod compared;
mod conditions;
mod dart;
mod dotnet;
mod gathered;
mod hashes;
mod java_validation;
mod lexer;
mod literal;
mod map_loops;
mod okhttp;
mod okhttp_branches;
mod okhttp_failure;
mod okhttp_pinners;
mod plain;
mod react_native;
mod scan;
mod switches;
mod trustkit;
mod values;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_conditions;
#[cfg(test)]
mod tests_languages;
#[cfg(test)]
mod tests_requests;
#[cfg(test)]
mod tests_texts;

pub(super) use self::apple::{Alamofire, UrlSession};
pub(super) use self::compared::about_or_all;
pub(super) use self::dart::Dart;
pub(super) use self::dotnet::DotNet;
pub(super) use self::hashes::hash_of_name_and_text;
pub(super) use self::java_validation::JavaValidation;
pub(super) use self::okhttp::OkHttp;
pub(super) use self::okhttp_failure::OkHttpFailure;
pub(super) use self::plain::{Constants, Go};
pub(super) use self::react_native::ReactNative;
pub(super) use self::trustkit::TrustKitCode;

use super::problems::Problems;
use super::{PinFormat, PinInput};
use crate::pins::model::{HostPattern, Pin, PinEntry, PinSource, Problem, ProblemKind};

/// The most pins that are taken from one file.
const MOST_PINS: usize = 10_000;

/// The longest text that is taken for a host name, in octets: 253 letters of four octets each.
const LONGEST_NAME: usize = 1012;

/// A programming language, as far as its literals and comments go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Kotlin,
    Java,
    Swift,
    ObjectiveC,
    CSharp,
    Dart,
    JavaScript,
    Go,
    Rust,
    Python,
}

impl Language {
    /// The language of a file of this name.
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension {
            "kt" | "kts" => Self::Kotlin,
            "java" => Self::Java,
            "swift" => Self::Swift,
            "m" | "mm" | "h" => Self::ObjectiveC,
            "cs" => Self::CSharp,
            "dart" => Self::Dart,
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" => Self::JavaScript,
            "go" => Self::Go,
            "rs" => Self::Rust,
            "py" => Self::Python,
            _ => return None,
        })
    }
}

/// Whether files of this name are read as source code.
pub(super) fn is_source(path: &str) -> bool {
    Language::of(path).is_some()
}

/// The text of a source file in one of these languages.
fn code<'a>(input: &'a PinInput<'_>, languages: &[Language]) -> Option<(&'a str, Language)> {
    let language = Language::of(input.path).filter(|language| languages.contains(language))?;
    Some((input.text.as_deref()?, language))
}

/// Numbers the pin sets and checks that there are not too many pins.
fn finish(mut source: PinSource) -> Result<PinSource, String> {
    let pins = source.entries.iter().map(|entry| entry.pins.len()).sum::<usize>();
    if pins.max(source.entries.len()) > MOST_PINS {
        return Err(format!("it has more than {MOST_PINS} pins or hosts"));
    }
    for (entry, number) in source.entries.iter_mut().zip(1_usize..) {
        entry.pin_set = Some(number);
    }
    source.problems.dedup();
    let mut problems = Problems::default();
    for problem in source.problems {
        problems.put(problem);
    }
    source.problems = problems.into_list();
    Ok(source)
}

/// Something about pins that is not read here.
fn not_read(line: Option<usize>, what: String) -> Problem {
    Problem::of(ProblemKind::NotRead, line, what)
}

/// How many of these values are not known.
fn unread(values: &[values::Value]) -> u32 {
    let open = values.iter().filter(|value| matches!(value, values::Value::Open(..))).count();
    u32::try_from(open).unwrap_or(u32::MAX)
}

/// How many of these pins there are, in words, with the first of them.
fn named(pins: &[Pin]) -> String {
    match pins {
        [] => "no pin that is read here".to_owned(),
        [one] => format!("the pin {}", one.written),
        [first, rest @ ..] => format!("the pin {} and {} more", first.written, rest.len()),
    }
}

/// The entries about `host`; not those whose host is not known.
fn about<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    let is_about = |entry: &&PinEntry| entry.scope != HostPattern::Unstated && entry.scope.covers(host);
    source.entries.iter().filter(is_about).collect()
}

/// A host name as it is compared: lower case, in A-labels, without a dot at its end.
fn host_name(text: &str) -> Option<String> {
    // No name is that long in any script; working one out takes more than its length.
    if text.len() > LONGEST_NAME {
        return None;
    }
    let host = idna::domain_to_ascii(text.trim_end_matches('.')).ok()?;
    let is_name = |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '-' | '_' | '.');
    let labels_fit = host.split('.').all(|label| (1..=63).contains(&label.len()));
    (host.len() <= 253 && labels_fit && host.chars().all(is_name)).then_some(host)
}

/// Whether a text looks like a host name of the Internet: at least two labels, and no file of a program.
fn looks_like_host(text: &str) -> bool {
    let bare = text.trim_start_matches("**.").trim_start_matches("*.");
    host_name(bare).is_some_and(|host| {
        host.rsplit_once('.')
            .is_some_and(|(_, last)| last.len() >= 2 && last.chars().all(|c| c.is_ascii_alphabetic()))
    })
}
