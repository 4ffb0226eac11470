//! Where a long report goes while it is made.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::options::ReportWriter;
use crate::observe::files::FileIdentity;

/// How many octets are gathered before they are written.
const BUFFER: usize = 256 << 10;

/// Keeps other runs off a file for as long as it is open: what two write at once is neither's.
pub(super) fn lock(file: &File, path: &Path) -> anyhow::Result<()> {
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("another run is writing {}", path.display()),
        // A file system without locks is no reason to go without a report.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("locking {}", path.display()));
        }
    }
    // Between opening and locking another run may have put a new file in its place.
    if FileIdentity::of_open(file, path) != FileIdentity::of(path) {
        bail!("another run is writing {}", path.display());
    }
    Ok(())
}

/// A report that is written as it comes; a file may be gone on with later.
pub(super) struct Sink {
    to: BufWriter<Box<dyn Write + Send>>,
    name: String,
    gone: bool,
}

impl Sink {
    /// Standard output; styles stay only where they are shown.
    pub(super) fn stdout(styled: bool) -> Self {
        let to: Box<dyn Write + Send> =
            if styled { Box::new(anstream::stdout()) } else { Box::new(io::stdout()) };
        Self::new(to, "standard output".to_owned())
    }

    /// A new file, or one that is written anew.
    pub(super) fn create(path: &Path, styled: bool) -> anyhow::Result<Self> {
        let creating = || format!("creating {}", path.display());
        let file = OpenOptions::new().append(true).create(true).open(path).with_context(creating)?;
        if file.metadata().with_context(creating)?.is_file() {
            lock(&file, path)?;
            file.set_len(0).with_context(creating)?;
        }
        let to: Box<dyn Write + Send> =
            if styled { Box::new(anstream::StripStream::new(file)) } else { Box::new(file) };
        Ok(Self::new(to, path.display().to_string()))
    }

    /// A file that is there, behind what it holds.
    pub(super) fn append(path: &Path, file: File) -> Self {
        Self::new(Box::new(file), path.display().to_string())
    }

    fn new(to: Box<dyn Write + Send>, name: String) -> Self {
        Self { to: BufWriter::with_capacity(BUFFER, to), name, gone: false }
    }

    /// Writes the next piece. A reader that went away wants no more.
    pub(super) fn write(&mut self, text: &[u8]) -> anyhow::Result<()> {
        let written = self.to.write_all(text);
        self.settle(written)
    }

    /// Hands out what was gathered.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        let written = self.to.flush();
        self.settle(written)
    }

    /// Whether nobody reads any more.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    fn settle(&mut self, written: io::Result<()>) -> anyhow::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            written => written.with_context(|| format!("writing {}", self.name)),
        }
    }
}

/// Where the report goes.
pub(super) enum Writer {
    /// A report that is put in its place when it is whole, or goes to standard output.
    Report(ReportWriter),
    /// Lines in a file, each there as soon as it is written.
    Lines(Sink),
}

impl Writer {
    /// Writes the next piece.
    pub(super) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Report(writer) => writer.write(text),
            Self::Lines(sink) => {
                sink.write(text.as_bytes())?;
                sink.flush()
            }
        }
    }

    /// Ends it.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Report(writer) => writer.finish(),
            Self::Lines(mut sink) => sink.flush(),
        }
    }
}
