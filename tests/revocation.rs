//! `pinstead check --revocation` against CRLs and OCSP responses that OpenSSL makes, and with OpenSSL's own verdicts.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;

use jiff::SignedDuration;
use pinstead::observe::clock;
use serde_json::Value;
use world::list_server::Reply;
use world::revoking_ca::{CA, CrlPlan, LEAF, Pki};
use world::servers::{OpensslServer, Served};

fn rules(target: &Value) -> Vec<(&str, &str)> {
    let findings = target["findings"].as_array().unwrap();
    let named = |finding: &&Value| finding["rule"].as_str().unwrap().starts_with("REV");
    findings
        .iter()
        .filter(named)
        .map(|finding| (finding["rule"].as_str().unwrap(), finding["severity"].as_str().unwrap()))
        .collect()
}

/// The status of the leaf and of the CA.
fn statuses(target: &Value) -> [&str; 2] {
    [0, 1].map(|place| target["revocation"]["certificates"][place]["status"].as_str().unwrap())
}

fn source(target: &Value) -> &Value {
    &target["revocation"]["certificates"][0]["sources"][0]
}

#[test]
fn a_chain_is_judged_as_openssl_judges_it() {
    let pki = Pki::new();
    let root = pki.crl(CrlPlan { by: "root", ..CrlPlan::default() });
    let good = pki.crl(CrlPlan::default());
    assert!(pki.openssl_verifies(&[root.clone(), good]).contains("leaf.pem: OK"));
    let target = pki.check();
    assert_eq!((statuses(&target), rules(&target)), (["good", "good"], vec![]), "{target:#}");
    assert_eq!(target["revocation"]["verdict"], "good");
    assert_eq!(source(&target)["kind"], "crl");
    assert_eq!(source(&target)["entries"], 0);

    let revoked = CrlPlan { revoked: &[("0F", ""), (LEAF, "keyCompromise")], ..CrlPlan::default() };
    let list = pki.crl(revoked);
    assert!(pki.openssl_verifies(&[root, list.clone()]).contains("certificate revoked"));
    pki.server.set("/ca.crl", Reply::Body(list));
    fs::remove_dir_all(pki.path("cache")).unwrap();
    let target = pki.check();
    assert_eq!((statuses(&target), rules(&target)), (["revoked", "good"], vec![("REV001", "critical")]));
    let leaf = &target["revocation"]["certificates"][0];
    assert_eq!(leaf["reason"], "keyCompromise");
    assert_eq!(leaf["revoked_at"], "2026-11-01T00:00:00Z");
    assert_eq!(leaf["sources"][0]["entries"], 2);
    assert_eq!(target["outcome"], "fail");
}

#[test]
fn a_revoked_ca_is_critical() {
    let pki = Pki::new();
    pki.publish("/root.crl", CrlPlan { by: "root", revoked: &[(CA, "CACompromise")], ..CrlPlan::default() });
    let target = pki.check();
    assert_eq!((statuses(&target), rules(&target)), (["good", "revoked"], vec![("REV002", "critical")]));
    assert_eq!(target["revocation"]["verdict"], "revoked");
}

