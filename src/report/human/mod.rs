//! Reports for people: the verdict first, then why, then what to do, in 80 columns.
//!
//! Styles are always written; whoever prints takes them away where no terminal shows them. Text from outside
//! goes through [`safe`] before it is styled or wrapped.

mod advice;
pub mod caa;
pub mod caa_suggest;
pub mod check;
pub mod compare;
mod comparison;
mod ct;
mod findings;
mod fleet;
mod inclusion;
pub mod issuance;
pub mod logs;
mod nameservers;
pub mod pins;
pub mod pins_make;
mod replay;
mod revocation;
mod rules;
mod safe;
pub mod style;
mod target_pins;
pub mod wrap;

pub use self::advice::advice;
pub use self::comparison::comparison;
pub use self::findings::{findings, tally};
pub use self::fleet::fleet;
pub use self::replay::replay;
pub use self::rules::{explanation, rules};
pub use self::safe::{must_be_shown, safe};
pub(super) use self::target_pins::pins as target_pins;
