//! Options that mean the same wherever they stand.

use core::net::{IpAddr, SocketAddr};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Exit;
use super::check::Detail;
use super::dns_options::DnsOptions;
use crate::observe::dns::DnsClient;
use crate::observe::files::{self, FileIdentity};
use crate::observe::tls::Starttls;
use crate::policy::{FailOn, Policy};
use crate::report::document::DocumentForm;
use crate::rules::{Finding, Severity};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// One JSON object a line for each target or name
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for CI servers
    Junit,
    /// Markdown, for a comment on a pull request
    Markdown,
    /// One HTML file that is whole in itself
    Html,
}

/// The forms that each command has of its own, and that are written piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    /// For people.
    Human,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// What a format comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A command's own form.
    Plain(Plain),
    /// A form that is the same for every command with findings.
    Document(DocumentForm),
}

impl Format {
    /// What the format comes down to.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Human => Form::Plain(Plain::Human),
            Self::Json => Form::Plain(Plain::Json),
            Self::Jsonl => Form::Plain(Plain::Jsonl),
            Self::Sarif => Form::Document(DocumentForm::Sarif),
            Self::Junit => Form::Document(DocumentForm::Junit),
            Self::Markdown => Form::Document(DocumentForm::Markdown),
            Self::Html => Form::Document(DocumentForm::Html),
        }
    }
}

/// Where the report goes, and in which form.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct OutputOptions {
    /// The form of the report
    #[arg(long, value_enum, default_value = "human")]
    pub(super) format: Format,
    /// Write the report here instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Whether what was written counts as told from then on: then a reader that has gone before the end, or none at all,
    /// is an error.
    #[arg(skip)]
    pub(super) is_told_once: bool,
    /// How much of a comparison is shown, where `pinstead compare` is what is run.
    #[arg(skip)]
    pub(super) compared: Option<Detail>,
}

impl OutputOptions {
    /// The form, for a command that has no findings to pass on.
    pub(super) fn plain(&self, command: &str) -> anyhow::Result<Plain> {
        match self.format.form() {
            Form::Plain(plain) => Ok(plain),
            Form::Document(form) => Err(no_findings(form, command, "human, json or jsonl")),
        }
    }

    /// The form, for a command that has pages in Markdown and no findings to pass on.
    pub(super) fn form_or_pages(&self, command: &str) -> anyhow::Result<Form> {
        match self.format.form() {
            form @ (Form::Document(DocumentForm::Markdown) | Form::Plain(_)) => Ok(form),
            Form::Document(form) => Err(no_findings(form, command, "human, json, jsonl or markdown")),
        }
    }

    /// Writes a finished report; styles stay only where they are shown on a terminal.
    pub(super) fn write(&self, report: &str) -> anyhow::Result<()> {
        let mut writer = self.open()?;
        writer.write(report)?;
        writer.finish()
    }

    /// Refuses to write over a file that the command reads: the input would be lost.
    pub(super) fn spare<P: AsRef<Path>>(&self, inputs: impl IntoIterator<Item = P>) -> anyhow::Result<()> {
        self.output.as_ref().map_or(Ok(()), |output| spare("--output", output, inputs))
    }

    /// Opens what the report is written to, piece by piece.
    pub(super) fn open(&self) -> anyhow::Result<ReportWriter> {
        // Going through every octet for styles takes time, and JSON has none.
        let styled = self.format == Format::Human;
        Ok(match &self.output {
            None => ReportWriter::Stdout { styled, is_told_once: self.is_told_once, gone: false },
            Some(path) => {
                let part = files::beside(path);
                let to = part.as_deref().unwrap_or(path);
                let file = File::create(to).with_context(|| format!("creating {}", path.display()))?;
                ReportWriter::File {
                    styled,
                    file: BufWriter::new(file),
                    path: path.clone(),
                    part: PartFile(part),
                }
            }
        })
    }
}

