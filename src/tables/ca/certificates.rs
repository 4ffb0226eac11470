//! The table of CA certificates (which key signed which), and that of the values people mistake for a key's pin.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::lineage::Lineage;
use super::{CaCertificate, OwnerRecords};
use crate::tables::TableError;
use crate::tables::tsv::{parse, render};
use crate::x509::miscomputed::{self, KeyHeader, Miscomputed};
use crate::x509::{CertificateSha256, SpkiSha256};

/// What stands for a hash: its first 6 octets. Among 200,000 of them, one in 10^9 hashes meets another by chance.
pub(super) type Prefix = [u8; 6];

/// The columns of `ca-certificates.tsv`.
const CERTIFICATE_COLUMNS: &[&str] = &[
    "sha256",
    "key",
    "subject",
    "issuer",
    "issuer_keys",
    "kind",
    "not_before",
    "not_after",
    "sha1",
    "pem_text",
    "tbs",
];

/// The columns of `ca-near-misses.tsv`: the key, then each value in the order of [`OF_KEY`].
const NEAR_MISS_COLUMNS: &[&str] = &[
    "key",
    "spki_sha1",
    "spki_sha512",
    "spki_pem_text",
    "spki_base64_text",
    "raw_key",
    "raw_key_sha1",
    "rsa2048_header",
    "rsa3072_header",
    "rsa4096_header",
    "p256_header",
    "p384_header",
    "modulus",
    "compressed_point",
    "coordinates",
];

const OF_KEY: [Miscomputed; 14] = [
    Miscomputed::SpkiSha1,
    Miscomputed::SpkiSha512,
    Miscomputed::SpkiPemText,
    Miscomputed::SpkiBase64Text,
    Miscomputed::RawKey,
    Miscomputed::RawKeySha1,
    Miscomputed::WrongHeader(KeyHeader::Rsa2048),
    Miscomputed::WrongHeader(KeyHeader::Rsa3072),
    Miscomputed::WrongHeader(KeyHeader::Rsa4096),
    Miscomputed::WrongHeader(KeyHeader::P256),
    Miscomputed::WrongHeader(KeyHeader::P384),
    Miscomputed::Modulus,
    Miscomputed::CompressedPoint,
    Miscomputed::Coordinates,
];

/// The certificates and the values, as rows.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    certificates: BTreeMap<CertificateSha256, CertificateRow>,
    near_misses: BTreeMap<Prefix, [Option<Prefix>; OF_KEY.len()]>,
}

#[derive(Debug)]
struct CertificateRow {
    key: Prefix,
    subject: Prefix,
    issuer: Prefix,
    issuer_keys: BTreeSet<Prefix>,
    kind: Kind,
    not_before: Timestamp,
    not_after: Timestamp,
    /// SHA-1, the hash of the PEM text and that of the signed part.
    hashes: [Prefix; 3],
}

/// What a certificate can be on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Signed by its own key: an anchor of some store.
    Root,
    /// The same, but both programmes of CCADB's report had removed it.
    Removed,
    /// Signed by another key.
    Intermediate,
}

const KINDS: [(Kind, &str); 3] =
    [(Kind::Root, "root"), (Kind::Removed, "removed"), (Kind::Intermediate, "intermediate")];

impl Certificates {
    /// Folds certificates in. Those that are not for TLS servers are left out of the paths, not their keys.
    pub(super) fn add(&mut self, certificates: &[CaCertificate], lineage: &Lineage, records: &OwnerRecords) {
        for certificate in certificates {
            let values = miscomputed::of_key(&certificate.spki);
            let value =
                |wanted| values.iter().find(|(kind, _)| *kind == wanted).map(|(_, hash)| prefix(hash));
            self.near_misses.insert(prefix(&certificate.spki_sha256.0), OF_KEY.map(value));
            if certificate.tls {
                let mut row = CertificateRow::of(certificate, lineage, records);
                if let Some(earlier) = self.certificates.get(&certificate.sha256) {
                    row.keep(earlier, records.knows(&certificate.sha256));
                }
                self.certificates.insert(certificate.sha256, row);
            }
        }
    }

