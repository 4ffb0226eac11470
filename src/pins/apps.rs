//! Which files that were read are of one app: an app has one configuration, beside as much code as it likes.

use super::formats;
use super::model::EnforcementMode;
use super::verdict::{SourceState, SourceVerdict};

/// The configurations of which an Android app has one, and an iOS app has one of each kind.
const OF_ANDROID: [&str; 2] = ["android-nsc", "trustkit-android"];
const OF_IOS: [&str; 2] = ["ios-nspinneddomains", "trustkit"];

impl SourceVerdict {
    /// Whether it is the configuration of an app, of which that one has no other.
    pub fn is_configuration(&self) -> bool {
        let of_any = |format: &&str| OF_ANDROID.contains(format) || OF_IOS.contains(format);
        self.state == SourceState::Read && self.format.as_ref().is_some_and(of_any) && !self.is_of_a_part()
    }

    /// Whether no CA of the system is trusted for the host asked about, but those that the configuration names: by the entry that
    /// is about it, else by what holds elsewhere.
    pub fn trusts_own_anchors_alone(&self) -> bool {
        let mut applying = self.entries.iter().filter(|entry| entry.applies).peekable();
        if applying.peek().is_some() {
            return applying.any(|entry| entry.own_anchors_alone);
        }
        self.elsewhere.is_some_and(|elsewhere| elsewhere.own_anchors_alone)
    }

    /// Whether it refuses keys for the host asked about, by pins that were read.
    pub fn refuses(&self) -> bool {
        self.entries.iter().any(super::EntryVerdict::is_in_force)
    }

    /// Whether it has anything of pins for the host asked about, in force or not.
    fn says_something(&self) -> bool {
        let is_said = |entry: &super::EntryVerdict| {
            entry.applies
                && (entry.has_pins()
                    || entry.bootstrap.is_some()
                    || entry.enforced == EnforcementMode::Unknown)
        };
        self.entries.iter().any(is_said)
    }

    /// Whether it is the configuration of an app, and no pins of it are for the host asked about.
    pub fn is_configuration_without_pins(&self) -> bool {
        self.is_configuration() && !self.says_something()
    }

    /// Whether it and another source are of one app (and one version of it); `None` where nothing tells. `of_one_folder`:
    /// they were found in one folder that was given.
    pub fn is_of_one_app_with(&self, other: &Self, of_one_folder: bool) -> Option<bool> {
        if self.file == other.file {
            return Some(true);
        }
        let package = |file: &str| file.split_once("!/").map(|(package, _)| package.to_owned());
        match (package(&self.file), package(&other.file)) {
            // What pins in a part of an app does not pin in the app.
            (Some(own), Some(others)) if own == others => (!other.is_of_a_part()).then_some(true),
            (Some(_), Some(_)) => Some(false),
            // Beside a configuration, another one is another app's, or another version's; code may be of that app.
            (Some(_), None) | (None, Some(_)) => self.excludes(other).then_some(false),
            (None, None) if formats::are_variants(&self.file, &other.file) => {
                let differ = formats::are_of_flavours(&self.file, &other.file)
                    || formats::replaces(&self.file, &other.file);
                differ.then_some(false)
            }
            (None, None) if self.excludes(other) => (!of_one_folder).then_some(false),
            (None, None) => of_one_folder.then_some(true),
        }
    }

    /// Whether both are configurations of which an app has one.
    fn excludes(&self, other: &Self) -> bool {
        let is_one_of = |list: &[&str]| {
            [self, other].iter().all(|source| source.format.is_some_and(|format| list.contains(&format)))
        };
        let is_of = |one: &Self| one.is_configuration();
        is_of(self) && is_of(other) && (is_one_of(&OF_ANDROID) || self.format == other.format)
    }

