//! Names that are not plain: with ports, control octets, other alphabets, or in string types that names do not have.
//!
//! Whatever a lenient client might see in them is tried. What is tried is always a piece of the name itself, so that a
//! watched name has to stand there in full.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use crate::x509::der::Reader;

/// UniversalString: four octets a character (ITU-T X.680).
const UNIVERSAL_STRING: u8 = 0x1c;

/// BMPString: two octets a character.
const BMP_STRING: u8 = 0x1e;

/// The bit of a tag that says that the content is made of further elements.
const CONSTRUCTED: u8 = 0x20;

/// How many octets of one certificate's names are converted from other alphabets.
const MOST_CONVERTED: usize = 32_768;

/// Stands for a label that is there.
const LABEL: &[u8] = b"-";

/// How deep strings in pieces are taken apart, and into how many.
const DEEPEST: u8 = 4;
const MOST_PIECES: usize = 256;

/// Looks for pieces that `try_piece` says true to, in the names of one certificate.
pub(super) struct Search<'f> {
    try_piece: &'f mut dyn FnMut(&[u8]) -> bool,
    /// How many octets may still be converted.
    left: &'f mut Left,
    /// Whether addresses of persons are passed over.
    is_person: bool,
}

/// What may still be done for the names of one certificate.
pub(super) struct Left {
    octets: usize,
    /// Whether something was not looked at, for its length.
    pub(super) is_short: bool,
}

impl Default for Left {
    fn default() -> Self {
        Self { octets: MOST_CONVERTED, is_short: false }
    }
}

impl<'f> Search<'f> {
    pub(super) fn new(
        left: &'f mut Left,
        is_person: bool,
        try_piece: &'f mut dyn FnMut(&[u8]) -> bool,
    ) -> Self {
        Self { try_piece, left, is_person }
    }

    /// Tries the pieces of a name in turn until one is taken; whether one was.
    pub(super) fn name(&mut self, tag: u8, octets: &[u8]) -> bool {
        if self.string(tag, octets) {
            return true;
        }
        if tag & CONSTRUCTED == 0 {
            return false;
        }
        let mut pieces = Vec::new();
        take_apart(octets, DEEPEST, &mut pieces);
        if pieces.len() > MOST_PIECES {
            self.left.is_short = true;
            pieces.truncate(MOST_PIECES);
        }
        // Each may be a name, or all together.
        let whole: Vec<u8> = pieces.iter().flat_map(|(_, piece)| *piece).copied().collect();
        let kind = pieces.first().map_or(tag, |(kind, _)| *kind);
        pieces.iter().any(|(kind, piece)| self.string(*kind, piece)) || self.string(kind, &whole)
    }

    fn string(&mut self, tag: u8, octets: &[u8]) -> bool {
        if self.ascii(octets) {
            return true;
        }
        if octets.iter().any(u8::is_ascii_control) {
            // Two or four octets a letter, whatever the tag says, or something put in between.
            let without: Vec<u8> = octets.iter().copied().filter(|octet| !octet.is_ascii_control()).collect();
            if self.ascii(&without) {
                return true;
            }
        }
        let is_wide = matches!(tag, BMP_STRING | UNIVERSAL_STRING) || octets.contains(&0);
        if octets.is_ascii() && !is_wide {
            return false;
        }
        let Some(left) = self.left.octets.checked_sub(octets.len()) else {
            self.left.is_short = true;
            return false;
        };
        self.left.octets = left;
        readings(is_wide, octets).iter().any(|text| self.text(text))
    }

    /// The pieces between octets that names do not have.
    fn ascii(&mut self, octets: &[u8]) -> bool {
        let labelled = labelled_dots(octets);
        let mut next: usize = 0;
        octets.split(|octet| !is_letter(*octet) && *octet != b'@').any(|chunk| {
            let start = next;
            next = start.saturating_add(chunk.len()).saturating_add(1);
            let mut parts = chunk.split(|octet| *octet == b'@');
            if self.passes(&mut parts.clone().map(<[u8]>::is_empty)) {
                return false;
            }
            let is_cut = chunk.first() == Some(&b'.') && labelled.binary_search(&start).is_ok();
            if is_cut && parts.next().is_some_and(|piece| self.cut(piece)) {
                return true;
            }
            parts.any(|piece| piece.contains(&b'.') && (self.try_piece)(piece))
        })
    }

