//! Mail: a small SMTP server of the test that says what it is told to say.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod};
use pinstead::policy::MailSecurity;
use pinstead::rules::Severity;
use pinstead::watch::alert::{Channel as _, ChannelSettings, Failure, Mail, MailServer, Secret};
use serde_json::Value;

use super::{LONG, notice, notice_of};
use crate::world::{run, text};

const PASSWORD: &str = "an 0dd passw0rd";
/// Where the child finds the server, whose certificate it is told to trust.
const SERVER: &str = "PINSTEAD_TEST_SMTP";

/// What a server answers where it does not simply agree: the beginning of a command, and the answer.
type Script = &'static [(&'static str, &'static str)];

/// A server for one mail at a time. `said` gets every line that it was told, and each mail as one text.
struct Server {
    address: SocketAddr,
    said: mpsc::Receiver<String>,
}

impl Server {
    fn start(script: Script, tls: Option<SslAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Who leaves early is part of the tests.
                let _ = plain(&stream, script, tls.as_ref(), &sender);
            }
        });
        Self { address, said }
    }

    /// All that was said so far.
    fn said(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }
}

fn plain(
    stream: &TcpStream,
    script: Script,
    tls: Option<&SslAcceptor>,
    said: &mpsc::Sender<String>,
) -> std::io::Result<()> {
    if conversation(stream, script, tls.is_some(), true, said)?
        && let Some(tls) = tls
        && let Ok(stream) = tls.accept(stream.try_clone()?)
    {
        conversation(stream, script, false, false, said)?;
    }
    Ok(())
}

/// Talks until the other side quits; gives whether it wants TLS now.
fn conversation<S: Read + Write>(
    stream: S,
    script: Script,
    has_tls: bool,
    greets: bool,
    said: &mpsc::Sender<String>,
) -> std::io::Result<bool> {
    let mut reader = BufReader::new(stream);
    if greets {
        let greeting = script.iter().find(|(command, _)| command.is_empty());
        let greeting = greeting.map_or("220 mail.example ESMTP", |(_, answer)| answer);
        reader.get_mut().write_all(format!("{greeting}\r\n").as_bytes())?;
    }
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.trim_end().to_owned();
        let _ = said.send(line.clone());
        let scripted = script.iter().find(|(command, _)| !command.is_empty() && line.starts_with(command));
        let answer = match scripted {
            Some((_, "hang")) => {
                reader.read_line(&mut String::new())?;
                return Ok(false);
            }
            Some((_, answer)) => (*answer).to_owned(),
            None if line.starts_with("EHLO") => {
                let more = if has_tls { "250-STARTTLS\r\n" } else { "" };
                format!("250-mail.example\r\n{more}250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
            }
            None if line == "STARTTLS" => "220 go ahead".to_owned(),
            None if line.starts_with("AUTH") => "235 welcome".to_owned(),
            None if line == "DATA" => "354 go ahead".to_owned(),
            None if line == "QUIT" => "221 bye".to_owned(),
            None => "250 fine".to_owned(),
        };
        reader.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        if line == "STARTTLS" {
            return Ok(answer.starts_with("220"));
        }
        if line == "DATA" && answer.starts_with("354") {
            let mut mail = String::new();
            while !mail.ends_with("\r\n.\r\n") {
                reader.read_line(&mut mail)?;
            }
            let _ = said.send(mail);
            let scripted = script.iter().find(|(command, _)| *command == "mail");
            let answer = scripted.map_or("250 taken", |(_, answer)| answer);
            reader.get_mut().write_all(format!("{answer}\r\n").as_bytes())?;
        }
    }
}

fn mail(address: SocketAddr, security: MailSecurity, login: bool, timeout: Duration) -> Mail {
    let login = login.then(|| ("pinstead".to_owned(), Secret::new(PASSWORD)));
    let server = MailServer { host: "127.0.0.1".to_owned(), port: address.port(), security, login };
    let to = ["Security <security@example.com>".to_owned(), "second@example.com".to_owned()];
    let mailboxes = ("Pinstead <pinstead@sender.example>", to.as_slice());
    let settings = ChannelSettings { name: "mail".to_owned(), least: Severity::Info, timeout };
    Mail::new(settings, server, mailboxes).unwrap()
}

