//! `pinstead logs update`: lists fetched, kept and refused.

mod world;

use std::fs;

use serde_json::Value;
use world::kept_lists::{Lists, ago, octets, path_text, reason};
use world::list_server::{Reply, list, sign};

#[test]
fn a_list_is_fetched_kept_and_asked_for_again_only_when_it_changed() {
    let lists = Lists::new();
    let first = octets(&list("99.1", ago(49)));
    lists.server.set("/list.json", Reply::Tagged(first.clone(), "\"one\""));
    lists.server.set("/list.sig", Reply::Body(sign(&first)));
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["program"]), (&"updated".into(), &"chrome".into()));
    assert_eq!((&update["list"]["version"], &update["list"]["signed"]), (&"99.1".into(), &true.into()));
    assert_eq!((&update["list"]["age_days"], &update["list"]["logs"]), (&2.into(), &2.into()));
    assert_eq!(update["before"], Value::Null);
    assert!(!lists.server.requests()[0].headers.contains_key("if-none-match"));

    // 304: nothing is fetched, and nothing changes but when it was seen.
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["list"]["version"]), (&"current".into(), &"99.1".into()));
    let requests = lists.server.requests();
    let paths: Vec<_> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, ["/list.json"]);
    assert_eq!(requests[0].headers["if-none-match"], "\"one\"");
    assert!(requests[0].headers["user-agent"].starts_with("pinstead/"));

    // The same list without 304 is the current one too.
    lists.server.publish(&first);
    assert_eq!(lists.update(&[], 0)["outcome"], "current");

    let second = octets(&list("99.2", ago(24)));
    lists.server.publish(&second);
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["before"]["version"]), (&"updated".into(), &"99.1".into()));
    assert_eq!(lists.listed(&[])["log_list"]["version"], "99.2");

    // Another URL's tag is not this one's.
    lists.server.requests();
    lists.server.set("/mirror.json", Reply::Body(second.clone()));
    let signature_url = lists.server.url("/list.sig");
    let arguments = ["--signature-url", &signature_url, "--key", &lists.key()].map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    lists.update_from(&lists.server.url("/mirror.json"), &arguments, 0);
    assert!(!lists.server.requests()[0].headers.contains_key("if-none-match"));
}

/// An edition comes out after the list was fetched and before its signature was.
#[test]
fn a_signature_of_the_next_edition_is_asked_for_again() {
    let lists = Lists::new();
    let (old, new) = (octets(&list("99.1", ago(48))), octets(&list("99.2", ago(24))));
    lists.server.set("/list.json", Reply::InTurn(vec![Reply::Body(old), Reply::Body(new.clone())]));
    lists.server.set("/list.sig", Reply::Body(sign(&new)));
    let update = lists.update(&[], 0);
    assert_eq!((&update["outcome"], &update["list"]["version"]), (&"updated".into(), &"99.2".into()));
}

#[test]
fn what_is_wrong_is_refused_and_the_old_list_stays() {
    let lists = Lists::new();
    lists.server.publish(&octets(&list("99.5", ago(48))));
    lists.update(&[], 0);
    let before = fs::read(lists.kept()).unwrap();

    let newer = octets(&list("99.6", ago(24)));
    let mut forged = sign(&newer);
    forged[7] ^= 1;
    let older = octets(&list("99.4", ago(72)));
    let future = octets(&list("99.7", ago(-48)));
    let mut apples = list("99.6", ago(24));
    apples["$schema"] = "https://valid.apple.com/ct/log_list/schema_versions/log_list_schema_v5.json".into();
    let empty = br#"{"version": "99.6", "log_list_timestamp": "2026-11-20T00:00:00Z", "operators": []}"#;
    for (name, list, signature, why) in [
        ("forged", newer.clone(), forged, "signature of the log list is wrong"),
        ("another's signature", newer.clone(), sign(&older), "signature of the log list is wrong"),
        ("older", older.clone(), sign(&older), "it is older (version 99.4"),
        ("from the future", future.clone(), sign(&future), "still to come"),
        ("Apple's", octets(&apples), sign(&octets(&apples)), "form of the list of Apple"),
        ("empty", empty.to_vec(), sign(empty), "no log that can be used"),
        ("no JSON", b"<html>".to_vec(), sign(b"<html>"), "not valid JSON"),
        ("no list", b"{}".to_vec(), sign(b"{}"), "not a v3 log list"),
    ] {
        lists.server.set("/list.json", Reply::Body(list));
        lists.server.set("/list.sig", Reply::Body(signature));
        let update = lists.update(&[], 1);
        assert_eq!(update["outcome"], "refused", "{name}");
        assert!(reason(&update).contains(why), "{name}: {}", reason(&update));
        assert_eq!(update["before"]["version"], "99.5", "{name}");
        assert_eq!(fs::read(lists.kept()).unwrap(), before, "{name}");
    }
    // What is older than the table that is built in is refused as well.
    let fresh = Lists::new();
    fresh.server.publish(&octets(&list("80.1", "2026-01-01T00:00:00Z".parse().unwrap())));
    assert!(reason(&fresh.update(&[], 1)).contains("the list that is built in"));
    assert!(!fresh.kept().exists());
}

