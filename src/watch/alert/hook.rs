//! A command that is run with each alert.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::channel::{Channel, ChannelSettings, Failure, Sending};
use super::notice::Notice;
use crate::report::human::must_be_shown;

/// The most characters of a value in the environment.
const MOST_VALUE: usize = 1000;
/// The most octets that are kept of what a hook says on standard error.
const MOST_ERRORS: usize = 2000;
/// How long is listened after a hook has ended, for its last words: what it left running may never close them.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A command that gets each alert as JSON on its standard input. What it prints is not shown; its exit status says
/// whether it took the alert.
#[derive(Clone, Debug)]
pub struct Hook {
    settings: ChannelSettings,
    program: OsString,
    arguments: Vec<String>,
    hidden: Vec<String>,
}

impl Hook {
    /// Runs `program` with `arguments`; no shell reads them. It sees the environment of this process, without the
    /// variables `hidden`.
    pub fn new(
        settings: ChannelSettings,
        (program, arguments): (OsString, Vec<String>),
        hidden: Vec<String>,
    ) -> Self {
        Self { settings, program, arguments, hidden }
    }

    fn command(&self, notice: &Notice) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        for name in &self.hidden {
            command.env_remove(name);
        }
        let created = notice.created.to_string();
        for (name, value) in [
            ("PINSTEAD_ALERT_ID", notice.id.as_str()),
            ("PINSTEAD_ALERT_KIND", &notice.kind),
            ("PINSTEAD_ALERT_SUBJECT", &notice.subject),
            ("PINSTEAD_ALERT_SEVERITY", notice.severity_name()),
            ("PINSTEAD_ALERT_TITLE", &notice.headline()),
            ("PINSTEAD_ALERT_CREATED", &created),
        ] {
            command.env(name, harmless(value));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    async fn run(&self, notice: &Notice) -> Result<(), Failure> {
        let mut started = Started::new(self.command(notice))
            .map_err(|error| Failure::passing(format!("it cannot be started: {error}")))?;
        let mut errors = Vec::new();
        let ended =
            tokio::time::timeout(self.settings.timeout, started.fed(notice.json(), &mut errors)).await;
        let said = said(&errors);
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Failure::passing(format!("{status}{said}"))),
            Ok(Err(error)) => Err(Failure::passing(format!("it cannot be waited for: {error}"))),
            // It ends with all it started, because `started` goes.
            Err(_) => {
                let seconds = self.settings.timeout.as_secs();
                Err(Failure::passing(format!("it took longer than {seconds} seconds, and was ended{said}")))
            }
        }
    }
}

impl Channel for Hook {
    fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    fn timeout(&self) -> Duration {
        self.settings.timeout.saturating_add(LAST_WORDS)
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.run(notice))
    }
}

/// A value for the environment: bounded, and without what a terminal or a log would obey or hide.
fn harmless(value: &str) -> String {
    value.chars().take(MOST_VALUE).map(|c| if must_be_shown(c) { '\u{fffd}' } else { c }).collect()
}

/// What a hook said, as the end of a sentence.
fn said(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!(": {}", text.chars().take(800).collect::<String>()) }
}

/// A process with those it started. Where it has not ended by itself when this goes, all of them are killed.
struct Started {
    child: Child,
    #[cfg(unix)]
    group: Option<nix::unistd::Pid>,
}

impl Started {
    fn new(mut command: Command) -> std::io::Result<Self> {
        let child = command.spawn()?;
        #[cfg(unix)]
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(nix::unistd::Pid::from_raw);
        Ok(Self {
            child,
            #[cfg(unix)]
            group,
        })
    }

    /// Gives it its input, and waits until it has ended. It may read none of it, and say as much as it likes.
    async fn fed(&mut self, input: String, errors: &mut Vec<u8>) -> std::io::Result<ExitStatus> {
        let (stdin, stderr) = (self.child.stdin.take(), self.child.stderr.take());
        let feeding = async {
            if let Some(mut stdin) = stdin {
                // Who does not want to know more closes the pipe.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
        };
        let listening = async {
            if let Some(stderr) = stderr {
                listen(stderr, errors).await;
            }
        };
        tokio::pin!(feeding, listening);
        let (mut is_fed, mut is_silent) = (false, false);
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status,
                () = &mut feeding, if !is_fed => is_fed = true,
                () = &mut listening, if !is_silent => is_silent = true,
            }
        };
        // It is waited for: its number may be another's from now on.
        #[cfg(unix)]
        {
            self.group = None;
        }
        if !is_silent {
            let _ = tokio::time::timeout(LAST_WORDS, listening).await;
        }
        status
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.group {
            // Where none of them is left, there is nothing to do.
            let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// Reads to the end, and keeps the beginning.
async fn listen(mut stderr: impl AsyncRead + Unpin, kept: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        let room = MOST_ERRORS.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(read.min(room)));
    }
}
