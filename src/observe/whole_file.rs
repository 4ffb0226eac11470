//! Files that are kept between runs: replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes beside the file, down to the disk, and then into its place. The folder is made where it is not there.
pub(super) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Each process writes a file of its own, so that two runs do not mix theirs.
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    let written = File::create(&beside).and_then(|mut file| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        // What is left over is of no use, and the first failure is the one to tell.
        let _ = fs::remove_file(&beside);
    }
    moved
}
