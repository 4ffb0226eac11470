//! What the replay says.

use jiff::Timestamp;
use serde::Serialize;

use super::waiting::Waiting;
use crate::x509::{CertificateSha256, SpkiSha256};

/// What pins, expected CAs and CAA would have done over the certificates of a host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The host.
    pub host: String,
    /// When the first certificate begins; `None` where there is none.
    pub from: Option<Timestamp>,
    /// Up to when the replay goes.
    pub until: Timestamp,
    /// The certificates, in the order of their first moments.
    pub certificates: Vec<ReplayedCertificate>,
    /// How one certificate followed another where the service is taken to have been; others run beside it.
    pub renewals: Vec<Renewal>,
    /// How many renewals kept the key.
    pub key_reuse: Share,
    /// The pins as given, and pin sets that an owner could have had.
    pub pin_sets: Vec<ReplayedPinSet>,
    /// What would have been flagged; `None` where nothing is expected and CAA was not looked up.
    pub flagged: Option<Vec<Flagged>>,
    /// What they were held against; a rule that is not there was not asked.
    pub held_against: Vec<HeldAgainst>,
    /// The next renewal; `None` where no certificate is in its life.
    pub next_renewal: Option<NextRenewal>,
    /// When no certificate that is known was valid, a day or longer: what was served then is not known.
    pub gaps: Vec<Gap>,
    /// What was not replayed, and why, a sentence each.
    pub left_out: Vec<String>,
    /// How many lines of certificates run beside one another; one of them is followed.
    pub lines: usize,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
    /// What is not known, a sentence each.
    pub unknown: Vec<String>,
    /// The whole in a few clauses, with numbers and bounds.
    pub sentence: String,
}

/// A time of which no certificate is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// A certificate of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayedCertificate {
    /// What it is called.
    pub label: String,
    /// Its hash, where the certificate itself is known.
    pub sha256: Option<CertificateSha256>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Its key.
    pub spki_sha256: SpkiSha256,
    /// Who issued it.
    pub issuer: String,
    /// The key that issued it, where that is proven.
    pub issuer_spki_sha256: Option<SpkiSha256>,
    /// The first moment of its life.
    pub not_before: Timestamp,
    /// The last second of its life.
    pub not_after: Timestamp,
    /// When a log had it first, or promised to.
    pub first_logged: Option<Timestamp>,
    /// By what that is known.
    pub first_logged_by: Option<LoggedBy>,
    /// Whether the server shows it now; `None` where it was not asked.
    pub served_now: Option<bool>,
    /// The line that it belongs to, from 0: certificates of one CA for the same names, each renewing the one before.
    pub line: usize,
    /// Whether it is one of those that the service is taken to have been with.
    pub is_followed: bool,
}

/// One certificate following another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Renewal {
    /// The certificate before, by its place.
    pub from: usize,
    /// The certificate after.
    pub to: usize,
    /// Whether the key is another.
    pub new_key: bool,
    /// Whether another key of a CA issued it; `None` where it is not proven which did.
    pub new_intermediate: Option<bool>,
    /// Whether the roots are others that its paths lead to; `None` where the paths are not known.
    pub new_path: Option<bool>,
    /// Whether another CA issued it.
    pub new_ca: bool,
    /// When it can have been put in service at the earliest.
    pub earliest_swap: Timestamp,
    /// And at the latest, with no interruption: the end of the one before. Earlier than `earliest_swap` where there was a
    /// gap.
    pub latest_swap: Timestamp,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Of how many.
    pub of: usize,
    /// How many.
    pub count: usize,
}

