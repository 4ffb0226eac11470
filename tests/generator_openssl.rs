//! OpenSSL's opinion on the certificates, SCTs and OCSP responses that our generator makes.
//!
//! OpenSSL reads and validates them with code of its own: `openssl s_client -ct` against a real server says
//! of each SCT whether it is valid. Without `openssl` these tests fail.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod world;

use std::fs;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use pinstead::demo::authority::{
    CaCertificate, EmptyExtensions, ExtensionSet, IssuedLeaf, KeyAlgorithm, LeafRequest, SctPlace,
    ocsp_response,
};
use pinstead::demo::ct::{
    CtLog, Delivery, ListFault, LogKind, PlannedSct, SctFault, SctPlan, issue, openssl_log_list, sct_list,
    scts_over,
};
use pinstead::observe::clock;
use tempfile::TempDir;

use world::servers::{OpensslServer, Served};
use world::{run, sct_verdicts, text};

const NAME: &str = "www.generator.example";

/// A CA, three logs that OpenSSL knows, and one that it does not.
struct Lab {
    folder: TempDir,
    root: CaCertificate,
    issuer: CaCertificate,
    rfc6962: CtLog,
    tiled: CtLog,
    rsa: CtLog,
    unknown: CtLog,
    now: Timestamp,
}

impl Lab {
    fn new() -> Self {
        Self::with_issuer(KeyAlgorithm::P256)
    }

    fn with_issuer(algorithm: KeyAlgorithm) -> Self {
        let now = clock::now();
        let root = CaCertificate::root("Generator Root", KeyAlgorithm::P256, now).unwrap();
        let issuer = root.intermediate("Generator CA", algorithm, now).unwrap();
        let log = |kind, algorithm| CtLog::generate("a log", "an operator", kind, algorithm).unwrap();
        let lab = Self {
            folder: TempDir::new().unwrap(),
            root,
            issuer,
            rfc6962: log(LogKind::Rfc6962, KeyAlgorithm::P256),
            tiled: log(LogKind::Static, KeyAlgorithm::P256),
            rsa: log(LogKind::Rfc6962, KeyAlgorithm::Rsa2048),
            unknown: log(LogKind::Rfc6962, KeyAlgorithm::P256),
            now,
        };
        lab.write("roots.pem", lab.root.to_pem().as_bytes());
        lab.write("issuer.pem", lab.issuer.to_pem().as_bytes());
        lab.write("logs.cnf", openssl_log_list(&[&lab.rfc6962, &lab.tiled, &lab.rsa]).as_bytes());
        lab
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn request(&self) -> LeafRequest {
        LeafRequest::new(&[NAME, "generator.example"], self.now).unwrap()
    }

    fn yesterday(&self) -> Timestamp {
        self.now.checked_sub(SignedDuration::from_hours(24)).unwrap()
    }

    fn sct<'a>(&self, log: &'a CtLog) -> PlannedSct<'a> {
        PlannedSct { log, timestamp: self.yesterday(), fault: SctFault::None }
    }

    fn all_logs(&self) -> Vec<PlannedSct<'_>> {
        vec![self.sct(&self.rfc6962), self.sct(&self.tiled), self.sct(&self.rsa)]
    }

    fn issue(&self, plan: &SctPlan<'_>) -> IssuedLeaf {
        issue(&self.issuer, &self.request(), plan).unwrap()
    }

    /// What `openssl s_client -ct` says of each SCT of a leaf that `openssl s_server` serves.
    fn verdicts(&self, leaf: &IssuedLeaf) -> Vec<String> {
        let chain_pem = leaf.to_pem() + &self.issuer.to_pem();
        let key_pem = leaf.key.to_pem();
        self.verdicts_on(Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() }, &[])
    }

    fn verdicts_on(&self, served: Served<'_>, more: &[&str]) -> Vec<String> {
        let running = OpensslServer::start(served);
        let (roots, logs) = (self.path("roots.pem"), self.path("logs.cnf"));
        let address = running.address.to_string();
        let mut arguments = vec!["s_client", "-connect", &address, "-servername", NAME, "-ct"];
        arguments.extend(["-CAfile", &roots, "-ctlogfile", &logs]);
        arguments.extend(more);
        let said = text(&run("openssl", &arguments));
        assert!(said.contains("Verify return code: 0 (ok)"), "the chain is not accepted:\n{said}");
        let verdicts = sct_verdicts(&said);
        let count = format!("SCTs present ({})", verdicts.len());
        assert!(said.contains(&count), "not {count}:\n{said}");
        verdicts
    }

    /// `openssl x509 -text`.
    fn described(&self, leaf: &IssuedLeaf) -> String {
        let path = self.write("described.pem", leaf.to_pem().as_bytes());
        text(&run("openssl", &["x509", "-noout", "-text", "-in", &path.display().to_string()]))
    }
}

