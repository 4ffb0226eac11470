//! The first version of the JSON reports.

mod rules;

pub use self::rules::{rule, rules};

/// What these reports say in `schema_version`.
pub const SCHEMA_VERSION: u32 = 1;
