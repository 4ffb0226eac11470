//! Alerts on their way to real hooks, receivers and mail servers, and what `watch` says of itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod world;

#[path = "watch_alerts/hooks.rs"]
mod hooks;
#[path = "watch_alerts/mails.rs"]
mod mails;
#[path = "watch_alerts/outbox.rs"]
mod outbox;
#[path = "watch_alerts/scrapes.rs"]
mod scrapes;
#[path = "watch_alerts/webhooks.rs"]
mod webhooks;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use pinstead::watch::alert::Notice;
use pinstead::watch::state::{Alert, NewAlert, Place, State, StateOptions};
use serde_json::json;

/// Longer than any test.
const LONG: Duration = Duration::from_mins(1);

/// An alert's payload with every part.
fn payload(title: &str) -> String {
    let details = json!({"sha256": "ab12", "names": ["a.example", "*.a.example"]});
    json!({"title": title, "severity": "high", "text": "first line\nsecond line", "details": details})
        .to_string()
}

fn notice_of(payload: String) -> Notice {
    Notice::new(&Alert {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        kind: "certificate".to_owned(),
        subject: "ab12".to_owned(),
        created: "2026-11-22T05:00:00Z".parse().unwrap(),
        payload,
    })
}

fn notice() -> Notice {
    notice_of(payload("A certificate was issued"))
}

/// A new state whose alerts go to these channels.
async fn state(folder: &tempfile::TempDir, channels: &[&str]) -> (Place, State) {
    let place = Place::File(folder.path().join("state.db"));
    let channels = channels.iter().map(|name| (*name).to_owned()).collect();
    let options = StateOptions { channels, most_octets: None };
    let state = State::open(&place, &options).await.unwrap();
    (place, state)
}

/// Adds an alert of this title, and gives its id.
async fn add(state: &State, title: &str) -> String {
    let alert =
        NewAlert { kind: "certificate".to_owned(), subject: title.to_owned(), payload: payload(title) };
    state.add_alert(&alert).await.unwrap().unwrap()
}

/// A request as it came.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What a receiver does with a request.
#[derive(Clone)]
enum Answer {
    /// It says this, and closes.
    Says(String),
    /// It closes without a word.
    Closes,
    /// It is silent until the other side goes.
    Hangs,
}

fn status(line: &str, more: &str) -> Answer {
    Answer::Says(format!("HTTP/1.1 {line}\r\nConnection: close\r\n{more}\r\n"))
}

/// A receiver that answers the requests in turn, the last answer again and again.
struct Receiver {
    address: SocketAddr,
    requests: mpsc::Receiver<Request>,
}

impl Receiver {
    fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::channel();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let answer = answers[number.min(answers.len() - 1)].clone();
                let sender = sender.clone();
                std::thread::spawn(move || answered(&stream, &answer, &sender));
            }
        });
        Self { address, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn next(&self) -> Request {
        self.requests.recv_timeout(LONG).expect("a request")
    }

    fn is_silent(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn answered(mut stream: &TcpStream, answer: &Answer, sender: &mpsc::Sender<Request>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let mut request = Request { head, body: Vec::new() };
    let length = request.field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).unwrap();
    // Who asks may have gone since, and the test may be over.
    let _ = sender.send(request);
    match answer {
        Answer::Says(text) => drop(stream.write_all(text.as_bytes())),
        Answer::Closes => {}
        Answer::Hangs => drop(reader.read(&mut [0])),
    }
}
