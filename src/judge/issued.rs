//! Certificates that were given as issued: who issued each, as sure as it can be known.

use jiff::Timestamp;

use super::inputs::Inputs;
use super::target;
use crate::caa::{CaIdentity, IssuedCertificate};
use crate::ct::verify::Verifier;
use crate::x509::Certificate;

/// Whether a CA had to be authorised for a certificate. One that says of itself that it is a CA's counts where it is for a host
/// and another made it; what made itself asked nobody, and CAA is no matter of it (RFC 8659 section 1).
pub(super) fn is_of_a_host(certificate: &Certificate) -> bool {
    !certificate.is_ca || certificate.issuer != certificate.subject && !certificate.names.dns.is_empty()
}

/// The certificates among `given` that are for hosts, each with its issuer.
///
/// A key is taken for the issuer's where its certificate stands among `given` or the inputs and made the signature, or
/// where the embedded SCTs prove it (RFC 6962 section 3.2); what a certificate merely claims names no CA. Private CAs
/// are those of the policy.
pub fn issued(given: Vec<Certificate>, mut inputs: Inputs, at: Timestamp) -> Vec<IssuedCertificate> {
    let leaves: Vec<Certificate> =
        given.iter().filter(|certificate| is_of_a_host(certificate)).cloned().collect();
    inputs.issuers.extend(given.into_iter().filter(|certificate| certificate.is_ca));
    let mut verifier = Verifier::new(&inputs.logs);
    leaves.iter().map(|leaf| one(leaf, &inputs, &mut verifier, at)).collect()
}

fn one(leaf: &Certificate, inputs: &Inputs, verifier: &mut Verifier<'_>, at: Timestamp) -> IssuedCertificate {
    let who = target::who_issued(std::slice::from_ref(leaf), inputs, verifier, at);
    let label = match (&who.owner, &who.claimed_owner) {
        (Some(owner), _) => owner.clone(),
        (None, Some(claimed)) => format!("somebody who claims to be {claimed}"),
        (None, None) => format!("an unknown CA ({})", leaf.issuer),
    };
    IssuedCertificate {
        sha256: leaf.sha256,
        names: leaf.names.dns.clone(),
        issuer: CaIdentity { label, identifiers: who.caa_identifiers },
    }
}
