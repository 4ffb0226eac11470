//! The loopback world as a whole: a CA, logs, hosts, DNS, and the files that an owner would keep.

mod files;
mod folder;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::folder::Folder;
use super::DemoError;
use super::authority::{CaCertificate, IssuedLeaf, Key, KeyAlgorithm, LeafRequest, ocsp_response};
use super::ct::{
    CtLog, Delivery, ListedLog, LogKind, LogServer, PlannedSct, SctFault, SctPlan, issue, openssl_log_list,
    sct_list, scts_over, v3_log_list,
};
use super::dns::{DnsServer, Record, Zone};
use super::tls::{ServedHost, TlsServer, TlsVersion};
use crate::ct::log_list::Program;
use crate::observe::clock;

/// The host that is well protected: SCTs of two operators, CAA that names its CA, the CA that is expected,
/// and pins with a backup.
pub const SHOP: &str = "shop.demo.example";
/// The host that is not: a CA that nobody expects and that CAA does not allow, SCTs of one operator of which
/// one has a wrong signature, and pins that expired and match nothing.
pub const LEGACY: &str = "legacy.demo.example";
/// A host without embedded SCTs: they come in the TLS extension, and again in the stapled OCSP response.
pub const BESIDE: &str = "beside.demo.example";
/// The zone that all hosts are in, and whose CAA records they share.
pub const ZONE: &str = "demo.example";
/// The CAA identifier of the CA that is expected.
pub const EXPECTED_CA: &str = "ca.demo.example";
/// The CAA identifier of the other CA.
pub const CARELESS_CA: &str = "careless-ca.demo.example";

/// How many entries each log has before those of this world: enough for a whole tile and a partial one.
const OTHER_ENTRIES: u32 = 300;

/// How the world is made.
#[derive(Clone, Copy, Debug)]
pub struct WorldOptions {
    /// The kind of the issuing CAs' keys.
    pub issuer_algorithm: KeyAlgorithm,
    /// The least TLS version the server speaks.
    pub least_tls: TlsVersion,
    /// The most TLS version the server speaks.
    pub most_tls: TlsVersion,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            issuer_algorithm: KeyAlgorithm::P256,
            least_tls: TlsVersion::Tls1_2,
            most_tls: TlsVersion::Tls1_3,
        }
    }
}

/// The CAs of a world: one root, and two intermediates below it.
#[derive(Debug)]
pub struct Cas {
    /// The trust anchor.
    pub root: CaCertificate,
    /// The CA that is expected.
    pub expected: CaCertificate,
    /// The CA that nobody expects.
    pub careless: CaCertificate,
}

/// The logs of a world, of two operators; each is usable, in the log list, and served.
#[derive(Debug)]
pub struct Logs {
    /// A static log of the first operator.
    pub alder: Arc<CtLog>,
    /// An RFC 6962 log of the first operator.
    pub aspen: Arc<CtLog>,
    /// An RFC 6962 log of the second operator.
    pub birch: Arc<CtLog>,
}

/// A host with what was issued to it.
#[derive(Debug)]
pub struct Host {
    /// Its name.
    pub name: &'static str,
    /// Its certificate and key.
    pub leaf: IssuedLeaf,
    /// The chain as served, PEM.
    pub chain_file: PathBuf,
    /// The private key, PKCS #8 in PEM.
    pub key_file: PathBuf,
}

/// The files of a world.
#[derive(Debug)]
pub struct Files {
    /// The root, PEM.
    pub roots: PathBuf,
    /// The log list, v3.
    pub log_list: PathBuf,
    /// The logs as OpenSSL's `-ctlogfile` reads them.
    pub openssl_log_list: PathBuf,
    /// The policy.
    pub policy: PathBuf,
    /// The Android pins.
    pub network_security_config: PathBuf,
}

/// A running world; servers end and files go when this is dropped.
#[derive(Debug)]
pub struct World {
    /// The CAs.
    pub cas: Cas,
    /// The CT logs.
    pub logs: Logs,
    /// The well-protected host, [`SHOP`].
    pub shop: Host,
    /// The badly protected host, [`LEGACY`].
    pub legacy: Host,
    /// The host whose SCTs come beside the certificate, [`BESIDE`].
    pub beside: Host,
    /// The files.
    pub files: Files,
    /// When it was made.
    pub now: Timestamp,
    tls: TlsServer,
    dns: DnsServer,
    log_servers: Vec<LogServer>,
    folder: Folder,
}

