//! One TLSA record (RFC 6698 section 2.1).

use crate::pins::model::{Pin, PinFault, PinValue, PositionRule, Problem, ProblemKind, TlsaNumbers};
use crate::x509::{CertificateSha256, SpkiSha256, hexadecimal};

/// The port of mail between servers.
pub(in crate::pins) const SMTP: u16 = 25;

/// What clients do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// They compare it.
    Usable,
    /// Mail servers leave it aside.
    NotForMail,
    /// All leave it aside.
    Unusable,
}

/// A TLSA record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Which certificates it is compared with, and how they are validated.
    pub(super) usage: u8,
    /// Certificate or key.
    pub(super) selector: u8,
    /// Whole, or which hash.
    pub(super) matching: u8,
    /// What it is compared with.
    pub(super) data: Vec<u8>,
    /// The line it stands on, in a file.
    pub(super) line: Option<usize>,
}

impl Record {
    /// Reads the RDATA as the DNS sends it.
    pub(super) fn read(rdata: &[u8]) -> Option<Self> {
        match rdata {
            [usage, selector, matching, data @ ..] => Some(Self {
                usage: *usage,
                selector: *selector,
                matching: *matching,
                data: data.to_vec(),
                line: None,
            }),
            _ => None,
        }
    }

    /// The pin that it is.
    pub(super) fn pin(&self) -> Pin {
        let written =
            format!("{} {} {} {}", self.usage, self.selector, self.matching, hexadecimal(&self.data));
        let position = match self.usage {
            0 | 2 => PositionRule::Ca,
            _ => PositionRule::Leaf,
        };
        let numbers = TlsaNumbers { usage: self.usage, selector: self.selector, matching: self.matching };
        Pin { tlsa: Some(numbers), ..Pin::new(&written, self.value(), position, self.line) }
    }

    /// What clients of this port do with it. RFC 6698 section 4.1: what a client does not understand, and what is
    /// malformed, is unusable. RFC 7672 section 3.1.3: between mail servers, so are usages 0 and 1.
    pub(super) fn standing(&self, port: u16) -> Standing {
        match self.value() {
            Err(_) => Standing::Unusable,
            Ok(_) if port == SMTP && self.usage < 2 => Standing::NotForMail,
            Ok(_) => Standing::Usable,
        }
    }

    /// What is wrong with it, where no client can use it.
    pub(super) fn fault(&self) -> Option<Problem> {
        let fault = self.value().err()?;
        let (usage, selector, matching) = (self.usage, self.selector, self.matching);
        let what = format!(
            "clients leave a record “{usage} {selector} {matching}” aside: {fault} (RFC 6698 section 4.1)"
        );
        Some(Problem::of(ProblemKind::NoEffect, self.line, what))
    }

    fn value(&self) -> Result<PinValue, PinFault> {
        let unknown = |what: &str, value: u8| {
            Err(PinFault::NotOfThisPlatform(format!("its {what} is {value}, which no client knows")))
        };
        if self.usage > 3 {
            return unknown("certificate usage", self.usage);
        }
        let data = self.data.as_slice();
        let wrong_length = || {
            let (has, matching) = (data.len(), self.matching);
            let wanted = if matching == 1 { 32 } else { 64 };
            PinFault::NotOfThisPlatform(format!(
                "it has {has} octets; matching type {matching} is a hash of {wanted}"
            ))
        };
        let sha256 = || <[u8; 32]>::try_from(data).map_err(|_| wrong_length());
        let sha512 = || <[u8; 64]>::try_from(data).map_err(|_| wrong_length());
        match (self.selector, self.matching) {
            (0 | 1, 0) if data.is_empty() => Err(PinFault::Empty),
            (0, 0) => Ok(PinValue::Certificate(CertificateSha256::of(data))),
            (1, 0) => Ok(PinValue::Spki(SpkiSha256::of(data))),
            (0, 1) => sha256().map(|hash| PinValue::Certificate(CertificateSha256(hash))),
            (1, 1) => sha256().map(|hash| PinValue::Spki(SpkiSha256(hash))),
            (0, 2) => sha512().map(PinValue::CertificateSha512),
            (1, 2) => sha512().map(PinValue::SpkiSha512),
            (0 | 1, matching) => unknown("matching type", matching),
            (selector, _) => unknown("selector", selector),
        }
    }
}
