//! Files of certificates as a source: what the user has of what was issued.
//!
//! Certificates of CAs among them tell who issued the others. A certificate that cannot be read is reported all the same,
//! with its octets: what can be read of it may name somebody.

use sha2::{Digest as _, Sha256};

use super::issuers::Issuers;
use super::names::{Form, NameField, scan};
use super::reported::{Coverage, ReportedCertificate, Seen, SourceKind, SourceReading};
use crate::evidence::Bytes;
use crate::evidence::file::{FileCertificates, FileContent, InputFile};
use crate::evidence::issuance::IssuanceSource;
use crate::evidence::private_key::{is_pkcs12, is_private_key};
use crate::x509::{Bundle, Certificate};

/// The most certificates that are read from all files together.
const MOST: usize = 200_000;

/// The most problems that are told of a file.
const MOST_PROBLEMS: usize = 10;

/// Reads what files report.
pub fn read(source: &IssuanceSource, files: &[InputFile]) -> SourceReading {
    let mut problems = Vec::new();
    let mut failed: usize = 0;
    let mut read: Vec<(&InputFile, Vec<u8>)> = Vec::new();
    for file in files {
        let (ders, why) = certificates(file);
        failed = failed.saturating_add(usize::from(!why.is_empty()));
        problems.extend(why.into_iter().map(|why| format!("{}: {why}", file.path)));
        read.extend(ders.into_iter().map(|der| (file, der)));
    }
    let all = read.len();
    read.truncate(MOST);
    let mut issuers = Issuers::default();
    let mut leaves = Vec::new();
    for (file, der) in read {
        match Certificate::read(&der) {
            Ok(certificate) => {
                let is_ca = certificate.is_ca;
                if is_ca {
                    issuers.add(certificate.clone());
                }
                // A CA's certificate for a host is the gravest that there can be.
                if !is_ca || may_be_of_a_host(&der) {
                    leaves.push((file, der, Some(certificate)));
                }
            }
            Err(_) => leaves.push((file, der, None)),
        }
    }
    let certificates: Vec<ReportedCertificate> =
        leaves.into_iter().map(|(file, der, read)| reported(file, der, read.as_ref(), &issuers)).collect();
    let mut lacks = Vec::new();
    if all > MOST {
        lacks.push(format!("the files hold {all} certificates, of which the first {MOST} are read"));
    }
    if failed > 0 {
        lacks.push(format!("{failed} of {} files could not be read, or not to their ends", files.len()));
    }
    lacks.extend(source.broken_off.clone());
    let coverage = match (all, lacks.is_empty()) {
        (0, true) => Coverage::NoData("there is no certificate in them".to_owned()),
        (0, false) => Coverage::NoData(format!("there is no certificate in them; {}", lacks.join("; "))),
        (_, true) => Coverage::Whole,
        (_, false) => Coverage::Part(lacks.join("; ")),
    };
    SourceReading {
        source: SourceKind::Files,
        place: source.place.clone(),
        asked_at: source.asked_at,
        coverage,
        current_to: None,
        scope: "Only what these files hold; what else was issued they cannot tell.".to_owned(),
        certificates,
        problems,
    }
}

/// What is kept of a file: its certificates, and what of it could not be read.
pub fn kept(octets: &[u8]) -> FileCertificates {
    let (ders, problems) = certificates_of(octets);
    FileCertificates {
        sha256: Bytes(Sha256::digest(octets).to_vec()),
        length: octets.len(),
        ders: ders.into_iter().map(Bytes).collect(),
        problems,
    }
}

/// The certificates of a file, DER, and what of it could not be read.
fn certificates(file: &InputFile) -> (Vec<Vec<u8>>, Vec<String>) {
    match &file.content {
        FileContent::Read(octets) => certificates_of(octets),
        FileContent::Certificates(kept) => {
            (kept.ders.iter().map(|der| der.0.clone()).collect(), kept.problems.clone())
        }
        FileContent::Failed(why) => (Vec::new(), vec![why.clone()]),
    }
}

fn certificates_of(octets: &[u8]) -> (Vec<Vec<u8>>, Vec<String>) {
    const KEY: &str = "it is a private key, and no certificate";
    const STORE: &str =
        "it is PKCS #12, which is not read: `openssl pkcs12 -nokeys -in FILE` writes its certificates as PEM";
    if is_private_key(octets) {
        return (Vec::new(), vec![KEY.to_owned()]);
    }
    if is_pkcs12(octets) {
        return (Vec::new(), vec![STORE.to_owned()]);
    }
    let bundle = Bundle::read(octets);
    let more = bundle.problems.len().saturating_sub(MOST_PROBLEMS);
    let mut problems: Vec<String> =
        bundle.problems.iter().take(MOST_PROBLEMS).map(ToString::to_string).collect();
    if more > 0 {
        problems.push(format!("{more} more of its blocks cannot be read"));
    }
    // What calls itself a certificate and is a key is kept no more than a key.
    let (secrets, ders): (Vec<_>, Vec<_>) =
        bundle.ders.into_iter().partition(|der| is_private_key(der) || is_pkcs12(der));
    if !secrets.is_empty() {
        problems.push(format!("{} of its blocks “CERTIFICATE” are private keys", secrets.len()));
    }
    (ders, problems)
}

