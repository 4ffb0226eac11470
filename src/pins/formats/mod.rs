//! The pin formats: one file each, and one line in `FORMATS`.

mod android_nsc;
mod curl;
mod ios_nspinneddomains;
mod plist;
mod xml;

use std::borrow::Cow;

use super::model::{HostPattern, PinEntry, PinSource, Reading};

pub use self::curl::is_inline_list;

/// The longest file that is read as pins, in octets. Real ones have a few kilobytes.
pub const LONGEST_FILE: usize = 4 << 20;

/// What a pin format knows: to recognise its files, to read them, and to say which entry applies to a host.
pub trait PinFormat: Sync {
    /// The name used in reports.
    fn id(&self) -> &'static str;

    /// Whether this is a file of this format, well formed or not.
    fn recognises(&self, input: &PinInput<'_>) -> bool;

    /// Reads a file it recognised; the error says what is not well formed.
    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String>;

    /// The entries that the platform uses for `host` (lower case, no trailing dot).
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry>;
}

/// Every format, in the order in which they are asked.
static FORMATS: &[&dyn PinFormat] =
    &[&android_nsc::AndroidNsc, &ios_nspinneddomains::IosPinnedDomains, &curl::CurlList];

/// A file to be read.
#[derive(Debug)]
pub struct PinInput<'a> {
    /// The path as the user gave it.
    pub path: &'a str,
    /// Its octets.
    pub octets: &'a [u8],
    /// Its text without a byte order mark, if it is text.
    pub text: Option<Cow<'a, str>>,
}

/// Reads a file with the first format that recognises it.
pub fn read(path: &str, octets: &[u8]) -> Reading {
    if octets.len() > LONGEST_FILE {
        let megabytes = octets.len() >> 20;
        return Reading::Unreadable(format!("it has {megabytes} MiB; pin files here have at most 4 MiB"));
    }
    let input = PinInput { path, octets, text: xml::text(octets) };
    let Some(format) = FORMATS.iter().find(|format| format.recognises(&input)) else {
        return Reading::NotRecognised;
    };
    match format.read(&input) {
        Ok(source) => Reading::Read(source),
        Err(why) => Reading::NotWellFormed { format: format.id(), why },
    }
}

/// The entries that apply to `host`, by the rules of the source's own format.
pub(super) fn applicable<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    FORMATS
        .iter()
        .find(|format| format.id() == source.format)
        .map_or_else(Vec::new, |format| format.applicable(source, host))
}

/// The one entry for `host` where an exact name wins over patterns, and of patterns the longest.
fn most_specific<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    let exact = source.entries.iter().find(|entry| entry.scope.host() == Some(host));
    let longest = || {
        source
            .entries
            .iter()
            .filter(|entry| matches!(entry.scope, HostPattern::WithSubdomains(_)) && entry.scope.covers(host))
            .max_by_key(|entry| entry.scope.host().map_or(0, str::len))
    };
    exact.or_else(longest).into_iter().collect()
}
