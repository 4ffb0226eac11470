//! Certificates that were issued: which names they claim, who issued them, and whether that was expected.

pub mod names;
pub mod reported;
pub mod sources;
