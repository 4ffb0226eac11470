//! Reading ahead: the next answers come while one is taken, and are given in order.
//!
//! How much lies in memory is bounded for all logs together by a [`Room`], however many of them are read at once.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Answer, LogReader, ReadError};

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
///
/// What an answer will have is only thought before it is there; from then on, what it has counts. So there may be more
/// than there is room for, by what came larger than was thought, and nothing further is asked for until that is gone.
#[derive(Clone, Debug)]
pub struct Room {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// How many octets there is room for.
    all: usize,
    /// How many are taken.
    taken: Mutex<usize>,
    freed: Notify,
}

impl Shared {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Room for so many octets. One answer is always let in, however large.
    pub fn new(octets: usize) -> Self {
        Self { shared: Arc::new(Shared { all: octets, taken: Mutex::new(0), freed: Notify::new() }) }
    }

    /// How many octets are taken now.
    pub fn taken(&self) -> usize {
        *self.shared.taken()
    }

    /// How much of it the questions to one log may take.
    fn share(&self) -> usize {
        (self.shared.all / SHARE).max(1)
    }

    /// Waits for room for an answer that is likely to have so many octets.
    async fn take(&self, octets: usize) -> Place {
        loop {
            let mut freed = std::pin::pin!(self.shared.freed.notified());
            // Who is heard from here on is not missed.
            freed.as_mut().enable();
            if let Some(place) = self.try_take(octets) {
                return place;
            }
            freed.await;
        }
    }

    /// Room for an answer that is likely to have so many octets, if there is any.
    fn try_take(&self, octets: usize) -> Option<Place> {
        let mut taken = self.shared.taken();
        let sum = taken.saturating_add(octets);
        if *taken > 0 && sum > self.shared.all {
            return None;
        }
        *taken = sum;
        Some(Place { shared: Arc::clone(&self.shared), octets })
    }

    /// No room, for what is asked for all the same.
    fn none(&self) -> Place {
        Place { shared: Arc::clone(&self.shared), octets: 0 }
    }
}

/// What an answer takes of the room, until it is dropped.
#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
    octets: usize,
}

impl Place {
    /// It turned out to take so many octets.
    fn is_really(&mut self, octets: usize) {
        let mut taken = self.shared.taken();
        *taken = taken.saturating_sub(self.octets).saturating_add(octets);
        drop(taken);
        let is_less = octets < self.octets;
        self.octets = octets;
        if is_less {
            self.shared.freed.notify_waiters();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shared.taken();
        *taken = taken.saturating_sub(self.octets);
        drop(taken);
        self.shared.freed.notify_waiters();
    }
}

/// An answer, and the room that it takes until it is dropped.
#[derive(Debug)]
pub struct Ready {
    answer: Answer,
    _room: Place,
}

impl Deref for Ready {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

/// What a question gave, with the room it was given.
type Asked = JoinHandle<(Result<Answer, ReadError>, Place)>;

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
    /// room as long as it is held: whoever keeps answers while asking for the next one needs room for all of them. Who
    /// stops waiting for it loses nothing.
    pub async fn next(&mut self) -> Option<Result<Ready, ReadError>> {
        if self.next >= self.stop {
            return None;
        }
        self.ask().await;
        let (_, end, asked) = self.asked.front_mut()?;
        let end = *end;
        let given = asked.await;
        self.asked.pop_front();
        let (answer, room) = match given {
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
            self.spawn(self.next, end, self.room.none(), true);
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
                self.spawn(self.next, end.min(little), self.room.none(), false);
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
            let Some(room) = self.room.try_take(self.octets(start, end)) else { return };
            self.spawn(start, end, room, false);
        }
    }

    fn octets(&self, start: u64, end: u64) -> usize {
        // An answer is never larger than some thousand entries, whatever is expected.
        let count = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX).min(1024);
        // What came last may be of any size, and the next is no larger than one log's share of the room.
        count.saturating_mul(self.entry).min(self.room.share())
    }

    fn spawn(&mut self, start: u64, end: u64, mut room: Place, first: bool) {
        let (reader, size) = (Arc::clone(&self.reader), self.size);
        let asked = tokio::spawn(async move {
            let answer = reader.entries(start, end, size).await;
            room.is_really(answer.as_ref().map_or(0, Answer::memory));
            (answer, room)
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_came_counts_and_not_what_was_thought() {
        let room = Room::new(100);
        let mut first = room.try_take(60).unwrap();
        assert!(room.try_take(60).is_none());
        // It is smaller, and there is room for another.
        first.is_really(30);
        let mut second = room.try_take(60).unwrap();
        assert_eq!(room.taken(), 90);
        // It is larger than all the room: nothing comes in before it is gone.
        second.is_really(5000);
        assert_eq!(room.taken(), 5030);
        drop(first);
        assert!(room.try_take(1).is_none());
        let mut waiting = std::pin::pin!(room.take(1000));
        let early = tokio::time::timeout(Duration::from_millis(20), waiting.as_mut()).await;
        assert!(early.is_err(), "it waits");
        drop(second);
        let third = tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap();
        assert_eq!(room.taken(), 1000, "one is let in, however large");
        let mut without = room.none();
        without.is_really(7);
        assert_eq!(room.taken(), 1007, "what was asked for without room counts, too");
        drop((third, without));
        assert_eq!(room.taken(), 0);
    }
}
