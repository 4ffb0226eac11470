//! What was judged of certificates, so that a graver or a better founded verdict is told again.

use super::State;
use super::alerts::NewAlert;
use super::database::Durability::{Durable, Progress};
use super::database::{Transaction, Value, number};
use super::error::StateError;
use super::found::{Committed, Found, add_found};
use super::logs::LogNumber;
use super::proofs::Proof;
use super::reporting::undetermined_by;
use crate::evidence::Bytes;
use crate::x509::hexadecimal;

/// How many open verdicts are read at once.
const MOST_OPEN: u64 = 200;
/// How grave a verdict without a proven key must be to be told beside one with such a key.
const GRAVE: u8 = 3;

/// What was judged of a certificate that was found, and what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The key that issued it, where that is proven.
    pub issuer_key: Option<[u8; 32]>,
    /// How grave it is: the more, the graver.
    pub gravity: u8,
    /// Whether it is known what is to be thought of it.
    pub is_determined: bool,
    /// Whether looking again would change nothing for whoever wishes the same.
    pub is_final: bool,
    /// What was wished when it was judged, as a hash; none where nothing was.
    pub wishes: Option<[u8; 32]>,
    /// The verdict in a few words: the subject of an alert has it where it is not the first of its certificate.
    pub verdict: String,
    /// What is told, unless it was told before.
    pub alert: NewAlert,
}

/// An entry whose certificate has a verdict that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEntry {
    /// What makes precertificate and certificate one.
    pub tbs_sha256: [u8; 32],
    /// Its place in the log.
    pub index: u64,
    /// Whether the log's tree covers it, as was proven.
    pub is_proven: bool,
    /// The `MerkleTreeLeaf`.
    pub leaf: Bytes,
    /// The precertificate, DER, where a log had it.
    pub precertificate: Option<Bytes>,
    /// The SHA-256 of each certificate of its chain.
    pub chain: Vec<[u8; 32]>,
    /// Why its chain cannot be read, if it cannot.
    pub chain_problem: Option<String>,
}

impl State {
    /// What this process wishes of certificates, as a hash: those that were judged by other wishes are open for it.
    pub fn wish(&self, wishes: [u8; 32]) {
        // The same each time.
        let _ = self.wishes.set(wishes);
    }

    /// Entries of the log whose certificates have verdicts that are not final, or not by our wishes, in the order of their
    /// hashes, behind `after`.
    pub async fn open_verdicts(
        &self,
        log: LogNumber,
        after: Option<&[u8; 32]>,
    ) -> Result<Vec<OpenEntry>, StateError> {
        let sql = "SELECT s.tbs_sha256, s.entry_index, s.leaf, c.precertificate, s.chain, s.chain_problem, s.proof \
                   FROM sightings s JOIN certificates c ON c.tbs_sha256 = s.tbs_sha256 \
                   WHERE s.log = $1 AND s.tbs_sha256 > $2 \
                   AND (s.tbs_sha256 IN (SELECT tbs_sha256 FROM verdicts WHERE determined < 2) \
                     OR length($4) > 0 AND EXISTS (SELECT 1 FROM verdicts v WHERE v.tbs_sha256 = s.tbs_sha256) \
                     AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.tbs_sha256 = s.tbs_sha256 AND j.wishes = $4)) \
                   ORDER BY s.tbs_sha256, s.entry_index LIMIT $3";
        let after = after.map_or(&[][..], |hash| hash.as_slice());
        let wishes = self.wishes.get().map_or(&[][..], |wishes| wishes.as_slice());
        let values = [Value::Number(log.0), Value::Octets(after), number(MOST_OPEN)?, Value::Octets(wishes)];
        let rows = self.database.rows(Progress, sql, &values).await?;
        rows.iter()
            .map(|row| {
                Ok(OpenEntry {
                    tbs_sha256: row.hash(0)?,
                    index: row.number(1)?,
                    is_proven: Proof::is_proven(row.signed(6)?),
                    leaf: Bytes(row.octets(2)?),
                    precertificate: row.maybe_octets(3)?.map(Bytes),
                    chain: row.octets(4)?.as_chunks::<32>().0.to_vec(),
                    chain_problem: row.maybe_text(5)?,
                })
            })
            .collect()
    }

    /// How many certificates have a verdict that is open.
    pub async fn count_open_verdicts(&self) -> Result<u64, StateError> {
        let sql = "SELECT COUNT(DISTINCT tbs_sha256) FROM verdicts WHERE determined = 0";
        self.database.rows(Progress, sql, &[]).await?.first().map_or(Ok(0), |row| row.number(0))
    }

