use super::*;
use crate::x509::der;

/// `CN`s of one RDN each but the last two, which share theirs, and names of the subjectAltName with their tags.
fn tbs(common: &[(u8, &[u8])], alternative: &[(u8, &[u8])]) -> Vec<u8> {
    let attribute = |(tag, value): &(u8, &[u8])| {
        der::wrap(der::SEQUENCE, &[der::wrap(6, &[0x55, 4, 3]), der::wrap(*tag, value)].concat())
    };
    let split = common.len().saturating_sub(2);
    let mut sets: Vec<u8> = common[..split].iter().flat_map(|one| der::wrap(0x31, &attribute(one))).collect();
    sets.extend(der::wrap(0x31, &common[split..].iter().flat_map(attribute).collect::<Vec<u8>>()));
    let names: Vec<u8> = alternative.iter().flat_map(|(tag, value)| der::wrap(*tag, value)).collect();
    let san = der::wrap(der::OCTET_STRING, &der::wrap(der::SEQUENCE, &names));
    let extension = der::wrap(der::SEQUENCE, &[der::wrap(6, &[0x55, 0x1d, 0x11]), san].concat());
    let empty = || der::wrap(der::SEQUENCE, &[]);
    let fields = [
        der::wrap(0xa0, &[2, 1, 2]),
        der::wrap(der::INTEGER, &[1]),
        empty(),
        empty(),
        empty(),
        der::wrap(der::SEQUENCE, &sets),
        empty(),
        der::wrap(0xa3, &der::wrap(der::SEQUENCE, &extension)),
    ];
    der::wrap(der::SEQUENCE, &fields.concat())
}

fn watched(names: &[(&str, bool)]) -> WatchedNames {
    WatchedNames::new(names.iter().map(|(name, with_subdomains)| WatchedName {
        name: name.parse().unwrap(),
        with_subdomains: *with_subdomains,
    }))
}

fn all() -> WatchedNames {
    watched(&[("example.com", true), ("www.shop.test", false), ("xn--bcher-kva.example", true)])
}

/// The watched name that a certificate with this dNSName matches.
fn by_dns(name: &[u8]) -> Option<String> {
    found(&tbs(&[], &[(0x82, name)]))
}

fn found(tbs: &[u8]) -> Option<String> {
    match find(tbs, Form::TbsCertificate, &all()) {
        Found::Claims(claim) => Some(claim.watched.name.to_string()),
        Found::Nothing => None,
        Found::Undetermined { why, .. } => panic!("{why}"),
    }
}

