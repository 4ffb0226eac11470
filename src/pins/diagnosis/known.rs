//! What a diagnosis says: what a value is, of which key, and which pin was meant.

use std::fmt;

use crate::ca::{CaKey, Retired};
use crate::pins::model::PinFault;
use crate::x509::miscomputed::Miscomputed;
use crate::x509::{ChainPosition, SpkiSha256};

/// What is known of a pin's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// A stand-in that was never replaced.
    Placeholder,
    /// A value printed in documentation and copied from there.
    DocumentationExample {
        /// Where it is printed, and whose key it is.
        origin: &'static str,
    },
    /// The platform cannot use it, and whose key was meant is not known.
    Unusable {
        /// What the platform objects to.
        fault: PinFault,
        /// What the text looks like instead, if that can be told.
        likely: Option<&'static str>,
    },
    /// Made from a key that is known, but not as this pin should be.
    NearMiss(NearMiss),
    /// A key of the chain that stands where this pin is not compared.
    OtherPosition(ChainPosition),
    /// It had ended by itself when the pins were judged, whatever becomes of those beside it.
    Ended {
        /// The day.
        on: String,
    },
    /// The key of a known CA.
    KnownCa(KnownCa),
    /// The key of a known CA that had ended when the pins were judged: its last certificate had expired, or nothing was
    /// issued from it any more.
    RetiredCa(KnownCa),
    /// Nothing known: it may well be a backup key that has never been online.
    Unknown,
}

/// A CA as far as a diagnosis names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCa {
    /// The subject of its newest certificate.
    pub name: String,
    /// The organisation that owns it, if known.
    pub owner: Option<String>,
    /// The date on which its last certificate expires, if known.
    pub not_after: Option<String>,
    /// Since when nothing is issued from its key, where that is known.
    pub retired: Option<Retired>,
}

/// A value that was made from a known key, but wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// What was done wrong.
    pub mistake: Mistake,
    /// Whose key or certificate it was made from.
    pub of: Option<KnownCa>,
    /// The key that the pin should name.
    pub expected: Option<SpkiSha256>,
    /// What the platform objects to, if it does.
    pub fault: Option<PinFault>,
}

/// What was done wrong with a known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The right hash, written in a way that the platform does not read.
    Encoding(&'static str),
    /// The right hash but for a few characters.
    Altered(&'static str),
    /// The key or the certificate itself, not a hash of it.
    KeyItself,
    /// Another hash, or the hash of something else.
    Hash(Miscomputed),
    /// The subject key identifier of a certificate.
    SubjectKeyId,
    /// The hash of the key where the platform compares another hash.
    KeyHash,
}

impl Diagnosis {
    /// Whether the pin can never match a key that anyone holds for this purpose.
    pub fn is_dead(&self) -> bool {
        matches!(self, Self::Placeholder | Self::Unusable { .. } | Self::NearMiss(_))
    }

    /// The name used in reports.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::DocumentationExample { .. } => "documentation_example",
            Self::Unusable { fault: PinFault::WrongLength(_), .. } => "wrong_length",
            Self::Unusable { .. } => "encoding",
            Self::NearMiss(miss) => miss.mistake.code(),
            Self::OtherPosition(_) => "other_position",
            Self::Ended { .. } => "ended",
            Self::KnownCa(_) => "known_ca",
            Self::RetiredCa(_) => "retired_ca",
            Self::Unknown => "unknown",
        }
    }

    /// Whose key it is, or was made from, if that is known.
    pub fn of(&self) -> Option<&KnownCa> {
        match self {
            Self::NearMiss(miss) => miss.of.as_ref(),
            Self::KnownCa(ca) | Self::RetiredCa(ca) => Some(ca),
            _ => None,
        }
    }

    /// The key that the pin should name, where a wrong value shows which one was meant.
    pub fn expected(&self) -> Option<&SpkiSha256> {
        match self {
            Self::NearMiss(miss) => miss.expected.as_ref(),
            _ => None,
        }
    }
}

