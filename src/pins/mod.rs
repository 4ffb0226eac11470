//! Pins: reading them from the files of apps and tools, and judging them for a host.
//!
//! `formats` holds one file a format; each format says how it recognises a file, what its fields mean, and
//! which entry applies to a host. [`judge()`] is the same for all of them.

mod apps;
mod base64_text;
mod clients;
mod diagnosis;
pub mod formats;
mod judge;
pub mod make;
mod matching;
mod model;
mod open;
mod paths;
#[cfg(test)]
pub(crate) mod testing;
pub mod unseen;
mod verdict;

pub use self::clients::entries_together;
pub use self::diagnosis::{Context, Diagnosis, KnownCa, Mistake, NearMiss, diagnose};
pub use self::formats::{Package, PinFormat, PinInput};
pub use self::judge::{Question, ServedAt, judge};
pub use self::matching::{PinMatch, match_pin, off_path};
pub use self::model::{
    AfterExpiry, AppContext, Bootstrap, Combination, ComparedWith, Completion, Confidence, Elsewhere,
    Enforcement, EnforcementMode, Expiry, ExpiryClock, ExpiryState, HostPattern, OwnAnchors, Pin, PinEntry,
    PinFault, PinFile, PinSource, PinValue, Platform, PositionRule, Problem, ProblemKind, Reading,
    TlsaNumbers,
};
pub use self::open::{Answer, OpenPart};
pub use self::paths::{AnchorMatch, PathMatch, PathMatches, PathsVerdict, UNKNOWN_STORES};
pub use self::verdict::{
    Backup, EntryVerdict, OtherChain, Outcome, PinVerdict, PinsStatus, PinsVerdict, Soon, SourceState,
    SourceVerdict,
};
