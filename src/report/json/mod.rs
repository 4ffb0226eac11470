//! JSON, by version of its schema.

pub mod v1;
