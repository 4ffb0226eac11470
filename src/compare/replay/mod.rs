//! What pins and expectations would have done over the certificates that were issued for a host.
//!
//! Which certificate a server showed, and since when, no log tells: only when one was issued and how long it is valid.
//! So every answer here is a bound. See `docs/replay.md` for the model.
#![deny(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod history;
mod outcome;

pub use self::history::{CaKeyFacts, CaPath, GivenPins, HistoricCertificate, History};
pub use self::outcome::{
    Bounds, Cause, Chance, ChanceBasis, FlagRule, Flagged, HalfLife, Level, Lockout, NextRenewal, PinSetKind,
    Renewal, RenewalBasis, Replay, ReplayedCertificate, ReplayedPinSet, Share, Survival,
};