/// Why a form that is for findings is refused.
fn no_findings(form: DocumentForm, command: &str, forms: &str) -> anyhow::Error {
    anyhow!("--format {form} is for findings, and `pinstead {command}` reports none: use {forms}")
}

/// Refuses to write what `option` names over a file that the command reads: the input would be lost.
pub(super) fn spare<P: AsRef<Path>>(
    option: &str,
    output: &Path,
    inputs: impl IntoIterator<Item = P>,
) -> anyhow::Result<()> {
    let Some(identity) = FileIdentity::of(output) else { return Ok(()) };
    let lost = |input: &P| {
        // Standard input may be a file that was redirected.
        let is_stdin = input.as_ref() == Path::new("-");
        let input = if is_stdin { Path::new("/dev/stdin") } else { input.as_ref() };
        FileIdentity::of(input).as_ref() == Some(&identity)
    };
    match inputs.into_iter().find(lost) {
        Some(input) => bail!(
            "{option} {} is the file {} that is read: it would be written over. Name another file",
            output.display(),
            input.as_ref().display()
        ),
        None => Ok(()),
    }
}

/// A report on its way out.
pub(super) enum ReportWriter {
    /// To standard output.
    Stdout {
        /// Whether there may be styles in it, which only a terminal is to see.
        styled: bool,
        /// Whether somebody has to read all of it.
        is_told_once: bool,
        /// Whether the reader has gone.
        gone: bool,
    },
    /// To a file, which is put in its place when it is whole.
    File {
        /// Whether there may be styles in it, which do not belong in a file.
        styled: bool,
        /// What is written to.
        file: BufWriter<File>,
        /// The place.
        path: PathBuf,
        /// Where it stands until then; `None` for a pipe or a device.
        part: PartFile,
    },
}

/// A file that is not whole yet; it is removed unless it is put in its place.
pub(super) struct PartFile(Option<PathBuf>);

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // It is of no use, and what went wrong has been told.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl ReportWriter {
    /// To standard output, without styles.
    pub(super) fn stdout() -> Self {
        Self::Stdout { styled: false, is_told_once: false, gone: false }
    }

    /// Writes the next piece.
    pub(super) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Stdout { gone: true, .. } => Ok(()),
            Self::Stdout { styled, is_told_once, gone } => {
                let written = if *styled {
                    let mut stdout = anstream::stdout().lock();
                    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
                } else {
                    let mut stdout = std::io::stdout().lock();
                    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
                };
                match written {
                    // A reader that has seen enough changes nothing in the verdict.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe && !*is_told_once => {
                        *gone = true;
                        Ok(())
                    }
                    written => written.context("writing the report"),
                }
            }
            Self::File { styled, file, path, .. } => {
                let plain = if *styled {
                    Cow::Owned(anstream::adapter::strip_str(text).to_string())
                } else {
                    Cow::Borrowed(text)
                };
                file.write_all(plain.as_bytes()).with_context(|| format!("writing {}", path.display()))
            }
        }
    }

    /// Puts the report in its place.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        let Self::File { mut file, path, mut part, .. } = self else { return Ok(()) };
        file.flush().with_context(|| format!("writing {}", path.display()))?;
        drop(file);
        if let Some(written) = &part.0 {
            std::fs::rename(written, &path).with_context(|| format!("writing {}", path.display()))?;
            part.0 = None;
        }
        Ok(())
    }
}

/// What makes the command fail.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(super) struct GateOptions {
    /// Exit with 1 on a finding of this severity or a higher one: none, info, low, medium, high (the default)
    /// or critical
    #[arg(long, value_name = "SEVERITY")]
    pub(super) fail_on: Option<FailOn>,
    /// Exit with 3 when anything that was looked at could not be determined (default: true where CI=true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) fail_on_undetermined: Option<bool>,
}

impl GateOptions {
    /// These options, with what a policy says where they say nothing.
    pub(super) fn or_policy(&self, policy: &Policy) -> Self {
        Self {
            fail_on: self.fail_on.or(policy.fail_on),
            fail_on_undetermined: self.fail_on_undetermined.or(policy.fail_on_undetermined),
        }
    }

