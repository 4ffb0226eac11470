//! Private keys in files that were read: what is saved of them is their form, never the key.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::ops::Range;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// What the header of a private key in PEM ends with (RFC 7468 section 10, and the forms before it).
const LABEL: &[u8] = b"PRIVATE KEY-----";

/// Whether octets are a private key in DER: PKCS #1, PKCS #8 (encrypted or not), SEC 1 or DSA.
pub fn is_private_key(octets: &[u8]) -> bool {
    secrets(octets).is_some()
}

/// Whether octets are PKCS #12 (RFC 7292). What is saved of one is all of it: as a store of anchors it is judged by what is
/// in it, and its keys are encrypted as a rule.
pub fn is_pkcs12(octets: &[u8]) -> bool {
    let Some(children) = children(octets) else { return false };
    let [(INTEGER, version), (SEQUENCE, _), ..] = children.as_slice() else { return false };
    octets.get(version.clone()) == Some(&[3])
}

/// The octets with every private key blotted out, its form kept; `None` where there is none.
pub(super) fn blotted(octets: &[u8]) -> Option<Vec<u8>> {
    if let Some(secrets) = secrets(octets) {
        let mut kept = octets.to_vec();
        for secret in secrets {
            if let Some(octets) = kept.get_mut(secret) {
                octets.fill(0);
            }
        }
        return Some(kept);
    }
    // A text in UTF-16 is read by nobody here; it is not kept.
    let wide: Vec<u8> = LABEL.iter().flat_map(|letter| [*letter, 0]).collect();
    if memchr::memmem::find(octets, wide.get(..wide.len().saturating_sub(1))?).is_some() {
        return Some(vec![b' '; octets.len()]);
    }
    memchr::memmem::find(octets, LABEL)?;
    Some(blotted_pem(octets))
}

/// A text with the letters of keys in PEM blotted out; lines and padding stay as they are.
fn blotted_pem(octets: &[u8]) -> Vec<u8> {
    let mut kept = octets.to_vec();
    let mut place = 0_usize;
    while let Some(rest) = octets.get(place..)
        && let Some(found) = memchr::memmem::find(rest, LABEL)
    {
        place = place.saturating_add(found).saturating_add(LABEL.len());
        let body = octets.get(place..).unwrap_or_default();
        // Behind the last header the key is cut off.
        let length = memchr::memmem::find(body, b"-----").unwrap_or(body.len());
        let end = place.saturating_add(length);
        let mut is_escape = false;
        for letter in kept.get_mut(place..end).unwrap_or_default() {
            // `\n` in a string of a program or of JSON stays what it is.
            if !is_escape && (letter.is_ascii_alphanumeric() || b"+/".contains(letter)) {
                *letter = b'A';
            }
            is_escape = *letter == b'\\';
        }
        place = end;
        if octets.get(place..).is_some_and(|rest| rest.starts_with(b"-----END ")) {
            place = place.saturating_add(b"-----END ".len());
            let rest = octets.get(place..).unwrap_or_default();
            place = place
                .saturating_add(memchr::memmem::find(rest, b"-----").map_or(0, |at| at.saturating_add(5)));
        }
    }
    kept
}

/// Where the secret of a private key in DER is; `None` where the octets are none.
fn secrets(octets: &[u8]) -> Option<Vec<Range<usize>>> {
    let children = children(octets)?;
    let tags: Vec<u8> = children.iter().map(|(tag, _)| *tag).collect();
    let number = |place: usize| {
        let (_, content) = children.get(place)?;
        match octets.get(content.clone())? {
            [number] => Some(*number),
            _ => None,
        }
    };
    let kept = match tags.as_slice() {
        // PKCS #8: PrivateKeyInfo and OneAsymmetricKey (RFC 5958 section 2), EncryptedPrivateKeyInfo (section 3).
        [INTEGER, SEQUENCE, OCTET_STRING, ..] if number(0).is_some_and(|version| version <= 1) => 2,
        [SEQUENCE, OCTET_STRING] => 1,
        // SEC 1 (RFC 5915 section 3).
        [INTEGER, OCTET_STRING, ..] if number(0) == Some(1) => 1,
        // PKCS #1 (RFC 8017 appendix A.1.2) has nine numbers, OpenSSL's form of DSA six.
        [INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, ..]
            if number(0).is_some_and(|version| version <= 1) =>
        {
            1
        }
        _ => return None,
    };
    let mut secrets: Vec<Range<usize>> =
        children.iter().skip(kept).map(|(_, content)| content.clone()).collect();
    let end = children.last().map_or(0, |(_, content)| content.end);
    secrets.push(end..octets.len());
    Some(secrets)
}

/// The elements of a SEQUENCE: their tags, and where their contents are.
fn children(octets: &[u8]) -> Option<Vec<(u8, Range<usize>)>> {
    /// No private key has more.
    const MOST: usize = 16;
    let (SEQUENCE, content) = element(octets, 0)? else { return None };
    let inner = octets.get(..content.end)?;
    let mut children = Vec::new();
    let mut place = content.start;
    while place < content.end && children.len() < MOST {
        let (tag, content) = element(inner, place)?;
        // Two zeros end what BER tells no length of.
        if tag == 0 {
            break;
        }
        place = content.end;
        // BER has strings in pieces, too.
        let tag = if tag == 0x20 | OCTET_STRING { OCTET_STRING } else { tag };
        children.push((tag, content));
    }
    Some(children)
}

