//! One APK.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::certificates;
use super::element::Value;
use super::entries::Entries;
use super::manifest::Manifest;
use super::resources::{Resources, Table, Variant};
use super::{MANIFEST, axml, beside_configuration, damaged, inside, read};
use crate::pins::formats::android_nsc::{self, Around};
use crate::pins::formats::{self, resource_anchors};
use crate::pins::model::{AppContext, PinFile, PinSource, Problem, ProblemKind, Reading};

/// The longest configuration, in octets.
pub(super) const LONGEST_XML: u64 = 4 << 20;

/// Reads an APK: its configuration in every variant, and what else it has.
pub(super) fn package(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let mut files = configuration(path, entries);
    files.extend(beside_configuration(path, entries));
    resource_anchors::weigh_named(&mut files);
    files
}

fn configuration(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let table = if entries.has("resources.arsc") { entries.read("resources.arsc") } else { Ok(Vec::new()) };
    let mut files = Vec::new();
    let table = table.unwrap_or_else(|why| {
        files.push(damaged(inside(path, "resources.arsc"), why));
        Vec::new()
    });
    let resources = if table.is_empty() { Ok(Resources::default()) } else { Resources::read(&table) };
    let resources = resources.unwrap_or_else(|why| {
        files.push(damaged(inside(path, "resources.arsc"), why));
        Resources::default()
    });
    let manifest = entries
        .read_within(MANIFEST, LONGEST_XML)
        .and_then(|octets| axml::read(&octets))
        .and_then(|root| Manifest::of(&root, &resources));
    match manifest {
        Err(why) => files.push(damaged(inside(path, MANIFEST), why)),
        Ok(manifest) => files.extend(of_manifest(path, entries, &manifest, &resources)),
    }
    files
}

fn of_manifest(
    path: &str,
    entries: &mut Entries<'_>,
    manifest: &Manifest,
    resources: &Resources<'_>,
) -> Vec<PinFile> {
    let file = inside(path, MANIFEST);
    let id = match &manifest.config {
        None if manifest.is_split => return Vec::new(),
        None => return vec![read(file, without_configuration(&manifest.app))],
        Some(Value::Reference(id)) => Some(*id),
        Some(_) => None,
    };
    let variants = id.map(|id| resources.variants(id)).unwrap_or_default();
    let found: Vec<(String, &Variant)> = variants
        .iter()
        .filter_map(|variant| match &variant.value {
            Value::Text(name) => Some((name.clone(), variant)),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        let what =
            "the manifest names a networkSecurityConfig that the package's resources do not have".to_owned();
        return vec![read(file, not_read(&manifest.app, what))];
    }
    let debug = match id.and_then(|id| debug_resource(id, entries, resources)).transpose() {
        Ok(text) => text,
        Err(why) => return vec![read(file, not_read(&manifest.app, why))],
    };
    found
        .into_iter()
        .flat_map(|(name, variant)| {
            let app = AppContext {
                from_sdk: variant.from_sdk,
                for_some_devices: variant.is_for_some_devices,
                ..manifest.app.clone()
            };
            let around = Around { app: Some(&app), debug_resource: debug.as_deref() };
            let text = text_of(&name, entries, resources);
            let mut files = of_text(&inside(path, &name), text, around, variant.is_for_some_devices);
            resource_anchors::take(&mut files, |kind, name| {
                let variants = resources.variants(resources.find(kind, name)?);
                let [Variant { value: Value::Text(file), .. }] = variants.as_slice() else { return None };
                let octets = entries.read_within(file, certificates::LONGEST).ok()?;
                Some((inside(path, file), octets))
            });
            files
        })
        .collect()
}

/// What a configuration says in this file: to the platform, and to libraries that read it by rules of their own.
pub(super) fn of_text(
    file: &str,
    text: Result<String, String>,
    around: Around<'_>,
    is_for_some_devices: bool,
) -> Vec<PinFile> {
    let of = |reading| PinFile { file: file.to_owned(), reading };
    let damaged = |why| of(Reading::NotWellFormed { format: android_nsc::ID, why });
    let text = match text {
        Ok(text) => text,
        Err(why) => return vec![damaged(why)],
    };
    let platform = match android_nsc::of_app(&text, around) {
        Ok(mut source) => {
            if is_for_some_devices {
                source.statement = Some(
                    "a variant that only some devices take, by their language, screen or another property"
                        .to_owned(),
                );
            }
            of(Reading::Read(source))
        }
        Err(why) => damaged(why),
    };
    let mut files = vec![platform];
    files.extend(formats::read_also(file, &text, android_nsc::ID).into_iter().map(|mut other| {
        if let Reading::Read(source) = &mut other.reading {
            source.app = around.app.cloned();
        }
        other
    }));
    files
}

fn text_of(name: &str, entries: &mut Entries<'_>, resources: &Resources<'_>) -> Result<String, String> {
    let octets = entries.read_within(name, LONGEST_XML)?;
    if !axml::is_binary(&octets) {
        return Err("it is not compiled XML, and Android reads no other inside of a package".to_owned());
    }
    axml::read(&octets)?.to_xml(&|id| resources.name(id))
}

/// The configuration with debug overrides of its own: named as the other one, with `_debug` behind it.
fn debug_resource(
    id: u32,
    entries: &mut Entries<'_>,
    resources: &Resources<'_>,
) -> Option<Result<String, String>> {
    let name = resources.name(id)?;
    let (kind, name) = name.split_once('/')?;
    let id = resources.find(kind, &format!("{name}_debug"))?;
    resources.variants(id).iter().find_map(|variant| match &variant.value {
        Value::Text(file) => {
            let text = text_of(file, entries, resources);
            Some(text.map_err(|why| format!("{file}, which has debug overrides, cannot be read: {why}")))
        }
        _ => None,
    })
}

/// The source that says that an app has no configuration.
pub(super) fn without_configuration(app: &AppContext) -> PinSource {
    let mut source = PinSource { app: Some(app.clone()), is_absent: true, ..PinSource::of(android_nsc::ID) };
    source.statement = Some(
        "the app has no Network Security Config: the platform pins nothing for it; pins in its code are another matter"
            .to_owned(),
    );
    if app.target_sdk.is_some_and(|level| level <= 23) {
        let what = "the app targets API level 23 or less and has no Network Security Config, so CAs that the user of a \
                    device added are trusted";
        source.problems.push(Problem::of(ProblemKind::UserAnchors, None, what.to_owned()));
    }
    source
}

/// A source whose configuration was not found.
pub(super) fn not_read(app: &AppContext, what: String) -> PinSource {
    let mut source = PinSource { app: Some(app.clone()), ..PinSource::of(android_nsc::ID) };
    source.problems.push(Problem::of(ProblemKind::NotRead, None, what));
    source
}
