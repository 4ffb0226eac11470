//! BIND's name server `named`, on loopback.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use tempfile::TempDir;

use super::ports::free_address;

/// A running `named`; it ends with the test.
pub(crate) struct Named {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Named {
    /// Serves these zones (name, zone file) on a port of 127.0.0.1 that the system chooses.
    pub(crate) fn serving(zones: &[(&str, &str)]) -> Self {
        let tool = "/usr/sbin/named";
        assert!(Path::new(tool).exists(), "this test needs BIND's {tool}: apt-get install bind9");
        let address = free_address();
        let folder = TempDir::new().unwrap();
        let root = folder.path().display();
        let mut configuration = format!(
            "options {{\n  directory \"{root}\";\n  listen-on port {port} {{ 127.0.0.1; }};\n  \
             listen-on-v6 {{ none; }};\n  recursion no;\n  dnssec-validation no;\n  lock-file none;\n  \
             pid-file none;\n  session-keyfile none;\n}};\ncontrols {{ }};\n",
            port = address.port()
        );
        for (number, (name, text)) in zones.iter().enumerate() {
            let file = format!("zone{number}");
            std::fs::write(folder.path().join(&file), text).unwrap();
            writeln!(configuration, "zone \"{name}\" {{ type primary; file \"{file}\"; }};").unwrap();
        }
        let file = folder.path().join("named.conf");
        std::fs::write(&file, configuration).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(tool)
            .args(["-g", "-4", "-n", "1", "-c"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut named = Self { address, process, folder };
        let begun = Stopwatch::start();
        while TcpStream::connect(address).is_err() {
            let log = std::fs::read_to_string(named.folder.path().join("log")).unwrap_or_default();
            assert!(named.process.try_wait().unwrap().is_none(), "named ended: {log}");
            assert!(begun.milliseconds() < 30_000, "named does not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        named
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
