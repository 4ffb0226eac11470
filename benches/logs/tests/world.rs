//! A small world: that it is always the same, that its trees hold, and that others can read its certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use flate2::read::GzDecoder;
use pinstead::ct::checkpoint::Checkpoint;
use pinstead::ct::log_entry::{LoggedEntry, read_extra_data, read_get_entries, read_leaf};
use pinstead::ct::log_id::LogId;
use pinstead::ct::log_key::LogKey;
use pinstead::ct::merkle::{
    RangeBuilder, TreeBuilder, TreeHash, leaf_hash, verify_consistency, verify_inclusion,
};
use pinstead::ct::tile::{HashTiles, Tile, TileKind, read_data_tile, read_hash_tile, root, tiles_for_root};
use pinstead::ct::tree_head::TreeHead;
use pinstead::watch::batch::{Why, take_data_tile, take_get_entries};
use pinstead::x509::SpkiSha256;
use pinstead_logs::drain::drain;
use pinstead_logs::floor::watched_names;
use pinstead_logs::make::make;
use pinstead_logs::serve::{self, Addresses, Options};
use pinstead_logs::world::{Form, World};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const ENTRIES: u64 = 2_000;
const AT: &str = "2026-11-22T00:00:00Z";

/// The world that the tests share; it is left in the folder that Cargo has for that.
static SHARED: LazyLock<(PathBuf, World)> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("log-world");
    let _ = fs::remove_dir_all(&folder);
    let world = make(ENTRIES, 1, AT.parse().unwrap(), &folder).unwrap();
    (folder, world)
});

/// Every file of a folder with the hash of its octets.
fn files(folder: &Path) -> BTreeMap<PathBuf, [u8; 32]> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let hash = Sha256::digest(fs::read(&path).unwrap()).into();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), hash);
            }
        }
    }
    found
}

