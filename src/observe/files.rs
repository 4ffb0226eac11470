//! Reading the files a user named, within bounds.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use crate::evidence::Bytes;
use crate::evidence::file::{FileContent, InputFile};

/// How long a named pipe may take.
const PIPE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long it may take until somebody writes to a named pipe.
const PIPE_OPENING: Duration = Duration::from_secs(3);

/// Reads a file of at most `limit` octets; `-` is standard input.
///
/// A longer file is refused before more than `limit` octets are held. A device or pipe that never ends is
/// refused the same way, or, where it is no regular file and no pipe, at once. A file that cannot be read is
/// evidence too: what failed stands in the result.
pub fn read(path: &str, limit: u64) -> InputFile {
    let octets =
        if path == "-" { read_at_most(io::stdin().lock(), limit) } else { read_path(Path::new(path), limit) };
    let content = match octets {
        Ok(octets) => FileContent::Read(Bytes(octets)),
        Err(error) => FileContent::Failed(error.to_string()),
    };
    InputFile { path: path.to_owned(), content, folder: None }
}

/// The working directory, which relative paths are of; `None` where it is not known, or no text.
pub fn working_directory() -> Option<String> {
    std::env::current_dir().ok()?.into_os_string().into_string().ok()
}

/// Whether a file of this name is there; a directory is none.
pub fn exists(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir())
}

/// Whether a file is there that somebody may run.
pub fn may_be_run(path: &std::path::Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| {
        #[cfg(unix)]
        let is_allowed = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let is_allowed = true;
        metadata.is_file() && is_allowed
    })
}

/// The first octets of a regular file.
pub fn beginning(path: &str, octets: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    if fs::metadata(path)?.is_file() {
        File::open(path)?.take(octets).read_to_end(&mut head)?;
    }
    Ok(head)
}

/// A file that is there, however it is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

impl FileIdentity {
    /// The regular file of this name; `None` for a name that is free, and for what cannot be overwritten: a device, a
    /// pipe.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Self::read(path, &metadata)
    }

    /// The file that is open.
    pub fn of_open(file: &File, path: &Path) -> Option<Self> {
        Self::read(path, &file.metadata().ok()?)
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
    fn read(_: &Path, metadata: &fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self((metadata.dev(), metadata.ino())))
    }

    #[cfg(not(unix))]
    fn read(path: &Path, _: &fs::Metadata) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }
}

/// Writes a file whole or not at all: beside its place first, then into it. A device or pipe is written to as it is.
pub fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    match beside(path) {
        None => fs::write(path, octets),
        Some(part) => {
            let written = fs::write(&part, octets).and_then(|()| fs::rename(&part, path));
            if written.is_err() {
                // The failure is told; a part that could not be written either is no loss.
                let _ = fs::remove_file(&part);
            }
            written
        }
    }
}

/// Writes a file like [`write()`], for its owner alone to read: what it holds may be nobody else's to see.
pub fn write_private(path: &Path, octets: &[u8]) -> io::Result<()> {
    let Some(part) = beside(path) else { return fs::write(path, octets) };
    let written = write_as_owner(&part, octets).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_as_owner(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // One that was left over keeps the rights it had.
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    file.write_all(octets)
}

/// Where a file stands until it is whole, for this process alone; `None` for a device or a pipe, which is written to
/// as it is.
pub fn beside(path: &Path) -> Option<PathBuf> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return None;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    Some(beside.into())
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("it is a directory, not a file")]
    Directory,
    #[error("it is a device, not a file")]
    Device,
    #[error("it is longer than the {limit} octets that are read")]
    TooLong { limit: u64 },
    #[error("it is a pipe that did not end within {} seconds", PIPE_TIMEOUT.as_secs())]
    Stalled,
    #[error("it is a pipe that nobody opened to write to it within {} seconds", PIPE_OPENING.as_secs())]
    NoWriter,
    #[error("{0}")]
    Io(#[from] io::Error),
}