    /// Keeps what was judged again of what was found before.
    pub async fn judged_again(&self, found: &[Found]) -> Result<Committed, StateError> {
        let mut transaction = self.database.begin(Durable).await?;
        let done = add_found(&mut transaction, None, &self.channels, found).await;
        transaction.end(done).await
    }
}

/// A verdict as it is kept.
struct Kept {
    key: Vec<u8>,
    gravity: u64,
    /// 0: open; 1: determined; 2: final.
    determined: i64,
}

/// Keeps a verdict, and gives the alert where it is to be told: the first of a certificate, a graver one, the first that
/// is determined, and one about another key that issued the same content. The certificate's row is held by us.
pub(super) async fn add_verdict(
    transaction: &mut Transaction,
    tbs_sha256: &[u8; 32],
    judged: &Judged,
) -> Result<Option<NewAlert>, StateError> {
    let tbs = Value::Octets(tbs_sha256);
    let sql =
        "SELECT issuer_key, gravity, determined FROM verdicts WHERE tbs_sha256 = $1 ORDER BY issuer_key";
    let rows = transaction.rows(sql, &[tbs]).await?;
    let kept = rows
        .iter()
        .map(|row| Ok(Kept { key: row.octets(0)?, gravity: row.number(1)?, determined: row.signed(2)? }));
    let kept: Vec<Kept> = kept.collect::<Result<_, StateError>>()?;
    let key: &[u8] = judged.issuer_key.as_ref().map_or(&[], |key| key.as_slice());
    let level = i64::from(judged.is_determined) + i64::from(judged.is_determined && judged.is_final);
    if let Some(wishes) = judged.wishes.filter(|_| judged.is_final) {
        let sql = "INSERT INTO judged (tbs_sha256, wishes) VALUES ($1, $2) ON CONFLICT (tbs_sha256, wishes) DO NOTHING";
        transaction.execute(sql, &[tbs, Value::Octets(&wishes)]).await?;
    }
    let determined = Value::Number(level);
    let gravity = Value::Number(judged.gravity.into());
    // What was not proven before is proven now: it is the same verdict, come further.
    let same =
        kept.iter().find(|kept| kept.key == key).or_else(|| kept.iter().find(|kept| kept.key.is_empty()));
    let again = || {
        let subject = format!("{} {}", judged.alert.subject, judged.verdict);
        Some(NewAlert { subject, ..judged.alert.clone() })
    };
    let told = if let Some(same) = same {
        let is_graver = u64::from(judged.gravity) > same.gravity;
        let is_resolved = judged.is_determined && same.determined == 0;
        if !is_graver && level <= same.determined {
            return Ok(None);
        }
        let sql = "UPDATE verdicts SET issuer_key = $1, gravity = $2, \
                   determined = CASE WHEN $3 > determined THEN $3 ELSE determined END \
                   WHERE tbs_sha256 = $4 AND issuer_key = $5";
        let key = if key.is_empty() { same.key.as_slice() } else { key };
        transaction
            .execute(sql, &[Value::Octets(key), gravity, determined, tbs, Value::Octets(&same.key)])
            .await?;
        // That what was told is proven by now is nothing new.
        if is_graver || is_resolved { again() } else { None }
    } else {
        // Beside proven keys, what cannot be proven is told only where it is grave.
        if !kept.is_empty() && key.is_empty() && judged.gravity < GRAVE {
            return Ok(None);
        }
        let sql =
            "INSERT INTO verdicts (tbs_sha256, issuer_key, gravity, determined) VALUES ($1, $2, $3, $4)";
        transaction.execute(sql, &[tbs, Value::Octets(key), gravity, determined]).await?;
        if kept.is_empty() { Some(judged.alert.clone()) } else { again() }
    };
    if judged.is_determined {
        // Reports named it as long as it was open by these wishes; one of the same content that another key issued may be
        // so still.
        let sql = "UPDATE deliveries SET delivered_at = (SELECT now FROM clock) \
                   WHERE channel = $1 AND delivered_at IS NULL AND alert IN \
                   (SELECT id FROM alerts WHERE substr(subject, 1, 64) = $2) \
                   AND NOT EXISTS (SELECT 1 FROM verdicts WHERE tbs_sha256 = $3 AND determined = 0)";
        let (subject, channel) = (hexadecimal(tbs_sha256), undetermined_by(judged.wishes.as_ref()));
        transaction.execute(sql, &[Value::Text(&channel), Value::Text(&subject), tbs]).await?;
    }
    Ok(told)
}