    /// The end of a name whose first labels are in another alphabet: it may be below what it names, or that itself where a
    /// reader drops what it does not know, and is no wildcard.
    fn cut(&mut self, piece: &[u8]) -> bool {
        let first = piece.iter().position(|octet| *octet != b'.').unwrap_or(piece.len());
        let bare = piece.get(first..).unwrap_or_default();
        (self.try_piece)(bare) || (self.try_piece)(&[LABEL, b".", bare].concat())
    }

    /// The same of a text, as A-labels.
    fn text(&mut self, text: &str) -> bool {
        let is_end = |letter: char| match u8::try_from(letter) {
            Ok(octet) if octet.is_ascii() => !is_letter(octet) && octet != b'@',
            _ => letter.is_control() || letter.is_whitespace() || letter == char::REPLACEMENT_CHARACTER,
        };
        text.split(is_end).any(|chunk| {
            let mut parts = chunk.split('@');
            !self.passes(&mut parts.clone().map(str::is_empty))
                && parts.any(|piece| !piece.is_empty() && (self.try_piece)(a_labels(piece).as_bytes()))
        })
    }

    /// Whether this is an address that is passed over: something, an at sign, and something more.
    fn passes(&self, are_empty: &mut dyn Iterator<Item = bool>) -> bool {
        self.is_person
            && (are_empty.next(), are_empty.next(), are_empty.next()) == (Some(false), Some(false), None)
    }
}

/// The primitive elements that the octets are made of, with their tags, as far as they can be read.
fn take_apart<'a>(octets: &'a [u8], depth: u8, pieces: &mut Vec<(u8, &'a [u8])>) {
    let mut reader = Reader::new(octets);
    while let Ok(element) = reader.element() {
        match depth.checked_sub(1) {
            Some(depth) if element.tag & CONSTRUCTED != 0 => take_apart(element.content, depth, pieces),
            _ => pieces.push((element.tag, element.content)),
        }
        if pieces.len() > MOST_PIECES {
            return;
        }
    }
}

/// Whether names of hosts have this octet.
pub(super) fn is_letter(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'*')
}

/// The places of the dots that end a label whose last letter is of another alphabet, where the octets are UTF-8. What stands
/// behind them is no name that begins with a dot.
fn labelled_dots(octets: &[u8]) -> Vec<usize> {
    let Ok(text) = std::str::from_utf8(octets) else { return Vec::new() };
    if text.is_ascii() {
        return Vec::new();
    }
    let letters = text.char_indices().zip(text.char_indices().skip(1));
    letters
        .filter(|((_, before), (_, dot))| *dot == '.' && !before.is_ascii() && before.is_alphanumeric())
        .map(|(_, (place, _))| place)
        .collect()
}

/// The texts that the octets may be.
fn readings(is_wide: bool, octets: &[u8]) -> Vec<String> {
    let mut texts = vec![String::from_utf8_lossy(octets).into_owned()];
    // As Latin-1; a letter of UTF-8 may leave controls before a dot, and is a letter all the same.
    let mut latin: Vec<char> = octets.iter().copied().map(char::from).collect();
    for dot in labelled_dots(octets) {
        if let Some(before) = dot.checked_sub(1).and_then(|place| latin.get_mut(place)) {
            *before = '-';
        }
    }
    texts.push(latin.into_iter().collect());
    if is_wide {
        let (pairs, _) = octets.as_chunks::<2>();
        let (fours, _) = octets.as_chunks::<4>();
        for read in [u16::from_be_bytes, u16::from_le_bytes] {
            let units = pairs.iter().copied().map(read);
            let letters = char::decode_utf16(units);
            texts.push(letters.map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect());
        }
        let letters = fours.iter().copied().map(u32::from_be_bytes);
        let letters = letters.map(|letter| char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER));
        texts.push(letters.collect());
    }
    texts
}

/// A name with A-labels (UTS 46) where there is such a form: a label without one hides no other.
fn a_labels(name: &str) -> String {
    let labels = name.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).map(|label| {
        if label.is_ascii() { label.to_owned() } else { idna::domain_to_ascii(label).unwrap_or_default() }
    });
    labels.collect::<Vec<_>>().join(".")
}
