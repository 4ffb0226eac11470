//! Logs on loopback as `pinstead watch` reads them: both kinds, when all is well, and when it is not.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pinstead::ct::merkle::{RangeBuilder, TreeBuilder, TreeHash};
use pinstead::demo::authority::KeyAlgorithm;
use pinstead::demo::ct::{CtLog, LogKind};
use pinstead::issuance::names::{WatchedName, WatchedNames};
use pinstead::observe::http::HttpClient;
use pinstead::watch::reader::ahead::{Ahead, Room};
use pinstead::watch::reader::{Breach, LogReader as _, ReadError, Reader};
use pinstead::watch::state::{Head, LogKind as ReadAs};
use sha2::{Digest as _, Sha256};
use world::ct_log::{Entry, Fault, LogServer, hashes};

/// When the first entry was logged; one follows every second.
const FIRST: u64 = 1_700_000_000_000;

/// Two whole tiles, and a part of a third.
const ENTRIES: usize = 700;

const KINDS: [LogKind; 2] = [LogKind::Rfc6962, LogKind::Static];

fn entry(number: usize) -> Entry {
    let mut entry = Entry::filler(number);
    entry.leaf[2..10].copy_from_slice(&(FIRST + 1000 * number as u64).to_be_bytes());
    entry
}

fn serve(kind: LogKind, count: usize) -> (LogServer, Reader) {
    let log = CtLog::generate("Log", "Log", kind, KeyAlgorithm::P256).unwrap();
    let key = log.key_der();
    let server = LogServer::start(log, (0..count).map(entry).collect(), FIRST);
    let read_as = if kind == LogKind::Static { ReadAs::Static } else { ReadAs::Rfc6962 };
    let http = HttpClient::for_reading(None).unwrap();
    let reader = Reader::open(&http, read_as, &format!("http://{}", server.address), &key).unwrap();
    (server, reader)
}

/// More entries, and a tree head of an hour later.
fn grow(server: &LogServer, count: usize) {
    let mut state = server.state();
    let from = state.entries.len();
    state.entries.extend((from..from + count).map(entry));
    state.size = state.entries.len();
    state.timestamp += 3_600_000;
}

fn nothing_watched() -> WatchedNames {
    WatchedNames::new([WatchedName { name: "shop.example".parse().unwrap(), with_subdomains: true }])
}

fn tree(server: &LogServer, size: usize) -> TreeBuilder {
    let mut tree = TreeBuilder::default();
    for hash in hashes(&server.state().entries[..size]) {
        tree.push(TreeHash(hash));
    }
    tree
}

/// Reads from `start` to `stop`, and gives the tree with what stands before.
async fn read(
    server: &LogServer,
    reader: &Arc<Reader>,
    start: u64,
    stop: u64,
    size: u64,
) -> Result<TreeBuilder, ReadError> {
    let mut ahead = Ahead::new(Arc::clone(reader), start, stop, size, 4, Room::new(1 << 20));
    let mut range = RangeBuilder::new(start);
    while let Some(answer) = ahead.next().await {
        let answer = answer?;
        assert_eq!(answer.start(), range.end(), "answers come in order, and without a gap");
        answer.take(&nothing_watched(), &mut range, stop).unwrap();
    }
    assert_eq!(range.end(), stop);
    let mut whole = tree(server, usize::try_from(start).unwrap());
    whole.push_range(&range).unwrap();
    Ok(whole)
}

