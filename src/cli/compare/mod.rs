//! `pinstead compare`: protection by CT beside pinning, with the replay over what was issued.
//!
//! It looks and judges as `pinstead check` does; what it adds are the owner's statements, and another report.

mod stated;

use anyhow::bail;
use clap::Args;

use self::stated::StatedOptions;
use super::Exit;
use super::check::{self, CheckOptions, Detail};
use crate::compare::advice::StepId;
use crate::evidence::CompareRequest;

/// Options of `pinstead compare`.
#[derive(Debug, Args)]
#[command(mut_arg("target", |target| target
    .value_name("NAME")
    .help("A host, host:port, https URL, or saved evidence of `check`, `compare` or `issuance`. Names come first: --history, --pins and --expect-ca take every word that follows")))]
#[command(mut_arg("tlsa", |tlsa| tlsa.hide(true)))]
#[command(mut_arg("save_evidence", |save| save
    .help("Save what was observed, to be judged again later: `pinstead compare FILE`")))]
pub(super) struct CompareOptions {
    #[command(flatten)]
    check: CheckOptions,
    #[command(flatten)]
    stated: StatedOptions,
    /// Exit with 1 where this step of the plan is not done, and with 3 where that is not known, whatever --fail-on says:
    /// monitoring, caa, caa-bound, expected-ca, short-lives, widened, removed, or sound (nothing measured is wrong with the
    /// pins). Other findings count by --fail-on: with none, the steps alone decide
    #[arg(long, value_name = "STEP", value_delimiter = ',', help_heading = "Gate")]
    require: Vec<StepId>,
    /// Show every renewal of the replay, and every finding, instead of the gravest
    #[arg(long, help_heading = "Report")]
    full: bool,
}

impl CompareOptions {
    /// The options that change what is found, as words, for the gates that the report prints.
    fn repeated(&self) -> Vec<String> {
        [self.check.repeated(), self.stated.repeated()].concat()
    }
}

/// Runs the command.
pub(super) fn run(mut options: CompareOptions) -> anyhow::Result<Exit> {
    if options.check.names_nothing() {
        bail!(
            "no name is given: write it first, as --history, --pins and --expect-ca take every word that follows them; or give \
             --targets FILE"
        );
    }
    options.check.in_order();
    let require = options.require.iter().map(ToString::to_string).collect();
    let request = CompareRequest { require, repeated: options.repeated(), ..options.stated.request() };
    let detail = if options.full { Detail::Full } else { Detail::Gravest };
    options.check.compare(request, detail);
    check::run(&options.check)
}

#[cfg(test)]
mod tests;
