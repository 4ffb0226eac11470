//! Who owns a key.
//!
//! Order: CCADB's owner for a certificate of the key; for a root, the owner its organisation stands for; the
//! owner of the nearest CA above, by verified signatures. Else nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use super::lineage::{Lineage, MAX_DEPTH};
use super::{CaCertificate, CaInputs};
use crate::ca::{CaRole, OwnerSource, owner_key};
use crate::x509::{CertificateSha256, SpkiSha256};

/// Owners by certificate, from a CCADB report.
#[derive(Debug, Default)]
pub struct OwnerRecords {
    by_certificate: BTreeMap<CertificateSha256, Record>,
}

#[derive(Debug)]
struct Record {
    owner: String,
    subordinate_owner: String,
    removed: bool,
}

/// Why a report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// A column is missing.
    #[error("the report has no column “{0}”")]
    Column(&'static str),
}

impl OwnerRecords {
    /// Reads CCADB's CSV report of all certificate records: the columns `CA Owner`, `Subordinate CA Owner`
    /// and `SHA-256 Fingerprint`.
    pub fn parse_csv(text: &str) -> Result<Self, OwnerError> {
        let mut rows = csv_rows(text).into_iter();
        let header = rows.next().unwrap_or_default();
        let column = |name: &'static str| {
            header.iter().position(|candidate| candidate == name).ok_or(OwnerError::Column(name))
        };
        let owner = column("CA Owner")?;
        let subordinate = column("Subordinate CA Owner")?;
        let fingerprint = column("SHA-256 Fingerprint")?;
        // What programmes say of roots stands in columns that an older report may not have.
        let states: Vec<usize> =
            ["Mozilla Status", "Microsoft Status"].into_iter().filter_map(|name| column(name).ok()).collect();
        let mut by_certificate = BTreeMap::new();
        for row in rows {
            let field = |position: usize| row.get(position).map(|text| one_line(text)).unwrap_or_default();
            let Some(sha256) = hex(&field(fingerprint)) else { continue };
            let removed = states.len() == 2
                && states.iter().all(|state| matches!(field(*state).as_str(), "Removed" | "Disabled"));
            let record = Record { owner: field(owner), subordinate_owner: field(subordinate), removed };
            if !record.owner.is_empty() {
                by_certificate.insert(CertificateSha256(sha256), record);
            }
        }
        Ok(Self { by_certificate })
    }

    /// Whether both programmes of the report had removed a root.
    pub(super) fn is_removed(&self, certificate: &CertificateSha256) -> bool {
        self.by_certificate.get(certificate).is_some_and(|record| record.removed)
    }

    /// Whether the report says anything of a certificate.
    pub(super) fn knows(&self, certificate: &CertificateSha256) -> bool {
        self.by_certificate.contains_key(certificate)
    }

    /// Whether nothing is said of any certificate.
    pub(super) fn is_empty(&self) -> bool {
        self.by_certificate.is_empty()
    }

    /// Adds another report; where both know a certificate, the other's word counts.
    pub fn extend(&mut self, other: Self) {
        self.by_certificate.extend(other.by_certificate);
    }
}

/// How owners' names are spelled.
#[derive(Debug, Default)]
pub(super) struct Names {
    spellings: BTreeMap<String, String>,
    /// Names that CCADB uses for owners with roots or CAs of their own.
    owners: BTreeSet<String>,
    /// The owner that the lists of CAA identifiers give to an organisation.
    by_organisation: BTreeMap<String, String>,
}

impl Names {
    /// Of all spellings of one owner the shortest is taken: it is the one without company form. `earlier` are those of
    /// earlier tables.
    pub(super) fn of<'a>(inputs: &'a CaInputs, earlier: impl Iterator<Item = &'a String>) -> Self {
        let records = inputs.owners.by_certificate.values();
        let listed = inputs.identifiers.iter().flat_map(|input| input.owners.iter().map(|(_, owner)| owner));
        let mut names = Self {
            owners: records.clone().map(|record| owner_key(&record.owner)).collect(),
            by_organisation: super::identifiers::owner_by_organisation(&inputs.identifiers),
            ..Self::default()
        };
        for name in records.map(|record| &record.owner).chain(listed).chain(earlier) {
            let spelling = names.spellings.entry(owner_key(name)).or_insert_with(|| name.clone());
            if (name.chars().count(), name) < (spelling.chars().count(), spelling) {
                spelling.clone_from(name);
            }
        }
        names
    }

    pub(super) fn canonical(&self, name: &str) -> String {
        self.spellings.get(&owner_key(name)).map_or_else(|| name.to_owned(), Clone::clone)
    }

    /// The spelling of the owner with this [`owner_key`].
    pub(super) fn spelling(&self, key: &str) -> Option<&String> {
        self.spellings.get(key)
    }

    /// Who runs the certificate's CA: the subordinate owner where that is an owner in its own right.
    fn owner_of(&self, record: &Record) -> String {
        let own = self.owners.contains(&owner_key(&record.subordinate_owner));
        self.canonical(if own { &record.subordinate_owner } else { &record.owner })
    }
}

