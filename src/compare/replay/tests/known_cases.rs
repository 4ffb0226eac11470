//! Outages that happened, rebuilt from public facts: each has to come out as it did.
//!
//! Pins are real where a source shows them; which certificates there were besides, and their dates where no source is
//! named, are the tests' own.

use super::*;
use crate::ca::CaTable;
use crate::x509::path::Anchors;
use crate::x509::paths::paths_above;

const X1: &str = "C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=";
const X2: &str = "diGVwiVYbubAI3RW4hB9xU8e/CH2GnkuvVFZE8zmgzI=";
const ROOT_YE: &str = "sCkq5UWXjg+7mKu9lMhhYF5bGLsy7VI/UNW3tccdR7w=";
const YE1: &str = "brzvtCELCIZUo4sD/qPX0ccRtPsd3DY6RfmxpOU9oB4=";
const R3: &str = "jQJTbIh0grw0/1TkHSumWb+Fs0Ggogr621gT3PvPKG0=";
const E7: &str = "y7xVm0TVJNahMr2sZydE2jQH8SquXV9yLF9seROHHHU=";
const E8: &str = "iFvwVyJSxnQdyaUvUERIf+8qk7gRze3612JMwoO3zdU=";
const LE_X3: &str = "YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=";
const DST_X3: &str = "Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=";
const WE1: &str = "kIdp6NNEd8wsugYyyIYFsi1ylMCED3hZbSR8ZFsa/A4=";
const GTS_ROOT_R4: &str = "mEflZT5enoR1FuXLgYYGqnVEoZvmf9c2bVBpiOjYQ0c=";
const AMAZON_M01: &str = "DxH4tt40L+eduF6szpY6TONlxhZhBd+pJ9wbHlQ2fuw=";
const AMAZON_M04: &str = "G9LNNAql897egYsabashkzUCTEJkWBzgoEtk8X/678c=";
/// Amazon Root CA 1 to 4, and Starfield Services Root Certificate Authority – G2.
const AMAZON_ROOTS: [&str; 5] = [
    "++MBgDH5WGvL9Bcn5Be30cRcL0f5O+NyoXuWtQdX1aI=",
    "f0KW/FtqTjs108NpYj42SrGvOB2PpxIVM8nWxjPqJGE=",
    "NqvDJlas/GRcYbcWE8S/IceH9cq77kg0jVhZeAPXq8k=",
    "9+ze1cZgR9KO1kZrVDxA4HQ6voHRCSVNz4RdTCx4U8U=",
    "KwccWaCgrnaw6tsrrSO61FgLacNgG2MMLq8GE6+oP5I=",
];

/// An issuing CA with all paths that the tables of this program have.
fn real(owner: &'static str, name: &str) -> Ca {
    let graph = |key: &SpkiSha256| CaTable.certificates(key).collect();
    let paths = paths_above(&key(name), &[], &Anchors::embedded(), &graph);
    assert!(!paths.is_empty(), "{name} is in no table");
    ca(owner, name, paths)
}

