//! Any message is read as an answer. The first octet chooses whether a fitting header and question are put
//! before the rest, so that the sections are reached.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinstead::caa::answer::Answer;

/// Id, flags QR RD RA, one question, one answer, one authority record; w.t.example CAA IN.
const START: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x01\0\x01\0\0\x01w\x01t\x07example\0\x01\x01\0\x01";

fuzz_target!(|octets: &[u8]| {
    let Ok(name) = "w.t.example".parse() else { return };
    let Some((choice, rest)) = octets.split_first() else { return };
    let mut message = Vec::new();
    if choice & 1 == 1 {
        message.extend(START);
        message[7] = choice >> 1;
    }
    message.extend(rest);
    let answer = Answer::read_message(&name, &message);
    assert!(!answer.detail.is_empty());
    assert!(answer.aliases.iter().all(|alias| !alias.contains(char::is_control)));
});
