//! Certificates and keystores that an app ships. What code compares with them is not seen: they are listed, and
//! whether they are pins is left open.
//!
//! Source of the keystore's form: OpenJDK `sun.security.provider.JavaKeyStore`. Its password protects the integrity of
//! certificates, not their secrecy.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource, PinValue, PositionRule,
    Problem, ProblemKind,
};
use crate::x509::{Certificate, read_certificates};

/// The format's id.
pub(super) const ID: &str = "certificate-files";
/// The longest file of certificates.
pub(super) const LONGEST: u64 = 4 << 20;
/// The most certificates of one file.
const MOST: usize = 1_000;

/// The kinds of files that hold certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Certificates, PEM or DER.
    Certificates,
    /// A Java keystore.
    Jks,
    /// A keystore whose certificates cannot be read without a password, or whose form is not read here.
    Closed(&'static str),
}

/// Of which kind a file of this name is, if it is of any.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "cer" | "crt" | "der" | "pem" | "cert" => Some(Kind::Certificates),
        "jks" | "keystore" | "truststore" => Some(Kind::Jks),
        "bks" => Some(Kind::Closed("a BKS keystore")),
        "p12" | "pfx" => Some(Kind::Closed("a PKCS#12 file")),
        _ => None,
    }
}

/// The source that a file is; `None` where it has no certificate: a key, or something else of that name.
pub(super) fn source(kind: Kind, octets: &[u8]) -> Option<PinSource> {
    let found = match kind {
        Kind::Closed(what) => Err(format!("{what}: its certificates are not read here")),
        Kind::Certificates if is_key(octets) => return None,
        Kind::Certificates => read_certificates(octets).map_err(|error| error.to_string()),
        Kind::Jks => jks(octets),
    };
    let mut source = PinSource::of(ID);
    let mut not_read = |what: String| {
        source.problems.push(Problem { kind: ProblemKind::NotRead, line: None, what });
    };
    match found {
        Err(why) => not_read(why),
        Ok(certificates) if certificates.is_empty() => return None,
        Ok(certificates) => {
            if certificates.len() > MOST {
                not_read(format!("it has more than {MOST} certificates; the rest is not listed"));
            }
            not_read(
                "the app ships these certificates; whether its code compares servers with them, and which, is not read"
                    .to_owned(),
            );
            source.entries.push(entry(&certificates));
        }
    }
    Some(source)
}

fn entry(certificates: &[Certificate]) -> PinEntry {
    let pins = certificates.iter().take(MOST).map(|certificate| {
        let value = PinValue::Certificate(certificate.sha256);
        Pin::new(&value.to_string(), Ok(value), PositionRule::Any, None)
    });
    let why =
        "whether servers are compared with them is in the app's compiled code, which is not read".to_owned();
    PinEntry {
        pins: pins.collect(),
        confidence: Confidence::Guessed(
            "certificates that an app ships may be pins, anchors, or neither: its compiled code decides"
                .to_owned(),
        ),
        ..PinEntry::of(HostPattern::Unstated, Enforcement { mode: EnforcementMode::Unknown, why })
    }
}

fn is_key(octets: &[u8]) -> bool {
    let has = |needle: &[u8]| octets.windows(needle.len()).any(|window| window == needle);
    has(b"-----BEGIN ") && !has(b"CERTIFICATE-----")
}

/// The certificates of a Java keystore.
fn jks(octets: &[u8]) -> Result<Vec<Certificate>, String> {
    if !octets.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return Err("a keystore that is not in the JKS form: its certificates are not read here".to_owned());
    }
    let mut reader = Keystore { octets: octets.get(4..).unwrap_or_default() };
    reader.certificates().ok_or_else(|| "the JKS keystore is damaged".to_owned())
}

/// What is left of a keystore.
struct Keystore<'a> {
    octets: &'a [u8],
}

impl<'a> Keystore<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.octets.split_at_checked(count)?;
        self.octets = rest;
        Some(taken)
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

    fn certificates(&mut self) -> Option<Vec<Certificate>> {
        let version = self.number()?;
        let mut found = Vec::new();
        for _ in 0..self.number()? {
            let tag = self.number()?;
            self.text()?;
            self.take(8)?;
            let count = match tag {
                // A private key and the chain of its own certificate: a client's, and no pin.
                1 => {
                    self.block()?;
                    self.number()?
                }
                2 => 1,
                _ => return None,
            };
            for _ in 0..count {
                if version > 1 {
                    self.text()?;
                }
                let der = self.block()?;
                if tag == 2 {
                    found.push(Certificate::read(der).ok()?);
                }
                if found.len() > MOST {
                    return Some(found);
                }
            }
        }
        Some(found)
    }
}
