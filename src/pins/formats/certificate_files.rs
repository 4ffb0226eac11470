//! A certificate or a public key in a file of its own, PEM or DER.
//!
//! Sources: curl's manual page, `--pinnedpubkey` (a file in PEM or DER with a public key, compared with the key of the
//! leaf); Alamofire's `ServerTrustEvaluation.swift` and AFNetworking's `AFSecurityPolicy.m` (certificates of the bundle,
//! compared whole or by their keys, anywhere in the chain).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problems::Problems;
use super::{PinFormat, PinInput};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinFile, PinSource, PinValue,
    PositionRule, ProblemKind, Reading,
};
use crate::x509::der::{self, Reader};
use crate::x509::{Certificate, SpkiSha256, read_certificates};

/// The format's id.
pub(super) const ID: &str = "certificate-files";
/// More certificates than this are a trust store, not pins.
const MOST_CERTIFICATES: usize = 20;
/// The line a PEM public key begins with.
const BEGIN_KEY: &str = "-----BEGIN PUBLIC KEY-----";
/// The line a PEM certificate begins with.
const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Certificates and public keys in files.
pub(super) struct CertificateFiles;

/// The endings of files of certificates and keys.
pub(super) const ENDINGS: [&str; 8] = ["pem", "crt", "cer", "der", "cert", "key", "pub", "ca-bundle"];

/// Whether a name has an ending that files of certificates and keys have, or none.
fn is_named_so(path: &str) -> bool {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.rsplit_once('.').is_none_or(|(_, ending)| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Whether a file begins a private key, by the label of its PEM; in packages that is nobody's pin.
fn is_private_key(input: &PinInput<'_>) -> bool {
    let begins = |line: &str| line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----");
    let text = input.text.as_deref().unwrap_or_default();
    !input.path.contains("!/") && text.lines().any(|line| begins(line.trim()))
}

impl PinFormat for CertificateFiles {
    fn id(&self) -> &'static str {
        ID
    }

    fn recognises(&self, input: &PinInput<'_>) -> bool {
        if !is_named_so(input.path) {
            return false;
        }
        if is_der(input.octets) {
            return true;
        }
        let text = input.text.as_deref().unwrap_or_default();
        is_private_key(input) || text.lines().any(|line| matches!(line.trim(), BEGIN_KEY | BEGIN_CERTIFICATE))
    }

    fn read(&self, input: &PinInput<'_>) -> Result<PinSource, String> {
        let mut problems = Problems::default();
        let mut entries = keys(input)?;
        let text = input.text.as_deref().unwrap_or_default();
        let is_pem = text.lines().any(|line| line.trim() == BEGIN_CERTIFICATE);
        if is_pem || Certificate::read(input.octets).is_ok() {
            let certificates = read_certificates(input.octets).map_err(|error| error.to_string())?;
            if certificates.len() > MOST_CERTIFICATES {
                let what = format!(
                    "it holds {} certificates, as trust stores do: whether an app pins them is not read here",
                    certificates.len()
                );
                problems.add(ProblemKind::NotRead, None, what);
            } else {
                entries.push(of_certificates(&certificates));
            }
        }
        if entries.is_empty() && !is_pem && is_private_key(input) {
            let what = "it holds a private key, and nothing that clients compare: who has the file has the key, which \
                        must not be shipped; its public half is written by “openssl pkey -in FILE -pubout”";
            problems.add(ProblemKind::NotRead, None, what.to_owned());
        } else if text.contains(" PRIVATE KEY-----") {
            let what = "it holds a private key; who has the file has the key, which must not be shipped";
            problems.add(ProblemKind::NoEffect, None, what.to_owned());
        }
        Ok(PinSource { entries, problems: problems.into_list(), ..PinSource::of(ID) })
    }

    /// Whatever host the file is used for; of one that was only found, the hosts that it names.
    fn applicable<'a>(&self, source: &'a PinSource, host: &str) -> Vec<&'a PinEntry> {
        source.entries.iter().filter(|entry| entry.scope.covers(host)).collect()
    }
}

