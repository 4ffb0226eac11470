//! The only part that touches network, clock and files. It records what it saw, when, from whom and what
//! failed, and judges nothing.

pub mod clock;
pub mod dns;
pub mod files;
pub mod http;
pub mod run;
pub mod tls;
