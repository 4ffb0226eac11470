//! Every certificate of a file, however it is wrapped: what is broken costs itself and nothing else. This is the lenient mode
//! of reading, for files of others that are searched; [`super::certificate_ders`] is the strict one, over the same blocks.
//!
//! PEM with anything around it (RFC 7468; also `TRUSTED CERTIFICATE`, OpenSSL's own), DER, and the certificates of PKCS #7
//! and CMS (RFC 5652 section 5.1), in PEM or DER.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::der::{self, OBJECT_IDENTIFIER, Reader, SEQUENCE, constructed};
use super::pem::{BlockFault, Blocks, MAX_CERTIFICATES};

/// id-signedData, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// The labels of blocks with certificates.
pub const LABELS: [&str; 5] = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS"];

/// The certificates of a file, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// DER, in order; whether they can be read is another matter.
    pub ders: Vec<Vec<u8>>,
    /// What could not be read.
    pub problems: Vec<BundleError>,
}

/// Why a part of a file gave no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Neither DER nor PEM.
    #[error("this is no certificate: it is neither DER nor has a PEM block “CERTIFICATE” or “PKCS7”")]
    NotACertificate,
    /// A PEM block that cannot be decoded.
    #[error("the PEM block that begins in line {line} is not base64")]
    BadPem {
        /// The line of its header.
        line: usize,
    },
    /// A PEM block without its end.
    #[error("the PEM block that begins in line {line} has no end")]
    UnendedPem {
        /// The line of its header.
        line: usize,
    },
    /// PKCS #7 or CMS whose certificates cannot be taken out.
    #[error("its PKCS #7 cannot be read: {0}")]
    Pkcs7(&'static str),
    /// More than [`MAX_CERTIFICATES`].
    #[error("the file has more than {MAX_CERTIFICATES} certificates; the first are read")]
    TooMany,
}

impl Bundle {
    /// Reads every certificate of a file.
    pub fn read(octets: &[u8]) -> Self {
        let mut bundle = Self::default();
        if octets.iter().all(u8::is_ascii_whitespace) {
            bundle.problems.push(BundleError::Empty);
            return bundle;
        }
        let behind = bundle.read_der(octets);
        if behind.len() == octets.len() || !is_blank(behind) {
            let found = bundle.ders.len().saturating_add(bundle.problems.len());
            bundle.read_pem(behind);
            if bundle.ders.len().saturating_add(bundle.problems.len()) == found {
                bundle.take_der(behind);
            }
        }
        if bundle.ders.len() > MAX_CERTIFICATES {
            bundle.ders.truncate(MAX_CERTIFICATES);
            bundle.problems.push(BundleError::TooMany);
        }
        bundle
    }

    /// Reads what stands in DER at the beginning, one behind the other, and gives what is behind it. Whatever a certificate
    /// holds as text, a block in PEM too, is a part of it; from what is none on, blocks are read as well.
    fn read_der<'o>(&mut self, octets: &'o [u8]) -> &'o [u8] {
        let mut rest = octets;
        let mut other = None;
        while self.ders.len() <= MAX_CERTIFICATES && is_long_sequence(rest) {
            let mut reader = Reader::new(rest);
            let Ok(element) = reader.element() else {
                // Where it ends is not known: it may be cut off, or BER.
                self.take_der(rest);
                other = other.or(Some(rest));
                rest = &[];
                break;
            };
            if !begins_as_der(element.whole) {
                other = other.or(Some(rest));
            }
            self.take_der(element.whole);
            rest = reader.rest();
        }
        let Some(other) = other else { return rest };
        let found = self.ders.len().saturating_add(self.problems.len());
        self.read_pem(other);
        if !is_blank(rest) && self.ders.len().saturating_add(self.problems.len()) == found {
            self.problems.push(BundleError::NotACertificate);
        }
        &[]
    }

    fn read_pem(&mut self, octets: &[u8]) {
        for block in Blocks::of(octets) {
            if self.ders.len() > MAX_CERTIFICATES {
                return;
            }
            let Some(kind) = LABELS.iter().position(|wanted| wanted.as_bytes() == block.label) else {
                continue;
            };
            match (block.decode(), kind) {
                (Err(BlockFault::NoEnd), _) => {
                    self.problems.push(BundleError::UnendedPem { line: block.line() });
                }
                (Err(BlockFault::NotBase64), _) => {
                    self.problems.push(BundleError::BadPem { line: block.line() });
                }
                (Ok(der), 0 | 1) => self.ders.push(der),
                (Ok(der), 2) => self.ders.push(without_trust(&der)),
                (Ok(der), _) => self.take_der(&der),
            }
        }
    }

    /// Takes a certificate, or those of PKCS #7. What has the form of neither, as keys and their stores have, is not taken.
    fn take_der(&mut self, der: &[u8]) {
        match signed_data(der) {
            None if is_like_a_certificate(der) => self.ders.push(der.to_vec()),
            None => self.problems.push(BundleError::NotACertificate),
            Some(Ok(ders)) if ders.is_empty() => {
                self.problems.push(BundleError::Pkcs7("there is no certificate in it"));
            }
            Some(Ok(ders)) => self.ders.extend(ders),
            Some(Err(_)) => self.problems.push(BundleError::Pkcs7("its frame is not DER, or is broken off")),
        }
    }
}

