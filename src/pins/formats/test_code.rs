//! Files that stand where tests and debug builds have theirs: what they pin is in no release.
//!
//! Sources: Android developer guide, “Configure build variants” (source sets: `src/test`, `src/androidTest`,
//! `src/debug`); the conventions of Xcode (`NAMETests`), of Jest (`__tests__`, `.test.`, `.spec.`) and of Go (`_test.go`).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::model::{Confidence, PinFile, Reading};

/// Why what a file of this path pins may be in no release.
fn why(path: &str) -> Option<String> {
    // Inside of a package, everything is shipped.
    if path.contains("!/") {
        return None;
    }
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let (file, folders) = parts.split_last()?;
    let is_set = |pair: &[&str]| match pair {
        ["src", set] => {
            set.starts_with("test")
                || set.starts_with("androidTest")
                || *set == "debug"
                || set.ends_with("Debug")
        }
        _ => false,
    };
    if let Some(set) = folders.windows(2).find(|pair| is_set(pair)).and_then(|pair| pair.last()) {
        return Some(format!("it stands in the source set “{set}”, which is in no release"));
    }
    let is_tests =
        |folder: &&&str| **folder == "__tests__" || (folder.ends_with("Tests") && folder.len() > 5);
    if let Some(folder) = folders.iter().find(is_tests) {
        return Some(format!("it stands in “{folder}”, with tests, which are in no release"));
    }
    let is_test = file.contains(".test.") || file.contains(".spec.") || file.ends_with("_test.go");
    is_test.then(|| "it is a test, which is in no release".to_owned())
}

/// Makes a guess of what stands there.
pub(super) fn weigh(files: &mut [PinFile]) {
    for file in files {
        let Some(why) = why(&file.file) else { continue };
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
    use crate::pins::formats;
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
            "app/src/main/java/A.kt",
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
        let confidence = |path: &str| match formats::tests::only(path, text.as_bytes()) {
            Reading::Read(source) => source.entries[0].confidence.name(),
            other => panic!("{other:?}"),
        };
        assert_eq!(confidence("app/src/debug/res/xml/nsc.xml"), "guessed");
        assert_eq!(confidence("app/src/main/res/xml/nsc.xml"), "stated");
    }
}
