//! Writers of compiled resources, from the platform's header file and independent of the readers.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The namespace of Android's own attributes.
pub(super) const ANDROID: &str = "http://schemas.android.com/apk/res/android";

fn chunk(kind: u16, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut octets = kind.to_le_bytes().to_vec();
    octets.extend(u16::try_from(header.len() + 8).unwrap().to_le_bytes());
    octets.extend(u32::try_from(header.len() + body.len() + 8).unwrap().to_le_bytes());
    octets.extend(header);
    octets.extend(body);
    octets
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn size(octets: &[u8]) -> u32 {
    u32::try_from(octets.len()).unwrap()
}

/// A string pool in UTF-8 or UTF-16.
pub(super) fn pool(strings: &[String], utf8: bool) -> Vec<u8> {
    let (mut offsets, mut data) = (Vec::new(), Vec::new());
    for string in strings {
        offsets.push(size(&data));
        if utf8 {
            for length in [string.encode_utf16().count(), string.len()] {
                let length = u16::try_from(length).unwrap();
                if length > 0x7f {
                    data.extend((length | 0x8000).to_be_bytes());
                } else {
                    data.push(u8::try_from(length).unwrap());
                }
            }
            data.extend(string.as_bytes());
            data.push(0);
        } else {
            data.extend(u16::try_from(string.encode_utf16().count()).unwrap().to_le_bytes());
            data.extend(string.encode_utf16().flat_map(u16::to_le_bytes));
            data.extend([0, 0]);
        }
    }
    while data.len() % 4 != 0 {
        data.push(0);
    }
    let start = 28 + 4 * size(&[0].repeat(strings.len()));
    let flags = if utf8 { 1 << 8 } else { 0 };
    let header = words(&[u32::try_from(strings.len()).unwrap(), 0, flags, start, 0]);
    chunk(0x0001, &header, &[words(&offsets), data].concat())
}

/// The value of an attribute.
#[derive(Clone)]
pub(super) enum Typed {
    Text(&'static str),
    Boolean(bool),
    Number(u32),
    Reference(u32),
}

/// What compiled XML is made of, in order.
#[derive(Clone)]
pub(super) enum Event {
    /// A name, a line, and attributes: namespace, name, number, value.
    Open(&'static str, u32, Vec<(Option<&'static str>, &'static str, u32, Typed)>),
    Text(String),
    Close,
}

/// Binary XML.
pub(super) fn axml(events: &[Event], utf8: bool) -> Vec<u8> {
    let mut strings: Vec<String> = Vec::new();
    // The names of Android's own attributes come first, as the map of their numbers has them.
    let mut numbers = Vec::new();
    for event in events {
        if let Event::Open(_, _, attributes) = event {
            for (_, name, number, _) in attributes {
                if *number != 0 && !numbers.contains(number) {
                    numbers.push(*number);
                    strings.push((*name).to_owned());
                }
            }
        }
    }
    let numbered = strings.len();
    let mut of = |text: &str, number: u32| -> u32 {
        if number != 0 {
            return u32::try_from(numbers.iter().position(|one| *one == number).unwrap()).unwrap();
        }
        let found = strings.iter().skip(numbered).position(|known| known == text);
        let at = found.map_or(strings.len(), |at| at + numbered);
        if found.is_none() {
            strings.push(text.to_owned());
        }
        u32::try_from(at).unwrap()
    };
    let (mut body, mut open) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Open(name, line, attributes) => {
                open.push(*name);
                let mut ext = words(&[u32::MAX, of(name, 0)]);
                ext.extend([20_u16, 20].iter().flat_map(|n| n.to_le_bytes()));
                ext.extend(u16::try_from(attributes.len()).unwrap().to_le_bytes());
                ext.extend([0; 6]);
                for (namespace, name, number, value) in attributes {
                    let namespace = namespace.map_or(u32::MAX, |namespace| of(namespace, 0));
                    let name = of(name, *number);
                    let (raw, kind, data) = match value {
                        Typed::Text(text) => (of(text, 0), 3, of(text, 0)),
                        Typed::Boolean(truth) => (u32::MAX, 0x12, if *truth { u32::MAX } else { 0 }),
                        Typed::Number(number) => (u32::MAX, 0x10, *number),
                        Typed::Reference(id) => (u32::MAX, 0x01, *id),
                    };
                    ext.extend(words(&[namespace, name, raw]));
                    ext.extend([8, 0, 0, kind]);
                    ext.extend(words(&[data]));
                }
                body.extend(chunk(0x0102, &words(&[*line, u32::MAX]), &ext));
            }
            Event::Text(text) => {
                let text = of(text, 0);
                let ext = [words(&[text]), vec![8, 0, 0, 0], words(&[0])].concat();
                body.extend(chunk(0x0104, &words(&[1, u32::MAX]), &ext));
            }
            Event::Close => {
                let name = of(open.pop().unwrap(), 0);
                body.extend(chunk(0x0103, &words(&[1, u32::MAX]), &words(&[u32::MAX, name])));
            }
        }
    }
    let map = chunk(0x0180, &[], &words(&numbers));
    chunk(0x0003, &[], &[pool(&strings, utf8), map, body].concat())
}

/// How the entries of a type are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Plain,
    Sparse,
    ShortOffsets,
    Compact,
}

