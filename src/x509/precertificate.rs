//! The TBSCertificate that a CT log signed, rebuilt from the final certificate by cutting octets.
//!
//! Source: RFC 6962 section 3.2: the precertificate's TBSCertificate without the poison, which is the final
//! certificate's without the SCT list. Only the three lengths around the cut are written anew.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::Certificate;
use super::der::{self, Reader};
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

/// The TBSCertificate that logs signed for a final certificate, in its usual form.
pub fn logged_tbs(certificate: &Certificate) -> Option<Vec<u8>> {
    signed_tbs(&certificate.parts().ok()?).ok().map(|tbs| tbs.cut)
}

/// The TBSCertificate that logs signed for a precertificate: where one of these precertificate signing certificates made
/// it, with the CA above in the signer's place (RFC 6962 section 3.2).
pub fn logged_tbs_under(precertificate: &Certificate, signers: &[Certificate]) -> Option<Vec<u8>> {
    let first = precertificate.parts().ok()?;
    let replaced = signers
        .iter()
        .filter_map(|signer| signer.parts().ok())
        .filter(|signer| signer.subject == first.issuer)
        .find_map(|signer| in_place_of_signer(&first, &signer));
    replaced.or_else(|| signed_tbs(&first).ok().map(|tbs| tbs.cut))
}

/// Whether `precertificate` is the one that `certificate` was issued after: both give the same TBSCertificate.
///
/// Where a precertificate signing certificate made it, its issuer and its authority key identifier are first put
/// in the signer's place (RFC 6962 section 3.2); the signer is looked for among `others`.
pub fn corresponds(certificate: &Certificate, precertificate: &Certificate, others: &[Certificate]) -> bool {
    if certificate.is_precertificate || !precertificate.is_precertificate {
        return false;
    }
    let (Ok(last), Ok(first)) = (certificate.parts(), precertificate.parts()) else { return false };
    let Ok(wanted) = signed_tbs(&last) else { return false };
    let own = signed_tbs(&first).is_ok_and(|tbs| tbs.cut == wanted.cut);
    let signers = || {
        others
            .iter()
            .filter(|other| other.is_precertificate_signer)
            .filter_map(|signer| signer.parts().ok())
            .filter(|signer| signer.subject == first.issuer)
    };
    own || signers().any(|signer| in_place_of_signer(&first, &signer).is_some_and(|tbs| tbs == wanted.cut))
}

/// The TBSCertificate of a precertificate without poison, with the names of the CA above the signer.
fn in_place_of_signer(precertificate: &Parts<'_>, signer: &Parts<'_>) -> Option<Vec<u8>> {
    let mut fields = Reader::new(precertificate.before_extensions);
    let mut before = Vec::new();
    while !fields.is_empty() {
        let field = fields.element().ok()?;
        let is_issuer = field.whole.as_ptr() == precertificate.issuer.as_ptr();
        before.extend(if is_issuer { signer.issuer } else { field.whole });
    }
    let authority = signer.extension(oid::AUTHORITY_KEY_ID);
    let mut kept = Vec::new();
    for extension in &precertificate.extensions {
        match extension.oid {
            oid::POISON | oid::SCT_LIST => {}
            oid::AUTHORITY_KEY_ID => kept.extend(authority?.whole),
            _ => kept.extend(extension.whole),
        }
    }
    let list = der::wrap(der::constructed(3), &der::wrap(der::SEQUENCE, &kept));
    Some(der::wrap(der::SEQUENCE, &[before, list].concat()))
}

#[cfg(test)]
mod tests;
