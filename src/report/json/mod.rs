//! JSON, versioned by module: what `schema_version` promises is never changed in place.

pub mod v1;

/// The JSON Schema (draft 2020-12) of every report in JSON, and of the lines of those that are written line by line.
///
/// It is written by hand; `tests/report_schema.rs` holds it to the reports of every command.
pub const SCHEMA: &str = include_str!("../../../docs/report.schema.json");
