//! Apps in source that have no configuration of their platform at all: as those whose configuration has no pins (`silent`),
//! they matter beside pins of another app of the same kind.
//!
//! Sources: Android developer guide, “Network security configuration” (the attribute of `<application>`, and what holds
//! without it), “App manifest overview” (what is started from a launcher has an activity of the category `LAUNCHER`) and
//! “Merge multiple manifest files” (what a library's manifest names, an app may take over); Xcode's build settings
//! (`GENERATE_INFOPLIST_FILE`: no Info.plist has to be there).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{
    LONGEST_FILE, android_nsc, ios_nspinneddomains, is_configuration, is_manifest_or_attribute, manifests,
    silent, test_code, xml,
};
use crate::evidence::file::{InputFile, lexical};
use crate::pins::model::{PinFile, PinSource, Reading};

/// What Xcode keeps a project in.
const PROJECT: &str = "project.pbxproj";
/// What stands in one that makes an iOS app and its Info.plist.
const OF_PROJECTS: [&str; 3] =
    ["com.apple.product-type.application\"", "GENERATE_INFOPLIST_FILE = YES", "iphoneos"];
/// The categories of activities that a launcher starts.
const LAUNCHED: [&str; 2] = ["android.intent.category.LAUNCHER", "android.intent.category.LEANBACK_LAUNCHER"];

/// Whether a file of this name may be the project of an iOS app.
pub fn may_be_project(path: &str) -> bool {
    path.rsplit(['/', '\\']).next() == Some(PROJECT)
}

/// Whether a file is the project of an iOS app that needs no Info.plist.
pub fn is_project(file: &InputFile) -> bool {
    let is_it = |octets: &[u8]| {
        std::str::from_utf8(octets).is_ok_and(|text| OF_PROJECTS.iter().all(|word| text.contains(word)))
    };
    may_be_project(&file.path)
        && test_code::why(file.inside()).is_none()
        && file.octets().is_ok_and(|octets| octets.len() <= LONGEST_FILE && is_it(octets))
}

/// Those of the files of one folder that stand for an app without a configuration of this format.
pub fn of_format<'a>(files: &[&'a InputFile], format: &str) -> Vec<&'a InputFile> {
    match format {
        android_nsc::ID => android(files),
        ios_nspinneddomains::ID => {
            let projects: Vec<&InputFile> = files.iter().copied().filter(|file| is_project(file)).collect();
            if projects.is_empty() || files.iter().any(|file| has_configuration(file)) {
                return Vec::new();
            }
            projects
        }
        _ => Vec::new(),
    }
}

/// Whether a file is the Info.plist of an iOS app.
fn has_configuration(file: &InputFile) -> bool {
    let is_one = |read: &PinFile| matches!(&read.reading, Reading::Read(source) if source.format == ios_nspinneddomains::ID);
    silent::may_be_configuration(&file.path) && PinFile::of(file).iter().any(is_one)
}

/// The manifests of apps that no manifest, and no code, gives a configuration to.
fn android<'a>(files: &[&'a InputFile]) -> Vec<&'a InputFile> {
    let of_releases = |file: &&&'a InputFile| test_code::why(file.inside()).is_none();
    let said: Vec<&'a InputFile> = files.iter().filter(of_releases).copied().collect();
    if said.iter().any(|file| is_manifest_or_attribute(file) && !manifests::is_manifest(&file.path)) {
        return Vec::new();
    }
    let manifests: Vec<(&InputFile, Option<Manifest>)> = said
        .into_iter()
        .filter(|file| manifests::is_manifest(&file.path))
        .map(|file| (file, read(file)))
        .collect();
    // One that cannot be read, or a library's, may give one to any of them.
    if manifests.iter().any(|(_, read)| read.is_none_or(|read| read.names_one && !read.is_launched)) {
        return Vec::new();
    }
    let is_alone =
        manifests.iter().filter(|(_, read)| read.is_some_and(|read| read.has_application)).count() == 1;
    let is_bare = |read: &Manifest| read.has_application && !read.names_one && (read.is_launched || is_alone);
    manifests.iter().filter(|(_, read)| read.as_ref().is_some_and(is_bare)).map(|(file, _)| *file).collect()
}

