//! Files and folders of certificates, as a source of what was issued.

use std::path::PathBuf;

use super::folder::{self, Wanted};
use super::{clock, files};
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::issuance::{IssuanceSource, Told};
use crate::evidence::private_key::is_private_key;
use crate::issuance;
use crate::x509::{LABELS, begins_as_der};

/// The largest file that is read, in octets.
const MAX_FILE: u64 = 64 << 20;

/// The most octets of all files together; saved evidence holds them.
const MOST: usize = 128 << 20;

/// Endings of files that may hold certificates.
const ENDINGS: [&str; 11] = ["pem", "crt", "cer", "der", "cert", "chain", "p7b", "p7c", "p7s", "p12", "pfx"];

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
        for mut file in new {
            if let Ok(octets) = file.octets() {
                // Whatever else stands in it, no evidence is to hold.
                let certificates = issuance::files::kept(octets);
                kept = certificates.ders.iter().fold(kept, |kept, der| kept.saturating_add(der.len()));
                file.content = FileContent::Certificates(certificates);
            }
            if kept > MOST {
                broken_off = Some(format!(
                    "the files have more than {} MiB of certificates together; the rest is not read",
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
        looks_at_all: true,
        longest: &|_| MAX_FILE,
        // Keys and requests have the same endings; what has such an ending and is nothing of the kind is told.
        keeps: &|file| file.octets().map_or(true, |octets| !is_of_something_else(octets)),
        aside: None,
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
                if file.octets().is_ok_and(is_of_something_else) {
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

/// Whether this is a key, a request, parameters or a CRL, and no certificate. PKCS #12 is none of these: it has
/// certificates that are not read, which is told.
fn is_of_something_else(octets: &[u8]) -> bool {
    const KINDS: [&[u8]; 4] = [b"KEY-----", b"REQUEST-----", b"PARAMETERS-----", b"X509 CRL-----"];
    let has_kind = || KINDS.iter().any(|kind| memchr::memmem::find(octets, kind).is_some());
    !has_certificate(octets) && (is_private_key(octets) || has_kind())
}

/// Whether this has certificates: in PEM or PKCS #7, or begins as one in DER does.
fn has_certificate(octets: &[u8]) -> bool {
    let mut begins = memchr::memmem::find_iter(octets, b"-----BEGIN ");
    let has_label = |place: usize| {
        let label = octets.get(place.saturating_add(b"-----BEGIN ".len())..).unwrap_or_default();
        let label = label.get(..label.len().min(LONGEST_LABEL)).unwrap_or_default();
        LABELS.iter().any(|wanted| {
            label.strip_prefix(wanted.as_bytes()).is_some_and(|rest| rest.starts_with(b"-----"))
        })
    };
    begins_as_der(octets) || begins.any(has_label)
}

/// As much as is looked at of the label of a block in PEM.
const LONGEST_LABEL: usize = 64;

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
        // A certificate in DER, without an ending; a key, which is none; PKCS #7 beside a key.
        write("without", &[0x30, 0x82, 3, 0, 0x30, 0x82, 2, 0, 0xa0, 3, 2, 1, 2]);
        write("key.der", &[0x30, 0x09, 2, 1, 1, 4, 4, 1, 2, 3, 4]);
        write("both.pem", b"-----BEGIN PRIVATE KEY-----\n-----BEGIN PKCS7-----\n");
        write("store.p12", &[0x30, 0x05, 2, 1, 3, 0x30, 0]);
        let path = folder.path().to_str().unwrap().to_owned();
        let read = read(&[path.clone(), format!("{path}/none.pem")]);
        let Told::Files(files) = &read.source.told else { panic!() };
        let names: Vec<&str> = files.iter().map(|file| file.path.strip_prefix(&path).unwrap()).collect();
        let wanted = [
            "a.pem",
            "b.der",
            "both.pem",
            "cut.der",
            "empty.crt",
            "notes",
            "store.p12",
            "without",
            "none.pem",
        ];
        assert_eq!(names, wanted.map(|name| format!("/{name}")));
        let problems = |place: usize| match &files[place].content {
            FileContent::Certificates(kept) => kept.problems.concat(),
            other => format!("{other:?}"),
        };
        assert!(problems(6).contains("PKCS #12"), "{}", problems(6));
        assert!(problems(8).starts_with("Failed"), "what is named and not there is told");
        assert_eq!(read.source.broken_off, None);
    }

    /// A long file is looked at to its end, however its name ends.
    #[test]
    fn a_certificate_far_behind_the_beginning_of_a_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let block = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        for (name, before) in [("across", (4 << 20) - 9), ("behind", 9 << 20), ("none", 0)] {
            let mut octets = vec![b'#'; before];
            octets.extend(if name == "none" { &b"nothing"[..] } else { block });
            std::fs::write(folder.path().join(name), octets).unwrap();
        }
        let read = read(&[folder.path().to_str().unwrap().to_owned()]);
        let Told::Files(files) = &read.source.told else { panic!() };
        let names: Vec<&str> = files.iter().filter_map(|file| file.path.rsplit('/').next()).collect();
        assert_eq!(names, ["across", "behind"]);
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
