//! The question as sent, and whether a message that came in is its answer.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use domain::base::iana::{Class, OptRcode, Rtype};
use domain::base::{Message, Name};

use super::question::Question;
use super::random::{NoRandomness, Random};
use crate::caa::answer::{answers_question, response_code};
use crate::dns_name::WireName;

/// The UDP message size offered: it fits every usual path without fragments (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// Where the question begins: after the header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;

/// Type and class, after the question's name.
const TYPE_AND_CLASS: usize = 4;

/// How a question is worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording {
    /// With EDNS (RFC 6891).
    pub edns: bool,
    /// With the letters of the name in random case, which the answer has to bring back (draft-vixie-dnsext-dns0x20).
    pub mixed_case: bool,
}

/// A question ready to be sent.
#[derive(Debug)]
pub struct Query {
    octets: Vec<u8>,
    /// Where type and class begin.
    name_end: usize,
    rtype: Rtype,
    mixed_case: bool,
}

/// What a message is to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its answer.
    Answer(Reply),
    /// An answer that lost the letter case: of a server that does not keep it, or of a forger.
    OtherCase,
    /// Something else.
    Stray,
}

/// What an answering message asks for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
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
    /// A question with id 0.
    pub fn new(asked: &Question, wording: Wording, random: &mut Random) -> Result<Self, NoRandomness> {
        let name = asked.name.as_slice();
        let mut octets = Vec::with_capacity(name.len().saturating_add(32));
        let manner = asked.manner;
        let flags = [u8::from(manner.recursion()), {
            (u8::from(manner.authentic_data()) << 5) | (u8::from(manner.checking_disabled()) << 4)
        }];
        octets.extend([0, 0]);
        octets.extend(flags);
        octets.extend([0, 1, 0, 0, 0, 0, 0, u8::from(wording.edns)]);
        octets.extend_from_slice(name);
        let name_end = octets.len();
        if wording.mixed_case {
            mix_case(octets.get_mut(HEADER..).unwrap_or_default(), random)?;
        }
        octets.extend(asked.rtype.to_int().to_be_bytes());
        octets.extend(Class::IN.to_int().to_be_bytes());
        if wording.edns {
            // The root, OPT, the size, no extension of the code, version 0, DO or nothing, no options.
            let [size_high, size_low] = UDP_PAYLOAD.to_be_bytes();
            let dnssec_ok = u8::from(manner.dnssec_ok()) << 7;
            octets.extend([0, 0, 41, size_high, size_low, 0, 0, dnssec_ok, 0, 0, 0]);
        }
        Ok(Self { octets, name_end, rtype: asked.rtype, mixed_case: wording.mixed_case })
    }

    /// Gives it this id.
    pub fn set_id(&mut self, id: u16) {
        if let Some(place) = self.octets.first_chunk_mut() {
            *place = id.to_be_bytes();
        }
    }

    /// The message.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// What `message` is to this question; the id is not looked at.
    pub fn read(&self, message: &[u8]) -> Reading {
        let Ok(parsed) = Message::from_slice(message) else { return Reading::Stray };
        let header = parsed.header();
        let case_kept = message.get(HEADER..self.question_end()) == self.question_octets();
        let is_answer = if case_kept && parsed.header_counts().qdcount() == 1 {
            header.qr() && header.opcode().to_int() == 0
        } else {
            answers_question(&self.name(), self.rtype, parsed)
        };
        if !is_answer {
            return Reading::Stray;
        }
        if self.mixed_case && !case_kept && parsed.header_counts().qdcount() == 1 {
            return Reading::OtherCase;
        }
        Reading::Answer(match response_code(parsed) {
            _ if header.tc() => Reply::Truncated,
            Ok(OptRcode::NOERROR | OptRcode::NXDOMAIN) => Reply::Final,
            Ok(OptRcode::FORMERR | OptRcode::NOTIMP | OptRcode::BADVERS) => Reply::NotUnderstood,
            _ => Reply::Refused,
        })
    }

    fn question_end(&self) -> usize {
        self.name_end.saturating_add(TYPE_AND_CLASS)
    }

    fn question_octets(&self) -> Option<&[u8]> {
        self.octets.get(HEADER..self.question_end())
    }

    fn name(&self) -> WireName {
        let octets = self.octets.get(HEADER..self.name_end).unwrap_or_default();
        // What was a name when it was written is one still.
        Name::from_octets(octets.to_vec()).unwrap_or_else(|_| Name::root_vec())
    }
}

/// Turns each letter to one case or the other. A label's length is below 64 and so never looks like a letter.
fn mix_case(name: &mut [u8], random: &mut Random) -> Result<(), NoRandomness> {
    for part in name.chunks_mut(64) {
        let mut bits = random.eight_octets()?;
        for octet in part {
            if octet.is_ascii_alphabetic() && bits & 1 == 1 {
                *octet ^= 0x20;
            }
            bits >>= 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
