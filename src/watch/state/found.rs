//! What was found in logs: certificates, what they claim, and where they stand.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::alerts::add_alerts;
use super::database::{Transaction, Value, number, storable};
use super::error::StateError;
use super::logs::LogNumber;
use super::proofs::Proof;
use super::verdicts::{Judged, add_verdict};
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::watch::batch::ChainBeside;

/// What kind of entry a certificate stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// The certificate itself.
    X509,
    /// Its precertificate.
    Precert,
}

impl EntryKind {
    fn text(self) -> &'static str {
        match self {
            Self::X509 => "x509",
            Self::Precert => "precert",
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, StateError> {
        match text {
            "x509" => Ok(Self::X509),
            "precert" => Ok(Self::Precert),
            other => Err(StateError::Damaged(format!("an entry is of the kind “{other}”"))),
        }
    }
}

/// An entry of a log that concerns us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// SHA-256 of the TBSCertificate without what a precertificate has otherwise, or of the leaf where that cannot be
    /// read: what makes precertificate and certificate one, in any log.
    pub tbs_sha256: [u8; 32],
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// Its place in the log.
    pub index: u64,
    /// What the log says of its time, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The `MerkleTreeLeaf`, which the log's tree covers.
    pub leaf: Bytes,
    /// The certificate, DER, in an entry of that kind.
    pub certificate: Option<Bytes>,
    /// The precertificate as submitted, DER, in an entry of that kind.
    pub precertificate: Option<Bytes>,
    /// The chain above it, the issuer first.
    pub chain: ChainBeside,
    /// The watched names that it claims.
    pub claims: Vec<DnsName>,
    /// What was judged of it, where it was.
    pub judged: Option<Judged>,
}

/// What came of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The ids of the alerts that were not there before.
    pub alerts: Vec<String>,
    /// Of what was found, the places of those that are told.
    pub told: Vec<usize>,
}

/// What a chain is kept as: each certificate's SHA-256, the certificates once for all chains.
fn fingerprints(chain: &ChainBeside) -> Vec<u8> {
    match chain {
        ChainBeside::Certificates(certificates) => {
            certificates.iter().flat_map(|der| <[u8; 32]>::from(Sha256::digest(&der.0))).collect()
        }
        ChainBeside::Fingerprints(hashes) => hashes.iter().flatten().copied().collect(),
        ChainBeside::Unreadable(_) => Vec::new(),
    }
}

/// Adds what was found, with the alerts of what was judged. What two processes add at once is added in the same order by
/// both, so that neither waits for the other for ever. Without `place`, it is about entries that are kept already.
pub(super) async fn add_found(
    transaction: &mut Transaction,
    place: Option<(LogNumber, Proof)>,
    channels: &[String],
    found: &[Found],
) -> Result<Committed, StateError> {
    let issuers = found.iter().flat_map(|found| match &found.chain {
        ChainBeside::Certificates(certificates) => certificates.as_slice(),
        ChainBeside::Fingerprints(_) | ChainBeside::Unreadable(_) => &[],
    });
    add_issuers(transaction, issuers).await?;
    let mut committed = Committed::default();
    let mut sorted: Vec<(usize, &Found)> = found.iter().enumerate().collect();
    sorted.sort_by_key(|(_, found)| (found.tbs_sha256, found.index));
    for (nth, found) in sorted {
        add_certificate(transaction, found).await?;
        if let Some((log, proof)) = place {
            add_sighting(transaction, log, proof, found).await?;
        }
        let Some(judged) = &found.judged else { continue };
        if let Some(alert) = add_verdict(transaction, &found.tbs_sha256, judged).await? {
            let added = add_alerts(transaction, channels, std::slice::from_ref(&alert)).await?;
            if !added.is_empty() {
                committed.told.push(nth);
            }
            committed.alerts.extend(added);
        }
    }
    Ok(committed)
}

/// Adds certificates of issuers that are not there yet.
pub(super) async fn add_issuers(
    transaction: &mut Transaction,
    issuers: impl Iterator<Item = &Bytes>,
) -> Result<(), StateError> {
    let sorted: BTreeMap<[u8; 32], &Bytes> =
        issuers.map(|der| (Sha256::digest(&der.0).into(), der)).collect();
    for (sha256, der) in sorted {
        let sql = "INSERT INTO issuers (sha256, der) VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING";
        transaction.execute(sql, &[Value::Octets(&sha256), Value::Octets(der)]).await?;
    }
    Ok(())
}

async fn add_certificate(transaction: &mut Transaction, found: &Found) -> Result<(), StateError> {
    let hash = Value::Octets(&found.tbs_sha256);
    transaction
        .execute(
            "INSERT INTO certificates (tbs_sha256, first_seen, certificate, precertificate) \
             VALUES ($1, (SELECT now FROM clock), $2, $3) ON CONFLICT (tbs_sha256) DO UPDATE \
             SET certificate = COALESCE(certificates.certificate, excluded.certificate), \
             precertificate = COALESCE(certificates.precertificate, excluded.precertificate) \
             WHERE (certificates.certificate IS NULL AND excluded.certificate IS NOT NULL) \
             OR (certificates.precertificate IS NULL AND excluded.precertificate IS NOT NULL)",
            &[
                hash,
                Value::MaybeOctets(found.certificate.as_deref()),
                Value::MaybeOctets(found.precertificate.as_deref()),
            ],
        )
        .await?;
    let names: BTreeSet<&str> = found.claims.iter().map(DnsName::as_str).collect();
    for name in names {
        let sql =
            "INSERT INTO claims (name, tbs_sha256) VALUES ($1, $2) ON CONFLICT (name, tbs_sha256) DO NOTHING";
        transaction.execute(sql, &[Value::Text(name), hash]).await?;
    }
    Ok(())
}

/// Adds where it stands. What a log gave before is replaced, unless it is proven.
async fn add_sighting(
    transaction: &mut Transaction,
    log: LogNumber,
    proof: Proof,
    found: &Found,
) -> Result<(), StateError> {
    let problem = match &found.chain {
        ChainBeside::Unreadable(why) => Some(storable(why)),
        ChainBeside::Certificates(_) | ChainBeside::Fingerprints(_) => None,
    };
    // Any number may stand in an entry; the leaf has it as it is.
    let timestamp = i64::try_from(found.timestamp).unwrap_or(i64::MAX);
    transaction
        .execute(
            "INSERT INTO sightings (tbs_sha256, log, entry_index, kind, logged_at, leaf, chain, chain_problem, proof, \
             seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT now FROM clock)) \
             ON CONFLICT (tbs_sha256, log, entry_index) DO UPDATE SET kind = excluded.kind, \
             logged_at = excluded.logged_at, leaf = excluded.leaf, chain = excluded.chain, \
             chain_problem = excluded.chain_problem, proof = excluded.proof, seen = excluded.seen \
             WHERE sightings.proof <> 1",
            &[
                Value::Octets(&found.tbs_sha256),
                Value::Number(log.0),
                number(found.index)?,
                Value::Text(found.kind.text()),
                Value::Number(timestamp),
                Value::Octets(&found.leaf),
                Value::Octets(&fingerprints(&found.chain)),
                Value::MaybeText(problem.as_deref()),
                proof.value(),
            ],
        )
        .await?;
    Ok(())
}