#[test]
fn a_list_that_openssl_refuses_is_no_good_here_either() {
    let pki = Pki::new();
    let root = pki.crl(CrlPlan { by: "root", ..CrlPlan::default() });
    pki.root("namesake", "/CN=CA");
    let url = pki.server.url("/ca.crl");
    let own = format!("issuingDistributionPoint=critical,@p\n[p]\nfullname=URI:{url}\n");
    let other = "issuingDistributionPoint=critical,@p\n[p]\nfullname=URI:http://127.0.0.1/other.crl\n";
    let some = "issuingDistributionPoint=critical,@p\n[p]\nonlysomereasons=keyCompromise\n";
    let cas = "issuingDistributionPoint=critical,@p\n[p]\nonlyCA=TRUE\n";
    let delta = "2.5.29.27=critical,ASN1:INTEGER:1\n";
    let strange = "1.2.3.4=critical,ASN1:NULL\n";
    let usual = CrlPlan::default();
    for (plan, trouble) in [
        (CrlPlan { extensions: &own, ..usual }, ""),
        (CrlPlan { by: "namesake", ..usual }, "bad_signature"),
        (CrlPlan { times: Some(("261001000000Z", "261008000000Z")), ..usual }, "stale"),
        (CrlPlan { times: Some(("361001000000Z", "361008000000Z")), ..usual }, "in_future"),
        (CrlPlan { extensions: other, ..usual }, "out_of_scope"),
        (CrlPlan { extensions: cas, ..usual }, "out_of_scope"),
        (CrlPlan { extensions: some, ..usual }, "some_reasons"),
        (CrlPlan { extensions: delta, ..usual }, "delta"),
        (CrlPlan { extensions: strange, ..usual }, "unknown_critical"),
    ] {
        let list = pki.crl(plan);
        let openssl = pki.openssl_verifies(&[root.clone(), list.clone()]);
        assert_eq!(openssl.contains("leaf.pem: OK"), trouble.is_empty(), "{trouble}: {openssl}");
        pki.server.set("/ca.crl", Reply::Body(list));
        let target = pki.check_with(&[
            pki.path("chain.pem").to_str().unwrap(),
            "--revocation",
            "--no-cache",
            "--roots",
            pki.path("root.pem").to_str().unwrap(),
        ]);
        let status = if trouble.is_empty() { "good" } else { "undetermined" };
        assert_eq!(statuses(&target), [status, "good"], "{trouble}: {target:#}");
        assert_eq!(source(&target)["trouble"].as_str().unwrap_or_default(), trouble);
        let told = rules(&target).iter().any(|(rule, _)| *rule == "REV004");
        assert_eq!(told, !matches!(trouble, "" | "some_reasons"), "{trouble}");
    }
    pki.server.set("/ca.crl", Reply::Status(404));
    let target = pki.check();
    assert_eq!((statuses(&target)[0], rules(&target)), ("undetermined", vec![("REV003", "low")]));
    assert_eq!(source(&target)["trouble"], "not_had");
}

#[test]
fn a_list_of_two_hundred_thousand_entries_is_read() {
    let pki = Pki::new();
    let serials: Vec<String> = (0..200_000).map(|number| format!("{:08X}", 0x3000_0000 + number)).collect();
    let mut revoked: Vec<(&str, &str)> =
        serials.iter().map(|serial| (serial.as_str(), "superseded")).collect();
    revoked.push((LEAF, "superseded"));
    let list = pki.crl(CrlPlan { revoked: &revoked, ..CrlPlan::default() });
    assert!(list.len() > 6_000_000);
    pki.server.set("/ca.crl", Reply::Body(list));
    let target = pki.check();
    assert_eq!((statuses(&target)[0], source(&target)["entries"].as_u64()), ("revoked", Some(200_001)));
    // Another certificate is not in the same list.
    pki.leaf("other", "4001", &format!("crlDistributionPoints=URI:{}\n", pki.server.url("/ca.crl")));
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    let arguments = ["--issuer", &file("ca.pem"), "--roots", &file("root.pem"), "--revocation"];
    let target = pki.check_with(&[&[file("other.pem").as_str()][..], &arguments].concat());
    assert_eq!(target["revocation"]["certificates"][0]["status"], "good", "{target:#}");
    assert_eq!(source(&target)["from_cache"], true);
}