fn sent(mail: &Mail) -> Result<(), Failure> {
    crate::world::runtime().block_on(mail.send(&notice()))
}

fn told(script: Script) -> Failure {
    let server = Server::start(script, None);
    let failure = sent(&mail(server.address, MailSecurity::None, true, LONG)).unwrap_err();
    assert!(!format!("{failure} {failure:?}").contains(PASSWORD), "{failure}");
    failure
}

/// A mail as Python's own reader understands it.
fn understood(mail: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail");
    // As it was before the dots of its lines were doubled (RFC 5321 section 4.5.2).
    std::fs::write(&file, mail.strip_suffix(".\r\n").unwrap().replace("\r\n..", "\r\n.")).unwrap();
    let script = "import email, email.policy, json, sys
m = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
parts = [(p.get_content_type(), p.get_filename(), p.get_payload(decode=True).decode()) for p in m.walk() if not p.is_multipart()]
print(json.dumps({'fields': m.items(), 'parts': parts, 'defects': [str(d) for p in m.walk() for d in p.defects]}))";
    let output = run("python3", &["-c", script, file.to_str().unwrap()]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)))
}

#[test]
fn a_mail_says_what_the_alert_says() {
    let server = Server::start(&[], None);
    let odd = serde_json::json!({
        "title": "Someone got bücher.example\r\nBcc: everyone@example.com\r\n\r\nX",
        "severity": "critical",
        "text": ".\n..\nsecond line \u{1b}[2J\n.\r\n",
        "details": {"name": "bücher.example"},
    });
    let channel = mail(server.address, MailSecurity::None, true, LONG);
    crate::world::runtime().block_on(channel.send(&notice_of(odd.to_string()))).unwrap();
    let said = server.said();
    assert!(said.iter().any(|line| line.starts_with("AUTH ")), "{said:?}");
    for command in [
        "MAIL FROM:<pinstead@sender.example>",
        "RCPT TO:<security@example.com>",
        "RCPT TO:<second@example.com>",
    ] {
        assert!(said.iter().any(|line| line.starts_with(command)), "{command}: {said:?}");
    }
    assert_eq!(said.iter().filter(|line| line.starts_with("RCPT")).count(), 2);
    let mail = said.iter().find(|said| said.contains("\r\n.\r\n")).unwrap();
    assert!(!mail.contains("\r\n.\r\nsecond"), "a dot alone ends no mail");
    let understood = understood(mail);
    assert_eq!(understood["defects"], Value::Array(Vec::new()), "{understood}");
    let field = |name: &str| -> Vec<&str> {
        let fields = understood["fields"].as_array().unwrap();
        let named = fields.iter().filter(|field| field[0].as_str().unwrap().eq_ignore_ascii_case(name));
        named.map(|field| field[1].as_str().unwrap()).collect()
    };
    assert_eq!(
        field("Subject"),
        [r"[pinstead critical] Someone got bücher.example\r\nBcc: everyone@example.com\r\n\r\nX"]
    );
    assert!(field("Bcc").is_empty());
    assert_eq!(field("Message-ID"), ["<0123456789abcdef0123456789abcdef.pinstead@sender.example>"]);
    assert_eq!(field("Auto-Submitted"), ["auto-generated"]);
    assert_eq!(field("Pinstead-Alert-Id"), ["0123456789abcdef0123456789abcdef"]);
    assert_eq!(field("Date").len(), 1);
    let parts = understood["parts"].as_array().unwrap();
    assert_eq!(parts[0][0], "text/plain");
    let body = parts[0][2].as_str().unwrap().replace("\r\n", "\n");
    assert!(body.contains("\n.\n..\nsecond line \\u{1b}[2J\n.\n"), "{body}");
    assert_eq!((&parts[1][0], &parts[1][1]), (&"application/json".into(), &"alert.json".into()));
    let json: Value = serde_json::from_str(parts[1][2].as_str().unwrap()).unwrap();
    assert_eq!((&json["title"], &json["details"]), (&odd["title"], &odd["details"]));
}

