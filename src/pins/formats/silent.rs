//! Configurations of apps that could pin and do not: they matter beside pins that may be of the same kind of app, for then
//! they are another app's that is not pinned.

use super::{android_nsc, ios_nspinneddomains};
use crate::evidence::file::InputFile;
use crate::pins::model::{PinEntry, PinFile, PinSource, Platform, Reading};

/// The formats of such configurations.
const OF_ANDROID: &str = android_nsc::ID;
const OF_IOS: &str = ios_nspinneddomains::ID;
/// The formats of pins that are no client's own.
const OF_OTHERS: [&str; 4] = ["tlsa", "hpkp", "expect-ct", "chromium"];
/// What stands in the property list of an app, or of another bundle.
const OF_BUNDLES: [&str; 2] = ["CFBundle", "NSAppTransportSecurity"];
/// What stands in that of an app, which has screens; Xcode adds the rest of it where it builds.
const OF_APPS: [&str; 6] = [
    "UIApplicationSceneManifest",
    "UILaunchScreen",
    "UILaunchStoryboardName",
    "UIMainStoryboardFile",
    "LSRequiresIPhoneOS",
    "<string>APPL</string>",
];
/// What stands in that of a part of an app: an extension, or what runs on a watch.
const OF_PARTS: [&str; 4] = ["NSExtension", "WKApplication", "WKWatchKitApp", "EXAppExtensionAttributes"];

/// Whether a file of this name may be the configuration of an app that a platform reads.
pub fn may_be_configuration(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "xml" | "plist"))
}

/// Whether a file is the configuration of an app that could pin and does not, and of a release.
pub fn is_silent_configuration(file: &InputFile) -> bool {
    let is_meant = |source: &PinSource| {
        // Of property lists, those of apps: others are no configuration of one.
        let is_apps = (has_any(file, &OF_BUNDLES) || has_any(file, &OF_APPS)) && !has_any(file, &OF_PARTS);
        source.guessed.is_none() && (source.format != OF_IOS || is_apps)
    };
    may_be_configuration(&file.path)
        && PinFile::of(file).iter().any(|read| is_of_platform(read).is_some_and(is_meant))
}

/// The kinds of configurations beside which pins stand that a file has: those of the apps that may go by its pins.
fn kinds_beside(file: &InputFile) -> Vec<&'static str> {
    let read = PinFile::of(file);
    let sources = read.iter().filter_map(|read| match &read.reading {
        Reading::Read(source) => Some(source),
        Reading::NotRecognised | Reading::NotWellFormed { .. } | Reading::Unreadable(_) => None,
    });
    let pinning = sources.flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    let mut kinds = Vec::new();
    for kind in
        pinning.filter(|(_, entry)| is_pinning(entry)).flat_map(|(source, entry)| kinds_of(source, entry))
    {
        if !kinds.contains(kind) {
            kinds.push(*kind);
        }
    }
    kinds
}

/// What a file pins: the kinds of configurations beside which its pins stand, and whether it has any for clients at all.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The kinds.
    pub kinds: Vec<&'static str>,
    /// Whether it pins.
    pub pins: bool,
}

impl Beside {
    /// What a file pins.
    pub fn of(file: &InputFile) -> Self {
        let kinds = kinds_beside(file);
        let pins = PinFile::of(file)
            .iter()
            .any(|read| matches!(&read.reading, Reading::Read(source) if pins_clients(source)));
        Self { kinds, pins }
    }

    /// What this and others pin together.
    #[must_use]
    pub fn with<'a>(self, others: impl IntoIterator<Item = &'a Self>) -> Self {
        others.into_iter().fold(self, |mut all, other| {
            all.pins |= other.pins;
            all.kinds.extend(other.kinds.iter().copied());
            all
        })
    }

    /// The kinds of configurations that nothing here pins in, where something pins for other clients.
    pub fn kinds_of_others(&self) -> Vec<&'static str> {
        let all = [OF_ANDROID, OF_IOS];
        all.into_iter().filter(|kind| self.pins && !self.kinds.contains(kind)).collect()
    }
}

/// Whether a source has pins of clients.
pub(super) fn pins_clients(source: &PinSource) -> bool {
    !OF_OTHERS.contains(&source.format) && source.entries.iter().any(is_pinning)
}

/// Whether a source pins in apps that have configurations of this kind.
pub(super) fn pins_in(source: &PinSource, kind: &str) -> bool {
    source.entries.iter().any(|entry| is_pinning(entry) && kinds_of(source, entry).contains(&kind))
}

/// Whether a source is the configuration of one app.
pub(super) fn is_of_one_app(source: &PinSource) -> bool {
    matches!(source.format, "android-nsc" | "trustkit-android" | "ios-nspinneddomains" | "trustkit")
}

/// The kinds of configurations that apps have which go by an entry.
fn kinds_of(source: &PinSource, entry: &PinEntry) -> &'static [&'static str] {
    match entry.platform.as_deref().and_then(Platform::named) {
        Some(Platform::Android) => return &[OF_ANDROID],
        Some(Platform::Ios) => return &[OF_IOS],
        Some(Platform::Server) => return &[],
        None => {}
    }
    match source.format {
        "android-nsc" | "trustkit-android" | "okhttp" | "apk" => &[OF_ANDROID],
        "ios-nspinneddomains" | "trustkit" | "urlsession" | "alamofire" | "ipa" => &[OF_IOS],
        "pinstead" | "react-native" | "wultra" => &[OF_ANDROID, OF_IOS],
        _ => &[],
    }
}

