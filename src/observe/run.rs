//! Looking at one target, with everything that its judgement will need.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::clock::Stopwatch;
use super::dns::{DnsClient, Extent};
use super::doors::Doors;
use super::files;
use super::tls::{self, TlsOptions, TlsServer};
use crate::dns_name::DnsName;
use crate::evidence::dns::{
    CaaLookup, DnsAttempt, DnsExchange, DnsFailure, DnsOutcome, DnsTransport, TlsaLookup,
};
use crate::evidence::file::{FileContent, InputFile};
use crate::evidence::revocation::Reach;
use crate::evidence::tls::{TlsObservation, TlsOutcome};
use crate::evidence::{CertificateSource, TargetEvidence};
use crate::judge::caa_names;
use crate::target::{DEFAULT_PORT, ServerTarget, Target};
use crate::x509::path::HostIdentity;
use crate::x509::{Certificate, leaf_index, read_certificates};

/// How long looking at one target may take, all attempts and look-ups together, unless the user says otherwise.
pub const AT_MOST: Duration = Duration::from_mins(2);

/// The largest certificate file that is read, in octets.
pub const MAX_CERTIFICATE_FILE: u64 = 16 << 20;

/// How to look.
#[derive(Clone, Debug)]
pub struct Looking {
    /// The resolver; `None`: the network is not to be used.
    pub dns: Option<DnsClient>,
    /// Connect here instead of to the host's own addresses.
    pub connect: Option<(IpAddr, Option<u16>)>,
    /// How to speak TLS.
    pub tls: TlsOptions,
    /// How far CAA is to be looked up; `None`: not at all.
    pub caa: Option<Extent>,
    /// Whether CAA is looked up for the host itself, too, where the certificate has it by a wildcard alone.
    pub host_caa: bool,
    /// Whether TLSA records are to be looked up.
    pub tlsa: bool,
    /// The doors to the servers, for all targets of a run.
    pub doors: Arc<Doors>,
    /// How long looking at one target may take, without what it waits at the doors.
    pub at_most: Duration,
}

/// What is left of the time for a target.
struct Left(Duration);

impl Left {
    /// Does `work` within what is left, and takes off what it took; `None` where that was not enough.
    async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let watch = Stopwatch::start();
        let done = timeout(self.0, work).await.ok();
        self.take(watch.milliseconds());
        done
    }

    fn take(&mut self, milliseconds: u64) {
        self.0 = self.0.saturating_sub(Duration::from_millis(milliseconds));
    }
}

/// Looks at one target.
pub async fn look_at(target: &Target, looking: &Looking) -> TargetEvidence {
    let mut left = Left(looking.at_most);
    let (label, source, host, tlsa) = match target {
        Target::File(path) => {
            let file = files::read(path, MAX_CERTIFICATE_FILE);
            (path.clone(), CertificateSource::File(file), None, None)
        }
        Target::Nothing { text, place, why } => {
            let content = FileContent::Failed(format!("{place}: {why}"));
            let file = InputFile { path: text.clone(), content, folder: None };
            (text.clone(), CertificateSource::File(file), None, None)
        }
        Target::Server(server) => {
            let default_port = looking.tls.starttls.map_or(DEFAULT_PORT, super::tls::Starttls::default_port);
            let (observation, tlsa) = tokio::join!(
                look_at_server(server, default_port, looking, &mut left),
                look_up_tlsa(server, default_port, looking, looking.at_most)
            );
            (server.label(default_port), CertificateSource::Tls(observation), Some(server.host.clone()), tlsa)
        }
    };
    let caa = match (&looking.dns, looking.caa) {
        (Some(dns), Some(extent)) => {
            let _place = looking.doors.place().await;
            let mut names = names_of(&source, host.as_ref());
            if let (Some(HostIdentity::Name(name)), true) = (&host, looking.host_caa) {
                names.insert(name.clone());
            }
            look_up_caa(names, (dns, extent), &left).await
        }
        _ => Vec::new(),
    };
    TargetEvidence {
        target: label,
        source,
        names_nothing: match target {
            Target::Nothing { place, .. } => Some(place.clone()),
            Target::Server(_) | Target::File(_) => None,
        },
        caa,
        ct_logs: Vec::new(),
        tlsa,
        issuance: None,
        crl_reach: Reach::default(),
        crls: None,
    }
}

/// The TLSA records of a server that has a name, looked up within this time; an address has none. `None`, too, where the
/// service's name is longer than names are.
async fn look_up_tlsa(
    server: &ServerTarget,
    default_port: u16,
    looking: &Looking,
    at_most: Duration,
) -> Option<TlsaLookup> {
    let (Some(dns), true) = (&looking.dns, looking.tlsa) else { return None };
    let HostIdentity::Name(name) = &server.host else { return None };
    let _place = looking.doors.place().await;
    let port = server.port.unwrap_or(default_port);
    match timeout(at_most, dns.look_up_tlsa(name, port, "tcp")).await {
        Ok(lookup) => lookup.ok(),
        Err(_) => unfinished_tlsa(name, port, at_most),
    }
}

