//! The question as sent, and whether a message that came in is its answer.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use domain::base::iana::OptRcode;
use domain::base::{Message, MessageBuilder};

use super::question::Question;
use crate::caa::answer::{answers_question, response_code};

/// The UDP message size offered: it fits every usual path without fragments (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// A question ready to be sent.
#[derive(Debug)]
pub(super) struct Query {
    question: Question,
    id: u16,
    octets: Vec<u8>,
}

/// What an answering message asks for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing: it is the answer.
    Final,
    /// The same over TCP: it was cut off (RFC 7766 section 5).
    Truncated,
    /// Possibly the same without EDNS, which the server may not understand (RFC 6891 section 7).
    NotUnderstood,
    /// Another try: the server refused or failed.
    Refused,
}

impl Query {
    /// A question with a random id, with or without EDNS.
    pub(super) fn new(asked: &Question, edns: bool) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the question cannot be written: {error}");
        let mut builder = MessageBuilder::new_vec();
        let header = builder.header_mut();
        header.set_random_id();
        header.set_rd(asked.manner.recursion());
        header.set_ad(asked.manner.authentic_data());
        header.set_cd(asked.manner.checking_disabled());
        let id = header.id();
        let mut question = builder.question();
        question.push((&asked.name, asked.rtype)).map_err(|error| failed(&error))?;
        let mut additional = question.additional();
        if edns {
            additional
                .opt(|opt| {
                    opt.set_udp_payload_size(UDP_PAYLOAD);
                    opt.set_dnssec_ok(asked.manner.dnssec_ok());
                    Ok(())
                })
                .map_err(|error| failed(&error))?;
        }
        Ok(Self { question: asked.clone(), id, octets: additional.finish() })
    }

    /// The message.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// What `message` says, if it answers this question; `None` for a stray or forged message.
    pub(super) fn reply(&self, message: &[u8]) -> Option<Reply> {
        let message = Message::from_slice(message).ok()?;
        let Question { name, rtype, .. } = &self.question;
        if message.header().id() != self.id || !answers_question(name, *rtype, message) {
            return None;
        }
        Some(match response_code(message) {
            _ if message.header().tc() => Reply::Truncated,
            Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) => Reply::Final,
            Ok(OptRcode::FORMERR | OptRcode::NOTIMP | OptRcode::BADVERS) => Reply::NotUnderstood,
            _ => Reply::Refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::dns::question::Manner;

    fn query(edns: bool) -> Query {
        let asked = Question::caa(&"a.example".parse().unwrap(), Manner::Resolve);
        Query::new(&asked, edns).unwrap()
    }

    /// The question turned into an answer by hand: QR and RCODE in octets 2 and 3.
    fn answer(query: &Query, change: impl Fn(&mut Vec<u8>)) -> Option<Reply> {
        let mut message = query.octets().to_vec();
        message[2] |= 0x80;
        change(&mut message);
        query.reply(&message)
    }

    #[test]
    fn the_question_is_as_the_standard_says() {
        let plain = query(false);
        // RFC 1035 section 4.1: RD; AD (RFC 4035); one question; CAA is type 257.
        assert_eq!(plain.octets()[2..], *b"\x01\x20\0\x01\0\0\0\0\0\0\x01a\x07example\0\x01\x01\0\x01");
        let edns = query(true);
        assert!(edns.octets().ends_with(b"\0\0\x29\x04\xd0\0\0\0\0\0\0"));
        let ids: std::collections::HashSet<u16> = (0..20).map(|_| query(false).id).collect();
        assert!(ids.len() > 10, "ids must be random");
    }

    #[test]
    fn only_its_own_answer_counts() {
        let query = query(false);
        assert_eq!(answer(&query, |_| {}), Some(Reply::Final));
        assert_eq!(query.reply(query.octets()), None, "a question is no answer");
        assert_eq!(answer(&query, |message| message[0] ^= 0xff), None, "wrong id");
        assert_eq!(answer(&query, |message| message[13] = b'b'), None, "wrong name");
        assert_eq!(answer(&query, |message| message[13] = b'A'), Some(Reply::Final), "case does not matter");
        let last = query.octets().len() - 1;
        assert_eq!(answer(&query, |message| message[last] = 3), None, "wrong class");
        assert_eq!(answer(&query, |message| message[last - 2] = 2), None, "wrong type");
        assert_eq!(answer(&query, |message| message.truncate(11)), None, "no header");
    }

    #[test]
    fn response_codes_say_what_to_do_next() {
        let query = query(false);
        for (rcode, reply) in [
            (0, Reply::Final),
            (1, Reply::NotUnderstood),
            (2, Reply::Refused),
            (3, Reply::Final),
            (4, Reply::NotUnderstood),
            (5, Reply::Refused),
        ] {
            assert_eq!(answer(&query, |message| message[3] = rcode), Some(reply));
        }
        assert_eq!(answer(&query, |message| message[2] |= 2), Some(Reply::Truncated));
        let bare = |rcode| {
            answer(&query, |message| {
                message.truncate(12);
                message[3] = rcode;
                message[5] = 0;
            })
        };
        assert_eq!(bare(1), Some(Reply::NotUnderstood), "an error without the question");
        assert_eq!(bare(0), None, "anything else without the question is no answer");
        assert_eq!(bare(3), None);
    }

    #[test]
    fn badvers_is_not_noerror() {
        let query = query(true);
        // The extended part of the response code is the first octet of the OPT record's TTL.
        let at = query.octets().len() - 6;
        assert_eq!(answer(&query, |message| message[at] = 1), Some(Reply::NotUnderstood));
    }
}
