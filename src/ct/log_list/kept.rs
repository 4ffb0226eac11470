//! A list kept in the cache, checked again whenever it is read.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{ListKey, ListReading, LogList, LogListError, Program};
use crate::evidence::log_list::{KEPT_VERSION, KeptLogList};

/// Why a kept list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The file is not what this program writes.
    #[error("the file is damaged: {0}")]
    Syntax(#[source] serde_json::Error),
    /// A later version of the file.
    #[error("the file is of version {0}; this program reads version {KEPT_VERSION}")]
    Version(u64),
    /// A programme that there is not.
    #[error("the file is for “{0}”, which is no programme")]
    Program(String),
    /// The list in it was altered.
    #[error("the list in it is not the one that was kept")]
    Altered,
    /// The list is refused.
    #[error(transparent)]
    List(#[from] LogListError),
    /// The list has no log.
    #[error("the list in it has no log that can be used")]
    NoLogs,
}

/// Reads a kept list; its signature is checked with `key` (`None`: Google's).
pub fn read_kept(octets: &[u8], key: Option<&ListKey>) -> Result<(KeptLogList, LogList), KeptError> {
    let json: Value = serde_json::from_slice(octets).map_err(KeptError::Syntax)?;
    if let Some(version) = json.get("pinstead_log_list").and_then(Value::as_u64)
        && version != u64::from(KEPT_VERSION)
    {
        return Err(KeptError::Version(version));
    }
    let kept: KeptLogList = serde_json::from_value(json).map_err(KeptError::Syntax)?;
    let program =
        Program::from_name(&kept.program).ok_or_else(|| KeptError::Program(kept.program.clone()))?;
    if kept.sha256.0 != Sha256::digest(&*kept.list).as_slice() {
        return Err(KeptError::Altered);
    }
    let signature = kept.signature.as_deref();
    let how = ListReading { signature, key, program: Some(program), also_v2: false };
    let mut list = LogList::read(&kept.list, &how)?;
    if list.logs.is_empty() {
        return Err(KeptError::NoLogs);
    }
    list.seen = Some(kept.seen_at);
    Ok((kept, list))
}
