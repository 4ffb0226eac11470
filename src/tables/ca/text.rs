//! The CA tables as text, there and back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{CaTables, Certificates, IdentifierRow, KeyId, KeyRow};
use crate::ca::{CaRole, OwnerSource};
use crate::tables::TableError;
use crate::tables::tsv::{parse, render};
use crate::x509::SpkiSha256;

/// The text of the six tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaTexts {
    /// `ca-keys.tsv`.
    pub keys: String,
    /// `ca-identifiers.tsv`.
    pub identifiers: String,
    /// `ca-organisations.tsv`.
    pub organisations: String,
    /// `ca-certificates.tsv`.
    pub certificates: String,
    /// `ca-near-misses.tsv`.
    pub near_misses: String,
    /// `ca-contacts.tsv`.
    pub contacts: String,
}

const KEY_COLUMNS: &[&str] = &[
    "spki_sha256",
    "ski",
    "name_hash",
    "role",
    "not_after",
    "owner",
    "owner_source",
    "organisation",
    "root_organisations",
    "subject",
];
const IDENTIFIER_COLUMNS: &[&str] = &["identifier", "owners", "sources"];
const ORGANISATION_COLUMNS: &[&str] = &["organisation", "identifiers"];
const CONTACT_COLUMNS: &[&str] = &["owner", "contacts"];

/// Between the parts of a field; no organisation has it in its name.
const SEPARATOR: &str = " | ";
const SOURCE_NOTE: &str = "# source: ";

impl CaTables {
    /// Reads the tables back, so that newer inputs can be folded in.
    pub fn parse(texts: &CaTexts) -> Result<Self, TableError> {
        let certificates = Certificates::parse(&texts.certificates, &texts.near_misses)?;
        let mut tables = Self { certificates, ..Self::default() };
        let notes = texts.keys.lines().filter_map(|line| line.strip_prefix(SOURCE_NOTE));
        tables.sources.extend(notes.map(str::to_owned));
        for row in parse(&texts.keys, KEY_COLUMNS)? {
            let id = KeyId {
                spki: row.read("spki_sha256", SpkiSha256::from_base64)?,
                ski: row.read_present("ski", octets_of)?.unwrap_or_default(),
                name: row.read_present("name_hash", |text| octets_of(text)?.try_into().ok())?,
            };
            let text = |column| row.present(column).unwrap_or_default().to_owned();
            let key = KeyRow {
                role: row.read("role", role_of)?,
                not_after: text("not_after"),
                organisation: text("organisation"),
                root_organisations: row.present("root_organisations").map(parts).unwrap_or_default(),
                owner: row.present("owner").map(str::to_owned),
                owner_source: row.read("owner_source", owner_source_of)?,
                subject: text("subject"),
            };
            tables.keys.insert(id, key);
        }
        for row in parse(&texts.identifiers, IDENTIFIER_COLUMNS)? {
            let known =
                IdentifierRow { owners: parts(row.text("owners")), sources: parts(row.text("sources")) };
            tables.identifiers.insert(row.text("identifier").to_owned(), known);
        }
        for row in parse(&texts.organisations, ORGANISATION_COLUMNS)? {
            let identifiers = row.text("identifiers").split(' ').map(str::to_owned).collect();
            tables.organisations.insert(row.text("organisation").to_owned(), identifiers);
        }
        for row in parse(&texts.contacts, CONTACT_COLUMNS)? {
            tables.contacts.insert(row.text("owner").to_owned(), parts(row.text("contacts")));
        }
        Ok(tables)
    }

    /// The tables as text.
    pub fn render(&self) -> CaTexts {
        CaTexts {
            keys: self.keys_text(),
            identifiers: self.identifiers_text(),
            organisations: self.organisations_text(),
            certificates: self.certificates.certificates_text(&self.notes(
                "The certificates of CAs that may issue for TLS servers, and which key signed which.",
                "sha256: base64. All others are the first 6 octets of a hash, base64. key: of the SPKI's SHA-256. \
                 subject, issuer: of SHA-256 over the Name. issuer_keys: the keys that made the signature, by \
                 verification. kind: root (its own), removed (a root that both programmes of CCADB's report had \
                 removed) or intermediate. sha1, pem_text, tbs: what is taken for a pin by mistake.",
            )),
            near_misses: self.certificates.near_misses_text(&self.notes(
                "What is taken for the pin of a CA's key by mistake, one row for each key.",
                "Each value is the first 6 octets of a hash, base64. key: of the SPKI's SHA-256. The others are \
                 described in src/x509/miscomputed.rs; “header” is that of another kind of key before this one.",
            )),
            contacts: self.contacts_text(),
        }
    }

