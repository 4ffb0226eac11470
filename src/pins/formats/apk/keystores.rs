//! Keystores: the certificates that one trusts. Passwords are never guessed; where the password only keys the
//! integrity of certificates, they are read without it, and what is encrypted is said not to be read.
//!
//! Sources: OpenJDK `sun.security.provider.JavaKeyStore` (JKS, and JCEKS of the same form), BouncyCastle
//! `BcKeyStoreSpi` (BKS, versions 1 and 2), RFC 7292 (PKCS#12).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::x509::Certificate;
use crate::x509::der::{self, Reader};

/// The most certificates of one keystore.
pub(super) const MOST: usize = 1_000;
/// The most certificates of one chain, and the most entries that hold none.
const MOST_OTHERS: usize = 10_000;

const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
/// The octets of the HMAC with SHA-1 at the end of a BKS keystore.
const BKS_MAC: usize = 20;

// Object identifiers of RFC 5652, RFC 7292 and RFC 2985, without tag and length.
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
const CERTIFICATE_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";

/// What a keystore has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Keystore {
    /// The certificates it trusts. Those of the chain of a private key are a client's own, and no pins.
    pub(super) certificates: Vec<Certificate>,
    /// What is there and not read, if anything.
    pub(super) not_read: Option<String>,
}

/// Reads a keystore, whose form its octets tell; the error says why it is not read.
pub(super) fn read(octets: &[u8]) -> Result<Keystore, String> {
    let mut cursor = Cursor { octets };
    match octets.first_chunk::<4>() {
        Some(&(JKS | JCEKS)) => cursor.jks().ok_or_else(|| "the JKS keystore is damaged".to_owned()),
        Some([0, 0, 0, 1 | 2]) => cursor.bks().ok_or_else(|| {
            "a BKS keystore that is damaged, or one in the UBER form, which is encrypted as a whole"
                .to_owned()
        }),
        Some([der::SEQUENCE, ..]) => pkcs12(octets),
        _ => Err("a keystore in a form that is not read here".to_owned()),
    }
}

/// What is left of a keystore.
struct Cursor<'a> {
    octets: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.octets.split_at_checked(count)?;
        self.octets = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<usize> {
        let number = u32::from_be_bytes(*self.take(4)?.first_chunk()?);
        usize::try_from(number).ok()
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.take(2)?.first_chunk()?);
        self.take(usize::from(length))
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    /// JKS: a list of private keys (1), each with the chain of its own certificate, and trusted certificates (2).
    fn jks(&mut self) -> Option<Keystore> {
        self.take(4)?;
        let version = self.number()?;
        let mut found = Keystore::default();
        for _ in 0..self.number()? {
            let tag = self.number()?;
            self.text()?;
            self.take(8)?;
            let count = match tag {
                1 => {
                    self.block()?;
                    self.number()?
                }
                2 => 1,
                // JCEKS: a secret key, as a Java object without a length.
                3 => {
                    found.not_read = Some("what stands behind a secret key in it is not read".to_owned());
                    return Some(found);
                }
                _ => return None,
            };
            for _ in 0..count {
                if version > 1 {
                    self.text()?;
                }
                let der = self.block()?;
                if tag == 2 {
                    found.certificates.push(Certificate::read(der).ok()?);
                }
                if found.is_full() {
                    return Some(found);
                }
            }
        }
        Some(found)
    }

    /// BKS: entries up to an octet 0, then a MAC. Each entry has a name, a time and a chain, and then a trusted
    /// certificate (1), a key (2), a secret (3) or a sealed key (4).
    fn bks(&mut self) -> Option<Keystore> {
        self.take(4)?;
        self.block()?;
        self.take(4)?;
        let mut found = Keystore::default();
        for _ in 0..MOST_OTHERS {
            let tag = self.octet()?;
            if tag == 0 {
                return (self.octets.len() == BKS_MAC).then_some(found);
            }
            self.text()?;
            self.take(8)?;
            let chain = self.number()?;
            // Each has two lengths at least.
            if chain > self.octets.len() {
                return None;
            }
            for _ in 0..chain {
                self.text()?;
                self.block()?;
            }
            match tag {
                1 => {
                    let kind = self.text()?;
                    let der = self.block()?;
                    if kind == b"X.509" || kind == b"X509" {
                        found.certificates.push(Certificate::read(der).ok()?);
                    } else {
                        found.not_read = Some("it has a certificate that is none of X.509".to_owned());
                    }
                }
                2 => {
                    self.octet()?;
                    self.text()?;
                    self.text()?;
                    self.block()?;
                }
                3 | 4 => {
                    self.block()?;
                }
                _ => return None,
            }
            if found.is_full() {
                return Some(found);
            }
        }
        found.not_read = Some(format!("it has more than {MOST_OTHERS} entries; the rest is not read"));
        Some(found)
    }
}

