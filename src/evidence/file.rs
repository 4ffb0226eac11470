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
    /// The octets, or why there are none.
    pub fn octets(&self) -> Result<&[u8], &str> {
        match &self.content {
            FileContent::Read(octets) => Ok(octets),
            FileContent::Failed(why) => Err(why),
        }
    }
}
