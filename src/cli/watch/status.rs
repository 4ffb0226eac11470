//! `pinstead watch --status`: what the state knows, without the network.

use std::fmt::Write as _;

use anyhow::Context as _;
use serde_json::json;

use super::WatchOptions;
use super::report::LogCoverage;
use super::setup::PolicyFile;
use crate::cli::Exit;
use crate::cli::options::Format;
use crate::report::human::safe;
use crate::report::human::style::{STRONG, paint};
use crate::report::human::wrap::indented;
use crate::report::json::v1::SCHEMA_VERSION;
use crate::watch::state::{Place, State, StateOptions, Waiting};

/// Shows it.
pub(super) async fn run(options: &WatchOptions) -> anyhow::Result<Exit> {
    let place = PolicyFile::read(options)?.place(options)?;
    if let Place::File(path) = &place
        && !path.exists()
    {
        // Looking must not make one.
        anyhow::bail!("there is no state in {place}");
    }
    let named = || format!("the state {place}");
    let state = State::open(&place, &StateOptions::default()).await.with_context(named)?;
    let faults = state.faults().await.with_context(named)?;
    let logs = state.logs().await.with_context(named)?;
    let logs: Vec<LogCoverage> = logs.iter().map(|log| LogCoverage::of(log, &faults)).collect();
    let waiting = state.waiting().await.with_context(named)?;
    state.close().await;
    let text = match options.output.format {
        Format::Human => human(&place, &logs, &waiting),
        Format::Json => format!("{:#}\n", json(&place, &logs, &waiting)),
        Format::Jsonl => format!("{}\n", json(&place, &logs, &waiting)),
    };
    options.output.write(&text)?;
    Ok(Exit::Clean)
}

fn json(place: &Place, logs: &[LogCoverage], waiting: &[Waiting]) -> serde_json::Value {
    let waiting = waiting.iter().map(|channel| {
        json!({
            "channel": channel.channel,
            "alerts": channel.alerts,
            "failed": channel.failed,
            "oldest": channel.oldest,
            "error": channel.error,
        })
    });
    json!({
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pinstead", "version": env!("CARGO_PKG_VERSION")},
        "state": place.to_string(),
        "logs": logs,
        "waiting": waiting.collect::<Vec<_>>(),
    })
}

fn human(place: &Place, logs: &[LogCoverage], waiting: &[Waiting]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint(STRONG, safe(&format!("State in {place}"))));
    if logs.is_empty() {
        text.push_str("  no log is followed yet\n");
    }
    for log in logs {
        text.push_str(&log.human());
    }
    let _ = writeln!(text, "\n{}", paint(STRONG, "Alerts that wait"));
    if waiting.is_empty() {
        text.push_str("  none\n");
    }
    for channel in waiting {
        let error = channel.error.as_ref().map_or_else(String::new, |error| format!("; {error}"));
        let line = format!(
            "{}: {}, the oldest of {}; {} failed before{error}",
            channel.channel, channel.alerts, channel.oldest, channel.failed
        );
        text.push_str(&indented(&safe(&line), 2));
    }
    text
}
