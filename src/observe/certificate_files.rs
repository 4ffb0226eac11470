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
            read_folder(argument)
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

fn read_folder(path: &str) -> (Vec<InputFile>, Vec<PathBuf>) {
    let wanted = Wanted {
        by_name: &|name| {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())).then_some(true)
        },
        by_content: &|head| has_certificate(head),
        longest: &|_| MAX_FILE,
        // Keys and requests have the same endings.
        keeps: &|file| {
            file.octets().map_or(true, |octets| has_certificate(octets) || octets.first() == Some(&0x30))
        },
    };
    let mut found = folder::read(path, wanted);
    let folder = path.trim_end_matches('/');
    for file in found.files.iter_mut().filter(|file| file.path != path) {
        file.path = format!("{folder}/{}", file.path);
        file.folder = Some(folder.to_owned());
    }
    (found.files, found.paths)
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
        let path = folder.path().to_str().unwrap().to_owned();
        let read = read(&[path.clone(), format!("{path}/none.pem")]);
        let Told::Files(files) = &read.source.told else { panic!() };
        let names: Vec<&str> = files.iter().map(|file| file.path.strip_prefix(&path).unwrap()).collect();
        assert_eq!(names, ["/a.pem", "/b.der", "/notes", "/none.pem"]);
        assert!(files[3].octets().is_err(), "what is named and not there is told");
        assert_eq!(read.source.broken_off, None);
    }
}
