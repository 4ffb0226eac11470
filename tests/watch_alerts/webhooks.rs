//! Webhooks: a receiver on loopback that answers, refuses, closes, hangs and leads elsewhere.

use std::time::Duration;

use pinstead::observe::http::HttpPoster;
use pinstead::rules::Severity;
use pinstead::watch::alert::{Channel as _, ChannelSettings, Failure, Secret, Webhook};
use reqwest::Url;

use super::{Answer, LONG, Receiver, notice, status};
use crate::world::{run, text};

pub(crate) const SECRET: &str = "a secret that nobody knows";

pub(crate) fn webhook(url: &str, timeout: Duration) -> Webhook {
    let poster = HttpPoster::new().unwrap();
    let url = Url::parse(url).unwrap();
    let settings = ChannelSettings { name: "siem".to_owned(), least: Severity::Info, timeout };
    Webhook::new(settings, url, Secret::new(SECRET), poster)
}

fn sent(receiver: &Receiver, timeout: Duration) -> Result<(), Failure> {
    let webhook = webhook(&receiver.url("/alerts?token=t0ken"), timeout);
    crate::world::runtime().block_on(webhook.send(&notice()))
}

fn told(answer: Answer) -> Failure {
    let failure = sent(&Receiver::start(vec![answer]), LONG).unwrap_err();
    let shown = format!("{failure} {failure:?}");
    assert!(!shown.contains("t0ken") && !shown.contains(SECRET), "{shown}");
    failure
}

#[test]
fn a_receiver_gets_what_openssl_signs_alike() {
    let receiver = Receiver::start(vec![status("204 No Content", "")]);
    sent(&receiver, LONG).unwrap();
    let request = receiver.next();
    assert!(request.head.starts_with("POST /alerts?token=t0ken HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.field("content-type"), Some("application/json"));
    assert!(request.field("user-agent").unwrap().starts_with("pinstead/"));
    assert_eq!(request.field("pinstead-alert-id"), request.json()["id"].as_str());
    assert_eq!(request.json()["text"], "first line\nsecond line");
    assert_eq!(request.json()["details"]["sha256"], "ab12");

    let timestamp = request.field("pinstead-timestamp").unwrap();
    assert!(timestamp.parse::<u64>().unwrap() > 1_795_000_000);
    let folder = tempfile::tempdir().unwrap();
    let signed = folder.path().join("signed");
    std::fs::write(&signed, [timestamp.as_bytes(), b".", &request.body].concat()).unwrap();
    let said = text(&run("openssl", &["dgst", "-sha256", "-hmac", SECRET, signed.to_str().unwrap()]));
    let expected = said.trim().rsplit("= ").next().unwrap();
    assert_eq!(expected.len(), 64);
    assert_eq!(request.field("pinstead-signature"), Some(format!("v1={expected}").as_str()));
}

#[test]
fn what_a_receiver_answers_decides_when_it_is_asked_again() {
    let failure = told(status("500 Internal Server Error", ""));
    assert_eq!((failure.to_string().as_str(), failure.pause()), ("HTTP 500", None));
    let failure = told(status("429 Too Many Requests", "Retry-After: 120\r\n"));
    assert_eq!(failure.rest(), Some(Duration::from_mins(2)));
    let failure = told(status("503 Service Unavailable", "Retry-After: Sun, 22 Nov 2099 00:00:00 GMT\r\n"));
    assert!(failure.rest() > Some(Duration::from_hours(8760)), "the outbox bounds it");
    for gone in ["404 Not Found", "410 Gone", "401 Unauthorized"] {
        let failure = told(status(gone, ""));
        assert_eq!((failure.pause(), failure.rest()), (Some(Duration::from_hours(1)), None), "{gone}");
    }
    let repeats = format!("HTTP/1.1 400 Bad Request\r\n\r\n{SECRET} is not your secret\u{1b}");
    assert!(told(Answer::Says(repeats)).to_string().starts_with("HTTP 400: … is not your secret"));
}

#[test]
fn a_receiver_that_breaks_off_or_hangs_is_a_failure() {
    for answer in [Answer::Closes, Answer::Says("220 mail.example ESMTP\r\n".to_owned())] {
        let failure = told(answer);
        assert_eq!(failure.pause(), None, "{failure}");
    }
    let failure = sent(&Receiver::start(vec![Answer::Hangs]), Duration::from_millis(300)).unwrap_err();
    assert_eq!(failure.to_string(), "no whole answer in time");
    let closed =
        Receiver { address: "127.0.0.1:1".parse().unwrap(), ..Receiver::start(vec![Answer::Closes]) };
    assert!(sent(&closed, LONG).unwrap_err().to_string().starts_with("no connection"));
}

#[test]
fn no_redirection_is_followed() {
    for code in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let elsewhere = Receiver::start(vec![status("204 No Content", "")]);
        let location = format!("Location: {}\r\n", elsewhere.url("/stolen"));
        let failure = told(status(code, &location));
        assert!(failure.to_string().contains("redirections are not followed"), "{failure}");
        assert!(elsewhere.is_silent(), "{code}");
    }
}

#[test]
fn an_endless_answer_is_not_read() {
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{}", "x".repeat(100_000));
    sent(&Receiver::start(vec![Answer::Says(endless)]), LONG).unwrap();
}