    /// Whether it is in no release beside another source: a build for tests has it, a release replaces it by the other, or it
    /// has what a debug build adds to the other.
    pub fn is_not_released_beside(&self, other: &Self, of_one_folder: bool) -> bool {
        let is_variant = formats::are_variants(&self.file, &other.file);
        (of_one_folder && self.guessed.is_some() && other.guessed.is_none())
            || (is_variant && formats::is_of_a_test(&self.file))
            || formats::replaces(&other.file, &self.file)
            || is_debug_of(&self.file, &other.file)
    }
}

/// Whether a file is called as another one is, with the word “debug” added: `nsc_debug.xml`, `Info-Debug.plist`.
fn is_debug_of(file: &str, other: &str) -> bool {
    let parts = |path: &str| -> Option<(String, String, String)> {
        let (folder, name) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
        let (stem, ending) = name.rsplit_once('.')?;
        Some((folder.to_owned(), stem.to_ascii_lowercase(), ending.to_owned()))
    };
    let (Some((folder, stem, ending)), Some((others, other_stem, other_ending))) =
        (parts(file), parts(other))
    else {
        return false;
    };
    let plain = |stem: &str, word: &str| {
        stem.strip_suffix(word).map(|rest| rest.trim_end_matches(['-', '_', '.']).to_owned())
    };
    let of_release = plain(&other_stem, "release").unwrap_or_else(|| other_stem.clone());
    (folder, ending) == (others, other_ending) && plain(&stem, "debug").is_some_and(|rest| rest == of_release)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{judge, testing};

    fn source(path: &str, text: &str) -> SourceVerdict {
        judge(&testing::files(&[(path, text)], false), &testing::question(Some("shop.example"), None))
            .sources
            .remove(0)
    }

    const NSC: &str = "<network-security-config><base-config/></network-security-config>";
    const PLIST: &str = "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict/></dict></dict></plist>";
    const CODE: &str = "val a = CertificatePinner.Builder().add(\"shop.example\", \
        \"sha256/gycWeRcnMbFlG6kGwYYy8e6YgHAApYK7pwaACiJ9kgA=\").build()";

    #[test]
    fn an_app_has_one_configuration_and_any_code() {
        for (one, other, named, in_folder) in [
            (("a.xml", NSC), ("b.xml", NSC), Some(false), None),
            (("a.plist", PLIST), ("b.plist", PLIST), Some(false), None),
            (("a.xml", NSC), ("Net.kt", CODE), None, Some(true)),
            (("src/main/res/xml/n.xml", NSC), ("src/prod/res/xml/n.xml", NSC), None, None),
            (("src/free/res/xml/n.xml", NSC), ("src/prod/res/xml/n.xml", NSC), Some(false), Some(false)),
            (("src/release/res/xml/n.xml", NSC), ("src/main/res/xml/n.xml", NSC), Some(false), Some(false)),
        ] {
            let (one, other) = (source(one.0, one.1), source(other.0, other.1));
            assert!(one.is_configuration_without_pins(), "{}", one.file);
            assert_eq!(one.is_of_one_app_with(&other, false), named, "{} {}", one.file, other.file);
            assert_eq!(one.is_of_one_app_with(&other, true), in_folder, "{} {}", one.file, other.file);
        }
    }

    #[test]
    fn debug_builds_are_in_no_release() {
        for (one, other, expected) in [
            ("src/debug/res/xml/n.xml", "src/main/res/xml/n.xml", true),
            ("src/main/res/xml/n.xml", "src/release/res/xml/n.xml", true),
            ("src/main/res/xml/n.xml", "src/prod/res/xml/n.xml", false),
            ("res/xml/n_debug.xml", "res/xml/n.xml", true),
            ("res/xml/n.xml", "res/xml/n_debug.xml", false),
            ("n_debug.xml", "other.xml", false),
        ] {
            let (one, other) = (source(one, NSC), source(other, NSC));
            assert_eq!(one.is_not_released_beside(&other, false), expected, "{} {}", one.file, other.file);
        }
        assert!(is_debug_of("App/Info-Debug.plist", "App/Info-Release.plist"));
        assert!(!is_debug_of("App/Info-Debug.plist", "Other/Info.plist"));
    }
}
