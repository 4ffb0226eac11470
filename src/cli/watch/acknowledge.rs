//! `pinstead watch --acknowledge`: somebody knows of what a log did, or of a certificate that cannot be determined.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::WatchOptions;
use super::listed::Listed;
use super::logs::is_named;
use super::setup::PolicyFile;
use super::status::opened;
use crate::cli::Exit;
use crate::cli::options::Plain;
use crate::ct::log_id::LogId;
use crate::report::human::safe;
use crate::report::json::v1::SCHEMA_VERSION;
use crate::watch::follow::CERTIFICATE_ALERT;
use crate::watch::revocation::{REVOCATION_ALERT, RevocationOfFound};
use crate::watch::state::{State, StateError};

/// How many digits a SHA-256 hash has.
const HASH_DIGITS: usize = 64;

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Logs: name, id, and how many faults.
    logs: Vec<(String, String, usize)>,
    /// Certificates: title and hash.
    certificates: Vec<(String, String)>,
    /// Hashes of certificates of which it was said before.
    already: Vec<String>,
}

/// Has the state know it.
pub(super) async fn run(options: &WatchOptions) -> anyhow::Result<Exit> {
    let form = options.output.plain("watch --acknowledge")?;
    let place = PolicyFile::read(options)?.place(options)?;
    let state = match opened(&place).await? {
        Ok(state) => state,
        Err(exit) => return Ok(exit),
    };
    let done = acknowledged(&state, &options.acknowledge).await;
    state.close().await;
    let done = done?;
    let text = match form {
        Plain::Human => done.human(),
        Plain::Json => format!("{:#}\n", done.json()),
        Plain::Jsonl => format!("{}\n", done.json()),
    };
    options.output.write(&text)?;
    Ok(Exit::Clean)
}

async fn acknowledged(state: &State, texts: &[String]) -> anyhow::Result<Acknowledged> {
    let survey = state.survey().await.context("the state")?;
    let undetermined = state.undetermined().await.context("the state")?;
    let kept = state.kept_revocations().await.context("the state")?;
    let before = hashes_before(state).await.context("the state")?;
    let mut done = Acknowledged::default();
    // All are looked for before anything is written.
    for text in texts {
        let is_log = survey.iter().any(|log| is_named(&LogId(log.log_id), &log.description, text));
        let is_certificate = undetermined.iter().any(|alert| {
            Listed::of(alert).is_some_and(|listed| listed.tbs_sha256.eq_ignore_ascii_case(text))
        });
        let is_before = before.contains(&text.to_ascii_lowercase());
        if !is_log && !is_certificate && !is_before && overdue(&kept, text).is_none() {
            anyhow::bail!(
                "“{text}” is in the name of no log of the state, the id of none, and the hash of no certificate \
                 that is undetermined or not revoked after a day, or of which somebody knows; `pinstead watch --status` \
                 shows what there is"
            );
        }
    }
    for text in texts {
        let mut is_new = false;
        for log in survey.iter().filter(|log| is_named(&LogId(log.log_id), &log.description, text)) {
            let count = state.acknowledge_faults(log.number).await.context("the state")?;
            done.logs.push((log.description.clone(), STANDARD.encode(log.log_id), count));
            is_new = true;
        }
        for alert in &undetermined {
            let Some(listed) = Listed::of(alert) else { continue };
            if listed.tbs_sha256.eq_ignore_ascii_case(text) {
                state.determined(&alert.id).await.context("the state")?;
                state.acknowledge_dark(&listed.tbs_sha256).await.context("the state")?;
                // So that whoever says it again is told that it is known.
                state.acknowledge_alerts(CERTIFICATE_ALERT, &alert.subject).await.context("the state")?;
                done.certificates.push((listed.title, listed.tbs_sha256));
                is_new = true;
            }
        }
        if let Some(hash) = overdue(&kept, text) {
            for payload in state.acknowledge_alerts(REVOCATION_ALERT, &format!("{hash}:")).await? {
                let payload: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
                let title = payload["title"].as_str().unwrap_or("an unexpected certificate").to_owned();
                done.certificates.push((title, hash.clone()));
                is_new = true;
            }
        }
        if !is_new {
            done.already.push(text.to_ascii_lowercase());
        }
    }
    Ok(done)
}

