//! A root, a CA below it and a server's certificate, made by `openssl`, with CRLs and OCSP responses of every kind.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::list_server::{ListServer, Reply};
use super::{pinstead, run, text};

/// The server's certificate's serial number.
pub(crate) const LEAF: &str = "1001";
/// The CA's.
pub(crate) const CA: &str = "2001";

/// The three certificates, and the server of their CRLs.
pub(crate) struct Pki {
    pub(crate) folder: TempDir,
    pub(crate) server: ListServer,
}

/// A CRL that is to be made.
#[derive(Clone, Copy)]
pub(crate) struct CrlPlan<'a> {
    /// Whose list it is: `root`, `ca`, or another key made before.
    pub(crate) by: &'a str,
    /// Serial number and reason of each revoked certificate.
    pub(crate) revoked: &'a [(&'a str, &'a str)],
    /// Its extensions, as OpenSSL's configuration has them.
    pub(crate) extensions: &'a str,
    /// From when to when it counts, as UTCTime; none: from now on for a week.
    pub(crate) times: Option<(&'a str, &'a str)>,
}

impl Default for CrlPlan<'_> {
    fn default() -> Self {
        Self { by: "ca", revoked: &[], extensions: "", times: None }
    }
}

impl Pki {
    pub(crate) fn new() -> Self {
        let pki = Self { folder: TempDir::new().unwrap(), server: ListServer::start() };
        pki.root("root", "/CN=Root");
        let urls = |path: &str| format!("crlDistributionPoints=URI:{}\n", pki.server.url(path));
        let ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
        pki.issue("ca", "/CN=CA", ("root", CA), &(ca.to_owned() + &urls("/root.crl")));
        pki.leaf("leaf", LEAF, &urls("/ca.crl"));
        let chain = ["leaf.pem", "ca.pem"].map(|name| fs::read_to_string(pki.path(name)).unwrap()).concat();
        fs::write(pki.path("chain.pem"), chain).unwrap();
        pki.publish("/root.crl", CrlPlan { by: "root", ..CrlPlan::default() });
        pki.publish("/ca.crl", CrlPlan::default());
        pki
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// The hash of a certificate's key, as policies name it.
    pub(crate) fn spki_sha256(&self, name: &str) -> String {
        let pem = fs::read(self.path(&format!("{name}.pem"))).unwrap();
        let certificates = pinstead::x509::read_certificates(&pem).unwrap();
        certificates.first().unwrap().spki_sha256.to_string()
    }

    /// A self-signed CA.
    pub(crate) fn root(&self, name: &str, subject: &str) {
        let (key, pem) = (self.file(&format!("{name}.key")), self.file(&format!("{name}.pem")));
        let curve = "ec_paramgen_curve:P-256";
        let usage = "keyUsage=critical,keyCertSign,cRLSign";
        openssl(&[
            "req", "-x509", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-keyout", &key, "-out", &pem,
            "-subj", subject, "-days", "30", "-addext", usage,
        ]);
    }

    /// A certificate by another, with these extensions.
    pub(crate) fn issue(&self, name: &str, subject: &str, (by, serial): (&str, &str), extensions: &str) {
        let of = |kind: &str| self.file(&format!("{name}.{kind}"));
        let (key, request, pem, own) = (of("key"), of("csr"), of("pem"), of("ext"));
        let curve = "ec_paramgen_curve:P-256";
        openssl(&[
            "req", "-new", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-keyout", &key, "-out", &request,
            "-subj", subject,
        ]);
        fs::write(&own, extensions).unwrap();
        let (ca, ca_key) = (self.file(&format!("{by}.pem")), self.file(&format!("{by}.key")));
        let serial = format!("0x{serial}");
        openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-set_serial",
            &serial,
            "-days",
            "20",
            "-extfile",
            &own,
            "-out",
            &pem,
        ]);
    }

    /// A server's certificate by the CA.
    pub(crate) fn leaf(&self, name: &str, serial: &str, extensions: &str) {
        let usual = "subjectAltName=DNS:www.example\nextendedKeyUsage=serverAuth\n";
        self.issue(name, "/CN=www.example", ("ca", serial), &(usual.to_owned() + extensions));
    }

    /// The database of OpenSSL's CA, with these certificates revoked.
    pub(crate) fn index(&self, revoked: &[(&str, &str)]) -> String {
        let mut index = String::new();
        for (serial, reason) in revoked {
            let reason = if reason.is_empty() { String::new() } else { format!(",{reason}") };
            let _ =
                writeln!(index, "R\t281231000000Z\t261101000000Z{reason}\t{serial}\tunknown\t/CN=revoked");
        }
        let path = self.path("index.txt");
        fs::write(&path, index).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Makes a CRL, DER.
    pub(crate) fn crl(&self, plan: CrlPlan<'_>) -> Vec<u8> {
        let index = self.index(plan.revoked);
        let of = |kind: &str| self.file(&format!("{}.{kind}", plan.by));
        let extensions =
            if plan.extensions.is_empty() { "authorityKeyIdentifier=keyid:always" } else { plan.extensions };
        let config = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase={index}\ncertificate={}\nprivate_key={}\ndefault_md=sha256\n\
             default_crl_days=7\ncrl_extensions=x\n[x]\n{extensions}\n",
            of("pem"),
            of("key"),
        );
        let (config_file, pem, der) = (self.file("ca.cnf"), self.file("made.crl.pem"), self.file("made.crl"));
        fs::write(&config_file, config).unwrap();
        let mut arguments = vec!["ca", "-config", &config_file, "-gencrl", "-out", &pem];
        if let Some((last, next)) = plan.times {
            arguments.extend(["-crl_lastupdate", last, "-crl_nextupdate", next]);
        }
        openssl(&arguments);
        openssl(&["crl", "-in", &pem, "-outform", "DER", "-out", &der]);
        fs::read(der).unwrap()
    }

    pub(crate) fn publish(&self, path: &str, plan: CrlPlan<'_>) {
        self.server.set(path, Reply::Body(self.crl(plan)));
    }

    /// An OCSP response about the leaf, by OpenSSL's responder.
    pub(crate) fn ocsp(&self, signer: &str, revoked: &[(&str, &str)], more: &[&str]) -> Vec<u8> {
        let index = self.index(revoked);
        // The responder only knows what stands in its database.
        let mut text = fs::read_to_string(&index).unwrap();
        if revoked.is_empty() {
            let _ = writeln!(text, "V\t281231000000Z\t\t{LEAF}\tunknown\t/CN=www.example");
        }
        fs::write(&index, text).unwrap();
        let (ca, leaf) = (self.file("ca.pem"), self.file("leaf.pem"));
        let (request, response) = (self.file("ocsp.req"), self.file("ocsp.der"));
        let (pem, key) = (self.file(&format!("{signer}.pem")), self.file(&format!("{signer}.key")));
        let digest = if more.contains(&"sha256") { "-sha256" } else { "-sha1" };
        openssl(&["ocsp", "-issuer", &ca, digest, "-cert", &leaf, "-no_nonce", "-reqout", &request]);
        let mut arguments = vec![
            "ocsp", "-index", &index, "-CA", &ca, "-rsigner", &pem, "-rkey", &key, "-reqin", &request,
            "-respout", &response,
        ];
        arguments.extend(more.iter().filter(|argument| !matches!(**argument, "sha256" | "endless")));
        if !more.iter().any(|argument| matches!(*argument, "-ndays" | "-nmin" | "endless")) {
            arguments.extend(["-ndays", "7"]);
        }
        openssl(&arguments);
        fs::read(response).unwrap()
    }

    /// Whether OpenSSL takes an OCSP response for one about the leaf that may be believed.
    pub(crate) fn openssl_takes(&self, response: &[u8]) -> bool {
        let (root, ca, leaf, file) =
            (self.file("root.pem"), self.file("ca.pem"), self.file("leaf.pem"), self.file("taken.der"));
        fs::write(&file, response).unwrap();
        let arguments = [
            "ocsp",
            "-issuer",
            &ca,
            "-cert",
            &leaf,
            "-respin",
            &file,
            "-CAfile",
            &root,
            "-verify_other",
            &ca,
        ];
        text(&run("openssl", &arguments)).contains("Response verify OK")
    }

    /// Makes all kept lists look as if they had been seen current long ago.
    pub(crate) fn age_kept_lists(&self) {
        for file in fs::read_dir(self.path("cache/pinstead/crls")).unwrap() {
            let path = file.unwrap().path();
            let octets = fs::read(&path).unwrap();
            let line = octets.iter().position(|&octet| octet == b'\n').unwrap();
            let mut head: Value = serde_json::from_slice(&octets[..line]).unwrap();
            head["seen_at"] = "2026-11-01T00:00:00Z".into();
            fs::write(&path, [head.to_string().as_bytes(), &octets[line..]].concat()).unwrap();
        }
    }

    /// What OpenSSL says of the chain by these CRLs.
    pub(crate) fn openssl_verifies(&self, crls: &[Vec<u8>]) -> String {
        let (root, ca, leaf) = (self.file("root.pem"), self.file("ca.pem"), self.file("leaf.pem"));
        let mut arguments =
            vec!["verify".to_owned(), "-crl_check_all".to_owned(), "-extended_crl".to_owned()];
        arguments.extend(["-CAfile".to_owned(), root, "-untrusted".to_owned(), ca]);
        for (place, crl) in crls.iter().enumerate() {
            let (der, pem) = (self.file("verify.crl"), self.file(&format!("verify.{place}.pem")));
            fs::write(&der, crl).unwrap();
            openssl(&["crl", "-inform", "DER", "-in", &der, "-out", &pem]);
            arguments.extend(["-CRLfile".to_owned(), pem]);
        }
        arguments.push(leaf);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        text(&run("openssl", &arguments))
    }

    /// The report about the chain as a file, with its CRLs.
    pub(crate) fn check(&self) -> Value {
        let chain = self.file("chain.pem");
        self.check_with(&[&chain, "--revocation", "--roots", &self.file("root.pem")])
    }

    pub(crate) fn check_with(&self, arguments: &[&str]) -> Value {
        self.check_all(arguments)["targets"][0].clone()
    }

    /// The whole report.
    pub(crate) fn check_all(&self, arguments: &[&str]) -> Value {
        let mut command = pinstead();
        command
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("NO_PROXY", "127.0.0.1")
            .args(["check", "--only", "issuer", "--format", "json"])
            .args(arguments);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

fn openssl(arguments: &[&str]) {
    let output = run("openssl", arguments);
    assert!(output.status.success(), "openssl {}: {}", arguments.join(" "), text(&output));
}
