//! What a CT log signs in an SCT, and what it then puts into its tree.
//!
//! Source: RFC 6962 section 3.2, the `digitally-signed` struct of an SCT, and section 3.4, `MerkleTreeLeaf`.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::merkle::{TreeHash, leaf_hash};
use super::sct::Sct;
use crate::x509::SpkiSha256;

/// The entry that an SCT is about.
#[derive(Clone, Copy, Debug)]
pub enum SignedEntry<'a> {
    /// The final certificate: SCTs from the TLS extension and from OCSP.
    X509 {
        /// The certificate, DER.
        certificate: &'a [u8],
    },
    /// The precertificate: embedded SCTs.
    Precert {
        /// The hash of the issuer's key.
        issuer_key_hash: SpkiSha256,
        /// The TBSCertificate without SCT list and poison.
        tbs: &'a [u8],
    },
}

/// The octets that the SCT's signature covers; `None` where a length does not fit its field.
pub fn signed_octets(entry: SignedEntry<'_>, sct: &Sct) -> Option<Vec<u8>> {
    let body = match entry {
        SignedEntry::X509 { certificate } => certificate,
        SignedEntry::Precert { tbs, .. } => tbs,
    };
    // Version 1 and signature type certificate_timestamp are both written as 0.
    let mut out = vec![0, 0];
    out.extend(sct.timestamp.to_be_bytes());
    match entry {
        SignedEntry::X509 { .. } => out.extend([0, 0]),
        SignedEntry::Precert { issuer_key_hash, .. } => {
            out.extend([0, 1]);
            out.extend(issuer_key_hash.0);
        }
    }
    let [0, length @ ..] = u32::try_from(body.len()).ok()?.to_be_bytes() else { return None };
    out.extend(length);
    out.extend(body);
    out.extend(u16::try_from(sct.extensions.len()).ok()?.to_be_bytes());
    out.extend(&sct.extensions);
    Some(out)
}

/// The hash of the tree's leaf that an SCT promises; `None` where a length does not fit its field.
///
/// A `MerkleTreeLeaf` is written as the signed struct is, octet by octet: version 1 is 0 in both, and the leaf type
/// timestamped_entry is 0 as the signature type certificate_timestamp is.
pub fn promised_leaf(entry: SignedEntry<'_>, sct: &Sct) -> Option<TreeHash> {
    signed_octets(entry, sct).map(|leaf| leaf_hash(&leaf))
}
