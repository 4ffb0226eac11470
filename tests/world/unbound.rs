//! Unbound, the recursive resolver, on loopback in front of servers of the test.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::demo::authority::IssuedLeaf;
use pinstead::observe::clock::Stopwatch;
use tempfile::TempDir;

use super::ports::free_address;

/// A running Unbound; it ends with the test.
pub(crate) struct Unbound {
    /// Where it answers over UDP and TCP.
    pub(crate) address: SocketAddr,
    process: Child,
    folder: TempDir,
}

/// Where an Unbound answers that was told to be [`UnboundSetup::showing`] a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted {
    /// Over TLS.
    pub(crate) tls: SocketAddr,
    /// Over HTTPS, at `/dns-query`.
    pub(crate) https: SocketAddr,
}

/// How an Unbound is to be. It asks the servers that it is told of, and refuses what they are not for: it never looks
/// for the root's servers, whether this machine has a way to them or not.
pub(crate) struct UnboundSetup {
    folder: TempDir,
    server: String,
    stubs: String,
    modules: &'static str,
    listens: Vec<SocketAddr>,
}

impl Unbound {
    /// One that resolves the names below each of these zones at its server.
    pub(crate) fn asking(zones: &[(&str, SocketAddr)]) -> UnboundSetup {
        assert!(
            Path::new("/usr/sbin/unbound").exists(),
            "this test needs the resolver Unbound at /usr/sbin/unbound: apt-get install unbound"
        );
        // Each zone by itself: what the zones say of their servers' addresses has no port.
        let (mut server, mut stubs) = (String::new(), String::new());
        if zones.iter().all(|(zone, _)| *zone != ".") {
            server += "  local-zone: \".\" refuse\n";
        }
        for (zone, at) in zones {
            let (ip, port) = (at.ip(), at.port());
            writeln!(server, "  local-zone: \"{zone}\" typetransparent").unwrap();
            writeln!(stubs, "stub-zone:\n  name: \"{zone}\"\n  stub-addr: {ip}@{port}").unwrap();
        }
        UnboundSetup {
            folder: TempDir::new().unwrap(),
            server,
            stubs,
            modules: "iterator",
            listens: vec![free_address()],
        }
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait_until_it_answers(&self, addresses: &[SocketAddr]) {
        let begun = Stopwatch::start();
        for address in addresses {
            while TcpStream::connect(address).is_err() {
                assert!(begun.milliseconds() < 30_000, "Unbound does not start: {}", self.log());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl UnboundSetup {
    /// With these records, one a line, that it answers with itself.
    pub(crate) fn having(mut self, data: &[&str]) -> Self {
        for record in data {
            writeln!(self.server, "  local-data: '{record}'").unwrap();
        }
        self
    }

    /// Validating, from this key of the root.
    pub(crate) fn validating_from(mut self, anchor: &str) -> Self {
        let file = self.write("anchor", anchor);
        write!(
            self.server,
            "  trust-anchor-file: \"{file}\"\n  aggressive-nsec: no\n  val-log-level: 2\n  ede: yes\n  \
             val-clean-additional: yes\n"
        )
        .unwrap();
        self.modules = "validator iterator";
        self
    }

    /// Over TLS and HTTPS too, with this certificate.
    pub(crate) fn showing(mut self, certificate: &IssuedLeaf) -> (Self, Encrypted) {
        let (chain, key) = (
            self.write("chain.pem", &certificate.to_pem()),
            self.write("key.pem", &certificate.key.to_pem()),
        );
        let encrypted = Encrypted { tls: free_address(), https: free_address() };
        write!(
            self.server,
            "  tls-port: {}\n  https-port: {}\n  tls-service-key: \"{key}\"\n  tls-service-pem: \"{chain}\"\n",
            encrypted.tls.port(),
            encrypted.https.port(),
        )
        .unwrap();
        self.listens.extend([encrypted.tls, encrypted.https]);
        (self, encrypted)
    }

    /// Starts it.
    pub(crate) fn start(self) -> Unbound {
        let mut configuration = format!(
            "server:\n  directory: \"{dir}\"\n  chroot: \"\"\n  username: \"\"\n  logfile: \"{dir}/log\"\n  \
             use-syslog: no\n  num-threads: 1\n  do-not-query-localhost: no\n  do-ip6: no\n  \
             module-config: \"{modules}\"\n",
            dir = self.folder.path().display(),
            modules = self.modules,
        );
        for address in &self.listens {
            writeln!(configuration, "  interface: {}@{}", address.ip(), address.port()).unwrap();
        }
        configuration += &self.server;
        configuration += "remote-control:\n  control-enable: no\n";
        configuration += &self.stubs;
        let file = self.write("unbound.conf", &configuration);
        let process = Command::new("/usr/sbin/unbound")
            .args(["-d", "-p", "-c", &file])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let unbound = Unbound { address: self.listens[0], process, folder: self.folder };
        unbound.wait_until_it_answers(&self.listens);
        unbound
    }

    /// Writes a file for it, and tells where.
    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put in order, and may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
