//! Signed Certificate Timestamps as delivered: reading the list, not yet verifying it.
//!
//! Source: RFC 6962 sections 3.2 and 3.3. A list whose frame is broken gives nothing; one broken SCT in a good list
//! costs only itself, as in Chromium, Firefox and Conscrypt.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::log_id::LogId;
use crate::x509::der::{self, Reader};
use crate::x509::parts::oid;
use crate::x509::{Certificate, DerError};

/// One Signed Certificate Timestamp of version 1, as delivered; not yet verified.
///
/// Source: RFC 6962 section 3.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// The log that promises to include the certificate.
    pub log_id: LogId,
    /// Milliseconds since the Unix epoch, as signed.
    pub timestamp: u64,
    /// The extensions' octets, as signed.
    pub extensions: Vec<u8>,
    /// The signature over the entry.
    pub signature: DigitallySigned,
}

/// A signature with its algorithms (RFC 5246 section 4.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigitallySigned {
    /// The hash algorithm's number; 4 is SHA-256.
    pub hash: u8,
    /// The signature algorithm's number; 1 is RSA, 3 is ECDSA.
    pub signature: u8,
    /// The signature's octets.
    pub octets: Vec<u8>,
}

/// One member of an SCT list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedSct {
    /// An SCT of version 1.
    V1(Sct),
    /// An SCT of another version, which is opaque here.
    UnsupportedVersion(u8),
    /// Octets that are no SCT.
    Malformed(SctError),
}

/// Why the octets of one list member are no SCT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SctError {
    /// They end too early.
    #[error("it ends within its {0}")]
    Truncated(&'static str),
    /// They go on after the signature.
    #[error("{0} octets follow its signature")]
    TrailingData(usize),
}

/// Why octets are no SCT list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SctListError {
    /// The extension does not hold the OCTET STRING of RFC 6962 section 3.3.
    #[error("the extension does not hold an OCTET STRING alone: {0}")]
    NotAnOctetString(DerError),
    /// The list's own length is not that of what follows.
    #[error("the list says that it has {said} octets, but {present} are there")]
    WrongLength {
        /// The length that the list begins with.
        said: usize,
        /// The octets after it.
        present: usize,
    },
    /// The list ends within its length or within a member.
    #[error("the list ends within an SCT")]
    Truncated,
    /// A list has at least one member.
    #[error("the list is empty")]
    Empty,
    /// A member of no octets.
    #[error("the list has an SCT of no octets")]
    EmptyMember,
}

/// Reads every SCT list that is embedded in a certificate; a well-formed one has at most one.
pub fn embedded(certificate: &Certificate) -> Vec<Result<Vec<ListedSct>, SctListError>> {
    match certificate.parts() {
        Ok(parts) => {
            parts.extensions_with(oid::SCT_LIST).map(|extension| read_extension(extension.value)).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Reads the value of the certificate or OCSP extension: an OCTET STRING around the list.
pub fn read_extension(value: &[u8]) -> Result<Vec<ListedSct>, SctListError> {
    let mut reader = Reader::new(value);
    let list = reader.expect(der::OCTET_STRING).map_err(SctListError::NotAnOctetString)?;
    reader.finish().map_err(SctListError::NotAnOctetString)?;
    read_list(list.content)
}

/// Reads a `SignedCertificateTimestampList`, as the TLS extension carries it bare.
pub fn read_list(octets: &[u8]) -> Result<Vec<ListedSct>, SctListError> {
    let mut cursor = Cursor(octets);
    let said = cursor.u16().ok_or(SctListError::Truncated)?;
    if said != cursor.0.len() {
        return Err(SctListError::WrongLength { said, present: cursor.0.len() });
    }
    if said == 0 {
        return Err(SctListError::Empty);
    }
    let mut members = Vec::new();
    while !cursor.0.is_empty() {
        let member = cursor.u16_prefixed().ok_or(SctListError::Truncated)?;
        let (&version, body) = member.split_first().ok_or(SctListError::EmptyMember)?;
        members.push(match version {
            0 => read_v1(body).map_or_else(ListedSct::Malformed, ListedSct::V1),
            other => ListedSct::UnsupportedVersion(other),
        });
    }
    Ok(members)
}

fn read_v1(body: &[u8]) -> Result<Sct, SctError> {
    let mut cursor = Cursor(body);
    let log_id = cursor.array().ok_or(SctError::Truncated("log id"))?;
    let timestamp = cursor.array().map(u64::from_be_bytes).ok_or(SctError::Truncated("timestamp"))?;
    let extensions = cursor.u16_prefixed().ok_or(SctError::Truncated("extensions"))?;
    let [hash, signature] = cursor.array().ok_or(SctError::Truncated("signature algorithm"))?;
    let octets = cursor.u16_prefixed().ok_or(SctError::Truncated("signature"))?;
    if !cursor.0.is_empty() {
        return Err(SctError::TrailingData(cursor.0.len()));
    }
    Ok(Sct {
        log_id: LogId(log_id),
        timestamp,
        extensions: extensions.to_vec(),
        signature: DigitallySigned { hash, signature, octets: octets.to_vec() },
    })
}

impl Sct {
    /// The octets of the SCT, as they were delivered; `None` where a length does not fit its field.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let mut out = vec![0];
        out.extend(self.log_id.0);
        out.extend(self.timestamp.to_be_bytes());
        out.extend(u16::try_from(self.extensions.len()).ok()?.to_be_bytes());
        out.extend(&self.extensions);
        out.extend(self.signature.octets()?);
        Some(out)
    }
}

impl DigitallySigned {
    /// Reads the whole of `octets` as one signature with its algorithms.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(octets);
        let [hash, signature] = cursor.array()?;
        let octets = cursor.u16_prefixed()?.to_vec();
        cursor.0.is_empty().then_some(Self { hash, signature, octets })
    }

    /// The octets that [`DigitallySigned::read`] reads; `None` where the signature is too long for its field.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let length = u16::try_from(self.octets.len()).ok()?.to_be_bytes();
        Some([&[self.hash, self.signature], &length, self.octets.as_slice()].concat())
    }
}

