//! `pinstead watch --self-test`: a certificate that was made up goes the whole way, from a log's answer to each channel.
//!
//! It is matched, judged, committed, proven and delivered by the same code as any other, in a state of its own that is
//! removed afterwards. Every text of its alert says that it is a test.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::WatchOptions;
use super::setup::Setup;
use crate::cli::Exit;
use crate::cli::options::Plain;
use crate::ct::merkle::{TreeBuilder, leaf_hash};
use crate::evidence::Bytes;
use crate::observe::clock;
use crate::report::human::safe;
use crate::report::human::style::{BAD, GOOD, paint};
use crate::report::json::v1::SCHEMA_VERSION;
use crate::watch::alert;
use crate::watch::follow::{LogLabel, Prepared, Standing, prepare};
use crate::watch::metrics::WatchMetrics;
use crate::watch::reader::Answer;
use crate::watch::state::{Head, LogKind, NewLog, Place, State};
use crate::x509::hexadecimal;

/// What stands before the watched name.
const LABEL: &str = "pinstead-self-test";
/// Longer than the test takes.
const LEASE: Duration = Duration::from_mins(10);
/// Where the log of the test would be.
const URL: &str = "https://self-test.invalid/";

/// A folder that goes with its content.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let mut octets = [0; 8];
        getrandom::fill(&mut octets).ok().context("the system has no random octets")?;
        let path = std::env::temp_dir().join(format!("pinstead-self-test-{}", hexadecimal(&octets)));
        std::fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind in a folder of temporary files does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the test.
pub(super) async fn run(options: &WatchOptions, mut setup: Setup) -> anyhow::Result<Exit> {
    let form = options.output.plain("watch --self-test")?;
    let folder = Folder::new()?;
    let place = Place::File(folder.0.join("state.db"));
    let state = Arc::new(State::open(&place, &setup.state_options()).await?);
    let channels = std::mem::take(&mut setup.channels);
    let names: Vec<String> = channels.iter().map(|channel| channel.name().to_owned()).collect();
    let prepared = inject(&state, setup).await.context("the test did not come as far as its alert")?;
    let metrics = Arc::new(WatchMetrics::new(clock::now()));
    let (_going, stopped) = tokio::sync::watch::channel(false);
    alert::deliver_once(Arc::clone(&state), channels, metrics, stopped).await?;
    let waiting = state.waiting().await?;
    state.close().await;
    let arrived: Vec<(String, Option<String>)> = names
        .into_iter()
        .map(|name| {
            let left = waiting.iter().find(|waiting| waiting.channel == name);
            let why = left.map(|left| left.error.clone().unwrap_or_else(|| "it was not tried".to_owned()));
            (name, why)
        })
        .collect();
    let text = match form {
        Plain::Human => human(&prepared, &arrived),
        Plain::Json => format!("{:#}\n", report(&prepared, &arrived)),
        Plain::Jsonl => format!("{}\n", report(&prepared, &arrived)),
    };
    options.output.write(&text)?;
    let all_arrived = !arrived.is_empty() && arrived.iter().all(|(_, why)| why.is_none());
    Ok(if all_arrived { Exit::Clean } else { Exit::Findings })
}

