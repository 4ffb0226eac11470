//! JSON, versioned by module: what `schema_version` promises is never changed in place.

pub mod v1;
