//! A log in memory, which can be told to misbehave.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use pinstead::ct::merkle::{TreeBuilder, TreeHash, leaf_hash};
use pinstead::evidence::Bytes;
use pinstead::evidence::{Inputs as InputFiles, Request};
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::judge::Inputs;
use pinstead::watch::follow::{Event, Following, Judging, LogLabel, LogToFollow, Observer, Settings};
use pinstead::watch::reader::ahead::Room;
use pinstead::watch::reader::{Answer, Breach, LogReader, ReadError};
use pinstead::watch::state::{Head, LogKind, Place, State, StateOptions};
use pinstead::x509::precertificate::logged_tbs;
use pinstead::x509::{Certificate, SpkiSha256, hexadecimal};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

/// When the first entry was logged; each further one came a second later.
pub(crate) const BEGINNING: u64 = 1_790_000_000_000;

/// When all of it happens: no tree head of the log is old, and none of the future.
pub(crate) fn then() -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(BEGINNING).unwrap()).unwrap() + SignedDuration::from_hours(2)
}

/// How a log does not prove that one tree continues another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// With status 400.
    Refused,
    /// With status 404.
    Gone,
    /// With status 500.
    Trouble,
    /// With a proof that proves nothing.
    Junk,
}

/// An entry as get-entries has it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) leaf: Vec<u8>,
    pub(crate) extra: Vec<u8>,
}

/// Makes a certificate for a name.
type Issue = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// What certificates the log has, and who issued them.
pub(crate) struct Certificates {
    issuer: Vec<u8>,
    issuer_key: [u8; 32],
    issue: Issue,
    pub(crate) filler: Vec<u8>,
    /// Those with a watched name.
    pub(crate) watched: Vec<Vec<u8>>,
}

pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(|| {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Played CA");
    let key = rcgen::KeyPair::generate().unwrap();
    let issuer = parameters.self_signed(&key).unwrap().der().to_vec();
    let issuer_key = Certificate::read(&issuer).unwrap().spki_sha256.0;
    let authority = rcgen::Issuer::new(parameters, key);
    let subject = rcgen::KeyPair::generate().unwrap();
    let certificate = move |name: &str| {
        let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.signed_by(&subject, &authority).unwrap().der().to_vec()
    };
    Certificates {
        filler: certificate("www.elsewhere.example"),
        watched: (0..12).map(|number| certificate(&format!("host{number}.ours.example"))).collect(),
        issuer,
        issuer_key,
        issue: Box::new(certificate),
    }
});

impl Certificates {
    /// The key that issued them all.
    pub(crate) fn issuer_key(&self) -> SpkiSha256 {
        SpkiSha256(self.issuer_key)
    }

    /// A precertificate for this name: its leaf, and itself.
    pub(crate) fn precertificate(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let der = (self.issue)(name);
        (self.entry(&der, 1, true).leaf, der)
    }

    /// The certificate of the CA that issued them all.
    pub(crate) fn issuer(&self) -> Bytes {
        Bytes(self.issuer.clone())
    }

    /// An entry of it.
    pub(crate) fn entry(&self, der: &[u8], timestamp: u64, is_precert: bool) -> Entry {
        self.entry_below(&self.issuer, der, timestamp, is_precert)
    }

    fn entry_below(&self, issuer: &[u8], der: &[u8], timestamp: u64, is_precert: bool) -> Entry {
        let sized = |octets: &[u8]| {
            let length = u32::try_from(octets.len()).unwrap().to_be_bytes();
            [&length[1..], octets].concat()
        };
        let chain = sized(&sized(issuer));
        let head = [&[0, 0], &timestamp.to_be_bytes()[..]].concat();
        let (body, extra) = if is_precert {
            let tbs = logged_tbs(&Certificate::read(der).unwrap()).unwrap();
            ([&[0, 1], &self.issuer_key[..], &sized(&tbs)].concat(), [sized(der), chain].concat())
        } else {
            ([&[0, 0], &sized(der)[..]].concat(), chain)
        };
        Entry { leaf: [&head, &body[..], &[0, 0]].concat(), extra }
    }
}

