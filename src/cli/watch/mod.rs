//! `pinstead watch`: follows CT logs for the policy's domains.

mod logs;
mod names;
mod observer;
mod report;
mod self_test;
mod setup;
mod status;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use tokio::sync::watch::{self, Sender};
use tokio::task::JoinSet;

use self::logs::Selection;
use self::observer::{Printer, say};
use self::report::OnceReport;
use self::setup::Setup;
use super::Exit;
use super::list_options::{ListOptions, announce_refused};
use super::options::{GateOptions, OutputOptions};
use crate::observe::clock;
use crate::observe::http::HttpClient;
use crate::report::human::safe;
use crate::watch::alert;
use crate::watch::follow::{Following, Outcome, Settings, Start, follow};
use crate::watch::metrics::{WatchMetrics, serve};
use crate::watch::reader::Reader;
use crate::watch::reader::ahead::Room;
use crate::watch::state::{State, StateError};

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
    /// Only show what the state knows: positions, backlogs, faults, alerts that wait; no network is used
    #[arg(long, conflicts_with_all = ["once", "self_test"])]
    status: bool,
    /// Send the certificate of a test through the whole way to every channel of alerts, and show whether it arrived
    #[arg(long, conflicts_with = "once")]
    self_test: bool,
    #[command(flatten)]
    lists: ListOptions,
    #[command(flatten)]
    gate: GateOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// Follows logs, shows what is known, or tests the way of alerts.
pub(super) fn run(options: &WatchOptions) -> anyhow::Result<Exit> {
    let files = options.policy.iter().chain(&options.domains).map(std::path::Path::new);
    options.output.spare(files.chain(options.lists.files()))?;
    let runtime = super::runtime()?;
    if options.status {
        return runtime.block_on(status::run(options));
    }
    let setup = Setup::read(options)?;
    if options.self_test {
        return runtime.block_on(self_test::run(options, setup));
    }
    announce_refused(&setup.judging_inputs.log_lists);
    let selection = logs::select(&setup.judging_inputs.logs, clock::now(), &setup.log_filter(options));
    if selection.followed.is_empty() {
        anyhow::bail!("no log of the list can be followed: {}", selection.why_none());
    }
    runtime.block_on(watch_logs(options, setup, selection))
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

/// Says why nothing could be started.
fn cannot_start(error: &anyhow::Error) -> Exit {
    // Nothing is left to do where even the message cannot be written.
    let _ = writeln!(anstream::stderr().lock(), "error: {}", safe(&format!("{error:#}")));
    Exit::Undetermined
}

async fn watch_logs(options: &WatchOptions, mut setup: Setup, selection: Selection) -> anyhow::Result<Exit> {
    let state = match open(&setup).await.with_context(|| format!("the state {}", setup.place)) {
        Ok(state) => Arc::new(state),
        Err(error) => return Ok(cannot_start(&error)),
    };
    let http = HttpClient::for_reading(None)?;
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let printer = Arc::new(Printer::new(options.once, Arc::clone(&metrics)));
    let (stop, stopped) = watch::channel(false);
    let mut channels = Some(std::mem::take(&mut setup.channels));
    printer.announce(&setup, &selection);
    let policy = setup.judging_inputs.policy.clone();
    let (address, settings) = (setup.metrics.take(), setup.settings(options, selection.followed.len()));
    let watched = Arc::clone(&setup.watched);
    let names = watched.names().len();
    let following = Arc::new(Following {
        state: Arc::clone(&state),
        watched,
        judging: Arc::new(setup.judging()),
        settings,
        room: Room::new(ROOM),
        stop: stopped.clone(),
        observer: printer.clone(),
    });
    let signals = tokio::spawn(until_signal(stop.clone()));
    let served = match &address {
        Some(address) => Some(serve_metrics(address, &metrics, &state, &stopped).await?),
        None => None,
    };
    let delivering = channels.take_if(|_| !options.once).map(|channels| {
        tokio::spawn(alert::deliver(Arc::clone(&state), channels, Arc::clone(&metrics), stopped.clone()))
    });
    let outcomes = follow_all(&following, &http, &selection).await;
    let was_stopped = *stopped.borrow();
    // Whoever waits for alerts and questions ends as well.
    let _ = stop.send(true);
    if let Some(delivering) = delivering {
        let _ = delivering.await;
    }
    if let Some(served) = served {
        let _ = served.await;
    }
    signals.abort();
    if !options.once {
        state.close().await;
        // Nobody asked for the end: there is no log that could be followed.
        return Ok(if was_stopped { Exit::Clean } else { Exit::Undetermined });
    }
    let tally = alert::deliver_once(Arc::clone(&state), channels.unwrap_or_default(), metrics).await;
    let report = OnceReport::new(names, &selection, &state, outcomes, &printer, tally).await;
    state.close().await;
    report.write(options, &policy)
}

/// Follows every log at the same time, and gives how each ended, in the order of the selection.
async fn follow_all(
    following: &Arc<Following>,
    http: &HttpClient,
    selection: &Selection,
) -> Vec<(usize, Outcome)> {
    let mut running = JoinSet::new();
    for (place, log) in selection.followed.iter().enumerate() {
        let (following, http, log) = (Arc::clone(following), http.clone(), log.log.clone());
        running.spawn(async move {
            let outcome = match Reader::open(&http, log.kind, &log.url, &log.key) {
                Ok(reader) => follow(&following, &log, Arc::new(reader)).await,
                Err(error) => {
                    say(&format!("{}: it cannot be followed: {error}", log.name));
                    Outcome::Failed(error.to_string())
                }
            };
            (place, outcome)
        });
    }
    let mut outcomes = Vec::new();
    while let Some(ended) = running.join_next().await {
        // One that panicked is missing, and reported as not read.
        outcomes.extend(ended.ok());
    }
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes
}

async fn serve_metrics(
    address: &str,
    metrics: &Arc<WatchMetrics>,
    state: &Arc<State>,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<tokio::task::JoinHandle<std::io::Result<()>>> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("serving metrics on {address}"))?;
    let local = listener.local_addr().context("serving metrics")?;
    // Where the port was left to the system, this is where it is said.
    let _ =
        writeln!(anstream::stderr().lock(), "metrics: http://{local}/metrics, health: http://{local}/health");
    Ok(tokio::spawn(serve(listener, Arc::clone(metrics), Arc::clone(state), stop.clone())))
}

/// Ends all on SIGINT and SIGTERM.
async fn until_signal(stop: Sender<bool>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            let _ = stop.send(true);
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        let _ = stop.send(true);
    }
}

impl Setup {
    fn settings(&self, options: &WatchOptions, logs: usize) -> Settings {
        Settings {
            start: self.start,
            once: options.once,
            interval: self.interval,
            ahead: (AHEAD.1 / logs.max(1)).clamp(1, AHEAD.0),
            ..Settings::default()
        }
    }
}
