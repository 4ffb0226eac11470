//! Pins on every path that clients could build, and why the others match nothing: a CA that two roots have certified,
//! made by openssl, as `pinstead pins --chain`, `pinstead pins --live` and `pinstead check --pins` tell it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::fs;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use serde_json::Value;
use world::odd_dns::{answer, datagrams, type_of};
use world::servers::{OpensslServer, Served};
use world::{pinstead, run, text};

const HOST: &str = "shop.example";

/// Two roots, a CA that both have certified, and a leaf.
const CROSS_SIGNED: &str = "
    key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    for root in one two; do openssl req -x509 $key -keyout $root.key -out $root.pem -days 30 -subj /CN=$root; done
    openssl req $key -keyout ca.key -out ca.csr -subj /CN=ca
    printf 'basicConstraints=critical,CA:TRUE' > ca.ext
    for root in one two; do
        openssl x509 -req -in ca.csr -CA $root.pem -CAkey $root.key -days 30 -extfile ca.ext -out by-$root.pem
    done
    openssl req $key -keyout leaf.key -out leaf.csr -subj /CN=shop.example
    printf 'subjectAltName=DNS:shop.example' > leaf.ext
    openssl x509 -req -in leaf.csr -CA by-one.pem -CAkey ca.key -days 30 -extfile leaf.ext -out leaf.pem
    cat leaf.pem by-one.pem by-two.pem > chain.pem
    cat one.pem two.pem > roots.pem";

