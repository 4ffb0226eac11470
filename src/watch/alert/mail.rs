//! Mail, over SMTP (RFC 5321).

use std::time::SystemTime;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};

use super::channel::{Channel, ChannelSettings, Failure, Sending};
use super::notice::Notice;
use super::secret::Secret;
use crate::observe::clock;
use crate::policy::MailSecurity;
use crate::report::human::safe;

/// The most characters of a subject.
const MOST_SUBJECT: usize = 200;
/// The most lines of text; all of it is in the attachment.
const MOST_LINES: usize = 1000;

/// The server that takes the mail, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// User name and password, where it asks for them.
    pub login: Option<(String, Secret)>,
}

/// Mailboxes, reached through one server.
pub struct Mail {
    settings: ChannelSettings,
    from: Mailbox,
    to: Vec<Mailbox>,
    /// The server, by its name and port.
    server: String,
    /// What a server must not have us repeat.
    secrets: Vec<Secret>,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    /// Sends from and to these mailboxes. The server's certificate is verified with the system's roots and Mozilla's.
    pub fn new(
        settings: ChannelSettings,
        server: MailServer,
        (from, to): (&str, &[String]),
    ) -> Result<Self, String> {
        let mailbox = |text: &str| -> Result<Mailbox, String> {
            text.parse().map_err(|error| format!("“{text}” is no mailbox: {error}"))
        };
        let from = mailbox(from)?;
        let to = to.iter().map(|text| mailbox(text)).collect::<Result<Vec<_>, _>>()?;
        let tls = match server.security {
            MailSecurity::Starttls => Tls::Required(parameters(&server.host)?),
            MailSecurity::Tls => Tls::Wrapper(parameters(&server.host)?),
            MailSecurity::None => Tls::None,
        };
        let shown = format!("{}:{}", server.host, server.port);
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        let mut secrets = Vec::new();
        if let Some((user, secret)) = server.login {
            let text = String::from_utf8(secret.octets().to_vec())
                .map_err(|_| "the password is not UTF-8".to_owned())?;
            // As AUTH PLAIN sends both (RFC 4616 section 2).
            secrets.push(Secret::new(format!("\0{user}\0{text}")));
            secrets.push(secret);
            builder = builder.credentials(Credentials::new(user, text));
        }
        Ok(Self { settings, from, to, server: shown, secrets, transport: builder.build() })
    }

    fn message(&self, notice: &Notice) -> Result<Message, Failure> {
        let field = |name: &'static str, value: &str| -> Result<HeaderValue, Failure> {
            let name = HeaderName::new_from_ascii(name.to_owned())
                .map_err(|_| Failure::lasting("a header field has no usable name"))?;
            Ok(HeaderValue::new(name, one_line(value)))
        };
        let id: String = notice.id.chars().filter(char::is_ascii_alphanumeric).collect();
        let severity = notice.severity_name();
        let mut builder = Message::builder()
            .message_id(Some(format!("<{id}.pinstead@{}>", self.from.email.domain())))
            .date(SystemTime::from(clock::now()))
            .from(self.from.clone())
            .subject(one_line(&format!("[pinstead {severity}] {}", notice.headline())))
            // So that nobody's holiday answers it (RFC 3834 section 5).
            .raw_header(field("Auto-Submitted", "auto-generated")?)
            .raw_header(field("Pinstead-Alert-Id", &notice.id)?)
            .raw_header(field("Pinstead-Alert-Kind", &notice.kind)?);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        let json = ContentType::parse("application/json")
            .map_err(|_| Failure::lasting("an attachment has no usable type"))?;
        let parts = MultiPart::mixed()
            .singlepart(SinglePart::plain(text(notice)))
            .singlepart(Attachment::new("alert.json".to_owned()).body(notice.json(), json));
        builder
            .multipart(parts)
            .map_err(|error| Failure::lasting(format!("no mail can be made of it: {error}")))
    }

    async fn mail(&self, notice: &Notice) -> Result<(), Failure> {
        let message = self.message(notice)?;
        let sent = tokio::time::timeout(self.settings.timeout, self.transport.send(message)).await;
        let Ok(sent) = sent else {
            let seconds = self.settings.timeout.as_secs();
            return Err(Failure::passing(format!(
                "{} did not take it within {seconds} seconds",
                self.server
            )));
        };
        let Err(error) = sent else { return Ok(()) };
        let mut text = format!("{}: {error}", self.server);
        for secret in &self.secrets {
            text = secret.hidden_in(&text);
        }
        Err(if error.is_permanent() { Failure::lasting(text) } else { Failure::passing(text) })
    }
}

impl Channel for Mail {
    fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        Box::pin(self.mail(notice))
    }
}

/// How TLS verifies the server: by the platform, with Mozilla's roots besides for systems without any.
fn parameters(host: &str) -> Result<TlsParameters, String> {
    let told = |error: lettre::transport::smtp::Error| format!("TLS could not be set up: {error}");
    let mut builder = TlsParameters::builder(host.to_owned());
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        builder = builder.add_root_certificate(Certificate::from_der(root.to_vec()).map_err(told)?);
    }
    builder.build_rustls().map_err(told)
}

/// A value of a header field: one line, bounded.
fn one_line(text: &str) -> String {
    safe(text).chars().take(MOST_SUBJECT).collect()
}

/// The text of the mail.
fn text(notice: &Notice) -> String {
    let mut lines = vec![safe(&notice.headline()).into_owned(), String::new()];
    let text = notice.text.as_deref().unwrap_or_default();
    lines.extend(text.lines().take(MOST_LINES).map(|line| safe(line).into_owned()));
    lines.push(String::new());
    lines.push(format!("Severity: {}", notice.severity_name()));
    lines.push(format!("Kind: {}", safe(&notice.kind)));
    lines.push(format!("Subject: {}", safe(&notice.subject)));
    lines.push(format!("Found: {}", notice.created));
    lines.push(format!("Alert: {}", safe(&notice.id)));
    lines.push(String::new());
    lines.join("\n")
}