/// Claim, a reader of lobste.rs (msfjarvis/compose-lobsters, issue 1187, 2026-06-02): pinned since 2023-04-18 to a
/// leaf, R3 and ISRG Root X1. The certificate of 2026-06-02T03:17:13Z came with YE1, Root YE and ISRG Root X2, and on
/// devices that have X2 as a root the path ends there.
#[test]
fn lobsters_2026() {
    let pins = given(&["Bla1TIdpGeHXQS0/CIrA5hhFhOTZd94IIJRS3G3AcIo=", R3, X1], Some("2023-04-18"));
    let replayed = |paths: Vec<CaPath>| {
        let before = ca("ISRG", E8, vec![lasting(&[E8, X1])]);
        let new = ca("ISRG", YE1, paths);
        let leaf = "nmaozNNuQ1MLbF/avDVhKPEu1JiZibqa/rcIhF6rJaU=";
        let mut all = history(
            vec![
                certificate("before", &before, "2026-04-03", "2026-07-02"),
                certificate(leaf, &new, "2026-06-02T03:17:13Z", "2026-08-31T03:17:12Z"),
            ],
            "2026-06-02T12:00:00Z",
        );
        all.served_now = Some(hash(leaf, "2026-06-02T03:17:13Z"));
        all.pins = vec![pins.clone()];
        replay(&all, None)
    };
    // A device with X2: it is locked out.
    let device = replayed(vec![lasting(&[YE1, ROOT_YE, X2])]);
    let set = as_given(&device);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    let lockout = set.lockouts[0];
    assert_eq!((lockout.cause, lockout.is_open), (Cause::NewPath, true));
    assert_eq!(lockout.begins_at_worst, at("2026-06-02T03:17:13Z"));
    // All clients: those without X2 go on to X1, so that it depends on the device.
    let all = replayed(vec![lasting(&[YE1, ROOT_YE, X2]), lasting(&[YE1, ROOT_YE, X2, X1])]);
    let set = as_given(&all);
    assert_eq!((set.sure, set.lockouts.len()), (0, 1));
    assert_eq!(
        (set.lockouts[0].begins_at_worst, set.lockouts[0].ends_at_worst),
        (at("2026-06-02T03:17:13Z"), None)
    );
    // The same by the tables of this program.
    let tabled = replayed(real("ISRG", YE1).paths.to_vec());
    assert_eq!((as_given(&tabled).sure, as_given(&tabled).lockouts.len()), (0, 1));
}

/// Brave (brave/brave-browser, issue 52059): on 2026-01-16 Let's Encrypt's intermediates came into Chrome's list of
/// anchors; paths end there since, and pins of the roots above match no more, without any renewal.
#[test]
fn brave_2026() {
    let shortened = ca(
        "ISRG",
        E8,
        vec![
            path(&[E8, X1], true, "2024-03-13", "2026-01-15T23:59:59Z"),
            path(&[E8], true, "2026-01-16", "2027-03-12"),
        ],
    );
    let mut all = history(vec![certificate("leaf", &shortened, "2025-12-01", "2026-03-01")], "2026-01-17");
    all.pins = vec![given(&[X1, X2], Some("2025-06-01"))];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    assert_eq!(
        (set.lockouts[0].cause, set.lockouts[0].begins_at_best),
        (Cause::NewPath, Some(at("2026-01-16")))
    );
    assert!(set.lockouts[0].is_open);
    assert!(replayed.renewals.is_empty());
    let root = level(&replayed, Level::Root, false);
    assert_eq!((root.sure, root.lockouts[0].cause), (1, Cause::NewPath));
    assert!(level(&replayed, Level::Intermediate, false).lockouts.is_empty());
}

