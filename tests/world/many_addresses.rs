//! Evidence of a server with several addresses, as if it had been looked at.

use openssl::x509::X509;
use pinstead::evidence::file::{FileContent, InputFile};
use pinstead::evidence::tls::{TlsAttempt, TlsHandshake, TlsObservation, TlsOutcome};
use pinstead::evidence::{Bytes, CertificateSource, Inputs as InputFiles, Request, TargetEvidence};
use pinstead::judge::{Inputs, Judge, Sources};

/// What one address shows.
pub(crate) fn attempt(address: &str, leaf: &str, issuer: &str) -> TlsAttempt {
    let der = |pem: &str| Bytes(X509::from_pem(pem.as_bytes()).unwrap().to_der().unwrap());
    let handshake = TlsHandshake {
        sni: None,
        version: "TLSv1.3".to_owned(),
        cipher: "TLS_AES_128_GCM_SHA256".to_owned(),
        chain: vec![der(leaf), der(issuer)],
        ocsp_response: None,
        sct_extension: None,
        broken_off: None,
    };
    TlsAttempt { address: address.to_owned(), milliseconds: 0, outcome: TlsOutcome::Handshake(handshake) }
}

/// A server at these addresses.
pub(crate) fn served(attempts: Vec<TlsAttempt>) -> TargetEvidence {
    let source = CertificateSource::Tls(TlsObservation {
        host: "w.example".to_owned(),
        port: 443,
        starttls: None,
        resolution_failure: None,
        attempts,
        not_tried: None,
    });
    TargetEvidence {
        names_nothing: None,
        target: "w.example:443".to_owned(),
        source,
        caa: Vec::new(),
        ct_logs: Vec::new(),
        tlsa: None,
        issuance: None,
        crl_reach: pinstead::evidence::revocation::Reach::default(),
        crls: None,
    }
}

/// The identifiers found, and how many issuers were not.
pub(crate) fn found(served: &TargetEvidence, policy: &str, at: jiff::Timestamp) -> (Vec<String>, usize) {
    let content = FileContent::Read(Bytes(policy.as_bytes().to_vec()));
    let policy = Some(InputFile { path: "pinstead.toml".to_owned(), content, folder: None });
    let request = Request { only: vec!["issuer".to_owned()], ..Request::default() };
    let inputs = Inputs::read(&request, &InputFiles { policy, ..InputFiles::default() }).unwrap();
    let name = "w.example".parse().unwrap();
    let sources = Sources { name: &name, served: Some(served), issued: &[], named: &[] };
    let in_use = Judge::new(&request, &inputs, at).cas_in_use(sources).unwrap();
    let identifiers = in_use.cas.iter().map(|ca| ca.identifier.clone()).collect();
    (identifiers, in_use.unresolved.len())
}
