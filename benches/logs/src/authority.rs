//! The CAs: issuers of both kinds of keys, under roots, some with a cross-certificate between.

use anyhow::Result;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::der::{self, PRINTABLE_STRING, UTF8_STRING, extension, oid, sequence, tlv};
use crate::dice::{Dice, Purpose};
use crate::key::Kind;

const COUNTRY: &[u8] = &[0x55, 4, 6];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
/// commonName.
pub const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// keyUsage.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
/// basicConstraints.
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
/// subjectKeyIdentifier.
pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
/// extKeyUsage.
pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const POLICIES: &[u8] = &[0x55, 0x1d, 32];
const CRL_POINTS: &[u8] = &[0x55, 0x1d, 31];
const AUTHORITY_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];
const DOMAIN_VALIDATED: &[u8] = &[0x67, 0x81, 0x0c, 1, 2, 1];
/// id-kp-serverAuth and id-kp-clientAuth.
pub const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// How many CAs issue.
const ISSUERS: u64 = 12;

/// A name with a key.
#[derive(Debug)]
struct Entity {
    kind: Kind,
    slug: String,
    name: Vec<u8>,
    spki: Vec<u8>,
    key_id: [u8; 20],
}

/// A CA that issues certificates, with all that its certificates have in common.
#[derive(Debug)]
pub struct Issuer {
    /// Its key's kind.
    pub kind: Kind,
    /// Its name, DER.
    pub name: Vec<u8>,
    /// The SHA-256 of its key.
    pub key_hash: [u8; 32],
    /// The extensions that tell of it: authorityKeyIdentifier, policies, CRLs, OCSP and its certificate.
    pub extensions: Vec<u8>,
    /// The chain above what it issues as `extra_data` has it: each with its length, all without.
    pub chain: Vec<u8>,
    /// The SHA-256 hashes of the same.
    pub fingerprints: Vec<u8>,
}

/// All CAs, and their certificates.
#[derive(Debug)]
pub struct Authorities {
    /// Those that issue.
    pub issuers: Vec<Issuer>,
    /// Every certificate of a CA, DER.
    pub certificates: Vec<Vec<u8>>,
}

impl Authorities {
    /// The CAs of this seed, valid at `at`.
    pub fn new(seed: u64, at: Timestamp) -> Result<Self> {
        let dice = |number| Dice::new(seed, Purpose::Authority, number);
        let roots = [Kind::Rsa2048, Kind::Rsa2048, Kind::P256, Kind::Rsa2048]
            .iter()
            .zip(0_u64..)
            .map(|(kind, number)| Entity::new(*kind, &format!("Root X{number}"), &mut dice(number)))
            .collect::<Result<Vec<_>>>()?;
        let mut certificates = Vec::new();
        for (number, root) in roots.iter().enumerate() {
            certificates.push(root.certified_by(root, at, &mut dice(100 + number as u64)));
        }
        // The younger roots are certified by older ones, too.
        let crosses: Vec<Vec<u8>> = [(2, 1), (3, 1)]
            .iter()
            .map(|(of, by)| roots[*of].certified_by(&roots[*by], at, &mut dice(200 + *of as u64)))
            .collect();
        certificates.extend(crosses.iter().cloned());

        let mut issuers = Vec::new();
        for number in 0..ISSUERS {
            let kind = if number < 8 { Kind::Rsa2048 } else { Kind::P256 };
            let entity = Entity::new(kind, &format!("Issuing CA {number}"), &mut dice(300 + number))?;
            let root = (number % 4) as usize;
            let certificate = entity.certified_by(&roots[root], at, &mut dice(400 + number));
            certificates.push(certificate.clone());
            // Under each younger root, one of three comes with the older root's certificate of it.
            let above = if root >= 2 && number < 8 {
                vec![certificate, crosses[root - 2].clone(), certificates[1].clone()]
            } else {
                vec![certificate, certificates[root].clone()]
            };
            issuers.push(entity.issuer(&above));
        }
        Ok(Self { issuers, certificates })
    }
}