#[test]
fn leaves_chain_to_the_root_and_look_ordinary() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        let lab = Lab::with_issuer(algorithm);
        let leaf = lab.issue(&SctPlan { scts: lab.all_logs(), ..SctPlan::default() });
        let path = lab.write("leaf.pem", leaf.to_pem().as_bytes()).display().to_string();
        let (roots, issuer) = (lab.path("roots.pem"), lab.path("issuer.pem"));
        let mut arguments = vec!["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", NAME];
        arguments.extend(["-CAfile", &roots, "-untrusted", &issuer, &path]);
        let output = run("openssl", &arguments);
        assert!(output.status.success(), "{algorithm:?}: {}", text(&output));

        let described = lab.described(&leaf);
        for expected in [
            "Version: 3 (0x2)",
            "TLS Web Server Authentication",
            "Digital Signature",
            "DNS:generator.example",
        ] {
            assert!(described.contains(expected), "no {expected}:\n{described}");
        }
        assert_eq!(described.matches("Signed Certificate Timestamp:").count(), 3, "{described}");
    }
}

#[test]
fn the_sct_list_stands_where_it_was_put_and_is_valid_there() {
    let lab = Lab::new();
    for place in [SctPlace::First, SctPlace::Middle, SctPlace::Last] {
        let leaf = lab.issue(&SctPlan { scts: lab.all_logs(), place, ..SctPlan::default() });
        assert_eq!(lab.verdicts(&leaf), ["valid"; 3], "{place:?}");

        let described = lab.described(&leaf);
        let at = |extension: &str| described.find(extension).expect(extension);
        let (first, scts, last) =
            (at("X509v3 Key Usage"), at("CT Precertificate SCTs"), at("X509v3 Certificate Policies"));
        let expected = match place {
            SctPlace::First => scts < first,
            SctPlace::Middle => first < scts && scts < last,
            SctPlace::Last => last < scts,
        };
        assert!(expected, "{place:?}:\n{described}");
    }
}

#[test]
fn an_rsa_issuer_makes_valid_ones_too() {
    let lab = Lab::with_issuer(KeyAlgorithm::Rsa2048);
    let leaf = lab.issue(&SctPlan { scts: lab.all_logs(), ..SctPlan::default() });
    assert_eq!(lab.verdicts(&leaf), ["valid"; 3]);
}

/// Without other extensions logs may sign an empty list or none: OpenSSL accepts one of the two, by version.
#[test]
fn the_sct_list_may_stand_alone() {
    let lab = Lab::new();
    let request = LeafRequest { extensions: ExtensionSet::None, ..lab.request() };
    let verdicts = [EmptyExtensions::Kept, EmptyExtensions::Omitted].map(|empty| {
        let plan = SctPlan { scts: lab.all_logs(), empty, ..SctPlan::default() };
        let leaf = issue(&lab.issuer, &request, &plan).unwrap();
        assert_eq!(lab.described(&leaf).matches("X509v3 ").count(), 1, "only the heading");
        lab.verdicts(&leaf)
    });
    assert!(verdicts.iter().any(|verdicts| *verdicts == ["valid"; 3]), "{verdicts:?}");
    assert!(verdicts.iter().any(|verdicts| *verdicts == ["invalid"; 3]), "{verdicts:?}");
}

#[test]
fn a_faulty_sct_is_refused_and_its_neighbours_are_not() {
    let lab = Lab::new();
    for (fault, expected) in [
        (SctFault::WrongSignature, "invalid"),
        (SctFault::WrongTimestamp, "invalid"),
        (SctFault::ExtensionsRemoved, "invalid"),
        (SctFault::UnknownVersion, "unknown version"),
    ] {
        let faulty = PlannedSct { fault, ..lab.sct(&lab.tiled) };
        let scts = vec![lab.sct(&lab.rfc6962), faulty, lab.sct(&lab.rsa)];
        let leaf = lab.issue(&SctPlan { scts, ..SctPlan::default() });
        assert_eq!(lab.verdicts(&leaf), ["valid", expected, "valid"], "{fault:?}");
    }
}

