//! What `pinstead watch` says of itself: metrics for Prometheus, and a verdict on its health.
//!
//! How far each log is, its tree head and its faults are what the state says, which all processes write that share it:
//! one question, at most every few seconds. Only what this process itself did is counted here. What was not seen yet is
//! left out of the metrics and “undetermined” in the health, never 0 or “ok”.

mod counts;
mod exposition;
mod health;
mod rate;
mod server;

pub use self::counts::{ChannelMetrics, HeadAge, LogMetrics, LogReading, PolicyReads, WatchMetrics};
pub use self::exposition::exposition;
pub use self::health::{ChannelHealth, Health, HealthStatus, LogHealth, health, is_list_stale};
pub use self::server::serve;
