//! Unbound, the recursive resolver, on loopback, in front of servers of the test.

use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use tempfile::TempDir;

/// A running Unbound; it ends with the test.
pub(crate) struct Recursor {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Recursor {
    /// Asks for each zone the server given, and nobody else; it does not validate. Each line of `data` is a record
    /// that it answers with itself.
    pub(crate) fn before(stubs: &[(&str, SocketAddr)], data: &[&str]) -> Self {
        assert!(
            Path::new("/usr/sbin/unbound").exists(),
            "this test needs the resolver Unbound at /usr/sbin/unbound: apt-get install unbound"
        );
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = TempDir::new().unwrap();
        let mut configuration = format!(
            "server:\n  interface: {}@{}\n  directory: \"{dir}\"\n  chroot: \"\"\n  username: \"\"\n  \
             pidfile: \"{dir}/pid\"\n  use-syslog: no\n  logfile: \"{dir}/log\"\n  do-daemonize: no\n  \
             num-threads: 1\n  do-not-query-localhost: no\n  module-config: \"iterator\"\n",
            address.ip(),
            address.port(),
            dir = folder.path().display(),
        );
        for record in data {
            let owner = record.split_whitespace().next().unwrap();
            let _ = writeln!(configuration, "  local-zone: \"{owner}\" typetransparent");
            let _ = writeln!(configuration, "  local-data: '{record}'");
        }
        configuration += "remote-control:\n  control-enable: no\n";
        for (zone, server) in stubs {
            let (ip, port) = (server.ip(), server.port());
            let _ = writeln!(configuration, "stub-zone:\n  name: \"{zone}\"\n  stub-addr: {ip}@{port}");
        }
        let file = folder.path().join("unbound.conf");
        std::fs::write(&file, configuration).unwrap();
        let process = Command::new("/usr/sbin/unbound")
            .args(["-d", "-p", "-c", &file.display().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let recursor = Self { address, process, _folder: folder };
        let begun = Stopwatch::start();
        while std::net::TcpStream::connect(address).is_err() {
            let log = std::fs::read_to_string(file.with_file_name("log")).unwrap_or_default();
            assert!(begun.milliseconds() < 30_000, "Unbound does not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        recursor
    }
}

impl Drop for Recursor {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put in order.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
