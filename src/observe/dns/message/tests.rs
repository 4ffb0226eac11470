use std::collections::HashSet;

use super::*;
use crate::observe::dns::question::Manner;

const PLAIN: Wording = Wording { edns: false, mixed_case: false };
const WITH_EDNS: Wording = Wording { edns: true, mixed_case: false };
const MIXED: Wording = Wording { edns: true, mixed_case: true };

fn query_for(name: &str, wording: Wording, manner: Manner) -> Query {
    let asked = Question::caa(&name.parse().unwrap(), manner);
    Query::new(&asked, wording, &mut Random::default()).unwrap()
}

fn query(wording: Wording) -> Query {
    query_for("a.example", wording, Manner::Resolve)
}

/// The question turned into an answer by hand: QR and RCODE in octets 2 and 3.
fn answer(query: &Query, change: impl Fn(&mut Vec<u8>)) -> Reading {
    let mut message = query.octets().to_vec();
    message[2] |= 0x80;
    change(&mut message);
    query.read(&message)
}

#[test]
fn the_question_is_as_the_standard_says() {
    let mut plain = query(PLAIN);
    plain.set_id(0x1234);
    // RFC 1035 section 4.1: RD; AD (RFC 4035); one question; CAA is type 257.
    assert_eq!(plain.octets(), b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\0\x01a\x07example\0\x01\x01\0\x01");
    let edns = query(WITH_EDNS);
    assert!(edns.octets().ends_with(b"\x01\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0"));
    assert_eq!(edns.octets()[4..12], *b"\0\x01\0\0\0\0\0\x01");
    let flags = |manner| {
        let query = query_for("a.example", WITH_EDNS, manner);
        let octets = query.octets();
        (octets[2], octets[3], octets[octets.len() - 4])
    };
    assert_eq!(flags(Manner::ResolveAndValidate), (1, 0x20, 0x80));
    assert_eq!(flags(Manner::ResolveUnchecked), (1, 0x10, 0x80), "CD and DO");
    assert_eq!(flags(Manner::Authoritative), (0, 0, 0));
}

/// `domain` writes the same question: a second opinion.
#[test]
fn another_writer_agrees() {
    let mut builder = domain::base::MessageBuilder::new_vec();
    builder.header_mut().set_id(7);
    builder.header_mut().set_rd(true);
    builder.header_mut().set_ad(true);
    let mut question = builder.question();
    let asked = Question::caa(&"a.example".parse().unwrap(), Manner::Resolve);
    question.push((&asked.name, asked.rtype)).unwrap();
    let mut additional = question.additional();
    additional
        .opt(|opt| {
            opt.set_udp_payload_size(UDP_PAYLOAD);
            Ok(())
        })
        .unwrap();
    let mut ours = query(WITH_EDNS);
    ours.set_id(7);
    assert_eq!(ours.octets(), additional.finish());
}

#[test]
fn only_its_own_answer_counts() {
    let query = query(PLAIN);
    assert_eq!(answer(&query, |_| {}), Reading::Answer(Reply::Final));
    assert_eq!(query.read(query.octets()), Reading::Stray, "a question is no answer");
    assert_eq!(answer(&query, |message| message[13] = b'b'), Reading::Stray, "wrong name");
    let other_case = answer(&query, |message| message[13] = b'A');
    assert_eq!(other_case, Reading::Answer(Reply::Final), "case does not matter unless it was mixed");
    let last = query.octets().len() - 1;
    assert_eq!(answer(&query, |message| message[last] = 3), Reading::Stray, "wrong class");
    assert_eq!(answer(&query, |message| message[last - 2] = 2), Reading::Stray, "wrong type");
    assert_eq!(answer(&query, |message| message.truncate(11)), Reading::Stray, "no header");
    assert_eq!(answer(&query, |message| message[2] |= 0x10), Reading::Stray, "another opcode");
    assert_eq!(answer(&query, |message| message[5] = 2), Reading::Stray, "two questions");
}

#[test]
fn a_mixed_case_has_to_come_back() {
    let long = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
    let query = query_for(&long, MIXED, Manner::Resolve);
    assert_eq!(answer(&query, |_| {}), Reading::Answer(Reply::Final));
    assert_eq!(answer(&query, |message| message[13] ^= 0x20), Reading::OtherCase);
    let folded = answer(&query, |message| message[12..150].make_ascii_lowercase());
    assert_eq!(folded, Reading::OtherCase);
    // A type whose octets differ in that bit is another type.
    let type_at = query.name_end + 1;
    assert_eq!(answer(&query, |message| message[type_at] ^= 0x20), Reading::Stray);
    let spelt: HashSet<Vec<u8>> = (0..20)
        .map(|_| query_for("some.long.name.example", MIXED, Manner::Resolve).octets().to_vec())
        .collect();
    assert!(spelt.len() > 15, "the case must be random");
    // Each letter of a long name takes part.
    let mut both = [false; 2];
    for _ in 0..100 {
        let octets = query_for(&long, MIXED, Manner::Resolve).octets().to_vec();
        both[usize::from(octets[130] == b'B')] = true;
    }
    assert_eq!(both, [true; 2]);
}

#[test]
fn response_codes_say_what_to_do_next() {
    let query = query(PLAIN);
    for (rcode, reply) in [
        (0, Reply::Final),
        (1, Reply::NotUnderstood),
        (2, Reply::Refused),
        (3, Reply::Final),
        (4, Reply::NotUnderstood),
        (5, Reply::Refused),
    ] {
        assert_eq!(answer(&query, |message| message[3] = rcode), Reading::Answer(reply));
    }
    assert_eq!(answer(&query, |message| message[2] |= 2), Reading::Answer(Reply::Truncated));
    let bare = |rcode| {
        answer(&query, |message| {
            message.truncate(12);
            message[3] = rcode;
            message[5] = 0;
        })
    };
    assert_eq!(bare(1), Reading::Answer(Reply::NotUnderstood), "an error without the question");
    assert_eq!(bare(0), Reading::Stray, "anything else without the question is no answer");
    assert_eq!(bare(3), Reading::Stray);
}

#[test]
fn badvers_is_not_noerror() {
    let query = query(WITH_EDNS);
    // The extended part of the response code is the first octet of the OPT record's TTL.
    let at = query.octets().len() - 6;
    assert_eq!(answer(&query, |message| message[at] = 1), Reading::Answer(Reply::NotUnderstood));
}
