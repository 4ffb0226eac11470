//! The entries of a CRL: looked through once for any number of certificates.
//!
//! Source: RFC 5280 sections 5.1.2.6 and 5.3.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Crl, CrlError, Reason, at};
use crate::x509::der::{self, Reader};
use crate::x509::distribution::directory_name;
use crate::x509::name_matching::{NameComparison, compare};
use crate::x509::parts::read_extension;
use crate::x509::time;

/// reasonCode (RFC 5280 section 5.3.1).
const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
/// invalidityDate (RFC 5280 section 5.3.2).
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];
/// certificateIssuer (RFC 5280 section 5.3.3).
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];
/// ENUMERATED.
const ENUMERATED: u8 = 0x0a;

/// A certificate to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Its serial number, the content octets of the INTEGER.
    pub serial: &'w [u8],
    /// Its issuer's Name, whole.
    pub issuer: &'w [u8],
}

/// What stands in a CRL about one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was revoked.
    pub date: Timestamp,
    /// Why; none where no reason is given.
    pub reason: Option<Reason>,
    /// Since when the key is known or suspected not to be its owner's alone.
    pub invalid_since: Option<Timestamp>,
}

/// What a pass over the entries gave.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// For each certificate that was looked for, its entry.
    pub entries: Vec<Option<Entry>>,
    /// For each, whether an entry with its number names an issuer that may be its issuer: the names cannot be compared.
    pub doubtful: Vec<bool>,
    /// How many entries there are in all.
    pub count: usize,
    /// The first critical extension of an entry that is not known here, as content of its object identifier. A list
    /// with one must not be used for any certificate (RFC 5280 section 5.3).
    pub unknown_critical: Option<&'a [u8]>,
    /// What makes it impossible to say whose entries these are.
    pub broken: Option<&'static str>,
}

/// Whose an entry is where it says so, as far as the list may say so.
const NOT_INDIRECT: &str =
    "an entry names an issuer of its own, which only an indirect CRL may (RFC 5280 section 5.3.3)";
const NO_NAME: &str = "an entry names an issuer of its own that is no readable name (RFC 5280 section 5.3.3)";

pub(super) fn find<'a>(crl: &Crl<'a>, wanted: &[Wanted<'_>]) -> Result<Found<'a>, CrlError> {
    let mut by_serial: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (place, wanted) in wanted.iter().enumerate() {
        by_serial.entry(shortest(wanted.serial)).or_default().push(place);
    }
    let mut found = Found {
        entries: vec![None; wanted.len()],
        doubtful: vec![false; wanted.len()],
        count: 0,
        unknown_critical: None,
        broken: None,
    };
    let is_indirect = crl.extensions.scope.as_ref().is_some_and(|scope| scope.is_indirect);
    let mut issuer = crl.issuer;
    let mut reader = Reader::new(crl.entries);
    while !reader.is_empty() {
        let mut fields = reader.expect(der::SEQUENCE).map_err(at("entry"))?.reader();
        let serial = fields.expect(der::INTEGER).map_err(at("serial number of an entry"))?.content;
        let date = fields.element().map_err(at("date of an entry"))?;
        let about = match fields.optional(der::SEQUENCE).map_err(at("extensions of an entry"))? {
            Some(list) => About::read(list.reader())?,
            None => About::default(),
        };
        fields.finish().map_err(at("entry"))?;
        found.count = found.count.saturating_add(1);
        found.unknown_critical = found.unknown_critical.or(about.unknown_critical);
        // Each entry without an issuer of its own has that of the entry before (RFC 5280 section 5.3.3).
        match about.issuer {
            Whose::Unsaid => {}
            _ if !is_indirect => found.broken = found.broken.or(Some(NOT_INDIRECT)),
            Whose::Unreadable => found.broken = found.broken.or(Some(NO_NAME)),
            Whose::Of(own) => issuer = own,
        }
        let Some(places) = by_serial.get(shortest(serial)) else { continue };
        let entry = Entry {
            date: time::read(&date).ok_or(CrlError::BadTime("date of an entry"))?,
            reason: about.reason,
            invalid_since: about.invalid_since,
        };
        for &place in places {
            let (Some(wanted), Some(known)) = (wanted.get(place), found.entries.get_mut(place)) else {
                continue;
            };
            // Of several entries of one number, which no list should have, the one that revokes counts.
            if known.is_some_and(|known| known.reason != Some(Reason::REMOVE_FROM_CRL)) {
                continue;
            }
            match compare(wanted.issuer, issuer) {
                NameComparison::Same => *known = Some(entry),
                NameComparison::Different => {}
                NameComparison::Unknown => {
                    found.doubtful.get_mut(place).into_iter().for_each(|doubtful| *doubtful = true);
                }
            }
        }
    }
    Ok(found)
}

/// A number without zeros that are not needed: some CAs wrote them in one place and not in the other.
fn shortest(mut serial: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = serial
        && rest.first().is_some_and(|&next| next < 0x80)
    {
        serial = rest;
    }
    serial
}

/// What an entry says of who issued its certificate.
#[derive(Clone, Copy, Debug, Default)]
enum Whose<'a> {
    /// Nothing: the same as that of the entry before.
    #[default]
    Unsaid,
    /// Whoever has this Name.
    Of(&'a [u8]),
    /// Someone whose name cannot be read.
    Unreadable,
}

/// The extensions of an entry.
#[derive(Clone, Copy, Debug, Default)]
struct About<'a> {
    reason: Option<Reason>,
    invalid_since: Option<Timestamp>,
    issuer: Whose<'a>,
    unknown_critical: Option<&'a [u8]>,
}

impl<'a> About<'a> {
    fn read(mut list: Reader<'a>) -> Result<Self, CrlError> {
        let mut about = Self::default();
        while !list.is_empty() {
            let extension = read_extension(&mut list).map_err(at("extension of an entry"))?;
            let mut value = Reader::new(extension.value);
            match extension.oid {
                REASON_CODE => {
                    let code = value.expect(ENUMERATED).map_err(at("reason of an entry"))?;
                    about.reason = code.content.first().copied().map(Reason);
                }
                INVALIDITY_DATE => {
                    about.invalid_since = value.element().ok().and_then(|date| time::read(&date));
                }
                CERTIFICATE_ISSUER => {
                    about.issuer = directory_name(extension.value).map_or(Whose::Unreadable, Whose::Of);
                }
                other if extension.critical => {
                    about.unknown_critical = about.unknown_critical.or(Some(other));
                }
                _ => {}
            }
        }
        Ok(about)
    }
}
