//! The certificates above a found entry: static logs have them in files of their own.

use std::collections::HashMap;

use super::Follower;
use super::trouble::Trouble;
use crate::ct::log_entry::read_leaf;
use crate::ct::log_fault::FaultKind;
use crate::evidence::Bytes;
use crate::observe::clock::Stopwatch;
use crate::watch::batch::{ChainBeside, FoundEntry};
use crate::watch::reader::{LogReader, ReadError};

/// How many issuers are kept in memory, and how many octets of them.
const MOST_KEPT: (usize, usize) = (512, 2 << 20);
/// How many octets of issuers that were not known are taken from a log in an hour: some thousand certificates. What they
/// say nobody vouches for, and the state keeps them.
const MOST_TAKEN: usize = 8 << 20;
/// That hour, in milliseconds.
const HOUR: u64 = 3_600_000;
/// How many certificates of a chain are fetched.
const MOST_CHAIN: usize = 16;
/// How many octets they may have in all: more than any client takes (see the bound on one).
const MOST_OCTETS: usize = 128 << 10;
/// How long a log that could not give an issuer is asked for none, in milliseconds.
const REST: u64 = 60_000;

/// Issuers as far as they were needed.
#[derive(Debug, Default)]
pub(super) struct Issuers {
    kept: HashMap<[u8; 32], Bytes>,
    /// Their octets.
    octets: usize,
    /// Since when, and how many octets of those that were not known were taken.
    taken: Option<(Stopwatch, usize)>,
    /// Since when, and why, none is asked for, where one could not be had for now.
    resting: Option<(Stopwatch, String)>,
    /// Whether entries were judged without issuers that may come.
    are_awaited: bool,
    /// Whether the last chain was one that the log has in another form than it must.
    are_broken: bool,
}

impl Issuers {
    /// Whether the last chain was broken: that fault is not over.
    pub(super) fn are_broken(&self) -> bool {
        self.are_broken
    }

    fn keep(&mut self, sha256: [u8; 32], der: &Bytes) {
        let (most, most_octets) = MOST_KEPT;
        if self.kept.len() >= most || self.octets.saturating_add(der.len()) > most_octets {
            self.kept.clear();
            self.octets = 0;
        }
        if self.kept.insert(sha256, der.clone()).is_none() {
            self.octets = self.octets.saturating_add(der.len());
        }
    }

    /// One that was not known was taken from the log.
    fn took(&mut self, der: &Bytes) {
        let (since, octets) = self.taken.unwrap_or_else(|| (Stopwatch::start(), 0));
        self.taken = Some((since, octets.saturating_add(der.len())));
    }

    /// Why no more of those that are not known are taken now, where that is so.
    fn has_enough(&mut self) -> Option<String> {
        let (since, octets) = self.taken?;
        if since.milliseconds() >= HOUR {
            self.taken = None;
            return None;
        }
        (octets >= MOST_TAKEN).then(|| {
            format!(
                "the log gave {octets} octets of other issuers within the hour, and more are taken later only"
            )
        })
    }

    /// Whether entries were judged without issuers that the log may give later.
    pub(super) fn are_awaited(&self) -> bool {
        self.are_awaited
    }

    /// All that was judged without them is judged again now: they are asked for, whatever was before.
    pub(super) fn ask_again(&mut self) {
        (self.resting, self.are_awaited) = (None, false);
    }

    /// Why none is asked for now, where that is so.
    fn rest(&self) -> Option<String> {
        let (since, why) = self.resting.as_ref()?;
        (since.milliseconds() < REST).then(|| why.clone())
    }
}

impl<R: LogReader> Follower<'_, R> {
    /// The certificates above an entry, and why some are missing, if they are: an entry is never held back for an issuer
    /// that the log does not give. Where it may give it later, the entry is judged again.
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
        let mut issuers: Vec<Bytes> = Vec::new();
        let mut missing = None;
        for sha256 in hashes.iter().take(MOST_CHAIN) {
            // Many entries may name the same ones, and each has its own copy while it is judged.
            if issuers.iter().fold(0_usize, |sum, der| sum.saturating_add(der.len())) > MOST_OCTETS {
                missing = Some(format!("the certificates above it have more than {MOST_OCTETS} octets"));
                break;
            }
            if let Some(der) = self.issuers.kept.get(sha256) {
                issuers.push(der.clone());
                continue;
            }
            if let Some(der) = self.state().issuer(sha256).await? {
                self.issuers.keep(*sha256, &der);
                issuers.push(der);
                continue;
            }
            if let Some(why) = self.issuers.rest().or_else(|| self.issuers.has_enough()) {
                self.issuers.are_awaited = true;
                missing = Some(why);
                continue;
            }
            match self.reader.issuer(sha256).await {
                Ok(der) => {
                    self.issuers.took(&der);
                    self.state().keep_issuers(std::slice::from_ref(&der)).await?;
                    self.issuers.keep(*sha256, &der);
                    issuers.push(der);
                }
                Err(error) => {
                    missing = Some(error.to_string());
                    if matches!(error, ReadError::Passing { .. } | ReadError::Refused(_)) {
                        self.issuers.resting = Some((Stopwatch::start(), error.to_string()));
                        self.issuers.are_awaited = true;
                    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_issuers_a_log_may_give_so_much_and_no_more() {
        let der = |size: usize| Bytes(vec![0; size]);
        let mut issuers = Issuers::default();
        let mut given = 0_u32;
        while issuers.has_enough().is_none() {
            given += 1;
            issuers.took(&der(64 << 10));
            issuers.keep([u8::try_from(given).unwrap(); 32], &der(64 << 10));
            assert!(issuers.octets <= MOST_KEPT.1 && issuers.kept.len() <= 32, "memory is bounded, too");
        }
        assert_eq!(given, 128);
        assert_eq!(issuers.kept.values().map(|der| der.len()).sum::<usize>(), issuers.octets);
        issuers.keep([128; 32], &der(64 << 10));
        assert_eq!(issuers.kept.values().map(|der| der.len()).sum::<usize>(), issuers.octets, "the same one");
    }
}
