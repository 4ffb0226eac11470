//! The only part that touches network, clock and files. It records what it saw, when, from whom and what
//! failed, and judges nothing.

pub mod certificate_files;
pub mod clock;
pub mod crl;
pub mod ct_log;
pub mod dns;
pub mod doors;
pub mod files;
pub mod folder;
pub mod http;
pub mod issuance;
pub mod lines;
pub mod log_lists;
pub mod run;
pub mod tls;
pub mod tree_heads;
mod whole_file;
