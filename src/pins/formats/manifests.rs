//! The manifests of Android apps in source: they name the Network Security Config that an app has, and another of the
//! same folder is used by nobody.
//!
//! In .NET (MAUI, Xamarin), an attribute in C# says the same, and the build writes it into the manifest.
//!
//! Source: Android developer guide, “Network security configuration”: the attribute `android:networkSecurityConfig` of
//! `<application>` names the resource. One that a build puts in (`${…}`) may be any. Those of source sets of tests and
//! debug builds are in no release.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod attribute;
mod missing;

use std::collections::{BTreeMap, BTreeSet};

use self::attribute::Reference;
pub use self::missing::{is_named, missing};
use super::{LONGEST_FILE, android_nsc, candidates, test_code, xml};
use crate::evidence::file::InputFile;
use crate::pins::model::{Confidence, PinFile, Reading};

const NAME: &str = "AndroidManifest.xml";
/// What of `<application>` names its configuration.
pub(super) const ATTRIBUTE: &str = "networkSecurityConfig";

/// Whether a file of this name is the manifest of an Android app in source.
pub(super) fn is_manifest(path: &str) -> bool {
    !path.contains("!/") && path.rsplit(['/', '\\']).next() == Some(NAME)
}

/// Whether a file says which configuration an app has: a manifest, or code whose attribute goes into one.
pub fn is_manifest_or_attribute(file: &InputFile) -> bool {
    is_manifest(&file.path) || file.octets().is_ok_and(|octets| attribute::may_have(&file.path, octets))
}

/// What the manifests among some inputs name.
#[derive(Default)]
struct Named {
    /// The names of configurations.
    names: BTreeSet<String>,
    /// Why one may name any, where it could not be read or takes a name from somewhere else.
    open: Option<&'static str>,
}

/// Weighs what was read of these inputs by the manifests among them, which have said all that they have to say then.
///
/// The manifests of a folder speak of what stands in that folder, and of nothing that was named by itself.
pub(in crate::pins) fn weigh(inputs: &[InputFile], files: &mut Vec<PinFile>) {
    let (manifests, code): (Vec<&InputFile>, Vec<&InputFile>) = inputs
        .iter()
        .filter(|input| is_manifest_or_attribute(input))
        .partition(|input| is_manifest(&input.path));
    if manifests.is_empty() || !files.iter().any(is_configuration) {
        return;
    }
    let mut named: BTreeMap<&str, Named> = BTreeMap::new();
    let mut consumed = BTreeSet::new();
    for manifest in manifests {
        if let Some(folder) = manifest.folder.as_deref()
            && test_code::why(manifest.inside()).is_none()
        {
            named.entry(folder).or_default().take(manifest);
        }
        // What says something of pins itself stays among what is not read.
        if manifest.octets().is_ok_and(|octets| !candidates::is_about_pins(octets)) {
            consumed.insert(manifest.path.as_str());
        }
    }
    for file in code {
        // Where there is no manifest, no configuration is doubted.
        if let Some(named) = file.folder.as_deref().and_then(|folder| named.get_mut(folder))
            && test_code::why(file.inside()).is_none()
        {
            named.take_attributes(file);
        }
        if file.octets().is_ok_and(|octets| !candidates::is_about_pins(octets)) {
            consumed.insert(file.path.as_str());
        }
    }
    files.retain(|file| file.reading != Reading::NotRecognised || !consumed.contains(file.file.as_str()));
    let folders: BTreeMap<&str, &str> =
        inputs.iter().filter_map(|input| Some((input.path.as_str(), input.folder.as_deref()?))).collect();
    for file in files.iter_mut().filter(|file| is_configuration(file)) {
        let named = folders.get(file.file.as_str()).and_then(|folder| named.get(folder));
        let Some(why) = named.filter(|named| !named.has(&file.file)).map(Named::why_not) else { continue };
        let Reading::Read(source) = &mut file.reading else { continue };
        if source.guessed.is_none() {
            source.guessed = Some(why.to_owned());
        }
        for entry in source.entries.iter_mut().filter(|entry| entry.confidence == Confidence::Stated) {
            entry.confidence = Confidence::Guessed(why.to_owned());
        }
    }
}

