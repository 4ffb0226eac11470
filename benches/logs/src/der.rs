//! Writing DER.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0c;
/// PrintableString.
pub const PRINTABLE_STRING: u8 = 0x13;

/// An element of these parts, one after the other.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 5);
    out.push(tag);
    match length {
        0..0x80 => out.push(length as u8),
        0x80..0x100 => out.extend([0x81, length as u8]),
        0x100..0x1_0000 => {
            out.push(0x82);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x83);
            out.extend(&(length as u32).to_be_bytes()[1..]);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// SEQUENCE of these parts.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, parts)
}

/// An INTEGER that is not negative, from its magnitude.
pub fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|octet| **octet == 0).count();
    match &magnitude[zeros..] {
        [] => vec![2, 1, 0],
        bare @ [0x80..=0xff, ..] => tlv(2, &[&[0], bare]),
        bare => tlv(2, &[bare]),
    }
}

/// BIT STRING of whole octets.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content])
}

/// OBJECT IDENTIFIER, from its content.
pub fn oid(content: &[u8]) -> Vec<u8> {
    tlv(6, &[content])
}

/// UTCTime, which certificates have until 2049.
pub fn time(at: Timestamp) -> Vec<u8> {
    let text = at.to_zoned(TimeZone::UTC).strftime("%y%m%d%H%M%SZ").to_string();
    tlv(0x17, &[text.as_bytes()])
}

/// An extension: its type's content, whether it is critical, its value.
pub fn extension(kind: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&oid(kind), critical, &tlv(OCTET_STRING, &[value])])
}

/// A length in three octets, then the content (RFC 5246 section 4.3, `<0..2^24-1>`).
pub fn u24_prefixed(out: &mut Vec<u8>, content: &[u8]) {
    out.extend(&(content.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(content);
}

/// A length in two octets, then the content.
pub fn u16_prefixed(out: &mut Vec<u8>, content: &[u8]) {
    out.extend((content.len() as u16).to_be_bytes());
    out.extend_from_slice(content);
}
