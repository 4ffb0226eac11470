//! Saved evidence: reading it, saying what it brings along, writing it.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::evidence::{EVIDENCE_VERSION, Evidence};
use crate::observe::files;
use crate::report::human::safe;

/// The largest evidence file that is read, in octets.
const MAX_EVIDENCE: u64 = 256 << 20;

/// Takes out of evidence what was expected then, where the command line says what is expected now: that counts whole. A
/// policy that is named now takes the place of the CAs, too, that were named beside another one.
pub(super) fn forget_expectations(evidence: &mut Evidence, has_policy: bool, has_expect_ca: bool) {
    if has_policy {
        evidence.inputs.policy = None;
    }
    if has_policy || has_expect_ca {
        evidence.request.expect_ca.clear();
    }
}

/// Says on standard error what saved evidence brings along: whoever made it chose that.
pub(super) fn announce_saved(path: &str, evidence: &Evidence) {
    let inputs = &evidence.inputs;
    let own: Vec<&str> = [
        (inputs.policy.is_some(), "policy"),
        (!inputs.pins.is_empty(), "pins"),
        (inputs.roots.is_some(), "roots"),
        (!inputs.issuers.is_empty(), "issuers"),
        (inputs.log_list.is_some(), "log list"),
        (inputs.log_list_key.is_some(), "key of log lists"),
        (!inputs.log_list_caches.is_empty(), "kept log lists"),
        (!evidence.request.only.is_empty(), "choice of parts"),
        (!evidence.request.expect_ca.is_empty(), "expected CAs"),
        (evidence.request.at.is_some(), "time of judging"),
    ]
    .into_iter()
    .filter_map(|(present, name)| present.then_some(name))
    .collect();
    let with = if own.is_empty() { String::new() } else { format!(", with its own {}", own.join(", ")) };
    let part = match evidence.not_looked_at.len() {
        0 => String::new(),
        1 => "; of a run that was interrupted: 1 target was not looked at".to_owned(),
        count => format!("; of a run that was interrupted: {count} targets were not looked at"),
    };
    let note = format!("note: {path} is evidence saved on {}{with}{part}", evidence.observed_at);
    // The report does not depend on it.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&note));
}

/// Reads saved evidence.
pub(super) fn load(path: &str) -> anyhow::Result<Evidence> {
    let file = files::read(path, MAX_EVIDENCE);
    let octets = file.octets().map_err(|why| anyhow::anyhow!("{path} is saved evidence, and {why}"))?;
    let evidence: Evidence =
        serde_json::from_slice(octets).with_context(|| format!("{path} is no evidence that can be read"))?;
    if evidence.pinstead_evidence > EVIDENCE_VERSION {
        bail!(
            "{path} was saved in version {} of the evidence format; this program reads up to {EVIDENCE_VERSION}",
            evidence.pinstead_evidence
        );
    }
    Ok(evidence)
}

/// Whether a file of this name is there and begins as saved evidence does.
pub(super) fn is_evidence_file(path: &str) -> bool {
    path != "-"
        && files::exists(path)
        && files::beginning(path, 200).is_ok_and(|head| Evidence::is_begun_by(&head))
}

/// Saves evidence, to be judged again.
pub(super) fn save(evidence: &Evidence, path: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(evidence).context("writing the evidence as JSON")?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_EVIDENCE {
        bail!(
            "the evidence is not saved: it has {} MiB, and at most {} are read back; check fewer targets at once",
            text.len() >> 20,
            MAX_EVIDENCE >> 20
        );
    }
    files::write_private(path, text.as_bytes())
        .with_context(|| format!("saving the evidence to {}", path.display()))
}
