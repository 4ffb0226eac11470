//! Reports for people: 80 columns; the verdict first, then why, then what to do.

pub mod caa;
pub mod pins;