fn breach(result: Result<impl std::fmt::Debug, ReadError>) -> Breach {
    match result {
        Err(ReadError::Breach { breach, what, url, .. }) => {
            assert!(what.contains(&url) && url.starts_with("http://127.0.0.1"), "{what}");
            breach
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn heads_proofs_and_entries_of_both_kinds_are_read() {
    for kind in KINDS {
        let (server, reader) = serve(kind, ENTRIES);
        let older = reader.head().await.unwrap();
        assert_eq!((older.size, older.timestamp, older.root), (700, FIRST, tree(&server, 700).root()));
        for size in [0, 1, 2, 255, 256, 257, 300, 512, 699, 700] {
            let before = reader.tree_before(&older, size).await.unwrap();
            let expected = tree(&server, usize::try_from(size).unwrap());
            assert_eq!((before.size(), before.subtrees()), (size, expected.subtrees()), "{kind:?}");
        }
        assert!(matches!(reader.tree_before(&older, 701).await, Err(ReadError::Unusable(_))));
        grow(&server, 100);
        let newer = reader.head().await.unwrap();
        reader.prove_consistency(&older, &newer).await.unwrap();
        reader.prove_consistency(&newer, &newer).await.unwrap();
        // A slower part of the log still shows the older tree.
        reader.prove_consistency(&newer, &older).await.unwrap();
        let reader = Arc::new(reader);
        for (start, stop) in [(0, 800), (5, 800), (300, 700), (512, 513), (799, 800)] {
            let read = read(&server, &reader, start, stop, 800).await.unwrap();
            assert_eq!(
                read.root(),
                tree(&server, usize::try_from(stop).unwrap()).root(),
                "{kind:?} {start} {stop}"
            );
        }
        for (seconds, place) in [(0, 0), (1, 1), (255, 255), (256, 256), (600, 600), (799, 799), (4000, 800)]
        {
            let time = Timestamp::from_millisecond(i64::try_from(FIRST).unwrap() + seconds * 1000).unwrap();
            assert_eq!(reader.first_at(&newer, time).await, Ok(place), "{kind:?} {seconds}");
        }
        let early = Timestamp::from_second(0).unwrap();
        assert_eq!(reader.first_at(&newer, early).await, Ok(0));
        assert!(
            matches!(reader.entries(800, 900, 800).await, Err(ReadError::Unusable(_))),
            "never the tree's end"
        );
        assert!(!server.requests().iter().any(|path| path.contains("start=800") || path.contains("names")));
    }
}

#[tokio::test]
async fn logs_with_short_pages_are_read_whole() {
    for (page, is_aligned) in [(1, false), (7, false), (64, true), (100, true), (5000, false)] {
        let (server, reader) = serve(LogKind::Rfc6962, ENTRIES);
        server.state().page = page;
        server.state().is_aligned = is_aligned;
        let reader = Arc::new(reader);
        let whole = read(&server, &reader, 33, 700, 700).await.unwrap();
        assert_eq!(whole.root(), tree(&server, ENTRIES).root());
        let (asked, needed) = (server.requests().len(), 667_usize.div_ceil(page));
        assert!(asked <= needed + 4, "{asked} requests for {needed} pages of {page}");
    }
}

#[tokio::test]
async fn a_log_that_breaks_its_promises_is_found_out() {
    for kind in KINDS {
        let (server, reader) = serve(kind, ENTRIES);
        let older = reader.head().await.unwrap();
        grow(&server, 100);
        let newer = reader.head().await.unwrap();
        let with = |faults: &[Fault]| server.state().faults = faults.to_vec();
        with(&[Fault::BadSignature]);
        assert_eq!(breach(reader.head().await), Breach::Signature);
        with(&[Fault::WebPage]);
        assert_eq!(breach(reader.head().await), Breach::Form);
        with(&[Fault::WrongProof]);
        assert_eq!(breach(reader.prove_consistency(&older, &newer).await), Breach::Proof);
        assert_eq!(breach(reader.tree_before(&newer, 300).await), Breach::Proof);
        for fault in [Fault::TooLarge, Fault::ErrorAsAnswer] {
            with(&[fault]);
            assert_eq!(breach(reader.prove_consistency(&older, &newer).await), Breach::Form, "{fault:?}");
        }
        with(&[]);
        // The log signed another tree before.
        let forked = Head { root: TreeHash([7; 32]), ..older.clone() };
        assert_eq!(breach(reader.prove_consistency(&forked, &newer).await), Breach::Split);
        let same = Head { root: TreeHash([7; 32]), ..newer.clone() };
        assert_eq!(breach(reader.prove_consistency(&same, &newer).await), Breach::Split);
        // It is smaller than it was, and newer.
        let shrunk = Head { timestamp: newer.timestamp + 1, ..older.clone() };
        assert_eq!(breach(reader.prove_consistency(&newer, &shrunk).await), Breach::Split);
        // It hands out other entries than its tree has.
        with(&[Fault::OtherEntries]);
        let whole = read(&server, &Arc::new(reader), 0, 800, 800).await.unwrap();
        assert_ne!(whole.root(), newer.root);
    }
    for kind in KINDS {
        let (server, reader) = serve(kind, ENTRIES);
        let head = reader.head().await.unwrap();
        server.state().faults = vec![Fault::OtherEntries];
        let time = Timestamp::from_millisecond(i64::try_from(FIRST).unwrap() + 600_000).unwrap();
        let place = reader.first_at(&head, time).await;
        assert!(place.is_err(), "what is not in the tree has no time: {place:?}");
    }
}

#[tokio::test]
async fn what_is_not_in_the_form_of_entries_is_refused() {
    let (server, reader) = serve(LogKind::Rfc6962, ENTRIES);
    for fault in [Fault::WebPage, Fault::ErrorAsAnswer, Fault::TooLarge] {
        server.state().faults = vec![fault];
        assert_eq!(breach(reader.entries(0, 700, 700).await), Breach::Form, "{fault:?}");
    }
    let (server, reader) = serve(LogKind::Static, ENTRIES);
    for fault in [Fault::WebPage, Fault::TooLarge] {
        server.state().faults = vec![fault];
        let answer = reader.entries(0, 700, 700).await.unwrap();
        assert!(answer.take(&nothing_watched(), &mut RangeBuilder::new(0), 700).is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn trouble_that_passes_is_told_from_what_is_gone() {
    for kind in KINDS {
        let (server, reader) = serve(kind, ENTRIES);
        let head = reader.head().await.unwrap();
        let with = |faults: &[Fault]| server.state().faults = faults.to_vec();
        with(&[Fault::NothingFound]);
        assert!(matches!(reader.entries(0, 700, 700).await, Err(ReadError::Gone(_))));
        assert!(matches!(reader.tree_before(&head, 300).await, Err(ReadError::Gone(_))));
        // Asked again: a broken answer, and one that came too early.
        with(&[Fault::CutOnce]);
        assert!(reader.entries(0, 700, 700).await.is_ok());
        with(&[Fault::BusyOnce]);
        assert!(reader.entries(0, 700, 700).await.is_ok());
    }
    let (server, reader) = serve(LogKind::Rfc6962, ENTRIES);
    server.state().faults = vec![Fault::BehindOnce];
    let behind = reader.entries(0, 700, 700).await;
    assert!(
        matches!(&behind, Err(ReadError::Passing { why, .. }) if why.contains("need tree size")),
        "{behind:?}"
    );
    assert!(reader.entries(0, 700, 700).await.is_ok());
    server.state().faults = vec![Fault::Unavailable];
    let down = reader.head().await;
    assert!(matches!(&down, Err(ReadError::Passing { why, pause: None }) if why.contains("503")), "{down:?}");
}

#[tokio::test]
async fn reading_ahead_goes_on_after_trouble() {
    let (server, reader) = serve(LogKind::Rfc6962, ENTRIES);
    let mut ahead = Ahead::new(Arc::new(reader), 0, 700, 700, 4, Room::new(1));
    let mut range = RangeBuilder::new(0);
    let mut troubles = 0;
    while let Some(answer) = ahead.next().await {
        match answer {
            Ok(answer) => drop(answer.take(&nothing_watched(), &mut range, 700).unwrap()),
            Err(ReadError::Passing { .. }) => troubles += 1,
            Err(error) => panic!("{error}"),
        }
        if range.end() == 128 && troubles == 0 {
            server.state().faults = vec![Fault::BehindOnce];
        }
    }
    let mut whole = TreeBuilder::default();
    whole.push_range(&range).unwrap();
    assert_eq!((whole.root(), troubles), (tree(&server, ENTRIES).root(), 1));
}

#[tokio::test]
async fn who_holds_all_the_room_holds_up_no_other() {
    for kind in KINDS {
        let (_server, reader) = serve(kind, ENTRIES);
        let (reader, room) = (Arc::new(reader), Room::new(1));
        let mut slow = Ahead::new(Arc::clone(&reader), 0, 700, 700, 4, room.clone());
        let _held = slow.next().await.unwrap().unwrap();
        let mut other = Ahead::new(reader, 300, 700, 700, 4, room);
        let mut next = 300;
        for _ in 0..2 {
            let asked = tokio::time::timeout(Duration::from_mins(1), other.next()).await;
            let answer = asked.expect("it waits for nobody").unwrap().unwrap();
            assert_eq!(answer.start(), next, "{kind:?}");
            assert!(answer.end() > next && answer.end() <= 512, "a little at a time: {}", answer.end());
            next = answer.end();
            if next == 512 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn an_answer_takes_the_room_that_it_needs() {
    for kind in KINDS {
        let (_server, reader) = serve(kind, ENTRIES);
        let room = Room::new(64 << 20);
        let mut ahead = Ahead::new(Arc::new(reader), 0, 1, 700, 4, room.clone());
        let answer = ahead.next().await.unwrap().unwrap();
        assert_eq!(room.taken(), answer.memory(), "{kind:?}");
        assert!(answer.memory() >= answer.octets().len());
        drop(answer);
        assert_eq!(room.taken(), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn entries_are_given_with_their_times_and_hashes() {
    for kind in KINDS {
        let (server, reader) = serve(kind, ENTRIES);
        let leaves = hashes(&server.state().entries);
        for index in [0, 255, 256, 699] {
            let place = usize::try_from(index).unwrap();
            let expected = (FIRST + 1000 * index, TreeHash(leaves[place]));
            assert_eq!(reader.leaf_at(index, 700).await, Ok(expected), "{kind:?} {index}");
        }
    }
}

#[tokio::test]
async fn a_static_log_is_read_though_partial_tiles_are_gone_and_files_are_packed() {
    let (server, reader) = serve(LogKind::Static, ENTRIES);
    let older = reader.head().await.unwrap();
    server.requests();
    // Only the width that the tree head implies is asked for.
    reader.entries(600, 700, 700).await.unwrap();
    assert_eq!(server.requests(), ["/tile/data/002.p/188"]);
    grow(&server, 100);
    let newer = reader.head().await.unwrap();
    server.state().faults = vec![Fault::PartialsGone, Fault::PackedUnasked];
    let reader = Arc::new(reader);
    let whole = read(&server, &reader, 512, 700, 700).await.unwrap();
    assert_eq!(whole.root(), older.root);
    assert!(server.requests().contains(&"/tile/data/002".to_owned()));
    reader.prove_consistency(&older, &newer).await.unwrap();
    assert_eq!(reader.tree_before(&older, 600).await.unwrap().subtrees(), tree(&server, 600).subtrees());
}

/// A CA's certificate with a comment of so many octets.
fn issuer(octets: usize) -> Vec<u8> {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let comment = rcgen::CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55555, 1], vec![0; octets]);
    parameters.custom_extensions = vec![comment];
    parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[tokio::test]
async fn issuers_are_what_their_name_says() {
    let (server, reader) = serve(LogKind::Static, 3);
    let der = issuer(0);
    let large = issuer(64 << 10);
    let none = b"the issuer's certificate".to_vec();
    server.state().issuers = vec![der.clone(), large.clone(), none.clone()];
    let name: [u8; 32] = Sha256::digest(&der).into();
    assert_eq!(reader.issuer(&name).await.unwrap().0, der);
    assert!(matches!(reader.issuer(&[7; 32]).await, Err(ReadError::Gone(_))));
    // Any octets have a hash: those that are no certificate, or a far too large one, are not taken.
    assert_eq!(breach(reader.issuer(&Sha256::digest(&none).into()).await), Breach::Issuer);
    assert_eq!(breach(reader.issuer(&Sha256::digest(&large).into()).await), Breach::Form);
    server.state().faults = vec![Fault::OtherIssuer];
    assert_eq!(breach(reader.issuer(&name).await), Breach::Issuer);
    let (_server, reader) = serve(LogKind::Rfc6962, 3);
    assert!(matches!(reader.issuer(&name).await, Err(ReadError::Unusable(_))));
}

#[tokio::test]
async fn small_trees_have_no_way_of_their_own() {
    for kind in KINDS {
        let (server, reader) = serve(kind, 1);
        let head = reader.head().await.unwrap();
        assert_eq!(reader.tree_before(&head, 1).await.unwrap().root(), head.root);
        server.state().size = 0;
        let empty = reader.head().await.unwrap();
        assert_eq!((empty.size, reader.tree_before(&empty, 0).await.unwrap().size()), (0, 0));
        reader.prove_consistency(&empty, &head).await.unwrap();
        assert_eq!(reader.first_at(&empty, Timestamp::UNIX_EPOCH).await, Ok(0));
    }
}

#[tokio::test]
async fn what_cannot_be_a_log_is_not_asked() {
    let http = HttpClient::for_reading(None).unwrap();
    let key = CtLog::generate("Log", "Log", LogKind::Static, KeyAlgorithm::P256).unwrap().key_der();
    for url in ["", "log.example", "ftp://log.example/", "https://user:word@log.example/"] {
        assert!(
            matches!(Reader::open(&http, ReadAs::Static, url, &key), Err(ReadError::Unusable(_))),
            "{url}"
        );
    }
    let no_key = Reader::open(&http, ReadAs::Static, "https://log.example/", b"no key");
    assert!(matches!(no_key, Err(ReadError::Unusable(_))));
    // Nobody listens there.
    let reader = Reader::open(&http, ReadAs::Rfc6962, "http://127.0.0.1:9/", &key).unwrap();
    let asked = tokio::time::timeout(Duration::from_mins(1), reader.head()).await.expect("it ends");
    assert!(matches!(asked, Err(ReadError::Passing { pause: None, .. })), "{asked:?}");
}
