//! `pinstead watch`: follows CT logs for the policy's domains.

mod acknowledge;
mod again;
mod certificates;
mod contact;
mod coverage;
mod deadline;
mod faults;
mod following;
mod forget;
mod grouped;
mod judged;
mod listed;
mod logs;
mod names;
mod observer;
mod plan;
mod report;
mod revocation;
mod revoked;
mod self_test;
mod service;
mod setup;
mod status;
mod watching;

use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::watch::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use self::deadline::Deadline;
use self::logs::Selection;
use self::observer::say;
use self::plan::Plan;
use self::report::{Ended, OnceReport};
use self::revocation::{WatchRevocationOptions, graver};
use self::setup::{Setup, log_filter};
use self::watching::Watching;
use super::Exit;
use super::list_options::{ListOptions, announce_refused};
use super::options::{GateOptions, OutputOptions};
use super::signals::{Hangups, until_second};
use crate::ct::log_list::Program;
use crate::ct::log_table::LogTable;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::judge::{Inputs, ListAge, ListOutcome};
use crate::observe::clock;
use crate::observe::http::HttpClient;
use crate::policy::Policy;
use crate::report::human::safe;
use crate::watch::alert::{self, Tally};
use crate::watch::follow::Start;
use crate::watch::metrics::{WatchMetrics, serve};
use crate::watch::state::{Log, Place, State, StateError};

/// Room in memory for the answers of all logs, in octets.
const ROOM: usize = 48 << 20;
/// How many answers are asked for in advance, of one log and of all together.
const AHEAD: (usize, usize) = (4, 48);
/// How long is waited before the state is tried again where it cannot be opened.
const STATE_PAUSE: Duration = Duration::from_secs(1);
/// How often opening it is tried.
const STATE_ATTEMPTS: u32 = 3;

/// Options of `pinstead watch`.
#[derive(Debug, Args)]
pub(super) struct WatchOptions {
    /// The policy file: domains, expected CAs, alerts (default: pinstead.toml in this folder, if it is there)
    #[arg(long, value_name = "FILE")]
    policy: Option<String>,
    /// Watch this domain and all below it, instead of those of the policy
    #[arg(long, value_name = "NAME")]
    domain: Vec<String>,
    /// Watch the domains of this file, one a line (# begins a comment; - is standard input)
    #[arg(long, value_name = "FILE")]
    domains: Option<String>,
    /// CAs that are expected, by CAA identifier or owner, instead of those of the policy
    #[arg(long, value_name = "ID", num_args = 1..)]
    expect_ca: Vec<String>,
    /// The file of the state (default: the policy's, else pinstead-state.db in this folder). The environment variable
    /// PINSTEAD_STATE may name a file or, when several machines share the work, a URL of PostgreSQL
    #[arg(long, value_name = "FILE")]
    state: Option<String>,
    /// Where a log is begun that the state does not know: end, begin, or an age such as 12h, 7d or 4w [default: end]
    #[arg(long, value_name = "WHERE")]
    from: Option<Start>,
    /// Only logs with this in their name, or of this id (base64); may be given several times
    #[arg(long, value_name = "TEXT")]
    log: Vec<String>,
    /// How often each log is asked for its tree head, in seconds [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    interval: Option<u32>,
    /// Serve metrics (/metrics) and health (/health) on this address, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDR:PORT", conflicts_with_all = ["once", "status", "self_test"])]
    metrics: Option<String>,
    /// Read up to the tree heads of now, prove, deliver what is due, report, and end
    #[arg(long)]
    once: bool,
    /// With --once: read for so many seconds at most; what is left is told as backlog (exit code 3)
    #[arg(long, value_name = "SECONDS", requires = "once", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,
    /// Only show what the state knows, and what that comes to: positions, backlogs, faults, names that were not searched for,
    /// alerts that wait; no network is used
    #[arg(long, conflicts_with_all = ["once", "self_test"])]
    status: bool,
    /// Forget the last tree head of this log (its whole name or its id) and what was read of it and is not proven: where it
    /// signed a tree that it does not have. What was proven, found or told stays
    #[arg(long, value_name = "LOG", conflicts_with_all = ["once", "status", "self_test"])]
    forget_head: Option<String>,
    /// Send the certificate of a test through the whole way to every channel of alerts, and show whether it arrived
    #[arg(long, conflicts_with = "once")]
    self_test: bool,
    /// Say that the faults of the logs with this in their name, or of this id, are known, or the undetermined
    /// certificate of this hash, or one that is not revoked after a day: they are shown, and fail nothing any more; may be
    /// given several times
    #[arg(long, value_name = "LOG|HASH", conflicts_with_all = ["once", "status", "self_test"])]
    acknowledge: Vec<String>,
    #[command(flatten)]
    revocation: WatchRevocationOptions,
    #[command(flatten)]
    lists: ListOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// Follows logs, shows what is known, or tests the way of alerts.
pub(super) fn run(mut options: WatchOptions) -> anyhow::Result<Exit> {
    // What a report of `--once` has listed, no later one lists.
    options.output.is_told_once = options.once;
    if !options.once {
        options.output.plain("watch` without `--once")?;
    }
    let options = &options;
    let files = options.policy.iter().chain(&options.domains).map(std::path::Path::new);
    options.output.spare(files.chain(options.lists.files()))?;
    let runtime = super::runtime()?;
    if options.status {
        return runtime.block_on(status::run(options));
    }
    if let Some(named) = &options.forget_head {
        return runtime.block_on(forget::run(options, named));
    }
    if !options.acknowledge.is_empty() {
        return runtime.block_on(acknowledge::run(options));
    }
    let setup = Setup::read(options)?;
    if options.self_test {
        return runtime.block_on(self_test::run(options, setup));
    }
    let plan = Plan::of(options, setup)?;
    let (stop, stopped) = watch::channel(false);
    let ended = runtime.block_on(async {
        tokio::select! {
            () = until_second(stop.clone(), say) => Ok(Exit::Undetermined),
            ended = watch_logs(options, plan, (stop.clone(), stopped)) => ended,
        }
    });
    // Whatever still writes to a pipe that nobody reads is not waited for.
    runtime.shutdown_background();
    ended
}

/// Opens the state. Another process may hold it for a moment, and a server may just be starting.
async fn open(setup: &Setup) -> Result<State, StateError> {
    let mut attempt = 1;
    loop {
        match State::open(&setup.place, &setup.state_options()).await {
            Err(StateError::Busy(_) | StateError::Unavailable(_)) if attempt < STATE_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(STATE_PAUSE).await;
            }
            opened => return opened,
        }
    }
}