impl Keystore {
    /// Whether it has more than are listed.
    fn is_full(&mut self) -> bool {
        let is_full = self.certificates.len() > MOST;
        if is_full {
            self.not_read = Some(format!("it has more than {MOST} certificates; the rest is not listed"));
        }
        is_full
    }

    /// The bags of a PKCS#12 file that are not encrypted.
    fn bags(&mut self, contents: &[u8]) -> Option<()> {
        let mut bags = one(contents)?.reader();
        while !bags.is_empty() && !self.is_full() {
            let mut bag = bags.expect(der::SEQUENCE).ok()?.reader();
            let kind = bag.expect(der::OBJECT_IDENTIFIER).ok()?.content;
            let value = bag.expect(der::constructed(0)).ok()?;
            // A certificate that belongs to a key in the file is a client's own.
            if kind != CERTIFICATE_BAG || has(bag.rest(), LOCAL_KEY_ID) {
                continue;
            }
            let mut certificate = one(value.content)?.reader();
            if certificate.expect(der::OBJECT_IDENTIFIER).ok()?.content == X509_CERTIFICATE {
                let der = octets_of(certificate.expect(der::constructed(0)).ok()?.content)?;
                self.certificates.push(Certificate::read(der).ok()?);
            }
        }
        Some(())
    }
}

/// PKCS#12: certificates are mostly encrypted, with a password that is not known here.
fn pkcs12(octets: &[u8]) -> Result<Keystore, String> {
    let mut found = Keystore::default();
    let (mut encrypted, mut other) = (false, false);
    let mut read = |found: &mut Keystore| {
        let mut file = one(octets)?.reader();
        file.expect(der::INTEGER).ok()?;
        let mut parts = one(content(&file.expect(der::SEQUENCE).ok()?)?.ok()?)?.reader();
        while !parts.is_empty() {
            match content(&parts.expect(der::SEQUENCE).ok()?)? {
                Ok(bags) => found.bags(bags)?,
                Err(ENCRYPTED_DATA) => encrypted = true,
                Err(_) => other = true,
            }
        }
        Some(())
    };
    read(&mut found).ok_or("a PKCS#12 file that is damaged, or in a form that is not read here")?;
    if encrypted {
        found.not_read = Some(
            "a PKCS#12 file whose certificates are encrypted with a password; passwords are not guessed here"
                .to_owned(),
        );
    } else if other {
        found.not_read = Some("a PKCS#12 file with a part in a form that is not read here".to_owned());
    }
    Ok(found)
}

/// The octets that a ContentInfo holds as plain data; else its kind.
fn content<'a>(info: &der::Element<'a>) -> Option<Result<&'a [u8], &'a [u8]>> {
    let mut info = info.reader();
    let kind = info.expect(der::OBJECT_IDENTIFIER).ok()?.content;
    if kind != DATA {
        return Some(Err(kind));
    }
    Some(Ok(octets_of(info.expect(der::constructed(0)).ok()?.content)?))
}

/// The one SEQUENCE that these octets are.
fn one(octets: &[u8]) -> Option<der::Element<'_>> {
    let mut reader = Reader::new(octets);
    let element = reader.expect(der::SEQUENCE).ok()?;
    reader.finish().ok()?;
    Some(element)
}

/// The content of the one OCTET STRING that these octets are.
fn octets_of(octets: &[u8]) -> Option<&[u8]> {
    Reader::new(octets).expect(der::OCTET_STRING).ok().map(|element| element.content)
}

fn has(octets: &[u8], needle: &[u8]) -> bool {
    octets.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests;
