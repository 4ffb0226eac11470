//! Reports for people: the verdict first, then why, then what to do, in 80 columns.
//!
//! Styles are always written; whoever prints takes them away where no terminal shows them. Text from outside
//! goes through [`safe`] before it is styled or wrapped.

pub mod caa;
mod comparison;
mod findings;
pub mod pins;
pub mod pins;
mod rules;
mod safe;
pub mod style;
mod text;
pub mod wrap;

pub use self::comparison::comparison;
pub use self::findings::{findings, tally};
pub use self::rules::{explanation, rules};
pub use self::safe::safe;
