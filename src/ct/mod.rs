//! Certificate Transparency: known logs, and what lists say of them.

pub mod log_id;
pub mod log_list;
pub mod log_table;
