//! The entries of a zip archive of unknown origin: read into memory within bounds, never written anywhere.

#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::read::ZipReadOptions;

/// The most entries of one archive.
const MOST_ENTRIES: usize = 100_000;
/// The longest entry, unpacked.
const LONGEST_ENTRY: u64 = 256 << 20;
/// The most octets that are unpacked from one package and those inside it together.
pub(super) const MOST_UNPACKED: u64 = 1 << 30;

/// An archive.
pub(super) struct Entries<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    /// How many octets may still be unpacked.
    room: u64,
    /// Entries whose paths lead out of the package.
    outside: usize,
}

impl<'a> Entries<'a> {
    /// Opens an archive; the error says why it is not read.
    pub(super) fn open(octets: &'a [u8], room: u64) -> Result<Self, String> {
        let unreadable = |error| format!("the archive cannot be read: {error}");
        if declared(octets) > MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} entries"));
        }
        let mut archive = ZipArchive::new(Cursor::new(octets)).map_err(unreadable)?;
        if archive.len() > MOST_ENTRIES {
            return Err(format!("it has more than {MOST_ENTRIES} entries"));
        }
        if archive.has_duplicate_names() {
            return Err("two of its entries have the same name, and tools differ in which one they take; Android does \
                not install it"
                .to_owned());
        }
        if archive.has_overlapping_files().map_err(unreadable)? {
            return Err("its entries overlap: the same octets stand for several files".to_owned());
        }
        let mut names = Vec::new();
        let mut outside: usize = 0;
        for raw in archive.file_names_raw() {
            let name = String::from_utf8_lossy(raw).into_owned();
            if leaves(&name) {
                outside = outside.saturating_add(1);
            }
            names.push(name);
        }
        Ok(Self { archive, names, room, outside })
    }

    /// The names of all entries, in the order of the archive.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many entries have a path that leads out of the package. They are not read.
    pub(super) fn outside(&self) -> usize {
        self.outside
    }

    /// How many octets may still be unpacked.
    pub(super) fn room(&self) -> u64 {
        self.room
    }

    /// Takes over how many octets a package inside left to unpack.
    pub(super) fn leave(&mut self, room: u64) {
        self.room = self.room.min(room);
    }

    /// Whether there is an entry of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(name).is_some()
    }

    /// An entry, unpacked.
    pub(super) fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.read_within(name, LONGEST_ENTRY)
    }

    /// An entry of at most this many octets, unpacked.
    pub(super) fn read_within(&mut self, name: &str, longest: u64) -> Result<Vec<u8>, String> {
        let index = self.archive.index_for_name(name).filter(|_| !leaves(name)).ok_or("it is not there")?;
        // Android looks neither at the flag that calls an entry encrypted nor at its checksum; nor does this.
        let options = ZipReadOptions::new().ignore_encryption_flag(true).ignore_crc32(true);
        let file = self.archive.by_index_with_options(index, options).map_err(|error| error.to_string())?;
        let most = longest.min(self.room);
        let mut octets = Vec::new();
        let read =
            file.take(most.saturating_add(1)).read_to_end(&mut octets).map_err(|error| error.to_string());
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.room = self.room.saturating_sub(length);
        read?;
        if length > most {
            return Err(format!("it unpacks to more than {} KiB", most >> 10));
        }
        Ok(octets)
    }
}

/// Whether a path leads out of the package, or would where it is unpacked on some system.
fn leaves(name: &str) -> bool {
    name.starts_with('/')
        || name.contains(['\\', '\0'])
        || name.split('/').any(|part| part == ".." || part.ends_with(':'))
}

/// The number of entries that the archive's last directory record declares.
fn declared(octets: &[u8]) -> usize {
    const RECORD: usize = 22;
    const LONGEST_COMMENT: usize = 65_535;
    let from = octets.len().saturating_sub(LONGEST_COMMENT.saturating_add(RECORD));
    let tail = octets.get(from..).unwrap_or_default();
    let record = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let count =
        record.and_then(|at| tail.get(at.checked_add(10)?..)).and_then(|rest| rest.first_chunk::<2>());
    count.map_or(0, |count| usize::from(u16::from_le_bytes(*count)))
}
