//! What was found in a log, made into what is kept and what is told: which certificate it is, who issued it, and whether
//! that was expected.
//!
//! Plain functions: an entry and the certificates above it go in. Who issued is decided by key. A precertificate's leaf,
//! which the log's tree covers, has the hash of the issuer's key; a certificate's issuer is the one in its chain whose
//! key made the signature. Names are shown as they are claimed.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::ca::expectation::{self, Expectation, IssuerVerdict};
use crate::ca::issuer::{self, Issuer};
use crate::ct::log_entry::{LoggedEntry, read_leaf};
use crate::dns_name::DnsName;
use crate::evidence::{Bytes, Request};
use crate::issuance::names::{Form, WatchedNames, find_all};
use crate::judge::Inputs;
use crate::rules::Severity;
use crate::watch::batch::{FoundEntry, Why};
use crate::watch::state::{EntryKind, Found, LogKind, NewAlert};
use crate::x509::der;
use crate::x509::precertificate::logged_tbs;
use crate::x509::{Certificate, SpkiSha256, hexadecimal};

/// The most names of a certificate that an alert lists.
const MOST_NAMES: usize = 100;
/// The most characters of a text from outside in an alert.
const MOST_TEXT: usize = 500;
/// The kind of the alerts about certificates.
pub const CERTIFICATE_ALERT: &str = "certificate";
/// The kind of the alert of a test.
pub const SELF_TEST_ALERT: &str = "self_test";

/// What found certificates are judged by.
#[derive(Debug)]
pub struct Judging {
    inputs: Inputs,
    request: Request,
    watched: Arc<WatchedNames>,
    is_test: bool,
}

/// The log that an entry stands in, as an alert names it.
#[derive(Clone, Debug, Serialize)]
pub struct LogLabel {
    /// What it is called.
    pub name: String,
    /// Its id, base64.
    pub id: String,
    /// Where it is read.
    pub url: String,
}

/// What was found, ready to be kept and told.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is kept.
    pub found: Found,
    /// The alert, once for each certificate.
    pub alert: NewAlert,
    /// The same for a report.
    pub summary: Summary,
}

/// A found certificate in a few words.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What makes precertificate and certificate one.
    pub tbs_sha256: String,
    /// How much it matters.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// In several.
    #[serde(skip)]
    pub text: String,
    /// Whether the issuer is expected, as the contract names it.
    pub expectation: &'static str,
    /// Whether what it claims could be read.
    pub is_determined: bool,
    /// The facts.
    pub details: Value,
}

impl Judging {
    /// Judges by the policy and the CAs of `inputs`; `expect_ca` stands instead of the policy's expected CAs.
    pub fn new(inputs: Inputs, expect_ca: Vec<String>, watched: Arc<WatchedNames>) -> Self {
        Self { inputs, request: Request { expect_ca, ..Request::default() }, watched, is_test: false }
    }

    /// The same for a test, whose alerts say so.
    #[must_use]
    pub fn testing(mut self) -> Self {
        self.is_test = true;
        self
    }

    /// The gravest verdict on who issued, of those for each watched name.
    fn verdict(&self, issuer: &Issuer, claims: &BTreeSet<DnsName>) -> IssuerVerdict {
        let is_known = |name: &str| self.inputs.is_known_ca(name);
        let judge = |host: Option<&DnsName>| {
            expectation::judge(issuer.clone(), self.inputs.expected(&self.request, host), &is_known)
        };
        let gravity = |verdict: &IssuerVerdict| match verdict.expectation {
            Expectation::Unexpected => 3,
            Expectation::Undetermined => 2,
            Expectation::NoExpectation => 1,
            Expectation::Expected => 0,
        };
        let judged = claims.iter().map(|name| judge(Some(name)));
        judged.max_by_key(gravity).unwrap_or_else(|| judge(None))
    }
}

