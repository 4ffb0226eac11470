//! Certificates that no programme's policy is for.

use crate::x509::Certificate;
use crate::x509::der::{self, Reader};
use crate::x509::parts::oid;

/// Why no policy is for this certificate, if so.
pub(super) fn reason(certificate: &Certificate) -> Option<&'static str> {
    if certificate.is_precertificate {
        return Some(
            "This is a precertificate: it is submitted to logs and never served (RFC 6962 section 3.1).",
        );
    }
    if certificate.is_merkle_tree {
        return Some(
            "This is a Merkle Tree Certificate: it proves by its own signature that it is logged, and needs no SCTs. That proof \
             is not verified here.",
        );
    }
    if !is_for_servers(certificate) {
        return Some(
            "By its extended key usage this is no certificate of a TLS server (a mark certificate, for one): the policies of \
             browsers are not for it.",
        );
    }
    None
}

/// Whether the extended key usage allows TLS servers; without any, it does (RFC 5280 section 4.2.1.12).
fn is_for_servers(certificate: &Certificate) -> bool {
    let Ok(parts) = certificate.parts() else { return true };
    let Some(usage) = parts.extension(oid::EXTENDED_KEY_USAGE) else { return true };
    // What cannot be read says nothing.
    let Ok(list) = Reader::new(usage.value).expect(der::SEQUENCE) else { return true };
    let mut purposes = list.reader();
    std::iter::from_fn(|| purposes.element().ok())
        .any(|purpose| [oid::SERVER_AUTHENTICATION, oid::ANY_PURPOSE].contains(&purpose.content))
}
