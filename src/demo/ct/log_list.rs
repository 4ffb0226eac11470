//! Lists of logs: in the v3 schema that Google publishes, and in the form that OpenSSL reads.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CtLog, LogKind};

/// A log as a list shows it.
#[derive(Clone, Copy, Debug)]
pub struct ListedLog<'a> {
    /// The log.
    pub log: &'a CtLog,
    /// Its state: `usable`, `readonly`, `retired` and so on.
    pub state: &'a str,
    /// Since when it has that state.
    pub state_since: Timestamp,
    /// The certificate expiry dates it accepts: from the first, before the second.
    pub temporal_interval: (Timestamp, Timestamp),
}

/// A log list in Google's v3 schema, with this `log_list_timestamp`. Logs that are served are named with the address
/// they have on loopback, others with made-up ones.
pub fn v3_log_list(logs: &[ListedLog<'_>], timestamp: Timestamp) -> String {
    let mut operators: BTreeMap<&str, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for listed in logs {
        let (rfc6962, tiled) = operators.entry(&listed.log.operator).or_default();
        match listed.log.kind {
            LogKind::Rfc6962 => rfc6962.push(entry(listed)),
            LogKind::Static => tiled.push(entry(listed)),
        }
    }
    let operators: Vec<Value> = operators
        .into_iter()
        .map(|(name, (logs, tiled_logs))| {
            json!({"name": name, "email": ["ct@demo.example"], "logs": logs, "tiled_logs": tiled_logs})
        })
        .collect();
    let list = json!({"version": "1.0", "log_list_timestamp": timestamp, "operators": operators});
    format!("{list:#}\n")
}

fn entry(listed: &ListedLog<'_>) -> Value {
    let log = listed.log;
    let slug = log.description.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let (from, until) = listed.temporal_interval;
    let mut state = serde_json::Map::new();
    state.insert(listed.state.to_owned(), json!({"timestamp": listed.state_since}));
    let mut entry = json!({
        "description": log.description,
        "log_id": STANDARD.encode(log.log_id()),
        "key": STANDARD.encode(log.key_der()),
        "mmd": match log.kind { LogKind::Rfc6962 => 86_400, LogKind::Static => 60 },
        "state": state,
        "temporal_interval": {"start_inclusive": from, "end_exclusive": until},
    });
    let (url, monitoring_url) = match log.address() {
        Some(address) => (format!("http://{address}/"), format!("http://{address}/")),
        None => (format!("https://{slug}.demo.example/"), format!("https://{slug}-tiles.demo.example/")),
    };
    if let Some(fields) = entry.as_object_mut() {
        match log.kind {
            LogKind::Rfc6962 => {
                fields.insert("url".into(), json!(url));
            }
            LogKind::Static => {
                fields.insert("submission_url".into(), json!(url));
                fields.insert("monitoring_url".into(), json!(monitoring_url));
            }
        }
    }
    entry
}

/// The logs in the configuration form of OpenSSL's `-ctlogfile`.
pub fn openssl_log_list(logs: &[&CtLog]) -> String {
    let names: Vec<String> = (1..=logs.len()).map(|number| format!("log{number}")).collect();
    let section = |(name, log): (&String, &&CtLog)| {
        format!("\n[{name}]\ndescription = {}\nkey = {}\n", log.description, STANDARD.encode(log.key_der()))
    };
    let sections: Vec<String> = names.iter().zip(logs).map(section).collect();
    format!("enabled_logs = {}\n{}", names.join(","), sections.concat())
}