#[test]
fn a_list_is_fetched_again_only_when_there_may_be_a_newer_one() {
    let pki = Pki::new();
    let list = pki.crl(CrlPlan::default());
    pki.server.set("/ca.crl", Reply::Tagged(list, "\"1\""));
    let paths = || -> Vec<String> {
        let mut paths: Vec<String> = pki.server.requests().into_iter().map(|request| request.path).collect();
        paths.sort();
        paths
    };
    pki.check();
    assert_eq!(paths(), ["/ca.crl", "/root.crl"]);
    let target = pki.check();
    assert_eq!((paths().len(), source(&target)["from_cache"].as_bool()), (0, Some(true)));
    assert_eq!(statuses(&target), ["good", "good"]);
    // Two hours later the server is asked whether there is another.
    pki.age_kept_lists();
    let target = pki.check();
    let requests = pki.server.requests();
    let of_ca = requests.iter().find(|request| request.path == "/ca.crl").unwrap();
    assert_eq!(of_ca.headers["if-none-match"], "\"1\"");
    assert_eq!((requests.len(), source(&target)["from_cache"].as_bool()), (2, Some(true)));
    assert_eq!(statuses(&target), ["good", "good"]);
    pki.check();
    assert_eq!(paths().len(), 0, "it was seen current just now");
    // What nobody vouches for is not kept.
    fs::remove_dir_all(pki.path("cache")).unwrap();
    pki.root("namesake", "/CN=CA");
    pki.publish("/ca.crl", CrlPlan { by: "namesake", ..CrlPlan::default() });
    pki.check();
    pki.check();
    assert_eq!(paths(), ["/ca.crl", "/ca.crl", "/root.crl"]);
}

#[test]
fn only_what_may_be_asked_is_asked() {
    let pki = Pki::new();
    let chain = pki.path("chain.pem");
    let chain = chain.to_str().unwrap();
    let (ca, root) = (pki.path("ca.pem"), pki.path("root.pem"));
    let (ca, root) = (ca.to_str().unwrap(), root.to_str().unwrap());
    // Not without being told to; and not at this machine for a file whose CA is a stranger.
    let target = pki.check_with(&[chain]);
    assert_eq!(target["revocation"]["status"], "not_checked");
    let target = pki.check_with(&[chain, "--revocation"]);
    assert_eq!(source(&target)["trouble"], "not_asked", "{target:#}");
    assert!(source(&target)["trouble_detail"].as_str().unwrap().contains("127.0.0.1"));
    assert_eq!(pki.server.requests().len(), 0);
    let target = pki.check_with(&[chain, "--revocation", "--private-crls"]);
    assert_eq!(source(&target)["said"], "good", "{target:#}");
    // Who issued the CA's certificate is not at hand: nothing in its list could be believed.
    let asked: Vec<String> = pki.server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(asked, ["/ca.crl"]);
    // Other schemes are told; the second URL of the same list is asked then.
    let both = "crlDistributionPoints=p\n[p]\nfullname=URI:ldap://127.0.0.1/x,URI:";
    pki.leaf("leaf", LEAF, &format!("{both}{}\n", pki.server.url("/second.crl")));
    pki.publish("/second.crl", CrlPlan::default());
    let target = pki.check_with(&[
        pki.path("leaf.pem").to_str().unwrap(),
        "--issuer",
        ca,
        "--revocation",
        "--roots",
        root,
    ]);
    let sources = target["revocation"]["certificates"][0]["sources"].as_array().unwrap();
    assert_eq!(sources.iter().map(|source| &source["said"]).collect::<Vec<_>>(), ["nothing", "good"]);
    assert!(sources[0]["trouble_detail"].as_str().unwrap().contains("ldap:"));
}

#[test]
fn saved_evidence_gives_the_same_verdicts() {
    let pki = Pki::new();
    pki.publish("/ca.crl", CrlPlan { revoked: &[(LEAF, "superseded")], ..CrlPlan::default() });
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    let (chain, root, saved) = (file("chain.pem"), file("root.pem"), file("saved.json"));
    let seen = pki.check_with(&[&chain, "--revocation", "--roots", &root, "--save-evidence", &saved]);
    pki.server.requests();
    let again = pki.check_with(&[&saved]);
    assert_eq!(rules(&seen)[0].0, "REV001");
    assert_eq!(seen["revocation"], again["revocation"]);
    assert_eq!(seen["findings"], again["findings"]);
    assert_eq!(pki.server.requests().len(), 0);
}

