//! One model for every pin format. What a format means by its fields is the format's own business
//! ([`super::PinFormat`]); what is said here holds for all of them.

mod anchors;
mod app;
mod completion;
mod entry;
mod pin;
mod platform;
mod problem;
mod source;

pub use self::anchors::OwnAnchors;
pub use self::app::AppContext;
pub use self::completion::Completion;
pub use self::entry::{
    AfterExpiry, Bootstrap, Combination, ComparedWith, Confidence, Enforcement, EnforcementMode, Expiry,
    ExpiryClock, ExpiryState, HostPattern, PinEntry,
};
pub use self::pin::{Pin, PinFault, PinValue, PositionRule, TlsaNumbers};
pub use self::platform::Platform;
pub use self::problem::{Problem, ProblemKind};
pub use self::source::{Elsewhere, PinFile, PinSource, Reading};
