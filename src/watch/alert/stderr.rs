//! Alerts on standard error.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::channel::{Channel, ChannelSettings, Failure, Sending};
use super::notice::Notice;
use crate::policy::StderrFormat;
use crate::report::human::safe;
use crate::rules::Severity;

/// What the channel of a service is called.
pub(super) const NAME: &str = "stderr";
/// What that of a run by hand is called, which gets nothing of what others find. It is no channel that anybody waits for:
/// what such a run could not say is in the report of the next.
const NAME_ONCE: &str = "--once, stderr";
/// How long nobody may read it.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most lines of an alert's text that are shown.
const MOST_LINES: usize = 60;

/// Whose standard error it is: what waits for the one of a service is not said on a terminal where somebody looks once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StderrOf {
    /// A service's, also of one that is started again.
    Service,
    /// That of a run that looks once.
    Once,
}

/// Standard error, or whatever takes its place in a test.
pub struct Stderr {
    settings: ChannelSettings,
    format: StderrFormat,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Stderr {
    /// Writes to standard error.
    pub fn new(of: StderrOf, format: StderrFormat, least: Severity) -> Self {
        Self::to(Box::new(anstream::stderr()), of, format, least)
    }

    /// Writes to something else.
    pub fn to(writer: Box<dyn Write + Send>, of: StderrOf, format: StderrFormat, least: Severity) -> Self {
        let name = match of {
            StderrOf::Service => NAME,
            StderrOf::Once => NAME_ONCE,
        };
        let settings = ChannelSettings { name: name.to_owned(), least, timeout: TIMEOUT };
        Self { settings, format, writer: Arc::new(Mutex::new(writer)) }
    }
}

impl Channel for Stderr {
    fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    fn send<'a>(&'a self, notice: &'a Notice) -> Sending<'a> {
        let text = match self.format {
            StderrFormat::Human => human(notice),
            StderrFormat::Json => plain_json(notice),
            StderrFormat::Brief => headline(notice),
        };
        let writer = Arc::clone(&self.writer);
        Box::pin(async move {
            // A pipe that nobody reads must not hold up the rest of the program.
            let written = tokio::task::spawn_blocking(move || write(&writer, &text));
            match tokio::time::timeout(self.timeout(), written).await {
                Ok(Ok(Ok(()))) => Ok(()),
                Ok(Ok(Err(error))) => Err(Failure::passing(format!("it cannot be written: {error}"))),
                Ok(Err(_)) => Err(Failure::passing("it could not be written")),
                Err(_) => Err(Failure::passing("nobody reads it")),
            }
        })
    }
}

/// Says something about the alerts themselves on standard error.
pub(super) fn say(text: &str) {
    // Nothing is left to do where even that cannot be written.
    let _ = writeln!(anstream::stderr().lock(), "{}", safe(text));
}

fn write(writer: &Mutex<Box<dyn Write + Send>>, text: &str) -> io::Result<()> {
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    writer.write_all(text.as_bytes())?;
    writer.flush()
}

/// One line for people.
fn headline(notice: &Notice) -> String {
    format!("{} [{}] {}\n", notice.created, notice.severity_name(), safe(&notice.headline()))
}

/// A few lines for people.
fn human(notice: &Notice) -> String {
    let mut lines = headline(notice);
    let text = notice.text.as_deref().unwrap_or_default();
    for line in text.lines().take(MOST_LINES) {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "  {}", safe(line));
    }
    let left = text.lines().count().saturating_sub(MOST_LINES);
    if left > 0 {
        let _ = writeln!(lines, "  … ({left} more lines)");
    }
    let _ =
        writeln!(lines, "  alert {}, {}: {}", safe(&notice.id), safe(&notice.kind), safe(&notice.subject));
    lines
}

/// A line of JSON in which everything but plain ASCII is escaped: no terminal obeys any of it.
fn plain_json(notice: &Notice) -> String {
    let mut line = String::new();
    for character in notice.json().chars() {
        match character {
            ' '..='~' => line.push(character),
            // The details stand as they were written, and may have line breaks between their parts.
            '\n' | '\r' | '\t' => line.push(' '),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::notice::example;
    use super::*;

    fn nasty() -> Notice {
        let text = format!("one\u{1b}[2J\ntwo\r\u{7}\u{202e}\n{}", "line\n".repeat(100));
        let details = json!({"name": "a\u{9b}31m\u{7f}😀\u{1b}"});
        let payload =
            json!({"title": "A\nB\u{1b}]0;x\u{7}", "severity": "high", "text": text, "details": details});
        example(&serde_json::to_string_pretty(&payload).unwrap())
    }

    #[test]
    fn a_terminal_obeys_nothing_of_it() {
        let shown = human(&nasty());
        assert!(
            shown.starts_with("2026-11-22T05:00:00Z [high] A\\nB\\u{1b}]0;x\\u{7}\n  one\\u{1b}[2J\n"),
            "{shown}"
        );
        assert!(shown.ends_with("  … (42 more lines)\n  alert 5f3a, certificate: ab12\n"), "{shown}");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
        let line = plain_json(&nasty());
        assert!(line.trim_end_matches('\n').bytes().all(|octet| (b' '..=b'~').contains(&octet)), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["title"], "A\nB\u{1b}]0;x\u{7}");
        assert_eq!(read["details"]["name"], "a\u{9b}31m\u{7f}😀\u{1b}");
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_a_failure() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let channel = Stderr::to(Box::new(Closed), StderrOf::Service, StderrFormat::Human, Severity::Info);
        let failure = channel.send(&nasty()).await.unwrap_err();
        assert!(failure.to_string().contains("cannot be written: broken pipe"), "{failure}");
    }
}
