//! Binary property lists, version 00. Source: Apple's `CFBinaryPList.c`.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::{Budget, DEEPEST, Key, PlistError, Value};

/// The octets of the trailer at the end of the file.
const TRAILER: usize = 32;

/// Reads a binary property list.
pub(super) fn read(octets: &[u8]) -> Result<Value, PlistError> {
    let start = octets.len().checked_sub(TRAILER).ok_or(PlistError::Damaged("it is too short"))?;
    let (objects, trailer) = octets.split_at_checked(start).ok_or(PlistError::Damaged("it is too short"))?;
    let field = |at: usize, size: usize| number(trailer, at, size);
    let sizes = (field(6, 1)?, field(7, 1)?);
    if !matches!(sizes, (1..=8, 1..=8)) {
        return Err(PlistError::Damaged("its trailer has impossible sizes"));
    }
    let mut reader = Reader {
        objects,
        offset_size: sizes.0,
        reference_size: sizes.1,
        count: field(8, 8)?,
        table: field(24, 8)?,
        budget: Budget::new(),
    };
    reader.value(field(16, 8)?, 0)
}

struct Reader<'a> {
    /// Everything before the trailer.
    objects: &'a [u8],
    /// The octets of an entry of the offset table.
    offset_size: usize,
    /// The octets of a reference to an object.
    reference_size: usize,
    /// How many objects there are.
    count: usize,
    /// Where the offset table begins.
    table: usize,
    budget: Budget,
}

/// An object's kind, its length as its kind counts it, and where its content begins.
struct Head {
    kind: u8,
    detail: u8,
    length: usize,
    content: usize,
}

impl Reader<'_> {
    fn value(&mut self, reference: usize, depth: usize) -> Result<Value, PlistError> {
        // A circle of references ends here too.
        if depth > DEEPEST {
            return Err(PlistError::TooDeep);
        }
        let deeper = depth.saturating_add(1);
        let head = self.head(reference)?;
        self.budget.spend(0)?;
        Ok(match (head.kind, head.detail) {
            (0x0, 0x8) => Value::Boolean(false),
            (0x0, 0x9) => Value::Boolean(true),
            (0x1 | 0x2, _) => Value::Other("number"),
            (0x3, _) => Value::Other("date"),
            (0x4, _) => Value::Other("data value"),
            (0x5..=0x7, _) => Value::Text(self.text(&head)?, None),
            (0xa | 0xc, _) => Value::Array(self.array(&head, deeper)?),
            (0xd, _) => Value::Dictionary(self.dictionary(&head, deeper)?),
            _ => Value::Other("value of another kind"),
        })
    }

    fn array(&mut self, head: &Head, depth: usize) -> Result<Vec<Value>, PlistError> {
        // Nothing is reserved for the length that the file claims: it may be any number.
        let mut items = Vec::new();
        for index in 0..head.length {
            let reference = self.reference(head.content, index)?;
            items.push(self.value(reference, depth)?);
        }
        Ok(items)
    }

    fn dictionary(&mut self, head: &Head, depth: usize) -> Result<Vec<(Key, Value)>, PlistError> {
        let mut entries = Vec::new();
        for index in 0..head.length {
            let key = self.reference(head.content, index)?;
            let key = self.head(key)?;
            if !matches!(key.kind, 0x5..=0x7) {
                return Err(PlistError::Damaged("a key is no text"));
            }
            self.budget.spend(0)?;
            let key = Key { text: self.text(&key)?, line: None };
            let value =
                head.length.checked_add(index).ok_or(PlistError::Damaged("a length is impossible"))?;
            let value = self.reference(head.content, value)?;
            entries.push((key, self.value(value, depth)?));
        }
        Ok(entries)
    }

    fn text(&mut self, head: &Head) -> Result<String, PlistError> {
        let width: usize = if head.kind == 0x6 { 2 } else { 1 };
        let end = head.length.checked_mul(width).and_then(|length| head.content.checked_add(length));
        let octets = end
            .and_then(|end| self.objects.get(head.content..end))
            .ok_or(PlistError::Damaged("a text ends behind the file"))?;
        self.budget.spend(octets.len())?;
        let text = if width == 2 {
            let units: Vec<u16> = octets
                .chunks_exact(2)
                .filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes))
                .collect();
            String::from_utf16(&units).ok()
        } else {
            std::str::from_utf8(octets).ok().map(str::to_owned)
        };
        text.ok_or(PlistError::Damaged("a text is not Unicode"))
    }

    /// Reads what kind of object stands at a reference.
    fn head(&self, reference: usize) -> Result<Head, PlistError> {
        if reference >= self.count {
            return Err(PlistError::Damaged("a reference points to no object"));
        }
        let offset = self.indexed(self.table, reference, self.offset_size)?;
        let marker =
            *self.objects.get(offset).ok_or(PlistError::Damaged("an object stands behind the file"))?;
        let (kind, detail) = (marker >> 4, marker & 0x0f);
        let mut content = offset.saturating_add(1);
        let mut length = usize::from(detail);
        // Fifteen stands for a number object that holds the length.
        if detail == 0x0f && matches!(kind, 0x4..=0x7 | 0xa..=0xd) {
            let marker = number(self.objects, content, 1)?;
            if marker >> 4 != 1 || marker & 0x0f > 3 {
                return Err(PlistError::Damaged("a length is no number"));
            }
            let size = 1_usize << (marker & 0x03);
            content = content.saturating_add(1);
            length = number(self.objects, content, size)?;
            content = content.saturating_add(size);
        }
        Ok(Head { kind, detail, length, content })
    }

    fn reference(&self, content: usize, index: usize) -> Result<usize, PlistError> {
        self.indexed(content, index, self.reference_size)
    }

    fn indexed(&self, start: usize, index: usize, size: usize) -> Result<usize, PlistError> {
        let at = index.checked_mul(size).and_then(|skip| start.checked_add(skip));
        number(self.objects, at.ok_or(PlistError::Damaged("a length is impossible"))?, size)
    }
}

