//! What comes from a DNS server is cut into messages, and each is looked at as the answer to a question. The first
//! octets choose how the question is worded and where the stream is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::observe::dns::framing::Frames;
use pinstead::observe::dns::message::{Query, Reading, Wording};
use pinstead::observe::dns::random::Random;
use pinstead::observe::dns::{Manner, Question};

fuzz_target!(|octets: &[u8]| {
    let [choice, piece, stream @ ..] = octets else { return };
    let Ok(name) = "w.t.example".parse() else { return };
    let wording = Wording { edns: choice & 1 == 1, mixed_case: choice & 2 == 2 };
    let question = Question::caa(&name, Manner::Resolve);
    let Ok(query) = Query::new(&question, wording, &mut Random::default()) else { return };
    let mut frames = Frames::default();
    let mut octets_out = 0;
    for piece in stream.chunks(usize::from(*piece).max(1)) {
        frames.push(piece);
        while let Some(message) = frames.next_message() {
            octets_out += message.len() + 2;
            look_at(&query, message, wording);
            // Begun as the answer would be, so that what follows is reached.
            let mut begun = query.octets().to_vec();
            begun[2] |= 0x80;
            begun.truncate(begun.len() - if wording.edns { 11 } else { 0 });
            begun.extend_from_slice(message);
            begun[6..12].copy_from_slice(&[0, *choice & 3, 0, *choice >> 6, 0, 1]);
            look_at(&query, &begun, wording);
        }
    }
    assert!(octets_out <= stream.len());
});

/// Nothing but the question itself is taken for it.
fn look_at(query: &Query, message: &[u8], wording: Wording) {
    if let Reading::Answer(_) = query.read(message) {
        assert!(message[2] & 0x80 != 0, "a question is no answer");
        if wording.mixed_case && message[5] == 1 {
            let end = query.octets().len() - if wording.edns { 11 } else { 0 };
            assert_eq!(message[12..end], query.octets()[12..end], "in the right case");
        }
    }
}
