//! The last verified tree head of each log, kept between runs: what shows that a log's tree only grows.
//!
//! One file a log, in the user's cache folder or another one: the JSON of `get-sth` with the log's id. Whether it can
//! be used, its signature included, is judged anew in every run.

use std::fs;
use std::io;
use std::path::PathBuf;

use etcetera::BaseStrategy as _;
use serde_json::Value;

use super::{files, whole_file};
use crate::ct::log_id::LogId;
use crate::ct::tree_head::{MAX_TREE_HEAD, TreeHead};
use crate::evidence::file::{FileContent, InputFile};

/// Where tree heads are kept.
#[derive(Clone, Debug)]
pub struct TreeHeads {
    folder: Option<PathBuf>,
}

/// Why a tree head could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// This user has no folder for caches.
    #[error("this user has no folder for caches")]
    NoFolder,
    /// It cannot be written as JSON.
    #[error("the tree head cannot be written as JSON")]
    Unwritable,
    /// The file could not be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl TreeHeads {
    /// Those of this user: `pinstead/tree-heads` in the folder for caches.
    pub fn of_user() -> Self {
        let folder = etcetera::choose_base_strategy().ok().map(|strategy| strategy.cache_dir());
        Self { folder: folder.map(|folder| folder.join("pinstead").join("tree-heads")) }
    }

    /// Those in a folder.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    /// The file of a log, as read; `None` where none was kept. One that cannot be read is evidence of that.
    pub fn kept(&self, log: &LogId) -> Option<InputFile> {
        let path = self.path(log)?;
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => match path.to_str() {
                Some(text) => Some(files::read(text, u64::try_from(MAX_TREE_HEAD).unwrap_or(u64::MAX))),
                None => Some(InputFile {
                    path: path.display().to_string(),
                    content: FileContent::Failed("its name is not UTF-8 text".to_owned()),
                    folder: None,
                }),
            },
        }
    }

    /// Keeps a tree head, whole or not at all, unless another run has meanwhile kept one that shows more.
    pub fn keep(&self, log: &LogId, head: &TreeHead) -> Result<(), KeepError> {
        let path = self.path(log).ok_or(KeepError::NoFolder)?;
        let newer = |kept: InputFile| {
            kept.octets()
                .ok()
                .and_then(|octets| TreeHead::from_json(octets).ok())
                .filter(|kept| !head.is_newer_than(kept))
        };
        if self.kept(log).and_then(newer).is_some() {
            return Ok(());
        }
        let mut json = head.to_json().ok_or(KeepError::Unwritable)?;
        if let Some(fields) = json.as_object_mut() {
            fields.insert("log_id".to_owned(), Value::String(log.to_string()));
        }
        whole_file::replace(&path, &[format!("{json:#}\n").as_bytes()])
            .map_err(|source| KeepError::Io { path: path.clone(), source })
    }

    fn path(&self, log: &LogId) -> Option<PathBuf> {
        let name: Vec<String> = log.0.iter().map(|octet| format!("{octet:02x}")).collect();
        self.folder.as_ref().map(|folder| folder.join(format!("{}.json", name.concat())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ct::merkle::TreeHash;
    use crate::ct::sct::DigitallySigned;

    fn head(size: u64, timestamp: u64) -> TreeHead {
        let signature = DigitallySigned { hash: 4, signature: 3, octets: vec![1, 2, 3] };
        TreeHead { size, timestamp, root: TreeHash([5; 32]), signature }
    }

    #[test]
    fn the_newest_head_is_kept_alone() {
        let folder = tempfile::tempdir().unwrap();
        let heads = TreeHeads::in_folder(folder.path().join("deep/below"));
        let log = LogId([0xab; 32]);
        assert_eq!(heads.kept(&log), None);
        heads.keep(&log, &head(7, 100)).unwrap();
        let kept = || TreeHead::from_json(heads.kept(&log).unwrap().octets().unwrap()).unwrap();
        assert_eq!(kept(), head(7, 100));
        heads.keep(&log, &head(9, 101)).unwrap();
        assert_eq!(kept(), head(9, 101));
        heads.keep(&log, &head(8, 102)).unwrap();
        assert_eq!(kept(), head(9, 101), "a smaller tree never replaces a larger one");
        assert_eq!(heads.kept(&LogId([0xcd; 32])), None);
        let files = fs::read_dir(folder.path().join("deep/below")).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_read_or_written_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let heads = TreeHeads::in_folder(folder.path().to_owned());
        let log = LogId([1; 32]);
        fs::create_dir(heads.path(&log).unwrap()).unwrap();
        assert!(heads.kept(&log).unwrap().octets().unwrap_err().contains("directory"));
        assert!(matches!(heads.keep(&log, &head(1, 1)), Err(KeepError::Io { .. })));
        let nowhere = TreeHeads { folder: None };
        assert_eq!(nowhere.kept(&log), None);
        assert!(matches!(nowhere.keep(&log, &head(1, 1)), Err(KeepError::NoFolder)));
    }
}
