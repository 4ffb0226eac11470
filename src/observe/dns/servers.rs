//! Which servers are asked, and how long each is waited for.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hickory_resolver::system_conf::read_system_conf;

/// The port of DNS servers (RFC 1035 section 4.2).
pub(super) const PORT: u16 = 53;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it is waited for from a server that was silent [`SILENT`] times in a row.
const LITTLE_PATIENCE: Duration = Duration::from_secs(1);

/// After how many unanswered attempts a server gets little patience.
const SILENT: u32 = 6;

/// The most servers that are asked, as resolv.conf(5) has it.
const MOST_SERVERS: usize = 3;

/// Why a text names no DNS server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolverAddressError {
    /// Neither an address nor an address with a port.
    #[error(
        "“{0}” is not an IP address with an optional port, such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53"
    )]
    NotAnAddress(String),
    /// A transport that this version does not speak.
    #[error("“{0}” names an encrypted transport, which this version does not speak; give ADDR or ADDR:PORT")]
    Transport(String),
}

/// One server, and how it behaved in this run.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    silent: AtomicU32,
}

impl Server {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, silent: AtomicU32::new(0) }
    }

    /// How long to wait for an answer now: a server that never answers must not hold up a run.
    pub(super) fn patience(&self) -> Duration {
        if self.silent.load(Ordering::Relaxed) < SILENT { PATIENCE } else { LITTLE_PATIENCE }
    }

    /// Takes note of whether the server answered.
    pub(super) fn answered(&self, answered: bool) {
        if answered {
            self.silent.store(0, Ordering::Relaxed);
        } else {
            self.silent.fetch_add(1, Ordering::Relaxed);
        }
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
    Ok(addresses.into_iter().take(MOST_SERVERS).map(Server::new).collect())
}

/// Reads `ADDR`, `ADDR:PORT`, `[ADDR]` or `[ADDR]:PORT`.
pub(super) fn parse(text: &str) -> Result<SocketAddr, ResolverAddressError> {
    if text.contains("://") {
        return Err(ResolverAddressError::Transport(text.to_owned()));
    }
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    match bare().or_else(bracketed) {
        Some(address) => Ok(SocketAddr::new(address, PORT)),
        None => text.parse().map_err(|_| ResolverAddressError::NotAnAddress(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, expected) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "dns.example", "192.0.2.1:", "192.0.2.1:70000", "[192.0.2.1]", "192.0.2"] {
            assert_eq!(parse(text), Err(ResolverAddressError::NotAnAddress(text.into())), "{text}");
        }
        assert!(matches!(parse("tls://192.0.2.1"), Err(ResolverAddressError::Transport(_))));
    }

    #[test]
    fn a_silent_server_gets_less_patience_until_it_answers() {
        let server = Server::new("192.0.2.1:53".parse().unwrap());
        for _ in 0..SILENT {
            assert_eq!(server.patience(), PATIENCE);
            server.answered(false);
        }
        assert_eq!(server.patience(), LITTLE_PATIENCE);
        server.answered(true);
        assert_eq!(server.patience(), PATIENCE);
    }
}