#[test]
fn stapled_responses_are_judged_without_being_asked_for() {
    let pki = Pki::new();
    let responder = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\n";
    pki.issue("responder", "/CN=Responder", ("ca", "3001"), responder);
    pki.issue("server", "/CN=Server", ("ca", "3002"), "extendedKeyUsage=serverAuth\n");
    pki.root("stranger", "/CN=Stranger");
    let revoked = [(LEAF, "keyCompromise")];
    let chain_pem = fs::read_to_string(pki.path("chain.pem")).unwrap();
    let key_pem = fs::read_to_string(pki.path("leaf.key")).unwrap();
    let root = pki.path("root.pem");
    for (response, status, told) in [
        (pki.ocsp("ca", &[], &[]), "good", vec![]),
        (pki.ocsp("responder", &[], &["sha256"]), "good", vec![]),
        (pki.ocsp("responder", &[], &["-resp_key_id"]), "good", vec![]),
        (pki.ocsp("ca", &revoked, &[]), "revoked", vec![("REV001", "critical")]),
        // No responder: the purpose is missing, or the issuer did not delegate.
        (pki.ocsp("server", &[], &[]), "undetermined", vec![("REV006", "medium")]),
        (pki.ocsp("stranger", &[], &[]), "undetermined", vec![("REV006", "medium")]),
        // The responder knows only another certificate.
        (pki.ocsp("ca", &[("77", "")], &[]), "undetermined", vec![("REV006", "medium")]),
    ] {
        let ocsp_response = Some(response.as_slice());
        let handed = Served { chain_pem: &chain_pem, key_pem: &key_pem, ocsp_response, ..Served::default() };
        let server = OpensslServer::start(handed);
        let host = format!("www.example:{}", server.address.port());
        let connect = server.address.to_string();
        let target = pki.check_with(&[&host, "--connect", &connect, "--roots", root.to_str().unwrap()]);
        let leaf = &target["revocation"]["certificates"][0];
        assert_eq!((leaf["status"].as_str().unwrap(), rules(&target)), (status, told), "{target:#}");
        assert_eq!(target["revocation"]["crls_asked"], false);
        assert_eq!(leaf["sources"][0]["kind"], "stapled_ocsp");
    }
    assert_eq!(pki.server.requests().len(), 0);
    // One that does not say until when it counts, does for a day.
    let endless = pki.ocsp("ca", &[], &["endless"]);
    let handed = Served {
        chain_pem: &chain_pem,
        key_pem: &key_pem,
        ocsp_response: Some(endless.as_slice()),
        ..Served::default()
    };
    let server = OpensslServer::start(handed);
    let host = format!("www.example:{}", server.address.port());
    let connect = server.address.to_string();
    let usual = [host.as_str(), "--connect", &connect, "--roots", root.to_str().unwrap()];
    assert_eq!(source(&pki.check_with(&usual))["said"], "good");
    let later = (clock::now() + SignedDuration::from_hours(48)).to_string();
    let target = pki.check_with(&[&usual[..], &["--at", &later]].concat());
    assert_eq!(source(&target)["trouble"], "stale");
    assert!(source(&target)["trouble_detail"].as_str().unwrap().contains("RFC 6960"), "{target:#}");
    // Past its time, and contradicted by the list.
    let response = pki.ocsp("ca", &[], &[]);
    let handed = Served {
        chain_pem: &chain_pem,
        key_pem: &key_pem,
        ocsp_response: Some(response.as_slice()),
        ..Served::default()
    };
    let server = OpensslServer::start(handed);
    let host = format!("www.example:{}", server.address.port());
    let connect = server.address.to_string();
    let usual = [host.as_str(), "--connect", &connect, "--roots", root.to_str().unwrap()];
    let later = [&usual[..], &["--at", "2026-12-05T00:00:00Z"]].concat();
    assert_eq!(rules(&pki.check_with(&later)), [("REV006", "medium")]);
    pki.publish("/ca.crl", CrlPlan { revoked: &revoked, ..CrlPlan::default() });
    let asking = [&usual[..], &["--revocation"]].concat();
    let target = pki.check_with(&asking);
    assert_eq!(rules(&target), [("REV001", "critical"), ("REV007", "medium")], "{target:#}");
}

