//! `[compare]` of the policy: what the owner says of the clients and of how pins are kept, which nothing measures.

use std::str::FromStr;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::compare::{Circumstances, ClientClass, NoClientClass};

/// The longest release lead that is taken, in days: what takes longer is no release.
const LONGEST_DAYS: i64 = 3650;

/// What the owner states; what is left out stays unknown, and is never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComparePolicy {
    /// The kinds of clients that the domain serves: `browser`, `android`, `android:36`, `ios`, `server`, `mail`.
    pub clients: Vec<StatedClient>,
    /// The kinds of clients, as in `clients`, that have no pins, of which no file can tell: servers without any, for one.
    pub clients_without_pins: Vec<StatedClient>,
    /// How long it takes until new pins have reached the users, such as `30 days` or `30d`.
    pub release_lead: Option<ReleaseLead>,
    /// Whether the owner runs both the server and the clients that have the pins.
    pub controls_both_ends: Option<bool>,
    /// Whether pins can be replaced in clients by a way that is protected against others.
    pub pins_updatable: Option<bool>,
    /// Whether users are disturbed by having to update.
    pub update_disruptive: Option<bool>,
    /// Whether the next key is known before it is put into service.
    pub key_predictable: Option<bool>,
    /// Whether the client is an app of its own, not a page in a browser.
    pub native_app: Option<bool>,
    /// Files and folders, relative to the policy file, that the owner has looked through and that have no pins: code that looks
    /// at certificates itself, and what pinstead does not read. The gate `removed` does not wait for them.
    pub without_pins: Vec<String>,
}

/// A kind of client, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StatedClient(pub ClientClass);

/// How long it takes until new pins have reached the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ReleaseLead(pub SignedDuration);

impl ComparePolicy {
    /// These statements, with what `given` says instead.
    pub fn beside(&self, given: &Circumstances) -> Circumstances {
        let own = |stated: &[StatedClient]| stated.iter().map(|client| client.0).collect();
        let or = |given: &[ClientClass], stated: &[StatedClient]| {
            if given.is_empty() { own(stated) } else { given.to_vec() }
        };
        Circumstances {
            clients: or(&given.clients, &self.clients),
            clients_without_pins: or(&given.clients_without_pins, &self.clients_without_pins),
            release_lead: given.release_lead.or(self.release_lead.map(|lead| lead.0)),
            controls_both_ends: given.controls_both_ends.or(self.controls_both_ends),
            pins_updatable: given.pins_updatable.or(self.pins_updatable),
            update_disruptive: given.update_disruptive.or(self.update_disruptive),
            key_predictable: given.key_predictable.or(self.key_predictable),
            native_app: given.native_app.or(self.native_app),
        }
    }
}

impl TryFrom<String> for StatedClient {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for StatedClient {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: NoClientClass| error.to_string())
    }
}

impl TryFrom<String> for ReleaseLead {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for ReleaseLead {
    type Err = String;

    /// A whole number and a unit. Months and years have no fixed length, and `m` may mean minutes: neither is taken.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "“{text}” is no release lead: give a whole number and its unit, such as “30 days” or 30d (days, weeks or \
                 hours)"
            )
        };
        let split = text.find(|symbol: char| !symbol.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(split);
        let hours = match unit.trim() {
            "h" | "hour" | "hours" => 1,
            "d" | "day" | "days" => 24,
            "w" | "week" | "weeks" => 24 * 7,
            _ => return Err(wrong()),
        };
        let number: i64 = number.parse().map_err(|_| wrong())?;
        number
            .checked_mul(hours)
            .filter(|hours| *hours <= LONGEST_DAYS * 24)
            .map(|hours| Self(SignedDuration::from_hours(hours)))
            .ok_or_else(|| format!("“{text}” is longer than {LONGEST_DAYS} days"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn policy(text: &str) -> Result<ComparePolicy, String> {
        let read = Policy::parse("pinstead.toml", text.as_bytes());
        read.map(|policy| policy.compare).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_owner_states_is_read_and_what_is_left_out_stays_unknown() {
        let read = policy(
            "[compare]\nclients = [\"browser\", \"android:36\"]\nrelease_lead = \"30 days\"\npins_updatable = false\n",
        );
        let stated = read.unwrap().beside(&Circumstances::default());
        assert_eq!(stated.clients, [ClientClass::Browser, ClientClass::Android { target_level: Some(36) }]);
        assert_eq!(stated.release_lead, Some(SignedDuration::from_hours(30 * 24)));
        assert_eq!((stated.pins_updatable, stated.controls_both_ends), (Some(false), None));
        assert_eq!(policy("").unwrap().beside(&Circumstances::default()), Circumstances::default());
    }

    #[test]
    fn the_command_line_says_it_instead() {
        let policy = policy(
            "[compare]\nclients = [\"ios\"]\nnative_app = false\npins_updatable = true\n\
                    clients_without_pins = [\"server\"]\n",
        )
        .unwrap();
        let given = Circumstances {
            clients: vec![ClientClass::Mail],
            native_app: Some(true),
            ..Circumstances::default()
        };
        let stated = policy.beside(&given);
        assert_eq!(stated.clients, [ClientClass::Mail]);
        assert_eq!(stated.clients_without_pins, [ClientClass::Server]);
        assert_eq!((stated.native_app, stated.pins_updatable), (Some(true), Some(true)));
    }

    #[test]
    fn a_release_lead_is_a_number_and_a_unit() {
        for (text, hours) in [("30d", 720), ("30 days", 720), ("1 week", 168), ("36h", 36), ("0d", 0)] {
            assert_eq!(text.parse(), Ok(ReleaseLead(SignedDuration::from_hours(hours))), "{text}");
        }
        for text in ["", "30", "d", "2 months", "1y", "-1d", "3651d", "1.5d", "99999999999999999999d"] {
            assert!(text.parse::<ReleaseLead>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_names_the_line_and_what_can_be_given() {
        for (text, told) in [
            (
                "[compare]\nclients = [\"browser\",\n\"windows\"]",
                "“windows” is no kind of client: browser, android",
            ),
            ("[compare]\nrelease_lead = \"soon\"", "“soon” is no release lead"),
            ("[compare]\nrelease = \"30d\"", "unknown field `release`"),
            ("[compare]\nnative_app = \"yes\"", "true or false belongs there"),
        ] {
            let error = policy(text).unwrap_err();
            assert!(error.contains(told) && error.contains("line "), "{error}");
        }
    }
}
