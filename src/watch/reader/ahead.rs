//! Reading ahead: the next answers come while one is taken, and are given in order.
//!
//! How much lies in memory is bounded for all logs together by a [`Room`], however many of them are read at once.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::{Answer, LogReader, ReadError};

/// The unit in which room is given, in octets.
const UNIT: usize = 16 << 10;

/// How many octets an entry is taken to have before any came.
const LIKELY_ENTRY: usize = 6 << 10;

/// How long is waited for room before a little is asked for without: logs that answer slowly, or not at all, must not hold
/// up the others.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Without room is asked for what comes before the next multiple of this: a tile, or some hundred entries.
const A_LITTLE: u64 = 256;

/// The share of the room that the questions to one log take: what one log makes of its answers, or keeps waiting, leaves
/// room for the others.
const SHARE: usize = 6;

/// Room for answers that are asked for or lie ready. Clones share it.
#[derive(Clone, Debug)]
pub struct Room {
    units: Arc<Semaphore>,
    all: usize,
}

impl Room {
    /// Room for so many octets. One answer is always let in, however large.
    pub fn new(octets: usize) -> Self {
        let all = (octets / UNIT).clamp(1, usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        Self { units: Arc::new(Semaphore::new(all)), all }
    }

    /// How much of it the questions to one log may take.
    fn share(&self) -> usize {
        (self.all.saturating_mul(UNIT) / SHARE).max(1)
    }

    /// Waits for room for an answer that is likely to have so many octets.
    async fn take(&self, octets: usize) -> Option<OwnedSemaphorePermit> {
        let units = octets.div_ceil(UNIT).clamp(1, self.all);
        // Nobody closes the semaphore.
        Arc::clone(&self.units).acquire_many_owned(u32::try_from(units).ok()?).await.ok()
    }
}

/// An answer, and the room that it takes until it is dropped.
#[derive(Debug)]
pub struct Ready {
    answer: Answer,
    _room: Option<OwnedSemaphorePermit>,
}

impl Deref for Ready {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

/// What a question gave, with the room it was given.
type Asked = JoinHandle<(Result<Answer, ReadError>, Option<OwnedSemaphorePermit>)>;

/// Questions under way. They end when this is dropped.
#[derive(Debug)]
pub struct Ahead<R> {
    reader: Arc<R>,
    room: Room,
    /// How many questions are asked at once.
    depth: usize,
    /// The next entry to give.
    next: u64,
    stop: u64,
    size: u64,
    /// The questions under way in order, each with its first entry and the one behind its last.
    asked: VecDeque<(u64, u64, Asked)>,
    /// How many octets an entry had lately.
    entry: usize,
}

impl<R: LogReader> Ahead<R> {
    /// Reads entries from `start` up to before `stop` in a tree of `size`, with at most `depth` questions under way.
    pub fn new(reader: Arc<R>, start: u64, stop: u64, size: u64, depth: usize, room: Room) -> Self {
        let stop = stop.min(size);
        let depth = depth.max(1);
        Self { reader, room, depth, next: start, stop, size, asked: VecDeque::new(), entry: LIKELY_ENTRY }
    }

    /// The next answer; `None` behind the last one. After an error the same entries are asked for again. An answer takes
    /// room as long as it is held: whoever keeps answers while asking for the next one needs room for all of them.
    pub async fn next(&mut self) -> Option<Result<Ready, ReadError>> {
        if self.next >= self.stop {
            return None;
        }
        self.ask().await;
        let (_, end, asked) = self.asked.pop_front()?;
        let (answer, room) = match asked.await {
            Ok((Ok(answer), room)) => (answer, room),
            Ok((Err(error), _)) => {
                self.asked_no_more();
                return Some(Err(error));
            }
            Err(error) => {
                self.asked_no_more();
                let why = format!("reading ended early: {error}");
                return Some(Err(ReadError::Passing { why, pause: None }));
            }
        };
        let count = usize::try_from(answer.end().saturating_sub(answer.start())).unwrap_or(usize::MAX);
        self.entry = answer.octets().len().checked_div(count).unwrap_or(LIKELY_ENTRY);
        self.next = answer.end();
        if self.next < end && !self.asked.is_empty() {
            // The log gave less than was thought: the rest comes before what is asked already. It does not wait for
            // room, which those behind it may hold.
            self.spawn(self.next, end, None, true);
        } else if self.next > end {
            // More than was asked for: what was asked already begins elsewhere.
            self.asked_no_more();
        }
        self.ask_if_there_is_room();
        Some(Ok(Ready { answer, _room: room }))
    }

    /// The first question waits for room, but not for ever; the others take what there is.
    async fn ask(&mut self) {
        if self.asked.is_empty() {
            let end = self.reader.expected_end(self.next, self.stop, self.size).unwrap_or(self.stop);
            let room = self.room.take(self.octets(self.next, end));
            if let Ok(room) = tokio::time::timeout(LONGEST_WAIT, room).await {
                self.spawn(self.next, end, room, false);
            } else {
                let little = (self.next / A_LITTLE).saturating_add(1).saturating_mul(A_LITTLE);
                self.spawn(self.next, end.min(little), None, false);
            }
        }
        self.ask_if_there_is_room();
    }

    fn ask_if_there_is_room(&mut self) {
        while self.asked.len() < self.depth {
            let start = self.asked.back().map_or(self.next, |(_, end, _)| *end);
            if start >= self.stop {
                return;
            }
            let Some(end) = self.reader.expected_end(start, self.stop, self.size) else { return };
            let under_way = self.octets(start, end).saturating_mul(self.asked.len().saturating_add(1));
            if under_way > self.room.share() && !self.asked.is_empty() {
                return;
            }
            let units = self.octets(start, end).div_ceil(UNIT).clamp(1, self.room.all);
            let Ok(units) = u32::try_from(units) else { return };
            let Ok(room) = Arc::clone(&self.room.units).try_acquire_many_owned(units) else { return };
            self.spawn(start, end, Some(room), false);
        }
    }

    fn octets(&self, start: u64, end: u64) -> usize {
        // An answer is never larger than some thousand entries, whatever is expected.
        let count = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX).min(1024);
        // What came last may be of any size, and the next is no larger than one log's share of the room.
        count.saturating_mul(self.entry).min(self.room.share())
    }

    fn spawn(&mut self, start: u64, end: u64, room: Option<OwnedSemaphorePermit>, first: bool) {
        let (reader, size) = (Arc::clone(&self.reader), self.size);
        let asked = tokio::spawn(async move { (reader.entries(start, end, size).await, room) });
        if first {
            self.asked.push_front((start, end, asked));
        } else {
            self.asked.push_back((start, end, asked));
        }
    }

    fn asked_no_more(&mut self) {
        self.asked.drain(..).for_each(|(.., asked)| asked.abort());
    }
}

impl<R> Drop for Ahead<R> {
    fn drop(&mut self) {
        self.asked.iter().for_each(|(.., asked)| asked.abort());
    }
}
