//! The table of an app's resources, `resources.arsc` (`ResTable` in `ResourceTypes.h` of frameworks/base).

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use super::element::Value;
use super::octets::{Chunk, size_at, u8_at, u16_at, u32_at};
use super::string_pool::{self, StringPool};

const TABLE: u16 = 0x0002;
const PACKAGE: u16 = 0x0200;
const TYPE: u16 = 0x0201;

/// The most packages and types with a configuration of their own that are looked at.
const MOST_TYPES: usize = 20_000;
/// The most variants of one resource, those of the references on the way included.
pub(super) const MOST_VARIANTS: usize = 200;
/// How often a reference leads to another.
pub(super) const MOST_STEPS: usize = 8;
/// The most entries that are looked at to find one by its name.
const MOST_NAMES: usize = 65_536;

/// A table.
#[derive(Debug, Default)]
pub(super) struct Resources<'a> {
    values: Option<StringPool<'a>>,
    types: Vec<Type<'a>>,
}

/// The entries of one type for one configuration of a device.
#[derive(Debug)]
struct Type<'a> {
    package: u8,
    number: u8,
    name: String,
    keys: StringPool<'a>,
    chunk: Chunk<'a>,
}

/// One variant of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    /// The API level from which a device takes it.
    pub(super) from_sdk: Option<u32>,
    /// Whether it is also meant for some devices only by other properties: language, screen, operator.
    pub(super) is_for_some_devices: bool,
    /// Its value.
    pub(super) value: Value,
}

/// What is asked of a table of resources, in whatever form it is.
pub(super) trait Table {
    /// Every variant of a resource, references followed.
    fn variants(&self, id: u32) -> Vec<Variant>;

    /// The name of a resource, such as `raw/ca`.
    fn name(&self, id: u32) -> Option<String>;

    /// The number of the resource with this name and type.
    fn find(&self, type_name: &str, name: &str) -> Option<u32>;

    /// The resource that a value refers to, by its number or by its name; a package may stand before the name.
    fn id_of(&self, value: &Value) -> Option<u32> {
        match value {
            Value::Reference(id) => Some(*id),
            Value::Named(name) => {
                let name = name.rsplit_once(':').map_or(name.as_str(), |(_, name)| name);
                let (kind, name) = name.split_once('/')?;
                self.find(kind, name)
            }
            _ => None,
        }
    }
}

/// The state of looking for the variants of one resource.
pub(super) struct Search {
    pub(super) found: Vec<Variant>,
    pub(super) room: usize,
}

/// The place of one entry in its type's chunk.
struct Entry<'a> {
    octets: &'a [u8],
}

impl<'a> Resources<'a> {
    /// Reads a table; the error says what is damaged.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, String> {
        let table = Chunk::at(octets, 0).filter(|chunk| chunk.kind == TABLE).ok_or("it is cut short")?;
        let mut resources = Self::default();
        for chunk in table.inside() {
            let chunk = chunk.ok_or("a chunk is cut short")?;
            match chunk.kind {
                string_pool::KIND if resources.values.is_none() => {
                    resources.values = Some(StringPool::of(chunk).ok_or("its string pool is cut short")?);
                }
                PACKAGE => resources.package(chunk)?,
                _ => {}
            }
        }
        Ok(resources)
    }

    fn package(&mut self, package: Chunk<'a>) -> Result<(), String> {
        let octets = package.octets;
        let cut = || "a package is cut short".to_owned();
        // A library's number is given when it is loaded; in its own file it is 0.
        let number = u8_at(octets, 8).ok_or_else(cut)?;
        let pool = |at| StringPool::of(Chunk::at(octets, size_at(octets, at)?)?);
        let names = pool(268).ok_or_else(cut)?;
        let keys = pool(276).ok_or_else(cut)?;
        for chunk in package.inside() {
            let chunk = chunk.ok_or("a chunk of a package is cut short")?;
            if chunk.kind != TYPE {
                continue;
            }
            if self.types.len() >= MOST_TYPES {
                return Err(format!("it has more than {MOST_TYPES} types"));
            }
            let id = u8_at(chunk.octets, 8).ok_or_else(cut)?;
            let name = id.checked_sub(1).and_then(|index| names.get(u32::from(index))).unwrap_or_default();
            self.types.push(Type { package: number, number: id, name, keys, chunk });
        }
        Ok(())
    }

    fn follow(&self, id: u32, above: Option<&Variant>, steps: usize, search: &mut Search) {
        let Some(steps) = steps.checked_sub(1) else { return };
        for entry_type in self.of_id(id) {
            let Some(mut variant) =
                entry_type.entry(index_of(id)).and_then(|entry| self.variant(entry_type, &entry))
            else {
                continue;
            };
            // Each look counts, so that references in a circle end.
            let Some(room) = search.room.checked_sub(1) else { return };
            search.room = room;
            if let Some(above) = above {
                variant.from_sdk = variant.from_sdk.max(above.from_sdk);
                variant.is_for_some_devices |= above.is_for_some_devices;
            }
            match variant.value {
                Value::Reference(next) => self.follow(next, Some(&variant), steps, search),
                _ => search.found.push(variant),
            }
        }
    }

    fn of_id(&self, id: u32) -> impl Iterator<Item = &Type<'a>> {
        let [_, _, number, package] = id.to_le_bytes();
        self.types.iter().filter(move |one| one.package == package && one.number == number)
    }

    fn variant(&self, of: &Type<'a>, entry: &Entry<'a>) -> Option<Variant> {
        let (kind, data) = entry.value()?;
        let value =
            if kind == 0x03 { Value::Text(self.values.as_ref()?.get(data)?) } else { Value::of(kind, data) };
        let (from_sdk, is_for_some_devices) = of.configuration();
        Some(Variant { from_sdk, is_for_some_devices, value })
    }
}

