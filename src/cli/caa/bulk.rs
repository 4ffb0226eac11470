//! Many names: each is looked up, judged and written by itself, in the order in which the answers come.

mod report;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::interval;

use self::report::{Invalid, Rendered, Report};
use super::asked::Asked;
use super::earlier::{Earlier, Ended, State};
use super::{CaaOptions, Judged, Subject, judge_subject, note, parse_subject, read};
use crate::caa::answer::Answer;
use crate::caa::{IssuedCertificate, judge_answers};
use crate::cli::baseline_options::InUse;
use crate::cli::issued_options::IssuedFiles;
use crate::cli::options::{Form, Plain};
use crate::cli::progress::{self, Way, counted};
use crate::cli::sink::Sink;
use crate::cli::{Exit, runtime};
use crate::evidence::dns::CaaLookup;
use crate::observe::clock::Stopwatch;
use crate::observe::dns::{DnsClient, Extent};
use crate::observe::lines::{Line, Lines};
use crate::report::document::Head;
use crate::report::json::v1::caa::{BEGIN, END};
use crate::rules::Finding;

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
    asked: Asked,
    /// What was issued, where that was given.
    certificates: Option<Vec<IssuedCertificate>>,
    baseline: InUse,
    form: Form,
    head: Head,
    /// What is asked, hashed.
    run: String,
    report: Mutex<Report>,
}

/// Looks up and judges every name of the list.
pub(super) fn run(
    options: &CaaOptions,
    list: &str,
    asked: Asked,
    issued: Option<IssuedFiles>,
    baseline: InUse,
) -> anyhow::Result<Exit> {
    if options.resume && options.baseline.is_given() {
        bail!("--resume does not go with a baseline: what earlier lines say of findings was said without it");
    }
    let form = options.output.format.form();
    let lines = Lines::open(list).with_context(|| format!("--targets {list}"))?;
    // What is wrong with an option is told before anything is written.
    let client = options.nameservers.reached_by(options.dns.client()?);
    let run = digest(options, &asked, issued.as_ref());
    let (earlier, sink) = open(options, &run)?;
    if earlier.lines() > 0 {
        note(&format!(
            "going on after {}",
            counted(earlier.lines(), "name that has its line", "names that have their line")
        ));
    }
    if earlier.again() > 0 {
        note(&format!(
            "asking again about {} that stayed undetermined",
            counted(earlier.again(), "name", "names")
        ));
    }
    let with_issued = issued.is_some();
    let shared = Arc::new(Shared {
        client,
        extent: options.nameservers.extent(),
        asked,
        certificates: issued.map(|issued| issued.certificates),
        baseline,
        form,
        head: options.head(),
        run,
        report: Mutex::new(Report {
            sink,
            separator: match form {
                Form::Plain(Plain::Human) => "\n",
                Form::Plain(Plain::Json) => ",",
                Form::Plain(Plain::Jsonl) | Form::Document(_) => "",
            },
            pieces: Vec::new(),
            invalid: Vec::new(),
            written: 0,
            tally: Vec::new(),
            first_invalid: None,
            failure: None,
        }),
    });
    let bar = progress::bar(lines.length().map_or(Way::Unknown, Way::Octets), false);
    let watch = Stopwatch::start();
    let at_once = options.concurrency.map_or(AT_ONCE, |number| usize::from(number.get()));
    let done = runtime()?.block_on(ask_all(&shared, options, earlier, lines, at_once, &bar));
    bar.finish_and_clear();

    let mut report = shared.report();
    if form == Form::Plain(Plain::Json) {
        report.write(END);
    }
    let flushed = report.sink.flush();
    report.settle(flushed);
    if let Some(failure) = report.failure.take().or(done.failure) {
        return Err(failure);
    }
    let Done { asked, earlier, .. } = done;
    if report.written < asked {
        bail!("{} names were lost on their way: this is a fault of the program", asked - report.written);
    }
    earlier.taken.into_iter().for_each(|ended| ended.count_into(&mut report.tally));
    if report.tally.is_empty() && !report.sink.is_gone() {
        bail!("{list} names nothing");
    }
    note(&report.summary(asked, watch.milliseconds()));
    report.tell_what_is_left(options, earlier.not_listed);
    let exit = report.exit(options, with_issued);
    if let Form::Document(form) = form {
        report.document(form, &shared.head, exit)?;
    }
    shared.baseline.finish(0)?;
    Ok(exit)
}

/// What is asked, hashed: whatever bears on a line, and not how it is got.
fn digest(options: &CaaOptions, asked: &Asked, issued: Option<&IssuedFiles>) -> String {
    let issued = issued.map(|issued| issued.digest);
    let asked = format!(
        "{:?} {:?} {issued:?} {}",
        asked.question,
        options.dns.asked(&options.nameservers),
        asked.policy
    );
    let digest: [u8; 32] = Sha256::digest(asked.as_bytes()).into();
    let eight = digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
    format!("{eight:016x}")
}

