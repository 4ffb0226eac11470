//! Certificate Transparency: SCTs, the logs that make them, and what each browser asks for.

pub mod checkpoint;
pub mod entry;
pub mod inclusion;
mod issuance;
mod judge;
pub mod log_entry;
pub mod log_fault;
pub mod log_id;
pub mod log_key;
pub mod log_list;
pub mod log_table;
pub mod merkle;
pub mod policy;
pub mod sct;
pub mod tile;
pub mod tree_head;
pub mod verdict;
pub mod verify;

pub use self::judge::judge;

#[cfg(test)]
mod tests;