#[test]
fn the_same_seed_gives_the_same_octets() {
    let (first, second, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let at = AT.parse().unwrap();
    make(700, 7, at, first.path()).unwrap();
    make(700, 7, at, second.path()).unwrap();
    make(700, 8, at, other.path()).unwrap();
    assert_eq!(files(first.path()), files(second.path()));
    let (one, two) = (files(first.path()), files(other.path()));
    for name in ["rfc6962/entries.json", "rfc6962/hashes", "static/tile/data/001", "domains-1.txt"] {
        assert_ne!(one[Path::new(name)], two[Path::new(name)], "{name}");
    }
}

/// The static log's entries and hashes from its files, as far as a tree of this size has them.
fn tiled(folder: &Path, size: u64) -> (Vec<Vec<u8>>, HashTiles) {
    let mut data = Vec::new();
    for position in (0..size).step_by(256) {
        let tile = Tile::holding(TileKind::Data, position, size).unwrap();
        let mut octets = Vec::new();
        let stored = fs::read(folder.join("static").join(tile.path())).unwrap();
        GzDecoder::new(stored.as_slice()).read_to_end(&mut octets).unwrap();
        data.push(octets);
    }
    let mut tiles = HashTiles::default();
    for tile in tiles_for_root(size) {
        let TileKind::Hashes { level } = tile.kind else { panic!("{tile:?}") };
        let octets = fs::read(folder.join("static").join(tile.path())).unwrap();
        tiles.insert(level, tile.index, read_hash_tile(&octets, tile.width).unwrap());
    }
    (data, tiles)
}

#[test]
fn each_head_of_the_static_log_is_that_of_its_tiles_and_leaves() {
    let (folder, world) = &*SHARED;
    let key = world.key(Form::Static).unwrap();
    assert!(world.heads.len() >= 4, "{:?}", world.heads);
    for head in &world.heads {
        let note = fs::read(folder.join(format!("static-checkpoint-{}", head.size))).unwrap();
        let checkpoint = Checkpoint::read(&note, LogId(key.log_id())).unwrap();
        checkpoint.head.verify(&LogKey::read(&key.spki).unwrap()).unwrap();
        assert_eq!(checkpoint.head.size, head.size);
        let (data, tiles) = tiled(folder, head.size);
        assert_eq!(root(&tiles, head.size), Ok(checkpoint.head.root), "the tiles of {}", head.size);
        let mut tree = TreeBuilder::default();
        for octets in &data {
            for leaf in read_data_tile(octets).unwrap() {
                let index = tree.size();
                assert_eq!(leaf.timestamped.extensions[..3], [0, 0, 5]);
                assert_eq!(leaf.timestamped.extensions[3..], index.to_be_bytes()[3..]);
                for fingerprint in leaf.chain {
                    let name: String = fingerprint.iter().map(|octet| format!("{octet:02x}")).collect();
                    let issuer = fs::read(folder.join("static/issuer").join(name)).unwrap();
                    assert_eq!(<[u8; 32]>::from(Sha256::digest(issuer)), *fingerprint);
                }
                tree.push(leaf.leaf_hash());
            }
        }
        assert_eq!(
            (tree.size(), tree.root()),
            (head.size, checkpoint.head.root),
            "the leaves of {}",
            head.size
        );
    }
}

/// The whole answer to get-entries, as if there were no limit.
fn all_json(folder: &Path) -> Vec<u8> {
    let entries = fs::read(folder.join("rfc6962/entries.json")).unwrap();
    [b"{\"entries\":[", &entries[..entries.len() - 1], b"]}"].concat()
}

#[test]
fn each_head_of_the_rfc_6962_log_is_that_of_its_leaves() {
    let (folder, world) = &*SHARED;
    let key = world.key(Form::Rfc6962).unwrap();
    let json = all_json(folder);
    let entries = read_get_entries(&json).unwrap();
    assert_eq!(entries.len() as u64, ENTRIES);
    let mut tree = TreeBuilder::default();
    for entry in &entries {
        let leaf = base64_simd::STANDARD.decode_to_vec(&entry.leaf_input).unwrap();
        tree.push(leaf_hash(&leaf));
        if let Some(head) = world.heads.iter().find(|head| head.size == tree.size()) {
            let sth = fs::read(folder.join(format!("rfc6962/get-sth-{}.json", head.size))).unwrap();
            let sth = TreeHead::from_json(&sth).unwrap();
            sth.verify(&LogKey::read(&key.spki).unwrap()).unwrap();
            assert_eq!((sth.size, sth.root), (tree.size(), tree.root()));
        }
    }
}

#[test]
fn entries_have_the_shape_of_real_ones() {
    let (folder, world) = &*SHARED;
    let json = all_json(folder);
    let (mut precertificates, mut chains, mut pairs) = (0, BTreeSet::new(), BTreeMap::<Vec<u8>, u32>::new());
    for entry in read_get_entries(&json).unwrap() {
        let leaf = base64_simd::STANDARD.decode_to_vec(&entry.leaf_input).unwrap();
        let extra = base64_simd::STANDARD.decode_to_vec(&entry.extra_data).unwrap();
        let read = read_leaf(&leaf).unwrap();
        let extra = read_extra_data(&extra, &read.entry).unwrap();
        chains.insert(extra.chain.len());
        let issuer = x509(extra.chain[0]);
        match read.entry {
            LoggedEntry::Precert { issuer_key_hash, tbs } => {
                precertificates += 1;
                assert_eq!(issuer_key_hash, SpkiSha256(issuer));
                assert!(extra.precertificate.is_some());
                *pairs.entry(serial(tbs, 0)).or_default() += 1;
            }
            LoggedEntry::X509 { certificate } => *pairs.entry(serial(certificate, 1)).or_default() += 1,
        }
    }
    assert_eq!(precertificates, ENTRIES * 65 / 100);
    assert_eq!(chains, BTreeSet::from([2, 3]));
    let twice = pairs.values().filter(|count| **count == 2).count() as u64;
    assert_eq!(
        (pairs.len() as u64, twice),
        (ENTRIES * 14 / 20, ENTRIES * 6 / 20),
        "each serial number once or twice"
    );
    assert!((5_000.0..5_700.0).contains(&world.json_octets), "{}", world.json_octets);
    assert!((500.0..600.0).contains(&world.tile_octets), "{}", world.tile_octets);
}

/// The SHA-256 of a CA's key, by openssl.
fn x509(der: &[u8]) -> [u8; 32] {
    static KNOWN: LazyLock<std::sync::Mutex<BTreeMap<Vec<u8>, [u8; 32]>>> = LazyLock::new(Default::default);
    let mut known = KNOWN.lock().unwrap();
    if let Some(hash) = known.get(der) {
        return *hash;
    }
    let pem = openssl(&["x509", "-inform", "DER", "-noout", "-pubkey"], der);
    let spki = openssl(&["pkey", "-pubin", "-outform", "DER"], &pem);
    let hash = Sha256::digest(spki).into();
    known.insert(der.to_vec(), hash);
    hash
}

/// The serial number: the second field behind so many frames.
fn serial(mut der: &[u8], frames: usize) -> Vec<u8> {
    for _ in 0..=frames {
        // Every frame here takes two octets for its length.
        assert_eq!(der[..2], [0x30, 0x82]);
        der = &der[4..];
    }
    der[5..5 + 18].to_vec()
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is there");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn openssl_reads_the_certificates() {
    let (folder, _) = &*SHARED;
    let truth = fs::read_to_string(folder.join("truth.tsv")).unwrap();
    let names_of = |index: u64| {
        let line = truth.lines().find(|line| line.starts_with(&format!("{index}\t")));
        line.map(|line| line.rsplit('\t').next().unwrap().to_owned())
    };
    let json = all_json(folder);
    let mut with_names = 0;
    for (index, entry) in (0_u64..).zip(read_get_entries(&json).unwrap()) {
        let names = names_of(index);
        if index >= 20 && names.is_none() {
            continue;
        }
        let leaf = base64_simd::STANDARD.decode_to_vec(&entry.leaf_input).unwrap();
        let extra = base64_simd::STANDARD.decode_to_vec(&entry.extra_data).unwrap();
        let read = read_leaf(&leaf).unwrap().entry;
        let extra = read_extra_data(&extra, &read).unwrap();
        let (der, marked) = match read {
            LoggedEntry::X509 { certificate } => (certificate, "CT Precertificate SCTs"),
            LoggedEntry::Precert { .. } => (extra.precertificate.unwrap(), "CT Precertificate Poison"),
        };
        let text = openssl(&["x509", "-inform", "DER", "-noout", "-text"], der);
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(marked), "{text}");
        assert!(!text.contains("Unable to load Public Key"), "{text}");
        if let Some(names) = names {
            let expected: Vec<String> = names.split(' ').map(|name| format!("DNS:{name}")).collect();
            assert!(text.contains(&expected.join(", ")), "{names}: {text}");
            with_names += 1;
        }
    }
    assert!(with_names >= 40, "{with_names}");
}

