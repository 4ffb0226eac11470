//! DNS servers that behave as the test says: in odd ways, and in ways that no other server can be made to.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

/// The types that are told apart.
pub(crate) const SOA: u16 = 6;
pub(crate) const CAA: u16 = 257;

/// AA.
pub(crate) const AUTHORITATIVE: u16 = 0x0400;
/// TC.
pub(crate) const TRUNCATED: u16 = 0x0200;
/// RD and RA.
pub(crate) const RECURSIVE: u16 = 0x0180;
/// RCODE 5.
pub(crate) const REFUSED: u16 = 5;

/// SOA RDATA with serial 7.
pub(crate) const SOA_RDATA: &[u8] =
    b"\x02ns\x07example\0\x01h\x07example\0\0\0\0\x07\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01";

/// `0 issue "ca1.example"`
pub(crate) const CA1_RDATA: &[u8] = b"\0\x05issueca1.example";

/// `0 issue "ca9.example"`, which no honest server gives.
const CA9_RDATA: &[u8] = b"\0\x05issueca9.example";

/// A port of 127.0.0.1 that the system chooses.
const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Turns a question and its type into the answer; `None`: silence.
pub(crate) type Answerer = fn(&[u8], u16) -> Option<Vec<u8>>;

/// Answers at `address` until the test ends: over UDP with the first, and over TCP with the second if there is one.
pub(crate) fn odd_server(address: SocketAddr, udp: Answerer, tcp: Option<Answerer>) {
    let socket = UdpSocket::bind(address).unwrap();
    receive(socket, move |question| udp(question, type_of(question)).into_iter().collect());
    let Some(answerer) = tcp else { return };
    accept(TcpListener::bind(address).unwrap(), move |mut stream| {
        std::thread::spawn(move || {
            while let Some(question) = next_message(&mut stream) {
                if let Some(answer) = answerer(&question, type_of(&question)) {
                    write_message(&mut stream, &answer);
                }
            }
        });
    });
}

/// Answers datagrams on 127.0.0.1: each octet string that `answer` makes of a question is sent back.
pub(crate) fn datagrams(answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind(ANY).unwrap();
    let address = socket.local_addr().unwrap();
    receive(socket, answer);
    address
}

fn receive(socket: UdpSocket, mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for message in answer(&buffer[..length]) {
                // The asker may have gone.
                let _ = socket.send_to(&message, from);
            }
        }
    });
}

/// Answers datagrams too, but only once `count` of them have come, or no more come, and then the last one first.
pub(crate) fn reordered(count: usize, answer: fn(&[u8]) -> Vec<u8>) -> SocketAddr {
    let socket = UdpSocket::bind(ANY).unwrap();
    let address = socket.local_addr().unwrap();
    // Questions that were sent again on a busy machine make the last ones fewer than `count`.
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut held = Vec::new();
        loop {
            let received = socket.recv_from(&mut buffer);
            if let Ok((length, from)) = received {
                held.push((answer(&buffer[..length]), from));
            }
            if held.len() == count || received.is_err() {
                for (message, from) in held.drain(..).rev() {
                    let _ = socket.send_to(&message, from);
                }
            }
        }
    });
    address
}

/// Accepts connections on 127.0.0.1 and hands each to `serve`, one after the other.
pub(crate) fn streams(serve: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(ANY).unwrap();
    let address = listener.local_addr().unwrap();
    accept(listener, serve);
    address
}

fn accept(listener: TcpListener, mut serve: impl FnMut(TcpStream) + Send + 'static) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream);
        }
    });
}

/// The next message of a stream; `None` at its end.
pub(crate) fn next_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// Writes a message to a stream, in two pieces.
pub(crate) fn write_message(stream: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&length[..], message].concat();
    // The asker may have gone.
    let _ = stream.write_all(&framed[..5]);
    let _ = stream.write_all(&framed[5..]);
}

/// Where the question section ends.
fn end_of_question(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] != 0 {
        at += usize::from(question[at]) + 1;
    }
    at + 5
}

/// The type asked for.
pub(crate) fn type_of(question: &[u8]) -> u16 {
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

/// A resolver's answer with this response code and no records.
pub(crate) fn reply(question: &[u8], code: u8) -> Vec<u8> {
    answer(question, RECURSIVE | u16::from(code), &[])
}

/// The answer `CAA 0 issue "ca1.example"`.
pub(crate) fn good(question: &[u8]) -> Vec<u8> {
    answer(question, RECURSIVE, &[(CAA, CA1_RDATA)])
}

/// The answer `CAA 0 issue "ca9.example"`.
pub(crate) fn evil(question: &[u8]) -> Vec<u8> {
    answer(question, RECURSIVE, &[(CAA, CA9_RDATA)])
}

/// That answer with an id that is not the question's.
pub(crate) fn wrong_id(question: &[u8]) -> Vec<u8> {
    let mut message = evil(question);
    message[0] ^= 0xff;
    message
}

/// That answer to a question for another name.
pub(crate) fn wrong_question(question: &[u8]) -> Vec<u8> {
    let mut message = evil(question);
    message[13] ^= 1;
    message
}

/// That answer with the first letter of the name in the other case.
pub(crate) fn wrong_case(question: &[u8]) -> Vec<u8> {
    let mut message = evil(question);
    message[13] ^= 0x20;
    message
}

/// An answer with all letters of the question in lower case, as of servers that do not keep the case.
pub(crate) fn folded(mut question: Vec<u8>) -> Vec<u8> {
    let end = end_of_question(&question) - 4;
    question[12..end].make_ascii_lowercase();
    good(&question)
}