#[test]
fn an_unknown_log_and_a_future_timestamp_are_told() {
    let lab = Lab::new();
    let scts = vec![lab.sct(&lab.rfc6962), lab.sct(&lab.unknown)];
    let leaf = lab.issue(&SctPlan { scts, ..SctPlan::default() });
    assert_eq!(lab.verdicts(&leaf), ["valid", "unknown log"]);

    let tomorrow = lab.now.checked_add(SignedDuration::from_hours(24)).unwrap();
    let scts = vec![lab.sct(&lab.rfc6962), PlannedSct { timestamp: tomorrow, ..lab.sct(&lab.tiled) }];
    let leaf = lab.issue(&SctPlan { scts, ..SctPlan::default() });
    assert_eq!(lab.verdicts(&leaf), ["valid", "invalid"]);
}

#[test]
fn a_malformed_list_gives_no_sct() {
    let lab = Lab::new();
    for list_fault in [
        ListFault::TrailingOctets,
        ListFault::LengthTooLong,
        ListFault::LengthTooShort,
        ListFault::EmptySct,
        ListFault::SctTooLong,
        ListFault::NotWrapped,
        ListFault::NoValue,
    ] {
        let leaf = lab.issue(&SctPlan { scts: lab.all_logs(), list_fault, ..SctPlan::default() });
        assert_eq!(lab.verdicts(&leaf), [""; 0], "{list_fault:?}");
        assert!(lab.described(&leaf).contains("CT Precertificate SCTs"), "{list_fault:?}");
    }
    // Not `TrailingOctet`: OpenSSL does not look past the signature.
    for fault in [SctFault::Truncated, SctFault::WrongHashAlgorithm] {
        let faulty = PlannedSct { fault, ..lab.sct(&lab.rfc6962) };
        let leaf = lab.issue(&SctPlan { scts: vec![faulty], ..SctPlan::default() });
        assert!(lab.verdicts(&leaf).iter().all(|verdict| verdict != "valid"), "{fault:?}");
    }
    let duplicated = SctPlan { scts: lab.all_logs(), duplicated: true, ..SctPlan::default() };
    assert_eq!(lab.described(&lab.issue(&duplicated)).matches("CT Precertificate SCTs").count(), 2);
}

#[test]
fn scts_beside_the_certificate_are_valid() {
    let lab = Lab::new();
    let leaf = lab.issue(&SctPlan::default());
    let delivery = Delivery::Beside { certificate: &leaf.der };
    let list = sct_list(&scts_over(&lab.all_logs(), delivery).unwrap()).unwrap();
    let ocsp = ocsp_response(&lab.issuer, &leaf, Some(&list), lab.now).unwrap();
    let chain_pem = leaf.to_pem() + &lab.issuer.to_pem();
    let key_pem = leaf.key.to_pem();
    let served = Served { chain_pem: &chain_pem, key_pem: &key_pem, ..Served::default() };
    for version in ["-tls1_2", "-tls1_3"] {
        let by_tls = Served { sct_list: Some(&list), ..served };
        assert_eq!(lab.verdicts_on(by_tls, &[version]), ["valid"; 3], "{version}");
        let by_ocsp = Served { ocsp_response: Some(&ocsp), ..served };
        assert_eq!(lab.verdicts_on(by_ocsp, &[version]), ["valid"; 3], "{version}");
    }
}

#[test]
fn ocsp_responses_verify() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        let lab = Lab::with_issuer(algorithm);
        let leaf = lab.issue(&SctPlan::default());
        let response = ocsp_response(&lab.issuer, &leaf, None, lab.now).unwrap();
        let response = lab.write("ocsp.der", &response).display().to_string();
        let certificate = lab.write("leaf.pem", leaf.to_pem().as_bytes()).display().to_string();
        let (roots, issuer) = (lab.path("roots.pem"), lab.path("issuer.pem"));
        let mut arguments = vec!["ocsp", "-respin", &response, "-CAfile", &roots, "-issuer", &issuer];
        arguments.extend(["-verify_other", &issuer, "-sha256", "-cert", &certificate]);
        let said = text(&run("openssl", &arguments));
        assert!(said.contains("Response verify OK"), "{algorithm:?}: {said}");
        assert!(said.contains(": good"), "{algorithm:?}: {said}");
    }
}
