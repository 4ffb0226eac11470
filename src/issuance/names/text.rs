//! Names that are not plain: with ports, control octets, other alphabets, or in string types that names do not have.
//!
//! Whatever a lenient client might see in them is tried. What is tried is always a piece of the name itself, so that a
//! watched name has to stand there in full.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

/// UniversalString: four octets a character (ITU-T X.680).
const UNIVERSAL_STRING: u8 = 0x1c;

/// BMPString: two octets a character.
const BMP_STRING: u8 = 0x1e;

/// The longest name, in octets, that is converted from other alphabets.
const LONGEST: usize = 4096;

/// Gives `try_piece` each piece in turn until it says true; whether it did.
pub(super) fn pieces(tag: u8, octets: &[u8], try_piece: &mut impl FnMut(&[u8]) -> bool) -> bool {
    if ascii_pieces(octets, try_piece) {
        return true;
    }
    if octets.contains(&0) {
        // Two or four octets a letter, whatever the tag says, or zeros put in between.
        let without: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
        if ascii_pieces(&without, try_piece) {
            return true;
        }
    }
    let wide = matches!(tag, BMP_STRING | UNIVERSAL_STRING);
    if octets.len() > LONGEST || octets.is_ascii() && !wide {
        return false;
    }
    readings(tag, octets).iter().any(|text| converted_pieces(text, try_piece))
}

fn ascii_pieces(octets: &[u8], try_piece: &mut impl FnMut(&[u8]) -> bool) -> bool {
    octets.split(|octet| !is_letter(*octet)).filter(|piece| piece.contains(&b'.')).any(try_piece)
}

/// Whether names of hosts have this octet.
pub(super) fn is_letter(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'*')
}

/// The texts that the octets may be.
fn readings(tag: u8, octets: &[u8]) -> Vec<String> {
    let mut texts = vec![String::from_utf8_lossy(octets).into_owned()];
    texts.push(octets.iter().copied().map(char::from).collect());
    let (pairs, _) = octets.as_chunks::<2>();
    let (fours, _) = octets.as_chunks::<4>();
    match tag {
        BMP_STRING => {
            let units = pairs.iter().copied().map(u16::from_be_bytes);
            texts.push(char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect());
        }
        UNIVERSAL_STRING => {
            let letters = fours.iter().copied().map(u32::from_be_bytes);
            texts.push(letters.map(|letter| char::from_u32(letter).unwrap_or('\u{fffd}')).collect());
        }
        _ => {}
    }
    texts
}

/// The pieces of a text as A-labels (UTS 46), where they have such a form.
fn converted_pieces(text: &str, try_piece: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let is_end = |letter: char| {
        letter.is_control() || letter.is_whitespace() || matches!(letter, ':' | '/' | '@' | '\\' | '?' | '#')
    };
    text.split(is_end).filter(|piece| !piece.is_empty()).any(|piece| {
        let converted = idna::domain_to_ascii(piece).unwrap_or_default();
        try_piece(converted.as_bytes())
    })
}
