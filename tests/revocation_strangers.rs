//! `pinstead check --revocation` beside what strangers wrote: their URLs, their lists and their certificates.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::fs;

use jiff::SignedDuration;
use pinstead::observe::clock;
use serde_json::Value;
use world::list_server::Reply;
use world::revoking_ca::{CA, CrlPlan, LEAF, Pki};
use world::servers::{OpensslServer, Served};

fn file(pki: &Pki, name: &str) -> String {
    pki.path(name).to_str().unwrap().to_owned()
}

fn rules(target: &Value) -> Vec<&str> {
    let findings = target["findings"].as_array().unwrap();
    let rules = findings.iter().map(|finding| finding["rule"].as_str().unwrap());
    rules.filter(|rule| rule.starts_with("REV")).collect()
}

fn paths(pki: &Pki) -> Vec<String> {
    let mut paths: Vec<String> = pki.server.requests().into_iter().map(|request| request.path).collect();
    paths.sort();
    paths
}

/// A chain of a stranger's, whose leaf names this URL.
fn strangers_chain(pki: &Pki, url: &str) -> String {
    pki.root("stranger", "/CN=Stranger");
    let names = format!("subjectAltName=DNS:h.example\ncrlDistributionPoints=URI:{url}\n");
    pki.issue("h", "/CN=h.example", ("stranger", "9001"), &names);
    let chain = ["h.pem", "stranger.pem"].map(|name| fs::read_to_string(pki.path(name)).unwrap()).concat();
    fs::write(pki.path("h-chain.pem"), chain).unwrap();
    file(pki, "h-chain.pem")
}

/// So long before now, as `openssl ca` takes it.
fn before(hours: i64) -> String {
    let time = clock::now() - SignedDuration::from_hours(hours);
    time.strftime("%y%m%d%H%M%SZ").to_string()
}

#[test]
fn a_strangers_list_at_the_same_url_takes_no_revocation_back() {
    let pki = Pki::new();
    let (hour, days, later) = (before(1), before(48), before(-72));
    let revoked = [(LEAF, "keyCompromise")];
    let newer = CrlPlan { revoked: &revoked, times: Some((&hour, &later)), ..CrlPlan::default() };
    let older = CrlPlan { times: Some((&days, &later)), ..CrlPlan::default() };
    let stranger = strangers_chain(&pki, &pki.server.url("/ca.crl"));
    let (chain, root) = (file(&pki, "chain.pem"), file(&pki, "root.pem"));
    let usual = ["--revocation", "--private-crls", "--roots", &root];
    let check = |targets: &[&str]| pki.check_all(&[targets, &usual[..]].concat())["targets"].clone();
    pki.publish("/ca.crl", newer);
    assert_eq!(check(&[&chain])[0]["revocation"]["verdict"], "revoked");
    pki.age_kept_lists();
    pki.publish("/ca.crl", CrlPlan { by: "stranger", ..CrlPlan::default() });
    assert_eq!(check(&[&stranger])[0]["revocation"]["certificates"][0]["status"], "good");
    pki.age_kept_lists();
    pki.publish("/ca.crl", older);
    // In one run, too, whoever asks first decides nothing for the other.
    let targets = check(&[&stranger, &chain]);
    let own = &targets[1];
    assert_eq!(own["revocation"]["verdict"], "revoked", "{own:#}");
    assert_eq!(rules(own), ["REV001", "REV004"]);
    let sources = own["revocation"]["certificates"][0]["sources"].as_array().unwrap();
    assert_eq!(sources[0]["trouble"], "rolled_back");
}

#[test]
fn a_target_has_the_same_lists_when_it_is_judged_again() {
    let pki = Pki::new();
    let urls: Vec<String> = ["/1.crl", "/2.crl"].map(|path| format!("URI:{}", pki.server.url(path))).to_vec();
    let point = |urls: &[String]| format!("crlDistributionPoints=p\n[p]\nfullname={}\n", urls.join(","));
    pki.leaf("a", "4001", &point(&urls));
    pki.leaf("b", "4002", &point(&urls[1..]));
    pki.publish("/1.crl", CrlPlan::default());
    pki.publish("/2.crl", CrlPlan { revoked: &[("4001", "keyCompromise")], ..CrlPlan::default() });
    let of = |name: &str| file(&pki, name);
    let (one, other, ca, root, saved) =
        (of("a.pem"), of("b.pem"), of("ca.pem"), of("root.pem"), of("saved.json"));
    let usual = ["--issuer", &ca, "--roots", &root, "--revocation", "--no-cache", "--save-evidence", &saved];
    let seen = pki.check_all(&[&[one.as_str(), &other][..], &usual].concat());
    pki.server.requests();
    let again = pki.check_all(&[&saved]);
    for place in [0, 1] {
        let [seen, again] = [&seen, &again].map(|report| &report["targets"][place]);
        assert_eq!(seen["revocation"]["verdict"], "good");
        assert_eq!((&seen["revocation"], &seen["findings"]), (&again["revocation"], &again["findings"]));
    }
    assert_eq!(paths(&pki), Vec::<String>::new());
    // The list that both chains name is saved once.
    let evidence: Value = serde_json::from_slice(&fs::read(&saved).unwrap()).unwrap();
    assert_eq!(evidence["crls"].as_array().unwrap().len(), 3, "the root's, and the two of the CA");
}

