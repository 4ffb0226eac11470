//! Which certificate's key issued another.

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

fn signer<'a>(certificate: &Certificate, candidates: &[&'a Certificate]) -> Option<&'a Certificate> {
    let parts = certificate.parts().ok()?;
    let named = |candidate: &&&Certificate| {
        candidate.subject == certificate.issuer
            && candidate.parts().is_ok_and(|candidate| candidate.subject == parts.issuer)
    };
    let signed = |candidate: &&&Certificate| is_signed_by(certificate, candidate) == SignatureCheck::Made;
    candidates.iter().filter(named).find(signed).copied()
}
