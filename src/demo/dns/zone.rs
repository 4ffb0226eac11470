//! What the DNS answerer knows: names, their records, and how it misbehaves for some.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use domain::base::iana::Rtype;
use domain::base::{Name, ToName};

use super::super::DemoError;

/// A DNS name in wire form.
pub(super) type WireName = Name<Vec<u8>>;

/// One record's type and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A CAA record (RFC 8659 section 4.1), its tag and value as octets so that they can be anything.
    Caa {
        /// The flags octet.
        flags: u8,
        /// The tag.
        tag: String,
        /// The value.
        value: Vec<u8>,
    },
    /// An alias.
    Cname(String),
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Anything else, or malformed data of a known type.
    Raw {
        /// The record type.
        rtype: u16,
        /// The data.
        data: Vec<u8>,
    },
}

impl Record {
    /// A CAA record with flags 0.
    pub fn caa(tag: &str, value: &str) -> Self {
        Self::Caa { flags: 0, tag: tag.to_owned(), value: value.as_bytes().to_vec() }
    }

    /// The type, and the data in wire form.
    pub(super) fn to_wire(&self) -> Result<(Rtype, Vec<u8>), DemoError> {
        Ok(match self {
            Self::Caa { flags, tag, value } => {
                let tag_length = u8::try_from(tag.len()).map_err(|_| DemoError::TooLong {
                    what: "a CAA tag",
                    length: tag.len(),
                    limit: usize::from(u8::MAX),
                })?;
                (Rtype::CAA, [&[*flags, tag_length], tag.as_bytes(), value.as_slice()].concat())
            }
            Self::Cname(target) => (Rtype::CNAME, wire_name(target)?.as_slice().to_vec()),
            Self::A(address) => (Rtype::A, address.octets().to_vec()),
            Self::Aaaa(address) => (Rtype::AAAA, address.octets().to_vec()),
            Self::Raw { rtype, data } => (Rtype::from_int(*rtype), data.clone()),
        })
    }
}

/// How the answerer treats questions for a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Treatment {
    /// It answers.
    #[default]
    Answer,
    /// It answers SERVFAIL.
    ServFail,
    /// It answers REFUSED.
    Refused,
    /// It says nothing.
    Silent,
    /// It answers another question.
    WrongQuestion,
    /// It answers with another id.
    WrongId,
    /// It answers over UDP with the TC bit and nothing else, whatever the size.
    AlwaysTruncated,
    /// It answers with octets that are no DNS message.
    Junk,
}

/// Names and their records.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    apex: Option<WireName>,
    records: BTreeMap<WireName, Vec<(Rtype, Vec<u8>)>>,
    treatments: BTreeMap<WireName, Treatment>,
}

impl Zone {
    /// A zone below `apex`, whose SOA stands in negative answers.
    pub fn new(apex: &str) -> Result<Self, DemoError> {
        Ok(Self { apex: Some(wire_name(apex)?), ..Self::default() })
    }

    /// Adds a record.
    pub fn add(&mut self, name: &str, record: &Record) -> Result<(), DemoError> {
        let wire = record.to_wire()?;
        self.records.entry(wire_name(name)?).or_default().push(wire);
        Ok(())
    }

    /// Sets how questions for a name are treated.
    pub fn treat(&mut self, name: &str, treatment: Treatment) -> Result<(), DemoError> {
        self.treatments.insert(wire_name(name)?, treatment);
        Ok(())
    }

    /// The records of one type at a name.
    pub(super) fn records(&self, name: &WireName, rtype: Rtype) -> impl Iterator<Item = &[u8]> {
        self.records
            .get(name)
            .into_iter()
            .flatten()
            .filter(move |(each, _)| *each == rtype)
            .map(|(_, data)| data.as_slice())
    }

    /// Whether the name exists: it has records, or a name below it has (RFC 8020).
    pub(super) fn exists(&self, name: &WireName) -> bool {
        self.records.keys().any(|each| each.ends_with(name))
    }

    /// How questions for a name are treated.
    pub(super) fn treatment(&self, name: &WireName) -> Treatment {
        self.treatments.get(name).copied().unwrap_or_default()
    }

    /// The owner of the SOA in a negative answer: the apex, or the root for names that are not below it.
    pub(super) fn soa_owner(&self, name: &WireName) -> WireName {
        match &self.apex {
            Some(apex) if name.ends_with(apex) => apex.clone(),
            _ => Name::root_vec(),
        }
    }
}

/// Reads a name; every spelling of its letters is the same name.
pub(super) fn wire_name(name: &str) -> Result<WireName, DemoError> {
    let wire = Name::<Vec<u8>>::from_str(name)
        .map_err(|error| DemoError::Name { name: name.to_owned(), why: error.to_string() })?;
    Ok(wire.to_canonical_name())
}
