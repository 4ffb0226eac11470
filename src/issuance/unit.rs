//! One report of one certificate, read as far as it shows anything.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::issuers::Issuers;
use super::names::{Form, Found, NameField, WatchedNames, find, find_odd, scan};
use super::reported::ReportedCertificate;
use super::who::LoggedKey;
use crate::dns_name::{CertificateName, DnsName};
use crate::x509::der;
use crate::x509::precertificate::{logged_tbs, logged_tbs_under};
use crate::x509::{Certificate, CertificateSha256, hexadecimal};

/// The most names of one certificate that are kept.
const MOST_NAMES: usize = 2000;

/// One report: what it shows, read.
#[derive(Debug)]
pub(super) struct Unit<'r> {
    /// The source, by its place among the readings.
    pub(super) source: usize,
    /// What the source is called.
    pub(super) by: &'static str,
    /// What was reported.
    pub(super) reported: &'r ReportedCertificate,
    /// The final certificate.
    pub(super) last: Option<Certificate>,
    /// The precertificate.
    pub(super) first: Option<Certificate>,
    /// What a log's tree covers of the precertificate.
    pub(super) logged: Option<Certificate>,
    /// The hash of what precertificate and certificate have in common, as shown.
    pub(super) tbs_sha256: Option<[u8; 32]>,
    /// The same by the final certificate alone, and by the precertificate alone.
    of_each: [Option<[u8; 32]>; 2],
    /// Why what was shown cannot be read.
    pub(super) unreadable: Option<String>,
    /// Where what was shown contradicts itself.
    pub(super) contradictions: Vec<String>,
}

/// Whether a report is about the name that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    /// It is; where it names it in an odd way only, how.
    Yes(Option<String>),
    /// It cannot be read whole, and what can be read does not name it.
    Unreadable(String),
    /// It is about others.
    No,
}