/// What an entry's leaf says.
struct Read {
    tbs_sha256: [u8; 32],
    kind: EntryKind,
    timestamp: u64,
    /// The certificate itself.
    certificate: Option<Bytes>,
    /// What it says, where it can be read; of a precertificate, what the tree covers.
    contents: Option<Certificate>,
    /// The issuer's key by the leaf.
    issuer_key: Option<SpkiSha256>,
}

fn read(leaf: &[u8]) -> Read {
    let hash = |octets: &[u8]| -> [u8; 32] { Sha256::digest(octets).into() };
    let unread = Read {
        tbs_sha256: hash(leaf),
        kind: EntryKind::X509,
        timestamp: 0,
        certificate: None,
        contents: None,
        issuer_key: None,
    };
    let Ok(entry) = read_leaf(leaf) else { return unread };
    match entry.entry {
        LoggedEntry::X509 { certificate } => {
            let contents = Certificate::read(certificate).ok();
            // One that cannot be cut is the same in every log all the same.
            let tbs = contents.as_ref().and_then(logged_tbs);
            Read {
                tbs_sha256: hash(tbs.as_deref().unwrap_or(certificate)),
                timestamp: entry.timestamp,
                certificate: Some(Bytes(certificate.to_vec())),
                contents,
                ..unread
            }
        }
        LoggedEntry::Precert { issuer_key_hash, tbs } => Read {
            tbs_sha256: hash(tbs),
            kind: EntryKind::Precert,
            timestamp: entry.timestamp,
            certificate: None,
            contents: read_tbs(tbs),
            issuer_key: Some(issuer_key_hash),
        },
    }
}

/// Reads a TBSCertificate as the certificate that it would be with a signature of no bits.
fn read_tbs(tbs: &[u8]) -> Option<Certificate> {
    let algorithm = der::wrap(der::SEQUENCE, &[]);
    let signature = der::wrap(der::BIT_STRING, &[0]);
    Certificate::read(&der::wrap(der::SEQUENCE, &[tbs, &algorithm, &signature].concat())).ok()
}

/// Makes of an entry what is kept of it, and its alert. `issuers` are the certificates above it, as far as they are
/// there; `missing` says why they are not.
pub fn prepare(
    entry: &FoundEntry,
    issuers: &[Bytes],
    missing: Option<&str>,
    log: &LogLabel,
    judging: &Judging,
) -> Prepared {
    let read = read(&entry.leaf);
    let claims = claims(entry, judging);
    let issuer = who_issued(&read, issuers, judging);
    let verdict = judging.verdict(&issuer, &claims);
    let found = Found {
        tbs_sha256: read.tbs_sha256,
        kind: read.kind,
        index: entry.index,
        timestamp: read.timestamp,
        leaf: entry.leaf.clone(),
        certificate: read.certificate.clone(),
        precertificate: entry.beside.precertificate.clone(),
        chain: entry.beside.chain.clone(),
        claims: claims.iter().cloned().collect(),
    };
    let subject = Subject { entry, read: &read, claims: &claims, verdict: &verdict, missing, log };
    let mut summary = subject.summary();
    let mut kind = CERTIFICATE_ALERT;
    if judging.is_test {
        kind = SELF_TEST_ALERT;
        summary.title = format!("TEST: {}", summary.title);
        summary.text = format!(
            "This is a test of pinstead watch. The certificate was made up, and stands in no log.\n{}",
            summary.text
        );
    }
    let payload = json!({
        "title": summary.title,
        // A test has none, so that it comes to every channel.
        "severity": (!judging.is_test).then_some(summary.severity),
        "text": summary.text,
        "details": summary.details,
    });
    let alert =
        NewAlert { kind: kind.to_owned(), subject: summary.tbs_sha256.clone(), payload: payload.to_string() };
    Prepared { found, alert, summary }
}

