//! Files as they were read.

use serde::{Deserialize, Serialize, Serializer};

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
    /// Its octets. What is saved of them is without private keys, of which no judgement needs more than that they are there.
    Read(#[serde(serialize_with = "without_private_keys")] Bytes),
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

/// Saves octets with every private key in PEM (RFC 7468 section 10) blotted out, line for line.
fn without_private_keys<S: Serializer>(octets: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    match blotted(octets) {
        Some(blotted) => Bytes(blotted).serialize(serializer),
        None => octets.serialize(serializer),
    }
}

/// The octets with private keys blotted out; `None` where there are none.
fn blotted(octets: &[u8]) -> Option<Vec<u8>> {
    const LABEL: &[u8] = b"PRIVATE KEY-----";
    const END: &[u8] = b"-----END ";
    memchr::memmem::find(octets, LABEL)?;
    let has = |line: &[u8], wanted: &[u8]| memchr::memmem::find(line, wanted).is_some();
    let mut kept = Vec::with_capacity(octets.len());
    let mut is_inside = false;
    // Old files may end their lines with CR alone.
    for line in octets.split_inclusive(|octet| matches!(octet, b'\n' | b'\r')) {
        if has(line, b"-----") {
            is_inside = has(line, LABEL) && !has(line, END);
            kept.extend_from_slice(line);
        } else if is_inside && !line.contains(&b':') {
            let blot = |octet: &u8| if matches!(octet, b'\n' | b'\r' | b'=') { *octet } else { b'A' };
            kept.extend(line.iter().map(blot));
        } else {
            kept.extend_from_slice(line);
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_private_key_is_saved() {
        let key = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (label, ending) in [("", "\n"), ("EC ", "\r\n"), ("ENCRYPTED ", "\r"), ("RSA ", "\n")] {
            let text = format!(
                "{certificate}-----BEGIN {label}PRIVATE KEY-----{ending}{key}{ending}c2VjcmV0=={ending}\
                 -----END {label}PRIVATE KEY-----{ending}{certificate}"
            );
            let content = FileContent::Read(Bytes(text.clone().into_bytes()));
            let saved: FileContent = serde_json::from_str(&serde_json::to_string(&content).unwrap()).unwrap();
            let FileContent::Read(octets) = saved else { panic!() };
            let saved = String::from_utf8(octets.0).unwrap();
            assert_eq!((saved.len(), saved.matches(certificate).count()), (text.len(), 2), "{saved}");
            assert!(saved.contains("AAAAAA==") && saved.contains(&format!("BEGIN {label}PRIVATE KEY")));
            assert!(!saved.contains(&key[..8]) && !saved.contains("c2Vj"), "{saved}");
        }
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{key}");
        assert!(!String::from_utf8(blotted(cut.as_bytes()).unwrap()).unwrap().contains(&key[..8]));
        assert_eq!(blotted(certificate.as_bytes()), None, "what has no key is saved as it is");
    }
}
