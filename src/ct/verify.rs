//! Verifies SCTs against the keys of the known logs.
//!
//! Source: RFC 6962 section 3.2 for what is signed, section 5.2 for what a client checks.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::entry::{SignedEntry, promised_leaf, signed_octets};
use super::inclusion::{Inclusion, Promise};
use super::issuance;
use super::log_id::LogId;
use super::log_key::{LogKey, LogKeyError, SignatureError};
use super::log_list::{LogState, Program};
use super::log_table::{Assurance, KnownLog, LogTable};
use super::merkle::TreeHash;
use super::sct::{self, LeafIndex, ListedSct, Sct, SctListError};
use super::verdict::{Delivered, Delivery, SctLog, SctOutcome, SctVerdict};
use crate::x509::ocsp::{self, OcspError};
use crate::x509::parts::oid;
use crate::x509::precertificate::{CutError, SignedTbs, signed_tbs};
use crate::x509::{Certificate, SpkiSha256};

/// How far ahead of the time of judging a timestamp may lie: clocks differ. Chromium's allowance
/// (net/cert/multi_log_ct_verifier.cc).
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The largest number of SCTs that is verified for one certificate; real ones have two to five.
const MAX_SCTS: usize = 128;

/// Verifies SCTs; keeps each log's key parsed for the next certificate.
#[derive(Debug)]
pub struct Verifier<'t> {
    table: &'t LogTable,
    keys: HashMap<LogId, Result<LogKey, LogKeyError>>,
    /// Whether each SCT that stands is kept as a promise, which takes one more hash.
    keeps_promises: bool,
}

/// A certificate with what is known of the key that issued it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The final certificate.
    pub certificate: &'a Certificate,
    /// The keys that may have issued it, likeliest first. Only one can be right: the signature tells which.
    pub issuer_keys: &'a [SpkiSha256],
    /// Whether none of these keys belongs to a CA of the issuer's name. A signature that does not stand for them tells
    /// nothing then: the issuer may be another one.
    pub doubtful: bool,
}

/// The lists of one certificate, verified.
#[derive(Clone, Debug, Default)]
pub struct VerifiedLists {
    /// One verdict an SCT.
    pub scts: Vec<SctVerdict>,
    /// The lists that could not be read at all.
    pub malformed_lists: Vec<(Delivery, SctListError)>,
    /// Why the stapled OCSP response says nothing of this certificate, if one came and does not.
    pub unusable_staple: Option<OcspError>,
}

impl<'t> Verifier<'t> {
    /// A verifier over the logs of `table`.
    pub fn new(table: &'t LogTable) -> Self {
        Self { table, keys: HashMap::new(), keeps_promises: false }
    }

    /// A verifier that also tells which leaf each SCT promises, for whoever asks the logs for it.
    pub fn keeping_promises(table: &'t LogTable) -> Self {
        Self { keeps_promises: true, ..Self::new(table) }
    }

    /// Verifies the SCTs embedded in the certificate, those of the TLS extension, and those of the stapled OCSP
    /// response that speaks of it, as of `at`.
    pub fn verify(&mut self, subject: Subject<'_>, delivered: Delivered<'_>, at: Timestamp) -> VerifiedLists {
        let mut verified = VerifiedLists::default();
        let Ok(parts) = subject.certificate.parts() else { return verified };
        let tbs = signed_tbs(&parts);
        for extension in &parts.extensions {
            if extension.oid == oid::SCT_LIST {
                let list = sct::read_extension(extension.value);
                self.verify_list(&mut verified, Delivery::Embedded, list, subject, tbs.as_ref(), at);
            } else if extension.oid == oid::TRANSPARENCY_INFORMATION {
                verified.scts.push(version_2(Delivery::Embedded));
            }
        }
        if let Some(octets) = delivered.tls {
            let list = sct::read_list(octets);
            self.verify_list(&mut verified, Delivery::Tls, list, subject, tbs.as_ref(), at);
        }
        match delivered.ocsp.map(|response| ocsp::about(response, &parts)) {
            None => {}
            Some(Err(error)) => verified.unusable_staple = Some(error),
            Some(Ok(response)) => {
                for extension in &response.extensions {
                    if extension.oid == oid::OCSP_SCT_LIST {
                        let list = sct::read_extension(extension.value);
                        self.verify_list(&mut verified, Delivery::Ocsp, list, subject, tbs.as_ref(), at);
                    } else if extension.oid == oid::TRANSPARENCY_INFORMATION {
                        verified.scts.push(version_2(Delivery::Ocsp));
                    }
                }
            }
        }
        verified
    }

