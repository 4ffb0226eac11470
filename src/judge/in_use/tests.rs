use super::*;
use crate::ca::issuer::IssuingKey;
use crate::evidence::file::FileContent;
use crate::evidence::{Bytes, Inputs as InputFiles, Request};
use crate::x509::SpkiSha256;

/// Keys of the embedded table: DigiCert Global G2 TLS RSA SHA256 2020 CA1, Amazon RSA 2048 M02.
const DIGICERT: &str = "Wec45nQiFwKvHtuHxSAMGkt19k+uPSw9JlEkxhvYPHk=";
const AMAZON: &str = "18tkPyr2nckv4fgo0dhAkaUtJ2hu2831xlO2SKhq8dg=";

/// Entrust's root of 2009.
const ENTRUST: &str = "HqPF5D7WbC2imDpCpKebHpBnhs6fG1hiFBmgBGOofTg=";

fn inputs(policy: &str) -> Inputs {
    let content = FileContent::Read(Bytes(policy.as_bytes().to_vec()));
    let policy = Some(InputFile { path: "pinstead.toml".to_owned(), content, folder: None });
    Inputs::read(&Request::default(), &InputFiles { policy, ..InputFiles::default() }).unwrap()
}

/// What is found by keys that were seen to issue, and by names.
fn found(policy: &str, keys: &[&str], names: &[&str]) -> InUse {
    let seen: Vec<(&str, bool)> = keys.iter().map(|&key| (key, false)).collect();
    found_among(policy, 0, &seen, names)
}

/// The same, with so many certificates counted, and with whether each key issued a wildcard name.
fn found_among(policy: &str, counted: usize, keys: &[(&str, bool)], names: &[&str]) -> InUse {
    let (inputs, name) = (inputs(policy), "example.com".parse().unwrap());
    let mut finder = Finder {
        inputs: &inputs,
        name: &name,
        counted,
        found: InUse {
            cas: Vec::new(),
            wildcards: Wildcards::Unknown,
            wildcard_unresolved: false,
            issued: false,
            unresolved: Vec::new(),
            unusable: Vec::new(),
            notes: Vec::new(),
        },
    };
    for &(key, wildcard) in keys {
        let key = IssuingKey { key: SpkiSha256::from_base64(key).unwrap(), proof: Proof::Signature };
        let issuer = Issuer { key: Some(key), ..Issuer::default() };
        let sighting = Sighting { source: SightingSource::Served, detail: "here".to_owned(), wildcard };
        finder.add_issuer(&issuer, "CN=Some CA", sighting);
    }
    for name in names {
        finder.named(name, SightingSource::Named);
    }
    finder.finish()
}

fn identifiers(found: &InUse) -> Vec<&str> {
    found.cas.iter().map(|ca| ca.identifier.as_str()).collect()
}

#[test]
fn a_ca_that_is_seen_and_named_is_one() {
    let amazon = found("", &[AMAZON], &["amazontrust.com"]);
    assert_eq!(identifiers(&amazon), ["amazontrust.com"], "the owner's own choice is published");
    assert_eq!(amazon.cas[0].sightings.len(), 2);
    assert!(amazon.cas[0].alternatives.contains(&"amazon.com".to_owned()));
    let digicert = found("", &[DIGICERT], &["DigiCert", "DIGICERT.com"]);
    assert_eq!((identifiers(&digicert), digicert.cas[0].sightings.len()), (vec!["digicert.com"], 3));
}

#[test]
fn an_identifier_that_two_cas_recognise_stands_for_the_one_whose_name_it_bears() {
    let both = found("", &[DIGICERT], &["amazon.com"]);
    assert_eq!(identifiers(&both), ["amazon.com", "digicert.com"]);
    assert!(
        both.notes.iter().any(|note| note.contains("DigiCert recognises amazon.com too")),
        "{:?}",
        both.notes
    );
}