#[test]
fn never_an_unsigned_list_unless_told() {
    let lists = Lists::new();
    let newer = octets(&list("99.6", ago(24)));
    lists.server.set("/list.json", Reply::Body(newer.clone()));
    let url = lists.server.url("/list.json");
    let update = lists.update_from(&url, &[], 1);
    assert!(reason(&update).contains("Google signs the lists of Chrome"), "{}", reason(&update));
    // A signature that is not there (404) is none.
    assert!(reason(&lists.update(&[], 1)).contains("it has no signature"));
    assert!(!lists.kept().exists());

    let update = lists.update_from(&url, &["--allow-unsigned"], 0);
    assert_eq!((&update["outcome"], &update["list"]["signed"]), (&"updated".into(), &false.into()));
    // A signed one may follow, and then no unsigned one any more.
    lists.server.publish(&newer);
    assert_eq!(lists.update(&[], 0)["list"]["signed"], true);
    let newest = octets(&list("99.7", ago(12)));
    lists.server.set("/list.json", Reply::Body(newest));
    assert!(
        reason(&lists.update_from(&url, &["--key", &lists.key()], 1)).contains("the one that is kept has")
    );
    // Apple signs nothing; over plain HTTP nothing vouches for its list at all.
    let apple = ["--program", "apple"];
    assert!(reason(&lists.update_from(&url, &apple, 1)).contains("did not come over https"));
    let update = lists.update_from(&url, &["--program", "apple", "--allow-unsigned"], 0);
    assert_eq!((&update["outcome"], &update["program"]), (&"updated".into(), &"apple".into()));
}

#[test]
fn what_does_not_come_is_said_and_the_old_list_stays() {
    let lists = Lists::new();
    let good = octets(&list("99.5", ago(48)));
    lists.server.publish(&good);
    lists.update(&[], 0);
    let newer = octets(&list("99.6", ago(24)));
    lists.server.set("/list.sig", Reply::Body(sign(&newer)));
    for (reply, more, why) in [
        (Reply::Status(404), "60", "HTTP 404"),
        (Reply::Status(500), "60", "HTTP 500"),
        (Reply::Truncated(newer.clone()), "60", "cannot be read"),
        (Reply::Body(vec![b' '; (8 << 20) + 1]), "60", "more than 8388608 octets"),
        (Reply::Stall, "1", "in time"),
        // A redirection that leads nowhere.
        (Reply::Status(302), "60", "HTTP 302"),
    ] {
        lists.server.set("/list.json", reply.clone());
        let update = lists.update(&["--timeout", more], 3);
        assert_eq!(update["outcome"], "not_fetched", "{reply:?}");
        assert!(reason(&update).contains(why), "{}", reason(&update));
        assert_eq!(update["before"]["version"], "99.5");
    }
    lists.server.set("/list.json", Reply::Body(newer));
    lists.server.set("/list.sig", Reply::Status(500));
    assert!(reason(&lists.update(&[], 3)).contains("its signature: the server answers with HTTP 500"));
    lists.server.set("/list.sig", Reply::Stall);
    assert!(reason(&lists.update(&["--timeout", "1"], 3)).contains("its signature"));
    let fresh = Lists::new();
    fresh.server.set("/list.json", Reply::Status(304));
    assert!(reason(&fresh.update(&[], 3)).contains("no list is kept here"));
    // Nobody listens there.
    let update = fresh.update_from("http://127.0.0.1:1/list.json", &["--timeout", "5"], 3);
    assert_eq!(update["outcome"], "not_fetched");
}

