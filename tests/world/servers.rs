//! Real servers of other makers, each killed when its guard is dropped.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::ports::free_address;

/// How long a server may take to begin.
const START: Duration = Duration::from_secs(20);
/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// A child process that does not outlive its guard.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command) -> Guard {
    let tool = command.get_program().to_string_lossy().into_owned();
    Guard(
        command
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs the program `{tool}` (see the README): {error}")),
    )
}

/// A running `openssl s_server`.
pub(crate) struct OpensslServer {
    pub(crate) address: SocketAddr,
    _guard: Guard,
    _folder: TempDir,
}

/// What `openssl s_server` serves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Served<'a> {
    /// Leaf and intermediates, PEM.
    pub(crate) chain_pem: &'a str,
    /// The leaf's key, PEM.
    pub(crate) key_pem: &'a str,
    /// A SignedCertificateTimestampList for the TLS extension.
    pub(crate) sct_list: Option<&'a [u8]>,
    /// An OCSP response to staple, DER.
    pub(crate) ocsp_response: Option<&'a [u8]>,
    /// Arguments besides, such as `-tls1_2`.
    pub(crate) more: &'a [&'a str],
}

impl OpensslServer {
    /// Starts it on a port that the system chooses.
    pub(crate) fn start(served: Served<'_>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let write = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("a file in a temporary folder");
            path
        };
        let chain = write("chain.pem", served.chain_pem.as_bytes());
        let key = write("key.pem", served.key_pem.as_bytes());
        let mut command = Command::new("openssl");
        command.args(["s_server", "-www", "-accept", "127.0.0.1:0"]);
        command.arg("-cert").arg(&chain).arg("-cert_chain").arg(&chain).arg("-key").arg(&key);
        if let Some(list) = served.sct_list {
            command.arg("-serverinfo").arg(write("serverinfo.pem", serverinfo(list).as_bytes()));
        }
        if let Some(response) = served.ocsp_response {
            command.arg("-status_file").arg(write("ocsp.der", response));
        }
        command.args(served.more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut guard = spawn(&mut command);
        let address = accept_line(&mut guard.0);
        Self { address, _guard: guard, _folder: folder }
    }
}

/// The address in the line `ACCEPT 127.0.0.1:12345`; what follows is read on, so that the pipe never fills.
fn accept_line(child: &mut Child) -> SocketAddr {
    let stdout = child.stdout.take().expect("its output is a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("ACCEPT ") {
                let _ = sender.send(address.trim().to_owned());
            }
        }
    });
    let address = receiver.recv_timeout(START).expect("`openssl s_server` says where it listens");
    address.parse().expect("an address and a port")
}

/// The SCT extension in the form of `-serverinfo`: for ClientHello, the ServerHello of TLS 1.2 and the
/// Certificate of TLS 1.3.
fn serverinfo(sct_list: &[u8]) -> String {
    use base64::Engine as _;
    let length = u16::try_from(sct_list.len()).expect("an SCT list is short").to_be_bytes();
    let info = [&[0, 0, 0x11, 0x80, 0, 18], length.as_slice(), sct_list].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(info);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("base64")).collect();
    let label = "SERVERINFOV2 FOR SCT";
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A running nginx.
pub(crate) struct WebServer {
    pub(crate) address: SocketAddr,
    _guard: Guard,
    _folder: TempDir,
}

impl WebServer {
    /// Starts nginx with one TLS host.
    pub(crate) fn start(chain: &Path, key: &Path) -> Self {
        for _ in 0..5 {
            if let Some(server) = Self::try_start(chain, key) {
                return server;
            }
        }
        panic!("nginx did not answer on any of five ports");
    }

    /// `None` where the port was taken in the meantime.
    fn try_start(chain: &Path, key: &Path) -> Option<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let address = free_address();
        let root = folder.path().display();
        let configuration = format!(
            "daemon off;\nmaster_process off;\npid {root}/nginx.pid;\nerror_log stderr;\n\
             events {{ worker_connections 64; }}\nhttp {{\n  access_log off;\n  \
             client_body_temp_path {root}/body;\n  proxy_temp_path {root}/proxy;\n  \
             fastcgi_temp_path {root}/fastcgi;\n  uwsgi_temp_path {root}/uwsgi;\n  \
             scgi_temp_path {root}/scgi;\n  server {{\n    listen {address} ssl;\n    \
             ssl_certificate {};\n    ssl_certificate_key {};\n    return 200 hello;\n  }}\n}}\n",
            chain.display(),
            key.display()
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).expect("a file in a temporary folder");
        // Debian puts it where the PATH of ordinary users does not lead.
        let debian = "/usr/sbin/nginx";
        let mut command = Command::new(if Path::new(debian).is_file() { debian } else { "nginx" });
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).args(["-e", "stderr"]);
        command.stdin(Stdio::null());
        let mut guard = spawn(&mut command);
        answers(address, &mut guard.0).then_some(Self { address, _guard: guard, _folder: folder })
    }
}

/// Whether the port answers before the time is up or the process ends.
fn answers(address: SocketAddr, child: &mut Child) -> bool {
    let looks = START.as_millis() / PAUSE.as_millis();
    for _ in 0..looks {
        if child.try_wait().expect("the state of a child").is_some() {
            return false;
        }
        if TcpStream::connect_timeout(&address, PAUSE).is_ok() {
            return true;
        }
        thread::sleep(PAUSE);
    }
    false
}
