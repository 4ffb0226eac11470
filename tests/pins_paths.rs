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
    let android = |name: &str, keys: &[&str]| {
        let pins: String = keys.iter().map(|key| format!("<pin digest='SHA-256'>{key}</pin>")).collect();
        let text = format!(
            "<network-security-config><domain-config><domain>{HOST}</domain><pin-set>{pins}</pin-set></domain-config>\
             </network-security-config>"
        );
        fs::write(folder.path().join(name), text).unwrap();
        path(name)
    };
    let every = android("every.xml", &[&ca, &offline]);
    let some = android("some.xml", &[&one, &raw]);
    let none = android("none.xml", &[&offline, &raw]);
    let ios = path("Info.plist");
    let identities =
        format!("<array><dict><key>SPKI-SHA256-BASE64</key><string>{leaf}</string></dict></array>");
    let plist = format!(
        "<plist><dict><key>NSAppTransportSecurity</key><dict><key>NSPinnedDomains</key><dict><key>{HOST}</key><dict>\
         <key>NSPinnedCAIdentities</key>{identities}</dict></dict></dict></dict></plist>"
    );
    fs::write(&ios, plist).unwrap();

    let (chain_pem, key_pem) =
        (fs::read_to_string(path("chain.pem")).unwrap(), fs::read_to_string(path("leaf.key")).unwrap());
    let server =
        OpensslServer::start(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() });
    let (address, roots, chain) = (server.address.to_string(), path("roots.pem"), path("chain.pem"));
    let connect = ["--roots", &roots, "--connect", &address];
    let offline_chain = ["--host", HOST, "--chain", &chain, "--roots", &roots];
    let matches_nothing = ["none", "none"];
    for (file, verdict, outcome, position, matches, codes, words) in [
        (
            &every,
            "all",
            "connects",
            "any",
            ["intermediate", "none"],
            ["known", "unknown"],
            "match on all 2 paths",
        ),
        (
            &some,
            "some",
            "unknown",
            "any",
            ["root", "none"],
            ["known", "raw_public_key"],
            "depends on the path that a client builds",
        ),
        (
            &none,
            "none",
            "locked_out",
            "any",
            matches_nothing,
            ["unknown", "raw_public_key"],
            "match on none of the 2 paths",
        ),
        (
            &ios,
            "none",
            "locked_out",
            "ca",
            matches_nothing,
            ["other_position", ""],
            "match on none of the 2 paths",
        ),
    ] {
        let from_chain = said(&[&["pins", file], &offline_chain[..]].concat());
        let live = said(&[&["pins", file, "--live", HOST], &connect[..]].concat());
        let mut check = said(&[&["check", HOST, "--only", "pins", "--pins", file], &connect[..]].concat());
        check.0 = check.0["targets"][0]["pins"].take();
        for (command, (report, human)) in [("--chain", from_chain), ("--live", live), ("check", check)] {
            let entry = &report["sources"][0]["entries"][0];
            let of = format!("{command} {file}: {entry:#}");
            assert_eq!(entry["paths"]["verdict"], verdict, "{of}");
            let count = |key: &str| entry["paths"][key].as_array().unwrap().len();
            let expected = match verdict {
                "all" => (2, 0),
                "some" => (1, 1),
                _ => (0, 2),
            };
            assert_eq!((count("matching"), count("not_matching")), expected, "{of}");
            assert_eq!(entry["outcome"], outcome, "{of}");
            for (number, pin) in entry["pins"].as_array().unwrap().iter().enumerate() {
                assert_eq!(pin["position"], position, "{of}");
                assert_eq!(pin["matches"], matches[number], "{of}");
                // What matches needs no diagnosis.
                let code = if matches[number] == "none" { codes[number].into() } else { Value::Null };
                assert_eq!(pin["diagnosis_code"], code, "{of}");
                assert_eq!(pin["diagnosis"].is_string(), matches[number] == "none", "{of}");
                let paths = if number == 0 { verdict } else { "none" };
                assert_eq!(pin["paths"], paths, "{of}");
            }
            if codes[1] == "raw_public_key" {
                assert_eq!(entry["pins"][1]["expected"], format!("sha256/{ca}"), "{of}");
                assert!(human.contains("the hash of the raw public key"), "{command} {file}: {human}");
            }
            assert!(human.contains(words), "{command} {file}: {human}");
            if verdict == "some" {
                assert!(human.contains("match over") && human.contains("not over"), "{human}");
            }
            if command == "check" {
                let coded = codes.iter().filter(|code| !["", "known", "unknown"].contains(code));
                assert!(coded.into_iter().all(|code| human.contains(&format!("({code})"))), "{human}");
            }
        }
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
