//! Many certificates, and the bare rate at which their SCTs can be checked: the two ends of `benches/bulk/run`.
//!
//! `bulk generate FOLDER COUNT` issues certificates with SCTs of two logs, and writes beside them what `pinstead` and
//! OpenSSL need to know. `bulk raw FOLDER` puts together what the logs signed, then tells how many signatures a second
//! `aws_lc_rs` alone checks on every core.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measuring tool stops at the first surprise"
)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use pinstead::ct::entry::{SignedEntry, signed_octets};
use pinstead::ct::log_id::LogId;
use pinstead::ct::log_key::LogKey;
use pinstead::ct::log_list::LogList;
use pinstead::ct::sct::{ListedSct, Sct, embedded};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{
    CtLog, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, openssl_log_list, v3_log_list,
};
use pinstead::x509::precertificate::logged_tbs;
use pinstead::x509::{Certificate, SpkiSha256};

/// Certificates a folder, so that no folder grows unwieldy.
const A_FOLDER: usize = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["generate", folder, count] => generate(Path::new(folder), count.parse().unwrap()),
        ["raw", folder] => raw(Path::new(folder)),
        _ => panic!("bulk generate FOLDER COUNT, or bulk raw FOLDER"),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn generate(folder: &Path, count: usize) {
    let now = Timestamp::now();
    let issued_at = now.checked_sub(jiff::SignedDuration::from_hours(24)).unwrap();
    let ca = CaCertificate::root("Bulk CA", KeyAlgorithm::P256, now).unwrap();
    let log = |name: &str, kind| CtLog::generate(name, name, kind, KeyAlgorithm::P256).unwrap();
    let logs = [log("Bulk Ash", LogKind::Rfc6962), log("Bulk Beech", LogKind::Static)];
    let listed: Vec<ListedLog<'_>> = logs
        .iter()
        .map(|log| ListedLog {
            log,
            state: "usable",
            state_since: "2026-01-01T00:00:00Z".parse().unwrap(),
            temporal_interval: (
                now - jiff::SignedDuration::from_hours(8760),
                now + jiff::SignedDuration::from_hours(8760),
            ),
        })
        .collect();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("logs.json"), v3_log_list(&listed, now)).unwrap();
    fs::write(folder.join("logs.cnf"), openssl_log_list(&logs.iter().collect::<Vec<_>>())).unwrap();
    fs::write(folder.join("issuer.pem"), ca.to_pem()).unwrap();
    let path =
        |number: usize| folder.join(format!("{:04}", number / A_FOLDER)).join(format!("{number:06}.der"));
    for first in (0..count).step_by(A_FOLDER) {
        fs::create_dir_all(path(first).parent().unwrap()).unwrap();
    }
    std::thread::scope(|scope| {
        for worker in 0..cores() {
            let (ca, logs, path) = (&ca, &logs, &path);
            scope.spawn(move || {
                for number in (worker..count).step_by(cores()) {
                    let names =
                        [format!("host{number}.bulk.example"), format!("www.host{number}.bulk.example")];
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let sct = |log| PlannedSct { log, timestamp: issued_at, fault: SctFault::None };
                    let plan = SctPlan { scts: logs.iter().map(sct).collect(), ..SctPlan::default() };
                    let leaf = issue(ca, &LeafRequest::new(&names, now).unwrap(), &plan).unwrap();
                    fs::write(path(number), &leaf.der).unwrap();
                }
            });
        }
    });
    let mut targets = String::new();
    for number in 0..count {
        writeln!(targets, "{}", path(number).display()).unwrap();
    }
    fs::write(folder.join("targets.txt"), targets).unwrap();
}

/// One signature to check.
struct Prepared {
    log: LogId,
    octets: Vec<u8>,
    sct: Sct,
}

fn raw(folder: &Path) {
    let list = LogList::parse(&fs::read(folder.join("logs.json")).unwrap(), None).unwrap();
    let issuer = pinstead::x509::read_certificates(&fs::read(folder.join("issuer.pem")).unwrap()).unwrap();
    let issuer = issuer.first().unwrap().spki_sha256;
    let targets = fs::read_to_string(folder.join("targets.txt")).unwrap();
    let prepared: Vec<Prepared> = targets.lines().flat_map(|path| prepare(path, issuer)).collect();
    let share = prepared.len().div_ceil(cores());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for part in prepared.chunks(share) {
            let list = &list;
            scope.spawn(move || {
                let keys: Vec<(LogId, LogKey)> =
                    list.logs.iter().map(|log| (log.id, LogKey::read(&log.key_spki).unwrap())).collect();
                for one in part {
                    let (_, key) = keys.iter().find(|(id, _)| *id == one.log).unwrap();
                    key.verify(black_box(&one.octets), &one.sct.signature).unwrap();
                }
            });
        }
    });
    let seconds = start.elapsed().as_secs_f64();
    println!("{} signatures in {seconds:.3} s", prepared.len());
}

fn prepare(path: &str, issuer_key_hash: SpkiSha256) -> Vec<Prepared> {
    let certificate = Certificate::read(&fs::read(path).unwrap()).unwrap();
    let tbs = logged_tbs(&certificate).unwrap();
    embedded(&certificate)
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|listed| {
            let ListedSct::V1(sct) = listed else { panic!("not a version 1 SCT") };
            let entry = SignedEntry::Precert { issuer_key_hash, tbs: &tbs };
            Prepared { log: sct.log_id, octets: signed_octets(entry, &sct).unwrap(), sct }
        })
        .collect()
}
