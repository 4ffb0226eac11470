//! What is known of folders that were named as sources of pins, beside the files of theirs that have to do with pins.

use serde::{Deserialize, Serialize};

/// The most files of a folder that are named.
pub const MOST_UNSEEN: usize = 200;

/// A folder that was named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinFolder {
    /// As it was named.
    pub path: String,
    /// Whether it was named alone: then its files are named from it on.
    pub is_alone: bool,
    /// How many of its files were opened.
    pub opened: usize,
    /// What of it may compare or hold pins, and was not read as that; at most [`MOST_UNSEEN`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<UnseenFile>,
    /// Whether there is more of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
    /// The folders that were not looked into: what tools fetch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetched: Vec<String>,
}

/// Something of a folder that may compare or hold pins, and was not read as that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnseenFile {
    /// The path as it can be opened.
    pub path: String,
    /// Why.
    pub why: Unseen,
}

/// Why something was not read as pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// It is a link, and was not followed.
    Link,
    /// A `.gitignore` names it, and it has to do with pins.
    Ignored,
    /// It stands in a folder that tools make, and has to do with pins.
    Made,
    /// It is compiled code, or an archive of some.
    Compiled,
    /// So many files of what was left out were opened that the rest was not.
    Beyond,
    /// It is code that looks at a server's certificates itself.
    Looks {
        /// The line, from 1.
        line: usize,
        /// By which word that is known.
        word: String,
    },
    /// It is the manifest or the project of an app, and names a configuration (a Network Security Config, an Info.plist) that
    /// is not there, or is none.
    Names {
        /// What it names.
        name: String,
    },
    /// A hash stands in it as pins are written, and nothing that was read takes it for a pin.
    Hash {
        /// The line, from 1.
        line: usize,
    },
}
