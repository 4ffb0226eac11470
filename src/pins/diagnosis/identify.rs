//! Whose key a hash was made from: of the chain's certificates (computed) and of known CAs (tables).
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Context, KnownCa, Mistake};
use crate::ca::CaTable;
use crate::x509::miscomputed;
use crate::x509::{Certificate, SpkiSha256};

/// The longest chain whose certificates are compared with.
const MOST_CERTIFICATES: usize = 64;

/// The length of a pin in base64, padding included.
const PIN_TEXT: usize = 44;

/// The keys of known CAs as pins, by each third of their text in lower case: with at most two symbols altered, one
/// third is still whole, so that few have to be compared.
static KNOWN_PINS: LazyLock<HashMap<Third, Vec<SpkiSha256>>> = LazyLock::new(|| {
    let mut known: HashMap<_, Vec<SpkiSha256>> = HashMap::new();
    for key in CaTable.keys() {
        for third in thirds(&key.to_string()) {
            known.entry(third).or_default().push(key);
        }
    }
    known
});

/// The length of a third of a pin's text.
const THIRD: usize = 14;

/// Which third, and its symbols.
type Third = (usize, [u8; THIRD]);

/// The beginning, the middle and the end of a text in lower case, as far as it has them.
fn thirds(text: &str) -> impl Iterator<Item = Third> {
    let text = text.to_ascii_lowercase().into_bytes();
    let parts = [text.first_chunk(), text.get(THIRD..).and_then(<[u8]>::first_chunk), text.last_chunk()];
    parts
        .map(Option::<&[u8; THIRD]>::copied)
        .into_iter()
        .enumerate()
        .filter_map(|(place, part)| Some((place, part?)))
}

/// What octets are of a key.
#[derive(Debug)]
pub(super) struct Identified {
    /// What was done to get them; `None` where they are the pin itself.
    pub(super) mistake: Option<Mistake>,
    /// The key they were made from.
    pub(super) key: SpkiSha256,
    /// Whose it is.
    pub(super) of: KnownCa,
}

/// Who holds a key, if that is known.
pub(super) fn holder(key: &SpkiSha256, context: &Context<'_>) -> Option<KnownCa> {
    let served = context.certificates.iter().find(|certificate| certificate.spki_sha256 == *key);
    (context.known_ca)(key).or_else(|| served.map(of_chain)).or_else(|| CaTable.key(key).map(KnownCa::from))
}

/// What octets are, by the chain first and then by the tables.
pub(super) fn identify(octets: &[u8], context: &Context<'_>) -> Option<Identified> {
    if let Some(key) = octets.try_into().ok().map(SpkiSha256)
        && let Some(of) = holder(&key, context)
    {
        return Some(Identified { mistake: None, key, of });
    }
    in_chain(octets, context.certificates).or_else(|| in_tables(octets, context))
}

fn in_chain(octets: &[u8], certificates: &[Certificate]) -> Option<Identified> {
    certificates.iter().take(MOST_CERTIFICATES).find_map(|certificate| {
        let mistake = if certificate.subject_key_id.as_deref() == Some(octets) {
            Mistake::SubjectKeyId
        } else {
            Mistake::Hash(miscomputed::all(certificate).into_iter().find(|(_, value)| value == octets)?.0)
        };
        Some(Identified {
            mistake: Some(mistake),
            key: certificate.spki_sha256,
            of: holder_in_chain(certificate),
        })
    })
}

fn in_tables(octets: &[u8], context: &Context<'_>) -> Option<Identified> {
    let (mistake, key) = match CaTable.near_miss(octets) {
        Some((kind, key)) => (Mistake::Hash(kind), key),
        // Only long identifiers are told from chance.
        None if octets.len() == 20 => (Mistake::SubjectKeyId, CaTable.keys_by_ski(octets).next()?),
        None => return None,
    };
    Some(Identified { mistake: Some(mistake), key, of: holder(&key, context)? })
}

/// The known key that a text in base64 was meant as, where it differs in its letters' case, or in one or two symbols.
pub(super) fn altered(text: &str, context: &Context<'_>) -> Option<Identified> {
    // At most two symbols more or less.
    if text.len().abs_diff(PIN_TEXT) > 2 {
        return None;
    }
    let served =
        context.certificates.iter().take(MOST_CERTIFICATES).map(|certificate| certificate.spki_sha256);
    let of = |how, key: SpkiSha256| {
        let of = holder(&key, context)?;
        Some(Identified { mistake: Some(Mistake::Altered(how)), key, of })
    };
    for key in served {
        if let Some(how) = difference(text, &key.to_string()) {
            return of(how, key);
        }
    }
    let near = thirds(text).filter_map(|third| KNOWN_PINS.get(&third)).flatten();
    near.into_iter().find_map(|key| of(difference(text, &key.to_string())?, *key))
}

/// How two texts differ, if they differ so little that one was meant as the other.
fn difference(text: &str, pin: &str) -> Option<&'static str> {
    let (text, pin) = (text.as_bytes(), pin.as_bytes());
    if text.eq_ignore_ascii_case(pin) {
        return Some("base64 with the case of its letters changed");
    }
    let near = if text.len() == pin.len() {
        text.iter().zip(pin).filter(|(one, other)| one != other).take(3).count() <= 2
    } else {
        // Whatever is more or less stands between what is the same at both ends.
        let same = |pairs: &mut dyn Iterator<Item = (&u8, &u8)>| {
            pairs.take_while(|(one, other)| one == other).count()
        };
        let before = same(&mut text.iter().zip(pin));
        let after = same(&mut text.iter().rev().zip(pin.iter().rev()));
        before.saturating_add(after).saturating_add(2) >= text.len().max(pin.len())
    };
    near.then_some("a pin with one or two characters altered")
}

fn holder_in_chain(certificate: &Certificate) -> KnownCa {
    CaTable.key(&certificate.spki_sha256).map_or_else(|| of_chain(certificate), KnownCa::from)
}

fn of_chain(certificate: &Certificate) -> KnownCa {
    KnownCa {
        retired: None,
        name: certificate.subject.clone(),
        owner: None,
        not_after: Some(certificate.not_after.strftime("%Y-%m-%d").to_string()),
    }
}