/// Plays a log of one entry, and takes it as any other.
async fn inject(state: &State, setup: Setup) -> anyhow::Result<Prepared> {
    let watched = Arc::clone(&setup.watched);
    let first = watched.names().first().context("no name is watched")?;
    let name = if first.with_subdomains { format!("{LABEL}.{}", first.name) } else { first.name.to_string() };
    let (leaf, extra) = entry(&name)?;
    let answer =
        json!({"entries": [{"leaf_input": STANDARD.encode(&leaf), "extra_data": STANDARD.encode(extra)}]});
    let key = Bytes(LABEL.as_bytes().to_vec());
    let log_id: [u8; 32] = Sha256::digest(&key.0).into();
    let new = NewLog {
        log_id,
        description: "the log of a test".to_owned(),
        url: URL.to_owned(),
        kind: LogKind::Rfc6962,
        key,
        before: TreeBuilder::default(),
        head: None,
        begun: None,
    };
    let log = state.register(&new).await?.number;
    let head = state.lease_head(log, LEASE).await?.context("the head is held by another")?;
    let mut tree = TreeBuilder::default();
    tree.push(leaf_hash(&leaf));
    let shown = Head { size: 1, timestamp: milliseconds(), root: tree.root(), octets: Bytes(Vec::new()) };
    state.take_head(&head, &shown).await?;
    let mut range = state.lease_range(log, LEASE).await?.context("there is no range to read")?;
    let mut builder = range.builder()?;
    let answer = Answer::read_get_entries(0, 1, answer.to_string().into_bytes())
        .map_err(|(why, _)| anyhow::anyhow!("the answer cannot be read: {why}"))?;
    let found = answer.take(&watched, &mut builder, 1)?;
    let [found] = found.as_slice() else { bail!("the certificate for {name} was not matched") };
    let issuers = match &found.beside.chain {
        crate::watch::batch::ChainBeside::Certificates(issuers) => issuers.clone(),
        _ => Vec::new(),
    };
    let label = LogLabel::new(&new.description, &log_id, URL);
    let standing = Standing {
        log: &label,
        issuers: &issuers,
        others: None,
        missing: None,
        is_proven: false,
        at: clock::now(),
    };
    let prepared = prepare(found, &standing, &setup.judging().testing());
    let made = state
        .commit(
            &mut range,
            &builder,
            std::slice::from_ref(&prepared.found),
            std::slice::from_ref(&prepared.alert),
        )
        .await?;
    if made.len() != 1 {
        bail!("{} alerts were made, and not one", made.len());
    }
    let folded = state.fold(&head).await?.context("the entry was not read")?;
    state.prove(&head, &folded).await?;
    Ok(prepared)
}

/// An entry for a certificate of this name, by a CA that nobody knows: its leaf and its extra data.
fn entry(name: &str) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let mut parameters = rcgen::CertificateParams::new(Vec::new())?;
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "pinstead self-test, not a CA");
    let key = rcgen::KeyPair::generate()?;
    let issuer = parameters.self_signed(&key)?.der().to_vec();
    let authority = rcgen::Issuer::new(parameters, key);
    let subject = rcgen::KeyPair::generate()?;
    let certificate =
        rcgen::CertificateParams::new(vec![name.to_owned()])?.signed_by(&subject, &authority)?.der().to_vec();
    let sized = |octets: &[u8]| -> anyhow::Result<Vec<u8>> {
        let length = u32::try_from(octets.len())?.to_be_bytes();
        Ok([length.get(1..).unwrap_or_default(), octets].concat())
    };
    let leaf = [&[0, 0][..], &milliseconds().to_be_bytes(), &[0, 0], &sized(&certificate)?, &[0, 0]].concat();
    Ok((leaf, sized(&sized(&issuer)?)?))
}

fn milliseconds() -> u64 {
    u64::try_from(clock::now().as_millisecond()).unwrap_or_default()
}

fn report(prepared: &Prepared, arrived: &[(String, Option<String>)]) -> serde_json::Value {
    let channels =
        arrived.iter().map(|(name, why)| json!({"channel": name, "delivered": why.is_none(), "error": why}));
    json!({
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "pinstead", "version": env!("CARGO_PKG_VERSION")},
        "test": true,
        "certificate": prepared.summary,
        "channels": channels.collect::<Vec<_>>(),
    })
}

fn human(prepared: &Prepared, arrived: &[(String, Option<String>)]) -> String {
    let mut text = format!(
        "A certificate was made up, matched, judged, committed and proven:\n  {}\n\n",
        safe(&prepared.summary.title)
    );
    if arrived.is_empty() {
        text.push_str("No channel of alerts is set up: nobody would be told. See [alerts] of the policy.\n");
    }
    for (name, why) in arrived {
        let (style, said) = match why {
            None => (GOOD, "delivered".to_owned()),
            Some(why) => (BAD, format!("not delivered: {}", safe(why))),
        };
        let _ = writeln!(text, "{}: {}", safe(name), paint(style, said));
    }
    text
}
