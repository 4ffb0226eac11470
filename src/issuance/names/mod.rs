//! The names that a certificate claims, and whether one of them is watched.
//!
//! Logs hold whatever CAs signed. A name counts in whatever shape it stands there: what no client would accept today
//! may be accepted by one somewhere, and whoever is watching wants to know of it.

mod find;
mod scan;
mod text;
mod watched;

pub use self::find::{Claim, Found, find, find_all, find_odd};
pub use self::scan::{ClaimedName, Form, NameField, ScanError, scan};
pub use self::watched::{WatchedName, WatchedNames};
