//! `--baseline` and `--write-baseline`: what is known and accepted, so that a gate fails on what is new.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::options::{GateOptions, spare};
use super::progress::counted;
use crate::baseline::{Addition, Baseline, MAX_BASELINE, Run};
use crate::judge::TargetVerdicts;
use crate::observe::files;
use crate::policy::day;
use crate::question::About;
use crate::rules::{self, Acceptance, Finding};

/// What is known already.
#[derive(Debug, Args)]
#[command(next_help_heading = "Baseline")]
pub(super) struct BaselineOptions {
    /// Findings that are known: they are shown as accepted, and fail nothing until the day that stands beside them
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what fails this run to a baseline, as accepted; what is in the file already keeps its reason and day
    #[arg(long, value_name = "FILE", conflicts_with = "baseline", requires = "reason", requires = "until")]
    write_baseline: Option<PathBuf>,
    /// Why it is accepted
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    reason: Option<String>,
    /// The last day on which it is accepted, UTC
    #[arg(long, value_name = "DATE", requires = "write_baseline", value_parser = day)]
    until: Option<Date>,
    /// Give entries that count no more, by their day or a graver finding, the new reason and day
    #[arg(long, requires = "write_baseline")]
    extend: bool,
}

/// A baseline in use by one run of a command.
#[derive(Debug)]
pub(super) struct InUse {
    command: &'static str,
    at: Timestamp,
    known: Option<Baseline>,
    writing: Option<Writing>,
}

/// What is to be written.
#[derive(Debug)]
struct Writing {
    path: PathBuf,
    acceptance: Acceptance,
    extend: bool,
    gate: GateOptions,
    found: Mutex<Vec<Addition>>,
}

impl BaselineOptions {
    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.baseline.iter().chain(&self.write_baseline).map(PathBuf::as_path)
    }

    /// Refuses to write the baseline over another file that is read.
    pub(super) fn spare_others<P: AsRef<Path>>(
        &self,
        inputs: impl IntoIterator<Item = P>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.write_baseline else { return Ok(()) };
        spare("--write-baseline", path, inputs.into_iter().filter(|input| input.as_ref() != path))
    }

    /// Whether one is written.
    pub(super) fn is_written(&self) -> bool {
        self.write_baseline.is_some()
    }

    /// Whether there is one.
    pub(super) fn is_given(&self) -> bool {
        self.baseline.is_some() || self.write_baseline.is_some()
    }

    /// Reads the baseline, for a command that judges as of `at`.
    pub(super) fn in_use(
        &self,
        command: &'static str,
        at: Timestamp,
        gate: &GateOptions,
    ) -> anyhow::Result<InUse> {
        let known = match (&self.baseline, &self.write_baseline) {
            (Some(path), _) => Some(read(path)?),
            (None, Some(path)) if path.exists() => Some(read(path)?),
            (None, _) => None,
        };
        let writing = match (&self.write_baseline, &self.reason, self.until) {
            (Some(path), Some(reason), Some(until)) => {
                if reason.trim().is_empty() {
                    bail!("--reason is empty: say why the findings are accepted");
                }
                if until < at.to_zoned(TimeZone::UTC).date() {
                    bail!("--until {until} has gone already: nothing would be accepted");
                }
                Some(Writing {
                    path: path.clone(),
                    acceptance: Acceptance { reason: reason.trim().to_owned(), until },
                    extend: self.extend,
                    gate: gate.clone(),
                    found: Mutex::default(),
                })
            }
            _ => None,
        };
        if let (Some(known), None) = (&known, &writing) {
            tell_others(known, command);
        }
        Ok(InUse { command, at, known, writing })
    }
}