#[test]
fn exact_names_subdomains_and_wildcards_match() {
    for name in [
        "example.com",
        "EXAMPLE.com",
        "a.example.com",
        "a.b.example.com",
        "*.example.com",
        "*.a.example.com",
        "example.com.",
        "_x.example.com",
        "w*.example.com",
        "*.com",
    ] {
        assert_eq!(by_dns(name.as_bytes()).as_deref(), Some("example.com"), "{name}");
    }
    for name in ["www.shop.test", "*.shop.test", "w*.shop.test", "WWW.Shop.Test."] {
        assert_eq!(by_dns(name.as_bytes()).as_deref(), Some("www.shop.test"), "{name}");
    }
    for name in [
        "notexample.com",
        "example.com.evil.test",
        "example.org",
        "com",
        "*.test",
        "shop.test",
        "a.www.shop.test",
        "*.*.shop.test",
        "ww.shop.test",
        "example-com",
        "",
        ".",
        "*",
        "example.comx",
        "xexample.com",
    ] {
        assert_eq!(by_dns(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn odd_names_match() {
    for name in [
        &b"example.com:8443"[..],
        b"https://example.com/path",
        b" example.com",
        b"example.com\n",
        b"evil.test\0.example.com",
        b"example.com\0.evil.test",
        b"a b.example.com",
        b"user@example.com",
        b"e\0x\0a\0m\0p\0l\0e\0.\0c\0o\0m\0",
        b"192.0.2.1 example.com",
        "B\u{fc}cher.example".as_bytes(),
        "www.b\u{fc}cher.example".as_bytes(),
        b"B\xfccher.example",
    ] {
        assert!(by_dns(name).is_some(), "{}", String::from_utf8_lossy(name));
    }
    let long = [&[b'a'; 300][..], b".example.com"].concat();
    assert!(by_dns(&long).is_some(), "an over-long name");
    let utf16: Vec<u8> = "www.b\u{fc}cher.example".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(found(&tbs(&[(0x1e, &utf16)], &[])).is_some(), "a BMPString");
    let wide: Vec<u8> = "example.com".chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect();
    assert!(found(&tbs(&[(0x1c, &wide)], &[])).is_some(), "a UniversalString");
    for tag in [0x81, 0x86, 0x87, 0xa4] {
        let other = &b"x@example.com"[..];
        let is_odd = tag == 0x87;
        assert_eq!(found(&tbs(&[], &[(tag, other)])).is_some(), is_odd, "{tag:#x}");
    }
    for tag in [0x0c, 0x16, 0xa2, 0x89, 0x04] {
        assert!(found(&tbs(&[], &[(tag, b"example.com")])).is_some(), "{tag:#x}");
    }
    for tag in [0x0c, 0x13, 0x14, 0x16, 0x04, 0x30] {
        assert!(found(&tbs(&[(tag, b"example.com")], &[])).is_some(), "{tag:#x}");
    }
    assert_eq!(found(&tbs(&[(0x0c, b"user@example.com")], &[])), None, "a person");
}

#[test]
fn each_common_name_counts() {
    assert!(found(&tbs(&[(12, b"a.test"), (12, b"b.test"), (12, b"example.com")], &[])).is_some());
    assert!(found(&tbs(&[(12, b"example.com"), (12, b"b.test"), (12, b"c.test")], &[])).is_some());
    assert!(found(&tbs(&[(12, b"a.test"), (12, b"example.com")], &[(0x82, b"c.test")])).is_some());
}

#[test]
fn a_certificate_that_breaks_off_is_told_by_what_can_be_read() {
    let all = all();
    let whole = tbs(&[(12, b"a.test")], &[(0x82, b"example.com"), (0x82, b"b.test")]);
    assert!(matches!(find(&whole, Form::TbsCertificate, &all), Found::Claims(_)));
    // Behind the first name, the second says that it is longer than it is.
    let mut broken = whole.clone();
    let place = broken.windows(6).position(|octets| octets == b"b.test").unwrap();
    broken[place - 1] = 0x20;
    let Found::Claims(claim) = find(&broken, Form::TbsCertificate, &all) else {
        panic!("the first name is there")
    };
    assert_eq!(claim.claimed.octets, b"example.com");
    // In front of it.
    let mut broken = tbs(&[(12, b"a.test")], &[(0x82, b"b.test"), (0x82, b"example.com")]);
    let place = broken.windows(6).position(|octets| octets == b"b.test").unwrap();
    broken[place - 1] = 0x80;
    let Found::Undetermined { mentions, .. } = find(&broken, Form::TbsCertificate, &all) else {
        panic!("it is broken")
    };
    assert_eq!(mentions.unwrap().name.as_str(), "example.com");
    for length in 0..whole.len() {
        let cut = &whole[..length];
        assert_ne!(find(cut, Form::TbsCertificate, &all), Found::Nothing, "cut to {length}");
    }
    assert!(matches!(
        find(b"\x30\x80nothing", Form::Certificate, &all),
        Found::Undetermined { mentions: None, .. }
    ));
}

#[test]
fn a_hundred_thousand_names_are_told_apart() {
    let many: Vec<WatchedName> = (0..100_000)
        .map(|number| WatchedName {
            name: format!("d{number}.example{}.com", number % 7).parse().unwrap(),
            with_subdomains: number % 2 == 0,
        })
        .collect();
    let set = WatchedNames::new(many.iter().cloned());
    for (number, watched) in many.iter().enumerate().step_by(997) {
        let name = watched.name.as_str();
        assert_eq!(set.matching(name.as_bytes()), Ok(Some(watched)));
        let below = format!("a.{name}");
        assert_eq!(set.matching(below.as_bytes()), Ok((number % 2 == 0).then_some(watched)));
        assert_eq!(set.matching(format!("x{name}").as_bytes()), Ok(None));
    }
}

proptest::proptest! {
    #[test]
    fn a_name_matches_as_its_labels_say(
        name in "[ab*]{1,2}(\\.[ab]{1,2}){0,3}",
        own in "[ab]{1,2}(\\.[ab]{1,2}){1,2}",
        with_subdomains: bool,
    ) {
        let set = watched(&[(&own, with_subdomains)]);
        let below = with_subdomains && name.strip_suffix(&own).is_some_and(|rest| rest.ends_with('.'));
        let covers = name.split_once('.').is_some_and(|(first, parent)| {
            first.contains('*') && own.split_once('.').is_some_and(|(_, above)| above == parent)
        });
        let expected = name == own || below || covers;
        proptest::prop_assert_eq!(set.matching(name.as_bytes()).unwrap().is_some(), expected);
    }

    #[test]
    fn any_octets_are_read_without_panic(octets in proptest::collection::vec(0_u8.., 0..200), name in proptest::collection::vec(0_u8.., 0..60), tag: u8) {
        let set = all();
        let _ = find(&octets, Form::Certificate, &set);
        let _ = find(&octets, Form::TbsCertificate, &set);
        let _ = find(&tbs(&[(tag & 0xbf, &name)], &[(tag, &name)]), Form::TbsCertificate, &set);
    }
}
