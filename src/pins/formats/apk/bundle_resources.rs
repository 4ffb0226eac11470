//! The table of resources of one module of an app bundle, `resources.pb` (`aapt.pb.ResourceTable` of
//! `Resources.proto` and `Configuration.proto`, frameworks/base `tools/aapt2`).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use super::element::Value;
use super::protobuf::{Field, fields, item, number, text};
use super::resources::{MOST_STEPS, MOST_VARIANTS, Search, Table, Variant};

/// The most resources of one table. Large apps have some 50,000.
const MOST_ENTRIES: usize = 400_000;
/// The field of a `Configuration` with the API level; the others are for some devices only.
const SDK_VERSION: u64 = 24;

/// A table.
#[derive(Debug, Default)]
pub(super) struct BundleResources<'a> {
    entries: BTreeMap<u32, Entry<'a>>,
}

/// One resource, its variants unread.
#[derive(Debug)]
struct Entry<'a> {
    type_name: &'a [u8],
    name: &'a [u8],
    octets: &'a [u8],
}

impl<'a> BundleResources<'a> {
    /// Reads a table; the error says what is damaged.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, String> {
        let mut table = Self::default();
        for field in fields(octets) {
            if let (2, Field::Octets(package)) = field? {
                table.package(package)?;
            }
        }
        Ok(table)
    }

    fn package(&mut self, package: &'a [u8]) -> Result<(), String> {
        // Fields may come in any order.
        let number = identifier(package)?;
        for field in fields(package) {
            if let (3, Field::Octets(one)) = field? {
                self.entries_of_type(one, number)?;
            }
        }
        Ok(())
    }

    fn entries_of_type(&mut self, octets: &'a [u8], package: u32) -> Result<(), String> {
        let number = identifier(octets)?;
        let type_name = last_octets(octets, 2)?;
        for field in fields(octets) {
            let (3, Field::Octets(entry)) = field? else { continue };
            if self.entries.len() >= MOST_ENTRIES {
                return Err(format!("it has more than {MOST_ENTRIES} resources"));
            }
            let ([package, ..], [number, ..], [low, high, ..]) =
                (package.to_le_bytes(), number.to_le_bytes(), identifier(entry)?.to_le_bytes());
            let id = u32::from_le_bytes([low, high, number, package]);
            let entry = Entry { type_name, name: last_octets(entry, 2)?, octets: entry };
            self.entries.entry(id).or_insert(entry);
        }
        Ok(())
    }

    fn follow(&self, id: u32, above: Option<&Variant>, steps: usize, search: &mut Search) {
        let (Some(steps), Some(entry)) = (steps.checked_sub(1), self.entries.get(&id)) else { return };
        let values = fields(entry.octets).filter_map(|field| match field {
            Ok((6, Field::Octets(value))) => variant(value).ok().flatten(),
            _ => None,
        });
        for mut variant in values {
            let Some(room) = search.room.checked_sub(1) else { return };
            search.room = room;
            if let Some(above) = above {
                variant.from_sdk = variant.from_sdk.max(above.from_sdk);
                variant.is_for_some_devices |= above.is_for_some_devices;
            }
            match self.id_of(&variant.value) {
                Some(next) => self.follow(next, Some(&variant), steps, search),
                None => search.found.push(variant),
            }
        }
    }
}

impl Table for BundleResources<'_> {
    fn variants(&self, id: u32) -> Vec<Variant> {
        let mut search = Search { found: Vec::new(), room: MOST_VARIANTS };
        self.follow(id, None, MOST_STEPS, &mut search);
        search.found
    }

    fn name(&self, id: u32) -> Option<String> {
        self.entries.get(&id).map(|entry| format!("{}/{}", text(entry.type_name), text(entry.name)))
    }

    fn find(&self, type_name: &str, name: &str) -> Option<u32> {
        let is_wanted =
            |entry: &Entry<'_>| entry.type_name == type_name.as_bytes() && entry.name == name.as_bytes();
        self.entries.iter().find(|(_, entry)| is_wanted(entry)).map(|(id, _)| *id)
    }
}

/// The number in the first field of a package, type or resource; 0 where none is given.
fn identifier(octets: &[u8]) -> Result<u32, String> {
    let id = number(last_octets(octets, 1)?, 1)?.unwrap_or(0);
    u32::try_from(id).map_err(|_| "a resource has a number that is too large".to_owned())
}

/// The octets of the last field with this number; none where it is absent.
fn last_octets(octets: &[u8], wanted: u64) -> Result<&[u8], String> {
    let mut found: &[u8] = &[];
    for field in fields(octets) {
        if let (field, Field::Octets(octets)) = field?
            && field == wanted
        {
            found = octets;
        }
    }
    Ok(found)
}

