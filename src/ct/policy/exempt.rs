//! Certificates that no programme's policy is for.

use super::PolicyQuestion;
use crate::x509::Certificate;
use crate::x509::der::{self, Reader};
use crate::x509::parts::oid;

/// Why no policy is for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exemption {
    /// It is a precertificate, which is never served.
    Precertificate,
    /// It is a Merkle Tree Certificate, which needs no SCTs.
    MerkleTree,
    /// It is not for TLS servers.
    OtherPurpose,
    /// It is a CA's, and no server was seen to use it.
    CaCertificate,
}

impl Exemption {
    pub(super) fn of(question: &PolicyQuestion<'_>) -> Option<Self> {
        let certificate = question.certificate;
        if certificate.is_precertificate {
            Some(Self::Precertificate)
        } else if certificate.is_merkle_tree {
            Some(Self::MerkleTree)
        } else if !is_for_servers(certificate) {
            Some(Self::OtherPurpose)
        } else if certificate.is_ca && !question.handshake && question.scts.is_empty() {
            // One that a server presents is judged as clients judge it, and so is one that brings SCTs.
            Some(Self::CaCertificate)
        } else {
            None
        }
    }

    /// The reason in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Precertificate => {
                "This is a precertificate: it is submitted to logs and never served (RFC 6962 section 3.1)."
            }
            Self::MerkleTree => {
                "This is a Merkle Tree Certificate: it proves by its own signature that it is logged, and needs no SCTs. That \
                 proof is not verified here."
            }
            Self::OtherPurpose => {
                "By its extended key usage this is no certificate of a TLS server (a mark certificate, for one): the policies of \
                 browsers are not for it."
            }
            Self::CaCertificate => {
                "This is a CA certificate: browsers ask for SCTs with the certificates of servers, not with those of CAs."
            }
        }
    }
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