    fn contacts_text(&self) -> String {
        let notes = self.notes(
            "Where CAs take problem reports, as CCADB has it of their owners; empty where no input had it.",
            "Whoever asks a CA to revoke writes there (Baseline Requirements 4.9.3).",
        );
        let fields = |(owner, contacts): (&String, &BTreeSet<String>)| vec![owner.clone(), joined(contacts)];
        render(&notes, CONTACT_COLUMNS, self.contacts.iter().map(fields))
    }

    fn keys_text(&self) -> String {
        let notes = self.notes(
            "The keys of CA certificates known to CCADB, one row for each subject key identifier and name.",
            "spki_sha256: base64. ski: hexadecimal. name_hash: the first 8 octets of SHA-256 over the DER of the \
             subject Name. owner_source: certificate (CCADB's owner for it), root_name (the owner that the \
             root's organisation stands for), issuer (the owner of the nearest CA above, by verified \
             signatures), or unknown. root_organisations: of the roots above, by verified signatures.",
        );
        let fields = |(id, key): (&KeyId, &KeyRow)| {
            vec![
                id.spki.to_string(),
                hex(&id.ski),
                id.name.map(|name| hex(&name)).unwrap_or_default(),
                role_text(key.role).to_owned(),
                key.not_after.clone(),
                key.owner.clone().unwrap_or_default(),
                owner_source_text(key.owner_source).to_owned(),
                key.organisation.clone(),
                joined(&key.root_organisations),
                key.subject.clone(),
            ]
        };
        render(&notes, KEY_COLUMNS, self.keys.iter().map(fields))
    }

    fn identifiers_text(&self) -> String {
        let notes = self.notes(
            "CAA identifiers, the owners that recognise them by any source, and the sources that list them.",
            "Sources disagree, and several owners may recognise one identifier: all are kept.",
        );
        let fields = |(identifier, row): (&String, &IdentifierRow)| {
            vec![identifier.clone(), joined(&row.owners), joined(&row.sources)]
        };
        render(&notes, IDENTIFIER_COLUMNS, self.identifiers.iter().map(fields))
    }

    fn organisations_text(&self) -> String {
        let notes = self.notes(
            "Organisations as CA certificates write them, and owners, with the CAA identifiers they are known by.",
            "A key's identifiers are those of its own organisation (by subject), and those of the roots above it and of its owner (by root).",
        );
        let fields = |(organisation, identifiers): (&String, &BTreeSet<String>)| {
            let identifiers: Vec<&str> = identifiers.iter().map(String::as_str).collect();
            vec![organisation.clone(), identifiers.join(" ")]
        };
        render(&notes, ORGANISATION_COLUMNS, self.organisations.iter().map(fields))
    }

    fn notes(&self, what: &str, columns: &str) -> Vec<String> {
        let mut notes = vec![
            what.to_owned(),
            "Made by `pinstead tables ca`; see data/README.md. Do not edit by hand.".to_owned(),
            columns.to_owned(),
        ];
        notes.extend(self.sources.iter().map(|source| format!("source: {source}")));
        notes
    }
}

fn joined(parts: &BTreeSet<String>) -> String {
    parts.iter().map(String::as_str).collect::<Vec<_>>().join(SEPARATOR)
}

fn parts(text: &str) -> BTreeSet<String> {
    text.split(SEPARATOR).filter(|part| *part != "-").map(str::to_owned).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn octets_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

fn role_text(role: CaRole) -> &'static str {
    match role {
        CaRole::Root => "root",
        CaRole::Intermediate => "intermediate",
    }
}

fn role_of(text: &str) -> Option<CaRole> {
    [CaRole::Root, CaRole::Intermediate].into_iter().find(|role| role_text(*role) == text)
}

fn owner_source_text(source: OwnerSource) -> &'static str {
    match source {
        OwnerSource::Unknown => "unknown",
        OwnerSource::Certificate => "certificate",
        OwnerSource::RootName => "root_name",
        OwnerSource::Issuer => "issuer",
    }
}

fn owner_source_of(text: &str) -> Option<OwnerSource> {
    [OwnerSource::Unknown, OwnerSource::Certificate, OwnerSource::RootName, OwnerSource::Issuer]
        .into_iter()
        .find(|source| owner_source_text(*source) == text)
}
