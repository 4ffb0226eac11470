//! A small world on loopback: a test CA, CT logs, a DNS answerer and a TLS server, for `pinstead demo` and
//! for tests.
//!
//! Everything in it is real enough to be observed over sockets and judged by the ordinary code; nothing in it
//! is trusted by anyone. Its keys are made afresh each time and never leave the process, save in the
//! world's own temporary folder.

pub mod authority;
pub mod ct;
pub mod dns;
mod error;
pub mod tls;
pub mod world;

pub use self::error::DemoError;
