//! Where a certificate says that its revocation can be looked up.
//!
//! Source: RFC 5280 sections 4.2.1.13 (cRLDistributionPoints), 4.2.2.1 (authorityInfoAccess) and 4.2.1.6
//! (GeneralName).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::crl::Reasons;
use super::der::{self, DerError, Element, Reader};
use super::parts::{Parts, oid};

/// The most distribution points of a certificate, names of one, and access descriptions that are read.
const MAX_ITEMS: usize = 64;

/// The longest URL that is taken for one, in octets.
const MAX_URL: usize = 2048;

/// uniformResourceIdentifier, as a GeneralName is tagged.
const URI: u8 = der::primitive(6);

/// directoryName, as a GeneralName is tagged.
const DIRECTORY_NAME: u8 = der::constructed(4);

/// id-ad-ocsp, 1.3.6.1.5.5.7.48.1 (RFC 5280 section 4.2.2.1).
const ACCESS_OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];

/// The name of a distribution point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PointName<'a> {
    /// GeneralNames.
    Full(Vec<Element<'a>>),
    /// What is appended to the CRL issuer's name.
    Relative(&'a [u8]),
}

/// One distribution point of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Point<'a> {
    /// Its name.
    pub(crate) name: Option<PointName<'a>>,
    /// The reasons that the CRL there covers; none: all.
    pub(crate) reasons: Option<Reasons>,
    /// Who issues that CRL, where it is not who issued the certificate.
    pub(crate) crl_issuer: Vec<Element<'a>>,
}

impl<'a> Point<'a> {
    /// The names of the CRL's issuer, where it is another; each whole.
    pub(crate) fn crl_issuers(&self) -> impl Iterator<Item = &'a [u8]> {
        let names = self.crl_issuer.iter().filter(|name| name.tag == DIRECTORY_NAME);
        names.map(|name| name.content)
    }

    /// The URLs by which the CRL is had, as text.
    pub(crate) fn urls(&self) -> Vec<String> {
        match &self.name {
            Some(PointName::Full(names)) => names.iter().filter_map(url).collect(),
            Some(PointName::Relative(_)) | None => Vec::new(),
        }
    }
}

/// Everything that a certificate says of where to look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pointers<'a> {
    /// The distribution points.
    pub(crate) points: Vec<Point<'a>>,
    /// The OCSP responders' URLs.
    pub(crate) ocsp: Vec<String>,
    /// What could not be read.
    pub(crate) broken: Vec<&'static str>,
}

impl<'a> Pointers<'a> {
    /// Reads them from a certificate.
    pub(crate) fn of(parts: &Parts<'a>) -> Self {
        let mut pointers = Self::default();
        if let Some(extension) = parts.extension(oid::CRL_DISTRIBUTION_POINTS) {
            match points(extension.value) {
                Ok(points) => pointers.points = points,
                Err(_) => pointers.broken.push("CRL distribution points"),
            }
        }
        if let Some(extension) = parts.extension(oid::AUTHORITY_INFORMATION_ACCESS) {
            match responders(extension.value) {
                Ok(urls) => pointers.ocsp = urls,
                Err(_) => pointers.broken.push("authority information access"),
            }
        }
        pointers
    }
}

fn points(value: &[u8]) -> Result<Vec<Point<'_>>, DerError> {
    let mut outer = Reader::new(value);
    let list = outer.expect(der::SEQUENCE)?;
    outer.finish()?;
    let mut reader = list.reader();
    let mut points = Vec::new();
    while !reader.is_empty() && points.len() < MAX_ITEMS {
        let mut fields = reader.expect(der::SEQUENCE)?.reader();
        let mut point = Point::default();
        if let Some(name) = fields.optional(der::constructed(0))? {
            point.name = Some(point_name(&name)?);
        }
        if let Some(flags) = fields.optional(der::primitive(1))? {
            point.reasons = Some(Reasons::read(flags.content).ok_or(DerError::Truncated)?);
        }
        if let Some(names) = fields.optional(der::constructed(2))? {
            point.crl_issuer = general_names(names.reader())?;
        }
        fields.finish()?;
        points.push(point);
    }
    Ok(points)
}

/// Reads a DistributionPointName inside its explicit tag.
pub(crate) fn point_name<'a>(wrapped: &Element<'a>) -> Result<PointName<'a>, DerError> {
    let mut reader = wrapped.reader();
    let choice = reader.element()?;
    reader.finish()?;
    if choice.tag == der::constructed(0) {
        general_names(choice.reader()).map(PointName::Full)
    } else if choice.tag == der::constructed(1) {
        Ok(PointName::Relative(choice.content))
    } else {
        Err(DerError::UnexpectedTag { expected: der::constructed(0), found: choice.tag })
    }
}

/// Reads GeneralNames, as many as are looked at.
pub(crate) fn general_names(mut reader: Reader<'_>) -> Result<Vec<Element<'_>>, DerError> {
    let mut names = Vec::new();
    while !reader.is_empty() && names.len() < MAX_ITEMS {
        names.push(reader.element()?);
    }
    Ok(names)
}

/// The Name of a CRL entry's certificateIssuer (RFC 5280 section 5.3.3), whole.
pub(crate) fn directory_name(value: &[u8]) -> Option<&[u8]> {
    let list = Reader::new(value).expect(der::SEQUENCE).ok()?;
    let names = general_names(list.reader()).ok()?;
    names.iter().find(|name| name.tag == DIRECTORY_NAME).map(|name| name.content)
}

/// The text of a URL, where it is printable ASCII.
fn url(name: &Element<'_>) -> Option<String> {
    let is_usual = name.content.len() <= MAX_URL && name.content.iter().all(u8::is_ascii_graphic);
    if name.tag != URI || !is_usual {
        return None;
    }
    String::from_utf8(name.content.to_vec()).ok()
}

fn responders(value: &[u8]) -> Result<Vec<String>, DerError> {
    let mut reader = Reader::new(value).expect(der::SEQUENCE)?.reader();
    let mut urls = Vec::new();
    let mut seen = 0_usize;
    while !reader.is_empty() && seen < MAX_ITEMS {
        seen = seen.saturating_add(1);
        let mut fields = reader.expect(der::SEQUENCE)?.reader();
        let method = fields.expect(der::OBJECT_IDENTIFIER)?;
        let location = fields.element()?;
        if method.content == ACCESS_OCSP {
            urls.extend(url(&location));
        }
    }
    Ok(urls)
}