#[test]
fn the_truth_is_what_the_search_for_names_finds() {
    let (folder, world) = &*SHARED;
    let json = all_json(folder);
    let (data, _) = tiled(folder, ENTRIES);
    let truth = fs::read_to_string(folder.join("truth.tsv")).unwrap();
    for known in &world.truth {
        let watched = watched_names(&folder.join(format!("domains-{}.txt", known.domains))).unwrap();
        let placed: Vec<u64> = truth
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect::<Vec<_>>())
            .filter(|fields| watched.names().iter().any(|watched| watched.name.as_str() == fields[2]))
            .map(|fields| fields[0].parse().unwrap())
            .collect();
        assert_eq!(placed.len() as u64, known.entries);
        assert!(known.certificates > 0 && known.certificates <= known.entries, "{known:?}");

        let mut range = RangeBuilder::new(0);
        let mut found = take_get_entries(&json, u64::MAX, &watched, &mut range).unwrap();
        let mut range = RangeBuilder::new(0);
        let mut in_tiles = Vec::new();
        for octets in &data {
            let width = u16::try_from((ENTRIES - range.end()).min(256)).unwrap();
            in_tiles.extend(take_data_tile(octets, width, 0, usize::MAX, &watched, &mut range).unwrap());
        }
        for found in [&found, &in_tiles] {
            assert_eq!(found.iter().map(|entry| entry.index).collect::<Vec<_>>(), placed);
            assert!(found.iter().all(|entry| matches!(entry.why, Why::Claims { is_odd: false, .. })));
        }
        found.dedup_by_key(|entry| entry.index);
        assert_eq!(found.len() as u64, known.entries);
    }
    let [one, some, all] = world.truth.as_slice() else { panic!("{:?}", world.truth) };
    assert!(one.entries < some.entries && some.entries < all.entries, "{:?}", world.truth);
    assert!(all.certificates < all.entries, "some stand twice");
}

