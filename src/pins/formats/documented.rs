//! `docs/pins-formats.md` held against the formats: it has a row for each, and the bounds that the code has.

use super::{Combination, FORMATS, LONGEST_FILE, LONGEST_PACKAGE, PACKAGES};
use crate::pins::model::{Enforcement, EnforcementMode, HostPattern, PinEntry, PinSource};

const PAGE: &str = include_str!("../../../docs/pins-formats.md");

/// The bounds that the page names: the row they stand in, the text of the file that has them, their name there, and of
/// what they are.
const BOUNDS: [(&str, &str, &str, &str); 19] = [
    ("android-nsc", include_str!("android_nsc/read.rs"), "MOST_PINS", "pins"),
    ("ios-nspinneddomains", include_str!("plist/mod.rs"), "MOST_VALUES", "values"),
    ("ios-nspinneddomains", include_str!("plist/mod.rs"), "DEEPEST", "deep"),
    ("trustkit", include_str!("plist/mod.rs"), "MOST_VALUES", "values"),
    ("trustkit-android", include_str!("trustkit_android.rs"), "MOST_PINS", "pins"),
    ("curl", include_str!("curl.rs"), "MOST_PINS", "pins"),
    ("okhttp", include_str!("source/mod.rs"), "MOST_PINS", "pins"),
    ("source-constants", include_str!("source/mod.rs"), "MOST_PINS", "pins"),
    ("pins-json", include_str!("json_config/read.rs"), "MOST_PINS", "pins"),
    ("certificate-files", include_str!("certificate_files.rs"), "MOST_CERTIFICATES", "certificates"),
    ("chromium", include_str!("chromium_static.rs"), "MOST", "entries"),
    ("pinstead", include_str!("pins_toml/read.rs"), "MOST_PINS", "pins"),
    ("stubby", include_str!("stubby.rs"), "MOST_PINS", "pins"),
    ("hpkp", include_str!("headers.rs"), "MOST", "headers"),
    ("expect-ct", include_str!("headers.rs"), "MOST", "headers"),
    ("tlsa", include_str!("tlsa/mod.rs"), "MOST_RECORDS", "records"),
    ("ipa", include_str!("ipa.rs"), "MOST_FILES", "files"),
    ("apk", include_str!("apk/entries.rs"), "MOST_ENTRIES", "entries"),
    ("apk", include_str!("apk/mod.rs"), "MOST_PARTS", "packages"),
];

/// The rows of the table under a heading: the id, and each cell.
fn rows(heading: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    let (_, rest) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    let rest = rest.split("\n## ").next().unwrap_or(rest);
    rest.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].split('`').nth(1).unwrap(), cells)
        })
        .collect()
}

/// The value of a constant in the text of a file, as prose writes it.
fn constant(text: &str, name: &str) -> String {
    let line = text.lines().find(|line| line.contains(&format!("const {name}: "))).unwrap();
    line.split('=').nth(1).unwrap().trim().trim_end_matches(';').replace('_', ",")
}

#[test]
fn each_format_and_package_has_a_row_and_no_other() {
    let sorted = |mut ids: Vec<&'static str>| {
        ids.sort_unstable();
        ids
    };
    for (heading, ids) in [
        ("Files", FORMATS.iter().map(|format| format.id()).collect::<Vec<_>>()),
        ("Packages", PACKAGES.iter().map(|package| package.id()).collect()),
    ] {
        let documented = rows(heading);
        let columns = documented[0].1.len();
        assert!(
            documented.iter().all(|(_, cells)| cells.len() == columns && cells.iter().all(|c| !c.is_empty()))
        );
        let documented = documented.into_iter().map(|(id, _)| id).collect();
        assert_eq!(sorted(documented), sorted(ids), "add the row of each format to docs/pins-formats.md");
    }
}

#[test]
fn how_entries_work_together_is_as_documented() {
    for (id, cells) in rows("Files") {
        for format in FORMATS.iter().filter(|format| format.id() == id) {
            let is_union = format.combination() == Combination::Union;
            assert_eq!(cells[4].starts_with("together"), is_union, "{id}: {}", cells[4]);
            // Of a name and of a pattern that covers it, the most specific alone counts; where both do, it is each.
            let entry =
                |scope| PinEntry::of(scope, Enforcement { mode: EnforcementMode::Yes, why: String::new() });
            let entries = vec![
                entry(HostPattern::WithSubdomains("shop.example".to_owned())),
                entry(HostPattern::Exactly("api.shop.example".to_owned())),
            ];
            let source = PinSource { entries, ..PinSource::of(format.id()) };
            let expected = match format.applicable(&source, "api.shop.example").len() {
                1 => "one",
                _ if is_union => "together",
                _ => "each",
            };
            assert!(cells[4].starts_with(expected), "{id}: {} should be {expected}", cells[4]);
        }
    }
}

#[test]
fn the_bounds_are_as_documented() {
    let all: Vec<_> = rows("Files").into_iter().chain(rows("Packages")).collect();
    for (id, text, name, what) in BOUNDS {
        let bound = format!("{} {what}", constant(text, name));
        let has = |cells: &[&str]| cells.iter().any(|cell| cell.contains(&bound));
        assert!(all.iter().any(|(row, cells)| *row == id && has(cells)), "{id}: no {bound}");
    }
    let bounds = PAGE.split_once("\n## Bounds\n").unwrap().1;
    for bound in [
        format!("at most {} MiB,", LONGEST_FILE >> 20),
        format!("a package {} MiB", LONGEST_PACKAGE >> 20),
        format!("XML is read {} levels deep", constant(include_str!("xml.rs"), "DEEPEST")),
        format!("JSON {}", constant(include_str!("json.rs"), "DEEPEST")),
        format!("a property list {}", constant(include_str!("plist/mod.rs"), "DEEPEST")),
        format!("{} files are opened", constant(include_str!("../../observe/folder.rs"), "MOST_READ")),
        format!("{} levels entered", constant(include_str!("../../observe/folder.rs"), "DEEPEST")),
    ] {
        assert!(bounds.replace('\n', " ").contains(&bound), "the page does not say “{bound}”");
    }
}
