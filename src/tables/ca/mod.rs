//! The tables of CAs: their keys, their owners, and the CAA identifiers they are known by.

mod certificate;
mod certificates;
mod contacts;
mod identifiers;
mod lineage;
mod owners;
mod text;

use std::collections::{BTreeMap, BTreeSet};

pub use self::certificate::{CaCertificate, CertificateFault, pem_certificates};
use self::certificates::Certificates;
pub use self::contacts::{Contacts, contacts_csv};
pub use self::identifiers::{IdentifierError, IdentifierInput};
use self::lineage::Lineage;
use self::owners::{Names, Owners};
pub use self::owners::{OwnerError, OwnerRecords};
pub use self::text::CaTexts;
use crate::ca::{CaRole, OwnerSource, owner_key};
use crate::x509::SpkiSha256;

/// What the tables are made from, beside earlier tables.
#[derive(Debug, Default)]
pub struct CaInputs {
    /// Name and date of each input, for the header.
    pub sources: Vec<String>,
    /// CA certificates.
    pub certificates: Vec<CaCertificate>,
    /// Further pairs of subject key identifier and key.
    pub key_identifiers: Vec<(Vec<u8>, SpkiSha256)>,
    /// Who owns which certificate.
    pub owners: OwnerRecords,
    /// Who recognises which CAA identifier.
    pub identifiers: Vec<IdentifierInput>,
    /// Where owners take problem reports.
    pub contacts: Contacts,
}

/// The six tables.
#[derive(Debug, Default)]
pub struct CaTables {
    sources: BTreeSet<String>,
    keys: BTreeMap<KeyId, KeyRow>,
    identifiers: BTreeMap<String, IdentifierRow>,
    /// An organisation as certificates or owners' names write it, and the identifiers it is known by.
    organisations: BTreeMap<String, BTreeSet<String>>,
    certificates: Certificates,
    /// Where each owner takes problem reports.
    contacts: Contacts,
}

/// One row: a key under one identifier and one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct KeyId {
    spki: SpkiSha256,
    ski: Vec<u8>,
    /// The first 8 octets of SHA-256 over the subject Name; none for rows that are only a pair.
    name: Option<[u8; 8]>,
}

#[derive(Clone, Debug)]
struct KeyRow {
    role: CaRole,
    not_after: String,
    organisation: String,
    root_organisations: BTreeSet<String>,
    owner: Option<String>,
    owner_source: OwnerSource,
    subject: String,
}

#[derive(Clone, Debug, Default)]
struct IdentifierRow {
    owners: BTreeSet<String>,
    sources: BTreeSet<String>,
}

impl CaTables {
    /// Folds inputs in. What certificates and owner records say replaces what earlier tables said; what they do not
    /// mention stays. Identifiers are only added: an identifier that was given up goes when the tables are made anew.
    pub fn add(&mut self, inputs: &CaInputs) {
        self.sources.extend(inputs.sources.iter().cloned());
        let lineage = Lineage::of(&inputs.certificates);
        let earlier = self.keys.values().filter_map(|row| row.owner.as_ref());
        let earlier = earlier.chain(self.identifiers.values().flat_map(|row| &row.owners));
        let names = Names::of(inputs, earlier);
        let owners = owners::decide(&inputs.certificates, &lineage, &inputs.owners, &names);
        self.add_certificates(inputs, &lineage, &owners);
        self.certificates.add(&inputs.certificates, &lineage, &inputs.owners);
        self.add_pairs(&inputs.key_identifiers);
        self.add_identifiers(&inputs.identifiers, &names);
        self.add_owners_by_key(&names);
        // A newer report replaces what an earlier one said of an owner.
        self.contacts.extend(contacts::of_owners(&inputs.contacts, &names));
    }

    fn add_certificates(&mut self, inputs: &CaInputs, lineage: &Lineage, owners: &Owners) {
        let mut fresh = BTreeSet::new();
        for certificate in &inputs.certificates {
            let key = KeyId {
                spki: certificate.spki_sha256,
                ski: certificate.ski.clone().unwrap_or_default(),
                name: Some(certificate.name_hash()),
            };
            let owner = owners.get(&certificate.spki_sha256);
            let row = KeyRow {
                role: certificate.role(),
                not_after: certificate.not_after.clone(),
                organisation: certificate.organisation.clone(),
                root_organisations: root_organisations(&certificate.spki_sha256, lineage, owners),
                owner: owner.map(|(owner, _)| owner.clone()),
                owner_source: owner.map_or(OwnerSource::Unknown, |(_, source)| *source),
                subject: certificate.subject.clone(),
            };
            match self.keys.get_mut(&key) {
                Some(known) if fresh.contains(&key) => known.also(&row),
                Some(known) => known.renew(row, inputs.owners.is_empty()),
                None => {
                    self.keys.insert(key.clone(), row);
                }
            }
            fresh.insert(key);
        }
    }

