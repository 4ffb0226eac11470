//! The plain-text dialogues that lead into TLS.

use std::io;

use clap::ValueEnum;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest line that is read, and the largest number of lines in one reply.
const MAX_LINE: usize = 4096;
const MAX_LINES: usize = 200;

/// A protocol that begins in plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Starttls {
    /// RFC 3207
    Smtp,
    /// RFC 2595 section 3
    Imap,
    /// RFC 2595 section 4
    Pop3,
    /// PostgreSQL's SSLRequest
    Postgres,
}

impl Starttls {
    /// The name used in options and evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Postgres => "postgres",
        }
    }

    /// The port where the protocol usually listens.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Postgres => 5432,
        }
    }

    /// Speaks the dialogue up to the point where TLS begins.
    pub(super) async fn upgrade(self, mut stream: TcpStream) -> io::Result<TcpStream> {
        match self {
            Self::Smtp => smtp(&mut stream).await?,
            Self::Imap => imap(&mut stream).await?,
            Self::Pop3 => pop3(&mut stream).await?,
            Self::Postgres => postgres(&mut stream).await?,
        }
        Ok(stream)
    }
}

async fn smtp(stream: &mut TcpStream) -> io::Result<()> {
    smtp_reply(stream, "220").await?;
    stream.write_all(b"EHLO pinstead.invalid\r\n").await?;
    let offered = smtp_reply(stream, "250").await?;
    if !offered.iter().any(|line| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"))) {
        return Err(refused("the mail server does not offer STARTTLS", &offered.join(" | ")));
    }
    stream.write_all(b"STARTTLS\r\n").await?;
    smtp_reply(stream, "220").await.map(drop)
}

/// Reads a reply of one or more lines with this code (RFC 5321 section 4.2).
async fn smtp_reply(stream: &mut TcpStream, code: &str) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let line = read_line(stream).await?;
        if !line.starts_with(code) {
            return Err(refused("the mail server refused", &line));
        }
        let more = line.as_bytes().get(3) == Some(&b'-');
        lines.push(line);
        if !more {
            return Ok(lines);
        }
        if lines.len() >= MAX_LINES {
            return Err(refused("the mail server's reply does not end", ""));
        }
    }
}

async fn imap(stream: &mut TcpStream) -> io::Result<()> {
    let greeting = read_line(stream).await?;
    if !greeting.starts_with("* OK") && !greeting.starts_with("* PREAUTH") {
        return Err(refused("this is no IMAP server", &greeting));
    }
    stream.write_all(b"a1 STARTTLS\r\n").await?;
    for _ in 0..MAX_LINES {
        let line = read_line(stream).await?;
        if line.starts_with("a1 OK") {
            return Ok(());
        }
        if line.starts_with("a1 ") {
            return Err(refused("the IMAP server refused STARTTLS", &line));
        }
    }
    Err(refused("the IMAP server's reply does not end", ""))
}

async fn pop3(stream: &mut TcpStream) -> io::Result<()> {
    for command in [None, Some("STLS\r\n")] {
        if let Some(command) = command {
            stream.write_all(command.as_bytes()).await?;
        }
        let line = read_line(stream).await?;
        if !line.starts_with("+OK") {
            return Err(refused("the POP3 server refused STLS", &line));
        }
    }
    Ok(())
}

/// Source: PostgreSQL documentation, “Message Formats”, SSLRequest.
async fn postgres(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).await?;
    match stream.read_u8().await? {
        b'S' => Ok(()),
        _ => Err(refused("the PostgreSQL server does not speak TLS", "")),
    }
}

/// Reads one line octet by octet, so that nothing of what follows it is taken from TLS.
async fn read_line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            octet => line.push(octet),
        }
        if line.len() > MAX_LINE {
            return Err(refused("the server's line does not end", ""));
        }
    }
}

fn refused(what: &str, said: &str) -> io::Error {
    let said: String = said.chars().take(200).collect();
    let text = if said.is_empty() { what.to_owned() } else { format!("{what}: {}", said.escape_debug()) };
    io::Error::other(text)
}
