//! One log's answers, found by what was asked.

use std::collections::HashMap;

use jiff::SignedDuration;

use crate::ct::log_id::LogId;
use crate::ct::log_key::{LogKey, LogKeyError};
use crate::ct::log_list::LogType;
use crate::evidence::ct_log::CtLogObservation;
use crate::evidence::http::{HttpExchange, HttpOutcome, HttpResponse};

/// A log with what it answered so far.
#[derive(Debug)]
pub struct LogView<'a> {
    pub(super) id: LogId,
    pub(super) log_type: LogType,
    pub(super) key: LogKey,
    pub(super) merge_delay: SignedDuration,
    pub(super) observation: &'a CtLogObservation,
    by_url: HashMap<&'a str, &'a HttpExchange>,
}

/// What a log answered to one question.
#[derive(Debug)]
pub(super) enum Answer<'a> {
    /// It was not asked.
    Unasked,
    /// There was no answer, and why.
    Failed(String),
    /// It refused.
    Refused(&'a HttpResponse),
    /// It answered.
    Body(&'a [u8]),
}

impl<'a> LogView<'a> {
    /// The log of this key and merge delay, with its answers.
    pub fn new(
        id: LogId,
        log_type: LogType,
        key_spki: &[u8],
        merge_delay: SignedDuration,
        observation: &'a CtLogObservation,
    ) -> Result<Self, LogKeyError> {
        let by_url = observation.exchanges.iter().map(|exchange| (exchange.url.as_str(), exchange)).collect();
        Ok(Self { id, log_type, key: LogKey::read(key_spki)?, merge_delay, observation, by_url })
    }

    /// Where something of the log is; `None` where the log has no known address.
    pub(super) fn url(&self, path: &str) -> Option<String> {
        let base = match self.log_type {
            LogType::Rfc6962 => &self.observation.url,
            LogType::Static => &self.observation.monitoring_url,
        };
        base.as_ref().map(|base| format!("{}/{path}", base.trim_end_matches('/')))
    }

    /// What the log answered there.
    pub(super) fn answer(&self, path: &str) -> Answer<'a> {
        let exchange = self.url(path).and_then(|url| self.by_url.get(url.as_str()).copied());
        match exchange.and_then(HttpExchange::outcome) {
            None => Answer::Unasked,
            Some(HttpOutcome::Failed(failure)) => Answer::Failed(failure.to_string()),
            Some(HttpOutcome::Response(response)) if (200..300).contains(&response.status) => {
                Answer::Body(&response.body)
            }
            Some(HttpOutcome::Response(response)) => Answer::Refused(response),
        }
    }

    /// The body of the answer there, or why there is none.
    pub(super) fn body(&self, path: &str) -> Result<&'a [u8], String> {
        let why = match self.answer(path) {
            Answer::Body(body) => return Ok(body),
            Answer::Unasked => match &self.observation.broken_off {
                Some(why) => why.clone(),
                None => "it was not asked for".to_owned(),
            },
            Answer::Failed(why) => why,
            Answer::Refused(response) => format!("HTTP status {}", response.status),
        };
        Err(format!("{path}: {why}"))
    }
}