/// The owners of keys, and how each is known.
pub(super) type Owners = BTreeMap<SpkiSha256, (String, OwnerSource)>;

/// The owner of every key that has one.
pub(super) fn decide(
    certificates: &[CaCertificate],
    lineage: &Lineage,
    records: &OwnerRecords,
    names: &Names,
) -> Owners {
    let mut owners = by_certificate(certificates, records, names);
    let by_name = by_root_name(certificates, &owners, names);
    for certificate in certificates.iter().filter(|certificate| certificate.role() == CaRole::Root) {
        if let Some(owner) = by_name.get(&owner_key(&certificate.organisation)) {
            let owner = (owner.clone(), OwnerSource::RootName);
            owners.entry(certificate.spki_sha256).or_insert(owner);
        }
    }
    // Owners come down one step at a time, so that the nearest one decides.
    for _ in 0..MAX_DEPTH {
        let known = owners.clone();
        for certificate in certificates {
            let key = &certificate.spki_sha256;
            let above: BTreeSet<&String> =
                lineage.issuers(key).filter_map(|issuer| known.get(issuer)).map(|(owner, _)| owner).collect();
            // Of several owners, the one that the CA's organisation stands for; else nobody knows.
            let own = by_name.get(&owner_key(&certificate.organisation));
            let several = || own.filter(|name| above.contains(name));
            let one = if above.len() == 1 { above.first().copied() } else { several() };
            if let (false, Some(owner)) = (known.contains_key(key), one) {
                owners.insert(*key, (owner.clone(), OwnerSource::Issuer));
            }
        }
        if owners.len() == known.len() {
            break;
        }
    }
    owners
}

/// CCADB's owners. Where a key's certificates have several, a self-issued one decides, then the majority.
fn by_certificate(certificates: &[CaCertificate], records: &OwnerRecords, names: &Names) -> Owners {
    let mut votes: BTreeMap<SpkiSha256, BTreeMap<String, (bool, usize)>> = BTreeMap::new();
    for certificate in certificates {
        let Some(record) = records.by_certificate.get(&certificate.sha256) else { continue };
        let of_key = votes.entry(certificate.spki_sha256).or_default();
        let (root, count) = of_key.entry(names.owner_of(record)).or_default();
        *root |= certificate.role() == CaRole::Root;
        *count = count.saturating_add(1);
    }
    let most = |owners: BTreeMap<String, (bool, usize)>| {
        // The first of equals in the alphabet.
        owners.into_iter().rev().max_by_key(|(_, vote)| *vote).map(|(owner, _)| owner)
    };
    votes
        .into_iter()
        .filter_map(|(key, owners)| Some((key, (most(owners)?, OwnerSource::Certificate))))
        .collect()
}

/// The owner that a root's organisation stands for: as the lists of CAA identifiers say, else as CCADB says of
/// other roots of that organisation, if those agree.
fn by_root_name(certificates: &[CaCertificate], owners: &Owners, names: &Names) -> BTreeMap<String, String> {
    let mut by_name: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for certificate in certificates.iter().filter(|certificate| certificate.role() == CaRole::Root) {
        let key = owner_key(&certificate.organisation);
        if let Some((owner, _)) = owners.get(&certificate.spki_sha256).filter(|_| !key.is_empty()) {
            by_name.entry(key).or_default().insert(owner);
        }
    }
    let agreed = by_name.into_iter().filter(|(_, owners)| owners.len() == 1);
    let mut owner_of: BTreeMap<String, String> =
        agreed.filter_map(|(key, owners)| Some((key, (*owners.first()?).clone()))).collect();
    for (key, owner) in &names.by_organisation {
        owner_of.entry(key.clone()).or_insert_with(|| names.canonical(owner));
    }
    owner_of
}

/// Rows of a CSV text with quoted fields (RFC 4180).
pub(super) fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 32 octets in hexadecimal, with or without colons.
fn hex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let octets: Vec<u8> = digits.as_chunks::<2>().0.iter().map(|[high, low]| (high << 4) | low).collect();
    octets.try_into().ok()
}
