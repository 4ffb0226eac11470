//! The JSON Schema of the policy, for editors, and for what is wrong with one.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::accepted::{self, Until};
use super::{FailOn, PinnedKey, Policy, ProviderId, ReleaseLead, StatedClient};
use crate::dns_name::{CertificateName, DnsName};
use crate::issuance::provider::PROVIDERS;
use crate::rules::Severity;

/// The JSON Schema of the policy file (draft 7, which editors of TOML read).
pub fn schema() -> Value {
    of::<Policy>("pinstead.toml: what pinstead expects of domains, and what fails its gate")
}

/// A schema as it is printed and kept in `docs/`.
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// The schema of a TOML file.
pub(crate) fn of<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema.to_value()
}

/// Whether a text is what a format of these schemas names.
pub(crate) fn is_of_format(format: &str, text: &str) -> Result<(), String> {
    let text = text.to_owned();
    match format {
        "severity" => text.parse::<Severity>().map(drop),
        "fail-on" => text.parse::<FailOn>().map(drop),
        "dns-name" => DnsName::try_from(text).map(drop).map_err(|error| error.to_string()),
        "certificate-name" => text.parse::<CertificateName>().map(drop).map_err(|error| error.to_string()),
        "spki-sha256" => PinnedKey::try_from(text).map(drop),
        "sha256-hex" => accepted::sha256(&text).map(drop),
        "serial-hex" => accepted::serial(&text).map(drop),
        "date" => accepted::day(&text).map(drop),
        "service" => ProviderId::try_from(text).map(drop),
        "client" => StatedClient::try_from(text).map(drop),
        "release-lead" => ReleaseLead::try_from(text).map(drop),
        _ => Ok(()),
    }
}

/// A type that is written as a text of a format.
macro_rules! texts {
    ($($type:ty: $name:literal, $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

texts! {
    DnsName: "DnsName", json_schema!({"type": "string", "format": "dns-name"});
    CertificateName: "CertificateName", json_schema!({"type": "string", "format": "certificate-name"});
    PinnedKey: "PinnedKey", json_schema!({"type": "string", "format": "spki-sha256"});
    Until: "Until", json_schema!({"type": "string", "format": "date"});
    Severity: "Severity", json_schema!({"type": "string", "format": "severity", "enum": severities()});
    FailOn: "FailOn", json_schema!({"type": "string", "format": "fail-on", "enum": thresholds()});
    StatedClient: "StatedClient", json_schema!({"type": "string", "format": "client"});
    ReleaseLead: "ReleaseLead", json_schema!({"type": "string", "format": "release-lead"});
    ProviderId: "ProviderId", json_schema!({"type": "string", "format": "service", "enum": services()});
}

fn severities() -> Vec<&'static str> {
    Severity::ALL.into_iter().map(Severity::name).collect()
}

fn thresholds() -> Vec<&'static str> {
    std::iter::once("none").chain(severities()).collect()
}

fn services() -> Vec<&'static str> {
    PROVIDERS.iter().map(|provider| provider.id).collect()
}