/// A log.
pub(crate) struct Played {
    entries: Vec<Entry>,
    /// The tree head that it shows.
    pub(crate) shown: AtomicU64,
    /// Added to a tree head's time.
    pub(crate) later: AtomicU64,
    /// Whether it does what it should.
    pub(crate) is_honest: AtomicBool,
    /// A root that it shows instead of its own.
    pub(crate) other_root: Mutex<Option<TreeHash>>,
    /// An entry in whose place it gives another.
    pub(crate) hidden: AtomicU64,
    /// What it gives once in the place of an entry.
    pub(crate) given_once: Mutex<Option<(u64, Entry)>>,
    /// Whether it answers nothing.
    pub(crate) is_dead: AtomicBool,
    /// Whether it shows no tree heads.
    pub(crate) has_no_heads: AtomicBool,
    /// Tree heads that it shows before all others.
    pub(crate) heads: Mutex<VecDeque<Head>>,
    /// How many entries it has: there are no proofs about more.
    pub(crate) has: AtomicU64,
    /// A size up to which it proves consistency with whatever root.
    pub(crate) agrees_to: AtomicU64,
    /// From this entry on it gives none.
    pub(crate) silent_from: AtomicU64,
    /// From this entry on it does not answer.
    pub(crate) hangs_from: AtomicU64,
    /// The entry that is larger than anybody reads.
    pub(crate) too_large_at: AtomicU64,
    /// How it withholds proofs of consistency.
    pub(crate) withheld: Mutex<Option<Withheld>>,
    /// Whether it says that all entries are old, as long as it need not prove that.
    pub(crate) lies_of_time: AtomicBool,
    /// Whether it gives issuers by their hashes.
    pub(crate) gives_issuers: AtomicBool,
    /// Whether it garbles what no root covers.
    pub(crate) is_garbled: AtomicBool,
    chance: Mutex<u64>,
}

impl Played {
    /// A log of so many entries. Watched certificates stand in it several times: as precertificate and certificate.
    pub(crate) fn new(seed: u64, size: u64) -> Self {
        let certificates = &*CERTIFICATES;
        let mut played = Self {
            entries: Vec::new(),
            shown: AtomicU64::new(size),
            later: AtomicU64::new(0),
            is_honest: AtomicBool::new(true),
            other_root: Mutex::new(None),
            hidden: AtomicU64::new(u64::MAX),
            given_once: Mutex::new(None),
            is_dead: AtomicBool::new(false),
            has_no_heads: AtomicBool::new(false),
            heads: Mutex::default(),
            has: AtomicU64::new(size),
            agrees_to: AtomicU64::new(0),
            silent_from: AtomicU64::new(u64::MAX),
            hangs_from: AtomicU64::new(u64::MAX),
            too_large_at: AtomicU64::new(u64::MAX),
            withheld: Mutex::new(None),
            lies_of_time: AtomicBool::new(false),
            is_garbled: AtomicBool::new(false),
            gives_issuers: AtomicBool::new(false),
            chance: Mutex::new(seed.wrapping_mul(2).wrapping_add(1)),
        };
        for index in 0..size {
            let time = BEGINNING + index * 1000;
            let which = usize::try_from(played.dice(300)).unwrap();
            let is_precert = played.dice(2) == 0;
            let der = certificates.watched.get(which).unwrap_or(&certificates.filler);
            played.entries.push(certificates.entry(der, time, is_precert));
        }
        played
    }

    /// The same with a certificate at its end, and its CA's beside it.
    pub(crate) fn with(mut self, der: &[u8], issuer: &[u8]) -> Self {
        let size = self.shown.fetch_add(1, Ordering::Relaxed);
        self.has.store(size + 1, Ordering::Relaxed);
        self.entries.push(CERTIFICATES.entry_below(issuer, der, BEGINNING + size * 1000, false));
        self
    }

    /// Has another entry at this place, in its tree as well.
    pub(crate) fn put(&mut self, index: usize, entry: Entry) {
        self.entries[index] = entry;
    }