/// Whether octets begin as a certificate in DER does, or as PKCS #7 does.
pub fn begins_as_der(octets: &[u8]) -> bool {
    const INTEGER_WITH_MORE: u8 = 2;
    let Some(content) = content_of_sequence(octets) else { return false };
    if content.first() == Some(&OBJECT_IDENTIFIER) {
        return content.get(2..).is_some_and(|rest| rest.starts_with(SIGNED_DATA));
    }
    let Some(tbs) = content_of_sequence(content) else { return false };
    match tbs {
        // Version 3, or 2; or the serial number, which version 1 begins with. A request and a CRL begin with a short number.
        [0xa0, 0x03, der::INTEGER, 0x01, ..] => true,
        [der::INTEGER, length, ..] => *length > INTEGER_WITH_MORE && *length <= 0x21,
        _ => false,
    }
}

/// Whether octets begin as a SEQUENCE of more than 127 octets, or of a length that is not told: no text does.
fn is_long_sequence(octets: &[u8]) -> bool {
    matches!(octets, [SEQUENCE, 0x80..=0x84, ..])
}

/// Whether nothing stands there: blanks, and zeros as fill up a block or end what BER has no length of.
fn is_blank(octets: &[u8]) -> bool {
    octets.iter().all(|octet| octet.is_ascii_whitespace() || *octet == 0)
}

/// Whether octets begin as a certificate does, readable or not: with a SEQUENCE in a SEQUENCE that begins with a version or
/// a serial number. Private keys and their stores begin otherwise (RFC 5958, RFC 5915, RFC 8017 appendix A.1.2, RFC 7292).
fn is_like_a_certificate(octets: &[u8]) -> bool {
    let tbs = content_of_sequence(octets).and_then(content_of_sequence);
    tbs.and_then(<[u8]>::first).is_some_and(|tag| matches!(*tag, 0xa0 | der::INTEGER))
}

