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

/// Stands for a moment that no run sees.
const NEVER: Duration = Duration::from_secs(86_400);

/// Questions under way, each with a `T` for whoever asked.
#[derive(Debug)]
pub(super) struct Outstanding<T> {
    waiting: HashMap<u16, Waiting<T>, ById>,
    /// How many more answers may come to an id that was sent more often than it was answered.
    late: HashMap<u16, u8, ById>,
    /// The messages that answered nothing.
    strays: u64,
    random: Random,
}

#[derive(Debug)]
struct Waiting<T> {
    query: Query,
    asker: T,
    deadline: Instant,
    resend: Option<Resend>,
    sends: u8,
    /// The strays there were when it was asked.
    strays_before: u64,
    other_case: bool,
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
}

impl<T> Default for Outstanding<T> {
    fn default() -> Self {
        Self { waiting: HashMap::default(), late: HashMap::default(), strays: 0, random: Random::default() }
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
            deadline: after(now, patience.whole),
            resend: patience
                .lossy
                .then(|| Resend { at: after(now, first), then_after: first.saturating_mul(2) }),
            sends: 1,
            strays_before: self.strays,
            other_case: false,
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
        let strays = self.strays;
        let over = self.waiting.extract_if(|_, waiting| waiting.deadline <= now);
        let mut late = Vec::new();
        for (id, waiting) in over {
            late.push((id, waiting.sends));
            let why = waiting.why(strays);
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
        let strays = self.strays;
        for (_, waiting) in self.waiting.drain() {
            let why = waiting.why(strays);
            given_up(waiting.asker, why);
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
    fn why(&self, strays: u64) -> Unanswered {
        if self.other_case {
            Unanswered::OtherCase
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
mod tests {
    use std::collections::HashSet;

    use super::super::message::Wording;
    use super::super::question::{Manner, Question};
    use super::*;

    const LOSSY: Patience = Patience { whole: Duration::from_secs(3), lossy: true };
    const MIXED: Wording = Wording { edns: true, mixed_case: true };

    fn add(outstanding: &mut Outstanding<&'static str>, name: &'static str, now: Instant) -> Vec<u8> {
        let asked = Question::caa(&name.parse().unwrap(), Manner::Resolve);
        let query = Query::new(&asked, MIXED, outstanding.random()).unwrap();
        outstanding.add(query, name, LOSSY, now).unwrap().to_vec()
    }

    fn answer(question: &[u8]) -> Vec<u8> {
        let mut message = question.to_vec();
        message[2] |= 0x80;
        message
    }

    fn given_up(
        outstanding: &mut Outstanding<&'static str>,
        now: Instant,
    ) -> Vec<(&'static str, Unanswered)> {
        let mut given_up = Vec::new();
        outstanding.tick(now, |asker, why| given_up.push((asker, why)), |_| {});
        given_up.sort_unstable_by_key(|(asker, _)| *asker);
        given_up
    }

    #[test]
    fn ids_are_random_and_never_shared() {
        let mut outstanding = Outstanding::default();
        let now = Instant::now();
        let ids: HashSet<Vec<u8>> =
            (0..5000).map(|_| add(&mut outstanding, "a.example", now)[..2].to_vec()).collect();
        assert_eq!((ids.len(), outstanding.len()), (5000, 5000));
        assert!(ids.iter().any(|id| id[0] > 200) && ids.iter().any(|id| id[0] < 50), "from all there are");
    }

    #[test]
    fn forged_answers_do_not_win_and_the_right_one_does() {
        let mut outstanding = Outstanding::default();
        let now = Instant::now();
        let first = add(&mut outstanding, "first.example", now);
        let second = add(&mut outstanding, "second.example", now);
        let right = answer(&first);
        let mut wrong_id = right.clone();
        wrong_id[1] ^= 1;
        let mut wrong_name = right.clone();
        wrong_name[13] = if wrong_name[13] == b'x' { b'y' } else { b'x' };
        let mut wrong_case = right.clone();
        wrong_case[13] ^= 0x20;
        let mut of_another = answer(&second);
        of_another[..2].copy_from_slice(&first[..2]);
        for forged in [&wrong_id, &wrong_name, &wrong_case, &of_another, &first, &vec![1], &Vec::new()] {
            assert_eq!(outstanding.offer(forged, now), Offered::Stray, "{forged:?}");
        }
        assert_eq!(outstanding.strays(), 7);
        let found = Offered::Answer { asker: "first.example", reply: Reply::Final, sends: 1 };
        assert_eq!(outstanding.offer(&right, now), found);
        assert_eq!(outstanding.offer(&right, now), Offered::Stray, "once is enough");
        assert_eq!(
            given_up(&mut outstanding, after(now, LOSSY.whole)),
            [("second.example", Unanswered::Strays)]
        );
    }

    #[test]
    fn an_answer_in_another_case_ends_the_wait_soon() {
        let mut outstanding = Outstanding::default();
        let now = Instant::now();
        let question = add(&mut outstanding, "a.example", now);
        let mut folded = answer(&question);
        folded[13] ^= 0x20;
        assert_eq!(outstanding.offer(&folded, now), Offered::Stray);
        assert_eq!(given_up(&mut outstanding, now), []);
        let soon = after(now, AFTER_OTHER_CASE);
        assert_eq!(given_up(&mut outstanding, soon), [("a.example", Unanswered::OtherCase)]);
    }

    #[test]
    fn what_may_be_lost_is_sent_again_and_late_answers_are_no_strays() {
        let mut outstanding = Outstanding::default();
        let now = Instant::now();
        let question = add(&mut outstanding, "a.example", now);
        let mut again = Vec::new();
        for tick in 0..59 {
            let time = after(now, Duration::from_millis(50 * tick));
            outstanding.tick(time, |_, _| panic!("too early"), |octets| again.push(octets.to_vec()));
        }
        assert_eq!(again, [question.clone(), question.clone()], "the same message");
        assert_eq!(given_up(&mut outstanding, after(now, LOSSY.whole)), [("a.example", Unanswered::Silence)]);
        for _ in 0..3 {
            assert_eq!(outstanding.offer(&answer(&question), now), Offered::Late);
        }
        assert_eq!(outstanding.offer(&answer(&question), now), Offered::Stray);
    }
}
