//! Lines of JSON, each written as soon as its name is done, so that an interrupted run is gone on with.

use std::collections::HashSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;

use crate::cli::options::OutputOptions;
use crate::cli::progress::{counted, note};
use crate::cli::resume::{Line, file_of, take_up, uncounted};
use crate::cli::sink::{Sink, Writer};
use crate::dns_name::DnsName;
use crate::report::fleet::Open;
use crate::report::{IssuanceReport, json};

/// How every line begins.
const LINE: &[u8] = br#"{"schema_version":"#;

/// Options about many names.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many names")]
pub(super) struct ManyNames {
    /// How many names are asked about at the same time; a service is asked no faster for it [default: 1]
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZero<u8>>,
    /// Go on with an interrupted run: names that have a line in FILE (--format jsonl; default: the one of --output) are not
    /// asked about again, and count; new lines are written behind them
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "it may be given with a file or without")]
    resume: Option<Option<PathBuf>>,
}

impl ManyNames {
    /// How many names are asked about at the same time.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.map_or(1, |jobs| jobs.get().into())
    }

    /// The file of the earlier run, if one is to be gone on with.
    pub(super) fn earlier<'o>(&'o self, output: &'o OutputOptions) -> anyhow::Result<Option<&'o Path>> {
        file_of(self.resume.as_ref(), output)
    }
}

/// What the exit code depends on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    /// Whether some finding counts.
    pub(super) fails: bool,
    /// What stayed open.
    pub(super) open: Open,
    /// Whether files of certificates could not be used.
    pub(super) unusable_files: bool,
}

impl Ended {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            fails: self.fails | other.fails,
            open: self.open.max(other.open),
            unusable_files: self.unusable_files | other.unusable_files,
        }
    }
}

/// Where the lines go, and which names have one.
pub(super) struct Lines {
    writer: Writer,
    run: String,
    done: HashSet<String>,
    /// How the names ended that have a line.
    pub(super) ended: Ended,
}

/// As much of a line as is read back.
#[derive(Deserialize)]
struct Earlier {
    name: String,
    outcome: String,
    run: String,
    open: Open,
    #[serde(default)]
    unusable_files: bool,
}

impl Lines {
    /// Begins the lines, or goes on with those of an earlier run that asked the same, by its hash.
    pub(super) fn begin(
        run: String,
        names: &[DnsName],
        earlier: Option<&Path>,
        output: &OutputOptions,
    ) -> anyhow::Result<Self> {
        let (mut done, mut ended) = (HashSet::new(), Ended::default());
        let writer = match (earlier, &output.output) {
            (Some(path), _) => {
                let listed: HashSet<&str> = names.iter().map(DnsName::as_str).collect();
                let mut others = 0_usize;
                let (found, file) = take_up(path, LINE, |number, text| {
                    let line: Earlier = text.json().with_context(|| {
                        format!("{}: line {number} is no line of this command", path.display())
                    })?;
                    if line.run != run {
                        bail!(
                            "{}: line {number} was written by a run with another policy, other sources, baseline, options or \
                             version; repeat its options, or choose another file",
                            path.display()
                        );
                    }
                    if listed.contains(line.name.as_str()) && done.insert(line.name.clone()) {
                        ended = ended.and(line.ended());
                    } else {
                        others = others.saturating_add(1);
                    }
                    Ok(Line::Stays)
                })?;
                if found.was_torn {
                    note("the last line was not whole: it was cut off, and its name is asked about again");
                }
                if !done.is_empty() {
                    note(&format!(
                        "going on after {}",
                        counted(done.len(), "name that has its line", "names that have their line")
                    ));
                }
                if others > 0 {
                    note(&uncounted(
                        others,
                        "a name that is not asked about, or that has a line before",
                        "names that are not asked about, or that have a line before",
                    ));
                }
                Writer::Lines(Sink::append(path, file))
            }
            (None, Some(path)) => Writer::Lines(Sink::create(path, false)?),
            (None, None) => Writer::Report(output.open()?),
        };
        Ok(Self { writer, run, done, ended })
    }

    /// Whether a name has a line.
    pub(super) fn has(&self, name: &DnsName) -> bool {
        self.done.contains(name.as_str())
    }

    /// Writes a name's line.
    pub(super) fn write(&mut self, report: &IssuanceReport<'_>) -> anyhow::Result<()> {
        self.writer.write(&json::v1::issuance::line(report, Some(&self.run))?)
    }

    /// Ends the lines, and tells how the names ended that had one.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.writer.finish()
    }
}

impl Earlier {
    fn ended(&self) -> Ended {
        // A name that stayed undetermined has something open, whatever else the line says.
        let open = if self.outcome == "undetermined" { self.open.max(Open::Something) } else { self.open };
        // Whatever is no pass is none.
        let fails = !["pass", "undetermined"].contains(&self.outcome.as_str());
        Ended { fails, open, unusable_files: self.unusable_files }
    }
}