/// What a manifest says.
#[derive(Clone, Copy)]
struct Manifest {
    has_application: bool,
    is_launched: bool,
    names_one: bool,
}

fn read(file: &InputFile) -> Option<Manifest> {
    let octets = file.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE)?;
    let text = xml::text(octets)?;
    let document = xml::parse(&text).ok()?;
    let mut attributes = document.descendants().flat_map(|node| node.attributes());
    let is_launched = attributes.clone().any(|one| LAUNCHED.contains(&one.value().trim()));
    Some(Manifest {
        has_application: document.descendants().any(|node| node.has_tag_name("application")),
        is_launched,
        names_one: attributes.any(|one| one.name() == manifests::ATTRIBUTE),
    })
}

/// Puts a source that says so in the place of each file that stands for an app without a configuration, where a
/// configuration of another app pins, or code of another folder, or nothing but clients of other kinds. Such a file says
/// nothing else.
pub(in crate::pins) fn weigh(inputs: &[InputFile], files: &mut Vec<PinFile>) {
    for format in [android_nsc::ID, ios_nspinneddomains::ID] {
        let is_of_others = is_of_others(files, format);
        for folder in folders(inputs) {
            let within: Vec<&InputFile> =
                inputs.iter().filter(|input| input.folder.as_deref() == Some(folder)).collect();
            let bare = of_format(&within, format);
            let has_own = files.iter().any(|read| is_named_of(read, format, folder, inputs));
            let bears = !bare.is_empty()
                && !has_own
                && (is_of_others || files.iter().any(|read| pins_beside(read, format, folder, inputs)));
            for file in bare {
                let place = files.iter().position(|read| read.file == file.path).unwrap_or(files.len());
                files.retain(|read| read.file != file.path || read.reading != Reading::NotRecognised);
                if bears {
                    let reading = Reading::Read(absent(format));
                    files.insert(place.min(files.len()), PinFile { file: file.path.clone(), reading });
                }
            }
        }
    }
}

/// Whether something pins for clients, and nothing for apps of this kind.
fn is_of_others(files: &[PinFile], format: &str) -> bool {
    let sources = || {
        files.iter().filter_map(|read| match &read.reading {
            Reading::Read(source) => Some(source),
            Reading::NotRecognised | Reading::NotWellFormed { .. } | Reading::Unreadable(_) => None,
        })
    };
    sources().any(silent::pins_clients) && !sources().any(|source| silent::pins_in(source, format))
}

/// The folders that were given.
fn folders(inputs: &[InputFile]) -> Vec<&str> {
    let mut folders: Vec<&str> = inputs.iter().filter_map(|input| input.folder.as_deref()).collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

/// Whether what was read pins in an app of this kind that is not the one of this folder, or may be another one.
fn pins_beside(read: &PinFile, format: &str, folder: &str, inputs: &[InputFile]) -> bool {
    let Reading::Read(source) = &read.reading else { return false };
    let name = own_path(read);
    // A list that was named may be of any app; what stands in the folder, and is not what another app names, is of this one.
    let is_foreign = match found_in(name, inputs) {
        Some(other) if other == folder => {
            format == android_nsc::ID && is_configuration(read) && source.guessed.is_none()
        }
        Some(_) => true,
        None => name != read.file || silent::is_of_one_app(source),
    };
    is_foreign && silent::pins_in(source, format)
}

/// Whether what was read pins in an app of this kind, stands in this folder, and was named by itself: somebody says that it
/// is used.
fn is_named_of(read: &PinFile, format: &str, folder: &str, inputs: &[InputFile]) -> bool {
    let Reading::Read(source) = &read.reading else { return false };
    let name = own_path(read);
    found_in(name, inputs).is_none() && stands_in(name, folder) && silent::pins_in(source, format)
}

/// The path of the file, or of the package, that was read.
fn own_path(read: &PinFile) -> &str {
    read.file.split_once("!/").map_or(read.file.as_str(), |(package, _)| package)
}

/// The folder, of those that were given, in which a file was found.
fn found_in<'a>(path: &str, inputs: &'a [InputFile]) -> Option<&'a str> {
    inputs.iter().find(|input| input.path == path).and_then(|input| input.folder.as_deref())
}

