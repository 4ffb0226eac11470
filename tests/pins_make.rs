//! `pinstead pins make` and `pins --live` as a user runs them, with programs of other makers as judges.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::path::Path;

use serde_json::Value;
use world::servers::{OpensslServer, Served};
use world::{Running, pinstead, run, text};

use pinstead::demo::world::{Host, SHOP};

/// The server of a host of the world, run by openssl.
fn serving(host: &Host) -> OpensslServer {
    OpensslServer::start(Served {
        chain_pem: &std::fs::read_to_string(&host.chain_file).unwrap(),
        key_pem: &std::fs::read_to_string(&host.key_file).unwrap(),
        ..Served::default()
    })
}

/// What `openssl` computes for the key of the first certificate of a file.
fn pin_by_openssl(chain: &Path) -> String {
    let script = format!(
        "openssl x509 -in '{}' -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | \
         openssl base64 -A",
        chain.display()
    );
    String::from_utf8(run("sh", &["-c", &script]).stdout).unwrap()
}

/// `pinstead pins` with these arguments: what it wrote to standard output, its exit code, and the rest.
fn pins(arguments: &[&str]) -> (String, i32, String) {
    let output = pinstead().arg("pins").args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap(), said)
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn pins_of_a_live_host_hold_for_curl_and_our_own_reader() {
    let running = Running::start();
    let shop = &running.world.shop;
    let server = serving(shop);
    let (address, roots) = (server.address.to_string(), path(&running.world.files.roots));
    let folder = tempfile::tempdir().unwrap();
    let spare = folder.path().join("spare.pub");
    let key = folder.path().join("spare.key");
    let script = format!(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out '{0}' && openssl pkey -in '{0}' -pubout \
         -out '{1}'",
        key.display(),
        spare.display()
    );
    assert!(run("sh", &["-c", &script]).status.success());
    let network = ["--connect", &address, "--roots", &roots];
    let (chain, spare) = (path(&shop.chain_file), path(&spare));
    let keys = ["--key", &chain, "--backup-key", &spare];
    let make = |more: &[&str]| pins(&[&["make", SHOP][..], &network, &keys, more].concat());

    let (list, code, said) = make(&["--as", "curl"]);
    assert_eq!(code, 0, "{said}");
    assert!(list.starts_with(&format!("sha256//{};", pin_by_openssl(&shop.chain_file))), "{list}");
    assert!(said.contains("probably never"), "{said}");
    // curl itself: with the list it connects, with the backup alone it does not (90 is CURLE_SSL_PINNEDPUBKEYNOTMATCH).
    let port = server.address.port();
    let resolve = format!("{SHOP}:{port}:127.0.0.1");
    let url = format!("https://{SHOP}:{port}/");
    let curl = |list: &str| {
        let arguments =
            ["-sS", "-o", "/dev/null", "--cacert", &roots, "--resolve", &resolve, "--pinnedpubkey", list];
        run("curl", &[&arguments[..], &[&url]].concat())
    };
    let accepted = curl(list.trim());
    assert!(accepted.status.success(), "{}", text(&accepted));
    let backup = list.trim().split_once(';').unwrap().1;
    assert_eq!(curl(backup).status.code(), Some(90));

    for (form, name) in [("nsc", "config.xml"), ("nspinneddomains", "Info.plist"), ("curl", "pins.txt")] {
        let file = path(&folder.path().join(name));
        let (_, code, said) = make(&["--as", form, "--output", &file]);
        assert_eq!(code, 0, "{said}");
        let live = [&["--host", SHOP, "--live", "--format", "json"][..], &network].concat();
        let (report, code, said) = pins(&[&[file.as_str()][..], &live].concat());
        assert_eq!(code, 0, "{form}: {report}{said}");
        let report: Value = serde_json::from_str(&report).unwrap();
        let entry = &report["sources"][0]["entries"][0];
        assert_eq!(entry["pins"][0]["matches"], "leaf", "{form}: {entry:#}");
        assert_eq!(entry["backup"], "present", "{form}");
    }
    let (refused, code, said) = pins(&[&["make", SHOP, "--key", &path(&key)][..], &network].concat());
    assert_eq!((refused.as_str(), code), ("", 2), "{said}");
    assert!(said.contains("private key") && !said.contains("MI"), "{said}");
}