/// Says why nothing could be started. A state that is none is the same error wherever it is named; one that cannot be
/// reached may be there again.
fn cannot_start(error: StateError, place: &Place) -> anyhow::Result<Exit> {
    let exit = exit_of(&error);
    let error = anyhow::Error::new(error).context(format!("the state {place}"));
    match exit {
        Exit::Undetermined => {
            // Nothing is left to do where even the message cannot be written.
            let _ = writeln!(anstream::stderr().lock(), "error: {}", safe(&format!("{error:#}")));
            Ok(exit)
        }
        _ => Err(error),
    }
}

/// Whether the state knows of entries of a log that were not proven.
fn is_unread(log: &Log) -> bool {
    log.head.as_ref().is_some_and(|(head, _)| log.proven.size() < head.size)
}

/// The exit code where the state cannot be used.
fn exit_of(error: &StateError) -> Exit {
    match error {
        StateError::Busy(_) | StateError::Unavailable(_) | StateError::Full(_) | StateError::Refused(_) => {
            Exit::Undetermined
        }
        _ => Exit::Usage,
    }
}

async fn watch_logs(
    options: &WatchOptions,
    mut plan: Plan,
    (stop, stopped): (Sender<bool>, Receiver<bool>),
) -> anyhow::Result<Exit> {
    let hangups = (!options.once).then(Hangups::new);
    let state = match open(&plan.setup).await {
        Ok(state) => Arc::new(state),
        Err(error) => return cannot_start(error, &plan.setup.place),
    };
    if let Err(error) = plan.follow_unread(&state).await {
        return cannot_start(error, &plan.setup.place);
    }
    if plan.selection.followed.is_empty() {
        anyhow::bail!("no log of the list can be followed: {}", plan.selection.why_none());
    }
    match hangups {
        Some(hangups) => Box::pin(service::run(options, plan, state, hangups, (stop, stopped))).await,
        None => Box::pin(look_once(options, plan, state, stopped)).await,
    }
}