/// One variant: its API level, and what each name has as value: a file or another resource.
pub(super) type Variants<'a> = &'a [(u16, &'a [(u16, &'a str, Result<&'a str, u32>)])];

/// A table of resources with one package 0x7f and one type, `xml`, number 1.
pub(super) fn table(variants: Variants<'_>, layout: Layout, utf8: bool) -> Vec<u8> {
    let (mut values, mut keys): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let at = |strings: &mut Vec<String>, text: &str| {
        strings.push(text.to_owned());
        u32::try_from(strings.len() - 1).unwrap()
    };
    let mut types = Vec::new();
    for (level, entries) in variants {
        let count = entries.iter().map(|(index, ..)| index + 1).max().unwrap_or(0);
        let (mut data, mut offsets) = (Vec::new(), vec![None; usize::from(count)]);
        for (index, key, value) in *entries {
            offsets[usize::from(*index)] = Some(size(&data));
            let key = at(&mut keys, key);
            let (kind, value) = match value {
                Ok(file) => (3_u8, at(&mut values, file)),
                Err(id) => (1, *id),
            };
            if layout == Layout::Compact {
                data.extend(u16::try_from(key).unwrap().to_le_bytes());
                data.extend([8, kind]);
                data.extend(words(&[value]));
            } else {
                data.extend([8, 0, 0, 0]);
                data.extend(words(&[key]));
                data.extend([8, 0, 0, kind]);
                data.extend(words(&[value]));
            }
        }
        let short = |offset: u32| u16::try_from(offset / 4).unwrap().to_le_bytes();
        let (flags, count, mut table) = match layout {
            Layout::Sparse => {
                let present = offsets.iter().enumerate().filter_map(|(at, offset)| offset.map(|o| (at, o)));
                let pairs: Vec<u8> = present
                    .flat_map(|(at, o)| [u16::try_from(at).unwrap().to_le_bytes(), short(o)].concat())
                    .collect();
                (1_u8, size(&pairs) / 4, pairs)
            }
            Layout::ShortOffsets => {
                (2, u32::from(count), offsets.iter().flat_map(|o| o.map_or([0xff, 0xff], short)).collect())
            }
            Layout::Plain | Layout::Compact => {
                let all: Vec<u32> = offsets.iter().map(|offset| offset.unwrap_or(u32::MAX)).collect();
                (0, u32::from(count), words(&all))
            }
        };
        while table.len() % 4 != 0 {
            table.push(0);
        }
        let mut configuration = vec![0_u8; 64];
        configuration[0] = 64;
        configuration[24..26].copy_from_slice(&level.to_le_bytes());
        let start = 20 + 64 + size(&table);
        let header = [vec![1, flags, 0, 0], words(&[count, start]), configuration].concat();
        types.extend(chunk(0x0201, &header, &[table, data].concat()));
    }
    let type_names = pool(&["xml".to_owned()], utf8);
    let mut header = words(&[0x7f]);
    header.extend([0; 256]);
    header.extend(words(&[288, 1, 288 + size(&type_names), 1, 0]));
    let body = [type_names, pool(&keys, utf8), types].concat();
    let package = chunk(0x0200, &header, &body);
    chunk(0x0002, &words(&[1]), &[pool(&values, utf8), package].concat())
}

/// An archive of these files.
pub(super) fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, octets) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(octets).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Compiled code that has nothing but these strings.
pub(super) fn dex(strings: &[&str]) -> Vec<u8> {
    let table = 0x70_u32;
    let mut data = Vec::new();
    let mut offsets = Vec::new();
    let start = table + 4 * u32::try_from(strings.len()).unwrap();
    for string in strings {
        offsets.push(start + size(&data));
        data.push(u8::try_from(string.len()).unwrap());
        data.extend(string.as_bytes());
        data.push(0);
    }
    let mut octets = b"dex\n035\0".to_vec();
    octets.resize(56, 0);
    octets.extend(words(&[u32::try_from(strings.len()).unwrap(), table]));
    octets.resize(0x70, 0);
    [octets, words(&offsets), data].concat()
}
