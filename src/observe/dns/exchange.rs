//! One question, with every attempt it takes: several servers, TCP where UDP cuts off, without EDNS where it is not
//! understood, without mixed letter case where that is not kept, and again after a pause where nothing came.

use std::time::Duration;

use tokio::time::sleep;

use super::message::{Reply, Wording};
use super::question::Question;
use super::received::Received;
use super::server::{AskedAs, Server};
use crate::evidence::dns::{DnsAttempt, DnsTransport};
use crate::observe::clock::Stopwatch;

/// How long one question may be under way, all attempts together; the last attempt may end a little later.
const BUDGET_MILLISECONDS: u64 = 9_000;

/// How often every server is asked.
pub(super) const ROUNDS: u32 = 3;

/// The pause before the second round; it grows by itself with every round.
const PAUSE: Duration = Duration::from_millis(200);

/// How asking one server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With an answer.
    Answered,
    /// With an error that the server gave.
    Refused,
    /// With nothing usable.
    Unheard,
}

/// Asks the servers in turn until one answers, or the budget or the rounds are over.
pub(super) async fn ask(question: &Question, servers: &[Server], rounds: u32) -> Vec<DnsAttempt> {
    let asked_as = if servers.len() < 2 { AskedAs::OnlyResolver } else { AskedAs::OneOfSeveral };
    let mut asking = Asking { question, attempts: Vec::with_capacity(1), asked_as };
    let most_refusals = servers.len().max(2);
    let mut refusals = 0;
    let mut heard = false;
    'rounds: for round in 0..rounds {
        if round > 0 {
            sleep(PAUSE * round).await;
        }
        // Servers that are silent are asked after those that are not.
        for silent in [false, true] {
            for server in servers.iter().filter(|server| server.is_silent() == silent) {
                // Silence may be a server's answer to EDNS, or to mixed letter case.
                let plainly = round + 1 == ROUNDS && !heard;
                match asking.server(server, plainly).await {
                    End::Answered => break 'rounds,
                    End::Refused => (refusals, heard) = (refusals + 1, true),
                    End::Unheard => {}
                }
                // A server's error is asked about once more at most.
                if refusals >= most_refusals || asking.is_over() {
                    break 'rounds;
                }
            }
        }
    }
    asking.attempts
}

/// Asks one server over one transport, once, and more plainly where it does not understand that.
pub(super) async fn ask_over(
    question: &Question,
    server: &Server,
    transport: DnsTransport,
) -> Vec<DnsAttempt> {
    let mut asking = Asking { question, attempts: Vec::with_capacity(1), asked_as: AskedAs::Authority };
    let _place = server.place().await;
    asking.over(server, transport, server.wording(transport, question.manner)).await;
    asking.attempts
}

/// A question under way.
struct Asking<'a> {
    question: &'a Question,
    attempts: Vec<DnsAttempt>,
    asked_as: AskedAs,
}

impl Asking<'_> {
    /// Whether the time is up. What a question waited for its turn does not count.
    fn is_over(&self) -> bool {
        self.attempts.iter().map(|attempt| attempt.milliseconds).sum::<u64>() >= BUDGET_MILLISECONDS
    }

    /// Asks one server; ends with the attempt that stands.
    async fn server(&mut self, server: &Server, plainly: bool) -> End {
        let _place = server.place().await;
        let transport = server.first_transport();
        let mut wording = server.wording(transport, self.question.manner);
        if plainly {
            wording = Wording { edns: false, mixed_case: false };
        }
        let (mut received, mut worded) = self.over(server, transport, wording).await;
        if received.reply.is_some() && plainly && !worded.edns {
            server.answered_without_edns();
        }
        if received.reply == Some(Reply::Truncated) && transport == DnsTransport::Udp {
            worded.mixed_case = false;
            received = self.over(server, DnsTransport::Tcp, worded).await.0;
        }
        match received.reply {
            Some(Reply::Final) => End::Answered,
            // Cut off even over TCP: the server cannot say it all.
            Some(Reply::NotUnderstood | Reply::Refused | Reply::Truncated) => End::Refused,
            None => End::Unheard,
        }
    }

    /// Asks over one transport, and again more plainly where the server shows that it does not understand.
    async fn over(
        &mut self,
        server: &Server,
        transport: DnsTransport,
        mut wording: Wording,
    ) -> (Told, Wording) {
        let mut told = self.attempt(server, transport, wording).await;
        if told.other_case {
            wording.mixed_case = false;
            told = self.attempt(server, transport, wording).await;
            if told.reply.is_some() {
                server.answered_in_other_case();
            }
        }
        // An answer without DNSSEC records (RFC 3225 section 3) is still an answer; what it proves is judged apart.
        if told.reply == Some(Reply::NotUnderstood) && wording.edns {
            wording.edns = false;
            told = self.attempt(server, transport, wording).await;
            if matches!(told.reply, Some(Reply::Final | Reply::Truncated)) {
                server.answered_without_edns();
            }
        }
        (told, wording)
    }

    /// One attempt, and another where a connection ended under it that had been of use before.
    async fn attempt(&mut self, server: &Server, transport: DnsTransport, wording: Wording) -> Told {
        let (told, worn_out) = self.once(server, transport, wording).await;
        if worn_out { self.once(server, transport, wording).await.0 } else { told }
    }

    async fn once(&mut self, server: &Server, transport: DnsTransport, wording: Wording) -> (Told, bool) {
        let watch = Stopwatch::start();
        let patience = server.patience(transport, self.asked_as);
        let answered = server.ask(self.question, transport, wording, patience).await;
        let Received { outcome, reply, other_case, .. } = answered.received;
        self.attempts.push(DnsAttempt {
            server: server.label.clone(),
            transport,
            milliseconds: watch.milliseconds(),
            outcome,
        });
        (Told { reply, other_case }, answered.worn_out)
    }
}

/// What an attempt says about the next one.
#[derive(Clone, Copy, Debug)]
struct Told {
    reply: Option<Reply>,
    other_case: bool,
}
