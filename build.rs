//! Compiles the tables under `data/` into sorted arrays, so that nothing is parsed at start.
//!
//! A row that cannot be read fails the build, with its file and line.

#[path = "build/ca.rs"]
mod ca;
#[path = "build/certificates.rs"]
mod certificates;
#[allow(
    dead_code,
    unused_imports,
    reason = "it is the library's; the names of columns with values are needed here"
)]
#[path = "src/ca/columns.rs"]
mod columns;
#[path = "build/ct.rs"]
mod ct;
#[allow(dead_code, unreachable_pub, reason = "it is the library's; only the key of a name is needed here")]
#[path = "src/ca/owner.rs"]
mod owner_key;
#[path = "build/table.rs"]
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=data");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/ca/columns.rs");
    println!("cargo::rerun-if-changed=src/ca/owner.rs");
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), String> {
    let output = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let write = |name: &str, content: &[u8]| {
        fs::write(output.join(name), content).map_err(|error| format!("writing {name}: {error}"))
    };
    write("ct_tables.rs", ct::compile()?.as_bytes())?;
    let (code, keys) = ca::compile()?;
    write("ca_tables.rs", code.as_bytes())?;
    write("ca_spkis.bin", &keys)?;
    let (code, near_misses) = certificates::compile(&keys)?;
    write("ca_certificates.rs", code.as_bytes())?;
    write("ca_near_misses.bin", &near_misses)
}
