//! The chain that pins are compared with: out of a file, or as the server shows it now.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use crate::ca::CaTable;
use crate::cli::options::NetworkOptions;
use crate::cli::runtime;
use crate::evidence::tls::{TlsObservation, TlsOutcome};
use crate::evidence::{Bytes, CertificateSource};
use crate::observe::files;
use crate::observe::run::{AT_MOST, Looking, look_at};
use crate::observe::tls::{Starttls, TlsOptions};
use crate::pins::off_path;
use crate::target::{DEFAULT_PORT, ServerTarget, Target};
use crate::x509::path::{self, Anchors, ChainVerdict, HostIdentity, Life, NameMatch, Trust};
use crate::x509::paths::{ClientPath, client_paths};
use crate::x509::{Certificate, PathCertificate, SpkiSha256, read_certificates};

/// The longest file of certificates that is read, in octets.
const LONGEST_CHAIN_FILE: u64 = 4 << 20;

/// A chain as it was served.
pub(super) struct Served {
    /// Where it came from, for people.
    pub(super) source: String,
    /// Its certificates, leaf first.
    pub(super) certificates: Vec<Certificate>,
}

/// The path of a chain, and the keys that the server sends beside it.
pub(super) struct Built {
    pub(super) path: Vec<PathCertificate>,
    pub(super) off_path: Vec<SpkiSha256>,
    /// Every one that some client could build.
    pub(super) possible: Vec<ClientPath>,
    /// Why clients refuse it for the host, whatever is pinned.
    pub(super) unfit: Option<String>,
}

impl Served {
    /// The chain of a file.
    pub(super) fn of_file(file: &str) -> anyhow::Result<Self> {
        Ok(Self { source: file.to_owned(), certificates: certificates(file)? })
    }

    /// Why clients refuse the chain for the host, by its name or its dates.
    fn unfit(&self, verdict: &ChainVerdict, host: Option<&HostIdentity>) -> Option<String> {
        let leaf = self.certificates.first()?;
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let mut said = Vec::new();
        match verdict.life {
            Life::Current => {}
            Life::NotYet => said.push(format!("begins on {}", day(leaf.not_before))),
            Life::Expired => said.push(format!("ended on {}", day(leaf.not_after))),
        }
        if let (NameMatch::Differs, Some(host)) = (&verdict.name, host) {
            let host = match host {
                HostIdentity::Name(name) => name.to_string(),
                HostIdentity::Address(address) => address.to_string(),
            };
            said.push(format!("is not for {host}"));
        }
        (!said.is_empty()).then(|| {
            format!(
                "the certificate in {} {}: clients refuse it whatever they pin, and the pins are compared with it all \
                 the same",
                self.source,
                said.join(" and ")
            )
        })
    }

    /// The path from the leaf to an anchor, or why there is none: what pins match on a path that no client builds
    /// says nothing of clients.
    pub(super) fn path(
        &self,
        host: Option<&HostIdentity>,
        anchors: &Anchors,
        at: Timestamp,
    ) -> Result<Built, String> {
        let Some(verdict) = path::judge(&self.certificates, host, anchors, at) else {
            return Err(format!("{} holds no certificate", self.source));
        };
        let built_for = match verdict.trust {
            Trust::TrustedAtAnotherTime { at } => at,
            _ => at,
        };
        match verdict.trust {
            Trust::Trusted | Trust::TrustedAtAnotherTime { .. } => {
                let graph = |key: &SpkiSha256| CaTable.certificates(key).collect();
                Ok(Built {
                    unfit: self.unfit(&verdict, host),
                    off_path: off_path(&self.certificates, &verdict.path),
                    possible: client_paths(&self.certificates, anchors, &graph, built_for),
                    path: verdict.path,
                })
            }
            Trust::Untrusted { reason } | Trust::Unknown { reason } => Err(format!(
                "the chain in {} leads to no anchor of {} ({reason})",
                self.source, verdict.anchors
            )),
        }
    }
}

/// The port of a server that names none.
pub(super) fn default_port(network: &NetworkOptions) -> u16 {
    network.starttls.map_or(DEFAULT_PORT, Starttls::default_port)
}

/// Asks the server for its chain at each address family, and gives each chain once, or why it cannot be used; at least
/// one.
pub(super) fn fetch(
    server: &ServerTarget,
    network: &NetworkOptions,
) -> anyhow::Result<Vec<Result<Served, String>>> {
    if network.offline {
        bail!("the chain of a server needs the network: leave out --offline, or give the chain with --chain");
    }
    let looking = Looking {
        dns: network.client()?,
        connect: network.connect,
        tls: TlsOptions { starttls: network.starttls, ..TlsOptions::default() },
        caa: None,
        host_caa: false,
        tlsa: false,
        doors: Arc::default(),
        at_most: AT_MOST,
    };
    let seen = runtime()?.block_on(look_at(&Target::Server(server.clone()), &looking));
    Ok(match &seen.source {
        CertificateSource::Tls(observation) => shown(&seen.target, observation),
        CertificateSource::File(_) => vec![Err(format!("{} is no server", seen.target))],
    })
}

/// The chains of the handshakes: one for each that differs, named by its address where there are several.
fn shown(label: &str, observation: &TlsObservation) -> Vec<Result<Served, String>> {
    let mut distinct: Vec<(&str, &[Bytes])> = Vec::new();
    let mut failures = Vec::new();
    for attempt in &observation.attempts {
        match &attempt.outcome {
            TlsOutcome::Handshake(handshake) => {
                if distinct.iter().all(|(_, chain)| *chain != handshake.chain) {
                    distinct.push((&attempt.address, &handshake.chain));
                }
            }
            TlsOutcome::Failed { error, .. } => failures.push(format!("{}: {error}", attempt.address)),
        }
    }
    if distinct.is_empty() {
        let why: Vec<String> = observation.resolution_failure.iter().cloned().chain(failures).collect();
        return vec![Err(format!("{label} showed no chain ({})", why.join("; ")))];
    }
    for failure in failures {
        super::note(&format!("no chain was shown by {failure}; the pins are compared without it"));
    }
    let several = distinct.len() > 1;
    let served = |(address, chain): (&str, &[Bytes])| {
        let source = if several { format!("{label} at {address}") } else { label.to_owned() };
        let certificates: Result<Vec<Certificate>, _> =
            chain.iter().map(|der| Certificate::read(der)).collect();
        match certificates {
            Ok(certificates) => Ok(Served { source, certificates }),
            Err(error) => Err(format!("{source} showed a certificate that cannot be read ({error})")),
        }
    };
    distinct.into_iter().map(served).collect()
}

/// The anchors of a file, or the embedded ones.
pub(super) fn anchors(file: Option<&str>) -> anyhow::Result<Anchors> {
    file.map_or_else(|| Ok(Anchors::embedded()), |file| Ok(Anchors::given(certificates(file)?, file)))
}

fn certificates(file: &str) -> anyhow::Result<Vec<Certificate>> {
    let input = files::read(file, LONGEST_CHAIN_FILE);
    let octets =
        input.octets().map_err(|why| anyhow::anyhow!("{why}")).with_context(|| format!("reading {file}"))?;
    read_certificates(octets).with_context(|| format!("reading {file}"))
}

/// A server as the user wrote it.
pub(super) fn parse_server(text: &str) -> Result<ServerTarget, String> {
    match Target::parse(text, files::exists) {
        Ok(Target::Server(server)) => Ok(server),
        Ok(Target::File(file)) => Err(format!("{file} is a file, not a server")),
        Ok(Target::Nothing { why, .. }) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}
