//! A temporary folder that is removed when it is no longer needed.

use std::path::{Path, PathBuf};

use super::super::DemoError;

/// A folder of our own; it is removed with all it holds when this is dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a folder with a random name below the system's folder for temporary files, for this user only.
    pub(super) fn create() -> Result<Self, DemoError> {
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| DemoError::NoRandomness)?;
        let path = std::env::temp_dir().join(format!("pinstead-demo-{:016x}", u64::from_be_bytes(random)));
        create_private(&path).map_err(|source| DemoError::File { path: path.clone(), source })?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, DemoError> {
        let path = self.0.join(name);
        match std::fs::write(&path, content) {
            Ok(()) => Ok(path),
            Err(source) => Err(DemoError::File { path, source }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing is left to do where even this fails.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Fails where anything of that name exists already.
#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

/// Fails where anything of that name exists already.
#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().create(path)
}
