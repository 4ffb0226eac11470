//! What is said of a certificate's SCTs.

use jiff::Timestamp;

use super::inclusion::{Inclusion, Promise};
use super::log_id::LogId;
use super::log_list::{LogState, LogType};
use super::policy::Policies;
use super::sct::{LeafIndex, SctListError};
use super::tree_head::TreeHead;
use crate::x509::{OcspError, SpkiSha256};

/// How an SCT reached the client (RFC 6962 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delivery {
    /// In the certificate.
    Embedded,
    /// In the TLS handshake.
    Tls,
    /// In a stapled OCSP response.
    Ocsp,
}

/// What came beside the certificate, and for whom it is.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'a> {
    /// The body of the TLS extension, if the handshake had one.
    pub tls: Option<&'a [u8]>,
    /// The stapled OCSP response, if there was one.
    pub ocsp: Option<&'a [u8]>,
    /// Whether a handshake was looked at; a file says nothing of what a server would deliver.
    pub handshake: bool,
    /// Who is to trust the certificate.
    pub audience: Audience,
}

/// Who is to trust a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone: browsers ask for SCTs.
    Public,
    /// Those who were given a private root: browsers do not.
    Private,
}

/// Everything said of a certificate's SCTs.
#[derive(Clone, Debug)]
pub struct CtVerdict {
    /// One verdict an SCT, in the order of delivery.
    pub scts: Vec<SctVerdict>,
    /// The lists that could not be read at all.
    pub malformed_lists: Vec<(Delivery, SctListError)>,
    /// The verdict of each programme's policy.
    pub policies: Policies,
    /// Why the stapled OCSP response says nothing of this certificate, if one came and does not.
    pub unusable_staple: Option<OcspError>,
    /// Who is to trust the certificate.
    pub audience: Audience,
    /// Whether a handshake was looked at.
    pub handshake: bool,
    /// Whether the certificate is a precertificate, which never carries SCTs.
    pub is_precertificate: bool,
    /// The precertificate signing certificate that made a precertificate, by its subject.
    pub precertificate_signer: Option<String>,
    /// Whether the certificate proves by its own signature that it is logged, and needs no SCTs.
    pub is_merkle_tree: bool,
}

impl CtVerdict {
    /// The tree heads of the logs that were asked, as far as they are to be kept for the next run: verified, consistent
    /// with what was kept, and newer.
    pub fn tree_heads(&self) -> impl Iterator<Item = (LogId, &TreeHead)> {
        self.scts.iter().filter_map(|sct| Some((sct.log_id?, sct.inclusion.verdict()?.head.to_keep()?)))
    }
}

/// What is said of one SCT.
#[derive(Clone, Debug)]
pub struct SctVerdict {
    /// How it was delivered.
    pub delivery: Delivery,
    /// The log it names; `None` where that could not be read.
    pub log_id: Option<LogId>,
    /// The log, if it is known.
    pub log: Option<SctLog>,
    /// When the log says it saw the certificate; `None` where that could not be read.
    pub timestamp: Option<Timestamp>,
    /// The entry's place in a static log.
    pub leaf_index: LeafIndex,
    /// The log's state in Chrome's list at the time of the SCT.
    pub state_then: LogState,
    /// The log's state in Chrome's list at the time of judging.
    pub state_now: LogState,
    /// The verdict.
    pub outcome: SctOutcome,
    /// The issuer key for which the signature stands, if it stands and is over a precertificate.
    pub proves_issuer: Option<SpkiSha256>,
    /// What it promises, if it stands and promises are kept (`Verifier::keeping_promises`).
    pub promise: Option<Box<Promise>>,
    /// Whether the log kept that promise.
    pub inclusion: Inclusion,
    /// Why, in one sentence.
    pub reason: String,
}

/// A known log, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SctLog {
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub operator: String,
    /// Which interface it has.
    pub log_type: LogType,
}

/// The verdict on one SCT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SctOutcome {
    /// The log's signature stands.
    Valid,
    /// It does not.
    InvalidSignature,
    /// The log is not in the table, so nothing can be said.
    UnknownLog,
    /// The log's key is public or a placeholder: its signature means nothing.
    NoAssurance,
    /// The SCT, or the whole list, cannot be read.
    Malformed,
    /// Not version 1.
    UnsupportedVersion,
    /// The issuer's key is not known, so the signature cannot be checked.
    IssuerUnknown,
    /// The signature stands, but the timestamp lies in the future.
    InFuture,
    /// The signature stands, but the certificate ends outside what the log accepts.
    OutsideInterval,
}

impl SctOutcome {
    /// The name in the contract's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::InvalidSignature => "invalid_signature",
            Self::UnknownLog => "unknown_log",
            Self::NoAssurance => "no_assurance",
            Self::Malformed => "malformed",
            Self::UnsupportedVersion => "unsupported_version",
            Self::IssuerUnknown => "issuer_unknown",
            Self::InFuture => "in_future",
            Self::OutsideInterval => "outside_interval",
        }
    }

    /// Whether the log's signature was checked and stands.
    pub fn signature_stands(self) -> bool {
        matches!(self, Self::Valid | Self::InFuture | Self::OutsideInterval)
    }

    /// Whether more knowledge (a newer list, the issuer's certificate) could still change the verdict.
    pub fn is_open(self) -> bool {
        matches!(self, Self::UnknownLog | Self::IssuerUnknown | Self::UnsupportedVersion)
    }
}

impl Delivery {
    /// The name in the contract's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Tls => "tls",
            Self::Ocsp => "ocsp",
        }
    }
}
