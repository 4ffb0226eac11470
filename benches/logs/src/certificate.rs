//! One certificate: what is logged of it before and after.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::authority::{Authorities, BASIC_CONSTRAINTS, COMMON_NAME, DAY, Issuer, KEY_USAGE, SUBJECT_KEY_ID};
use crate::authority::{first20, usages};
use crate::der::{self, UTF8_STRING, extension, oid, sequence, tlv};
use crate::dice::{Dice, Purpose};
use crate::key::{Kind, ecdsa_shape};
use crate::names::{names, placed};

const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 17];
const SCT_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];
const POISON: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3];

/// Of a hundred leaf keys, how many are RSA.
const RSA_LEAVES: u64 = 68;

/// A certificate before it is finished.
pub struct Draft<'a> {
    /// Who issues it.
    pub issuer: &'a Issuer,
    /// The watched domain that it has, by number, and the names.
    pub placed: Option<u64>,
    /// Its names.
    pub names: Vec<String>,
    seed: u64,
    number: u64,
    logged: Timestamp,
    fields: Vec<u8>,
    extensions: Vec<u8>,
}

impl<'a> Draft<'a> {
    /// The certificate of this number out of `certificates`, about to be logged at `logged`.
    pub fn new(
        seed: u64,
        number: u64,
        certificates: u64,
        authorities: &'a Authorities,
        logged: Timestamp,
    ) -> Result<Self> {
        let mut dice = Dice::new(seed, Purpose::Certificate, number);
        let issuer = dice.of(&authorities.issuers);
        let placed = placed(seed, number, certificates);
        let names = names(&mut dice, seed, placed);
        let kind = if dice.below(100) < RSA_LEAVES { Kind::Rsa2048 } else { Kind::P256 };
        let spki = kind.spki(&mut dice)?;
        let mut serial: [u8; 16] = dice.octets();
        serial[0] = serial[0] & 0x7f | 0x40;
        let days = *dice.of(&[45, 90, 90, 90, 199]);
        let before = logged - SignedDuration::from_hours(1);
        let subject = match names.first().filter(|name| name.len() <= 64) {
            Some(name) if dice.below(3) > 0 => {
                let value = tlv(UTF8_STRING, &[name.as_bytes()]);
                sequence(&[&tlv(der::SET, &[&sequence(&[&oid(COMMON_NAME), &value])])])
            }
            _ => sequence(&[]),
        };
        let has_subject = subject.len() > 2;
        let key_usage: &[u8] = if kind == Kind::P256 { &[3, 2, 7, 0x80] } else { &[3, 2, 5, 0xa0] };
        let listed: Vec<u8> = names.iter().flat_map(|name| tlv(0x82, &[name.as_bytes()])).collect();
        let key_id = first20(&Sha256::digest(&spki).into());
        Ok(Self {
            issuer,
            placed,
            names,
            seed,
            number,
            logged,
            fields: [
                &[0xa0, 3, 2, 1, 2],
                der::unsigned(&serial).as_slice(),
                &issuer.kind.signature_algorithm(),
                &issuer.name,
                &sequence(&[&der::time(before), &der::time(before + DAY * days)]),
                &subject,
                &spki,
            ]
            .concat(),
            extensions: [
                extension(KEY_USAGE, true, key_usage),
                usages(),
                extension(BASIC_CONSTRAINTS, true, &[0x30, 0]),
                extension(SUBJECT_KEY_ID, false, &tlv(der::OCTET_STRING, &[&key_id])),
                issuer.extensions.clone(),
                // Where there is no subject, it has to be critical (RFC 5280 section 4.2.1.6).
                extension(SUBJECT_ALT_NAME, !has_subject, &sequence(&[&listed])),
            ]
            .concat(),
        })
    }

    /// The TBSCertificate with one more extension at its end, or without.
    fn tbs(&self, more: &[u8]) -> Vec<u8> {
        sequence(&[&self.fields, &tlv(0xa3, &[&sequence(&[&self.extensions, more])])])
    }

    /// What logs sign of it: the TBSCertificate without SCTs and poison.
    pub fn logged_tbs(&self) -> Vec<u8> {
        self.tbs(&[])
    }

    /// The precertificate.
    pub fn precertificate(&self) -> Vec<u8> {
        let mut dice = Dice::new(self.seed, Purpose::Precertificate, self.number);
        self.signed(&self.tbs(&extension(POISON, true, &[5, 0])), &mut dice)
    }

    /// The certificate, with SCTs by two logs that are in no list.
    pub fn certificate(&self) -> Vec<u8> {
        let mut dice = Dice::new(self.seed, Purpose::Final, self.number);
        let mut list = Vec::new();
        for (log, extensions) in [(0, None), (1, Some(self.number))] {
            let mut sct = vec![0];
            sct.extend(Dice::new(self.seed, Purpose::Log, 1_000 + log).octets::<32>());
            sct.extend(milliseconds(self.logged).to_be_bytes());
            let extensions = extensions.map(leaf_index).unwrap_or_default();
            der::u16_prefixed(&mut sct, &extensions);
            sct.extend([4, 3]);
            der::u16_prefixed(&mut sct, &ecdsa_shape(&mut dice));
            der::u16_prefixed(&mut list, &sct);
        }
        let mut prefixed = Vec::new();
        der::u16_prefixed(&mut prefixed, &list);
        let scts = extension(SCT_LIST, false, &tlv(der::OCTET_STRING, &[&prefixed]));
        self.signed(&self.tbs(&scts), &mut dice)
    }

    fn signed(&self, tbs: &[u8], dice: &mut Dice) -> Vec<u8> {
        let kind = self.issuer.kind;
        sequence(&[tbs, &kind.signature_algorithm(), &der::bit_string(&kind.signature(dice))])
    }
}

/// The extensions of a static log's SCT or entry: its place (C2SP static-ct-api, “SCT Extension”).
pub fn leaf_index(index: u64) -> Vec<u8> {
    [&[0, 0, 5], &index.to_be_bytes()[3..]].concat()
}

/// Milliseconds since the Unix epoch.
pub fn milliseconds(at: Timestamp) -> u64 {
    at.as_millisecond().unsigned_abs()
}
