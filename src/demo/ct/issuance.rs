//! Issuing a leaf with SCTs, right ones and wrong ones.

use jiff::Timestamp;

use super::super::DemoError;
use super::super::authority::{
    CaCertificate, EmptyExtensions, IssuedLeaf, LeafDraft, LeafRequest, SctPlace, der, sct_extension,
};
use super::{CtLog, Sct, SignedEntry, sct_list};

/// One SCT to be had.
#[derive(Clone, Copy, Debug)]
pub struct PlannedSct<'a> {
    /// The log that signs. A log that is not in the list makes an unknown log.
    pub log: &'a CtLog,
    /// When it says it saw the certificate.
    pub timestamp: Timestamp,
    /// What is wrong with it.
    pub fault: SctFault,
}

/// What is wrong with one SCT; the others of the list are untouched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SctFault {
    /// Nothing.
    #[default]
    None,
    /// One bit of the signature's last octet is flipped.
    WrongSignature,
    /// The timestamp was changed by a millisecond after signing.
    WrongTimestamp,
    /// The extensions, in which static logs write the leaf index, were removed after signing.
    ExtensionsRemoved,
    /// It names SHA-512, which logs may not use.
    WrongHashAlgorithm,
    /// It has version 2.
    UnknownVersion,
    /// Its last octet is missing.
    Truncated,
    /// An octet follows the signature.
    TrailingOctet,
}

/// What is wrong with the list as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFault {
    /// Nothing.
    #[default]
    None,
    /// The list is well-formed and has no SCT.
    Empty,
    /// Two octets follow the list.
    TrailingOctets,
    /// The list's length is one more than there is.
    LengthTooLong,
    /// The list's length is one less than there is.
    LengthTooShort,
    /// The list has one more SCT, of no octets.
    EmptySct,
    /// The list has one more SCT, which claims more octets than there are.
    SctTooLong,
    /// The extension's value is the list itself, not an OCTET STRING that holds it.
    NotWrapped,
    /// The extension's value has no octets.
    NoValue,
}

/// How SCTs reach the client, which settles what logs sign.
#[derive(Clone, Copy, Debug)]
pub enum Delivery<'a> {
    /// In the certificate.
    Embedded {
        /// The CA that issues the certificate.
        issuer: &'a CaCertificate,
        /// The to-be-signed part without SCT list.
        tbs: &'a [u8],
    },
    /// Beside the certificate, in TLS or OCSP.
    Beside {
        /// The certificate, DER.
        certificate: &'a [u8],
    },
}

/// The SCTs to be embedded, and how.
#[derive(Clone, Debug, Default)]
pub struct SctPlan<'a> {
    /// The SCTs in order; none: the certificate has no SCT extension, unless the list has a fault.
    pub scts: Vec<PlannedSct<'a>>,
    /// What is wrong with the list.
    pub list_fault: ListFault,
    /// Where the extension stands.
    pub place: SctPlace,
    /// Whether the extension is there twice.
    pub duplicated: bool,
    /// What logs signed where there is no other extension.
    pub empty: EmptyExtensions,
}

/// Issues a leaf with its SCTs embedded.
pub fn issue(
    issuer: &CaCertificate,
    request: &LeafRequest,
    plan: &SctPlan<'_>,
) -> Result<IssuedLeaf, DemoError> {
    let draft = LeafDraft::new(issuer, request)?;
    let tbs = draft.precertificate_tbs(plan.empty)?;
    let scts = scts_over(&plan.scts, Delivery::Embedded { issuer, tbs: &tbs })?;
    let mut extensions = Vec::new();
    if !scts.is_empty() || plan.list_fault != ListFault::None {
        extensions.push(sct_extension(&extension_value(&scts, plan.list_fault)?));
    }
    if plan.duplicated {
        extensions.extend_from_within(..);
    }
    draft.issue(&extensions, plan.place, plan.empty)
}

/// The planned SCTs, each encoded.
pub fn scts_over(plan: &[PlannedSct<'_>], delivery: Delivery<'_>) -> Result<Vec<Vec<u8>>, DemoError> {
    let entry = match delivery {
        Delivery::Embedded { issuer, tbs } => SignedEntry::Precertificate { issuer, tbs },
        Delivery::Beside { certificate } => SignedEntry::X509(certificate),
    };
    plan.iter().map(|planned| spoil(planned.log.sign(entry, planned.timestamp)?, planned.fault)).collect()
}

/// Applies a fault, and encodes.
fn spoil(mut sct: Sct, fault: SctFault) -> Result<Vec<u8>, DemoError> {
    match fault {
        SctFault::None | SctFault::Truncated | SctFault::TrailingOctet => {}
        SctFault::WrongSignature => {
            if let Some(last) = sct.signature.last_mut() {
                *last ^= 1;
            }
        }
        SctFault::WrongTimestamp => sct.timestamp = sct.timestamp.saturating_sub(1),
        SctFault::ExtensionsRemoved => sct.extensions.clear(),
        SctFault::WrongHashAlgorithm => sct.hash_algorithm = 6,
        SctFault::UnknownVersion => sct.version = 1,
    }
    let mut octets = sct.encode()?;
    match fault {
        SctFault::Truncated => {
            octets.pop();
        }
        SctFault::TrailingOctet => octets.push(0),
        _ => {}
    }
    Ok(octets)
}

/// The value of `extnValue`: an OCTET STRING around the list, unless that is the fault.
fn extension_value(scts: &[Vec<u8>], fault: ListFault) -> Result<Vec<u8>, DemoError> {
    let list = sct_list(scts)?;
    let with_length = |change: fn(u16) -> u16| {
        let body: Vec<u8> = list.iter().skip(2).copied().collect();
        let length = change(u16::try_from(body.len()).unwrap_or(u16::MAX));
        [length.to_be_bytes().as_slice(), &body].concat()
    };
    let faulty = match fault {
        ListFault::None => list,
        ListFault::Empty => vec![0, 0],
        ListFault::TrailingOctets => [list.as_slice(), &[0, 0]].concat(),
        ListFault::LengthTooLong => with_length(|length| length.saturating_add(1)),
        ListFault::LengthTooShort => with_length(|length| length.saturating_sub(1)),
        ListFault::EmptySct => sct_list(&[scts, &[Vec::new()]].concat())?,
        ListFault::SctTooLong => {
            let mut longer = with_length(|length| length.saturating_add(4));
            longer.extend([0xff, 0xff, 0, 0]);
            longer
        }
        ListFault::NotWrapped => return Ok(list),
        ListFault::NoValue => return Ok(Vec::new()),
    };
    Ok(der::octet_string(&faulty))
}
