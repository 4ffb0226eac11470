//! What is refused before anything starts.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::policy::Policy;

const SECRET: &str = "0123456789abcdef";

fn made(text: &str) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(folder.path().join("short"), "x").unwrap();
    for (name, mode) in [("page", 0o755), ("plain", 0o644)] {
        let path = folder.path().join(name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let environment = |name: &str| match name {
        "SECRET" => Some(SECRET.into()),
        "PATH" => Some(folder.path().as_os_str().to_owned()),
        _ => None,
    };
    let policy = Policy::parse("p", text.as_bytes()).unwrap();
    channels(&policy.alerts, folder.path(), &environment, StderrOf::Service)
        .map(|channels| channels.iter().map(|channel| channel.name().to_owned()).collect())
        .map_err(|error| error.to_string())
}

fn hook(rest: &str) -> String {
    format!("[[alerts.hook]]\nname = \"hook\"\n{rest}\n")
}

fn webhook(rest: &str) -> String {
    format!("[[alerts.webhook]]\nname = \"siem\"\n{rest}\n")
}

fn mail(rest: &str) -> String {
    format!(
        "[[alerts.mail]]\nname = \"mail\"\nfrom = \"p@example.com\"\nto = [\"Security <s@example.com>\"]\n{rest}\n"
    )
}

#[test]
fn usable_channels_are_made() {
    assert_eq!(made("").unwrap(), ["stderr"]);
    let policy = Policy::parse("p", b"").unwrap();
    let once = channels(&policy.alerts, Path::new(""), &|_| None, StderrOf::Once).unwrap();
    assert_eq!(once.iter().map(|channel| channel.name()).collect::<Vec<_>>(), ["--once, stderr"]);
    assert!(is_reserved(once[0].name()), "nobody waits for it");
    assert!(made("[alerts]\nstderr = false").unwrap().is_empty());
    let all = [
        hook("command = [\"./page\", \"--now\"]"),
        webhook("url = \"https://siem.example/x\"\nsecret_env = \"SECRET\""),
        mail("server = \"mail.example\"\nuser = \"u\"\npassword_file = \"secret\""),
    ]
    .concat();
    assert_eq!(made(&all).unwrap(), ["stderr", "hook", "siem", "mail"]);
    for usable in [
        hook("command = [\"page\"]"),
        webhook("url = \"http://127.0.0.1:8080/\"\nsecret_file = \"secret\""),
        webhook("url = \"http://[::1]/\"\nsecret_file = \"secret\""),
        webhook("url = \"http://siem.example/\"\nsecret_file = \"secret\"\nallow_http = true"),
        mail("server = \"localhost\"\nsecurity = \"none\""),
        mail("server = \"mail.example\"\nsecurity = \"tls\""),
    ] {
        assert_eq!(made(&usable).unwrap().len(), 2, "{usable}");
    }
}

#[test]
fn what_cannot_work_is_told_before() {
    let https = "url = \"https://siem.example/t0ken\"";
    for (text, told) in [
        (hook("command = []"), "names no program"),
        (hook("command = [\"./none\"]"), "there is no program"),
        (hook("command = [\"none\"]"), "there is no program “none” in PATH"),
        (hook("command = [\"plain\"]"), "there is no program “plain” in PATH"),
        (hook("command = [\"./plain\"]"), "may not be run"),
        (hook("command = [\"page\"]\ntimeout_seconds = 0"), "timeout_seconds"),
        (hook("command = [\"page\"]\ntimeout_seconds = 601"), "timeout_seconds"),
        (webhook(https), "no secret to sign with"),
        (webhook(&format!("{https}\nsecret_env = \"OTHER\"")), "“OTHER” is not set"),
        (webhook(&format!("{https}\nsecret_env = \"A=B\"")), "not the name of an environment variable"),
        (webhook(&format!("{https}\nsecret_file = \"none\"")), "cannot be read"),
        (webhook(&format!("{https}\nsecret_file = \"short\"")), "fewer than 16 octets"),
        (webhook(&format!("{https}\nsecret_file = \"secret\"\nsecret_env = \"SECRET\"")), "has both"),
        (webhook("url = \"http://siem.example/t0ken\"\nsecret_env = \"SECRET\""), "is not https"),
        (webhook("url = \"http://127.0.0.1.example/t0ken\"\nsecret_env = \"SECRET\""), "is not https"),
        (webhook("url = \"https://user:t0ken@siem.example/\"\nsecret_env = \"SECRET\""), "password"),
        (mail("server = \"\""), "`server` is empty"),
        (mail("server = \"mail.example\"\nsecurity = \"none\""), "only for a server on this machine"),
        (mail("server = \"mail.example\"\nuser = \"u\""), "no password_env"),
        (mail("server = \"mail.example\"\npassword_env = \"SECRET\""), "and no user"),
        (mail("server = \"m\"").replace("p@example.com", "nobody"), "is no mailbox"),
        (mail("server = \"m\"").replace("\"Security <s@example.com>\"", ""), "names no mailbox"),
        (hook("command = [\"page\"]").repeat(2), "another channel has this name"),
        (hook("command = [\"page\"]").replace("\"hook\"", "\"stderr\""), "another channel has this name"),
        (hook("command = [\"page\"]").replace("\"hook\"", "\" \""), "a channel's name"),
        (hook("command = [\"page\"]").replace("\"hook\"", "\"--once\""), "another channel has this name"),
        (webhook(&format!("{https}\nsecret_env = \"hunter2-very-secret-t0ken\"")), "is not set"),
    ] {
        let error = made(&text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
        assert!(!error.contains(SECRET) && !error.contains("t0ken"), "{error}");
    }
    let names =
        (0..51).map(|number| hook("command = [\"page\"]").replace("\"hook\"", &format!("\"{number}\"")));
    assert!(made(&names.collect::<String>()).unwrap_err().contains("more than 50"));
}
