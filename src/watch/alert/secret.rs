//! Secrets, from the environment or from files.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use crate::observe::files;

/// The most octets of a file with a secret.
const MOST: u64 = 64 << 10;
/// What stands where a secret stood.
const HIDDEN: &str = "…";

/// A secret. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A secret of these octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The secret in this environment variable, as it is there.
    pub(super) fn from_environment(
        name: &str,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let value =
            environment(name).ok_or_else(|| format!("the environment variable “{name}” is not set"))?;
        if value.is_empty() {
            return Err(format!("the environment variable “{name}” is empty"));
        }
        Ok(Self(value.into_encoded_bytes()))
    }

    /// The secret in this file, without the line break at its end.
    pub(super) fn from_file(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let name = path.to_str().ok_or_else(|| format!("the name of “{shown}” is not UTF-8"))?;
        let file = files::read(name, MOST);
        let octets = file.octets().map_err(|why| format!("“{shown}” cannot be read: {why}"))?;
        let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
        let octets = octets.strip_suffix(b"\r").unwrap_or(octets);
        if octets.is_empty() {
            return Err(format!("“{shown}” is empty"));
        }
        Ok(Self(octets.to_vec()))
    }

    /// `text` without the secret, where a receiver repeated it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        match std::str::from_utf8(&self.0) {
            Ok(secret) if !secret.is_empty() => text.replace(secret, HIDDEN),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_and_not_shown() {
        let environment = |name: &str| match name {
            "SET" => Some("s3cret\n".into()),
            "EMPTY" => Some(OsString::new()),
            _ => None,
        };
        let secret = Secret::from_environment("SET", &environment).unwrap();
        assert_eq!(secret.octets(), b"s3cret\n");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(Secret::from_environment("EMPTY", &environment).unwrap_err().contains("is empty"));
        assert!(Secret::from_environment("OTHER", &environment).unwrap_err().contains("“OTHER” is not set"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (written, read) in [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("a\nb\n\n", "a\nb\n")]
        {
            std::fs::write(&file, written).unwrap();
            assert_eq!(Secret::from_file(&file).unwrap().octets(), read.as_bytes());
        }
        std::fs::write(&file, "\n").unwrap();
        assert!(Secret::from_file(&file).unwrap_err().contains("is empty"));
        assert!(Secret::from_file(&folder.path().join("none")).unwrap_err().contains("cannot be read"));
        assert_eq!(Secret::new("abc").hidden_in("535 abc is wrong"), "535 … is wrong");
    }
}
