//! Which files of a folder may hold pins, before they are read.

use super::{LONGEST_FILE, LONGEST_PACKAGE, source};

/// Extensions of packages.
const PACKAGES: [&str; 6] = ["apk", "aab", "apks", "xapk", "apkm", "ipa"];
/// Extensions of configuration that formats here read.
const CONFIGURATION: [&str; 12] =
    ["xml", "plist", "json", "json5", "toml", "yml", "yaml", "pins", "conf", "config", "log", "txt"];
/// Extensions of what is no configuration of an app: prose, styles, pictures, locks with hashes of packages.
const OTHER: [&str; 16] = [
    "md", "rst", "adoc", "html", "htm", "css", "scss", "svg", "png", "jpg", "gif", "webp", "lock", "sum",
    "csv", "map",
];
/// Files of hashes that look like pins and are those of packages.
const LOCKS: [&str; 7] = [
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "composer.lock",
    "Package.resolved",
    "verification-metadata.xml",
    "packages.lock.json",
];
/// What stands near the beginning of files that hold pins under a name of their own.
const WORDS: [&[u8]; 5] =
    [b"sha256//", b"pinnedpubkey", b"pin-sha256", b"NSPinnedDomains", b"<network-security-config"];

/// Whether a file of this name may hold pins; `None` where the name does not tell.
pub fn by_name(path: &str) -> Option<bool> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if LOCKS.contains(&name) {
        return Some(false);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let is_in = |list: &[&str]| list.contains(&extension.as_str());
    if source::is_source(path) || is_in(&CONFIGURATION) || is_in(&PACKAGES) {
        return Some(true);
    }
    is_in(&OTHER).then_some(false)
}

/// Whether a file that begins in this way may hold pins.
pub fn by_beginning(head: &[u8]) -> bool {
    WORDS.iter().any(|word| head.windows(word.len()).any(|window| window == *word))
}

/// The longest file of this name that is read, in octets.
pub fn longest(path: &str) -> usize {
    let is_package = path
        .rsplit_once('.')
        .is_some_and(|(_, extension)| PACKAGES.iter().any(|package| extension.eq_ignore_ascii_case(package)));
    if is_package { LONGEST_PACKAGE } else { LONGEST_FILE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_tell() {
        for path in ["a/B.kt", "Info.plist", "res/xml/nsc.xml", "app.apk", "x.M"] {
            assert_ne!(by_name(path), Some(false), "{path}");
        }
        for path in ["a/package-lock.json", "README.md", "x.PNG", "go.sum"] {
            assert_eq!(by_name(path), Some(false), "{path}");
        }
        assert_eq!(by_name(".curlrc"), None);
        assert!(by_beginning(b"# x\npinnedpubkey = y") && !by_beginning(b"sha256-x"));
        assert!(longest("a.IPA") > longest("a.kt"));
    }
}
