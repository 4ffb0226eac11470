//! What to ask the logs: named from what is known so far, so that asking needs no judgement of its own.

use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use super::view::{Answer, LogView};
use super::{Promise, head, maximum_merge_delay, rfc6962, static_log};
use crate::ct::checkpoint::MAX_CHECKPOINT;
use crate::ct::log_id::LogId;
use crate::ct::log_list::{LogState, LogType};
use crate::ct::log_table::LogTable;
use crate::ct::verdict::SctVerdict;

/// A log, and the promises that it is asked about.
#[derive(Clone, Debug)]
pub struct LogQuestion {
    /// The log.
    pub log_id: LogId,
    /// How it is read.
    pub log_type: LogType,
    /// Its key, DER SubjectPublicKeyInfo.
    pub key_spki: Vec<u8>,
    /// Within which time it has to hold what it promised.
    pub merge_delay: SignedDuration,
    /// Where it takes certificates.
    pub url: Option<String>,
    /// Where a static log is read.
    pub monitoring_url: Option<String>,
    /// Why it is not to be asked, if it is not.
    pub not_asked: Option<String>,
    /// Its promises, each once.
    pub promises: Vec<Promise>,
}

/// Something to ask a log for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub url: String,
    /// The most octets that it may have.
    pub max_octets: usize,
}

/// The logs to ask about these SCTs, sorted by id.
///
/// Only SCTs whose signature stands are promises. A log that was rejected is shut, and is left alone; one that is
/// retired is asked, because many are read for months after that.
pub fn questions<'v>(scts: impl IntoIterator<Item = &'v SctVerdict>, table: &LogTable) -> Vec<LogQuestion> {
    let mut logs: BTreeMap<LogId, LogQuestion> = BTreeMap::new();
    let mut seen = HashSet::new();
    for sct in scts {
        let Some(promise) = &sct.promise else { continue };
        let id = promise.sct.log_id;
        let Some(log) = table.log(&id) else { continue };
        let question = logs.entry(id).or_insert_with(|| LogQuestion {
            log_id: id,
            log_type: log.log_type,
            key_spki: log.key_spki.to_vec(),
            merge_delay: maximum_merge_delay(&log),
            url: log.url.map(str::to_owned),
            monitoring_url: log.monitoring_url.map(str::to_owned),
            not_asked: (sct.state_now == LogState::Rejected)
                .then(|| "the log was rejected, and such logs are shut down".to_owned()),
            promises: Vec::new(),
        });
        if seen.insert((id, promise.leaf)) {
            question.promises.push(Promise::clone(promise));
        }
    }
    logs.into_values().collect()
}

/// What to ask the log for next; nothing when all is asked that can be.
pub fn wanted(view: &LogView<'_>, promises: &[Promise]) -> Vec<Wanted> {
    let mut list = WantedList { view, wanted: Vec::new(), named: HashSet::new() };
    if view.observation.not_asked.is_some() {
        return Vec::new();
    }
    list.add(head::path(view.log_type), MAX_CHECKPOINT);
    let Ok((served, _)) = head::served(view) else { return list.wanted };
    let kept = head::kept(view).ok().flatten();
    if let Some(kept) = &kept
        && let head::Comparison::Needs(pair) = head::compare(&served, kept)
    {
        match view.log_type {
            LogType::Rfc6962 => rfc6962::want_continuation(&mut list, pair),
            LogType::Static => static_log::want_continuation(&mut list, pair),
        }
    }
    for promise in promises {
        match view.log_type {
            LogType::Rfc6962 => rfc6962::want_inclusion(&mut list, &served, promise),
            LogType::Static => static_log::want_inclusion(&mut list, &served, promise),
        }
    }
    list.wanted
}

/// What is wanted and was not asked for, each thing once.
pub(super) struct WantedList<'v, 'a> {
    pub(super) view: &'v LogView<'a>,
    wanted: Vec<Wanted>,
    named: HashSet<String>,
}

impl WantedList<'_, '_> {
    /// Adds what is at `path`, unless it was asked for.
    pub(super) fn add(&mut self, path: &str, max_octets: usize) {
        let Some(url) = self.view.url(path) else { return };
        if matches!(self.view.answer(path), Answer::Unasked) && self.named.insert(url.clone()) {
            self.wanted.push(Wanted { url, max_octets });
        }
    }
}
