//! What starting costs: `pinstead --version` beside a process that does nothing.
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{program} failed");
}

fn startup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("startup");
    group.bench_function("true", |bencher| bencher.iter(|| run("/bin/true", &[])));
    group.bench_function("version", |bencher| {
        bencher.iter(|| run(env!("CARGO_BIN_EXE_pinstead"), &["--version"]));
    });
    group.finish();
}

criterion_group!(benches, startup);
criterion_main!(benches);
