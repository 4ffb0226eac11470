//! The pin formats: one file each, and one line in `FORMATS`.

mod android_nsc;
mod apk;
mod archive;
pub mod bare_apps;
pub mod bare_hashes;
mod build_values;
pub mod candidates;
mod certificate_files;
mod chromium_static;
mod completions;
mod curl;
#[cfg(test)]
mod documented;
pub mod executables;
mod expect_ct;
pub mod flutter;
mod headers;
mod hpkp;
pub mod info_plists;
mod ios_nspinneddomains;
mod ipa;
mod json;
mod json_config;
pub mod looks;
mod manifests;
mod own_output;
mod pins_toml;
mod plist;
mod problems;
mod resource_anchors;
pub mod silent;
mod source;
mod source_sets;
mod stubby;
mod switch;
mod test_code;
pub mod tlsa;
mod trustkit_android;
mod trustkit_plist;
mod written;
mod wultra;
mod xml;

use std::borrow::Cow;

use super::model::{Combination, HostPattern, PinEntry, PinFile, PinSource, Reading};

pub use self::apk::{compiled_xml, keystore, resource_files};
pub(super) use self::bare_apps::weigh as weigh_bare_apps;
pub(super) use self::certificate_files::only_found as weigh_certificates;
pub(super) use self::chromium_static::joined;
pub(super) use self::completions::complete;
pub use self::curl::is_inline_list;
pub(super) use self::flutter::weigh as weigh_by_flutter;
pub(super) use self::ipa::in_bundle;
pub(super) use self::manifests::weigh as weigh_by_manifests;
pub use self::manifests::{is_configuration, is_manifest_or_attribute, is_named, missing};
pub(super) use self::resource_anchors::find as find_anchors;
pub(super) use self::source_sets::{are_of_flavours, are_of_other_builds, are_variants, replaces};
pub(super) use self::test_code::{is_of_a_test, weigh as weigh_by_place};

/// The longest file that is read as pins, in octets. Real ones have a few kilobytes.
pub const LONGEST_FILE: usize = 4 << 20;

/// The longest package that is opened, in octets.
pub const LONGEST_PACKAGE: usize = 512 << 20;

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

    /// How those entries work together.
    fn combination(&self) -> Combination {
        Combination::MostSpecific
    }
}

/// A package that holds sources of pins.
pub trait Package: Sync {
    /// The name used in reports where the package itself cannot be read.
    fn id(&self) -> &'static str;

