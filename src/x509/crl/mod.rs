//! Certificate revocation lists, read where they lie: however many entries one has, nothing is kept of them but
//! what was looked for.
//!
//! Source: RFC 5280 section 5. Whether a list may be used for a certificate is not judged here.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod entries;
mod extensions;
mod reason;

use jiff::Timestamp;

pub use self::entries::{Entry, Found, Wanted};
pub(crate) use self::extensions::CrlExtensions;
pub use self::reason::{Reason, Reasons};
use super::der::{self, DerError, Reader};
use super::{Certificate, SignatureCheck, signature, time};

/// The largest CRL that is read, in octets.
pub const MAX_CRL: usize = 64 << 20;

/// A CRL cut into its parts.
#[derive(Clone, Debug)]
pub struct Crl<'a> {
    tbs: &'a [u8],
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
    entries: &'a [u8],
    /// The issuer Name, whole.
    pub(crate) issuer: &'a [u8],
    /// When it was issued.
    pub this_update: Timestamp,
    /// By when the next one is issued.
    pub next_update: Option<Timestamp>,
    pub(crate) extensions: CrlExtensions<'a>,
}

/// Why octets are no CRL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Larger than [`MAX_CRL`].
    #[error("it has {0} octets; at most {MAX_CRL} are read")]
    TooLarge(usize),
    /// The frame is broken.
    #[error("its {part} cannot be read: {error}")]
    Der {
        /// What was being read.
        part: &'static str,
        /// What is wrong with it.
        error: DerError,
    },
    /// A date that is none.
    #[error("its {0} is no date")]
    BadTime(&'static str),
    /// The signature's algorithm is not the same inside and outside (RFC 5280 section 5.1.1.2).
    #[error("it names one signature algorithm inside and another outside")]
    Algorithms,
    /// More extensions than are read.
    #[error("it has more extensions than are read")]
    TooManyExtensions,
    /// An extension twice.
    #[error("it has two extensions of a kind")]
    Doubled,
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// A web page, as portals and proxies send it.
    #[error("it is an HTML page, where a CRL belongs")]
    Page,
    /// It is text, not DER (RFC 5280 section 4.2.1.13 asks for DER).
    #[error("it is PEM or other text, where DER belongs")]
    Text,
}

fn at(part: &'static str) -> impl Fn(DerError) -> CrlError {
    move |error| CrlError::Der { part, error }
}

impl<'a> Crl<'a> {
    /// Cuts a CRL into its parts; nothing may follow it. The entries are not looked at yet.
    pub fn read(octets: &'a [u8]) -> Result<Self, CrlError> {
        if octets.len() > MAX_CRL {
            return Err(CrlError::TooLarge(octets.len()));
        }
        match octets.iter().find(|octet| !octet.is_ascii_whitespace()) {
            None => return Err(CrlError::Empty),
            Some(b'<') => return Err(CrlError::Page),
            Some(b'-' | b'{') => return Err(CrlError::Text),
            Some(_) => {}
        }
        let mut outer = Reader::new(octets);
        let whole = outer.expect(der::SEQUENCE).map_err(at("frame"))?;
        outer.finish().map_err(at("end"))?;
        let mut fields = whole.reader();
        let tbs = fields.expect(der::SEQUENCE).map_err(at("TBSCertList"))?;
        let algorithm = fields.expect(der::SEQUENCE).map_err(at("signature algorithm"))?;
        let signature = fields.expect(der::BIT_STRING).map_err(at("signature"))?;
        fields.finish().map_err(at("end"))?;

        let mut reader = tbs.reader();
        reader.optional(der::INTEGER).map_err(at("version"))?;
        let inner = reader.expect(der::SEQUENCE).map_err(at("inner signature algorithm"))?;
        if inner.whole != algorithm.whole {
            return Err(CrlError::Algorithms);
        }
        let issuer = reader.expect(der::SEQUENCE).map_err(at("issuer"))?;
        let this_update = reader.element().map_err(at("thisUpdate"))?;
        let this_update = time::read(&this_update).ok_or(CrlError::BadTime("thisUpdate"))?;
        let next_update = match reader.rest().first() {
            Some(&tag) if time::is_time(tag) => {
                let next = reader.element().map_err(at("nextUpdate"))?;
                Some(time::read(&next).ok_or(CrlError::BadTime("nextUpdate"))?)
            }
            _ => None,
        };
        let entries = reader.optional(der::SEQUENCE).map_err(at("list of entries"))?;
        let extensions = match reader.optional(der::constructed(0)).map_err(at("extensions"))? {
            Some(block) => CrlExtensions::read(&block)?,
            None => CrlExtensions::default(),
        };
        reader.finish().map_err(at("end of the TBSCertList"))?;
        Ok(Self {
            tbs: tbs.whole,
            signature_algorithm: algorithm.whole,
            signature: signature.content,
            entries: entries.map(|entries| entries.content).unwrap_or_default(),
            issuer: issuer.whole,
            this_update,
            next_update,
            extensions,
        })
    }

    /// Whether this certificate's key made the signature.
    pub fn is_signed_by(&self, issuer: &Certificate) -> SignatureCheck {
        let Ok(parts) = issuer.parts() else { return SignatureCheck::Unsupported };
        signature::check(self.tbs, self.signature_algorithm, self.signature, parts.spki)
    }

    /// Whether this certificate's subject is the issuer, octet for octet.
    pub fn is_named_after(&self, issuer: &Certificate) -> bool {
        issuer.parts().is_ok_and(|parts| parts.subject == self.issuer)
    }

    /// Looks for certificates among the entries, in one pass.
    pub fn find(&self, wanted: &[Wanted<'_>]) -> Result<Found<'a>, CrlError> {
        entries::find(self, wanted)
    }

    /// Whether it was made before another of the same place; of lists of the same second, whether its number is smaller.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let shortest = |number: &'a [u8]| {
            let zeros = number.iter().take_while(|&&octet| octet == 0).count();
            number.get(zeros..).unwrap_or_default()
        };
        let number = |crl: &Self| crl.extensions.number.map(shortest).map(|number| (number.len(), number));
        (self.this_update, number(self)) < (other.this_update, number(other))
    }

    /// The CRL number, hexadecimal.
    pub fn number(&self) -> Option<String> {
        self.extensions.number.map(super::hexadecimal)
    }
}

#[cfg(test)]
mod tests;
