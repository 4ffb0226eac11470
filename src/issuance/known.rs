//! What is known beside the sources: whose keys are whose, and what the owner of a name expects.

use jiff::civil::Date;

use super::issued::IssuedCertificate;
use crate::ca::issuer::{Candidate, KeyOwner};
use crate::dns_name::{CertificateName, DnsName};
use crate::x509::{Certificate, SpkiSha256};

/// What finding out who issued has to know.
pub trait KeyTable {
    /// Who a CA key belongs to.
    fn owner_of(&self, key: &SpkiSha256) -> Option<KeyOwner>;

    /// The issuer key for which an SCT of a final certificate was signed, among the candidates.
    fn proven_by_sct(&self, certificate: &Certificate, candidates: &[Candidate]) -> Option<SpkiSha256>;

    /// The keys of the owner's own CAs of this name, as text, beside the public ones.
    fn keys_of_name(&self, _name: &str) -> Vec<SpkiSha256> {
        Vec::new()
    }

    /// Whether a key is one of the owner's own CAs, and no public one.
    fn is_private(&self, _key: &SpkiSha256) -> bool {
        false
    }

    /// The keys of the owner's own CAs that go without a name: only their certificates would tell whether one is forged.
    fn nameless(&self) -> Vec<SpkiSha256> {
        Vec::new()
    }
}

/// What judging issuance has to know of CAs and of the owner's wishes.
pub trait Knowledge: KeyTable {
    /// Whether any CA is known by this CAA identifier or this owner's name.
    fn is_known_ca(&self, name: &str) -> bool;

    /// Where a public CA of this owner takes problem reports, where that is known.
    fn problem_reporting(&self, _owner: &str) -> Option<String> {
        None
    }

    /// The CAs that are expected for a name: none of them where the list is empty; `None` where the owner said nothing.
    fn expected(&self, name: &DnsName) -> Option<&[String]>;

    /// The names of which the owner says something of their own, among those that a wildcard covers.
    fn covered_by(&self, wildcard: &CertificateName) -> Vec<&DnsName>;

    /// What the owner says of a certificate that is known and accepted, whoever issued it.
    fn accepted(&self, _certificate: &IssuedCertificate) -> Option<Acceptance> {
        None
    }

    /// What the owner says there is for a name.
    fn inventory(&self, name: &DnsName) -> Inventory<'_>;
}

/// That the owner accepts a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// The last day, UTC.
    pub until: Date,
    /// Whether that day has gone: then it excuses nothing any more.
    pub is_past: bool,
}

/// What the owner says there is for a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory<'a> {
    /// The keys in use; `None` where no list was given.
    pub keys: Option<&'a [SpkiSha256]>,
    /// The names that certificates are for; `None` where no list was given.
    pub names: Option<&'a [CertificateName]>,
    /// The services that obtain certificates for a domain at or above the name.
    pub served: Option<Served<'a>>,
}

/// A domain that is at a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served<'a> {
    /// The domain of which the owner says so.
    pub domain: &'a DnsName,
    /// The services, by their names in [`super::provider`].
    pub by: &'a [String],
}
