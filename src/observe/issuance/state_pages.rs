//! Reading all that the state of `pinstead watch` has, a page of certificates after the other, whatever names they are
//! for: how often the state is asked depends on the certificates alone.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::watch_state::{followed_logs, ids_of, logged};
use crate::evidence::Bytes;
use crate::evidence::issuance::{FollowedLog, WatchStateReading};
use crate::watch::batch::ChainBeside;
use crate::watch::state::{KnownCertificate, LogNumber, NameSearch, Sighting, State, StateError};
use crate::x509::Certificate;

/// How many certificates are read at once.
const A_PAGE: u64 = 200;
/// How many places of them are read at once; a certificate stands in a handful of logs.
const MOST_PLACES: u64 = 10_000;
/// How many certificates of issuers are remembered from page to page.
const MOST_REMEMBERED: usize = 10_000;

/// All that the state has, page by page.
pub struct StatePages<'s> {
    state: &'s State,
    logs: Vec<FollowedLog>,
    ids: HashMap<LogNumber, String>,
    issuers: HashMap<[u8; 32], Bytes>,
    /// As of when a certificate must not have ended, to be read.
    now: Timestamp,
    after: Option<[u8; 32]>,
    is_over: bool,
}

impl<'s> StatePages<'s> {
    /// Begins with the first page. Certificates that ended before `now` are passed over.
    pub async fn open(state: &'s State, now: Timestamp) -> Result<Self, StateError> {
        let logs = state.logs().await?;
        let ids = ids_of(&logs);
        let logs = followed_logs(state, &logs, &ids, &NameSearch::default()).await?;
        let issuers = state.issuers().await?;
        let issuers = issuers.into_iter().map(|der| (Sha256::digest(&der.0).into(), der)).collect();
        Ok(Self { state, logs, ids, issuers, now, after: None, is_over: false })
    }

    /// Certificates of issuers that the state has.
    pub fn issuers(&self) -> impl Iterator<Item = &Bytes> {
        self.issuers.values()
    }

    /// The next certificates, with the logs and the certificates above them; none behind the last. A page may hold no
    /// certificate at all.
    pub async fn next(&mut self) -> Result<Option<WatchStateReading>, StateError> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.state.certificates_after(self.after.as_ref(), A_PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            self.is_over = true;
            return Ok(None);
        };
        let (first, last) = (first.tbs_sha256, last.tbs_sha256);
        self.after = Some(last);
        let left: Vec<KnownCertificate> = page.into_iter().filter(|known| !self.is_ended(known)).collect();
        let mut reading = WatchStateReading { logs: self.logs.clone(), ..WatchStateReading::default() };
        if left.is_empty() {
            return Ok(Some(reading));
        }
        let mut places = self.places(&left, (&first, &last)).await?;
        let mut chains = BTreeSet::new();
        for known in left {
            let sightings = places.remove(&known.tbs_sha256).unwrap_or_default();
            for sighting in &sightings {
                if let ChainBeside::Fingerprints(hashes) = &sighting.chain {
                    chains.extend(hashes.iter().copied());
                }
            }
            reading.certificates.push(logged(known, sightings, &self.ids));
        }
        for hash in chains {
            reading.issuers.extend(self.issuer(&hash).await?);
        }
        Ok(Some(reading))
    }

    /// Whether all that is kept of it says that it has ended; what cannot be read has not.
    fn is_ended(&self, known: &KnownCertificate) -> bool {
        let mut forms = known.certificate.iter().chain(&known.precertificate).peekable();
        let ended = |der: &Bytes| Certificate::read(der).is_ok_and(|read| read.not_after < self.now);
        forms.peek().is_some() && forms.all(ended)
    }

    /// Where these certificates stand, which are those from the first hash to the last that have not ended.
    async fn places(
        &self,
        left: &[KnownCertificate],
        (first, last): (&[u8; 32], &[u8; 32]),
    ) -> Result<HashMap<[u8; 32], Vec<Sighting>>, StateError> {
        let mut places: HashMap<[u8; 32], Vec<Sighting>> = HashMap::new();
        let all = self.state.sightings_between((first, last), MOST_PLACES).await?;
        if u64::try_from(all.len()).is_ok_and(|count| count < MOST_PLACES) {
            for (hash, sighting) in all {
                places.entry(hash).or_default().push(sighting);
            }
            return Ok(places);
        }
        // Somebody had a certificate logged very often: no other may be lost to that.
        drop(all);
        for known in left {
            places.insert(known.tbs_sha256, self.state.sightings(&known.tbs_sha256).await?);
        }
        Ok(places)
    }

    /// The certificate of an issuer; the state is asked once for each.
    async fn issuer(&mut self, hash: &[u8; 32]) -> Result<Option<Bytes>, StateError> {
        if let Some(known) = self.issuers.get(hash) {
            return Ok(Some(known.clone()));
        }
        let found = self.state.issuer(hash).await?;
        if let Some(der) = &found
            && self.issuers.len() < MOST_REMEMBERED
        {
            self.issuers.insert(*hash, der.clone());
        }
        Ok(found)
    }
}
