//! Reports: how verdicts and findings are shown. One file for each form and command.

pub mod human;
pub mod json;