    /// Reads the tables back.
    pub(super) fn parse(certificates: &str, near_misses: &str) -> Result<Self, TableError> {
        let mut tables = Self::default();
        for row in parse(certificates, CERTIFICATE_COLUMNS)? {
            let sha256 = row.read("sha256", |text| STANDARD.decode(text).ok()?.try_into().ok())?;
            let certificate = CertificateRow {
                key: row.read("key", prefix_of)?,
                subject: row.read("subject", prefix_of)?,
                issuer: row.read("issuer", prefix_of)?,
                issuer_keys: row
                    .read_present("issuer_keys", |text| text.split(' ').map(prefix_of).collect())?
                    .unwrap_or_default(),
                kind: row.read("kind", kind_of)?,
                not_before: row.read("not_before", |text| text.parse().ok())?,
                not_after: row.read("not_after", |text| text.parse().ok())?,
                hashes: [
                    row.read("sha1", prefix_of)?,
                    row.read("pem_text", prefix_of)?,
                    row.read("tbs", prefix_of)?,
                ],
            };
            tables.certificates.insert(CertificateSha256(sha256), certificate);
        }
        for row in parse(near_misses, NEAR_MISS_COLUMNS)? {
            let mut values = [None; OF_KEY.len()];
            for (column, value) in NEAR_MISS_COLUMNS.iter().skip(1).zip(&mut values) {
                *value = row.read_present(column, prefix_of)?;
            }
            tables.near_misses.insert(row.read("key", prefix_of)?, values);
        }
        Ok(tables)
    }

    /// `ca-certificates.tsv`.
    pub(super) fn certificates_text(&self, notes: &[String]) -> String {
        let fields = |(sha256, row): (&CertificateSha256, &CertificateRow)| {
            let issuers: Vec<String> = row.issuer_keys.iter().copied().map(text_of).collect();
            let kind = KINDS.iter().find(|(kind, _)| *kind == row.kind).map_or("", |(_, text)| text);
            let mut fields = vec![
                STANDARD.encode(sha256.0),
                text_of(row.key),
                text_of(row.subject),
                text_of(row.issuer),
                issuers.join(" "),
                kind.to_owned(),
                row.not_before.to_string(),
                row.not_after.to_string(),
            ];
            fields.extend(row.hashes.iter().copied().map(text_of));
            fields
        };
        render(notes, CERTIFICATE_COLUMNS, self.certificates.iter().map(fields))
    }

    /// `ca-near-misses.tsv`.
    pub(super) fn near_misses_text(&self, notes: &[String]) -> String {
        let fields = |(key, values): (&Prefix, &[Option<Prefix>; OF_KEY.len()])| {
            let values = values.iter().map(|value| value.map(text_of).unwrap_or_default());
            std::iter::once(text_of(*key)).chain(values).collect()
        };
        render(notes, NEAR_MISS_COLUMNS, self.near_misses.iter().map(fields))
    }
}

impl CertificateRow {
    fn of(certificate: &CaCertificate, lineage: &Lineage, records: &OwnerRecords) -> Self {
        let issuers = lineage.issuers_of(&certificate.sha256);
        let own = issuers.clone().any(|key| *key == certificate.spki_sha256);
        let values = miscomputed::of_certificate(&certificate.der, &certificate.tbs);
        let value = |wanted| {
            values.iter().find(|(kind, _)| *kind == wanted).map(|(_, hash)| prefix(hash)).unwrap_or_default()
        };
        Self {
            key: prefix(&certificate.spki_sha256.0),
            subject: name(&certificate.subject_der),
            issuer: name(&certificate.issuer_der),
            issuer_keys: issuers.map(|key: &SpkiSha256| prefix(&key.0)).collect(),
            kind: match own {
                true if records.is_removed(&certificate.sha256) => Kind::Removed,
                true => Kind::Root,
                false => Kind::Intermediate,
            },
            not_before: certificate.not_before_time,
            not_after: certificate.not_after_time,
            hashes: [
                value(Miscomputed::CertificateSha1),
                value(Miscomputed::CertificatePemText),
                value(Miscomputed::Tbs),
            ],
        }
    }

    /// Keeps what an earlier table knew: issuers that are not among the inputs, and the removal of a root of which
    /// they say nothing.
    fn keep(&mut self, earlier: &Self, is_known: bool) {
        self.issuer_keys.extend(earlier.issuer_keys.iter().copied());
        if !is_known && self.kind == Kind::Root && earlier.kind == Kind::Removed {
            self.kind = Kind::Removed;
        }
    }
}

/// The first octets of SHA-256 over a Name.
fn name(name_der: &[u8]) -> Prefix {
    prefix(&SpkiSha256::of(name_der).0)
}

fn prefix(hash: &[u8]) -> Prefix {
    hash.first_chunk().copied().unwrap_or_default()
}

fn text_of(prefix: Prefix) -> String {
    STANDARD.encode(prefix)
}

fn prefix_of(text: &str) -> Option<Prefix> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

fn kind_of(text: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind)
}
