//! Files of JSON lines that an interrupted run left, taken up by the next one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::iter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::options::{Form, OutputOptions, Plain};
use super::sink::lock;
use crate::observe::files;

/// The longest line that is read back, in octets.
const LONGEST: u64 = 16 << 20;

/// The file that `--resume` goes on with, if it is given: with a name, or with that of `--output`.
///
/// # Errors
///
/// No file is named, or two, or the report has another form than lines.
pub(super) fn file_of<'o>(
    resume: Option<&'o Option<PathBuf>>,
    output: &'o OutputOptions,
) -> anyhow::Result<Option<&'o Path>> {
    let Some(named) = resume else { return Ok(None) };
    if output.format.form() != Form::Plain(Plain::Jsonl) {
        bail!("--resume goes on with lines of JSON: it needs --format jsonl");
    }
    match (named, &output.output) {
        (Some(named), Some(output)) if named != output => bail!(
            "--resume {} goes on with that file, and --output names {}: name one",
            named.display(),
            output.display()
        ),
        (Some(file), _) | (None, Some(file)) => Ok(Some(file)),
        (None, None) => bail!("--resume names no file to go on with: give it one, or --output FILE"),
    }
}

/// What is asked, hashed: in words, and as it is written out.
pub(super) fn digest(words: &str, written: &impl Serialize) -> anyhow::Result<String> {
    let mut hasher = Hashing(Sha256::new());
    hasher.0.update(words);
    serde_json::to_writer(&mut hasher, written).context("hashing what is asked")?;
    let digest: [u8; 32] = hasher.0.finalize().into();
    let eight = digest.first_chunk().map_or(0, |octets| u64::from_be_bytes(*octets));
    Ok(format!("{eight:016x}"))
}

/// Hashes what is written.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.update(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It counts.
    Stays,
    /// It is taken out: what it is about is done again.
    Goes,
}

/// What was found in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// How many lines were taken out.
    pub(super) gone: u64,
    /// Whether the last line was not whole, and was cut off.
    pub(super) was_torn: bool,
}

/// Reads the whole lines of a file, takes out those that go and a last one that is not whole, and gives the file, ready
/// to be written on. Every line of the command begins with `begin`: nothing else is ever cut off.
pub(super) fn take_up(
    path: &Path,
    begin: &[u8],
    mut line: impl FnMut(u64, &[u8]) -> anyhow::Result<Line>,
) -> anyhow::Result<(Found, File)> {
    let in_file = || format!("going on with {}", path.display());
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).open(path).with_context(in_file)?;
    if !file.metadata().with_context(in_file)?.is_file() {
        bail!("{} is no file: --resume reads back what it holds", path.display());
    }
    lock(&file, path)?;
    let mut found = Found::default();
    let mut whole = 0_u64;
    let mut gone: Vec<Range<u64>> = Vec::new();
    let mut reader = BufReader::new(&mut file);
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut text).with_context(in_file)?;
        if text.last() != Some(&b'\n') {
            // Only what this command began to write is cut off.
            let is_ours = begin.iter().zip(&text).all(|(one, other)| one == other);
            if !is_ours || u64::try_from(read).is_ok_and(|read| read >= LONGEST) {
                bail!("{}: line {number} is no line of this command", path.display());
            }
            found.was_torn = !text.is_empty();
            break;
        }
        let becomes = line(number, &text)?;
        let end = whole.saturating_add(u64::try_from(read).unwrap_or_default());
        if becomes == Line::Goes {
            found.gone = found.gone.saturating_add(1);
            match gone.last_mut() {
                Some(last) if last.end == whole => last.end = end,
                _ => gone.push(whole..end),
            }
        }
        whole = end;
    }
    drop(reader);
    if gone.is_empty() {
        file.set_len(whole).with_context(in_file)?;
    } else {
        file = without(&mut file, path, &gone, whole).with_context(in_file)?;
    }
    Ok((found, file))
}

/// Puts a file in the place of this one that has its first `whole` octets but for those that are to go. Until then the
/// old one stays as it is, whatever happens.
fn without(file: &mut File, path: &Path, gone: &[Range<u64>], whole: u64) -> io::Result<File> {
    // What is in the place of a link is to stay there.
    let path = fs::canonicalize(path)?;
    let part = files::beside(&path).ok_or_else(|| io::Error::other("it is no file"))?;
    // One that an earlier process left behind, of the same number.
    let _ = fs::remove_file(&part);
    let written = (|| {
        let mut new = OpenOptions::new().read(true).append(true).create_new(true).open(&part)?;
        new.set_permissions(file.metadata()?.permissions())?;
        lock(&new, &part).map_err(io::Error::other)?;
        let mut begin = 0;
        for next in gone.iter().cloned().chain(iter::once(whole..whole)) {
            file.seek(SeekFrom::Start(begin))?;
            io::copy(&mut file.by_ref().take(next.start.saturating_sub(begin)), &mut new)?;
            begin = next.end;
        }
        new.sync_all()?;
        fs::rename(&part, &path)?;
        Ok(new)
    })();
    if written.is_err() {
        // What went wrong is told, and the part is of no use.
        let _ = fs::remove_file(&part);
    }
    written
}
