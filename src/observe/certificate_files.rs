//! Files and folders of certificates, as a source of what was issued.

use std::path::PathBuf;

use super::folder::{self, Wanted};
use super::{clock, files};
use crate::evidence::file::InputFile;
use crate::evidence::issuance::{IssuanceSource, Told};

/// The largest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// The most octets of all files together; saved evidence holds them.
const MOST: usize = 128 << 20;

/// Endings of files that may hold certificates.
const ENDINGS: [&str; 6] = ["pem", "crt", "cer", "der", "cert", "chain"];

/// What was read, and where it is.
#[derive(Debug)]
pub struct CertificateFiles {
    /// The source, as evidence.
    pub source: IssuanceSource,
    /// The files that were read.
    pub paths: Vec<PathBuf>,
}

/// Reads files, and of folders what may hold certificates: by its ending, or because it begins as one does.
pub fn read(arguments: &[String]) -> CertificateFiles {
    let asked_at = clock::now();
    let (mut found, mut paths) = (Vec::new(), Vec::new());
    let mut broken_off = None;
    let mut kept: usize = 0;
    for argument in arguments {
        let (new, places) = if folder::is_folder(argument) {
            let (new, places, not_entered) = read_folder(argument);
            if let Some(first) = not_entered.first() {
                let count = not_entered.len();
                broken_off.get_or_insert_with(|| {
                    format!(
                        "{count} folders and links in {argument} were left out, {first} the first of them"
                    )
                });
            }
            (new, places)
        } else {
            (vec![files::read(argument, MAX_FILE)], vec![argument.into()])
        };
        paths.extend(places);
        for file in new {
            kept = kept.saturating_add(file.octets().map_or(0, <[u8]>::len));
            if kept > MOST {
                broken_off = Some(format!(
                    "the files have more than {} MiB together; the rest is not read",
                    MOST >> 20
                ));
                break;
            }
            found.push(file);
        }
    }
    let place = arguments.join(" ");
    CertificateFiles {
        source: IssuanceSource { asked_at, place, broken_off, told: Told::Files(found) },
        paths,
    }
}

/// The files of a folder, where they are, and the folders and links that were left out.
fn read_folder(path: &str) -> (Vec<InputFile>, Vec<PathBuf>, Vec<String>) {
    let wanted = Wanted {
        by_name: &|name| has_ending(name).then_some(true),
        by_content: &|head| has_certificate(head),
        longest: &|_| MAX_FILE,
        // Keys and requests have the same endings; what has such an ending and is nothing of the kind is told.
        keeps: &|file| file.octets().map_or(true, |octets| has_certificate(octets) || !is_of_keys(octets)),
    };
    let mut found = folder::read(path, wanted);
    let folder = path.trim_end_matches('/');
    for file in found.files.iter_mut().filter(|file| file.path != path) {
        file.path = format!("{folder}/{}", file.path);
        file.folder = Some(folder.to_owned());
    }
    // What clients of ACME keep are links, and what `.gitignore` names may be just the certificates.
    let mut not_entered = Vec::new();
    for name in found.left_out.into_iter().chain(found.ignored) {
        let place = PathBuf::from(format!("{folder}/{name}"));
        if place.is_file() {
            if has_ending(&name) && found.files.len() < MOST_LINKS {
                let mut file = files::read(&format!("{folder}/{name}"), MAX_FILE);
                file.folder = Some(folder.to_owned());
                if file.octets().is_ok_and(|octets| !has_certificate(octets) && is_of_keys(octets)) {
                    continue;
                }
                found.files.push(file);
                found.paths.push(place);
            }
        } else if place.file_name().is_none_or(|last| last != ".git") {
            not_entered.push(name);
        }
    }
    (found.files, found.paths, not_entered)
}

/// How many files a folder may have before no more links are followed.
const MOST_LINKS: usize = 20_000;

/// Whether a file may hold certificates, by its name.
fn has_ending(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a text has keys, requests, parameters or CRLs in PEM.
fn is_of_keys(octets: &[u8]) -> bool {
    const KINDS: [&[u8]; 4] = [b"KEY-----", b"REQUEST-----", b"PARAMETERS-----", b"X509 CRL-----"];
    KINDS.iter().any(|kind| memchr::memmem::find(octets, kind).is_some())
}

/// Whether a text has a certificate in PEM.
fn has_certificate(octets: &[u8]) -> bool {
    memchr::memmem::find(octets, b"-----BEGIN CERTIFICATE-----").is_some()
        || memchr::memmem::find(octets, b"-----BEGIN X509 CERTIFICATE-----").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_certificates_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
        write("a.pem", b"-----BEGIN CERTIFICATE-----\n");
        write("b.der", &[0x30, 0x03, 1, 2, 3]);
        write("key.pem", b"-----BEGIN PRIVATE KEY-----\n");
        write("notes", b"text\n-----BEGIN CERTIFICATE-----\n");
        write("picture", b"\x89PNG");
        write("empty.crt", b"");
        write("cut.der", b"\x01\x02");
        let path = folder.path().to_str().unwrap().to_owned();
        let read = read(&[path.clone(), format!("{path}/none.pem")]);
        let Told::Files(files) = &read.source.told else { panic!() };
        let names: Vec<&str> = files.iter().map(|file| file.path.strip_prefix(&path).unwrap()).collect();
        assert_eq!(names, ["/a.pem", "/b.der", "/cut.der", "/empty.crt", "/notes", "/none.pem"]);
        assert!(files[5].octets().is_err(), "what is named and not there is told");
        assert_eq!(read.source.broken_off, None);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_what_git_ignores_are_read_and_other_folders_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("live/node_modules")).unwrap();
        std::fs::write(at("one.pem"), b"-----BEGIN CERTIFICATE-----\n").unwrap();
        std::fs::write(at("live/ignored.pem"), b"-----BEGIN CERTIFICATE-----\n").unwrap();
        std::fs::write(at("live/.gitignore"), "*.pem\n").unwrap();
        std::os::unix::fs::symlink("../one.pem", at("live/cert.pem")).unwrap();
        std::os::unix::fs::symlink("..", at("live/around")).unwrap();
        let path = at("live").to_str().unwrap().to_owned();
        let read = read(std::slice::from_ref(&path));
        let Told::Files(files) = &read.source.told else { panic!() };
        let mut names: Vec<&str> = files.iter().map(|file| file.path.strip_prefix(&path).unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["/cert.pem", "/ignored.pem"]);
        let left = read.source.broken_off.unwrap();
        assert!(left.contains("2 folders and links") && left.contains("around"), "{left}");
    }
}
