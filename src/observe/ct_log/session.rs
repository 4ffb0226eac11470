//! What is known of one log in this run, and how much longer it is worth asking.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::timeout;

use crate::ct::inclusion::Wanted;
use crate::evidence::file::InputFile;
use crate::evidence::http::{HttpExchange, HttpOutcome};
use crate::observe::clock::Stopwatch;
use crate::observe::http::{HttpClient, HttpRequest};

/// After how many failures in a row a log is left alone.
const MOST_FAILURES: usize = 3;

/// How long a log may keep a run waiting in all.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// What each answer may take before it counts as waiting, so that a quick log can be asked about any number of
/// certificates.
const QUICK: Duration = Duration::from_secs(1);

/// One log in this run.
#[derive(Debug)]
pub(super) struct Session {
    /// The file of the tree head that was kept, as it was before this run.
    pub(super) kept: Option<InputFile>,
    answers: Answers,
    /// Failures in a row.
    failures: usize,
    /// How long the log may keep the run waiting yet.
    patience: Duration,
    /// Why the log is left alone, once it is.
    given_up: Option<String>,
}

impl Session {
    /// A log that was not asked yet.
    pub(super) fn new(kept: Option<InputFile>, patience: Duration) -> Self {
        Self { kept, answers: Answers::default(), failures: 0, patience, given_up: None }
    }

    /// What the log answers there, or answered before; or why it is left alone.
    pub(super) async fn get(&mut self, wanted: Wanted, http: &HttpClient) -> Result<HttpExchange, String> {
        if let Some(known) = self.answers.get(&wanted.url) {
            return Ok(known.clone());
        }
        if let Some(why) = &self.given_up {
            return Err(why.clone());
        }
        let watch = Stopwatch::start();
        let asking = http.get(HttpRequest::new(wanted.url, wanted.max_octets));
        let answered = timeout(self.patience.saturating_add(QUICK), asking).await;
        let delay = Duration::from_millis(watch.milliseconds()).saturating_sub(QUICK);
        self.patience = self.patience.saturating_sub(delay);
        let Ok(exchange) = answered else {
            return Err(self.give_up(format!("there was no answer to the end: {}", waited_too_long())));
        };
        self.failures = if is_answered(&exchange) { 0 } else { self.failures.saturating_add(1) };
        if self.failures >= MOST_FAILURES {
            self.give_up(format!(
                "it was not asked for, because the log failed {MOST_FAILURES} times in a row"
            ));
        } else if self.patience.is_zero() {
            self.give_up(format!("it was not asked for: {}", waited_too_long()));
        }
        self.answers.remember(exchange.clone());
        Ok(exchange)
    }

    fn give_up(&mut self, why: String) -> String {
        self.given_up.insert(why).clone()
    }
}

fn waited_too_long() -> String {
    format!("the log kept this run waiting for too long, {} seconds in all", PATIENCE.as_secs())
}

/// The answers of a log that are remembered for the next target: the first one, which is the tree head, and the newest
/// of the others.
#[derive(Debug, Default)]
struct Answers {
    by_url: HashMap<String, HttpExchange>,
    /// Those that may go, the oldest first.
    order: VecDeque<String>,
    /// The octets of those.
    octets: usize,
}

impl Answers {
    /// How many octets of answers are remembered beside the tree head.
    const MOST: usize = 4 << 20;

    fn get(&self, url: &str) -> Option<&HttpExchange> {
        self.by_url.get(url)
    }

    /// Remembers an answer; the oldest go where there is no room.
    fn remember(&mut self, exchange: HttpExchange) {
        let octets = octets_of(&exchange);
        if octets > Self::MOST || self.by_url.contains_key(&exchange.url) {
            return;
        }
        if !self.by_url.is_empty() {
            self.order.push_back(exchange.url.clone());
            self.octets = self.octets.saturating_add(octets);
        }
        self.by_url.insert(exchange.url.clone(), exchange);
        while self.octets > Self::MOST {
            let Some(oldest) = self.order.pop_front().and_then(|url| self.by_url.remove(&url)) else {
                return;
            };
            self.octets = self.octets.saturating_sub(octets_of(&oldest));
        }
    }
}

/// Whether the log said anything of its own: even that something is not there.
fn is_answered(exchange: &HttpExchange) -> bool {
    match exchange.outcome() {
        Some(HttpOutcome::Response(response)) => response.status < 500 && response.status != 429,
        Some(HttpOutcome::Failed(_)) | None => false,
    }
}

/// The octets of an answer's bodies, and of what it takes to remember it.
fn octets_of(exchange: &HttpExchange) -> usize {
    let body = |outcome: &HttpOutcome| match outcome {
        HttpOutcome::Response(response) => response.body.len(),
        HttpOutcome::Failed(_) => 0,
    };
    let bodies = exchange.attempts.iter().map(|attempt| body(&attempt.outcome));
    bodies.fold(exchange.url.len().saturating_mul(2), usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::http::{HttpAttempt, HttpResponse};

    fn exchange(url: &str, octets: usize) -> HttpExchange {
        let body = Bytes(vec![0; octets]);
        let response = HttpResponse { status: 200, etag: None, last_modified: None, retry_after: None, body };
        let outcome = HttpOutcome::Response(response);
        HttpExchange { url: url.to_owned(), attempts: vec![HttpAttempt { milliseconds: 1, outcome }] }
    }

    #[test]
    fn the_oldest_answers_go_and_the_tree_head_stays() {
        let mut answers = Answers::default();
        answers.remember(exchange("head", 100));
        for number in 0..12 {
            answers.remember(exchange(&number.to_string(), 1 << 20));
            let newest = answers.get(&number.to_string());
            assert!(newest.is_some(), "{number}: the newest one is remembered, however many came before");
        }
        assert!(answers.get("head").is_some());
        let known: Vec<u32> = (0..12).filter(|number| answers.get(&number.to_string()).is_some()).collect();
        assert_eq!(known, [9, 10, 11]);
        answers.remember(exchange("huge", Answers::MOST));
        assert!(answers.get("huge").is_none() && answers.get("11").is_some());
        assert!(answers.octets <= Answers::MOST && answers.order.len() + 1 == answers.by_url.len());
    }

    /// A log that answers every request with 503 and asks for five seconds.
    fn busy() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(
                    b"HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_log_that_always_asks_for_time_is_left_alone() {
        let http = HttpClient::new().unwrap();
        let mut session = Session::new(None, Duration::from_millis(500));
        let url = busy();
        let wanted = |path: &str| Wanted { url: format!("{url}/{path}"), max_octets: 10 };
        let first = tokio::time::timeout(Duration::from_secs(4), session.get(wanted("head"), &http)).await;
        assert!(first.unwrap().unwrap_err().contains("waiting for too long"));
        assert!(session.patience.is_zero());
        let next =
            tokio::time::timeout(Duration::from_millis(100), session.get(wanted("other"), &http)).await;
        assert!(next.unwrap().unwrap_err().contains("waiting for too long"), "it is not asked again");
    }
}
