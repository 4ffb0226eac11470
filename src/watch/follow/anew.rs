//! Judging anew what the state keeps of a certificate, for whoever reports it: whoever found it, and whatever he wished.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::certificate::{Summary, prepare};
use super::judging::{Judging, Standing};
use super::label::LogLabel;
use crate::evidence::Bytes;
use crate::watch::batch::{Beside, ChainBeside, FoundEntry, search_leaf};
use crate::watch::state::{LogNumber, State, StateError};

/// In how many of its places a certificate is judged.
const MOST_PLACES: usize = 16;
/// How many certificates of a chain are read.
const MOST_CHAIN: usize = 16;
/// How many pages of open verdicts of a log are looked at.
const MOST_PAGES: usize = 50;
/// How many issuers are kept in memory.
const MOST_KEPT: usize = 512;

/// What is known of a certificate for the names that are watched.
#[derive(Clone, Debug)]
pub enum Anew {
    /// The state has no more than what was told of it.
    NotKept,
    /// It claims none of the names.
    OfOthers,
    /// What is to be said of it in each of its places.
    Judged(Vec<Summary>),
}

/// Judges what the state keeps by these wishes.
#[derive(Debug)]
pub struct Rejudging {
    judging: Arc<Judging>,
    /// The logs, and whether one has a fault: then its tree proves nothing.
    logs: HashMap<LogNumber, (LogLabel, bool)>,
    issuers: HashMap<[u8; 32], Bytes>,
}

impl Rejudging {
    /// By these wishes, which from now on are those of the state's process.
    pub async fn new(state: &State, judging: Arc<Judging>) -> Result<Self, StateError> {
        judging.wishes().into_iter().for_each(|wishes| state.wish(wishes));
        let survey = state.survey().await?;
        let logs = state.logs().await?.into_iter().map(|log| {
            let has_fault = survey.iter().any(|one| one.number == log.number && !one.faults.is_empty());
            (log.number, (LogLabel::new(&log.description, &log.log_id, &log.url), has_fault))
        });
        Ok(Self { judging, logs: logs.collect(), issuers: HashMap::new() })
    }

    /// Whether anything is wished.
    pub fn has_wishes(&self) -> bool {
        self.judging.wishes().is_some()
    }

    /// What is known of the certificate of this hash, as of `at`.
    pub async fn judge(
        &mut self,
        state: &State,
        tbs_sha256: &[u8; 32],
        at: Timestamp,
    ) -> Result<Anew, StateError> {
        let Some(known) = state.certificate(tbs_sha256).await? else { return Ok(Anew::NotKept) };
        let sightings = state.first_sightings(tbs_sha256, MOST_PLACES).await?;
        let (mut judged, mut is_of_others) = (Vec::new(), false);
        for sighting in sightings {
            let Some(why) = search_leaf(&sighting.leaf, &self.judging.watched) else {
                is_of_others = true;
                continue;
            };
            let Some((label, has_fault)) = self.logs.get(&sighting.log).cloned() else { continue };
            let (issuers, missing) = self.issuers_of(state, &sighting.chain).await?;
            let beside = Beside { precertificate: known.precertificate.clone(), chain: sighting.chain };
            let entry = FoundEntry { index: sighting.index, leaf: sighting.leaf, beside, why };
            let others = self.judging.others(state, &issuers).await?;
            let standing = Standing {
                log: &label,
                issuers: &issuers,
                others: Some(&others),
                missing: missing.as_deref(),
                is_proven: sighting.is_proven && !has_fault,
                at,
            };
            let prepared = prepare(&entry, &standing, &self.judging);
            // Of one that is not the same, only the beginning is kept.
            if prepared.found.tbs_sha256 == *tbs_sha256 {
                judged.push(prepared.summary);
            }
        }
        Ok(match judged.as_slice() {
            [] if is_of_others => Anew::OfOthers,
            [] => Anew::NotKept,
            _ => Anew::Judged(judged),
        })
    }

    /// Judges what is open by these wishes of what stands in a log, and keeps it, with an alert where it is graver now: for
    /// logs that nobody follows, whose followers would. Gives how many are told.
    pub async fn judge_left(
        &mut self,
        state: &State,
        log: LogNumber,
        at: Timestamp,
    ) -> Result<usize, StateError> {
        let Some((label, has_fault)) = self.logs.get(&log).cloned() else { return Ok(0) };
        let (mut told, mut after) = (0_usize, None);
        for _ in 0..MOST_PAGES {
            let open = state.open_verdicts(log, after.as_ref()).await?;
            let Some(last) = open.last().map(|last| last.tbs_sha256) else { break };
            after = Some(last);
            let mut entries = Vec::new();
            for open in open {
                // Nobody watches for what is left out any more.
                let Some(why) = search_leaf(&open.leaf, &self.judging.watched) else { continue };
                let chain = match open.chain_problem {
                    Some(why) => ChainBeside::Unreadable(why),
                    None => ChainBeside::Fingerprints(open.chain),
                };
                let above = self.issuers_of(state, &chain).await?;
                let beside = Beside { precertificate: open.precertificate, chain };
                let entry = FoundEntry { index: open.index, leaf: open.leaf, beside, why };
                entries.push((entry, above, (open.tbs_sha256, open.is_proven && !has_fault)));
            }
            let these = entries.iter().flat_map(|(_, (issuers, _), _)| issuers);
            let others = self.judging.others(state, these).await?;
            let mut found = Vec::with_capacity(entries.len());
            for (entry, (issuers, missing), (tbs_sha256, is_proven)) in &entries {
                let (missing, is_proven) = (missing.as_deref(), *is_proven);
                let standing =
                    Standing { log: &label, issuers, others: Some(&others), missing, is_proven, at };
                let prepared = prepare(entry, &standing, &self.judging);
                // Of one that is not the same, only the beginning is kept.
                if prepared.found.tbs_sha256 == *tbs_sha256 {
                    found.push(prepared.found);
                }
            }
            told = told.saturating_add(state.judged_again(&found).await?.told.len());
        }
        Ok(told)
    }

    /// The certificates above it that the state has, and why some are missing, if they are.
    async fn issuers_of(
        &mut self,
        state: &State,
        chain: &ChainBeside,
    ) -> Result<(Vec<Bytes>, Option<String>), StateError> {
        let hashes = match chain {
            ChainBeside::Certificates(chain) => return Ok((chain.clone(), None)),
            ChainBeside::Unreadable(why) => return Ok((Vec::new(), Some(why.clone()))),
            ChainBeside::Fingerprints(hashes) => hashes,
        };
        let (mut issuers, mut missing) = (Vec::new(), None);
        for sha256 in hashes.iter().take(MOST_CHAIN) {
            if let Some(der) = self.issuers.get(sha256) {
                issuers.push(der.clone());
                continue;
            }
            let Some(der) = state.issuer(sha256).await? else {
                missing = Some("the log did not give them yet".to_owned());
                continue;
            };
            if self.issuers.len() >= MOST_KEPT {
                self.issuers.clear();
            }
            self.issuers.insert(*sha256, der.clone());
            issuers.push(der);
        }
        Ok((issuers, missing))
    }
}
