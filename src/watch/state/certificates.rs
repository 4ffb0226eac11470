//! The certificates that were found, read again.

use jiff::Timestamp;

use super::database::Durability::{Durable, Progress};
use super::database::{Row, Value, number};
use super::error::StateError;
use super::found::{EntryKind, add_issuers};
use super::logs::LogNumber;
use super::proofs::Proof;
use super::{PAGE, State};
use crate::dns_name::DnsName;
use crate::evidence::Bytes;
use crate::watch::batch::ChainBeside;

/// The most certificates of issuers that are read at once, to tell whose name another's certificate bears.
const MOST_ISSUERS: u64 = 2000;

/// A certificate that was found, in any number of logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// What makes precertificate and certificate one.
    pub tbs_sha256: [u8; 32],
    /// When it was found first.
    pub first_seen: Timestamp,
    /// The certificate, DER, where a log had it.
    pub certificate: Option<Bytes>,
    /// The precertificate, DER, where a log had it.
    pub precertificate: Option<Bytes>,
}

/// Where a certificate stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Which log.
    pub log: LogNumber,
    /// Its place there.
    pub index: u64,
    /// What kind of entry it is.
    pub kind: EntryKind,
    /// What the log says of its time, in milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// Whether it stands in a tree whose root the log signed, as was proven.
    pub is_proven: bool,
    /// The `MerkleTreeLeaf`.
    pub leaf: Bytes,
    /// The chain beside it: fingerprints, or why it could not be read. [`State::issuer`] has the certificates.
    pub chain: ChainBeside,
    /// When we found it.
    pub seen: Timestamp,
}

impl State {
    /// Certificates that claim this watched name, in the order of their hashes, behind `after`; a thousand at most.
    pub async fn certificates_claiming(
        &self,
        name: &DnsName,
        after: Option<&[u8; 32]>,
    ) -> Result<Vec<KnownCertificate>, StateError> {
        let sql = "SELECT c.tbs_sha256, c.first_seen, c.certificate, c.precertificate FROM claims \
                   JOIN certificates c ON c.tbs_sha256 = claims.tbs_sha256 \
                   WHERE claims.name = $1 AND claims.tbs_sha256 > $2 ORDER BY claims.tbs_sha256 LIMIT $3";
        let after = after.map_or(&[][..], |hash| hash.as_slice());
        let values = [Value::Text(name.as_str()), Value::Octets(after), number(PAGE)?];
        self.database.rows(Progress, sql, &values).await?.iter().map(read_certificate).collect()
    }

    /// Certificates for any names, in the order of their hashes, behind `after`; `most` of them, a thousand at most.
    pub async fn certificates_after(
        &self,
        after: Option<&[u8; 32]>,
        most: u64,
    ) -> Result<Vec<KnownCertificate>, StateError> {
        let sql = "SELECT tbs_sha256, first_seen, certificate, precertificate FROM certificates \
                   WHERE tbs_sha256 > $1 ORDER BY tbs_sha256 LIMIT $2";
        let after = after.map_or(&[][..], |hash| hash.as_slice());
        let values = [Value::Octets(after), number(most.min(PAGE))?];
        self.database.rows(Progress, sql, &values).await?.iter().map(read_certificate).collect()
    }

    /// Where the certificates stand whose hashes are from `first` to `last`, in their order; `most` places at most.
    pub async fn sightings_between(
        &self,
        (first, last): (&[u8; 32], &[u8; 32]),
        most: u64,
    ) -> Result<Vec<([u8; 32], Sighting)>, StateError> {
        let sql = "SELECT log, entry_index, kind, logged_at, leaf, chain, chain_problem, seen, proof, \
                   tbs_sha256 FROM sightings WHERE tbs_sha256 >= $1 AND tbs_sha256 <= $2 \
                   ORDER BY tbs_sha256, log, entry_index LIMIT $3";
        let values = [Value::Octets(first), Value::Octets(last), number(most)?];
        let rows = self.database.rows(Progress, sql, &values).await?;
        rows.iter().map(|row| Ok((row.hash(9)?, read_sighting(row)?))).collect()
    }

    /// The watched names below this one that certificates claim; a thousand at most.
    pub async fn claimed_below(&self, name: &DnsName) -> Result<Vec<DnsName>, StateError> {
        let sql = "SELECT DISTINCT name FROM claims \
                   WHERE substr(name, length(name) - length($1) + 1) = $1 ORDER BY name LIMIT $2";
        let end = format!(".{name}");
        let rows = self.database.rows(Progress, sql, &[Value::Text(&end), number(PAGE)?]).await?;
        let damaged = |_| StateError::Damaged("a watched name is no name".to_owned());
        rows.iter().map(|row| row.text(0)?.parse().map_err(damaged)).collect()
    }