/// Whether a CA's certificate may be one for a host: any name stands in its subjectAltName, its common name is no title of
/// several words, or not all of it can be read.
fn may_be_of_a_host(der: &[u8]) -> bool {
    let mut is_named = false;
    let scanned = scan(der, Form::Certificate, &mut |claimed| {
        let words = || claimed.octets.trim_ascii().iter().any(u8::is_ascii_whitespace);
        is_named |= claimed.field != NameField::CommonName || claimed.octets.contains(&b'.') && !words();
    });
    is_named || scanned.is_err()
}

fn reported(
    file: &InputFile,
    der: Vec<u8>,
    read: Option<&Certificate>,
    issuers: &Issuers,
) -> ReportedCertificate {
    let chain = read.map(|certificate| issuers.above(certificate)).unwrap_or_default();
    let is_precertificate = read.is_some_and(|certificate| certificate.is_precertificate);
    let (certificate, precertificate) =
        if is_precertificate { (None, Some(Bytes(der))) } else { (Some(Bytes(der)), None) };
    ReportedCertificate {
        certificate,
        precertificate,
        chain: chain.into_iter().map(|issuer| Bytes(issuer.der().to_vec())).collect(),
        seen: vec![Seen { place: file.path.clone(), index: None, at: None }],
        ..ReportedCertificate::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::authority::{CaCertificate, KeyAlgorithm};
    use crate::evidence::issuance::Told;

    fn read_files(files: &[(&str, &[u8])]) -> SourceReading {
        let files: Vec<InputFile> = files
            .iter()
            .map(|(path, octets)| InputFile {
                path: (*path).to_owned(),
                content: FileContent::Read(Bytes(octets.to_vec())),
                folder: None,
            })
            .collect();
        let source = IssuanceSource {
            asked_at: "2026-11-01T00:00:00Z".parse().unwrap(),
            place: "files".to_owned(),
            broken_off: None,
            told: Told::Files(Vec::new()),
        };
        read(&source, &files)
    }

    /// The certificate that is made by hand most often is a CA's, and has a common name alone.
    #[test]
    fn a_cas_certificate_that_may_be_of_a_host_is_reported() {
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        for (common_name, count) in [
            ("t.example", 1),
            ("*.t.example", 1),
            (" t.example:8443/ ", 1),
            ("Root CA of t.example", 0),
            ("CA", 0),
        ] {
            let ca = CaCertificate::root(common_name, KeyAlgorithm::P256, at).unwrap();
            let told = read_files(&[("ca", &ca.der)]);
            assert_eq!(told.certificates.len(), count, "{common_name}");
            assert_eq!(told.coverage, Coverage::Whole);
        }
        for name in ["t.example", "t.example:8443", "x.invalid.t.example/"] {
            let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
            let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let told = read_files(&[("ca", made.der())]);
            assert_eq!(told.certificates.len(), 1, "{name}");
            assert_eq!(told.certificates[0].chain.len(), 1, "it is a CA's all the same");
        }
    }

    /// What is kept of a file is judged as the file is.
    #[test]
    fn of_a_file_its_certificates_are_kept_and_nothing_else() {
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("t.example", KeyAlgorithm::P256, at).unwrap();
        let text = format!(
            "password = hunter2\n{}-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n{}",
            ca.to_pem(),
            ca.key.to_pem().replace("PRIVATE KEY", "CERTIFICATE")
        );
        let content = FileContent::Certificates(kept(text.as_bytes()));
        let saved = serde_json::to_string(&content).unwrap();
        let FileContent::Certificates(again) = serde_json::from_str(&saved).unwrap() else { panic!() };
        assert_eq!((again.ders, again.length), (vec![Bytes(ca.der.clone())], text.len()));
        let why = ["the PEM block that begins in line", "1 of its blocks “CERTIFICATE” are private keys"];
        assert_eq!(again.problems.len(), 2, "{:?}", again.problems);
        assert!(
            why.iter().zip(&again.problems).all(|(why, told)| told.starts_with(why)),
            "{:?}",
            again.problems
        );
        let file = |content| InputFile { path: "a".to_owned(), content, folder: None };
        let read = file(FileContent::Read(Bytes(text.into_bytes())));
        assert_eq!(certificates(&file(content)), certificates(&read));
    }

    #[test]
    fn what_gives_no_certificate_is_named_and_makes_it_a_part() {
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        let ca = CaCertificate::root("CA", KeyAlgorithm::P256, at).unwrap();
        let good = ca.to_pem();
        let broken = format!("-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n{good}");
        let stranger: &[u8] = &[0x30, 0x09, 2, 1, 1, 4, 4, 1, 2, 3, 4];
        assert_eq!(read_files(&[("good", good.as_bytes())]).coverage, Coverage::Whole);
        for (octets, why) in [
            (broken.as_bytes(), "the PEM block that begins in line 1 is not base64"),
            (b"", "the file is empty"),
            (stranger, "it is a private key"),
        ] {
            let told = read_files(&[("good", good.as_bytes()), ("odd", octets)]);
            assert!(matches!(told.coverage, Coverage::Part(_)), "{told:?}");
            assert!(told.problems[0].starts_with(&format!("odd: {why}")), "{told:?}");
        }
        assert_eq!(read_files(&[("broken", broken.as_bytes())]).certificates.len(), 0, "a CA's is no leaf");
        assert!(matches!(read_files(&[("odd", stranger)]).coverage, Coverage::NoData(_)));
        assert!(matches!(read_files(&[]).coverage, Coverage::NoData(_)));
    }
}
