//! Many names: each is looked up, judged and written by itself, in the order in which the answers come.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::interval;

use super::earlier::{Earlier, Ended, State};
use super::sink::Sink;
use super::{CaaOptions, Subject, judge_subject, parse_subject, read};
use crate::caa::answer::Answer;
use crate::caa::{CaaQuestion, CaaReading, IssuedCertificate, Relevant, judge_answers};
use crate::cli::options::Format;
use crate::cli::{Exit, runtime};
use crate::evidence::dns::CaaLookup;
use crate::observe::clock::Stopwatch;
use crate::observe::dns::{DnsClient, Extent};
use crate::observe::lines::{Line, Lines};
use crate::report::human::safe;
use crate::report::json::v1::caa::{BEGIN, CaaName, END};

/// How many names are looked up at the same time unless the user says otherwise.
const AT_ONCE: usize = 500;

/// How many lines are handed over at once.
const BATCH: usize = 256;

/// How often what was gathered is written, and the progress shown.
const TICK: Duration = Duration::from_millis(250);

/// Lines on their way, and how many octets of the list they end at.
type Batch = std::io::Result<(Vec<Line>, u64)>;

/// What every look-up shares.
struct Shared {
    client: DnsClient,
    extent: Extent,
    question: CaaQuestion,
    /// What was issued, where that was given.
    certificates: Option<Vec<IssuedCertificate>>,
    format: Format,
    /// What is asked, hashed.
    run: String,
    report: Mutex<Report>,
}

/// The report as it grows.
struct Report {
    sink: Sink,
    separator: &'static str,
    written: u64,
    tally: Vec<Ended>,
    /// The first line that names nothing that can be looked up.
    first_invalid: Option<String>,
    failure: Option<anyhow::Error>,
}

/// Looks up and judges every name of the list.
pub(super) fn run(
    options: &CaaOptions,
    list: &str,
    certificates: Option<Vec<IssuedCertificate>>,
) -> anyhow::Result<Exit> {
    let format = options.output.format;
    let lines = Lines::open(list).with_context(|| format!("--targets {list}"))?;
    let run = digest(options, certificates.is_some());
    let (earlier, sink) = open(options, &run)?;
    if earlier.lines() > 0 {
        note(&format!("going on after {} names that have their line", earlier.lines()));
    }
    let shared = Arc::new(Shared {
        client: options.dns.client()?,
        extent: options.dns.extent(),
        question: options.question(),
        certificates,
        format,
        run,
        report: Mutex::new(Report {
            sink,
            separator: match format {
                Format::Human => "\n",
                Format::Json => ",",
                Format::Jsonl => "",
            },
            written: 0,
            tally: earlier.ended.clone(),
            first_invalid: None,
            failure: None,
        }),
    });
    let bar = progress(lines.length());
    let watch = Stopwatch::start();
    let at_once = options.concurrency.map_or(AT_ONCE, |number| usize::from(number.get()));
    let asked = runtime()?.block_on(ask_all(&shared, options, earlier, lines, at_once, &bar))?;
    bar.finish_and_clear();

    let mut report = shared.report();
    if format == Format::Json {
        report.write(END);
    }
    if let Some(failure) = report.failure.take() {
        return Err(failure);
    }
    report.sink.flush()?;
    if report.written < asked {
        bail!("{} names were lost on their way: this is a fault of the program", asked - report.written);
    }
    if report.tally.is_empty() && !report.sink.is_gone() {
        bail!("{list} names nothing");
    }
    note(&report.summary(asked, watch.milliseconds()));
    if options.resume && report.count(State::Undetermined) > 0 {
        note("names that stayed undetermined keep their line: remove it, and --resume asks about them again");
    }
    Ok(report.exit(options))
}

/// What is asked, hashed: whatever bears on a line, and not how it is got.
fn digest(options: &CaaOptions, with_certificates: bool) -> String {
    let issued = with_certificates.then_some(&options.issued);
    let asked = format!("{:?} {:?} {issued:?}", options.question(), options.dns.asked());
    let digest: [u8; 32] = Sha256::digest(asked.as_bytes()).into();
    let eight = digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
    format!("{eight:016x}")
}

/// Where the report goes, and what stands there already.
fn open(options: &CaaOptions, run: &str) -> anyhow::Result<(Earlier, Sink)> {
    let format = options.output.format;
    let mut sink = match (&options.output.output, options.resume) {
        (Some(path), true) if format == Format::Jsonl => {
            let (earlier, file) = Earlier::take_up(path, run)?;
            return Ok((earlier, Sink::append(path, file)));
        }
        (_, true) => bail!("--resume goes on with a file: it needs --output FILE and --format jsonl"),
        (Some(path), false) => Sink::create(path, format == Format::Human)?,
        (None, false) => Sink::stdout(format == Format::Human),
    };
    if format == Format::Json {
        sink.write(BEGIN.as_bytes())?;
    }
    Ok((Earlier::default(), sink))
}