fn read_path(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory);
    }
    if is_device(&metadata) {
        return Err(ReadError::Device);
    }
    if metadata.is_file() && metadata.len() > limit {
        return Err(ReadError::TooLong { limit });
    }
    if metadata.is_file() {
        let expected = usize::try_from(metadata.len().saturating_add(1)).unwrap_or_default();
        return read_into(Vec::with_capacity(expected), File::open(path)?, limit);
    }
    read_pipe(path.to_owned(), limit)
}

/// Reads a pipe. Both opening and reading one may wait for ever for its writer, so that the waiting is done
/// apart; a thread that is still waiting ends with the program.
fn read_pipe(path: PathBuf, limit: u64) -> Result<Vec<u8>, ReadError> {
    let (sender, receiver) = mpsc::sync_channel(2);
    std::thread::spawn(move || {
        let opened = File::open(path);
        // Nobody listens any more after the time-out.
        let _ = sender.send(None);
        let read = opened.map_err(ReadError::from).and_then(|pipe| read_at_most(pipe, limit));
        let _ = sender.send(Some(read));
    });
    if receiver.recv_timeout(PIPE_OPENING).is_err() {
        return Err(ReadError::NoWriter);
    }
    receiver.recv_timeout(PIPE_TIMEOUT).ok().flatten().unwrap_or(Err(ReadError::Stalled))
}

/// Whether this is a device or a socket, which may never end or never answer. A pipe is none: `<(command)` of a
/// shell is one.
#[cfg(unix)]
fn is_device(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device() || kind.is_socket()
}

#[cfg(not(unix))]
fn is_device(_: &fs::Metadata) -> bool {
    false
}

fn read_at_most(source: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    read_into(Vec::new(), source, limit)
}

/// Reads into a buffer that is empty; one with room for everything saves many small reads.
fn read_into(mut octets: Vec<u8>, source: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let read = source.take(limit.saturating_add(1)).read_to_end(&mut octets)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > limit {
        Err(ReadError::TooLong { limit })
    } else {
        Ok(octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(path: &str, limit: u64) -> String {
        match read(path, limit).content {
            FileContent::Failed(why) => why,
            read => panic!("{path} was read: {read:?}"),
        }
    }

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"12345678").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(read(path, 8).octets(), Ok(&b"12345678"[..]));
        assert!(failure(path, 7).contains("longer than the 7 octets"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_the_same_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("one"), "").unwrap();
        fs::write(at("other"), "").unwrap();
        fs::hard_link(at("one"), at("linked")).unwrap();
        std::os::unix::fs::symlink(at("one"), at("symbolic")).unwrap();
        let one = FileIdentity::of(&at("one"));
        assert!(one.is_some());
        for name in ["linked", "symbolic", "./one"] {
            assert_eq!(FileIdentity::of(&at(name)), one, "{name}");
        }
        assert_ne!(FileIdentity::of(&at("other")), one);
        assert!(
            FileIdentity::of(&at("none")).is_none() && FileIdentity::of(Path::new("/dev/null")).is_none()
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_private_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"after").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_is_said() {
        let directory = tempfile::tempdir().unwrap();
        assert!(failure(directory.path().to_str().unwrap(), 8).contains("directory"));
        assert!(failure(directory.path().join("none").to_str().unwrap(), 8).contains("No such file"));
        assert!(failure("", 8).contains("No such file"));
        assert!(!failure("nul\0inside", 8).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let made = |name: &str| {
            let path = folder.path().join(name).to_str().unwrap().to_owned();
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        assert!(failure(&made("silent"), 8).contains("nobody opened"));
        let path = made("written");
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, "12345678").unwrap()
        });
        assert_eq!(read(&path, 8).octets(), Ok(&b"12345678"[..]));
        writer.join().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn endless_sources_are_refused() {
        assert!(failure("/dev/zero", 8).contains("device"));
        assert!(matches!(read_at_most(io::repeat(1), 1000), Err(ReadError::TooLong { limit: 1000 })));
    }
}
