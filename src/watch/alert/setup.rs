//! The channels of a policy, with all that can be known to be wrong before anything starts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::channel::{Channel, ChannelSettings};
use super::hook::Hook;
use super::mail::{Mail, MailServer};
use super::secret::Secret;
use super::stderr::{self, Stderr, StderrOf};
use super::webhook::Webhook;
use crate::observe::files;
use crate::observe::http::{self, HttpPoster, HttpSetupError};
use crate::policy::{AlertsPolicy, HookPolicy, MailPolicy, MailSecurity, WebhookPolicy};
use crate::rules::Severity;
use crate::watch::state::is_reserved;

/// The most channels; the state shows what waits for a hundred.
const MOST_CHANNELS: usize = 50;
/// The most characters of a channel's name.
const MOST_NAME: usize = 64;
/// The fewest octets of a secret to sign with.
const FEWEST_SECRET: usize = 16;
/// The most recipients of a mail.
const MOST_RECIPIENTS: usize = 50;
/// The variables of the environment from which pinstead itself takes what nobody else is to know: the state's URL and
/// the password of its database, and the token of a service.
const OWN_SECRETS: [&str; 3] = ["PINSTEAD_STATE", "PGPASSWORD", "CERTSPOTTER_TOKEN"];
/// Where programs are looked for without `PATH`, as the system does.
const USUAL_PATH: &str = "/bin:/usr/bin";
/// The longest that a delivery may take, in seconds.
const LONGEST_TIMEOUT: u16 = 600;

/// Why the channels of a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AlertSetupError {
    /// One of them cannot.
    #[error("alerts to “{channel}” cannot be sent: {reason}")]
    Channel {
        /// What it is called.
        channel: String,
        /// Why; no secret is in it.
        reason: String,
    },
    /// There are too many.
    #[error("there are more than {MOST_CHANNELS} channels for alerts")]
    TooMany,
    /// No client for HTTPS.
    #[error(transparent)]
    Http(#[from] HttpSetupError),
}

/// The channels of a policy that stands in `folder`, with their secrets from `environment` and files. `of` says whose
/// standard error it is.
pub fn channels(
    policy: &AlertsPolicy,
    folder: &Path,
    environment: &dyn Fn(&str) -> Option<OsString>,
    of: StderrOf,
) -> Result<Vec<Box<dyn Channel>>, AlertSetupError> {
    let setup = Setup { folder, environment, hidden: hidden(policy) };
    let mut channels: Vec<Box<dyn Channel>> = Vec::new();
    if policy.stderr {
        channels.push(Box::new(Stderr::new(of, policy.stderr_format, policy.stderr_min_severity)));
    }
    let wrong = |channel: &str| {
        let channel = channel.to_owned();
        move |reason| AlertSetupError::Channel { channel, reason }
    };
    for hook in &policy.hook {
        channels.push(Box::new(setup.hook(hook).map_err(wrong(&hook.name))?));
    }
    if !policy.webhook.is_empty() {
        let poster = HttpPoster::new()?;
        for webhook in &policy.webhook {
            let made = setup.webhook(webhook, poster.clone()).map_err(wrong(&webhook.name))?;
            channels.push(Box::new(made));
        }
    }
    for mail in &policy.mail {
        channels.push(Box::new(setup.mail(mail).map_err(wrong(&mail.name))?));
    }
    if channels.len() > MOST_CHANNELS {
        return Err(AlertSetupError::TooMany);
    }
    let mut names = BTreeSet::from([stderr::NAME]);
    for name in channels.iter().map(|channel| channel.name()).skip(usize::from(policy.stderr)) {
        if !names.insert(name) {
            return Err(wrong(name)("another channel has this name".to_owned()));
        }
    }
    Ok(channels)
}

/// The variables of the environment that have secrets.
fn hidden(policy: &AlertsPolicy) -> Vec<String> {
    let webhooks = policy.webhook.iter().filter_map(|webhook| webhook.secret_env.clone());
    let mails = policy.mail.iter().filter_map(|mail| mail.password_env.clone());
    let named = webhooks.chain(mails).filter(|name| is_variable(name));
    OWN_SECRETS.into_iter().map(str::to_owned).chain(named).collect()
}

/// A name that an environment can have.
fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

struct Setup<'a> {
    folder: &'a Path,
    environment: &'a dyn Fn(&str) -> Option<OsString>,
    hidden: Vec<String>,
}

