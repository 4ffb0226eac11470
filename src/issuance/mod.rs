//! Certificates that were issued: which names they claim, who issued them, and whether that was expected.

mod claims;
pub mod files;
pub mod forged;
mod grouping;
pub mod issued;
pub mod issuers;
pub mod judge;
pub mod known;
pub mod merge;
pub mod names;
mod profile;
pub mod provider;
pub mod renewal;
pub mod reported;
pub mod revocation;
pub mod sources;
mod unit;
pub mod verdict;
pub mod who;

pub use self::judge::judge;
pub(crate) use self::unit::comparable_name;
pub use self::verdict::{CaaToday, IssuanceVerdict, JudgedCertificate, KeyListing, SourceSummary, Status};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