/// All watched names that the certificate claims, in whatever shape: each has its own expected CAs.
fn claims(entry: &FoundEntry, judging: &Judging) -> BTreeSet<DnsName> {
    let (octets, form) = match read_leaf(&entry.leaf).map(|leaf| leaf.entry) {
        Ok(LoggedEntry::X509 { certificate }) => (certificate, Form::Certificate),
        Ok(LoggedEntry::Precert { tbs, .. }) => (tbs, Form::TbsCertificate),
        Err(_) => (entry.leaf.0.as_slice(), Form::Certificate),
    };
    let found = find_all(octets, form, &judging.watched);
    let mut claims: BTreeSet<DnsName> = found.into_iter().map(|watched| watched.name.clone()).collect();
    match &entry.why {
        Why::Claims { watched, .. } => claims.insert(watched.clone()),
        Why::Undetermined { mentions, .. } => mentions.iter().any(|name| claims.insert(name.clone())),
    };
    claims
}

fn who_issued(read: &Read, issuers: &[Bytes], judging: &Judging) -> Issuer {
    let owner_of = |key: &SpkiSha256| judging.inputs.owner_of(key);
    if read.issuer_key.is_some() {
        // The log signed for this key, having seen the chain.
        return issuer::identify(&[], read.issuer_key, owner_of);
    }
    let Some(contents) = &read.contents else { return Issuer::default() };
    let issuers: Vec<Certificate> = issuers.iter().filter_map(|der| Certificate::read(der).ok()).collect();
    let others: Vec<&Certificate> = issuers.iter().chain(&judging.inputs.issuers).collect();
    issuer::identify(&issuer::candidates(contents, &others, judging.inputs.cas), None, owner_of)
}

/// What an alert is about.
struct Subject<'a> {
    entry: &'a FoundEntry,
    read: &'a Read,
    claims: &'a BTreeSet<DnsName>,
    verdict: &'a IssuerVerdict,
    missing: Option<&'a str>,
    log: &'a LogLabel,
}

