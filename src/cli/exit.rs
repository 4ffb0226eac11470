//! Exit codes, and how errors are shown at the command's edge.

use std::io::Write as _;
use std::process::ExitCode;

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

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Undetermined => 3,
        })
    }
}

/// Shows what clap has to say: help and version are no errors.
pub(super) fn from_clap(error: &clap::Error) -> ExitCode {
    // Nothing is left to do where even the message cannot be written.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Clean.into() }
}

/// Shows an error with its causes, one a line. A reader that closed its pipe early is no error.
pub(super) fn from_error(error: &anyhow::Error) -> ExitCode {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(closed) {
        return Exit::Clean.into();
    }
    let mut stderr = anstream::stderr().lock();
    // Nothing is left to do where even the message cannot be written.
    let _ = writeln!(stderr, "error: {error}");
    for cause in error.chain().skip(1) {
        let _ = writeln!(stderr, "  because: {cause}");
    }
    Exit::Usage.into()
}
