//! What `pinstead watch` says of itself: metrics for Prometheus, and a verdict on its health.
//!
//! Whoever follows a log writes down how far it is, which costs a few atomic additions; all else is worked out when
//! somebody asks. What was not seen yet is left out of the metrics and “undetermined” in the health, never 0 or “ok”.

mod counts;
mod exposition;
mod health;
mod rate;
mod server;

pub use self::counts::{ChannelMetrics, LogMetrics, LogReading, WatchMetrics};
pub use self::exposition::exposition;
pub use self::health::{ChannelHealth, Health, HealthStatus, LogHealth, health};
pub use self::server::serve;
