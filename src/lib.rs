//! pinstead audits what protects a domain from certificates it did not ask for.
//!
//! Data flows one way, and the modules below stand in that order:
//!
//! ```text
//! target ──▶ observe ──▶ Evidence ──▶ judge ──▶ Verdicts ──▶ rules ──▶ Findings ──▶ report
//!            (all I/O)  (plain data)  (pure)                 (pure)                (pure)
//! ```
//!
//! pinstead is an auditor, never a TLS client's enforcement library.

pub mod baseline;
pub mod ca;
pub mod caa;
pub mod cli;
pub mod compare;
pub mod ct;
pub mod demo;
pub mod dns_name;
pub mod evidence;
pub mod issuance;
pub mod judge;
pub mod observe;
pub mod pins;
pub mod policy;
pub mod question;
pub mod report;
pub mod revocation;
pub mod rules;
pub mod scope;
pub mod tables;
pub mod target;
pub mod watch;
pub mod x509;
