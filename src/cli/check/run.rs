//! One run: each target is looked at, judged and reported by itself, and then let go.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::earlier::Earlier;
use super::flow::{Manner, Seen, Stop, flow};
use super::form::{CheckForm, Rendered};
use super::in_order::{Sharing, in_order};
use super::judging::{Asking, Ended, Judged, Judging, Place};
use super::listing::Listing;
use super::many::ManyOptions;
use crate::cli::options::{Form, OutputOptions, Plain};
use crate::cli::progress::{Counted, note};
use crate::cli::signals::until_second;
use crate::cli::sink::{Sink, Writer};
use crate::cli::{Exit, runtime};
use crate::ct::log_id::LogId;
use crate::ct::tree_head::TreeHead;
use crate::evidence::TargetEvidence;
use crate::evidence::revocation::{Crls, add_for_target, of_target};
use crate::judge::Basis;
use crate::observe::files;
use crate::observe::run::{Looking, look_at};
use crate::report::document::Piece;
use crate::report::fleet::{Fleet, Open};
use crate::report::{Outcome, Summary, json};

/// A run on its way.
pub(super) struct Run<'r> {
    judging: Judging<'r>,
    form: CheckForm,
    basis: Basis,
    writer: Writer,
    /// Where the summary is written to, besides.
    summary_file: Option<PathBuf>,
    /// What forms that are written at the end need of the targets.
    pieces: Vec<Piece>,
    summary: Summary,
    /// What is asked, hashed: each line has it. `None` where the report is not of lines.
    digest: Option<String>,
    /// What an earlier run left.
    earlier: Earlier,
    /// How many targets there are, and how many of them this run wrote.
    targets: usize,
    written: usize,
    ended: Ended,
    tree_heads: BTreeMap<LogId, TreeHead>,
    progress: Counted,
}

/// Where a report goes, and what an interrupted run left there.
pub(super) struct Beginning<'b> {
    /// The report.
    pub(super) output: &'b OutputOptions,
    /// What is said of many targets.
    pub(super) many: &'b ManyOptions,
    /// How many targets there are.
    pub(super) targets: usize,
    /// What is asked, hashed, where the report is of lines.
    pub(super) digest: Option<String>,
    /// The file of an interrupted run, and the targets that its lines may be of.
    pub(super) earlier: Option<(&'b Path, &'b Listing)>,
}

impl<'r> Run<'r> {
    /// Begins the report, or goes on with it.
    pub(super) fn new(judging: Judging<'r>, beginning: Beginning<'_>) -> anyhow::Result<Self> {
        let Beginning { output, many, targets, digest, earlier } = beginning;
        let basis = judging.judge().basis();
        let form = CheckForm::new(output.format.form(), judging.head(&basis)).comparing(output.compared);
        let (mut summary, mut ended) = (Summary::of_fleet(Fleet::new(basis.judged_at)), Ended::default());
        let is_lines = output.format.form() == Form::Plain(Plain::Jsonl);
        let (earlier, mut writer) = match (earlier, &output.output) {
            (Some((path, listing)), _) => {
                let digest = digest.as_deref().unwrap_or_default();
                let (earlier, file) = Earlier::take_up(path, digest, listing, |line| {
                    summary.add_entry(&line.entry);
                    ended = ended.and(Ended::of(&line));
                })?;
                earlier.tell();
                (earlier, Writer::Lines(Sink::append(path, file)))
            }
            (None, Some(path)) if is_lines => (Earlier::default(), Writer::Lines(Sink::create(path, false)?)),
            (None, _) => (Earlier::default(), Writer::Report(output.open()?)),
        };
        writer.write(&form.begin(&basis)?)?;
        let progress = Counted::of(targets.saturating_sub(earlier.targets()), many.quiet);
        Ok(Self {
            judging,
            form,
            basis,
            writer,
            summary_file: many.summary.clone(),
            pieces: Vec::new(),
            summary,
            digest,
            earlier,
            targets,
            written: 0,
            ended,
            tree_heads: BTreeMap::new(),
            progress,
        })
    }

    /// Judges what was seen before.
    pub(super) fn judge(&mut self, targets: &[TargetEvidence], crls: &Crls) -> anyhow::Result<()> {
        let (judging, form) = (self.judging, self.form.clone());
        in_order(
            targets.iter(),
            by_cores(),
            || judging.judge(),
            |judge, target| {
                let own = of_target(crls, target.crls.as_deref());
                judging.judge_one(judge, (target, &own), Place { form: &form, listed: &[], run: None })
            },
            |judged| self.report(judged?),
        )
    }