    /// The watched certificates from this entry on, each once.
    pub(crate) fn truth(&self, from: usize) -> BTreeSet<String> {
        let watched: Vec<(Vec<u8>, String)> = CERTIFICATES
            .watched
            .iter()
            .map(|der| {
                let tbs = logged_tbs(&Certificate::read(der).unwrap()).unwrap();
                let hash = Sha256::digest(&tbs);
                (tbs, hexadecimal(&hash))
            })
            .collect();
        let holds = |leaf: &[u8], tbs: &[u8]| leaf.windows(tbs.len()).any(|window| window == tbs);
        let mut truth = BTreeSet::new();
        for entry in &self.entries[from..] {
            truth.extend(
                watched.iter().filter(|(tbs, _)| holds(&entry.leaf, tbs)).map(|(_, hash)| hash.clone()),
            );
        }
        truth
    }

    /// The tree over the first entries.
    pub(crate) fn tree(&self, size: u64) -> TreeBuilder {
        let mut tree = TreeBuilder::default();
        let size = usize::try_from(size).unwrap();
        self.entries[..size].iter().for_each(|entry| tree.push(leaf_hash(&entry.leaf)));
        tree
    }

    pub(crate) fn head_of(&self, size: u64) -> Head {
        let other = *self.other_root.lock().unwrap();
        let root = other.unwrap_or_else(|| self.tree(size).root());
        let timestamp = BEGINNING + size * 1000 + self.later.load(Ordering::Relaxed);
        Head { size, timestamp, root, octets: Bytes(format!("{size} {root} {timestamp}").into_bytes()) }
    }

    /// Has its last entry of another time, in its tree as well.
    pub(crate) fn date_last(&mut self, time: u64) {
        self.entries.last_mut().unwrap().leaf[2..10].copy_from_slice(&time.to_be_bytes());
    }

    fn dice(&self, sides: u64) -> u64 {
        let mut chance = self.chance.lock().unwrap();
        *chance ^= *chance << 13;
        *chance ^= *chance >> 7;
        *chance ^= *chance << 17;
        *chance % sides
    }

    fn chaos(&self, one_in: u64) -> bool {
        !self.is_honest.load(Ordering::Relaxed) && self.dice(one_in) == 0
    }

    /// What befalls every question.
    async fn asked(&self) -> Result<(), ReadError> {
        let passing = |why: &str| ReadError::Passing { why: why.to_owned(), pause: None };
        if self.is_dead.load(Ordering::Relaxed) {
            return Err(passing("nobody answers"));
        }
        if self.chaos(8) {
            tokio::time::sleep(Duration::from_millis(self.dice(12))).await;
        } else {
            tokio::task::yield_now().await;
        }
        if self.chaos(12) { Err(passing("time-out")) } else { Ok(()) }
    }

    fn breach(breach: Breach, what: &str) -> ReadError {
        let url = "https://played.example/".to_owned();
        ReadError::Breach { breach, what: what.to_owned(), url, octets: Bytes(what.as_bytes().to_vec()) }
    }
}

impl LogReader for Played {
    async fn head(&self) -> Result<Head, ReadError> {
        self.asked().await?;
        if self.has_no_heads.load(Ordering::Relaxed) {
            return Err(ReadError::Passing { why: "no head".to_owned(), pause: None });
        }
        if let Some(head) = self.heads.lock().unwrap().pop_front() {
            return Ok(head);
        }
        if self.chaos(15) {
            return Err(Self::breach(Breach::Signature, "the signature does not hold"));
        }
        let size = self.shown.load(Ordering::Relaxed);
        // Servers lag behind, come back with another tree, or show what is not there.
        let size = if self.chaos(4) { self.dice(size + 1) } else { size };
        let mut head = self.head_of(size);
        if self.chaos(12) {
            head.root = TreeHash([7; 32]);
        }
        if self.chaos(12) {
            head.timestamp += 1_000_000;
        }
        Ok(head)
    }

    async fn prove_consistency(&self, older: &Head, newer: &Head) -> Result<(), ReadError> {
        self.asked().await?;
        assert!(0 < older.size && older.size < newer.size);
        let withheld = *self.withheld.lock().unwrap();
        match withheld {
            Some(Withheld::Refused) => return Err(ReadError::Refused("HTTP status 400".to_owned())),
            Some(Withheld::Gone) => return Err(ReadError::Gone("HTTP status 404".to_owned())),
            Some(Withheld::Trouble) => {
                return Err(ReadError::Passing { why: "HTTP status 500".to_owned(), pause: None });
            }
            Some(Withheld::Junk) => return Err(Self::breach(Breach::Proof, "it proves nothing")),
            None => {}
        }
        if newer.size == self.agrees_to.load(Ordering::Relaxed) {
            return Ok(());
        }
        if newer.size > self.has.load(Ordering::Relaxed) {
            return Err(ReadError::Refused(format!("it has no tree of {} entries", newer.size)));
        }
        for head in [older, newer] {
            if head.root != self.tree(head.size).root() {
                return Err(Self::breach(Breach::Split, "the proof leads to another root"));
            }
        }
        Ok(())
    }

