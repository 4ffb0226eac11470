//! Apps whose configuration does not pin the host, beside pins of others: what is given for a kind of client is told by the
//! worst of the apps, or versions of an app, that were given.

use super::{class_of, own};
use crate::compare::{ClientClass, ClientPins, Fact, Pins};
use crate::pins::{EnforcementMode, EntryVerdict, PinsVerdict, SourceVerdict};

/// The folder, of those that were given, in which a file was found.
pub(in crate::judge) type FolderOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A client for each configuration that was read and has no pins for the host, where other files pin it for that kind of
/// client: one without pins where it is another app's, and one of which it is not known where those may be its own. Not
/// determined where such a configuration was read in part.
pub(super) fn without_pins(verdict: &PinsVerdict, folder_of: FolderOf<'_>) -> Fact<Vec<ClientPins>> {
    let is_rival = |entry: &EntryVerdict| {
        is_fetched(entry) || (entry.is_read() && entry.enforced == EnforcementMode::Yes)
    };
    let mut clients: Vec<ClientPins> = Vec::new();
    for source in own(verdict).filter(|source| source.is_configuration_without_pins()) {
        let class = class_of(source, None);
        let Some(pins) = beside((source, class), &is_rival, verdict, folder_of) else { continue };
        if source.problems.iter().any(|problem| problem.leaves_open(verdict.host.as_deref())) {
            return Fact::Undetermined;
        }
        add(&mut clients, source, class, pins);
    }
    Fact::Measured(clients)
}

/// The clients beside those whose pins come at run time that have none of these, or perhaps so: apps without pins, and those
/// with pins in files.
pub(super) fn without_fetched(verdict: &PinsVerdict, folder_of: FolderOf<'_>) -> Vec<ClientPins> {
    let is_rival = |entry: &EntryVerdict| is_fetched(entry);
    let fetches = |source: &SourceVerdict| source.entries.iter().any(is_fetched);
    let mut clients: Vec<ClientPins> = Vec::new();
    for source in own(verdict).filter(|source| !fetches(source)) {
        let without = source.is_configuration_without_pins().then(|| class_of(source, None));
        let static_pins = source.entries.iter().filter(|entry| entry.applies && entry.is_read());
        let classes = without.into_iter().chain(static_pins.map(|entry| class_of(source, Some(entry))));
        for class in classes {
            if let Some(pins) = beside((source, class), &is_rival, verdict, folder_of) {
                add(&mut clients, source, class, pins);
            }
        }
    }
    clients
}

/// Whether the pins of an entry come at run time, and refuse connections, or may.
fn is_fetched(entry: &EntryVerdict) -> bool {
    let may_refuse = matches!(entry.enforced, EnforcementMode::Yes | EnforcementMode::Unknown);
    entry.applies && entry.bootstrap.is_some() && may_refuse
}

fn add(clients: &mut Vec<ClientPins>, source: &SourceVerdict, class: Option<ClientClass>, pins: Pins) {
    if clients.iter().all(|known| known.client != source.file) {
        clients.push(ClientPins { client: source.file.clone(), class, pins });
    }
}

/// What a source is beside entries of other clients of its kind; `None` where there are none, or these are its own app's.
fn beside(
    (source, class): (&SourceVerdict, Option<ClientClass>),
    is_rival: &dyn Fn(&EntryVerdict) -> bool,
    verdict: &PinsVerdict,
    folder_of: FolderOf<'_>,
) -> Option<Pins> {
    let of_one_folder = |other: &SourceVerdict| {
        folder_of(&source.file).is_some_and(|folder| folder_of(&other.file) == Some(folder))
    };
    let entries = own(verdict).flat_map(|source| source.entries.iter().map(move |entry| (source, entry)));
    let rivals: Vec<&SourceVerdict> = entries
        .filter(|(_, entry)| entry.applies && is_rival(entry))
        .filter(|&(other, entry)| may_be_of_one_kind(class, other, entry))
        .map(|(other, _)| other)
        .collect();
    if rivals.iter().any(|other| source.is_not_released_beside(other, of_one_folder(other))) {
        return None;
    }
    let is_in_place_of = |other: &&SourceVerdict| verdict.is_taken_in_place_of(source, other);
    let in_place_of = rivals.iter().copied().find(is_in_place_of);
    let is_one = |other: &&SourceVerdict| source.is_of_one_app_with(other, of_one_folder(other));
    let are_one: Vec<Option<bool>> = rivals.iter().map(is_one).collect();
    if in_place_of.is_none() && (are_one.is_empty() || are_one.contains(&Some(true))) {
        return None;
    }
    Some(match in_place_of {
        // Devices take the one or the other of the same release; which builds are released is not known.
        Some(other) if source.is_of_another_build(other) => Pins::OtherBuild,
        None if are_one.contains(&None) || source.guessed.is_some() => Pins::Unknown,
        _ => Pins::NotPinned,
    })
}

