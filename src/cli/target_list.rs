//! Lists of targets: one a line, `#` begins a comment, `-` is standard input.

use anyhow::{Context as _, bail};

use crate::observe::files;

/// The largest list that is read, in octets.
const MAX_LIST: u64 = 64 << 20;

/// A line of a list that names something.
pub(super) struct Listed {
    /// The line's number, from 1.
    pub(super) line: usize,
    /// What it names.
    pub(super) text: String,
}

/// Reads a list.
///
/// # Errors
///
/// It cannot be read, is not UTF-8, or names nothing.
pub(super) fn read(path: &str) -> anyhow::Result<Vec<Listed>> {
    let file = files::read(path, MAX_LIST);
    let octets = file.octets().map_err(|why| anyhow::anyhow!("{path}: {why}"))?;
    let text = std::str::from_utf8(octets).with_context(|| format!("{path} is not UTF-8 text"))?;
    // Editors of Windows begin a file with a mark (U+FEFF).
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    let named: Vec<Listed> = lines
        .map(|(line, number)| (line.split('#').next().unwrap_or_default().trim(), number))
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, line)| Listed { line, text: text.to_owned() })
        .collect();
    if named.is_empty() {
        bail!("{path} names no target");
    }
    Ok(named)
}
