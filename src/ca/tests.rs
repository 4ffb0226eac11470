use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyIdMethod, KeyPair};

use super::issuer::{Candidate, candidates, not_made_by};
use super::*;
use crate::x509::{Certificate, SignatureCheck};

fn key(base64: &str) -> CaKey {
    CaTable.key(&SpkiSha256::from_base64(base64).unwrap()).unwrap()
}

fn domains(key: &CaKey, by: IdentifierSource) -> Vec<&'static str> {
    key.identifiers
        .iter()
        .filter(|identifier| identifier.by == by)
        .map(|identifier| identifier.domain)
        .collect()
}

/// The key pins that Let's Encrypt and Google publish.
#[test]
fn known_keys() {
    let gts_r1 = key("hxqRlPTu1bMS/0DITB1SSu0vd4u/8l8TjPgfaAp63Gc=");
    assert_eq!(gts_r1.owner, Some("Google Trust Services"));
    assert_eq!(gts_r1.role, CaRole::Root);
    assert!(domains(&gts_r1, IdentifierSource::Subject).contains(&"pki.goog"));

    let isrg_x1 = key("C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=");
    assert_eq!(isrg_x1.owner, Some("Internet Security Research Group"));
    assert_eq!(isrg_x1.owner_source, OwnerSource::Certificate);

    let ye1 = key("brzvtCELCIZUo4sD/qPX0ccRtPsd3DY6RfmxpOU9oB4=");
    assert_eq!(ye1.owner, Some("Internet Security Research Group"));
    assert_eq!(ye1.owner_source, OwnerSource::Issuer);
    assert!(domains(&ye1, IdentifierSource::Subject).contains(&"letsencrypt.org"));
    assert!(ye1.subject.contains("YE1"));
}

#[test]
fn keys_are_found_by_identifier_and_by_name() {
    // ISRG Root X1: subject key identifier, and its Name (C=US, O=Internet Security Research Group, CN=ISRG Root X1).
    let ski = [
        0x79, 0xb4, 0x59, 0xe6, 0x7b, 0xb6, 0xe5, 0xe4, 0x01, 0x73, 0x80, 0x08, 0x88, 0xc8, 0x1a, 0x58, 0xf6,
        0xe9, 0x9b, 0x6e,
    ];
    let name = b"\x30\x4f\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02US\
        \x31\x29\x30\x27\x06\x03\x55\x04\x0a\x13\x20Internet Security Research Group\
        \x31\x15\x30\x13\x06\x03\x55\x04\x03\x13\x0cISRG Root X1";
    let x1 = SpkiSha256::from_base64("C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=").unwrap();
    assert_eq!(CaTable.keys_by_ski(&ski).collect::<Vec<_>>(), [x1]);
    assert_eq!(CaTable.keys_by_subject(name).collect::<Vec<_>>(), [x1]);
    assert_eq!(CaTable.keys_by_ski(b"").count(), 0);
    assert_eq!(CaTable.keys_by_subject(b"").count(), 0);
    assert_eq!(CaTable.key(&SpkiSha256([0; 32])), None);
}

#[test]
fn identifiers_have_their_owners() {
    let owners = |identifier| CaTable.owner_of_identifier(identifier).collect::<Vec<_>>();
    assert!(owners("pki.goog").contains(&"Google Trust Services"));
    assert!(owners("letsencrypt.org").contains(&"Let's Encrypt"));
    assert!(owners("letsencrypt.org").contains(&"Internet Security Research Group"));
    // Since Entrust sold its customers to it.
    assert!(owners("entrust.net").contains(&"Sectigo"));
    assert!(owners("amazon.com").len() > 1);
    assert_eq!(owners("nobody.example"), [""; 0]);
    assert!(CaTable.is_known_identifier("Sectigo.COM") && !CaTable.is_known_identifier("n/a"));
    assert!(CaTable.is_known_owner("digicert inc") && CaTable.is_known_owner("Let’s Encrypt"));
    assert!(!CaTable.is_known_owner("") && !CaTable.is_known_owner("Nobody's CA"));
    assert!(CaTable.identifiers_of_owner("Google Trust Services LLC").any(|id| id == "pki.goog"));
}

#[test]
fn owners_are_one_whatever_their_form() {
    for (one, other) in [
        ("DigiCert, Inc.", "DigiCert"),
        ("GlobalSign nv-sa", "GlobalSign"),
        ("SECOM Trust Systems CO., LTD.", "SECOM Trust Systems Co.,Ltd."),
        ("Asseco Data Systems S.A. (previously Unizeto Certum)", "Asseco Data Systems S.A."),
        ("Let's Encrypt", "let’s encrypt"),
    ] {
        assert!(same_owner(one, other), "{one} / {other}");
    }
    for (one, other) in [
        ("SSL.com", "SSL Corporation"),
        ("", ""),
        ("Inc.", "Ltd."),
        ("DigiCert", "Digicert Sdn. Bhd."),
        ("行政院", "国"),
    ] {
        assert!(!same_owner(one, other), "{one} / {other}");
    }
}

/// Path validation does not look at key identifiers (RFC 5280 section 6.1), and whoever issues writes them.
#[test]
fn a_key_that_made_the_signature_issued_whatever_the_identifiers_say() {
    let named = |identifier: u8| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "A CA of this test");
        params.key_identifier_method = KeyIdMethod::PreSpecified(vec![identifier; 20]);
        params
    };
    let read = |der: &[u8]| Certificate::read(der).unwrap();
    let certified = |identifier, key: &KeyPair| read(named(identifier).self_signed(key).unwrap().der());
    let [key, other_key, leaf_key] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(vec!["t.example".to_owned()]).unwrap();
    params.use_authority_key_identifier_extension = true;
    let made_as = named(1);
    let issuer = rcgen::Issuer::from_params(&made_as, &key);
    let leaf = read(params.signed_by(&leaf_key, &issuer).unwrap().der());
    let (own, meant, other) = (certified(2, &key), certified(1, &other_key), certified(3, &other_key));
    let candidate = |issuer: &Certificate, check| Candidate {
        key: issuer.spki_sha256,
        signature: Some(check),
        doubtful: false,
    };
    let found = candidates(&leaf, &[&meant, &own], CaTable);
    assert_eq!(found, [candidate(&own, SignatureCheck::Made)]);
    // The one that is meant is a candidate though it did not sign; another of the name is not.
    assert_eq!(candidates(&leaf, &[&meant], CaTable), [candidate(&meant, SignatureCheck::NotMade)]);
    assert_eq!(candidates(&leaf, &[&other], CaTable), []);
    assert_eq!(not_made_by(&leaf, &[&other, &own]), [other.spki_sha256]);
}
