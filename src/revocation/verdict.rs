//! What is said of a certificate's revocation, and by whom.

use jiff::Timestamp;
use serde::Serialize;

use super::Provision;
use crate::x509::crl::{Reason, Reasons};
use crate::x509::{CertificateSha256, SpkiSha256};

/// The status of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationVerdict {
    /// The certificate.
    pub sha256: CertificateSha256,
    /// Its subject, for people.
    pub subject: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// Whether it is a CA's.
    pub is_ca: bool,
    /// The key that issued it, where its certificate was at hand.
    pub issuer_key: Option<SpkiSha256>,
    /// The status.
    pub status: Status,
    /// What it rests on, or why it stays open, in one sentence or more.
    pub why: String,
    /// Every source that was looked at.
    pub sources: Vec<SourceVerdict>,
    /// Whether one source says good and another revoked.
    pub disagree: bool,
    /// Where the certificate says that it can be looked up.
    pub provision: Provision,
    /// Whether it had expired at the time of judging.
    pub expired: bool,
}

impl RevocationVerdict {
    /// The revocation, if it is revoked.
    pub fn revocation(&self) -> Option<Revocation> {
        match self.status {
            Status::Revoked(revocation) => Some(revocation),
            Status::Good | Status::Undetermined => None,
        }
    }
}

/// Revoked or not, if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not revoked, as of its sources.
    Good,
    /// Revoked.
    Revoked(Revocation),
    /// Not known.
    Undetermined,
}

impl Status {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked(_) => "revoked",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub date: Timestamp,
    /// Why, where a reason is given.
    pub reason: Option<Reason>,
    /// Since when the key is known or suspected to be in other hands.
    pub invalid_since: Option<Timestamp>,
}

impl Revocation {
    /// The date with the reason, for people.
    pub fn in_words(&self) -> String {
        match self.reason {
            Some(reason) => format!("revoked since {} ({reason})", self.date),
            None => format!("revoked since {} (no reason given)", self.date),
        }
    }
}

/// One source, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVerdict {
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Where it is from; none for what came in the handshake.
    pub url: Option<String>,
    /// What it says, as far as that counts.
    pub said: Said,
    /// Why it does not count, or not fully.
    pub trouble: Option<Trouble>,
    /// As of when it speaks.
    pub this_update: Option<Timestamp>,
    /// By when there is newer information.
    pub next_update: Option<Timestamp>,
    /// The CRL number, hexadecimal.
    pub number: Option<String>,
    /// How many entries the CRL has.
    pub entries: Option<usize>,
    /// When it was fetched.
    pub fetched_at: Option<Timestamp>,
    /// Whether an earlier run fetched it.
    pub from_cache: bool,
    /// The reasons for which a certificate would stand in it.
    pub covers: Reasons,
    /// What else is to be known of it, to follow a colon.
    pub note: Option<String>,
}

impl SourceVerdict {
    /// One that says nothing yet.
    pub(super) fn silent(kind: SourceKind, url: Option<String>) -> Self {
        Self {
            kind,
            url,
            said: Said::Nothing,
            trouble: None,
            this_update: None,
            next_update: None,
            number: None,
            entries: None,
            fetched_at: None,
            from_cache: false,
            covers: Reasons::NONE,
            note: None,
        }
    }
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A CRL.
    Crl,
    /// A stapled OCSP response.
    StapledOcsp,
}

/// What a source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked(Revocation),
    /// The responder does not know the certificate.
    Unknown,
    /// Nothing that counts.
    Nothing,
}

impl Said {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked(_) => "revoked",
            Self::Unknown => "unknown",
            Self::Nothing => "nothing",
        }
    }
}

/// Why a source does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// In words, to follow a colon.
    pub text: String,
}

impl Trouble {
    pub(super) fn new(kind: TroubleKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// It was not asked for.
    NotAsked,
    /// It could not be had.
    NotHad,
    /// It cannot be read.
    Unreadable,
    /// The key that should have signed it did not.
    BadSignature,
    /// Who signed it could not be checked.
    Unverifiable,
    /// It is past its time, or has none.
    Stale,
    /// It is older than the rules of public CAs allow, whatever it says itself.
    TooOld,
    /// It is older than what the same place gave before.
    RolledBack,
    /// It is of a later time than that of judging.
    InFuture,
    /// It is not about certificates like this one, or another distribution point's.
    OutOfScope,
    /// It tells only changes.
    Delta,
    /// It has a critical extension that is not known.
    UnknownCritical,
    /// The certificate had expired before it was made.
    Expired,
    /// It covers only some reasons of revocation.
    SomeReasons,
}

impl TroubleKind {
    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAsked => "not_asked",
            Self::NotHad => "not_had",
            Self::Unreadable => "unreadable",
            Self::BadSignature => "bad_signature",
            Self::Unverifiable => "unverifiable",
            Self::Stale => "stale",
            Self::TooOld => "too_old",
            Self::RolledBack => "rolled_back",
            Self::InFuture => "in_future",
            Self::OutOfScope => "out_of_scope",
            Self::Delta => "delta",
            Self::UnknownCritical => "unknown_critical",
            Self::Expired => "expired",
            Self::SomeReasons => "some_reasons",
        }
    }

    /// Whether the CA, rather than the network or the question, is at fault.
    pub fn is_fault_of_ca(self) -> bool {
        matches!(
            self,
            Self::Unreadable
                | Self::BadSignature
                | Self::Stale
                | Self::TooOld
                | Self::RolledBack
                | Self::InFuture
                | Self::OutOfScope
                | Self::Delta
                | Self::UnknownCritical
        )
    }
}
