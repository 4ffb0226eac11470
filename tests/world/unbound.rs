//! Unbound, the recursive resolver, on loopback: over UDP and TCP, TLS and HTTPS.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::demo::authority::IssuedLeaf;
use pinstead::observe::clock::Stopwatch;
use tempfile::TempDir;

/// A running Unbound; it ends with the test.
pub(crate) struct Unbound {
    /// Where it answers over UDP and TCP.
    pub(crate) plain: SocketAddr,
    /// Where it answers over TLS.
    pub(crate) tls: SocketAddr,
    /// Where it answers over HTTPS, at `/dns-query`.
    pub(crate) https: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Unbound {
    /// Resolves the names below these zones at these servers, without validation, and shows this certificate.
    pub(crate) fn asking(zones: &[(&str, SocketAddr)], certificate: &IssuedLeaf) -> Self {
        assert!(
            Path::new("/usr/sbin/unbound").exists(),
            "this test needs the resolver Unbound at /usr/sbin/unbound: apt-get install unbound"
        );
        // Held together until all are known, so that they differ.
        let ports: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let addresses: Vec<SocketAddr> = ports.iter().map(|port| port.local_addr().unwrap()).collect();
        drop(ports);
        let [plain, tls, https] = addresses[..] else { panic!("three ports") };

        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("chain.pem"), certificate.to_pem()).unwrap();
        std::fs::write(at("key.pem"), certificate.key.to_pem()).unwrap();
        let mut configuration = format!(
            "server:\n  directory: \"{dir}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"{pid}\"\n  \
             logfile: \"{log}\"\n  use-syslog: no\n  do-daemonize: no\n  num-threads: 1\n  \
             module-config: \"iterator\"\n  do-not-query-localhost: no\n  do-ip6: no\n  \
             tls-port: {tls_port}\n  https-port: {https_port}\n  tls-service-key: \"{key}\"\n  \
             tls-service-pem: \"{chain}\"\n  access-control: 127.0.0.0/8 allow\n",
            dir = folder.path().display(),
            pid = at("pid"),
            log = at("log"),
            tls_port = tls.port(),
            https_port = https.port(),
            key = at("key.pem"),
            chain = at("chain.pem"),
        );
        for address in [plain, tls, https] {
            writeln!(configuration, "  interface: {}@{}", address.ip(), address.port()).unwrap();
        }
        configuration += "remote-control:\n  control-enable: no\n";
        for (zone, server) in zones {
            let (ip, port) = (server.ip(), server.port());
            writeln!(configuration, "stub-zone:\n  name: \"{zone}\"\n  stub-addr: {ip}@{port}").unwrap();
        }
        std::fs::write(at("unbound.conf"), configuration).unwrap();
        let process = Command::new("/usr/sbin/unbound")
            .args(["-d", "-c", &at("unbound.conf")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let unbound = Self { plain, tls, https, process, folder };
        let begun = Stopwatch::start();
        for address in [plain, tls, https] {
            while TcpStream::connect(address).is_err() {
                let log = std::fs::read_to_string(unbound.folder.path().join("log")).unwrap_or_default();
                assert!(begun.milliseconds() < 30_000, "Unbound does not start: {log}");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        unbound
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