    fn verify_list(
        &mut self,
        verified: &mut VerifiedLists,
        delivery: Delivery,
        list: Result<Vec<ListedSct>, SctListError>,
        subject: Subject<'_>,
        tbs: Result<&SignedTbs, &CutError>,
        at: Timestamp,
    ) {
        match list {
            Ok(members) => {
                for listed in members.iter().take(MAX_SCTS) {
                    verified.scts.push(self.verify_one(delivery, listed, subject, tbs, at));
                }
                if members.len() > MAX_SCTS {
                    let reason =
                        format!("The list has more than {MAX_SCTS} SCTs; the others were not looked at.");
                    verified.scts.push(unread(delivery, SctOutcome::Malformed, reason));
                }
            }
            Err(error) => {
                let reason = format!("The SCT list cannot be read: {error} (RFC 6962 section 3.3).");
                verified.scts.push(unread(delivery, SctOutcome::Malformed, reason));
                verified.malformed_lists.push((delivery, error));
            }
        }
    }

    fn verify_one(
        &mut self,
        delivery: Delivery,
        listed: &ListedSct,
        subject: Subject<'_>,
        tbs: Result<&SignedTbs, &CutError>,
        at: Timestamp,
    ) -> SctVerdict {
        let sct = match listed {
            ListedSct::V1(sct) => sct,
            ListedSct::UnsupportedVersion(version) => {
                let reason =
                    format!("The SCT says version {version}; only version 1 (written 0) is deployed.");
                return unread(delivery, SctOutcome::UnsupportedVersion, reason);
            }
            ListedSct::Malformed(error) => {
                let reason = format!("The SCT cannot be read: {error} (RFC 6962 section 3.2).");
                return unread(delivery, SctOutcome::Malformed, reason);
            }
        };
        let log = self.table.log(&sct.log_id);
        let timestamp =
            i64::try_from(sct.timestamp).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
        let state_at = |time| self.table.state(&sct.log_id, Program::Chrome, time);
        let then = timestamp.unwrap_or(Timestamp::MAX).min(at);
        let (state_then, state_now) = (state_at(then).state, state_at(at).state);
        let checked = match &log {
            Some(log) => self.check(sct, log, delivery, subject, tbs, timestamp, at),
            None => Checked::new(
                SctOutcome::UnknownLog,
                "The log is in none of the known lists, so its signature proves nothing.",
            ),
        };
        SctVerdict {
            delivery,
            log_id: Some(sct.log_id),
            log: log.as_ref().map(|log| SctLog {
                name: log.name.to_string(),
                operator: timestamp.map_or(log.operator, |time| log.operator_at(time)).to_string(),
                log_type: log.log_type,
            }),
            timestamp,
            leaf_index: sct::leaf_index(&sct.extensions),
            state_then,
            state_now,
            outcome: checked.outcome,
            proves_issuer: checked.proves_issuer,
            promise: checked.leaf.map(|leaf| Box::new(Promise { sct: sct.clone(), leaf })),
            inclusion: Inclusion::NotChecked,
            reason: checked.reason,
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one SCT, its log, and the three things it is checked against"
    )]
    fn check(
        &mut self,
        sct: &Sct,
        log: &KnownLog<'_>,
        delivery: Delivery,
        subject: Subject<'_>,
        tbs: Result<&SignedTbs, &CutError>,
        timestamp: Option<Timestamp>,
        at: Timestamp,
    ) -> Checked {
        match log.assurance {
            Assurance::Mimic => {
                return Checked::new(
                    SctOutcome::NoAssurance,
                    "This is a mimic log: its private key is published, so anyone can make this signature.",
                );
            }
            Assurance::Bogus => {
                return Checked::new(
                    SctOutcome::NoAssurance,
                    "This is a placeholder entry of the log list, not a log: its signature means nothing.",
                );
            }
            _ => {}
        }
        let key = match self.keys.entry(sct.log_id).or_insert_with(|| LogKey::read(log.key_spki)) {
            Ok(key) => key,
            Err(error) => {
                return Checked::new(SctOutcome::UnknownLog, format!("It cannot be checked: {error}."));
            }
        };
        let signed = match verify_signature(key, sct, delivery, subject, tbs) {
            Ok(signed) => signed,
            Err(refused) => return refused,
        };
        let signed_for = match signed {
            SignedEntry::X509 { .. } => None,
            SignedEntry::Precert { issuer_key_hash, .. } => Some(issuer_key_hash),
        };
        let leaf = if self.keeps_promises { promised_leaf(signed, sct) } else { None };
        let (outcome, reason) = match timestamp {
            None => (SctOutcome::InFuture, "Its timestamp lies beyond any date.".to_owned()),
            Some(time) => match lies_ahead(time, subject.certificate, at) {
                Ahead::TooFar => (
                    SctOutcome::InFuture,
                    format!("The signature stands, but its timestamp {time} lies after {at}."),
                ),
                Ahead::AsTheCertificate => {
                    let (outcome, reason) = within_interval(log, subject.certificate.not_after);
                    let why = format!(
                        "It was made on {time}, after {at}; but so was the certificate, which is judged as of its first moment."
                    );
                    (outcome, format!("{reason} {why}"))
                }
                Ahead::Not => within_interval(log, subject.certificate.not_after),
            },
        };
        // A test log may take any chain: only a production log's signature speaks for the issuer.
        let proves_issuer = signed_for.filter(|_| log.assurance == Assurance::Real);
        Checked { outcome, reason, proves_issuer, leaf }
    }
}