#[test]
fn what_is_open_is_said() {
    let running = Running::start();
    let chain = path(&running.world.shop.chain_file);
    let roots = path(&running.world.files.roots);
    let words = |said: &str| said.split_whitespace().collect::<Vec<_>>().join(" ");
    let of_chain = ["make", SHOP, "--chain", &chain, "--roots", &roots];
    // Roots of a public CA may stand beside a private one, and its clients may not have them.
    let (_, code, said) =
        pins(&[&of_chain[..], &["--backup-ca", "letsencrypt.org", "--as", "okhttp"]].concat());
    let said = words(&said);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ISRG Root X1") && said.contains("for clients that trust them"), "{said}");
    // What a form leaves unsaid is said beside it.
    let leaf = ["--level", "leaf", "--include-subdomains", "--as", "tlsa"];
    let (_, _, said) = pins(&[&of_chain[..], &leaf].concat());
    assert!(words(&said).contains("for one name"), "{said}");
    let (report, code, said) =
        pins(&["make", SHOP, "--chain", &chain, "--roots", &roots, "--format", "json"]);
    assert_eq!(code, 1, "a set without backup: {said}");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["has_backup"], &report["matches_now"]), (&Value::Bool(false), &Value::Bool(true)));
    assert_eq!(report["level"], "root");
    let closed = world::ports::free_address().to_string();
    let config = path(&running.world.files.network_security_config);
    let (report, code, said) = pins(&[&config, "--live", SHOP, "--connect", &closed, "--roots", &roots]);
    assert_eq!(code, 3, "{report}{said}");
    assert!(report.contains("showed no chain"), "{report}");
    let address = running.world.tls_address().to_string();
    let (report, code, said) = pins(&[&config, "--live", SHOP, "--connect", &address, "--roots", &roots]);
    assert_eq!(code, 0, "{report}{said}");
}

#[test]
fn property_lists_are_read_by_another_reader() {
    // TrustKit takes no name below a suffix that it does not know.
    const HOST: &str = "shop.example.com";
    let running = Running::start();
    let chain = path(&running.world.shop.chain_file);
    let roots = path(&running.world.files.roots);
    let own = path(&running.world.legacy.chain_file);
    let folder = tempfile::tempdir().unwrap();
    for form in ["trustkit", "nspinneddomains"] {
        let file = path(&folder.path().join(form));
        let keys = ["--key", &chain, "--backup-key", &own, "--expires", "2099-01-02", "--as", form];
        let of =
            ["make", HOST, "--chain", &chain, "--roots", &roots, "--include-subdomains", "--output", &file];
        let (_, code, said) = pins(&[&of[..], &keys].concat());
        assert_eq!(code, 0, "{said}");
        let script = "import json,plistlib,sys; print(json.dumps(plistlib.load(open(sys.argv[1],'rb'))))";
        let read = run("python3", &["-c", script, &file]);
        let list: Value = serde_json::from_slice(&read.stdout).unwrap_or_else(|_| panic!("{}", text(&read)));
        let pin = Value::String(pin_by_openssl(&running.world.shop.chain_file));
        if form == "trustkit" {
            let host = &list["TSKConfiguration"]["TSKPinnedDomains"][HOST];
            assert_eq!(host["TSKPublicKeyHashes"][0], pin);
            assert_eq!(
                (&host["TSKIncludeSubdomains"], &host["TSKExpirationDate"]),
                (&true.into(), &"2099-01-02".into())
            );
        } else {
            let host = &list["NSAppTransportSecurity"]["NSPinnedDomains"][HOST];
            assert_eq!(host["NSPinnedLeafIdentities"][0]["SPKI-SHA256-BASE64"], pin);
            assert_eq!(host["NSIncludesSubdomains"], true);
        }
    }
}