    /// These options, or what a policy says where that is stricter.
    pub(super) fn stricter(&self, policy: &Policy) -> Self {
        let rank = |fail_on: FailOn| match fail_on {
            FailOn::None => None,
            FailOn::AtLeast(severity) => Some(std::cmp::Reverse(severity)),
        };
        let theirs = policy.fail_on.unwrap_or_else(|| self.fail_on());
        Self {
            fail_on: Some(if rank(theirs) > rank(self.fail_on()) { theirs } else { self.fail_on() }),
            fail_on_undetermined: match (self.fail_on_undetermined, policy.fail_on_undetermined) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (ours, _) => ours,
            },
        }
    }

    /// The least severity that fails the command; `None` where none does.
    pub(super) fn least(&self) -> Option<Severity> {
        match self.fail_on() {
            FailOn::None => None,
            FailOn::AtLeast(severity) => Some(severity),
        }
    }

    /// The severity from which findings fail the command.
    pub(super) fn fail_on(&self) -> FailOn {
        self.fail_on.unwrap_or(FailOn::AtLeast(Severity::High))
    }

    /// Whether anything that stayed open fails the command.
    pub(super) fn is_strict(&self) -> bool {
        self.fail_on_undetermined.unwrap_or_else(in_ci)
    }

    /// Whether any finding fails the command.
    pub(super) fn fails(&self, findings: &[Finding]) -> bool {
        findings.iter().any(|finding| finding.fails(|severity| self.fail_on().is_reached_by(severity)))
    }

    /// The exit code: findings first; then what had to be determined and was not.
    ///
    /// `demanded` is true where the user asked by name for something that stayed open (a host that could not
    /// be reached, an expectation that could not be judged): that is never passed over. `open` is true where
    /// anything stayed open.
    pub(super) fn exit(&self, fails: bool, demanded: bool, open: bool) -> Exit {
        if fails {
            Exit::Findings
        } else if demanded || (open && self.is_strict()) {
            Exit::Undetermined
        } else {
            Exit::Clean
        }
    }
}

/// Whether this runs in a CI environment, by the variable they all set.
#[expect(clippy::disallowed_methods, reason = "the command line's edge is where the environment is read")]
fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// How to reach the network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkOptions {
    /// Use no network at all: what is not given is not checked
    #[arg(long)]
    pub(super) offline: bool,
    #[command(flatten)]
    pub(super) dns: DnsOptions,
    /// Connect to this address, and keep the name
    #[arg(long, value_name = "IP[:PORT]", value_parser = parse_connect)]
    pub(super) connect: Option<(IpAddr, Option<u16>)>,
    /// Speak this protocol up to the point where TLS begins
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    pub(super) starttls: Option<Starttls>,
}

impl NetworkOptions {
    /// The resolver to ask; `None` where no network is to be used.
    pub(super) fn client(&self) -> anyhow::Result<Option<DnsClient>> {
        if self.offline { Ok(None) } else { self.dns.client().map(Some) }
    }
}

fn parse_connect(text: &str) -> Result<(IpAddr, Option<u16>), String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip(), Some(address.port())));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse()
        .map(|address| (address, None))
        .map_err(|_| format!("“{text}” is no IP address, with or without a port"))
}

/// A time, or the beginning of a day (UTC).
pub(super) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    day.map(|day| day.timestamp())
        .ok_or_else(|| format!("“{text}” is neither a date (YYYY-MM-DD) nor a time (RFC 3339)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_or_a_time() {
        let midnight: Timestamp = "2027-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(parse_time("2027-03-01"), Ok(midnight));
        assert_eq!(parse_time("2027-03-01T01:00:00+01:00"), Ok(midnight));
        assert!(parse_time("March").is_err() && parse_time("2027-02-30").is_err());
    }
}