/// Takes back what was said of a certificate or a key that nobody named: one that is found in a folder may be pinned, or
/// serve tests, or be nobody's. Where it holds servers' certificates alone, it is about the hosts that they name.
pub(in crate::pins) fn only_found(octets: &[u8], files: &mut [PinFile]) {
    for file in files.iter_mut().filter(|file| !file.file.contains("!/")) {
        let Reading::Read(source) = &mut file.reading else { continue };
        if source.format != ID {
            continue;
        }
        let why = "it was found in a folder, and that a client pins it was not seen".to_owned();
        for entry in &mut source.entries {
            entry.enforcement = Enforcement { mode: EnforcementMode::Unknown, why: why.clone() };
        }
        let Some(hosts) = named_hosts(octets) else { continue };
        let entries = std::mem::take(&mut source.entries);
        let is_of_certificates =
            |entry: &PinEntry| entry.pins.iter().all(|pin| matches!(pin.value, Ok(PinValue::Certificate(_))));
        for entry in entries {
            if is_of_certificates(&entry) {
                source
                    .entries
                    .extend(hosts.iter().map(|scope| PinEntry { scope: scope.clone(), ..entry.clone() }));
            } else {
                source.entries.push(entry);
            }
        }
    }
}

/// The hosts that servers' certificates name; `None` where one is a CA's, or names none, or more than are told apart.
fn named_hosts(octets: &[u8]) -> Option<Vec<HostPattern>> {
    const MOST: usize = 100;
    let certificates = read_certificates(octets).ok()?;
    let mut hosts = Vec::new();
    for certificate in &certificates {
        if certificate.is_ca || certificate.names.dns.is_empty() {
            return None;
        }
        for name in &certificate.names.dns {
            let base = name.base.as_str().to_owned();
            let host =
                if name.wildcard { HostPattern::OneLabelBelow(base) } else { HostPattern::Exactly(base) };
            if !hosts.contains(&host) {
                hosts.push(host);
            }
            if hosts.len() > MOST {
                return None;
            }
        }
    }
    (!hosts.is_empty()).then_some(hosts)
}

/// Whether a source is a store of many certificates, as systems and languages ship them.
pub(super) fn is_trust_store(source: &PinSource) -> bool {
    source.format == ID && source.entries.is_empty()
}

/// Whether these octets are a certificate or a public key in DER.
pub(super) fn is_der(octets: &[u8]) -> bool {
    octets.first() == Some(&der::SEQUENCE) && (is_public_key(octets) || Certificate::read(octets).is_ok())
}

/// One entry for the certificates of a file: each may match.
fn of_certificates(certificates: &[Certificate]) -> PinEntry {
    let pins = certificates
        .iter()
        .map(|certificate| {
            let value = PinValue::Certificate(certificate.sha256);
            Pin::new(&certificate.subject, Ok(value), PositionRule::Any, None)
        })
        .collect();
    let why = "where a client pins this file, a chain without any of its certificates is refused".to_owned();
    let guess = "the file does not say what it is used for; taken for whole certificates, which a renewal replaces, \
                 and not for their keys";
    PinEntry {
        pins,
        pin_set: Some(1),
        confidence: Confidence::Guessed(guess.to_owned()),
        ..PinEntry::of(HostPattern::Unstated, Enforcement { mode: EnforcementMode::Yes, why })
    }
}

/// An entry for each public key: curl takes one file for one key.
fn keys(input: &PinInput<'_>) -> Result<Vec<PinEntry>, String> {
    let mut found: Vec<(SpkiSha256, Option<usize>)> = Vec::new();
    if is_public_key(input.octets) {
        found.push((SpkiSha256::of(input.octets), None));
    } else if let Some(text) = input.text.as_deref() {
        for (der, line) in pem_keys(text)? {
            found.push((SpkiSha256::of(&der), Some(line)));
        }
    }
    let Some((_, line)) = found.first() else { return Ok(Vec::new()) };
    let line = *line;
    let pin = |(key, line): (SpkiSha256, Option<usize>)| {
        Pin::new(&key.to_string(), Ok(PinValue::Spki(key)), PositionRule::Leaf, line)
    };
    // curl reads the first key of a file and no other.
    let pins = found.into_iter().take(1).map(pin).collect();
    let why = "curl refuses a server whose own key is not the one of the file".to_owned();
    let guess = "read as curl reads a key file (--pinnedpubkey): the server's own key alone".to_owned();
    Ok(vec![PinEntry {
        pins,
        pin_set: Some(1),
        line,
        confidence: Confidence::Guessed(guess),
        ..PinEntry::of(HostPattern::Unstated, Enforcement { mode: EnforcementMode::Yes, why })
    }])
}

