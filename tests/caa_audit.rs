//! What `pinstead caa` tells the owner of a domain: findings about the records, and certificates set beside them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod world;

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use jiff::SignedDuration;
use pinstead::ca::CaTable;
use pinstead::caa::{CaIdentity, Issued, IssuedCertificate, Usage, Verdict, issued};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{SctPlan, issue};
use pinstead::observe::clock;
use pinstead::observe::dns::{DnsClient, Extent};
use pinstead::x509::{CertificateSha256, SpkiSha256};
use serde_json::Value;
use tempfile::TempDir;

use crate::world::nsd::Nsd;

/// The root, so that a top-level domain can be missing.
const ROOT: &str = "$ORIGIN .\n$TTL 300\n@ SOA ns.test. h.test. 1 3600 600 86400 60\n@ NS ns.test.\ntest. NS ns.test.\n\
    ns.test. A 127.0.0.1\n";

fn zone() -> String {
    let mut zone = String::from(
        r#"$ORIGIN test.
$TTL 300
@            SOA ns.test. h.test. 1 3600 600 86400 60
@            NS ns.test.
ns           A 127.0.0.1
bare         A 192.0.2.1
kept         CAA 0 issue "letsencrypt.org"
kept         CAA 0 issuewild ";"
kept         CAA 0 iodef "mailto:caa@kept.test"
short        CAA 0 issue "letsencrypt.org"
week  604800 CAA 0 issue "letsencrypt.org"
never      0 CAA 0 issue "letsencrypt.org"
strict       CAA 0 issue "letsencrypt.org"
mail.strict  CAA 0 iodef "mailto:caa@strict.test"
shop.strict  CAA 0 issue "letsencrypt.org"
shop.strict  CAA 0 issue "sectigo.com"
same.strict  CAA 0 issue "letsencrypt.org"
cdn          CNAME edge.provider
own          CNAME edge.own
edge.provider CAA 0 issue "letsencrypt.org"
edge.own     CAA 0 issue "letsencrypt.org"
typo         CAA 0 issue "letsencrypt.com"
private      CAA 0 issue "ca.private.test"
ended        CAA 0 issue "startssl.com"
bound        CAA 0 issue "letsencrypt.org; accounturi=https://acme.test/acct/1; validationmethods=dns-01"
labels       CAA 0 issue "letsencrypt.org; validationmethods=dns,ca-tbr-7"
account      CAA 0 issue "letsencrypt.org; accounturi=me@account.test"
flag         CAA 1 future "x"
flag         CAA 0 issue "letsencrypt.org"
case         CAA 0 issue "LetsEncrypt.org"
amazon       CAA 0 issue "amazon.com"
sectigo      CAA 0 issue "sectigo.com"
global       CAA 0 issue "globalsign.com"
split        CAA 0 issue "globalsign.com"
split        CAA 0 issuewild "sectigo.com"
"#,
    );
    for number in 0..30 {
        writeln!(zone, "crowd CAA 0 issue \"letsencrypt.org; note{number}={}\"", "x".repeat(30)).unwrap();
    }
    zone
}

fn nsd() -> Nsd {
    Nsd::serving(&[(".", ROOT), ("test", &zone())])
}

/// The report of one name.
fn report(nsd: &Nsd, name: &str, further: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["caa", name, "--resolver", &nsd.address.to_string(), "--format", "json"])
        .args(further)
        .env_remove("CI")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    report["names"][0].clone()
}

