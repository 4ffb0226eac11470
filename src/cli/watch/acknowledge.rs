//! `pinstead watch --acknowledge`: somebody knows of what a log did, or of a certificate that cannot be determined.

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
use crate::cli::options::Format;
use crate::ct::log_id::LogId;
use crate::report::human::safe;
use crate::report::json::v1::SCHEMA_VERSION;
use crate::watch::state::State;

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Logs: name, id, and how many faults.
    logs: Vec<(String, String, usize)>,
    /// Certificates: title and hash.
    certificates: Vec<(String, String)>,
}

/// Has the state know it.
pub(super) async fn run(options: &WatchOptions) -> anyhow::Result<Exit> {
    let place = PolicyFile::read(options)?.place(options)?;
    let state = match opened(&place).await? {
        Ok(state) => state,
        Err(exit) => return Ok(exit),
    };
    let done = acknowledged(&state, &options.acknowledge).await;
    state.close().await;
    let done = done?;
    let text = match options.output.format {
        Format::Human => done.human(),
        Format::Json => format!("{:#}\n", done.json()),
        Format::Jsonl => format!("{}\n", done.json()),
    };
    options.output.write(&text)?;
    Ok(Exit::Clean)
}

async fn acknowledged(state: &State, texts: &[String]) -> anyhow::Result<Acknowledged> {
    let survey = state.survey().await.context("the state")?;
    let undetermined = state.undetermined().await.context("the state")?;
    let mut done = Acknowledged::default();
    // All are looked for before anything is written.
    for text in texts {
        let is_log = survey.iter().any(|log| is_named(&LogId(log.log_id), &log.description, text));
        let is_certificate = undetermined.iter().any(|alert| {
            Listed::of(alert).is_some_and(|listed| listed.tbs_sha256.eq_ignore_ascii_case(text))
        });
        if !is_log && !is_certificate {
            anyhow::bail!(
                "“{text}” is in the name of no log of the state, the id of none, and the hash of no certificate \
                 that is undetermined; `pinstead watch --status` shows what there is"
            );
        }
    }
    for text in texts {
        for log in survey.iter().filter(|log| is_named(&LogId(log.log_id), &log.description, text)) {
            let count = state.acknowledge_faults(log.number).await.context("the state")?;
            done.logs.push((log.description.clone(), STANDARD.encode(log.log_id), count));
        }
        for alert in &undetermined {
            let Some(listed) = Listed::of(alert) else { continue };
            if listed.tbs_sha256.eq_ignore_ascii_case(text) {
                state.determined(&alert.id).await.context("the state")?;
                state.acknowledge_dark(&listed.tbs_sha256).await.context("the state")?;
                done.certificates.push((listed.title, listed.tbs_sha256));
            }
        }
    }
    Ok(done)
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
            },
        })
    }
}