    async fn tree_before(&self, head: &Head, size: u64) -> Result<TreeBuilder, ReadError> {
        self.asked().await?;
        if head.root != self.tree(head.size).root() {
            return Err(Self::breach(Breach::Proof, "the proof leads to another root"));
        }
        Ok(self.tree(size))
    }

    async fn leaf_at(&self, index: u64, size: u64) -> Result<(u64, TreeHash), ReadError> {
        self.asked().await?;
        assert!(index < size);
        if index >= self.silent_from.load(Ordering::Relaxed) {
            return Err(ReadError::Passing { why: "no entries".to_owned(), pause: None });
        }
        let leaf = &self.entries[usize::try_from(index).unwrap()].leaf;
        if self.hidden.load(Ordering::Relaxed) == index {
            return Ok((0, leaf_hash(b"another")));
        }
        Ok((u64::from_be_bytes(leaf[2..10].try_into().unwrap()), leaf_hash(leaf)))
    }

    async fn first_at(&self, head: &Head, time: Timestamp) -> Result<u64, ReadError> {
        self.asked().await?;
        if self.lies_of_time.load(Ordering::Relaxed) {
            return Ok(head.size);
        }
        let time = u64::try_from(time.as_millisecond()).unwrap_or_default();
        Ok(time.saturating_sub(BEGINNING).div_ceil(1000).min(head.size))
    }

