//! Certificates that were given as issued: who issued each, as sure as it can be known.

use jiff::Timestamp;

use crate::ca::CaTable;
use crate::ca::issuer::{self, KeyOwner};
use crate::caa::{CaIdentity, IssuedCertificate};
use crate::ct::log_table::LogTable;
use crate::ct::verdict::{Audience, Delivered};
use crate::ct::verify::{Subject, Verifier};
use crate::x509::{Certificate, SpkiSha256};

/// The certificates among `given` that are no CA's, each with its issuer.
///
/// A key is taken for the issuer's where its certificate stands among `given` and made the signature, or where the
/// embedded SCTs prove it (RFC 6962 section 3.2); what a certificate merely claims names no CA.
pub fn issued(given: &[Certificate], logs: &LogTable, at: Timestamp) -> Vec<IssuedCertificate> {
    let mut verifier = Verifier::new(logs);
    let issuers: Vec<&Certificate> = given.iter().filter(|certificate| certificate.is_ca).collect();
    let leaves = given.iter().filter(|certificate| !certificate.is_ca);
    leaves.map(|leaf| one(leaf, &issuers, &mut verifier, at)).collect()
}

fn one(
    leaf: &Certificate,
    issuers: &[&Certificate],
    verifier: &mut Verifier<'_>,
    at: Timestamp,
) -> IssuedCertificate {
    let candidates = issuer::candidates(leaf, issuers, CaTable);
    let keys: Vec<SpkiSha256> = candidates.iter().map(|candidate| candidate.key).collect();
    let doubtful = candidates.iter().all(|candidate| candidate.doubtful);
    let subject = Subject { certificate: leaf, issuer_keys: &keys, doubtful };
    let delivered = Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };
    let lists = verifier.verify(subject, delivered, at);
    let proven = lists.scts.iter().find_map(|sct| sct.proves_issuer);
    let who = issuer::identify(&candidates, proven, |key| CaTable.key(key).map(KeyOwner::from));
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