/// A big-endian number of up to eight octets.
fn number(octets: &[u8], at: usize, size: usize) -> Result<usize, PlistError> {
    let end = at.checked_add(size).ok_or(PlistError::Damaged("a length is impossible"))?;
    let octets = octets.get(at..end).ok_or(PlistError::Damaged("a number ends behind the file"))?;
    let wide = octets.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
    usize::try_from(wide).map_err(|_| PlistError::Damaged("a number is impossible"))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the tests choose their own numbers")]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// What another implementation writes.
    fn written(value: &plist::Value) -> Vec<u8> {
        let mut octets = Cursor::new(Vec::new());
        value.to_writer_binary(&mut octets).unwrap();
        octets.into_inner()
    }

    #[test]
    fn what_the_plist_crate_writes_is_read() {
        let long = "x".repeat(300);
        let inner: plist::Dictionary = [
            ("ascii".to_owned(), plist::Value::from("a")),
            ("wide".to_owned(), plist::Value::from("ü€")),
            ("long".to_owned(), plist::Value::from(long.as_str())),
            ("yes".to_owned(), plist::Value::from(true)),
            ("number".to_owned(), plist::Value::from(70_000)),
            ("data".to_owned(), plist::Value::Data(vec![1, 2])),
            ("list".to_owned(), plist::Value::Array((0..20).map(plist::Value::from).collect())),
        ]
        .into_iter()
        .collect();
        let read = read(&written(&plist::Value::Dictionary(inner))).unwrap();
        assert_eq!(read.at("wide"), Some(&Value::Text("ü€".into(), None)));
        assert_eq!(read.at("long"), Some(&Value::Text(long, None)));
        assert_eq!(read.at("yes"), Some(&Value::Boolean(true)));
        assert_eq!(read.at("data"), Some(&Value::Other("data value")));
        assert!(matches!(read.at("list"), Some(Value::Array(items)) if items.len() == 20));
        assert_eq!(read.entries().len(), 7);
    }

    /// Arrays that each refer twice to the next: 2^levels values in a few octets.
    pub(super) fn doubling(levels: u8) -> Vec<u8> {
        let mut octets = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for level in 0..levels {
            offsets.push(u8::try_from(octets.len()).unwrap());
            octets.extend([0xa2, level + 1, level + 1]);
        }
        offsets.push(u8::try_from(octets.len()).unwrap());
        octets.push(0x09);
        let table = u64::try_from(octets.len()).unwrap();
        octets.extend(&offsets);
        octets.extend([0, 0, 0, 0, 0, 0, 1, 1]);
        octets.extend(u64::try_from(offsets.len()).unwrap().to_be_bytes());
        octets.extend(0_u64.to_be_bytes());
        octets.extend(table.to_be_bytes());
        octets
    }

    #[test]
    fn bombs_and_circles_end() {
        assert!(read(&doubling(3)).is_ok());
        assert_eq!(read(&doubling(30)), Err(PlistError::TooMuch));
        assert_eq!(read(&doubling(60)), Err(PlistError::TooDeep));
        let mut circle = doubling(1);
        circle[9] = 0;
        assert_eq!(read(&circle), Err(PlistError::TooDeep));
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(mut octets in proptest::collection::vec(any::<u8>(), 0..300), sizes in 0_u8..5) {
            let _ = read(&octets);
            let length = octets.len();
            if length > TRAILER {
                let (offset_size, count_low) = (length - 26, length - 17);
                octets[offset_size..offset_size + 2].fill(sizes);
                octets[offset_size + 2..count_low].fill(0);
                octets[count_low + 1..length - 1].fill(0);
            }
            let _ = read(&octets);
        }

        #[test]
        fn no_damage_to_a_real_list_makes_it_panic(at in 0_usize..400, octet in any::<u8>()) {
            let mut octets = doubling(20);
            let at = at % octets.len();
            octets[at] = octet;
            let _ = read(&octets);
        }
    }
}
