//! What is known beside the sources: whose keys are whose, and what the owner of a name expects.

use crate::ca::issuer::{Candidate, KeyOwner};
use crate::dns_name::{CertificateName, DnsName};
use crate::x509::{Certificate, SpkiSha256};

/// What judging issuance has to know of CAs and of the owner's wishes.
pub trait Knowledge {
    /// Who a CA key belongs to.
    fn owner_of(&self, key: &SpkiSha256) -> Option<KeyOwner>;

    /// Whether any CA is known by this CAA identifier or this owner's name.
    fn is_known_ca(&self, name: &str) -> bool;

    /// The CAs that are expected for a name; none where the owner named none.
    fn expected(&self, name: &DnsName) -> &[String];

    /// What the owner says there is for a name.
    fn inventory(&self, name: &DnsName) -> Inventory<'_>;

    /// The issuer key for which an SCT of a final certificate was signed, among the candidates.
    fn proven_by_sct(&self, certificate: &Certificate, candidates: &[Candidate]) -> Option<SpkiSha256>;
}

/// What the owner says there is for a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory<'a> {
    /// The keys in use; `None` where no list was given.
    pub keys: Option<&'a [SpkiSha256]>,
    /// The names that certificates are for; `None` where no list was given.
    pub names: Option<&'a [CertificateName]>,
    /// The services that obtain certificates for the domain, by their names in [`super::provider`].
    pub providers: &'a [String],
}
