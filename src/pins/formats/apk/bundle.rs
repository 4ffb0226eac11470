//! App bundles: what is uploaded to a store, which makes the packages of it. Their compiled XML and their tables of
//! resources are in protocol buffers. A bundle is made of modules: the base, and features that are installed with it
//! or later; the platform takes the attributes of `<application>` from the base alone.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::app::{LONGEST_XML, not_read, of_text, without_configuration};
use super::bundle_resources::BundleResources;
use super::certificates;
use super::element::Value;
use super::entries::Entries;
use super::manifest::Manifest;
use super::resources::{Table, Variant};
use super::{beside_configuration, damaged, inside, protobuf, read};
use crate::pins::formats::android_nsc::Around;
use crate::pins::formats::resource_anchors;
use crate::pins::model::{AppContext, EnforcementMode, PinFile, Problem, ProblemKind, Reading};

/// The manifest of a bundle's base.
pub(super) const MANIFEST: &str = "base/manifest/AndroidManifest.xml";
/// The module that every other one belongs to.
const BASE: &str = "base";
/// Behind a module's name, its manifest.
const OF_MODULE: &str = "/manifest/AndroidManifest.xml";
/// The most modules that are looked at.
const MOST_MODULES: usize = 500;

/// Reads a bundle.
pub(super) fn package(path: &str, entries: &mut Entries<'_>) -> Vec<PinFile> {
    let mut modules = vec![BASE.to_owned()];
    let named = entries.names().iter().filter_map(|name| name.strip_suffix(OF_MODULE));
    modules.extend(named.filter(|name| *name != BASE && !name.contains('/')).map(str::to_owned));
    let mut files = Vec::new();
    for (number, name) in modules.iter().enumerate() {
        if number >= MOST_MODULES {
            let why = format!("the bundle has more than {MOST_MODULES} modules; the rest is not read");
            files.push(damaged(path.to_owned(), why));
            break;
        }
        files.extend(module(path, entries, name));
    }
    files.extend(beside_configuration(path, entries));
    resource_anchors::weigh_named(&mut files);
    files
}

fn module(path: &str, entries: &mut Entries<'_>, name: &str) -> Vec<PinFile> {
    let (manifest_file, table_file) = (format!("{name}{OF_MODULE}"), format!("{name}/resources.pb"));
    let mut files = Vec::new();
    let table = if entries.has(&table_file) { entries.read(&table_file) } else { Ok(Vec::new()) };
    let octets = table.unwrap_or_else(|why| {
        files.push(damaged(inside(path, &table_file), why));
        Vec::new()
    });
    let resources = BundleResources::read(&octets).unwrap_or_else(|why| {
        files.push(damaged(inside(path, &table_file), why));
        BundleResources::default()
    });
    let manifest = entries
        .read_within(&manifest_file, LONGEST_XML)
        .and_then(|octets| protobuf::read(&octets))
        .and_then(|root| Manifest::of(&root, &resources));
    match manifest {
        Err(why) => files.push(damaged(inside(path, &manifest_file), why)),
        Ok(manifest) => {
            let module = Module { path, name, manifest_file, manifest, resources };
            files.extend(module.configuration(entries));
        }
    }
    files
}

/// One module.
struct Module<'a> {
    path: &'a str,
    name: &'a str,
    manifest_file: String,
    manifest: Manifest,
    resources: BundleResources<'a>,
}

