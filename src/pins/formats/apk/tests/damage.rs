//! Packages that were made to do harm, and packages with damage.

use proptest::prelude::*;

use super::super::axml::DEEPEST;
use super::*;
use crate::pins::formats::{compiled_xml, resource_files};

fn whole() -> Vec<u8> {
    let variants: Variants<'_> = &[(0, &[(0, "config", Ok("res/a.xml"))])];
    app(
        &manifest(34, true, Some(CONFIG)),
        variants,
        &[
            ("res/a.xml", axml(&with(configuration("a"), overrides()), true)),
            ("classes.dex", dex(&["a", "b"])),
        ],
    )
}

fn why(octets: &[u8]) -> String {
    match formats::read("app.apk", octets).remove(0).reading {
        Reading::NotWellFormed { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn paths_out_of_the_package_are_not_read() {
    let octets = app(&manifest(34, false, None), &[], &[("../res/server.cer", keystore().0)]);
    let files = formats::read("app.apk", &octets);
    assert_eq!(files.len(), 3, "{files:?}");
    assert_eq!(kinds(source(&files[1])), [ProblemKind::NotRead]);
    assert!(matches!(files[2].reading, Reading::NotWellFormed { .. }));
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let mut octets = archive(&[
        ("AndroidManifest.xml", axml(&manifest(34, false, None), true)),
        ("AndroidManifest.xmk", axml(&manifest(23, false, None), true)),
    ]);
    let name = b"AndroidManifest.xmk";
    for at in 0..octets.len() - name.len() {
        if octets[at..].starts_with(name) {
            octets[at + name.len() - 1] = b'l';
        }
    }
    assert!(why(&octets).contains("same name"), "{}", why(&octets));
}

#[test]
fn entries_that_overlap_are_refused() {
    let mut octets = archive(&[
        ("AndroidManifest.xml", axml(&manifest(34, false, None), true)),
        ("b", axml(&manifest(34, false, None), true)),
    ]);
    // The second record of the directory is made to point to the first file.
    let records: Vec<usize> =
        (0..octets.len() - 4).filter(|at| octets[*at..].starts_with(b"PK\x01\x02")).collect();
    octets[records[1] + 42..records[1] + 46].fill(0);
    assert!(why(&octets).contains("overlap"), "{}", why(&octets));
}

#[test]
fn a_bomb_is_not_unpacked() {
    let octets = archive(&[("AndroidManifest.xml", vec![0; 5 << 20])]);
    assert!(why(&octets).contains("unpacks to more than"), "{}", why(&octets));
}

#[test]
fn deep_and_endless_xml_is_refused() {
    let deep: Vec<Event> =
        [vec![Event::Open("a", 1, vec![]); DEEPEST + 1], vec![Event::Close; DEEPEST + 1]].concat();
    assert!(compiled_xml(&axml(&deep, true)).unwrap_err().contains("deeper"));
    let open = axml(&[Event::Open("a", 1, vec![])], true);
    assert!(compiled_xml(&open).unwrap_err().contains("never closed"));
    let long = "x".repeat(30_000);
    let texts: Vec<Event> = (0..600).map(|_| Event::Text(long.clone())).collect();
    let many = [vec![Event::Open("a", 1, vec![])], texts, vec![Event::Close]].concat();
    assert!(compiled_xml(&axml(&many, false)).unwrap_err().contains("unfold"));
    // A message inside of a message inside of a message, each with the length of what is left.
    let mut node = Vec::new();
    for _ in 0..20_000 {
        let inside = field(5, &node);
        node = field(1, &inside);
        if node.len() > 6_000 {
            break;
        }
    }
    assert!(compiled_xml(&node).unwrap_err().contains("deeper"));
}

/// A field of a protocol buffer, with octets.
fn field(number: u8, octets: &[u8]) -> Vec<u8> {
    let mut all = vec![number << 3 | 2];
    let mut length = octets.len();
    while length > 0x7f {
        all.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    all.push(u8::try_from(length).unwrap());
    all.extend(octets);
    all
}

#[test]
fn text_is_kept_as_it_is() {
    let events = [
        Event::Open("a", 3, vec![(Some(ANDROID), "b", 0, Typed::Text("<&\"\n>"))]),
        Event::Text("x]]>\n\u{1}ü".to_owned()),
        Event::Close,
    ];
    let text = compiled_xml(&axml(&events, true)).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    assert_eq!(document.root_element().attribute((ANDROID, "b")), Some("<&\"\n>"));
    assert_eq!(document.root_element().text(), Some("x]]>\n\u{fffd}ü"));
    assert_eq!(document.text_pos_at(document.root_element().range().start).row, 3);
}

proptest! {
    // Each case reads a dozen files; the fuzz targets go further.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_makes_nothing_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let compiled = [
            axml(&with(configuration("a"), overrides()), true),
            axml(&configuration("a"), false),
        ];
        for mut octets in compiled {
            for (at, octet) in &changes {
                let at = at.index(octets.len());
                octets[at] = *octet;
            }
            let _ = compiled_xml(&octets);
            let _ = compiled_xml(&octets[..cut.index(octets.len())]);
        }
        for layout in [Layout::Plain, Layout::Sparse, Layout::ShortOffsets, Layout::Compact] {
            let entries: &[(u16, &str, Result<&str, u32>)] =
                &[(0, "config", Ok("res/a.xml")), (2, "other", Err(CONFIG))];
            let mut octets = table(&[(0, entries), (36, entries)], layout, true);
            for (at, octet) in &changes {
                let at = at.index(octets.len());
                octets[at] = *octet;
            }
            let _ = resource_files(&octets, "xml", "config");
            let _ = resource_files(&octets, "xml", "other");
            let _ = resource_files(&octets[..cut.index(octets.len())], "xml", "other");
        }
        let mut package = whole();
        for (at, octet) in &changes {
            let at = at.index(package.len());
            package[at] = *octet;
        }
        let _ = formats::read("app.apk", &package);
        let _ = formats::read("app.apk", &package[..cut.index(package.len())]);
        let mut code = dex(&["sha256/a", "Lcom/x;"]);
        for (at, octet) in &changes {
            let at = at.index(code.len());
            code[at] = *octet;
        }
        let _ = super::super::dex::strings(&code);
        let (_, mut store) = (Vec::<u8>::new(), vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 2, 0, 1]);
        store.extend(changes.iter().map(|(_, octet)| *octet));
        let _ = super::super::certificates::source(super::super::certificates::Kind::Keystore, &store);
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = compiled_xml(&octets);
        let _ = resource_files(&octets, "xml", "config");
        let _ = formats::read("app.apk", &[b"PK\x03\x04".as_slice(), &octets].concat());
    }
}
