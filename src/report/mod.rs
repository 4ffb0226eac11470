//! Reports: verdicts and findings rendered; a new format is one new file.

pub mod human;
pub mod json;
