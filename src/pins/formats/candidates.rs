//! Which files of a folder may hold pins, before they are read.

use super::{LONGEST_FILE, LONGEST_PACKAGE, certificate_files, own_output, source, test_code};
use crate::evidence::file::InputFile;
use crate::pins::model::{PinFile, PinSource, Reading};

/// Extensions of packages.
const PACKAGES: [&str; 6] = ["apk", "aab", "apks", "xapk", "apkm", "ipa"];
/// Extensions of compiled code, and of archives of it, that nothing here reads.
const COMPILED: [&str; 10] = ["aar", "jar", "war", "so", "a", "dylib", "dll", "dex", "wasm", "zip"];
/// Archives of code that build an app, and are in none.
const BUILDS: [&str; 2] = ["gradle-wrapper.jar", "maven-wrapper.jar"];
/// Extensions of configuration that formats here read.
const CONFIGURATION: [&str; 14] = [
    "xml", "plist", "json", "json5", "toml", "yml", "yaml", "pins", "conf", "config", "log", "txt", "zone",
    "gradle",
];
/// Extensions of what is no configuration of an app: prose, styles, pictures, locks with hashes of packages.
const OTHER: [&str; 22] = [
    "md", "rst", "adoc", "html", "htm", "css", "scss", "svg", "png", "jpg", "jpeg", "gif", "webp", "ico",
    "mp3", "mp4", "ttf", "woff2", "lock", "sum", "csv", "map",
];
/// Files of hashes that look like pins and are those of packages.
const LOCKS: [&str; 8] = [
    ".terraform.lock.hcl",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "composer.lock",
    "Package.resolved",
    "verification-metadata.xml",
    "packages.lock.json",
];
/// What stands in files that formats here read, under whatever name they have.
const READ: [&str; 5] = [
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "TLSA",
    "Certificate pinning failure",
    "sha256/",
];
/// What pins are written with, or compared by, in files of any kind: options, headers, keys of configurations, and
/// what libraries call by which a program looks at a server's certificate itself.
const ABOUT_PINS: [&str; 18] = [
    "pinnedpubkey",
    "PINNEDPUBLICKEY",
    "pin-sha256",
    "Public-Key-Pins",
    "NSPinnedDomains",
    "TSKPinnedDomains",
    "TSKPublicKeyHashes",
    "<network-security-config",
    "sslPinning",
    "initializeSslPinning",
    "publicKeyHashes",
    "CertificatePinner.Builder",
    "PinnedCertificatesTrustEvaluator",
    "PublicKeysTrustEvaluator",
    "checkServerTrusted",
    "checkServerIdentity",
    "assert_fingerprint",
    "peer_fingerprint",
];
/// Extensions of keystores.
const KEYSTORES: [&str; 7] = ["jks", "jceks", "bks", "bcfks", "p12", "pfx", "keystore"];
/// Folders of what apps ship as it is: a keystore elsewhere is one that releases are signed with.
const SHIPPED: [&str; 2] = ["raw", "assets"];
/// How much of a file tells whether it is text.
const HEAD: usize = 4096;

/// Whether a file of this name may hold pins; `None` where the name does not tell.
pub fn by_name(path: &str) -> Option<bool> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if LOCKS.contains(&name) {
        return Some(false);
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let is_in = |list: &[&str]| list.contains(&extension.as_str());
    if source::is_source(path)
        || is_shipped_keystore(path)
        || is_in(&CONFIGURATION)
        || is_in(&PACKAGES)
        || is_in(&certificate_files::ENDINGS)
    {
        return Some(true);
    }
    is_in(&OTHER).then_some(false)
}

/// Whether a file of this name is a package of an app.
pub fn is_package(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    PACKAGES.iter().any(|package| extension.eq_ignore_ascii_case(package))
}

/// Whether a file of this name is compiled code that may be in an app, and that nothing here reads.
pub fn is_compiled(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    !BUILDS.contains(&name)
        && is_released_code(path)
        && COMPILED.iter().any(|compiled| extension.eq_ignore_ascii_case(compiled))
}

/// Whether code of this path is not among tests and debug builds.
pub fn is_released_code(path: &str) -> bool {
    test_code::why(path).is_none()
}

/// Whether a file is a keystore among what apps ship: it may hold the certificates that the app trusts alone.
pub fn is_shipped_keystore(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_keystore = lower.rsplit_once('.').is_some_and(|(_, ending)| KEYSTORES.contains(&ending));
    let mut folders = lower.rsplit('/').skip(1);
    is_keystore && folders.any(|folder| SHIPPED.contains(&folder) || folder.starts_with("raw-"))
}

/// Whether a file with this content, under a name that does not tell, may hold pins.
pub fn by_content(octets: &[u8]) -> bool {
    if certificate_files::is_der(octets) {
        return true;
    }
    if octets.iter().take(HEAD).any(|octet| *octet == 0) {
        return false;
    }
    let text = String::from_utf8_lossy(octets);
    READ.iter().any(|word| text.contains(word)) || speaks_of_pins(&text)
}

/// Whether what was read of a file has to do with pins. A store of many certificates is what every system has, and no
/// list of pins.
pub fn says_something(source: &PinSource) -> bool {
    let is_anchored = source.elsewhere.is_some_and(|elsewhere| elsewhere.own_anchors_alone);
    !certificate_files::is_trust_store(source)
        && (!source.entries.is_empty() || !source.problems.is_empty() || is_anchored)
}

