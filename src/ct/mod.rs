//! Certificate Transparency: SCTs, the logs that make them, and what each browser asks for.

pub mod entry;
mod judge;
pub mod log_id;
pub mod log_key;
pub mod log_list;
pub mod log_table;
pub mod policy;
pub mod sct;
pub mod verdict;
pub mod verify;

pub use self::judge::judge;

#[cfg(test)]
mod tests;