/// The octets of each PEM public key, with the line it begins on.
pub(super) fn pem_keys(text: &str) -> Result<Vec<(Vec<u8>, usize)>, String> {
    const MOST: usize = 1000;
    let mut keys = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (line, number) in text.lines().zip(1_usize..) {
        let line = line.trim();
        if line == BEGIN_KEY {
            open = Some((number, String::new()));
        } else if line.starts_with("-----END ") {
            let Some((begin, base64)) = open.take() else { continue };
            let der = STANDARD.decode(base64).map_err(|_| format!("line {begin}: the PEM is no base64"))?;
            if !is_public_key(&der) {
                return Err(format!("line {begin}: the block holds no SubjectPublicKeyInfo"));
            }
            keys.push((der, begin));
            if keys.len() > MOST {
                return Err(format!("it has more than {MOST} keys"));
            }
        } else if let Some((_, base64)) = &mut open {
            base64.push_str(line);
        }
    }
    match open {
        Some((begin, _)) => Err(format!("line {begin}: the PEM block has no end")),
        None => Ok(keys),
    }
}

/// Whether these octets are a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
pub(super) fn is_public_key(octets: &[u8]) -> bool {
    let read = || {
        let mut outer = Reader::new(octets);
        let mut info = outer.expect(der::SEQUENCE)?.reader();
        outer.finish()?;
        let mut algorithm = info.expect(der::SEQUENCE)?.reader();
        algorithm.expect(der::OBJECT_IDENTIFIER)?;
        info.expect(der::BIT_STRING)?;
        info.finish()
    };
    read().is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::{Reading, formats};
    use crate::x509::CertificateSha256;

    /// A certificate and its public key, both DER, made by another implementation.
    pub(in crate::pins::formats) fn certificate() -> (Vec<u8>, Vec<u8>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        (
            parameters.self_signed(&key).unwrap().der().to_vec(),
            rcgen::PublicKeyData::subject_public_key_info(&key),
        )
    }

    pub(in crate::pins::formats) fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    fn read(path: &str, octets: &[u8]) -> PinSource {
        match formats::tests::only(path, octets) {
            Reading::Read(source) => source,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_file_is_read_as_curl_reads_it() {
        let (_, key) = certificate();
        for (path, octets) in [("key.pem", pem("PUBLIC KEY", &key).into_bytes()), ("key.der", key.clone())] {
            let source = read(path, &octets);
            let pin = &source.entries[0].pins[0];
            assert_eq!(pin.spki(), Some(&SpkiSha256::of(&key)));
            assert_eq!(pin.position, PositionRule::Leaf);
        }
    }

    #[test]
    fn a_certificate_is_a_pin_of_itself() {
        let (certificate, _) = certificate();
        for (path, octets) in
            [("a.crt", pem("CERTIFICATE", &certificate).into_bytes()), ("a.cer", certificate.clone())]
        {
            let source = read(path, &octets);
            let expected = PinValue::Certificate(CertificateSha256::of(&certificate));
            assert_eq!(source.entries[0].pins[0].value, Ok(expected));
            assert!(matches!(source.entries[0].confidence, Confidence::Guessed(_)));
        }
    }

    #[test]
    fn private_keys_and_trust_stores_are_told() {
        let (certificate, _) = certificate();
        let both = pem("CERTIFICATE", &certificate) + &pem("PRIVATE KEY", b"x");
        assert!(read("a.pem", both.as_bytes()).problems[0].what.contains("private key"));
        let alone = read("server.key", pem("EC PRIVATE KEY", b"x").as_bytes());
        assert!(alone.entries.is_empty() && alone.problems[0].kind == ProblemKind::NotRead, "{alone:?}");
        assert!(alone.problems[0].what.contains("private key"));
        let store = pem("CERTIFICATE", &certificate).repeat(21);
        let source = read("store.pem", store.as_bytes());
        assert_eq!(source.problems[0].kind, ProblemKind::NotRead);
        assert!(source.entries.is_empty());
    }

    #[test]
    fn what_is_damaged_or_something_else() {
        let (certificate, _) = certificate();
        let text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(formats::tests::only("x.pem", text.as_bytes()), Reading::NotWellFormed { .. }));
        let code = pem("CERTIFICATE", &certificate);
        assert_eq!(formats::tests::only("x.yaml", code.as_bytes()), Reading::NotRecognised);
        let key = pem("PUBLIC KEY", b"\x30\x03\x02\x01\x01");
        assert!(matches!(formats::tests::only("x.pem", key.as_bytes()), Reading::NotWellFormed { .. }));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = formats::read("x.der", &[b"\x30".as_slice(), &octets].concat());
            let _ = formats::read("x.pem", pem("PUBLIC KEY", &octets).as_bytes());
        }
    }
}