/// Whether a configuration without pins matters beside the files of its folder that have some: another Network Security
/// Config pins; or another property list does that stands beside it, as those of build configurations do, or anywhere, where
/// this one is an app's. Or pins were given besides that may be of such an app, or are of clients of other kinds alone
/// (`of_others`).
pub fn bears_on(
    read: &PinFile,
    file: &InputFile,
    pinning: &[&InputFile],
    (besides, of_others): (&[&str], &[&str]),
) -> bool {
    let Some(source) = is_of_platform(read) else { return false };
    let is_apps = source.format == OF_ANDROID || has_any(file, &OF_APPS);
    if besides.contains(&source.format) || (is_apps && of_others.contains(&source.format)) {
        return true;
    }
    let folder = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    pinning
        .iter()
        .filter(|other| is_apps || folder(&other.path) == folder(&file.path))
        .flat_map(|other| PinFile::of(other))
        .any(|other| {
            is_of_platform(&other)
                .is_some_and(|other| other.format == source.format && other.entries.iter().any(is_pinning))
        })
}

/// Whether any of these words stands in a file.
fn has_any(file: &InputFile, words: &[&str]) -> bool {
    let octets = file.octets().unwrap_or_default();
    words.iter().any(|word| octets.windows(word.len()).any(|part| part == word.as_bytes()))
}

/// What was read of a configuration that Android or iOS itself reads.
fn is_of_platform(read: &PinFile) -> Option<&PinSource> {
    let Reading::Read(source) = &read.reading else { return None };
    [OF_ANDROID, OF_IOS].contains(&source.format).then_some(source)
}

fn is_pinning(entry: &PinEntry) -> bool {
    entry.unread > 0 || !entry.pins.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;
    use crate::x509::SpkiSha256;

    fn file(path: &str, text: &str) -> InputFile {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        InputFile { path: path.to_owned(), content, folder: None }
    }

    fn plist(inner: &str) -> String {
        format!("<plist version=\"1.0\"><dict>{inner}</dict></plist>")
    }

    #[test]
    fn property_lists_of_apps_are_known() {
        for (inner, expected) in [
            ("<key>CFBundleName</key><string>a</string>", true),
            ("<key>UIApplicationSceneManifest</key><dict/>", true),
            ("<key>NSAppTransportSecurity</key><dict/>", true),
            ("<key>method</key><string>app-store</string>", false),
            ("<key>CFBundleName</key><string>a</string><key>NSExtension</key><dict/>", false),
            ("<key>CFBundleName</key><string>a</string><key>WKApplication</key><true/>", false),
        ] {
            assert_eq!(is_silent_configuration(&file("Info.plist", &plist(inner))), expected, "{inner}");
        }
        assert!(is_silent_configuration(&file("a.xml", "<network-security-config/>")));
    }

    #[test]
    fn pins_stand_beside_the_configurations_of_the_apps_that_go_by_them() {
        let key = SpkiSha256::of(b"leaf");
        let list = |platform: &str| {
            format!("version = 1\n[[pin]]\nhosts = [\"shop.example\"]\npins = [\"{key}\"]\n{platform}")
        };
        let okhttp = format!(
            "val client = OkHttpClient.Builder().certificatePinner(CertificatePinner.Builder()\
             .add(\"shop.example\", \"sha256/{key}\").build()).build()"
        );
        let nsc = format!(
            "<network-security-config><domain-config><domain>shop.example</domain><pin-set><pin digest='SHA-256'>{key}\
             </pin></pin-set></domain-config></network-security-config>"
        );
        for (path, text, expected) in [
            ("Net.kt", okhttp, vec![OF_ANDROID]),
            ("a.xml", nsc, vec![OF_ANDROID]),
            ("pins.toml", list("platform = \"android\""), vec![OF_ANDROID]),
            ("pins.toml", list("platform = \"ios\""), vec![OF_IOS]),
            ("pins.toml", list("platform = \"iPhone app\""), vec![OF_IOS]),
            ("pins.toml", list("platform = \"server\""), Vec::new()),
            ("pins.toml", list(""), vec![OF_ANDROID, OF_IOS]),
            ("x.curl", format!("sha256//{key}"), Vec::new()),
            ("b.xml", "<network-security-config/>".to_owned(), Vec::new()),
        ] {
            assert_eq!(kinds_beside(&file(path, &text)), expected, "{path}: {text}");
        }
    }

    #[test]
    fn an_app_in_another_folder_of_a_project_is_another_app() {
        let key = SpkiSha256::of(b"leaf");
        let pinning = file(
            "Shop/Info.plist",
            &plist(&format!(
                "<key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict><key>shop.example</key><dict>\
                 <key>NSPinnedLeafIdentities</key><array><dict><key>SPKI-SHA256-BASE64</key><string>{key}</string></dict>\
                 </array></dict></dict></dict>"
            )),
        );
        let bears = |path: &str, inner: &str, besides: &[&str]| {
            let silent = file(path, &plist(inner));
            PinFile::of(&silent).iter().any(|read| bears_on(read, &silent, &[&pinning], (besides, &[])))
        };
        let bundle = "<key>CFBundleName</key><string>a</string>";
        let app = "<key>CFBundlePackageType</key><string>APPL</string>";
        assert!(bears("Driver/Info.plist", app, &[]));
        assert!(bears("Shop/Info-Debug.plist", bundle, &[]));
        // A framework has one as well.
        assert!(!bears("Kit/Info.plist", bundle, &[]));
        assert!(bears("Kit/Info.plist", bundle, &[OF_IOS]));
    }
}