    fn add_pairs(&mut self, pairs: &[(Vec<u8>, SpkiSha256)]) {
        let known: BTreeSet<_> = self.keys.keys().map(|key| (key.ski.clone(), key.spki)).collect();
        for (ski, spki) in pairs.iter().filter(|pair| !known.contains(*pair)) {
            let key = KeyId { spki: *spki, ski: ski.clone(), name: None };
            self.keys.entry(key).or_insert_with(|| KeyRow {
                role: CaRole::Intermediate,
                not_after: String::new(),
                organisation: String::new(),
                root_organisations: BTreeSet::new(),
                owner: None,
                owner_source: OwnerSource::Unknown,
                subject: String::new(),
            });
        }
    }

    fn add_identifiers(&mut self, inputs: &[IdentifierInput], names: &Names) {
        for input in inputs {
            for (identifier, owner) in &input.owners {
                let row = self.identifiers.entry(identifier.clone()).or_default();
                row.add_owner(names.canonical(owner));
                row.sources.insert(input.source.clone());
            }
        }
        for input in inputs {
            for identifier in input.groups.iter().flatten() {
                let row = self.identifiers.entry(identifier.clone()).or_default();
                row.sources.insert(input.source.clone());
            }
        }
        for (identifier, owner) in identifiers::group_owners(inputs) {
            let row = self.identifiers.entry(identifier).or_default();
            names.spelling(&owner).cloned().into_iter().for_each(|owner| row.add_owner(owner));
        }
        let by_organisation = identifiers::by_organisation(inputs);
        let organisations: BTreeSet<&String> = self
            .keys
            .values()
            .flat_map(|row| row.root_organisations.iter().chain([&row.organisation]).chain(&row.owner))
            .collect();
        for organisation in organisations {
            if let Some(known) = by_organisation.get(&owner_key(organisation)) {
                // One list alone does not say what others still say.
                self.organisations.entry(organisation.clone()).or_default().extend(known.iter().cloned());
            }
        }
    }

    /// The owner of most keys whose organisation has an identifier recognises it too, by whatever name the
    /// lists of identifiers know it: CCADB's “Internet Security Research Group” is “Let's Encrypt” there.
    fn add_owners_by_key(&mut self, names: &Names) {
        let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for row in self.keys.values() {
            let Some(owner) = &row.owner else { continue };
            for identifier in self.organisations.get(&row.organisation).into_iter().flatten() {
                let count = counts.entry(identifier).or_default().entry(owner).or_default();
                *count = count.saturating_add(1);
            }
        }
        for (identifier, owners) in counts {
            let total: usize = owners.values().sum();
            let most = owners.iter().find(|(_, count)| count.saturating_mul(2) > total);
            if let (Some((owner, _)), Some(row)) = (most, self.identifiers.get_mut(identifier)) {
                row.add_owner(names.canonical(owner));
            }
        }
    }
}

/// The organisations of the roots above a key: of those that its owner owns, if there are any, else of all.
fn root_organisations(key: &SpkiSha256, lineage: &Lineage, owners: &Owners) -> BTreeSet<String> {
    let owner_of = |key: &SpkiSha256| owners.get(key).map(|(owner, _)| owner);
    let all = lineage.roots(key);
    let mut own = all.clone();
    own.retain(|root| owner_of(root).is_some() && owner_of(root) == owner_of(key));
    let roots = if own.is_empty() { all } else { own };
    roots.iter().flat_map(|root| lineage.organisations(root)).cloned().collect()
}

impl IdentifierRow {
    /// Adds an owner, unless an earlier table has it in another spelling.
    fn add_owner(&mut self, owner: String) {
        let key = owner_key(&owner);
        if self.owners.iter().all(|known| owner_key(known) != key) {
            self.owners.insert(owner);
        }
    }
}

impl KeyRow {
    /// Another certificate of the same key, identifier and name.
    fn also(&mut self, other: &Self) {
        if other.role == CaRole::Root {
            self.role = CaRole::Root;
        }
        if other.not_after > self.not_after {
            self.not_after.clone_from(&other.not_after);
        }
    }

    /// The newer inputs' word. What they do not know stays: they may lack the issuers of a key and, `without_records`,
    /// the owners of most.
    fn renew(&mut self, newer: Self, without_records: bool) {
        let old = std::mem::replace(self, newer);
        if directness(old.owner_source) > directness(self.owner_source)
            || (without_records && old.owner.is_some())
        {
            self.owner.clone_from(&old.owner);
            self.owner_source = old.owner_source;
        }
        if without_records && !old.root_organisations.is_empty() {
            self.root_organisations.clone_from(&old.root_organisations);
        } else {
            self.root_organisations.extend(old.root_organisations.iter().cloned());
        }
        self.also(&old);
    }
}

/// How near to the certificate itself a word about its owner is.
fn directness(source: OwnerSource) -> u8 {
    match source {
        OwnerSource::Unknown => 0,
        OwnerSource::Issuer => 1,
        OwnerSource::RootName => 2,
        OwnerSource::Certificate => 3,
    }
}

#[cfg(test)]
mod tests;
