//! Checkpoints of static logs: a tree head in a signed note.
//!
//! Source: C2SP static-ct-api, “Checkpoints”, with tlog-checkpoint and signed-note. The log's own signature line is found
//! by its name and key id; every other line (a witness, or one made up to keep readers honest) is ignored.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::log_id::LogId;
use super::merkle::TreeHash;
use super::sct::DigitallySigned;
use super::tree_head::{TreeHead, TreeHeadError};

/// The most octets of a checkpoint that are read.
pub const MAX_CHECKPOINT: usize = 64 << 10;

/// The most signature lines that are looked at.
const MAX_SIGNATURES: usize = 128;

/// The signature type of static-ct-api in a note: RFC 6962 TreeHeadSignature.
const RFC6962_NOTE: u8 = 0x05;

/// A checkpoint; its signature is not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name it gives the log.
    pub origin: String,
    /// The tree head with the log's signature.
    pub head: TreeHead,
}

/// Why a text is no checkpoint of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Larger than [`MAX_CHECKPOINT`].
    #[error("it has {0} octets; at most {MAX_CHECKPOINT} are read")]
    TooLarge(usize),
    /// It is not the text of a signed note.
    #[error("it is not a signed note: {0}")]
    NotANote(&'static str),
    /// The note's text is not that of a checkpoint.
    #[error("its {0} is not what a checkpoint has there")]
    Body(&'static str),
    /// It has lines that a static log's checkpoint may not have.
    #[error("it has extension lines, which static-ct-api forbids")]
    Extension,
    /// None of the signatures is the log's.
    #[error("none of its {0} signatures is by the log's name and key")]
    NoSignature(usize),
    /// The log's signature line cannot be read.
    #[error("the log's signature line cannot be read")]
    Signature,
    /// Its parts do not go together.
    #[error(transparent)]
    Head(#[from] TreeHeadError),
}

impl Checkpoint {
    /// Reads a checkpoint of the log with this id.
    pub fn read(octets: &[u8], log: LogId) -> Result<Self, CheckpointError> {
        let (text, signatures) = split(octets)?;
        let mut lines = text.lines();
        let origin = lines.next().filter(|origin| is_name(origin)).ok_or(CheckpointError::Body("origin"))?;
        let size = lines.next().and_then(decimal).ok_or(CheckpointError::Body("tree size"))?;
        let root = lines.next().and_then(TreeHash::from_base64).ok_or(CheckpointError::Body("root hash"))?;
        if lines.next().is_some() {
            return Err(CheckpointError::Extension);
        }
        let wanted = key_id(origin, log);
        let signed = |line: &&str| {
            let (name, octets) = signature_line(line)?;
            (name == origin).then_some(())?;
            octets.strip_prefix(&wanted).map(<[u8]>::to_vec)
        };
        let count = signatures.len();
        let own = signatures.iter().find_map(signed).ok_or(CheckpointError::NoSignature(count))?;
        let (timestamp, signature) = own.split_first_chunk().ok_or(CheckpointError::Signature)?;
        let head = TreeHead {
            size,
            timestamp: u64::from_be_bytes(*timestamp),
            root,
            signature: DigitallySigned::read(signature).ok_or(CheckpointError::Signature)?,
        };
        Ok(Self { origin: origin.to_owned(), head: head.checked()? })
    }
}

/// The origin that a log with this submission prefix has: the prefix without scheme and without slashes at its end.
pub fn origin(submission_prefix: &str) -> &str {
    let bare = submission_prefix.split_once("://").map_or(submission_prefix, |(_, rest)| rest);
    bare.trim_end_matches('/')
}

/// The key id of a log's signature line: SHA-256 over name, newline, 5, and log id, the first four octets.
fn key_id(name: &str, log: LogId) -> [u8; 4] {
    let hash =
        Sha256::new().chain_update(name).chain_update([b'\n', RFC6962_NOTE]).chain_update(log.0).finalize();
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
    [a, b, c, d]
}

/// A note's text, with the newline that ends it, and its signature lines.
fn split(octets: &[u8]) -> Result<(&str, Vec<&str>), CheckpointError> {
    use CheckpointError::NotANote;
    if octets.len() > MAX_CHECKPOINT {
        return Err(CheckpointError::TooLarge(octets.len()));
    }
    let note = std::str::from_utf8(octets).map_err(|_| NotANote("it is not UTF-8"))?;
    if note.chars().any(|c| c.is_ascii_control() && c != '\n') {
        return Err(NotANote("it has control characters"));
    }
    let (text, signatures) =
        note.rsplit_once("\n\n").ok_or(NotANote("no empty line stands between text and signatures"))?;
    let signatures = signatures.strip_suffix('\n').ok_or(NotANote("it does not end with a newline"))?;
    let lines: Vec<&str> = signatures.split('\n').collect();
    if lines.len() > MAX_SIGNATURES {
        return Err(NotANote("it has too many signatures"));
    }
    if !lines.iter().all(|line| signature_line(line).is_some()) {
        return Err(NotANote("a signature line is malformed"));
    }
    Ok((text, lines))
}

/// The name and the octets of a signature line: `— name base64`.
fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let octets = STANDARD.decode(encoded).ok()?;
    (is_name(name) && octets.len() >= 5).then_some((name, octets))
}

/// A note's key names are not empty, and have neither blanks nor plus signs.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c == '+')
}

