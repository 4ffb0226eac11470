//! The TBSCertificate that a CT log signed, rebuilt from the final certificate by cutting octets.
//!
//! Source: RFC 6962 section 3.2: the precertificate's TBSCertificate without the poison, which is the final
//! certificate's without the SCT list. Only the three lengths around the cut are written anew.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::der;
use super::parts::{Parts, oid};

/// Why the signed TBSCertificate cannot be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutError {
    /// A certificate has at most one extension of a kind (RFC 5280 section 4.2).
    #[error("the certificate has {0} SCT list extensions; which one was signed cannot be known")]
    SeveralSctLists(usize),
}

/// What the log may have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedTbs {
    /// The TBSCertificate without SCT list and poison, header included.
    pub(crate) cut: Vec<u8>,
    /// Where nothing is left in the list of extensions: the TBSCertificate without that list. The cut keeps it,
    /// empty, as CTFE and OpenSSL do, although `Extensions` has at least one member (RFC 5280 section 4.1).
    pub(crate) without_list: Option<Vec<u8>>,
}

/// Rebuilds what the log signed.
pub(crate) fn signed_tbs(parts: &Parts<'_>) -> Result<SignedTbs, CutError> {
    let lists = parts.extensions_with(oid::SCT_LIST).count();
    if lists > 1 {
        return Err(CutError::SeveralSctLists(lists));
    }
    let before = parts.before_extensions;
    if parts.extensions.is_empty() {
        return Ok(SignedTbs { cut: der::wrap(der::SEQUENCE, before), without_list: None });
    }
    let kept: Vec<u8> = parts
        .extensions
        .iter()
        .filter(|extension| extension.oid != oid::SCT_LIST && extension.oid != oid::POISON)
        .flat_map(|extension| extension.whole)
        .copied()
        .collect();
    let list = der::wrap(der::constructed(3), &der::wrap(der::SEQUENCE, &kept));
    Ok(SignedTbs {
        cut: der::wrap(der::SEQUENCE, &[before, &list].concat()),
        without_list: kept.is_empty().then(|| der::wrap(der::SEQUENCE, before)),
    })
}
