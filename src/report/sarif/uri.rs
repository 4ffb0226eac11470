//! Where a file is, as SARIF says it.

use std::fmt::Write as _;

/// A file: relative to the working directory where it is in it, as code scanning takes the top of the repository to be;
/// else with its whole path (RFC 8089), so that nobody looks for it in the repository.
pub(super) fn of_file(path: &str, folder: Option<&str>) -> String {
    let path = slashes(path);
    if !is_absolute(&path) {
        return of_name(&path);
    }
    let within = folder.map(slashes).and_then(|folder| {
        let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
        rest.strip_prefix('/').filter(|rest| !rest.is_empty()).map(of_name)
    });
    // Before the letter of a drive, the path has a slash of its own.
    within.unwrap_or_else(|| format!("file:///{}", encoded(path.trim_start_matches('/'), true)))
}

/// A relative reference (RFC 3986 section 4.2): never a scheme, never a host.
pub(super) fn of_name(name: &str) -> String {
    let name = slashes(name);
    let mut rest = name.as_str();
    while let Some(shorter) = rest.strip_prefix("./").or_else(|| rest.strip_prefix('/')) {
        rest = shorter;
    }
    let uri = encoded(rest, false);
    if uri.is_empty() { "-".to_owned() } else { uri }
}

fn slashes(path: &str) -> String {
    path.replace('\\', "/")
}

/// Whether a path begins at the root, or at that of a drive.
fn is_absolute(path: &str) -> bool {
    let mut characters = path.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('/'), ..) => true,
        (Some(drive), Some(':'), Some('/')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The octets of a path, those in percent that are not plain; the colon behind a drive's letter stays.
fn encoded(path: &str, may_have_drive: bool) -> String {
    let mut uri = String::with_capacity(path.len());
    let is_drive = may_have_drive && is_absolute(path);
    for (place, octet) in path.bytes().enumerate() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(octet));
            }
            b':' if is_drive && place == 1 => uri.push(':'),
            octet => {
                let _ = write!(uri, "%{octet:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_in_the_repository_or_has_its_whole_path() {
        for (path, folder, uri) in [
            ("./pins/a b.xml", None, "pins/a%20b.xml"),
            ("pins.xml", Some("/src/app"), "pins.xml"),
            ("/src/app/res/pins.xml", Some("/src/app"), "res/pins.xml"),
            ("/src/app/res/pins.xml", Some("/src/app/"), "res/pins.xml"),
            // A folder is none for beginning with the same letters.
            ("/src/app2/pins.xml", Some("/src/app"), "file:///src/app2/pins.xml"),
            ("/etc/pins of us.xml", None, "file:///etc/pins%20of%20us.xml"),
            ("/etc/pins.xml", Some("/"), "etc/pins.xml"),
            ("//host/share/pins.xml", None, "file:///host/share/pins.xml"),
            ("C:\\pins.xml", None, "file:///C:/pins.xml"),
            ("C:\\app\\pins:1.xml", Some("C:\\app"), "pins%3A1.xml"),
            ("c:pins.xml", None, "c%3Apins.xml"),
            ("../pins.xml", Some("/src/app"), "../pins.xml"),
        ] {
            assert_eq!(of_file(path, folder), uri, "{path} in {folder:?}");
        }
    }

    #[test]
    fn a_name_is_never_a_scheme_nor_a_host() {
        for (name, uri) in [
            ("example.com:443", "example.com%3A443"),
            ("//evil.example/x", "evil.example/x"),
            ("javascript:alert(1)", "javascript%3Aalert%281%29"),
            ("", "-"),
        ] {
            assert_eq!(of_name(name), uri);
        }
    }
}