/// Whether an SCT's timestamp lies ahead of the time of judging.
enum Ahead {
    Not,
    /// It was made with a certificate that lies ahead as a whole: that is no fault of the log.
    AsTheCertificate,
    TooFar,
}

fn lies_ahead(time: Timestamp, certificate: &Certificate, at: Timestamp) -> Ahead {
    if time.duration_since(at) <= CLOCK_SKEW {
        Ahead::Not
    } else if at < certificate.not_before && time <= issuance::latest(certificate) {
        Ahead::AsTheCertificate
    } else {
        Ahead::TooFar
    }
}

/// What stands where CT version 2 has its SCTs and proofs.
fn version_2(delivery: Delivery) -> SctVerdict {
    let reason = "This is transparency information of CT version 2 (RFC 9162), which is not supported: no public log makes it, \
                  and no browser reads it.";
    unread(delivery, SctOutcome::UnsupportedVersion, reason.to_owned())
}

/// What checking one SCT gave.
struct Checked {
    outcome: SctOutcome,
    reason: String,
    proves_issuer: Option<SpkiSha256>,
    leaf: Option<TreeHash>,
}

impl Checked {
    fn new(outcome: SctOutcome, reason: impl Into<String>) -> Self {
        Self { outcome, reason: reason.into(), proves_issuer: None, leaf: None }
    }
}

/// Checks the signature over the entry; tells for which entry, and so for which issuer's key, it stands.
fn verify_signature<'a>(
    key: &LogKey,
    sct: &Sct,
    delivery: Delivery,
    subject: Subject<'a>,
    tbs: Result<&'a SignedTbs, &CutError>,
) -> Result<SignedEntry<'a>, Checked> {
    let check = |entry| match signed_octets(entry, sct) {
        Some(octets) => key.verify(&octets, &sct.signature),
        None => Err(SignatureError::NotMade),
    };
    let refused = |error| {
        Checked::new(
            SctOutcome::InvalidSignature,
            format!("The signature does not stand: {error} (RFC 6962 section 3.2)."),
        )
    };
    if delivery != Delivery::Embedded {
        let entry = SignedEntry::X509 { certificate: subject.certificate.der() };
        return check(entry).map(|()| entry).map_err(refused);
    }
    let tbs = tbs.map_err(|error| {
        Checked::new(SctOutcome::Malformed, format!("What was signed cannot be rebuilt: {error}."))
    })?;
    let mut last = None;
    for &issuer_key_hash in subject.issuer_keys {
        for tbs in std::iter::once(&tbs.cut).chain(&tbs.without_list) {
            let entry = SignedEntry::Precert { issuer_key_hash, tbs };
            match check(entry) {
                Ok(()) => return Ok(entry),
                Err(error) => last = Some(error),
            }
        }
    }
    Err(match last {
        Some(_) if subject.doubtful => Checked::new(
            SctOutcome::IssuerUnknown,
            "The issuer is not known: the one key that its key identifier names belongs to a CA of another name, and the \
             signature does not stand for it.",
        ),
        Some(error) => refused(error),
        None => Checked::new(
            SctOutcome::IssuerUnknown,
            "The signature covers the issuer's key, which is neither in the chain nor in the CA table; \
             give the issuer's certificate with --issuer.",
        ),
    })
}

fn within_interval(log: &KnownLog<'_>, not_after: Timestamp) -> (SctOutcome, String) {
    match log.interval {
        Some((start, end)) if not_after < start || not_after >= end => (
            SctOutcome::OutsideInterval,
            format!(
                "The signature stands, but the certificate ends on {not_after}, outside the log's interval {start} to {end}."
            ),
        ),
        _ => (SctOutcome::Valid, format!("The signature of {} stands.", log.name)),
    }
}

/// A verdict on an SCT of which not even the log can be read.
fn unread(delivery: Delivery, outcome: SctOutcome, reason: String) -> SctVerdict {
    SctVerdict {
        delivery,
        log_id: None,
        log: None,
        timestamp: None,
        leaf_index: LeafIndex::Absent,
        state_then: LogState::Unknown,
        state_now: LogState::Unknown,
        outcome,
        proves_issuer: None,
        promise: None,
        inclusion: Inclusion::NotChecked,
        reason,
    }
}

#[cfg(test)]
mod tests;
