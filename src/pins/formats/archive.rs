//! Zip archives of unknown origin, within bounds: few entries, small files, an end to what is decompressed.
//!
//! Nothing is ever written to disk, so that a path trick cannot harm here. Tricks are reported all the same: what a
//! platform makes of them differs from one to the next, and an app that has them was tampered with.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

/// The most entries of an archive.
const MOST_ENTRIES: usize = 200_000;
/// The most octets that are decompressed from one archive, all files together.
const MOST_DECOMPRESSED: u64 = 256 << 20;
/// The longest name of an entry that is kept, in octets.
const LONGEST_NAME: usize = 1024;
/// The most oddities that are told one by one.
const MOST_ODDITIES: usize = 20;

/// An archive that was opened.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// How many octets may still be decompressed.
    room: u64,
    names: Vec<String>,
    oddities: Vec<String>,
}

/// Whether these octets begin as a zip archive does.
pub(super) fn is_zip(octets: &[u8]) -> bool {
    octets.starts_with(b"PK\x03\x04") || octets.starts_with(b"PK\x05\x06")
}

impl<'a> Archive<'a> {
    /// Opens an archive; the error says why it cannot be.
    pub(super) fn open(octets: &'a [u8]) -> Result<Self, String> {
        let mut zip = ZipArchive::new(Cursor::new(octets))
            .map_err(|error| format!("it is no zip archive that can be read: {error}"))?;
        if zip.len() > MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} entries"));
        }
        let mut oddities = Vec::new();
        if zip.has_duplicate_names() {
            oddities.push("two entries have the same name; which one a platform takes differs".to_owned());
        }
        match zip.has_overlapping_files() {
            Ok(false) => {}
            Ok(true) => oddities.push("entries of the archive overlap, as they do in zip bombs".to_owned()),
            Err(error) => oddities.push(format!("an entry lies outside the archive: {error}")),
        }
        let mut names = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let name = match zip.name_for_index(index) {
                Some(Ok(name)) if name.len() <= LONGEST_NAME => name.into_owned(),
                _ => {
                    oddities.push(format!("entry {index} has a name that is too long or no text"));
                    String::new()
                }
            };
            if let Some(trick) = path_trick(&name) {
                oddities.push(format!("the name “{}” {trick}", shortened(&name)));
            }
            names.push(name);
        }
        if oddities.len() > MOST_ODDITIES {
            let further = oddities.len().saturating_sub(MOST_ODDITIES);
            oddities.truncate(MOST_ODDITIES);
            oddities.push(format!("{further} more oddities of the archive are not listed"));
        }
        Ok(Self { zip, room: MOST_DECOMPRESSED, names, oddities })
    }

    /// The names of the entries, in the order of the archive, each at the index it is read by; one that is not kept is
    /// empty.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// What is strange about the archive, each in one sentence.
    pub(super) fn oddities(&self) -> &[String] {
        &self.oddities
    }

    /// The octets of an entry that has at most `most`; the error says why they are not had.
    pub(super) fn read(&mut self, index: usize, most: usize) -> Result<Vec<u8>, String> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let entry = self.zip.by_index(index).map_err(|error| format!("it cannot be unpacked: {error}"))?;
        // One octet more than allowed tells that there is more, whatever size the archive claims.
        let limit = most.min(self.room).saturating_add(1);
        let mut octets = Vec::new();
        let read = entry
            .take(limit)
            .read_to_end(&mut octets)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        if read > most {
            return Err(format!("it has more than {most} octets"));
        }
        self.room = self.room.checked_sub(read).ok_or_else(|| {
            format!(
                "the archive unfolds to more than {} MiB, and the rest is not read",
                MOST_DECOMPRESSED >> 20
            )
        })?;
        Ok(octets)
    }
}

/// What a name does that names of real packages do not.
fn path_trick(name: &str) -> Option<&'static str> {
    if name.starts_with('/') || name.get(1..3) == Some(":\\") || name.get(1..3) == Some(":/") {
        return Some("is an absolute path");
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Some("leads out of the archive");
    }
    if name.contains('\0') {
        return Some("has a zero octet");
    }
    name.contains('\\').then_some("has backslashes")
}

fn shortened(name: &str) -> String {
    name.chars().take(80).filter(|symbol| !symbol.is_control()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// An archive with these files, compressed.
    pub(in crate::pins::formats) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, octets) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(octets).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn files_are_read_by_their_names() {
        let octets = archive(&[("a.txt", b"one"), ("b/c.txt", b"two")]);
        assert!(is_zip(&octets));
        let mut archive = Archive::open(&octets).unwrap();
        assert_eq!(archive.names(), ["a.txt", "b/c.txt"]);
        assert!(archive.oddities().is_empty());
        let index = 1;
        assert_eq!(archive.read(index, 100).unwrap(), b"two");
        assert!(archive.read(index, 2).unwrap_err().contains("more than 2 octets"));
        assert!(archive.read(9, 2).is_err());
    }

    #[test]
    fn what_unfolds_beyond_bounds_is_not_read() {
        let long = vec![0_u8; 100 << 20];
        let octets = archive(&[("a", &long), ("b", &long), ("c", &long)]);
        assert!(octets.len() < 1 << 20);
        let mut archive = Archive::open(&octets).unwrap();
        assert!(archive.read(0, 1 << 20).is_err());
        assert!(archive.read(0, 100 << 20).is_ok() && archive.read(1, 100 << 20).is_ok());
        assert!(archive.read(2, 100 << 20).unwrap_err().contains("MiB"));
    }

    #[test]
    fn path_tricks_and_duplicates_are_told() {
        let octets = archive(&[("../../etc/x", b""), ("/x", b""), ("a\\b", b""), ("fine..txt", b"")]);
        let archive = Archive::open(&octets).unwrap();
        assert_eq!(archive.oddities().len(), 3, "{:?}", archive.oddities());
    }

    #[test]
    fn two_entries_of_one_name_are_told() {
        let mut octets = archive(&[("aaaa", b"x"), ("bbbb", b"y")]);
        for at in 0..octets.len() - 4 {
            if &octets[at..at + 4] == b"bbbb" {
                octets[at..at + 4].copy_from_slice(b"aaaa");
            }
        }
        let archive = Archive::open(&octets).unwrap();
        assert!(archive.oddities()[0].contains("same name"), "{:?}", archive.oddities());
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(damage in proptest::collection::vec((0_usize..400, any::<u8>()), 1..6)) {
            let mut octets = archive(&[("a.txt", b"some text some text some text"), ("b/c.txt", &[7; 100])]);
            for (at, octet) in damage {
                let at = at.checked_rem(octets.len()).unwrap();
                octets[at] = octet;
            }
            if let Ok(mut archive) = Archive::open(&octets) {
                for index in 0..archive.names().len() {
                    let _ = archive.read(index, 1 << 16);
                }
            }
        }
    }
}