/// The element at a place: its tag, and where its content is.
fn element(octets: &[u8], place: usize) -> Option<(u8, Range<usize>)> {
    let (&tag, rest) = octets.get(place..)?.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, header) = match first {
        0..=0x7f => (usize::from(first), 2),
        // BER: where it ends is not told here (ITU-T X.690 section 8.1.3.6), and all that follows may belong to it.
        0x80 => (octets.len().checked_sub(place.checked_add(2)?)?, 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let length = rest
                .get(..count)?
                .iter()
                .try_fold(0_usize, |sum, &octet| sum.checked_mul(256)?.checked_add(usize::from(octet)))?;
            (length, count.saturating_add(2))
        }
        _ => return None,
    };
    let start = place.checked_add(header)?;
    let end = start.checked_add(length)?;
    (end <= octets.len()).then_some((tag, start..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;

    /// Whether eight octets in a row of one are in the other.
    fn shares(one: &[u8], other: &[u8]) -> bool {
        one.windows(8)
            .filter(|window| window.iter().any(|octet| *octet != 0))
            .any(|window| memchr::memmem::find(other, window).is_some())
    }

    /// The keys are OpenSSL's own.
    #[test]
    fn no_private_key_in_der_is_kept() {
        let rsa = Rsa::generate(2048).unwrap();
        let p256 = EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap();
        let ed = PKey::generate_ed25519().unwrap();
        let secret = p256.private_key().to_vec_padded(32).unwrap();
        let of_ed = ed.raw_private_key().unwrap();
        let of_rsa = rsa.d().to_vec();
        let pkcs8 = |key: PKey<openssl::pkey::Private>| key.private_key_to_pkcs8().unwrap();
        let keys = [
            (rsa.private_key_to_der().unwrap(), &of_rsa),
            (pkcs8(PKey::from_rsa(rsa.clone()).unwrap()), &of_rsa),
            (p256.private_key_to_der().unwrap(), &secret),
            (pkcs8(PKey::from_ec_key(p256.clone()).unwrap()), &secret),
            (ed.private_key_to_pkcs8().unwrap(), &of_ed),
        ];
        for (der, secret) in keys {
            assert!(is_private_key(&der) && shares(secret, &der));
            let blotted = blotted(&der).unwrap();
            assert!(!shares(secret, &blotted), "{blotted:02x?}");
            assert!(blotted.len() == der.len() && is_private_key(&blotted), "its form stays");
        }
        let encrypted = ed.private_key_to_pkcs8_passphrase(Cipher::aes_256_cbc(), b"word").unwrap();
        assert!(is_private_key(&encrypted) && !is_pkcs12(&encrypted));
        assert!(!shares(&encrypted[encrypted.len() - 32..], &blotted(&encrypted).unwrap()));
    }

    /// As Java, NSS and Windows wrote them: without a length that is told.
    #[test]
    fn no_private_key_in_ber_is_kept() {
        let ed = PKey::generate_ed25519().unwrap();
        let der = ed.private_key_to_pkcs8().unwrap();
        let in_ber = [&[SEQUENCE, 0x80], &der[2..], &[0, 0]].concat();
        assert!(is_private_key(&in_ber));
        assert!(!shares(&ed.raw_private_key().unwrap(), &blotted(&in_ber).unwrap()));
        let store = [&[SEQUENCE, 0x80, INTEGER, 1, 3, SEQUENCE, 0x80][..], &der, &[0, 0, 0, 0]].concat();
        assert!(is_pkcs12(&store) && !is_private_key(&store));
    }

    #[test]
    fn no_private_key_in_pem_is_kept_however_its_lines_are() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (label, ending) in [("", "\n"), ("EC ", "\r\n"), ("ENCRYPTED ", "\r"), ("RSA ", ""), ("", "\\n")]
        {
            let text = format!(
                "{certificate}-----BEGIN {label}PRIVATE KEY-----{ending}{key}{ending}c2VjcmV0=={ending}\
                 -----END {label}PRIVATE KEY-----{ending}{certificate}"
            );
            let saved = String::from_utf8(blotted(text.as_bytes()).unwrap()).unwrap();
            assert_eq!((saved.len(), saved.matches(certificate).count()), (text.len(), 2), "{saved}");
            assert!(saved.contains("==") && saved.contains(&format!("BEGIN {label}PRIVATE KEY")));
            assert!(!saved.contains(&key[..8]) && !saved.contains("c2Vj"), "{saved}");
        }
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{key}");
        assert!(!String::from_utf8(blotted(cut.as_bytes()).unwrap()).unwrap().contains(&key[..8]));
        let wide: Vec<u8> = cut.bytes().flat_map(|letter| [letter, 0]).collect();
        assert!(blotted(&wide).unwrap().iter().all(|octet| *octet == b' '));
        assert_eq!(blotted(certificate.as_bytes()), None, "what has no key is saved as it is");
        assert_eq!((blotted(b""), blotted(&[0x30, 0x03, 2, 1, 5])), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_blotted_without_panic(octets in proptest::collection::vec(0_u8..64, 0..64)) {
            let _ = (blotted(&octets), is_pkcs12(&octets));
        }
    }
}
