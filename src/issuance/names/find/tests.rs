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

/// A TBSCertificate made of these fields behind its public key.
fn with_fields(fields: &[Vec<u8>]) -> Vec<u8> {
    let empty = || der::wrap(der::SEQUENCE, &[]);
    let number = der::wrap(der::INTEGER, &[1]);
    let front = [number, empty(), empty(), empty(), empty(), empty()].concat();
    der::wrap(der::SEQUENCE, &[front, fields.concat()].concat())
}

/// An extension subjectAltName of these fields.
fn alternative(fields: &[Vec<u8>]) -> Vec<u8> {
    der::wrap(der::SEQUENCE, &[der::wrap(6, &[0x55, 0x1d, 0x11]), fields.concat()].concat())
}

/// The octets of an extension's value: a subjectAltName with this dNSName.
fn names_of(name: &str) -> Vec<u8> {
    der::wrap(der::SEQUENCE, &der::wrap(0x82, name.as_bytes()))
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

/// What was found in a TBSCertificate that is not as it should be: a name, or that it cannot be read whole.
fn is_told(tbs: &[u8]) -> bool {
    find(tbs, Form::TbsCertificate, &all()) != Found::Nothing
}

#[test]
fn no_odd_letter_hides_a_name() {
    let mut hidden = Vec::new();
    for name in [
        &b"exa\x01mple.com"[..],
        b".example.com",
        b".www.shop.test",
        b"..www.shop.test",
        b".shop.test",
        "\u{fffd}.b\u{fc}cher.example".as_bytes(),
        b"\xff.b\xc3\xbccher.example",
        "xn--zzzzzzzz.b\u{fc}cher.example".as_bytes(),
        "b\u{fc}cher.example,a.test".as_bytes(),
        "\"b\u{fc}cher.example\"".as_bytes(),
        "(b\u{fc}cher.example)".as_bytes(),
        "a.test;b\u{fc}cher.example|".as_bytes(),
        "b\u{fc}cher\u{3002}example".as_bytes(),
    ] {
        if by_dns(name).is_none() {
            hidden.push(String::from_utf8_lossy(name));
        }
    }
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn no_wide_letters_hide_a_name() {
    let name = "www.b\u{fc}cher.example";
    let big: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let little: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for utf16 in [&big, &little] {
        assert!(by_dns(utf16).is_some(), "UTF-16 in a dNSName");
        for tag in [0x0c, 0x14, 0x1e] {
            assert!(found(&tbs(&[(tag, utf16)], &[])).is_some(), "UTF-16 in a string of the type {tag:#x}");
        }
    }
    // The letter \u{440} has the octet of the at sign.
    let with_sign: Vec<u8> = "\u{43f}\u{440}.example.com".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(found(&tbs(&[(0x1e, &with_sign)], &[])).is_some(), "an at sign within a letter");
}

#[test]
fn a_name_too_long_to_be_converted_is_told_of() {
    let long = format!("{}.b\u{fc}cher.example", "a".repeat(5000));
    assert!(is_told(&tbs(&[], &[(0x82, long.as_bytes())])));
    let many = format!("{}.test", "\u{fc}".repeat(60));
    let mut names = vec![(0x82, many.as_bytes()); 3000];
    names.push((0x82, "b\u{fc}cher.example".as_bytes()));
    assert!(is_told(&tbs(&[], &names)));
    let plain = vec![(0x82, &b"a.test"[..]); 3000];
    assert!(!is_told(&tbs(&[], &plain)));
}

#[test]
fn an_address_of_a_person_is_no_name_of_a_host_and_hides_none() {
    let by_name = |name: &&str| found(&tbs(&[(0x0c, name.as_bytes())], &[])).is_some();
    let persons =
        ["user@example.com", "user@mail.example.com", "Ann B. <ann.b@example.com>", "x+a@example.com"];
    let taken: Vec<_> = persons.into_iter().filter(by_name).collect();
    assert!(taken.is_empty(), "{taken:?}");
    let hosts = [
        "example.com\0@a.test",
        "example.com x@a.test",
        "x@a.test,example.com",
        "example.com@",
        "@example.com",
        "a@b@example.com",
        "https://example.com/@x",
        "b\u{fc}cher.example x@a.test",
    ];
    let hidden: Vec<_> = hosts.into_iter().filter(|name| !by_name(name)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn strings_in_pieces_hide_no_name() {
    for (outer, inner) in [(0xa2, 0x04), (0xa2, 0x16)] {
        let cut = [der::wrap(inner, b"exam"), der::wrap(inner, b"ple.com")].concat();
        assert!(found(&tbs(&[], &[(outer, &cut)])).is_some(), "{outer:#x} {inner:#x}");
    }
    let utf16: Vec<u8> = "www.b\u{fc}cher.example".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let (left, right) = utf16.split_at(7);
    let cut = [der::wrap(0x1e, left), der::wrap(0x3e, &der::wrap(0x1e, right))].concat();
    assert!(found(&tbs(&[(0x3e, &cut)], &[])).is_some(), "a BMPString");
    let cut = [der::wrap(0x0c, b"exam"), der::wrap(0x0c, b"ple.com")].concat();
    assert!(found(&tbs(&[(0x2c, &cut)], &[])).is_some(), "a UTF8String");
    // Its length is the letter 0.
    let long = format!("www.{}.shop.test", "a".repeat(34));
    let watched = watched(&[(&long, false)]);
    let within = tbs(&[(0x30, &der::wrap(0x0c, long.as_bytes()))], &[]);
    assert!(matches!(find(&within, Form::TbsCertificate, &watched), Found::Claims(_)));
}

#[test]
fn no_odd_structure_hides_a_name() {
    let octets = |content: &[u8]| der::wrap(der::OCTET_STRING, content);
    let list = |extensions: &[Vec<u8>]| der::wrap(der::SEQUENCE, &extensions.concat());
    let other = || octets(&names_of("a.test"));
    let ours = || octets(&names_of("example.com"));
    let critical = der::wrap(der::BOOLEAN, &[0xff]);
    let in_list = |extension: Vec<u8>| with_fields(&[der::wrap(0xa3, &list(&[extension]))]);
    let odd = [
        ("a further field behind", in_list(alternative(&[critical.clone(), ours(), other()]))),
        ("a further field in front", in_list(alternative(&[other(), ours(), critical]))),
        ("a boolean behind", in_list(alternative(&[ours(), der::wrap(der::BOOLEAN, &[0])]))),
        (
            "names behind the names",
            in_list(alternative(&[octets(&[names_of("a.test"), names_of("example.com")].concat())])),
        ),
        (
            "names in pieces",
            in_list(alternative(&[der::wrap(
                0x24,
                &[octets(&names_of("a.test")), octets(&names_of("example.com"))].concat(),
            )])),
        ),
        (
            "extensions behind the extensions",
            with_fields(&[der::wrap(
                0xa3,
                &[list(&[alternative(&[other()])]), list(&[alternative(&[ours()])])].concat(),
            )]),
        ),
        (
            "extensions twice",
            with_fields(&[
                der::wrap(0xa3, &list(&[alternative(&[other()])])),
                der::wrap(0xa3, &list(&[alternative(&[ours()])])),
            ]),
        ),
        ("an extension that is none in front", {
            let broken = der::wrap(der::SEQUENCE, &[6]);
            with_fields(&[der::wrap(0xa3, &list(&[broken, alternative(&[ours()])]))])
        }),
        ("extensions in another place", with_fields(&[der::wrap(0xa4, &list(&[alternative(&[ours()])]))])),
        ("extensions without their place", with_fields(&[list(&[alternative(&[ours()])])])),
        ("something behind the certificate", [in_list(alternative(&[other()])), ours()].concat()),
    ];
    let hidden: Vec<_> = odd.iter().filter(|(_, tbs)| !is_told(tbs)).map(|(what, _)| what).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn no_odd_subject_hides_a_name() {
    let attribute = |values: &[&[u8]]| {
        let values = values.iter().flat_map(|value| der::wrap(12, value)).collect::<Vec<u8>>();
        der::wrap(der::SEQUENCE, &[der::wrap(6, &[0x55, 4, 3]), values].concat())
    };
    let subject = |values: &[&[u8]]| der::wrap(der::SEQUENCE, &der::wrap(0x31, &attribute(values)));
    let empty = || der::wrap(der::SEQUENCE, &[]);
    let number = |octet| der::wrap(der::INTEGER, &[octet]);
    let two = [number(1), empty(), empty(), empty(), subject(&[b"a.test", b"example.com"]), empty()];
    assert!(is_told(&der::wrap(der::SEQUENCE, &two.concat())), "a common name of two values");
    let odd_version = [number(2), number(1), empty(), empty(), empty(), subject(&[b"example.com"]), empty()];
    assert!(is_told(&der::wrap(der::SEQUENCE, &odd_version.concat())), "a version without its place");
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
fn all_watched_names_are_found_that_are_claimed() {
    let watched = watched(&[
        ("example.com", true),
        ("www.shop.test", false),
        ("api.shop.test", true),
        ("www.example.com", false),
        ("xn--bcher-kva.example", false),
        ("other.test", true),
    ]);
    let all = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (0x82, name.as_bytes())).collect();
        let tbs = tbs(&[], &names);
        let found = find_all(&tbs, Form::TbsCertificate, &watched);
        found.iter().map(|watched| watched.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(all(&["a.test", "shop.test"]), [""; 0]);
    assert_eq!(all(&["*.shop.test"]), ["api.shop.test", "www.shop.test"]);
    assert_eq!(all(&["www.example.com"]), ["example.com", "www.example.com"]);
    assert_eq!(
        all(&["www.example.com:443", "x.api.shop.test", "b\u{fc}cher.example;a.test", "*.example.com"]),
        ["api.shop.test", "example.com", "www.example.com", "xn--bcher-kva.example"]
    );
    assert_eq!(all(&["\0.other.test", "*.example"]), ["other.test", "xn--bcher-kva.example"]);
}

/// A label in another alphabet is one: what stands behind it is no wildcard of the names beside it.
#[test]
fn a_label_in_another_alphabet_is_told_for_its_own_name_alone() {
    let names = ["victim.example", "b\u{fc}cher.example", "other.example"];
    let all = watched(&names.map(|name| (name, true)));
    let found = |name: &str, names: &WatchedNames| -> Vec<String> {
        let tbs = tbs(&[], &[(0x82, name.as_bytes())]);
        let found = find_all(&tbs, Form::TbsCertificate, names).into_iter();
        found.map(|watched| watched.name.to_string()).collect()
    };
    let wide = "login.\u{ff56}\u{ff49}\u{ff43}\u{ff54}\u{ff49}\u{ff4d}.example";
    assert_eq!(found(wide, &all), ["victim.example"]);
    assert_eq!(found("www.b\u{fc}cher.example", &all), ["xn--bcher-kva.example"]);
    assert_eq!(found("\u{fc}.other.example", &all), ["other.example"]);
    // What is no letter hides nothing, as before.
    for odd in ["\u{ff0a}.example", "\u{fffd}.example", "\u{a0}.example", ".example"] {
        assert_eq!(found(odd, &all).len(), 3, "{odd}");
    }
    // The name itself, where a reader drops what it does not know, and those below it.
    let alone = watched(&[("other.example", false)]);
    assert_eq!(found("\u{fc}.other.example", &alone), ["other.example"]);
    let above = watched(&[("example", true)]);
    assert_eq!(found(wide, &above), ["example"]);
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
