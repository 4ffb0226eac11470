//! Apps made with Flutter: Dart makes its connections itself, and asks no configuration of the platform. What pins there
//! binds web views and plugins alone, and whether the requests that matter go through one of these is not known.
//!
//! Sources: OWASP MASTG-KNOW-0015 (Flutter does not honour the Network Security Config); Dart API, `HttpClient` and
//! `SecurityContext` (sockets, roots and checks are Dart's own); the templates of `flutter create` (`sdk: flutter`,
//! `flutterEmbedding`, `$(FLUTTER_BUILD_NAME)`) and what a build puts into packages (`flutter_assets`, `libflutter.so`).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{
    LONGEST_FILE, android_nsc, ios_nspinneddomains, manifests, test_code, trustkit_android, trustkit_plist,
};
use crate::evidence::file::{InputFile, lexical};
use crate::pins::model::{Confidence, PinFile, Reading};

/// What Dart keeps a project in.
const PROJECT: &str = "pubspec.yaml";
/// The dependency of every app of Flutter.
const OF_PROJECTS: &str = "sdk: flutter";
/// What the manifest of one has.
const OF_MANIFESTS: &str = "flutterEmbedding";
/// What its Info.plist has.
const OF_PROPERTIES: &str = "$(FLUTTER_BUILD_NAME)";
/// What a built one ships.
const SHIPPED: [&str; 2] = ["flutter_assets", "libflutter.so"];
/// The configurations that platforms, and libraries in their place, read.
const OF_PLATFORMS: [&str; 4] =
    [android_nsc::ID, ios_nspinneddomains::ID, trustkit_android::ID, trustkit_plist::ID];

/// Whether a file of this name may be the project of an app of Flutter.
pub fn may_be_project(path: &str) -> bool {
    !path.contains("!/") && path.rsplit(['/', '\\']).next() == Some(PROJECT)
}

/// Whether a file is the project of an app of Flutter.
pub fn is_project(file: &InputFile) -> bool {
    may_be_project(&file.path)
        && test_code::why(file.inside()).is_none()
        && has_line(file, |line| line.trim() == OF_PROJECTS)
}

/// Whether pins of this file may be those of an app that does not ask it.
pub fn may_be_of_platform(file: &InputFile) -> bool {
    PinFile::of(file).iter().any(is_of_platform)
}