async fn look_once(
    options: &WatchOptions,
    plan: Plan,
    state: Arc<State>,
    stopped: Receiver<bool>,
) -> anyhow::Result<Exit> {
    let Plan { mut setup, selection, looking } = plan;
    let (http, metrics) = (HttpClient::for_reading(None)?, Arc::new(WatchMetrics::new(clock::now())));
    let channels = std::mem::take(&mut setup.channels);
    let clients = (&metrics, &http);
    let deadline = Deadline::begin(options.timeout, &stopped);
    let stop = deadline.stop.clone();
    let mut watching = Watching::new(options, (setup, selection), &state, clients, stop);
    let (all_made, is_all_made) = watch::channel(false);
    let delivering = {
        let (state, metrics) = (Arc::clone(&state), Arc::clone(&metrics));
        tokio::spawn(alert::deliver_until(state, channels, metrics, is_all_made, stopped.clone()))
    };
    let keeping = {
        let (printer, state, stopped) = (Arc::clone(&watching.printer), Arc::clone(&state), stopped.clone());
        tokio::spawn(async move { printer.keep(&state, stopped).await })
    };
    let cut_off = contact::cut_off(http.clone(), &watching.selection.followed);
    let (outcomes, cut_off) = {
        let mut following = pin!(watching.follow());
        tokio::select! {
            outcomes = &mut following => (outcomes, None),
            fault = cut_off => {
                deadline.end();
                (following.await, Some(fault))
            }
        }
    };
    keeping.abort();
    watching.printer.write(&state).await;
    let gate = options.gate.or_policy(&watching.policy);
    let (looked, revoked) = looking.once(&state, &gate, stopped).await;
    watching.judge_left(&outcomes).await;
    let _ = all_made.send(true);
    let tally = tally_of(delivering).await;
    let judging = watching.judging();
    let Watching { policy, list, names, selection, printer, .. } = watching;
    let ended = Ended {
        outcomes,
        faults: printer.faults(),
        timed_out: deadline.is_over(),
        cut_off,
        own: printer.found(),
        judging: Some(judging),
    };
    let report = OnceReport::new(names, list, &selection, &state, ended, tally).await.with(revoked);
    let exit = report.write(options, &policy, &state).await;
    state.close().await;
    Ok(graver(exit?, looked))
}

/// What was delivered, once all is.
async fn tally_of(delivering: JoinHandle<Result<Tally, StateError>>) -> Result<Tally, StateError> {
    // What panicked delivered nothing more; its alerts are in the outbox.
    delivering.await.unwrap_or(Ok(Tally { failed: 1, ..Tally::default() }))
}

/// Counts the list that the logs are chosen by, and says that it is old where it was not before.
fn chosen_by(list: Option<&ListAge>, metrics: &WatchMetrics) {
    let Some(list) = list else { return };
    if metrics.chosen_by(list.current_at, clock::now()) {
        say(&format!(
            "warning: the log list is {}, {} days old: logs that became usable since are missing; `pinstead logs update` \
             fetches newer ones",
            list.dated(),
            list.days
        ));
    }
}

/// How old the list is that the logs are chosen by; where several programmes' are, the newest.
fn list_age(table: &LogTable) -> Option<ListAge> {
    let now = clock::now();
    let ages = Program::ALL.into_iter().filter_map(|program| table.list_at(program, now));
    ages.map(|list| ListAge::of(&list, now)).min_by_key(|age| age.days)
}

/// The logs that are to be followed by the lists of now: those that were given, or are kept here by now.
fn choose_anew(options: &WatchOptions, policy: &Policy) -> Option<Selection> {
    Some(selected(options, policy)?.selection)
}

/// The logs that are to be followed by the lists of now.
struct Chosen {
    /// They.
    selection: Selection,
    /// How old the list is.
    list: Option<ListAge>,
    /// Whether a kept list was refused, so that an older one stands in for it.
    is_refused: bool,
}

/// Them, and how old the list is.
fn selected(options: &WatchOptions, policy: &Policy) -> Option<Chosen> {
    let mut files = InputFiles::default();
    options.lists.read_into(&mut files);
    match Inputs::read(&Request::default(), &files) {
        Ok(inputs) => {
            announce_refused(&inputs.log_lists);
            let is_refused =
                inputs.log_lists.iter().any(|list| matches!(list.outcome, ListOutcome::Refused(_)));
            let selection = logs::select(&inputs.logs, clock::now(), &log_filter(options, policy));
            Some(Chosen { selection, list: list_age(&inputs.logs), is_refused })
        }
        Err(error) => {
            say(&format!("warning: the logs cannot be chosen anew: {error}"));
            None
        }
    }
}

async fn serve_metrics(
    address: &str,
    metrics: &Arc<WatchMetrics>,
    state: &Arc<State>,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("serving metrics on {address}"))?;
    let local = listener.local_addr().context("serving metrics")?;
    // Where the port was left to the system, this is where it is said.
    let _ =
        writeln!(anstream::stderr().lock(), "metrics: http://{local}/metrics, health: http://{local}/health");
    Ok(tokio::spawn(serve(listener, Arc::clone(metrics), Arc::clone(state), stop.clone())))
}
