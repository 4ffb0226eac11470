//! Which certificate's key issued another.

use super::scope::may_sign;
use crate::x509::{Certificate, SignatureCheck, is_signed_by};

/// The certificate of who issued, by name and key. A precertificate may be signed by a certificate that is for nothing
/// else (RFC 6962 section 3.1): who issued that one issues the certificate.
pub fn issuer<'a>(certificate: &Certificate, candidates: &[&'a Certificate]) -> Option<&'a Certificate> {
    let signer = signer(certificate, candidates)?;
    if certificate.is_precertificate && signer.is_precertificate_signer {
        return self::signer(signer, candidates);
    }
    Some(signer)
}

/// Of several certificates of that name and key the first that may sign CRLs: anyone can make one that may not.
fn signer<'a>(certificate: &Certificate, candidates: &[&'a Certificate]) -> Option<&'a Certificate> {
    let parts = certificate.parts().ok()?;
    let named = |candidate: &&&Certificate| {
        candidate.subject == certificate.issuer
            && candidate.parts().is_ok_and(|candidate| candidate.subject == parts.issuer)
    };
    let signed = |candidate: &&&Certificate| is_signed_by(certificate, candidate) == SignatureCheck::Made;
    let of_key = || candidates.iter().filter(named).filter(signed);
    of_key().find(|candidate| may_sign(candidate)).or_else(|| of_key().next()).copied()
}