/// The hashes of the certificates of which somebody said before that he knows of them: subjects begin with them.
async fn hashes_before(state: &State) -> Result<BTreeSet<String>, StateError> {
    let mut hashes = BTreeSet::new();
    for kind in [CERTIFICATE_ALERT, REVOCATION_ALERT] {
        let subjects = state.acknowledged(kind).await?;
        let hash = |subject: &String| subject.get(..HASH_DIGITS).map(str::to_owned);
        hashes.extend(subjects.iter().filter_map(hash));
    }
    Ok(hashes)
}

/// The hash of a certificate that was not known to be revoked a day after it was found, where the text is one.
fn overdue(kept: &[String], text: &str) -> Option<String> {
    let read = |facts: &String| serde_json::from_str::<RevocationOfFound>(facts).ok();
    let mut overdue = kept.iter().filter_map(read).filter(|one| one.overdue);
    overdue.find_map(|one| one.tbs_sha256.filter(|hash| hash.eq_ignore_ascii_case(text)))
}

impl Acknowledged {
    fn human(&self) -> String {
        let mut text = String::new();
        for (name, _, count) in &self.logs {
            let faults = if *count == 1 { "fault" } else { "faults" };
            let _ = writeln!(text, "{}: {count} {faults} acknowledged", safe(name));
        }
        for (title, hash) in &self.certificates {
            let _ = writeln!(text, "acknowledged: {} ({hash})", safe(title));
        }
        for hash in &self.already {
            let _ = writeln!(text, "already acknowledged: {}", safe(hash));
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let logs =
            self.logs.iter().map(|(name, id, count)| json!({"name": name, "log_id": id, "faults": count}));
        let certificates =
            self.certificates.iter().map(|(title, hash)| json!({"title": title, "tbs_sha256": hash}));
        json!({
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": "pinstead", "version": env!("CARGO_PKG_VERSION")},
            "acknowledged": {
                "logs": logs.collect::<Vec<_>>(),
                "certificates": certificates.collect::<Vec<_>>(),
                "already": self.already,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::state::{NewAlert, Place, RevocationLook, StateOptions};

    #[test]
    fn what_is_not_revoked_can_be_known() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("state.db"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let state = State::open(&place, &StateOptions::default()).await.unwrap();
            let facts = |octet: &str, overdue: bool| {
                let hash = octet.repeat(32);
                json!({
                    "tbs_sha256": hash, "certificate_sha256": null, "precertificate_sha256": null, "serial": "01",
                    "watched": "ours.example", "issuer": null, "issuer_owner": null, "not_after": null,
                    "first_seen": null, "overdue": overdue, "revocation": {"status": "good"},
                })
                .to_string()
            };
            let look = RevocationLook { good: 2, overdue: 1, ..RevocationLook::default() };
            state.keep_revocations(&look, &[facts("ab", true), facts("cd", false)]).await.unwrap();
            for octet in ["ab", "cd"] {
                let alert = NewAlert {
                    kind: REVOCATION_ALERT.to_owned(),
                    subject: format!("{}:unrevoked", octet.repeat(32)),
                    payload: json!({"title": format!("{octet} is not revoked")}).to_string(),
                };
                state.add_alert(&alert).await.unwrap();
            }
            assert!(acknowledged(&state, &["cd".repeat(32)]).await.is_err(), "its CA has a day");
            let done = acknowledged(&state, &["AB".repeat(32)]).await.unwrap();
            assert_eq!(done.certificates, [("ab is not revoked".to_owned(), "ab".repeat(32))]);
            let known = state.acknowledged(REVOCATION_ALERT).await.unwrap();
            assert_eq!(known.into_iter().collect::<Vec<_>>(), [format!("{}:unrevoked", "ab".repeat(32))]);
            let both = ["ab".repeat(32), "cd".repeat(32)];
            assert!(acknowledged(&state, &both).await.is_err(), "nobody knows of the second");
            let again = acknowledged(&state, &["AB".repeat(32)]).await.unwrap();
            assert_eq!((again.certificates.len(), again.already), (0, vec!["ab".repeat(32)]));
            assert_eq!(state.count_without_report().await.unwrap(), 2, "a report lists it all the same");
        });
    }
}
