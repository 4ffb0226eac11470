//! Following CT logs for watched names.
//!
//! A log is read in order, hashed into its tree, and searched for names; what is found is kept with what proves it.

pub mod alert;
pub mod batch;
pub mod follow;
pub mod metrics;
pub mod reader;
pub mod revocation;
pub mod state;