/// A pin set, and what it would have done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayedPinSet {
    /// Which.
    pub kind: PinSetKind,
    /// What it is called.
    pub title: String,
    /// Whether clients that have it refuse what it does not match, as of the end of the replay; where that is not known, they
    /// are taken to.
    pub refuses: bool,
    /// When it locked users out, or may have.
    pub lockouts: Vec<Lockout>,
    /// How many of those are sure: no certificate that can have been in service matched on any path.
    pub sure: usize,
    /// How many there can have been: each certificate put in service when it was issued, those of other lines among them.
    /// `None` where for some of the time no certificate is known, or of some it is not known whether they match.
    pub at_most: Option<usize>,
    /// Whether it locks users out at the end of the replay.
    pub locks_out_now: LocksOutNow,
    /// When the pins end, where clients refuse every connection from then on; for pins as given alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refuses_all_from: Option<Timestamp>,
    /// The days a year without service; `None` where the history is shorter than a day, and for pins that follow the
    /// certificates where no release lead is stated or some certificate is not known to match.
    pub lockout_days_per_year: Option<Bounds>,
    /// How long such a pin set lasts; `None` for pins as given, which have one beginning.
    pub half_life: Option<HalfLife>,
    /// Whether the next renewal matches the pins as they stand now, on the paths of now.
    pub next_match: Option<Chance>,
    /// The certificates of which it is not known whether they match.
    pub undetermined: usize,
    /// Certificates that ended, of CAs that are not expected, which pins as given are not known to match on every path. They
    /// count in `at_most` and in the days at worst, and in nothing else.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// Lock-outs of pins as given that are possible and not sure, and of which it matters whether there were any: they may
    /// last still, or what brought them may come (again).
    #[serde(skip_serializing_if = "is_zero")]
    pub unsettled: usize,
    /// What is said of the others that are possible: they are over, and bind nobody any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<String>,
    /// What is in its life and not served, and is missed by pins as given: it may go into service any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// What is in its life and not served, of lines that go on beside what is, and has been missed by pins as given all along,
    /// by its places in the certificates: whoever is served it is locked out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<usize>,
    /// What is to be known of it, a sentence each: what its backup is, that it only reports.
    pub notes: Vec<String>,
}

/// Whether pins lock users out at the end of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LocksOutNow {
    /// They match what is served; or every certificate that can be, where the server was not asked; or they bind nobody.
    No,
    /// It depends on the client, or on which certificate is served.
    Perhaps,
    /// Whatever can be served, no path of it matches; or they ended, and clients refuse every connection since.
    Surely,
    /// Not known.
    Unknown,
}

/// Which pin set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PinSetKind {
    /// Pins that were given.
    Given {
        /// The file, and what of it.
        client: String,
    },
    /// Pins made from the certificate in service, and made again after each renewal that they do not match.
    Hypothetical {
        /// Of which keys.
        level: Level,
        /// Whether with keys to fall back on.
        backup: bool,
    },
}

/// The keys that a pin set is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The certificate's own.
    Leaf,
    /// The CA's that issued it.
    Intermediate,
    /// The roots that its paths lead to.
    Root,
    /// All roots of the CA's owner.
    AllRootsOfCa,
}

/// A time in which users are or may be locked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lockout {
    /// What brought it.
    pub cause: Cause,
    /// The certificate that it begins with, by its place; `None` where no certificate does.
    pub certificate: Option<usize>,
    /// Its beginning, if the certificate was put in service as early as it can have been.
    pub begins_at_worst: Timestamp,
    /// If as late; `None`: perhaps never, for another certificate may have been in service all the time.
    pub begins_at_best: Option<Timestamp>,
    /// The end of what is sure; `None` where nothing is, or it lasts still.
    pub ends_at_best: Option<Timestamp>,
    /// The end of what is possible; `None`: it lasts still, or may.
    pub ends_at_worst: Option<Timestamp>,
    /// Whether it is known to last still.
    pub is_open: bool,
}

/// What brings a lock-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A certificate with another key.
    NewKey,
    /// A certificate of another intermediate of the same CA.
    NewIntermediate,
    /// The same intermediate or CA, and other roots above; or a path that ended.
    NewPath,
    /// A certificate of another CA.
    NewCa,
    /// The pins ended, and clients refuse every connection since.
    PinsExpired,
    /// The pins did not match what was there when they came; whether they came to match later, the lock-out's end tells.
    NeverMatched,
}

/// At best and at worst.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bounds {
    /// As little as it can have been.
    pub at_best: f64,
    /// As much.
    pub at_worst: f64,
}

/// How long a pin set lasts, if it is begun on any day of the history: the Kaplan–Meier estimate, with those that last
/// still censored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HalfLife {
    /// The days on which one was begun.
    pub starts: usize,
    /// How many of those met a renewal that they do not match.
    pub events: usize,
    /// How many last still, or met what is not known.
    pub censored: usize,
    /// After how many days half of them have ended; `None` where fewer have.
    pub median_days: Option<u32>,
    /// After how many a tenth has.
    pub p10_days: Option<u32>,
    /// Which share lasts so long.
    pub survives: Vec<Survival>,
    /// How many renewals the events come from: days that follow one another share theirs.
    pub distinct_renewals: usize,
}

/// The share that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Survival {
    /// So many days.
    pub days: u32,
    /// The share, from 0 to 1; `None` where no pin set was followed for so long.
    pub share: Option<f64>,
}

