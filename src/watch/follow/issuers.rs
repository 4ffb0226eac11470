//! The certificates above a found entry: static logs have them in files of their own.

use std::collections::HashMap;

use super::Follower;
use super::trouble::Trouble;
use crate::ct::log_entry::read_leaf;
use crate::ct::log_fault::FaultKind;
use crate::evidence::Bytes;
use crate::watch::batch::{ChainBeside, FoundEntry};
use crate::watch::reader::{LogReader, ReadError};

/// How many issuers are kept in memory.
const MOST_KEPT: usize = 512;
/// How many certificates of a chain are fetched.
const MOST_CHAIN: usize = 16;
/// How often an issuer is asked for before the entry is judged without it.
const MOST_ATTEMPTS: u32 = 3;

/// Issuers as far as they were needed, and how often they could not be had.
#[derive(Debug, Default)]
pub(super) struct Issuers {
    kept: HashMap<[u8; 32], Bytes>,
    failures: HashMap<[u8; 32], u32>,
    /// Whether the last chain was one that the log has in another form than it must.
    are_broken: bool,
}

impl Issuers {
    /// Whether the last chain was broken: that fault is not over.
    pub(super) fn are_broken(&self) -> bool {
        self.are_broken
    }

    fn keep(&mut self, sha256: [u8; 32], der: &Bytes) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.clear();
        }
        self.failures.remove(&sha256);
        self.kept.insert(sha256, der.clone());
    }

    /// Notes a failure, and gives whether there may be another attempt.
    fn may_fail_again(&mut self, sha256: [u8; 32]) -> bool {
        if self.failures.len() >= MOST_KEPT {
            self.failures.clear();
        }
        let failures = self.failures.entry(sha256).or_default();
        *failures = failures.saturating_add(1);
        *failures < MOST_ATTEMPTS
    }
}

impl<R: LogReader> Follower<'_, R> {
    /// The certificates above an entry, and why some are missing, if they are. Only a passing failure is an error, and
    /// not for ever: an entry is never held back for an issuer that the log does not give.
    pub(super) async fn issuers_of(
        &mut self,
        entry: &FoundEntry,
    ) -> Result<(Vec<Bytes>, Option<String>), Trouble> {
        let hashes = match &entry.beside.chain {
            ChainBeside::Certificates(chain) => {
                self.issuers.are_broken = false;
                return Ok((chain.clone(), None));
            }
            // Nothing of it can be read, which is told of the entry itself.
            ChainBeside::Unreadable(why) if read_leaf(&entry.leaf).is_err() => {
                return Ok((Vec::new(), Some(why.clone())));
            }
            ChainBeside::Unreadable(why) => {
                // No root covers it, so that whoever garbles it hides who issued.
                let text = format!("what stands beside entry {} cannot be used: {why}", entry.index);
                self.issuers.are_broken = true;
                self.report(FaultKind::Form, text, None, &[], &Bytes(Vec::new())).await;
                return Ok((Vec::new(), Some(why.clone())));
            }
            ChainBeside::Fingerprints(hashes) => hashes,
        };
        let mut issuers = Vec::new();
        let mut missing = None;
        for sha256 in hashes.iter().take(MOST_CHAIN) {
            if let Some(der) = self.issuers.kept.get(sha256) {
                issuers.push(der.clone());
                continue;
            }
            if let Some(der) = self.state().issuer(sha256).await? {
                self.issuers.keep(*sha256, &der);
                issuers.push(der);
                continue;
            }
            match self.reader.issuer(sha256).await {
                Ok(der) => {
                    self.state().keep_issuers(std::slice::from_ref(&der)).await?;
                    self.issuers.keep(*sha256, &der);
                    issuers.push(der);
                }
                Err(error) => {
                    let is_passing = matches!(error, ReadError::Passing { .. } | ReadError::Refused(_));
                    if is_passing && self.issuers.may_fail_again(*sha256) {
                        return Err(error.into());
                    }
                    missing = Some(error.to_string());
                    if let ReadError::Breach { what, url, octets, .. } = error {
                        self.issuers.are_broken = true;
                        self.report(FaultKind::Form, what, Some(&url), &[], &octets).await;
                    }
                }
            }
        }
        if missing.is_none() {
            self.issuers.are_broken = false;
        }
        Ok((issuers, missing))
    }
}