/// A value for one configuration of a device; bags of values are none.
fn variant(octets: &[u8]) -> Result<Option<Variant>, String> {
    let (mut from_sdk, mut is_for_some_devices) = (None, false);
    for field in fields(last_octets(octets, 1)?) {
        match field? {
            (SDK_VERSION, Field::Number(level)) => {
                from_sdk = u32::try_from(level).ok().filter(|level| *level != 0);
            }
            (_, Field::Number(0) | Field::Octets([])) => {}
            _ => is_for_some_devices = true,
        }
    }
    let mut value = None;
    for field in fields(last_octets(octets, 2)?) {
        if let (4, Field::Octets(octets)) = field? {
            value = resource_item(octets)?;
        }
    }
    Ok(value.map(|value| Variant { from_sdk, is_for_some_devices, value }))
}

/// A resource's own value: what may stand in an attribute, a text, or the path of a file.
fn resource_item(octets: &[u8]) -> Result<Option<Value>, String> {
    for field in fields(octets) {
        if let (2..=5, Field::Octets(inner)) = field? {
            return Ok(Some(Value::Text(text(last_octets(inner, 1)?))));
        }
    }
    item(octets)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pins::formats::resource_files;

    /// A number of the base 128 form.
    fn varint(mut number: u32) -> Vec<u8> {
        let mut octets = Vec::new();
        while number > 0x7f {
            octets.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        octets.push(u8::try_from(number).unwrap());
        octets
    }

    fn message(field: u32, content: &[u8]) -> Vec<u8> {
        [varint((field << 3) | 2), varint(u32::try_from(content.len()).unwrap()), content.to_vec()].concat()
    }

    fn count(field: u32, number: u32) -> Vec<u8> {
        [varint(field << 3), varint(number)].concat()
    }

    fn value(configuration: &[u8], item: &[u8]) -> Vec<u8> {
        message(6, &[message(1, configuration), message(2, &message(4, item))].concat())
    }

    fn resource(id: u32, name: &str, values: &[Vec<u8>]) -> Vec<u8> {
        message(3, &[message(1, &count(1, id)), message(2, name.as_bytes()), values.concat()].concat())
    }

    fn file(name: &str) -> Vec<u8> {
        message(5, &message(1, name.as_bytes()))
    }

    fn reference(id: u32) -> Vec<u8> {
        message(1, &count(2, id))
    }

    /// One package 0x7f with the one type `xml`, number 3.
    fn table(resources: &[Vec<u8>]) -> Vec<u8> {
        let of_type = [message(2, b"xml"), resources.concat(), message(1, &count(1, 3))].concat();
        message(2, &[message(3, &of_type), message(1, &count(1, 0x7f))].concat())
    }

    #[test]
    fn variants_have_their_level_and_references_are_followed() {
        let octets = table(&[
            resource(
                0,
                "config",
                &[
                    value(&[], &file("res/a")),
                    value(&count(24, 26), &file("res/b")),
                    value(&[message(3, b"de"), count(24, 30)].concat(), &reference(0x7f03_0001)),
                ],
            ),
            resource(1, "other", &[value(&count(24, 28), &file("res/c"))]),
        ]);
        let table = BundleResources::read(&octets).unwrap();
        assert_eq!(table.name(0x7f03_0001).as_deref(), Some("xml/other"));
        let id = table.id_of(&Value::Named("app.example:xml/config".to_owned())).unwrap();
        assert_eq!(id, 0x7f03_0000);
        let variants: Vec<_> =
            table.variants(id).into_iter().map(|v| (v.from_sdk, v.is_for_some_devices, v.value)).collect();
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            variants,
            [(None, false, text("res/a")), (Some(26), false, text("res/b")), (Some(30), true, text("res/c"))]
        );
        assert_eq!(resource_files(&octets, "xml", "config").unwrap(), ["res/a", "res/b", "res/c"]);
    }

    #[test]
    fn circles_end() {
        let both = [value(&[], &reference(0x7f03_0000)), value(&[], &reference(0x7f03_0000))];
        let octets = table(&[resource(0, "config", &both)]);
        assert!(BundleResources::read(&octets).unwrap().variants(0x7f03_0000).is_empty());
    }

    #[test]
    fn what_is_cut_short_is_told() {
        let octets = table(&[resource(0, "config", &[])]);
        assert!(BundleResources::read(&octets[..octets.len() - 1]).unwrap_err().contains("cut short"));
        assert!(BundleResources::read(&[0x12, 0xff, 0xff, 0xff, 0xff, 0x7f]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn damage_is_read_or_refused(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
            let mut octets = table(&[resource(0, "config", &[value(&count(24, 26), &reference(0x7f03_0001))])]);
            for (at, octet) in changes {
                let at = at.index(octets.len());
                octets[at] = octet;
            }
            let _ = resource_files(&octets, "xml", "config");
        }
    }
}
