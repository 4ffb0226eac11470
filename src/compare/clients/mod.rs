//! The kinds of clients that a domain serves: what one of them enforces says nothing of another.

mod android;
mod best;
mod enforced;
mod served;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub use self::android::{asks_for_transparency, trusts_user_cas};
pub(in crate::compare) use self::enforced::is_code_of_java;
use super::{Circumstances, Control, Effect, MeasuredFacts, Within};

/// What each kind of client has that the domain serves.
pub(super) fn protections(facts: &MeasuredFacts, circumstances: &Circumstances) -> Vec<ClientProtection> {
    let unlevelled = enforced::Unlevelled::of(facts, circumstances);
    served::served(facts, circumstances, unlevelled)
        .into_iter()
        .map(|(client, served, evidence)| {
            let states_none = circumstances.states_no_pins(client);
            let own = enforced::facts_of(client, (unlevelled.of_client(served), states_none), facts);
            let controls = enforced::controls(client, &own);
            let threats = best::threats(client, &controls, &own);
            ClientProtection { client, served, evidence, controls, threats }
        })
        .collect()
}

/// A kind of client. Its text form is what people write and what reports have: `browser`, `android`, `android:36`,
/// `ios`, `server`, `mail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientClass {
    /// A web browser.
    Browser,
    /// An Android app.
    Android {
        /// The API level that it targets (`targetSdkVersion`), where that is known.
        target_level: Option<u32>,
    },
    /// An app for Apple's systems.
    Ios,
    /// Another server, or a tool without a screen: it trusts CAs, and enforces no Certificate Transparency.
    Server,
    /// A mail server that delivers here and does DANE (RFC 7672). One that does not authenticates nobody.
    Mail,
}

impl ClientClass {
    /// What it is called in sentences.
    pub fn title(self) -> String {
        match self {
            Self::Browser => "browsers".to_owned(),
            Self::Android { target_level: Some(level) } => format!("Android apps that target API {level}"),
            Self::Android { target_level: None } => "Android apps".to_owned(),
            Self::Ios => "iOS apps".to_owned(),
            Self::Server => "other servers".to_owned(),
            Self::Mail => "mail servers that do DANE".to_owned(),
        }
    }
}

impl fmt::Display for ClientClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser => f.write_str("browser"),
            Self::Android { target_level: None } => f.write_str("android"),
            Self::Android { target_level: Some(level) } => write!(f, "android:{level}"),
            Self::Ios => f.write_str("ios"),
            Self::Server => f.write_str("server"),
            Self::Mail => f.write_str("mail"),
        }
    }
}

impl Serialize for ClientClass {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that names no kind of client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” is no kind of client: browser, android, android:LEVEL (its targetSdkVersion), ios, server or mail"
)]
pub struct NoClientClass(String);

impl FromStr for ClientClass {
    type Err = NoClientClass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "browser" => Self::Browser,
            "android" => Self::Android { target_level: None },
            "ios" => Self::Ios,
            "server" => Self::Server,
            "mail" => Self::Mail,
            other => {
                let level = other.strip_prefix("android:").filter(|level| !level.starts_with('+'));
                let level = level.and_then(|level| level.parse::<u32>().ok());
                Self::Android { target_level: Some(level.ok_or_else(|| NoClientClass(other.to_owned()))?) }
            }
        })
    }
}

/// What one kind of client has of a domain's protections, and what that does for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientProtection {
    /// The kind of client.
    pub client: ClientClass,
    /// How it is known that the domain serves it.
    pub served: Served,
    /// By what: the file, the port or the statement, in one sentence.
    pub evidence: String,
    /// Each control, and whether this kind of client goes by it.
    pub controls: Vec<ClientControl>,
    /// Each threat, and the best that the controls in place do about it for this kind of client.
    pub threats: Vec<ClientThreat>,
}

/// How it is known that a domain serves a kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Served {
    /// The owner states it.
    Stated,
    /// A pin file or the port that was asked shows it.
    Found,
    /// It is likely, and nobody said otherwise.
    Assumed,
}

/// Whether a kind of client goes by a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientControl {
    /// The control.
    pub control: Control,
    /// Whether this kind of client enforces it, or is served by it though others enforce it (CAA, a watch of logs).
    pub enforced: Enforced,
    /// Why, in one sentence.
    pub why: String,
    /// The standard, policy or document that says so.
    pub source: &'static str,
}

/// Whether a client enforces a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforced {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It is not known.
    Unknown,
}

/// What the controls do against one threat for one kind of client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientThreat {
    /// The threat's short id.
    pub id: &'static str,
    /// The best that any control does which this kind of client enforces; of a change without an attacker, the worst.
    pub effect: Effect,
    /// The controls that do it.
    pub by: Vec<Control>,
    /// The controls of which it is not known what they do, and that could do better than `effect`; of a change, worse.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Control>,
    /// How long detection takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Within>,
    /// On which devices alone it is prevented, where that is not so on all that such a client runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
    /// Why, in one sentence.
    pub why: String,
}

#[cfg(test)]
mod tests;
