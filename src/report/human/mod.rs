//! Reports for people: the verdict first, then why, then what to do; 80 columns.

pub mod caa;
mod text;