/// Expensify (Expensify/App, pull requests 92503, 96722 and 100518): leaf and issuing intermediate were pinned on
/// 2026-06-03. Cloudflare moved the certificate from Let's Encrypt to Google Trust Services on 2026-07-07, and in the
/// same month CloudFront went from Amazon RSA 2048 M01 to M04. The pins that replaced them are of roots.
#[test]
fn expensify_2026() {
    let (letters, google) = (real("ISRG", YE1), real("Google Trust Services", WE1));
    let leaf = "cSP5K9Slk59AgwZPst+dLPuNE+ZhypUlYRQNW1XC/fc=";
    let next = "XPujjYNyJh3N+7AgvBfcVXaEl1IhDB1OdoL6t+4bhbQ=";
    let mut edge = history(
        vec![
            certificate(leaf, &letters, "2026-05-29", "2026-08-27"),
            certificate(next, &google, "2026-07-07", "2026-10-05"),
        ],
        "2026-07-22",
    );
    edge.served_now = Some(hash(next, "2026-07-07"));
    edge.pins = vec![given(&[leaf, YE1], Some("2026-06-03"))];
    let replayed = replay(&edge, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    assert_eq!((set.lockouts[0].cause, set.lockouts[0].begins_at_worst), (Cause::NewCa, at("2026-07-07")));
    assert!(set.lockouts[0].is_open && replayed.renewals[0].new_ca);
    edge.pins = vec![given(&[X1, X2, GTS_ROOT_R4, "hxqRlPTu1bMS/0DITB1SSu0vd4u/8l8TjPgfaAp63Gc="], None)];
    assert!(as_given(&replay(&edge, None)).lockouts.iter().all(|lockout| lockout.begins_at_best.is_none()));

    let (old, new) = (real("Amazon", AMAZON_M01), real("Amazon", AMAZON_M04));
    let mut cdn = history(
        vec![
            certificate("cdn", &old, "2025-09-01", "2026-09-01"),
            certificate("cdn2", &new, "2026-07-10", "2027-01-10"),
        ],
        "2026-07-22",
    );
    cdn.served_now = Some(hash("cdn2", "2026-07-10"));
    cdn.pins = vec![given(&["cdn", AMAZON_M01], Some("2026-06-03"))];
    let replayed = replay(&cdn, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    assert_eq!(set.lockouts[0].cause, Cause::NewIntermediate);
    cdn.pins = vec![given(&AMAZON_ROOTS, Some("2026-06-03"))];
    assert!(as_given(&replay(&cdn, None)).lockouts.is_empty());
}

/// Safe's wallet (safe-global/safe-wallet-monorepo, pull request 8089, 2026-06-12): ACM renews with a new key, and
/// perhaps another intermediate; pins of leaf and intermediate went stale, pins of all Amazon roots last, those that
/// go by way of Starfield included.
#[test]
fn safe_wallet_2026() {
    let (old, new) = (real("Amazon", AMAZON_M01), real("Amazon", AMAZON_M04));
    let mut all = history(
        vec![
            certificate("one", &old, "2025-05-15", "2026-06-13"),
            certificate("two", &new, "2026-05-15", "2026-12-01"),
        ],
        "2026-06-20",
    );
    all.pins =
        vec![given(&["one", AMAZON_M01], Some("2025-06-01")), given(&AMAZON_ROOTS, Some("2025-06-01"))];
    let replayed = replay(&all, None);
    let sets: Vec<&ReplayedPinSet> =
        replayed.pin_sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. })).collect();
    assert_eq!((sets[0].sure, sets[0].lockouts.len()), (1, 1));
    assert_eq!(sets[0].lockouts[0].begins_at_worst, at("2026-05-15"));
    assert_eq!(sets[0].lockouts[0].begins_at_best, Some(at("2026-06-13T00:00:01Z")));
    assert!(sets[1].lockouts.is_empty() && sets[1].undetermined == 0);
    assert_eq!(sets[1].next_match.as_ref().unwrap().share, Share { of: 1, count: 1 });
}

/// TUM's campus app (TUM-Dev/Campus-Android, pull request 1396, 2021-07-10): pinned to Let's Encrypt Authority X3 and
/// DST Root CA X3. Let's Encrypt issued from R3 since December 2020; a device that has ISRG Root X1 ends its path
/// there. DST Root CA X3 ended on 2021-09-30T14:01:15Z: then no path is left that the pins match.
#[test]
fn tum_2021() {
    let old = ca("ISRG", LE_X3, vec![path(&[LE_X3, DST_X3], true, "2016-03-17", "2021-03-17")]);
    let new = real("ISRG", R3);
    let mut all = history(
        vec![
            certificate("tum1", &old, "2020-11-10", "2021-02-08"),
            certificate("tum2", &new, "2021-01-10", "2021-04-10"),
            certificate("tum3", &new, "2021-03-10", "2021-06-08"),
            certificate("tum4", &new, "2021-05-10", "2021-08-08"),
            certificate("tum5", &new, "2021-07-10", "2021-10-08"),
            certificate("tum6", &new, "2021-09-10", "2021-12-09"),
        ],
        "2021-11-01",
    );
    all.pins = vec![given(&[LE_X3, DST_X3], Some("2020-11-10"))];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!(set.lockouts.len(), 1);
    let lockout = set.lockouts[0];
    // From the first of R3 it depends on the device; for all it is over with DST Root CA X3.
    assert_eq!(lockout.begins_at_worst, at("2021-01-10"));
    assert_eq!(lockout.begins_at_best, Some(at("2021-09-30T14:01:16Z")));
    assert!(lockout.is_open);
    assert!(matches!(lockout.cause, Cause::NewPath | Cause::NewIntermediate), "{:?}", lockout.cause);
    all.pins = vec![given(&[LE_X3, DST_X3, X1], Some("2021-07-10"))];
    assert!(as_given(&replay(&all, None)).lockouts.is_empty(), "what the pull request did");
}

