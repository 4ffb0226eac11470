//! What was seen: plain data, recorded untouched by `observe` and judged by code that does no I/O.
//!
//! An [`Evidence`] holds everything a judgement rests on (the answers of servers as raw bytes, and the files
//! the user gave), so that judging it again later gives the same verdicts.

mod bytes;
pub mod ct_log;
pub mod dns;
pub mod file;
pub mod http;
pub mod issuance;
pub mod log_list;
pub mod pin_folders;
pub mod private_key;
pub mod revocation;
pub mod tls;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::bytes::Bytes;
use self::ct_log::CtLogObservation;
use self::dns::{CaaLookup, TlsaLookup};
use self::file::InputFile;
use self::issuance::{IssuanceEvidence, IssuanceSource};
use self::pin_folders::PinFolder;
use self::revocation::{Crls, Reach};
use self::tls::TlsObservation;

/// The newest version of the evidence format that is known.
pub const EVIDENCE_VERSION: u32 = 2;

/// The version of evidence of all that was named; of a part it is [`EVIDENCE_VERSION`], so that no program takes it for the
/// whole that does not know of [`Evidence::not_looked_at`].
pub const WHOLE_EVIDENCE: u32 = 1;

/// Everything observed in one run, with the inputs that the judgement depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The version of this format: [`WHOLE_EVIDENCE`], or [`EVIDENCE_VERSION`] for a part.
    pub pinstead_evidence: u32,
    /// The version of the program that observed.
    pub tool_version: String,
    /// When the observation began; the default time of judging.
    pub observed_at: Timestamp,
    /// What was asked for.
    pub request: Request,
    /// The files that were given beside the targets.
    pub inputs: Inputs,
    /// What was seen of each target, in the order they were named.
    pub targets: Vec<TargetEvidence>,
    /// The targets that were named and not looked at, where the run was interrupted: nothing is known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_looked_at: Vec<String>,
    /// What sources told of certificates that were issued, name by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuance: Vec<IssuanceEvidence>,
    /// The CRLs that the certificates of all targets name, where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crls: Crls,
}

impl Evidence {
    /// Whether a file that begins with these octets is saved evidence.
    pub fn is_begun_by(octets: &[u8]) -> bool {
        const HEAD: usize = 200;
        let head = octets.get(..HEAD.min(octets.len())).unwrap_or_default();
        String::from_utf8_lossy(head).contains("\"pinstead_evidence\"")
    }
}

/// What the user asked for, as far as the judgement depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "options, each with a switch of its own")]
pub struct Request {
    /// The parts asked for with `--only`; empty: all.
    #[serde(default)]
    pub only: Vec<String>,
    /// The CAs expected by `--expect-ca`.
    #[serde(default)]
    pub expect_ca: Vec<String>,
    /// Whether the network was not to be used.
    #[serde(default)]
    pub offline: bool,
    /// Whether the CT logs were to be asked for proof of inclusion.
    #[serde(default)]
    pub inclusion: bool,
    /// Whether the CRLs that certificates name were to be fetched.
    #[serde(default)]
    pub revocation: bool,
    /// Whether the TLSA records of servers were to be looked up.
    #[serde(default)]
    pub tlsa: bool,
    /// Whether sources were to be asked what was issued for the targets' names.
    #[serde(default)]
    pub issuance: bool,
    /// The time of judging, if `--at` named one.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The time within which pins that end fail the gate, in seconds, if `--expires-within` named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_within: Option<i64>,
    /// What was stated to `pinstead compare`, where that is what was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<CompareRequest>,
}

/// What the command line of `pinstead compare` states of the clients, as it is written there; the policy may say more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompareRequest {
    /// The kinds of clients.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// How long it takes until new pins have reached the users, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_lead: Option<i64>,
    /// Whether the owner runs both the server and the clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls_both_ends: Option<bool>,
    /// Whether pins can be replaced in clients by a protected way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pins_updatable: Option<bool>,
    /// Whether users are disturbed by having to update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_disruptive: Option<bool>,
    /// Whether the next key is known before it is put into service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_predictable: Option<bool>,
    /// Whether the client is an app of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native_app: Option<bool>,
    /// The steps of the plan that have to be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<String>,
    /// Whether TLSA records were asked for by name; else they are looked up for their column alone.
    pub tlsa: bool,
    /// The options that change what is found, as words: gates that are printed repeat what changes their answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<String>,
}

