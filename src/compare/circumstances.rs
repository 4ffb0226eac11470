//! What the owner states of a domain and its clients: nothing here is measured, and what is not stated stays unstated.

use jiff::SignedDuration;

use super::ClientClass;

/// What the owner states; the default states nothing.
///
/// The five questions are those that the OWASP Pinning Cheat Sheet (“Should I Pin?”) has an owner answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The kinds of clients that the domain serves; empty: not stated.
    pub clients: Vec<ClientClass>,
    /// The kinds of clients that have no pins, by what the owner states; files that show some say otherwise.
    pub clients_without_pins: Vec<ClientClass>,
    /// How long it takes until a new release is on the devices that matter.
    pub release_lead: Option<SignedDuration>,
    /// Whether the owner controls both the server and its clients.
    pub controls_both_ends: Option<bool>,
    /// Whether the pins can be replaced securely without a new release.
    pub pins_updatable: Option<bool>,
    /// Whether a release disrupts the users.
    pub update_disruptive: Option<bool>,
    /// Whether the next key is known before it is put in service.
    pub key_predictable: Option<bool>,
    /// Whether the client is a native app.
    pub native_app: Option<bool>,
}

impl Circumstances {
    /// Whether the owner states that clients of this kind have no pins.
    pub fn states_no_pins(&self, client: ClientClass) -> bool {
        let is_of = |stated: &ClientClass| match (stated, client) {
            (ClientClass::Android { target_level: None }, ClientClass::Android { .. }) => true,
            (stated, client) => *stated == client,
        };
        self.clients_without_pins.iter().any(is_of)
    }
}