fn rules(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn an_owner_is_told_what_a_set_leaves_open() {
    let nsd = nsd();
    let kept = report(&nsd, "kept.test", &[]);
    assert_eq!(rules(&kept), [""; 0], "nothing is wrong with it");
    for (name, expected) in [
        ("bare.test", &["CAA001"][..]),
        ("short.test", &["CAA011", "CAA044"]),
        ("week.test", &["CAA011", "CAA018", "CAA044"]),
        ("never.test", &["CAA011", "CAA043", "CAA044"]),
        ("mail.strict.test", &["CAA014", "CAA039"]),
        ("shop.strict.test", &["CAA011", "CAA039", "CAA044"]),
        ("same.strict.test", &["CAA011", "CAA044"]),
        ("cdn.test", &["CAA011", "CAA017", "CAA044"]),
        ("typo.test", &["CAA011", "CAA030", "CAA044"]),
        ("private.test", &["CAA011", "CAA031", "CAA044"]),
        ("ended.test", &["CAA011", "CAA032", "CAA044"]),
        ("bound.test", &["CAA011", "CAA036", "CAA044"]),
        ("labels.test", &["CAA011", "CAA036", "CAA037", "CAA044"]),
        ("account.test", &["CAA011", "CAA036", "CAA038", "CAA044"]),
        ("crowd.test", &["CAA011", "CAA040", "CAA041", "CAA044"]),
        ("case.test", &["CAA011", "CAA044", "CAA045"]),
        ("www.gone", &["CAA003"]),
        ("gone", &["CAA003"]),
    ] {
        let report = report(&nsd, name, &[]);
        let mut raised = rules(&report);
        raised.sort_unstable();
        assert_eq!(raised, expected, "{name}: {report:#}");
    }
}

#[test]
fn findings_say_what_to_publish() {
    let nsd = nsd();
    let finding = |name: &str, rule: &str| {
        let report = report(&nsd, name, &[]);
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule).unwrap().clone()
    };
    let advice = |name, rule| finding(name, rule)["advice"].as_str().unwrap().to_owned();
    assert!(advice("typo.test", "CAA030").contains("`0 issue \"letsencrypt.org\"`"));
    assert!(advice("mail.strict.test", "CAA039").contains("`0 issue \"letsencrypt.org\"`"));
    assert_eq!(finding("cdn.test", "CAA017")["severity"], "low", "another registered domain");
    assert_eq!(finding("own.test", "CAA017")["severity"], "info");
    assert_eq!(finding("cdn.test", "CAA017")["evidence"]["domain"], "provider.test");
    assert!(finding("ended.test", "CAA032")["evidence"]["source"].as_str().unwrap().contains("://"));
    assert!(finding("crowd.test", "CAA041")["evidence"]["octets"].as_u64().unwrap() > 1232);
}

#[test]
fn a_missing_top_level_domain_is_no_permission() {
    let nsd = nsd();
    for name in ["www.gone", "gone"] {
        let report = report(&nsd, name, &["--ca", "letsencrypt.org"]);
        assert_eq!(
            (&report["state"], &report["verdicts"][0]["verdict"]),
            (&"undetermined".into(), &"permit".into())
        );
        assert_eq!((&report["policy"], &report["open"]), (&"undetermined".into(), &true.into()));
        let software = report["verdicts"][0]["software"].as_array().unwrap();
        assert_eq!(software.len(), 1);
        assert_eq!((&software[0]["software"], &software[0]["verdict"]), (&"Boulder".into(), &"deny".into()));
    }
    let below = report(&nsd, "nothing.nowhere.test", &["--ca", "letsencrypt.org"]);
    assert_eq!((&below["state"], &below["verdicts"][0]["verdict"]), (&"none".into(), &"permit".into()));
}

#[test]
fn software_that_differs_has_a_line_of_its_own() {
    let nsd = nsd();
    let flag = report(&nsd, "flag.test", &["--ca", "letsencrypt.org"]);
    let verdict = &flag["verdicts"][0];
    assert_eq!((&verdict["verdict"], &verdict["software"][0]["verdict"]), (&"permit".into(), &"deny".into()));
    assert_eq!(verdict["software"][0]["software"], "Boulder");
    let plain = report(&nsd, "kept.test", &["--ca", "letsencrypt.org"]);
    assert!(plain["verdicts"][0].get("software").is_none(), "{plain}");
    let human = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["caa", "flag.test", "--resolver", &nsd.address.to_string()])
        .output()
        .unwrap();
    let human = String::from_utf8(human.stdout).unwrap();
    assert!(human.contains("\n  permit        letsencrypt.org\n"), "{human}");
    assert!(human.contains("\n    deny        Boulder differs\n"), "{human}");
    // A binding that only CAs which process RFC 8657 look at.
    let bound = report(&nsd, "bound.test", &["--ca", "letsencrypt.org", "--method", "http-01"]);
    let verdict = &bound["verdicts"][0];
    assert_eq!(verdict["verdict"], "deny");
    assert!(verdict["reason"].as_str().unwrap().contains("all must process it from 2027-03-15"), "{verdict}");
    assert_eq!(
        (&verdict["software"][0]["software"], &verdict["software"][0]["verdict"]),
        (&"Open MPIC".into(), &"permit".into())
    );
}