#[test]
fn a_refusal_for_now_is_tried_again_sooner_than_one_for_good() {
    for (script, code) in [
        (&[("", "421 too busy")] as Script, "421"),
        (&[("MAIL", "451 try later")], "451"),
        (&[("RCPT", "450 greylisted")], "450"),
        (&[("mail", "452 no room")], "452"),
    ] {
        let failure = told(script);
        assert!(failure.to_string().contains(code) && failure.pause().is_none(), "{failure}");
    }
    for (script, code) in [
        (&[("AUTH", "535 an 0dd passw0rd is wrong")] as Script, "535"),
        (&[("RCPT TO:<second", "550 no such user")], "550"),
        (&[("mail", "554 spam")], "554"),
    ] {
        let failure = told(script);
        assert!(failure.to_string().contains(code), "{failure}");
        assert_eq!(failure.pause(), Some(Duration::from_hours(1)), "{failure}");
    }
}

#[test]
fn a_server_that_hangs_or_talks_nonsense_is_a_failure() {
    let server = Server::start(&[("DATA", "hang")], None);
    let failure = sent(&mail(server.address, MailSecurity::None, false, Duration::from_millis(500)));
    assert!(failure.is_err());
    for script in [&[("", "HTTP/1.1 400 Bad Request")] as Script, &[("MAIL", "")]] {
        let server = Server::start(script, None);
        let channel = mail(server.address, MailSecurity::None, false, Duration::from_secs(2));
        assert!(sent(&channel).is_err(), "{script:?}");
    }
    let nobody = sent(&mail("127.0.0.1:1".parse().unwrap(), MailSecurity::None, false, LONG)).unwrap_err();
    assert!(nobody.to_string().starts_with("127.0.0.1:1: "), "it says where: {nobody}");
}

#[test]
fn nothing_is_said_without_starttls() {
    for (script, has_tls) in [(&[] as Script, false), (&[("STARTTLS", "454 not now")], true)] {
        let tls = has_tls.then(|| acceptor(&tempfile::tempdir().unwrap()));
        let server = Server::start(script, tls);
        let failure = sent(&mail(server.address, MailSecurity::Starttls, true, LONG)).unwrap_err();
        let said = server.said();
        let only = |line: &String| ["EHLO", "QUIT", "STARTTLS"].iter().any(|begin| line.starts_with(begin));
        assert!(said.iter().all(only), "{failure}: {said:?}");
    }
}

/// A server's TLS, with a certificate for loopback in `folder/cert.pem` that signs itself.
fn acceptor(folder: &tempfile::TempDir) -> SslAcceptor {
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate) = (at("key.pem"), at("cert.pem"));
    let made = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=mail.example",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
    assert!(made.status.success(), "{}", text(&made));
    let mut acceptor = SslAcceptor::mozilla_intermediate(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key_file(&key, SslFiletype::PEM).unwrap();
    acceptor.set_certificate_chain_file(&certificate).unwrap();
    acceptor.build()
}

/// Sends by the server of its parent. It is a process of its own, because what the platform trusts is read once.
#[test]
fn a_child_sends_over_tls() {
    // Without that, this is the test that runs among the others, which has nothing to do.
    let Some(address) = std::env::var_os(SERVER) else { return };
    let address: SocketAddr = address.to_str().unwrap().parse().unwrap();
    println!("outcome {:?}", sent(&mail(address, MailSecurity::Starttls, true, LONG)));
}

#[test]
fn tls_is_as_the_platform_trusts_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[], Some(acceptor(&folder)));
    let outcome = |trusted: Option<&str>| -> String {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["mails::a_child_sends_over_tls", "--exact", "--nocapture"])
            .env(SERVER, server.address.to_string())
            .env_remove("SSL_CERT_DIR")
            .stdin(Stdio::null());
        if let Some(trusted) = trusted {
            child.env("SSL_CERT_FILE", folder.path().join(trusted));
        }
        text(&child.output().unwrap())
    };
    let refused = outcome(None);
    assert!(refused.contains("outcome Err(") && refused.contains("ertificate"), "{refused}");
    let said = server.said();
    assert!(said.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{said:?}");
    let taken = outcome(Some("cert.pem"));
    assert!(taken.contains("outcome Ok("), "{taken}");
    let said = server.said();
    assert!(said.iter().any(|line| line.starts_with("AUTH ")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("Message-ID: <0123456789abcdef")), "{said:?}");
}
