//! Options about the DNS.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::evidence::file::InputFile;
use crate::observe::dns::dnssec::{Anchors, DnssecMode, MAX_ANCHOR_FILE};
use crate::observe::dns::{DnsClient, Extent};
use crate::observe::files::{self, FileIdentity};

/// How to ask the DNS.
#[derive(Debug, Args)]
#[command(next_help_heading = "DNS")]
pub(super) struct DnsOptions {
    /// Ask this resolver instead of the system's: ADDR[:PORT], tls://HOST[:PORT] or https://HOST/PATH; may be repeated,
    /// and the next one is asked where one fails
    #[arg(long = "resolver", value_name = "ADDR|URL")]
    pub(super) resolvers: Vec<String>,
    /// Who validates DNSSEC: this program, the resolver (trusted, with the way to it), or nobody [default: validate, as
    /// far as the resolver hands out DNSSEC records; written out, no answer counts without]
    #[arg(long, value_enum)]
    dnssec: Option<DnssecOption>,
    /// Validate from these DS or DNSKEY records (a zone file) instead of the root's keys
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
}

/// Whether the authoritative servers are asked, too: only for CAA.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "DNS")]
pub(super) struct NameserverOptions {
    /// Ask every authoritative server of every zone on the way for CAA, too: IPv4 and IPv6, UDP and TCP
    #[arg(long)]
    all_nameservers: bool,
    /// Ask authoritative servers at this port instead of 53: for test networks
    #[arg(long, value_name = "PORT", requires = "all_nameservers", value_parser = clap::value_parser!(u16).range(1..))]
    nameserver_port: Option<u16>,
}

impl NameserverOptions {
    /// Whether they are to be asked.
    pub(super) fn are_asked(&self) -> bool {
        self.all_nameservers
    }

    /// How far CAA is looked up.
    pub(super) fn extent(&self) -> Extent {
        Extent { above: true, all_nameservers: self.all_nameservers }
    }

    /// The client with their port.
    pub(super) fn reached_by(&self, client: DnsClient) -> DnsClient {
        match self.nameserver_port {
            Some(port) => client.with_nameserver_port(port),
            None => client,
        }
    }
}

/// Who validates, as the option has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DnssecOption {
    /// This program, from the root's keys downwards
    Validate,
    /// The resolver: its AD bit and its extended errors
    Resolver,
    /// Nobody
    Off,
}

impl DnsOptions {
    /// The client that asks so.
    pub(super) fn client(&self) -> anyhow::Result<DnsClient> {
        let client = match self.resolvers.as_slice() {
            [] => DnsClient::system(),
            resolvers => DnsClient::from_addresses(resolvers).context("--resolver")?,
        };
        Ok(client.with_dnssec(self.dnssec_mode()?))
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.trust_anchor.iter().map(PathBuf::as_path)
    }

    /// How answers are validated, as words for commands that ask the same again.
    pub(super) fn repeated(&self) -> Vec<String> {
        let dnssec = self.dnssec.as_ref().and_then(ValueEnum::to_possible_value);
        let dnssec = dnssec.map(|value| ("--dnssec", value.get_name().to_owned()));
        let anchor = self.trust_anchor.as_ref().map(|file| ("--trust-anchor", file.display().to_string()));
        dnssec.into_iter().chain(anchor).flat_map(|(option, value)| [option.to_owned(), value]).collect()
    }

    /// What of these options bears on what is found, whoever is asked for it.
    pub(super) fn asked(&self, nameservers: &NameserverOptions) -> impl std::fmt::Debug + use<> {
        (self.dnssec, self.trust_anchor.as_deref().map(anchor_content), nameservers.all_nameservers)
    }

    fn dnssec_mode(&self) -> anyhow::Result<DnssecMode> {
        match (self.dnssec, &self.trust_anchor) {
            (None, None) => Ok(DnssecMode::Validate(Anchors::root())),
            (Some(DnssecOption::Validate), None) => Ok(DnssecMode::Demand(Anchors::root())),
            (None | Some(DnssecOption::Validate), Some(file)) => {
                let read = files::read(&file.display().to_string(), MAX_ANCHOR_FILE);
                let octets = read
                    .octets()
                    .map_err(|why| anyhow::anyhow!("--trust-anchor: {}: {why}", file.display()))?;
                let text = str::from_utf8(octets)
                    .with_context(|| format!("--trust-anchor: {} is not text", file.display()))?;
                let anchors = Anchors::parse(text)
                    .with_context(|| format!("--trust-anchor: {} is no trust anchor", file.display()))?;
                Ok(DnssecMode::Demand(anchors))
            }
            (_, Some(_)) => anyhow::bail!("--trust-anchor is for --dnssec validate only"),
            (Some(DnssecOption::Resolver), None) => Ok(DnssecMode::Resolver),
            (Some(DnssecOption::Off), None) => Ok(DnssecMode::Off),
        }
    }
}

/// What stands in a file of trust anchors. A pipe is read once only, and known by its name.
fn anchor_content(path: &Path) -> Vec<u8> {
    let read = FileIdentity::of(path).map(|_| files::read(&path.display().to_string(), MAX_ANCHOR_FILE));
    match read.as_ref().map(InputFile::octets) {
        Some(Ok(octets)) => octets.to_vec(),
        _ => path.as_os_str().as_encoded_bytes().to_vec(),
    }
}