fn shell(folder: &Path, script: &str) -> String {
    let output = run("sh", &["-ec", &format!("cd '{}'; {script}", folder.display())]);
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The JSON of a run of pinstead, and its text for people in one line.
fn said(arguments: &[&str]) -> (Value, String) {
    let with = |format| pinstead().args(arguments).args(["--format", format]).output().unwrap();
    let output = with("json");
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    let human = String::from_utf8(with("human").stdout).unwrap();
    (report, human.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What is to be told of a file.
struct Expected<'a> {
    file: &'a str,
    paths: &'static str,
    outcome: &'static str,
    position: &'static str,
    matches: [&'static str; 2],
    codes: [&'static str; 2],
    words: &'static str,
}

impl Expected<'_> {
    fn is_told(&self, command: &str, (report, human): (&Value, &str)) {
        let entry = &report["sources"][0]["entries"][0];
        let of = format!("{command} {}: {entry:#}", self.file);
        assert_eq!(entry["paths"]["verdict"], self.paths, "{of}");
        let count = |key: &str| entry["paths"][key].as_array().unwrap().len();
        let counts = match self.paths {
            "all" => (2, 0),
            "some" => (1, 1),
            _ => (0, 2),
        };
        assert_eq!((count("matching"), count("not_matching")), counts, "{of}");
        assert_eq!(entry["outcome"], self.outcome, "{of}");
        for (number, pin) in entry["pins"].as_array().unwrap().iter().enumerate() {
            let is_unmatched = self.matches[number] == "none";
            assert_eq!(pin["position"], self.position, "{of}");
            assert_eq!(pin["matches"], self.matches[number], "{of}");
            // What matches needs no diagnosis.
            let code = if is_unmatched { self.codes[number].into() } else { Value::Null };
            assert_eq!(pin["diagnosis_code"], code, "{of}");
            assert_eq!(pin["diagnosis"].is_string(), is_unmatched, "{of}");
            assert_eq!(pin["paths"], if number == 0 { self.paths } else { "none" }, "{of}");
        }
        assert!(human.contains(self.words), "{command} {}: {human}", self.file);
        if self.codes[1] == "raw_public_key" {
            assert!(human.contains("the hash of the raw public key"), "{command} {}: {human}", self.file);
        }
        if self.paths == "some" {
            assert!(human.contains("match over") && human.contains("not over"), "{human}");
            let ends = entry["paths"]["ends"].as_array().unwrap();
            let of_root = |name: &str| ends.iter().find(|end| end["root"] == name).unwrap();
            assert_eq!(
                (of_root("one")["matches"].as_str(), of_root("two")["matches"].as_str()),
                (Some("all"), Some("none"))
            );
            assert_eq!(of_root("one")["not_in_stores"][0], "mozilla", "{of}");
            assert_eq!(of_root("one")["stores_not_known"][1], "apple", "{of}");
            let clients = "those that end at one (given here, not in Mozilla's store) match; those that end at two \
                           (given here, not in Mozilla's store) do not match";
            assert!(human.contains(clients), "{human}");
        }
        if command == "check" {
            let mut coded = self.codes.iter().filter(|code| !["", "known", "unknown"].contains(code));
            assert!(coded.all(|code| human.contains(&format!("({code})"))), "{human}");
        }
    }
}

/// A configuration of Android's with these pins, and its path.
fn android(folder: &Path, name: &str, keys: [&str; 2]) -> String {
    let pins = keys.map(|key| format!("<pin digest='SHA-256'>{key}</pin>")).concat();
    let text = format!(
        "<network-security-config><domain-config><domain>{HOST}</domain><pin-set>{pins}</pin-set></domain-config>\
         </network-security-config>"
    );
    fs::write(folder.join(name), text).unwrap();
    folder.join(name).display().to_string()
}

/// An Info.plist with this key in its list of CAs, and its path.
fn info_plist(folder: &Path, key: &str) -> String {
    let list = format!("<array><dict><key>SPKI-SHA256-BASE64</key><string>{key}</string></dict></array>");
    let text = format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict><key>{HOST}</key><dict>\
         <key>NSPinnedCAIdentities</key>{list}</dict></dict></dict></dict></plist>"
    );
    fs::write(folder.join("Info.plist"), text).unwrap();
    folder.join("Info.plist").display().to_string()
}

#[test]
fn paths_positions_and_diagnoses_are_told_by_each_command() {
    let folder = tempfile::tempdir().unwrap();
    shell(folder.path(), CROSS_SIGNED);
    let pin = |file: &str, of: &str| {
        let key = format!("openssl x509 -in {file}.pem -noout -pubkey | openssl pkey -pubin -outform der");
        shell(folder.path(), &format!("{key} | {of} openssl dgst -sha256 -binary | base64"))
    };
    let (one, ca, leaf) = (pin("one", ""), pin("by-one", ""), pin("leaf", ""));
    // The point of a P-256 key is the last 65 octets of its SubjectPublicKeyInfo.
    let raw = pin("by-one", "tail -c 65 |");
    let offline = shell(folder.path(), "printf offline | openssl dgst -sha256 -binary | base64");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let some = Expected {
        file: &android(folder.path(), "some.xml", [&one, &raw]),
        paths: "some",
        outcome: "unknown",
        position: "any",
        matches: ["root", "none"],
        codes: ["known", "raw_public_key"],
        words: "depends on the path that a client builds",
    };
    let every = Expected {
        file: &android(folder.path(), "every.xml", [&ca, &offline]),
        paths: "all",
        outcome: "connects",
        matches: ["intermediate", "none"],
        codes: ["known", "unknown"],
        words: "match on all 2 paths",
        ..some
    };
    let none = Expected {
        file: &android(folder.path(), "none.xml", [&offline, &raw]),
        paths: "none",
        outcome: "locked_out",
        matches: ["none", "none"],
        codes: ["unknown", "raw_public_key"],
        words: "match on none of the 2 paths",
        ..some
    };
    let misplaced = Expected {
        file: &info_plist(folder.path(), &leaf),
        position: "ca",
        codes: ["other_position", ""],
        ..none
    };
    let (chain_pem, key_pem) =
        (fs::read_to_string(path("chain.pem")).unwrap(), fs::read_to_string(path("leaf.key")).unwrap());
    let server =
        OpensslServer::start(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() });
    let (address, roots, chain) = (server.address.to_string(), path("roots.pem"), path("chain.pem"));
    let connect = ["--roots", &roots, "--connect", &address];
    let offline_chain = ["--host", HOST, "--chain", &chain, "--roots", &roots];
    for expected in [every, some, none, misplaced] {
        let file = expected.file;
        let (report, human) = said(&[&["pins", file], &offline_chain[..]].concat());
        expected.is_told("--chain", (&report, &human));
        if expected.codes[1] == "raw_public_key" {
            let meant = &report["sources"][0]["entries"][0]["pins"][1]["expected"];
            assert_eq!(*meant, format!("sha256/{ca}"), "{report:#}");
        }
        let (report, human) = said(&[&["pins", file, "--live", HOST], &connect[..]].concat());
        expected.is_told("--live", (&report, &human));
        let check = ["check", HOST, "--only", "pins", "--pins", file];
        let (report, human) = said(&[&check, &connect[..]].concat());
        expected.is_told("check", (&report["targets"][0]["pins"], &human));
    }
}

/// Hands connections to an IPv6 port on to another server.
fn forward(listener: TcpListener, onward: SocketAddr) {
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(onward).unwrap());
            let ends = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
            for (mut from, mut to) in ends {
                // Whoever closes first ends it.
                thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
}

#[test]
fn a_chain_that_only_one_address_shows_is_judged_too() {
    let folder = tempfile::tempdir().unwrap();
    shell(folder.path(), CROSS_SIGNED);
    shell(
        folder.path(),
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout new.key -out new.csr \
             -subj /CN=shop.example
         openssl x509 -req -in new.csr -CA by-one.pem -CAkey ca.key -days 30 -extfile leaf.ext -out new.pem
         cat new.pem by-one.pem > renewed.pem",
    );
    let path = |name: &str| folder.path().join(name).display().to_string();
    let serve = |chain: &str, key: &str| {
        let (chain_pem, key_pem) =
            (fs::read_to_string(path(chain)).unwrap(), fs::read_to_string(path(key)).unwrap());
        OpensslServer::start(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() })
    };
    let renewed = serve("renewed.pem", "new.key");
    // Both families are asked at one port, which may be taken in the other.
    let (old, listener) = (0..20)
        .find_map(|_| {
            let server = serve("chain.pem", "leaf.key");
            let listener = TcpListener::bind(("::1", server.address.port())).ok()?;
            Some((server, listener))
        })
        .expect("this test needs IPv6 on loopback");
    forward(listener, renewed.address);
    let resolver = datagrams(|question| {
        let mut v6 = [0; 16];
        v6[15] = 1;
        vec![match type_of(question) {
            1 => answer(question, 0x8180, &[(1, &[127, 0, 0, 1])]),
            28 => answer(question, 0x8180, &[(28, &v6)]),
            _ => answer(question, 0x8180, &[]),
        }]
    });
    let key = |file: &str| {
        let script = format!(
            "openssl x509 -in {file} -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary \
             | base64"
        );
        format!("sha256//{}", shell(folder.path(), &script))
    };
    let (service, resolver, roots) =
        (format!("{HOST}:{}", old.address.port()), resolver.to_string(), path("roots.pem"));
    let live = ["--live", &service, "--resolver", &resolver, "--dnssec", "off", "--roots", &roots];
    let run_with = |pins: &str| {
        let arguments = [&["pins", pins], &live[..]].concat();
        (said(&arguments), pinstead().args(&arguments).output().unwrap().status.code().unwrap())
    };
    let ((report, human), code) = run_with(&key("leaf.pem"));
    assert_eq!(report["sources"][0]["entries"][0]["outcome"], "connects", "{report:#}");
    let other = &report["other_chains"][0];
    assert!(other["shown_by"].as_str().unwrap().contains("[::1]"), "{other:#}");
    assert_eq!(other["sources"][0]["entries"][0]["outcome"], "locked_out", "{other:#}");
    let locked_out =
        report["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "PIN001").unwrap();
    assert!(locked_out["message"].as_str().unwrap().contains("With the chain of"), "{locked_out:#}");
    assert_eq!(code, 1, "a client that is locked out fails the gate, whichever address it meets");
    assert!(human.contains("Another chain is shown by") && human.contains("are locked out; with"), "{human}");
    // What comes to the same at each address is said to.
    let ((report, human), code) = run_with(&format!("{};{}", key("leaf.pem"), key("new.pem")));
    assert_eq!(report["other_chains"][0]["sources"][0]["entries"][0]["outcome"], "connects", "{report:#}");
    assert!(human.contains("every entry comes to the same"), "{human}");
    assert_eq!(code, 0, "{human}");
    // Whoever wants pins made says for which of them.
    let arguments = ["pins", "make", &service, "--resolver", &resolver, "--dnssec", "off", "--roots", &roots];
    let output = pinstead().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("different chains"), "{}", text(&output));
}
