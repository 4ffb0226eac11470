//! Reports: findings and verdicts as text. A new format is one new module.

pub mod human;
pub mod json;
