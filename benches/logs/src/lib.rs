//! A deterministic CT log of real shape, in both forms that logs have, to measure what reads logs.
//!
//! The trees are real: every head verifies, every leaf and tile belongs to its tree, every size can be proved. The
//! certificates are real in shape only: nothing verifies the signatures on them, nor is an RSA modulus the product of two
//! primes. Points of P-256 are points.
#![allow(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a tool for measuring, which reads nothing from outside that it did not make"
)]

pub mod authority;
pub mod certificate;
pub mod der;
pub mod dice;
pub mod drain;
pub mod entry;
pub mod floor;
pub mod key;
pub mod make;
pub mod names;
pub mod read;
pub mod serve;
pub mod tree;
pub mod usage;
pub mod world;
