//! NSD, the authoritative name server, on loopback.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pinstead::observe::clock::Stopwatch;
use tempfile::TempDir;

use super::ports::free_address;

/// A running NSD; it ends with the test.
pub(crate) struct Nsd {
    /// Where it answers.
    pub(crate) address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Nsd {
    /// Serves these zones (name, zone file) on a port of 127.0.0.1 that the system chooses.
    pub(crate) fn serving(zones: &[(&str, &str)]) -> Self {
        Self::serving_at(free_address(), zones)
    }

    /// Serves these zones at this address.
    pub(crate) fn serving_at(address: SocketAddr, zones: &[(&str, &str)]) -> Self {
        assert!(
            Path::new("/usr/sbin/nsd").exists(),
            "this test needs the name server NSD at /usr/sbin/nsd: apt-get install nsd"
        );
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut configuration = format!(
            "server:\n  ip-address: {ip}@{port}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  \
             zonesdir: \"{dir}\"\n  database: \"\"\n  pidfile: \"{pid}\"\n  xfrdfile: \"{xfrd}\"\n  \
             zonelistfile: \"{list}\"\n  logfile: \"{log}\"\nremote-control:\n  control-enable: no\n",
            ip = address.ip(),
            port = address.port(),
            dir = folder.path().display(),
            pid = at("pid"),
            xfrd = at("xfrd"),
            list = at("list"),
            log = at("log"),
        );
        for (number, (name, text)) in zones.iter().enumerate() {
            let file = at(&format!("zone{number}"));
            std::fs::write(&file, text).unwrap();
            let check = Command::new("/usr/sbin/nsd-checkzone").args([name, file.as_str()]).output().unwrap();
            assert!(check.status.success(), "{}", super::text(&check));
            let _ = write!(configuration, "zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n");
        }
        std::fs::write(at("nsd.conf"), configuration).unwrap();
        let process = Command::new("/usr/sbin/nsd")
            .args(["-d", "-c", &at("nsd.conf")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nsd = Self { address, process, folder };
        let begun = Stopwatch::start();
        while TcpStream::connect(address).is_err() {
            let log = std::fs::read_to_string(nsd.folder.path().join("log")).unwrap_or_default();
            assert!(begun.milliseconds() < 30_000, "NSD does not start: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        nsd
    }
}

impl Drop for Nsd {
    fn drop(&mut self) {
        // NSD ends its children on TERM; kill(1) because the standard library only knows KILL.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
