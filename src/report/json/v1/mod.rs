//! Version 1 of the JSON reports: the keys that scripts rely on. Fields may be added; none changes its meaning.

pub mod caa;
pub mod caa_suggest;
pub mod check;
mod ct;
mod fleet;
mod inclusion;
pub mod issuance;
pub mod logs;
mod nameservers;
pub mod pins;
pub mod pins_make;
mod revocation;
mod rules;

pub use self::fleet::fleet_value;
pub use self::revocation::issued_revocation;
pub use self::rules::{rule, rules};

/// The version that these reports state.
pub const SCHEMA_VERSION: u32 = 1;