/// Whether pins of an entry may be of the kind of client that a configuration is of.
fn may_be_of_one_kind(class: Option<ClientClass>, other: &SourceVerdict, entry: &EntryVerdict) -> bool {
    let is_android = |class: ClientClass| matches!(class, ClientClass::Android { .. });
    let is_of_java = other.format.is_some_and(|format| format.starts_with("okhttp"));
    match (class, class_of(other, Some(entry))) {
        (Some(ClientClass::Ios), None) if is_of_java => false,
        (None, _) | (_, None) => true,
        (Some(own), Some(others)) => own == others || is_android(own) && is_android(others),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{judge, testing};
    use crate::x509::SpkiSha256;

    fn verdict(files: &[(&str, &str)], is_folder: bool) -> PinsVerdict {
        judge(&testing::files(files, is_folder), &testing::question(Some("shop.example"), None))
    }

    /// What each client is that these files show, by `(path, text)`; `is_folder`: they were found in one folder.
    fn clients(files: &[(&str, &str)], is_folder: bool) -> Vec<(String, &'static str)> {
        let folder_of = |_: &str| is_folder.then(String::new);
        let verdict = verdict(files, is_folder);
        match super::super::measured(&verdict, &|_| None, &folder_of) {
            Fact::Measured(clients) => clients
                .into_iter()
                .map(|one| {
                    let pins = match one.pins {
                        Pins::NotPinned => "none",
                        Pins::Unknown => "perhaps",
                        Pins::OtherBuild => "another build",
                        Pins::Undetermined => "not known",
                        Pins::Pinned { enforcement: crate::compare::PinEnforcement::Enforced, .. } => "pins",
                        Pins::Pinned { .. } => "not in force",
                    };
                    (one.client, pins)
                })
                .collect(),
            Fact::Undetermined => vec![(String::new(), "undetermined")],
            Fact::NotGiven => Vec::new(),
        }
    }

    fn pinned() -> String {
        let key = SpkiSha256::of(b"leaf");
        format!(
            "<network-security-config><domain-config><domain>shop.example</domain><pin-set><pin digest='SHA-256'>{key}\
             </pin></pin-set></domain-config></network-security-config>"
        )
    }

    fn code() -> String {
        let key = SpkiSha256::of(b"leaf");
        format!(
            "import okhttp3.*\nval a = CertificatePinner.Builder().add(\"shop.example\", \"sha256/{key}\").build()\n\
             val client = OkHttpClient.Builder().certificatePinner(a).build()\n"
        )
    }

    const SILENT: &str = "<network-security-config><base-config/></network-security-config>";
    const PLIST: &str = "<plist><dict><key>CFBundleName</key><string>a</string></dict></plist>";

    fn told<'a>(clients: &'a [(String, &'static str)]) -> Vec<(&'a str, &'static str)> {
        clients.iter().map(|(file, pins)| (file.as_str(), *pins)).collect()
    }

    #[test]
    fn an_app_without_pins_stands_beside_one_that_has_some() {
        let (pins, code) = (pinned(), code());
        let named = |files: &[(&str, &str)]| clients(files, false);
        assert_eq!(
            told(&named(&[("a.xml", &pins), ("b.xml", SILENT)])),
            [("a.xml", "pins"), ("b.xml", "none")]
        );
        // An app can have a configuration and code.
        let both = named(&[("Net.kt", &code), ("b.xml", SILENT)]);
        assert_eq!(told(&both), [("Net.kt", "pins"), ("b.xml", "perhaps")]);
        // What is no Android app's says nothing of one.
        assert_eq!(told(&named(&[("a.xml", &pins), ("Info.plist", PLIST)])), [("a.xml", "pins")]);
        // Alone, there is nobody to stand beside.
        assert_eq!(told(&named(&[("b.xml", SILENT)])), [("", "none")]);
    }

    #[test]
    fn what_a_folder_has_is_of_one_app() {
        let (pins, code) = (pinned(), code());
        let found = |files: &[(&str, &str)]| clients(files, true);
        let (main, debug) = ("src/main/res/xml/n.xml", "src/debug/res/xml/n.xml");
        assert_eq!(told(&found(&[("src/Net.kt", &code), (main, SILENT)])), [("src/Net.kt", "pins")]);
        assert_eq!(told(&found(&[(main, &pins), (debug, SILENT)])), [(main, "pins")]);
        // Which of two an app has is not known without its manifest.
        let two = found(&[(main, &pins), ("src/main/res/xml/other.xml", SILENT)]);
        assert_eq!(told(&two), [(main, "pins"), ("src/main/res/xml/other.xml", "perhaps")]);
        let manifest = "<manifest xmlns:android='http://schemas.android.com/apk/res/android'><application \
                        android:networkSecurityConfig='@xml/n'/></manifest>";
        let named = [
            (main, pins.as_str()),
            ("src/main/res/xml/other.xml", SILENT),
            ("src/main/AndroidManifest.xml", manifest),
        ];
        assert_eq!(told(&found(&named)), [(main, "pins")], "nobody uses the other one");
    }

    /// A build or a device takes the one file or the other: the pins of the one are known, whatever the other has.
    #[test]
    fn what_other_builds_or_devices_take_stands_beside() {
        let pins = pinned();
        let (main, of) = ("src/main/res/xml/n.xml", |set: &str| format!("src/{set}/n.xml"));
        for (other, expected) in [
            (of("staging/res/xml"), vec!["pins", "another build"]),
            (of("main/res/xml-v28"), vec!["pins", "none"]),
            // No release has what its own source set replaces.
            (of("release/res/xml"), vec!["none", "not known"]),
        ] {
            let found = clients(&[(main, &pins), (&other, SILENT)], true);
            let mut states: Vec<&str> = found.iter().map(|(_, pins)| *pins).collect();
            states.sort_unstable_by_key(|state| *state != "pins");
            assert_eq!(states, expected, "{found:?}");
        }
        assert_eq!(
            told(&clients(&[(&of("release/res/xml"), &pins), (main, SILENT)], true)),
            [("src/release/res/xml/n.xml", "pins")]
        );
    }

    /// Pins that come at run time are no more another app's than those of files.
    #[test]
    fn an_app_without_pins_stands_beside_one_that_fetches_them() {
        let key = SpkiSha256::of(b"leaf");
        let list = |platform: &str, more: &str| {
            format!(
                "version = 1\n[[pin]]\nhosts = [\"shop.example\"]\nplatform = \"{platform}\"\nbootstrap = \"signed\"\n{more}"
            )
        };
        let beside = |files: &[(&str, &str)], is_folder: bool| -> Vec<(String, bool)> {
            let folder_of = |_: &str| is_folder.then(String::new);
            let found = without_fetched(&verdict(files, is_folder), &folder_of);
            found.into_iter().map(|one| (one.client, one.pins == Pins::NotPinned)).collect()
        };
        let (fetched, both) = (list("android", ""), list("android", &format!("pins = [\"{key}\"]\n")));
        let silent = [("p.toml", fetched.as_str()), ("b.xml", SILENT)];
        assert_eq!(told(&clients(&silent, false)), [("b.xml", "perhaps"), ("p.toml", "not known")]);
        for list in [&fetched, &both] {
            for other in [SILENT, &pinned()] {
                let files = [("p.toml", list.as_str()), ("b.xml", other)];
                assert_eq!(beside(&files, false), [("b.xml".to_owned(), false)]);
                assert_eq!(beside(&files, true), [], "files of one folder are of one app");
            }
        }
        // Those of other kinds, and those that refuse nothing, say nothing of it.
        for list in [list("ios", ""), list("android", "enforce = \"report\"\n")] {
            assert_eq!(beside(&[("p.toml", list.as_str()), ("b.xml", SILENT)], false), []);
        }
    }

    #[test]
    fn entries_of_one_list_stand_each_for_itself() {
        let key = SpkiSha256::of(b"leaf");
        let entry = |more: &str| {
            format!("[[pin]]\nhosts = [\"shop.example\"]\npins = [\"{key}\"]\nplatform = \"ios\"\n{more}")
        };
        let list = format!("version = 1\n{}{}", entry(""), entry("enforce = \"report\"\n"));
        assert_eq!(
            told(&clients(&[("pins.toml", &list)], false)),
            [("pins.toml", "pins"), ("pins.toml", "not in force")]
        );
        // Nobody knows whether the configuration is of the app that the list speaks of.
        let list = format!("version = 1\n{}", entry("").replace("ios", "android"));
        assert_eq!(
            told(&clients(&[("pins.toml", &list), ("b.xml", SILENT)], false)),
            [("pins.toml", "pins"), ("b.xml", "perhaps")]
        );
    }
}