/// Asks about every name that has no line yet; gives the number of lines that are due.
async fn ask_all(
    shared: &Arc<Shared>,
    options: &CaaOptions,
    earlier: Earlier,
    lines: Lines,
    at_once: usize,
    bar: &ProgressBar,
) -> anyhow::Result<u64> {
    let ticking = tokio::spawn(tick(Arc::clone(shared), bar.clone()));
    let names = options.names.iter().cloned().map(Ok).collect();
    let queue = Queue { waiting: names, earlier, asked: 0, failure: None };
    let desk = Arc::new(Desk {
        queue: Mutex::new(queue),
        batches: tokio::sync::Mutex::new(read_apart(lines)),
        bar: bar.clone(),
    });
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        workers.spawn(work(Arc::clone(shared), Arc::clone(&desk)));
    }
    while let Some(ended) = workers.join_next().await {
        ended.context("a look-up ended early")?;
    }
    ticking.abort();
    let mut queue = desk.queue();
    match queue.failure.take() {
        Some(failure) => Err(failure).context("reading the list"),
        None => Ok(queue.asked),
    }
}

/// Takes one name after another, from question to line.
async fn work(shared: Arc<Shared>, desk: Arc<Desk>) {
    while let Some(subject) = desk.next().await {
        match subject {
            Err(invalid) => shared.report().invalid(shared.format, &shared.run, &invalid),
            Ok(subject) => {
                let looked_up = match &subject {
                    Subject::Name(name) => {
                        Some(shared.client.look_up_and_read_caa(&name.base, shared.extent).await)
                    }
                    Subject::Address(_) => None,
                };
                let (text, ended) = shared.judge(&subject, looked_up.as_ref());
                shared.report().add(text, ended);
            }
        }
        if shared.report().is_over() {
            return;
        }
    }
}

/// Where names are fetched.
struct Desk {
    queue: Mutex<Queue>,
    batches: tokio::sync::Mutex<mpsc::Receiver<Batch>>,
    bar: ProgressBar,
}

/// What waits to be asked about.
struct Queue {
    waiting: VecDeque<Result<Subject, Invalid>>,
    earlier: Earlier,
    asked: u64,
    failure: Option<std::io::Error>,
}

impl Desk {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next name without a line; `None` where the list is at its end.
    async fn next(&self) -> Option<Result<Subject, Invalid>> {
        loop {
            if let Some(next) = self.queue().next() {
                return Some(next);
            }
            let mut batches = self.batches.lock().await;
            // Somebody else may have fetched some meanwhile.
            if !self.queue().waiting.is_empty() {
                continue;
            }
            match batches.recv().await? {
                Ok((lines, octets)) => {
                    self.bar.set_position(octets);
                    self.queue().waiting.extend(lines.into_iter().map(subject_of));
                }
                Err(error) => self.queue().failure = Some(error),
            }
        }
    }
}

impl Queue {
    fn next(&mut self) -> Option<Result<Subject, Invalid>> {
        while let Some(next) = self.waiting.pop_front() {
            let has_line = match &next {
                Ok(subject) => !self.earlier.is_empty() && self.earlier.take(&subject.to_string()),
                Err(invalid) => self.earlier.take(&invalid.text),
            };
            if !has_line {
                self.asked += 1;
                return Some(next);
            }
        }
        None
    }
}

/// What a line of the list names.
fn subject_of(line: Line) -> Result<Subject, Invalid> {
    // What cannot be read is known by its place.
    line.text
        .map_err(|error| (format!("line {}", line.number), error.to_string()))
        .and_then(|text| parse_subject(&text).map_err(|error| (text, error)))
        .map_err(|(text, why)| Invalid { text, why, line: line.number })
}

/// Reads the list on a thread of its own: standard input may keep its reader waiting.
fn read_apart(mut lines: Lines) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(4);
    let most = if lines.length().is_some() { BATCH } else { 1 };
    std::thread::spawn(move || {
        loop {
            let read: std::io::Result<Vec<Line>> = lines.by_ref().take(most).collect();
            let batch = match read {
                Ok(lines) if lines.is_empty() => return,
                Ok(read) => Ok((read, lines.octets())),
                Err(error) => Err(error),
            };
            let is_over = batch.is_err();
            if sender.blocking_send(batch).is_err() || is_over {
                return;
            }
        }
    });
    receiver
}