impl Entity {
    fn new(kind: Kind, title: &str, dice: &mut Dice) -> Result<Self> {
        let spki = kind.spki(dice)?;
        let key_id = first20(&Sha256::digest(&spki).into());
        let attribute =
            |kind, tag, text: &str| tlv(der::SET, &[&sequence(&[&oid(kind), &tlv(tag, &[text.as_bytes()])])]);
        let name = sequence(&[
            &attribute(COUNTRY, PRINTABLE_STRING, "AQ"),
            &attribute(ORGANISATION, UTF8_STRING, "Log World Trust Services"),
            &attribute(COMMON_NAME, UTF8_STRING, &format!("Log World {title}")),
        ]);
        Ok(Self { kind, slug: title.to_ascii_lowercase().replace(' ', "-"), name, spki, key_id })
    }

    /// Its certificate by another CA, or by itself.
    fn certified_by(&self, by: &Self, at: Timestamp, dice: &mut Dice) -> Vec<u8> {
        let is_root = self.name == by.name;
        let (before, after) = (at - DAY * 900, at + DAY * 2_000);
        let mut extensions = [
            extension(BASIC_CONSTRAINTS, true, &[0x30, 3, 1, 1, 0xff]),
            extension(KEY_USAGE, true, &[3, 2, 1, 6]),
            extension(SUBJECT_KEY_ID, false, &tlv(der::OCTET_STRING, &[&self.key_id])),
        ]
        .concat();
        if !is_root {
            extensions.extend(usages());
            extensions.extend(by.told());
        }
        let algorithm = by.kind.signature_algorithm();
        let tbs = sequence(&[
            &[0xa0, 3, 2, 1, 2],
            &der::unsigned(&dice.octets::<16>()),
            &algorithm,
            &by.name,
            &sequence(&[&der::time(before), &der::time(after)]),
            &self.name,
            &self.spki,
            &tlv(0xa3, &[&sequence(&[&extensions])]),
        ]);
        sequence(&[&tbs, &algorithm, &der::bit_string(&by.kind.signature(dice))])
    }

    /// The extensions of what it issues that tell of it.
    fn told(&self) -> Vec<u8> {
        let uri = |host: &str, rest: &str| {
            tlv(0x86, &[format!("http://{host}.{}.log-world.example/{rest}", self.slug).as_bytes()])
        };
        let access = sequence(&[
            &sequence(&[&oid(OCSP), &uri("ocsp", "")]),
            &sequence(&[&oid(CA_ISSUERS), &uri("crt", "issuer.crt")]),
        ]);
        let full_name = tlv(0xa0, &[&tlv(0xa0, &[&uri("crl", "latest.crl")])]);
        let policy = sequence(&[&oid(DOMAIN_VALIDATED)]);
        [
            extension(AUTHORITY_KEY_ID, false, &sequence(&[&tlv(0x80, &[&self.key_id])])),
            extension(POLICIES, false, &sequence(&[&policy])),
            extension(AUTHORITY_ACCESS, false, &access),
            extension(CRL_POINTS, false, &sequence(&[&sequence(&[&full_name])])),
        ]
        .concat()
    }

    fn issuer(&self, above: &[Vec<u8>]) -> Issuer {
        let mut chain = Vec::new();
        above.iter().for_each(|certificate| der::u24_prefixed(&mut chain, certificate));
        Issuer {
            kind: self.kind,
            name: self.name.clone(),
            key_hash: Sha256::digest(&self.spki).into(),
            extensions: self.told(),
            chain,
            fingerprints: above
                .iter()
                .flat_map(|certificate| <[u8; 32]>::from(Sha256::digest(certificate)))
                .collect(),
        }
    }
}

/// A day.
pub const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// extKeyUsage with serverAuth and clientAuth.
pub fn usages() -> Vec<u8> {
    extension(EXTENDED_KEY_USAGE, false, &sequence(&[&oid(SERVER_AUTH), &oid(CLIENT_AUTH)]))
}

/// The first 20 octets of a hash, as key ids are made of late (RFC 7093).
pub fn first20(hash: &[u8; 32]) -> [u8; 20] {
    let mut first = [0; 20];
    first.copy_from_slice(&hash[..20]);
    first
}
