//! Certificates out of a file: DER, or PEM with anything around it, read strictly. [`super::Bundle`] reads the same blocks
//! leniently.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem::find;

use super::bundle::begins_as_der;
use super::certificate::Certificate;
use super::parts::CertificateError;

/// The largest number of certificates that is read from one file.
pub const MAX_CERTIFICATES: usize = 10_000;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The longest label of a block.
const LONGEST_LABEL: usize = 64;

/// Base64 as it is written: padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a file gave no certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFileError {
    /// Neither DER nor PEM.
    #[error("this is no certificate: it is neither DER nor has a PEM block “CERTIFICATE”")]
    NotACertificate,
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A PEM block that cannot be decoded.
    #[error("the PEM block that begins in line {line} is not base64")]
    BadPem {
        /// The line of its header.
        line: usize,
    },
    /// A PEM block without its end.
    #[error("the PEM block that begins in line {line} has no end")]
    UnendedPem {
        /// The line of its header.
        line: usize,
    },
    /// One of the certificates cannot be read.
    #[error("certificate {number} of the file: {error}")]
    Certificate {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// More than [`MAX_CERTIFICATES`].
    #[error("the file has more than {MAX_CERTIFICATES} certificates")]
    TooMany,
}

/// Reads every certificate of a file, in order.
pub fn read_certificates(octets: &[u8]) -> Result<Vec<Certificate>, CertificateFileError> {
    certificate_ders(octets)?
        .iter()
        .enumerate()
        .map(|(index, der)| {
            Certificate::read(der)
                .map_err(|error| CertificateFileError::Certificate { number: index.saturating_add(1), error })
        })
        .collect()
}

/// The octets of every certificate of a file, in order, whether they can be read or not.
///
/// This is the strict mode of reading: somebody means this file to be certificates, and takes the place of another's word
/// with it (anchors, issuers, pins). So anything that is wrong with it is an error, and nothing in it is guessed: a block
/// begins a line, and is `CERTIFICATE` or `X509 CERTIFICATE`. [`super::Bundle`] is the lenient mode, over the same blocks.
pub fn certificate_ders(octets: &[u8]) -> Result<Vec<Vec<u8>>, CertificateFileError> {
    if octets.iter().all(u8::is_ascii_whitespace) {
        return Err(CertificateFileError::Empty);
    }
    // Whatever a certificate holds as text, a block too, is a part of it.
    if begins_as_der(octets) {
        return Ok(vec![octets.to_vec()]);
    }
    let mut ders = Vec::new();
    for block in Blocks::of(octets).filter(|block| block.begins_line && STRICT.contains(&block.label)) {
        let line = block.line();
        if ders.len() >= MAX_CERTIFICATES {
            return Err(CertificateFileError::TooMany);
        }
        ders.push(block.decode().map_err(|fault| match fault {
            BlockFault::NoEnd => CertificateFileError::UnendedPem { line },
            BlockFault::NotBase64 => CertificateFileError::BadPem { line },
        })?);
    }
    match ders.as_slice() {
        [] if octets.first() == Some(&super::der::SEQUENCE) => Ok(vec![octets.to_vec()]),
        [] => Err(CertificateFileError::NotACertificate),
        _ => Ok(ders),
    }
}

/// The labels that are read in the strict mode.
const STRICT: [&[u8]; 2] = [b"CERTIFICATE", b"X509 CERTIFICATE"];

/// The blocks of a text, with anything around them (RFC 7468 section 2), also in one line or with other line ends.
pub(super) struct Blocks<'a> {
    octets: &'a [u8],
    place: usize,
}

/// A block from its header on.
pub(super) struct Block<'a> {
    octets: &'a [u8],
    begin: usize,
    /// Its label.
    pub(super) label: &'a [u8],
    /// Whether nothing but blanks stands before it in its line.
    pub(super) begins_line: bool,
    /// What stands in it; none where it has no end.
    body: Option<&'a [u8]>,
}

/// Why a block cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockFault {
    /// Another begins before its end, or the file ends.
    NoEnd,
    /// It is not base64.
    NotBase64,
}

impl<'a> Blocks<'a> {
    /// Those of these octets.
    pub(super) fn of(octets: &'a [u8]) -> Self {
        Self { octets, place: 0 }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        loop {
            let found = find(self.octets.get(self.place..)?, BEGIN)?;
            let begin = self.place.saturating_add(found);
            self.place = begin.saturating_add(BEGIN.len());
            let Some((label, from)) = label(self.octets, self.place) else { continue };
            let body = self.octets.get(from..).unwrap_or_default();
            let length = find(body, DASHES).unwrap_or(body.len());
            let (body, rest) = body.split_at_checked(length).unwrap_or((body, &[]));
            self.place = from.saturating_add(length);
            let is_ended = rest.starts_with(END);
            if is_ended {
                self.place = self.place.saturating_add(END.len());
            }
            let before = self.octets.get(..begin).unwrap_or_default();
            let blanks = before.iter().rev().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
            let end = before.len().saturating_sub(blanks);
            let begins_line =
                before.get(..end).and_then(<[u8]>::last).is_none_or(|octet| matches!(octet, b'\n' | b'\r'));
            return Some(Block {
                octets: self.octets,
                begin,
                label,
                begins_line,
                body: is_ended.then_some(body),
            });
        }
    }
}

impl Block<'_> {
    /// The line of its header, from 1.
    pub(super) fn line(&self) -> usize {
        let before = self.octets.iter().take(self.begin);
        before.filter(|octet| **octet == b'\n').count().saturating_add(1)
    }

    /// What it holds.
    pub(super) fn decode(&self) -> Result<Vec<u8>, BlockFault> {
        let body = self.body.ok_or(BlockFault::NoEnd)?;
        let letters: Vec<u8> = body.iter().copied().filter(|letter| !letter.is_ascii_whitespace()).collect();
        LENIENT.decode(letters).map_err(|_| BlockFault::NotBase64)
    }
}

/// The label of a block from this place on, and where its content begins.
fn label(octets: &[u8], place: usize) -> Option<(&[u8], usize)> {
    let rest = octets.get(place..)?;
    let window = rest.get(..rest.len().min(LONGEST_LABEL))?;
    let length = find(window, DASHES)?;
    let label = window.get(..length)?;
    let is_text = label.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ');
    is_text.then(|| (label, place.saturating_add(length).saturating_add(DASHES.len())))
}
