//! Apps whose configuration does not pin the host, beside pins of others: what is given for a kind of client is told by the
//! worst of the apps, or versions of an app, that were given.

use super::{applying, class_of, own};
use crate::compare::{ClientClass, ClientPins, Fact, Pins};
use crate::pins::{EnforcementMode, EntryVerdict, PinsVerdict, SourceVerdict};

/// The folder, of those that were given, in which a file was found.
pub(in crate::judge) type FolderOf<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A client for each configuration that was read and has no pins for the host, where other files pin it for that kind of
/// client: one without pins where it is another app's, and one of which it is not known where those may be its own. Not
/// determined where such a configuration was read in part.
pub(super) fn without_pins(verdict: &PinsVerdict, folder_of: FolderOf<'_>) -> Fact<Vec<ClientPins>> {
    let mut clients: Vec<ClientPins> = Vec::new();
    for source in own(verdict).filter(|source| source.is_configuration_without_pins()) {
        let class = class_of(source, None);
        let of_one_folder = |other: &SourceVerdict| {
            folder_of(&source.file).is_some_and(|folder| folder_of(&other.file) == Some(folder))
        };
        let rivals: Vec<&SourceVerdict> = applying(verdict)
            .filter(|(_, entry)| entry.enforced == EnforcementMode::Yes)
            .filter(|&(other, entry)| may_be_of_one_kind(class, other, entry))
            .map(|(other, _)| other)
            .collect();
        if rivals.iter().any(|other| source.is_not_released_beside(other, of_one_folder(other))) {
            continue;
        }
        let is_one = |other: &&SourceVerdict| source.is_of_one_app_with(other, of_one_folder(other));
        let are_one: Vec<Option<bool>> = rivals.iter().map(is_one).collect();
        if are_one.is_empty() || are_one.contains(&Some(true)) {
            continue;
        }
        if source.problems.iter().any(|problem| problem.leaves_open(verdict.host.as_deref())) {
            return Fact::Undetermined;
        }
        let pins =
            if are_one.contains(&None) || source.guessed.is_some() { Pins::Unknown } else { Pins::NotPinned };
        if clients.iter().all(|known| known.client != source.file) {
            clients.push(ClientPins { client: source.file.clone(), class, pins });
        }
    }
    Fact::Measured(clients)
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
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::pins::{PinFile, Question, judge};
    use crate::x509::SpkiSha256;

    /// What each client is that these files show, by `(path, text)`; `is_folder`: they were found in one folder.
    fn clients(files: &[(&str, &str)], is_folder: bool) -> Vec<(String, &'static str)> {
        let inputs: Vec<InputFile> = files
            .iter()
            .map(|(path, text)| InputFile {
                path: (*path).to_owned(),
                content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
                folder: is_folder.then(String::new),
            })
            .collect();
        let question = Question {
            host: Some("shop.example"),
            path: None,
            off_path: &[],
            paths: &[],
            certificates: &[],
            service: None,
            at: "2026-11-21T00:00:00Z".parse().unwrap(),
            known_ca: &|_| None,
        };
        let folder_of = |_: &str| is_folder.then(String::new);
        let verdict = judge(&PinFile::of_all(&inputs), &question);
        match super::super::measured(&verdict, &|_| None, &folder_of) {
            Fact::Measured(clients) => clients
                .into_iter()
                .map(|one| {
                    let pins = match one.pins {
                        Pins::NotPinned => "none",
                        Pins::Unknown => "perhaps",
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
