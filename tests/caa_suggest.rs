//! `pinstead caa suggest`: what is found to be in use, and its zone-file forms in real name servers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::process::Output;

use pinstead::caa::record::PropertyKind;
use pinstead::caa::suggest::{Form, RecordSet, SuggestedRecord};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::observe::clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::many_addresses;
use crate::world::named::Named;
use crate::world::nsd::Nsd;
use crate::world::servers::{OpensslServer, Served};
use crate::world::{Running, pinstead, run, text};

fn suggest(arguments: &[&str]) -> Output {
    // Whatever policy lies in the developer's folder is not part of any test.
    let empty = TempDir::new().unwrap();
    pinstead().current_dir(empty.path()).args(["caa", "suggest"]).args(arguments).output().unwrap()
}

/// The report as JSON, and the exit code.
fn suggested(arguments: &[&str]) -> (Value, i32) {
    let output = suggest(&[arguments, &["--format", "json"]].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output)));
    (report, output.status.code().unwrap())
}

fn records(report: &Value) -> Vec<String> {
    let record = |record: &Value| {
        let value = record["value"].as_str().unwrap();
        format!("{} {} {value}", record["flags"], record["tag"].as_str().unwrap())
    };
    report["records"].as_array().unwrap().iter().map(record).collect()
}

/// What `pinstead` is to look at in a world.
fn of_world(running: &Running, with_policy: bool) -> Vec<String> {
    let world = &running.world;
    let mut arguments = vec![
        "--connect".to_owned(),
        world.tls_address().to_string(),
        "--resolver".to_owned(),
        world.dns_address().to_string(),
        "--roots".to_owned(),
        world.files.roots.display().to_string(),
    ];
    if with_policy {
        arguments.extend(["--policy".to_owned(), world.files.policy.display().to_string()]);
    }
    arguments
}

#[test]
fn the_served_certificate_and_the_policy_say_which_cas_are_in_use() {
    let running = Running::start();
    let options = of_world(&running, true);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (shop, code) = suggested(&[&["shop.demo.example"], options.as_slice()].concat());
    assert_eq!(code, 0, "{shop}");
    // The reporting address applies today by the parent's set, and would be lost below it.
    let report_to = "0 iodef mailto:security@demo.example";
    // Whether others use wildcards is not known, so that what the parent says of them stays.
    assert_eq!(records(&shop), ["0 issue ca.demo.example", "0 issuewild ;", report_to]);
    assert_eq!((&shop["zone"], &shop["status"]), (&"demo.example".into(), &"suggested".into()));
    let sources: Vec<&Value> =
        shop["cas"][0]["evidence"].as_array().unwrap().iter().map(|each| &each["source"]).collect();
    assert_eq!(sources, [&json!("served"), &json!("policy")]);
    assert_eq!(shop["published"]["status"], "inherited");
    let wildcards: Vec<(&Value, &Value)> = shop["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (&each["wildcard"], &each["verdict"]))
        .collect();
    let expected = [(&json!(false), &json!("permit")), (&json!(true), &json!("deny"))];
    assert_eq!(wildcards, expected, "{shop}");

    let (legacy, code) = suggested(&[&["legacy.demo.example", "--strict"], options.as_slice()].concat());
    assert_eq!(code, 0, "{legacy}");
    assert_eq!(
        records(&legacy),
        [
            "0 issue ca.demo.example",
            "0 issue careless-ca.demo.example",
            "0 issuewild ;",
            "0 issuemail ;",
            "0 issuevmc ;",
            report_to
        ]
    );

    // At the apex, the set that is there is compared: the certificate of another host is none of its own.
    let (apex, code) = suggested(&[&["demo.example"], options.as_slice()].concat());
    assert_eq!((code, &apex["published"]["status"]), (0, &"at_name".into()), "{apex}");
    assert_eq!((&apex["published"]["add"], &apex["published"]["remove"]), (&json!([]), &json!([])));
    assert_eq!(apex["published"]["keep"].as_array().unwrap().len(), 3);
}

#[test]
fn an_issuer_that_no_table_knows_is_named_and_not_guessed() {
    let running = Running::start();
    let options = of_world(&running, false);
    let mut arguments = vec!["shop.demo.example"];
    arguments.extend(options.iter().map(String::as_str));
    let output = suggest(&arguments);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("CN=Demo CA") && said.contains("private_ca"), "{said}");
    assert!(said.contains(&running.world.cas.expected.key.spki_sha256().to_string()), "{said}");

    // An expectation alone does not make up for it; the owner's word does, and it stays open whether it is meant.
    arguments.extend(["--expect-ca", "letsencrypt.org"]);
    let (report, code) = suggested(&arguments);
    assert_eq!((code, &report["status"], records(&report).len()), (3, &"undetermined".into(), 0));
    arguments.extend(["--ca", "pki.goog"]);
    let (report, code) = suggested(&arguments);
    assert_eq!((code, &report["status"]), (3, &"suggested".into()));
    assert!(records(&report).contains(&"0 issue pki.goog".to_owned()), "{report}");
}

