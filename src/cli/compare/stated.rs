//! What the owner states of the clients on the command line.

use clap::Args;

use crate::evidence::CompareRequest;
use crate::policy::{ReleaseLead, StatedClient};

/// What nothing measures. The policy's `[compare]` says it where the command line does not; else it stays unknown.
#[derive(Debug, Args)]
#[command(next_help_heading = "What you state of your clients")]
pub(super) struct StatedOptions {
    /// A kind of client that the domain serves: browser, android, android:LEVEL (its target API level), ios, server or mail
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    client: Vec<StatedClient>,
    /// How long it takes until new pins have reached the users, such as 30d (d: days, w: weeks, h: hours)
    #[arg(long, value_name = "TIME")]
    release_lead: Option<ReleaseLead>,
    /// Whether you run both the server and the clients that have the pins
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    controls_both_ends: Option<bool>,
    /// Whether pins can be replaced in clients by a way that is protected against others
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pins_updatable: Option<bool>,
    /// Whether users are disturbed by having to update
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    update_disruptive: Option<bool>,
    /// Whether the next key is known before it is put into service
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    key_predictable: Option<bool>,
    /// Whether the client is an app of its own, not a page in a browser
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    native_app: Option<bool>,
}

impl StatedOptions {
    /// What bears on whether the pins are right, as words for commands that ask the same again.
    pub(super) fn repeated(&self) -> Vec<String> {
        let clients = self.client.iter().map(|client| ("--client", client.0.to_string()));
        let lead = self.release_lead.map(|lead| ("--release-lead", format!("{}h", lead.0.as_hours())));
        // Its value stands in one word with it.
        let key = self.key_predictable.map(|is_known| format!("--key-predictable={is_known}"));
        clients.chain(lead).flat_map(|(option, value)| [option.to_owned(), value]).chain(key).collect()
    }

    /// What is stated, as evidence keeps it.
    pub(super) fn request(&self) -> CompareRequest {
        CompareRequest {
            clients: self.client.iter().map(|client| client.0.to_string()).collect(),
            release_lead: self.release_lead.map(|lead| lead.0.as_secs()),
            controls_both_ends: self.controls_both_ends,
            pins_updatable: self.pins_updatable,
            update_disruptive: self.update_disruptive,
            key_predictable: self.key_predictable,
            native_app: self.native_app,
            require: Vec::new(),
            tlsa: false,
            repeated: Vec::new(),
        }
    }
}