/// The user's anchor vouches for who wrote the URLs on the path to it, and for nobody else's.
#[test]
fn what_is_served_beside_the_path_leads_nowhere_private() {
    let pki = Pki::new();
    pki.root("stranger", "/CN=Stranger");
    let usage = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
    let stray = format!("{usage}crlDistributionPoints=URI:{}\n", pki.server.url("/latest/meta-data"));
    pki.issue("stray", "/CN=Stray", ("stranger", "9002"), &stray);
    let chain = |names: &[&str]| {
        let chain: String = names.iter().map(|name| fs::read_to_string(pki.path(name)).unwrap()).collect();
        fs::write(pki.path("strays.pem"), chain).unwrap();
        file(&pki, "strays.pem")
    };
    let root = file(&pki, "root.pem");
    for names in
        [&["leaf.pem", "ca.pem", "stray.pem"][..], &["leaf.pem", "ca.pem", "stray.pem", "stranger.pem"]]
    {
        let target = pki.check_with(&[&chain(names), "--revocation", "--no-cache", "--roots", &root]);
        assert_eq!(paths(&pki), ["/ca.crl", "/root.crl"]);
        assert_eq!(target["revocation"]["verdict"], "good", "{target:#}");
        let stray = &target["revocation"]["certificates"][2];
        assert_eq!(stray["status"], "undetermined", "{target:#}");
    }
    // Whoever allows it has it.
    let names = ["leaf.pem", "ca.pem", "stray.pem", "stranger.pem"];
    pki.check_with(&[&chain(&names), "--revocation", "--no-cache", "--roots", &root, "--private-crls"]);
    assert!(paths(&pki).contains(&"/latest/meta-data".to_owned()));
}

#[test]
fn a_ca_that_is_given_for_a_server_is_looked_at() {
    let pki = Pki::new();
    pki.publish("/root.crl", CrlPlan { by: "root", revoked: &[(CA, "CACompromise")], ..CrlPlan::default() });
    let (leaf, key) = ["leaf.pem", "leaf.key"].map(|name| fs::read_to_string(pki.path(name)).unwrap()).into();
    let server = OpensslServer::start(Served { chain_pem: &leaf, key_pem: &key, ..Served::default() });
    let host = format!("www.example:{}", server.address.port());
    let (connect, ca, root) = (server.address.to_string(), file(&pki, "ca.pem"), file(&pki, "root.pem"));
    let given = ["--connect", &connect, "--issuer", &ca, "--roots", &root, "--revocation", "--no-cache"];
    let target = pki.check_with(&[&[host.as_str()][..], &given].concat());
    let revocation = &target["revocation"];
    assert_eq!(revocation["verdict"], "revoked", "{target:#}");
    assert_eq!(revocation["certificates"][1]["status"], "revoked");
    assert!(rules(&target).contains(&"REV002"), "{target:#}");
}

#[test]
fn a_list_that_another_certificate_did_not_ask_for_is_asked_for() {
    let pki = Pki::new();
    for path in ["/1.crl", "/2.crl", "/3.crl"] {
        pki.server.set(path, Reply::Status(404));
    }
    let urls: Vec<String> = ["/1.crl", "/2.crl", "/3.crl", "/ca.crl"]
        .map(|path| format!("URI:{}", pki.server.url(path)))
        .to_vec();
    let point = format!("crlDistributionPoints=p\n[p]\nfullname={}\n", urls.join(","));
    pki.leaf("leaf", LEAF, &point);
    // One that is served besides names the list alone that is the leaf's fourth, and not asked for.
    let usage = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
    let own = format!("{usage}crlDistributionPoints=URI:{}\n", pki.server.url("/ca.crl"));
    pki.issue("besides", "/CN=Besides", ("ca", "7001"), &own);
    let names = ["leaf.pem", "ca.pem", "besides.pem"];
    let chain = names.map(|name| fs::read_to_string(pki.path(name)).unwrap()).concat();
    fs::write(pki.path("besides-chain.pem"), chain).unwrap();
    pki.publish("/ca.crl", CrlPlan { revoked: &[("7001", "superseded")], ..CrlPlan::default() });
    let (chain, root) = (file(&pki, "besides-chain.pem"), file(&pki, "root.pem"));
    let target = pki.check_with(&[&chain, "--revocation", "--no-cache", "--private-crls", "--roots", &root]);
    assert_eq!(target["revocation"]["certificates"][2]["status"], "revoked", "{target:#}");
}