impl World {
    /// Makes keys, certificates and files, and starts the servers.
    pub async fn start(options: WorldOptions) -> Result<Self, DemoError> {
        let now = clock::now();
        let cas = Cas::generate(options.issuer_algorithm, now)?;
        let logs = Logs::generate()?;
        let log_servers = logs.serve(now).await?;
        let folder = Folder::create()?;

        let shop = Host::issue(&folder, &cas.expected, SHOP, now, |seen| {
            let sct = |log| PlannedSct { log, timestamp: seen, fault: SctFault::None };
            vec![sct(&logs.alder), sct(&logs.birch)]
        })?;
        let legacy = Host::issue(&folder, &cas.careless, LEGACY, now, |seen| {
            vec![
                PlannedSct { log: &logs.alder, timestamp: seen, fault: SctFault::None },
                PlannedSct { log: &logs.aspen, timestamp: seen, fault: SctFault::WrongSignature },
            ]
        })?;
        let beside = Host::issue(&folder, &cas.expected, BESIDE, now, |_| Vec::new())?;

        let mut beside_served = beside.served(&cas.expected);
        let delivered = sct_list(&scts_beside(&logs, &beside.leaf, now)?)?;
        beside_served.ocsp_response =
            Some(ocsp_response(&cas.expected, &beside.leaf, Some(delivered.as_slice()), now)?);
        beside_served.sct_extension = Some(delivered);
        let served = [shop.served(&cas.expected), legacy.served(&cas.careless), beside_served];

        let files = write_files(&folder, &cas, &logs, now)?;
        let tls = TlsServer::start_with(&served, options.least_tls, options.most_tls).await?;
        let dns = DnsServer::start(zone()?).await?;
        Ok(Self { cas, logs, shop, legacy, beside, files, now, tls, dns, log_servers, folder })
    }

    /// Where the TLS server listens.
    pub fn tls_address(&self) -> SocketAddr {
        self.tls.address()
    }

    /// Where the DNS answerer listens.
    pub fn dns_address(&self) -> SocketAddr {
        self.dns.address()
    }

    /// Where the CT logs listen.
    pub fn log_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.log_servers.iter().map(LogServer::address)
    }

    /// The folder that holds the files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The arguments with which `pinstead check` looks at hosts of this world, as a user would type them.
    pub fn check_arguments(&self, hosts: &[&str]) -> Vec<String> {
        let log_list = ("--log-list", self.files.log_list.display().to_string());
        self.arguments_with(hosts, [log_list])
    }

    /// The same with all that this world has: a log list for each browser, and logs that can be asked. The logs' tree
    /// heads are kept in the world's own folder, and nothing in the user's.
    pub fn whole_check_arguments(&self, hosts: &[&str]) -> Vec<String> {
        let list = self.files.log_list.display();
        let lists = Program::ALL.map(|program| ("--log-list", format!("{}={list}", program.name())));
        let cache = ("--cache-dir", self.folder().join("cache").display().to_string());
        let mut arguments = self.arguments_with(hosts, lists.into_iter().chain([cache]));
        arguments.push("--inclusion".to_owned());
        arguments
    }

    fn arguments_with(
        &self,
        hosts: &[&str],
        more: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Vec<String> {
        let usual = [
            ("--connect", self.tls_address().to_string()),
            ("--resolver", self.dns_address().to_string()),
            ("--roots", self.files.roots.display().to_string()),
            ("--policy", self.files.policy.display().to_string()),
        ];
        let options = usual.into_iter().chain(more);
        let hosts = hosts.iter().map(|&host| host.to_owned());
        hosts.chain(options.flat_map(|(option, value)| [option.to_owned(), value])).collect()
    }
}

impl Cas {
    fn generate(algorithm: KeyAlgorithm, now: Timestamp) -> Result<Self, DemoError> {
        let root = CaCertificate::root("Demo Root", KeyAlgorithm::P256, now)?;
        let expected = root.intermediate("Demo CA", algorithm, now)?;
        let careless = root.intermediate("Careless CA", algorithm, now)?;
        Ok(Self { root, expected, careless })
    }
}

impl Logs {
    fn generate() -> Result<Self, DemoError> {
        let log = |description, operator, kind| {
            CtLog::generate(description, operator, kind, KeyAlgorithm::P256).map(Arc::new)
        };
        Ok(Self {
            alder: log("Demo 'Alder' log", "Grove Logs", LogKind::Static)?,
            aspen: log("Demo 'Aspen' log", "Grove Logs", LogKind::Rfc6962)?,
            birch: log("Demo 'Birch' log", "Birch Logs", LogKind::Rfc6962)?,
        })
    }

