//! A small HTTP server for log lists, with every fault that a server has; and the key that signs them.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

/// What the server says for a path.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// 200 with this body.
    Body(Vec<u8>),
    /// 200 with this body and tag, or 304 to who has it.
    Tagged(Vec<u8>, &'static str),
    /// A status without more.
    Status(u16),
    /// 200, but the connection ends before the body does.
    Truncated(Vec<u8>),
    /// 200, then silence.
    Stall,
    /// One after the other; the last one from then on.
    InTurn(Vec<Reply>),
}

/// The server; it runs until the test ends.
pub(crate) struct ListServer {
    address: std::net::SocketAddr,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
}

impl ListServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            replies: Arc::default(),
            requests: Arc::default(),
        };
        let (replies, requests) = (Arc::clone(&server.replies), Arc::clone(&server.requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (replies, requests) = (Arc::clone(&replies), Arc::clone(&requests));
                // A client that goes away ends its thread only.
                std::thread::spawn(move || answer(stream, &replies, &requests));
            }
        });
        server
    }

    pub(crate) fn set(&self, path: &str, reply: Reply) {
        self.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Serves a list and its signature by the test key.
    pub(crate) fn publish(&self, list: &[u8]) {
        self.set("/list.json", Reply::Body(list.to_vec()));
        self.set("/list.sig", Reply::Body(sign(list)));
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests since the last time, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

fn answer(
    mut stream: TcpStream,
    replies: &Mutex<HashMap<String, Reply>>,
    requests: &Mutex<Vec<Request>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let reply = match replies.lock().unwrap().get_mut(&path) {
        Some(Reply::InTurn(turns)) if turns.len() > 1 => turns.remove(0),
        Some(Reply::InTurn(turns)) => turns.first()?.clone(),
        Some(reply) => reply.clone(),
        None => Reply::Status(404),
    };
    let has = headers.get("if-none-match").cloned();
    requests.lock().unwrap().push(Request { path, headers });
    let head = |status: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    let mut send = |head: String, body: &[u8]| {
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok()
    };
    match reply {
        Reply::Body(body) => send(head(200, body.len(), ""), &body),
        Reply::Tagged(_, tag) if has.as_deref() == Some(tag) => {
            send(head(304, 0, &format!("ETag: {tag}\r\n")), b"")
        }
        Reply::Tagged(body, tag) => send(head(200, body.len(), &format!("ETag: {tag}\r\n")), &body),
        Reply::Status(status) => send(head(status, 0, ""), b""),
        Reply::Truncated(body) => send(head(200, body.len() + 1000, ""), &body),
        Reply::InTurn(_) => None,
        Reply::Stall => {
            send(head(200, 1000, ""), b"{")?;
            std::thread::sleep(Duration::from_secs(30));
            None
        }
    }
}

fn key_pair() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// The signature by the test key.
pub(crate) fn sign(list: &[u8]) -> Vec<u8> {
    let pair = key_pair();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), list, &mut signature).unwrap();
    signature
}

/// The test key as PEM.
pub(crate) fn key_pem() -> String {
    let der = AsDer::<PublicKeyX509Der<'_>>::as_der(key_pair().public_key()).unwrap();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der.as_ref()))
}

/// Google's 'Argon2026h2', which is usable since 2024.
pub(crate) const ARGON: (&str, &str) = (
    "1219ENGn9XfCx+lf1wC/+YLJM1pl4dCzAXMXwMjFaXc=",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKjpni/66DIYrSlGK6Rf+e6F2c/28ZUvDJ79N81+gyimAESAyeNZ++TRgjHWg9TVQnKHTSU0T1TtqDupFnSQTIg==",
);

/// The first mimic log.
pub(crate) const MIMIC: (&str, &str) = (
    "9EGV1vAOLbVUNcrdV3iS5T4VrUFwWPh44U/2uRh0FYk=",
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdO/+dnH/NZSBSLmmN9u2h4HNTnCOLeU+oMBiRynIvQ8zt2ft0IMyO90e5nwSaCdYvA4JVGzCMarfs9DcNxFY1g==",
);

/// A list of Argon (read-only since 2026-11-01) and of the mimic (praised as usable).
pub(crate) fn list(version: &str, date: Timestamp) -> Value {
    let log = |(id, key): (&str, &str), name: &str, state: Value| json!({"description": name, "log_id": id, "key": key, "url": "https://log.example/", "mmd": 86400, "state": state});
    json!({
        "version": version,
        "log_list_timestamp": date,
        "operators": [
            {"name": "Google", "email": [], "tiled_logs": [], "logs": [
                log(ARGON, "Google 'Argon2026h2' log", json!({"readonly": {"timestamp": "2026-11-01T00:00:00Z"}})),
            ]},
            {"name": "Good", "email": [], "tiled_logs": [], "logs": [
                log(MIMIC, "Good log", json!({"usable": {"timestamp": "2026-01-01T00:00:00Z"}})),
            ]},
        ]
    })
}
