//! One connection: requests one after the other, each with its answer (RFC 9112).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::Logs;
use super::answer::{Answer, answer};
use crate::world::Form;

/// The most octets of a request's head.
const MAX_HEAD: u64 = 16 << 10;
/// How long a connection may say nothing.
const IDLE: Duration = Duration::from_mins(2);

pub(super) fn serve(stream: &TcpStream, form: Form, logs: &Logs) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let mut reader = BufReader::with_capacity(4 << 10, stream);
    let mut answered = Answer::default();
    while let Some(request) = read_head(&mut reader)? {
        answered.clear();
        answer(&request.target, form, logs, &mut answered)?;
        let (mut stream, goes_on) = (stream, if request.closes { "close" } else { "keep-alive" });
        let encoding = if answered.is_gzip { "Content-Encoding: gzip\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\n{encoding}Content-Length: {}\r\nConnection: {goes_on}\r\n\r\n",
            answered.status,
            answered.content_type,
            answered.body.len(),
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&answered.body)?;
        if request.closes {
            break;
        }
    }
    Ok(())
}

struct Request {
    target: String,
    closes: bool,
}

/// The next request's head; `None` where the peer has no more.
fn read_head(reader: &mut BufReader<&TcpStream>) -> anyhow::Result<Option<Request>> {
    let mut head = reader.take(MAX_HEAD);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    let ["GET", target, version] = words.as_slice() else { anyhow::bail!("no GET") };
    let target = (*target).to_owned();
    let mut closes = *version == "HTTP/1.0";
    loop {
        let mut field = String::new();
        if head.read_line(&mut field)? == 0 {
            anyhow::bail!("a head without end");
        }
        let field = field.trim_end().to_ascii_lowercase();
        if field.is_empty() {
            return Ok(Some(Request { target, closes }));
        }
        if let Some(value) = field.strip_prefix("connection:") {
            closes = value.trim() == "close";
        }
    }
}
