//! The questions that wait for an answer on one socket or stream, by id.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::Duration;

use tokio::time::Instant;

use super::message::{Query, Reading, Reply};
use super::random::{NoRandomness, Random};

/// How long the right answer is waited for after one in another letter case, which may be forged.
const AFTER_OTHER_CASE: Duration = Duration::from_millis(300);

/// How long the answer is waited for after the system told of a refusal, unless others are answered meanwhile: whose
/// question was refused, it does not tell, and the port may open again.
const AFTER_REFUSAL: Duration = Duration::from_millis(400);

/// How soon a question is sent again after a refusal.
const RETRY_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// After how long without a look at the time this process itself stood still, and not the server.
const STALL: Duration = Duration::from_millis(500);

/// Stands for a moment that no run sees.
const NEVER: Duration = Duration::from_hours(24);

/// Questions under way, each with a `T` for whoever asked.
#[derive(Debug)]
pub(super) struct Outstanding<T> {
    waiting: HashMap<u16, Waiting<T>, ById>,
    /// How many more answers may come to an id that was sent more often than it was answered.
    late: HashMap<u16, u8, ById>,
    /// The messages that answered nothing.
    strays: u64,
    /// How many were answered.
    answers: u64,
    random: Random,
    /// When the time was last looked at.
    last_tick: Option<Instant>,
}

#[derive(Debug)]
struct Waiting<T> {
    query: Query,
    asker: T,
    asked: Instant,
    deadline: Instant,
    resend: Option<Resend>,
    sends: u8,
    /// The strays there were when it was asked.
    strays_before: u64,
    other_case: bool,
    refusal: Option<Refusal>,
}

/// What a refusal means for one question.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    /// How long it waits yet.
    until: Instant,
    /// The answers there were: more show that the server is there.
    answers: u64,
}

/// When a question is sent again.
#[derive(Clone, Copy, Debug)]
struct Resend {
    at: Instant,
    then_after: Duration,
}

/// How long a question waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// How long an answer is waited for.
    pub(super) whole: Duration,
    /// Whether it may get lost on the way, and so is sent again meanwhile.
    pub(super) lossy: bool,
}

/// What a message is to the questions under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offered<T> {
    /// The answer to one of them.
    Answer {
        /// Who asked.
        asker: T,
        /// What the answer asks for next.
        reply: Reply,
        /// How often the question was sent.
        sends: u8,
    },
    /// An answer that came too late or twice.
    Late,
    /// Nothing that was asked for.
    Stray,
}

/// How a question ended without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Nothing came.
    Silence,
    /// Only messages that answer something else came.
    Strays,
    /// An answer came in another letter case, and none in the right one.
    OtherCase,
    /// Nothing came, and the system told of a refusal.
    Refused,
}

impl<T> Default for Outstanding<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::default(),
            late: HashMap::default(),
            strays: 0,
            answers: 0,
            random: Random::default(),
            last_tick: None,
        }
    }
}

