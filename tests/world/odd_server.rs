//! An authoritative server that answers some questions and not others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// The types that are told apart.
pub(crate) const SOA: u16 = 6;
pub(crate) const CAA: u16 = 257;

/// Turns a question and its type into the answer; `None`: silence.
pub(crate) type Answerer = fn(&[u8], u16) -> Option<Vec<u8>>;

/// Answers at `address` until the test ends: over UDP with the first, and over TCP with the second if there is one.
pub(crate) fn odd_server(address: SocketAddr, udp: Answerer, tcp: Option<Answerer>) {
    let socket = UdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = &buffer[..length];
            if let Some(answer) = udp(question, type_of(question)) {
                // The asker may have gone.
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    let Some(answerer) = tcp else { return };
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut length = [0; 2];
                while stream.read_exact(&mut length).is_ok() {
                    let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                    if stream.read_exact(&mut question).is_err() {
                        return;
                    }
                    if let Some(answer) = answerer(&question, type_of(&question)) {
                        let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                        let _ = stream.write_all(&[&length[..], &answer].concat());
                    }
                }
            });
        }
    });
}

/// Where the question section ends.
fn end_of_question(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] != 0 {
        at += usize::from(question[at]) + 1;
    }
    at + 5
}

fn type_of(question: &[u8]) -> u16 {
    let end = end_of_question(question);
    u16::from_be_bytes([question[end - 4], question[end - 3]])
}

/// The answer with these flags (QR is set) and these records in its answer section, each of the name asked for: type
/// and RDATA.
pub(crate) fn answer(question: &[u8], flags: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut message = question[..end_of_question(question)].to_vec();
    message[2..4].copy_from_slice(&(0x8000 | flags).to_be_bytes());
    message[6..12].copy_from_slice(&[0, u8::try_from(records.len()).unwrap(), 0, 0, 0, 0]);
    for (rtype, rdata) in records {
        message.extend(b"\xc0\x0c");
        message.extend(rtype.to_be_bytes());
        message.extend(b"\0\x01\0\0\x01\x2c");
        message.extend(u16::try_from(rdata.len()).unwrap().to_be_bytes());
        message.extend(*rdata);
    }
    message
}

/// AA.
pub(crate) const AUTHORITATIVE: u16 = 0x0400;
/// TC.
pub(crate) const TRUNCATED: u16 = 0x0200;
/// RCODE 5.
pub(crate) const REFUSED: u16 = 5;

/// SOA RDATA with serial 7.
pub(crate) const SOA_RDATA: &[u8] =
    b"\x02ns\x07example\0\x01h\x07example\0\0\0\0\x07\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01";

/// `0 issue "ca1.example"`
pub(crate) const CA1_RDATA: &[u8] = b"\0\x05issueca1.example";
