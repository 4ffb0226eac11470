//! What the command line asks about each name.

use std::collections::BTreeMap;

use anyhow::Context as _;

use super::{CaaOptions, note};
use crate::caa::method::check_label;
use crate::caa::{CaaQuestion, CaaReading, Who};
use crate::judge::Inputs;

/// What is asked about each name, and what whoever asks knows.
pub(super) struct Asked {
    /// The question to each look-up.
    pub(super) question: CaaQuestion,
    /// What was probably meant by identifiers that no table knows.
    pub(super) meant: BTreeMap<String, &'static str>,
    /// The identifiers of the policy's own CAs.
    own: Vec<String>,
    /// What the policy says of its own CAs.
    pub(super) policy: String,
}

impl Asked {
    /// Reads the options; what is told about them goes to standard error.
    pub(super) fn of(options: &CaaOptions, inputs: &Inputs) -> anyhow::Result<Self> {
        let mut cas = Vec::new();
        let mut meant = BTreeMap::new();
        for text in &options.cas {
            let ca = inputs.named_ca(text).context("--ca names no CA")?;
            if let Some(why) = ca.note {
                note(&format!("--ca: {why}"));
            }
            meant.extend(ca.meant.map(|meant| (ca.identity.label.clone(), meant)));
            cas.push(ca.identity);
        }
        if let Some(Err(fault)) = options.method.as_deref().map(check_label) {
            note(&format!("--method: {fault}"));
        }
        let who = if cas.is_empty() { Who::EveryCaInTheSet } else { Who::Named(cas) };
        let (account, method) = (options.account.clone(), options.method.clone());
        let question = CaaQuestion { who, usage: options.usage.into(), account, method };
        let own = inputs.own_identifiers().map(str::to_owned).collect();
        Ok(Self { question, meant, own, policy: format!("{:?}", inputs.policy.private_ca) })
    }

    /// On which terms a CA is asked about, in words that follow “not”.
    pub(super) fn terms(&self) -> Option<&'static str> {
        match (&self.question.account, &self.question.method) {
            (Some(_), Some(_)) => Some("for that account by that method"),
            (Some(_), None) => Some("for that account"),
            (None, Some(_)) => Some("by that method"),
            (None, None) => None,
        }
    }

    /// Adds to a reading whom whoever asks knows: the CAs of the policy, and those asked about but for one that was
    /// probably mistyped.
    pub(super) fn vouch(&self, reading: &mut CaaReading) {
        reading.asked_about.retain(|identifier| !self.meant.contains_key(identifier));
        reading.asked_about.extend(self.own.iter().cloned());
    }
}
