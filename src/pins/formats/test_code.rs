//! Files that stand where tests and debug builds have theirs: what they pin is in no release.
//!
//! Sources: Android developer guide, “Configure build variants” (source sets: `src/test`, `src/androidTest`,
//! `src/debug`); the conventions of Xcode (`NAMETests`), of Jest (`__tests__`, `.test.`, `.spec.`) and of Go (`_test.go`).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::model::{Confidence, PinFile, PinSource, Reading};

/// How what is said of such a file ends.
const IN_NO_RELEASE: &str = "in no release";

/// Why what a file of this path pins may be in no release. Of a file in a folder, it is the path from the folder on: what
/// stands above a project says nothing of it.
pub(super) fn why(path: &str) -> Option<String> {
    // Inside of a package, everything is shipped.
    if path.contains("!/") {
        return None;
    }
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let (file, folders) = parts.split_last()?;
    // Of several `src`, the last is the one with source sets: the others stand above the project.
    let set = folders.windows(2).rev().find(|pair| pair.first() == Some(&"src")).and_then(|pair| pair.last());
    if let Some(set) = set.filter(|set| is_unreleased(set)) {
        return Some(format!("it stands in the source set “{set}”, which is {IN_NO_RELEASE}"));
    }
    let is_tests =
        |folder: &&&str| **folder == "__tests__" || (folder.ends_with("Tests") && folder.len() > 5);
    if let Some(folder) = folders.iter().find(is_tests) {
        return Some(format!("it stands in “{folder}”, with tests, which are {IN_NO_RELEASE}"));
    }
    let is_test = file.contains(".test.") || file.contains(".spec.") || file.ends_with("_test.go");
    is_test.then(|| format!("it is a test, which is {IN_NO_RELEASE}"))
}

/// Whether a file of this path is of tests or of a debug build.
pub(in crate::pins) fn is_of_a_test(path: &str) -> bool {
    why(path).is_some()
}

impl PinSource {
    /// Whether it is doubted because it is of tests, or of a debug build.
    pub fn is_of_a_test(&self) -> bool {
        self.guessed.as_deref().is_some_and(|why| why.ends_with(IN_NO_RELEASE))
    }
}

/// Whether a source set is one of tests or of a debug build: `test`, `androidTest`, and both with a variant behind them
/// (`testDebug`).
fn is_unreleased(set: &str) -> bool {
    let is_of = |kind: &str| {
        set.strip_prefix(kind).is_some_and(|variant| {
            variant.is_empty() || variant.starts_with(|letter: char| letter.is_ascii_uppercase())
        })
    };
    is_of("test") || is_of("androidTest") || set == "debug" || set.ends_with("Debug")
}

/// Makes a guess of what was read of a file with this path, where it stands there.
pub(in crate::pins) fn weigh(path: &str, files: &mut [PinFile]) {
    let why = why(path);
    for file in files.iter_mut().filter(|file| !file.file.contains("!/")) {
        let Some(why) = &why else { continue };
        let Reading::Read(source) = &mut file.reading else { continue };
        source.guessed = Some(why.clone());
        for entry in &mut source.entries {
            if !matches!(entry.confidence, Confidence::Guessed(_)) {
                entry.confidence = Confidence::Guessed(why.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::x509::SpkiSha256;

    #[test]
    fn paths_of_tests_and_debug_builds_are_known() {
        for path in [
            "app/src/test/java/PinTest.kt",
            "src/androidTest/kotlin/A.kt",
            "app/src/debug/res/xml/nsc.xml",
            "ShopTests/PinTests.swift",
            "src/__tests__/pins.ts",
            "pins.test.ts",
            "client_test.go",
        ] {
            assert!(why(path).is_some(), "{path}");
        }
        for path in [
            "app/src/testFixtures/java/A.kt",
            "app/src/testDebug/java/A.kt",
            "src/main/app/src/test/A.kt",
            "app/src/test/java/org/src/A.kt",
        ] {
            assert!(why(path).is_some(), "{path}");
        }
        for path in [
            "app/src/main/java/A.kt",
            "src/testapp/app/res/xml/nsc.xml",
            "/home/a/src/test/app/src/main/res/xml/nsc.xml",
            "/usr/src/tests/app/nsc.xml",
            "/home/test/a/nsc.xml",
            "test/nsc.xml",
            "a.apk!/src/test/A.kt",
            "latest/A.kt",
            "Contest.swift",
        ] {
            assert_eq!(why(path), None, "{path}");
        }
    }

    #[test]
    fn what_stands_there_is_a_guess() {
        let text = format!(
            "<network-security-config><domain-config><domain>a.example</domain><pin-set><pin digest='SHA-256'>{}</pin>\
             </pin-set></domain-config></network-security-config>",
            SpkiSha256::of(b"a")
        );
        let confidence = |path: &str, folder: Option<&str>| {
            let content = FileContent::Read(Bytes(text.clone().into_bytes()));
            let folder = folder.map(str::to_owned);
            match &PinFile::of(&InputFile { path: path.to_owned(), content, folder })[0].reading {
                Reading::Read(source) => source.entries[0].confidence.name(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(confidence("app/src/debug/res/xml/nsc.xml", None), "guessed");
        assert_eq!(confidence("app/src/main/res/xml/nsc.xml", None), "stated");
        // What stands above the folder that was named is not looked at.
        assert_eq!(confidence("/a/src/debug/app/nsc.xml", Some("/a/src/debug")), "stated");
        assert_eq!(confidence("/a/app/src/debug/nsc.xml", Some("/a")), "guessed");
        assert_eq!(confidence("src/debug/nsc.xml", Some("")), "guessed");
    }
}
