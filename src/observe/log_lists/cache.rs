//! The folder in which log lists are kept: one file a programme, replaced as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;

use crate::ct::log_list::{MAX_LIST_OCTETS, Program};
use crate::evidence::file::InputFile;
use crate::observe::files;

/// The largest file that is read: a list and its signature as base64, and what stands beside them.
const MAX_KEPT_OCTETS: u64 = (MAX_LIST_OCTETS as u64 / 3 + 1) * 4 + (64 << 10);

/// How often the lock is tried, and the pause between two tries.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// The folder.
#[derive(Clone, Debug)]
pub struct ListCache {
    folder: PathBuf,
}

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The system does not say where the user's caches are.
    #[error("this user has no cache folder; name one with --cache-dir")]
    NoFolder,
    /// A file or folder could not be used.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
    /// Another update holds the lock.
    #[error("another update has held {} for {} seconds", .0.display(), (LOCK_PAUSE * LOCK_TRIES).as_secs())]
    Locked(PathBuf),
}

impl ListCache {
    /// In the user's cache folder: `$XDG_CACHE_HOME` or `~/.cache`, and what other systems have for it.
    pub fn of_user() -> Result<Self, CacheError> {
        let base = etcetera::base_strategy::choose_base_strategy().map_err(|_| CacheError::NoFolder)?;
        Ok(Self::in_folder(&base.cache_dir().join("pinstead")))
    }

    /// In a folder of the user's choice.
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: folder.join("log-lists") }
    }

    /// The file of a programme.
    pub fn file(&self, program: Program) -> PathBuf {
        self.folder.join(format!("{}.json", program.name()))
    }

    /// What is kept for a programme; `None` where nothing is.
    pub fn read(&self, program: Program) -> Option<InputFile> {
        let path = self.file(program);
        match fs::symlink_metadata(&path) {
            Err(error) if is_absence(&error) => None,
            // What is there and cannot be read is said to be so.
            _ => Some(files::read(&path.to_string_lossy(), MAX_KEPT_OCTETS)),
        }
    }

    /// Everything that is kept.
    pub fn read_all(&self) -> Vec<InputFile> {
        Program::ALL.into_iter().filter_map(|program| self.read(program)).collect()
    }

    /// Takes the lock, so that two updates do not undo one another: each looks at what is kept and replaces it
    /// under the lock. It is given back when dropped, also by a crash.
    pub fn lock(&self) -> Result<LockedCache<'_>, CacheError> {
        create_folder(&self.folder).map_err(|error| CacheError::Io { path: self.folder.clone(), error })?;
        let path = self.folder.join("lock");
        let failed = |error| CacheError::Io { path: path.clone(), error };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(LockedCache { cache: self, _lock: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        Err(CacheError::Locked(path))
    }
}

/// Nothing is there; a folder that is a file is no cache either, and is told when one is to be kept in it.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The cache while nobody else replaces what is in it.
#[derive(Debug)]
pub struct LockedCache<'a> {
    cache: &'a ListCache,
    _lock: File,
}

impl LockedCache<'_> {
    /// Replaces what is kept for a programme, whole or not at all: written beside its place, brought to the disk,
    /// then moved into it.
    pub fn replace(&self, program: Program, octets: &[u8]) -> Result<PathBuf, CacheError> {
        let path = self.cache.file(program);
        let beside = path.with_extension("json.part");
        let written = File::create(&beside)
            .and_then(|mut file| {
                file.write_all(octets)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &path))
            .and_then(|()| sync_folder(&self.cache.folder));
        match written {
            Ok(()) => Ok(path),
            Err(error) => Err(CacheError::Io { path, error }),
        }
    }
}

/// Only the user has to do with a cache (XDG Base Directory Specification, “Referencing this specification”).
#[cfg(unix)]
fn create_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// A move lasts once the folder is on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ListCache::in_folder(folder.path());
        assert!(cache.read(Program::Chrome).is_none());
        let lock = cache.lock().unwrap();
        for octets in [b"first".as_slice(), b"2nd"] {
            let path = lock.replace(Program::Chrome, octets).unwrap();
            assert_eq!(fs::read(path).unwrap(), octets);
        }
        assert_eq!(cache.read_all().len(), 1);
        assert_eq!(cache.read(Program::Chrome).unwrap().octets(), Ok(&b"2nd"[..]));
        let left: Vec<_> = fs::read_dir(folder.path().join("log-lists")).unwrap().collect();
        assert_eq!(left.len(), 2, "the list and the lock, and nothing half written");
    }

    #[test]
    fn one_update_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ListCache::in_folder(folder.path());
        let lock = cache.lock().unwrap();
        let other = cache.clone();
        let waiting = std::thread::spawn(move || other.lock().is_ok());
        std::thread::sleep(LOCK_PAUSE);
        assert!(!waiting.is_finished());
        drop(lock);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn what_is_there_and_no_file_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ListCache::in_folder(folder.path());
        fs::create_dir_all(cache.file(Program::Apple)).unwrap();
        assert!(cache.read(Program::Apple).unwrap().octets().is_err());
        fs::remove_dir_all(folder.path().join("log-lists")).unwrap();
        fs::write(folder.path().join("log-lists"), b"a file").unwrap();
        assert!(cache.read_all().is_empty());
        assert!(cache.lock().is_err());
    }
}
