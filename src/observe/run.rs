//! Looking at one target, with everything that its judgement will need.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::dns::{DnsClient, Extent};
use super::files;
use super::tls::{self, TlsOptions, TlsServer};
use crate::dns_name::DnsName;
use crate::evidence::dns::TlsaLookup;
use crate::evidence::revocation::Reach;
use crate::evidence::tls::{TlsObservation, TlsOutcome};
use crate::evidence::{CertificateSource, TargetEvidence};
use crate::judge::caa_names;
use crate::target::{DEFAULT_PORT, ServerTarget, Target};
use crate::x509::path::HostIdentity;
use crate::x509::{Certificate, leaf_index, read_certificates};

/// How many targets may be looked at at the same time.
pub const TARGETS_AT_ONCE: usize = 16;

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
    /// Whether TLSA records are to be looked up.
    pub tlsa: bool,
}

/// Looks at one target.
pub async fn look_at(target: &Target, looking: &Looking) -> TargetEvidence {
    let (label, source, host, tlsa) = match target {
        Target::File(path) => {
            let file = files::read(path, MAX_CERTIFICATE_FILE);
            (path.clone(), CertificateSource::File(file), None, None)
        }
        Target::Server(server) => {
            let default_port = looking.tls.starttls.map_or(DEFAULT_PORT, super::tls::Starttls::default_port);
            let (observation, tlsa) = tokio::join!(
                look_at_server(server, default_port, looking),
                look_up_tlsa(server, default_port, looking)
            );
            (server.label(default_port), CertificateSource::Tls(observation), Some(server.host.clone()), tlsa)
        }
    };
    let caa = match (&looking.dns, looking.caa) {
        (Some(dns), Some(extent)) => look_up_caa(&source, host.as_ref(), dns, extent).await,
        _ => Vec::new(),
    };
    TargetEvidence {
        target: label,
        source,
        caa,
        ct_logs: Vec::new(),
        tlsa,
        issuance: None,
        crl_reach: Reach::default(),
        crls: None,
    }
}

/// The TLSA records of a server that has a name; an address has none. `None`, too, where the service's name is longer
/// than names are.
async fn look_up_tlsa(server: &ServerTarget, default_port: u16, looking: &Looking) -> Option<TlsaLookup> {
    let (Some(dns), true) = (&looking.dns, looking.tlsa) else { return None };
    let HostIdentity::Name(name) = &server.host else { return None };
    dns.look_up_tlsa(name, server.port.unwrap_or(default_port), "tcp").await.ok()
}

async fn look_at_server(server: &ServerTarget, default_port: u16, looking: &Looking) -> TlsObservation {
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
            dns.addresses(name).await.map(|addresses| tls::with_port(&addresses, port))
        }
    };
    tls::observe(&wanted, addresses, &looking.tls).await
}

async fn look_up_caa(
    source: &CertificateSource,
    host: Option<&HostIdentity>,
    dns: &DnsClient,
    extent: Extent,
) -> Vec<crate::evidence::dns::CaaLookup> {
    let leaf = leaf_of(source);
    let names: BTreeSet<DnsName> =
        caa_names(leaf.as_ref(), host).0.into_iter().map(|name| name.base).collect();
    let mut tasks = JoinSet::new();
    for name in names {
        let dns = dns.clone();
        tasks.spawn(async move { dns.look_up_caa(&name, extent).await });
    }
    let mut lookups = tasks.join_all().await;
    lookups.sort_by(|a, b| a.name.cmp(&b.name));
    lookups
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