/// Whether what was read is a Network Security Config in source: what stands in a package is used as its own manifest says.
pub fn is_configuration(file: &PinFile) -> bool {
    let is_read = matches!(&file.reading, Reading::Read(source) if source.format == android_nsc::ID);
    is_read && !file.file.contains("!/")
}

impl Named {
    fn take(&mut self, manifest: &InputFile) {
        let octets = manifest.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE);
        let text = octets.and_then(xml::text);
        let Some(document) = text.as_deref().and_then(|text| xml::parse(text).ok()) else {
            self.open = Some("a manifest of this folder could not be read, and no other names it");
            return;
        };
        let attributes = document.descendants().flat_map(|node| node.attributes());
        for value in attributes.filter(|one| one.name() == ATTRIBUTE).map(|one| one.value().trim()) {
            if !self.take_reference(value) {
                let why = "a manifest of this folder takes the name from the build, and none names it";
                self.open.get_or_insert(why);
            }
        }
    }

    /// What the attributes of C# say.
    fn take_attributes(&mut self, file: &InputFile) {
        let octets = file.octets().unwrap_or_default();
        for reference in attribute::named(&String::from_utf8_lossy(octets)) {
            let is_known = match reference {
                Reference::Named(value) => self.take_reference(value),
                Reference::OfTheBuild => false,
            };
            if !is_known {
                let why = "an [Application] attribute of this folder takes the name from the build, and none names it";
                self.open.get_or_insert(why);
            }
        }
    }

    /// Whether a reference names a resource.
    fn take_reference(&mut self, value: &str) -> bool {
        let Some((kind, name)) = value.rsplit_once('/') else { return false };
        let names_one = kind.starts_with('@') && !value.contains('$');
        if names_one {
            self.names.insert(name.to_owned());
        }
        names_one
    }

    /// Why what is not named is not sure.
    fn why_not(&self) -> &'static str {
        self.open.unwrap_or("no manifest of this folder names it")
    }

    /// Whether the file of this path is a resource that is named.
    fn has(&self, path: &str) -> bool {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        self.names.contains(name.strip_suffix(".xml").unwrap_or(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;
    use crate::x509::SpkiSha256;

    fn file(path: &str, text: &str) -> InputFile {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        InputFile { path: path.to_owned(), content, folder: Some(String::new()) }
    }

    fn configuration(path: &str) -> InputFile {
        let pin = SpkiSha256::of(b"a");
        let text = format!(
            "<network-security-config><domain-config><domain>a.example</domain><pin-set><pin digest='SHA-256'>{pin}\
             </pin></pin-set></domain-config></network-security-config>"
        );
        file(path, &text)
    }

    fn manifest(path: &str, attribute: &str) -> InputFile {
        let text = format!(
            "<manifest xmlns:android='http://schemas.android.com/apk/res/android'><application {attribute}/></manifest>"
        );
        file(path, &text)
    }

    /// Each file that was read, with how sure its first entry is.
    fn said(inputs: &[InputFile]) -> Vec<(String, &'static str)> {
        let confidence = |file: &PinFile| match &file.reading {
            Reading::Read(source) => {
                source.entries.first().map_or("nothing", |entry| entry.confidence.name())
            }
            Reading::NotRecognised => "not recognised",
            _ => "not read",
        };
        PinFile::of_all(inputs).iter().map(|file| (file.file.clone(), confidence(file))).collect()
    }

    #[test]
    fn a_configuration_that_no_manifest_names_is_a_guess() {
        let nsc = || configuration("app/src/main/res/xml/nsc.xml");
        let with = |attribute: &str| manifest("app/src/main/AndroidManifest.xml", attribute);
        let of_library = || manifest("lib/AndroidManifest.xml", "");
        let said_with = |manifests: Vec<InputFile>| {
            let inputs: Vec<InputFile> = manifests.into_iter().chain([nsc()]).collect();
            let said = said(&inputs);
            assert_eq!(said.len(), 1, "{said:?}");
            said[0].1
        };
        assert_eq!(said_with(vec![]), "stated");
        assert_eq!(said_with(vec![with("")]), "guessed");
        assert_eq!(said_with(vec![with("android:networkSecurityConfig='@xml/other'")]), "guessed");
        for (named, expected) in [
            ("@xml/nsc", "stated"),
            ("@com.a:xml/nsc", "stated"),
            // A name that the build puts in may be this one, or another.
            ("${nsc}", "guessed"),
            ("@xml/${nsc}", "guessed"),
        ] {
            let attribute = format!("android:networkSecurityConfig='{named}'");
            assert_eq!(said_with(vec![of_library(), with(&attribute)]), expected, "{named}");
        }
        // What cannot be read may name it, or another; what is named is used whatever else there is.
        let broken = || file("x/AndroidManifest.xml", "<manifest");
        assert_eq!(said_with(vec![with(""), broken()]), "guessed");
        assert_eq!(said_with(vec![with("android:networkSecurityConfig='@xml/nsc'"), broken()]), "stated");
        // Manifests of debug builds are in no release, and say nothing.
        let debug = |attribute: &str| manifest("app/src/debug/AndroidManifest.xml", attribute);
        let names_it = "android:networkSecurityConfig='@xml/nsc'";
        assert_eq!(said_with(vec![debug("")]), "stated");
        assert_eq!(said_with(vec![with(""), debug(names_it)]), "guessed");
    }

    #[test]
    fn an_attribute_of_code_names_a_configuration_as_a_manifest_does() {
        let attribute = "[Application(NetworkSecurityConfig = \"@xml/nsc\")]\nclass App {}";
        let with = |path: &str, code: &str| {
            let manifest = manifest("Platforms/Android/AndroidManifest.xml", "");
            said(&[manifest, configuration("Platforms/Android/Resources/xml/nsc.xml"), file(path, code)])
        };
        for (path, code, expected) in [
            ("Platforms/Android/MainApplication.cs", attribute.to_owned(), "stated"),
            ("App.Tests/src/test/MainApplication.cs", attribute.to_owned(), "guessed"),
            ("MainApplication.cs", format!("#if DEBUG\n{attribute}\n#endif"), "guessed"),
            ("MainApplication.cs", attribute.replace("nsc", "other"), "guessed"),
        ] {
            let expected = [("Platforms/Android/Resources/xml/nsc.xml".to_owned(), expected)];
            assert_eq!(with(path, &code), expected, "{path}: {code}");
        }
    }

    #[test]
    fn manifests_speak_of_their_own_folder_alone() {
        let of = |folder: Option<&str>, input: InputFile| {
            let path = folder.map_or(input.path.clone(), |folder| format!("{folder}/{}", input.path));
            InputFile { path, folder: folder.map(str::to_owned), ..input }
        };
        let inputs = [
            of(Some("a"), manifest("AndroidManifest.xml", "")),
            of(Some("a"), configuration("nsc.xml")),
            of(Some("b"), configuration("nsc.xml")),
            of(None, configuration("a/by_hand.xml")),
        ];
        let expected = [("a/nsc.xml", "guessed"), ("b/nsc.xml", "stated"), ("a/by_hand.xml", "stated")];
        assert_eq!(said(&inputs), expected.map(|(path, how)| (path.to_owned(), how)));
    }

    #[test]
    fn a_manifest_alone_is_read_as_any_other_file() {
        let alone = [InputFile { folder: None, ..manifest("AndroidManifest.xml", "") }];
        assert_eq!(said(&alone), [("AndroidManifest.xml".to_owned(), "not recognised")]);
        assert!(is_manifest("a/AndroidManifest.xml") && !is_manifest("a.apk!/AndroidManifest.xml"));
        assert!(!is_manifest("a/OtherAndroidManifest.xml"));
    }
}