impl Table for Resources<'_> {
    fn variants(&self, id: u32) -> Vec<Variant> {
        let mut search = Search { found: Vec::new(), room: MOST_VARIANTS };
        self.follow(id, None, MOST_STEPS, &mut search);
        search.found
    }

    fn name(&self, id: u32) -> Option<String> {
        self.of_id(id).find_map(|one| {
            let key = one.entry(index_of(id))?.key()?;
            Some(format!("{}/{}", one.name, one.keys.get(key)?))
        })
    }

    fn find(&self, type_name: &str, name: &str) -> Option<u32> {
        let mut room = MOST_NAMES;
        for one in self.types.iter().filter(|one| one.name == type_name) {
            for index in 0..one.count() {
                room = room.checked_sub(1)?;
                let key = one.entry(index).and_then(|entry| entry.key());
                if key.and_then(|key| one.keys.get(key)).as_deref() == Some(name) {
                    let [low, high] = index.to_le_bytes();
                    return Some(u32::from_le_bytes([low, high, one.number, one.package]));
                }
            }
        }
        None
    }
}

fn index_of(id: u32) -> u16 {
    let [low, high, ..] = id.to_le_bytes();
    u16::from_le_bytes([low, high])
}

impl<'a> Type<'a> {
    /// How many entries it can have.
    fn count(&self) -> u16 {
        let count = u32_at(self.chunk.octets, 12).unwrap_or(0);
        if self.is_sparse() { u16::MAX } else { u16::try_from(count).unwrap_or(u16::MAX) }
    }

    fn is_sparse(&self) -> bool {
        u8_at(self.chunk.octets, 9).is_some_and(|flags| flags & 1 != 0)
    }

    fn entry(&self, index: u16) -> Option<Entry<'a>> {
        let octets = self.chunk.octets;
        let start = size_at(octets, 16)?;
        let count = size_at(octets, 12)?;
        let flags = u8_at(octets, 9)?;
        let header = self.chunk.header;
        let offset = if flags & 1 != 0 {
            // Pairs of a number and a quarter of an offset, in order of their numbers.
            let table = octets.get(header..header.checked_add(count.checked_mul(4)?)?)?;
            let (pairs, _) = table.as_chunks::<4>();
            let at = pairs
                .binary_search_by_key(&index, |[low, high, ..]| u16::from_le_bytes([*low, *high]))
                .ok()?;
            let [_, _, low, high] = pairs.get(at)?;
            usize::from(u16::from_le_bytes([*low, *high])).checked_mul(4)?
        } else if usize::from(index) >= count {
            return None;
        } else if flags & 2 != 0 {
            let offset = u16_at(octets, usize::from(index).checked_mul(2)?.checked_add(header)?)?;
            usize::from(Some(offset).filter(|offset| *offset != u16::MAX)?).checked_mul(4)?
        } else {
            let at = usize::from(index).checked_mul(4)?.checked_add(header)?;
            let offset = u32_at(octets, at).filter(|offset| *offset != u32::MAX)?;
            usize::try_from(offset).ok()?
        };
        octets.get(start.checked_add(offset)?..).map(|octets| Entry { octets })
    }

    /// The API level it is meant for, and whether it is meant for some devices only by anything else.
    fn configuration(&self) -> (Option<u32>, bool) {
        let octets = self.chunk.octets;
        let size = size_at(octets, 20).unwrap_or(0).min(self.chunk.header.saturating_sub(20));
        let configuration = octets.get(20..size.saturating_add(20)).unwrap_or_default();
        let from_sdk = u16_at(configuration, 24).filter(|level| *level != 0).map(u32::from);
        let others = configuration
            .iter()
            .enumerate()
            .any(|(at, octet)| *octet != 0 && at >= 4 && !(24..28).contains(&at));
        (from_sdk, others)
    }
}

impl Entry<'_> {
    fn flags(&self) -> Option<u16> {
        u16_at(self.octets, 2)
    }

    fn is_compact(&self) -> bool {
        self.flags().is_some_and(|flags| flags & 8 != 0)
    }

    /// The number of its name.
    fn key(&self) -> Option<u32> {
        if self.is_compact() { u16_at(self.octets, 0).map(u32::from) } else { u32_at(self.octets, 4) }
    }

    /// The kind and the data of its value; bags of values have none.
    fn value(&self) -> Option<(u8, u32)> {
        let flags = self.flags()?;
        if self.is_compact() {
            let [_, kind] = flags.to_le_bytes();
            return Some((kind, u32_at(self.octets, 4)?));
        }
        if flags & 1 != 0 {
            return None;
        }
        let at = usize::from(u16_at(self.octets, 0)?);
        Some((u8_at(self.octets, at.checked_add(3)?)?, u32_at(self.octets, at.checked_add(4)?)?))
    }
}
