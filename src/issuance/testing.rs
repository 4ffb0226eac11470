//! A small world of CAs for the tests of issuance, and what is known of it.

use jiff::{SignedDuration, Timestamp};

use super::known::{Inventory, KeyTable, Knowledge, Served};
use super::reported::{Claimed, Coverage, LoggedTbs, ReportedCertificate, Seen, SourceKind, SourceReading};
use crate::ca::issuer::{Candidate, KeyOwner};
use crate::demo::authority::{CaCertificate, IssuedLeaf, KeyAlgorithm, LeafRequest};
use crate::demo::ct::{ListFault, SctPlan, issue, precertificate};
use crate::dns_name::{CertificateName, DnsName};
use crate::evidence::Bytes;
use crate::x509::{Certificate, SpkiSha256};

pub(crate) fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}

/// What a test says is known.
#[derive(Default)]
pub(crate) struct Played {
    /// Keys with their owners and CAA identifiers.
    pub(crate) owners: Vec<(SpkiSha256, &'static str, &'static str)>,
    pub(crate) expected: Vec<String>,
    /// What is expected for single names, instead.
    pub(crate) expected_for: Vec<(DnsName, Vec<String>)>,
    pub(crate) domain: Option<DnsName>,
    /// Own CAs by their names, and those that go without one.
    pub(crate) named: Vec<(String, SpkiSha256)>,
    pub(crate) nameless: Vec<SpkiSha256>,
    pub(crate) private: Vec<SpkiSha256>,
    pub(crate) keys: Option<Vec<SpkiSha256>>,
    pub(crate) names: Option<Vec<CertificateName>>,
    pub(crate) providers: Vec<String>,
    /// Where an owner takes problem reports.
    pub(crate) contact: Option<(&'static str, &'static str)>,
}

impl Played {
    /// One CA that is known and expected.
    pub(crate) fn expecting(ca: &CaCertificate) -> Self {
        Self {
            owners: vec![(ca.key.spki_sha256(), "Expected CA", "ca.example")],
            expected: vec!["ca.example".to_owned()],
            domain: Some("t.example".parse().unwrap()),
            ..Self::default()
        }
    }

    /// One more CA that is known.
    pub(crate) fn knowing(mut self, ca: &CaCertificate, owner: &'static str, id: &'static str) -> Self {
        self.owners.push((ca.key.spki_sha256(), owner, id));
        self
    }
}

impl KeyTable for Played {
    fn owner_of(&self, key: &SpkiSha256) -> Option<KeyOwner> {
        let (_, owner, id) = self.owners.iter().find(|(own, ..)| own == key)?;
        Some(KeyOwner { owner: Some((*owner).to_owned()), caa_identifiers: vec![(*id).to_owned()] })
    }

    fn proven_by_sct(&self, _: &Certificate, _: &[Candidate]) -> Option<SpkiSha256> {
        None
    }

    fn keys_of_name(&self, name: &str) -> Vec<SpkiSha256> {
        self.named.iter().filter(|(own, _)| own == name).map(|(_, key)| *key).collect()
    }

    fn is_private(&self, key: &SpkiSha256) -> bool {
        self.private.contains(key)
    }

    fn nameless(&self) -> Vec<SpkiSha256> {
        self.nameless.clone()
    }
}

impl Knowledge for Played {
    fn problem_reporting(&self, owner: &str) -> Option<String> {
        self.contact.filter(|(known, _)| *known == owner).map(|(_, contact)| contact.to_owned())
    }

    fn is_known_ca(&self, name: &str) -> bool {
        self.owners.iter().any(|(_, owner, id)| *owner == name || *id == name)
    }

    fn expected(&self, name: &DnsName) -> Option<&[String]> {
        let own = self.expected_for.iter().find(|(own, _)| own == name).map(|(_, list)| list.as_slice());
        own.or_else(|| (!self.expected.is_empty()).then_some(self.expected.as_slice()))
    }

    fn covered_by(&self, wildcard: &CertificateName) -> Vec<&DnsName> {
        self.expected_for.iter().map(|(name, _)| name).filter(|name| wildcard.covers(name)).collect()
    }

    fn inventory(&self, _: &DnsName) -> Inventory<'_> {
        let served = self.domain.as_ref().map(|domain| Served { domain, by: &self.providers });
        Inventory { keys: self.keys.as_deref(), names: self.names.as_deref(), served }
    }
}

pub(crate) fn ca(name: &str) -> CaCertificate {
    CaCertificate::root(name, KeyAlgorithm::P256, now()).unwrap()
}

/// A certificate with an SCT list, so that it differs from its precertificate.
pub(crate) fn leaf(ca: &CaCertificate, names: &[&str]) -> IssuedLeaf {
    leaf_at(ca, names, now())
}

/// The same, thirty days into its life at a time.
pub(crate) fn leaf_at(ca: &CaCertificate, names: &[&str], at: Timestamp) -> IssuedLeaf {
    let plan = SctPlan { list_fault: ListFault::Empty, ..SctPlan::default() };
    issue(ca, &LeafRequest::new(names, at).unwrap(), &plan).unwrap()
}

/// One that has expired.
pub(crate) fn expired(ca: &CaCertificate, names: &[&str]) -> IssuedLeaf {
    leaf_at(ca, names, now() - SignedDuration::from_hours(24 * 200))
}

pub(crate) fn bytes(octets: &[u8]) -> Bytes {
    Bytes(octets.to_vec())
}

/// A final certificate with its chain, as files report it.
pub(crate) fn shown(leaf: &IssuedLeaf, chain: &[&CaCertificate]) -> ReportedCertificate {
    ReportedCertificate {
        certificate: Some(bytes(&leaf.der)),
        chain: chain.iter().map(|ca| Bytes(ca.der.clone())).collect(),
        seen: vec![Seen { place: "a.pem".to_owned(), index: None, at: None }],
        ..ReportedCertificate::default()
    }
}

/// A precertificate as a log has it.
pub(crate) fn logged(leaf: &IssuedLeaf, ca: &CaCertificate) -> ReportedCertificate {
    ReportedCertificate {
        precertificate: Some(bytes(&precertificate::of(ca, &leaf.precertificate_tbs).unwrap())),
        logged: Some(LoggedTbs {
            tbs: Bytes(leaf.precertificate_tbs.clone()),
            issuer_key_hash: ca.key.spki_sha256(),
            is_proven: true,
        }),
        seen: vec![Seen { place: "A log".to_owned(), index: Some(7), at: Some(now()) }],
        ..ReportedCertificate::default()
    }
}

/// What a search service says of it without showing it.
pub(crate) fn claims(leaf: &IssuedLeaf) -> Claimed {
    let certificate = Certificate::read(&leaf.der).unwrap();
    Claimed {
        issuer_name: Some(certificate.issuer.clone()),
        serial: Some(certificate.serial.clone()),
        not_before: Some(certificate.not_before),
        not_after: Some(certificate.not_after),
        dns_names: certificate.names.dns.iter().map(ToString::to_string).collect(),
        ..Claimed::default()
    }
}

pub(crate) fn claimed(claimed: Claimed) -> ReportedCertificate {
    ReportedCertificate { claimed, ..ReportedCertificate::default() }
}

pub(crate) fn reading(source: SourceKind, certificates: Vec<ReportedCertificate>) -> SourceReading {
    SourceReading {
        source,
        place: "place".to_owned(),
        asked_at: now(),
        coverage: Coverage::Whole,
        current_to: None,
        scope: "All.".to_owned(),
        certificates,
        problems: Vec::new(),
    }
}
