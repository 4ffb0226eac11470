//! Findings and verdicts as people and programs read them; a new format is one new file.

pub mod human;
pub mod json;