/// So long before now, as `openssl ca` takes it.
fn before(hours: i64) -> String {
    let time = clock::now() - SignedDuration::from_hours(hours);
    time.strftime("%y%m%d%H%M%SZ").to_string()
}

#[test]
fn a_ca_that_is_given_with_issuer_is_looked_at() {
    let pki = Pki::new();
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    pki.publish("/root.crl", CrlPlan { by: "root", revoked: &[(CA, "CACompromise")], ..CrlPlan::default() });
    let (leaf, ca, root) = (file("leaf.pem"), file("ca.pem"), file("root.pem"));
    let target = pki.check_with(&[&leaf, "--issuer", &ca, "--roots", &root, "--revocation"]);
    assert_eq!((statuses(&target), rules(&target)), (["good", "revoked"], vec![("REV002", "critical")]));
    assert_eq!(target["revocation"]["verdict"], "revoked");
    assert_eq!(target["revocation"]["certificates"][1]["on_path"], true);
    // Its list cannot be had: the chain stays open.
    pki.server.set("/root.crl", Reply::Status(404));
    fs::remove_dir_all(pki.path("cache")).unwrap();
    let target = pki.check_with(&[&leaf, "--issuer", &ca, "--roots", &root, "--revocation"]);
    assert_eq!(statuses(&target), ["good", "undetermined"]);
    assert_eq!(target["revocation"]["verdict"], "undetermined");
    // Without a path to an anchor, a CA that is there counts all the same.
    pki.publish("/root.crl", CrlPlan { by: "root", revoked: &[(CA, "CACompromise")], ..CrlPlan::default() });
    let all = [&file("chain.pem"), "--issuer", &root, "--revocation", "--private-crls"];
    let target = pki.check_with(&all);
    assert_eq!(
        (statuses(&target), &target["revocation"]["path_built"]),
        (["good", "revoked"], &false.into())
    );
    assert_eq!(target["revocation"]["verdict"], "revoked");
}

#[test]
fn a_lone_certificate_is_issued_by_the_anchor_that_is_given() {
    let pki = Pki::new();
    let url = format!("crlDistributionPoints=URI:{}\n", pki.server.url("/root.crl"));
    pki.issue("lone", "/CN=lone", ("root", "5001"), &format!("subjectAltName=DNS:lone.example\n{url}"));
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    let (lone, root) = (file("lone.pem"), file("root.pem"));
    let target = pki.check_with(&[&lone, "--roots", &root, "--revocation", "--expect-ca", "letsencrypt.org"]);
    assert_eq!(target["revocation"]["verdict"], "good", "{target:#}");
    let told = target.to_string();
    assert!(!told.contains("no issuer certificate is there"), "{told}");
}