fn get(address: SocketAddr, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    let end = heard.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap();
    (String::from_utf8(heard[..end].to_vec()).unwrap(), heard[end + 4..].to_vec())
}

fn json(addresses: Addresses, call: &str) -> Value {
    let (head, body) = get(addresses.rfc6962, &format!("/ct/v1/{call}"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{call}: {head}");
    serde_json::from_slice(&body).unwrap()
}

fn hashes(value: &Value) -> Vec<TreeHash> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|hash| TreeHash::from_base64(hash.as_str().unwrap()).unwrap())
        .collect()
}

/// A world of its own for a server, which writes into its folder.
fn served(options: Options) -> (tempfile::TempDir, World, Addresses) {
    let folder = tempfile::tempdir().unwrap();
    let world = make(600, 3, AT.parse().unwrap(), folder.path()).unwrap();
    let addresses = serve::start(folder.path(), options).unwrap();
    (folder, world, addresses)
}

#[test]
fn what_is_served_can_be_proved() {
    let (folder, world, addresses) = served(Options { page: 100, ..Options::default() });
    let list: Value =
        serde_json::from_slice(&fs::read(folder.path().join("log-list.json")).unwrap()).unwrap();
    assert_eq!(list["operators"][0]["logs"][0]["url"], format!("http://{}/", addresses.rfc6962));

    let sth = TreeHead::from_json(json(addresses, "get-sth").to_string().as_bytes()).unwrap();
    sth.verify(&LogKey::read(&world.key(Form::Rfc6962).unwrap().spki).unwrap()).unwrap();
    assert_eq!(sth.size, 600);
    let entries = json(addresses, "get-entries?start=550&end=9999");
    assert_eq!(entries["entries"].as_array().unwrap().len(), 50, "no more than there are");
    let entries = json(addresses, "get-entries?start=5&end=599");
    assert_eq!(entries["entries"].as_array().unwrap().len(), 100, "no more than a page");

    for head in &world.heads {
        let early = TreeHash::from_base64(&head.rfc6962_root).unwrap();
        let proof = json(addresses, &format!("get-sth-consistency?first={}&second=600", head.size));
        verify_consistency(head.size, early, 600, sth.root, &hashes(&proof["consistency"])).unwrap();
        let index = head.size - 1;
        let entry =
            json(addresses, &format!("get-entry-and-proof?leaf_index={index}&tree_size={}", head.size));
        let leaf = base64_simd::STANDARD.decode_to_vec(entry["leaf_input"].as_str().unwrap()).unwrap();
        let hash = leaf_hash(&leaf);
        verify_inclusion(hash, index, head.size, &hashes(&entry["audit_path"]), early).unwrap();
        let text = hash.to_string().replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let proof = json(addresses, &format!("get-proof-by-hash?hash={text}&tree_size=600"));
        assert_eq!(proof["leaf_index"], index);
        verify_inclusion(hash, index, 600, &hashes(&proof["audit_path"]), sth.root).unwrap();
    }

    let (head, body) = get(addresses.tiled, "/tile/data/002.p/88");
    assert!(head.contains("Content-Encoding: gzip"), "{head}");
    assert_eq!(body, fs::read(folder.path().join("static/tile/data/002.p/88")).unwrap());
    let (_, note) = get(addresses.tiled, "/checkpoint");
    let key = world.key(Form::Static).unwrap();
    let checkpoint = Checkpoint::read(&note, LogId(key.log_id())).unwrap();
    checkpoint.head.verify(&LogKey::read(&key.spki).unwrap()).unwrap();
    for (address, path, status) in [
        (addresses.rfc6962, "/ct/v1/get-entries?start=600&end=600", "400"),
        (addresses.rfc6962, "/ct/v1/get-entries?start=2&end=1", "400"),
        (addresses.rfc6962, "/ct/v1/get-sth-consistency?first=0&second=600", "400"),
        (addresses.rfc6962, "/checkpoint", "404"),
        (addresses.tiled, "/tile/data/002", "404"),
        (addresses.tiled, "/tile/../../world.json", "404"),
        (addresses.tiled, "/world.json", "404"),
    ] {
        let (head, _) = get(address, path);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {head}");
    }
}

