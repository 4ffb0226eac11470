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

/// How much longer than it was to wait an attempt may count: more went by while this process stood still.
const WAITED_LONGER: Duration = Duration::from_millis(200);

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
    let mut asking = Asking::new(question, asked_as);
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
    let mut asking = Asking { transport_is_given: true, ..Asking::new(question, AskedAs::Authority) };
    let _place = server.place().await;
    asking.over(server, transport, server.wording(transport, question.manner)).await;
    asking.attempts
}

/// A question under way.
struct Asking<'a> {
    question: &'a Question,
    attempts: Vec<DnsAttempt>,
    asked_as: AskedAs,
    /// Whether it is asked over one transport, whatever comes.
    transport_is_given: bool,
    /// What the attempts count, in milliseconds.
    spent: u64,
}

impl<'a> Asking<'a> {
    fn new(question: &'a Question, asked_as: AskedAs) -> Self {
        let attempts = Vec::with_capacity(1);
        Self { question, attempts, asked_as, transport_is_given: false, spent: 0 }
    }
}

impl Asking<'_> {
    /// Whether the time is up. What a question waited for its turn does not count.
    fn is_over(&self) -> bool {
        self.spent >= BUDGET_MILLISECONDS
    }

    /// Counts what an attempt took, as far as it was waiting for the server.
    fn spend(&mut self, milliseconds: u64, patience: Duration) {
        let most = (patience + WAITED_LONGER).as_millis();
        self.spent = self.spent.saturating_add(milliseconds.min(u64::try_from(most).unwrap_or(u64::MAX)));
    }

    /// Asks one server; ends with the attempt that stands.
    async fn server(&mut self, server: &Server, plainly: bool) -> End {
        let _place = server.place().await;
        let transport = server.first_transport();
        let mut wording = server.wording(transport, self.question.manner);
        if plainly {
            wording = Wording { edns: false, mixed_case: false };
        }
        let (mut told, mut worded) = self.over(server, transport, wording).await;
        if told.reply.is_some() && plainly && !worded.edns {
            server.answered_without_edns();
        }
        if told.reply == Some(Reply::Truncated) && told.transport == DnsTransport::Udp {
            worded.mixed_case = false;
            told = self.over(server, DnsTransport::Tcp, worded).await.0;
        }
        match told.reply {
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
        mut transport: DnsTransport,
        mut wording: Wording,
    ) -> (Told, Wording) {
        let mut told = self.attempt(server, transport, wording).await;
        if told.other_case {
            wording.mixed_case = false;
            // Over a connection letter case need not tell the server from a forger, who may have sent that answer.
            if !self.transport_is_given {
                told = self.attempt(server, DnsTransport::Tcp, wording).await;
            }
            if told.reply.is_some() {
                transport = DnsTransport::Tcp;
                server.answered_over_tcp_alone();
            } else {
                told = self.attempt(server, transport, wording).await;
                if told.reply.is_some() {
                    server.answered_in_other_case();
                }
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
        let milliseconds = watch.milliseconds();
        self.spend(milliseconds, patience);
        self.attempts.push(DnsAttempt { server: server.label.clone(), transport, milliseconds, outcome });
        (Told { reply, transport, other_case }, answered.worn_out)
    }
}

/// What an attempt says about the next one.
#[derive(Clone, Copy, Debug)]
struct Told {
    reply: Option<Reply>,
    transport: DnsTransport,
    other_case: bool,
}

#[cfg(test)]
mod tests {
    use super::super::question::Manner;
    use super::*;

    #[test]
    fn a_stall_of_this_process_does_not_use_up_the_time() {
        let question = Question::caa(&"t.example".parse().unwrap(), Manner::Resolve);
        let mut asking = Asking::new(&question, AskedAs::OnlyResolver);
        asking.spend(60_000, Duration::from_secs(3));
        assert!(!asking.is_over(), "one attempt of 3 s");
        asking.spend(3_000, Duration::from_secs(3));
        asking.spend(3_000, Duration::from_secs(3));
        assert!(asking.is_over());
    }
}