/// What is said of a certificate with these names by this CA.
fn beside(nsd: &Nsd, asked: &str, names: &[&str], issuer: CaIdentity) -> Issued {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = DnsClient::from_address(&nsd.address.to_string()).unwrap();
    let lookup = runtime
        .block_on(client.look_up_caa(&asked.parse().unwrap(), Extent { above: true, ..Extent::default() }));
    let certificate = IssuedCertificate {
        sha256: CertificateSha256::of(b"a certificate"),
        names: names.iter().map(|name| name.parse().unwrap()).collect(),
        issuer,
    };
    issued(&asked.parse().unwrap(), &lookup, Usage::Tls, &[certificate])
}

/// The CA of a known key, as CAA knows it.
fn of_key(spki: &str) -> CaIdentity {
    let key = CaTable.key(&SpkiSha256::from_base64(spki).unwrap()).unwrap();
    CaIdentity {
        label: key.owner.unwrap().to_owned(),
        identifiers: key.identifiers.iter().map(|identifier| identifier.domain.to_owned()).collect(),
    }
}

fn verdicts(issued: &Issued) -> Vec<(String, Verdict)> {
    issued.names.iter().map(|name| (name.name.to_string(), name.verdict)).collect()
}

#[test]
fn an_issuer_is_known_by_its_key_whatever_it_calls_itself() {
    let nsd = nsd();
    // DigiCert recognises an identifier of Amazon's.
    let identifiers = CaTable.identifiers_of_owner("DigiCert").map(str::to_owned).collect();
    let digicert = CaIdentity { label: "DigiCert".to_owned(), identifiers };
    // “ZeroSSL ECC Domain Secure Site CA”, which Sectigo runs.
    let zerossl = of_key("3fLLVjRIWnCqDqIETU2OcnMP7EzmN/Z3Q/jQ8cIaAoc=");
    // “GlobalSign Atlas R3 DV ACME CA 2022 Q2” of “GlobalSign nv-sa”, under the root of “GlobalSign”.
    let globalsign = of_key("/1VRS6Ha0tRFo/8a/6PqqF4wtj16qRxOO4rXTjqDNFk=");
    for (name, issuer) in
        [("amazon.test", digicert), ("sectigo.test", zerossl.clone()), ("global.test", globalsign)]
    {
        let issued = beside(&nsd, name, &[name], issuer);
        assert_eq!(verdicts(&issued), [(name.to_owned(), Verdict::Permit)], "{issued:?}");
        assert_eq!(issued.never_issued.as_deref(), Some(&[][..]), "{name}");
    }
    let other = beside(&nsd, "global.test", &["global.test"], zerossl);
    assert_eq!(verdicts(&other), [("global.test".to_owned(), Verdict::Deny)]);
    assert_eq!(other.never_issued.unwrap(), ["globalsign.com"]);
}

#[test]
fn wildcards_are_judged_apart_from_plain_names() {
    let nsd = nsd();
    let globalsign = of_key("/1VRS6Ha0tRFo/8a/6PqqF4wtj16qRxOO4rXTjqDNFk=");
    let issued = beside(&nsd, "split.test", &["split.test", "*.split.test"], globalsign);
    assert_eq!(
        verdicts(&issued),
        [("split.test".to_owned(), Verdict::Permit), ("*.split.test".to_owned(), Verdict::Deny)]
    );
    assert_eq!(issued.never_issued.unwrap(), ["sectigo.com"]);
}

#[test]
fn an_issuer_in_no_table_is_unknown() {
    let nsd = nsd();
    let folder = TempDir::new().unwrap();
    let now = clock::now();
    let ca = CaCertificate::root("A private CA", KeyAlgorithm::P256, now).unwrap();
    let request = LeafRequest::new(&["short.test", "*.short.test", "elsewhere.test"], now).unwrap();
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let file = folder.path().join("issued.pem");
    fs::write(&file, leaf.to_pem() + &ca.to_pem()).unwrap();
    let report = report(&nsd, "short.test", &["--issued", file.to_str().unwrap()]);
    let issued = &report["issued"];
    let names: Vec<(&str, &str)> = issued["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap(), entry["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("short.test", "undetermined"), ("*.short.test", "undetermined")]);
    assert_eq!((&issued["never_issued"], &issued["unknown_issuers"]), (&Value::Null, &1.into()));
    assert_eq!(rules(&report).iter().filter(|rule| **rule == "CAA035").count(), 2);
    // The policy says whose it is.
    let policy = folder.path().join("own.toml");
    let of_policy = format!(
        "[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [\"own.example\"]\n",
        ca.key.spki_sha256()
    );
    fs::write(&policy, of_policy).unwrap();
    let known = self::report(
        &nsd,
        "short.test",
        &["--issued", file.to_str().unwrap(), "--policy", policy.to_str().unwrap()],
    );
    assert_eq!(known["issued"]["unknown_issuers"], 0, "{known}");
    assert_eq!(known["issued"]["certificates"][0]["issuer"], "Own", "{known}");
    let wrong = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["caa", "short.test", "--resolver", &nsd.address.to_string(), "--issued", "/nowhere.pem"])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