#[test]
fn a_busy_log_refuses_every_seventh_request_and_is_read_all_the_same() {
    let (_folder, _, addresses) = served(Options { page: 10, throttle: true, ..Options::default() });
    let refused =
        (0..14).filter(|_| get(addresses.tiled, "/checkpoint").0.starts_with("HTTP/1.1 429 ")).count();
    assert_eq!(refused, 2);
    for address in [addresses.rfc6962, addresses.tiled] {
        let drained = drain(address, 2).unwrap();
        assert_eq!(drained.entries, 600);
        assert!(drained.octets > 600 * 300, "{drained:?}");
    }
}

#[test]
fn a_log_that_grows_begins_small() {
    let (_folder, world, addresses) = served(Options { grow: Some(3_600), ..Options::default() });
    let sth = json(addresses, "get-sth");
    assert_eq!(sth["tree_size"], world.heads[0].size);
    let (head, _) =
        get(addresses.rfc6962, &format!("/ct/v1/get-entries?start={}&end=599", world.heads[0].size));
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
}

/// Another reader of logs, by others: it checks the head's signature, and that the entries have the head's root.
#[test]
fn certspotter_reads_the_whole_log_and_finds_what_was_put_there() {
    let folder = tempfile::tempdir().unwrap();
    let world = make(ENTRIES, 5, AT.parse().unwrap(), folder.path()).unwrap();
    serve::start(folder.path(), Options::default()).unwrap();
    let known = &world.truth[1];
    let domains = fs::read_to_string(folder.path().join(format!("domains-{}.txt", known.domains))).unwrap();
    let watchlist = folder.path().join("watchlist");
    // A dot before a domain stands for all below it.
    fs::write(&watchlist, domains.lines().map(|domain| format!(".{domain}\n")).collect::<String>()).unwrap();
    let state = folder.path().join("certspotter");
    let out = folder.path().join("found");
    let mut child = Command::new("certspotter")
        .args(["-no_save", "-stdout", "-logs"])
        .arg(folder.path().join("log-list.json"))
        .arg("-state_dir")
        .arg(&state)
        .arg("-watchlist")
        .arg(&watchlist)
        .stdout(fs::File::create(&out).unwrap())
        .spawn()
        .expect("certspotter is there");
    // It goes on for ever; what it has verified stands in its state.
    let verified = || -> Option<u64> {
        let log = fs::read_dir(state.join("logs")).ok()?.next()?.ok()?.path();
        let state: Value = serde_json::from_slice(&fs::read(log.join("state.json")).ok()?).ok()?;
        state["verified_position"]["size"].as_u64()
    };
    let done = (0..600).any(|_| {
        thread::sleep(Duration::from_millis(100));
        verified() == Some(ENTRIES)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(done, "it verified {:?} of {ENTRIES} entries", verified());
    let found = fs::read_to_string(out).unwrap();
    assert_eq!(found.matches("Log Entry = ").count() as u64, known.entries, "{found}");
    let malformed =
        fs::read_dir(state.join("logs")).unwrap().map(|log| log.unwrap().path().join("malformed_entries"));
    assert_eq!(malformed.flat_map(|folder| fs::read_dir(folder).unwrap()).count(), 0);
}