/// Where the report goes, and what stands there already.
fn open(options: &CaaOptions, run: &str) -> anyhow::Result<(Earlier, Sink)> {
    let form = options.output.format.form();
    let is_human = form == Form::Plain(Plain::Human);
    let mut sink = match (&options.output.output, options.resume) {
        (Some(path), true) if form == Form::Plain(Plain::Jsonl) => {
            let (earlier, file) = Earlier::take_up(path, run)?;
            return Ok((earlier, Sink::append(path, file)));
        }
        (_, true) => bail!("--resume goes on with a file: it needs --output FILE and --format jsonl"),
        (Some(path), false) => Sink::create(path, is_human)?,
        (None, false) => Sink::stdout(is_human),
    };
    if form == Form::Plain(Plain::Json) {
        sink.write(BEGIN.as_bytes())?;
    }
    Ok((Earlier::default(), sink))
}

/// What came of a list.
struct Done {
    /// The number of lines that were due.
    asked: u64,
    earlier: Matched,
    /// What went wrong first.
    failure: Option<anyhow::Error>,
}

/// What came of the lines that were there before.
struct Matched {
    /// How the lines of names on the list ended.
    taken: Vec<Ended>,
    /// How many lines are of names that are not on it.
    not_listed: u64,
}

/// Asks about every name that has no line yet.
async fn ask_all(
    shared: &Arc<Shared>,
    options: &CaaOptions,
    earlier: Earlier,
    lines: Lines,
    at_once: usize,
    bar: &ProgressBar,
) -> Done {
    let ticking = tokio::spawn(tick(Arc::clone(shared), bar.clone()));
    let names = options.names.iter().cloned().map(Ok).collect();
    let queue = Queue { waiting: names, earlier, taken: Vec::new(), asked: 0, failure: None };
    let desk = Arc::new(Desk {
        queue: Mutex::new(queue),
        batches: tokio::sync::Mutex::new(read_apart(lines)),
        bar: bar.clone(),
    });
    let ended_early = all_at_once(at_once, || work(Arc::clone(shared), Arc::clone(&desk))).await;
    ticking.abort();
    let mut queue = desk.queue();
    let unread = queue.failure.take().map(|failure| anyhow::Error::new(failure).context("reading the list"));
    let ended_early = ended_early.map(|error| anyhow::Error::new(error).context("a look-up ended early"));
    Done {
        asked: queue.asked,
        earlier: Matched { taken: std::mem::take(&mut queue.taken), not_listed: queue.earlier.lines() },
        failure: ended_early.or(unread),
    }
}

/// Runs so many workers at the same time, until none has anything left to do. One that ends by a fault is replaced, so
/// that no name is lost but the one it was at; the first fault is given.
async fn all_at_once<F>(number: usize, worker: impl Fn() -> F) -> Option<JoinError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut workers: JoinSet<()> = (0..number).map(|_| worker()).collect();
    let mut first = None;
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            first.get_or_insert(error);
            workers.spawn(worker());
        }
    }
    first
}

/// Takes one name after another, from question to line.
async fn work(shared: Arc<Shared>, desk: Arc<Desk>) {
    while let Some(subject) = desk.next().await {
        match subject {
            Err(invalid) => shared.report().invalid(shared.form, &shared.run, &invalid),
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
    /// How the lines ended that listed names have already.
    taken: Vec<Ended>,
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
            let line = match &next {
                Ok(_) if self.earlier.is_empty() => None,
                Ok(subject) => self.earlier.take(&subject.to_string()),
                Err(invalid) => self.earlier.take(&invalid.text),
            };
            if let Some(ended) = line {
                ended.count_into(&mut self.taken);
            } else {
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
    ) -> (anyhow::Result<Rendered>, Ended) {
        let question = &self.asked.question;
        let reading = match (subject, looked_up) {
            (Subject::Name(name), Some((lookup, answers))) => judge_answers(name, lookup, answers, question),
            _ => read(subject, None, question),
        };
        let lookup = looked_up.map(|(lookup, _)| lookup);
        let judged = judge_subject(
            subject,
            reading,
            lookup,
            &self.asked,
            self.certificates.as_deref(),
            &self.baseline,
        );
        let ended = Ended {
            lines: 1,
            state: State::of(&judged.reading),
            gravest: judged.findings.iter().filter_map(Finding::counts).max(),
            open: judged.is_open(),
            has_issued: judged.has_issued(),
        };
        (self.render(&judged), ended)
    }

    fn render(&self, judged: &Judged) -> anyhow::Result<Rendered> {
        Ok(match self.form {
            Form::Plain(form) => Rendered::Text(judged.render(form, &self.asked, Some(&self.run))?),
            Form::Document(form) => Rendered::Piece(Box::new(judged.piece(form, &self.head, &self.asked)?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A fault at one name takes none from the others, even where there is one worker only.
    #[test]
    fn a_worker_that_ends_by_a_fault_is_replaced() {
        for number in [1, 3] {
            let (next, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let worker = || {
                let (next, done) = (Arc::clone(&next), Arc::clone(&done));
                async move {
                    loop {
                        match next.fetch_add(1, Ordering::SeqCst) {
                            3 | 5 => panic!("a fault that the test makes"),
                            0..10 => {
                                done.fetch_add(1, Ordering::SeqCst);
                            }
                            _ => return,
                        }
                        tokio::task::yield_now().await;
                    }
                }
            };
            let fault = runtime().unwrap().block_on(all_at_once(number, worker));
            assert!(fault.unwrap().is_panic());
            assert_eq!(done.load(Ordering::SeqCst), 8, "{number}");
        }
    }
}