impl<T> Outstanding<T> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many messages answered nothing.
    pub(super) fn strays(&self) -> u64 {
        self.strays
    }

    /// Where the random bits come from.
    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Takes in a question, gives it an id that no other has, and hands out the message.
    pub(super) fn add(
        &mut self,
        mut query: Query,
        asker: T,
        patience: Patience,
        now: Instant,
    ) -> Result<&[u8], NoRandomness> {
        let id = loop {
            let id = self.random.two_octets()?;
            if !self.waiting.contains_key(&id) {
                break id;
            }
        };
        query.set_id(id);
        let first = patience.whole.checked_div(6).unwrap_or(NEVER);
        let waiting = Waiting {
            query,
            asker,
            asked: now,
            deadline: after(now, patience.whole),
            resend: patience
                .lossy
                .then(|| Resend { at: after(now, first), then_after: first.saturating_mul(2) }),
            sends: 1,
            strays_before: self.strays,
            other_case: false,
            refusal: None,
        };
        Ok(self.waiting.entry(id).insert_entry(waiting).into_mut().query.octets())
    }

    /// Looks whose answer a message is.
    pub(super) fn offer(&mut self, message: &[u8], now: Instant) -> Offered<T> {
        let Some(id) = message.first_chunk().map(|octets| u16::from_be_bytes(*octets)) else {
            return self.stray();
        };
        let Some(waiting) = self.waiting.get_mut(&id) else {
            return if self.is_late(id) { Offered::Late } else { self.stray() };
        };
        match waiting.query.read(message) {
            Reading::Answer(reply) => match self.waiting.remove(&id) {
                Some(waiting) => {
                    self.answers = self.answers.saturating_add(1);
                    self.expect_late(id, waiting.sends.saturating_sub(1));
                    Offered::Answer { asker: waiting.asker, reply, sends: waiting.sends }
                }
                None => self.stray(),
            },
            Reading::OtherCase => {
                waiting.other_case = true;
                waiting.resend = None;
                waiting.deadline = waiting.deadline.min(after(now, AFTER_OTHER_CASE));
                self.stray()
            }
            Reading::Stray => self.stray(),
        }
    }

    /// Gives up what has waited long enough, and sends again what may be lost.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        mut given_up: impl FnMut(T, Unanswered),
        mut send: impl FnMut(&[u8]),
    ) {
        if let Some(last) = self.last_tick.replace(now) {
            self.forgive(last, now);
        }
        let (strays, answers) = (self.strays, self.answers);
        let over = self.waiting.extract_if(|_, waiting| {
            let refused = |refusal: Refusal| refusal.until <= now && refusal.answers == answers;
            waiting.deadline <= now || waiting.refusal.is_some_and(refused)
        });
        let mut late = Vec::new();
        for (id, waiting) in over {
            late.push((id, waiting.sends));
            let why = waiting.why(strays, answers);
            given_up(waiting.asker, why);
        }
        for (id, sends) in late {
            self.expect_late(id, sends);
        }
        for waiting in self.waiting.values_mut() {
            if let Some(resend) = waiting.resend.filter(|resend| resend.at <= now) {
                let next = after(now, resend.then_after);
                let then_after = resend.then_after.saturating_mul(2);
                waiting.resend = (next < waiting.deadline).then_some(Resend { at: next, then_after });
                waiting.sends = waiting.sends.saturating_add(1);
                send(waiting.query.octets());
            }
        }
    }

    /// Gives up everything.
    pub(super) fn drain(&mut self, mut given_up: impl FnMut(T, Unanswered)) {
        let (strays, answers) = (self.strays, self.answers);
        for (id, waiting) in std::mem::take(&mut self.waiting) {
            self.expect_late(id, waiting.sends);
            let why = waiting.why(strays, answers);
            given_up(waiting.asker, why);
        }
    }

    /// Takes note that the system told of a refusal of something that was sent. All is soon sent again, and given up
    /// early where nothing at all is answered any more.
    pub(super) fn refused(&mut self, now: Instant) {
        let answers = self.answers;
        for waiting in self.waiting.values_mut() {
            if waiting.refusal.is_some_and(|refusal| refusal.answers == answers) {
                continue;
            }
            waiting.refusal = Some(Refusal { until: after(now, AFTER_REFUSAL), answers });
            if !waiting.other_case {
                let (at, then_after) = (after(now, RETRY_AFTER_REFUSAL), RETRY_AFTER_REFUSAL);
                waiting.resend = Some(Resend { at, then_after });
            }
        }
    }

    /// Takes back a question that could not be sent: hands out who asked, unless it had been sent before.
    pub(super) fn unsent(&mut self, question: &[u8]) -> Option<T> {
        let id = question.first_chunk().map(|octets| u16::from_be_bytes(*octets))?;
        let waiting = self.waiting.get_mut(&id)?;
        waiting.sends = waiting.sends.saturating_sub(1);
        if waiting.sends > 0 { None } else { self.waiting.remove(&id).map(|waiting| waiting.asker) }
    }

    /// Leaves out of all waits the time in which this process stood still: answers may have come meanwhile.
    fn forgive(&mut self, last: Instant, now: Instant) {
        if now.saturating_duration_since(last) < STALL {
            return;
        }
        for waiting in self.waiting.values_mut() {
            let stalled = now.saturating_duration_since(waiting.asked.max(last));
            waiting.deadline = after(waiting.deadline, stalled);
            if let Some(resend) = &mut waiting.resend {
                resend.at = after(resend.at, stalled);
            }
            if let Some(refusal) = &mut waiting.refusal {
                refusal.until = after(refusal.until, stalled);
            }
        }
    }

    fn stray(&mut self) -> Offered<T> {
        self.strays = self.strays.saturating_add(1);
        Offered::Stray
    }

    fn expect_late(&mut self, id: u16, answers: u8) {
        if answers > 0 {
            self.late.insert(id, answers);
        }
    }

    fn is_late(&mut self, id: u16) -> bool {
        let Some(left) = self.late.get_mut(&id) else { return false };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.late.remove(&id);
        }
        true
    }
}

impl<T> Waiting<T> {
    fn why(&self, strays: u64, answers: u64) -> Unanswered {
        if self.other_case {
            Unanswered::OtherCase
        } else if self.refusal.is_some_and(|refusal| refusal.answers == answers) {
            Unanswered::Refused
        } else if strays > self.strays_before {
            Unanswered::Strays
        } else {
            Unanswered::Silence
        }
    }
}

fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

/// Ids are random already.
type ById = BuildHasherDefault<IdHasher>;

/// Spreads an id over all bits, as the table wants it.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u16(u16::from(*octet));
        }
    }

    fn write_u16(&mut self, id: u16) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests;