#[test]
fn one_owner_with_keys_of_different_identifiers_is_two_cas() {
    let key = |seed: &[u8]| SpkiSha256::of(seed).to_string();
    let ca = |seed: &[u8], identifiers: &str| {
        format!(
            "[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{}\"\ncaa_identifiers = [{identifiers}]\n",
            key(seed)
        )
    };
    let policy = ca(b"1", "\"a.example\", \"both.example\"") + &ca(b"2", "\"b.example\"");
    assert_eq!(
        identifiers(&found(&policy, &[&key(b"1"), &key(b"2")], &[])),
        ["a.example", "b.example"],
        "one record would not permit both"
    );
    let policy = ca(b"1", "\"a.example\", \"old.example\"") + &ca(b"2", "\"b.example\", \"a.example\"");
    let one = found(&policy, &[&key(b"1"), &key(b"2")], &[]);
    assert_eq!(identifiers(&one), ["a.example"]);
    assert!(one.cas[0].alternatives.is_empty(), "old.example stands for one of the two keys only");
}

#[test]
fn what_cannot_be_written_down_is_told() {
    let policy = format!("[[private_ca]]\nowner = \"Own\"\nspki_sha256 = \"{}\"\n", SpkiSha256::of(b"1"));
    let (own, unknown) = (SpkiSha256::of(b"1").to_string(), SpkiSha256::of(b"2").to_string());
    let nothing = found(&policy, &[&own, &unknown], &["Own", "nonsense"]);
    assert!(nothing.cas.is_empty());
    assert!(nothing.unresolved[0].contains("which is Own, of whom no CAA identifiers are known"));
    assert!(
        nothing.unresolved[1].contains("whose key no table knows")
            && nothing.unresolved[1].contains(&unknown)
    );
    assert_eq!(nothing.unusable.len(), 2);
    let as_written = found("", &[], &["Letsencrypt.Orgg"]);
    assert_eq!(identifiers(&as_written), ["letsencrypt.orgg"]);
    assert!(as_written.notes[0].contains("Is letsencrypt.org meant?"));
}

#[test]
fn a_wildcard_of_an_unknown_issuer_leaves_wildcards_open() {
    let unknown = SpkiSha256::of(b"nobody's").to_string();
    let open = found_among("", 2, &[(DIGICERT, false), (&unknown, true)], &["digicert.com"]);
    assert_eq!((open.wildcards, open.wildcard_unresolved), (Wildcards::Unknown, true));
    assert!(!open.coverage().issued, "what is published may be of the unknown issuer");
    let both = found_among("", 2, &[(DIGICERT, true), (&unknown, true)], &[]);
    assert_eq!(both.wildcards, Wildcards::Unknown);
    let plain = found_among("", 2, &[(DIGICERT, false), (&unknown, false)], &[]);
    assert_eq!(plain.wildcards, Wildcards::NoneAmong(2));
    assert!(found_among("", 1, &[(DIGICERT, true)], &[]).coverage().issued);
}

#[test]
fn a_ca_that_ended_is_left_out_and_told() {
    let left = found("", &[], &["Buypass", "letsencrypt.org"]);
    assert_eq!(identifiers(&left), ["letsencrypt.org"]);
    assert!(left.unresolved[0].contains("buypass.com") && left.unresolved[0].contains("2025-10-31"));
    // Sectigo recognises the identifier now; Entrust itself is not trusted all the same.
    let taken_over = found("", &[], &["entrust.net"]);
    assert!(taken_over.unresolved.is_empty());
    assert!(taken_over.notes.iter().any(|note| note.contains("recognised by Entrust, Sectigo")));
    for name in ["Entrust", "AffirmTrust"] {
        let over = found("", &[], &[name, "letsencrypt.org"]);
        assert_eq!(identifiers(&over), ["letsencrypt.org"], "{name}");
        assert!(over.unresolved[0].contains("is left out"), "{:?}", over.unresolved);
    }
    assert_eq!(identifiers(&found("", &[ENTRUST], &["Sectigo"])), ["sectigo.com"]);
    assert!(!found("", &[], &["buypass.con"]).notes[0].contains("meant"), "no ended CA is offered");
}
