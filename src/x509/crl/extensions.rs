//! The extensions of a CRL.
//!
//! Source: RFC 5280 section 5.2.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use jiff::Timestamp;

use super::{CrlError, Reasons, at};
use crate::x509::der::{self, DerError, Element, Reader};
use crate::x509::distribution::{PointName, point_name};
use crate::x509::parts::{oid, read_extension};
use crate::x509::time;

/// The most extensions that are read.
const MAX_EXTENSIONS: usize = 64;

/// cRLNumber (RFC 5280 section 5.2.3).
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 0x14];
/// deltaCRLIndicator (RFC 5280 section 5.2.4).
const DELTA_INDICATOR: &[u8] = &[0x55, 0x1d, 0x1b];
/// issuingDistributionPoint (RFC 5280 section 5.2.5).
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];
/// expiredCertsOnCRL (ITU-T X.509 section 9.5.2.8).
const EXPIRED_ON_CRL: &[u8] = &[0x55, 0x1d, 0x3c];

/// What the extensions say.
#[derive(Clone, Debug, Default)]
pub(crate) struct CrlExtensions<'a> {
    /// The CRL number.
    pub(crate) number: Option<&'a [u8]>,
    /// The key identifier of the issuer's key.
    pub(crate) authority_key_id: Option<&'a [u8]>,
    /// What the list is about, where that is not everything.
    pub(crate) scope: Option<Scope<'a>>,
    /// Whether it only tells what changed since another one.
    pub(crate) is_delta: bool,
    /// Certificates that expired since then still stand in it.
    pub(crate) keeps_expired_since: Option<Timestamp>,
    /// The first critical extension that is not known here.
    pub(crate) unknown_critical: Option<&'a [u8]>,
}

/// An issuing distribution point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of RFC 5280 section 5.2.5")]
pub(crate) struct Scope<'a> {
    /// The name of the distribution point.
    pub(crate) name: Option<PointName<'a>>,
    /// No CA's certificates.
    pub(crate) only_user: bool,
    /// Only CAs' certificates.
    pub(crate) only_ca: bool,
    /// Only attribute certificates.
    pub(crate) only_attribute: bool,
    /// Only these reasons.
    pub(crate) reasons: Option<Reasons>,
    /// It lists certificates of others.
    pub(crate) is_indirect: bool,
}

impl<'a> CrlExtensions<'a> {
    pub(super) fn read(block: &Element<'a>) -> Result<Self, CrlError> {
        let mut outer = block.reader();
        let list = outer.expect(der::SEQUENCE).map_err(at("extensions"))?;
        outer.finish().map_err(at("extensions"))?;
        let mut reader = list.reader();
        let mut all = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        while !reader.is_empty() {
            if seen.len() >= MAX_EXTENSIONS {
                return Err(CrlError::TooManyExtensions);
            }
            let extension = read_extension(&mut reader).map_err(at("extension"))?;
            if seen.contains(&extension.oid) {
                return Err(CrlError::Doubled);
            }
            seen.push(extension.oid);
            let mut value = Reader::new(extension.value);
            match extension.oid {
                CRL_NUMBER => {
                    all.number = Some(value.expect(der::INTEGER).map_err(at("CRL number"))?.content);
                }
                oid::AUTHORITY_KEY_ID => {
                    let id = value.expect(der::SEQUENCE).map_err(at("authority key identifier"))?;
                    let id = id.reader().optional(der::primitive(0));
                    all.authority_key_id = id.map_err(at("authority key identifier"))?.map(|id| id.content);
                }
                ISSUING_DISTRIBUTION_POINT => {
                    all.scope = Some(scope(value).map_err(at("issuing distribution point"))?);
                }
                DELTA_INDICATOR => all.is_delta = true,
                EXPIRED_ON_CRL => {
                    let since = value.element().map_err(at("date of expired certificates"))?;
                    all.keeps_expired_since = time::read(&since);
                }
                other if extension.critical && all.unknown_critical.is_none() => {
                    all.unknown_critical = Some(other);
                }
                _ => {}
            }
        }
        Ok(all)
    }
}

fn scope(mut value: Reader<'_>) -> Result<Scope<'_>, DerError> {
    let sequence = value.expect(der::SEQUENCE)?;
    value.finish()?;
    let mut fields = sequence.reader();
    let mut scope = Scope::default();
    if let Some(name) = fields.optional(der::constructed(0))? {
        scope.name = Some(point_name(&name)?);
    }
    scope.only_user = flag(&mut fields, 1)?;
    scope.only_ca = flag(&mut fields, 2)?;
    if let Some(flags) = fields.optional(der::primitive(3))? {
        scope.reasons = Some(Reasons::read(flags.content).ok_or(DerError::Truncated)?);
    }
    scope.is_indirect = flag(&mut fields, 4)?;
    scope.only_attribute = flag(&mut fields, 5)?;
    fields.finish()?;
    Ok(scope)
}

fn flag(fields: &mut Reader<'_>, number: u8) -> Result<bool, DerError> {
    let value = fields.optional(der::primitive(number))?;
    Ok(value.is_some_and(|value| value.content.first().is_some_and(|&octet| octet != 0)))
}
