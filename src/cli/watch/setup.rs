//! What is watched, where it is kept and whom it is told: options, policy and environment read together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;

use super::WatchOptions;
use super::names::watched;
use super::observer::say;
use crate::cli::check::DEFAULT_POLICY;
use crate::cli::state_place::state_place;
use crate::evidence::{Inputs as InputFiles, Request};
use crate::issuance::names::WatchedNames;
use crate::judge::Inputs;
use crate::observe::{clock, files};
use crate::policy::{AcceptedCertificate, MAX_POLICY, Policy, StderrFormat};
use crate::watch::alert::{Channel, StderrOf, channels};
use crate::watch::follow::{Judging, Start};
use crate::watch::state::{Place, StateOptions};

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
        state_place(options.state.as_deref(), &self.policy, &self.folder)
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
        let mut judging_inputs = Inputs::read(&Request::default(), &files)?;
        forget_past(&mut judging_inputs.policy.accepted_certificate);
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

/// Leaves out the acceptances whose day has gone, and says so: what they excused is judged again.
fn forget_past(accepted: &mut Vec<AcceptedCertificate>) {
    let now = clock::now();
    accepted.retain(|entry| {
        let is_past = entry.is_past(now);
        if is_past {
            say(&format!(
                "warning: [[accepted_certificate]]: {} (“{}”) was accepted until {}; that day has gone",
                entry.which, entry.reason, entry.until
            ));
        }
        !is_past
    });
}

/// Which logs are wanted: those of the command line, else those of the policy.
pub(super) fn log_filter(options: &WatchOptions, policy: &Policy) -> Vec<String> {
    if options.log.is_empty() { policy.watch.logs.clone() } else { options.log.clone() }
}

/// A variable of the environment.
fn environment(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
