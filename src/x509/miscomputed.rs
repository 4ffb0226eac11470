//! What people hash instead of a SubjectPublicKeyInfo: the values that stand where a pin should.
//!
//! A pin is SHA-256 over the SubjectPublicKeyInfo, header included (RFC 7469 section 2.4). Each function of the
//! usual platforms gives something a little different: `SecKeyCopyExternalRepresentation` the key without its header,
//! `openssl x509 -fingerprint` the whole certificate, a shell pipeline the text instead of the octets.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};

use super::SpkiSha256;
use super::certificate::{Certificate, raw_key};
use super::der::{self, Reader};
use super::hash::sha1;
use super::parts::Parts;

/// What was hashed in place of a SubjectPublicKeyInfo, or by which other hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Miscomputed {
    /// SHA-1 over the SubjectPublicKeyInfo.
    SpkiSha1,
    /// SHA-512 over the SubjectPublicKeyInfo.
    SpkiSha512,
    /// SHA-256 over the PEM text of the SubjectPublicKeyInfo.
    SpkiPemText,
    /// SHA-256 over the base64 text of the SubjectPublicKeyInfo.
    SpkiBase64Text,
    /// SHA-256 over the bits of the key, without the header.
    RawKey,
    /// SHA-1 over the bits of the key: the usual subject key identifier.
    RawKeySha1,
    /// SHA-256 over the key behind the header of another kind of key.
    WrongHeader(KeyHeader),
    /// SHA-256 over the modulus of an RSA key.
    Modulus,
    /// SHA-256 over an elliptic curve point in its compressed form.
    CompressedPoint,
    /// SHA-256 over the coordinates of an elliptic curve point, without the octet 04 before them.
    Coordinates,
    /// SHA-256 over the whole certificate.
    Certificate,
    /// SHA-1 over the whole certificate.
    CertificateSha1,
    /// SHA-256 over the PEM text of the certificate.
    CertificatePemText,
    /// SHA-256 over the signed part of the certificate.
    Tbs,
}

/// The headers that pinning code has as constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyHeader {
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 4096 bits.
    Rsa4096,
    /// The elliptic curve P-256.
    P256,
    /// The elliptic curve P-384.
    P384,
}

impl Miscomputed {
    /// How many octets the hash has.
    pub fn hash_length(self) -> usize {
        match self {
            Self::SpkiSha1 | Self::RawKeySha1 | Self::CertificateSha1 => 20,
            Self::SpkiSha512 => 64,
            _ => 32,
        }
    }
}

impl KeyHeader {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::P256, Self::P384];

    /// The octets before the key's bits in a SubjectPublicKeyInfo (RFC 3279 section 2.3.1, RFC 5480 section 2.1).
    fn octets(self) -> &'static [u8] {
        match self {
            Self::Rsa2048 => b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00",
            Self::Rsa3072 => b"\x30\x82\x01\xa2\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x8f\x00",
            Self::Rsa4096 => b"\x30\x82\x02\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x02\x0f\x00",
            Self::P256 => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00",
            Self::P384 => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00",
        }
    }

    /// The kind of key, for people.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
            Self::P256 => "EC P-256",
            Self::P384 => "EC P-384",
        }
    }
}

/// Every value that is hashed from a SubjectPublicKeyInfo by mistake; none of them is the pin.
pub fn of_key(spki: &[u8]) -> Vec<(Miscomputed, Vec<u8>)> {
    let text = STANDARD.encode(spki);
    let mut values = vec![
        (Miscomputed::SpkiSha1, sha1(spki).to_vec()),
        (Miscomputed::SpkiSha512, Sha512::digest(spki).to_vec()),
        (Miscomputed::SpkiPemText, sha256(pem("PUBLIC KEY", &text).as_bytes())),
        (Miscomputed::SpkiBase64Text, sha256(text.as_bytes())),
    ];
    let Some(raw) = raw_key(spki) else { return values };
    values.push((Miscomputed::RawKey, sha256(raw)));
    values.push((Miscomputed::RawKeySha1, sha1(raw).to_vec()));
    for header in KeyHeader::ALL {
        let whole = [header.octets(), raw].concat();
        if whole != spki {
            values.push((Miscomputed::WrongHeader(header), sha256(&whole)));
        }
    }
    if let Some(modulus) = modulus(raw) {
        values.push((Miscomputed::Modulus, sha256(modulus)));
    }
    if let Some((0x04, coordinates)) = raw.split_first().map(|(form, rest)| (*form, rest)) {
        values.push((Miscomputed::Coordinates, sha256(coordinates)));
        let half = coordinates.len() / 2;
        if let (Some(x), Some(last)) = (coordinates.get(..half), coordinates.last()) {
            let form = if last & 1 == 0 { 0x02 } else { 0x03 };
            values.push((Miscomputed::CompressedPoint, sha256(&[&[form], x].concat())));
        }
    }
    values
}

/// Every value that is hashed from a whole certificate by mistake, and its signed part.
pub fn of_certificate(der: &[u8], tbs: &[u8]) -> Vec<(Miscomputed, Vec<u8>)> {
    let text = STANDARD.encode(der);
    vec![
        (Miscomputed::Certificate, sha256(der)),
        (Miscomputed::CertificateSha1, sha1(der).to_vec()),
        (Miscomputed::CertificatePemText, sha256(pem("CERTIFICATE", &text).as_bytes())),
        (Miscomputed::Tbs, sha256(tbs)),
    ]
}

/// Every value that is hashed from a certificate or its key by mistake.
pub fn all(certificate: &Certificate) -> Vec<(Miscomputed, Vec<u8>)> {
    let Ok(parts) = certificate.parts() else { return Vec::new() };
    let mut values = of_key(parts.spki);
    values.extend(of_certificate(parts.whole, parts.tbs));
    values
}

/// The hash of the key in octets that are a SubjectPublicKeyInfo or a certificate.
pub fn key_in(octets: &[u8]) -> Option<SpkiSha256> {
    if let Ok(parts) = Parts::read(octets) {
        return Some(SpkiSha256::of(parts.spki));
    }
    let mut reader = Reader::new(octets);
    let whole = reader.expect(der::SEQUENCE).ok()?.whole;
    reader.finish().ok()?;
    raw_key(whole).map(|_| SpkiSha256::of(whole))
}

/// The modulus of an RSAPublicKey, without the zero that stands for its sign (RFC 8017 appendix A.1.1).
fn modulus(raw: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(raw).expect(der::SEQUENCE).ok()?.reader();
    let modulus = fields.expect(der::INTEGER).ok()?.content;
    Some(modulus.strip_prefix(&[0]).unwrap_or(modulus))
}

/// As OpenSSL writes it: lines of 64 symbols, and a line feed after the last.
fn pem(label: &str, base64: &str) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64;
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = more;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn sha256(octets: &[u8]) -> Vec<u8> {
    Sha256::digest(octets).to_vec()
}