/// Smashing Magazine (smashingmagazine.com, “Be Afraid Of HTTP Public Key Pinning”): the header named three keys for
/// 31,536,000 seconds. The certificate that replaced an expiring one had a key that returning visitors had no pin of:
/// from 2016-10-21 to 2016-10-25 they were locked out.
#[test]
fn smashing_magazine_2016() {
    let issuer = ca("CA", "issuing", vec![lasting(&["issuing", "root"])]);
    let mut all = history(
        vec![
            certificate("old key", &issuer, "2015-10-24", "2016-10-24"),
            certificate("new key", &issuer, "2016-10-21", "2017-10-21"),
        ],
        "2016-10-25",
    );
    all.served_now = Some(hash("new key", "2016-10-21"));
    let noted = crate::pins::Expiry {
        at: at("2017-10-20"),
        afterwards: crate::pins::AfterExpiry::FailOpen,
        note: "",
        clock: crate::pins::ExpiryClock::Utc,
    };
    all.pins = vec![GivenPins {
        expiry: Some(noted),
        ..given(&["old key", "spare key", "another spare key"], Some("2016-10-20"))
    }];
    let replayed = replay(&all, None);
    let set = as_given(&replayed);
    assert_eq!((set.sure, set.lockouts.len()), (1, 1));
    let lockout = set.lockouts[0];
    assert_eq!((lockout.cause, lockout.is_open), (Cause::NewKey, true));
    assert_eq!(lockout.begins_at_worst, at("2016-10-21"));
    assert_eq!(lockout.begins_at_best, Some(at("2016-10-24T00:00:01Z")));
    let leaf = level(&replayed, Level::Leaf, false);
    assert_eq!((leaf.sure, leaf.lockouts[0].cause), (1, Cause::NewKey));
}

/// Poziomki (poziomki-app/poziomki, pull request 195, 2026-04-19): pinned Let's Encrypt's E7 as the intermediate in
/// use, weeks before Let's Encrypt went over to YE1 and YE2 (2026-05-28 at the latest), with ISRG Root X1 and X2 beside
/// it, which saved it.
#[test]
fn poziomki_2026() {
    let mut all = history(
        vec![
            certificate("one", &real("ISRG", E7), "2026-04-10", "2026-07-09"),
            certificate("two", &real("ISRG", YE1), "2026-06-09", "2026-09-07"),
            certificate("three", &real("ISRG", YE1), "2026-08-08", "2026-11-06"),
        ],
        "2026-09-30",
    );
    all.pins = vec![given(&[E7, X1, X2], Some("2026-04-19")), given(&[E7], Some("2026-04-19"))];
    let replayed = replay(&all, None);
    let sets: Vec<&ReplayedPinSet> =
        replayed.pin_sets.iter().filter(|set| matches!(set.kind, PinSetKind::Given { .. })).collect();
    assert!(sets[0].lockouts.is_empty() && sets[0].undetermined == 0, "{:?}", sets[0].lockouts);
    assert_eq!((sets[1].sure, sets[1].lockouts[0].cause), (1, Cause::NewIntermediate));
    let intermediate = level(&replayed, Level::Intermediate, false);
    assert_eq!((intermediate.sure, intermediate.lockouts.len()), (1, 1));
    assert!(level(&replayed, Level::Root, false).lockouts.is_empty());
}
