//! One server: how it is reached, how it behaved in this run, and how much it is asked at a time.

pub(super) mod address;
mod pace;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_resolver::system_conf::read_system_conf;

use self::address::{PORT, ResolverAddress};
use self::pace::{Pace, Place};
use super::https::Https;
use super::message::{Reply, Wording};
use super::question::{Manner, Question};
use super::received::Received;
use super::stream::{Dial, FromStream, Streams};
use super::udp::Lanes;
use crate::evidence::dns::{DnsFailure, DnsOutcome, DnsTransport};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it is waited for where several servers can be asked.
const PATIENCE_AMONG_SEVERAL: Duration = Duration::from_millis(1500);

/// How long it is waited for from a server that was silent before: once where it is asked for itself, and
/// [`SILENT`] times in a row where it answers for others.
const LITTLE_PATIENCE: Duration = Duration::from_secs(1);

/// After how many unanswered attempts in a row a resolver gets little patience, and is asked after the others.
const SILENT: u32 = 6;

/// How often in a row a server has to show that it cannot do something before that is taken as known.
const SHOWN: u32 = 3;

/// How many questions may be under way at a server that the user named, at first.
const AT_A_NAMED_ONE: usize = 1000;

/// How many may be under way at a server that the system names, or that was found in the DNS.
const AT_ANOTHER: usize = 100;

/// The most servers of the system that are asked, as resolv.conf(5) has it.
const MOST_SERVERS: usize = 3;

/// One server, and how it behaved in this run.
#[derive(Debug)]
pub(super) struct Server {
    /// Its name in the evidence.
    pub(super) label: String,
    route: Route,
    pace: Pace,
    /// The unanswered attempts in a row, over the first transport and over TCP after UDP.
    silent: [AtomicU32; 2],
    /// How often it answered only a question without EDNS.
    without_edns: AtomicU32,
    /// How often it lost the letter case of a name, and did not answer over TCP.
    other_case: AtomicU32,
    /// How often an answer in another letter case came, and the right one over TCP.
    tcp_alone: AtomicU32,
}

/// What a server is asked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedAs {
    /// The only resolver there is.
    OnlyResolver,
    /// One of several resolvers that may answer.
    OneOfSeveral,
    /// An authoritative server, for what it says itself.
    Authority,
}

/// How a server is reached.
#[derive(Debug)]
enum Route {
    Plain { udp: Lanes, tcp: Streams },
    Tls(Streams),
    Https(Https),
}

impl Server {
    /// A server that the user named.
    pub(super) fn named(address: ResolverAddress) -> Self {
        let at_once = match &address {
            ResolverAddress::Plain(_) => AT_A_NAMED_ONE,
            ResolverAddress::Tls(_) | ResolverAddress::Https(_) => AT_ANOTHER,
        };
        Self::new(address, at_once)
    }

    /// A server that somebody else named.
    pub(super) fn found(address: SocketAddr) -> Self {
        Self::new(ResolverAddress::Plain(address), AT_ANOTHER)
    }

    fn new(address: ResolverAddress, at_once: usize) -> Self {
        let label = address.to_string();
        let route = match address {
            ResolverAddress::Plain(address) => {
                Route::Plain { udp: Lanes::new(address), tcp: Streams::new(Dial::Tcp(address)) }
            }
            ResolverAddress::Tls(address) => Route::Tls(Streams::new(Dial::tls(address))),
            ResolverAddress::Https(url) => Route::Https(Https::new(url)),
        };
        Self {
            label,
            route,
            pace: Pace::starting_with(at_once),
            silent: <[AtomicU32; 2]>::default(),
            without_edns: AtomicU32::new(0),
            other_case: AtomicU32::new(0),
            tcp_alone: AtomicU32::new(0),
        }
    }

    /// The transport that it is asked over first.
    pub(super) fn first_transport(&self) -> DnsTransport {
        match self.route {
            Route::Plain { .. } if self.tcp_alone.load(Ordering::Relaxed) >= SHOWN => DnsTransport::Tcp,
            Route::Plain { .. } => DnsTransport::Udp,
            Route::Tls(_) => DnsTransport::Tls,
            Route::Https(_) => DnsTransport::Https,
        }
    }

