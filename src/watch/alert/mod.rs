//! Alerts on their way: from the outbox of the state to whoever is to know, at least once.
//!
//! Each channel has a loop of its own, so that a dead one holds up no other. What a channel does not take stays in the
//! outbox and is tried again after a pause; what was taken may come again where this process ends before it wrote so
//! down, and has the same id then. No secret is ever part of an error.

mod channel;
mod delivering;
mod hook;
mod mail;
mod notice;
mod secret;
mod setup;
mod stderr;
mod webhook;

pub use self::channel::{Channel, ChannelSettings, Failure, Sending};
pub use self::delivering::{Tally, deliver, deliver_once, deliver_until};
pub use self::hook::Hook;
pub use self::mail::{Mail, MailServer};
pub use self::notice::Notice;
pub use self::secret::Secret;
pub use self::setup::{AlertSetupError, channels};
pub use self::stderr::{Stderr, StderrOf};
pub use self::webhook::{SIGNATURE_VERSION, Webhook, signature};
