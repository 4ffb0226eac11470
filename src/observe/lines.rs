//! Reading a list line by line, however long it is: never more than one line is held.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};

/// The longest line that is read; no name, URL or path of a target is longer.
const LONGEST: u64 = 4096;

/// The lines of a list, without comments (`#`) and blanks around them; empty ones are left out.
pub struct Lines {
    source: Box<dyn BufRead + Send>,
    number: u64,
    octets: u64,
    length: Option<u64>,
}

/// One line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// What it says, or why it cannot be read.
    pub text: Result<String, LineError>,
}

/// Why a line cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is longer than any target.
    #[error("the line is longer than {LONGEST} octets")]
    TooLong,
    /// It is no UTF-8.
    #[error("the line is no UTF-8 text")]
    NotText,
}

impl Lines {
    /// The lines of a file; `-` is standard input.
    pub fn open(path: &str) -> io::Result<Self> {
        if path == "-" {
            return Ok(Self::of(Box::new(BufReader::new(io::stdin())), None));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::other("it is a directory, not a file"));
        }
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self::of(Box::new(BufReader::new(file)), length))
    }

    fn of(source: Box<dyn BufRead + Send>, length: Option<u64>) -> Self {
        Self { source, number: 0, octets: 0, length }
    }

    /// How many octets there are in all, where that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How many octets were read so far.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    fn read(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Vec::new();
            let limit = LONGEST.saturating_add(1);
            let read = self.source.by_ref().take(limit).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number = self.number.saturating_add(1);
            self.advance(read);
            let ends = line.last() == Some(&b'\n');
            if !ends && u64::try_from(line.len()).unwrap_or(u64::MAX) > LONGEST {
                let skipped = self.source.skip_until(b'\n')?;
                self.advance(skipped);
                return Ok(Some(Line { number: self.number, text: Err(LineError::TooLong) }));
            }
            let text = match str::from_utf8(&line) {
                Err(_) => Err(LineError::NotText),
                Ok(text) => match said(text) {
                    "" => continue,
                    said => Ok(said.to_owned()),
                },
            };
            return Ok(Some(Line { number: self.number, text }));
        }
    }

    fn advance(&mut self, octets: usize) {
        self.octets = self.octets.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
    }
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// What a line says beside its comment, which begins at its start or after a blank.
fn said(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}');
    let is_comment = |(at, _): &(usize, &str)| {
        line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
    };
    let end = line.match_indices('#').find(is_comment).map_or(line.len(), |(at, _)| at);
    line.get(..end).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static [u8]) -> Vec<(u64, Result<String, LineError>)> {
        let lines = Lines::of(Box::new(text), None);
        lines.map(|line| line.unwrap()).map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn only_what_says_something_is_a_line() {
        let read = lines(b"# names\n a.example \r\n\n\tb.example # the other\nc.example");
        let said = |text: &str| Ok(text.to_owned());
        assert_eq!(read, [(2, said("a.example")), (4, said("b.example")), (5, said("c.example"))]);
        assert!(lines(b"").is_empty() && lines(b"#\n").is_empty());
        // No comment, and no name either: the line is told as what it is.
        assert_eq!(lines("\u{feff}foo#bar.example\n".as_bytes()), [(1, said("foo#bar.example"))]);
    }

    #[test]
    fn what_cannot_be_read_harms_no_other_line() {
        let mut text = vec![b'x'; 10_000];
        text.extend(b"\na.example\n\xff\nb.example\n");
        let read = lines(text.leak());
        assert_eq!(read[0], (1, Err(LineError::TooLong)));
        assert_eq!(read[1].1.as_deref(), Ok("a.example"));
        assert_eq!(read[2], (3, Err(LineError::NotText)));
        assert_eq!(read[3], (4, Ok("b.example".to_owned())));
    }

    #[test]
    fn octets_are_counted_to_the_end() {
        let mut lines = Lines::of(Box::new(&b"a.example\n# b\nc\n"[..]), Some(16));
        assert_eq!(lines.by_ref().count(), 2);
        assert_eq!((lines.octets(), lines.length()), (16, Some(16)));
    }
}