/// What an SCT's extensions say of the entry's place in a static log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafIndex {
    /// No such extension.
    Absent,
    /// Exactly one, well formed.
    At(u64),
    /// Extensions that cannot be read, or more than one leaf_index.
    Malformed,
}

/// Reads the leaf_index extension of static-ct-api: type 0, five octets, exactly one.
///
/// Source: C2SP static-ct-api, “SCT Extension”.
pub fn leaf_index(extensions: &[u8]) -> LeafIndex {
    let mut cursor = Cursor(extensions);
    let mut found = LeafIndex::Absent;
    while !cursor.0.is_empty() {
        let Some([kind]) = cursor.array() else { return LeafIndex::Malformed };
        let Some(body) = cursor.u16_prefixed() else { return LeafIndex::Malformed };
        if kind != 0 {
            continue;
        }
        if body.len() != 5 || found != LeafIndex::Absent {
            return LeafIndex::Malformed;
        }
        found = LeafIndex::At(body.iter().fold(0, |index, &octet| (index << 8) | u64::from(octet)));
    }
    found
}

/// Takes fixed and length-prefixed fields (RFC 5246 section 4) off the front of octets.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u16(&mut self) -> Option<usize> {
        self.array().map(|octets| usize::from(u16::from_be_bytes(octets)))
    }

    pub(super) fn u16_prefixed(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(length)
    }

    pub(super) fn u24_prefixed(&mut self) -> Option<&'a [u8]> {
        let [high, middle, low] = self.array()?;
        let length = u32::from_be_bytes([0, high, middle, low]);
        self.take(usize::try_from(length).ok()?)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v1(extensions: &[u8]) -> Vec<u8> {
        let mut sct = vec![0];
        sct.extend([7; 32]);
        sct.extend(1_700_000_000_000_u64.to_be_bytes());
        sct.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        sct.extend(extensions);
        sct.extend([4, 3, 0, 2, 0xaa, 0xbb]);
        sct
    }

    fn list(members: &[&[u8]]) -> Vec<u8> {
        let body: Vec<u8> = members
            .iter()
            .flat_map(|member| [&u16::try_from(member.len()).unwrap().to_be_bytes()[..], member].concat())
            .collect();
        [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
    }

    #[test]
    fn a_list_is_read() {
        let members = read_list(&list(&[&v1(&[]), &v1(&[0, 0, 5, 0, 0, 0, 1, 2])])).unwrap();
        let [ListedSct::V1(first), ListedSct::V1(second)] = members.as_slice() else { panic!("{members:?}") };
        assert_eq!(first.log_id, LogId([7; 32]));
        assert_eq!(first.timestamp, 1_700_000_000_000);
        assert_eq!(first.signature, DigitallySigned { hash: 4, signature: 3, octets: vec![0xaa, 0xbb] });
        assert_eq!(first.octets().unwrap(), v1(&[]));
        assert_eq!(leaf_index(&second.extensions), LeafIndex::At(258));
    }

    #[test]
    fn one_bad_sct_costs_only_itself() {
        let good = v1(&[]);
        let mut long = v1(&[]);
        long.push(0);
        let members = read_list(&list(&[&good[..40], &long, &[1, 2, 3], &good])).unwrap();
        assert_eq!(members[0], ListedSct::Malformed(SctError::Truncated("timestamp")));
        assert_eq!(members[1], ListedSct::Malformed(SctError::TrailingData(1)));
        assert_eq!(members[2], ListedSct::UnsupportedVersion(1));
        assert!(matches!(members[3], ListedSct::V1(_)));
    }

    #[test]
    fn a_broken_frame_gives_nothing() {
        assert_eq!(read_list(&[]), Err(SctListError::Truncated));
        assert_eq!(read_list(&[0, 0]), Err(SctListError::Empty));
        assert_eq!(read_list(&[0, 1, 2, 3]), Err(SctListError::WrongLength { said: 1, present: 2 }));
        assert_eq!(read_list(&[0, 2, 0, 0]), Err(SctListError::EmptyMember));
        assert_eq!(read_list(&[0, 3, 0, 9, 0]), Err(SctListError::Truncated));
        assert!(matches!(read_extension(&[4, 2, 0, 0, 9]), Err(SctListError::NotAnOctetString(_))));
        assert!(matches!(read_extension(&[5, 0]), Err(SctListError::NotAnOctetString(_))));
    }

    #[test]
    fn a_leaf_index_stands_alone() {
        let index = [0, 0, 5, 0, 0, 0, 1, 2];
        assert_eq!(leaf_index(&[]), LeafIndex::Absent);
        assert_eq!(leaf_index(&[&[9, 0, 1, 1][..], &index].concat()), LeafIndex::At(258));
        assert_eq!(leaf_index(&[index, index].concat()), LeafIndex::Malformed);
        assert_eq!(leaf_index(&[0, 0, 4, 0, 0, 0, 1]), LeafIndex::Malformed);
        assert_eq!(leaf_index(&[0, 0]), LeafIndex::Malformed);
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..200)) {
            let _ = read_list(&octets);
            let _ = read_extension(&octets);
            let _ = leaf_index(&octets);
        }

        #[test]
        fn every_member_is_told(count in 1_usize..20) {
            let sct = v1(&[]);
            let members: Vec<&[u8]> = vec![&sct; count];
            proptest::prop_assert_eq!(read_list(&list(&members)).unwrap().len(), count);
        }
    }
}
