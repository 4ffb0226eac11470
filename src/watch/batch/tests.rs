use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::ct::merkle::{TreeBuilder, TreeHash, root_of};
use crate::x509::der;

fn u24(octets: &[u8]) -> Vec<u8> {
    [&u32::try_from(octets.len()).unwrap().to_be_bytes()[1..], octets].concat()
}

/// A TBSCertificate with this common name.
fn tbs(name: &str) -> Vec<u8> {
    let empty = || der::wrap(der::SEQUENCE, &[]);
    let attribute = [der::wrap(6, &[0x55, 4, 3]), der::wrap(12, name.as_bytes())].concat();
    let subject = der::wrap(der::SEQUENCE, &der::wrap(0x31, &der::wrap(der::SEQUENCE, &attribute)));
    let fields = [der::wrap(der::INTEGER, &[1]), empty(), empty(), empty(), subject, empty()];
    der::wrap(der::SEQUENCE, &fields.concat())
}

/// A `TimestampedEntry` of a precertificate with this TBSCertificate.
fn timestamped(tbs: &[u8]) -> Vec<u8> {
    [&7_u64.to_be_bytes()[..], &[0, 1], &[9; 32], &u24(tbs), &[0, 0]].concat()
}

fn leaf(tbs: &[u8]) -> Vec<u8> {
    [&[0, 0][..], &timestamped(tbs)].concat()
}

fn answer(leaves: &[Vec<u8>]) -> String {
    let extra = STANDARD.encode([u24(b"precertificate"), u24(&u24(b"issuer"))].concat());
    let entries: Vec<_> =
        leaves.iter().map(|leaf| json!({"leaf_input": STANDARD.encode(leaf), "extra_data": extra})).collect();
    json!({ "entries": entries }).to_string()
}

fn watched() -> WatchedNames {
    WatchedNames::new([WatchedName { name: "example.com".parse().unwrap(), with_subdomains: true }])
}

fn root(range: &RangeBuilder) -> crate::ct::merkle::TreeHash {
    let mut tree = TreeBuilder::default();
    tree.push_range(range).unwrap();
    tree.root()
}

#[test]
fn every_entry_is_hashed_and_those_that_may_concern_us_are_found() {
    let mut broken = leaf(&tbs("www.example.com"));
    broken.push(0);
    let mut cut = leaf(&tbs("a.test"));
    // The TBSCertificate says that it is longer than the leaf has room for.
    let place = 10 + 2 + 32 + 3 + 1;
    cut[place] = 0x7f;
    let leaves = [leaf(&tbs("other.test")), leaf(&tbs("a.example.com")), broken, cut, leaf(&[0x30, 0x80])];
    let mut range = RangeBuilder::new(0);
    let found = take_get_entries(answer(&leaves).as_bytes(), u64::MAX, &watched(), &mut range).unwrap();
    assert_eq!(range.end(), 5);
    assert_eq!(root(&range), root_of(leaves.iter().map(|leaf| leaf_hash(leaf))));
    let what: Vec<(u64, Option<&str>)> = found
        .iter()
        .map(|entry| match &entry.why {
            Why::Claims { claimed, .. } => (entry.index, Some(claimed.as_str())),
            Why::Undetermined { mentions, .. } => (entry.index, mentions.as_ref().map(DnsName::as_str)),
        })
        .collect();
    assert_eq!(what, [(1, Some("a.example.com")), (2, Some("example.com")), (3, None), (4, None)]);
    let first = &found[0];
    assert_eq!(
        (&first.leaf.0, &first.beside.precertificate),
        (&leaves[1], &Some(Bytes(b"precertificate".to_vec())))
    );
    assert_eq!(first.beside.chain, ChainBeside::Certificates(vec![Bytes(b"issuer".to_vec())]));
}

#[test]
fn no_more_is_taken_than_was_asked_for() {
    let leaves: Vec<Vec<u8>> = (0..9).map(|number| leaf(&tbs(&format!("d{number}.example.com")))).collect();
    let mut range = RangeBuilder::new(3);
    let found = take_get_entries(answer(&leaves).as_bytes(), 4, &watched(), &mut range).unwrap();
    assert_eq!((found.len(), found[0].index, range.end()), (4, 3, 7));
}

#[test]
fn what_is_no_answer_is_refused() {
    let take = |text: &str| take_get_entries(text.as_bytes(), 9, &watched(), &mut RangeBuilder::new(5));
    assert!(matches!(take("<html>"), Err(BatchError::Form(_))));
    assert_eq!(take("{\"entries\":[]}"), Err(BatchError::Empty));
    let not_base64 = answer(&[leaf(&tbs("a.test"))]).replace("\"AAA", "\"A!A");
    assert_eq!(take(&not_base64), Err(BatchError::NotBase64 { index: 5 }));
    // What was found before it is told all the same; it comes first in the next answer.
    let leaves = [leaf(&tbs("example.com")), leaf(&tbs("other.test"))];
    let second = STANDARD.encode(&leaves[1]);
    let behind = answer(&leaves).replace(&second, &format!("!{}", &second[1..]));
    let mut range = RangeBuilder::new(5);
    let found = take_get_entries(behind.as_bytes(), 9, &watched(), &mut range).unwrap();
    assert_eq!((found.len(), found[0].index, range.end()), (1, 5, 6));
    // What the tree does not cover may be anything: the entry counts.
    let bad_extra = answer(&[leaf(&tbs("example.com"))]).replace("\"extra_data\":\"", "\"extra_data\":\"!");
    let found = take(&bad_extra).unwrap();
    assert!(matches!(&found[0].beside.chain, ChainBeside::Unreadable(why) if why.contains("base64")));
}