impl Subject<'_> {
    fn severity(&self) -> Severity {
        match (&self.entry.why, self.verdict.expectation) {
            (_, Expectation::Unexpected) => Severity::High,
            (Why::Undetermined { mentions: None, .. }, _) if self.claims.is_empty() => Severity::Low,
            (Why::Undetermined { .. }, _) | (_, Expectation::Undetermined) => Severity::Medium,
            (Why::Claims { is_odd: true, .. }, _) => Severity::Low,
            (Why::Claims { .. }, _) => Severity::Info,
        }
    }

    fn title(&self) -> String {
        let name = match (self.claims.first(), self.claims.len()) {
            (None, _) => "a name that cannot be read".to_owned(),
            (Some(first), 1) => first.to_string(),
            (Some(first), more) => format!("{first} and {} more watched", more.saturating_sub(1)),
        };
        if matches!(self.entry.why, Why::Undetermined { .. }) {
            return format!("A certificate that cannot be read whole, for {name}");
        }
        let by = self.verdict.issuer.owner.as_deref().unwrap_or("an unknown CA");
        let what = match self.verdict.expectation {
            Expectation::Expected => "Certificate",
            Expectation::Unexpected => "Unexpected certificate",
            Expectation::Undetermined | Expectation::NoExpectation => "New certificate",
        };
        shorten(&format!("{what} for {name}, issued by {by}"))
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        match &self.entry.why {
            Why::Claims { watched, claimed, is_odd } => {
                lines.push(format!("It claims “{}”, and {watched} is watched.", shorten(claimed)));
                if *is_odd {
                    lines.push("Only a lenient reader takes that for the watched name.".to_owned());
                }
            }
            Why::Undetermined { why, mentions } => {
                lines.push(format!("What it claims could not be read whole: {}.", shorten(why)));
                match mentions {
                    Some(name) => lines.push(format!("The watched name {name} stands in its octets.")),
                    None => lines.push("No watched name stands in it in plain letters.".to_owned()),
                }
            }
        }
        lines.extend(self.verdict.reasons.iter().map(|reason| shorten(reason)));
        if let Some(missing) = self.missing {
            lines.push(format!("Certificates above it are missing: {}", shorten(missing)));
        }
        if let Some(contents) = &self.read.contents {
            lines.push(format!("Issuer, as claimed: {}", shorten(&contents.issuer)));
            lines.push(format!("Valid from {} to {}.", contents.not_before, contents.not_after));
        }
        let kind = match self.read.kind {
            EntryKind::X509 => "certificate",
            EntryKind::Precert => "precertificate",
        };
        lines.push(format!("Entry {} of {}, as {kind}.", self.entry.index, self.log.name));
        if self.verdict.expectation == Expectation::Unexpected {
            lines.push(
                "Find out who ordered it. If nobody of yours did, ask the CA to revoke it, and restrict \
                 issuance with CAA."
                    .to_owned(),
            );
        }
        lines.join("\n")
    }

    fn summary(&self) -> Summary {
        Summary {
            tbs_sha256: hexadecimal(&self.read.tbs_sha256),
            severity: self.severity(),
            title: self.title(),
            text: self.text(),
            expectation: self.verdict.expectation.name(),
            is_determined: matches!(self.entry.why, Why::Claims { .. }),
            details: self.details(),
        }
    }

    fn details(&self) -> Value {
        let issuer = &self.verdict.issuer;
        let (claimed, is_odd, undetermined) = match &self.entry.why {
            Why::Claims { claimed, is_odd, .. } => (Some(shorten(claimed)), *is_odd, None),
            Why::Undetermined { why, .. } => (None, false, Some(shorten(why))),
        };
        let contents = self.read.contents.as_ref().map(|contents| {
            let names: Vec<String> =
                contents.names.dns.iter().take(MOST_NAMES).map(ToString::to_string).collect();
            json!({
                "subject": shorten(&contents.subject),
                "issuer": shorten(&contents.issuer),
                "serial": shorten(&contents.serial),
                "spki_sha256": contents.spki_sha256.to_string(),
                "not_before": contents.not_before,
                "not_after": contents.not_after,
                "dns_names": names,
                "dns_names_left_out": contents.names.dns.len().saturating_sub(MOST_NAMES),
            })
        });
        let time =
            i64::try_from(self.read.timestamp).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        json!({
            "tbs_sha256": hexadecimal(&self.read.tbs_sha256),
            "certificate_sha256": self.read.certificate.as_ref().map(|der| hexadecimal(&Sha256::digest(&der.0))),
            "watched": self.claims.iter().take(MOST_NAMES).collect::<Vec<_>>(),
            "claimed": claimed,
            "odd": is_odd,
            "undetermined": undetermined,
            "certificate": contents,
            "issuer": {
                "status": self.verdict.expectation.name(),
                "expected": self.verdict.expected,
                "reasons": self.verdict.reasons,
                "owner": issuer.owner,
                "claimed_owner": issuer.claimed_owner,
                "caa_identifiers": issuer.caa_identifiers,
                "spki_sha256": issuer.key.map(|key| key.key.to_string()),
                "proof": issuer.key.map(|key| key.proof.name()),
            },
            "log": self.log,
            "entry": {
                "index": self.entry.index,
                "kind": match self.read.kind { EntryKind::X509 => "x509", EntryKind::Precert => "precert" },
                "logged_at": time,
            },
        })
    }
}

/// Text from outside, no longer than an alert bears.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl LogLabel {
    /// A log as alerts name it.
    pub fn new(name: &str, id: &[u8; 32], url: &str) -> Self {
        Self { name: shorten(name), id: STANDARD.encode(id), url: shorten(url) }
    }
}

/// What an interface is called.
pub fn kind_name(kind: LogKind) -> &'static str {
    match kind {
        LogKind::Rfc6962 => "rfc6962",
        LogKind::Static => "static",
    }
}
