//! Writing DER (ITU-T X.690 section 10), as much of it as certificates need.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::DemoError;

/// BOOLEAN TRUE.
pub(crate) const TRUE: &[u8] = &[0x01, 0x01, 0xff];

/// One value: tag, definite length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let significant: Vec<u8> =
                content.len().to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
            out.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
            out.extend(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of values already encoded.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An OBJECT IDENTIFIER from its content octets.
pub(crate) fn oid(content: &[u8]) -> Vec<u8> {
    tlv(0x06, content)
}

/// An OCTET STRING.
pub(crate) fn octet_string(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// A BIT STRING of whole octets.
pub(crate) fn bit_string(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], content].concat())
}

/// A non-negative INTEGER from its magnitude, most significant octet first.
pub(crate) fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = magnitude.iter().copied().skip_while(|octet| *octet == 0).collect();
    match digits.first() {
        Some(first) if *first < 0x80 => tlv(0x02, &digits),
        _ => tlv(0x02, &[&[0], digits.as_slice()].concat()),
    }
}

/// A Time: UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5).
pub(crate) fn time(at: Timestamp) -> Result<Vec<u8>, DemoError> {
    let utc = at.to_zoned(TimeZone::UTC);
    match utc.year() {
        1950..=2049 => Ok(tlv(0x17, utc.strftime("%y%m%d%H%M%SZ").to_string().as_bytes())),
        2050.. => Ok(generalized_time(at)),
        _ => Err(DemoError::Time(at)),
    }
}

/// A GeneralizedTime in whole seconds.
pub(crate) fn generalized_time(at: Timestamp) -> Vec<u8> {
    let utc = at.to_zoned(TimeZone::UTC);
    tlv(0x18, utc.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

/// PEM (RFC 7468) of one object.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut lines = String::new();
    for (position, character) in text.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_definite_and_shortest() {
        assert_eq!(tlv(0x04, &[7; 3]), [0x04, 3, 7, 7, 7]);
        assert_eq!(tlv(0x04, &[0; 0x7f])[..2], [0x04, 0x7f]);
        assert_eq!(tlv(0x04, &[0; 0x80])[..3], [0x04, 0x81, 0x80]);
        assert_eq!(tlv(0x04, &[0; 0x1234])[..4], [0x04, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn integers_are_not_negative_and_shortest() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn times_take_the_form_of_their_year() {
        let at = |text: &str| time(text.parse().unwrap()).unwrap();
        assert_eq!(at("2026-11-21T07:08:09Z"), b"\x17\x0d261121070809Z");
        assert_eq!(at("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
        assert!(time("1949-12-31T23:59:59Z".parse().unwrap()).is_err());
    }
}
