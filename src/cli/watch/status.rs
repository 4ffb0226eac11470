//! `pinstead watch --status`: what the state knows, without the network, and what that comes to.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::again::Judge;
use super::coverage::LogCoverage;
use super::faults::lasting;
use super::judged::Judged;
use super::listed::Listed;
use super::logs::Selection;
use super::names::named;
use super::revoked::Revoked;
use super::setup::PolicyFile;
use super::{WatchOptions, cannot_start, choose_anew, is_unread};
use crate::cli::Exit;
use crate::cli::options::Plain;
use crate::evidence::issuance::AlertQueue;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::issuance::names::WatchedNames;
use crate::judge::{Inputs, untold};
use crate::observe::clock;
use crate::observe::issuance::alert_queues;
use crate::report::human::style::{STRONG, paint};
use crate::report::human::wrap::indented;
use crate::report::human::{findings as human_findings, safe, tally};
use crate::report::json::v1::SCHEMA_VERSION;
use crate::watch::follow::Judging;
use crate::watch::state::{Place, State, StateError, StateOptions};

/// The most certificates that are named to people.
const MOST_NAMED: usize = 20;

/// What the state knows.
struct Known {
    judged_at: Timestamp,
    /// How many names are watched; `None` where nobody said which.
    domains: Option<usize>,
    judged: Judged,
    logs: Vec<LogCoverage>,
    /// Logs that would be followed now, and are not in the state.
    not_begun: Vec<LogCoverage>,
    waiting: Vec<AlertQueue>,
    /// Alerts that were made where no channel was known.
    without_channel: u64,
    /// Alerts that no report listed yet, whoever found what they are about.
    unreported: u64,
    /// Certificates that were reported as undetermined, and still are.
    undetermined: Vec<Listed>,
    /// What the last look at revocations showed.
    revoked: Revoked,
}

/// Opens a state to look at it, or says why it cannot be reached, and gives the exit code.
pub(super) async fn opened(place: &Place) -> anyhow::Result<Result<State, Exit>> {
    if let Place::File(path) = place
        && !path.exists()
    {
        // Looking must not make one.
        anyhow::bail!("there is no state in {place}");
    }
    match State::open(place, &StateOptions::default()).await {
        Ok(state) => Ok(Ok(state)),
        Err(error) => cannot_start(error, place).map(Err),
    }
}

/// Shows it.
pub(super) async fn run(options: &WatchOptions) -> anyhow::Result<Exit> {
    let form = options.output.plain("watch --status")?;
    let policy = PolicyFile::read(options)?;
    let place = policy.place(options)?;
    let state = match opened(&place).await? {
        Ok(state) => state,
        Err(exit) => return Ok(exit),
    };
    let watched = named(options, &policy.policy)?.map(Arc::new);
    let judging = watched.as_ref().map(|watched| judging(options, &policy, watched)).transpose()?;
    let selection = choose_anew(options, &policy.policy);
    let wants_revocation = policy.policy.watch.revocation;
    let known = known(&state, (watched.as_deref(), judging), selection, wants_revocation).await;
    state.close().await;
    let known = match known {
        Ok(known) => known,
        Err(error) => return cannot_start(error, &place),
    };
    let text = match form {
        Plain::Human => human(&place, &known),
        Plain::Json => format!("{:#}\n", json(&place, &known)),
        Plain::Jsonl => format!("{}\n", json(&place, &known)),
    };
    options.output.write(&text)?;
    Ok(known.judged.exit(&options.gate.or_policy(&policy.policy)))
}

/// What the names are judged by.
fn judging(
    options: &WatchOptions,
    policy: &PolicyFile,
    watched: &Arc<WatchedNames>,
) -> anyhow::Result<Arc<Judging>> {
    let mut files = InputFiles { policy: policy.file.clone(), ..InputFiles::default() };
    options.lists.read_into(&mut files);
    let inputs = Inputs::read(&Request::default(), &files)?;
    Ok(Arc::new(Judging::new(inputs, options.expect_ca.clone(), Arc::clone(watched))))
}

