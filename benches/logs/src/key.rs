//! Keys and signatures. Those of the logs are real; those of certificates have the right shape only.

use anyhow::{Context as _, Result};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use sha2::{Digest as _, Sha256};

use crate::der;
use crate::dice::Dice;

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];

/// An algorithm and size of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ECDSA over P-256.
    P256,
    /// RSA with a modulus of 2048 bits.
    Rsa2048,
}

impl Kind {
    /// A public key as a SubjectPublicKeyInfo. A point is one of the curve; a modulus is only a large odd number.
    pub fn spki(self, dice: &mut Dice) -> Result<Vec<u8>> {
        Ok(match self {
            Self::P256 => p256_spki(&p256_point(&dice.octets())?),
            Self::Rsa2048 => rsa_spki(&mut dice.octets::<256>()),
        })
    }

    /// The AlgorithmIdentifier of signatures by such a key.
    pub fn signature_algorithm(self) -> Vec<u8> {
        match self {
            Self::P256 => der::sequence(&[&der::oid(ECDSA_SHA256)]),
            Self::Rsa2048 => der::sequence(&[&der::oid(RSA_SHA256), &[5, 0]]),
        }
    }

    /// What looks like a signature by such a key. Nothing verifies it.
    pub fn signature(self, dice: &mut Dice) -> Vec<u8> {
        match self {
            Self::P256 => ecdsa_shape(dice),
            Self::Rsa2048 => dice.octets::<256>().to_vec(),
        }
    }
}

/// What looks like an ECDSA signature by a key on P-256.
pub fn ecdsa_shape(dice: &mut Dice) -> Vec<u8> {
    der::sequence(&[&der::unsigned(&dice.octets::<32>()), &der::unsigned(&dice.octets::<32>())])
}

fn rsa_spki(modulus: &mut [u8]) -> Vec<u8> {
    if let [first, .., last] = modulus {
        *first |= 0x80;
        *last |= 1;
    }
    let key = der::sequence(&[&der::unsigned(modulus), &[2, 3, 1, 0, 1]]);
    der::sequence(&[&der::sequence(&[&der::oid(RSA_ENCRYPTION), &[5, 0]]), &der::bit_string(&key)])
}

fn p256_spki(point: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid(EC_PUBLIC_KEY), &der::oid(P256)]);
    der::sequence(&[&algorithm, &der::bit_string(point)])
}

/// The public point of a secret, uncompressed.
fn p256_point(secret: &[u8; 32]) -> Result<Vec<u8>> {
    let mut secret = *secret;
    // Below the group's order, and not zero.
    secret[0] &= 0x7f;
    secret[31] |= 1;
    let key = PrivateKey::from_private_key(&ECDH_P256, &secret).ok().context("a key on P-256")?;
    Ok(key.compute_public_key().ok().context("a point of P-256")?.as_ref().to_vec())
}

/// A log's key. Its signatures are real, and always the same over the same octets.
#[derive(Debug)]
pub struct LogKey {
    secret: [u8; 32],
    /// The public key, SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
}

impl LogKey {
    /// The key that this chance gives.
    pub fn new(mut dice: Dice) -> Result<Self> {
        let mut secret: [u8; 32] = dice.octets();
        secret[0] &= 0x7f;
        secret[31] |= 1;
        Ok(Self { secret, spki: p256_spki(&p256_point(&secret)?) })
    }

    /// The log's id (RFC 6962 section 3.2).
    pub fn log_id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// The `DigitallySigned` over these octets (RFC 6962 section 2.1.4): ECDSA whose secret number is drawn from the
    /// octets themselves, so that there is one signature only. Good for made-up logs: it takes no care of side channels.
    pub fn sign(&self, octets: &[u8]) -> Result<Vec<u8>> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
        let mut context = BigNumContext::new()?;
        let mut order = BigNum::new()?;
        group.order(&mut order, &mut context)?;
        let drawn: [u8; 32] = Sha256::new().chain_update(self.secret).chain_update(octets).finalize().into();
        let mut nonce = BigNum::new()?;
        nonce.nnmod(&*BigNum::from_slice(&drawn)?, &order, &mut context)?;

        let mut point = EcPoint::new(&group)?;
        point.mul_generator2(&group, &nonce, &mut context)?;
        let (mut x, mut y, mut r) = (BigNum::new()?, BigNum::new()?, BigNum::new()?);
        point.affine_coordinates(&group, &mut x, &mut y, &mut context)?;
        r.nnmod(&x, &order, &mut context)?;

        let (mut product, mut sum, mut inverse, mut s) =
            (BigNum::new()?, BigNum::new()?, BigNum::new()?, BigNum::new()?);
        product.mod_mul(&r, &*BigNum::from_slice(&self.secret)?, &order, &mut context)?;
        sum.mod_add(&product, &*BigNum::from_slice(&Sha256::digest(octets))?, &order, &mut context)?;
        inverse.mod_inverse(&nonce, &order, &mut context)?;
        s.mod_mul(&inverse, &sum, &order, &mut context)?;
        let signature = EcdsaSig::from_private_components(r, s)?.to_der()?;

        // SHA-256 and ECDSA.
        let mut signed = vec![4, 3];
        der::u16_prefixed(&mut signed, &signature);
        Ok(signed)
    }
}
