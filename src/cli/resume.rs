//! Files of JSON lines that an interrupted run left, taken up by the next one.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::iter;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::options::{Form, OutputOptions, Plain};
use super::sink::lock;
use crate::evidence::{Inputs, Request};
use crate::observe::files;

/// Up to how many octets of a line are held. A longer one is read where it stands, and only what is wanted of it is held: a
/// line may have any length, for what is written of a target has no bound of its own.
const HELD: u64 = 1 << 20;

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

/// Tells of lines that count no more, each of one such thing.
pub(super) fn uncounted(lines: usize, of_one: &str, of_several: &str) -> String {
    if lines == 1 {
        return format!("1 line is of {of_one}: it stays, and counts neither here nor for the exit code");
    }
    format!("{lines} lines are of {of_several}: they stay, and count neither here nor for the exit code")
}

/// What is asked, hashed: in words, and as it is written out. When files were read is no part of it, for that is another time
/// in the run that goes on; what they hold is.
pub(super) fn digest(
    words: &str,
    (request, inputs): (&Request, &Inputs),
    baseline: Option<&impl Serialize>,
) -> anyhow::Result<String> {
    let mut inputs = Cow::Borrowed(inputs);
    if inputs.certificates.is_some()
        && let Some(files) = &mut inputs.to_mut().certificates
    {
        files.asked_at = Timestamp::UNIX_EPOCH;
    }
    let mut hasher = Hashing(Sha256::new());
    hasher.0.update(words);
    serde_json::to_writer(&mut hasher, &(request, &inputs, baseline)).context("hashing what is asked")?;
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

/// The text of a whole line.
pub(super) enum Text<'t> {
    /// All of it.
    Held(&'t [u8]),
    /// It is read where it stands.
    Read(&'t mut dyn Read),
}

impl Text<'_> {
    /// What is wanted of the line, which is JSON.
    pub(super) fn json<T: DeserializeOwned>(self) -> serde_json::Result<T> {
        match self {
            Self::Held(text) => serde_json::from_slice(text),
            Self::Read(text) => serde_json::from_reader(text),
        }
    }
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
    mut line: impl FnMut(u64, Text<'_>) -> anyhow::Result<Line>,
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
        reader.by_ref().take(HELD).read_until(b'\n', &mut text).with_context(in_file)?;
        let is_held = text.last() == Some(&b'\n');
        // Only what this command began to write is read on, or cut off.
        if !is_held && !begin.iter().zip(&text).all(|(one, other)| one == other) {
            bail!("{}: line {number} is no line of this command", path.display());
        }
        let held = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let Some(rest) = (if is_held { Some(0) } else { rest_of_line(&mut reader).with_context(in_file)? })
        else {
            found.was_torn = !text.is_empty();
            break;
        };
        let length = held.saturating_add(rest);
        let becomes = if is_held {
            line(number, Text::Held(&text))?
        } else {
            reader.seek(SeekFrom::Start(whole)).with_context(in_file)?;
            let becomes = line(number, Text::Read(&mut reader.by_ref().take(length)))?;
            reader.seek(SeekFrom::Start(whole.saturating_add(length))).with_context(in_file)?;
            becomes
        };
        let end = whole.saturating_add(length);
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

/// How many octets are left of a line, its end included; `None` where it has no end.
fn rest_of_line(reader: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = 0_u64;
    loop {
        let text = reader.fill_buf()?;
        if text.is_empty() {
            return Ok(None);
        }
        let end = text.iter().position(|octet| *octet == b'\n').map(|at| at.saturating_add(1));
        let read = end.unwrap_or(text.len());
        reader.consume(read);
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if end.is_some() {
            return Ok(Some(length));
        }
    }
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::evidence::Bytes;
    use crate::evidence::file::{FileContent, InputFile};
    use crate::evidence::issuance::{IssuanceSource, Told};

    #[derive(Deserialize)]
    struct Name {
        name: String,
    }

    const BEGIN: &[u8] = br#"{"name":""#;

    /// A run that goes on reads its files later: the same is asked. Other files, or another place, ask something else.
    #[test]
    fn when_files_were_read_is_no_part_of_what_is_asked() {
        let asked = |at: i64, name: &str, content: &[u8]| {
            let file = InputFile {
                path: name.to_owned(),
                content: FileContent::Read(Bytes(content.to_vec())),
                folder: None,
            };
            let source = IssuanceSource {
                asked_at: Timestamp::from_second(at).unwrap(),
                place: name.to_owned(),
                broken_off: None,
                told: Told::Files(vec![file]),
            };
            let inputs = Inputs { certificates: Some(source), ..Inputs::default() };
            digest("", (&Request::default(), &inputs), None::<&String>).unwrap()
        };
        let first = asked(1, "a.pem", b"one");
        assert_eq!(first, asked(2, "a.pem", b"one"));
        assert_ne!(first, asked(1, "a.pem", b"two"));
        assert_ne!(first, asked(1, "b.pem", b"one"));
        let none = digest("", (&Request::default(), &Inputs::default()), None::<&String>).unwrap();
        assert_ne!(first, none);
    }

    /// The names of the lines, and what is left of the file.
    fn names(content: &str) -> (anyhow::Result<(Vec<String>, Found)>, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        fs::write(&path, content).unwrap();
        let mut names = Vec::new();
        let found = take_up(&path, BEGIN, |_, text| {
            let line: Name = text.json()?;
            let becomes = if line.name == "goes" { Line::Goes } else { Line::Stays };
            names.push(line.name);
            Ok(becomes)
        });
        (found.map(|(found, _)| (names, found)), fs::read_to_string(&path).unwrap())
    }

    fn line(name: &str, octets: u64) -> String {
        let filling = "x".repeat(usize::try_from(octets).unwrap());
        format!("{{\"name\":\"{name}\",\"filling\":[\"{filling}\"]}}\n")
    }

    /// What a target fills has no bound, and whatever was written is read back, with all lines beside it.
    #[test]
    fn a_line_of_any_length_is_read_back_among_the_others() {
        for octets in [0, HELD - 40, HELD - 30, HELD - 20, HELD - 10, HELD, 20 << 20] {
            let (before, long, after) = (line("a", 1), line("long", octets), line("b", 1));
            let (read, left) = names(&format!("{before}{long}{after}"));
            let (read, found) = read.unwrap();
            assert_eq!((read.join(" ").as_str(), found), ("a long b", Found::default()), "{octets}");
            assert!(left == format!("{before}{long}{after}"), "{octets}");
            // The same where it goes, and where it was torn.
            let gone = line("goes", octets);
            let (read, left) = names(&format!("{before}{gone}{after}{}", &long[..long.len() - 1]));
            let (read, found) = read.unwrap();
            assert_eq!((read.len(), found), (3, Found { gone: 1, was_torn: true }), "{octets}");
            assert!(left == format!("{before}{after}"), "{octets}");
        }
    }

    #[test]
    fn what_is_no_line_of_the_command_is_left_alone_however_long_it_is() {
        let notes = "important notes ".repeat(200_000);
        let broken = line("a", 2 * HELD).replacen(":[", ":]", 1);
        for content in [notes.clone(), format!("{}{notes}", line("a", 1)), broken] {
            let (read, left) = names(&content);
            assert!(read.is_err() && left == content, "{:?}", read.map(|(names, _)| names));
        }
    }
}
