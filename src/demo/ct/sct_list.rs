//! Writing SCTs and lists of them (RFC 6962 sections 3.2 and 3.3).

use super::super::DemoError;

/// A Signed Certificate Timestamp, every field free to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// 0 for version 1.
    pub version: u8,
    /// SHA-256 over the log's key.
    pub log_id: [u8; 32],
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// CtExtensions, without their length.
    pub extensions: Vec<u8>,
    /// 4 for SHA-256 (RFC 5246 section 7.4.1.4.1).
    pub hash_algorithm: u8,
    /// 1 for RSA, 3 for ECDSA.
    pub signature_algorithm: u8,
    /// The signature, without its length.
    pub signature: Vec<u8>,
}

impl Sct {
    /// The SCT as it is delivered, without a length before it.
    pub fn encode(&self) -> Result<Vec<u8>, DemoError> {
        let mut out = vec![self.version];
        out.extend(self.log_id);
        out.extend(self.timestamp.to_be_bytes());
        out.extend(prefixed_u16("SCT extensions", &self.extensions)?);
        out.extend([self.hash_algorithm, self.signature_algorithm]);
        out.extend(prefixed_u16("an SCT's signature", &self.signature)?);
        Ok(out)
    }
}

/// A SignedCertificateTimestampList of SCTs already encoded.
pub fn sct_list(scts: &[Vec<u8>]) -> Result<Vec<u8>, DemoError> {
    let mut all = Vec::new();
    for sct in scts {
        all.extend(prefixed_u16("an SCT", sct)?);
    }
    prefixed_u16("an SCT list", &all)
}

/// Octets after their length in two octets.
pub(super) fn prefixed_u16(what: &'static str, content: &[u8]) -> Result<Vec<u8>, DemoError> {
    let length = u16::try_from(content.len()).map_err(|_| DemoError::TooLong {
        what,
        length: content.len(),
        limit: usize::from(u16::MAX),
    })?;
    Ok([length.to_be_bytes().as_slice(), content].concat())
}