    /// Whether this is a package of this kind, well formed or not.
    fn recognises(&self, input: &PinInput<'_>) -> bool;

    /// The sources inside, each named by the package's path, `!/` and its own; the error says why it cannot be opened.
    fn open(&self, input: &PinInput<'_>) -> Result<Vec<PinFile>, String>;
}

/// Every kind of package, in the order in which they are asked.
static PACKAGES: &[&dyn Package] = &[&ipa::Ipa, &apk::AndroidPackage];

/// Every format, in the order in which they are asked.
static FORMATS: &[&dyn PinFormat] = &[
    &android_nsc::AndroidNsc,
    &ios_nspinneddomains::IosPinnedDomains,
    &trustkit_plist::TrustKitPlist,
    &trustkit_android::TrustKitAndroid,
    &curl::CurlList,
    &source::OkHttp,
    &source::OkHttpFailure,
    &source::JavaValidation,
    &source::TrustKitCode,
    &source::UrlSession,
    &source::Alamofire,
    &source::DotNet,
    &source::Dart,
    &source::ReactNative,
    &source::Go,
    &source::Constants,
    &json_config::REACT_NATIVE,
    &json_config::APPROOV,
    &json_config::SSL_PINNING,
    &json_config::HOST_LIST,
    &json_config::MAP,
    &wultra::Wultra,
    &build_values::BuildValues,
    &certificate_files::CertificateFiles,
    &chromium_static::ChromiumPins,
    &pins_toml::PinsToml,
    &stubby::Stubby,
    &hpkp::Hpkp,
    &expect_ct::ExpectCt,
    &tlsa::Tlsa,
];

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

/// Reads a file: what a package holds, or the file itself with every format that recognises it. There is always at
/// least one result.
pub fn read(path: &str, octets: &[u8]) -> Vec<PinFile> {
    let of = |reading| vec![PinFile { file: path.to_owned(), reading }];
    if octets.len() > LONGEST_PACKAGE {
        let (size, most) = (octets.len() >> 20, LONGEST_PACKAGE >> 20);
        return of(Reading::Unreadable(format!("it has {size} MiB; packages here have at most {most} MiB")));
    }
    let package = PinInput { path, octets, text: None };
    if let Some(kind) = PACKAGES.iter().find(|kind| kind.recognises(&package)) {
        return match kind.open(&package) {
            Ok(files) if files.is_empty() => of(Reading::Read(PinSource::of(kind.id()))),
            Ok(files) => files,
            Err(why) => of(Reading::NotWellFormed { format: kind.id(), why }),
        };
    }
    read_file(path, octets)
}

/// Reads a file that is no package.
fn read_file(path: &str, octets: &[u8]) -> Vec<PinFile> {
    let of = |reading| vec![PinFile { file: path.to_owned(), reading }];
    if octets.len() > LONGEST_FILE {
        let (size, most) = (octets.len() >> 20, LONGEST_FILE >> 20);
        return of(Reading::Unreadable(format!("it has {size} MiB; pin files here have at most {most} MiB")));
    }
    let input = PinInput { path, octets, text: xml::text(octets) };
    let readings = read_with(&input, |_| true);
    if readings.is_empty() { of(Reading::NotRecognised) } else { readings }
}

/// What formats other than `known` make of a text of a package.
fn read_also(path: &str, text: &str, known: &str) -> Vec<PinFile> {
    let input = PinInput { path, octets: text.as_bytes(), text: Some(Cow::Borrowed(text)) };
    read_with(&input, |format| format.id() != known)
}

/// One reading for each format that is asked and recognises the input.
fn read_with(input: &PinInput<'_>, is_asked: impl Fn(&dyn PinFormat) -> bool) -> Vec<PinFile> {
    FORMATS
        .iter()
        .filter(|format| is_asked(**format) && format.recognises(input))
        .map(|format| match format.read(input) {
            Ok(source) => Reading::Read(source),
            Err(why) => Reading::NotWellFormed { format: format.id(), why },
        })
        .map(|reading| PinFile { file: input.path.to_owned(), reading })
        .collect()
}

/// How the entries of a format that are about one host work together.
pub(super) fn combination(format: &str) -> Combination {
    FORMATS
        .iter()
        .find(|known| known.id() == format)
        .map_or(Combination::MostSpecific, |format| format.combination())
}

/// The entries that apply to `host`, by the rules of the source's own format.
pub(super) fn applicable<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    FORMATS
        .iter()
        .find(|format| format.id() == source.format)
        .map_or_else(Vec::new, |format| format.applicable(source, host))
}

/// What `host` has where an exact name wins over patterns, and of patterns the longest. Of one name that has several
/// entries each: which of them a platform takes is documented nowhere.
fn most_specific<'a>(source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
    let all = || source.entries.iter();
    let is_named = |entry: &&PinEntry| match &entry.scope {
        HostPattern::Exactly(name) | HostPattern::WithSubdomains(name) => name == host,
        _ => false,
    };
    let exact: Vec<&PinEntry> = all().filter(is_named).collect();
    if !exact.is_empty() {
        return exact;
    }
    let length = |entry: &PinEntry| entry.scope.host().map_or(0, str::len);
    let is_above = |entry: &&PinEntry| {
        matches!(entry.scope, HostPattern::WithSubdomains(_) | HostPattern::Below(_))
            && entry.scope.covers(host)
    };
    let longest = all().filter(is_above).map(length).max();
    all().filter(is_above).filter(|entry| Some(length(entry)) == longest).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What the only format that recognises these octets makes of them.
    pub(crate) fn only(path: &str, octets: &[u8]) -> Reading {
        let mut files = read(path, octets);
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0).reading
    }
}