/// Whether a file that nothing here reads has to do with pins all the same.
pub fn is_about_pins(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets);
    speaks_of_pins(&text) && !own_output::is_own_output(&text)
}

/// Whether a file is a report or evidence that pinstead wrote: what it says of pins is said of other files.
pub fn is_own_output(octets: &[u8]) -> bool {
    own_output::is_own_output(&String::from_utf8_lossy(octets))
}

/// Whether a file is text of which a folder would be read, code or configuration, and has neither pins nor what code compares
/// them by.
pub fn is_text_without_pins(file: &InputFile) -> bool {
    let is_silent = |octets: &[u8]| {
        std::str::from_utf8(octets).is_ok_and(|text| {
            !text.contains('\0') && !speaks_of_pins(text) && !own_output::is_own_output(text)
        })
    };
    // Prose says nothing of an app, nor does a report of pinstead.
    let is_prose = [".txt", ".log"].iter().any(|ending| file.path.to_ascii_lowercase().ends_with(ending));
    !is_prose
        && by_name(&file.path) != Some(false)
        && !is_package(&file.path)
        && file.octets().is_ok_and(is_silent)
        && PinFile::of(file).iter().all(|read| read.reading == Reading::NotRecognised)
}

fn speaks_of_pins(text: &str) -> bool {
    ABOUT_PINS.iter().any(|word| text.contains(word)) || holds_a_pin(text)
}

/// Whether `sha256/` stands in a text with a hash in base64 behind it, and nothing else.
fn holds_a_pin(text: &str) -> bool {
    const PREFIX: &str = "sha256/";
    text.match_indices(PREFIX).any(|(at, _)| {
        let rest = text.get(at.saturating_add(PREFIX.len())..).unwrap_or_default();
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let is_symbol = |symbol: u8| symbol.is_ascii_alphanumeric() || matches!(symbol, b'+' | b'/');
        let length = rest.bytes().take_while(|symbol| is_symbol(*symbol)).count();
        length == 43
    })
}

/// The longest file of this name that is read, in octets.
pub fn longest(path: &str) -> usize {
    if is_package(path) { LONGEST_PACKAGE } else { LONGEST_FILE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_tell() {
        for path in ["a/B.kt", "Info.plist", "res/xml/nsc.xml", "app.apk", "x.M", "a.cer", "b.KEY", "db.zone"]
        {
            assert_ne!(by_name(path), Some(false), "{path}");
        }
        for path in ["a/package-lock.json", "README.md", "x.PNG", "go.sum"] {
            assert_eq!(by_name(path), Some(false), "{path}");
        }
        assert_eq!(by_name(".curlrc"), None);
        // A keystore that is shipped may say whom an app trusts, and one elsewhere is what a release is signed with.
        assert_eq!(by_name("app/src/main/res/raw/trust.jks"), Some(true));
        assert_eq!(by_name("app/src/main/assets/keys/T.P12"), Some(true));
        assert_eq!(by_name("app/upload.jks"), None);
        assert!(by_content(b"# x\npinnedpubkey = y") && !by_content(b"sha256-x"));
        assert!(by_content(b"_25._tcp IN TLSA 3 1 1 00") && !by_content(b"\0pinnedpubkey"));
        assert!(longest("a.IPA") > longest("a.kt"));
    }

    #[test]
    fn text_that_a_folder_would_be_read_of_has_no_pins_where_it_says_nothing_of_them() {
        use crate::evidence::Bytes;
        use crate::evidence::file::FileContent;

        let is_so = |path: &str, text: &str| {
            let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
            is_text_without_pins(&InputFile { path: path.to_owned(), content, folder: None })
        };
        for path in
            [".curlrc", "get.sh", "build.gradle", "strings.xml", ".env", "Dockerfile", "app.json", "A.kt"]
        {
            assert!(is_so(path, "retry = 3\n"), "{path}");
            assert!(!is_so(path, "pinnedpubkey = keys.txt\n"), "{path}");
            assert!(!is_so(path, "a\0b"), "{path}");
        }
        // What nobody would look into says nothing of an app.
        assert!(!is_so("README.md", "An app.\n") && !is_so("docs/README.txt", "An app.\n"));
        assert!(!is_so("app.apk", "An app.\n"));
    }

    #[test]
    fn what_nothing_reads_is_about_pins_where_it_says_so() {
        let pin = format!("sha256/{}", crate::x509::SpkiSha256::of(b"a"));
        for text in [
            pin.as_str(),
            &format!("sha256/{}", pin.replace("sha256", "")),
            "public void checkServerTrusted(",
        ] {
            assert!(is_about_pins(text.as_bytes()), "{text}");
        }
        // Nor what was written here.
        let other = format!("{{\"schema_version\": 1, \"hosts\": {{\"x\": [[\"{pin}\"]]}}}}");
        assert!(is_about_pins(other.as_bytes()));
        let report = format!(
            "{{\n \"schema_version\": 1, \"tool\": {{\"name\": \"pinstead\"}}, \"pins\": \"{pin}\"}}"
        );
        for text in
            [report.as_str(), "import path/sha256/block", "sha256/AAAA", &pin.replace("sha256/", "sha256-")]
        {
            assert!(!is_about_pins(text.as_bytes()), "{text}");
        }
    }
}
