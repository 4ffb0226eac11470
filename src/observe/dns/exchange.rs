//! One question, with every attempt it takes: several servers, TCP where UDP cuts off, without EDNS where it
//! is not understood, and again after a pause where nothing came.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::message::{Query, Reply};
use super::question::Question;
use super::servers::Server;
use super::transport::{Received, tcp, udp};
use crate::evidence::dns::{DnsAttempt, DnsFailure, DnsOutcome, DnsTransport};
use crate::observe::clock::Stopwatch;

/// How long one question may take, all attempts together; the last attempt may end a little later.
const BUDGET: Duration = Duration::from_secs(9);

/// How often every server is asked.
const ROUNDS: u32 = 3;

/// The pause before the second round; it grows by itself with every round.
const PAUSE: Duration = Duration::from_millis(200);

/// How asking one server ended.
enum End {
    /// With an answer.
    Answered,
    /// With an error that the server gave.
    Refused,
    /// With nothing usable.
    Unheard,
}

/// Asks the servers in turn until one answers or the budget is spent.
pub(super) async fn ask(question: &Question, servers: &[Server]) -> Vec<DnsAttempt> {
    let mut asking = Asking { question, attempts: Vec::new(), deadline: Instant::now() + BUDGET };
    let most_refusals = servers.len().max(2);
    let mut refusals = 0;
    'rounds: for round in 0..ROUNDS {
        sleep(PAUSE * round).await;
        for server in servers {
            match asking.server(server).await {
                End::Answered => break 'rounds,
                End::Refused => refusals += 1,
                End::Unheard => {}
            }
            // A server's error is asked about once more at most.
            if refusals >= most_refusals || asking.is_over() {
                break 'rounds;
            }
        }
    }
    asking.attempts
}

/// Asks one server over one transport, once, and without EDNS where it does not understand that.
pub(super) async fn ask_over(
    question: &Question,
    server: &Server,
    transport: DnsTransport,
) -> Vec<DnsAttempt> {
    let mut asking = Asking { question, attempts: Vec::new(), deadline: Instant::now() + BUDGET };
    if asking.attempt(server, transport, true).await == Some(Reply::NotUnderstood) {
        asking.attempt(server, transport, false).await;
    }
    asking.attempts
}

/// A question under way.
struct Asking<'a> {
    question: &'a Question,
    attempts: Vec<DnsAttempt>,
    deadline: Instant,
}

impl Asking<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Asks one server; ends with the attempt that stands.
    async fn server(&mut self, server: &Server) -> End {
        let mut reply = self.attempt(server, DnsTransport::Udp, true).await;
        let mut edns = true;
        if reply == Some(Reply::NotUnderstood) {
            edns = false;
            reply = self.attempt(server, DnsTransport::Udp, edns).await;
        }
        if reply == Some(Reply::Truncated) {
            reply = self.attempt(server, DnsTransport::Tcp, edns).await;
        }
        match reply {
            Some(Reply::Final) => End::Answered,
            // Cut off even over TCP: the server cannot say it all.
            Some(Reply::NotUnderstood | Reply::Refused | Reply::Truncated) => End::Refused,
            None => End::Unheard,
        }
    }

    async fn attempt(&mut self, server: &Server, transport: DnsTransport, edns: bool) -> Option<Reply> {
        let watch = Stopwatch::start();
        let received = match Query::new(self.question, edns) {
            Err(error) => Received { outcome: DnsOutcome::Failed(DnsFailure::Io(error)), reply: None },
            Ok(query) => match transport {
                DnsTransport::Udp => udp(server.address, &query, server.patience()).await,
                _ => tcp(server.address, &query, server.patience()).await,
            },
        };
        server.answered(received.reply.is_some());
        self.attempts.push(DnsAttempt {
            server: server.address.to_string(),
            transport,
            milliseconds: watch.milliseconds(),
            outcome: received.outcome,
        });
        received.reply
    }
}