impl CompareRequest {
    /// What is stated now, and where nothing is, what was stated `before`.
    #[must_use]
    pub fn beside(self, before: Option<Self>) -> Self {
        let before = before.unwrap_or_default();
        Self {
            clients: if self.clients.is_empty() { before.clients } else { self.clients },
            release_lead: self.release_lead.or(before.release_lead),
            controls_both_ends: self.controls_both_ends.or(before.controls_both_ends),
            pins_updatable: self.pins_updatable.or(before.pins_updatable),
            update_disruptive: self.update_disruptive.or(before.update_disruptive),
            key_predictable: self.key_predictable.or(before.key_predictable),
            native_app: self.native_app.or(before.native_app),
            tlsa: self.tlsa || before.tlsa,
            require: if self.require.is_empty() { before.require } else { self.require },
            repeated: if self.repeated.is_empty() { before.repeated } else { self.repeated },
        }
    }
}

/// The files given beside the targets, as read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The policy file.
    pub policy: Option<InputFile>,
    /// The pin files.
    #[serde(default)]
    pub pins: Vec<InputFile>,
    /// What was named as sources of pins, where nothing in it has to do with pins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_pins: Vec<String>,
    /// How many files of that were opened, where some were of each; 0 where it is not known.
    #[serde(default, skip_serializing_if = "is_none_opened")]
    pub opened_without_pins: usize,
    /// What is known of the folders that were named as sources of pins; nothing where an earlier version saved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pin_folders: Vec<PinFolder>,
    /// Trust anchors instead of the embedded ones.
    pub roots: Option<InputFile>,
    /// Further issuer certificates.
    #[serde(default)]
    pub issuers: Vec<InputFile>,
    /// A CT log list instead of the embedded table.
    pub log_list: Option<InputFile>,
    /// Whose list that is, where the user said so.
    #[serde(default)]
    pub log_list_program: Option<String>,
    /// The detached signature of the log list.
    pub log_list_signature: Option<InputFile>,
    /// Further log lists, of other programmes.
    #[serde(default)]
    pub further_log_lists: Vec<GivenLogList>,
    /// Further signatures; each belongs to one of the lists.
    #[serde(default)]
    pub further_log_list_signatures: Vec<InputFile>,
    /// The key that signs log lists instead of Google's.
    #[serde(default)]
    pub log_list_key: Option<InputFile>,
    /// The log lists that `pinstead logs update` kept.
    #[serde(default)]
    pub log_list_caches: Vec<InputFile>,
    /// Files of certificates that tell what was issued, for every name that is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<IssuanceSource>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none_opened(opened: &usize) -> bool {
    *opened == 0
}

/// A log list that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenLogList {
    /// Whose list it is, where the user said so.
    #[serde(default)]
    pub program: Option<String>,
    /// The file.
    pub file: InputFile,
}

/// A line of a list of targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAt {
    /// The list, as the user named it.
    pub list: String,
    /// The line, from 1.
    pub line: usize,
}

impl ListedAt {
    /// How standard input is called.
    pub const STANDARD_INPUT: &str = "standard input";

    /// The list, where it is a file.
    pub fn file(&self) -> Option<&str> {
        (self.list != Self::STANDARD_INPUT).then_some(self.list.as_str())
    }
}

impl fmt::Display for ListedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.list, self.line)
    }
}

/// What was seen of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetEvidence {
    /// The target's name in reports: `host:port`, or the file as it was named.
    pub target: String,
    /// Where the certificate came from.
    pub source: CertificateSource,
    /// Where it stands, of a line of a list that names no target: that is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_nothing: Option<ListedAt>,
    /// The CAA look-ups, one for each distinct name that was asked for.
    #[serde(default)]
    pub caa: Vec<CaaLookup>,
    /// The CT logs that were asked whether they hold what they promised.
    #[serde(default)]
    pub ct_logs: Vec<CtLogObservation>,
    /// The TLSA records of the server, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlsa: Option<TlsaLookup>,
    /// What sources told of certificates that were issued for the host, where they were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuance: Option<IssuanceEvidence>,
    /// Where CRLs were asked for.
    #[serde(default, skip_serializing_if = "Reach::is_usual")]
    pub crl_reach: Reach,
    /// Which of the run's CRLs were had for this target, by their places; those of another target are none of its. Evidence
    /// that does not say so has them all for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crls: Option<Vec<usize>>,
}

/// Where a target's certificate came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateSource {
    /// A TLS server.
    Tls(TlsObservation),
    /// A file, or standard input.
    File(InputFile),
}
