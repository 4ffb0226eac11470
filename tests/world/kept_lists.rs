//! Lists that are served, and the cache in which the binary keeps them.
#![allow(clippy::disallowed_methods, reason = "lists are dated by the clock that the binary reads too")]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use super::list_server::{ListServer, key_pem};
use super::pinstead;

/// A server of lists, a cache folder of its own, and the key.
pub(crate) struct Lists {
    pub(crate) server: ListServer,
    pub(crate) folder: TempDir,
}

impl Lists {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("key.pem"), key_pem()).unwrap();
        Self { server: ListServer::start(), folder }
    }

    pub(crate) fn key(&self) -> String {
        path_text(&self.folder.path().join("key.pem"))
    }

    /// The file in which Chrome's list is kept.
    pub(crate) fn kept(&self) -> PathBuf {
        self.folder.path().join("pinstead/log-lists/chrome.json")
    }

    pub(crate) fn pinstead(&self) -> assert_cmd::Command {
        let mut command = pinstead();
        command.env("XDG_CACHE_HOME", self.folder.path());
        command
    }

    /// `logs update` of the list and signature that are served; its only entry.
    pub(crate) fn update(&self, more: &[&str], code: i32) -> Value {
        let (url, signature_url) = (self.server.url("/list.json"), self.server.url("/list.sig"));
        let signed = ["--signature-url", &signature_url, "--key", &self.key()].map(str::to_owned);
        self.update_from(
            &url,
            &signed.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>(),
            code,
        )
    }

    pub(crate) fn update_from(&self, url: &str, arguments: &[&str], code: i32) -> Value {
        let assert = self
            .pinstead()
            .args(["logs", "update", "--format", "json", "--url", url])
            .args(arguments)
            .assert();
        let output = assert.get_output();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        report["lists"][0].clone()
    }

    /// `logs list` by what is kept.
    pub(crate) fn listed(&self, arguments: &[&str]) -> Value {
        let key = self.key();
        let assert = self
            .pinstead()
            .args(["logs", "list", "--format", "json", "--log-list-key", &key])
            .args(arguments)
            .assert()
            .code(0);
        serde_json::from_slice(&assert.get_output().stdout).unwrap()
    }
}

pub(crate) fn path_text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub(crate) fn octets(list: &Value) -> Vec<u8> {
    list.to_string().into_bytes()
}

/// A time so many hours ago.
pub(crate) fn ago(hours: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(hours)
}

pub(crate) fn reason(update: &Value) -> &str {
    update["reason"].as_str().unwrap_or_default()
}
