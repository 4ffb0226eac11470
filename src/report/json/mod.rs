//! Reports as JSON; each version of the shape is a module, and a released one never changes.

pub mod v1;
