use std::process::Command;

use proptest::prelude::*;

use super::*;

/// A certificate and its key, both PEM, and the certificate's octets.
fn certificate(name: &str) -> (String, String, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let made = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (made.pem(), key.serialize_pem(), made.der().to_vec())
}

fn number(number: usize) -> Vec<u8> {
    u32::try_from(number).unwrap().to_be_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

fn block(octets: &[u8]) -> Vec<u8> {
    [number(octets.len()), octets.to_vec()].concat()
}

/// The beginning of an entry, with one certificate in its chain.
fn entry(tag: u8, chain: &[u8]) -> Vec<u8> {
    [vec![tag], text("name"), vec![0; 8], number(1), text("X.509"), block(chain)].concat()
}

fn bks(version: usize, entries: &[Vec<u8>]) -> Vec<u8> {
    [number(version), block(b"salt"), number(1024), entries.concat(), vec![0], vec![7; 20]].concat()
}

#[test]
fn trusted_certificates_of_bks_are_read_without_its_password() {
    let (_, _, trusted) = certificate("a.example");
    let (_, _, own) = certificate("b.example");
    let empty_chain = [vec![1], text("pin"), vec![0; 8], number(0)].concat();
    let entries = [
        [entry(4, &own), block(b"sealed")].concat(),
        [empty_chain, text("X.509"), block(&trusted)].concat(),
        [entry(2, &own), vec![0], text("PKCS#8"), text("EC"), block(b"key")].concat(),
        [entry(3, &own), block(b"secret")].concat(),
    ];
    for version in [1, 2] {
        let store = read(&bks(version, &entries)).unwrap();
        assert_eq!(store.certificates, [Certificate::read(&trusted).unwrap()]);
        assert_eq!(store.not_read, None);
    }
    let whole = bks(2, &entries);
    assert!(read(&whole[..whole.len() - 1]).unwrap_err().contains("UBER"));
    assert!(read(&bks(3, &entries)).unwrap_err().contains("not read here"));
}

/// What OpenSSL writes, encrypted and not.
#[test]
fn certificates_of_pkcs12_are_read_where_they_are_not_encrypted() {
    let folder = tempfile::tempdir().unwrap();
    let (trusted, _, trusted_der) = certificate("a.example");
    let (own, key, _) = certificate("b.example");
    std::fs::write(folder.path().join("trusted"), trusted).unwrap();
    std::fs::write(folder.path().join("own"), own + &key).unwrap();
    let export = |options: &[&str]| {
        let run = Command::new("openssl")
            .args(["pkcs12", "-export", "-out", "store", "-passout", "pass:a word", "-certfile", "trusted"])
            .args(options)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        read(&std::fs::read(folder.path().join("store")).unwrap()).unwrap()
    };
    let open = export(&["-in", "own", "-certpbe", "NONE"]);
    assert_eq!(open.certificates, [Certificate::read(&trusted_der).unwrap()], "not the client's own");
    assert_eq!(open.not_read, None);
    let closed = export(&["-in", "own"]);
    assert_eq!(closed.certificates, []);
    assert!(closed.not_read.unwrap().contains("passwords are not guessed"));
}

#[test]
fn other_forms_are_said_not_to_be_read() {
    for octets in [&b""[..], b"\x30\x03\x02\x01\x03", b"SQLite format 3", b"\x30\x80\x02\x01\x03"] {
        assert!(read(octets).is_err(), "{octets:?}");
    }
    let secret = [JCEKS.to_vec(), number(2), number(1), number(3), text("x"), vec![0; 8]].concat();
    assert!(read(&secret).unwrap().not_read.is_some());
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(
        head in prop::sample::select(vec![&JKS[..], &JCEKS, b"\0\0\0\x01", b"\0\0\0\x02", b"\x30\x20\x02\x01\x03\x30"]),
        octets in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), any::<u8>()], 0..200),
    ) {
        let _ = read(&[head, &octets].concat());
    }
}