async fn tick(shared: Arc<Shared>, bar: ProgressBar) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        let mut report = shared.report();
        let flushed = report.sink.flush();
        report.settle(flushed);
        bar.set_message(format!("{} names", report.written));
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(
        &self,
        subject: &Subject,
        looked_up: Option<&(CaaLookup, Vec<Arc<Answer>>)>,
    ) -> (anyhow::Result<Vec<u8>>, Ended) {
        let reading = match (subject, looked_up) {
            (Subject::Name(name), Some((lookup, answers))) => {
                judge_answers(name, lookup, answers, &self.question)
            }
            _ => read(subject, None, &self.question),
        };
        let lookup = looked_up.map(|(lookup, _)| lookup);
        let judged = judge_subject(subject, reading, lookup, &self.question, self.certificates.as_deref());
        let ended = Ended {
            lines: 1,
            state: State::of(&judged.reading),
            gravest: judged.findings.iter().map(|finding| finding.severity).max(),
            open: judged.reading.is_open(),
        };
        (judged.render(self.format, Some(&self.run)), ended)
    }
}

/// A line of the list that is no name.
struct Invalid {
    text: String,
    why: String,
    line: u64,
}

impl State {
    fn of(reading: &CaaReading) -> Self {
        match reading.relevant {
            Relevant::Set(_) => Self::Found,
            Relevant::NoneAnywhere => Self::None,
            Relevant::Undetermined { .. } => Self::Undetermined,
            Relevant::NotApplicable(_) => Self::NotApplicable,
        }
    }
}

impl Report {
    fn add(&mut self, text: anyhow::Result<Vec<u8>>, ended: Ended) {
        if self.written > 0 && !self.separator.is_empty() {
            self.write(self.separator);
        }
        let written = text.and_then(|text| self.sink.write(&text));
        self.settle(written);
        self.written += 1;
        match self.tally.iter_mut().find(|known| Ended { lines: 1, ..**known } == ended) {
            Some(known) => known.lines += 1,
            None => self.tally.push(ended),
        }
    }

    fn invalid(&mut self, format: Format, run: &str, invalid: &Invalid) {
        let why = format!("line {}: {}", invalid.line, invalid.why);
        self.first_invalid.get_or_insert_with(|| why.clone());
        let text = match format {
            Format::Human => {
                Ok(format!("{}: not looked up, {}\n", safe(&invalid.text), safe(&why)).into_bytes())
            }
            Format::Json => CaaName::invalid(&invalid.text, &why, false).to_json(),
            Format::Jsonl => CaaName::invalid(&invalid.text, &why, true).of_run(run).to_json_line(),
        };
        self.add(
            text.map_err(Into::into),
            Ended { lines: 1, state: State::Invalid, gravest: None, open: false },
        );
    }

    fn write(&mut self, text: &str) {
        let written = self.sink.write(text.as_bytes());
        self.settle(written);
    }

    fn settle(&mut self, written: anyhow::Result<()>) {
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }

    /// Whether nothing more can or need be written.
    fn is_over(&self) -> bool {
        self.failure.is_some() || self.sink.is_gone()
    }

    fn count(&self, state: State) -> u64 {
        self.tally.iter().filter(|ended| ended.state == state).map(|ended| ended.lines).sum()
    }

    fn summary(&self, asked: u64, milliseconds: u64) -> String {
        let all: u64 = self.tally.iter().map(|ended| ended.lines).sum();
        let rate = asked.saturating_mul(1000) / milliseconds.max(1);
        let mut text = format!(
            "{all} names: {} with CAA, {} without, {} undetermined",
            self.count(State::Found),
            self.count(State::None),
            self.count(State::Undetermined),
        );
        let other = self.count(State::NotApplicable);
        if other > 0 {
            let _ = write!(text, ", {other} to which CAA does not apply");
        }
        let invalid = self.count(State::Invalid);
        if invalid > 0 {
            let _ = write!(text, ", {invalid} that are no names");
        }
        if let Some(first) = &self.first_invalid {
            let _ = write!(text, " ({first})");
        }
        text + &format!("; {asked} asked about at {rate} a second")
    }

    fn exit(&self, options: &CaaOptions) -> Exit {
        let fail_on = options.gate.fail_on();
        let mut gravest = self.tally.iter().filter_map(|ended| ended.gravest);
        let fails = gravest.any(|severity| fail_on.is_reached_by(severity));
        if !fails && self.count(State::Invalid) > 0 {
            return Exit::Usage;
        }
        // Nothing that was asked for by name is passed over, and what nobody read is not known to be clean.
        let open = self.sink.is_gone() || self.tally.iter().any(|ended| ended.open);
        options.gate.exit(fails, open, open)
    }
}

/// A bar on standard error, where that is a terminal.
fn progress(octets: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = octets.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let form = match octets {
        Some(_) => "{bar:30} {percent:>3} %  {msg}  {elapsed}, {eta} to go",
        None => "{spinner} {msg}  {elapsed}",
    };
    bar.with_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn note(text: &str) {
    // The report does not depend on it.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(&format!("note: {text}")));
}