impl<'r> Unit<'r> {
    /// Reads a report of the source at a place among the readings; a precertificate's signer may be in the pool.
    pub(super) fn read(
        (source, by): (usize, &'static str),
        reported: &'r ReportedCertificate,
        pool: &Issuers,
    ) -> Self {
        let mut unreadable = None;
        let mut read = |what: &str, der: Option<&[u8]>| {
            der.and_then(|der| {
                Certificate::read(der).map_err(|error| unreadable = Some(format!("the {what}: {error}"))).ok()
            })
        };
        let last = read("certificate", reported.certificate.as_ref().map(|der| &der.0[..]));
        let first = read("precertificate", reported.precertificate.as_ref().map(|der| &der.0[..]));
        let wrapped = reported.logged.as_ref().map(|logged| as_certificate(&logged.tbs));
        let logged = read("logged TBSCertificate", wrapped.as_deref());
        let mut unit = Self {
            source,
            by,
            of_each: [None; 2],
            reported,
            last,
            first,
            logged,
            tbs_sha256: None,
            unreadable,
            contradictions: Vec::new(),
        };
        unit.tbs_sha256 = unit.common_tbs(pool);
        unit
    }

    /// The hash of what precertificate and certificate have in common.
    fn common_tbs(&mut self, pool: &Issuers) -> Option<[u8; 32]> {
        let hash = |tbs: &[u8]| -> [u8; 32] { Sha256::digest(tbs).into() };
        let of_last = self.last.as_ref().and_then(logged_tbs).map(|tbs| hash(&tbs));
        let of_logged = self.reported.logged.as_ref().map(|logged| hash(&logged.tbs));
        let tbs_of = |first: &Certificate| match pool.signer_of(first) {
            // With the CA in the place of a precertificate signing certificate.
            Some(signer) => logged_tbs_under(first, std::slice::from_ref(signer)),
            None => logged_tbs(first),
        };
        let of_first = self.first.as_ref().and_then(tbs_of).map(|tbs| hash(&tbs));
        let all: BTreeSet<[u8; 32]> = [of_last, of_logged, of_first].into_iter().flatten().collect();
        if all.len() > 1 {
            self.contradictions.push(
                "The source has a precertificate and a certificate as one whose contents differ (RFC 6962 section 3.2)."
                    .to_owned(),
            );
        }
        self.of_each = [of_last, of_first];
        of_last.or(of_logged).or(of_first)
    }

    /// What is shown best: the final certificate, what a log covers, the precertificate.
    pub(super) fn best(&self) -> Option<&Certificate> {
        self.last.as_ref().or(self.logged.as_ref()).or(self.first.as_ref())
    }

    /// The issuer key that a log's entry for this content names.
    pub(super) fn logged_key(&self) -> Option<LoggedKey> {
        let logged = self.reported.logged.as_ref()?;
        let own: [u8; 32] = Sha256::digest(&*logged.tbs).into();
        (self.tbs_sha256 == Some(own))
            .then_some(LoggedKey { key: logged.issuer_key_hash, is_proven: logged.is_proven })
    }

    /// The certificates whose signatures are over this content; what has another content is not this certificate.
    pub(super) fn signed(&self) -> impl Iterator<Item = &Certificate> {
        let each = [&self.last, &self.first].into_iter().zip(self.of_each);
        each.filter(|(_, own)| *own == self.tbs_sha256).filter_map(|(certificate, _)| certificate.as_ref())
    }

    /// Everything that was shown, whole or not, with whether it could be read.
    fn forms(&self) -> impl Iterator<Item = (&'r [u8], Form, bool)> {
        let reported = self.reported;
        let whole = [(&reported.certificate, &self.last), (&reported.precertificate, &self.first)];
        let whole = whole.map(|(der, read)| Some((&der.as_ref()?.0[..], Form::Certificate, read.is_some())));
        let logged = reported.logged.as_ref();
        let tbs = logged.map(|logged| (&logged.tbs.0[..], Form::TbsCertificate, self.logged.is_some()));
        whole.into_iter().chain([tbs]).flatten()
    }

    /// What was shown, without what tells the same again: one that can be read stands for all others that can.
    fn shown(&self) -> impl Iterator<Item = (&'r [u8], Form)> {
        let differ = !self.contradictions.is_empty();
        let mut has_one = false;
        self.forms().filter_map(move |(octets, form, is_read)| {
            let is_again = is_read && has_one && !differ;
            has_one |= is_read;
            (!is_again).then_some((octets, form))
        })
    }

    /// The hash of the octets that cannot be read.
    pub(super) fn unreadable_sha256(&self) -> Option<CertificateSha256> {
        let (octets, ..) = self.forms().next().filter(|_| self.best().is_none())?;
        Some(CertificateSha256::of(octets))
    }

    /// By issuer and serial number: what a CA gives to one certificate only (RFC 5280 section 4.1.2.2).
    pub(super) fn issuer_and_serial(&self) -> Option<(String, String)> {
        let claimed = &self.reported.claimed;
        let (issuer, serial) = match self.best() {
            Some(best) => (best.issuer.clone(), best.serial.clone()),
            None => (claimed.issuer_name.clone()?, claimed.serial.clone()?),
        };
        Some((comparable_name(&issuer), comparable_serial(&serial)))
    }

    /// Whether it is about `name`: itself, below it, or covered by a wildcard.
    pub(super) fn belongs(&self, name: &DnsName, watched: &WatchedNames) -> Belongs {
        let (mut unreadable, mut mentioned, mut is_plain, mut is_shown) = (None, None, false, false);
        for (octets, form) in self.shown() {
            is_shown = true;
            // One odd name is told, however many plain ones stand beside it.
            if let Some(odd) = find_odd(octets, form, watched) {
                let how = String::from_utf8_lossy(odd.claimed.octets).escape_debug().to_string();
                return Belongs::Yes(Some(how));
            }
            match find(octets, form, watched) {
                Found::Claims(_) => is_plain = true,
                Found::Nothing => {}
                Found::Undetermined { why, mentions: Some(watched) } => {
                    mentioned = Some(format!("{why}; {} stands somewhere in it", watched.name));
                }
                Found::Undetermined { why, mentions: None } => unreadable = Some(why.to_string()),
            }
        }
        if is_shown {
            // What a source reports of the name is not lost to what it shows with it.
            return match (mentioned, unreadable) {
                _ if is_plain => Belongs::Yes(None),
                (Some(how), _) => Belongs::Yes(Some(how)),
                (None, Some(why)) if self.claims(name) => Belongs::Yes(Some(why)),
                (None, Some(why)) => Belongs::Unreadable(why),
                (None, None) if self.claims(name) => {
                    Belongs::Yes(Some("the source says so, and what it shows does not name it".to_owned()))
                }
                (None, None) => Belongs::No,
            };
        }
        let claimed = &self.reported.claimed;
        // A source that was asked about this name, and does not say all names, answered for one of them.
        let silent = claimed.dns_names.is_empty() || !claimed.names_are_complete;
        if self.claims(name) || silent { Belongs::Yes(None) } else { Belongs::No }
    }

    /// Whether the source says that it has the name, one below it, or a wildcard that covers it.
    fn claims(&self, name: &DnsName) -> bool {
        self.reported.claimed.dns_names.iter().any(|claim| match claim.parse::<CertificateName>() {
            Ok(own) => is_at_below_or_covers(&own, name),
            Err(_) => claim.to_lowercase().contains(name.as_str()),
        })
    }

    /// The names in what was shown, and whether these are all; `None` where nothing was shown. However many there are,
    /// those that have to do with `asked` are among them.
    pub(super) fn names(&self, asked: &DnsName) -> Option<(Vec<String>, bool)> {
        let mut names: Vec<String> = Vec::new();
        let (mut is_whole, mut is_shown) = (true, false);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (octets, form) in self.shown() {
            is_shown = true;
            let mut left_out = false;
            let scanned = scan(octets, form, &mut |claimed| {
                let text = String::from_utf8_lossy(claimed.octets);
                let read = text.parse::<CertificateName>();
                // A common name is a host's only where it looks like one.
                let is_host = claimed.field != NameField::CommonName || (read.is_ok() && text.contains('.'));
                let is_ours = read.as_ref().is_ok_and(|own| is_at_below_or_covers(own, asked));
                let shown = read
                    .map_or_else(|_| text.escape_debug().to_string(), |own: CertificateName| own.to_string());
                if !is_host || seen.contains(&shown) {
                    return;
                }
                if is_ours || names.len() < MOST_NAMES {
                    seen.insert(shown.clone());
                    names.push(shown);
                } else {
                    left_out = true;
                }
            });
            is_whole &= scanned.is_ok() && !left_out;
        }
        is_shown.then_some((names, is_whole))
    }
}

/// Whether a certificate's name is `name`, lies below it, or is a wildcard that covers it.
pub(super) fn is_at_below_or_covers(own: &CertificateName, name: &DnsName) -> bool {
    own.base.is_at_or_below(name) || own.covers(name)
}

/// A TBSCertificate as a certificate without a signature, so that it is read by the same code.
fn as_certificate(tbs: &[u8]) -> Vec<u8> {
    // ecdsa-with-SHA256 (RFC 5758 section 3.2), and no bits.
    const ALGORITHM: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    const NOTHING: &[u8] = &[0x03, 0x01, 0x00];
    der::wrap(der::SEQUENCE, &[tbs, ALGORITHM, NOTHING].concat())
}

/// The kind of a certificate's key.
pub(super) fn key_type(certificate: &Certificate) -> Option<String> {
    let parts = certificate.parts().ok()?;
    let (_, spki) = SubjectPublicKeyInfo::from_der(parts.spki).ok()?;
    let curve = || {
        spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok()).map(|oid| oid.to_id_string())
    };
    Some(match (spki.algorithm.algorithm.to_id_string().as_str(), spki.parsed()) {
        (_, Ok(PublicKey::RSA(key))) => format!("RSA {}", key.key_size()),
        ("1.2.840.10045.2.1", _) => match curve().as_deref() {
            Some("1.2.840.10045.3.1.7") => "EC P-256".to_owned(),
            Some("1.3.132.0.34") => "EC P-384".to_owned(),
            Some("1.3.132.0.35") => "EC P-521".to_owned(),
            other => format!("EC {}", other.unwrap_or("of an unnamed curve")),
        },
        ("1.3.101.112", _) => "Ed25519".to_owned(),
        (other, _) => other.to_owned(),
    })
}

/// A name as text, without what differs between those who write it.
pub(crate) fn comparable_name(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\\'));
    kept.flat_map(char::to_lowercase).collect()
}

/// A serial number without leading zeros.
pub(super) fn comparable_serial(text: &str) -> String {
    let plain: String = text.chars().filter(char::is_ascii_hexdigit).flat_map(char::to_lowercase).collect();
    let short = plain.trim_start_matches('0');
    if short.is_empty() { "0".to_owned() } else { short.to_owned() }
}

/// A hash in hexadecimal, short enough for a sentence.
pub(super) fn short(hash: &[u8]) -> String {
    hexadecimal(hash.get(..8).unwrap_or(hash))
}