    /// Looks at each target without a line, asks the logs about it where that is wanted, and judges it; keeps what was
    /// seen only where that is wanted too.
    pub(super) fn look_and_judge(
        &mut self,
        listing: &Arc<Listing>,
        looking: Looking,
        asking: &Asking,
        (many, keep): (&ManyOptions, bool),
    ) -> anyhow::Result<(Vec<TargetEvidence>, Crls)> {
        let (judging, form, digest) = (self.judging, self.form.clone(), self.digest.clone());
        let runtime = runtime()?;
        let stop = Stop::new();
        if listing.len() > 1 {
            runtime.spawn(end_by_signals(stop.clone()));
        }
        let due: Vec<usize> = (0..listing.len()).filter(|number| !self.earlier.has(*number)).collect();
        let targets = {
            let listing = Arc::clone(listing);
            due.into_iter().filter_map(move |number| Some((number, listing.target(number)?)))
        };
        let place = |number| Place { form: &form, listed: listing.forms(number), run: digest.as_deref() };
        let (mut kept, mut kept_crls) = (Vec::new(), Crls::new());
        let mut done = |(judged, seen): (Judged, Option<(TargetEvidence, Crls)>)| {
            if let Some((mut seen, crls)) = seen {
                seen.crls = judging.request.revocation.then(|| add_for_target(&mut kept_crls, crls));
                kept.push(seen);
            }
            self.report(judged)
        };
        if looking.dns.is_none() && !asking.is_any() {
            // Without a network, the cores are what is short.
            in_order(
                targets.take_while(|_| !stop.is_stopped()),
                by_cores(),
                || judging.judge(),
                |judge, (number, target)| {
                    let seen = runtime.block_on(look_at(&target, &looking));
                    let judged = judging.judge_one(judge, (&seen, &Crls::new()), place(number))?;
                    anyhow::Ok((judged, keep.then_some((seen, Crls::new()))))
                },
                |judged| done(judged?),
            )?;
        } else {
            let manner = Manner { in_order: many.in_order(), asks_others: asking.is_any() };
            let work = |judge: &mut _, seen: Seen| {
                let Seen { number, target, mut evidence, .. } = seen;
                if stop.is_stopped() && asking.is_any() {
                    return Ok(None);
                }
                let crls = asking.ask(&runtime, judge, judging, (&target, &mut evidence));
                let judged = judging.judge_one(judge, (&evidence, &crls), place(number))?;
                let octets = judged.octets();
                Ok(Some(((judged, keep.then_some((evidence, crls))), octets)))
            };
            let looking = Arc::new(looking);
            flow(&runtime, targets, looking, (manner, &stop), || judging.judge(), work, &mut done)?;
        }
        let left = self.not_done();
        if left > 0 && !stop.is_stopped() {
            bail!("{left} targets were lost on their way: this is a fault of the program");
        }
        Ok((kept, kept_crls))
    }

    fn report(&mut self, judged: Judged) -> anyhow::Result<()> {
        let Self { writer, form, pieces, progress, .. } = self;
        if self.written > 0 {
            writer.write(form.between())?;
        }
        match judged.rendered {
            Rendered::Text(text) => progress.beside(|| writer.write(&text))?,
            Rendered::Piece(piece) => pieces.push(*piece),
        }
        self.written = self.written.saturating_add(1);
        self.summary.add_entry(&judged.entry);
        self.ended = self.ended.and(judged.ended);
        self.tree_heads.extend(judged.tree_heads);
        let summary = &self.summary;
        progress.one(|| counts(summary));
        Ok(())
    }

    /// How many targets have neither a line of before nor one of now.
    pub(super) fn not_done(&self) -> usize {
        self.targets.saturating_sub(self.earlier.targets()).saturating_sub(self.written)
    }

    /// The logs' tree heads that are to be kept for the next run.
    pub(super) fn tree_heads(&self) -> impl Iterator<Item = (&LogId, &TreeHead)> {
        self.tree_heads.iter()
    }

    /// Ends the report, and tells how the run ended.
    pub(super) fn finish(mut self) -> anyhow::Result<Exit> {
        self.summary.left_out(self.not_done());
        let exit = self.exit();
        self.writer.write(&self.form.end(&self.basis, &self.summary, &self.pieces, exit.code())?)?;
        self.writer.finish()?;
        drop(self.progress);
        if let Some(path) = &self.summary_file {
            let text = json::v1::check::summary(&self.basis, &self.summary)?;
            files::write(path, text.as_bytes())
                .with_context(|| format!("writing the summary to {}", path.display()))?;
        }
        if let Some(interrupted) = self.summary.interrupted() {
            let how = if self.digest.is_some() { " --resume goes on with what was written." } else { "" };
            note(&format!("{interrupted}{how}"));
        }
        Ok(exit)
    }

    fn exit(&self) -> Exit {
        let Ended { fails, unusable_file, open } = self.ended;
        if !fails && unusable_file {
            return Exit::Usage;
        }
        // What nobody looked at is not known to be clean, whatever was asked for.
        let demanded = open == Open::Demanded || self.summary.not_done() > 0;
        self.judging.gate.exit(fails, demanded, open >= Open::Something)
    }
}

fn counts(summary: &Summary) -> String {
    let count = |outcome| summary.count(outcome);
    format!(
        "{} pass, {} fail, {} undetermined",
        count(Outcome::Pass),
        count(Outcome::Fail),
        count(Outcome::Undetermined)
    )
}

/// On the first signal nothing more is begun, and what is done is told; the second ends the process.
#[expect(clippy::disallowed_methods, reason = "whoever sends a second signal waits for nothing any more")]
async fn end_by_signals(stop: Stop) {
    until_second(stop.sender(), note).await;
    std::process::exit(Exit::Undetermined.code().into());
}

fn by_cores() -> Sharing {
    Sharing { workers: std::thread::available_parallelism().map_or(1, NonZero::get), batch: 32 }
}
