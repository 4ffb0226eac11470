//! Exit codes, and how errors are shown at the command's edge.

use std::io::Write as _;
use std::process::ExitCode;

use crate::report::human::safe;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing at or above `--fail-on`.
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Wrong usage, or a policy or input file that cannot be used.
    Usage,
    /// Something that had to be determined could not be.
    Undetermined,
}

impl Exit {
    /// The number that the process ends with.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Undetermined => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Shows what clap has to say: help and version are no errors.
pub(super) fn from_clap(error: &clap::Error) -> ExitCode {
    // Nothing is left to do where even the message cannot be written.
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Clean.into();
    }
    // What was typed stands in the message, and may have come from elsewhere.
    let _ = write!(anstream::stderr().lock(), "{}", harmless(&error.render().to_string()));
    Exit::Usage.into()
}

/// A text of several lines without anything that a terminal would obey.
fn harmless(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", safe(line))).collect::<Vec<_>>().concat()
}

/// Shows an error with its causes.
pub(super) fn from_error(error: &anyhow::Error) -> ExitCode {
    let mut stderr = anstream::stderr().lock();
    // Nothing is left to do where even the message cannot be written.
    let _ = write!(stderr, "{}", harmless(&format!("error: {error}")));
    for cause in error.chain().skip(1) {
        let _ = write!(stderr, "{}", harmless(&format!("  because: {cause}")));
    }
    Exit::Usage.into()
}