    async fn entries(&self, start: u64, stop: u64, size: u64) -> Result<Answer, ReadError> {
        self.asked().await?;
        assert!(start < stop && stop <= size);
        if start >= self.silent_from.load(Ordering::Relaxed) {
            return Err(ReadError::Passing { why: "no entries".to_owned(), pause: None });
        }
        let hangs_from = self.hangs_from.load(Ordering::Relaxed);
        if start >= hangs_from {
            std::future::pending::<()>().await;
        }
        let too_large_at = self.too_large_at.load(Ordering::Relaxed);
        if start == too_large_at {
            return Err(Self::breach(Breach::Size, "the answer is too large"));
        }
        let left = too_large_at.checked_sub(start).unwrap_or(u64::MAX);
        let count = (stop - start).min(1 + self.dice(64)).min(hangs_from - start).min(left);
        let mut entries = Vec::new();
        for index in start..start + count {
            let is_hidden = index == self.hidden.load(Ordering::Relaxed) || self.chaos(2000);
            let Entry { leaf, extra } = match self.entries.get(usize::try_from(index).unwrap()) {
                Some(entry) if !is_hidden => entry.clone(),
                _ => CERTIFICATES.entry(&CERTIFICATES.filler, 1, false),
            };
            let once = self.given_once.lock().unwrap().take_if(|(at, _)| *at == index);
            let Entry { leaf, extra } = once.map_or(Entry { leaf, extra }, |(_, entry)| entry);
            let extra = if self.is_garbled.load(Ordering::Relaxed) { vec![0, 0, 9] } else { extra };
            let (leaf, extra) = (STANDARD.encode(leaf), STANDARD.encode(extra));
            entries.push(format!(r#"{{"leaf_input":"{leaf}","extra_data":"{extra}"}}"#));
        }
        let mut octets = format!(r#"{{"entries":[{}]}}"#, entries.join(",")).into_bytes();
        if self.chaos(30) {
            octets.truncate(octets.len() / 2);
        }
        Answer::read_get_entries(start, start + count, octets)
            .map_err(|(why, _)| Self::breach(Breach::Form, &why))
    }

    async fn issuer(&self, _: &[u8; 32]) -> Result<Bytes, ReadError> {
        if self.gives_issuers.load(Ordering::Relaxed) {
            return Ok(CERTIFICATES.issuer());
        }
        Err(ReadError::Unusable("the entries have their issuers beside them".to_owned()))
    }
}

/// Hears nothing, or writes it down.
#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<String>>);

impl Observer for Heard {
    fn happened(&self, _: &LogLabel, event: &Event<'_>) {
        let text = match event {
            Event::Found(summary) => format!("found {}", summary.tbs_sha256),
            Event::Proven(size) => format!("proven {size}"),
            Event::Fault(fault) => format!("fault {}", fault.kind.name()),
            Event::FaultAgain(fault) => format!("again {}", fault.kind.name()),
            Event::FaultKnown(fault) => format!("known {}", fault.kind.name()),
            Event::FaultOver(kind) => format!("over {}", kind.name()),
            Event::Began { beginning: Some(beginning), .. } => beginning.to_string(),
            Event::Began { proven, .. } => format!("began {proven}"),
            Event::Trouble { what, .. } => format!("trouble {what}"),
            Event::Unsearched(what) => format!("unsearched {what}"),
            Event::UnsearchedCount(count) => format!("not searched: {count}"),
            Event::Head(_) | Event::Read(_) => return,
        };
        self.0.lock().unwrap().push(text);
    }
}

/// Everything that following needs.
pub(crate) struct Scene {
    pub(crate) following: Following,
    pub(crate) heard: Arc<Heard>,
    pub(crate) stop: watch::Sender<bool>,
}

pub(crate) fn quick() -> Settings {
    Settings {
        start: pinstead::watch::follow::Start::Begin,
        once: true,
        interval: Duration::from_millis(5),
        lease: Duration::from_millis(60),
        most_uncommitted: 100,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(4),
        patience: Duration::from_millis(40),
        most_failures: 200,
        clock: then,
        ..Settings::default()
    }
}

pub(crate) async fn scene(place: &Place, settings: Settings) -> Scene {
    scene_with(place, settings, "").await
}

/// With a policy, TOML.
pub(crate) async fn scene_with(place: &Place, settings: Settings, policy: &str) -> Scene {
    scene_for(place, settings, policy, &["ours.example"]).await
}

/// For these names, each with all below it.
pub(crate) async fn scene_for(place: &Place, settings: Settings, policy: &str, names: &[&str]) -> Scene {
    let options = StateOptions { channels: vec!["stderr".to_owned()], most_octets: None };
    let of = |name: &&str| WatchedName { name: name.parse().unwrap(), with_subdomains: true };
    let watched = Arc::new(WatchedNames::new(names.iter().map(of)));
    let mut inputs = Inputs::read(&Request::default(), &InputFiles::default()).unwrap();
    inputs.policy = pinstead::policy::Policy::parse("policy", policy.as_bytes()).unwrap();
    let heard = Arc::new(Heard::default());
    let (stop, receiver) = watch::channel(false);
    let following = Following {
        state: Arc::new(State::open(place, &options).await.unwrap()),
        judging: Arc::new(Judging::new(inputs, Vec::new(), Arc::clone(&watched))),
        watched,
        settings,
        room: Room::new(8 << 20),
        stop: receiver,
        observer: heard.clone(),
    };
    Scene { following, heard, stop }
}

pub(crate) fn log() -> LogToFollow {
    LogToFollow {
        log_id: [3; 32],
        name: "Played".to_owned(),
        url: "https://played.example/".to_owned(),
        kind: LogKind::Rfc6962,
        key: Bytes(vec![3; 91]),
        merge_delay: SignedDuration::from_hours(24),
        is_closed: false,
    }
}

/// A new file for a state.
pub(crate) fn file(folder: &tempfile::TempDir) -> Place {
    Place::File(folder.path().join("state.db"))
}

/// All alerts, whatever became of them: kind, subject and payload.
pub(crate) async fn alerts(state: &State) -> Vec<(String, String, serde_json::Value)> {
    let mut alerts = Vec::new();
    loop {
        let due = state.due("stderr", 100, Duration::from_mins(1)).await.unwrap();
        if due.is_empty() {
            return alerts;
        }
        for one in due {
            let payload = serde_json::from_str(&one.alert.payload).unwrap();
            alerts.push((one.alert.kind.clone(), one.alert.subject.clone(), payload));
            state.delivered(&one).await.unwrap();
        }
    }
}
