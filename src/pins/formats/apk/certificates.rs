//! Certificates and keystores that an app ships. What code compares with them is not seen: they are listed, and
//! whether they are pins is left open.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::keystores::{self, Keystore, MOST};
use crate::pins::model::{
    Confidence, Enforcement, EnforcementMode, HostPattern, Pin, PinEntry, PinSource, PinValue, PositionRule,
    Problem, ProblemKind,
};
use crate::x509::{Certificate, read_certificates};

/// The format's id.
pub(super) const ID: &str = "certificate-files";
/// The longest file of certificates.
pub(super) const LONGEST: u64 = 4 << 20;

/// The kinds of files that hold certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Certificates, PEM or DER.
    Certificates,
    /// A keystore, whatever its form.
    Keystore,
}

/// Of which kind a file of this name is, if it is of any.
pub(super) fn kind(name: &str) -> Option<Kind> {
    let (_, ending) = name.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "cer" | "crt" | "der" | "pem" | "cert" => Some(Kind::Certificates),
        "jks" | "jceks" | "keystore" | "truststore" | "bks" | "p12" | "pfx" | "pkcs12" => {
            Some(Kind::Keystore)
        }
        _ => None,
    }
}

/// The source that a file is; `None` where it has no certificate: a key, or something else of that name.
pub(super) fn source(kind: Kind, octets: &[u8]) -> Option<PinSource> {
    let found = match kind {
        Kind::Certificates if is_key(octets) => return None,
        Kind::Certificates => read_certificates(octets)
            .map(|certificates| Keystore { certificates, not_read: None })
            .map_err(|error| error.to_string()),
        Kind::Keystore => keystores::read(octets),
    };
    let mut source = PinSource::of(ID);
    let mut not_read = |what: String| {
        source.problems.push(Problem::of(ProblemKind::NotRead, None, what));
    };
    match found {
        Err(why) => not_read(why),
        Ok(Keystore { certificates, not_read: None }) if certificates.is_empty() => return None,
        Ok(found) => {
            if let Some(why) = found.not_read {
                not_read(why);
            } else if found.certificates.len() > MOST {
                not_read(format!("it has more than {MOST} certificates; the rest is not listed"));
            }
            if !found.certificates.is_empty() {
                not_read(
                    "the app ships these certificates; whether its code compares servers with them, and which, is \
                     not read"
                        .to_owned(),
                );
                source.entries.push(entry(&found.certificates));
            }
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
