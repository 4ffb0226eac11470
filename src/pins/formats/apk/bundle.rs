//! App bundles: what is uploaded to a store, which makes the packages of it. Their compiled XML is in protocol
//! buffers, and its files keep their names.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::app::{LONGEST_XML, not_read, of_text, without_configuration};
use super::element::Value;
use super::entries::Entries;
use super::manifest::Manifest;
use super::resources::Resources;
use super::{beside_configuration, damaged, inside, protobuf, read};
use crate::pins::formats::android_nsc::Around;
use crate::pins::model::{AppContext, PinFile};

/// The manifest of a bundle's base.
pub(super) const MANIFEST: &str = "base/manifest/AndroidManifest.xml";

/// Reads a bundle.
pub(super) fn package(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let manifest = entries
        .read_within(MANIFEST, LONGEST_XML)
        .and_then(|octets| protobuf::read(&octets))
        .and_then(|root| Manifest::of(&root, &Resources::default()));
    let mut files = match manifest {
        Err(why) => vec![damaged(inside(path, MANIFEST), why)],
        Ok(manifest) => configuration(path, entries, &manifest),
    };
    files.extend(beside_configuration(path, entries));
    files
}

fn configuration(path: &str, entries: &mut Entries<'_>, manifest: &Manifest) -> Vec<PinFile> {
    let name = match &manifest.config {
        None => return vec![read(inside(path, MANIFEST), without_configuration(&manifest.app))],
        Some(Value::Named(name)) => name.clone(),
        Some(Value::Text(name)) => name.trim_start_matches('@').to_owned(),
        Some(_) => String::new(),
    };
    let name = name.strip_prefix("xml/").unwrap_or_default();
    let found = variants(entries, name);
    if name.is_empty() || found.is_empty() {
        let what =
            "the manifest names a networkSecurityConfig that is not found in the bundle's base".to_owned();
        return vec![read(inside(path, MANIFEST), not_read(&manifest.app, what))];
    }
    let debug = variants(entries, &format!("{name}_debug"));
    let debug = match debug.first().map(|variant| text_of(&variant.file, entries)).transpose() {
        Ok(text) => text,
        Err(why) => {
            let what = format!("the configuration with debug overrides cannot be read: {why}");
            return vec![read(inside(path, MANIFEST), not_read(&manifest.app, what))];
        }
    };
    found
        .into_iter()
        .flat_map(|variant| {
            let app = AppContext {
                from_sdk: variant.from_sdk,
                for_some_devices: variant.is_for_some_devices,
                ..manifest.app.clone()
            };
            let around = Around { app: Some(&app), debug_resource: debug.as_deref() };
            let text = text_of(&variant.file, entries);
            of_text(&inside(path, &variant.file), text, around, variant.is_for_some_devices)
        })
        .collect()
}

/// A file that is a variant of a resource, by its folder.
struct Variant {
    file: String,
    from_sdk: Option<u32>,
    is_for_some_devices: bool,
}

fn variants(entries: &Entries<'_>, name: &str) -> Vec<Variant> {
    let of = |file: &String| {
        let (folder, last) = file.strip_prefix("base/res/xml")?.split_once('/')?;
        let mut qualifiers = folder.split('-');
        if last.strip_suffix(".xml") != Some(name) || qualifiers.next() != Some("") {
            return None;
        }
        let levels: Vec<Option<u32>> =
            qualifiers.map(|qualifier| qualifier.strip_prefix('v')?.parse().ok()).collect();
        Some(Variant {
            file: file.clone(),
            from_sdk: levels.iter().flatten().next().copied(),
            is_for_some_devices: levels.contains(&None),
        })
    };
    entries.names().iter().filter_map(of).collect()
}

fn text_of(file: &str, entries: &mut Entries<'_>) -> Result<String, String> {
    let octets = entries.read_within(file, LONGEST_XML)?;
    protobuf::read(&octets)?.to_xml(&|_| None)
}
