//! Files as they were read.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// A file the user named, with what it held or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// The path as the user gave it; `-` is standard input.
    pub path: String,
    /// What reading gave.
    pub content: FileContent,
    /// The folder in which it was found, as the path begins with it; empty where the path begins inside of it. `None`
    /// for what was named itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// What reading a file gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileContent {
    /// Its octets.
    Read(Bytes),
    /// Why it could not be read.
    Failed(String),
}

impl InputFile {
    /// The path from the folder on that it was found in; of what was named itself, the path.
    pub fn inside(&self) -> &str {
        let folder = self.folder.as_deref().unwrap_or_default();
        self.path.strip_prefix(folder).map_or(self.path.as_str(), |path| path.trim_start_matches('/'))
    }

    /// The octets, or why there are none.
    pub fn octets(&self) -> Result<&[u8], &str> {
        match &self.content {
            FileContent::Read(octets) => Ok(octets),
            FileContent::Failed(why) => Err(why),
        }
    }
}
