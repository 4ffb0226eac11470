//! What is watched, where it is kept and whom it is told: options, policy and environment read together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::WatchOptions;
use super::names::watched;
use crate::cli::check::DEFAULT_POLICY;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::issuance::names::WatchedNames;
use crate::judge::Inputs;
use crate::observe::files;
use crate::policy::{MAX_POLICY, Policy, StderrFormat};
use crate::watch::alert::{Channel, StderrOf, channels};
use crate::watch::follow::{Judging, Start};
use crate::watch::state::{Place, StateOptions};

/// The environment variable that names the state.
const STATE: &str = "PINSTEAD_STATE";
/// The file of the state where nothing else is said.
const DEFAULT_STATE: &str = "pinstead-state.db";
/// How often a log's tree head is asked for where nothing else is said, in seconds.
const INTERVAL: u32 = 60;

/// Everything that watching needs.
pub(super) struct Setup {
    /// The policy, the tables, and the log lists.
    pub(super) judging_inputs: Inputs,
    /// The CAs that are expected instead of the policy's.
    pub(super) expect_ca: Vec<String>,
    /// The names that are watched.
    pub(super) watched: Arc<WatchedNames>,
    /// Where the state is.
    pub(super) place: Place,
    /// Where alerts go.
    pub(super) channels: Vec<Box<dyn Channel>>,
    /// Whether there is any.
    pub(super) has_channels: bool,
    /// Where a log is begun, where that was said.
    pub(super) start: Option<Start>,
    /// How often a tree head is asked for.
    pub(super) interval: Duration,
    /// Where metrics are served.
    pub(super) metrics: Option<String>,
    channel_names: Vec<String>,
}

/// The policy, and the folder that its paths are relative to.
pub(super) struct PolicyFile {
    /// What it says.
    pub(super) policy: Policy,
    /// Where it stands.
    pub(super) folder: PathBuf,
    /// The file as it was read.
    pub(super) file: Option<crate::evidence::file::InputFile>,
}

impl PolicyFile {
    /// The policy that was named, or the one in this folder, or an empty one.
    pub(super) fn read(options: &WatchOptions) -> anyhow::Result<Self> {
        let path = match &options.policy {
            Some(path) => Some(path.as_str()),
            None => files::exists(DEFAULT_POLICY).then_some(DEFAULT_POLICY),
        };
        let Some(path) = path else {
            return Ok(Self { policy: Policy::default(), folder: PathBuf::new(), file: None });
        };
        let file = files::read(path, MAX_POLICY);
        let octets = file.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
        let policy = Policy::parse(path, octets)?;
        let folder = Path::new(path).parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { policy, folder, file: Some(file) })
    }

    /// Where the state is: by option, environment, policy, or in this folder.
    pub(super) fn place(&self, options: &WatchOptions) -> anyhow::Result<Place> {
        if let Some(path) = &options.state {
            if path.contains("://") {
                // Whoever lists processes would read its password.
                bail!("--state takes a file; name a database in the environment variable {STATE}");
            }
            return Ok(Place::File(PathBuf::from(path)));
        }
        if let Some(place) = environment(STATE) {
            let place = place.into_string().ok().with_context(|| format!("{STATE} is no UTF-8 text"))?;
            return place.parse().with_context(|| STATE);
        }
        match &self.policy.watch.state {
            Some(path) if path.contains("://") => {
                bail!("[watch] state takes a file; name a database in the environment variable {STATE}")
            }
            Some(path) => Ok(Place::File(self.folder.join(path))),
            None => Ok(Place::File(PathBuf::from(DEFAULT_STATE))),
        }
    }
}

impl Setup {
    /// Reads options, policy, lists and environment.
    pub(super) fn read(options: &WatchOptions) -> anyhow::Result<Self> {
        let policy = PolicyFile::read(options)?;
        let watched = Arc::new(watched(options, &policy.policy)?);
        let place = policy.place(options)?;
        let mut alerts = policy.policy.alerts.clone();
        if options.once && alerts.stderr_format == StderrFormat::Human {
            // The report says the rest.
            alerts.stderr_format = StderrFormat::Brief;
        }
        let of = if options.once { StderrOf::Once } else { StderrOf::Service };
        let channels = channels(&alerts, &policy.folder, &environment, of)?;
        let channel_names = channels.iter().map(|channel| channel.name().to_owned()).collect();
        let watch = &policy.policy.watch;
        let start = match (&options.from, &watch.from) {
            (Some(start), _) => Some(*start),
            (None, Some(text)) => {
                Some(text.parse().map_err(|why: String| anyhow::anyhow!("[watch] from: {why}"))?)
            }
            (None, None) => None,
        };
        let seconds = options.interval.or(watch.interval_seconds).unwrap_or(INTERVAL);
        if !(1..=86_400).contains(&seconds) {
            bail!("[watch] interval_seconds is {seconds}; give 1 to 86400");
        }
        let metrics = options.metrics.clone().or_else(|| watch.metrics.clone());
        let mut files = InputFiles { policy: policy.file, ..InputFiles::default() };
        options.lists.read_into(&mut files);
        let judging_inputs = Inputs::read(&Request::default(), &files)?;
        Ok(Self {
            judging_inputs,
            expect_ca: options.expect_ca.clone(),
            watched,
            place,
            channel_names,
            has_channels: !channels.is_empty(),
            channels,
            start,
            interval: Duration::from_secs(u64::from(seconds)),
            metrics: metrics.filter(|_| !options.once),
        })
    }

    /// How the state is opened.
    pub(super) fn state_options(&self) -> StateOptions {
        StateOptions { channels: self.channel_names.clone(), most_octets: None }
    }

    /// What found certificates are judged by.
    pub(super) fn judging(self) -> Judging {
        Judging::new(self.judging_inputs, self.expect_ca, self.watched)
    }
}

/// Which logs are wanted: those of the command line, else those of the policy.
pub(super) fn log_filter(options: &WatchOptions, policy: &Policy) -> Vec<String> {
    if options.log.is_empty() { policy.watch.logs.clone() } else { options.log.clone() }
}

/// A variable of the environment.
fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