impl Setup<'_> {
    fn hook(&self, policy: &HookPolicy) -> Result<Hook, String> {
        let settings = settings(&policy.name, policy.min_severity, policy.timeout_seconds)?;
        let Some((program, arguments)) =
            policy.command.split_first().filter(|(program, _)| !program.is_empty())
        else {
            return Err("`command` names no program".to_owned());
        };
        if policy.command.iter().any(|part| part.contains('\0')) {
            return Err("`command` has a NUL character".to_owned());
        }
        let mut path = OsString::from(program);
        if program.contains(std::path::is_separator) {
            path = self.folder.join(program).into_os_string();
            if !path.to_str().is_some_and(files::exists) {
                return Err(format!("there is no program “{}”", path.display()));
            }
            if !files::may_be_run(Path::new(&path)) {
                return Err(format!("“{}” may not be run: it lacks the right (chmod +x)", path.display()));
            }
        } else {
            let places = (self.environment)("PATH").unwrap_or_else(|| USUAL_PATH.into());
            if !std::env::split_paths(&places).any(|place| files::may_be_run(&place.join(program))) {
                return Err(format!("there is no program “{program}” in PATH"));
            }
        }
        Ok(Hook::new(settings, (path, arguments.to_vec()), self.hidden.clone()))
    }

    fn webhook(&self, policy: &WebhookPolicy, poster: HttpPoster) -> Result<Webhook, String> {
        let settings = settings(&policy.name, policy.min_severity, policy.timeout_seconds)?;
        // What stands in the URL may be secret.
        let url = http::usable(&policy.url).map_err(|why| format!("its URL cannot be used: {why}"))?;
        if url.scheme() != "https" && !policy.allow_http && !http::is_loopback(&url) {
            return Err(
                "its URL is not https; `allow_http = true` allows that, and others may read along".to_owned()
            );
        }
        let secret = self
            .secret(
                ("secret_env", policy.secret_env.as_deref()),
                ("secret_file", policy.secret_file.as_deref()),
            )?
            .ok_or("it has no secret to sign with: set `secret_env` or `secret_file`")?;
        if secret.octets().len() < FEWEST_SECRET {
            return Err(format!("its secret has fewer than {FEWEST_SECRET} octets"));
        }
        Ok(Webhook::new(settings, url, secret, poster))
    }

    fn mail(&self, policy: &MailPolicy) -> Result<Mail, String> {
        let settings = settings(&policy.name, policy.min_severity, policy.timeout_seconds)?;
        if policy.server.is_empty() {
            return Err("`server` is empty".to_owned());
        }
        if policy.to.is_empty() || policy.to.len() > MOST_RECIPIENTS {
            return Err(format!("`to` names no mailbox, or more than {MOST_RECIPIENTS}"));
        }
        if policy.security == MailSecurity::None && !is_this_machine(&policy.server) {
            return Err("`security = \"none\"` is only for a server on this machine".to_owned());
        }
        let password = self.secret(
            ("password_env", policy.password_env.as_deref()),
            ("password_file", policy.password_file.as_deref()),
        )?;
        let login = match (&policy.user, password) {
            (Some(user), Some(password)) => Some((user.clone(), password)),
            (None, None) => None,
            (Some(_), None) => return Err("it has a user, and no password_env or password_file".to_owned()),
            (None, Some(_)) => return Err("it has a password, and no user".to_owned()),
        };
        let usual = match policy.security {
            MailSecurity::Starttls => 587,
            MailSecurity::Tls => 465,
            MailSecurity::None => 25,
        };
        let server = MailServer {
            host: policy.server.clone(),
            port: policy.port.unwrap_or(usual),
            security: policy.security,
            login,
        };
        Mail::new(settings, server, (policy.from.as_str(), policy.to.as_slice()))
    }

    /// The secret that one of the two keys leads to.
    fn secret(
        &self,
        (env_key, variable): (&str, Option<&str>),
        (file_key, file): (&str, Option<&str>),
    ) -> Result<Option<Secret>, String> {
        match (variable, file) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(format!("it has both {env_key} and {file_key}")),
            (Some(name), None) if !is_variable(name) => {
                Err(format!("{env_key} is not the name of an environment variable"))
            }
            (Some(name), None) => Secret::from_environment(name, self.environment).map(Some),
            (None, Some(file)) => Secret::from_file(&self.folder.join(file)).map(Some),
        }
    }
}

/// What every channel has.
fn settings(name: &str, least: Severity, seconds: u16) -> Result<ChannelSettings, String> {
    if name.trim().is_empty() || name.chars().count() > MOST_NAME || name.contains(char::is_control) {
        return Err(format!("a channel's name has 1 to {MOST_NAME} characters, and no control characters"));
    }
    if is_reserved(name) {
        return Err("another channel has this name: the one of reports".to_owned());
    }
    if !(1..=LONGEST_TIMEOUT).contains(&seconds) {
        return Err(format!("`timeout_seconds` is from 1 to {LONGEST_TIMEOUT}"));
    }
    Ok(ChannelSettings { name: name.to_owned(), least, timeout: Duration::from_secs(seconds.into()) })
}

/// Whether a server's name says that it is this machine.
fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
