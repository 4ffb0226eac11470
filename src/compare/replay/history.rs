//! What the replay is made from: the certificates of a host, the paths above them, and the pins as given.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::dns_name::DnsName;
use crate::pins::{EnforcementMode, Expiry, Pin};
use crate::x509::paths::CaPath;
use crate::x509::{CertificateSha256, SpkiSha256};

use super::outcome::{FlagRule, Flagged, LoggedBy};
use super::seconds::DAY;

/// What was issued for a host, as far as it is known.
#[derive(Clone, Debug)]
pub struct History {
    /// The host; certificates that do not cover it are not replayed.
    pub host: DnsName,
    /// The certificates, in any order; each once, its precertificate included.
    pub certificates: Vec<HistoricCertificate>,
    /// The keys of the CAs concerned, for pin sets of theirs.
    pub ca_keys: Vec<CaKeyFacts>,
    /// Keys that are known to be CAs' though no certificate here is theirs: of anchors, and of what was given of CAs.
    pub known_cas: BTreeSet<SpkiSha256>,
    /// The pins that were given, one a client.
    pub pins: Vec<GivenPins>,
    /// What CAA of today, the expected CAs, the known keys and `issuewild` say against certificates, by their place in
    /// `certificates`; `None` where none of these is known for the host.
    pub flagged: Option<Vec<Flagged>>,
    /// Which of these were asked.
    pub asked: Vec<Asked>,
    /// What could not be replayed, and why, a sentence each.
    pub left_out: Vec<String>,
    /// What the sources do not vouch for, a sentence each.
    pub coverage: Vec<String>,
    /// The certificate that the server shows now, where it was asked.
    pub served_now: Option<CertificateSha256>,
    /// Up to when the replay goes.
    pub at: Timestamp,
}

/// A rule that certificates were held against.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which; that of CAA stands for `issuewild` as well.
    pub rule: FlagRule,
    /// The certificates of which it is not known what it says, by their place in [`History::certificates`].
    pub undetermined: BTreeSet<usize>,
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct HistoricCertificate {
    /// What reports call it.
    pub label: String,
    /// Its hash, where the certificate itself is known; that of a precertificate is none.
    pub sha256: Option<CertificateSha256>,
    /// Its serial number, in hexadecimal.
    pub serial: Option<String>,
    /// Its key.
    pub key: SpkiSha256,
    /// The kind of its key, such as `EC P-256`; servers show certificates of several kinds beside one another.
    pub key_type: Option<String>,
    /// Whose CA issued it, for people; certificates of one issuer have the same.
    pub issuer: String,
    /// The key that issued it, where that is proven.
    pub issuer_key: Option<SpkiSha256>,
    /// The first moment of its life.
    pub not_before: Timestamp,
    /// The last second of its life.
    pub not_after: Timestamp,
    /// When a log had it first, or promised to, as far as the sources say.
    pub first_logged: Option<Timestamp>,
    /// By what that is known.
    pub first_logged_by: Option<LoggedBy>,
    /// Its names.
    pub names: Vec<String>,
    /// Every way from its issuer to an anchor, shared by all certificates of one issuer; none where the issuer is not
    /// known well enough: then only the leaf's key and the issuer's are compared.
    pub paths: Arc<[CaPath]>,
}

/// A key of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaKeyFacts {
    /// The key.
    pub key: SpkiSha256,
    /// Whose it is: the text of [`HistoricCertificate::issuer`].
    pub issuer: String,
    /// Its name, for people.
    pub name: String,
    /// Whether it has a self-signed certificate.
    pub is_root: bool,
    /// The first moment of its first certificate.
    pub from: Timestamp,
    /// The last second of its last.
    pub until: Timestamp,
}

/// The pins of one client, as they were given.
#[derive(Clone, Debug)]
pub struct GivenPins {
    /// The file that they are from, and what of it, for people.
    pub client: String,
    /// When the release with them came out; before, they bind nobody. `None`: not known, and they are taken to have been
    /// there all the time.
    pub released: Option<Timestamp>,
    /// What clients do where no pin matches, dates aside.
    pub enforcement: EnforcementMode,
    /// When the pins end, and what clients do then.
    pub expiry: Option<Expiry>,
    /// The pins: of each list that there is (any place, leaf, CA), one has to match.
    pub pins: Vec<Pin>,
    /// Keys with which a chain is refused whatever else matches.
    pub forbidden: Vec<Pin>,
    /// How many further pins could not be read; each may be any key.
    pub unread: u32,
}

impl GivenPins {
    /// From when on the release was out for sure, in seconds: a day that is named as such may be any moment of it.
    pub(super) fn surely_released(&self) -> Option<i64> {
        let released = self.released?.as_second();
        Some(if released.rem_euclid(DAY) == 0 { released.saturating_add(DAY) } else { released })
    }
}