#[test]
fn tiles_are_taken_from_where_the_last_one_ended() {
    let tbses: Vec<Vec<u8>> = (0..5).map(|number| tbs(&format!("d{number}.example.com"))).collect();
    let tile: Vec<u8> = tbses
        .iter()
        .flat_map(|tbs| [timestamped(tbs), u24(b"precertificate"), vec![0, 32], vec![6; 32]].concat())
        .collect();
    let mut whole = RangeBuilder::new(0);
    take_data_tile(&tile, 5, 0, 9, &watched(), &mut whole).unwrap();
    assert_eq!(root(&whole), root_of(tbses.iter().map(|tbs| leaf_hash(&leaf(tbs)))));
    let mut range = RangeBuilder::new(259);
    let found = take_data_tile(&tile, 5, 3, 9, &watched(), &mut range).unwrap();
    assert_eq!(found.iter().map(|entry| entry.index).collect::<Vec<_>>(), [259, 260]);
    assert_eq!(found[0].leaf.0, leaf(&tbses[3]));
    assert_eq!(found[0].beside.chain, ChainBeside::Fingerprints(vec![[6; 32]]));
    let mut part = RangeBuilder::new(257);
    take_data_tile(&tile, 5, 1, 2, &watched(), &mut part).unwrap();
    assert_eq!(part.end(), 259, "those behind are not wanted");
    // A chain that is not made of hashes takes nothing from the entries.
    let bad: Vec<u8> =
        [timestamped(&tbses[0]), u24(b"precertificate"), vec![0, 3, 6, 6, 6]].concat().repeat(2);
    let found = take_data_tile(&bad, 2, 0, 9, &watched(), &mut RangeBuilder::new(0)).unwrap();
    assert_eq!(found.len(), 2);
    assert!(matches!(found[1].beside.chain, ChainBeside::Unreadable(_)), "{found:?}");
    let other = take_data_tile(&tile, 6, 0, 9, &watched(), &mut range);
    assert_eq!(other, Err(BatchError::OtherCount { expected: 6, found: 5 }));
    assert!(matches!(take_data_tile(&tile[1..], 5, 0, 9, &watched(), &mut range), Err(BatchError::Form(_))));
}

#[test]
fn nobody_hides_behind_an_entry_that_ends_nowhere() {
    let tbses: Vec<Vec<u8>> = (0..5).map(|number| tbs(&format!("d{number}.example.com"))).collect();
    let hashes: Vec<TreeHash> = tbses.iter().map(|tbs| leaf_hash(&leaf(tbs))).collect();
    let mut tile: Vec<Vec<u8>> = tbses
        .iter()
        .map(|tbs| [timestamped(tbs), u24(b"precertificate"), vec![0, 32], vec![6; 32]].concat())
        .collect();
    tile[3][9] = 7;
    for (octets, dark) in [(tile.concat(), 2), (tile[..2].concat(), 3)] {
        assert!(take_data_tile(&octets, 5, 0, 9, &watched(), &mut RangeBuilder::new(0)).is_err());
        let mut range = RangeBuilder::new(0);
        let (found, unread) = take_broken_tile(&octets, 0, 9, &hashes, &watched(), &mut range).unwrap();
        assert_eq!(root(&range), root_of(hashes.iter().copied()), "the tree has all of them");
        assert_eq!((range.end(), found.len()), (5, 5 - dark));
        let unread = unread.unwrap();
        assert_eq!((unread.start, unread.hashes.len()), (u64::try_from(5 - dark).unwrap(), dark));
        assert_eq!(unread.hashes, hashes[5 - dark..]);
        assert_eq!(unread.mentions.is_some(), dark == 2, "a watched name stands in the rest");
    }
    // From the middle on, and behind the broken one.
    let mut range = RangeBuilder::new(260);
    let (found, unread) = take_broken_tile(&tile.concat(), 4, 9, &hashes, &watched(), &mut range).unwrap();
    assert_eq!((range.end(), found.len(), unread.unwrap().start), (261, 0, 260));
    // Without hashes nothing is taken beyond what can be read.
    let mut range = RangeBuilder::new(256);
    let (found, unread) = take_broken_tile(&tile.concat(), 0, 9, &[], &watched(), &mut range).unwrap();
    assert_eq!((range.end(), found.len(), unread), (256, 0, None));
}

#[test]
fn what_was_dark_is_taken_when_it_is_what_the_tree_has() {
    let tbses: Vec<Vec<u8>> = (0..5).map(|number| tbs(&format!("d{number}.example.com"))).collect();
    let hashes: Vec<TreeHash> = tbses.iter().map(|tbs| leaf_hash(&leaf(tbs))).collect();
    let tile: Vec<Vec<u8>> = tbses
        .iter()
        .map(|tbs| [timestamped(tbs), u24(b"precertificate"), vec![0, 32], vec![6; 32]].concat())
        .collect();
    let (read, found) = take_again(&tile.concat(), 2, 102, &hashes[2..], &watched());
    assert_eq!((read, found.len(), found[2].index), (3, 3, 104));
    let (read, found) = take_again(&tile[..4].concat(), 2, 102, &hashes[2..], &watched());
    assert_eq!((read, found.len()), (2, 2), "as far as it can be read");
    // Another entry in the place of one is none of the tree.
    let other = [&tile[..3], &tile[..1], &tile[4..]].concat().concat();
    let (read, found) = take_again(&other, 2, 102, &hashes[2..], &watched());
    assert_eq!((read, found.len()), (1, 1));
}