/// Tells that entries are of other commands: they accept nothing here.
fn tell_others(known: &Baseline, command: &str) {
    let (count, commands) = known.of_other_commands(command);
    if count > 0 {
        let commands = commands.into_iter().take(5).collect::<Vec<_>>().join(", ");
        super::note(&format!(
            "{} of the baseline {} of other commands ({commands}), and accept nothing of `{command}`",
            counted(count, "entry", "entries"),
            if count == 1 { "is" } else { "are" },
        ));
    }
}

fn read(path: &Path) -> anyhow::Result<Baseline> {
    let name = path.to_string_lossy();
    let file = files::read(&name, MAX_BASELINE);
    let octets = file.octets().map_err(|why| anyhow::anyhow!("the baseline {name}: {why}"))?;
    Baseline::parse(&name, octets).context("the baseline cannot be used")
}

impl InUse {
    /// What is accepted from the beginning.
    pub(super) fn known(&self) -> Option<&Baseline> {
        self.known.as_ref()
    }

    /// Marks what is accepted among the findings of a target, and adds what there is to say of entries. `looked` tells of
    /// a rule whether all was looked at that it needs.
    pub(super) fn settle(&self, target: &str, findings: &mut Vec<Finding>, looked: impl Fn(&str) -> bool) {
        let run = self.run(target);
        if let Some(known) = &self.known {
            known.settle(run, findings, looked);
        }
        let Some(writing) = &self.writing else { return };
        let fails = findings.iter_mut().filter(|finding| {
            rules::can_be_accepted(finding.rule) && writing.gate.fails(std::slice::from_ref(&**finding))
        });
        let mut found = writing.found.lock().unwrap_or_else(PoisonError::into_inner);
        for finding in fails {
            found.push(Addition::of(run, finding));
            finding.accepted = Some(writing.acceptance.clone());
        }
    }

    /// The same for all of a target of `check`, with what could not be determined of it.
    pub(super) fn settle_target(&self, verdicts: &mut TargetVerdicts, findings: &mut Vec<Finding>) {
        let open = verdicts.open_questions();
        let target = verdicts.target.clone();
        if let Some(known) = &self.known {
            let looked = |about: &About| verdicts.is_looked_at(about);
            verdicts.accepted_open = known.settle_open(self.run(&target), &open, findings, looked);
        }
        // Where anything stayed open, what was not found may only not have been seen.
        self.settle(&target, findings, |rule| open.is_empty() && verdicts.is_judged(rule));
    }

    fn run<'a>(&self, target: &'a str) -> Run<'a> {
        Run { command: self.command, target, at: self.at }
    }

    /// Writes the baseline that was asked for, and says what is new in it.
    ///
    /// # Errors
    ///
    /// It cannot be written, entries would have to be extended, or so many targets as `left` were not looked at: what they
    /// would add is not known.
    pub(super) fn finish(&self, left: usize) -> anyhow::Result<()> {
        let Some(Writing { path, acceptance, extend, found, .. }) = &self.writing else { return Ok(()) };
        if left > 0 {
            bail!(
                "the baseline is not written: the run was interrupted, and {} not looked at",
                if left == 1 { "1 target was".to_owned() } else { format!("{left} targets were") }
            );
        }
        let found = found.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = Baseline::default();
        let known = self.known.as_ref().unwrap_or(&nothing);
        let (text, new, extended) = known.with(&found, (&acceptance.reason, acceptance.until), *extend)?;
        let name = path.to_string_lossy();
        // What is written has to be readable again.
        Baseline::parse(&name, text.as_bytes()).context("the baseline would not be one that can be read")?;
        if text.len() > usize::try_from(MAX_BASELINE).unwrap_or(usize::MAX) {
            bail!("the baseline is not written: it would have more than {} MiB", MAX_BASELINE >> 20);
        }
        files::write(path, text.as_bytes()).with_context(|| format!("writing {name}"))?;
        super::note(&format!(
            "{name}: {} accepted anew, {} extended, until {}",
            counted(new, "finding", "findings"),
            counted(extended, "entry", "entries"),
            acceptance.until
        ));
        Ok(())
    }
}
