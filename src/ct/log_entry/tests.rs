use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn u24(octets: &[u8]) -> Vec<u8> {
    [&u32::try_from(octets.len()).unwrap().to_be_bytes()[1..], octets].concat()
}

fn precert(tbs: &[u8]) -> Vec<u8> {
    [&[0, 0][..], &7_u64.to_be_bytes(), &[0, 1], &[9; 32], &u24(tbs), &[0, 1, 0xee]].concat()
}

#[test]
fn leaves_are_read() {
    let leaf = precert(b"tbs");
    let entry = read_leaf(&leaf).unwrap();
    assert_eq!((entry.timestamp, entry.extensions), (7, &[0xee][..]));
    assert_eq!(entry.entry, LoggedEntry::Precert { issuer_key_hash: SpkiSha256([9; 32]), tbs: b"tbs" });
    let x509 = [&[0, 0][..], &8_u64.to_be_bytes(), &[0, 0], &u24(b"der"), &[0, 0]].concat();
    assert_eq!(read_leaf(&x509).unwrap().entry, LoggedEntry::X509 { certificate: b"der" });
    for length in 0..leaf.len() {
        assert!(matches!(read_leaf(&leaf[..length]), Err(EntryError::Truncated(_))), "{length}");
    }
    let with = |place: usize, octet| {
        let mut other = leaf.clone();
        other[place] = octet;
        read_leaf(&other).unwrap_err()
    };
    assert_eq!(with(0, 1), EntryError::UnknownLeaf(1, 0));
    assert_eq!(with(11, 2), EntryError::UnknownType(2));
    assert_eq!(read_leaf(&[&leaf[..], &[0]].concat()), Err(EntryError::TrailingData(1)));
}

#[test]
fn extra_data_is_read_by_the_kind_of_entry() {
    let chain = u24(&[u24(b"issuer"), u24(b"root")].concat());
    let x509 = LoggedEntry::X509 { certificate: b"" };
    let expected = vec![&b"issuer"[..], b"root"];
    assert_eq!(
        read_extra_data(&chain, &x509).unwrap(),
        ExtraData { precertificate: None, chain: expected.clone() }
    );
    let precert = LoggedEntry::Precert { issuer_key_hash: SpkiSha256([0; 32]), tbs: b"" };
    let both = [u24(b"pre"), chain.clone()].concat();
    assert_eq!(
        read_extra_data(&both, &precert).unwrap(),
        ExtraData { precertificate: Some(b"pre"), chain: expected }
    );
    for length in 0..both.len() {
        assert!(read_extra_data(&both[..length], &precert).is_err(), "{length}");
    }
    assert_eq!(read_extra_data(&[&chain[..], &[1]].concat(), &x509), Err(EntryError::TrailingData(1)));
}

#[test]
fn get_entries_is_read_in_each_form_that_json_allows() {
    let (leaf, extra) = (STANDARD.encode([0xfb, 0xff, 0xfe]), STANDARD.encode("x"));
    let usual = format!(
        r#"{{"entries":[{{"leaf_input":"{leaf}","extra_data":"{extra}"}},{{"leaf_input":"","extra_data":""}}]}}"#
    );
    let expected = read_get_entries(usual.as_bytes()).unwrap();
    assert_eq!(expected.len(), 2);
    assert_eq!((&*expected[0].leaf_input, &*expected[0].extra_data), (leaf.as_bytes(), extra.as_bytes()));
    assert!(get_entries::is_usual(usual.as_bytes()));
    for other in [
        usual.replace('/', "\\/"),
        usual.replace('+', "\\u002b"),
        usual.replace("{\"leaf", " { \"more\" : [1, {}], \"leaf"),
        usual.replace("}]}", "}], \"sth\": null}"),
        usual.replace("\"entries\"", "\n\t\"entries\" "),
    ] {
        assert_eq!(read_get_entries(other.as_bytes()).unwrap(), expected, "{other}");
    }
    assert_eq!(read_get_entries(b" {\"entries\": [ ] } ").unwrap(), []);
    for broken in [
        "",
        "<html>",
        "{}",
        "{\"entries\":{}}",
        "{\"entries\":[{}]}",
        &usual[..usual.len() - 1],
        &format!("{usual}x"),
        &usual.replace("\"leaf_input\"", "\"leaf\""),
        // A line's end within a text, which JSON forbids.
        &usual.replace(&extra, "eA=\n="),
    ] {
        assert!(read_get_entries(broken.as_bytes()).is_err(), "{broken}");
    }
}

proptest::proptest! {
    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..200), text in "[{}\\[\\]\":,a-z\\\\ ]{0,60}") {
        let _ = read_leaf(&octets);
        let _ = read_extra_data(&octets, &LoggedEntry::X509 { certificate: b"" });
        let _ = read_get_entries(&octets);
        let _ = read_get_entries(text.as_bytes());
    }

    #[test]
    fn the_quick_way_and_the_library_agree(entries in proptest::collection::vec(("[A-Za-z0-9+/=]{0,20}", "[A-Za-z0-9+/=]{0,20}"), 0..5)) {
        let list: Vec<_> = entries.iter().map(|(leaf, extra)| serde_json::json!({"leaf_input": leaf, "extra_data": extra})).collect();
        let text = serde_json::json!({"entries": list}).to_string();
        let read = read_get_entries(text.as_bytes()).unwrap();
        let shown = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        let read: Vec<_> = read.iter().map(|entry| (shown(&entry.leaf_input), shown(&entry.extra_data))).collect();
        proptest::prop_assert_eq!(read, entries);
        proptest::prop_assert!(get_entries::is_usual(text.as_bytes()));
    }
}
