//! Configurations that manifests name and that are not there: whether they pin nobody knows.
//!
//! A library of others, the build or a pointer (Git LFS) may hold them.

use super::attribute::{self, Reference};
use super::{ATTRIBUTE, is_configuration, is_manifest, is_manifest_or_attribute};
use crate::evidence::file::InputFile;
use crate::pins::formats::{LONGEST_FILE, test_code, xml};
use crate::pins::model::PinFile;

/// The manifests, or code that goes into one, that name a configuration of which none of these files is, with what they name.
pub fn missing(files: &[&InputFile]) -> Vec<(String, String)> {
    let naming =
        files.iter().filter(|file| is_manifest_or_attribute(file) && test_code::why(file.inside()).is_none());
    let named: Vec<(&InputFile, String)> =
        naming.flat_map(|file| references(file).into_iter().map(|name| (*file, name))).collect();
    named
        .into_iter()
        .filter(|(_, name)| !files.iter().any(|file| is_named(file, name)))
        .map(|(file, name)| (file.path.clone(), name))
        .collect()
}

/// Whether a file is the configuration that is named so: any may be what a build names.
pub fn is_named(file: &InputFile, reference: &str) -> bool {
    // A property list is named by its path.
    if let Some(path) = reference.strip_suffix(".plist") {
        let path = path.rsplit("../").next().unwrap_or(path);
        return file.path.strip_suffix(".plist").is_some_and(|own| own.ends_with(path));
    }
    let stem = file.path.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".xml"));
    let name = reference.rsplit_once('/').map(|(_, name)| name).filter(|_| !reference.contains('$'));
    stem.is_some_and(|stem| name.is_none_or(|name| name == stem))
        && PinFile::of(file).iter().any(is_configuration)
}

/// What a file names, each once.
fn references(file: &InputFile) -> Vec<String> {
    let octets = file.octets().unwrap_or_default();
    if octets.len() > LONGEST_FILE {
        return Vec::new();
    }
    let mut named: Vec<String> = if is_manifest(&file.path) {
        let text = xml::text(octets);
        let Some(document) = text.as_deref().and_then(|text| xml::parse(text).ok()) else {
            return Vec::new();
        };
        let attributes = document.descendants().flat_map(|node| node.attributes());
        attributes.filter(|one| one.name() == ATTRIBUTE).map(|one| one.value().trim().to_owned()).collect()
    } else {
        let text = String::from_utf8_lossy(octets);
        let references = attribute::named(&text).into_iter();
        references
            .filter_map(|reference| match reference {
                Reference::Named(name) => Some(name.to_owned()),
                Reference::OfTheBuild => None,
            })
            .collect()
    };
    // `tools:remove="networkSecurityConfig"` and an empty one name none.
    named.retain(|name| name.starts_with('@') || name.contains('$'));
    named.retain(|name| name != "@null" && !name.starts_with("@android:"));
    named.sort_unstable();
    named.dedup();
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;

    #[test]
    fn what_a_manifest_names_has_to_be_there() {
        let file = |path: &str, text: &str| InputFile {
            path: path.to_owned(),
            content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
            folder: None,
        };
        let naming = |name: &str| {
            let manifest = "<manifest xmlns:android='http://schemas.android.com/apk/res/android'>";
            format!("{manifest}<application android:networkSecurityConfig='{name}'/></manifest>")
        };
        let nsc = "<network-security-config/>";
        let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
        for (name, other, expected) in [
            ("@xml/n", Some(("res/xml/n.xml", nsc)), None),
            ("@xml/n", Some(("res/xml/m.xml", nsc)), Some("@xml/n")),
            ("@xml/n", Some(("res/xml/n.xml", "")), Some("@xml/n")),
            ("@xml/n", Some(("res/xml/n.xml", lfs)), Some("@xml/n")),
            ("@xml/n", None, Some("@xml/n")),
            ("${nsc}", Some(("res/xml/m.xml", nsc)), None),
            ("@xml/${nsc}", None, Some("@xml/${nsc}")),
            ("@null", None, None),
            ("", None, None),
        ] {
            let manifest = file("app/src/main/AndroidManifest.xml", &naming(name));
            let other = other.map(|(path, text)| file(path, text));
            let files: Vec<&InputFile> = std::iter::once(&manifest).chain(&other).collect();
            let found = missing(&files);
            assert_eq!(found.first().map(|(_, name)| name.as_str()), expected, "{name}: {other:?}");
        }
        let code = file("App.cs", "[Application(NetworkSecurityConfig = \"@xml/n\")]\nclass A {}");
        assert_eq!(missing(&[&code]).len(), 1);
        let debug = file("app/src/debug/AndroidManifest.xml", &naming("@xml/n"));
        assert!(missing(&[&debug]).is_empty());
    }
}