#[test]
fn without_any_evidence_nothing_is_suggested() {
    let output = suggest(&["example.com", "--offline"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    assert!(text(&output).contains("--issued"), "{}", text(&output));
    // A CA that issues no more is left out, and that stays open.
    let (report, code) =
        suggested(&["example.com", "--offline", "--ca", "Buypass", "--ca", "letsencrypt.org"]);
    assert_eq!((code, records(&report)), (3, vec!["0 issue letsencrypt.org".to_owned()]), "{report}");
    assert!(report["unresolved"][0].as_str().unwrap().contains("buypass"), "{report}");
    // A mistyped CA is no CA.
    let output = suggest(&["example.com", "--offline", "--ca", "letsencrypt.org", "--ca", "Lets Encrypted"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    let (report, code) = suggested(&["example.com", "--offline", "--ca", "letsencrpyt.org"]);
    assert_eq!(code, 0);
    assert!(report["notes"].to_string().contains("Is letsencrypt.org meant?"), "{report}");
    let output = suggest(&["example.com", "--offline", "--ca", "letsencrypt.org", "--account", "nonsense"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert_eq!(suggest(&["*.example.com", "--offline", "--ca", "letsencrypt.org"]).status.code(), Some(2));
}

#[test]
fn what_a_suggestion_leaves_open_is_in_its_headline_and_its_exit_code() {
    let offline = ["example.com", "--offline", "--ca", "letsencrypt.org"];
    for (options, code, said) in [
        (&["--method", "dns01"][..], 3, "OPEN: the validation method “dns01” is named"),
        (&["--method", "dns01"], 3, "it is meant to allow exactly"),
        (&["--method", "HTTP-01"], 2, "http-01 may be meant"),
        (&["--method", "dns-01"], 0, "it allows exactly the CAs in"),
        (&["--ca", "Entrust"], 3, "OPEN: entrust.net"),
    ] {
        let output = suggest(&[&offline[..], options].concat());
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        assert!(text(&output).contains(said), "{}", text(&output));
    }
    let nsd = Nsd::serving(&[("example", &format!("{HEAD}t CAA 0 issue \"pki.goog\"\n"))]);
    let resolver = nsd.address.to_string();
    let output =
        suggest(&["t.example", "--resolver", &resolver, "--connect", "127.0.0.1:1", "--ca", "DigiCert"]);
    let said = text(&output).replace("\n;   ", " ");
    assert!(
        said.contains("the CAs in use, and those published now that nothing speaks against (pki.goog)"),
        "{said}"
    );
    assert!(said.contains("This set permits pki.goog for t.example."), "{said}");
    assert!(!said.contains(".."), "{said}");
}

/// Certificates given as evidence: by whom, for which names, whether with wildcards, whether still valid.
#[test]
fn issued_certificates_are_evidence() {
    let now = clock::now();
    let root = CaCertificate::root("Evidence Root", KeyAlgorithm::P256, now).unwrap();
    let ca = |name| root.intermediate(name, KeyAlgorithm::P256, now).unwrap();
    let (one, two, three) = (ca("CA one"), ca("CA two"), ca("CA three"));
    let leaf = |issuer: &CaCertificate, names: &[&str], days: i64| {
        let mut request = LeafRequest::new(names, now).unwrap();
        request.not_after = now + jiff::SignedDuration::from_hours(24 * days);
        issue(issuer, &request, &SctPlan::default()).unwrap().to_pem()
    };
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: String| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let policy = [("One", &one, "one.example"), ("Two", &two, "two.example"), ("Three", &three, "three.example")]
        .map(|(owner, ca, identifier)| {
            format!(
                "[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"{identifier}\", \"second.{identifier}\"]\n",
                ca.key.spki_sha256()
            )
        })
        .concat();
    let policy = file("pinstead.toml", policy);
    // One file with everything: leaves of several CAs, and the CAs.
    let plain = file(
        "plain.pem",
        leaf(&one, &["www.example.com"], 30)
            + &leaf(&two, &["other.example"], 30)
            + &leaf(&three, &["example.com"], -1)
            + &one.to_pem()
            + &two.to_pem()
            + &three.to_pem(),
    );
    let wild = file("wild.pem", leaf(&two, &["*.shop.example.com"], 30) + &two.to_pem());
    let options = ["example.com", "--offline", "--policy", &policy, "--issued"];
    let (report, code) = suggested(&[&options[..], &[&plain]].concat());
    assert_eq!(code, 0, "{report}");
    assert_eq!(records(&report), ["0 issue one.example", "0 issuewild ;"]);
    let notes = report["notes"].to_string();
    assert!(notes.contains("1 of 3 certificates given with --issued have no name at or below"), "{notes}");
    assert!(notes.contains("1 of 3 certificates given with --issued have expired"), "{notes}");

    let (report, code) = suggested(&[&options[..], &[&plain, &wild]].concat());
    assert_eq!((code, &report["wildcards"]), (0, &"seen".into()));
    assert_eq!(records(&report), ["0 issue one.example", "0 issue two.example", "0 issuewild two.example"]);
    assert_eq!(report["cas"][0]["alternatives"], json!(["second.one.example"]));
    // The identifier that the owner names is the one that is published.
    let (report, _) = suggested(&[&options[..], &[&plain, "--ca", "second.one.example"]].concat());
    assert_eq!(records(&report), ["0 issue second.one.example", "0 issuewild ;"]);

    // Without its issuer, a certificate only claims who issued it.
    let alone = file("alone.pem", leaf(&one, &["example.com"], 30));
    let output = suggest(&[&options[..], &[&alone]].concat());
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    assert!(text(&output).contains("--issuer"), "{}", text(&output));
    let issuer = file("one.pem", one.to_pem());
    let (report, code) = suggested(&[&options[..], &[&alone, "--issuer", &issuer]].concat());
    assert_eq!((code, records(&report).len()), (0, 2), "{report}");
    assert_eq!(suggest(&[&options[..], &[&policy]].concat()).status.code(), Some(2), "no certificate file");
}

/// One that says of itself that it is a CA's is a host's all the same where it names one: who made it has to be authorised.
/// What made itself asks nobody.
#[test]
fn a_hosts_certificate_that_says_it_is_a_cas_counts_where_another_made_it() {
    let now = clock::now();
    let ca = CaCertificate::root("CA one", KeyAlgorithm::P256, now).unwrap();
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("ca.pem"), ca.to_pem()).unwrap();
    fs::write(path("ca.key"), ca.key.to_pem()).unwrap();
    let key = ca.key.spki_sha256();
    let policy = format!(
        "[[private_ca]]\nowner = \"One\"\nspki_sha256 = \"{key}\"\ncaa_identifiers = [\"one.example\"]\n"
    );
    fs::write(path("pinstead.toml"), policy).unwrap();
    let make = |file: &str, by: &str| {
        let command = format!(
            "cd '{}' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {file}.key -out \
             {file}.pem -days 30 -subj '/CN=A box' -addext 'subjectAltName=DNS:www.example.com' {by}",
            folder.path().display()
        );
        let made = run("sh", &["-c", &command]);
        assert!(made.status.success(), "{}", text(&made));
    };
    // OpenSSL says so of whatever it makes this way.
    make("made", "-CA ca.pem -CAkey ca.key");
    make("own", "");
    let (policy, by_ca, by_itself, ca) =
        (path("pinstead.toml"), path("made.pem"), path("own.pem"), path("ca.pem"));
    let options = ["example.com", "--offline", "--policy", &policy, "--issuer", &ca, "--issued"];
    let (report, code) = suggested(&[&options[..], &[&by_ca, &by_itself]].concat());
    assert_eq!(
        (code, records(&report)),
        (0, vec!["0 issue one.example".to_owned(), "0 issuewild ;".to_owned()]),
        "{report}"
    );
}

/// A wildcard certificate says something of the name below which it stands, and of no other.
#[test]
fn a_served_wildcard_is_counted_where_its_caa_is_looked_up() {
    let now = clock::now();
    let root = CaCertificate::root("Wild Root", KeyAlgorithm::P256, now).unwrap();
    let ca = root.intermediate("Wild CA", KeyAlgorithm::P256, now).unwrap();
    let nsd = Nsd::serving(&[("example", HEAD)]);
    let resolver = nsd.address.to_string();
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("policy.toml").display().to_string();
    let key = ca.key.spki_sha256();
    let private =
        format!("[[private_ca]]\nowner = \"W\"\nspki_sha256 = \"{key}\"\ncaa_identifiers = [\"w.test\"]\n");
    fs::write(&policy, private).unwrap();
    let look = |host: &str, names: &[&str]| {
        let leaf = issue(&ca, &LeafRequest::new(names, now).unwrap(), &SctPlan::default()).unwrap();
        let shown = Served {
            chain_pem: &(leaf.to_pem() + &ca.to_pem()),
            key_pem: &leaf.key.to_pem(),
            ..Served::default()
        };
        let server = OpensslServer::start(shown);
        let connect = server.address.to_string();
        suggested(&[host, "--connect", &connect, "--resolver", &resolver, "--policy", &policy])
    };
    let (at, code) = look("w.example", &["w.example", "*.w.example"]);
    assert_eq!((code, records(&at)), (0, vec!["0 issue w.test".into(), "0 issuewild w.test".into()]), "{at}");
    let (below, code) = look("a.w.example", &["*.w.example"]);
    assert_eq!((code, records(&below)), (0, vec!["0 issue w.test".into()]), "{below}");
    let notes = below["notes"].to_string();
    assert!(notes.contains("is for *.w.example: its CAA is looked up there"), "{notes}");
    let (other, code) = look("w.example", &["*.w.example"]);
    assert_eq!((code, records(&other).len()), (3, 0), "{other}");
    assert!(other["notes"].to_string().contains("is not for w.example, and is not counted"), "{other}");
}

const HEAD: &str = "$TTL 300\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n";

#[test]
fn an_alias_cannot_have_records() {
    let nsd = Nsd::serving(&[("example", &format!("{HEAD}www CNAME host.other.test.\n"))]);
    let resolver = nsd.address.to_string();
    let options =
        ["www.example", "--resolver", &resolver, "--connect", "127.0.0.1:1", "--ca", "letsencrypt.org"];
    let output = suggest(&options);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
    assert!(text(&output).contains("alias of host.other.test"), "{}", text(&output));
}

/// What is published may hold what the suggestion would remove: it has to be looked at before.
#[test]
fn what_could_not_be_looked_up_leaves_the_suggestion_open() {
    let nsd = Nsd::serving(&[("example", HEAD)]);
    let resolver = nsd.address.to_string();
    // A zone that the server does not have: it refuses.
    let (report, code) = suggested(&[
        "other.test",
        "--resolver",
        &resolver,
        "--connect",
        "127.0.0.1:1",
        "--ca",
        "letsencrypt.org",
    ]);
    assert_eq!((code, &report["published"]["status"]), (3, &"undetermined".into()), "{report}");
    assert_eq!(records(&report), ["0 issue letsencrypt.org"]);
}

/// A binding that is published, and a CA that one server's certificate says nothing of, outlive the suggestion.
#[test]
fn what_is_published_of_other_cas_and_bindings_stays() {
    let caa = "t CAA 128 issue \"letsencrypt.org; accounturi=https://a.example/1\"\nt CAA 0 issue \"digicert.com\"\n";
    let nsd = Nsd::serving(&[("example", &format!("{HEAD}{caa}"))]);
    let resolver = nsd.address.to_string();
    let options =
        ["t.example", "--resolver", &resolver, "--connect", "127.0.0.1:1", "--ca", "letsencrypt.org"];
    let (report, code) = suggested(&options);
    assert_eq!(code, 0, "{report}");
    assert_eq!(
        records(&report),
        ["128 issue letsencrypt.org; accounturi=https://a.example/1", "0 issue digicert.com"]
    );
    assert_eq!((&report["published"]["add"], &report["published"]["remove"]), (&json!([]), &json!([])));
    let (strict, _) = suggested(&[&options[..], &["--strict"]].concat());
    assert!(!records(&strict).concat().contains("digicert.com"), "{strict}");
}

/// Two addresses, each with a certificate of another CA, as behind two content networks.
#[test]
fn a_certificate_at_another_address_counts() {
    let now = clock::now();
    let root = CaCertificate::root("Dual Root", KeyAlgorithm::P256, now).unwrap();
    let (one, two) = (
        root.intermediate("Dual one", KeyAlgorithm::P256, now).unwrap(),
        root.intermediate("Dual two", KeyAlgorithm::P256, now).unwrap(),
    );
    let attempt = |ca: &CaCertificate, address: &str| {
        let leaf = issue(ca, &LeafRequest::new(&["w.example"], now).unwrap(), &SctPlan::default()).unwrap();
        many_addresses::attempt(address, &leaf.to_pem(), &ca.to_pem())
    };
    let served = many_addresses::served(vec![attempt(&one, "192.0.2.1:443"), attempt(&two, "192.0.2.2:443")]);
    let private = |owner: &str, ca: &CaCertificate| {
        format!(
            "[[private_ca]]\nowner = \"{owner}\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"{owner}.test\"]\n",
            ca.key.spki_sha256()
        )
    };
    let (found, unresolved) =
        many_addresses::found(&served, &(private("one", &one) + &private("two", &two)), now);
    assert_eq!((found, unresolved), (vec!["one.test".to_owned(), "two.test".to_owned()], 0));
    // One whose issuer is not known stays open: its renewals are not to be stopped.
    let (found, unresolved) = many_addresses::found(&served, &private("one", &one), now);
    assert_eq!((found, unresolved), (vec!["one.test".to_owned()], 1));
}

/// What is printed is put into a zone as it is, and a real server then says what was meant.
#[test]
fn the_output_goes_into_a_zone_as_it_is() {
    let nsd = Nsd::serving(&[("example", HEAD)]);
    let resolver = nsd.address.to_string();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("caa.zone").display().to_string();
    let options = ["t.example", "--resolver", &resolver, "--connect", "127.0.0.1:1", "--output", &file];
    let wish = [
        "--ca",
        "Let's Encrypt",
        "--ca",
        "DigiCert",
        "--strict",
        "--critical",
        "--iodef",
        "mailto:a@t.example",
    ];
    let bindings =
        ["--account", "letsencrypt.org=https://acme.example/acct/1", "--method", "dns-01,ca-tbr-7"];
    let output = suggest(&[&options[..], &wish, &bindings].concat());
    assert_eq!(text(&output), "", "everything is in the file");
    assert_eq!(output.status.code(), Some(0));
    let lines = fs::read_to_string(&file).unwrap();
    assert!(lines.contains("; "), "the notes are comments: {lines}");

    let nsd = Nsd::serving(&[("example", &format!("{HEAD}{lines}"))]);
    let resolver = nsd.address.to_string();
    let account = "https://acme.example/acct/1";
    for (name, ca, with, expected) in [
        ("t.example", "letsencrypt.org", vec!["--account", account, "--method", "dns-01"], "permit"),
        ("t.example", "letsencrypt.org", vec!["--account", "https://acme.example/acct/2"], "deny"),
        ("t.example", "digicert.com", vec!["--method", "ca-tbr-7"], "permit"),
        ("t.example", "digicert.com", vec!["--method", "http-01"], "deny"),
        ("t.example", "pki.goog", vec![], "deny"),
        ("a.b.t.example", "digicert.com", vec!["--method", "dns-01"], "permit"),
        ("*.t.example", "digicert.com", vec![], "deny"),
        ("t.example", "digicert.com", vec!["--usage", "smime"], "deny"),
        ("t.example", "digicert.com", vec!["--usage", "vmc"], "deny"),
    ] {
        let mut command = pinstead();
        command.args(["caa", name, "--ca", ca, "--resolver", &resolver, "--format", "json"]).args(&with);
        let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        assert_eq!(report["names"][0]["verdicts"][0]["verdict"], expected, "{name} {ca} {with:?}: {report}");
    }
}

/// Records with everything that a zone file takes for something else.
fn difficult_sets() -> Vec<RecordSet> {
    let values = [
        ";".to_owned(),
        String::new(),
        "ca1.example".to_owned(),
        "ca1.example;accounturi=https://a.example/acct?x=1&y=%20;validationmethods=dns-01,ca-tbr-7"
            .to_owned(),
        "ca1.example; accounturi=acct:me@ca1.example ; x-y = z".to_owned(),
        "\\".to_owned(),
        "\"".to_owned(),
        "\\\"".to_owned(),
        "a\\059b \\000 \\\\ ( ) @ $ORIGIN ; comment".to_owned(),
        "  two  blanks  ".to_owned(),
        "'single' `back` ${x} %{y}".to_owned(),
        (b' '..=b'~').map(char::from).collect(),
        format!("mailto:{}@example.com", "x".repeat(255)),
        format!("ca1.example;accounturi=https://a.example/{}", "y".repeat(900)),
        "\"".repeat(300),
    ];
    let kinds = [
        PropertyKind::Issue,
        PropertyKind::IssueWild,
        PropertyKind::IssueMail,
        PropertyKind::IssueVmc,
        PropertyKind::Iodef,
        PropertyKind::ContactEmail,
        PropertyKind::ContactPhone,
    ];
    let record = |critical, kind, value: &String| {
        SuggestedRecord::new(critical, kind, value.as_bytes(), "test").unwrap()
    };
    let set = |number: usize, records| RecordSet {
        name: format!("n{number}._x.example").parse().unwrap(),
        zone: "example".parse().unwrap(),
        ttl: 300 + u32::try_from(number).unwrap(),
        records,
    };
    let mut sets: Vec<RecordSet> = values
        .iter()
        .enumerate()
        .map(|(number, value)| {
            let records = kinds.iter().map(|&kind| record(number % 2 == 0, kind, value)).collect();
            set(number, records)
        })
        .collect();
    let all = values.iter().map(|value| record(false, PropertyKind::Iodef, value)).collect();
    sets.push(set(values.len(), all));
    sets
}

/// What a server says of these names, by dig in the form for unknown types: name, and RDATA as hexadecimal.
fn asked(server: SocketAddr, names: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("questions");
    let questions: Vec<String> = names.iter().map(|name| format!("{name} TYPE257\n")).collect();
    fs::write(&file, questions.concat()).unwrap();
    let (port, address) = (server.port().to_string(), format!("@{}", server.ip()));
    let batch = file.display().to_string();
    let options = ["+tcp", "+norecurse", "+noall", "+answer", "+unknownformat", "+nosplit"];
    let output = run("dig", &[&[address.as_str(), "-p", &port], &options[..], &["-f", &batch]].concat());
    let mut answers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text(&output).lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [name, _, "CLASS1" | "IN", "TYPE257", "\\#", length, rdata @ ..] = fields.as_slice() else {
            continue;
        };
        let rdata = rdata.concat().to_ascii_lowercase();
        assert_eq!(rdata.len(), 2 * length.parse::<usize>().unwrap());
        answers.entry(name.trim_end_matches('.').to_owned()).or_default().insert(rdata);
    }
    answers
}

/// Both zone-file forms in NSD and in BIND, asked back: the RDATA is what was suggested, octet for octet.
#[test]
fn nsd_and_bind_serve_what_was_suggested() {
    let sets = difficult_sets();
    let expected: BTreeMap<String, BTreeSet<String>> = sets
        .iter()
        .map(|set| {
            let hexadecimal = |record: &SuggestedRecord| {
                let octets: Vec<String> = record.rdata().iter().map(|octet| format!("{octet:02x}")).collect();
                octets.concat()
            };
            (set.name.to_string(), set.records.iter().map(hexadecimal).collect())
        })
        .collect();
    let names: Vec<String> = expected.keys().cloned().collect();
    let notes = ["“quoted”; O=Česká pošta \\ \" ( \n evil A 192.0.2.1".to_owned(), "x".repeat(3000)];
    for form in [Form::Zone, Form::Rfc3597] {
        let lines: Vec<String> = sets.iter().map(|set| form.render(set, &notes)).collect();
        let zone = format!("{HEAD}{}", lines.concat());
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("zone");
        fs::write(&file, &zone).unwrap();
        let checked = run("/usr/bin/named-checkzone", &["example", &file.display().to_string()]);
        assert!(checked.status.success(), "{}: {}", form.name(), text(&checked));
        let (nsd, bind) = (Nsd::serving(&[("example", &zone)]), Named::serving(&[("example", &zone)]));
        for (server, address) in [("NSD", nsd.address), ("BIND", bind.address)] {
            let answers = asked(address, &names);
            for (name, rdata) in &expected {
                assert_eq!(answers.get(name), Some(rdata), "{server}, {}: {name}", form.name());
            }
        }
    }
}