impl Module<'_> {
    fn configuration(&self, entries: &mut Entries<'_>) -> Vec<PinFile> {
        let app = &self.manifest.app;
        let of_manifest = |source| vec![read(inside(self.path, &self.manifest_file), source)];
        let is_base = self.name == BASE;
        let Some(config) = &self.manifest.config else {
            return if is_base { of_manifest(without_configuration(app)) } else { Vec::new() };
        };
        let found = self.variants(config, "", entries);
        if found.is_empty() {
            let module = if is_base { "base" } else { "module" };
            let what = format!(
                "the manifest names a networkSecurityConfig that is not found in the bundle's {module}"
            );
            return of_manifest(not_read(app, what));
        }
        let debug = self.variants(config, "_debug", entries);
        let debug = match debug.first().map(|(file, _)| self.text_of(file, entries)).transpose() {
            Ok(text) => text,
            Err(why) => {
                let what = format!("the configuration with debug overrides cannot be read: {why}");
                return of_manifest(not_read(app, what));
            }
        };
        let mut files = Vec::new();
        for (file, variant) in found {
            let app = AppContext {
                from_sdk: variant.from_sdk,
                for_some_devices: variant.is_for_some_devices,
                ..app.clone()
            };
            let around = Around { app: Some(&app), debug_resource: debug.as_deref() };
            let text = self.text_of(&file, entries);
            let mut read = of_text(&inside(self.path, &file), text, around, variant.is_for_some_devices);
            resource_anchors::take(&mut read, |kind, name| {
                let variants = self.resources.variants(self.resources.find(kind, name)?);
                let [Variant { value: Value::Text(file), .. }] = variants.as_slice() else { return None };
                let file = format!("{}/{file}", self.name);
                let octets = entries.read_within(&file, certificates::LONGEST).ok()?;
                Some((inside(self.path, &file), octets))
            });
            files.extend(read);
        }
        if !is_base {
            files.iter_mut().for_each(without_effect);
        }
        files
    }

    /// The files that are variants of the configuration, or of that with `behind` behind its name: by the table of
    /// resources, and where that does not have it, by their folders.
    fn variants(&self, config: &Value, behind: &str, entries: &Entries<'_>) -> Vec<(String, Variant)> {
        let name = match (config, self.resources.id_of(config)) {
            (_, Some(id)) => self.resources.name(id),
            (Value::Named(name), _) => Some(name.clone()),
            (Value::Text(name), _) => Some(name.trim_start_matches('@').to_owned()),
            _ => None,
        };
        let Some(name) = name else { return Vec::new() };
        let name = name.rsplit_once(':').map_or(name.as_str(), |(_, name)| name);
        let wanted = self.resources.id_of(&Value::Named(format!("{name}{behind}")));
        let file = |variant: Variant| match &variant.value {
            Value::Text(file) => Some((format!("{}/{file}", self.name), variant)),
            _ => None,
        };
        let variants = wanted.map(|id| self.resources.variants(id)).unwrap_or_default();
        let found: Vec<(String, Variant)> = variants.into_iter().filter_map(file).collect();
        match name.strip_prefix("xml/") {
            Some(name) if found.is_empty() => self.by_folder(&format!("{name}{behind}.xml"), entries),
            _ => found,
        }
    }

    fn by_folder(&self, name: &str, entries: &Entries<'_>) -> Vec<(String, Variant)> {
        let of = |file: &String| {
            let (folder, last) = file.strip_prefix(self.name)?.strip_prefix("/res/xml")?.split_once('/')?;
            let mut qualifiers = folder.split('-');
            if last != name || qualifiers.next() != Some("") {
                return None;
            }
            let levels: Vec<Option<u32>> =
                qualifiers.map(|qualifier| qualifier.strip_prefix('v')?.parse().ok()).collect();
            let variant = Variant {
                from_sdk: levels.iter().flatten().next().copied(),
                is_for_some_devices: levels.contains(&None),
                value: Value::Text(last.to_owned()),
            };
            Some((file.clone(), variant))
        };
        entries.names().iter().filter_map(of).collect()
    }

    fn text_of(&self, file: &str, entries: &mut Entries<'_>) -> Result<String, String> {
        let octets = entries.read_within(file, LONGEST_XML)?;
        protobuf::read(&octets)?.to_xml(&|id| self.resources.name(id))
    }
}

/// Says of a feature's own configuration that nothing reads it.
fn without_effect(file: &mut PinFile) {
    const WHY: &str =
        "a feature module names this configuration, and the platform takes that of the base alone";
    let Reading::Read(source) = &mut file.reading else { return };
    for entry in &mut source.entries {
        entry.enforcement.mode = EnforcementMode::No;
        WHY.clone_into(&mut entry.enforcement.why);
    }
    source.problems.push(Problem::of(ProblemKind::NoEffect, None, WHY.to_owned()));
}
