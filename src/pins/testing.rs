//! What tests of judging and of the rules share.

use super::{PinFile, Question};
use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};
use crate::x509::{CertificateSha256, ChainPosition, Fingerprints, PathCertificate, SpkiSha256};

/// A path whose keys hash to those of the texts “leaf”, “intermediate” and “root”.
pub(crate) fn path() -> Vec<PathCertificate> {
    [
        (ChainPosition::Leaf, "leaf"),
        (ChainPosition::Intermediate, "intermediate"),
        (ChainPosition::Root, "root"),
    ]
    .map(|(position, name)| PathCertificate {
        position,
        spki_sha256: SpkiSha256::of(name.as_bytes()),
        sha256: CertificateSha256::of(name.as_bytes()),
        subject: format!("CN={name}"),
        fingerprints: Fingerprints::default(),
    })
    .into()
}

/// What is asked about a host over a path, with one key beside it.
pub(crate) fn question<'a>(host: Option<&'a str>, path: Option<&'a [PathCertificate]>) -> Question<'a> {
    static OFF_PATH: std::sync::LazyLock<[SpkiSha256; 1]> =
        std::sync::LazyLock::new(|| [SpkiSha256::of(b"cross")]);
    Question {
        host,
        path,
        off_path: OFF_PATH.as_slice(),
        paths: &[],
        certificates: &[],
        service: None,
        at: "2026-11-21T00:00:00Z".parse().unwrap(),
        known_ca: &|_| None,
    }
}

/// Files as they are read, by their paths and texts; `is_folder`: they were found in one folder.
pub(crate) fn files(texts: &[(&str, &str)], is_folder: bool) -> Vec<PinFile> {
    let file = |(path, text): &(&str, &str)| InputFile {
        path: (*path).to_owned(),
        content: FileContent::Read(Bytes(text.as_bytes().to_vec())),
        folder: is_folder.then(String::new),
    };
    PinFile::of_all(&texts.iter().map(file).collect::<Vec<_>>())
}
