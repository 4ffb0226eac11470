//! Values made from real certificates in every wrong way: each is told for what it is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::ca::CaTable;
use crate::pins::PositionRule;
use crate::x509::hexadecimal;
use crate::x509::miscomputed;

fn said_of(written: &str, certificates: &[Certificate]) -> Diagnosis {
    let pin = Pin::new(written, base64_text::android(written), PositionRule::Any, None);
    let known_ca = |key: &SpkiSha256| CaTable.key(key).map(KnownCa::from);
    let at = "2026-11-21T00:00:00Z".parse().unwrap();
    diagnose(&pin, &Context { certificates, known_ca: &known_ca, at })
}

fn made_here() -> Certificate {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["near.example".to_owned()]).unwrap();
    Certificate::read(params.self_signed(&key).unwrap().der()).unwrap()
}

fn root(name: &str) -> Certificate {
    let mut roots =
        webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::read(der).ok());
    roots.find(|root| root.subject.ends_with(name)).unwrap()
}

#[track_caller]
fn assert_said(written: &str, certificates: &[Certificate], code: &str, key: SpkiSha256) {
    let said = said_of(written, certificates);
    assert_eq!((said.code(), said.expected()), (code, Some(&key)), "{written}: {said}");
    assert!(said.is_dead() && said.to_string().contains(&format!("sha256/{key}")), "{said}");
}

#[test]
fn every_wrong_hash_of_a_served_certificate_is_named() {
    let certificate = made_here();
    let key = certificate.spki_sha256;
    let values = miscomputed::all(&certificate);
    // All but the modulus, and the header that is right.
    assert_eq!(values.len(), 16);
    for (kind, value) in values {
        let code = Mistake::Hash(kind).code();
        assert_said(&STANDARD.encode(&value), std::slice::from_ref(&certificate), code, key);
        let said = said_of(&STANDARD.encode(&value), &[]);
        assert!(!matches!(said, Diagnosis::NearMiss(_)), "{said}");
        assert_said(&hexadecimal(&value), std::slice::from_ref(&certificate), code, key);
    }
}

#[test]
fn every_wrong_hash_of_a_root_is_found_in_the_tables() {
    let mut told = 0;
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let certificate = Certificate::read(der).unwrap();
        let key = certificate.spki_sha256;
        if !CaTable.certificates(&key).any(|known| known.sha256 == certificate.sha256) {
            continue;
        }
        for (kind, value) in miscomputed::all(&certificate) {
            assert_said(&STANDARD.encode(&value), &[], Mistake::Hash(kind).code(), key);
            told += 1;
        }
    }
    assert!(told > 1500, "{told}");
}

/// Published by the CA on its page of certificates, and in CCADB.
#[test]
fn published_fingerprints_are_those_of_certificates() {
    let x1 = root("CN=ISRG Root X1").spki_sha256;
    assert_eq!(x1.to_string(), "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=");
    let fingerprint = "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6";
    assert_said(fingerprint, &[], "certificate_hash", x1);
    assert_said("CA:BD:2A:79:A1:07:6A:31:F2:1D:25:36:35:CB:03:9D:43:29:A5:E8", &[], "certificate_hash", x1);
    assert_said("79:b4:59:e6:7b:b6:e5:e4:01:73:80:08:88:c8:1a:58:f6:e9:9b:6e", &[], "subject_key_id", x1);
}

/// Prefixes are letters of base64, too.
#[test]
fn a_key_behind_a_prefix_is_the_key_itself() {
    let certificate = made_here();
    let spki = crate::x509::SpkiSha256::of;
    let key = KeyPair::generate().unwrap();
    let der = rcgen::PublicKeyData::subject_public_key_info(&key);
    for prefix in ["", "sha256/", "sha256//", "sha1/"] {
        let written = format!("{prefix}{}", STANDARD.encode(&der));
        assert_said(&written, std::slice::from_ref(&certificate), "key_itself", spki(&der));
    }
}

#[test]
fn the_right_hash_in_the_wrong_form_is_named() {
    let certificate = made_here();
    let (key, text) = (certificate.spki_sha256, certificate.spki_sha256.to_string());
    let of = std::slice::from_ref(&certificate);
    let hex = hexadecimal(&key.0);
    let colons = key.0.map(|octet| format!("{octet:02X}")).join(":");
    for (written, code) in [
        (hex.clone(), "encoding"),
        (colons, "encoding"),
        (STANDARD.encode(&hex), "encoding"),
        (format!("sha256/{text}"), "encoding"),
        (format!("sha256//{text}"), "encoding"),
        (format!("\"sha256/{text}\""), "encoding"),
        (format!("{text}="), "encoding"),
        (text.to_ascii_lowercase(), "altered"),
        (format!("{}{}", if text.starts_with('Q') { 'R' } else { 'Q' }, &text[1..]), "altered"),
        (text[1..].to_owned(), "altered"),
    ] {
        assert_said(&written, of, code, key);
    }
    // Base64url differs where the hash has one of the two symbols.
    let url = URL_SAFE.encode(key.0);
    if url != text {
        assert_said(&url, of, "encoding", key);
    }
}

#[test]
fn a_key_that_was_not_hashed_is_named() {
    let certificate = made_here();
    let key = certificate.spki_sha256;
    let spki = STANDARD.encode(certificate.parts().unwrap().spki);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----");
    for written in [spki, pem, STANDARD.encode(certificate.der())] {
        assert_said(&written, std::slice::from_ref(&certificate), "key_itself", key);
        assert_said(&written, &[], "key_itself", key);
    }
}

#[test]
fn what_is_far_from_everything_stays_unknown() {
    for number in 0..20_u32 {
        let key = SpkiSha256::of(&number.to_be_bytes());
        assert_eq!(said_of(&key.to_string(), &[]), Diagnosis::Unknown);
    }
}

#[test]
fn a_ca_of_the_past_is_retired_and_one_of_today_is_not() {
    let today = said_of("C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=", &[]);
    assert_eq!(today.code(), "known_ca");
    let key = CaTable
        .keys()
        .find(|key| CaTable.key(key).is_some_and(|ca| ca.not_after < "2010" && ca.not_after.len() == 10))
        .unwrap();
    let past = said_of(&key.to_string(), &[]);
    assert!(past.code() == "retired_ca" && past.to_string().contains("expired on"), "{past}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(written in "(sha256/{0,2})?[-_A-Za-z0-9+/=: \"“é]{0,140}") {
        let _ = said_of(&written, &[]).to_string();
    }
}
