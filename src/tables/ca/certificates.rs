//! The table of CA certificates (which key signed which), and that of the values people mistake for a key's pin.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::lineage::Lineage;
use super::{CaCertificate, OwnerRecords};
use crate::ca::certificates::MISCOMPUTED;
use crate::ca::columns::{
    CERTIFICATE_COLUMNS, CERTIFICATE_VALUES, KEY_VALUES, NEAR_MISS_COLUMNS, with_kinds,
};
use crate::tables::TableError;
use crate::tables::tsv::{parse, render};
use crate::x509::miscomputed;
use crate::x509::paths::CertificateKind;
use crate::x509::{CertificateSha256, SpkiSha256};

/// What stands for a hash: its first 6 octets. Among 200,000 of them, one in 10^9 hashes meets another by chance.
pub(super) type Prefix = [u8; 6];

/// How many values a key has, and a certificate beside its own hash.
const OF_KEY: usize = KEY_VALUES.len();
const OF_CERTIFICATE: usize = CERTIFICATE_VALUES.len() - 1;

macro_rules! words_of {
    ($($word:literal => $variant:ident,)*) => { [$((CertificateKind::$variant, $word)),*] };
}

const KINDS: [(CertificateKind, &str); 3] = with_kinds!(words_of);

/// The certificates and the values, as rows.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    certificates: BTreeMap<CertificateSha256, CertificateRow>,
    near_misses: BTreeMap<Prefix, [Option<Prefix>; OF_KEY]>,
}

#[derive(Debug)]
struct CertificateRow {
    key: Prefix,
    subject: Prefix,
    issuer: Prefix,
    issuer_keys: BTreeSet<Prefix>,
    /// A root is an anchor of some store; both programmes of CCADB's report had removed a removed one.
    kind: CertificateKind,
    not_before: Timestamp,
    not_after: Timestamp,
    /// In the order of the columns.
    hashes: [Prefix; OF_CERTIFICATE],
}

impl Certificates {
    /// Folds certificates in. Those that are not for TLS servers are left out of the paths, not their keys.
    pub(super) fn add(&mut self, certificates: &[CaCertificate], lineage: &Lineage, records: &OwnerRecords) {
        for certificate in certificates {
            let values = miscomputed::of_key(&certificate.spki);
            let value =
                |wanted| values.iter().find(|(kind, _)| *kind == wanted).map(|(_, hash)| prefix(hash));
            self.near_misses.insert(
                prefix(&certificate.spki_sha256.0),
                std::array::from_fn(|place| value(*MISCOMPUTED.get(place)?)),
            );
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
            let mut hashes = [Prefix::default(); OF_CERTIFICATE];
            for (column, hash) in CERTIFICATE_VALUES.iter().skip(1).zip(&mut hashes) {
                *hash = row.read(column, prefix_of)?;
            }
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
                hashes,
            };
            tables.certificates.insert(CertificateSha256(sha256), certificate);
        }
        for row in parse(near_misses, NEAR_MISS_COLUMNS)? {
            let mut values = [None; OF_KEY];
            for (column, value) in KEY_VALUES.iter().zip(&mut values) {
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
        let fields = |(key, values): (&Prefix, &[Option<Prefix>; OF_KEY])| {
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
        // The first is the certificate's own hash, which stands in full.
        let value = |place: usize| {
            let wanted = MISCOMPUTED.get(OF_KEY.saturating_add(1).saturating_add(place))?;
            values.iter().find(|(kind, _)| kind == wanted).map(|(_, hash)| prefix(hash))
        };
        Self {
            key: prefix(&certificate.spki_sha256.0),
            subject: name(&certificate.subject_der),
            issuer: name(&certificate.issuer_der),
            issuer_keys: issuers.map(|key: &SpkiSha256| prefix(&key.0)).collect(),
            kind: match own {
                true if records.is_removed(&certificate.sha256) => CertificateKind::Removed,
                true => CertificateKind::Root,
                false => CertificateKind::Intermediate,
            },
            not_before: certificate.not_before_time,
            not_after: certificate.not_after_time,
            hashes: std::array::from_fn(|place| value(place).unwrap_or_default()),
        }
    }

    /// Keeps what an earlier table knew: issuers that are not among the inputs, and the removal of a root of which
    /// they say nothing.
    fn keep(&mut self, earlier: &Self, is_known: bool) {
        self.issuer_keys.extend(earlier.issuer_keys.iter().copied());
        if !is_known && self.kind == CertificateKind::Root && earlier.kind == CertificateKind::Removed {
            self.kind = CertificateKind::Removed;
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

fn kind_of(text: &str) -> Option<CertificateKind> {
    KINDS.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind)
}
