//! What verifying an SCT costs beside the bare signature check: the goal is a ratio of at least 0.9.
//!
//! “whole” is everything from the certificate's octets to the verdict's signature: cutting the TBSCertificate,
//! reading the list, putting the signed octets together, and the signature check, for each SCT of the certificate.
//! “bare” is `aws_lc_rs`'s check alone, over octets prepared beforehand, with the same parsed keys.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures, tells, and stops at the first surprise"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use pinstead::ct::entry::{SignedEntry, signed_octets};
use pinstead::ct::log_key::LogKey;
use pinstead::ct::log_list::LogList;
use pinstead::ct::log_table::LogTable;
use pinstead::ct::sct::{DigitallySigned, ListedSct, embedded};
use pinstead::ct::verify::{Subject, Verifier};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{CtLog, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, v3_log_list};
use pinstead::x509::{Certificate, SpkiSha256};

/// Two SCTs, as most certificates have.
const SCTS: usize = 2;

struct Prepared {
    der: Vec<u8>,
    issuer: SpkiSha256,
    table: LogTable,
    bare: Vec<(LogKey, Vec<u8>, DigitallySigned)>,
}

fn prepare(algorithm: KeyAlgorithm) -> Prepared {
    let now: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let ca = CaCertificate::root("Bench CA", KeyAlgorithm::P256, now).unwrap();
    let logs: Vec<CtLog> = (0..SCTS)
        .map(|number| {
            CtLog::generate(
                &format!("Log {number}"),
                &format!("Operator {number}"),
                LogKind::Rfc6962,
                algorithm,
            )
            .unwrap()
        })
        .collect();
    let plan = SctPlan {
        scts: logs.iter().map(|log| PlannedSct { log, timestamp: now, fault: SctFault::None }).collect(),
        ..SctPlan::default()
    };
    let leaf =
        issue(&ca, &LeafRequest::new(&["bench.example", "www.bench.example"], now).unwrap(), &plan).unwrap();
    let issuer = Certificate::read(&ca.der).unwrap().spki_sha256;
    let listed: Vec<ListedLog<'_>> = logs
        .iter()
        .map(|log| ListedLog {
            log,
            state: "usable",
            state_since: "2026-01-01T00:00:00Z".parse().unwrap(),
            temporal_interval: (
                "2026-01-01T00:00:00Z".parse().unwrap(),
                "2028-01-01T00:00:00Z".parse().unwrap(),
            ),
        })
        .collect();
    let list = LogList::parse(v3_log_list(&listed, now).as_bytes(), None).unwrap();
    let certificate = Certificate::read(&leaf.der).unwrap();
    let bare = embedded(&certificate)
        .into_iter()
        .flat_map(Result::unwrap)
        .zip(&logs)
        .map(|(listed, log)| {
            let ListedSct::V1(sct) = listed else { panic!("not a version 1 SCT") };
            let entry = SignedEntry::Precert { issuer_key_hash: issuer, tbs: &leaf.precertificate_tbs };
            (LogKey::read(&log.key_der()).unwrap(), signed_octets(entry, &sct).unwrap(), sct.signature)
        })
        .collect();
    Prepared { der: leaf.der, issuer, table: LogTable::from_list(&list), bare }
}

fn whole(prepared: &Prepared, verifier: &mut Verifier<'_>, at: Timestamp) {
    let certificate = Certificate::read(&prepared.der).unwrap();
    let keys = [prepared.issuer];
    let lists = verifier.verify(Subject { certificate: &certificate, issuer_keys: &keys }, None, at);
    assert_eq!(lists.scts.iter().filter(|sct| sct.outcome.signature_stands()).count(), SCTS);
    black_box(lists);
}

fn bare(prepared: &Prepared) {
    for (key, octets, signature) in &prepared.bare {
        key.verify(black_box(octets), signature).unwrap();
    }
}

fn verification(criterion: &mut Criterion) {
    let at: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
    for (name, algorithm) in [("p256", KeyAlgorithm::P256), ("rsa2048", KeyAlgorithm::Rsa2048)] {
        let prepared = prepare(algorithm);
        let mut verifier = Verifier::new(&prepared.table);
        let mut group = criterion.benchmark_group(format!("sct_{name}"));
        group.throughput(Throughput::Elements(SCTS as u64));
        group.bench_function("bare", |bencher| bencher.iter(|| bare(&prepared)));
        group.bench_function("whole", |bencher| bencher.iter(|| whole(&prepared, &mut verifier, at)));
        group.finish();
        println!(
            "sct_{name}: {:.3} of the bare rate, interleaved",
            interleaved_ratio(&prepared, &mut verifier, at)
        );
    }
}

/// Rate of the whole over the bare rate, the two taking turns so that a machine whose speed drifts cancels out.
fn interleaved_ratio(prepared: &Prepared, verifier: &mut Verifier<'_>, at: Timestamp) -> f64 {
    let (mut spent_bare, mut spent_whole) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..20_000 {
        let start = Instant::now();
        bare(prepared);
        let middle = Instant::now();
        whole(prepared, verifier, at);
        spent_bare += middle - start;
        spent_whole += middle.elapsed();
    }
    spent_bare.as_secs_f64() / spent_whole.as_secs_f64()
}

criterion_group!(benches, verification);
criterion_main!(benches);
