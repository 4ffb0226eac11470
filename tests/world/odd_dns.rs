//! DNS servers that behave as the test says: in odd ways, and in ways that no other server can be made to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

/// Answers datagrams on 127.0.0.1: each octet string that `answer` makes of a question is sent back.
pub(crate) fn datagrams(mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            for message in answer(&buffer[..length]) {
                // The asker may have gone.
                let _ = socket.send_to(&message, from);
            }
        }
    });
    address
}

/// Answers datagrams too, but only once `count` of them have come from one port, and then the last one first.
pub(crate) fn reordered(count: usize, answer: fn(&[u8]) -> Vec<u8>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut held = Vec::new();
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            held.push((answer(&buffer[..length]), from));
            if held.len() == count {
                for (message, from) in held.drain(..).rev() {
                    let _ = socket.send_to(&message, from);
                }
            }
        }
    });
    address
}

/// Accepts connections on 127.0.0.1 and hands each to `serve`, one after the other.
pub(crate) fn streams(mut serve: impl FnMut(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream);
        }
    });
    address
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

/// The question as an answer with these flag bits and no records.
pub(crate) fn reply(question: &[u8], bits: u8) -> Vec<u8> {
    let mut message = question.to_vec();
    message[2] |= 0x80;
    message[3] = 0x80 | bits;
    // Without the additional section, whose OPT record stands last (11 octets).
    if message[11] == 1 {
        message.truncate(message.len() - 11);
        message[11] = 0;
    }
    message
}

/// The answer `CAA 0 issue "ca1.example"`.
pub(crate) fn good(question: &[u8]) -> Vec<u8> {
    of_ca(question, b'1')
}

/// The answer `CAA 0 issue "ca9.example"`, which no honest server gives.
pub(crate) fn evil(question: &[u8]) -> Vec<u8> {
    of_ca(question, b'9')
}

fn of_ca(question: &[u8], digit: u8) -> Vec<u8> {
    let mut message = reply(question, 0);
    message[7] = 1;
    message.extend(b"\xc0\x0c\x01\x01\0\x01\0\0\x01\x2c\0\x12\0\x05issueca");
    message.push(digit);
    message.extend(b".example");
    message
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
    let end = question.len() - if question[11] == 1 { 15 } else { 4 };
    question[12..end].make_ascii_lowercase();
    good(&question)
}
