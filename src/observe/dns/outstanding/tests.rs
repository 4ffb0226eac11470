//! The questions that wait: ids, forged answers, loss, refusals and stalls.

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

fn given_up(outstanding: &mut Outstanding<&'static str>, now: Instant) -> Vec<(&'static str, Unanswered)> {
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
    assert_eq!(given_up(&mut outstanding, after(now, LOSSY.whole)), [("second.example", Unanswered::Strays)]);
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
fn a_stall_of_this_process_is_no_silence() {
    let mut outstanding = Outstanding::default();
    let now = Instant::now();
    add(&mut outstanding, "before.example", now);
    assert_eq!(given_up(&mut outstanding, now), []);
    let resumed = after(now, Duration::from_mins(1));
    add(&mut outstanding, "since.example", resumed);
    let sent = |outstanding: &mut Outstanding<&'static str>, at| {
        let mut sent = 0;
        outstanding.tick(at, |asker, why| panic!("{asker}: {why:?}"), |_| sent += 1);
        sent
    };
    assert_eq!(sent(&mut outstanding, resumed), 0, "nothing is known to be lost");
    for step in 1..300 {
        sent(&mut outstanding, after(resumed, Duration::from_millis(10 * step)));
    }
    let over = [("before.example", Unanswered::Silence), ("since.example", Unanswered::Silence)];
    assert_eq!(given_up(&mut outstanding, after(resumed, LOSSY.whole)), over);
}

#[test]
fn a_refusal_ends_the_wait_soon_unless_the_server_shows_itself() {
    let mut outstanding = Outstanding::default();
    let now = Instant::now();
    let first = add(&mut outstanding, "first.example", now);
    add(&mut outstanding, "second.example", now);
    outstanding.refused(now);
    let mut again = 0;
    outstanding.tick(after(now, RETRY_AFTER_REFUSAL), |_, _| panic!("too early"), |_| again += 1);
    assert_eq!(again, 2, "both are sent again");
    let right = Offered::Answer { asker: "first.example", reply: Reply::Final, sends: 2 };
    assert_eq!(outstanding.offer(&answer(&first), now), right);
    assert_eq!(given_up(&mut outstanding, after(now, AFTER_REFUSAL)), [], "it is there");
    let later = after(now, AFTER_REFUSAL);
    outstanding.refused(later);
    let soon = after(later, AFTER_REFUSAL);
    assert_eq!(given_up(&mut outstanding, soon), [("second.example", Unanswered::Refused)]);
}

#[test]
fn only_what_was_never_sent_is_taken_back() {
    let mut outstanding = Outstanding::default();
    let now = Instant::now();
    let question = add(&mut outstanding, "a.example", now);
    let resent = add(&mut outstanding, "b.example", now);
    outstanding.tick(after(now, Duration::from_millis(600)), |_, _| panic!("too early"), |_| {});
    assert_eq!(outstanding.unsent(&resent), None);
    assert_eq!(outstanding.unsent(&question), None);
    assert_eq!(outstanding.unsent(&question), Some("a.example"));
    assert_eq!((outstanding.unsent(&question), outstanding.len()), (None, 1));
}

#[test]
fn answers_to_what_was_given_up_all_at_once_are_no_strays() {
    let mut outstanding = Outstanding::default();
    let now = Instant::now();
    let question = add(&mut outstanding, "a.example", now);
    outstanding.drain(|_, _| {});
    assert_eq!(outstanding.offer(&answer(&question), now), Offered::Late);
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
