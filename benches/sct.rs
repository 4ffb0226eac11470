//! What verifying an SCT costs beside the bare signature check: the goal is a ratio of at least 0.9.
//!
//! “verify” is everything from a certificate that was read to its verdicts: cutting the TBSCertificate, reading the
//! list, putting the signed octets together, and the signature check, for each SCT. “whole” reads the certificate
//! from its octets besides, with its names and hashes. “bare” is `aws_lc_rs`'s check alone, over octets prepared beforehand, with the same parsed keys.
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
use pinstead::ct::verdict::{Audience, Delivered};
use pinstead::ct::verify::{Subject, Verifier};
use pinstead::demo::authority::{CaCertificate, KeyAlgorithm, LeafRequest};
use pinstead::demo::ct::{CtLog, ListedLog, LogKind, PlannedSct, SctFault, SctPlan, issue, v3_log_list};
use pinstead::x509::{Certificate, SpkiSha256};

/// Two SCTs, as most certificates have.
const SCTS: usize = 2;

/// From a file: nothing came beside the certificate.
const DELIVERED: Delivered<'static> =
    Delivered { tls: None, ocsp: None, handshake: false, audience: Audience::Public };

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
    verify(&Certificate::read(&prepared.der).unwrap(), prepared, verifier, at);
}

fn verify(certificate: &Certificate, prepared: &Prepared, verifier: &mut Verifier<'_>, at: Timestamp) {
    let keys = [prepared.issuer];
    let lists = verifier.verify(Subject { certificate, issuer_keys: &keys, doubtful: false }, DELIVERED, at);
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
        let certificate = Certificate::read(&prepared.der).unwrap();
        group.bench_function("verify", |bencher| {
            bencher.iter(|| verify(&certificate, &prepared, &mut verifier, at));
        });
        group.bench_function("whole", |bencher| bencher.iter(|| whole(&prepared, &mut verifier, at)));
        group.finish();
        let (verify, whole) = interleaved_ratios(&certificate, &prepared, &mut verifier, at);
        println!("sct_{name}: verify {verify:.3} and whole {whole:.3} of the bare rate, interleaved");
    }
}

/// Rates over the bare rate, all taking turns so that a machine whose speed drifts cancels out.
fn interleaved_ratios(
    certificate: &Certificate,
    prepared: &Prepared,
    verifier: &mut Verifier<'_>,
    at: Timestamp,
) -> (f64, f64) {
    let mut spent = [Duration::ZERO; 3];
    for _ in 0..20_000 {
        let start = Instant::now();
        bare(prepared);
        let after_bare = Instant::now();
        verify(certificate, prepared, verifier, at);
        let after_verify = Instant::now();
        whole(prepared, verifier, at);
        let end = Instant::now();
        spent[0] += after_bare - start;
        spent[1] += after_verify - after_bare;
        spent[2] += end - after_verify;
    }
    let ratio = |index: usize| spent[0].as_secs_f64() / spent[index].as_secs_f64();
    (ratio(1), ratio(2))
}

criterion_group!(benches, verification);
criterion_main!(benches);