#[test]
fn a_list_that_goes_back_in_time_does_not_take_a_revocation_back() {
    let pki = Pki::new();
    let (hour, days, later) = (before(1), before(48), before(-72));
    let revoked = [(LEAF, "keyCompromise")];
    let newer = CrlPlan { revoked: &revoked, times: Some((&hour, &later)), ..CrlPlan::default() };
    let older = CrlPlan { times: Some((&days, &later)), ..CrlPlan::default() };
    pki.publish("/ca.crl", newer);
    assert_eq!(statuses(&pki.check())[0], "revoked");
    pki.age_kept_lists();
    pki.publish("/ca.crl", older);
    let saved = pki.path("saved.json");
    let file = |name: &str| pki.path(name).to_str().unwrap().to_owned();
    let arguments = ["--revocation", "--roots", &file("root.pem")];
    let keeping = ["--save-evidence", saved.to_str().unwrap()];
    let target = pki.check_with(&[&[file("chain.pem").as_str()][..], &arguments, &keeping].concat());
    assert_eq!(statuses(&target)[0], "revoked", "{target:#}");
    let told = rules(&target);
    assert_eq!(told, [("REV001", "critical"), ("REV004", "medium")], "{target:#}");
    let sources = target["revocation"]["certificates"][0]["sources"].as_array().unwrap();
    let troubles: Vec<&Value> = sources.iter().map(|source| &source["trouble"]).collect();
    assert_eq!(troubles, [&Value::from("rolled_back"), &Value::Null]);
    // The same from what was saved, and in the next run: the newer list is still the one that is kept.
    assert_eq!(pki.check_with(&[saved.to_str().unwrap()])["revocation"], target["revocation"]);
    pki.server.set("/ca.crl", Reply::Status(503));
    pki.age_kept_lists();
    let target = pki.check();
    assert_eq!(statuses(&target)[0], "revoked");
}

#[test]
fn a_kept_list_says_that_no_newer_one_could_be_had() {
    let pki = Pki::new();
    pki.check();
    pki.age_kept_lists();
    pki.server.set("/ca.crl", Reply::Status(404));
    let target = pki.check();
    assert_eq!(statuses(&target)[0], "good");
    assert!(source(&target)["note"].as_str().unwrap().contains("HTTP status 404"), "{target:#}");
    assert!(target["revocation"]["certificates"][0]["why"].as_str().unwrap().contains("HTTP status 404"));
    // What is no list is told, and the kept one counts.
    pki.age_kept_lists();
    pki.server.set("/ca.crl", Reply::Body(b"<html>Log in</html>".to_vec()));
    let target = pki.check();
    assert_eq!((statuses(&target)[0], rules(&target)), ("good", vec![("REV004", "medium")]));
    assert!(source(&target)["trouble_detail"].as_str().unwrap().contains("HTML"));
}

#[test]
fn the_next_url_of_a_point_is_asked_where_the_first_gives_nothing_usable() {
    let pki = Pki::new();
    let root = pki.path("root.pem");
    let ca = pki.path("ca.pem");
    let urls: Vec<String> =
        (0..5).map(|number| format!("URI:{}", pki.server.url(&format!("/{number}.crl")))).collect();
    let point = format!("crlDistributionPoints=p\n[p]\nfullname={}\n", urls.join(","));
    pki.leaf("leaf", LEAF, &point);
    let judged = || {
        let leaf = pki.path("leaf.pem");
        let (ca, root) = (ca.to_str().unwrap(), root.to_str().unwrap());
        pki.server.requests();
        let arguments = ["--issuer", ca, "--roots", root, "--revocation", "--no-cache"];
        pki.check_with(&[&[leaf.to_str().unwrap()][..], &arguments].concat())
    };
    let asked = || -> Vec<String> {
        let all = pki.server.requests().into_iter().map(|request| request.path);
        all.filter(|path| path != "/root.crl").collect()
    };
    pki.server.set("/0.crl", Reply::Body(b"<html>Log in</html>".to_vec()));
    pki.publish("/1.crl", CrlPlan { times: Some(("261001000000Z", "261008000000Z")), ..CrlPlan::default() });
    pki.publish("/2.crl", CrlPlan::default());
    assert_eq!(statuses(&judged())[0], "good");
    assert_eq!(asked(), ["/0.crl", "/1.crl", "/2.crl"]);
    // No more than three: who wrote the certificate must not keep anyone busy.
    pki.server.set("/2.crl", Reply::Status(404));
    pki.publish("/3.crl", CrlPlan::default());
    let target = judged();
    assert_eq!(statuses(&target)[0], "undetermined");
    assert_eq!(asked(), ["/0.crl", "/1.crl", "/2.crl"]);
    assert_eq!(target["revocation"]["certificates"][0]["sources"][3]["trouble"], "not_asked");
}