    /// Serves each, with other entries that are half a year old.
    async fn serve(&self, now: Timestamp) -> Result<Vec<LogServer>, DemoError> {
        let since = now.checked_sub(SignedDuration::from_hours(180 * 24))?;
        let mut servers = Vec::new();
        for log in [&self.alder, &self.aspen, &self.birch] {
            servers.push(LogServer::start(Arc::clone(log), OTHER_ENTRIES, since).await?);
        }
        Ok(servers)
    }

    /// All of them.
    pub fn all(&self) -> [&CtLog; 3] {
        [&self.alder, &self.aspen, &self.birch]
    }
}

impl Host {
    /// Issues a certificate with the SCTs that `plan` wants of logs that saw it at the given time.
    fn issue<'a>(
        folder: &Folder,
        issuer: &CaCertificate,
        name: &'static str,
        now: Timestamp,
        plan: impl FnOnce(Timestamp) -> Vec<PlannedSct<'a>>,
    ) -> Result<Self, DemoError> {
        let request = LeafRequest::new(&[name], now)?;
        // CAs commonly date certificates an hour back.
        let seen = request.not_before.checked_add(SignedDuration::from_hours(1))?;
        let leaf = issue(issuer, &request, &SctPlan { scts: plan(seen), ..SctPlan::default() })?;
        let chain = leaf.to_pem() + &issuer.to_pem();
        let chain_file = folder.write(&format!("{name}.chain.pem"), chain.as_bytes())?;
        let key_file = folder.write(&format!("{name}.key.pem"), leaf.key.to_pem().as_bytes())?;
        Ok(Self { name, leaf, chain_file, key_file })
    }

    fn served(&self, issuer: &CaCertificate) -> ServedHost {
        ServedHost {
            name: self.name.to_owned(),
            chain: vec![self.leaf.der.clone(), issuer.der.clone()],
            key_pem: self.leaf.key.to_pem(),
            sct_extension: None,
            ocsp_response: None,
        }
    }
}

/// SCTs of two operators over a certificate as it is.
fn scts_beside(logs: &Logs, leaf: &IssuedLeaf, now: Timestamp) -> Result<Vec<Vec<u8>>, DemoError> {
    let timestamp = now.checked_sub(SignedDuration::from_hours(24))?;
    let sct = |log| PlannedSct { log, timestamp, fault: SctFault::None };
    scts_over(&[sct(&logs.alder), sct(&logs.birch)], Delivery::Beside { certificate: &leaf.der })
}

fn write_files(folder: &Folder, cas: &Cas, logs: &Logs, now: Timestamp) -> Result<Files, DemoError> {
    let days = |days: i64| now.checked_add(SignedDuration::from_hours(days * 24));
    let (state_since, temporal_interval) = (days(-400)?, (days(-200)?, days(400)?));
    let listed = logs.all().map(|log| ListedLog { log, state: "usable", state_since, temporal_interval });
    let backup = Key::generate(KeyAlgorithm::P256)?.spki_sha256();
    let forgotten = Key::generate(KeyAlgorithm::P256)?.spki_sha256();
    let pins = files::network_security_config(cas.expected.key.spki_sha256(), backup, forgotten, now)?;
    let policy = files::policy(&cas.expected, &cas.careless);
    Ok(Files {
        roots: folder.write("roots.pem", cas.root.to_pem().as_bytes())?,
        log_list: folder.write("log-list.json", v3_log_list(&listed, now).as_bytes())?,
        openssl_log_list: folder.write("openssl-log-list.cnf", openssl_log_list(&logs.all()).as_bytes())?,
        policy: folder.write("pinstead.toml", policy.as_bytes())?,
        network_security_config: folder.write("network_security_config.xml", pins.as_bytes())?,
    })
}

/// CAA at the zone's apex, so that each host's climb takes one step; and the hosts' addresses.
fn zone() -> Result<Zone, DemoError> {
    let mut zone = Zone::new(ZONE)?;
    zone.add(ZONE, &Record::caa("issue", EXPECTED_CA))?;
    zone.add(ZONE, &Record::caa("issuewild", ";"))?;
    zone.add(ZONE, &Record::caa("iodef", "mailto:security@demo.example"))?;
    for host in [SHOP, LEGACY, BESIDE] {
        zone.add(host, &Record::A(Ipv4Addr::LOCALHOST))?;
    }
    Ok(zone)
}
