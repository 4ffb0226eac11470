//! Which certificate of a path a pin matches.

use super::model::{Pin, PinValue, PositionRule};
use crate::x509::{Certificate, ChainPosition, PathCertificate, SpkiSha256};

/// What comparing one pin with a path gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinMatch {
    /// There was no path to compare with.
    NotChecked,
    /// No certificate of the path has this key.
    None,
    /// The first certificate of the path, from the leaf, that has this key and that the pin is compared with.
    At(ChainPosition),
    /// A certificate has this key, but stands where this pin is not compared.
    WrongPlace(ChainPosition),
}

impl PinMatch {
    /// Whether the pin matches, as the platform would have it.
    pub fn matches(self) -> bool {
        matches!(self, Self::At(_))
    }
}

/// Compares a pin with a path, leaf first.
pub fn match_pin(pin: &Pin, path: Option<&[PathCertificate]>) -> PinMatch {
    let Some(path) = path else { return PinMatch::NotChecked };
    let Ok(value) = &pin.value else { return PinMatch::None };
    let mut with_key = path.iter().filter(|certificate| names(value, certificate));
    let Some(first) = with_key.next() else { return PinMatch::None };
    std::iter::once(first)
        .chain(with_key)
        .find(|certificate| allows(pin.position, certificate.position))
        .map_or(PinMatch::WrongPlace(first.position), |certificate| PinMatch::At(certificate.position))
}

/// Whether a value names this certificate or its key.
fn names(value: &PinValue, certificate: &PathCertificate) -> bool {
    let further = &certificate.fingerprints;
    match value {
        PinValue::Spki(key) => *key == certificate.spki_sha256,
        PinValue::SpkiSha1(hash) => *hash == further.spki_sha1,
        PinValue::SpkiSha512(hash) => *hash == further.spki_sha512,
        PinValue::RawKey(hash) => *hash == further.raw_key_sha256,
        PinValue::Certificate(hash) => *hash == certificate.sha256,
        PinValue::CertificateSha1(hash) => *hash == further.sha1,
        PinValue::CertificateSha512(hash) => *hash == further.sha512,
    }
}

/// Whether the pin has the key of a served certificate that is not on the path: clients that build another path may
/// find it there. Every path has the same leaf, so a pin of the leaf is not met in this way.
pub(super) fn is_off_path(pin: &Pin, off_path: &[SpkiSha256]) -> bool {
    pin.position != PositionRule::Leaf && pin.spki().is_some_and(|key| off_path.contains(key))
}

/// The keys of served certificates that are not on the path, such as those of a cross-certificate.
pub fn off_path(served: &[Certificate], path: &[PathCertificate]) -> Vec<SpkiSha256> {
    served
        .iter()
        .map(|certificate| certificate.spki_sha256)
        .filter(|key| path.iter().all(|member| member.spki_sha256 != *key))
        .collect()
}

fn allows(rule: PositionRule, position: ChainPosition) -> bool {
    match rule {
        PositionRule::Any => true,
        PositionRule::Leaf => position == ChainPosition::Leaf,
        PositionRule::Ca => position != ChainPosition::Leaf,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::PinFault;
    use crate::pins::testing::path;
    use crate::x509::SpkiSha256;

    fn pin(name: &str, position: PositionRule) -> Pin {
        Pin::new(name, Ok(PinValue::Spki(SpkiSha256::of(name.as_bytes()))), position, None)
    }

    #[test]
    fn the_position_decides() {
        let path = path();
        for (name, rule, expected) in [
            ("leaf", PositionRule::Any, PinMatch::At(ChainPosition::Leaf)),
            ("root", PositionRule::Any, PinMatch::At(ChainPosition::Root)),
            ("leaf", PositionRule::Leaf, PinMatch::At(ChainPosition::Leaf)),
            ("intermediate", PositionRule::Leaf, PinMatch::WrongPlace(ChainPosition::Intermediate)),
            ("leaf", PositionRule::Ca, PinMatch::WrongPlace(ChainPosition::Leaf)),
            ("intermediate", PositionRule::Ca, PinMatch::At(ChainPosition::Intermediate)),
            ("other", PositionRule::Any, PinMatch::None),
        ] {
            assert_eq!(match_pin(&pin(name, rule), Some(&path)), expected, "{name} {rule:?}");
            assert_eq!(match_pin(&pin(name, rule), None), PinMatch::NotChecked);
        }
    }

    #[test]
    fn the_keys_off_the_path_are_those_of_other_certificates() {
        let served = [SpkiSha256::of(b"cross")];
        for (name, rule, expected) in [
            ("cross", PositionRule::Any, true),
            ("cross", PositionRule::Ca, true),
            ("cross", PositionRule::Leaf, false),
            ("other", PositionRule::Any, false),
        ] {
            assert_eq!(is_off_path(&pin(name, rule), &served), expected, "{name} {rule:?}");
        }
    }

    #[test]
    fn an_unusable_pin_matches_nothing() {
        let pin = Pin::new("?", Err(PinFault::NotBase64), PositionRule::Any, None);
        assert_eq!(match_pin(&pin, Some(&path())), PinMatch::None);
    }
}
