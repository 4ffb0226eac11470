//! Android packages: APK, the sets of them (XAPK, APKM, APKS) and app bundles (AAB).
//!
//! Sources: frameworks/base `ResourceTypes.h` (binary XML and resource tables) and `tools/aapt2/Resources.proto`, the
//! Dalvik executable format, and the developer guide on `<application>` and `<uses-sdk>` for the manifest. The manifest
//! names the configuration, the table of resources says which files that is on which devices, and the reader of
//! [`super::android_nsc`] reads each of them with what the manifest says.

mod app;
mod axml;
mod bundle;
mod bundle_resources;
mod certificates;
mod dex;
mod element;
mod entries;
mod keystores;
mod manifest;
mod octets;
mod protobuf;
mod resources;
mod string_pool;

use self::entries::Entries;
use self::resources::Table;
use super::{Package, PinInput, flutter};
use crate::pins::model::{PinFile, PinSource, Problem, ProblemKind, Reading};

/// The package's id.
const ID: &str = "apk";
/// The manifest of an APK.
const MANIFEST: &str = "AndroidManifest.xml";
/// The most packages in a set that are opened.
const MOST_PARTS: usize = 200;

/// Android's packages.
pub(super) struct AndroidPackage;

impl Package for AndroidPackage {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        if !input.octets.starts_with(b"PK\x03\x04") {
            return false;
        }
        [".apk", ".xapk", ".apkm", ".apks", ".aab"].iter().any(|ending| has_ending(input.path, ending))
            || Entries::open(input.octets, 0).is_ok_and(|entries| kind(&entries).is_some())
    }

    fn open(&self, input: &PinInput<'_>) -> Result<Vec<PinFile>, String> {
        let mut entries = Entries::open(input.octets, entries::MOST_UNPACKED)?;
        let mut files = match kind(&entries) {
            Some(Kind::Apk) => app::package(input.path, &mut entries),
            Some(Kind::Bundle) => bundle::package(input.path, &mut entries),
            // Each of its parts is weighed by itself.
            Some(Kind::Set) => return Ok(set(input.path, &mut entries)),
            None => return Err("it has neither a manifest nor packages inside".to_owned()),
        };
        flutter::weigh_package(entries.names().iter(), &mut files);
        Ok(files)
    }
}

/// The kinds of packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Apk,
    Bundle,
    Set,
}

fn kind(entries: &Entries<'_>) -> Option<Kind> {
    if entries.has(MANIFEST) {
        Some(Kind::Apk)
    } else if entries.has(bundle::MANIFEST) {
        Some(Kind::Bundle)
    } else if entries.names().iter().any(|name| has_ending(name, ".apk")) {
        Some(Kind::Set)
    } else {
        None
    }
}

/// The packages of a set, each read once; a set inside of a set is not opened.
fn set(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let parts: Vec<String> =
        entries.names().iter().filter(|name| has_ending(name, ".apk")).cloned().collect();
    let mut files = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let inner = inside(path, part);
        if number >= MOST_PARTS {
            let why = format!("the set has more than {MOST_PARTS} packages; the rest is not opened");
            files.push(damaged(inner, why));
            break;
        }
        match entries.read(part) {
            Err(why) => files.push(damaged(inner, why)),
            Ok(octets) => {
                let opened = Entries::open(&octets, entries.room()).and_then(|mut part| {
                    if kind(&part) != Some(Kind::Apk) {
                        return Err("it has no manifest".to_owned());
                    }
                    let mut read = app::package(&inner, &mut part);
                    flutter::weigh_package(part.names().iter(), &mut read);
                    Ok((read, part.room()))
                });
                match opened {
                    Ok((read, room)) => {
                        files.extend(read);
                        entries.leave(room);
                    }
                    Err(why) => files.push(damaged(inner, why)),
                }
            }
        }
    }
    files
}

/// What is the same in every package: what its archive, its code and its certificates tell.
fn beside_configuration(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let mut files = Vec::new();
    if entries.outside() > 0 {
        let what = format!(
            "{} of its entries have paths that lead out of the package; they are not read",
            entries.outside()
        );
        files.push(read(path.to_owned(), with_problem(ProblemKind::NotRead, what)));
    }
    let names = entries.names().to_vec();
    for name in names.iter().filter(|name| is_code(name)) {
        let strings = entries.read(name).and_then(|octets| dex::strings(&octets));
        match strings {
            Ok(strings) => {
                files.extend(strings.sources().into_iter().map(|source| read(inside(path, name), source)));
            }
            Err(why) => files.push(damaged(inside(path, name), why)),
        }
    }
    let shipped = |name: &&String| name.split('/').any(|part| part == "res" || part == "assets");
    for name in names.iter().filter(shipped) {
        let Some(kind) = certificates::kind(name) else { continue };
        match entries.read_within(name, certificates::LONGEST) {
            Ok(octets) => {
                let source = certificates::source(kind, &octets);
                files.extend(source.map(|source| read(inside(path, name), source)));
            }
            Err(why) => files.push(damaged(inside(path, name), why)),
        }
    }
    files
}

/// Whether an entry is compiled code: `classes.dex` and its numbered fellows, in bundles in the folder `dex`.
fn is_code(name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    (folder.is_empty() || folder.ends_with("/dex")) && file.starts_with("classes") && has_ending(file, ".dex")
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.len()
        .checked_sub(ending.len())
        .and_then(|at| name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// The name of an entry in reports.
fn inside(path: &str, name: &str) -> String {
    format!("{path}!/{name}")
}

fn read(file: String, source: PinSource) -> PinFile {
    PinFile { file, reading: Reading::Read(source) }
}

fn damaged(file: String, why: String) -> PinFile {
    PinFile { file, reading: Reading::NotWellFormed { format: ID, why } }
}

fn with_problem(kind: ProblemKind, what: String) -> PinSource {
    let mut source = PinSource::of(ID);
    source.problems.push(Problem::of(kind, None, what));
    source
}

/// Compiled XML of an app, written as XML; references keep their numbers. The error says what is damaged.
pub fn compiled_xml(octets: &[u8]) -> Result<String, String> {
    let root = if axml::is_binary(octets) { axml::read(octets)? } else { protobuf::read(octets)? };
    root.to_xml(&|_| None)
}

/// The files of a resource in a table of resources (`resources.arsc`, in bundles `resources.pb`). The error says what is damaged.
pub fn resource_files(octets: &[u8], type_name: &str, name: &str) -> Result<Vec<String>, String> {
    let resources: Box<dyn Table> = if octets.starts_with(b"\x02\x00") {
        Box::new(resources::Resources::read(octets)?)
    } else {
        Box::new(bundle_resources::BundleResources::read(octets)?)
    };
    let variants = resources.find(type_name, name).map(|id| resources.variants(id)).unwrap_or_default();
    let file = |variant: resources::Variant| match variant.value {
        element::Value::Text(file) => Some(file),
        _ => None,
    };
    Ok(variants.into_iter().filter_map(file).collect())
}

/// What a keystore that an app ships has, whatever its form; `None` where it trusts no certificate.
pub fn keystore(octets: &[u8]) -> Option<PinSource> {
    certificates::source(certificates::Kind::Keystore, octets)
}

#[cfg(test)]
mod tests;