/// Nobody renews what has expired: it speaks neither for nor against a CA.
#[test]
fn expired_certificates_are_not_counted() {
    let nsd = nsd();
    let folder = TempDir::new().unwrap();
    let long_ago = clock::now() - SignedDuration::from_hours(24 * 2000);
    let ca = CaCertificate::root("A private CA", KeyAlgorithm::P256, long_ago).unwrap();
    let request = LeafRequest::new(&["short.test"], long_ago).unwrap();
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let file = folder.path().join("issued.pem");
    fs::write(&file, leaf.to_pem() + &ca.to_pem()).unwrap();
    let report = report(&nsd, "short.test", &["--issued", file.to_str().unwrap()]);
    assert_eq!(report["issued"]["certificates"], Value::Array(Vec::new()), "{report}");
}

/// Runs `pinstead caa` and gives the exit code, the report and what was told beside it.
fn run(nsd: &Nsd, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pinstead"))
        .args(["caa", "--resolver", &nsd.address.to_string()])
        .args(arguments)
        .env_remove("CI")
        .output()
        .unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A CA of the policy is known by its owner and by its identifiers, with or without certificates.
#[test]
fn a_private_ca_is_known_from_the_policy() {
    let nsd = nsd();
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("own.toml");
    let key = "AlSQhgtJirc8ahLyekmtX+Iw+v46yPYRLJt9Cq1GlB0=";
    let text = format!(
        "[[private_ca]]\nowner = \"Corp CA\"\nspki_sha256 = \"{key}\"\n\
         caa_identifiers = [\"ca.private.test\", \"letsencrypt.com\"]\n"
    );
    fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    for (name, ca) in
        [("private.test", "Corp CA"), ("private.test", "ca.private.test"), ("typo.test", "corp ca")]
    {
        let report = report(&nsd, name, &["--policy", policy, "--ca", ca]);
        assert_eq!(
            (&report["verdicts"][0]["verdict"], &report["verdicts"][0]["ca"]),
            (&"permit".into(), &ca.into())
        );
    }
    let rules_with = |name: &str| {
        let report = report(&nsd, name, &["--policy", policy]);
        rules(&report).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for name in ["private.test", "typo.test"] {
        assert_eq!(rules_with(name), ["CAA011", "CAA044"], "{name}");
    }
    let (_, _, told) = run(&nsd, &["private.test", "--policy", policy, "--ca", "Corp CA"]);
    assert_eq!(told, "");
    assert_eq!(run(&nsd, &["private.test", "--ca", "Corp CA"]).0, 2, "without the policy it is nobody");
}

#[test]
fn what_is_no_ca_gets_no_verdict() {
    let nsd = nsd();
    for ca in ["Google", "ISRG", "", "https://letsencrypt.org", "letsencrypt.org.", "*.foo"] {
        let (code, out, told) = run(&nsd, &["short.test", "--ca", ca]);
        assert_eq!((code, out.as_str()), (2, ""), "{ca}: {told}");
        assert!(told.contains("--ca names no CA"), "{told}");
        assert_eq!(told.contains("did you mean letsencrypt.org?"), ca.contains("letsencrypt"), "{told}");
    }
    let mistyped = ["short.test", "--ca", "letsencypt.org", "--format", "json"];
    let (code, out, told) = run(&nsd, &mistyped);
    assert!(code == 0 && told.contains("Did you mean letsencrypt.org?"), "{code} {told}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let verdict = &report["names"][0]["verdicts"][0];
    assert_eq!((&verdict["verdict"], &verdict["did_you_mean"]), (&"deny".into(), &"letsencrypt.org".into()));
    // That somebody asks about what the record has does not make it right.
    let both = self::report(&nsd, "typo.test", &["--ca", "letsencrypt.com"]);
    assert!(rules(&both).contains(&"CAA030"), "{both}");
}

/// What could not be said of a certificate is as open as any other question, one by one and in bulk.
#[test]
fn what_is_open_about_certificates_reaches_the_exit_code() {
    let nsd = nsd();
    let folder = TempDir::new().unwrap();
    let now = clock::now();
    let ca = CaCertificate::root("A private CA", KeyAlgorithm::P256, now).unwrap();
    let request = LeafRequest::new(&["kept.test"], now).unwrap();
    let leaf = issue(&ca, &request, &SctPlan::default()).unwrap();
    let file = folder.path().join("issued.pem");
    fs::write(&file, leaf.to_pem() + &ca.to_pem()).unwrap();
    let file = file.to_str().unwrap();
    let list = folder.path().join("names");
    let of = |name: &str, format: &str| {
        fs::write(&list, format!("{name}\n")).unwrap();
        let alone = run(&nsd, &[name, "--format", format, "--issued", file]);
        let bulk = run(&nsd, &["--targets", list.to_str().unwrap(), "--format", format, "--issued", file]);
        [alone, bulk]
    };
    for (code, out, told) in of("kept.test", "jsonl") {
        assert_eq!(code, 3, "{told}");
        let line: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
        assert_eq!((&line["open"], &line["state"]), (&true.into(), &"found".into()), "{line}");
        assert!(!told.contains("none of the certificates"), "{told}");
    }
    for (code, _, told) in of("short.test", "human") {
        assert_eq!(code, 3, "{told}");
        assert!(
            told.contains("none of the certificates given with --issued is for a name asked about"),
            "{told}"
        );
    }
    for (_, out, told) in of("192.0.2.1", "human") {
        assert!(out.contains("CAA does not apply") && told.contains("none of the certificates"), "{told}");
    }
}

/// The first line is what people read.
#[test]
fn the_headline_is_about_what_was_asked() {
    let nsd = nsd();
    let headline = |more: &[&str]| {
        let (_, out, _) = run(&nsd, &[&["bound.test"], more].concat());
        out.lines().next().unwrap().to_owned()
    };
    let plain = "bound.test: only letsencrypt.org may issue TLS certificates";
    let account = ["--account", "https://acme.test/acct/1"];
    assert_eq!(headline(&[]), plain);
    assert_eq!(headline(&account), plain);
    assert_eq!(headline(&["--method", "http-01"]), format!("{plain}, but not by that method"));
    assert_eq!(
        headline(&["--account", "https://acme.test/acct/2"]),
        format!("{plain}, but not for that account")
    );
    assert_eq!(headline(&["--method", "ca-tbr-7"]), format!("{plain}, but perhaps not by that method"));
    let both = [&account[..], &["--method", "http-01"]].concat();
    assert_eq!(headline(&both), format!("{plain}, but not for that account by that method"));
}

#[test]
fn what_is_no_name_is_told_with_the_name_in_it() {
    let nsd = nsd();
    for (text, told) in [
        ("https://kept.test/x", "give the host name alone: kept.test"),
        ("kept.test:443", "give the host name alone: kept.test"),
        ("a..b", "two dots in a row, or one at the beginning"),
    ] {
        let (code, _, error) = run(&nsd, &[text]);
        assert!(code == 2 && error.contains(told), "{error}");
    }
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("names");
    fs::write(&list, "https://kept.test/x\n").unwrap();
    let (code, out, _) = run(&nsd, &["--targets", list.to_str().unwrap()]);
    assert!(code == 2 && out.contains("give the host name alone: kept.test"), "{out}");
}

#[test]
fn an_account_or_a_method_that_is_none_is_refused() {
    let nsd = nsd();
    for wrong in
        [&["--account", "not a uri"][..], &["--account", ""], &["--method", "x y"], &["--method", ""]]
    {
        let (code, out, told) = run(&nsd, &[&["bound.test"], wrong].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{wrong:?}: {told}");
    }
    let (code, _, told) = run(&nsd, &["bound.test", "--method", "dns01"]);
    assert!(code == 0 && told.contains("note: --method: ") && told.contains("dns-01 may be meant"), "{told}");
    assert_eq!(run(&nsd, &["bound.test", "--method", "dns-01"]).2, "");
}
