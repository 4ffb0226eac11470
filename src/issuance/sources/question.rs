//! What was asked for, read from a URL that is kept with its answer.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// The parameter of this name in a URL's query, without percent-encoding.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, behind)) = rest.split_first() {
        rest = behind;
        if octet == b'+' {
            octets.push(b' ');
        } else if octet == b'%'
            && let Some((digits, behind)) = rest.split_at_checked(2)
            && let Some(value) = hexadecimal(digits)
        {
            octets.push(value);
            rest = behind;
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(text, 16).ok()
}
