//! Property lists that Xcode projects name outside of the folder that was given: whether they pin nobody knows.
//!
//! Source: Apple, “Build settings reference” (`INFOPLIST_FILE`: the path, from the folder of the project on).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{LONGEST_FILE, bare_apps, test_code};
use crate::evidence::file::InputFile;

/// What names it.
const SETTING: &str = "INFOPLIST_FILE = ";
/// What stands for the folder of the project.
const FOLDERS: [&str; 4] = ["$(SRCROOT)/", "$(PROJECT_DIR)/", "${SRCROOT}/", "${PROJECT_DIR}/"];

/// The first that a project names outside; its path is from the folder on.
pub fn outside(file: &InputFile) -> Option<String> {
    if !bare_apps::may_be_project(&file.path) || test_code::why(file.inside()).is_some() {
        return None;
    }
    let octets = file.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE)?;
    let text = std::str::from_utf8(octets).ok()?;
    // The project is a folder of its own, `NAME.xcodeproj`.
    let depth = file.path.split('/').filter(|part| !matches!(*part, "" | ".")).count().saturating_sub(2);
    let named = text.split(SETTING).skip(1).filter_map(|rest| rest.split([';', '\n']).next());
    let named = named.map(|value| value.trim().trim_matches('"'));
    named.filter(|value| leads_outside(value, depth)).map(str::to_owned).next()
}

/// Whether a path leads out of the folder, from so many folders deep in it.
fn leads_outside(value: &str, depth: usize) -> bool {
    let path = FOLDERS.iter().find_map(|folder| value.strip_prefix(folder)).unwrap_or(value);
    if path.starts_with('/') {
        return true;
    }
    let mut left = depth;
    for part in path.split('/') {
        match (part, left.checked_sub(1)) {
            ("..", None) => return true,
            ("..", Some(less)) => left = less,
            ("" | ".", _) => {}
            _ => left = left.saturating_add(1),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;

    #[test]
    fn a_property_list_outside_of_the_folder_is_named() {
        let outside_of = |path: &str, value: &str| {
            let text = format!("\t\t\t\tINFOPLIST_FILE = {value};\n");
            let content = FileContent::Read(Bytes(text.into_bytes()));
            outside(&InputFile { path: path.to_owned(), content, folder: None })
        };
        for (path, value, expected) in [
            ("B.xcodeproj/project.pbxproj", "\"../Shared/Info.plist\"", Some("../Shared/Info.plist")),
            ("B.xcodeproj/project.pbxproj", "\"$(SRCROOT)/../Info.plist\"", Some("$(SRCROOT)/../Info.plist")),
            ("ios/B.xcodeproj/project.pbxproj", "\"../Shared/Info.plist\"", None),
            ("ios/B.xcodeproj/project.pbxproj", "\"../../Info.plist\"", Some("../../Info.plist")),
            ("B.xcodeproj/project.pbxproj", "B/Info.plist", None),
            ("B.xcodeproj/project.pbxproj", "B/../Info.plist", None),
            ("B.xcodeproj/other", "../Info.plist", None),
        ] {
            assert_eq!(outside_of(path, value).as_deref(), expected, "{path}: {value}");
        }
    }
}
