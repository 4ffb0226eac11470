//! Secrets, from the environment or from files.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::observe::files;

/// The most octets of a file with a secret.
const MOST: u64 = 64 << 10;
/// What stands where a secret stood.
const HIDDEN: &str = "…";
/// The fewest octets of a secret's beginning that are hidden; fewer stand anywhere by chance.
const SHORTEST_PART: usize = 4;
/// No word of a variable's name is as long.
const LONGEST_WORD: usize = 16;

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
            environment(name).ok_or_else(|| format!("the environment variable{} is not set", shown(name)))?;
        if value.is_empty() {
            return Err(format!("the environment variable{} is empty", shown(name)));
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

    /// `text` without the secret, where a receiver repeated it: as it is, in base64, or its beginning where the text was
    /// cut.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let encoded = [STANDARD.encode(&self.0), URL_SAFE_NO_PAD.encode(&self.0)];
        let shapes = std::str::from_utf8(&self.0).ok().into_iter().chain(encoded.iter().map(String::as_str));
        let mut text = text.to_owned();
        for secret in shapes.filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, HIDDEN);
            let mut ends = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= SHORTEST_PART);
            let cut = ends.rfind(|end| secret.get(..*end).is_some_and(|part| text.ends_with(part)));
            if let Some(cut) = cut {
                text.truncate(text.len().saturating_sub(cut));
                text.push_str(HIDDEN);
            }
        }
        text
    }
}

/// The name of a variable, where it looks like one: whoever pastes the secret itself in its place must not see it in a
/// log.
fn shown(name: &str) -> String {
    let is_name =
        name.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && (name.contains('_') || name.len() < LONGEST_WORD);
    if is_name {
        format!(" “{name}”")
    } else {
        " that is named (its name is not shown: it looks like a secret)".to_owned()
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
        // printf '%s' 's3cret-pass' | base64
        for text in ["535 s3cret-pass", "535 czNjcmV0LXBhc3M=", "535 s3cret", "535 czNjcmV0"] {
            assert_eq!(Secret::new("s3cret-pass").hidden_in(text), "535 …", "{text}");
        }
        for pasted in ["hunter2-very-secret-value", "JBSWY3DPEHPK3PXPJBSWY3DP", "s3cret"] {
            let error = Secret::from_environment(pasted, &environment).unwrap_err();
            assert!(error.contains("is not set") && !error.contains(pasted), "{error}");
        }
    }
}
