//! Version 1 of the JSON reports.

pub mod pins;

/// The version that these reports carry.
pub const SCHEMA_VERSION: u32 = 1;
