//! Hashes that stand in code and configuration as pins are written, where nothing that is read here takes them for pins:
//! compiled code, or a library that is not known, may compare a server's key with them.
//!
//! Values in base64 of 32 octets, and fingerprints with colons, are taken for such hashes wherever they stand; hexadecimal
//! digits in a row are, where the file speaks of certificates: commits, checksums and transactions are written so too. What
//! names say is something else is none (the same names as in code that is read).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::source::hash_of_name_and_text;
use super::{LONGEST_FILE, candidates, test_code};
use crate::evidence::file::InputFile;
use crate::pins::model::{PinFile, Reading};

/// What a file that compares certificates says of them, wherever it stands.
const ABOUT_CERTIFICATES: [&str; 8] =
    ["certificate", "spki", "fingerprint", "thumbprint", "x509", "openssl", "boringssl", "certpin"];
/// What it says of them where a word begins: `ssl` is in `lossless` and `classLoader`.
const ABOUT_CERTIFICATES_AT_FIRST: [&str; 5] = ["certs", "pinn", "pins", "tls", "ssl"];
/// What lines with hashes of packages, files and pictures of containers say.
const OF_FILES: [&str; 8] =
    ["@sha256:", "sha512", "sha256sum", "resolved", "filehash", "download", "archive", "--hash="];
/// What lines say where a hash with its algorithm before it is a container's or a file's.
const OF_FILES_IF_NAMED: [&str; 3] = ["digest", "image", "layer"];
/// Files with the fingerprints of the keys that apps are signed with (Digital Asset Links), which no server has.
const OF_SIGNED_APPS: &str = "assetlinks.json";
/// How comments begin: what stands there is compared with nothing.
const COMMENTS: [&str; 6] = ["//", "#", "* ", "/*", "<!--", "--"];
/// The fewest octets that differ in a hash: fewer are an example.
const FEWEST_DIFFERENT: usize = 8;
/// How long a word is at least that may be one, in octets.
const SHORTEST: usize = 43;
/// The longest, in octets: a fingerprint with separators and a prefix.
const LONGEST: usize = 120;

/// The line, from 1, on which such a hash stands.
pub fn found(file: &InputFile) -> Option<usize> {
    let may_hold = candidates::by_name(&file.path) != Some(false)
        && !candidates::is_package(&file.path)
        && !file.path.ends_with(OF_SIGNED_APPS);
    if !may_hold || test_code::why(file.inside()).is_some() {
        return None;
    }
    let octets = file.octets().ok().filter(|octets| octets.len() <= LONGEST_FILE)?;
    let line = line(std::str::from_utf8(octets).ok()?, &file.path)?;
    if candidates::is_own_output(octets) {
        return None;
    }
    // Hashes beside what was read are among it, or were weighed there.
    let is_read = PinFile::of(file).iter().any(|read| match &read.reading {
        Reading::Read(source) => candidates::says_something(source),
        _ => false,
    });
    (!is_read).then_some(line)
}

/// Whether a file of code may hold one.
pub fn may_hold(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_ok_and(|text| !text.contains('\0') && line(text, "").is_some())
}

/// The line of the first one of a text.
fn line(text: &str, path: &str) -> Option<usize> {
    let is_about = || is_about_certificates(text) || is_about_certificates(path);
    let mut about: Option<bool> = None;
    let (mut before, mut is_pem) = ("", false);
    for (line, number) in text.lines().zip(1..) {
        let code = line.trim_start();
        let is_comment = COMMENTS.iter().any(|begin| code.starts_with(begin));
        if code.contains("-----BEGIN ") || code.contains("-----END ") {
            is_pem = code.contains("-----BEGIN ") && !code.contains("-----END ");
        }
        if !is_comment && !is_pem && code.len() >= SHORTEST && !is_of_files(code) {
            for word in words(code) {
                let is_hash = match hash_of_name_and_text((before, code), word) {
                    Some(octets) => {
                        is_random(&octets) && (!is_row_of_digits(word) || *about.get_or_insert_with(is_about))
                    }
                    None => false,
                };
                if is_hash {
                    return Some(number);
                }
            }
        }
        if !code.is_empty() {
            before = code;
        }
    }
    None
}

/// What may be a value: quotes, brackets and signs stand around it.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_symbol =
        |symbol: char| symbol.is_ascii_alphanumeric() || matches!(symbol, '+' | '/' | '=' | ':' | '-' | '_');
    let whole = line.split(move |symbol: char| !is_symbol(symbol));
    // `NAME=value` and `name: value`.
    whole
        .flat_map(|word| {
            let behind = |sign: char| word.split_once(sign).map(|(_, value)| value);
            [Some(word), behind('='), behind(':')].into_iter().flatten()
        })
        .filter(|word| (SHORTEST..=LONGEST).contains(&word.len()))
}

fn is_of_files(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    has(&OF_FILES) || (line.contains("sha256:") && has(&OF_FILES_IF_NAMED))
}

