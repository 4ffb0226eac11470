//! A certificate as a source reports it, and how much of what was issued that source can know.

use jiff::Timestamp;

use crate::evidence::Bytes;
use crate::x509::{CertificateSha256, SpkiSha256};

/// What one source says was issued, and what its silence is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReading {
    /// Which source.
    pub source: SourceKind,
    /// Where it is, as reports show it.
    pub place: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// How much it told.
    pub coverage: Coverage,
    /// Up to when it knows what was issued, where it says so.
    pub current_to: Option<Timestamp>,
    /// What it knows at best, in one sentence: unexpired ones only, the logs it follows, the files given.
    pub scope: String,
    /// What it reported.
    pub certificates: Vec<ReportedCertificate>,
    /// What in its answers could not be read, a sentence each.
    pub problems: Vec<String>,
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// crt.sh.
    CrtSh,
    /// SSLMate's Cert Spotter.
    CertSpotter,
    /// Files of the user's.
    Files,
    /// The state of `pinstead watch`.
    WatchState,
    /// What the server itself shows.
    Served,
}

/// How much of what it knows a source told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it.
    Whole,
    /// A part, and why.
    Part(String),
    /// Nothing that could be used, and why: no data, which is not “nothing issued”.
    NoData(String),
    /// It was not asked, and why.
    NotAsked(String),
}

/// A certificate as one source reports it. What the source does not say is unknown, not absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportedCertificate {
    /// The certificate, DER, where the source has it.
    pub certificate: Option<Bytes>,
    /// The precertificate, DER, where the source has it.
    pub precertificate: Option<Bytes>,
    /// What a log's tree covers of a precertificate (RFC 6962 section 3.2).
    pub logged: Option<LoggedTbs>,
    /// The certificates that the source has beside it, DER, the issuer first.
    pub chain: Vec<Bytes>,
    /// What the source says of it, in its own words.
    pub claimed: Claimed,
    /// Where it was seen.
    pub seen: Vec<Seen>,
}

/// What a log's tree covers of a precertificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedTbs {
    /// The TBSCertificate without the poison, DER.
    pub tbs: Bytes,
    /// SHA-256 of the issuer's SubjectPublicKeyInfo.
    pub issuer_key_hash: SpkiSha256,
    /// Whether the entry stands within the proven part of a log without fault; else it is what somebody says.
    pub is_proven: bool,
}

/// What a source says of a certificate without showing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// SHA-256 of the TBSCertificate without SCT list and poison.
    pub tbs_sha256: Option<[u8; 32]>,
    /// SHA-256 of the certificate, or of the precertificate.
    pub certificate_sha256: Option<CertificateSha256>,
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: Option<SpkiSha256>,
    /// SHA-256 of its issuer's SubjectPublicKeyInfo.
    pub issuer_spki_sha256: Option<SpkiSha256>,
    /// Its issuer's name.
    pub issuer_name: Option<String>,
    /// The source's own number of its issuer.
    pub issuer_number: Option<u64>,
    /// Whether the source has more certificates of its issuer and serial number than a precertificate and a certificate:
    /// they are not taken for one.
    pub is_apart: bool,
    /// Who runs its issuer.
    pub issuer_owner: Option<String>,
    /// What its issuer accepts in CAA records.
    pub issuer_caa_domains: Vec<String>,
    /// Its serial number, in lower-case hexadecimal without leading zeros.
    pub serial: Option<String>,
    /// From when it is valid.
    pub not_before: Option<Timestamp>,
    /// Until when it is valid.
    pub not_after: Option<Timestamp>,
    /// Its names.
    pub dns_names: Vec<String>,
    /// Whether these are all of its names.
    pub names_are_complete: bool,
    /// Whether it was revoked, where the source says.
    pub is_revoked: Option<bool>,
    /// Where an abuse of it is reported to its CA.
    pub problem_reporting: Option<String>,
}

/// Where a certificate was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The log, the id at the source, or the file.
    pub place: String,
    /// Its index in the log.
    pub index: Option<u64>,
    /// When it was logged or seen, as the source says.
    pub at: Option<Timestamp>,
}