/// What stands in a SEQUENCE, as far as it is there.
fn content_of_sequence(octets: &[u8]) -> Option<&[u8]> {
    match octets {
        // BER has lengths that are not told (ITU-T X.690 section 8.1.3.6).
        [SEQUENCE, 0..=0x80, rest @ ..]
        | [SEQUENCE, 0x81, _, rest @ ..]
        | [SEQUENCE, 0x82, _, _, rest @ ..]
        | [SEQUENCE, 0x83, _, _, _, rest @ ..]
        | [SEQUENCE, 0x84, _, _, _, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The certificate of a block `TRUSTED CERTIFICATE`, without what OpenSSL writes behind it.
fn without_trust(der: &[u8]) -> Vec<u8> {
    let certificate = Reader::new(der).expect(SEQUENCE).map(|element| element.whole);
    certificate.unwrap_or(der).to_vec()
}

/// The certificates of SignedData (RFC 5652 section 5.1); `None` where it is something else.
fn signed_data(der: &[u8]) -> Option<Result<Vec<Vec<u8>>, der::DerError>> {
    let content = content_of_sequence(der).filter(|content| content.first() == Some(&OBJECT_IDENTIFIER))?;
    let is_signed = content.get(2..).is_some_and(|rest| rest.starts_with(SIGNED_DATA));
    Some(if is_signed { certificates_of(der) } else { Err(der::DerError::Truncated) })
}

fn certificates_of(der: &[u8]) -> Result<Vec<Vec<u8>>, der::DerError> {
    let mut info = Reader::new(der).expect(SEQUENCE)?.reader();
    info.expect(OBJECT_IDENTIFIER)?;
    let mut data = info.expect(constructed(0))?.reader().expect(SEQUENCE)?.reader();
    // The version, the digest algorithms, and what was signed.
    for _ in 0..3 {
        data.element()?;
    }
    let mut ders = Vec::new();
    if let Some(certificates) = data.optional(constructed(0))? {
        let mut certificates = certificates.reader();
        while !certificates.is_empty() && ders.len() <= MAX_CERTIFICATES {
            let element = certificates.element()?;
            // The others are attribute certificates, and forms that were given up.
            if element.tag == SEQUENCE {
                ders.push(element.whole.to_vec());
            }
        }
    }
    Ok(ders)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
    use openssl::pkey::PKey;
    use openssl::stack::Stack;
    use openssl::x509::X509;

    use super::super::{CertificateFileError, certificate_ders};
    use super::*;
    use crate::demo::authority::{CaCertificate, KeyAlgorithm};

    fn ca(name: &str) -> CaCertificate {
        let at = "2026-11-01T00:00:00Z".parse().unwrap();
        CaCertificate::root(name, KeyAlgorithm::P256, at).unwrap()
    }

    fn pem(label: &str, der: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
    }

    #[test]
    fn a_broken_block_costs_itself_alone() {
        let (one, other) = (ca("One"), ca("Other"));
        let text = format!(
            "subject=one\n{}-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n{}-----BEGIN CERTIFICATE-----\nMIIB",
            pem("CERTIFICATE", &one.der),
            pem("TRUSTED CERTIFICATE", &[&other.der[..], &[0x30, 0x00]].concat()),
        );
        let bundle = Bundle::read(text.as_bytes());
        assert_eq!(bundle.ders, [one.der.clone(), other.der.clone()]);
        assert_eq!(bundle.problems, [BundleError::BadPem { line: 5 }, BundleError::UnendedPem { line: 11 }]);
        let in_one_line = text.replace('\n', "");
        assert_eq!(Bundle::read(in_one_line.as_bytes()).ders, bundle.ders);
        assert_eq!(Bundle::read(text.replace('\n', "\r").as_bytes()).ders, bundle.ders);
        assert_eq!(Bundle::read(&one.der).ders, std::slice::from_ref(&one.der));
        assert_eq!(Bundle::read(b" \n").problems, [BundleError::Empty]);
        assert_eq!(Bundle::read(b"text").problems, [BundleError::NotACertificate]);
        let key = pem("PRIVATE KEY", b"key");
        assert_eq!(Bundle::read(key.as_bytes()).problems, [BundleError::NotACertificate]);
    }

    /// What both modes read is the same; where they differ, it is as each says of itself.
    #[test]
    fn the_strict_mode_reads_the_same_blocks_and_guesses_nothing() {
        let (one, other) = (ca("One"), ca("Other"));
        let both = pem("CERTIFICATE", &one.der) + &pem("X509 CERTIFICATE", &other.der);
        let strict = |text: &str| certificate_ders(text.as_bytes());
        let wrapped =
            format!("subject=one\r\n  {}{}", both.replace('\n', "\r\n"), pem("PRIVATE KEY", b"key"));
        for text in [&both, &wrapped, &both.replace('\n', "\r")] {
            let lenient = Bundle::read(text.as_bytes());
            assert_eq!((strict(text), lenient.problems), (Ok(lenient.ders), vec![]));
        }
        // What is quoted within a line, and what is wrapped otherwise, only the lenient mode takes.
        for text in [format!("> {}", pem("CERTIFICATE", &one.der)), pem("TRUSTED CERTIFICATE", &one.der)] {
            assert_eq!(strict(&text), Err(CertificateFileError::NotACertificate));
            assert_eq!(Bundle::read(text.as_bytes()).ders, std::slice::from_ref(&one.der));
        }
        // One broken block is an error there, and costs itself alone here.
        let broken = format!("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n{both}");
        assert_eq!(strict(&broken), Err(CertificateFileError::BadPem { line: 1 }));
        assert_eq!(Bundle::read(broken.as_bytes()).ders.len(), 2);
        let unended = format!("{both}-----BEGIN CERTIFICATE-----\nMIIB");
        assert!(matches!(strict(&unended), Err(CertificateFileError::UnendedPem { .. })));
        assert_eq!(strict(" \n"), Err(CertificateFileError::Empty));
    }

    /// A comment, a name, anything may hold text.
    #[test]
    fn a_block_within_a_certificate_hides_no_certificate() {
        let (one, other) = (ca("One"), ca("Other"));
        let harmless = pem("CERTIFICATE", &one.der);
        let tbs = der::wrap(SEQUENCE, &[&[0xa0, 3, 2, 1, 2], harmless.as_bytes()].concat());
        let whole = der::wrap(SEQUENCE, &tbs);
        assert_eq!(Bundle::read(&whole).ders, std::slice::from_ref(&whole));
        assert_eq!(super::super::certificate_ders(&whole).unwrap(), std::slice::from_ref(&whole));
        // Where its end is not known, both are there.
        let in_ber = [&[SEQUENCE, 0x80], &tbs[..], &[0, 0]].concat();
        for cut in [&whole[..whole.len() - 1], &in_ber] {
            assert_eq!(Bundle::read(cut).ders, [cut.to_vec(), one.der.clone()]);
        }
        // Found by fuzzing: what is no certificate hides none.
        let store =
            der::wrap(SEQUENCE, &[&b"\x06\x09odd-octet\n"[..], harmless.as_bytes(), &[0; 100]].concat());
        let read = Bundle::read(&[&store[..], &other.der].concat());
        assert_eq!(read.ders, [other.der.clone(), one.der.clone()]);
        assert_eq!(read.problems, [BundleError::Pkcs7("its frame is not DER, or is broken off")]);
        // One behind the other, in either form.
        let behind = [&one.der[..], &other.der, harmless.as_bytes()].concat();
        assert_eq!(Bundle::read(&behind).ders.len(), 3);
        let odd = Bundle::read(&[&one.der[..], b"more"].concat());
        assert_eq!((odd.ders, odd.problems), (vec![one.der.clone()], vec![BundleError::NotACertificate]));
        assert_eq!(Bundle::read(&[&one.der[..], b"\n"].concat()).problems, []);
    }

    #[test]
    fn what_begins_as_keys_and_their_stores_do_is_no_certificate() {
        let key = PKey::private_key_from_pem(ca("One").key.to_pem().as_bytes()).unwrap();
        let der = key.private_key_to_der().unwrap();
        let store = der::wrap(SEQUENCE, &[&[2, 1, 3][..], &der::wrap(SEQUENCE, &[7; 200])].concat());
        let in_ber = [&[SEQUENCE, 0x80][..], &store[3..], &[0, 0]].concat();
        for octets in [&der, &key.private_key_to_pkcs8().unwrap(), &store, &in_ber] {
            let read = Bundle::read(octets);
            assert_eq!((read.ders.len(), read.problems), (0, vec![BundleError::NotACertificate]));
        }
    }

    /// The PKCS #7 is OpenSSL's own.
    #[test]
    fn the_certificates_of_pkcs7_are_read() {
        let (one, other) = (ca("One"), ca("Other"));
        let mut stack = Stack::new().unwrap();
        stack.push(X509::from_der(&other.der).unwrap()).unwrap();
        let signer = X509::from_der(&one.der).unwrap();
        let key = PKey::private_key_from_pem(one.key.to_pem().as_bytes()).unwrap();
        let made = Pkcs7::sign(&signer, &key, &stack, b"content", Pkcs7Flags::BINARY).unwrap();
        let der = made.to_der().unwrap();
        let mut expected = vec![one.der.clone(), other.der.clone()];
        expected.sort();
        for octets in [der.clone(), made.to_pem().unwrap(), pem("CMS", &der).into_bytes()] {
            let mut bundle = Bundle::read(&octets);
            bundle.ders.sort();
            assert_eq!((bundle.ders, bundle.problems), (expected.clone(), vec![]));
        }
        assert!(begins_as_der(&der) && begins_as_der(&one.der));
        assert!(!begins_as_der(&key.private_key_to_der().unwrap()) && !begins_as_der(b"0123"));
        for cut in [100, der.len() - 1] {
            let bundle = Bundle::read(&der[..cut]);
            assert!(bundle.ders.is_empty() && bundle.problems.len() == 1, "{bundle:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..99)) {
            let _ = (Bundle::read(&octets), begins_as_der(&octets), certificate_ders(&octets));
        }
    }
}
