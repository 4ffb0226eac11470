//! What was issued for a name, as each source told it: raw answers, untouched, and of files the certificates in them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Bytes;
use super::dns::CaaLookup;
use super::file::InputFile;
use super::http::HttpExchange;
use crate::dns_name::DnsName;

/// Everything that sources told of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuanceObservation {
    /// The name asked about; the names below it belong to it.
    pub name: DnsName,
    /// What each source told, in the order of asking.
    #[serde(default)]
    pub sources: Vec<IssuanceSource>,
}

/// What was seen of one name, with what judging it rests on beside the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuanceEvidence {
    /// What the sources told.
    pub observation: IssuanceObservation,
    /// The CAA look-ups, one for each name of the certificates that can be used.
    #[serde(default)]
    pub caa: Vec<CaaLookup>,
}

/// One source, asked once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuanceSource {
    /// When it was asked, or read.
    pub asked_at: Timestamp,
    /// Where it is: a URL without anything secret, a path, what the user named.
    pub place: String,
    /// Why it was not asked, or not asked to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// What it told.
    pub told: Told,
}

/// What a source told, in its own form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// crt.sh, in JSON: the answers in the order of asking.
    CrtSh(Vec<HttpExchange>),
    /// The CT Search API of SSLMate's Cert Spotter: its pages in the order of asking.
    CertSpotter(Vec<HttpExchange>),
    /// Files of certificates, of the user's own: of each what [`FileCertificates`](super::file::FileCertificates) has.
    Files(Vec<InputFile>),
    /// What `pinstead watch` found in the CT logs.
    WatchState(WatchStateReading),
}

/// What the state of `pinstead watch` has about a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchStateReading {
    /// Whether the name, or one above it, is among those that were watched, as far as is known.
    #[serde(default)]
    pub is_watched: Option<bool>,
    /// The logs followed, with how far each was read.
    #[serde(default)]
    pub logs: Vec<FollowedLog>,
    /// What was found.
    #[serde(default)]
    pub certificates: Vec<LoggedCertificate>,
    /// Issuers' certificates, DER, that the chains name by their SHA-256.
    #[serde(default)]
    pub issuers: Vec<Bytes>,
    /// Who looks, and since when; not known where the name was never watched.
    #[serde(default)]
    pub looks: Option<WatchLooks>,
    /// What becomes of its alerts; not known of evidence that an older version saved.
    #[serde(default)]
    pub alerts: Option<AlertQueues>,
}

/// What becomes of the alerts of a watch, whoever they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertQueues {
    /// Whether a service follows a log now.
    pub has_service: bool,
    /// Whether any such service has a channel for alerts.
    pub has_channel: bool,
    /// How many alerts neither a channel took nor a report of `watch --once` listed.
    pub untold: u64,
    /// When the oldest of them was made.
    #[serde(default)]
    pub oldest_untold: Option<Timestamp>,
    /// What waits for each channel.
    #[serde(default)]
    pub waiting: Vec<AlertQueue>,
}

/// What waits for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertQueue {
    /// The channel.
    pub channel: String,
    /// How many alerts.
    pub alerts: u64,
    /// How many of them the channel was given before, and did not take.
    pub failed: u64,
    /// When the oldest was made.
    pub oldest: Timestamp,
    /// When the oldest was made of those that it did not take.
    #[serde(default)]
    pub oldest_failed: Option<Timestamp>,
    /// What went wrong with one of them.
    #[serde(default)]
    pub error: Option<String>,
    /// When somebody said last that he serves the channel, as far as is known.
    #[serde(default)]
    pub named: Option<Timestamp>,
}

/// How a state was kept: by a watch that goes on, or by looks now and then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchLooks {
    /// When the first of its logs was followed first.
    pub began: Timestamp,
    /// When a process said last that it searches for the name; one that goes on says so every hour.
    pub for_name: Timestamp,
    /// Whether none has said since that it searches for other names alone.
    pub is_latest: bool,
    /// Whether a process follows a log now.
    pub is_running: bool,
}

/// A log that is followed, and which of its entries were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowedLog {
    /// Its id, base64.
    pub log_id: String,
    /// What it is called.
    pub description: String,
    /// The first entry that was read.
    pub start: u64,
    /// Up to where the entries were read and give the root that the log signed.
    pub proven: u64,
    /// How many entries behind these were read.
    pub read: u64,
    /// The proven entries that were searched for the name and all below it, as far as is known: of each stretch its
    /// first, and the one behind its last.
    #[serde(default)]
    pub searched: Option<Vec<(u64, u64)>>,
    /// The size of the last verified tree head.
    pub head_size: Option<u64>,
    /// Its time, as the log says.
    pub head_at: Option<Timestamp>,
    /// When it was seen.
    pub head_seen: Option<Timestamp>,
    /// What is wrong with the log.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Who follows it for the name; not known of evidence that an older version saved.
    #[serde(default)]
    pub following: Option<LogFollowing>,
}

/// Who follows a log for a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFollowing {
    /// Whether a service said that it does, and when the state was read that was so still.
    pub by_service: bool,
    /// When runs that end (`watch --once`) looked at it up to its end.
    #[serde(default)]
    pub runs: Option<LogRuns>,
}

/// Runs that looked at a log, none of them more than two days after the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRuns {
    /// When the first of them did.
    pub first: Timestamp,
    /// When the last of them did.
    pub last: Timestamp,
    /// How many seconds after the one before one of them came at most.
    pub apart_seconds: i64,
}

/// A certificate that was found in logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCertificate {
    /// When it was found first.
    pub first_seen: Timestamp,
    /// The certificate, DER, where a log had it.
    #[serde(default)]
    pub certificate: Option<Bytes>,
    /// The precertificate, DER, where a log had it.
    #[serde(default)]
    pub precertificate: Option<Bytes>,
    /// Where it stands.
    #[serde(default)]
    pub sightings: Vec<LogSighting>,
}

/// Where a certificate stands in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSighting {
    /// The log's id, base64.
    pub log_id: String,
    /// Its place there.
    pub index: u64,
    /// Whether this leaf was part of what gave a root that the log signed; what a log gave once and otherwise later was
    /// not.
    #[serde(default)]
    pub is_proven: bool,
    /// The `MerkleTreeLeaf`.
    pub leaf: Bytes,
    /// The SHA-256 of each certificate of the chain beside it, the issuer first.
    #[serde(default)]
    pub chain: Vec<Bytes>,
    /// When we found it.
    pub seen: Timestamp,
}