    /// The certificate of this hash, if it was found.
    pub async fn certificate(&self, tbs_sha256: &[u8; 32]) -> Result<Option<KnownCertificate>, StateError> {
        let sql = "SELECT tbs_sha256, first_seen, certificate, precertificate FROM certificates WHERE tbs_sha256 = $1";
        let rows = self.database.rows(Progress, sql, &[Value::Octets(tbs_sha256)]).await?;
        rows.first().map(read_certificate).transpose()
    }

    /// Where a certificate stands; a thousand places at most.
    pub async fn sightings(&self, tbs_sha256: &[u8; 32]) -> Result<Vec<Sighting>, StateError> {
        let sql = "SELECT log, entry_index, kind, logged_at, leaf, chain, chain_problem, seen, proof \
                   FROM sightings \
                   WHERE tbs_sha256 = $1 ORDER BY log, entry_index LIMIT $2";
        let values = [Value::Octets(tbs_sha256), number(PAGE)?];
        self.database.rows(Progress, sql, &values).await?.iter().map(read_sighting).collect()
    }

    /// Where a certificate stands, so many places at most: those that are proven first.
    pub async fn first_sightings(
        &self,
        tbs_sha256: &[u8; 32],
        most: usize,
    ) -> Result<Vec<Sighting>, StateError> {
        // Which they are is known before any leaf is read: a leaf may have megabytes.
        let sql = "SELECT log, entry_index, kind, logged_at, leaf, chain, chain_problem, seen, proof \
                   FROM sightings \
                   WHERE tbs_sha256 = $1 AND (log, entry_index) IN \
                   (SELECT log, entry_index FROM sightings WHERE tbs_sha256 = $1 \
                   ORDER BY CASE WHEN proof = 1 THEN 0 ELSE 1 END, log, entry_index LIMIT $2) \
                   ORDER BY CASE WHEN proof = 1 THEN 0 ELSE 1 END, log, entry_index";
        let most = number(u64::try_from(most).unwrap_or(PAGE).min(PAGE))?;
        let values = [Value::Octets(tbs_sha256), most];
        self.database.rows(Progress, sql, &values).await?.iter().map(read_sighting).collect()
    }

    /// The certificate of an issuer with this SHA-256, DER, if it is kept.
    pub async fn issuer(&self, sha256: &[u8; 32]) -> Result<Option<Bytes>, StateError> {
        let sql = "SELECT der FROM issuers WHERE sha256 = $1";
        let rows = self.database.rows(Progress, sql, &[Value::Octets(sha256)]).await?;
        rows.first().map(|row| row.octets(0).map(Bytes)).transpose()
    }

    /// The certificates of issuers that are kept, DER; two thousand at most.
    pub async fn issuers(&self) -> Result<Vec<Bytes>, StateError> {
        let sql = "SELECT der FROM issuers ORDER BY sha256 LIMIT $1";
        let rows = self.database.rows(Progress, sql, &[number(MOST_ISSUERS)?]).await?;
        rows.iter().map(|row| row.octets(0).map(Bytes)).collect()
    }

    /// How many certificates of issuers are kept: none goes, so that the same number are the same ones.
    pub async fn count_issuers(&self) -> Result<u64, StateError> {
        let rows = self.database.rows(Progress, "SELECT COUNT(*) FROM issuers", &[]).await?;
        rows.first().map_or(Ok(0), |row| row.number(0))
    }

    /// Keeps certificates of issuers that a static log has in files of their own.
    pub async fn keep_issuers(&self, issuers: &[Bytes]) -> Result<(), StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = add_issuers(&mut transaction, issuers.iter()).await;
        transaction.end(done).await
    }
}

fn read_certificate(row: &Row) -> Result<KnownCertificate, StateError> {
    Ok(KnownCertificate {
        tbs_sha256: row.hash(0)?,
        first_seen: row.time(1)?,
        certificate: row.maybe_octets(2)?.map(Bytes),
        precertificate: row.maybe_octets(3)?.map(Bytes),
    })
}

fn read_sighting(row: &Row) -> Result<Sighting, StateError> {
    let octets = row.octets(5)?;
    let (hashes, rest) = octets.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(StateError::Damaged("a chain is not made of hashes".to_owned()));
    }
    let chain = match row.maybe_text(6)? {
        Some(why) => ChainBeside::Unreadable(why),
        None => ChainBeside::Fingerprints(hashes.to_vec()),
    };
    Ok(Sighting {
        log: LogNumber(row.signed(0)?),
        index: row.number(1)?,
        kind: EntryKind::read(&row.text(2)?)?,
        timestamp: row.number(3)?,
        is_proven: Proof::is_proven(row.signed(8)?),
        leaf: Bytes(row.octets(4)?),
        chain,
        seen: row.time(7)?,
    })
}