/// Whether a text speaks of certificates, or of TLS.
fn is_about_certificates(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let begins_a_word = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before)).copied();
        let first = text.as_bytes().get(at).copied().unwrap_or_default();
        // `OpenSSL` and `mTLS` have one there as well.
        before.is_none_or(|before| {
            !before.is_ascii_alphabetic() || (before.is_ascii_lowercase() && first.is_ascii_uppercase())
        })
    };
    ABOUT_CERTIFICATES.iter().any(|word| lower.contains(word))
        || ABOUT_CERTIFICATES_AT_FIRST
            .iter()
            .any(|word| lower.match_indices(word).any(|(at, _)| begins_a_word(at)))
}

/// Whether a word is hexadecimal digits in a row, whatever algorithm is named before them.
fn is_row_of_digits(word: &str) -> bool {
    let digits = word.rsplit([':', '=', '-', '/']).next().unwrap_or(word);
    digits.len() >= SHORTEST && digits.bytes().all(|symbol| symbol.is_ascii_hexdigit())
}

/// Whether octets differ as those of a hash do.
fn is_random(octets: &[u8]) -> bool {
    let mut known: Vec<u8> = octets.to_vec();
    known.sort_unstable();
    known.dedup();
    known.len() >= FEWEST_DIFFERENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::FileContent;
    use crate::x509::SpkiSha256;

    fn found_in(path: &str, text: &str) -> Option<usize> {
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        found(&InputFile { path: path.to_owned(), content, folder: None })
    }

    fn hash() -> (String, String, String) {
        let key = SpkiSha256::of(b"a key");
        let digits = key.0.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>();
        (key.to_string(), digits.concat(), digits.join(":").to_uppercase())
    }

    #[test]
    fn hashes_are_found_however_they_are_written() {
        let (base64, digits, colons) = hash();
        let bare = base64.trim_start_matches("sha256/");
        for (path, text) in [
            ("src/net.js", format!("const expected = [\n  '{bare}',\n];")),
            ("src/keys.json", format!("{{\n \"shop.example\": [\"{bare}\"]}}")),
            (
                "res/values/strings.xml",
                format!("<resources>\n<string name=\"key\">{bare}</string></resources>"),
            ),
            (".env", format!("\nKEY={bare}\n")),
            ("gradle.properties", format!("\nshop.key={bare}\n")),
            ("src/Net.kt", format!("\nval EXPECTED = \"{colons}\"")),
            ("src/a.ts", format!("\nconst certChecksum = '{bare}';")),
            ("src/a.ts", format!("\nconst integrityPins = ['{bare}'];")),
            ("src/certs.yaml", format!("\nkey: {digits}")),
            ("src/mTLSConfig.yaml", format!("\nkey: sha256:{digits}")),
            ("src/net.c", format!("#include <openssl/ssl.h>\nstatic const char *KEY = \"{digits}\";")),
        ] {
            assert_eq!(found_in(path, &text), Some(2), "{path}: {text}");
        }
    }

    #[test]
    fn hashes_of_other_things_are_none() {
        let (base64, digits, colons) = hash();
        let bare = base64.trim_start_matches("sha256/");
        for (path, text) in [
            ("package-lock.json", format!("\"integrity\": \"{bare}\"")),
            ("Cargo.lock", format!("checksum = \"{digits}\"")),
            ("src/a.js", format!("const integrity = '{bare}';")),
            ("src/a.js", format!("// was '{bare}'")),
            ("src/a.ts", format!("const TRANSACTION = '{digits}';")),
            ("src/a.py", format!("SECRET = '{bare}'")),
            ("src/a.py", "KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='".to_owned()),
            ("values.yaml", format!("tls:\n digest: sha256:{digits}")),
            ("kustomization.yaml", format!("\nnewTag: sha256:{digits}")),
            ("requirements.txt", format!("certifi==1.0 --hash=sha256:{digits}")),
            (".well-known/assetlinks.json", format!("\"sha256_cert_fingerprints\": [\"{colons}\"]")),
            ("src/Spinner.ts", format!("class Spinner {{ lossless = classLoader; id = '{digits}' }}")),
            ("ci.yml", format!("image: certs/app@sha256:{digits}")),
            ("gradle-wrapper.properties", format!("distributionSha256Sum={digits}\nurl=https://ssl.example")),
            ("src/test/java/A.java", format!("String a = \"{bare}\";")),
            ("src/a.rs", format!("// {bare}\nlet a = 1;")),
            ("README.md", format!("`{bare}`")),
        ] {
            assert_eq!(found_in(path, &text), None, "{path}: {text}");
        }
        // What is read as pins is told as that.
        let code = format!("val a = CertificatePinner.Builder().add(\"a.example\", \"{base64}\").build()");
        assert_eq!(found_in("A.kt", &code), None);
        assert!(may_hold(format!("$key = \"{bare}\";").as_bytes()) && !may_hold(b"$key = 1;"));
    }
}
