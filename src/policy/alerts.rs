//! `[alerts]` of the policy: where `pinstead watch` sends its alerts.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::rules::Severity;

/// Where alerts go. Without any of it, they go to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsPolicy {
    /// Whether they are written to standard error.
    pub stderr: bool,
    /// How they are written there.
    pub stderr_format: StderrFormat,
    /// The least severity that is written there.
    #[serde(deserialize_with = "severity")]
    pub stderr_min_severity: Severity,
    /// Commands that are run with each alert.
    pub hook: Vec<HookPolicy>,
    /// URLs to which each alert is posted.
    pub webhook: Vec<WebhookPolicy>,
    /// Mailboxes to which each alert is sent.
    pub mail: Vec<MailPolicy>,
}

impl Default for AlertsPolicy {
    fn default() -> Self {
        Self {
            stderr: true,
            stderr_format: StderrFormat::default(),
            stderr_min_severity: Severity::Info,
            hook: Vec::new(),
            webhook: Vec::new(),
            mail: Vec::new(),
        }
    }
}

/// How alerts are written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StderrFormat {
    /// A few lines for people.
    #[default]
    Human,
    /// One line of JSON each.
    Json,
    /// One line each, beside a report that says the rest; no policy asks for it.
    #[serde(skip)]
    Brief,
}

/// A command that is run with each alert on its standard input.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HookPolicy {
    /// What the channel is called in the state; what waits for it waits under this name.
    pub name: String,
    /// The least severity that it gets.
    #[serde(default = "least", deserialize_with = "severity")]
    pub min_severity: Severity,
    /// The program and its arguments; no shell reads them. A path is relative to the policy file; a bare name is
    /// looked for in `PATH`.
    pub command: Vec<String>,
    /// How long it may take.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u16,
}

/// A URL to which each alert is posted, signed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookPolicy {
    /// What the channel is called in the state.
    pub name: String,
    /// The least severity that it gets.
    #[serde(default = "least", deserialize_with = "severity")]
    pub min_severity: Severity,
    /// The URL; `https`.
    pub url: String,
    /// Whether the URL may be `http` though it is not this machine's own.
    #[serde(default)]
    pub allow_http: bool,
    /// The environment variable that has the secret to sign with.
    pub secret_env: Option<String>,
    /// The file that has it, relative to the policy file.
    pub secret_file: Option<String>,
    /// How long one delivery may take.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u16,
}

/// Mailboxes to which each alert is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailPolicy {
    /// What the channel is called in the state.
    pub name: String,
    /// The least severity that it gets.
    #[serde(default = "least", deserialize_with = "severity")]
    pub min_severity: Severity,
    /// The mail server that takes the mail.
    pub server: String,
    /// Its port; by default the one usual for `security`.
    pub port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    pub security: MailSecurity,
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The user name at the server, where it asks for one.
    pub user: Option<String>,
    /// The environment variable that has the password.
    pub password_env: Option<String>,
    /// The file that has it, relative to the policy file.
    pub password_file: Option<String>,
    /// How long one delivery may take.
    #[serde(default = "half_a_minute")]
    pub timeout_seconds: u16,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// STARTTLS, without which nothing is sent (RFC 3207); port 587.
    #[default]
    Starttls,
    /// TLS from the first octet (RFC 8314); port 465.
    Tls,
    /// None: only to a server on this machine; port 25.
    None,
}

/// Alerts of every severity.
fn least() -> Severity {
    Severity::Info
}

fn half_a_minute() -> u16 {
    30
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::super::Policy;
    use super::*;

    const POLICY: &str = r#"
        [alerts]
        stderr = false

        [[alerts.hook]]
        name = "pager"
        command = ["./page", "--now"]
        min_severity = "high"
        timeout_seconds = 5

        [[alerts.webhook]]
        name = "siem"
        url = "https://siem.example/alerts"
        secret_env = "SIEM_SECRET"

        [[alerts.mail]]
        name = "mail"
        server = "mail.example"
        from = "pinstead@example.com"
        to = ["security@example.com"]
        user = "pinstead"
        password_file = "mail-password"
    "#;

    fn parsed(text: &str) -> Result<AlertsPolicy, String> {
        Policy::parse("p", text.as_bytes()).map(|policy| policy.alerts).map_err(|error| error.to_string())
    }

    #[test]
    fn channels_are_read_with_what_is_left_out() {
        let alerts = parsed(POLICY).unwrap();
        assert!(!alerts.stderr);
        let hook = &alerts.hook[0];
        assert_eq!((hook.min_severity, hook.timeout_seconds), (Severity::High, 5));
        assert_eq!(hook.command, ["./page", "--now"]);
        let webhook = &alerts.webhook[0];
        assert_eq!((webhook.min_severity, webhook.timeout_seconds), (Severity::Info, 30));
        assert!(!webhook.allow_http);
        assert_eq!(alerts.mail[0].security, MailSecurity::Starttls);
        let without = parsed("").unwrap();
        assert!(without.stderr && without.hook.is_empty());
        assert_eq!(parsed("[alerts]\nstderr_format = \"json\"").unwrap().stderr_format, StderrFormat::Json);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for (text, told) in [
            ("[alerts]\nstdout = true", "unknown field `stdout`"),
            ("[[alerts.hook]]\nname = \"a\"\ncommand = []\nshell = true", "unknown field `shell`"),
            ("[[alerts.webhook]]\nname = \"a\"\nurl = \"x\"\nsecret = \"s3cret\"", "unknown field `secret`"),
            ("[[alerts.mail]]\nname = \"a\"\npassword = \"s3cret\"", "unknown field `password`"),
            ("[alerts]\nstderr_min_severity = \"grave\"", "is no severity"),
            ("[[alerts.hook]]\ncommand = [\"a\"]", "missing field `name`"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(error.contains("line ") && !error.contains("s3cret"), "{error}");
        }
    }
}