    /// How to word a question to it over that transport.
    pub(super) fn wording(&self, transport: DnsTransport, manner: Manner) -> Wording {
        let knows = |counter: &AtomicU32| counter.load(Ordering::Relaxed) < SHOWN;
        Wording {
            // DNSSEC records are handed out over EDNS alone (RFC 3225 section 3): those are worth another try.
            edns: manner.dnssec_ok() || knows(&self.without_edns),
            mixed_case: transport == DnsTransport::Udp && knows(&self.other_case),
        }
    }

    /// Takes note that only the question without EDNS was answered.
    pub(super) fn answered_without_edns(&self) {
        self.without_edns.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note that only the question without mixed letter case was answered.
    pub(super) fn answered_in_other_case(&self) {
        self.other_case.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note that an answer in another letter case came, and the right one over TCP.
    pub(super) fn answered_over_tcp_alone(&self) {
        self.tcp_alone.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note of an attempt: what was understood once is not given up for the rest of the run.
    fn learn(&self, transport: DnsTransport, wording: Wording, reply: Option<Reply>) {
        let is_answer = matches!(reply, Some(Reply::Final | Reply::Truncated));
        if is_answer && wording.edns {
            self.without_edns.store(0, Ordering::Relaxed);
        }
        if reply.is_some() && wording.mixed_case {
            self.other_case.store(0, Ordering::Relaxed);
            self.tcp_alone.store(0, Ordering::Relaxed);
        }
        // No transport is held to where it does not answer.
        if reply.is_none() && transport == DnsTransport::Tcp {
            self.tcp_alone.store(0, Ordering::Relaxed);
        }
    }

    /// Whether it has not answered for some time.
    pub(super) fn is_silent(&self) -> bool {
        self.silent(self.first_transport()).load(Ordering::Relaxed) >= SILENT
    }

    /// The unanswered attempts in a row over that transport: a server may be there over one and not over the other.
    fn silent(&self, transport: DnsTransport) -> &AtomicU32 {
        let [first, tcp] = &self.silent;
        if transport == self.first_transport() { first } else { tcp }
    }

    /// How long to wait for an answer now: a server that never answers must not hold up a run.
    pub(super) fn patience(&self, transport: DnsTransport, asked: AskedAs) -> Duration {
        let silent = self.silent(transport).load(Ordering::Relaxed);
        let is_given_up = match asked {
            AskedAs::OnlyResolver | AskedAs::OneOfSeveral => silent >= SILENT,
            // It speaks for itself alone: no other server's silence can look like its own.
            AskedAs::Authority => silent > 0,
        };
        match asked {
            _ if is_given_up => LITTLE_PATIENCE,
            AskedAs::OnlyResolver | AskedAs::Authority => PATIENCE,
            AskedAs::OneOfSeveral => PATIENCE_AMONG_SEVERAL,
        }
    }

    /// Waits until it may be asked.
    pub(super) async fn place(&self) -> Place<'_> {
        self.pace.place().await
    }

    /// Asks once over one transport. The attempts are one, or two where a connection had ended under the first.
    pub(super) async fn ask(
        &self,
        question: &Question,
        transport: DnsTransport,
        wording: Wording,
        patience: Duration,
    ) -> Answered {
        let answered = match (&self.route, transport) {
            (Route::Plain { udp, .. }, DnsTransport::Udp) => {
                Answered { received: udp.ask(question, wording, patience).await, worn_out: false }
            }
            (Route::Plain { tcp, .. }, DnsTransport::Tcp) => {
                tcp.ask(question, wording, patience).await.into()
            }
            (Route::Tls(streams), DnsTransport::Tls) => {
                let answered: Answered = streams.ask(question, wording, patience).await.into();
                answered.encrypted()
            }
            (Route::Https(https), DnsTransport::Https) => {
                Answered { received: https.ask(question, wording, patience).await, worn_out: false }
            }
            _ => {
                let why = "this server is not asked over this transport".to_owned();
                let received = Received::failed(DnsFailure::Transport(why));
                Answered { received, worn_out: false }
            }
        };
        self.learn(transport, wording, answered.received.reply);
        if answered.received.reply.is_some() {
            self.silent(transport).store(0, Ordering::Relaxed);
        } else if !matches!(answered.received.outcome, DnsOutcome::Failed(DnsFailure::Local(_))) {
            self.silent(transport).fetch_add(1, Ordering::Relaxed);
        }
        self.pace.note(answered.received.lossy);
        answered
    }
}

/// What one attempt brought, and whether a new connection may do better.
pub(super) struct Answered {
    pub(super) received: Received,
    /// The connection had been of use before, and ended under the question.
    pub(super) worn_out: bool,
}

impl From<FromStream> for Answered {
    fn from(FromStream { received, worn_out }: FromStream) -> Self {
        Self { received, worn_out }
    }
}

impl Answered {
    /// What breaks under TLS is the transport: the certificate, or the way there.
    fn encrypted(mut self) -> Self {
        if let DnsOutcome::Failed(DnsFailure::Io(error)) = self.received.outcome {
            self.received.outcome = DnsOutcome::Failed(DnsFailure::Transport(error));
        }
        self
    }
}

/// The system's resolvers, or why there are none.
pub(super) fn of_system() -> Result<Vec<Server>, String> {
    let (config, _) = read_system_conf().map_err(|error| error.to_string())?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for server in config.name_servers() {
        let port = server.connections.first().map_or(PORT, |connection| connection.port);
        let address = SocketAddr::new(server.ip, port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err("the system's configuration names none".to_owned());
    }
    Ok(addresses.into_iter().take(MOST_SERVERS).map(Server::found).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silent_server_gets_less_patience_until_it_answers() {
        let server = Server::found("192.0.2.1:53".parse().unwrap());
        let patience = |asked| server.patience(DnsTransport::Udp, asked);
        assert_eq!(patience(AskedAs::OneOfSeveral), PATIENCE_AMONG_SEVERAL);
        assert_eq!(patience(AskedAs::Authority), PATIENCE);
        let silent = server.silent(DnsTransport::Udp);
        silent.store(SILENT - 1, Ordering::Relaxed);
        assert_eq!(patience(AskedAs::OnlyResolver), PATIENCE);
        assert_eq!(patience(AskedAs::Authority), LITTLE_PATIENCE);
        silent.store(SILENT, Ordering::Relaxed);
        assert_eq!(patience(AskedAs::OnlyResolver), LITTLE_PATIENCE);
        assert_eq!(server.patience(DnsTransport::Tcp, AskedAs::Authority), PATIENCE, "it is asked apart");
    }

    #[test]
    fn what_a_server_cannot_do_is_learnt_slowly() {
        let server = Server::found("192.0.2.1:53".parse().unwrap());
        let wording = |manner| server.wording(DnsTransport::Udp, manner);
        for _ in 0..SHOWN {
            assert_eq!(wording(Manner::Resolve), Wording { edns: true, mixed_case: true });
            server.answered_without_edns();
            server.answered_in_other_case();
        }
        assert_eq!(wording(Manner::Resolve), Wording { edns: false, mixed_case: false });
        assert!(wording(Manner::ResolveUnchecked).edns, "there is no DNSSEC without EDNS");
        assert!(!server.wording(DnsTransport::Tcp, Manner::Resolve).mixed_case);
    }

    #[test]
    fn what_a_server_can_do_after_all_is_not_forgotten() {
        let server = Server::found("192.0.2.1:53".parse().unwrap());
        let capable = Wording { edns: true, mixed_case: true };
        for _ in 0..4 * SHOWN {
            assert_eq!(server.wording(DnsTransport::Udp, Manner::Resolve), capable);
            assert_eq!(server.first_transport(), DnsTransport::Udp);
            server.answered_without_edns();
            server.answered_in_other_case();
            server.answered_over_tcp_alone();
            server.learn(DnsTransport::Udp, capable, Some(Reply::Final));
        }
        for _ in 0..SHOWN {
            server.answered_over_tcp_alone();
        }
        assert_eq!(server.first_transport(), DnsTransport::Tcp);
        server.learn(DnsTransport::Tcp, Wording { edns: true, mixed_case: false }, None);
        assert_eq!(server.first_transport(), DnsTransport::Udp, "where nothing comes over TCP either");
    }
}
