//! Files as they were read.

use serde::{Deserialize, Serialize, Serializer};

use super::Bytes;
use super::private_key::blotted;

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
    /// Its octets. What is saved of them is without private keys, of which no judgement needs more than that they are there.
    Read(#[serde(serialize_with = "without_private_keys")] Bytes),
    /// The certificates that stand in it, and nothing else of it.
    Certificates(FileCertificates),
    /// Why it could not be read.
    Failed(String),
}

/// What is kept of a file that may hold anything beside certificates: keys, passwords, whatever programs are set up with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCertificates {
    /// SHA-256 of the file.
    pub sha256: Bytes,
    /// How long it is, in octets.
    pub length: usize,
    /// The certificates as they stand in it, DER, in order; whether they can be read is another matter.
    pub ders: Vec<Bytes>,
    /// What of it could not be read, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
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
            FileContent::Certificates(_) => Err("of this file only its certificates are kept"),
            FileContent::Failed(why) => Err(why),
        }
    }
}

/// A path as every way of writing it has it that needs no look at what is there: with `/`, without `.` and, where that leads
/// back out of a folder that it names, without `..`.
pub fn lexical(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let parts = parts.join("/");
    if path.starts_with('/') { format!("/{parts}") } else { parts }
}

/// Saves octets with every private key in PEM (RFC 7468 section 10) blotted out, line for line.
fn without_private_keys<S: Serializer>(octets: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    match blotted(octets) {
        Some(blotted) => Bytes(blotted).serialize(serializer),
        None => octets.serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_is_the_same_however_it_is_written() {
        for (written, path) in [
            ("./nsc.xml", "nsc.xml"),
            ("app/../nsc.xml", "nsc.xml"),
            ("app//./res\\nsc.xml", "app/res/nsc.xml"),
            ("../w/nsc.xml", "../w/nsc.xml"),
            ("../../a/../b", "../../b"),
            ("/a/./b/../c", "/a/c"),
            (".", ""),
        ] {
            assert_eq!(lexical(written), path, "{written}");
        }
    }

    #[test]
    fn no_private_key_is_saved() {
        let text = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\n";
        let content = FileContent::Read(Bytes(text.as_bytes().to_vec()));
        let saved: FileContent = serde_json::from_str(&serde_json::to_string(&content).unwrap()).unwrap();
        let FileContent::Read(octets) = saved else { panic!() };
        let expected = "-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(String::from_utf8(octets.0).unwrap(), expected);
    }
}