async fn look_at_server(
    server: &ServerTarget,
    default_port: u16,
    looking: &Looking,
    left: &mut Left,
) -> TlsObservation {
    let port = server.port.unwrap_or(default_port);
    let (host, sni) = match &server.host {
        HostIdentity::Name(name) => (name.to_string(), Some(name.to_string())),
        HostIdentity::Address(address) => (address.to_string(), None),
    };
    let wanted = TlsServer { host, sni, port };
    let Some(dns) = &looking.dns else { return tls::not_tried(&wanted, "offline") };
    let addresses = match (looking.connect, &server.host) {
        (Some((address, own_port)), _) => Ok(vec![SocketAddr::new(address, own_port.unwrap_or(port))]),
        (None, HostIdentity::Address(address)) => Ok(vec![SocketAddr::new(*address, port)]),
        (None, HostIdentity::Name(name)) => {
            let _place = looking.doors.place().await;
            let found = left.spend(dns.addresses(name)).await;
            let found =
                found.unwrap_or_else(|| Err(format!("no answer within {} s", looking.at_most.as_secs())));
            found.map(|addresses| tls::with_port(&addresses, port))
        }
    };
    let seen = tls::observe(&wanted, addresses, &looking.tls, (&looking.doors, left.0)).await;
    // Both families are looked at at the same time.
    let took = |v6: bool| {
        let own = seen.attempts.iter().filter(|attempt| attempt.address.starts_with('[') == v6);
        own.fold(0_u64, |sum, attempt| sum.saturating_add(attempt.milliseconds))
    };
    left.take(took(false).max(took(true)));
    seen
}

/// The names whose CAA is judged.
fn names_of(source: &CertificateSource, host: Option<&HostIdentity>) -> BTreeSet<DnsName> {
    caa_names(leaf_of(source).as_ref(), host).0.into_iter().map(|name| name.base).collect()
}

/// The look-ups that come to their end within what is left; of the others it is told that they did not.
async fn look_up_caa(
    mut names: BTreeSet<DnsName>,
    (dns, extent): (&DnsClient, Extent),
    left: &Left,
) -> Vec<CaaLookup> {
    let mut tasks = JoinSet::new();
    for name in names.clone() {
        let dns = dns.clone();
        tasks.spawn(async move { dns.look_up_caa(&name, extent).await });
    }
    let deadline = Instant::now().checked_add(left.0);
    let mut lookups = Vec::new();
    loop {
        let next = match deadline {
            Some(deadline) => timeout_at(deadline, tasks.join_next()).await,
            None => Ok(tasks.join_next().await),
        };
        match next {
            Ok(Some(Ok(lookup))) => {
                names.remove(&lookup.name);
                lookups.push(lookup);
            }
            // A task that panicked must not pass for a name that was never asked.
            Ok(Some(Err(error))) => std::panic::resume_unwind(error.into_panic()),
            Ok(None) => break,
            Err(_) => {
                tasks.abort_all();
                lookups.extend(names.into_iter().map(|name| unfinished(name, left.0)));
                break;
            }
        }
    }
    lookups.sort_by(|a, b| a.name.cmp(&b.name));
    lookups
}

/// A look-up of which nothing is known but that the time was over.
fn unfinished(name: DnsName, after: Duration) -> CaaLookup {
    let step = over(name.clone(), after);
    CaaLookup { steps: vec![Arc::new(step)], ..CaaLookup::of(name) }
}

/// The same of TLSA records; `None` where the service's name is longer than names are.
fn unfinished_tlsa(host: &DnsName, port: u16, after: Duration) -> Option<TlsaLookup> {
    let name = format!("_{port}._tcp.{host}").parse().ok()?;
    let exchange = over(name, after);
    Some(TlsaLookup { host: host.clone(), port, transport: "tcp".to_owned(), exchange, dnssec: Vec::new() })
}

/// A question for which the time was over before there was an answer.
fn over(name: DnsName, after: Duration) -> DnsExchange {
    let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
    let why = "the time for this target was over before the look-up was".to_owned();
    let attempt = DnsAttempt {
        server: "none".to_owned(),
        transport: DnsTransport::Udp,
        milliseconds,
        outcome: DnsOutcome::Failed(DnsFailure::Local(why)),
    };
    DnsExchange::of(name, vec![attempt])
}

/// The certificate whose names are looked up: the one that will be judged.
fn leaf_of(source: &CertificateSource) -> Option<Certificate> {
    match source {
        CertificateSource::File(file) => {
            let certificates = read_certificates(file.octets().ok()?).ok()?;
            certificates.get(leaf_index(&certificates)?).cloned()
        }
        CertificateSource::Tls(observation) => observation.attempts.iter().find_map(|attempt| {
            let TlsOutcome::Handshake(handshake) = &attempt.outcome else { return None };
            Certificate::read(handshake.chain.first()?).ok()
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    /// A resolver that is silent holds no target up for longer than it may take, TLSA records included.
    #[test]
    fn a_silent_resolver_ends_with_the_time_for_the_target() {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let dns = DnsClient::from_address(&silent.local_addr().unwrap().to_string()).unwrap();
        let looking = Looking {
            dns: Some(dns),
            connect: None,
            tls: TlsOptions::default(),
            caa: Some(Extent { above: false, all_nameservers: false }),
            host_caa: true,
            tlsa: true,
            doors: Arc::new(Doors::default()),
            at_most: Duration::from_millis(50),
        };
        let target = Target::parse("t.example:443", |_| false).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let seen = runtime.block_on(look_at(&target, &looking));
        let is_over = |exchange: &DnsExchange| {
            let outcome = exchange.attempts.last().map(|attempt| &attempt.outcome);
            matches!(outcome, Some(DnsOutcome::Failed(DnsFailure::Local(why))) if why.contains("the time for this target"))
        };
        assert!(is_over(&seen.tlsa.unwrap().exchange));
        assert!(seen.caa.iter().flat_map(|lookup| &lookup.steps).all(|step| is_over(step)));
    }
}