/// Asks the state about the names. `selection` is what would be followed now: of other logs, nothing is demanded.
async fn known(
    state: &State,
    (watched, judging): (Option<&WatchedNames>, Option<Arc<Judging>>),
    mut selection: Option<Selection>,
    wants_revocation: bool,
) -> Result<Known, StateError> {
    let now = clock::now();
    let mut judged = Judged::default();
    match watched {
        Some(watched) => state.look_for(watched).await?,
        None => judged.open.push("no name is watched here: of none is known what was searched".to_owned()),
    }
    let survey = state.survey().await?;
    let troubles = state.troubles().await?;
    let all = state.logs().await?;
    match &mut selection {
        Some(chosen) => {
            chosen.follow_unread(|id| all.iter().any(|log| log.log_id == *id && is_unread(log)));
        }
        None => judged.undetermined.push("which logs are to be followed could not be read".to_owned()),
    }
    let mut logs = Vec::new();
    for log in all {
        let faults = survey.iter().find(|surveyed| surveyed.number == log.number);
        let faults = faults.map(|log| log.faults.as_slice()).unwrap_or_default();
        let mut coverage = LogCoverage::of(&log, faults);
        if let Some(trouble) = troubles.iter().find(|trouble| trouble.log_id == log.log_id) {
            coverage = coverage.troubled(trouble);
        }
        let chosen = selection.as_ref().map(|chosen| chosen.of(&log.log_id));
        if let Some(Err(why)) = chosen {
            judged.findings.extend(lasting(state, &log, faults).await);
            logs.push(coverage.left_out(why));
            continue;
        }
        coverage = coverage.searched(state, &log).await;
        judged.log(&coverage, (&log, faults), chosen.and_then(Result::ok), now);
        logs.push(coverage);
    }
    // Those that never came so far as to be in the state.
    let mut not_begun = Vec::new();
    for log in selection.iter().flat_map(|chosen| &chosen.followed) {
        if survey.iter().any(|known| known.log_id == log.log.log_id) {
            continue;
        }
        let mut coverage = LogCoverage::not_begun(log);
        if let Some(trouble) = troubles.iter().find(|trouble| trouble.log_id == log.log.log_id) {
            coverage = coverage.troubled(trouble);
        }
        not_begun.push(coverage);
    }
    judged.not_begun(&not_begun);
    let queues = alert_queues(state).await?;
    judged.undetermined.extend(untold(&queues, now));
    let mut judge = match judging {
        Some(judging) => Judge::new(state, &judging, HashMap::new()).await?,
        None => Judge::default(),
    };
    let mut undetermined = Vec::new();
    for listed in state.undetermined().await?.iter().filter_map(Listed::of) {
        undetermined.extend(judge.still_open(state, listed).await?);
    }
    for listed in &undetermined {
        judged.certificate(listed, now);
    }
    let revoked = Revoked::kept(state).await?;
    if wants_revocation {
        let (findings, unknown) = revoked.judged();
        judged.findings.extend(findings);
        judged.undetermined.extend(unknown);
    }
    Ok(Known {
        judged_at: now,
        domains: watched.map(|watched| watched.names().len()),
        judged,
        logs,
        not_begun,
        waiting: queues.waiting,
        without_channel: state.alerts_without_channel().await?,
        unreported: state.count_without_report().await?,
        undetermined,
        revoked,
    })
}

fn json(place: &Place, known: &Known) -> serde_json::Value {
    let waiting = known.waiting.iter().map(|channel| {
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
        "judged_at": known.judged_at,
        "state": place.to_string(),
        "domains": known.domains,
        "logs": known.logs,
        "logs_not_begun": known.not_begun,
        "waiting": waiting.collect::<Vec<_>>(),
        "alerts_without_channel": known.without_channel,
        "alerts_unreported": known.unreported,
        "certificates_undetermined": known.undetermined,
        "findings": known.judged.findings,
        "undetermined": known.judged.undetermined,
        "open": known.judged.open,
        "revocation": known.revoked.json(),
    })
}

fn human(place: &Place, known: &Known) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", paint(STRONG, safe(&format!("State in {place}"))));
    if known.logs.is_empty() {
        text.push_str("  no log is followed yet\n");
    }
    let untouched = known.not_begun.iter().filter(|log| log.is_untouched()).count();
    for log in known.logs.iter().chain(known.not_begun.iter().filter(|log| !log.is_untouched())) {
        text.push_str(&log.human());
    }
    if untouched > 0 {
        let _ = writeln!(text, "  {untouched} more of the list were not begun yet");
    }
    let _ = writeln!(text, "\n{}", paint(STRONG, "Alerts that wait"));
    if known.waiting.is_empty() {
        text.push_str("  none\n");
    }
    for channel in &known.waiting {
        let error = channel.error.as_ref().map_or_else(String::new, |error| format!("; {error}"));
        let line = format!(
            "{}: {}, the oldest of {}; {} failed before{error}",
            channel.channel, channel.alerts, channel.oldest, channel.failed
        );
        text.push_str(&indented(&safe(&line), 2));
    }
    for (count, what) in [
        (known.without_channel, "were made without any channel: nobody was told"),
        (known.unreported, "are in no report of `pinstead watch --once` yet: the next one lists them"),
    ] {
        if count > 0 {
            text.push_str(&indented(&format!("{count} {what}"), 2));
        }
    }
    if !known.undetermined.is_empty() {
        let _ = writeln!(text, "\n{}", paint(STRONG, "Undetermined certificates"));
    }
    for listed in known.undetermined.iter().take(MOST_NAMED) {
        text.push_str(&indented(&format!("{} ({})", safe(&listed.title), listed.tbs_sha256), 2));
    }
    if let Some(more) = known.undetermined.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more: see the JSON report");
    }
    let revoked = known.revoked.human();
    if !revoked.is_empty() {
        let _ = write!(text, "\n{}", revoked.trim_end_matches('\n'));
        text.push('\n');
    }
    text.push_str(&comes_to(&known.judged));
    text
}

/// What it comes to: what is wrong, and what is not known.
fn comes_to(judged: &Judged) -> String {
    let mut text = String::new();
    for (heading, reasons) in [("Not known", &judged.undetermined), ("Still open", &judged.open)] {
        if !reasons.is_empty() {
            let _ = writeln!(text, "\n{}", paint(STRONG, heading));
        }
        for reason in reasons.iter().take(MOST_NAMED) {
            text.push_str(&indented(&safe(reason), 2));
        }
        if let Some(more) = reasons.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
            let _ = writeln!(text, "  and {more} more: see the JSON report");
        }
    }
    text.push('\n');
    if !judged.findings.is_empty() {
        text.push_str(&human_findings(&judged.findings));
        text.push('\n');
    }
    let _ = writeln!(text, "{}", tally(&judged.findings));
    text
}