/// A chance, with what it was computed from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// The renewals, or the keys, it was computed from, and how many of them match; those of which that is known.
    pub share: Share,
    /// Of how many more it is not known.
    #[serde(skip_serializing_if = "is_zero")]
    pub unknown: usize,
    /// What those are.
    pub basis: ChanceBasis,
    /// The 95 % interval of the share by Wilson's score, outwards to four digits; all that is known where there are few. At
    /// worst none of those that are not known match, at best all of them. From 0 to 1 for [`ChanceBasis::OwnKeys`].
    pub interval: Bounds,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Chance {
    /// Whether what is known speaks for a next certificate that does not match: one did not, or of pins of own keys it is
    /// known of less than half of the renewals, and the owner does not state that the next key is known.
    pub fn may_miss(&self, is_next_known: bool) -> bool {
        let is_open = self.basis == ChanceBasis::OwnKeys && self.unknown > 0 && self.unknown >= self.share.of;
        self.share.count < self.share.of || (is_open && !is_next_known)
    }

    /// What was counted, in words: “3 of 5 recent certificates match these pins”.
    pub fn told(&self) -> String {
        let what = match self.basis {
            ChanceBasis::RecentRenewals => "recent certificates match these pins",
            ChanceBasis::RecentChanges => "recent renewals kept what such pins name",
            ChanceBasis::OwnKeys => "recent renewals kept their key, or went to what these pins match",
            ChanceBasis::Issued => {
                return "the next certificate has been issued already, and these pins do not match it on every path".to_owned();
            }
        };
        format!("{} {what}", self.counted())
    }

    /// How many match of all that there are: “3 of 5”, “1 of 8 (of 7 it is not known)”.
    pub fn counted(&self) -> String {
        let of = self.share.of.saturating_add(self.unknown);
        match self.unknown {
            0 => format!("{} of {of}", self.share.count),
            unknown => format!("{} of {of} (of {unknown} it is not known)", self.share.count),
        }
    }
}

/// What a chance was computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChanceBasis {
    /// The recent renewals: whether each one's certificate matches the pins on the paths of now.
    RecentRenewals,
    /// The recent renewals: whether each kept what pins of this level name.
    RecentChanges,
    /// The recent renewals, for pins of own keys: whether each kept its key, or took one of the pins while these were in
    /// force. Not known where a renewal took another key before the pins, or those that are known, were in force, and they
    /// have one that no certificate has had yet. The interval is all there is: nobody draws the next key.
    OwnKeys,
    /// The next certificate itself, which has been issued already, is not in service yet, and does not match on every path.
    Issued,
}

/// Something said against a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flagged {
    /// The certificate, by its place.
    pub certificate: usize,
    /// By what.
    pub rule: FlagRule,
    /// Why, in a sentence.
    pub why: String,
    /// When somebody who watches the logs could have seen it: when a log had it, or promised to.
    pub visible_from: Option<Timestamp>,
    /// By what that is known.
    pub visible_by: Option<LoggedBy>,
}

/// By what it is known when a log had a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedBy {
    /// A source says when the log had it.
    Log,
    /// The earliest of its SCTs whose signature stands: the log promised then to show it within its maximum merge delay
    /// (RFC 6962 section 3).
    Sct,
}

/// A rule that certificates were held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HeldAgainst {
    /// Which; that of CAA stands for `issuewild` as well.
    pub rule: FlagRule,
    /// How many certificates.
    pub of: usize,
    /// Of how many of them it is not known what it says.
    pub undetermined: usize,
}

/// By what a certificate is flagged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagRule {
    /// CAA as it is today; what it was when the certificate was issued is not known.
    Caa,
    /// The same for a wildcard.
    Issuewild,
    /// The CAs that the owner expects.
    ExpectedCa,
    /// The keys that the owner lists.
    KnownKey,
}

/// The next renewal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NextRenewal {
    /// The certificate that is renewed, by its place.
    pub certificate: usize,
    /// When it is expected; in the past where it is due, or issued already.
    pub expected_at: Timestamp,
    /// What that is taken from.
    pub basis: RenewalBasis,
    /// When the certificate ends at the latest.
    pub latest_at: Timestamp,
    /// The days from now to the expected renewal, less those that a release takes, where that is stated: what is left to
    /// begin one. Negative: too late.
    pub runway_days: f64,
    /// The days that a release takes, as stated.
    pub release_lead_days: Option<f64>,
}

/// What the next renewal is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalBasis {
    /// After two thirds of the certificate's life, as ACME clients do by default.
    TwoThirds,
    /// The median share of their lives after which the certificates before were renewed.
    OwnHabit,
    /// The one after it has been issued already: it may be put in service any time.
    AlreadyIssued,
}