#[test]
fn a_damaged_cache_is_said_and_mended() {
    let lists = Lists::new();
    let good = octets(&list("99.5", ago(48)));
    lists.server.set("/list.json", Reply::Tagged(good.clone(), "\"one\""));
    lists.server.set("/list.sig", Reply::Body(sign(&good)));
    lists.update(&[], 0);
    let whole = fs::read(lists.kept()).unwrap();
    fs::write(lists.kept(), &whole[..whole.len() / 2]).unwrap();
    let assert = lists.pinstead().args(["logs", "list", "--name", "argon"]).assert().code(0);
    let warned = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(warned.contains("chrome.json is not used: the file is damaged"), "{warned}");
    assert!(String::from_utf8_lossy(&assert.get_output().stdout).contains("built-in table"));

    lists.server.requests();
    let update = lists.update(&[], 0);
    assert_eq!(update["outcome"], "updated");
    assert!(update["before_unusable"].as_str().unwrap().contains("damaged"));
    assert!(
        !lists.server.requests()[0].headers.contains_key("if-none-match"),
        "nothing is kept to compare with"
    );
    assert_eq!(lists.listed(&[])["log_list"]["source"], "cache");
    // A crash while writing leaves the whole old list.
    fs::write(lists.kept().with_extension("json.part"), b"{").unwrap();
    assert_eq!(lists.listed(&[])["log_list"]["version"], "99.5");
    assert_eq!(lists.update(&[], 0)["outcome"], "current");
    // Without the key that signed it, the list is as good as forged.
    let assert = lists.pinstead().args(["logs", "list", "--name", "argon"]).assert().code(0);
    assert!(
        String::from_utf8_lossy(&assert.get_output().stderr).contains("signature of the log list is wrong")
    );
}

#[test]
fn concurrent_updates_leave_the_newest_list() {
    let lists = Lists::new();
    let versions = ["99.1", "99.2", "99.3", "99.4"];
    for (number, version) in versions.iter().enumerate() {
        let list = octets(&list(version, ago(100 - i64::try_from(number).unwrap())));
        lists.server.set(&format!("/{version}.json"), Reply::Body(list.clone()));
        lists.server.set(&format!("/{version}.sig"), Reply::Body(sign(&list)));
    }
    std::thread::scope(|scope| {
        for version in versions.iter().chain(&versions) {
            let (url, signature) =
                (lists.server.url(&format!("/{version}.json")), lists.server.url(&format!("/{version}.sig")));
            let mut command = lists.pinstead();
            command.args([
                "logs",
                "update",
                "--url",
                &url,
                "--signature-url",
                &signature,
                "--key",
                &lists.key(),
            ]);
            scope.spawn(move || {
                let code = command.assert().get_output().status.code();
                assert!(matches!(code, Some(0 | 1)), "updated, current, or older: {code:?}");
            });
        }
    });
    let listed = lists.listed(&[]);
    assert_eq!(
        (&listed["log_list"]["version"], &listed["log_list"]["signed"]),
        (&"99.4".into(), &"yes".into())
    );
    let left: Vec<_> = fs::read_dir(lists.kept().parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 2, "the list and the lock: {left:?}");
}

#[test]
fn a_trial_keeps_nothing_and_a_cache_that_cannot_be_written_is_said() {
    let lists = Lists::new();
    lists.server.publish(&octets(&list("99.1", ago(48))));
    let update = lists.update(&["--dry-run"], 0);
    assert_eq!((&update["outcome"], &update["dry_run"]), (&"updated".into(), &true.into()));
    assert!(!lists.kept().exists());
    fs::write(lists.folder.path().join("pinstead"), b"a file, not a folder").unwrap();
    let update = lists.update(&[], 2);
    assert_eq!(update["outcome"], "not_kept");
    let elsewhere = path_text(&lists.folder.path().join("elsewhere"));
    assert_eq!(lists.update(&["--cache-dir", &elsewhere], 0)["outcome"], "updated");
    let listed = lists.listed(&["--cache-dir", &elsewhere]);
    assert_eq!(listed["log_list"]["source"], "cache");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let lists = Lists::new();
    for arguments in [
        vec!["--program", "mozilla"],
        vec!["--program", "chrome,apple", "--url", "http://127.0.0.1:1/"],
        vec!["--key", "/nonexistent"],
        vec!["--timeout", "0"],
    ] {
        lists.pinstead().args(["logs", "update"]).args(arguments).assert().code(2);
    }
}