/// A number as checkpoints write it: decimal, without leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId([3; 32]);

    fn line(name: &str, octets: &[u8]) -> String {
        format!("\u{2014} {name} {}\n", STANDARD.encode(octets))
    }

    fn own_line(name: &str) -> String {
        let id = key_id(name, LOG);
        let body = [&id[..], &1_700_000_000_000_u64.to_be_bytes(), &[4, 3, 0, 2, 9, 9]].concat();
        line(name, &body)
    }

    fn body(origin: &str) -> String {
        format!("{origin}\n7\n{}\n", TreeHash([1; 32]))
    }

    fn read(note: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::read(note.as_bytes(), LOG)
    }

    #[test]
    fn the_logs_own_signature_is_found_among_others() {
        let name = "log.example/2026h1";
        let note = format!(
            "{}\n{}{}{}{}",
            body(name),
            line("grease.invalid", &[7; 40]),
            line(name, &[1, 2, 3, 4, 5]),
            own_line(name),
            line("witness.example/w1", &[8; 72])
        );
        let checkpoint = read(&note).unwrap();
        assert_eq!(checkpoint.origin, name);
        let head = checkpoint.head;
        assert_eq!((head.size, head.timestamp, head.root), (7, 1_700_000_000_000, TreeHash([1; 32])));
        assert_eq!(head.signature.octets, [9, 9]);
        // The same lines without the log's own.
        let without = note.replace(&own_line(name), "");
        assert_eq!(read(&without), Err(CheckpointError::NoSignature(3)));
        // Under another name the key id is another.
        assert_eq!(
            read(&format!("{}\n{}", body("other.example"), own_line(name))),
            Err(CheckpointError::NoSignature(1))
        );
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let name = "log.example";
        let good = format!("{}\n{}", body(name), own_line(name));
        assert!(read(&good).is_ok());
        let with = |from: &str, to: &str| read(&good.replacen(from, to, 1)).unwrap_err();
        assert_eq!(with("\n7\n", "\n07\n"), CheckpointError::Body("tree size"));
        assert_eq!(with("\n7\n", "\n-7\n"), CheckpointError::Body("tree size"));
        assert_eq!(with("\n7\n", "\n\n"), CheckpointError::Body("tree size"));
        assert_eq!(with("\n7\n", "\n99999999999999999999\n"), CheckpointError::Body("tree size"));
        assert_eq!(with("AQE=\n", "AQE=\nextension\n"), CheckpointError::Extension);
        assert_eq!(with("AQE=\n", "AQE\n"), CheckpointError::Body("root hash"));
        assert_eq!(with("\n7\n", "\n0\n"), CheckpointError::Head(TreeHeadError::NotEmpty));
        assert_eq!(with("log.example", "log example"), CheckpointError::Body("origin"));
        assert!(matches!(with("\u{2014} ", "- "), CheckpointError::NotANote(_)));
        assert!(matches!(with("\n\n", "\n"), CheckpointError::NotANote(_)));
        assert!(matches!(with("\n7", "\r\n7"), CheckpointError::NotANote(_)));
        assert!(matches!(read(good.trim_end()), Err(CheckpointError::NotANote(_))));
        assert!(matches!(read(&good.repeat(1000)), Err(CheckpointError::TooLarge(_))));
        let short = line(name, &[&key_id(name, LOG)[..], &[0; 9]].concat());
        assert_eq!(read(&format!("{}\n{short}", body(name))), Err(CheckpointError::Signature));
    }

    #[test]
    fn the_origin_is_the_prefix_without_scheme() {
        assert_eq!(origin("https://log.example/2026h1/"), "log.example/2026h1");
        assert_eq!(origin("http://127.0.0.1:7003/"), "127.0.0.1:7003");
        assert_eq!(origin("log.example"), "log.example");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..300), text in ".{0,200}") {
            let _ = Checkpoint::read(&octets, LOG);
            let _ = Checkpoint::read(text.as_bytes(), LOG);
            let _ = Checkpoint::read(format!("a\n1\n{text}\n\n{text}\n").as_bytes(), LOG);
        }
    }
}