impl Mistake {
    /// The name used in reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Encoding(_) => "encoding",
            Self::Altered(_) => "altered",
            Self::KeyItself => "key_itself",
            Self::SubjectKeyId => "subject_key_id",
            Self::KeyHash => "key_hash",
            Self::Hash(of) => match of {
                Miscomputed::SpkiSha1 => "spki_sha1",
                Miscomputed::SpkiSha512 => "spki_sha512",
                Miscomputed::SpkiPemText | Miscomputed::SpkiBase64Text | Miscomputed::CertificatePemText => {
                    "pem_text_hash"
                }
                Miscomputed::RawKey | Miscomputed::CompressedPoint | Miscomputed::Coordinates => {
                    "raw_public_key"
                }
                Miscomputed::RawKeySha1 => "subject_key_id",
                Miscomputed::WrongHeader(_) => "wrong_spki_header",
                Miscomputed::Modulus => "modulus_hash",
                Miscomputed::Certificate | Miscomputed::CertificateSha1 => "certificate_hash",
                Miscomputed::Tbs => "tbs_hash",
            },
        }
    }

    /// What the value is; “of” and whose follows.
    fn what(self) -> String {
        let text = match self {
            Self::Encoding(how) | Self::Altered(how) => return format!("{how}, of the key"),
            Self::KeyItself => "the key itself, not its hash,",
            Self::SubjectKeyId => "the subject key identifier",
            Self::KeyHash => "the hash of the key, where another hash is compared,",
            Self::Hash(of) => match of {
                Miscomputed::SpkiSha1 => "the SHA-1 hash of the key",
                Miscomputed::SpkiSha512 => "the SHA-512 hash of the key",
                Miscomputed::SpkiPemText => "the hash of the PEM text of the key",
                Miscomputed::SpkiBase64Text => "the hash of the base64 text of the key",
                Miscomputed::CertificatePemText => "the hash of the PEM text of the certificate",
                Miscomputed::RawKey => "the hash of the raw public key, without its SPKI header,",
                Miscomputed::CompressedPoint => {
                    "the hash of the compressed public key, without its SPKI header,"
                }
                Miscomputed::Coordinates => {
                    "the hash of the public key's coordinates, without its SPKI header,"
                }
                Miscomputed::RawKeySha1 => {
                    "the SHA-1 hash of the raw public key (the usual subject key identifier)"
                }
                Miscomputed::WrongHeader(header) => {
                    return format!(
                        "the hash of the public key behind the SPKI header of an {} key,",
                        header.kind()
                    );
                }
                Miscomputed::Modulus => "the hash of the modulus",
                Miscomputed::Certificate => "the hash of the whole certificate",
                Miscomputed::CertificateSha1 => "the SHA-1 thumbprint of the whole certificate",
                Miscomputed::Tbs => "the hash of the signed part of the certificate",
            },
        };
        text.to_owned()
    }
}

impl From<CaKey> for KnownCa {
    fn from(key: CaKey) -> Self {
        Self {
            retired: key.retired(),
            name: key.subject.to_owned(),
            owner: key.owner.map(str::to_owned),
            // The tables write “-” where the date is not known.
            not_after: Some(key.not_after.to_owned()).filter(|date| date.len() == 10),
        }
    }
}

impl fmt::Display for KnownCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Placeholder => f.write_str("a placeholder, not the hash of any key"),
            Self::DocumentationExample { origin } => write!(f, "an example value: {origin}"),
            Self::Unusable { fault, likely: Some(likely) } => {
                write!(f, "unusable: {fault}; it looks like {likely}")
            }
            Self::Unusable { fault, likely: None } => write!(f, "unusable: {fault}"),
            Self::NearMiss(miss) => miss.fmt(f),
            Self::OtherPosition(position) => {
                let place = match position {
                    ChainPosition::Leaf => "leaf",
                    ChainPosition::Intermediate => "intermediate",
                    ChainPosition::Root => "root",
                };
                write!(f, "the key of the {place}, where this pin is not compared")
            }
            Self::Ended { on } => write!(f, "ended by itself on {on}, and matches nothing since"),
            Self::KnownCa(ca) => write!(f, "the key of the CA {ca}"),
            Self::RetiredCa(KnownCa { name, retired: Some(retired), .. }) => {
                write!(f, "the key of the retired CA {name}: {}", retired.what)
            }
            Self::RetiredCa(ca) => {
                let ended = ca.not_after.as_deref().unwrap_or("an unknown date");
                write!(f, "the key of the retired CA {ca}, whose last certificate expired on {ended}")
            }
            Self::Unknown => {
                f.write_str("matches nothing public that we know; it may be a backup key held offline")
            }
        }
    }
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.what())?;
        if let Some(of) = &self.of {
            write!(f, " of {of}")?;
        }
        if let Some(date) = self.of.as_ref().and_then(|of| of.not_after.as_ref()) {
            write!(f, " (until {date})")?;
        }
        if let Some(key) = &self.expected {
            write!(f, "; the pin of that key is sha256/{key}")?;
        }
        if let Some(fault) = &self.fault {
            write!(f, " ({fault})")?;
        }
        Ok(())
    }
}