#[test]
fn a_responder_is_one_only_if_openssl_takes_it_for_one() {
    let pki = Pki::new();
    pki.root("stranger", "/CN=Other Issuer");
    let usual = "extendedKeyUsage=OCSPSigning\n";
    let nocheck = format!("{usual}noCheck=ignored\n");
    let crl = format!("{usual}crlDistributionPoints=URI:{}\n", pki.server.url("/responder.crl"));
    pki.publish("/responder.crl", CrlPlan::default());
    let chain_pem = fs::read_to_string(pki.path("chain.pem")).unwrap();
    let key_pem = fs::read_to_string(pki.path("leaf.key")).unwrap();
    let root = pki.path("root.pem");
    let judged = |response: &[u8], more: &[&str]| {
        let handed = Served {
            chain_pem: &chain_pem,
            key_pem: &key_pem,
            ocsp_response: Some(response),
            ..Served::default()
        };
        let server = OpensslServer::start(handed);
        let host = format!("www.example:{}", server.address.port());
        let connect = server.address.to_string();
        let usual = [host.as_str(), "--connect", &connect, "--roots", root.to_str().unwrap()];
        let target = pki.check_with(&[&usual[..], more].concat());
        let leaf = &target["revocation"]["certificates"][0];
        let sources = leaf["sources"].as_array().unwrap();
        let staple = sources.iter().find(|source| source["kind"] == "stapled_ocsp").unwrap();
        (staple["said"].as_str().unwrap().to_owned(), staple["trouble"].as_str().map(str::to_owned))
    };
    for (place, (extensions, openssl_takes_it, expected)) in [
        (nocheck.clone(), true, ("good", None)),
        (format!("{nocheck}1.2.3.4=critical,ASN1:NULL\n"), false, ("nothing", Some("bad_signature"))),
        // OpenSSL does not look at this one.
        (format!("{nocheck}keyUsage=critical,keyEncipherment\n"), true, ("nothing", Some("bad_signature"))),
        // Whether it is revoked itself is not known: nothing says that it need not be.
        (crl.clone(), true, ("nothing", Some("unverifiable"))),
        (usual.to_owned(), true, ("good", None)),
    ]
    .into_iter()
    .enumerate()
    {
        let serial = format!("300{place}");
        pki.issue("responder", "/CN=Responder", ("ca", &serial), &extensions);
        let response = pki.ocsp("responder", &[], &[]);
        assert_eq!(pki.openssl_takes(&response), openssl_takes_it, "{extensions}");
        let (said, trouble) = judged(&response, &[]);
        assert_eq!((said.as_str(), trouble.as_deref()), expected, "{extensions}");
    }
    // With its own list it is known, one way or the other.
    pki.issue("responder", "/CN=Responder", ("ca", "3009"), &crl);
    let response = pki.ocsp("responder", &[], &[]);
    assert_eq!(judged(&response, &["--revocation", "--no-cache"]).0, "good");
    pki.publish("/responder.crl", CrlPlan { revoked: &[("3009", "keyCompromise")], ..CrlPlan::default() });
    let (said, trouble) = judged(&response, &["--revocation", "--no-cache"]);
    assert_eq!((said.as_str(), trouble.as_deref()), ("nothing", Some("unverifiable")));
}

#[test]
fn a_certificate_without_pointers_is_told() {
    let pki = Pki::new();
    pki.leaf("leaf", LEAF, "");
    let ca = pki.path("ca.pem");
    let leaf = pki.path("leaf.pem");
    let root = pki.path("root.pem");
    let target = pki.check_with(&[
        leaf.to_str().unwrap(),
        "--issuer",
        ca.to_str().unwrap(),
        "--revocation",
        "--roots",
        root.to_str().unwrap(),
    ]);
    assert_eq!(rules(&target), [("REV005", "info")], "below anchors of one's own");
}