/// Says of the configurations of platforms in apps of Flutter that whether they are asked is not known. The projects have said
/// all that they have to say then.
pub(in crate::pins) fn weigh(inputs: &[InputFile], files: &mut Vec<PinFile>) {
    let projects: Vec<&InputFile> = inputs.iter().filter(|input| is_project(input)).collect();
    let is_project = |path: &str| projects.iter().any(|project| project.path == path);
    files.retain(|file| file.reading != Reading::NotRecognised || !is_project(&file.file));
    let places: Vec<(String, &str)> = projects
        .iter()
        .map(|project| (folder(&project.path), project.path.as_str()))
        .chain(inputs.iter().filter_map(|input| Some((module(input)?, input.path.as_str()))))
        .collect();
    for file in files.iter_mut().filter(|file| !file.file.contains("!/")) {
        let path = lexical(&file.file);
        let within = |(place, _): &&(String, &str)| {
            place.is_empty() || path.strip_prefix(place.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        let of_itself = || {
            let own = inputs.iter().find(|input| input.path == file.file)?;
            has_line(own, |line| line.contains(OF_PROPERTIES)).then_some(file.file.as_str())
        };
        let found = places.iter().find(within).map(|(_, by)| *by).or_else(of_itself);
        if let Some(by) = found.map(str::to_owned) {
            doubt(file, &by);
        }
    }
}

/// The same of what a package holds, by the names of its entries.
pub(super) fn weigh_package<'a>(mut names: impl Iterator<Item = &'a String>, files: &mut [PinFile]) {
    let is_shipped = |name: &&'a String| name.split('/').any(|part| SHIPPED.contains(&part));
    if let Some(name) = names.find(is_shipped) {
        let by = SHIPPED.iter().find(|part| name.contains(**part)).copied().unwrap_or_default();
        for file in files {
            doubt(file, by);
        }
    }
}

/// Makes a guess of what the configuration of a platform pins.
fn doubt(file: &mut PinFile, by: &str) {
    if !is_of_platform(file) {
        return;
    }
    let Reading::Read(source) = &mut file.reading else { return };
    for entry in source.entries.iter_mut().filter(|entry| !matches!(entry.confidence, Confidence::Guessed(_)))
    {
        entry.confidence = Confidence::Guessed(format!(
            "the app is made with Flutter ({by}), and Dart's own HTTP client does not ask this configuration: it binds web views \
             and plugins of the platform alone"
        ));
    }
}

fn is_of_platform(file: &PinFile) -> bool {
    matches!(&file.reading, Reading::Read(source) if OF_PLATFORMS.contains(&source.format))
}

/// The folder of the module that a manifest of Flutter's makes an app of.
fn module(file: &InputFile) -> Option<String> {
    let is_one = manifests::is_manifest(&file.path)
        && test_code::why(file.inside()).is_none()
        && has_line(file, |line| line.contains(OF_MANIFESTS));
    let folder = is_one.then(|| folder(&file.path))?;
    // Above the folder of sources, where it stands in one (`app/src/main`).
    let (above, set) = folder.rsplit_once('/').unwrap_or(("", &folder));
    let is_set = !set.is_empty() && (above == "src" || above.ends_with("/src"));
    Some(if is_set {
        above.strip_suffix("src").unwrap_or(above).trim_end_matches('/').to_owned()
    } else {
        folder
    })
}

/// The folder of a path; empty is where paths begin.
fn folder(path: &str) -> String {
    lexical(path).rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}

fn has_line(file: &InputFile, is_it: impl Fn(&str) -> bool) -> bool {
    let octets = file.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE);
    octets.and_then(|octets| std::str::from_utf8(octets).ok()).is_some_and(|text| text.lines().any(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::testing;
    use crate::x509::SpkiSha256;

    const FLUTTER: &str = "name: shop\ndependencies:\n  flutter:\n    sdk: flutter\n";
    const DART: &str = "name: shop\ndependencies:\n  http: ^1.2.0\n";

    fn nsc() -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "<network-security-config><domain-config><domain>a.example</domain><pin-set><pin digest='SHA-256'>{pin}\
             </pin></pin-set></domain-config></network-security-config>"
        )
    }

    fn plist(version: &str) -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "<plist version='1.0'><dict><key>CFBundleShortVersionString</key>\n<string>{version}</string>\n\
             <key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict>\
             <key>a.example</key><dict><key>NSPinnedLeafIdentities</key><array><dict><key>SPKI-SHA256-BASE64</key>\
             <string>{pin}</string></dict></array></dict></dict></dict></dict></plist>"
        )
    }

    fn code() -> String {
        let pin = SpkiSha256::of(b"a");
        format!(
            "val client = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\
             .add(\"a.example\", \"sha256/{pin}\").build()).build()"
        )
    }

    /// Each file that was read of one folder, and whether its first entry is a guess.
    fn guessed(texts: &[(&str, &str)]) -> Vec<(String, bool)> {
        let is_guess = |file: PinFile| {
            let Reading::Read(source) = &file.reading else { panic!("{file:?}") };
            (file.file.clone(), matches!(source.entries[0].confidence, Confidence::Guessed(_)))
        };
        testing::files(texts, true).into_iter().map(is_guess).collect()
    }

    #[test]
    fn what_platforms_are_told_is_a_guess_in_an_app_of_flutter() {
        const NSC: &str = "android/app/src/main/res/xml/nsc.xml";
        const MANIFEST: &str = "android/app/src/main/AndroidManifest.xml";
        let manifest = |inside: &str| {
            format!(
                "<manifest><application android:networkSecurityConfig='@xml/nsc' xmlns:android='a'>{inside}</application></manifest>"
            )
        };
        let embedding = manifest("<meta-data android:name='flutterEmbedding' android:value='2'/>");
        let (nsc, native) = (nsc(), manifest(""));
        for (beside, expected) in [
            (("pubspec.yaml", FLUTTER), true),
            (("android/pubspec.yaml", FLUTTER), true),
            ((MANIFEST, embedding.as_str()), true),
            ((MANIFEST, native.as_str()), false),
            // Another app of the same folder.
            (("other/pubspec.yaml", FLUTTER), false),
            (("other/src/main/AndroidManifest.xml", embedding.as_str()), true),
        ] {
            let is_other = beside.0.starts_with("other/src");
            let named = if is_other { "other/src/main/res/xml/nsc.xml" } else { NSC };
            let found = guessed(&[(named, &nsc), beside]);
            assert_eq!(found, [(named.to_owned(), expected)], "{beside:?}");
        }
        for (version, expected) in [("$(FLUTTER_BUILD_NAME)", true), ("1.0", false)] {
            assert_eq!(guessed(&[("ios/Runner/Info.plist", &plist(version))])[0].1, expected, "{version}");
        }
    }

    #[test]
    fn code_of_a_platform_is_what_it_is() {
        let found = guessed(&[("pubspec.yaml", FLUTTER), ("android/Net.kt", &code())]);
        assert_eq!(found, [("android/Net.kt".to_owned(), false)]);
        // What Dart alone has is no app of Flutter, and no file of pins.
        let files = testing::files(&[("pubspec.yaml", DART), ("nsc.xml", &nsc())], true);
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(files[0].reading, Reading::NotRecognised);
    }

    #[test]
    fn packages_tell_by_what_they_ship() {
        let weighed = |names: &[&str]| {
            let mut files = testing::files(&[("a.apk!/res/xml/nsc.xml", &nsc())], false);
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            weigh_package(names.iter(), &mut files);
            let Reading::Read(source) = &files[0].reading else { panic!("{files:?}") };
            matches!(source.entries[0].confidence, Confidence::Guessed(_))
        };
        assert!(weighed(&["classes.dex", "lib/arm64-v8a/libflutter.so"]));
        assert!(weighed(&["assets/flutter_assets/AssetManifest.bin"]));
        assert!(weighed(&["Payload/A.app/Frameworks/App.framework/flutter_assets/x"]));
        assert!(!weighed(&["classes.dex", "lib/arm64-v8a/libreactnative.so", "assets/flutter.txt"]));
    }
}