/// Whether a path leads into a folder.
fn stands_in(path: &str, folder: &str) -> bool {
    lexical(path).strip_prefix(&lexical(folder)).is_some_and(|rest| rest.starts_with('/'))
}

/// The source that says that an app has no configuration.
fn absent(format: &'static str) -> PinSource {
    let statement = if format == android_nsc::ID {
        "no manifest of this app names a Network Security Config: the platform pins nothing for it; pins in its code are \
         another matter"
    } else {
        "Xcode makes the Info.plist of this app, and none was found with pins: the platform pins nothing for it; pins in \
         its code are another matter"
    };
    PinSource { is_absent: true, statement: Some(statement.to_owned()), ..PinSource::of(format) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;
    use crate::x509::SpkiSha256;

    const APP: &str = "<manifest xmlns:android='http://schemas.android.com/apk/res/android'><application>\
        <activity android:name='.Main'><intent-filter><category android:name='android.intent.category.LAUNCHER'/>\
        </intent-filter></activity></application></manifest>";
    const SMALL: &str = "<manifest><application/></manifest>";
    const LIBRARY: &str = "<manifest/>";
    const XCODE: &str = "{ productType = \"com.apple.product-type.application\"; SDKROOT = iphoneos; \
        GENERATE_INFOPLIST_FILE = YES; }";

    /// A file of a folder, by the path from the folder on.
    fn file(folder: &str, path: &str, text: &str) -> InputFile {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        InputFile { path: format!("{folder}/{path}"), content, folder: Some(folder.to_owned()) }
    }

    fn named(path: &str, text: &str) -> InputFile {
        InputFile { path: path.to_owned(), folder: None, ..file("", "", text) }
    }

    fn nsc() -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "<network-security-config><domain-config><domain>a.example</domain><pin-set><pin digest='SHA-256'>{pin}\
             </pin></pin-set></domain-config></network-security-config>"
        )
    }

    fn code() -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "val client = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\
             .add(\"a.example\", \"sha256/{pin}\").build()).build()"
        )
    }

    fn plist() -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "<plist version='1.0'><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
             <key>a.example</key><dict><key>NSPinnedLeafIdentities</key><array><dict><key>SPKI-SHA256-BASE64</key>\
             <string>{pin}</string></dict></array></dict></dict></dict></dict></plist>"
        )
    }

    /// The files that stand for an app without a configuration, of what is read of these.
    fn absent_in(inputs: &[InputFile]) -> Vec<String> {
        let is_absent = |read: &PinFile| matches!(&read.reading, Reading::Read(source) if source.is_absent);
        PinFile::of_all(inputs).into_iter().filter(is_absent).map(|read| read.file).collect()
    }

    #[test]
    fn a_manifest_without_a_configuration_is_an_app_without_pins() {
        const MAIN: &str = "src/main/AndroidManifest.xml";
        let attribute = "networkSecurityConfig='@xml/n'";
        let naming = APP.replace("<application>", &format!("<application android:{attribute}>"));
        let library = format!("<manifest><application {attribute}/></manifest>");
        let absent = ["b/src/main/AndroidManifest.xml"];
        for (files, expected) in [
            (vec![(MAIN, APP)], &absent[..]),
            (vec![(MAIN, SMALL)], &absent),
            (vec![(MAIN, APP), ("lib/src/main/AndroidManifest.xml", SMALL)], &absent),
            (vec![(MAIN, APP), ("src/debug/AndroidManifest.xml", &naming)], &absent),
            // Two of which nothing tells which is an app.
            (vec![(MAIN, SMALL), ("lib/AndroidManifest.xml", SMALL)], &[]),
            (vec![(MAIN, LIBRARY)], &[]),
            (vec![(MAIN, &naming)], &[]),
            (vec![(MAIN, APP), ("lib/AndroidManifest.xml", &library)], &[]),
            (vec![(MAIN, APP), ("lib/AndroidManifest.xml", "<manifest")], &[]),
            (
                vec![
                    (MAIN, APP),
                    ("App.cs", "[Application(NetworkSecurityConfig = \"@xml/n\")]\nclass A {}"),
                ],
                &[],
            ),
            (vec![("src/androidTest/AndroidManifest.xml", APP)], &[]),
        ] {
            let of_b = files.iter().map(|(path, text)| file("b", path, text));
            for other in [named("n.xml", &nsc()), file("a", "n.xml", &nsc()), file("a", "N.kt", &code())] {
                let inputs: Vec<InputFile> = of_b.clone().chain([other]).collect();
                assert_eq!(absent_in(&inputs), expected, "{files:?}");
            }
        }
    }

    #[test]
    fn pins_that_may_be_its_own_say_nothing_of_another_app() {
        let manifest = || file("b", "AndroidManifest.xml", APP);
        let list = "version = 1\n[[pin]]\nhosts = [\"a.example\"]\npins = [\"sha256/gycWeRcnMbFlG6kGwYYy8e6YgHAApYK7pwaACiJ9kgA=\"]\n";
        for other in [named("N.kt", &code()), named("pins.toml", list), file("b", "N.kt", &code())] {
            assert_eq!(absent_in(&[manifest(), other.clone()]), Vec::<String>::new(), "{}", other.path);
        }
        // What only an iOS app can have is none of an Android app's.
        assert_eq!(absent_in(&[manifest(), named("Info.plist", &plist())]), ["b/AndroidManifest.xml"]);
        // Of two apps of one folder, the one that is launched and names nothing has none of the other's.
        let naming = SMALL.replace("<application", "<application networkSecurityConfig='@xml/n'");
        let two = |other: &str| {
            let inputs = [
                file("b", "driver/src/main/AndroidManifest.xml", APP),
                file("b", "shop/src/main/AndroidManifest.xml", other),
                file("b", "shop/src/main/res/xml/n.xml", &nsc()),
            ];
            absent_in(&inputs)
        };
        let launched = APP.replace("<application>", "<application networkSecurityConfig='@xml/n'>");
        assert_eq!(two(&launched), ["b/driver/src/main/AndroidManifest.xml"]);
        assert_eq!(two(&naming), Vec::<String>::new(), "a library's may be the app's");
    }

    #[test]
    fn a_project_that_needs_no_property_list_is_an_app_without_pins() {
        let project = |text: &str| file("b", "B.xcodeproj/project.pbxproj", text);
        let other = || file("a", "Info.plist", &plist());
        assert_eq!(absent_in(&[other(), project(XCODE)]), ["b/B.xcodeproj/project.pbxproj"]);
        for inputs in [
            vec![other(), project(&XCODE.replace("iphoneos", "macosx"))],
            vec![other(), project(XCODE), file("b", "Info.plist", &plist())],
        ] {
            assert_eq!(absent_in(&inputs), Vec::<String>::new());
        }
        // Nor is what only an Android app can have an iOS app's.
        let beside_android = [file("a", "n.xml", &nsc()), project(XCODE)];
        assert_eq!(absent_in(&beside_android), ["b/B.xcodeproj/project.pbxproj"]);
    }
}
